"""The rulebook: every row, by name, in ``BOOK``. The only place where an operation or a derivative is declared."""

from wengert.core.primitive import BOOK
from wengert.rules import (
    arrangement,
    composite,
    contraction,
    elementwise,
    indexing,
    memory,
    reduction,
    structural,
    windows,
)

__all__ = [
    "BOOK",
    "arrangement",
    "composite",
    "contraction",
    "elementwise",
    "indexing",
    "memory",
    "reduction",
    "structural",
    "windows",
]

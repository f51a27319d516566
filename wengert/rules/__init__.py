"""The rulebook: every row, by name, in ``BOOK``. The only place where an operation or a derivative is declared."""

from wengert.core.primitive import BOOK
from wengert.rules import (
    choosing,
    complex_parts,
    composite,
    contraction,
    convolution,
    elementary,
    elementwise,
    indexing,
    memory,
    network,
    reduction,
    rounding,
    special,
    structural,
)

__all__ = [
    "BOOK",
    "choosing",
    "complex_parts",
    "composite",
    "contraction",
    "convolution",
    "elementary",
    "elementwise",
    "indexing",
    "memory",
    "network",
    "reduction",
    "rounding",
    "special",
    "structural",
]

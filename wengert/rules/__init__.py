"""The rulebook: every row, by name, in ``BOOK``. The only place where an operation or a derivative is declared."""

from wengert.core.primitive import BOOK
from wengert.rules import (
    composite,
    contraction,
    convolution,
    elementwise,
    indexing,
    memory,
    network,
    norms,
    ordering,
    reduction,
    scans,
    statistics,
    structural,
    updates,
)

__all__ = [
    "BOOK",
    "composite",
    "contraction",
    "convolution",
    "elementwise",
    "indexing",
    "memory",
    "network",
    "norms",
    "ordering",
    "reduction",
    "scans",
    "statistics",
    "structural",
    "updates",
]

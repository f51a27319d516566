"""Samples of products."""

from __future__ import annotations

from tests.laws.operands import CUBE, Entries, X, numbers

ENTRIES: Entries = {
    "dot": [((numbers(3), numbers(3, seed=1)), {})],
    "mv": [((X, numbers(3)), {})],
    "vm": [((numbers(3), numbers(3, 2)), {}), ((numbers(3), numbers(2, 3, 4)), {})],
    "mv_each": [((CUBE, numbers(4)), {})],
}  # fmt: skip

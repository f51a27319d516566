"""Samples of rows that follow from nothing else: a table for each theme, and all of them in `EXPLICIT`."""

from tests.laws.explicit import (
    activations,
    chances,
    matrices,
    networks,
    parts,
    picking,
    pointwise,
    products,
    recurrent,
    reductions,
    shape,
)
from tests.laws.operands import Entries

EXPLICIT: Entries = {}
for _room in (
    activations,
    chances,
    matrices,
    networks,
    parts,
    picking,
    pointwise,
    products,
    recurrent,
    reductions,
    shape,
):
    assert not EXPLICIT.keys() & _room.ENTRIES.keys()
    EXPLICIT |= _room.ENTRIES

"""Samples of rows that follow from nothing else: a table for each theme, and all of them in `EXPLICIT`."""

from tests.laws.explicit import (
    networks,
    parts,
    picking,
    pointwise,
    products,
    recurrent,
    reductions,
    shape,
)
from tests.laws.network_samples import network_samples
from tests.laws.operands import Entries, ints, numbers

EXPLICIT: Entries = dict(network_samples(numbers, ints))
for _room in (networks, parts, picking, pointwise, products, recurrent, reductions, shape):
    assert not EXPLICIT.keys() & _room.ENTRIES.keys()
    EXPLICIT |= _room.ENTRIES

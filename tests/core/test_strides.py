"""When elements may be read in another shape without moving: NumPy is the oracle."""

from __future__ import annotations

import itertools
import random

import numpy as np

from wengert.core.strides import regrouped

SHAPES = [
    (), (1,), (6,), (2, 3), (3, 2), (1, 6, 1), (2, 1, 3), (12,), (3, 4), (2, 2, 3), (2, 6), (24,), (2, 3, 4), (0, 3),
]  # fmt: skip


def _laid_out(shape: tuple[int, ...], order: list[int], gap: int) -> np.ndarray:
    made = np.zeros([shape[axis] + gap for axis in order], np.float32)
    made = made.transpose(np.argsort(order)) if order else made
    return made[(*(slice(n) for n in shape), ...)]


def test_strides_of_another_shape_are_those_of_numpy() -> None:
    drawn = random.Random(0)
    for shape, target in itertools.product(SHAPES, SHAPES):
        if np.prod(shape) != np.prod(target):
            continue
        for gap in (0, 1):
            order = drawn.sample(range(len(shape)), len(shape))
            x = _laid_out(shape, order, gap)
            found = regrouped(shape, x.strides, target, x.itemsize)
            y = x.reshape(target)
            if not x.size:
                assert found is not None
                continue
            assert (found is not None) == np.shares_memory(x, y), (shape, x.strides, target)
            if found is not None:
                for n, mine, theirs in zip(target, found, y.strides, strict=True):
                    assert n == 1 or mine == theirs

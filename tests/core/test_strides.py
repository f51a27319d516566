"""When elements may be read in another shape without moving, NumPy being the oracle; arrays without memory."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from wengert.core.strides import hollow, hollow_like, regrouped
from wengert.errors import ShapeError

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


def test_what_is_hollow_lies_as_an_array_does() -> None:
    for shape in SHAPES:
        assert (
            hollow(shape, np.float32).strides == np.zeros(shape, np.float32).strides or 0 in shape
        )
        assert hollow(shape, np.int64).shape == shape
    x = np.zeros((2, 3, 4), np.float32).transpose(2, 0, 1)
    assert hollow_like(x).strides == x.strides
    assert hollow_like(x, dtype=np.float64).strides == tuple(2 * n for n in x.strides)
    assert hollow((1 << 20, 1 << 20), np.float64).nbytes == 1 << 43


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"a result of the shape \[3, -1\] would have a negative"):
        hollow((3, -1), np.float32)

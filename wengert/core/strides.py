"""The order in which the elements of an array lie in memory, where a result's is to be PyTorch's.

PyTorch lays some results out row by row and others as their first operand lies. What NumPy does by itself agrees for
element-by-element operations on operands that lie alike, and for reductions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.shapes import Shape


def by_rows(x: Array) -> Array:
    """Return an array whose elements lie row by row, the last axis fastest: this one, or a copy."""
    return x if x.flags.c_contiguous else np.array(x, order="C")


def memory_order(x: Array) -> list[int]:
    """Return the axes from the slowest to the fastest in memory, as PyTorch orders them to lay out a copy.

    Axes of one element stay where they are. The others are sorted by insertion, in which an axis that repeats its
    elements compares with none.
    """
    if x.flags.c_contiguous:
        return list(range(x.ndim))
    fast = [axis for axis in reversed(range(x.ndim)) if x.shape[axis] > 1]
    for i in range(1, len(fast)):
        at = i
        for j in range(i - 1, -1, -1):
            before, here = (abs(x.strides[fast[k]]) for k in (j, at))
            if not (before and here):
                continue
            if before <= here:
                break
            fast[j], fast[at] = fast[at], fast[j]
            at = j
    moved = iter(reversed(fast))
    return [next(moved) if x.shape[axis] > 1 else axis for axis in range(x.ndim)]


def room_like(x: Array, dtype: np.dtype[Any] | None = None) -> Array:
    """Return an array for the elements of a copy of ``x``: of its shape, without gaps, in its order in memory."""
    return in_order(x.shape, memory_order(x), x.dtype if dtype is None else dtype)


def laid_as(x: Array, like: Array) -> Array:
    """Return ``x``, or a copy, whose elements lie in the order in memory of those of ``like``, of the same shape."""
    if x.flags.c_contiguous and like.flags.c_contiguous:
        return x
    out = room_like(like, x.dtype)
    out[...] = x
    return out


def in_order(shape: Shape, order: list[int], dtype: np.dtype[Any]) -> Array:
    """Return an array for the elements of ``shape``, of which the axes in ``order`` lie from slow to fast."""
    made: Array = np.empty(tuple(shape[axis] for axis in order), dtype)
    return made.transpose(np.argsort(order)) if order != sorted(order) else made


def copied(x: Array) -> Array:
    """Return a copy without gaps, in the order in memory of ``x``."""
    return x.copy() if x.flags.c_contiguous else laid_as(x, x)

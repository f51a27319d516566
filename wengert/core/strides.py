"""The order in which the elements of an array lie in memory, where a result's is to be PyTorch's.

PyTorch lays some results out row by row, reductions among them, and others as their first operand lies. For operations
element by element that is left to NumPy, which agrees where operands lie alike and none is expanded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from wengert.core.carrier import Array
from wengert.core.shapes import Shape
from wengert.errors import ShapeError, shape_text


def by_rows(x: Array) -> Array:
    """Return an array whose elements lie row by row, the last axis fastest: this one, or a copy."""
    return x if x.flags.c_contiguous else np.array(x, order="C")


def steps(x: Array) -> list[int]:
    """Return how many elements apart neighbours along each axis are, as PyTorch tells it.

    NumPy has steps of its own for axes of one element, and where there are no elements at all.
    """
    shape, found = x.shape, [s // x.itemsize for s in x.strides]
    for d in reversed(range(x.ndim)):
        if not x.size or (shape[d] == 1 and not found[d]):
            found[d] = max(shape[d + 1], 1) * found[d + 1] if d + 1 < x.ndim else 1
    return found


def memory_order(x: Array) -> list[int]:
    """Return the axes from the slowest to the fastest in memory, as PyTorch orders them to lay out a copy.

    Sorted by insertion, in which an axis that repeats its elements compares with none, and of two with equal steps the
    longer one is the slower.
    """
    if x.flags.c_contiguous:
        return list(range(x.ndim))
    step, size = [abs(s) for s in steps(x)], x.shape
    fast = list(reversed(range(x.ndim)))
    for i in range(1, x.ndim):
        at = i
        for j in range(i - 1, -1, -1):
            a, b = fast[j], fast[at]
            if not (step[a] and step[b]) or (step[a] == step[b] and size[a] <= size[b]):
                continue
            if step[a] < step[b]:
                break
            fast[j], fast[at] = b, a
            at = j
    return fast[::-1]


def room_like(x: Array, dtype: np.dtype[Any] | None = None) -> Array:
    """Return an array for the elements of a copy of ``x``: of its shape, in its order in memory, without gaps."""
    order = memory_order(x)
    made: Array = np.empty([x.shape[axis] for axis in order], x.dtype if dtype is None else dtype)
    return in_axes(made, order)


def in_axes(x: Array, order: list[int]) -> Array:
    """Return a view of ``x`` in which its axes, the first one and so on, are the ones that ``order`` says."""
    return x if order == sorted(order) else x.transpose(np.argsort(order))


def laid_as(x: Array, like: Array, dtype: np.dtype[Any] | None = None) -> Array:
    """Return a copy of ``x`` whose elements lie in the order in memory of those of ``like``, of the same shape."""
    out = room_like(like, x.dtype if dtype is None else dtype)
    np.copyto(out, x, casting="unsafe")
    return out


def hollow(shape: Sequence[int], dtype: Any) -> Array:
    """Return an array for its shape and dtype alone, row by row: it has memory for one element, not to be read.

    Outlines of rows are made of such, since they are asked about results that no memory could hold.
    """
    one = np.zeros(1, dtype)
    if any(n < 0 for n in shape):
        raise ShapeError(
            f"a result of the shape {shape_text(tuple(shape))} would have a negative size."
        )
    strides, step = [0] * len(shape), one.itemsize
    for axis in reversed(range(len(shape))):
        strides[axis] = step
        step *= max(shape[axis], 1)
    return as_strided(one, shape, strides)


def hollow_like(x: Array, shape: Sequence[int] | None = None, dtype: Any = None) -> Array:
    """Return what `hollow` does, its elements in the order in memory of those of ``x``, which has as many axes."""
    order = memory_order(x)
    shape = x.shape if shape is None else shape
    return in_axes(
        hollow([shape[axis] for axis in order], x.dtype if dtype is None else dtype), order
    )


def copied(x: Array) -> Array:
    """Return a copy without gaps, in the order in memory of ``x``."""
    return np.array(x) if x.flags.c_contiguous else laid_as(x, x)


def regrouped(shape: Shape, strides: Shape, target: Shape, width: int) -> Shape | None:
    """Return the strides with which elements lie in another shape, all in bytes; None where they have to be copied.

    Axes of which one begins where the next one ends are one run of elements. Each axis of the target must be part of a
    single run, and the parts must fill it.
    """
    runs: list[tuple[int, int]] = []
    for n, step in zip(shape, strides, strict=True):
        if runs and runs[-1][1] == n * step and n != 1:
            runs[-1] = runs[-1][0] * n, step
        elif n != 1:
            runs.append((n, step))
    found: list[int] = []
    left, step = runs.pop() if runs and 0 not in shape else (1, width)
    for n in reversed(target):
        if n > 1 and left == 1 and runs:
            left, step = runs.pop()
        if 0 not in shape and left % n:
            return None
        found.append(step)
        left, step = left // max(n, 1), step * max(n, 1)
    return tuple(reversed(found))

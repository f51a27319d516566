"""Rows that put neighbouring elements along an axis together, in runs whose lengths are values.

`segments` turns lengths or offsets into the number of the run that each element is in; the number of runs stands for
none of them. With that the reductions are those of `rules/scattering.py`, so every order of derivative follows.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import Primitive, composite, constant, general
from wengert.core.shapes import Shape
from wengert.core.strides import hollow
from wengert.errors import ShapeError
from wengert.rules.arrangement import constant_pad_nd
from wengert.rules.elementwise import keep_where, where
from wengert.rules.indexing import along, index, unindex
from wengert.rules.scattering import (
    counts,
    product_of_others,
    scatter_amax,
    scatter_amin,
    scatter_prod,
)
from wengert.rules.structural import (
    as_dtype_of,
    broadcast_to,
    reshape,
    slice_,
)


def _shift_axis(p: dict[str, Any], size: int) -> dict[str, Any]:
    return {**p, "axis": p["axis"] + 1}


def _segments(x: Array, *, shape: Shape, offsets: bool, whole: bool) -> Array:
    n, rows = shape[-1], math.prod(shape[:-1])
    x = x.astype(np.int64).reshape(rows, x.shape[-1])
    starts, ends = (x[:, :-1], x[:, 1:]) if offsets else _ends(x)
    if offsets or not whole:
        _require_inside(starts, ends, n)
    elif (ends[:, -1:] != n).any() or (n and not ends.size):
        raise ShapeError(
            f"segment_reduce(): Expected all rows of lengths along axis to sum to data.size(lengths.dim()-1) when "
            f"!unsafe. The size is {n}, the sums are {ends[:, -1].tolist() if ends.size else 0}. Pass `unsafe=True` to "
            f"leave elements at the end out."
        )
    # Behind those of the rows before it, every row's ends are in order.
    row, count = np.arange(rows)[:, None], ends.shape[1]
    place = np.arange(n) + row * (n + 1)
    found = np.searchsorted((ends + row * (n + 1)).reshape(-1), place, "right") - row * count
    return (
        np.where(np.arange(n) < starts[:, :1], count, found).reshape(shape)
        if count
        else found.reshape(shape)
    )


def _ends(lengths: Array) -> tuple[Array, Array]:
    if (lengths < 0).any():
        raise ShapeError(
            f"segment_reduce(): lengths contains negative value! No segment has {lengths.min()} elements."
        )
    ends = np.cumsum(lengths, axis=1)
    return ends - lengths, ends


def _require_inside(starts: Array, ends: Array, n: int) -> None:
    if (ends < starts).any():
        raise ShapeError(
            f"segment_reduce(): offsets must not fall, got {starts[ends < starts][0]} before {ends[ends < starts][0]}: "
            f"Expected segment_length >= 0 to be true."
        )
    if (starts < 0).any() or (ends > n).any():
        raise ShapeError(
            f"segment_reduce(): the segments begin at {starts.min()} and end at {ends.max()}, and the size of data "
            f"along the axis is {n}. They must lie inside of it, with `unsafe=True` too."
        )


segments = constant(
    "segments", _segments, outline=lambda x, *, shape, **p: hollow(shape, np.int64),
    shift=lambda p, size: {**p, "shape": (size, *p["shape"])},
)  # fmt: skip
"""For every place along the last axis of ``shape``, the number of the segment that it is in, from lengths (or
``offsets``) along the last axis of ``x``; their number for a place in none. ``whole`` ones must leave none."""


def _laid_out(indices: Any, x_shape: Shape, axis: int, count: int) -> tuple[Any, Shape]:
    """Return, for every element, where its segment is in a result that has one more, for elements in none."""
    column = reshape(indices, shape=(*indices.shape, *(1,) * (len(x_shape) - axis - 1)))
    shape = (*x_shape[:axis], count + 1, *x_shape[axis + 1 :])
    return along(broadcast_to(column, shape=x_shape), axis, shape), shape


def _first(x: Any, axis: int, count: int) -> Any:
    return slice_(x, index=(*(slice(None),) * axis, slice(0, count)))


def _spread(x: Any, indices: Any, axis: int, x_shape: Shape, value: float = 0) -> Any:
    """Return, for every element, what ``x`` has for its segment; ``value`` for one in none."""
    count = x.shape[axis]
    at, _ = _laid_out(indices, x_shape, axis, count)
    pad = tuple((0, int(d == axis)) for d in range(x.ndim))
    return index(constant_pad_nd(x, pad=pad, value=value), at, axis=0, span=x.ndim)


def _gathered(x: Any, indices: Any, axis: int, count: int) -> Any:
    at, shape = _laid_out(indices, tuple(x.shape), axis, count)
    total = unindex(x, at, axis=0, span=x.ndim, shape=shape)
    return _first(total, axis, count)


def _divisors(indices: Any, like: Any, axis: int, count: int) -> tuple[Any, Any]:
    """Return how many elements each segment has, at least 1, as numbers to divide by; and which have none."""
    at, shape = _laid_out(indices, tuple(indices.shape), axis, count)
    many = _first(counts(at, shape=shape, own=True), axis, count)
    many = reshape(many, shape=(*many.shape, *(1,) * (like.ndim - axis - 1)))
    empty = many == 1
    return as_dtype_of(many - 1, like) + as_dtype_of(empty, like), empty


def _filled(x: Any, indices: Any, axis: int, count: int, value: float) -> tuple[Any, Any]:
    """Return where each element goes, and what the places there hold before."""
    at, _ = _laid_out(indices, tuple(x.shape), axis, count)
    return at, _constant(x, axis, count + 1, value)


def _constant(x: Any, axis: int, count: int, value: float) -> Any:
    """Return numbers that are all the same, in the shape of ``x`` but for ``count`` along the axis."""
    pad = tuple((0, count * (d == axis)) for d in range(x.ndim))
    return constant_pad_nd(_first(x, axis, 0), pad=pad, value=value)


def _outline(x: Array, indices: Array, *, axis: int, count: int, **p: Any) -> Array:
    return hollow((*x.shape[:axis], count, *x.shape[axis + 1 :]), x.dtype)


def _row(name: str, definition: Any, vjp: Any, mask: Any = None, jvp: Any = None) -> Primitive:
    """Declare a reduction of segments: ``axis``, ``count`` of segments and ``initial`` value are its parameters.

    Without a ``jvp``, forward mode is that of the definition.
    """

    def passed_on(mask: Any, indices: Any, x_shape: Shape, axis: int) -> Any:
        return _spread(mask, indices, axis, x_shape)

    def kernel(x: Array, indices: Array, **p: Any) -> Array:
        return np.array(definition(x, indices, **p), order="C")

    more = {
        "shift": _shift_axis, "outline": _outline, "selects": (0,), "masks": [mask or passed_on, None],
        "backward_name": "SegmentReduceBackward0", "spoken": "segment_reduce",
    }  # fmt: skip
    if jvp is not None:
        return general(name, kernel, [vjp, None], jvp, **more)
    return composite(name, definition, kernel, [vjp, None], **more)


def _sum(x: Any, indices: Any, *, axis: int, count: int, initial: float | None) -> Any:
    total = _gathered(x, indices, axis, count)
    return total + initial if initial else total


def _sum_vjp(ct: Any, indices: Any, x_shape: Shape, axis: int) -> Any:
    return _spread(ct, indices, axis, x_shape)


segment_sum = _row("segment_sum", _sum, _sum_vjp)


def _mean(x: Any, indices: Any, *, axis: int, count: int, initial: float | None) -> Any:
    total = _sum(x, indices, axis=axis, count=count, initial=initial)
    many, empty = _divisors(indices, x, axis, count)
    mean = total / many
    if initial is not None:
        return mean
    return where(empty, _constant(mean, axis, count, math.nan), mean)


def _mean_vjp(ct: Any, indices: Any, x_shape: Shape, axis: int, count: int) -> Any:
    many, _ = _divisors(indices, ct, axis, count)
    return _spread(ct / many, indices, axis, x_shape)


segment_mean = _row("segment_mean", _mean, _mean_vjp)
"""Means; NaN of no elements, unless there is an initial value."""


def _prod(x: Any, indices: Any, *, axis: int, count: int, initial: float | None) -> Any:
    at, base = _filled(x, indices, axis, count, 1.0 if initial is None else initial)
    return _first(scatter_prod(base, at, x), axis, count)


def _prod_vjp(
    ct: Any, x: Any, indices: Any, x_shape: Shape, axis: int, count: int, initial: float | None
) -> Any:
    at, base = _filled(x, indices, axis, count, 1.0 if initial is None else initial)
    return _spread(ct, indices, axis, x_shape) * product_of_others(base, at, x)


segment_prod = _row("segment_prod", _prod, _prod_vjp)


def _extreme(name: str, scatter: Any, lowest: float, beats: Any) -> Primitive:
    """Declare the largest or smallest element: those equal to it share the gradient, as in `amax`.

    An initial value equal to it gets no share. The NaNs share the gradient of a result that is one.
    """

    def definition(x: Any, indices: Any, *, axis: int, count: int, initial: float | None) -> Any:
        at, base = _filled(x, indices, axis, count, lowest)
        best = _first(scatter(base, at, x), axis, count)
        if initial is None:
            return best
        first = _constant(best, axis, count, initial)
        return where(beats(first, best) | (first != first), first, best)

    def winners(x: Any, indices: Any, out: Any, axis: int, count: int) -> tuple[Any, Any]:
        shape = tuple(x.shape)
        best = _spread(out, indices, axis, shape)
        inside = reshape(indices < count, shape=(*indices.shape, *(1,) * (x.ndim - axis - 1)))
        won = ((x == best) | ((x != x) & (best != best))) & inside
        ties = _gathered(as_dtype_of(won, x), indices, axis, count)
        return won, _spread(ties + as_dtype_of(ties == 0, x), indices, axis, shape, 1.0)

    def vjp(ct: Any, x: Any, indices: Any, out: Any, axis: int, count: int) -> Any:
        won, ties = winners(x, indices, out, axis, count)
        return keep_where(_spread(ct, indices, axis, tuple(x.shape)), won) / ties

    def jvp(tangents: Any, x: Any, indices: Any, out: Any, axis: int, count: int) -> Any:
        won, ties = winners(x, indices, out, axis, count)
        return _gathered(keep_where(tangents[0], won) / ties, indices, axis, count)

    def mask(mask: Any, x: Any, indices: Any, out: Any, axis: int, count: int) -> Any:
        won, _ = winners(x, indices, out, axis, count)
        return keep_where(_spread(mask, indices, axis, tuple(x.shape)), won)

    return _row(name, definition, vjp, mask, jvp)


segment_max = _extreme("segment_max", scatter_amax, -math.inf, lambda a, b: a > b)
segment_min = _extreme("segment_min", scatter_amin, math.inf, lambda a, b: a < b)

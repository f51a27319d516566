"""Rows that put elements in order, or pick one by its rank: values together with the indices they came from.

Derivatives go where the indices point. The order is the one of a stable sort in which NaN is the largest value, which
decides among equal elements everywhere.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import Primitive, constant, general
from wengert.core.shapes import Shape
from wengert.core.strides import by_rows, hollow, laid_as
from wengert.rules.indexing import gather, scatter
from wengert.rules.reduction import selecting, sharing


def shift_dim(p: dict[str, Any], size: int) -> dict[str, Any]:
    """Move a dimension one place up, past the mapped axis."""
    return {**p, "dim": p["dim"] + 1}


def arranging(name: str, forward: Any) -> Primitive:
    """Declare a row that returns elements along a dimension in another arrangement: values and indices."""

    def vjp(ct: Any, indices: Any, x_shape: Shape, dim: int) -> Any:
        return scatter(ct[0], indices, dim=dim, shape=x_shape)

    def jvp(tangents: Any, indices: Any, dim: int) -> Any:
        return gather(tangents[0], indices, dim=dim), None

    return general(name, forward, vjp, jvp, outputs=("values", "indices"), shift=shift_dim)


def _beside(made: Array, x: Array) -> Array:
    """Return what was made of ``x``, lying in memory as it does."""
    return made if made.flags.c_contiguous and x.flags.c_contiguous else laid_as(made, x)


def _argsort(x: Array, *, dim: int, descending: bool) -> Array:
    if not descending:
        return np.argsort(x, axis=dim, kind="stable")
    # Read backwards twice, a stable sort keeps equal elements in their order.
    turn = (*(slice(None),) * dim, slice(None, None, -1))
    last = max(x.shape[dim] - 1, 0)
    return last - np.argsort(x[turn], axis=dim, kind="stable")[turn]  # type: ignore[no-any-return]


def _sort(x: Array, *, dim: int, descending: bool) -> tuple[Array, Array]:
    at = _argsort(x, dim=dim, descending=descending)
    return _beside(np.take_along_axis(x, at, axis=dim), x), _beside(at, x)


sort = arranging("sort", _sort)
stable_sort = sort.named("stable_sort", "SortBackward1", spoken="sort")
argsort = constant("argsort", lambda x, **p: _beside(_argsort(x, **p), x), shift=shift_dim)


def _topk(x: Array, *, k: int, dim: int, largest: bool) -> tuple[Array, Array]:
    n = x.shape[dim]
    front = (*(slice(None),) * dim, slice(0, k))
    if n < 256 or 8 * k > n or not k:
        at = by_rows(_argsort(x, dim=dim, descending=largest)[front])
        return by_rows(np.take_along_axis(x, at, axis=dim)), at
    # Only the k candidates are sorted, in the order of their places.
    some = np.argpartition(x, n - k if largest else k - 1, axis=dim)
    some = np.sort(np.take(some, range(n - k, n) if largest else range(k), axis=dim), axis=dim)
    few = np.take_along_axis(x, some, axis=dim)
    order = _argsort(few, dim=dim, descending=largest)
    values, at = (by_rows(np.take_along_axis(v, order, axis=dim)) for v in (few, some))
    return values, at


topk = arranging("topk", _topk)
"""The ``k`` largest (or smallest) elements along ``dim``, in order."""


def _ranked(x: Array, value: Array, rank: Any, axis: int) -> Array:
    """Return where the element of a rank is, given its value: equal ones are counted in the order of their places."""
    equal = (x == value) | ((x != x) & (value != value))
    smaller = (x < value) | ((x == x) & (value != value))
    before = np.add.reduce(smaller, axis=axis, keepdims=True, dtype=np.int64)
    count = np.add.accumulate(equal, axis=axis, dtype=np.int64)
    return np.argmax(equal & (count == rank - before + 1), axis=axis, keepdims=True)


def _kth(x: Array, *, axis: int, keepdims: bool, k: int) -> Array:
    value = np.take(np.partition(x, k - 1, axis=axis), [k - 1], axis=axis)
    return _ranked(x, value, k - 1, axis)


kthvalue = selecting("kthvalue", _kth)


def _median_at(x: Array, *, axis: int, keepdims: bool) -> Array:
    """Return where the lower median is; the first NaN, if there is one."""
    at = _kth(x, axis=axis, keepdims=True, k=(x.shape[axis] + 1) // 2)
    unknown = x != x
    return np.where(
        unknown.any(axis=axis, keepdims=True), np.argmax(unknown, axis=axis, keepdims=True), at
    )


def _nanmedian_at(x: Array, *, axis: int, keepdims: bool) -> Array:
    known = np.add.reduce(x == x, axis=axis, keepdims=True, dtype=np.int64)
    rank = np.maximum(known - 1, 0) // 2
    value = np.take_along_axis(np.sort(x, axis=axis), rank, axis=axis)
    return _ranked(x, value, rank, axis)


median = selecting("median", _median_at, "MedianBackward1")
nanmedian = selecting("nanmedian", _nanmedian_at, "NanmedianBackward1")


def _median_along(x: Array, *, axis: Shape, keepdims: bool) -> Array:
    flat = _flattened(x, axis)
    unknown = flat != flat
    value = np.partition(flat, (flat.shape[-1] - 1) // 2, axis=-1)[..., (flat.shape[-1] - 1) // 2]
    if unknown.any():
        value = np.where(unknown.any(-1), np.nan, value).astype(x.dtype)
    return np.asarray(value).reshape(_left(x, axis, keepdims))


def _nanmedian_along(x: Array, *, axis: Shape, keepdims: bool) -> Array:
    flat = _flattened(x, axis)
    at = _nanmedian_at(flat, axis=flat.ndim - 1, keepdims=True)
    return np.take_along_axis(flat, at, axis=-1).reshape(_left(x, axis, keepdims))


def _flattened(x: Array, axis: Shape) -> Array:
    """Return the reduced axes as one, the last."""
    others = [a for a in range(x.ndim) if a not in axis]
    return x.transpose(*others, *axis).reshape(*[x.shape[a] for a in others], -1)


def _left(x: Array, axis: Shape, keepdims: bool) -> Shape:
    if keepdims:
        return tuple(1 if i in axis else n for i, n in enumerate(x.shape))
    return tuple(n for i, n in enumerate(x.shape) if i not in axis)


median_all = sharing("median_all", _median_along, "MedianBackward0", nan=True, spoken="median")
nanmedian_all = sharing(
    "nanmedian_all", _nanmedian_along, "NanmedianBackward0", nan=True, spoken="nanmedian"
)


def _mode_at(x: Array, *, axis: int, keepdims: bool) -> Array:
    """Return the last place of the most frequent value, of the smallest one among equally frequent ones."""
    order = np.argsort(x, axis=axis, kind="stable")
    rows = np.moveaxis(np.take_along_axis(x, order, axis=axis), axis, -1)
    n = rows.shape[-1]
    starts = np.ones(rows.shape, bool)
    starts[..., 1:] = rows[..., 1:] != rows[..., :-1]
    start = np.maximum.accumulate(np.where(starts, np.arange(n), 0), axis=-1)
    best = np.argmax(np.arange(n) - start, axis=-1, keepdims=True)
    return np.take_along_axis(order, np.moveaxis(best, -1, axis), axis=axis)


mode = selecting("mode", _mode_at)


def _searchsorted(x: Array, y: Array, *, right: bool) -> Array:
    side: Any = "right" if right else "left"
    if x.ndim == 1:
        return np.asarray(np.searchsorted(x, y, side), np.int64)
    count = math.prod(x.shape[:-1])
    lines, values = x.reshape(count, x.shape[-1]), y.reshape(count, y.shape[-1])
    found = [np.searchsorted(line, value, side) for line, value in zip(lines, values, strict=True)]
    return np.array(found, np.int64).reshape(y.shape)


searchsorted = constant(
    "searchsorted", _searchsorted, outline=lambda x, y, *, right: hollow(y.shape, np.int64)
)
"""Where each value of ``y`` belongs in ``x``, sorted along its last axis."""


def _histc(x: Array, *, bins: int, low: float, high: float) -> Array:
    if low == high and x.size:
        low, high = x.min(), x.max()
    if low == high:
        low, high = low - 1, high + 1
    low, high = x.dtype.type(low), x.dtype.type(high)
    counted = (x >= low) & (x <= high)
    inside = x.reshape(-1) if counted.all() else x[counted]
    place = ((inside - low) * x.dtype.type(bins) / (high - low)).astype(np.int64)
    return np.bincount(np.minimum(place, bins - 1), minlength=bins).astype(x.dtype)


histc = constant("histc", _histc, outline=lambda x, *, bins, **p: hollow((bins,), x.dtype))
"""How many elements fall into each of ``bins`` equal parts of a range, by default the elements' own."""


def _histogram(x: Array, y: Array, z: Array, *, density: bool) -> Array:
    inside = (x >= y[0]) & (x <= y[-1])
    place = np.minimum(np.searchsorted(y, x[inside], "right") - 1, len(y) - 2)
    counts = np.bincount(place, z[inside], len(y) - 1)
    return (counts / (counts.sum() * np.diff(y)) if density else counts).astype(x.dtype)


histogram = constant(
    "histogram", _histogram, outline=lambda x, y, z, *, density: hollow((len(y) - 1,), x.dtype)
)
"""The weights ``z`` of the elements of ``x`` added up between each two of the edges ``y``."""


def _isin(x: Array, y: Array, *, invert: bool) -> Array:
    return np.asarray(np.isin(x, y, invert=invert))


isin = constant("isin", _isin)
"""Whether each element of ``x`` is among those of ``y``."""

"""Rows that combine several elements in one place: means, products and extremes of what is written to a position.

Positions count the elements of the whole first operand (`rules/indexing.py` brings others to that form). What the
place held before takes part; the public functions put the neutral element there when it should not.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import constant, general, linear
from wengert.core.shapes import Shape
from wengert.core.strides import hollow
from wengert.rules.elementwise import keep_where
from wengert.rules.indexing import apart, collect, every, index, landed, own, unindex
from wengert.rules.memory import zero
from wengert.rules.structural import adjoint, as_dtype_of, cat, reshape, slice_


def _pick(x: Any, indices: Any) -> Any:
    return index(x, indices, axis=0, span=x.ndim)


def _batching(row: Any) -> Any:
    """Return the batch rule of a row whose positions count the whole of one example."""

    def batch(size: int, mapped: Any, p: dict[str, Any], *values: Any) -> Any:
        x, indices, *rest = every(size, mapped, values)
        return row()(x, apart(indices, math.prod(x.shape[1:])), *rest, **p)

    return batch


def _like_first(x: Array, indices: Array, y: Array, **p: Any) -> Array:
    return hollow(x.shape, x.dtype)


def _counts(indices: Array, *, shape: Shape, own: bool) -> Array:
    count = np.bincount(indices.reshape(-1), minlength=math.prod(shape)).reshape(shape)
    return count + 1 if own else np.maximum(count, 1)


counts = constant(
    "counts", _counts, outline=lambda indices, *, shape, own: hollow(shape, np.int64),
    batch=lambda size, mapped, p, x:
        counts(apart(x, math.prod(p["shape"])), shape=(size, *p["shape"]), own=p["own"]),
)  # fmt: skip
"""How many elements meet at each place of ``shape``, with its ``own`` or without; at least 1."""


def _scatter_mean(
    x: Array, indices: Array, y: Array, *, include_self: bool, out: Array | None = None
) -> Array:
    made = own(x, out)
    collect(np.add, made.reshape(-1), indices, y)
    count = _counts(indices, shape=x.shape, own=include_self).astype(made.dtype)
    (np.floor_divide if made.dtype.kind in "iu" else np.divide)(made, count, out=made)
    return landed(made, out)


def _share(ct: Any, indices: Any, include_self: bool) -> Any:
    return ct / as_dtype_of(counts(indices, shape=tuple(ct.shape), own=include_self), ct)


scatter_mean = linear(
    "scatter_mean", _scatter_mean,
    [_share, None, lambda ct, indices, include_self: _pick(_share(ct, indices, include_self), indices)],
    batch=_batching(lambda: scatter_mean), outline=_like_first, backward_name="ScatterReduceBackward0",
    masks=[lambda mask: mask, None, lambda mask, indices: _pick(mask, indices)],
    spoken="scatter_reduce",
)  # fmt: skip
"""``x`` plus the elements of ``y`` where ``indices`` point, divided by how many have met."""


def _runs(indices: Array, *, size: int) -> tuple[Array, Array, Array, Array]:
    places = np.concatenate([np.arange(size), indices.reshape(-1)])
    order = np.argsort(places, kind="stable")
    back = np.empty_like(order)
    back[order] = count = np.arange(order.size)
    ends = np.cumsum(np.bincount(places, minlength=size))
    place = places[order]
    starts = np.concatenate([[0], ends[:-1]])[:size]
    return order, back, count - starts[place], ends[place] - 1 - count


def _runs_outline(indices: Array, *, size: int) -> tuple[Array, ...]:
    return (hollow((size + indices.size,), np.int64),) * 4


runs = constant("runs", _runs, outputs=("order", "back", "before", "behind"), outline=_runs_outline)
"""The order in which what meets at one of ``size`` places, its own element first, stands together, and its inverse;
then how many of its group stand before and behind each."""


def _rolled(x: Any, d: int) -> Any:
    """Return ``x`` moved ``d`` places to the back, round the end."""
    n = x.shape[0]
    cut = (n - d) % n
    return cat(slice_(x, index=(slice(cut, n),)), slice_(x, index=(slice(0, cut),)), dim=0)


def _or_one(x: Any, mask: Any) -> Any:
    return keep_where(x, mask) + as_dtype_of(~mask, x)


def product_of_others(x: Any, indices: Any, y: Any) -> Any:
    """Return, for every element of ``y``, the product of all others that meet at its place.

    Products of neighbours of the same group are taken over windows that double in length, on either side, in the order
    in which groups stand together. No division, so zeros do no harm; O(n log n), and in rows, so any order of
    derivative follows.
    """
    size, many = math.prod(x.shape), math.prod(y.shape)
    n = size + many
    order, back, before, behind = runs(indices, size=size)
    flat = cat(reshape(x, shape=(size,)), reshape(y, shape=(many,)), dim=0)
    flat = index(flat, order, axis=0, span=1)
    left = _or_one(_rolled(flat, 1), before >= 1) if n else flat
    right = _or_one(_rolled(flat, n - 1), behind >= 1) if n else flat
    d = 1
    while d <= many:
        left = left * _or_one(_rolled(left, d), before >= d)
        right = right * _or_one(_rolled(right, n - d), behind >= d)
        d *= 2
    outside = index(left * right, back, axis=0, span=1)
    return reshape(slice_(outside, index=(slice(size, n),)), shape=tuple(y.shape))


def _product(like: Any, indices: Any, y: Any) -> Any:
    """Return, for every place of ``like``, the product of the elements of ``y`` that meet there."""
    return scatter_prod(zero(like) + 1.0, indices, y)


def _scatter_prod(x: Array, indices: Array, y: Array, *, out: Array | None = None) -> Array:
    made = own(x, out)
    collect(np.multiply, made.reshape(-1), indices, y)
    return landed(made, out)


def _scatter_prod_jvp(tangents: Any, x: Any, indices: Any, y: Any) -> Any:
    total = None if tangents[0] is None else tangents[0] * _product(x, indices, y)
    if tangents[2] is None:
        return total
    moved = tangents[2] * product_of_others(x, indices, y)
    added = unindex(moved, indices, axis=0, span=x.ndim, shape=tuple(x.shape))
    return added if total is None else total + added


scatter_prod = general(
    "scatter_prod", _scatter_prod,
    [
        lambda ct, indices, y: ct * adjoint(_product(ct, indices, y)), None,
        lambda ct, x, indices, y: _pick(ct, indices) * adjoint(product_of_others(x, indices, y)),
    ],
    _scatter_prod_jvp, batch=_batching(lambda: scatter_prod), outline=_like_first,
    backward_name="ScatterReduceBackward0",
    spoken="scatter_reduce",
)  # fmt: skip
"""``x`` times the elements of ``y`` where ``indices`` point."""


def _extreme(name: str, ufunc: np.ufunc, **more: Any) -> Any:
    """Declare the largest or smallest of what meets: those equal to it share the gradient, as in `amax`."""

    def forward(x: Array, indices: Array, y: Array, *, out: Array | None = None) -> Array:
        made = own(x, out)
        collect(ufunc, made.reshape(-1), indices, y)
        return landed(made, out)

    def winners(x: Any, indices: Any, y: Any, out: Any) -> tuple[Any, Any, Any]:
        ours, theirs = x == out, y == _pick(out, indices)
        won = as_dtype_of(theirs, y)
        ties = unindex(won, indices, axis=0, span=out.ndim, shape=tuple(out.shape))
        return ours, theirs, as_dtype_of(ours, x) + ties

    def to_x(ct: Any, x: Any, indices: Any, y: Any, out: Any) -> Any:
        ours, _, ties = winners(x, indices, y, out)
        return keep_where(ct, ours) / ties

    def to_y(ct: Any, x: Any, indices: Any, y: Any, out: Any) -> Any:
        _, theirs, ties = winners(x, indices, y, out)
        return keep_where(_pick(ct, indices), theirs) / _pick(ties, indices)

    def jvp(tangents: Any, x: Any, indices: Any, y: Any, out: Any) -> Any:
        ours, theirs, ties = winners(x, indices, y, out)
        total = None if tangents[0] is None else keep_where(tangents[0], ours) / ties
        if tangents[2] is None:
            return total
        shared = keep_where(tangents[2], theirs) / _pick(ties, indices)
        added = unindex(shared, indices, axis=0, span=out.ndim, shape=tuple(out.shape))
        return added if total is None else total + added

    row = general(
        name, forward, [to_x, None, to_y], jvp, selects=(0, 2),
        masks=[
            lambda mask, x, out: keep_where(mask, (x == out) | (out != out)), None,
            lambda mask, indices, y, out:
                keep_where(_pick(mask, indices), (y == _pick(out, indices)) | (y != y)),
        ],
        batch=_batching(lambda: row), outline=_like_first, backward_name="ScatterReduceBackward0", **more,
    )  # fmt: skip
    return row


scatter_amax = _extreme("scatter_amax", np.maximum, spoken="scatter_reduce")
scatter_amin = _extreme("scatter_amin", np.minimum, spoken="scatter_reduce")

index_mean = scatter_mean.named("index_mean", "IndexReduceBackward0", spoken="index_reduce")
index_prod = scatter_prod.named("index_prod", "IndexReduceBackward0", spoken="index_reduce")
index_amax = scatter_amax.named("index_amax", "IndexReduceBackward0", spoken="index_reduce")
index_amin = scatter_amin.named("index_amin", "IndexReduceBackward0", spoken="index_reduce")

__all__ = [
    "counts", "index_amax", "index_amin", "index_mean", "index_prod", "product_of_others", "runs",
    "scatter_amax", "scatter_amin", "scatter_mean", "scatter_prod",
]  # fmt: skip

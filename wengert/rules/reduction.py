"""Rows that reduce axes (besides `sum`, which lives beside `broadcast_to`).

Axes are sorted, non-negative tuples; ``keepdim`` keeps them as size 1. Ties share the gradient in full reductions and
in `amax`; `max` along a dimension sends it to the first winner, as PyTorch does.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import Primitive, constant, general, linear
from wengert.core.shapes import Shape
from wengert.core.strides import by_rows
from wengert.rules.elementwise import exp, keep_where
from wengert.rules.indexing import gather, scatter
from wengert.rules.structural import (
    _sum,
    adjoint,
    any_,
    as_dtype_of,
    cat,
    kept,
    numpy_dtype,
    reshape,
    shift_axis,
    slice_,
    spread,
    squeeze,
    sum,
    sum_along,
    unsqueeze,
)


def _count(shape: Shape, axis: Shape) -> int:
    return math.prod(shape[a] for a in axis)


def _mean(x: Array, *, axis: Shape, keepdim: bool) -> Array:
    if x.itemsize == 2:  # float16, whose sums and counts end at 65504
        return _mean(x.astype(np.float32), axis=axis, keepdim=keepdim).astype(x.dtype)
    return _sum(x, axis=axis, keepdim=keepdim) / x.dtype.type(_count(x.shape, axis))  # type: ignore[no-any-return]


def mean_transpose(ct: Any, x_shape: Shape, axis: Shape) -> Any:
    """Give each element its share of a mean's cotangent."""
    count = _count(x_shape, axis)
    share = ct * (1.0 / count) if count > 65504 and numpy_dtype(ct).itemsize == 2 else ct / count
    return spread(share, axis=axis, shape=x_shape)


mean = linear(
    "mean", _mean, mean_transpose, shift=shift_axis,
    masks=[lambda mask, x_shape, axis: spread(mask, axis=axis, shape=x_shape)],
)  # fmt: skip
mean_along = mean.named("mean_along", "MeanBackward1", spoken="mean")


def sharing(
    name: str, reduce: Any, backward_name: str | None = None, nan: bool = False, **more: Any
) -> Primitive:
    """Declare a row like amax or amin: the gradient is shared by the elements equal to the result.

    NaN equals nothing, so that a slice with one gets NaN; with ``nan``, the elements that are NaN share the gradient
    of a result that is.
    """

    def forward(x: Array, *, axis: Shape, keepdim: bool) -> Array:
        return by_rows(np.asarray(reduce(x, axis=axis, keepdims=keepdim)))

    def winners(x: Any, out: Any, axis: Shape) -> tuple[Any, Any]:
        won = x == kept(out, axis, tuple(x.shape))
        if nan:
            won = won | ((x != x) & kept(out != out, axis, tuple(x.shape)))
        return won, sum(as_dtype_of(won, x), axis=axis, keepdim=True)

    def vjp(ct: Any, x: Any, out: Any, axis: Shape) -> Any:
        won, ties = winners(x, out, axis)
        return keep_where(kept(ct, axis, tuple(x.shape)), won) / ties

    def jvp(tangents: Any, x: Any, out: Any, axis: Shape, keepdim: bool) -> Any:
        won, ties = winners(x, out, axis)
        return sum(keep_where(tangents[0], won) / ties, axis=axis, keepdim=keepdim)

    def mask(mask: Any, x: Any, out: Any, axis: Shape) -> Any:
        total = kept(out, axis, tuple(x.shape))
        return keep_where(kept(mask, axis, tuple(x.shape)), (x == total) | (total != total))

    return general(
        name, forward, vjp, jvp, masks=[mask], selects=(0,),
        shift=shift_axis, backward_name=backward_name, **more,
    )  # fmt: skip


amax = sharing("amax", np.maximum.reduce)
amin = sharing("amin", np.minimum.reduce)
max_all = sharing("max_all", np.maximum.reduce, "MaxBackward1", nan=True, spoken="max")
min_all = sharing("min_all", np.minimum.reduce, "MinBackward1", nan=True, spoken="min")


def selecting(name: str, pick: Any, backward_name: str | None = None) -> Primitive:
    """Declare a row that picks one element along a dimension: its value and its index, which ``pick`` finds."""

    def forward(x: Array, *, dim: int, keepdim: bool, **more: Any) -> tuple[Array, Array]:
        if dim >= x.ndim:  # a single number, or a mapped axis of them
            return x.copy(), np.zeros(x.shape, np.int64)
        at = pick(x, axis=dim, keepdims=True, **more)
        values = np.take_along_axis(x, at, axis=dim)
        if not keepdim:
            values, at = values.squeeze(dim), at.squeeze(dim)
        return values, at

    def vjp(ct: Any, indices: Any, x_shape: Shape, dim: int, keepdim: bool) -> Any:
        ct = ct[0]
        if dim >= len(x_shape):
            return ct
        if not keepdim:
            ct, indices = unsqueeze(ct, dim=dim), unsqueeze(indices, dim=dim)
        return scatter(ct, indices, dim=dim, shape=x_shape)

    def jvp(tangents: Any, indices: Any, x_shape: Shape, dim: int, keepdim: bool) -> Any:
        if dim >= len(x_shape):
            return tangents[0], None
        if keepdim:
            return gather(tangents[0], indices, dim=dim), None
        return squeeze(gather(tangents[0], unsqueeze(indices, dim=dim), dim=dim), dims=(dim,)), None

    return general(
        name, forward, vjp, jvp, outputs=("values", "indices"), moves=True, selects=(0,),
        shift=lambda p, size: {**p, "dim": p["dim"] + 1}, backward_name=backward_name,
    )  # fmt: skip


max = selecting("max", np.argmax)
min = selecting("min", np.argmin)


def _arg(pick: Any) -> Any:
    def forward(x: Array, *, dim: int, keepdim: bool) -> Array:
        if dim >= x.ndim:
            return np.zeros(x.shape, np.int64)
        return pick(x, axis=dim, keepdims=keepdim)  # type: ignore[no-any-return]

    return forward


argmax = constant("argmax", _arg(np.argmax), shift=lambda p, size: {**p, "dim": p["dim"] + 1})
argmin = constant("argmin", _arg(np.argmin), shift=lambda p, size: {**p, "dim": p["dim"] + 1})


def _all(x: Array, *, axis: Shape, keepdim: bool) -> Array:
    return by_rows(np.asarray(np.logical_and.reduce(x, axis=axis, keepdims=keepdim)))


any = any_
all = constant("all", _all, shift=shift_axis)


def _prod(x: Array, *, axis: int, keepdim: bool) -> Array:
    return by_rows(np.asarray(np.multiply.reduce(x, axis=axis, keepdims=keepdim, dtype=x.dtype)))


def _others(x: Any, axis: int) -> Any:
    """Return, for every element along ``axis``, the product of all the others; zeros cost no division.

    Products of neighbours are taken pairwise up a binary tree; on the way down each one of a pair receives the product
    of everything outside the pair times its partner. The work is O(n), and it is written in rows, so any order of
    derivative follows.
    """
    front = (slice(None),) * axis
    n = x.shape[axis]
    if n <= 1:
        return ones_like(x)
    half = n // 2
    left = slice_(x, index=(*front, slice(0, half)))
    right = slice_(x, index=(*front, slice(half, 2 * half)))
    rest = [slice_(x, index=(*front, slice(2 * half, n)))] if n % 2 else []
    outside = _others(cat(left * right, *rest, dim=axis), axis)
    pairs = slice_(outside, index=(*front, slice(0, half)))
    tail = [slice_(outside, index=(*front, slice(half, half + 1)))] if rest else []
    return cat(pairs * right, pairs * left, *tail, dim=axis)


def ones_like(x: Any) -> Any:
    """Return ones of the shape and dtype of ``x``, whatever its values."""
    return as_dtype_of((x == x) | (x != x), x)


def _prod_vjp(ct: Any, x: Any, axis: int) -> Any:
    return kept(ct, (axis,), tuple(x.shape)) * adjoint(_others(x, axis))


def _prod_jvp(tangents: Any, x: Any, axis: int, keepdim: bool) -> Any:
    others = _others(x, axis)
    return sum(tangents[0] * others, axis=(axis,), keepdim=keepdim)


prod = general(
    "prod", _prod, _prod_vjp, _prod_jvp, shift=lambda p, size: {**p, "axis": p["axis"] + 1},
    backward_name="ProdBackward1",
)  # fmt: skip


def _prod_all(x: Array) -> Array:
    return np.multiply.reduce(x, axis=None, dtype=x.dtype)  # type: ignore[no-any-return]


def _all_others(x: Any) -> Any:
    """Return, for every element, the product of all the others."""
    shape = tuple(x.shape)
    return reshape(_others(reshape(x, shape=(math.prod(shape),)), 0), shape=shape)


def _prod_all_jvp(tangents: Any, x: Any) -> Any:
    return sum(tangents[0] * _all_others(x), axis=tuple(range(len(x.shape))), keepdim=False)


prod_all = general(
    "prod_all", _prod_all, lambda ct, x: ct * adjoint(_all_others(x)), _prod_all_jvp,
    batch=lambda size, mapped, p, x: prod(
        reshape(x, shape=(size, math.prod(x.shape[1:]))), axis=1, keepdim=False
    ),
    backward_name="ProdBackward0",
    spoken="prod",
)  # fmt: skip


def _logsumexp(x: Array, *, axis: Shape, keepdim: bool) -> Array:
    top = np.maximum.reduce(x.real, axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, top.dtype.type(0))
    total = np.log(np.add.reduce(np.exp(x - top), axis=axis, keepdims=True)) + top
    return by_rows(total if keepdim else total.squeeze(axis))


def _logsumexp_vjp(ct: Any, x: Any, out: Any, axis: Shape) -> Any:
    return kept(ct, axis, tuple(x.shape)) * adjoint(_weights(x, out, axis))


def _logsumexp_jvp(tangents: Any, x: Any, out: Any, axis: Shape, keepdim: bool) -> Any:
    return sum(tangents[0] * _weights(x, out, axis), axis=axis, keepdim=keepdim)


def _weights(x: Any, out: Any, axis: Shape) -> Any:
    """Return the softmax of x; where everything is -inf the weights are 0, not NaN."""
    total = kept(out, axis, tuple(x.shape))
    return keep_where(exp(x - total), total != -math.inf)


logsumexp = general(
    "logsumexp", _logsumexp, _logsumexp_vjp, _logsumexp_jvp, shift=shift_axis, domain=(-3.0, 3.0)
)

__all__ = [
    "all", "amax", "amin", "any", "argmax", "argmin", "logsumexp", "max", "mean", "min", "prod", "reshape", "sum",
    "sum_along",
]  # fmt: skip

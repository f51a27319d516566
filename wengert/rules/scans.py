"""Rows that run along an axis: sums, products, extremes and log-sum-exps of everything up to each element.

The derivatives of products and log-sum-exps are first-order recurrences, ``s[i] = x[i] s[i-1] + y[i]``, a row of their
own: exact where elements are 0, and linear in time.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import Primitive, general, linear
from wengert.core.strides import by_rows
from wengert.rules.elementwise import exp, keep_where
from wengert.rules.ordering import arranging, shift_dim
from wengert.rules.reduction import ones_like
from wengert.rules.structural import adjoint, cat, clear_slice, slice_
from wengert.rules.summation import running_sum


def _turned(x: Array, dim: int) -> Array:
    return x[(*(slice(None),) * dim, slice(None, None, -1))]


def _cumsum(x: Array, *, dim: int, reverse: bool) -> Array:
    if reverse:
        return _turned(running_sum(np.ascontiguousarray(_turned(x, dim)), dim), dim).copy()
    return running_sum(by_rows(x), dim)


cumsum = linear(
    "cumsum", _cumsum, lambda ct, dim, reverse: cumsum(ct, dim=dim, reverse=not reverse),
    shift=shift_dim,
)  # fmt: skip
"""The sum of all elements up to each one; with ``reverse``, from each one on."""


def _recurrence(x: Array, y: Array, *, dim: int, reverse: bool) -> Array:
    a, b = (np.moveaxis(v, dim, 0) for v in (x, y))
    if reverse:
        a, b = a[::-1], b[::-1]
    shape = (len(a), math.prod(a.shape[1:]))
    solved = _solved(a.reshape(shape), np.array(b).reshape(shape)).reshape(b.shape)
    return np.ascontiguousarray(np.moveaxis(solved[::-1] if reverse else solved, 0, dim))


def _solved(a: Array, s: Array) -> Array:
    """Turn the inputs ``s`` of shape (n, width) into the recurrence's values, in place.

    Long narrow ones are cut into blocks that advance side by side. What a block starts from is a recurrence over the
    blocks, whose coefficients are their products.
    """
    n, width = s.shape
    length = math.isqrt(n)
    if n < 64 or width >= n:
        for i in range(1, n):
            s[i] += a[i] * s[i - 1]
        return s
    count, whole = n // length, n - n % length
    blocks = np.array(s[:whole].reshape(count, length, width).swapaxes(0, 1))
    factors = np.array(a[:whole].reshape(count, length, width).swapaxes(0, 1))
    for i in range(1, length):
        blocks[i] += factors[i] * blocks[i - 1]
        factors[i] *= factors[i - 1]
    ends = _solved(factors[-1], blocks[-1].copy())
    blocks[:, 1:] += factors[:, 1:] * ends[:-1]
    s[:whole] = blocks.swapaxes(0, 1).reshape(whole, width)
    for i in range(whole, n):
        s[i] += a[i] * s[i - 1]
    return s


def _part(dim: int, start: int | None, stop: int | None) -> tuple[slice, ...]:
    return (*(slice(None),) * dim, slice(start, stop))


def _neighbours(x: Any, dim: int, back: bool) -> Any:
    """Return for each element the one before it along ``dim`` (or after it); the one at the end comes around."""
    cut = -1 if back else 1
    parts = [slice_(x, index=_part(dim, cut, None)), slice_(x, index=_part(dim, None, cut))]
    return cat(*parts, dim=dim)


def _before(s: Any, dim: int, reverse: bool) -> Any:
    """Return the value of a scan at the step before each one, 0 at its start."""
    start = _part(dim, -1, None) if reverse else _part(dim, None, 1)
    return clear_slice(_neighbours(s, dim, not reverse), index=start)


def _recurrence_back(ct: Any, x: Any, dim: int, reverse: bool) -> Any:
    return recurrence(_neighbours(adjoint(x), dim, reverse), ct, dim=dim, reverse=not reverse)


def _recurrence_along(tangents: Any, x: Any, out: Any, dim: int, reverse: bool) -> Any:
    moved = None if tangents[0] is None else tangents[0] * _before(out, dim, reverse)
    if tangents[1] is not None:
        moved = tangents[1] if moved is None else moved + tangents[1]
    return recurrence(x, moved, dim=dim, reverse=reverse)


recurrence = general(
    "recurrence", _recurrence,
    [lambda ct, x, out, dim, reverse:
        _recurrence_back(ct, x, dim, reverse) * adjoint(_before(out, dim, reverse)),
     _recurrence_back],
    _recurrence_along, shift=shift_dim,
)  # fmt: skip
"""``s[i] = x[i] s[i-1] + y[i]`` along ``dim``, from 0; with ``reverse``, ``s[i] = x[i] s[i+1] + y[i]``."""


def _cumprod(x: Array, *, dim: int) -> Array:
    wide = {"e": np.float32, "f": np.float64, "F": np.complex128}.get(x.dtype.char, x.dtype)
    return np.multiply.accumulate(by_rows(x), axis=dim, dtype=wide).astype(x.dtype, copy=False)


def _up_to(out: Any, dim: int) -> Any:
    """Return the products of everything before each element: 1 at the start."""
    first = slice_(out, index=_part(dim, None, 1))
    return cat(ones_like(first), slice_(out, index=_part(dim, None, -1)), dim=dim)


cumprod = general(
    "cumprod", _cumprod,
    lambda ct, x, out, dim: _recurrence_back(ct, x, dim, False) * adjoint(_up_to(out, dim)),
    lambda tangents, x, out, dim: recurrence(
        x, tangents[0] * _up_to(out, dim), dim=dim, reverse=False
    ),
    shift=shift_dim,
)  # fmt: skip
"""The product of all elements up to each one."""


def _logcumsumexp(x: Array, *, dim: int) -> Array:
    if x.dtype.kind == "c":
        return _complex_logcumsumexp(x, dim)
    wide = np.float32 if x.itemsize == 2 else np.float64
    return np.logaddexp.accumulate(x.astype(wide, order="C"), axis=dim).astype(x.dtype)


def _complex_logcumsumexp(x: Array, dim: int) -> Array:
    out = np.moveaxis(x.astype(np.complex128), dim, 0).copy()
    for i in range(1, len(out)):
        swap = out[i].real > out[i - 1].real
        low, high = np.where(swap, out[i - 1], out[i]), np.where(swap, out[i], out[i - 1])
        both_none = high.real == -np.inf
        out[i] = np.where(both_none, high, high + np.log1p(np.exp(low - high)))
    return np.ascontiguousarray(np.moveaxis(out, 0, dim)).astype(x.dtype)


def _weights(x: Any, out: Any, dim: int) -> tuple[Any, Any]:
    """Return how far the result moves with its predecessor, and with its own element: both at most 1."""
    some = out != -math.inf
    first = _part(dim, None, 1)
    from_before = keep_where(exp(_neighbours(out, dim, True) - out), some)
    return clear_slice(from_before, index=first), keep_where(exp(x - out), some)


def _logcumsumexp_back(ct: Any, x: Any, out: Any, dim: int) -> Any:
    from_before, from_own = _weights(x, out, dim)
    return _recurrence_back(ct, from_before, dim, False) * adjoint(from_own)


def _logcumsumexp_along(tangents: Any, x: Any, out: Any, dim: int) -> Any:
    from_before, from_own = _weights(x, out, dim)
    return recurrence(from_before, tangents[0] * from_own, dim=dim, reverse=False)


logcumsumexp = general(
    "logcumsumexp", _logcumsumexp, _logcumsumexp_back, _logcumsumexp_along, shift=shift_dim
)
"""``log(sum(exp(x)))`` of all elements up to each one, without overflow."""


def _running_extreme(name: str, pick: Any) -> Primitive:
    """Declare a running maximum or minimum: values, and the place of the last winner or NaN so far."""

    def forward(x: Array, *, dim: int) -> tuple[Array, Array]:
        x = by_rows(x)
        values = pick.accumulate(x, axis=dim)
        won = (x == values) | (x != x)
        steps = np.arange(x.shape[dim]).reshape(-1, *(1,) * (x.ndim - dim - 1))
        at = won * steps
        return values, np.maximum.accumulate(at, axis=dim, out=at)

    return arranging(name, forward)


cummax = _running_extreme("cummax", np.maximum)
cummin = _running_extreme("cummin", np.minimum)

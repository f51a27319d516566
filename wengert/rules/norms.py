"""Norms of vectors: one row for every order, which `norm`, `dist`, `renorm` and the vector norms of `linalg` share.

Where a norm is 0 its gradient is 0, PyTorch's choice among the subgradients, and so is every derivative after it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import composite, general
from wengert.core.shapes import Shape
from wengert.core.strides import by_rows
from wengert.rules.elementwise import abs, keep_where, modulus, power, sign, where
from wengert.rules.reduction import ones_like
from wengert.rules.structural import as_dtype_of, cast, conj, kept, numpy_dtype, shift_axis, sum
from wengert.rules.summation import sum_axes, sum_squares


def _vector_norm(x: Array, *, ord: float, axis: Shape, keepdim: bool) -> Array:
    if x.itemsize == 2:  # float16, whose squares end at 65504
        wide = _vector_norm(x.astype(np.float32), ord=ord, axis=axis, keepdim=keepdim)
        return wide.astype(x.dtype)
    out = _norm_along(x, ord, axis)
    if keepdim:
        out = np.reshape(out, tuple(1 if i in axis else n for i, n in enumerate(x.shape)))
    return by_rows(np.asarray(out))


def _norm_along(x: Array, ord: float, axis: Shape) -> Any:
    if ord == 2:
        return np.sqrt(sum_squares(x, axis))
    size = np.absolute(x)
    if ord == 1:
        return sum_axes(size, axis)
    if ord == 0:
        return sum_axes((size != 0).astype(size.dtype), axis)
    if math.isinf(ord):
        return (np.maximum if ord > 0 else np.minimum).reduce(size, axis=axis)
    return np.power(sum_axes(np.power(size, ord), axis), 1 / ord)


def magnitude(x: Any) -> Any:
    """Return the absolute values, real ones."""
    return modulus(x) if numpy_dtype(x).kind == "c" else abs(x)


def alike(real: Any, x: Any) -> Any:
    """Return real numbers in the dtype of ``x``, which may be complex."""
    source, dtype = numpy_dtype(real), numpy_dtype(x)
    return real if source == dtype else cast(real, dtype=dtype, source=source)


def inner(x: Any, t: Any, axis: Shape, keepdim: bool) -> Any:
    """Return the sum along ``axis`` of the real part of ``conj(x) * t``."""
    dtype = numpy_dtype(x)
    if dtype.kind != "c":
        return sum(x * t, axis=axis, keepdim=keepdim)
    product = cast(conj(x) * t, dtype=dtype.type(0).real.dtype, source=dtype)
    return sum(product, axis=axis, keepdim=keepdim)


def _unit(x: Any) -> Any:
    """Return ``x / |x|``, and 0 at 0."""
    if numpy_dtype(x).kind != "c":
        return sign(x)
    return keep_where(x / alike(modulus(x), x), x != 0.0)


def _slope(x: Any, out: Any, ord: float, axis: Shape) -> Any:
    """Return the gradient of a norm, in the shape and dtype of ``x``: x / |x| (|x| / norm)^(ord - 1)."""
    if ord == 0:
        return as_dtype_of((x == x) & (x != x), x)
    if ord == 1:
        return _unit(x)
    norm = kept(out, axis, tuple(x.shape))
    size = magnitude(x)
    if math.isinf(ord):
        won = (size == norm) | (size != size)
        ties = sum(as_dtype_of(won, size), axis=axis, keepdim=True)
        return _unit(x) * alike(as_dtype_of(won, size) / ties, x)
    if ord == 2:
        return keep_where(x / alike(norm, x), norm != 0.0)
    ratio = _nonzero(size) / _nonzero(norm)
    slope = (x / alike(_nonzero(norm), x)) * alike(power(ratio, exponent=ord - 2), x)
    return keep_where(slope, (norm != 0.0) & (x != 0.0))


def _nonzero(x: Any) -> Any:
    """Put 1 in the place of 0, so that what is masked later is finite at every order."""
    return x + as_dtype_of(x == 0.0, x)


def vector_norm_vjp(ct: Any, x: Any, out: Any, ord: float, axis: Shape) -> Any:
    """Return the cotangent of x: that of the norm along the norm's direction, which is 0 where the norm is."""
    return alike(kept(ct, axis, tuple(x.shape)), x) * _slope(x, out, ord, axis)


def _vector_norm_jvp(
    tangents: Any, x: Any, out: Any, ord: float, axis: Shape, keepdim: bool
) -> Any:
    return inner(_slope(x, out, ord, axis), tangents[0], axis, keepdim)


vector_norm = general(
    "vector_norm", _vector_norm, vector_norm_vjp, _vector_norm_jvp, shift=shift_axis,
    backward_name="LinalgVectorNormBackward0",
)  # fmt: skip
"""``sum(|x|^ord)^(1/ord)`` along axes; the largest or smallest magnitude for inf and -inf, how many are not 0 for 0."""
distance = vector_norm.named("distance", "NormBackward1", spoken="dist")


def _dist(x: Any, y: Any, *, ord: float) -> Any:
    d = x - y
    return vector_norm(d, ord=ord, axis=tuple(range(d.ndim)), keepdim=False)


def _dist_slope(ct: Any, x: Any, y: Any, out: Any, ord: float) -> Any:
    d = x - y
    return vector_norm_vjp(ct, d, out, ord, tuple(range(d.ndim)))


dist = composite(
    "dist", _dist, None,
    [_dist_slope, lambda ct, x, y, out, ord: -_dist_slope(ct, x, y, out, ord)],
)  # fmt: skip
"""The norm of the difference of two operands of one shape."""


def renorm(x: Any, ord: float, axis: Shape, bound: float) -> Any:
    """Scale slices down to the norm ``bound`` where theirs is larger; ``axis`` are the axes within a slice."""
    norm = vector_norm(x, ord=ord, axis=axis, keepdim=True)
    factor = where(norm > bound, bound / (norm + 1e-7), ones_like(norm))
    return x * alike(factor, x)

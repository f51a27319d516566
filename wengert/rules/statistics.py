"""Rows for variances, and for sums that skip NaN.

``correction`` is subtracted from the number of elements to give the degrees of freedom; where none are left, a
variance is NaN or infinite, as in PyTorch. The standard deviation of equal elements has gradient 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import composite, general
from wengert.core.shapes import Shape
from wengert.core.strides import by_rows
from wengert.rules.elementwise import keep_where
from wengert.rules.norms import alike, inner
from wengert.rules.reduction import mean, mean_transpose
from wengert.rules.structural import kept, shift_axis, spread, sum
from wengert.rules.summation import sum_axes, sum_squares


def _moments(x: Array, axis: Shape, correction: float, keepdim: bool) -> tuple[Array, Array]:
    """Return variance and mean. What the rounded mean leaves in the deviations is taken off again."""
    count = math.prod([x.shape[a] for a in axis])
    shape = tuple(1 if i in axis else n for i, n in enumerate(x.shape))
    centre = np.reshape(sum_axes(x, axis), shape) / x.dtype.type(count)
    apart = np.subtract(x, centre)
    squares, rest = sum_squares(apart, axis), np.absolute(sum_axes(apart, axis))
    variance = (squares - rest * (rest / max(count, 1))) / max(count - correction, 0.0)
    if not keepdim:
        shape = tuple(n for i, n in enumerate(x.shape) if i not in axis)
    return by_rows(np.reshape(variance, shape)), by_rows(np.reshape(centre, shape))


def _variance_mean(
    x: Array, *, axis: Shape, correction: float, keepdim: bool
) -> tuple[Array, Array]:
    if x.itemsize == 2:  # float16, whose squares and counts end at 65504
        wide = _moments(x.astype(np.float32), axis, correction, keepdim)
        return wide[0].astype(x.dtype), wide[1].astype(x.dtype)
    return _moments(x, axis, correction, keepdim)


def _deviation_mean(
    x: Array, *, axis: Shape, correction: float, keepdim: bool
) -> tuple[Array, Array]:
    wide = x.astype(np.float32) if x.itemsize == 2 else x
    variance, centre = _moments(wide, axis, correction, keepdim)
    real = x.real.dtype
    return np.sqrt(variance).astype(real, copy=False), centre.astype(x.dtype, copy=False)


def _variance(x: Array, *, axis: Shape, correction: float, keepdim: bool) -> Array:
    return _variance_mean(x, axis=axis, correction=correction, keepdim=keepdim)[0]


def _deviation(x: Array, *, axis: Shape, correction: float, keepdim: bool) -> Array:
    return _deviation_mean(x, axis=axis, correction=correction, keepdim=keepdim)[0]


def _slope(x: Any, axis: Shape, correction: float) -> Any:
    """Return the gradient of the variance: ``2 (x - mean) / (n - correction)``."""
    freedom = math.prod([x.shape[a] for a in axis]) - correction
    scale = 2.0 / freedom if freedom > 0 else math.inf
    return (x - mean(x, axis=axis, keepdim=True)) * scale


def _halved(t: Any, out: Any) -> Any:
    """Take ``t`` through the square root whose result is ``out``; 0 where that is 0."""
    return keep_where(t / (2.0 * out), out != 0.0)


def _back(ct: Any, x: Any, axis: Shape, correction: float) -> Any:
    return alike(kept(ct, axis, tuple(x.shape)), x) * _slope(x, axis, correction)


def _along(t: Any, x: Any, axis: Shape, correction: float, keepdim: bool) -> Any:
    return inner(_slope(x, axis, correction), t, axis, keepdim)


var = general(
    "var", _variance, _back,
    lambda tangents, x, axis, correction, keepdim: _along(tangents[0], x, axis, correction, keepdim),
    shift=shift_axis,
)  # fmt: skip
std = general(
    "std", _deviation,
    lambda ct, x, out, axis, correction: _back(_halved(ct, out), x, axis, correction),
    lambda tangents, x, out, axis, correction, keepdim: _halved(
        _along(tangents[0], x, axis, correction, keepdim), out
    ),
    shift=shift_axis,
)  # fmt: skip


def _joined(from_spread: Any, ct: Any, x_shape: Shape, axis: Shape) -> Any:
    """Add what flows back from the mean, where something does; either of the two may be absent."""
    if ct is None:
        return from_spread
    from_mean = mean_transpose(ct, x_shape, axis)
    return from_mean if from_spread is None else from_spread + from_mean


def _var_mean_back(ct: Any, x: Any, axis: Shape, correction: float) -> Any:
    from_var = None if ct[0] is None else _back(ct[0], x, axis, correction)
    return _joined(from_var, ct[1], tuple(x.shape), axis)


def _std_mean_back(ct: Any, x: Any, out: Any, axis: Shape, correction: float) -> Any:
    from_std = None if ct[0] is None else _back(_halved(ct[0], out), x, axis, correction)
    return _joined(from_std, ct[1], tuple(x.shape), axis)


var_mean = general(
    "var_mean", _variance_mean, _var_mean_back,
    lambda tangents, x, axis, correction, keepdim: (
        _along(tangents[0], x, axis, correction, keepdim),
        mean(tangents[0], axis=axis, keepdim=keepdim),
    ),
    outputs=("out", "centre"), shift=shift_axis,
)  # fmt: skip
std_mean = general(
    "std_mean", _deviation_mean, _std_mean_back,
    lambda tangents, x, out, axis, correction, keepdim: (
        _halved(_along(tangents[0], x, axis, correction, keepdim), out),
        mean(tangents[0], axis=axis, keepdim=keepdim),
    ),
    outputs=("out", "centre"), shift=shift_axis,
)  # fmt: skip


def _nansum_definition(x: Any, *, axis: Shape, keepdim: bool) -> Any:
    return sum(keep_where(x, x == x), axis=axis, keepdim=keepdim)


def _nansum_kernel(x: Array, *, axis: Shape, keepdim: bool) -> Array:
    total: Array = sum.forward(x, axis=axis, keepdim=keepdim)
    if np.isnan(total).any():
        total = sum.forward(np.where(x == x, x, x.dtype.type(0)), axis=axis, keepdim=keepdim)
    return total


nansum = composite(
    "nansum", _nansum_definition, _nansum_kernel,
    lambda ct, x, axis: keep_where(spread(ct, axis=axis, shape=tuple(x.shape)), x == x),
    shift=shift_axis,
)  # fmt: skip
"""The sum of what is not NaN. Nothing flows to what is."""

"""Rows of the elementary functions: exponentials and logarithms to every base, angles, hyperbolic functions.

Real and complex alike, with NumPy's branch cuts, which are PyTorch's.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import elementwise
from wengert.rules.elementwise import keep_where, sigmoid, sqrt
from wengert.rules.structural import numpy_dtype

LN2, LN10 = math.log(2.0), math.log(10.0)
RADIANS, DEGREES = math.pi / 180.0, 180.0 / math.pi


def _exp2(x: Array) -> Array:
    if x.dtype.kind == "c":  # which np.exp2 lacks
        scaled = np.empty_like(x)
        # Apart, for as a complex number the real factor makes NaN of an infinity's other part.
        scaled.real, scaled.imag = x.real * LN2, x.imag * LN2
        return np.exp(scaled, out=scaled)
    return np.exp2(x)  # type: ignore[no-any-return]


exp2 = elementwise("exp2", _exp2, lambda t, out: t * (out * LN2), lower="exp2")
log2 = elementwise("log2", np.log2, lambda t, x: t / (x * LN2), lower="log2", domain=(0.1, 4.0))
log10 = elementwise(
    "log10", np.log10, lambda t, x: t / (x * LN10), lower="log10", domain=(0.1, 4.0)
)
log1p = elementwise(
    "log1p", np.log1p, lambda t, x: t / (1.0 + x),
    backward_name="Log1PBackward0", lower="log1p", domain=(-0.9, 4.0),
)  # fmt: skip


def _logaddexp(x: Array, y: Array) -> Array:
    if x.dtype.kind != "c":
        return np.logaddexp(x, y)  # type: ignore[no-any-return]
    high, low = np.where(x.real < y.real, y, x), np.where(x.real < y.real, x, y)
    same = (x == y) & ~np.isfinite(x)
    return np.where(same, x, high + np.log1p(np.exp(low - high)))


logaddexp = elementwise(
    "logaddexp", _logaddexp, lambda t, x, y: t * sigmoid(x - y), lambda t, x, y: t * sigmoid(y - x),
    lower="logaddexp",
)  # fmt: skip
logaddexp2 = elementwise(
    "logaddexp2", lambda x, y: np.logaddexp2(x, y),
    lambda t, x, y: t * sigmoid((x - y) * LN2), lambda t, x, y: t * sigmoid((y - x) * LN2),
    lower="logaddexp2",
)  # fmt: skip

tan = elementwise(
    "tan", np.tan, lambda t, out: t + t * (out * out), lower="tan", domain=(-1.2, 1.2)
)
asin = elementwise(
    "asin", np.arcsin, lambda t, x: t / sqrt(1.0 - x * x), lower="asin", domain=(-0.9, 0.9)
)
acos = elementwise(
    "acos", np.arccos, lambda t, x: -t / sqrt(1.0 - x * x), lower="acos", domain=(-0.9, 0.9)
)
atan = elementwise("atan", np.arctan, lambda t, x: t / (x * x + 1.0), lower="atan")
sinh = elementwise("sinh", np.sinh, lambda t, x: t * cosh(x), lower="sinh")
cosh = elementwise("cosh", np.cosh, lambda t, x: t * sinh(x), lower="cosh")
asinh = elementwise("asinh", np.arcsinh, lambda t, x: t / sqrt(x * x + 1.0), lower="asinh")


def _acosh_rule(t: Any, x: Any) -> Any:
    if numpy_dtype(x).kind == "c":
        return t / (sqrt(x - 1.0) * sqrt(x + 1.0))
    return t / sqrt(x * x - 1.0)


acosh = elementwise("acosh", np.arccosh, _acosh_rule, lower="acosh", domain=(1.2, 4.0))
atanh = elementwise(
    "atanh", np.arctanh, lambda t, x: t / (1.0 - x * x), lower="atanh", domain=(-0.9, 0.9)
)

deg2rad = elementwise(
    "deg2rad", lambda x: np.multiply(x, x.dtype.type(RADIANS)), lambda t: t * RADIANS,
    backward_name="Deg2RadBackward0", lower="deg2rad",
)  # fmt: skip
rad2deg = elementwise(
    "rad2deg", lambda x: np.multiply(x, x.dtype.type(DEGREES)), lambda t: t * DEGREES,
    backward_name="Rad2DegBackward0", lower="rad2deg",
)  # fmt: skip


def _over_square(t: Any, x: Any, y: Any) -> Any:
    """Return ``t / (x ** 2 + y ** 2)``, and 0 at the origin."""
    square = x * x + y * y
    return keep_where(t / square, square != 0.0)


atan2 = elementwise(
    "atan2", np.arctan2, lambda t, x, y: _over_square(t * y, x, y),
    lambda t, x, y: _over_square(-t * x, x, y), lower="atan2", domain=(0.2, 3.0),
)  # fmt: skip
hypot = elementwise(
    "hypot",
    np.hypot,
    lambda t, x, out: t * (x / out),
    lambda t, y, out: t * (y / out),
    lower="hypot",
)

rsqrt = elementwise(
    "rsqrt", lambda x: np.reciprocal(np.sqrt(x)), lambda t, out: t * (-0.5 * out * out * out),
    lower="rsqrt", domain=(0.2, 4.0),
)  # fmt: skip


def _sinc(x: Array, *, order: int) -> Array:
    """Return the derivative of ``sin(u) / u`` in ``u = pi x``, times ``pi ** order``.

    Near 0 by its series; elsewhere by ``u j(n) = sin(n) - n j(n - 1)``, which loses digits there.
    """
    wide = x.astype(np.float32) if x.itemsize == 2 else x
    u = wide * wide.dtype.type(math.pi)
    near = np.abs(u) < 1.0 + order
    far = np.where(near, u.dtype.type(1), u)
    out = np.sin(far) / far
    for n in range(1, order + 1):
        out = ((np.sin, np.cos)[n % 2](far) * (-1.0) ** (n // 2) - n * out) / far
    if near.any():
        out = np.where(near, _sinc_series(np.where(near, u, u.dtype.type(0)), order), out)
    return (out * math.pi**order).astype(x.dtype)  # type: ignore[no-any-return]


def _sinc_series(u: Array, order: int) -> Array:
    """Return the sum over 2k >= n of ``(-1) ** k u ** (2k - n) / ((2k + 1) (2k - n)!)``, to the last digit."""
    first = (order + 1) // 2
    power: Any = u if order % 2 else np.ones_like(u)
    total = np.zeros_like(u)
    for k in range(first, first + 10 + 2 * order):
        total = total + power * ((-1.0) ** k / (2 * k + 1))
        power = power * (u * u) * (1.0 / ((2 * k + 1 - order) * (2 * k + 2 - order)))
    return total


sinc = elementwise(
    "sinc", _sinc, lambda t, x, order: t * sinc(x, order=order + 1), domain=(-2.0, 2.0)
)
"""``sin(pi x) / (pi x)``, 1 at 0, and with ``order`` its derivatives, exact at 0 like everywhere."""

"""Rows of activation functions, each one node. Where a slope takes many steps it is a row with a kernel of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import composite, elementwise
from wengert.core.strides import by_rows, hollow_like
from wengert.rules.blocks import in_blocks
from wengert.rules.elementwise import abs, exp, keep_where, sigmoid, sign, square, tanh, where
from wengert.rules.memory import zero
from wengert.rules.selection import chosen, selected
from wengert.rules.structural import cat, slice_


def _hardtanh(x: Array, *, low: float, high: float) -> Array:
    kind = x.dtype.type
    return np.minimum(np.maximum(x, kind(low)), kind(high))  # type: ignore[no-any-return]


hardtanh = elementwise(
    "hardtanh", _hardtanh, lambda t, x, low, high: keep_where(t, ~((x <= low) | (x >= high))),
    moves=True, selects=(0,),
)  # fmt: skip


def _threshold(x: Array, *, limit: float, value: float) -> Array:
    return chosen(~(x <= x.dtype.type(limit)), x, x.dtype.type(value))


threshold = elementwise(
    "threshold", _threshold, lambda t, x, limit: keep_where(t, ~(x <= limit)),
    moves=True, selects=(0,),
)  # fmt: skip


@in_blocks
def _leaky_relu(x: Array, *, slope: float) -> Array:
    scaled = x * x.dtype.type(slope)
    return np.maximum(x, scaled) if 0 < slope <= 1 else chosen(x > 0, x, scaled)  # type: ignore[no-any-return]


@in_blocks
def _leaky_slope(x: Array, *, slope: float) -> Array:
    return chosen(x > 0, x.dtype.type(1), x.dtype.type(slope))


leaky_relu = elementwise(
    "leaky_relu", _leaky_relu, lambda t, x, slope: t * leaky_slope(x, slope=slope)
)
leaky_slope = elementwise(
    "leaky_slope",
    _leaky_slope,
    lambda t: zero(t),
    backward_name="LeakyReluBackwardBackward0",
    spoken="backward of leaky_relu",
)
rrelu_mean = leaky_relu.named("rrelu_mean", "RreluWithNoiseBackward0", spoken="rrelu")


def _prelu(x: Array, y: Array) -> Array:
    return chosen(x > 0, x, x * y)


prelu = elementwise(
    "prelu", _prelu,
    lambda t, x, y: where(x > 0.0, t, t * y), lambda t, x: keep_where(t * x, ~(x > 0.0)),
    masks=(lambda mask: mask, lambda mask, x: keep_where(mask, ~(x > 0.0))),
    selects=(1,), backward_name="PreluKernelBackward0",
)  # fmt: skip
"""``x`` where it is positive, else ``x * y``."""

rrelu = prelu.named("rrelu", "RreluWithNoiseBackward0")


@in_blocks
def _elu(x: Array, *, factor: float, scale: float, rate: float) -> Array:
    kind = x.dtype.type
    below = np.minimum(x, kind(0))
    below *= kind(rate)
    np.expm1(below, out=below)
    below *= kind(factor * scale)
    above = np.maximum(x, kind(0))
    if scale != 1:
        above *= kind(scale)
    above += below
    return above  # type: ignore[no-any-return]


@in_blocks
def _elu_slope(x: Array, *, factor: float, scale: float, rate: float) -> Array:
    kind = x.dtype.type
    below = np.minimum(x, kind(0))
    below *= kind(rate)
    np.exp(below, out=below)
    below *= kind(factor * scale * rate)
    return chosen(x <= 0, below, kind(scale))


elu = elementwise(
    "elu", _elu,
    lambda t, x, factor, scale, rate: t * elu_slope(x, factor=factor, scale=scale, rate=rate),
)  # fmt: skip
"""``scale * x`` where x is positive, else ``factor * scale * (exp(rate * x) - 1)``."""

celu = elu.named("celu", "CeluBackward0")
elu_slope = elementwise(
    "elu_slope", _elu_slope,
    lambda t, x, factor, scale, rate:
        keep_where(t * exp(x * rate) * (factor * scale * rate * rate), x < 0.0),
    masks=(lambda mask, x: keep_where(mask, x < 0.0),), selects=(0,),
    backward_name="EluBackwardBackward0",
    spoken="backward of elu",
)  # fmt: skip


@in_blocks
def _silu(x: Array) -> Array:
    out = np.exp(-x)
    out += 1
    return np.divide(x, out, out=out)


@in_blocks
def _silu_slope(x: Array) -> Array:
    s = np.exp(-x)
    s += 1
    np.reciprocal(s, out=s)
    out = 1 - s
    out *= x
    out += 1
    out *= s
    return out  # type: ignore[no-any-return]


def _silu_curve(t: Any, x: Any) -> Any:
    s = sigmoid(x)
    return t * (s * (1.0 - s) * (2.0 + x * (1.0 - 2.0 * s)))


silu = elementwise("silu", _silu, lambda t, x: t * silu_slope(x), lower="silu")
silu_slope = elementwise(
    "silu_slope",
    _silu_slope,
    _silu_curve,
    backward_name="SiluBackwardBackward0",
    spoken="backward of silu",
)


@in_blocks
def _softplus(x: Array, *, beta: float, limit: float) -> Array:
    kind = x.dtype.type
    z = x if beta == 1 else x * kind(beta)
    out = np.minimum(z, kind(limit))
    np.log1p(np.exp(out, out=out), out=out)
    if beta != 1:
        out /= kind(beta)
    return chosen(z > kind(limit), x, out)


@in_blocks
def _softplus_slope(x: Array, *, beta: float, limit: float) -> Array:
    z = x if beta == 1 else x * x.dtype.type(beta)
    return chosen(z > x.dtype.type(limit), x.dtype.type(1), sigmoid.forward(z))


def _softplus_curve(t: Any, x: Any, beta: float, limit: float) -> Any:
    s = sigmoid(x * beta)
    return keep_where(t * (s * (1.0 - s) * beta), x * beta < limit)


softplus = elementwise(
    "softplus", _softplus,
    lambda t, x, beta, limit: t * softplus_slope(x, beta=beta, limit=limit),
)  # fmt: skip
"""``log(1 + exp(beta * x)) / beta``, and x itself where ``beta * x`` is above ``limit``."""

softplus_slope = elementwise(
    "softplus_slope", _softplus_slope, _softplus_curve,
    masks=(lambda mask, x, beta, limit: keep_where(mask, x * beta < limit),), selects=(0,),
    backward_name="SoftplusBackwardBackward0",
    spoken="backward of softplus",
)  # fmt: skip


def _half_tanh(x: Array) -> tuple[Array, Array]:
    """Return ``e = exp(x)`` and ``n = e (e + 2)``: the tanh of softplus(x) is ``n / (n + 2)``, 1 from x = 20 on."""
    e = np.minimum(x, x.dtype.type(20))
    np.exp(e, out=e)
    return e, e * (e + 2)


@in_blocks
def _mish(x: Array) -> Array:
    _, n = _half_tanh(x)
    return x * np.divide(n, n + 2)  # type: ignore[no-any-return]


@in_blocks
def _mish_slope(x: Array) -> Array:
    e, n = _half_tanh(x)
    share = np.reciprocal(n + 2)
    out = e + 1
    out *= e
    out *= 4
    out *= share
    out *= np.minimum(x, x.dtype.type(20))
    out += n
    out *= share
    return out  # type: ignore[no-any-return]


def _mish_curve(t: Any, x: Any) -> Any:
    s = sigmoid(x)
    w = tanh(softplus(x, beta=1.0, limit=20.0))
    first = (1.0 - w * w) * s
    return t * (first * (2.0 + x * ((1.0 - s) - 2.0 * w * s)))


mish = elementwise("mish", _mish, lambda t, x: t * mish_slope(x))
"""``x * tanh(softplus(x))``."""

mish_slope = elementwise(
    "mish_slope",
    _mish_slope,
    _mish_curve,
    backward_name="MishBackwardBackward0",
    spoken="backward of mish",
)


def _softsign(x: Array) -> Array:
    return np.divide(x, np.absolute(x) + 1)  # type: ignore[no-any-return]


softsign = elementwise(
    "softsign", _softsign, lambda t, x: t * softsign_slope(x), backward_name="DivBackward0"
)
softsign_slope = elementwise(
    "softsign_slope", lambda x: np.reciprocal(np.square(np.absolute(x) + 1)),
    lambda t, x, out: t * (-2.0 * sign(x) * out / (abs(x) + 1.0)), backward_name="DivBackward0",
    spoken="backward of softsign",
)  # fmt: skip

tanhshrink = elementwise(
    "tanhshrink", lambda x: x - np.tanh(x), lambda t, x: t * square(tanh(x)),
    backward_name="SubBackward0",
)  # fmt: skip


def _hardsigmoid(x: Array) -> Array:
    out = _hardtanh(x + 3, low=0, high=6)
    out /= 6
    return out


hardsigmoid = elementwise(
    "hardsigmoid", _hardsigmoid,
    lambda t, x: keep_where(t * (1.0 / 6.0), (x > -3.0) & (x < 3.0)),
    masks=(lambda mask, x: keep_where(mask, (x > -3.0) & (x < 3.0)),), selects=(0,), domain=(-4.0, 4.0),
)  # fmt: skip


def _hardswish(x: Array) -> Array:
    out = _hardtanh(x + 3, low=0, high=6)
    out *= x
    out /= 6
    return out


hardswish = elementwise(
    "hardswish", _hardswish,
    lambda t, x: where(x < 3.0, keep_where(t * (x * (1.0 / 3.0) + 0.5), x > -3.0), t),
    masks=(lambda mask, x: keep_where(mask, ~(x <= -3.0)),), selects=(0,), domain=(-4.0, 4.0),
)  # fmt: skip


def _beyond(x: Any, limit: float) -> Any:
    return ~((x >= -limit) & (x <= limit))


def _hardshrink(x: Array, *, limit: float) -> Array:
    return selected(_beyond(x, limit), x)


hardshrink = elementwise(
    "hardshrink", _hardshrink, lambda t, x, limit: keep_where(t, _beyond(x, limit)),
    moves=True, selects=(0,),
)  # fmt: skip


def _softshrink(x: Array, *, limit: float) -> Array:
    # A product with 0 keeps the sign of what vanishes.
    shrunk = x - _hardtanh(x, low=-limit, high=limit)
    return chosen(_beyond(x, limit), shrunk, x * x.dtype.type(0))


softshrink = elementwise(
    "softshrink", _softshrink, lambda t, x, limit: keep_where(t, _beyond(x, limit)),
    moves=True, selects=(0,),
)  # fmt: skip


@in_blocks
def _log_sigmoid(x: Array) -> Array:
    out = np.absolute(x)
    np.negative(out, out=out)
    np.log1p(np.exp(out, out=out), out=out)
    return np.minimum(x, x.dtype.type(0)) - out  # type: ignore[no-any-return]


log_sigmoid = elementwise(
    "log_sigmoid",
    lambda x: _log_sigmoid(by_rows(x)),
    lambda t, x: t * sigmoid(-x),
    spoken="logsigmoid",
)


def _halves(x: Any, dim: int) -> tuple[Any, Any]:
    n = x.shape[dim] // 2
    front = (slice(None),) * dim
    return slice_(x, index=(*front, slice(0, n))), slice_(x, index=(*front, slice(n, 2 * n)))


def _glu_definition(x: Any, *, dim: int) -> Any:
    a, b = _halves(x, dim)
    return a * sigmoid(b)


def _glu_vjp(ct: Any, x: Any, dim: int) -> Any:
    a, b = _halves(x, dim)
    s = sigmoid(b)
    through = ct * s
    return cat(through, through * (1.0 - s) * a, dim=dim)


def _glu_outline(x: Array, *, dim: int) -> Array:
    return hollow_like(_halves(x, dim)[0])


glu = composite(
    "glu", _glu_definition, None, _glu_vjp, shift=lambda p, size: {"dim": p["dim"] + 1},
    outline=_glu_outline,
)  # fmt: skip
"""The first half along ``dim`` times the sigmoid of the second."""

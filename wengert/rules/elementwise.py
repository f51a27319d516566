"""Rows that work element by element. The rule `t -> t * df/dx` of each operand serves tangents and cotangents alike.

The parameter names of a rule are what it keeps: ``x, y, z`` operands, ``out`` the result. Names no NumPy in a rule.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import constant, elementwise, linear
from wengert.rules.structural import clear_slice

add = elementwise("add", np.add, lambda t: t, lambda t: t, lower="fadd")
sub = elementwise("sub", np.subtract, lambda t: t, lambda t: -t, lower="fsub")
mul = elementwise("mul", np.multiply, lambda t, y: t * y, lambda t, x: t * x, lower="fmul")
div = elementwise(
    "div", np.true_divide, lambda t, y: t / y, lambda t, y, out: -t * (out / y), lower="fdiv"
)
neg = elementwise("neg", np.negative, lambda t: -t, lower="fneg")
rsub = elementwise(
    "rsub", lambda x, y: np.subtract(y, x), lambda t: -t, lambda t: t, backward_name="RsubBackward1"
)
reciprocal = elementwise("reciprocal", np.reciprocal, lambda t, out: -t * out * out, lower="frecip")

exp = elementwise("exp", np.exp, lambda t, out: t * out, lower="exp")
log = elementwise("log", np.log, lambda t, x: t / x, lower="log", domain=(0.1, 4.0))
sqrt = elementwise("sqrt", np.sqrt, lambda t, out: t / (2.0 * out), lower="sqrt", domain=(0.1, 4.0))
sin = elementwise("sin", np.sin, lambda t, x: t * cos(x), lower="sin")
cos = elementwise("cos", np.cos, lambda t, x: -t * sin(x), lower="cos")
tanh = elementwise("tanh", np.tanh, lambda t, out: t - t * out * out, lower="tanh")


def _sigmoid(x: Array) -> Array:
    return np.reciprocal(1 + np.exp(-x))  # type: ignore[no-any-return]


sigmoid = elementwise("sigmoid", _sigmoid, lambda t, out: t * (out * (1.0 - out)), lower="sigmoid")


def _keep_where(x: Array, mask: Array) -> Array:
    return np.where(mask, x, x.dtype.type(0))


keep_where = linear(
    "keep_where", _keep_where, [lambda ct, mask: keep_where(ct, mask), None],
    masks=(lambda x, mask: mask, None), aligned=True,
)  # fmt: skip
"""``x`` where the mask is true, exact zero elsewhere (whatever ``x`` is there)."""


def _where(mask: Array, x: Array, y: Array) -> Array:
    return np.where(mask, x, y)


where = linear(
    "where", _where,
    [None, lambda ct, mask: keep_where(ct, mask), lambda ct, mask: keep_where(ct, ~mask)],
    masks=(None, lambda mask, x, y: mask, lambda mask, x, y: ~mask), lower="select",
    aligned=True,
)  # fmt: skip


def _relu(x: Array) -> Array:
    return np.maximum(x, x.dtype.type(0))


relu = elementwise("relu", _relu, lambda t, out: keep_where(t, ~(out <= 0.0)), lower="relu")

sign = constant("sign", np.sign, operands=1)
abs = elementwise("abs", np.absolute, lambda t, x: t * sign(x), lower="fabs")


def _share(t: Any, better: Any, tie: Any) -> Any:
    """Give ``t`` to the operand that won, half of it on a tie, exact zero otherwise."""
    return where(tie, t * 0.5, keep_where(t, better))


maximum = elementwise(
    "maximum", np.maximum,
    lambda t, x, y: _share(t, ~(x < y), x == y), lambda t, x, y: _share(t, ~(y < x), x == y),
    lower="fmax",
)  # fmt: skip
minimum = elementwise(
    "minimum", np.minimum,
    lambda t, x, y: _share(t, ~(x > y), x == y), lambda t, x, y: _share(t, ~(y > x), x == y),
    lower="fmin",
)  # fmt: skip


def _power(x: Array, *, exponent: float) -> Array:
    if exponent == 2:
        return np.multiply(x, x)
    if exponent == 3:
        return np.multiply(np.multiply(x, x), x)
    if exponent == 1:
        return x.copy()
    if exponent == 0.5:
        return np.sqrt(x)
    return np.power(x, x.dtype.type(exponent))  # type: ignore[no-any-return]


def _power_rule(t: Any, x: Any, exponent: float) -> Any:
    if exponent == 0:
        return clear_slice(t, index=(Ellipsis,))
    if exponent == 1:
        return t
    if exponent == 2:
        return t * (2.0 * x)
    return t * (exponent * power(x, exponent=exponent - 1))


power = elementwise(
    "power", _power, _power_rule, backward_name="PowBackward0", lower="powi", domain=(0.2, 3.0)
)
"""``x ** exponent`` with a Python number as exponent."""


def _pow_base(t: Any, x: Any, y: Any) -> Any:
    return keep_where(t * (y * pow(x, y - 1.0)), y != 0.0)


def _pow_exponent(t: Any, x: Any, y: Any, out: Any) -> Any:
    return keep_where(t * (out * log(x)), ~((x == 0.0) & (y >= 0.0)))


pow = elementwise(
    "pow", np.power, _pow_base, _pow_exponent,
    backward_name="PowBackward1", lower="pow", domain=(0.2, 3.0),
)  # fmt: skip

eq = constant("eq", np.equal, operands=2)
ne = constant("ne", np.not_equal, operands=2)
lt = constant("lt", np.less, operands=2)
le = constant("le", np.less_equal, operands=2)
gt = constant("gt", np.greater, operands=2)
ge = constant("ge", np.greater_equal, operands=2)
invert = constant("invert", np.invert, operands=1)
bit_and = constant("bit_and", np.bitwise_and, operands=2)
bit_or = constant("bit_or", np.bitwise_or, operands=2)
bit_xor = constant("bit_xor", np.bitwise_xor, operands=2)
isnan = constant("isnan", np.isnan, operands=1)
isfinite = constant("isfinite", np.isfinite, operands=1)
floor_divide = constant("floor_divide", np.floor_divide, operands=2)

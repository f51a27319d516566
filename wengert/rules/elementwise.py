"""Rows that work element by element. The rule `t -> t * df/dx` of each operand serves tangents and cotangents alike.

The parameter names of a rule are what it keeps: ``x, y, z`` operands, ``out`` the result. Names no NumPy in a rule.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import Primitive, constant, elementwise, general, linear
from wengert.errors import DTypeError
from wengert.rules.selection import chosen, cleared, selected
from wengert.rules.structural import cast, clear_slice, conj, numpy_dtype

add = elementwise("add", np.add, lambda t: t, lambda t: t, lower="fadd")
sub = elementwise("sub", np.subtract, lambda t: t, lambda t: -t, lower="fsub")
mul = elementwise("mul", np.multiply, lambda t, y: t * y, lambda t, x: t * x, lower="fmul")
div = elementwise(
    "div", np.true_divide, lambda t, y: t / y, lambda t, x, y: -t * (x / y / y), lower="fdiv"
)
neg = elementwise("neg", np.negative, lambda t: -t, lower="fneg")


rsub = elementwise("rsub", lambda x, y: np.subtract(y, x), lambda t: -t, lambda t: t)
rsub_number = rsub.named("rsub_number", "RsubBackward1", spoken="rsub")
reciprocal = elementwise("reciprocal", np.reciprocal, lambda t, out: -t * out * out, lower="frecip")

exp = elementwise("exp", np.exp, lambda t, out: t * out, lower="exp")
expm1 = elementwise("expm1", np.expm1, lambda t, out: t + t * out, lower="expm1")
log = elementwise("log", np.log, lambda t, x: t / x, lower="log", domain=(0.1, 4.0))
sqrt = elementwise("sqrt", np.sqrt, lambda t, out: t / (2.0 * out), lower="sqrt", domain=(0.1, 4.0))
sin = elementwise("sin", np.sin, lambda t, x: t * cos(x), lower="sin")
cos = elementwise("cos", np.cos, lambda t, x: -t * sin(x), lower="cos")
tanh = elementwise("tanh", np.tanh, lambda t, out: t - t * out * out, lower="tanh")


def _sigmoid(x: Array) -> Array:
    return np.reciprocal(1 + np.exp(-x))  # type: ignore[no-any-return]


sigmoid = elementwise("sigmoid", _sigmoid, lambda t, out: t * (out * (1.0 - out)), lower="sigmoid")


def _keep_where(x: Array, mask: Array) -> Array:
    return selected(mask, x)


keep_where = linear(
    "keep_where", _keep_where, [lambda ct, mask: keep_where(ct, mask), None],
    moves=True, selects=(0,), aligned=True,
)  # fmt: skip
"""``x`` where the mask is true, exact zero elsewhere (whatever ``x`` is there)."""


def _where(mask: Array, x: Array, y: Array) -> Array:
    return chosen(mask, x, y)


where = linear(
    "where", _where,
    [None, lambda ct, mask: keep_where(ct, mask), lambda ct, mask: keep_where(ct, ~mask)],
    moves=True, selects=(1, 2), lower="select", aligned=True,
)  # fmt: skip


def _nothing(t: Any) -> Any:
    """Return zeros that hang on ``t``: a derivative that is 0 everywhere, and not absent."""
    return clear_slice(t, index=(Ellipsis,))


def _gate(x: Array, y: Array) -> Array:
    return cleared(y <= 0, x)


gate = elementwise(
    "gate", _gate, lambda t, y: gate(t, y), lambda t: _nothing(t),
    moves=True, selects=(0, 1), backward_name="ThresholdBackwardBackward0",
    spoken="backward of relu",
)  # fmt: skip
"""``x`` except where ``y <= 0``, where it is exactly 0: relu's slope, which stays on the tape of ``y``."""


@functools.cache
def _zero_of(dtype: np.dtype[Any]) -> Array:
    return np.zeros((), dtype)


def _relu(x: Array) -> Array:
    # In this order a -0.0 stays one.
    return np.maximum(_zero_of(x.dtype), x)


relu = elementwise(
    "relu", _relu, lambda t, out: gate(t, out), lower="relu", moves=True, selects=(0,)
)


def _sign(x: Array) -> Array:
    # NumPy's sign of NaN is NaN; PyTorch's is 0.
    return np.subtract(x > 0, x < 0, dtype=x.dtype)


sign = elementwise("sign", _sign, lambda t: _nothing(t), moves=True, selects=(0,))
sgn_real = sign.named("sgn_real", "SgnBackward0", spoken="sgn")
abs = elementwise("abs", np.absolute, lambda t, x: t * sign(x), lower="fabs")


def _sgn(x: Array) -> Array:
    size = np.absolute(x)
    return np.where(size == 0, x.dtype.type(0), x / np.where(size == 0, size.dtype.type(1), size))


def _across(t: Any, x: Any, out: Any) -> Any:
    """Return the part of ``t`` at right angles to ``x``, over ``|x|``: a direction does not change along itself."""
    dtype = numpy_dtype(x)
    along = cast(_real(conj(out) * t), dtype=dtype, source=dtype.type(0).real.dtype)
    size = cast(modulus(x), dtype=dtype, source=dtype.type(0).real.dtype)
    return keep_where((t - out * along) / size, x != 0.0)


sgn = general(
    "sgn", _sgn, _across, lambda tangents, x, out: _across(tangents[0], x, out), aligned=True
)
"""The direction ``x / |x|`` of complex numbers, 0 at 0, where its derivatives are 0 too."""


def _modulus_vjp(ct: Any, x: Any) -> Any:
    return cast(ct, dtype=numpy_dtype(x), source=numpy_dtype(ct)) * sgn(x)


def _modulus_jvp(tangents: Any, x: Any) -> Any:
    return _real(conj(sgn(x)) * tangents[0])


def _modulus(x: Array) -> Array:
    return np.absolute(x)  # type: ignore[no-any-return]


modulus = general(
    "modulus",
    _modulus,
    _modulus_vjp,
    _modulus_jvp,
    aligned=True,
    backward_name="AbsBackward0",
    spoken="abs",
)
"""The absolute value of complex numbers, a real one. Its gradient is the direction ``x / |x|``, 0 at 0."""


def _share(t: Any, better: Any, tie: Any) -> Any:
    """Give ``t`` to the operand that won, half of it on a tie, exact zero otherwise."""
    return where(tie, t * 0.5, keep_where(t, better))


def _first_of_equals(pick: Any) -> Any:
    """Return NumPy's maximum or minimum with the operands swapped, so that of 0.0 and -0.0 the first one stays."""
    return lambda x, y: pick(y, x)


def _choosing(name: str, pick: Any, loses: Any, lower: str) -> Primitive:
    """Declare maximum or minimum: ``loses(x, y)`` says where x is passed over for y."""
    return elementwise(
        name, _first_of_equals(pick),
        lambda t, x, y: _share(t, ~loses(x, y), x == y),
        lambda t, x, y: _share(t, ~loses(y, x), x == y),
        masks=(
            lambda mask, x, y: keep_where(mask, ~loses(x, y)),
            lambda mask, x, y: keep_where(mask, ~loses(y, x)),
        ),
        selects=(0, 1), lower=lower,
    )  # fmt: skip


maximum = _choosing("maximum", np.maximum, lambda x, y: x < y, "fmax")
minimum = _choosing("minimum", np.minimum, lambda x, y: x > y, "fmin")


def _power(x: Array, *, exponent: float) -> Array:
    if exponent == 2:
        return np.multiply(x, x)
    if exponent == 3:
        return np.multiply(np.multiply(x, x), x)
    if exponent == 1:
        return x.copy()
    if exponent == 0.5:
        return np.sqrt(x)
    if exponent == -1:
        return np.reciprocal(x)
    if exponent == -0.5:
        return np.reciprocal(np.sqrt(x))
    if exponent == -2:
        return np.reciprocal(np.multiply(x, x))
    return np.power(x, x.dtype.type(exponent))  # type: ignore[no-any-return]


power = elementwise(
    "power", _power, lambda t, x, exponent: t * power_slope(x, exponent=exponent),
    backward_name="PowBackward0", lower="powi", domain=(0.2, 3.0),
    spoken="pow",
)  # fmt: skip
"""``x ** exponent`` with a Python number as exponent."""


def _power_slope(x: Array, *, exponent: float) -> Array:
    if exponent == 0:
        return np.zeros_like(x)
    if exponent == 1:
        return np.ones_like(x)
    return _power(x, exponent=exponent - 1) * x.dtype.type(exponent)  # type: ignore[no-any-return]


def _power_slope_rule(t: Any, x: Any, exponent: float) -> Any:
    if exponent == 0:
        return _nothing(t)
    return t * (float(exponent) * power_slope(x, exponent=exponent - 1))


power_slope = elementwise(
    "power_slope",
    _power_slope,
    _power_slope_rule,
    backward_name="PowBackward0",
    domain=(0.2, 3.0),
    spoken="backward of pow",
)
"""``exponent * x ** (exponent - 1)``, exactly 0 for the exponent 0: every derivative of a power stays on the tape."""


def _twice(x: Array) -> Array:
    return np.add(x, x)


twice = elementwise("twice", _twice, lambda t, x: t * (2.0 * power_slope(x, exponent=1)))


def _square(x: Array) -> Array:
    return np.multiply(x, x)


square = elementwise("square", _square, lambda t, x: t * twice(x), backward_name="PowBackward0")
"""``x ** 2``, the power that programs take most, without a parameter."""


def _pow(x: Array, y: Array) -> Array:
    if y.dtype.kind == "i" and (y < 0).any():
        return _integer_pow(x, y)
    return np.power(x, y)  # type: ignore[no-any-return]


def _integer_pow(x: Array, y: Array) -> Array:
    """Raise integers to powers that may be negative: as PyTorch does, only 1 and -1 have an inverse."""
    odd = np.where(y % 2 == 0, np.abs(x), x)
    inverse = np.where(np.abs(x) == 1, odd, 0)
    return np.where(y < 0, inverse, np.power(x, np.maximum(y, 0))).astype(x.dtype)


def _pow_base(t: Any, x: Any, y: Any) -> Any:
    return keep_where(t * (y * pow(x, y - 1.0)), y != 0.0)


def _pow_exponent(t: Any, x: Any, y: Any, out: Any) -> Any:
    return keep_where(t * (out * log(x)), ~_stays_zero(x, y))


def _stays_zero(x: Any, y: Any) -> Any:
    """Return where a power does not depend on its exponent: at the base 0."""
    return (x == 0.0) & (_real(y) >= 0.0)


def _real(x: Any) -> Any:
    """Return the real part of complex numbers; real ones as they are."""
    dtype = numpy_dtype(x)
    return cast(x, dtype=dtype.type(0).real.dtype, source=dtype) if dtype.kind == "c" else x


pow = elementwise(
    "pow", _pow, _pow_base, _pow_exponent,
    masks=(
        lambda mask, y: keep_where(mask, y != 0.0),
        lambda mask, x, y: keep_where(mask, ~_stays_zero(x, y)),
    ),
    selects=(0, 1), backward_name="PowBackward1", lower="pow", domain=(0.2, 3.0),
)  # fmt: skip
number_pow = pow.named("number_pow", "PowBackward2", spoken="pow")

eq = constant("eq", np.equal, operands=2)
ne = constant("ne", np.not_equal, operands=2)
lt = constant("lt", np.less, operands=2)
le = constant("le", np.less_equal, operands=2)
gt = constant("gt", np.greater, operands=2)
ge = constant("ge", np.greater_equal, operands=2)
invert = constant("invert", np.invert, operands=1, spoken="bitwise_not")
bit_and = constant("bit_and", np.bitwise_and, operands=2, spoken="bitwise_and")
bit_or = constant("bit_or", np.bitwise_or, operands=2, spoken="bitwise_or")
bit_xor = constant("bit_xor", np.bitwise_xor, operands=2, spoken="bitwise_xor")
isnan = constant("isnan", np.isnan, operands=1)
isfinite = constant("isfinite", np.isfinite, operands=1)


def no_zero_divisor(op: str, y: Array) -> None:
    """Raise RuntimeError when integers are divided by 0."""
    if y.dtype.kind in "iu" and not y.all():
        raise DTypeError(
            f"{op}: ZeroDivisionError: integers were divided by 0, for which they have no value. "
            f"Convert them with `.float()`, or replace the zeros of the divisor with `torch.where`."
        )


def _floor_divide(x: Array, y: Array) -> Array:
    no_zero_divisor("floor_divide", y)
    return np.floor_divide(x, y)  # type: ignore[no-any-return]


floor_divide = constant("floor_divide", _floor_divide, operands=2, outline=np.floor_divide)


def _remainder(x: Array, y: Array) -> Array:
    """Return ``x - y * floor(x / y)``, of the divisor's sign. A zero has the sign of x, as in PyTorch."""
    no_zero_divisor("remainder", y)
    out = np.remainder(x, y)
    return np.where(out == 0, np.copysign(out, x), out) if out.dtype.kind == "f" else out


remainder = elementwise(
    "remainder", _remainder, lambda t: t, lambda t, x, y: -t * floor_divide(x, y),
    backward_name="RemainderBackward1", domain=(0.2, 3.0), outline=np.remainder,
)  # fmt: skip
remainder_number = remainder.named("remainder_number", "RemainderBackward0", spoken="remainder")

"""Rows that round, take remainders and signs: steps of slope 0, and what is left between two steps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import Primitive, constant, elementwise, general
from wengert.rules.elementwise import keep_where, no_zero_divisor, sign
from wengert.rules.memory import zero
from wengert.rules.structural import as_dtype_of


def _step(name: str, forward: Any, lower: str | None = None, **more: Any) -> Primitive:
    """Declare a function of one operand that is constant between its jumps: its slope is 0 there and at them."""
    return elementwise(
        name, forward, lambda t: zero(t), lower=lower, moves=True, selects=(0,), **more
    )


floor = _step("floor", np.floor, "floor", domain=(0.1, 0.9))
ceil = _step("ceil", np.ceil, "ceil", domain=(0.1, 0.9))
trunc = _step("trunc", np.trunc, "trunc", domain=(0.1, 0.9))
round = _step("round", np.rint, "round", domain=(0.6, 1.4))
frac = elementwise("frac", lambda x: x - np.trunc(x), lambda t: t, lower="frac", domain=(0.1, 0.9))


def _round_to(x: Array, *, decimals: int) -> Array:
    scale = x.dtype.type(10.0 ** abs(decimals))
    if decimals < 0:
        return np.rint(x / scale) * scale  # type: ignore[no-any-return]
    return np.rint(x * scale) / scale  # type: ignore[no-any-return]


round_to = _step("round_to", _round_to, backward_name="RoundBackward1", spoken="round")
"""``x`` rounded to so many decimals, halves to even; negative ones are tens, hundreds ..."""


def _div_trunc(x: Array, y: Array) -> Array:
    if x.dtype.kind == "f":
        return np.trunc(x / y)  # type: ignore[no-any-return]
    no_zero_divisor("div", y)
    down = np.floor_divide(x, y)
    return np.where((down < 0) & (down * y != x), down + x.dtype.type(1), down)


def _div_floor(x: Array, y: Array) -> Array:
    no_zero_divisor("div", y)
    return np.floor_divide(x, y)  # type: ignore[no-any-return]


div_trunc = elementwise(
    "div_trunc", _div_trunc, lambda t: zero(t), lambda t: zero(t), moves=True, selects=(0, 1),
    backward_name="DivBackward2", domain=(0.2, 3.0), outline=np.floor_divide,
    spoken="div",
)  # fmt: skip
div_floor = elementwise(
    "div_floor", _div_floor, lambda t: zero(t), lambda t: zero(t), moves=True, selects=(0, 1),
    backward_name="DivBackward2", domain=(0.2, 3.0), outline=np.floor_divide,
    spoken="div",
)  # fmt: skip
"""Quotients rounded towards 0 or down. Unlike `floor_divide` they are on the tape, with slope 0."""


def _fmod(x: Array, y: Array) -> Array:
    no_zero_divisor("fmod", y)
    return np.fmod(x, y)  # type: ignore[no-any-return]


fmod = elementwise(
    "fmod", _fmod, lambda t: t, lambda t, x, y: -t * div_trunc(x, y),
    backward_name="FmodBackward1", domain=(0.2, 3.0), outline=np.fmod,
)  # fmt: skip
fmod_number = fmod.named("fmod_number", "FmodBackward0", spoken="fmod")

copysign = elementwise(
    "copysign", np.copysign, lambda t, x, out: t * (sign(x) * sign(out)), lambda t: zero(t),
    lower="copysign", domain=(0.2, 3.0),
)  # fmt: skip
copysign_number = copysign.named("copysign_number", "CopysignBackward1", spoken="copysign")

nextafter = elementwise(
    "nextafter", np.nextafter, lambda t, x, y: keep_where(t, x != y), lambda t: zero(t),
    moves=True, selects=(0, 1),
)  # fmt: skip


def _ldexp(x: Array, y: Array) -> Array:
    return x * np.exp2(y)  # type: ignore[no-any-return]


ldexp = elementwise(
    "ldexp",
    _ldexp,
    lambda t, y: ldexp(t, y),
    lambda t, out: t * (out * math.log(2.0)),
    lower="ldexp",
)
"""``x * 2 ** y``."""


def _frexp(x: Array) -> tuple[Array, Array]:
    return np.frexp(x)  # type: ignore[no-any-return]


def _unscaled(t: Any, exponent: Any) -> Any:
    return ldexp(t, as_dtype_of(-exponent, t))


frexp = general(
    "frexp", _frexp, lambda ct, exponent: _unscaled(ct[0], exponent),
    lambda tangents, exponent: (_unscaled(tangents[0], exponent), None),
    outputs=("mantissa", "exponent"), shift=lambda p, size: p,
)  # fmt: skip
"""``x`` as ``mantissa * 2 ** exponent``, with a mantissa from 0.5 to 1 and a whole exponent."""


def _heaviside(x: Array, y: Array) -> Array:
    return np.where(x == 0, y, (x > 0).astype(x.dtype))


heaviside = elementwise(
    "heaviside", _heaviside, lambda t: zero(t), lambda t, x: keep_where(t, x == 0.0)
)


def _signbit(x: Array) -> Array:
    return np.signbit(x) if x.dtype.kind == "f" else np.less(x, 0)


signbit = constant("signbit", _signbit, operands=1)
gcd = constant("gcd", np.gcd, operands=2)
lcm = constant("lcm", np.lcm, operands=2)
shift_left = constant("shift_left", np.left_shift, operands=2, spoken="bitwise_left_shift")
shift_right = constant("shift_right", np.right_shift, operands=2, spoken="bitwise_right_shift")

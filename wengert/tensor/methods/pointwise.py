"""Methods that work element by element."""

from __future__ import annotations

from typing import Any

from wengert.tape.storage import Recorded
from wengert.tensor import (
    arithmetic,
    bounds,
    comparison,
    elementary,
    logic,
    rectifiers,
    rounding,
    special_functions,
    transcendental,
)
from wengert.tensor.inplace import in_place


class PointwiseMethods(Recorded):
    """Arithmetic, elementary functions, comparisons and logic."""

    __slots__ = ()

    add, add_ = arithmetic.add, arithmetic.add_
    sub, sub_ = arithmetic.sub, arithmetic.sub_
    subtract, subtract_ = sub, sub_
    mul, mul_ = arithmetic.mul, arithmetic.mul_
    multiply, multiply_ = mul, mul_
    div, div_ = arithmetic.div, arithmetic.div_
    divide, divide_ = div, div_
    true_divide, true_divide_ = arithmetic.true_divide, arithmetic.true_divide_
    floor_divide, floor_divide_ = arithmetic.floor_divide, in_place(arithmetic.floor_divide)
    remainder, remainder_ = arithmetic.remainder, in_place(arithmetic.remainder)
    pow, pow_ = arithmetic.pow, in_place(arithmetic.pow)
    neg, neg_ = arithmetic.neg, in_place(arithmetic.neg)
    negative, negative_ = neg, neg_
    reciprocal, reciprocal_ = arithmetic.reciprocal, in_place(arithmetic.reciprocal)
    exp, exp_ = elementary.exp, in_place(elementary.exp)
    expm1, expm1_ = elementary.expm1, in_place(elementary.expm1)
    log, log_ = elementary.log, in_place(elementary.log)
    sqrt, sqrt_ = elementary.sqrt, in_place(elementary.sqrt)
    sin, sin_ = elementary.sin, in_place(elementary.sin)
    cos, cos_ = elementary.cos, in_place(elementary.cos)
    tanh, tanh_ = elementary.tanh, in_place(elementary.tanh)
    sigmoid, sigmoid_ = elementary.sigmoid, in_place(elementary.sigmoid)
    hardshrink = rectifiers.hardshrink
    prelu = rectifiers.prelu
    relu, relu_ = elementary.relu, in_place(elementary.relu)
    abs, abs_ = elementary.abs, elementary.abs_
    absolute, absolute_ = abs, abs_
    sign, sign_ = elementary.sign, in_place(elementary.sign)
    maximum = comparison.maximum
    minimum = comparison.minimum
    eq, eq_ = comparison.eq, in_place(comparison.eq)
    ne, ne_ = comparison.ne, in_place(comparison.ne)
    lt, lt_ = comparison.lt, in_place(comparison.lt)
    le, le_ = comparison.le, in_place(comparison.le)
    gt, gt_ = comparison.gt, in_place(comparison.gt)
    ge, ge_ = comparison.ge, in_place(comparison.ge)
    bitwise_not, bitwise_not_ = comparison.bitwise_not, in_place(comparison.bitwise_not)
    bitwise_and, bitwise_and_ = comparison.bitwise_and, in_place(comparison.bitwise_and)
    bitwise_or, bitwise_or_ = comparison.bitwise_or, in_place(comparison.bitwise_or)
    bitwise_xor, bitwise_xor_ = comparison.bitwise_xor, in_place(comparison.bitwise_xor)
    exp2, exp2_ = transcendental.exp2, in_place(transcendental.exp2)
    log2, log2_ = transcendental.log2, in_place(transcendental.log2)
    log10, log10_ = transcendental.log10, in_place(transcendental.log10)
    log1p, log1p_ = transcendental.log1p, in_place(transcendental.log1p)
    tan, tan_ = transcendental.tan, in_place(transcendental.tan)
    asin, asin_ = transcendental.asin, in_place(transcendental.asin)
    arcsin, arcsin_ = asin, asin_
    acos, acos_ = transcendental.acos, in_place(transcendental.acos)
    arccos, arccos_ = acos, acos_
    atan, atan_ = transcendental.atan, in_place(transcendental.atan)
    arctan, arctan_ = atan, atan_
    sinh, sinh_ = transcendental.sinh, in_place(transcendental.sinh)
    cosh, cosh_ = transcendental.cosh, in_place(transcendental.cosh)
    asinh, asinh_ = transcendental.asinh, in_place(transcendental.asinh)
    arcsinh, arcsinh_ = asinh, asinh_
    acosh, acosh_ = transcendental.acosh, in_place(transcendental.acosh)
    arccosh, arccosh_ = acosh, acosh_
    atanh, atanh_ = transcendental.atanh, in_place(transcendental.atanh)
    arctanh, arctanh_ = atanh, atanh_
    rsqrt, rsqrt_ = transcendental.rsqrt, in_place(transcendental.rsqrt)
    sinc, sinc_ = transcendental.sinc, in_place(transcendental.sinc)
    deg2rad, deg2rad_ = transcendental.deg2rad, in_place(transcendental.deg2rad)
    rad2deg, rad2deg_ = transcendental.rad2deg, in_place(transcendental.rad2deg)
    atan2, atan2_ = transcendental.atan2, in_place(transcendental.atan2)
    arctan2, arctan2_ = atan2, atan2_
    hypot, hypot_ = transcendental.hypot, in_place(transcendental.hypot)
    square, square_ = arithmetic.square, in_place(arithmetic.square)
    floor, floor_ = rounding.floor, in_place(rounding.floor)
    ceil, ceil_ = rounding.ceil, in_place(rounding.ceil)
    trunc, trunc_ = rounding.trunc, in_place(rounding.trunc)
    fix, fix_ = trunc, trunc_
    round, round_ = rounding.round, in_place(rounding.round)
    frexp = rounding.frexp
    frac, frac_ = rounding.frac, in_place(rounding.frac)
    fmod, fmod_ = rounding.fmod, in_place(rounding.fmod)
    copysign, copysign_ = rounding.copysign, in_place(rounding.copysign)
    nextafter, nextafter_ = rounding.nextafter, in_place(rounding.nextafter)
    ldexp, ldexp_ = rounding.ldexp, in_place(rounding.ldexp)
    heaviside, heaviside_ = rounding.heaviside, in_place(rounding.heaviside)
    sgn, sgn_ = rounding.sgn, in_place(rounding.sgn)
    gcd, gcd_ = rounding.gcd, in_place(rounding.gcd)
    lcm, lcm_ = rounding.lcm, in_place(rounding.lcm)
    clamp, clamp_ = bounds.clamp, in_place(bounds.clamp)
    clip, clip_ = clamp, clamp_
    clamp_min, clamp_min_ = bounds.clamp_min, in_place(bounds.clamp_min)
    clamp_max, clamp_max_ = bounds.clamp_max, in_place(bounds.clamp_max)
    nan_to_num, nan_to_num_ = bounds.nan_to_num, in_place(bounds.nan_to_num)
    lerp, lerp_ = bounds.lerp, in_place(bounds.lerp)
    addcmul, addcmul_ = bounds.addcmul, in_place(bounds.addcmul)
    addcdiv, addcdiv_ = bounds.addcdiv, in_place(bounds.addcdiv)
    xlogy, xlogy_ = bounds.xlogy, in_place(bounds.xlogy)
    erf, erf_ = special_functions.erf, in_place(special_functions.erf)
    erfc, erfc_ = special_functions.erfc, in_place(special_functions.erfc)
    erfinv, erfinv_ = special_functions.erfinv, in_place(special_functions.erfinv)
    lgamma, lgamma_ = special_functions.lgamma, in_place(special_functions.lgamma)
    digamma, digamma_ = special_functions.digamma, in_place(special_functions.digamma)
    mvlgamma, mvlgamma_ = special_functions.mvlgamma, in_place(special_functions.mvlgamma)
    logit, logit_ = special_functions.logit, in_place(special_functions.logit)
    i0, i0_ = special_functions.i0, in_place(special_functions.i0)
    igamma, igamma_ = special_functions.igamma, in_place(special_functions.igamma)
    igammac, igammac_ = special_functions.igammac, in_place(special_functions.igammac)
    logical_and, logical_and_ = logic.logical_and, in_place(logic.logical_and)
    logical_or, logical_or_ = logic.logical_or, in_place(logic.logical_or)
    logical_xor, logical_xor_ = logic.logical_xor, in_place(logic.logical_xor)
    logical_not, logical_not_ = logic.logical_not, in_place(logic.logical_not)
    bitwise_left_shift, bitwise_left_shift_ = (
        logic.bitwise_left_shift,
        in_place(logic.bitwise_left_shift),
    )
    bitwise_right_shift, bitwise_right_shift_ = (
        logic.bitwise_right_shift,
        in_place(logic.bitwise_right_shift),
    )
    not_equal, not_equal_ = ne, ne_
    less, less_ = lt, lt_
    less_equal, less_equal_ = le, le_
    greater, greater_ = gt, gt_
    greater_equal, greater_equal_ = ge, ge_
    float_power, float_power_ = arithmetic.float_power, arithmetic.float_power_
    positive = arithmetic.positive
    logaddexp = transcendental.logaddexp
    logaddexp2 = transcendental.logaddexp2
    signbit = rounding.signbit
    fmax = bounds.fmax
    fmin = bounds.fmin
    isinf = logic.isinf
    isposinf = logic.isposinf
    isneginf = logic.isneginf
    isreal = logic.isreal
    isclose = logic.isclose
    allclose = logic.allclose
    isnan = comparison.isnan
    isfinite = comparison.isfinite

    def polygamma(self, n: int) -> Any:
        """The derivative of order ``n`` of `digamma`."""
        return special_functions.polygamma(n, self)

    polygamma_ = in_place(polygamma)

    def where(self, condition: Any, other: Any) -> Any:
        """This tensor where ``condition`` is true, else ``other``."""
        return comparison.where(condition, self, other)

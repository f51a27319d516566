"""Methods that work element by element."""

from __future__ import annotations

from typing import Any

from wengert.tape.storage import Recorded
from wengert.tensor import arithmetic, comparison, elementary
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
    true_divide, true_divide_ = div, div_
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
    relu, relu_ = elementary.relu, in_place(elementary.relu)
    abs, abs_ = elementary.abs, in_place(elementary.abs)
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
    isnan = comparison.isnan
    isfinite = comparison.isfinite

    def where(self, condition: Any, other: Any) -> Any:
        """This tensor where ``condition`` is true, else ``other``."""
        return comparison.where(condition, self, other)

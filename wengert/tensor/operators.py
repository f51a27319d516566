"""The operators of `Tensor`: ``+ - * / ** @``, comparisons, bitwise, indexing, in-place forms.

Two plain tensors of one dtype go straight to the hot path; everything else through promotion.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from wengert.core import carrier, dtypes
from wengert.core.carrier import state
from wengert.core.silence import silent
from wengert.errors import DTypeError, ShapeError
from wengert.rules import elementwise as rows
from wengert.rules import structural
from wengert.tape.provenance import warn_once
from wengert.tape.record import NO_PARAMS, attach, binary
from wengert.tape.storage import Recorded, carried, handle
from wengert.tensor import arithmetic, comparison, contraction, elementary, indexing, logic
from wengert.tensor.inplace import in_place
from wengert.tensor.promotion import constant, dtype_of, is_number
from wengert.tensor.views import join

ADD, SUB, MUL, DIV = rows.add, rows.sub, rows.mul, rows.div
SQUARE, POWER = rows.square, rows.power
SELECT = structural.select
PLAIN = (float, int)
OF_A_GRADIENT: Final = (
    "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior. Consider using "
    "tensor.detach() first, or `.item()` to say that no gradient is wanted."
)


def _can(other: Any) -> bool:
    return isinstance(other, Recorded) or is_number(other)


def _with(function: Callable[..., Any], x: Any, other: Any) -> Any:
    """Apply a function to a tensor and whatever stands beside it: a tensor, a number, or an array.

    An array is copied, for the graph may keep the operand, and the array's owner may write to it; unless a transform
    carries it, whose cell tells of writes.
    """
    if not _can(other):
        if not isinstance(other, np.ndarray):
            return NotImplemented
        known = carried(other)
        if known is None:
            known = handle(np.array(other, dtypes.public(other.dtype).numpy))
        other = known
    return function(x, other)


def _a_number_of(x: Any, kind: str) -> None:
    """Warn the user who makes a number of a tensor with a history; TypeError where a function of Wengert's does.

    It was given the tensor for an argument that is a number, through which no gradient flows.
    """
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_globals.get("__name__") in BETWEEN:
        frame = frame.f_back
    if frame.f_globals.get("__name__", "").startswith(FUNCTIONS):
        while frame.f_back is not None and frame.f_code.co_name[0] in "_<":  # also `<genexpr>`
            frame = frame.f_back
        raise TypeError(
            f"{frame.f_code.co_name}(): an argument must be Number, not Tensor: a tensor that requires grad stands for "
            f"a number, through which no gradient would flow. Use `x.item()` or `x.detach()`."
        )
    warn_once(OF_A_GRADIENT)


FUNCTIONS: Final = ("wengert.tensor.", "wengert.nn.functional.")
BETWEEN: Final = frozenset(
    f"wengert.tensor.{name}" for name in ("asking", "operators", "overriding", "tensor")
)
"""The modules through which a conversion comes that somebody asked about."""


_FLOOR_DIVIDE, _REMAINDER = in_place(arithmetic.floor_divide), in_place(arithmetic.remainder)
_POW = in_place(arithmetic.pow)
_BITWISE_AND, _BITWISE_OR = in_place(comparison.bitwise_and), in_place(comparison.bitwise_or)
_BITWISE_XOR = in_place(comparison.bitwise_xor)
_LEFT_SHIFT, _RIGHT_SHIFT = in_place(logic.bitwise_left_shift), in_place(logic.bitwise_right_shift)


class Operators(Recorded):
    """Python's operators on tensors."""

    __slots__ = ()
    __array_priority__ = 1000

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Recorded):
            out = binary(ADD, self, other)
            if out is not NotImplemented:
                return out
        elif other.__class__ in PLAIN and not carrier.special and self._payload.dtype.kind == "f":
            out = binary(ADD, self, constant(other, self._payload.dtype))
            if out is not NotImplemented:
                return out
        return _with(arithmetic.add, self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        if isinstance(other, Recorded) and not carrier.special and self._payload.dtype.kind != "b":
            out = binary(SUB, self, other)
            if out is not NotImplemented:
                return out
        elif other.__class__ in PLAIN and not carrier.special and self._payload.dtype.kind == "f":
            out = binary(SUB, self, constant(other, self._payload.dtype))
            if out is not NotImplemented:
                return out
        return _with(arithmetic.sub, self, other)

    def __rsub__(self, other: Any) -> Any:
        return _with(arithmetic.rsub, self, other)

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Recorded):
            out = binary(MUL, self, other)
            if out is not NotImplemented:
                return out
        elif other.__class__ in PLAIN and not carrier.special and self._payload.dtype.kind == "f":
            out = binary(MUL, self, constant(other, self._payload.dtype))
            if out is not NotImplemented:
                return out
        return _with(arithmetic.mul, self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, Recorded) and not carrier.special and self._payload.dtype.kind == "f":
            out = binary(DIV, self, other)
            if out is not NotImplemented:
                return out
        elif other.__class__ in PLAIN and not carrier.special and self._payload.dtype.kind == "f":
            out = binary(DIV, self, constant(other, self._payload.dtype))
            if out is not NotImplemented:
                return out
        return _with(arithmetic.div, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _with(_quotient_of, self, other)

    def __floordiv__(self, other: Any) -> Any:
        return _with(arithmetic.floor_divide, self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _with(_floor_quotient_of, self, other)

    def __mod__(self, other: Any) -> Any:
        return _with(arithmetic.remainder, self, other)

    def __rmod__(self, other: Any) -> Any:
        return _with(_remainder_of, self, other)

    def __pow__(self, other: Any) -> Any:
        if other.__class__ is int and not carrier.special and self._payload.dtype.kind == "f":
            if other == 2:
                return attach(SQUARE, self, silent().run(SQUARE.forward, self._payload), NO_PARAMS)
            params = {"exponent": other}
            out = silent().run(POWER.forward, self._payload, exponent=other)
            return attach(POWER, self, out, params)
        return _with(arithmetic.pow, self, other)

    def __rpow__(self, other: Any) -> Any:
        return _with(_power_of, self, other)

    def __matmul__(self, other: Any) -> Any:
        if isinstance(other, Recorded):
            out = contraction.plain_product(self, other)
            return contraction.matmul(self, other) if out is NotImplemented else out
        return NotImplemented if is_number(other) else _with(contraction.matmul, self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return NotImplemented if is_number(other) else _with(_matrix_product_of, self, other)

    def __neg__(self) -> Any:
        return arithmetic.neg(self)

    def __pos__(self) -> Any:
        if dtype_of(self).kind == "b":
            raise DTypeError(
                "The `+` operator, on a bool tensor is not supported. Use `.int()` first."
            )
        return self

    def __abs__(self) -> Any:
        return elementary.abs(self)

    def __invert__(self) -> Any:
        if dtypes.kind(dtype_of(self)) in "fc":
            raise TypeError(
                f"~ (operator.invert) is only implemented on integer and Boolean-type tensors, not on "
                f"{dtypes.public(dtype_of(self))}. Compare first, as in `~(x > 0)`."
            )
        return comparison.bitwise_not(self)

    def __eq__(self, other: Any) -> Any:
        return _with(comparison.eq, self, other)

    def __ne__(self, other: Any) -> Any:
        return _with(comparison.ne, self, other)

    def __lt__(self, other: Any) -> Any:
        return _with(comparison.lt, self, other)

    def __le__(self, other: Any) -> Any:
        return _with(comparison.le, self, other)

    def __gt__(self, other: Any) -> Any:
        return _with(comparison.gt, self, other)

    def __ge__(self, other: Any) -> Any:
        return _with(comparison.ge, self, other)

    def __and__(self, other: Any) -> Any:
        return _with(comparison.bitwise_and, self, other)

    def __or__(self, other: Any) -> Any:
        return _with(comparison.bitwise_or, self, other)

    def __xor__(self, other: Any) -> Any:
        return _with(comparison.bitwise_xor, self, other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __lshift__(self, other: Any) -> Any:
        return _with(logic.bitwise_left_shift, self, other)

    def __rlshift__(self, other: Any) -> Any:
        return _with(_left_shift_of, self, other)

    def __rshift__(self, other: Any) -> Any:
        return _with(logic.bitwise_right_shift, self, other)

    def __rrshift__(self, other: Any) -> Any:
        return _with(_right_shift_of, self, other)

    def __iadd__(self, other: Any) -> Any:
        return _with(arithmetic.add_, self, other)

    def __isub__(self, other: Any) -> Any:
        return _with(arithmetic.sub_, self, other)

    def __imul__(self, other: Any) -> Any:
        return _with(arithmetic.mul_, self, other)

    def __itruediv__(self, other: Any) -> Any:
        return _with(arithmetic.div_, self, other)

    def __ipow__(self, other: Any) -> Any:
        return _with(_POW, self, other)

    def __ifloordiv__(self, other: Any) -> Any:
        return _with(_FLOOR_DIVIDE, self, other)

    def __imod__(self, other: Any) -> Any:
        return _with(_REMAINDER, self, other)

    def __iand__(self, other: Any) -> Any:
        return _with(_BITWISE_AND, self, other)

    def __ior__(self, other: Any) -> Any:
        return _with(_BITWISE_OR, self, other)

    def __ixor__(self, other: Any) -> Any:
        return _with(_BITWISE_XOR, self, other)

    def __ilshift__(self, other: Any) -> Any:
        return _with(_LEFT_SHIFT, self, other)

    def __irshift__(self, other: Any) -> Any:
        return _with(_RIGHT_SHIFT, self, other)

    def __getitem__(self, key: Any) -> Any:
        if key.__class__ is int and not carrier.special:
            try:
                part = self._payload[key, ...]
            except IndexError:
                return indexing.getitem(self, key)
            params = {"index": (key,)}
            out = attach(SELECT, self, part, params)
            join(self, out, SELECT, params)
            return out
        return indexing.getitem(self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        indexing.setitem(self, key, value)

    def __hash__(self) -> int:
        return id(self)

    def __bool__(self) -> bool:
        shape = self._payload.shape
        if shape and math.prod(shape) != 1:
            many = "more than one value" if math.prod(shape) else "no values"
            raise ShapeError(
                f"Boolean value of Tensor with {many} is ambiguous. Use `.any()`, `.all()` or `.numel()`."
            )
        if self._payload.__class__ is not np.ndarray or state.trace is not None:
            return bool(self._read("`if`, `and`, `while` or bool()").item())
        return bool(self._payload.item())

    def __float__(self) -> float:
        if self._edge is not None:
            _a_number_of(self, "float")
        return float(_real(_only(self), "float"))

    def __int__(self) -> int:
        return int(_real(_only(self), "int"))

    def __complex__(self) -> complex:
        if self._edge is not None:
            _a_number_of(self, "complex")
        return complex(_only(self))

    def __index__(self) -> int:
        if math.prod(self._payload.shape) != 1 or dtypes.kind(dtype_of(self)) in "fc":
            raise TypeError(
                "only integer tensors of a single element can be converted to an index. "
                "Use `int(x)`, or `x.tolist()` for several."
            )
        return int(self.item())

    def _read(self, op: str) -> np.ndarray[Any, Any]:
        raise NotImplementedError

    def item(self) -> Any:
        """Return the one element as a Python number; see `Tensor.item`."""
        raise ShapeError("a bare operand has no item")

    def __contains__(self, element: Any) -> bool:
        if not _can(element):
            raise RuntimeError(
                f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}. "
                f"Convert it with `torch.tensor(...)`."
            )
        return bool((self == element).any())

    def __delitem__(self, key: Any) -> None:
        raise TypeError(
            "Tensor does not support deleting items. Make a tensor of what is to stay, as in `x[mask]`."
        )


def _only(x: Any) -> Any:
    """Return the one element of a tensor; ValueError for any other number of elements."""
    if math.prod(x._payload.shape) != 1:
        raise ValueError(
            f"only one element tensors can be converted to Python scalars, and this one has "
            f"{math.prod(x._payload.shape)}. Use `.tolist()`, or reduce first."
        )
    return x.item()


def _real(value: Any, kind: str) -> Any:
    if isinstance(value, complex):
        if value.imag:
            raise DTypeError(
                f"{kind}(): value {value} cannot be converted to a real number without overflow. "
                f"Use `complex(x)` or `abs(x)`."
            )
        return value.real
    return value


def _quotient_of(x: Any, other: Any) -> Any:
    if isinstance(other, Recorded):  # a rule divides raw arrays by tensors: not by way of an inf
        return arithmetic.div(other, x)
    return arithmetic.mul(arithmetic.reciprocal(x), other)


def _floor_quotient_of(x: Any, other: Any) -> Any:
    return arithmetic.floor_divide(other, x)


def _remainder_of(x: Any, other: Any) -> Any:
    return arithmetic.remainder(other, x)


def _left_shift_of(x: Any, other: Any) -> Any:
    return logic.bitwise_left_shift(other, x)


def _right_shift_of(x: Any, other: Any) -> Any:
    return logic.bitwise_right_shift(other, x)


def _power_of(x: Any, other: Any) -> Any:
    return arithmetic.pow(other, x)


def _matrix_product_of(x: Any, other: Any) -> Any:
    return contraction.matmul(other, x)

"""The operators of `Tensor`: ``+ - * / ** @``, comparisons, bitwise, indexing, in-place forms.

Two plain tensors of one dtype go straight to the hot path; everything else through promotion.
"""

from __future__ import annotations

from typing import Any

from wengert.core import carrier
from wengert.errors import ShapeError
from wengert.rules import elementwise as rows
from wengert.rules import structural
from wengert.tape.record import attach, binary
from wengert.tape.storage import Recorded
from wengert.tensor import arithmetic, contraction, indexing, inplace
from wengert.tensor.promotion import constant, is_number
from wengert.tensor.views import join

ADD, SUB, MUL, DIV, POWER = rows.add, rows.sub, rows.mul, rows.div, rows.power
SELECT = structural.select


def _can(other: Any) -> bool:
    return isinstance(other, Recorded) or is_number(other) or hasattr(other, "__array_interface__")


class Operators(Recorded):
    """Python's operators on tensors."""

    __slots__ = ()
    __array_ufunc__ = None
    __array_priority__ = 1000

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Recorded):
            out = binary(ADD, self, other)
            if out is not NotImplemented:
                return out
        elif other.__class__ is float and not carrier.special and self.payload.dtype.kind == "f":
            return binary(ADD, self, constant(other, self.payload.dtype))
        return arithmetic.combine(ADD, self, other) if _can(other) else NotImplemented

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        if isinstance(other, Recorded) and not carrier.special and self.payload.dtype.kind != "b":
            out = binary(SUB, self, other)
            if out is not NotImplemented:
                return out
        return arithmetic.sub(self, other) if _can(other) else NotImplemented

    def __rsub__(self, other: Any) -> Any:
        return arithmetic.rsub(self, other) if _can(other) else NotImplemented

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Recorded):
            out = binary(MUL, self, other)
            if out is not NotImplemented:
                return out
        elif other.__class__ is float and not carrier.special and self.payload.dtype.kind == "f":
            return binary(MUL, self, constant(other, self.payload.dtype))
        return arithmetic.combine(MUL, self, other) if _can(other) else NotImplemented

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, Recorded) and not carrier.special and self.payload.dtype.kind == "f":
            out = binary(DIV, self, other)
            if out is not NotImplemented:
                return out
        return arithmetic.div(self, other) if _can(other) else NotImplemented

    def __rtruediv__(self, other: Any) -> Any:
        if not _can(other):
            return NotImplemented
        return arithmetic.mul(arithmetic.reciprocal(self), other)

    def __floordiv__(self, other: Any) -> Any:
        return arithmetic.floor_divide(self, other) if _can(other) else NotImplemented

    def __rfloordiv__(self, other: Any) -> Any:
        return arithmetic.floor_divide(other, self) if _can(other) else NotImplemented

    def __pow__(self, other: Any) -> Any:
        if other.__class__ is int and not carrier.special and self.payload.dtype.kind == "f":
            params = {"exponent": other}
            return attach(POWER, self, POWER.forward(self.payload, exponent=other), params)
        return arithmetic.pow(self, other) if _can(other) else NotImplemented

    def __rpow__(self, other: Any) -> Any:
        return arithmetic.pow(other, self) if _can(other) else NotImplemented

    def __matmul__(self, other: Any) -> Any:
        return contraction.matmul(self, other) if isinstance(other, Recorded) else NotImplemented

    def __neg__(self) -> Any:
        return arithmetic.neg(self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return arithmetic.abs(self)

    def __invert__(self) -> Any:
        return arithmetic.invert(self)

    def __eq__(self, other: Any) -> Any:
        return arithmetic.eq(self, other) if _can(other) else NotImplemented

    def __ne__(self, other: Any) -> Any:
        return arithmetic.ne(self, other) if _can(other) else NotImplemented

    def __lt__(self, other: Any) -> Any:
        return arithmetic.lt(self, other) if _can(other) else NotImplemented

    def __le__(self, other: Any) -> Any:
        return arithmetic.le(self, other) if _can(other) else NotImplemented

    def __gt__(self, other: Any) -> Any:
        return arithmetic.gt(self, other) if _can(other) else NotImplemented

    def __ge__(self, other: Any) -> Any:
        return arithmetic.ge(self, other) if _can(other) else NotImplemented

    def __and__(self, other: Any) -> Any:
        return arithmetic.bitwise(rows.bit_and, "&", self, other) if _can(other) else NotImplemented

    def __or__(self, other: Any) -> Any:
        return arithmetic.bitwise(rows.bit_or, "|", self, other) if _can(other) else NotImplemented

    def __xor__(self, other: Any) -> Any:
        return arithmetic.bitwise(rows.bit_xor, "^", self, other) if _can(other) else NotImplemented

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __iadd__(self, other: Any) -> Any:
        return inplace.add_(self, other) if _can(other) else NotImplemented

    def __isub__(self, other: Any) -> Any:
        return inplace.sub_(self, other) if _can(other) else NotImplemented

    def __imul__(self, other: Any) -> Any:
        return inplace.mul_(self, other) if _can(other) else NotImplemented

    def __itruediv__(self, other: Any) -> Any:
        return inplace.div_(self, other) if _can(other) else NotImplemented

    def __ipow__(self, other: Any) -> Any:
        return inplace.pow_(self, other) if _can(other) else NotImplemented

    def __getitem__(self, key: Any) -> Any:
        if key.__class__ is int and not carrier.special:
            try:
                part = self.payload[key, ...]
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
        return bool(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        value = self.item()
        if isinstance(value, float | complex):
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(value)

    def item(self) -> Any:
        """Return the one element as a Python number; see `Tensor.item`."""
        raise ShapeError("a bare operand has no item")

    def __contains__(self, element: Any) -> bool:
        return bool((self == element).any())

"""Elementwise functions as users call them: promotion, checks, and the row.

Each function states its formula; operands broadcast against each other and promote by PyTorch's rules.
"""

from __future__ import annotations

from typing import Any

from wengert.core.primitive import Primitive
from wengert.errors import DTypeError, MissingFeatureError, cannot_broadcast
from wengert.rules import elementwise as rows
from wengert.tape.record import NO_PARAMS, attach, binary, carrier, ndarray, unary
from wengert.tape.storage import Recorded
from wengert.tensor.promotion import (
    constant,
    dtype_of,
    floating,
    is_number,
    operand,
    promoted,
    require_tensor,
    result_type,
)


def combine(row: Primitive, x: Any, y: Any, *, to_float: bool = False) -> Any:
    """Apply a row of two operands to anything users may pass for them."""
    if x.__class__ in (int, float):
        pass
    elif y.__class__ in (int, float) and not carrier.special and isinstance(x, Recorded):
        payload = x.payload
        if payload.__class__ is ndarray and payload.dtype.kind == "f":
            return binary(row, x, constant(y, payload.dtype))
    left, right = promoted(row.name, x, y, floating=to_float)
    out = binary(row, left, right)
    if out is NotImplemented:
        try:
            return row(left, right)
        except ValueError:
            raise cannot_broadcast(row.name, (left.shape, right.shape)) from None
    return out


def _scaled(other: Any, alpha: Any) -> Any:
    return other if alpha == 1 else mul(other, alpha)


def add(input: Any, other: Any, *, alpha: complex = 1) -> Any:
    """Return ``input + alpha * other``.

    >>> import wengert as torch
    >>> torch.add(torch.tensor([1., 2.]), 10, alpha=2)
    tensor([21., 22.])
    """
    return combine(rows.add, input, _scaled(other, alpha))


def sub(input: Any, other: Any, *, alpha: complex = 1) -> Any:
    """Return ``input - alpha * other``; RuntimeError for bool tensors.

    >>> import wengert as torch
    >>> torch.sub(torch.tensor([3., 2.]), 1)
    tensor([2., 1.])
    """
    _no_bool_subtraction(input, other)
    return combine(rows.sub, input, _scaled(other, alpha))


def rsub(input: Any, other: Any) -> Any:
    """Return ``other - input``."""
    _no_bool_subtraction(input, other)
    return combine(rows.rsub, input, other)


def _no_bool_subtraction(x: Any, y: Any) -> None:
    if all(
        isinstance(v, bool) or (isinstance(v, Recorded) and dtype_of(v).kind == "b") for v in (x, y)
    ):
        raise DTypeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. "
            "Use the `^` operator for exclusive or, or `~` for not."
        )


def mul(input: Any, other: Any) -> Any:
    """Return ``input * other``.

    >>> import wengert as torch
    >>> torch.mul(torch.tensor([1., 2.]), torch.tensor([[2.], [3.]]))
    tensor([[2., 4.],
            [3., 6.]])
    """
    return combine(rows.mul, input, other)


def div(input: Any, other: Any) -> Any:
    """Return ``input / other``; integers are divided as floats.

    >>> import wengert as torch
    >>> torch.div(torch.tensor([1, 2]), 4)
    tensor([0.2500, 0.5000])
    """
    return combine(rows.div, input, other, to_float=True)


def neg(input: Any) -> Any:
    """Return ``-input``; RuntimeError for bool tensors."""
    require_tensor("neg", input)
    if dtype_of(input).kind == "b":
        raise DTypeError(
            "Negation, the `-` operator, on a bool tensor is not supported. Use `~` for not."
        )
    return unary(rows.neg, input)


def reciprocal(input: Any) -> Any:
    """Return ``1 / input``; integers become floats."""
    require_tensor("reciprocal", input)
    return unary(rows.reciprocal, floating(input))


def pow(input: Any, exponent: Any) -> Any:
    """Return ``input ** exponent``; either may be a number.

    The gradient with respect to the base is 0 where the exponent is 0, the one with respect to the exponent is 0
    where the base is 0 (PyTorch's conventions).

    Raises RuntimeError for integers to a negative integer power.

    >>> import wengert as torch
    >>> torch.pow(torch.tensor([1., 2., 3.]), 2)
    tensor([1., 4., 9.])
    """
    if isinstance(input, Recorded) and is_number(exponent):
        return _power(input, exponent)
    base, power = promoted("pow", input, exponent)
    out = binary(rows.pow, base, power)
    return rows.pow(base, power) if out is NotImplemented else out


def _power(x: Any, exponent: Any) -> Any:
    """Raise a tensor to a power that is a number: the number is a parameter of the row."""
    if not isinstance(exponent, int | float | complex):
        exponent = exponent.item()
    dtype = dtype_of(x)
    if dtype.kind in "biu":
        if isinstance(exponent, int) and exponent < 0:
            raise DTypeError(
                "Integers to negative integer powers are not allowed. Use `x.float() ** exponent`."
            )
        (x,) = (v for v in promoted("pow", x, exponent)[:1])
    elif isinstance(exponent, complex):
        return combine(rows.pow, x, exponent)
    payload = x.payload
    if carrier.special or payload.__class__ is not ndarray:
        return rows.power(x, exponent=exponent)
    params = {"exponent": exponent}
    return attach(rows.power, x, rows.power.forward(payload, exponent=exponent), params, 4)


def _floating_function(row: Primitive, x: Any) -> Any:
    """Apply an elementwise function whose results are floats."""
    require_tensor(row.name, x)
    payload = x.payload
    if carrier.special or payload.__class__ is not ndarray:
        return row(floating(x))
    if payload.dtype.kind in "biu":
        x = floating(x)
        payload = x.payload
    return attach(row, x, row.forward(payload), NO_PARAMS, 3)


def exp(input: Any) -> Any:
    """Return ``e ** input``, element by element.

    >>> import wengert as torch
    >>> torch.exp(torch.tensor([0., 1.]))
    tensor([1.0000, 2.7183])
    """
    return _floating_function(rows.exp, input)


def log(input: Any) -> Any:
    """Return the natural logarithm; -inf at 0, NaN below."""
    return _floating_function(rows.log, input)


def sqrt(input: Any) -> Any:
    """Return the square root; its derivative ``1 / (2 sqrt(x))`` is inf at 0."""
    return _floating_function(rows.sqrt, input)


def sin(input: Any) -> Any:
    """Return the sine of an angle in radians."""
    return _floating_function(rows.sin, input)


def cos(input: Any) -> Any:
    """Return the cosine of an angle in radians."""
    return _floating_function(rows.cos, input)


def tanh(input: Any) -> Any:
    """Return the hyperbolic tangent."""
    return _floating_function(rows.tanh, input)


def sigmoid(input: Any) -> Any:
    """Return ``1 / (1 + exp(-input))``."""
    return _floating_function(rows.sigmoid, input)


def relu(input: Any) -> Any:
    """Return ``max(input, 0)``; the derivative at 0 is 0."""
    require_tensor("relu", input)
    return unary(rows.relu, input)


def abs(input: Any) -> Any:
    """Return the absolute value; the derivative at 0 is 0. Real tensors only."""
    require_tensor("abs", input)
    if dtype_of(input).kind == "c":
        raise MissingFeatureError("abs of a complex tensor is not in Wengert yet.")
    return unary(rows.abs, input)


def sign(input: Any) -> Any:
    """Return -1, 0 or 1."""
    require_tensor("sign", input)
    return unary(rows.sign, input)


def maximum(input: Any, other: Any) -> Any:
    """Return the larger of two elements; NaN wins. Equal elements share the gradient by halves."""
    require_tensor("maximum", input)
    require_tensor("maximum", other, "other")
    return combine(rows.maximum, input, other)


def minimum(input: Any, other: Any) -> Any:
    """Return the smaller of two elements; NaN wins. Equal elements share the gradient by halves."""
    require_tensor("minimum", input)
    require_tensor("minimum", other, "other")
    return combine(rows.minimum, input, other)


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """Return ``input`` where ``condition`` is true, else ``other``.

    An element that was not selected has gradient exactly 0 through every elementwise operation before it, even where
    that operation's derivative is infinite.

    >>> import wengert as torch
    >>> x = torch.tensor([0., 4.], requires_grad=True)
    >>> torch.where(x > 0, x.sqrt(), 0.).sum().backward()
    >>> x.grad
    tensor([0.0000, 0.2500])
    """
    require_tensor("where", condition, "condition")
    if input is None or other is None:
        raise TypeError("where(condition): give `input` and `other` as well.")
    if dtype_of(condition).kind != "b":
        raise DTypeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{condition.dtype}. Use `condition != 0`."
        )
    x, y = promoted("where", input, other)
    try:
        return rows.where(condition, x, y)
    except ValueError:
        raise cannot_broadcast("where", (condition.shape, x.shape, y.shape)) from None


def compare(row: Primitive, x: Any, y: Any) -> Any:
    """Apply a comparison; the result is bool and has no gradient."""
    return combine(row, x, y)


def eq(input: Any, other: Any) -> Any:
    """Return where the elements are equal."""
    return compare(rows.eq, input, other)


def ne(input: Any, other: Any) -> Any:
    """Return where the elements differ."""
    return compare(rows.ne, input, other)


def lt(input: Any, other: Any) -> Any:
    """Return where ``input < other``."""
    return compare(rows.lt, input, other)


def le(input: Any, other: Any) -> Any:
    """Return where ``input <= other``."""
    return compare(rows.le, input, other)


def gt(input: Any, other: Any) -> Any:
    """Return where ``input > other``."""
    return compare(rows.gt, input, other)


def ge(input: Any, other: Any) -> Any:
    """Return where ``input >= other``."""
    return compare(rows.ge, input, other)


def isnan(input: Any) -> Any:
    """Return where the elements are NaN."""
    require_tensor("isnan", input)
    return rows.isnan(input)


def isfinite(input: Any) -> Any:
    """Return where the elements are neither infinite nor NaN."""
    require_tensor("isfinite", input)
    return rows.isfinite(input)


def floor_divide(input: Any, other: Any) -> Any:
    """Return ``floor(input / other)``, without gradient."""
    return combine(rows.floor_divide, input, other)


def bitwise(row: Primitive, symbol: str, x: Any, y: Any) -> Any:
    """Apply a bitwise row to integers or bools; RuntimeError for floats."""
    x, y = operand(row.name, x), operand(row.name, y)
    if result_type(x, y).kind in "fc":
        raise DTypeError(
            f"the `{symbol}` operator works on integers and bools, not on floats. Compare first."
        )
    return combine(row, x, y)


def invert(input: Any) -> Any:
    """Return the bitwise not (the logical not of bools); RuntimeError for floats."""
    require_tensor("bitwise_not", input)
    if dtype_of(input).kind in "fc":
        raise DTypeError(
            "the `~` operator works on integers and bools, not on floats. Compare first."
        )
    return rows.invert(input)

"""Elementwise functions as users call them: promotion, checks, and the row.

Each function states its formula; operands broadcast against each other and promote by PyTorch's rules.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import carrier, dtypes
from wengert.core.primitive import Primitive
from wengert.core.shapes import broadcastable
from wengert.errors import DTypeError, cannot_broadcast
from wengert.rules import elementwise as rows
from wengert.rules import structural
from wengert.tape.record import NO_PARAMS, attach, binary, unary
from wengert.tape.storage import Recorded, ndarray
from wengert.tensor.promotion import (
    cast_to,
    constant,
    dtype_of,
    floating,
    is_number,
    operand,
    promoted,
    require_tensor,
    result_type,
)


def combine(
    row: Primitive,
    x: Any,
    y: Any,
    *,
    to_float: bool = False,
    refused: str = "",
    op: str | None = None,
) -> Any:
    """Apply a row of two operands to anything users may pass for them.

    ``refused`` are NumPy's letters of the kinds of dtypes for which the operation is not defined; ``op`` is what
    messages call it, when that is not the row's name.
    """
    if x.__class__ in (int, float):
        pass
    elif y.__class__ in (int, float) and not carrier.special and isinstance(x, Recorded):
        payload = x.payload
        if payload.__class__ is ndarray and payload.dtype.kind == "f" and "f" not in refused:
            return binary(row, x, constant(y, payload.dtype))
    op = op or row.name
    left, right = promoted(op, x, y, floating=to_float)
    if refused and dtype_of(left).kind in refused:
        raise undefined(op, dtype_of(left))
    out = binary(row, left, right)
    if out is NotImplemented:
        _require_broadcast(op, left, right)
        return row(left, right)
    return out


_INSTEAD = {
    "b": "Convert it with `.int()` or `.float()`, or use `&`, `|` and `~`.",
    "i": "Convert it with `.float()`.",
    "f": "Compare first, as in `x > 0`, or convert it with `.long()`.",
    "c": "Complex numbers have no order and no rounding: use their `.abs()`.",
}


def undefined(op: str, dtype: np.dtype[Any]) -> NotImplementedError:
    """Word the error for an operation that does not exist for a dtype."""
    kind = "i" if dtype.kind == "u" else dtype.kind
    return NotImplementedError(
        f'"{op}" not implemented for {dtypes.public(dtype)} tensors. {_INSTEAD[kind]}'
    )


def _require_broadcast(op: str, *operands: Any) -> None:
    shapes = [tuple(x.shape) for x in operands]
    if not broadcastable(shapes):
        raise cannot_broadcast(op, shapes)


def _scaled(op: str, x: Any, other: Any, alpha: Any) -> Any:
    """Return ``alpha * other`` in the dtype that ``x`` and ``other`` have together."""
    if alpha.__class__ is int and alpha == 1:
        return other
    if not is_number(alpha):
        raise TypeError(f"{op}(): argument 'alpha' must be Number, not {type(alpha).__name__}.")
    dtype = result_type(operand(op, x), operand(op, other))
    if isinstance(alpha, bool) and dtype.kind != "b":
        raise DTypeError(f"{op}: a bool alpha goes with bool tensors only. Use a number.")
    if dtype.kind in "biu" and isinstance(alpha, float | complex):
        raise DTypeError(
            f"{op}: For integral input tensors, argument alpha must not be a floating point number. "
            f"Convert the tensor with `.float()`."
        )
    if dtype.kind == "f" and isinstance(alpha, complex):
        raise DTypeError(
            f"{op}: For non-complex input tensors, argument alpha must not be a complex number. "
            f"Convert the tensor with `.to(torch.complex64)`."
        )
    if not isinstance(other, Recorded):
        return other * alpha
    return combine(rows.mul, cast_to(other, dtype), constant(alpha, dtype))


def add(input: Any, other: Any, *, alpha: complex = 1) -> Any:
    """Return ``input + alpha * other``.

    >>> import wengert as torch
    >>> torch.add(torch.tensor([1., 2.]), 10, alpha=2)
    tensor([21., 22.])
    """
    return combine(rows.add, input, _scaled("add", input, other, alpha))


def sub(input: Any, other: Any, *, alpha: complex = 1) -> Any:
    """Return ``input - alpha * other``; RuntimeError for bool tensors.

    >>> import wengert as torch
    >>> torch.sub(torch.tensor([3., 2.]), 1)
    tensor([2., 1.])
    """
    _no_bool_subtraction(input, other)
    return combine(rows.sub, input, _scaled("sub", input, other, alpha))


def rsub(input: Any, other: Any) -> Any:
    """Return ``other - input``; RuntimeError for bool tensors."""
    _no_bool_subtraction(input, other)
    row = rows.rsub if isinstance(other, Recorded) else rows.rsub_number
    return combine(row, input, other, op="rsub")


def _no_bool_subtraction(x: Any, y: Any) -> None:
    bools = [
        dtype_of(v).kind == "b" if isinstance(v, Recorded) else isinstance(v, bool | np.bool_)
        for v in (x, y)
    ]
    if bools[0] or bools[1]:
        which = "two bool tensors" if bools[0] and bools[1] else "a bool tensor"
        raise DTypeError(
            f"Subtraction, the `-` operator, with {which} is not supported. "
            f"Use `^` for exclusive or, `~` for not, or convert the mask with `.float()`."
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
    if not isinstance(input, Recorded):
        require_tensor("pow", exponent, "exponent")
        return combine(rows.number_pow, input, exponent, refused="b", op="pow")
    if is_number(exponent):
        return _power(input, exponent)
    return combine(rows.pow, input, exponent, refused="b")


def _power(x: Any, exponent: Any) -> Any:
    """Raise a tensor to a power that is a number: the number is a parameter of the row."""
    if isinstance(exponent, np.generic):
        exponent = exponent.item()
    dtype = dtype_of(x)
    if dtype.kind in "biu":
        if isinstance(exponent, bool) and dtype.kind == "b":
            return structural.clone(x) if exponent else rows.eq(x, x)
        if isinstance(exponent, int) and exponent < 0:
            raise DTypeError(
                "Integers to negative integer powers are not allowed. Use `x.float() ** exponent`."
            )
        (x,) = (v for v in promoted("pow", x, exponent)[:1])
    elif isinstance(exponent, complex):
        return combine(rows.pow, x, exponent)
    if exponent == 2:
        return unary(rows.square, x)
    payload = x.payload
    if carrier.special or payload.__class__ is not ndarray:
        return rows.power(x, exponent=exponent)
    params = {"exponent": exponent}
    return attach(rows.power, x, rows.power.forward(payload, exponent=exponent), params, 3)


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
    """Return ``max(input, 0)``; the derivative at 0 is 0. RuntimeError for bool and complex tensors."""
    require_tensor("relu", input)
    if dtype_of(input).kind in "bc":
        raise undefined("relu", dtype_of(input))
    return unary(rows.relu, input)


def abs(input: Any) -> Any:
    """Return the absolute value, of complex numbers the modulus; the derivative at 0 is 0.

    >>> import wengert as torch
    >>> torch.abs(torch.tensor([-2., 3.])), torch.abs(torch.tensor(3 - 4j))
    (tensor([2., 3.]), tensor(5.))
    """
    require_tensor("abs", input)
    kind = dtype_of(input).kind
    if kind == "b":
        raise undefined("abs", dtype_of(input))
    return unary(rows.modulus if kind == "c" else rows.abs, input)


def sign(input: Any) -> Any:
    """Return -1, 0 or 1. RuntimeError for complex tensors."""
    require_tensor("sign", input)
    kind = dtype_of(input).kind
    if kind == "c":
        raise undefined("sign", dtype_of(input))
    return unary(structural.clone if kind == "b" else rows.sign, input)


def maximum(input: Any, other: Any) -> Any:
    """Return the larger of two elements; NaN wins. Equal elements share the gradient by halves."""
    require_tensor("maximum", input)
    require_tensor("maximum", other, "other")
    return combine(rows.maximum, input, other, refused="c")


def minimum(input: Any, other: Any) -> Any:
    """Return the smaller of two elements; NaN wins. Equal elements share the gradient by halves."""
    require_tensor("minimum", input)
    require_tensor("minimum", other, "other")
    return combine(rows.minimum, input, other, refused="c")


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
    if dtype_of(condition) == np.uint8:
        condition = condition != 0
    if dtype_of(condition).kind != "b":
        raise DTypeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{condition.dtype}. Use `condition != 0`."
        )
    x, y = promoted("where", input, other)
    _require_broadcast("where", condition, x, y)
    return rows.where(condition, x, y)


def compare(row: Primitive, x: Any, y: Any, refused: str = "c") -> Any:
    """Apply a comparison; the result is bool and has no gradient. Complex numbers have no order."""
    require_tensor(row.name, x)
    return combine(row, x, y, refused=refused)


def eq(input: Any, other: Any) -> Any:
    """Return where the elements are equal."""
    return compare(rows.eq, input, other, "")


def ne(input: Any, other: Any) -> Any:
    """Return where the elements differ."""
    return compare(rows.ne, input, other, "")


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
    """Return ``floor(input / other)``, without gradient. RuntimeError for integers divided by 0.

    >>> import wengert as torch
    >>> torch.floor_divide(torch.tensor([7., -7.]), 2)
    tensor([ 3., -4.])
    """
    return combine(rows.floor_divide, input, other, refused="bc")


def remainder(input: Any, other: Any) -> Any:
    """Return ``input - other * floor(input / other)``, which has the divisor's sign, as Python's ``%``.

    The derivative is 1 for the input and ``-floor(input / other)`` for the divisor. Raises RuntimeError for integers
    divided by 0.

    >>> import wengert as torch
    >>> torch.remainder(torch.tensor([7., -7.]), 4)
    tensor([3., 1.])
    """
    by_number = isinstance(input, Recorded) and not isinstance(other, Recorded)
    row = rows.remainder_number if by_number else rows.remainder
    return combine(row, input, other, refused="bc", op="remainder")


def bitwise(row: Primitive, x: Any, y: Any) -> Any:
    """Apply a bitwise row to integers or bools; RuntimeError for floats."""
    return combine(row, x, y, refused="fc")


def invert(input: Any) -> Any:
    """Return the bitwise not (the logical not of bools); TypeError for floats."""
    require_tensor("bitwise_not", input)
    if dtype_of(input).kind in "fc":
        raise TypeError(
            f"~ (operator.invert) is only implemented on integer and Boolean-type tensors, not on {input.dtype}. "
            f"Compare first, as in `~(x > 0)`."
        )
    return rows.invert(input)

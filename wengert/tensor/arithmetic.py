"""Arithmetic as users call it: ``+ - * / // % **`` and their forms with names.

Operands broadcast against each other and promote by PyTorch's rules; each function states its formula.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import carrier, dtypes
from wengert.core.primitive import Primitive
from wengert.core.silence import silent
from wengert.errors import DTypeError
from wengert.rules import elementwise as rows
from wengert.rules import rounding, structural
from wengert.tape.provenance import written_here
from wengert.tape.record import attach, unary
from wengert.tape.storage import Recorded, ndarray
from wengert.tensor.apply import combine
from wengert.tensor.inplace import add_memory, in_place, memory_only, update
from wengert.tensor.numbers import number_of
from wengert.tensor.out import deliver
from wengert.tensor.overloads import alpha_first
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

__all__ = [
    "add", "div", "divide", "float_power", "floor_divide", "mul", "multiply", "neg", "negative", "positive", "pow",
    "reciprocal", "remainder", "rsub", "square", "sub", "subtract", "true_divide",
]  # fmt: skip


def _scaled(op: str, x: Any, other: Any, alpha: Any) -> Any:
    """Return ``alpha * other`` in the dtype that ``x`` and ``other`` have together."""
    if alpha.__class__ is int and alpha == 1:
        return other
    alpha = number_of(op, "alpha", alpha)
    dtype = result_type(operand(op, x), operand(op, other))
    if isinstance(alpha, bool) and dtype.kind != "b":
        raise DTypeError(f"{op}: a bool alpha goes with bool tensors only. Use a number.")
    if dtype.kind in "biu" and isinstance(alpha, float | complex):
        raise DTypeError(
            f"{op}: For integral input tensors, argument alpha must not be a floating point number. "
            f"Convert the tensor with `.float()`."
        )
    if dtypes.kind(dtype) == "f" and isinstance(alpha, complex):
        raise DTypeError(
            f"{op}: For non-complex input tensors, argument alpha must not be a complex number. "
            f"Convert the tensor with `.to(torch.complex64)`."
        )
    if not isinstance(other, Recorded):
        return bool(other * alpha) if dtype.kind == "b" else other * alpha
    return combine(rows.mul, cast_to(other, dtype), constant(alpha, dtype))


def add(input: Any, other: Any, *more: Any, alpha: complex = 1, out: Any = None) -> Any:
    """Return ``input + alpha * other``. The older order ``add(input, alpha, other)`` is taken with a warning.

    >>> import wengert as torch
    >>> torch.add(torch.tensor([1., 2.]), 10, alpha=2)
    tensor([21., 22.])
    """
    if more:
        other, alpha = alpha_first("add", other, more, alpha)
    made = combine(rows.add, input, _scaled("add", input, other, alpha))
    return made if out is None else deliver(made, out)


def sub(input: Any, other: Any, *more: Any, alpha: complex = 1, out: Any = None) -> Any:
    """Return ``input - alpha * other``; RuntimeError for bool tensors. ``sub(input, alpha, other)`` as in `add`.

    >>> import wengert as torch
    >>> torch.sub(torch.tensor([3., 2.]), 1)
    tensor([2., 1.])
    """
    if more:
        other, alpha = alpha_first("sub", other, more, alpha)
    _no_bool_subtraction(input, other)
    made = combine(rows.sub, input, _scaled("sub", input, other, alpha))
    return made if out is None else deliver(made, out)


subtract = sub


def rsub(input: Any, other: Any, *, alpha: complex = 1) -> Any:
    """Return ``other - alpha * input``; RuntimeError for bool tensors."""
    require_tensor("rsub", input)
    _no_bool_subtraction(input, other)
    row = rows.rsub if isinstance(other, Recorded) else rows.rsub_number
    return combine(row, _scaled("rsub", other, input, alpha), other, op="rsub")


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


def mul(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return ``input * other``.

    >>> import wengert as torch
    >>> torch.mul(torch.tensor([1., 2.]), torch.tensor([[2.], [3.]]))
    tensor([[2., 4.],
            [3., 6.]])
    """
    made = combine(rows.mul, input, other)
    return made if out is None else deliver(made, out)


multiply = mul


def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Any:
    """Return ``input / other``; integers are divided as floats.

    ``rounding_mode`` "trunc" rounds the quotient towards 0 and "floor" down; both keep integers, whose division by 0
    is a RuntimeError, and have the gradient 0.

    >>> import wengert as torch
    >>> torch.div(torch.tensor([1, 2]), 4)
    tensor([0.2500, 0.5000])
    >>> torch.div(torch.tensor([7, -7]), 2, rounding_mode="trunc")
    tensor([ 3, -3])
    """
    if rounding_mode is None:
        made = combine(rows.div, input, other, to_float=True)
    else:
        made = combine(_rounding(rounding_mode), input, other, refused="bc", op="div")
    return made if out is None else deliver(made, out)


def _rounding(mode: Any) -> Primitive:
    """Return the row of a quotient that is rounded."""
    if not isinstance(mode, str):
        raise TypeError(
            f"div(): argument 'rounding_mode' must be str, not {type(mode).__name__}. Use 'trunc' or 'floor'."
        )
    if mode not in ("trunc", "floor"):
        raise DTypeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found {mode!r}."
        )
    return rounding.div_trunc if mode == "trunc" else rounding.div_floor


divide = div


def true_divide(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return ``input / other``; integers are divided as floats."""
    made = combine(rows.div, input, other, to_float=True)
    return made if out is None else deliver(made, out)


def neg(input: Any, *, out: Any = None) -> Any:
    """Return ``-input``; RuntimeError for bool tensors."""
    require_tensor("neg", input)
    if dtype_of(input).kind == "b":
        raise DTypeError(
            "Negation, the `-` operator, on a bool tensor is not supported. Use `~` for not."
        )
    made = unary(rows.neg, input)
    return made if out is None else deliver(made, out, exact=True)


negative = neg


def reciprocal(input: Any, *, out: Any = None) -> Any:
    """Return ``1 / input``; integers become floats."""
    require_tensor("reciprocal", input)
    made = unary(rows.reciprocal, floating(input))
    return made if out is None else deliver(made, out)


def pow(input: Any, exponent: Any, *, out: Any = None) -> Any:
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
        made = combine(rows.number_pow, input, exponent, refused="b", op="pow")
    elif is_number(exponent):
        made = _power(input, exponent)
    else:
        made = combine(rows.pow, input, exponent, refused="b")
    return made if out is None else deliver(made, out)


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
    payload = x._payload
    if carrier.special or payload.__class__ is not ndarray:
        return rows.power(x, exponent=exponent)
    params = {"exponent": exponent}
    out = silent().run(rows.power.forward, payload, **params)
    return attach(rows.power, x, out, params, 3)


def square(input: Any, *, out: Any = None) -> Any:
    """Return ``input ** 2``."""
    require_tensor("square", input)
    made = pow(input, 2)
    return made if out is None else deliver(made, out)


def float_power(input: Any, exponent: Any, *, out: Any = None) -> Any:
    """Return ``input ** exponent`` computed in float64, or complex128 of complex operands.

    >>> import wengert as torch
    >>> torch.float_power(torch.tensor([2, 3]), -1)
    tensor([0.5000, 0.3333], dtype=torch.float64)
    """
    dtype = result_type(operand("float_power", input), operand("float_power", exponent))
    wide = np.dtype(np.complex128 if dtype.kind == "c" else np.float64)
    x, y = (cast_to(v, wide) if isinstance(v, Recorded) else v for v in (input, exponent))
    made = pow(x, y)
    return made if out is None else deliver(made, out)


def positive(input: Any) -> Any:
    """Return the tensor itself; RuntimeError for bool tensors."""
    require_tensor("positive", input)
    if dtype_of(input).kind == "b":
        raise DTypeError(
            "The `+` operator, `positive`, on a bool tensor is not supported. Use `.int()` first."
        )
    return input


def floor_divide(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return ``floor(input / other)``, without gradient. RuntimeError for integers divided by 0.

    >>> import wengert as torch
    >>> torch.floor_divide(torch.tensor([7., -7.]), 2)
    tensor([ 3., -4.])
    """
    made = combine(rows.floor_divide, input, other, refused="bc")
    return made if out is None else deliver(made, out)


def remainder(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return ``input - other * floor(input / other)``, which has the divisor's sign, as Python's ``%``.

    The derivative is 1 for the input and ``-floor(input / other)`` for the divisor. Raises RuntimeError for integers
    divided by 0.

    >>> import wengert as torch
    >>> torch.remainder(torch.tensor([7., -7.]), 4)
    tensor([3., 1.])
    """
    by_number = isinstance(input, Recorded) and not isinstance(other, Recorded)
    row = rows.remainder_number if by_number else rows.remainder
    made = combine(row, input, other, refused="bc", op="remainder")
    return made if out is None else deliver(made, out)


def add_(input: Any, other: Any, *more: Any, alpha: complex = 1) -> Any:
    """Add ``alpha * other`` to a tensor in place."""
    if more:
        other, alpha = alpha_first("add_", other, more, alpha)
    if (
        isinstance(other, Recorded)
        and memory_only(input, other)
        and (
            alpha.__class__ is int
            or (alpha.__class__ is float and input._payload.dtype.kind not in "biu")
        )
    ):
        factor = None if alpha == 1 else constant(alpha, other._payload.dtype)._payload
        return add_memory(input, other, factor, written_here())
    return update(input, rows.add, _scaled("add_", input, other, alpha), "add_")


def sub_(input: Any, other: Any, *more: Any, alpha: complex = 1) -> Any:
    """Subtract ``alpha * other`` from a tensor in place."""
    if more:
        other, alpha = alpha_first("sub_", other, more, alpha)
    _no_bool_subtraction(input, other)
    return update(input, rows.sub, _scaled("sub_", input, other, alpha), "sub_")


def mul_(input: Any, other: Any) -> Any:
    """Multiply a tensor by ``other`` in place."""
    return update(input, rows.mul, other, "mul_")


def div_(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """Divide a tensor by ``other`` in place; RuntimeError for integers, unless the quotients are rounded."""
    if rounding_mode is not None:
        return _DIVIDE(input, other, rounding_mode=rounding_mode)
    return true_divide_(input, other)


_DIVIDE = in_place(div)


def true_divide_(input: Any, other: Any) -> Any:
    """Divide a tensor by ``other`` in place; RuntimeError for integers, whose quotients are floats."""
    if dtype_of(input).kind in "biu":
        raise DTypeError(
            f"div_: result type {dtypes.public(dtypes.default_float())} can't be cast to the desired output type "
            f"{input.dtype}. Use `x = x / y`."
        )
    return update(input, rows.div, other, "div_")


def float_power_(input: Any, exponent: Any) -> Any:
    """Raise a tensor to a power in place; RuntimeError unless it is float64 or complex128."""
    require_tensor("float_power_", input)
    if (
        dtype_of(input).itemsize < (16 if dtype_of(input).kind == "c" else 8)
        or dtypes.kind(dtype_of(input)) not in "fc"
    ):
        raise DTypeError(
            f"float_power_: the base given has dtype {input.dtype} but the operation's result requires dtype Double. "
            f"Use `x = torch.float_power(x, exponent)`."
        )
    return _FLOAT_POWER(input, exponent)


_FLOAT_POWER = in_place(float_power)

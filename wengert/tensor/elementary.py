"""Elementary functions as users call them, element by element: exponentials, logarithms, angles, magnitudes.

Integers become the default float. Each function states its formula.
"""

from __future__ import annotations

from typing import Any

from wengert.core import dtypes
from wengert.errors import DTypeError
from wengert.rules import elementwise as rows
from wengert.rules import structural
from wengert.tape.record import unary
from wengert.tensor.apply import floating_function, undefined
from wengert.tensor.inplace import in_place
from wengert.tensor.out import deliver
from wengert.tensor.promotion import dtype_of, require_tensor

__all__ = [
    "abs", "absolute", "cos", "exp", "expm1", "log", "relu", "sigmoid", "sign", "sin", "sqrt", "tanh",
]  # fmt: skip


def exp(input: Any, *, out: Any = None) -> Any:
    """Return ``e ** input``, element by element.

    >>> import wengert as torch
    >>> torch.exp(torch.tensor([0., 1.]))
    tensor([1.0000, 2.7183])
    """
    made = floating_function(rows.exp, input)
    return made if out is None else deliver(made, out)


def expm1(input: Any, *, out: Any = None) -> Any:
    """Return ``e ** input - 1``, exact near 0 where `exp` loses digits.

    >>> import wengert as torch
    >>> torch.expm1(torch.tensor([0., 1.]))
    tensor([0.0000, 1.7183])
    """
    made = floating_function(rows.expm1, input)
    return made if out is None else deliver(made, out)


def log(input: Any, *, out: Any = None) -> Any:
    """Return the natural logarithm; -inf at 0, NaN below."""
    made = floating_function(rows.log, input)
    return made if out is None else deliver(made, out)


def sqrt(input: Any, *, out: Any = None) -> Any:
    """Return the square root; its derivative ``1 / (2 sqrt(x))`` is inf at 0."""
    made = floating_function(rows.sqrt, input)
    return made if out is None else deliver(made, out)


def sin(input: Any, *, out: Any = None) -> Any:
    """Return the sine of an angle in radians."""
    made = floating_function(rows.sin, input)
    return made if out is None else deliver(made, out)


def cos(input: Any, *, out: Any = None) -> Any:
    """Return the cosine of an angle in radians."""
    made = floating_function(rows.cos, input)
    return made if out is None else deliver(made, out)


def tanh(input: Any, *, out: Any = None) -> Any:
    """Return the hyperbolic tangent."""
    made = floating_function(rows.tanh, input)
    return made if out is None else deliver(made, out)


def sigmoid(input: Any, *, out: Any = None) -> Any:
    """Return ``1 / (1 + exp(-input))``."""
    made = floating_function(rows.sigmoid, input)
    return made if out is None else deliver(made, out)


def relu(input: Any) -> Any:
    """Return ``max(input, 0)``; the derivative at 0 is 0. RuntimeError for bool and complex tensors."""
    require_tensor("relu", input)
    if dtype_of(input).kind in "bc":
        raise undefined("relu", dtype_of(input))
    return unary(rows.relu, input)


def abs(input: Any, *, out: Any = None) -> Any:
    """Return the absolute value, of complex numbers the modulus; the derivative at 0 is 0.

    >>> import wengert as torch
    >>> torch.abs(torch.tensor([-2., 3.])), torch.abs(torch.tensor(3 - 4j))
    (tensor([2., 3.]), tensor(5.))
    """
    require_tensor("abs", input)
    kind = dtypes.kind(dtype_of(input))
    if kind == "b":
        raise undefined("abs", dtype_of(input))
    made = unary(rows.modulus if kind == "c" else rows.abs, input)
    return made if out is None else deliver(made, out, exact=kind != "c")


absolute = abs


def abs_(input: Any) -> Any:
    """`abs`, in place; RuntimeError for complex tensors, whose moduli are real."""
    require_tensor("abs_", input)
    if dtypes.kind(dtype_of(input)) == "c":
        raise DTypeError(
            "In-place abs is not supported for complex tensors. Use `x.abs()`, which is real."
        )
    return _abs_(input)


_abs_ = in_place(abs)


def sign(input: Any, *, out: Any = None) -> Any:
    """Return -1, 0 or 1. RuntimeError for complex tensors."""
    require_tensor("sign", input)
    kind = dtypes.kind(dtype_of(input))
    if kind == "c":
        raise undefined("sign", dtype_of(input))
    made = unary(structural.clone if kind == "b" else rows.sign, input)
    return made if out is None else deliver(made, out, exact=True)

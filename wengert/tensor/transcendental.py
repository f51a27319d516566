"""Exponentials, logarithms, angles and hyperbolic functions as users call them, element by element.

Integers become the default float; complex numbers have PyTorch's branch cuts. `elementary` has the commonest ones.
"""

from __future__ import annotations

from typing import Any

from wengert.rules import elementary as rows
from wengert.tensor.apply import floating_function, real_function, two_tensors
from wengert.tensor.out import deliver
from wengert.tensor.promotion import floating, require_tensor

__all__ = [
    "acos", "acosh", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "asin", "asinh",
    "atan", "atan2", "atanh", "cosh", "deg2rad", "exp2", "hypot", "log10", "log1p", "log2", "logaddexp",
    "logaddexp2", "rad2deg", "rsqrt", "sinc", "sinh", "tan",
]  # fmt: skip


def exp2(input: Any, *, out: Any = None) -> Any:
    """Return ``2 ** input``."""
    made = floating_function(rows.exp2, input)
    return made if out is None else deliver(made, out)


def log2(input: Any, *, out: Any = None) -> Any:
    """Return the logarithm to base 2; -inf at 0, NaN below."""
    made = floating_function(rows.log2, input)
    return made if out is None else deliver(made, out)


def log10(input: Any, *, out: Any = None) -> Any:
    """Return the logarithm to base 10; -inf at 0, NaN below."""
    made = floating_function(rows.log10, input)
    return made if out is None else deliver(made, out)


def log1p(input: Any, *, out: Any = None) -> Any:
    """Return ``log(1 + input)``, exact near 0 where `log` loses digits."""
    made = floating_function(rows.log1p, input)
    return made if out is None else deliver(made, out)


def tan(input: Any, *, out: Any = None) -> Any:
    """Return the tangent of an angle in radians."""
    made = floating_function(rows.tan, input)
    return made if out is None else deliver(made, out)


def asin(input: Any, *, out: Any = None) -> Any:
    """Return the angle in radians, between -pi/2 and pi/2, that has this sine; NaN outside of -1 to 1."""
    made = floating_function(rows.asin, input)
    return made if out is None else deliver(made, out)


arcsin = asin


def acos(input: Any, *, out: Any = None) -> Any:
    """Return the angle in radians, between 0 and pi, that has this cosine; NaN outside of -1 to 1."""
    made = floating_function(rows.acos, input)
    return made if out is None else deliver(made, out)


arccos = acos


def atan(input: Any, *, out: Any = None) -> Any:
    """Return the angle in radians, between -pi/2 and pi/2, that has this tangent."""
    made = floating_function(rows.atan, input)
    return made if out is None else deliver(made, out)


arctan = atan


def sinh(input: Any, *, out: Any = None) -> Any:
    """Return the hyperbolic sine ``(e ** x - e ** -x) / 2``."""
    made = floating_function(rows.sinh, input)
    return made if out is None else deliver(made, out)


def cosh(input: Any, *, out: Any = None) -> Any:
    """Return the hyperbolic cosine ``(e ** x + e ** -x) / 2``."""
    made = floating_function(rows.cosh, input)
    return made if out is None else deliver(made, out)


def asinh(input: Any, *, out: Any = None) -> Any:
    """Return the inverse of `sinh`."""
    made = floating_function(rows.asinh, input)
    return made if out is None else deliver(made, out)


arcsinh = asinh


def acosh(input: Any, *, out: Any = None) -> Any:
    """Return the inverse of `cosh`, 0 or more; NaN below 1."""
    made = floating_function(rows.acosh, input)
    return made if out is None else deliver(made, out)


arccosh = acosh


def atanh(input: Any, *, out: Any = None) -> Any:
    """Return the inverse of `tanh`; infinite at -1 and 1, NaN beyond."""
    made = floating_function(rows.atanh, input)
    return made if out is None else deliver(made, out)


arctanh = atanh


def rsqrt(input: Any, *, out: Any = None) -> Any:
    """Return ``1 / sqrt(input)``; inf at 0, NaN below."""
    made = floating_function(rows.rsqrt, input)
    return made if out is None else deliver(made, out)


def sinc(input: Any, *, out: Any = None) -> Any:
    """Return ``sin(pi x) / (pi x)``, which is 1 at 0. Derivatives are exact at 0, to every order.

    >>> import wengert as torch
    >>> torch.sinc(torch.tensor([0., 0.5]))
    tensor([1.0000, 0.6366])
    """
    require_tensor("sinc", input)
    made = rows.sinc(floating(input), order=0)
    return made if out is None else deliver(made, out)


def deg2rad(input: Any, *, out: Any = None) -> Any:
    """Convert angles from degrees to radians.

    >>> import wengert as torch
    >>> torch.deg2rad(torch.tensor([180., 90.]))
    tensor([3.1416, 1.5708])
    """
    made = real_function(rows.deg2rad, input)
    return made if out is None else deliver(made, out)


def rad2deg(input: Any, *, out: Any = None) -> Any:
    """Convert angles from radians to degrees."""
    made = real_function(rows.rad2deg, input)
    return made if out is None else deliver(made, out)


def atan2(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return the angle in radians, between -pi and pi, of the point ``(x, y) = (other, input)``.

    Both derivatives at the origin are 0, as in PyTorch.

    >>> import wengert as torch
    >>> torch.atan2(torch.tensor([1., 1.]), torch.tensor([1., -1.]))
    tensor([0.7854, 2.3562])
    """
    made = two_tensors(rows.atan2, input, other, "c", to_float=True)
    return made if out is None else deliver(made, out)


arctan2 = atan2


def hypot(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return ``sqrt(input ** 2 + other ** 2)`` without overflow; the derivatives at the origin are NaN."""
    made = two_tensors(rows.hypot, input, other, "biuc")
    return made if out is None else deliver(made, out)


def logaddexp(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return ``log(e ** input + e ** other)`` without overflow.

    >>> import wengert as torch
    >>> torch.logaddexp(torch.tensor(100.0), torch.tensor(100.0))
    tensor(100.6931)
    """
    made = two_tensors(rows.logaddexp, input, other, "biu")
    return made if out is None else deliver(made, out)


def logaddexp2(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return ``log2(2 ** input + 2 ** other)`` without overflow."""
    made = two_tensors(rows.logaddexp2, input, other, "biuc")
    return made if out is None else deliver(made, out)

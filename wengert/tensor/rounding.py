"""Rounding, remainders and signs as users call them. Steps have slope 0, and stay on the tape as in PyTorch."""

from __future__ import annotations

from typing import Any

from wengert.core import dtypes
from wengert.core.primitive import Primitive
from wengert.errors import DTypeError
from wengert.rules import elementwise, structural
from wengert.rules import rounding as rows
from wengert.tape.record import unary
from wengert.tape.storage import Recorded
from wengert.tensor import returned
from wengert.tensor.apply import combine, two_tensors, undefined
from wengert.tensor.numbers import whole_of
from wengert.tensor.out import deliver
from wengert.tensor.promotion import dtype_of, require_tensor

__all__ = [
    "ceil", "copysign", "fix", "floor", "fmod", "frac", "frexp", "gcd", "heaviside", "lcm", "ldexp", "nextafter",
    "round", "sgn", "signbit", "trunc",
]  # fmt: skip


def _rounded(row: Primitive, x: Any) -> Any:
    """Round floats; integers stay what they are. NotImplementedError for bools and complex numbers."""
    require_tensor(row.name, x)
    kind = dtypes.kind(dtype_of(x))
    if kind in "bc":
        raise undefined(row.name, dtype_of(x))
    return unary(structural.clone if kind in "iu" else row, x)


def _is_whole(x: Any) -> bool:
    """Say whether a tensor holds integers or bools, which PyTorch delivers into their own dtype only."""
    return dtype_of(x).kind in "biu"


def floor(input: Any, *, out: Any = None) -> Any:
    """Return the largest whole number not above each element."""
    made = _rounded(rows.floor, input)
    return made if out is None else deliver(made, out, exact=_is_whole(made))


def ceil(input: Any, *, out: Any = None) -> Any:
    """Return the smallest whole number not below each element."""
    made = _rounded(rows.ceil, input)
    return made if out is None else deliver(made, out, exact=_is_whole(made))


def trunc(input: Any, *, out: Any = None) -> Any:
    """Return the whole number next to each element in the direction of 0."""
    made = _rounded(rows.trunc, input)
    return made if out is None else deliver(made, out, exact=_is_whole(made))


fix = trunc


def round(input: Any, *, decimals: int = 0, out: Any = None) -> Any:
    """Round to so many decimals, halves to the even neighbour; negative ``decimals`` round to tens, hundreds ...

    >>> import wengert as torch
    >>> torch.round(torch.tensor([0.5, 1.5, 2.5])), torch.round(torch.tensor(1234.567), decimals=-2)
    (tensor([0., 2., 2.]), tensor(1200.))
    """
    decimals = whole_of("round", "decimals", decimals)
    if not decimals:
        made = _rounded(rows.round, input)
        return made if out is None else deliver(made, out, exact=_is_whole(made))
    require_tensor("round", input)
    if dtypes.kind(dtype_of(input)) != "f":
        raise undefined("round", dtype_of(input))
    made = rows.round_to(input, decimals=decimals)
    return made if out is None else deliver(made, out)


def frac(input: Any, *, out: Any = None) -> Any:
    """Return what ``trunc(input)`` leaves of each element, of its sign. NotImplementedError for all but floats."""
    require_tensor("frac", input)
    if dtypes.kind(dtype_of(input)) != "f":
        raise undefined("frac", dtype_of(input))
    made = unary(rows.frac, input)
    return made if out is None else deliver(made, out)


def fmod(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return ``input - other * trunc(input / other)``, which has the sign of ``input``, as C's ``fmod``.

    Raises RuntimeError for integers divided by 0.

    >>> import wengert as torch
    >>> torch.fmod(torch.tensor([7., -7.]), 4)
    tensor([ 3., -3.])
    """
    require_tensor("fmod", input)
    row = rows.fmod if isinstance(other, Recorded) else rows.fmod_number
    made = combine(row, input, other, refused="bc", op="fmod")
    return made if out is None else deliver(made, out)


def copysign(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return the magnitude of ``input`` with the sign of ``other``, a tensor or a number; -0.0 has a sign, too.

    The derivative is 1 or -1, and 0 where ``input`` is 0.
    """
    require_tensor("copysign", input)
    row = rows.copysign if isinstance(other, Recorded) else rows.copysign_number
    made = combine(row, input, other, refused="c", to_float=True, op="copysign")
    return made if out is None else deliver(made, out)


def nextafter(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return the next number after ``input`` that its dtype can hold, in the direction of ``other``."""
    made = two_tensors(rows.nextafter, input, other, "biuc")
    return made if out is None else deliver(made, out)


def ldexp(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return ``input * 2 ** other``; integers become floats.

    >>> import wengert as torch
    >>> torch.ldexp(torch.tensor([1.]), torch.tensor([1, 2, 3]))
    tensor([2., 4., 8.])
    """
    made = two_tensors(rows.ldexp, input, other, "", to_float=True)
    return made if out is None else deliver(made, out)


def frexp(input: Any, *, out: Any = None) -> Any:
    """Return each element as ``mantissa * 2 ** exponent``: mantissas from 0.5 to 1, and int32 exponents.

    The gradient of the mantissa is ``2 ** -exponent``. RuntimeError for all but floats.

    >>> import wengert as torch
    >>> mantissa, exponent = torch.frexp(torch.tensor([1., -6.]))
    >>> mantissa, exponent
    (tensor([ 0.5000, -0.7500]), tensor([1, 3], dtype=torch.int32))
    """
    require_tensor("frexp", input)
    if dtypes.kind(dtype_of(input)) != "f":
        raise DTypeError(
            f"torch.frexp() only supports floating-point dtypes, but got {input.dtype}. Use `input.float()`."
        )
    made = returned.frexp(*rows.frexp(input))
    return made if out is None else deliver(made, out, exact=True)


def heaviside(input: Any, values: Any, *, out: Any = None) -> Any:
    """Return 0 below 0, 1 above, and ``values`` at 0, to which the gradient there goes; that of ``input`` is 0.

    Raises RuntimeError for operands of two dtypes and for complex ones.
    """
    require_tensor("heaviside", input)
    require_tensor("heaviside", values, "values")
    if dtype_of(input) != dtype_of(values):
        raise DTypeError(
            f"heaviside is not yet implemented for tensors with different dtypes, got {input.dtype} and "
            f"{values.dtype}. Convert one, as in `values.to(input.dtype)`."
        )
    if dtype_of(input).kind == "c":
        raise DTypeError("heaviside is not implemented for complex tensors, which have no order.")
    made = combine(rows.heaviside, input, values)
    return made if out is None else deliver(made, out, exact=True)


def signbit(input: Any, *, out: Any = None) -> Any:
    """Return where the sign bit is set: below 0 and, of floats, at -0.0."""
    require_tensor("signbit", input)
    if dtype_of(input).kind == "c":
        raise undefined("signbit", dtype_of(input))
    made = rows.signbit(input)
    return made if out is None else deliver(made, out, exact=True)


def sgn(input: Any, *, out: Any = None) -> Any:
    """Return the direction ``x / |x|`` of complex numbers, 0 at 0; of real ones the sign -1, 0 or 1.

    >>> import wengert as torch
    >>> torch.sgn(torch.tensor([3 + 4j, 0j]))
    tensor([0.6000+0.8000j, 0.0000+0.0000j])
    """
    require_tensor("sgn", input)
    kind = dtypes.kind(dtype_of(input))
    row = {"c": elementwise.sgn, "b": structural.clone}.get(kind, elementwise.sgn_real)
    made = row(input)
    return made if out is None else deliver(made, out, exact=_is_whole(made))


def gcd(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return the greatest common divisor of integers, 0 of two zeros.

    >>> import wengert as torch
    >>> torch.gcd(torch.tensor([12, -9]), torch.tensor(6))
    tensor([6, 3])
    """
    made = two_tensors(rows.gcd, input, other, "bfc")
    return made if out is None else deliver(made, out)


def lcm(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return the least common multiple of integers, 0 where one of them is 0."""
    made = two_tensors(rows.lcm, input, other, "bfc")
    return made if out is None else deliver(made, out)

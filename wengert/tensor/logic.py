"""Logic on bools and bits, shifts, and tests of what kind of number an element is. Nothing here has a gradient."""

from __future__ import annotations

from typing import Any

from wengert.core import dtypes
from wengert.core.dtypes import bool_, float64
from wengert.core.primitive import Primitive
from wengert.core.shapes import broadcastable
from wengert.errors import DTypeError, cannot_broadcast
from wengert.rules import choosing, complex_parts, elementwise, rounding, structural
from wengert.tensor import comparison, reductions
from wengert.tensor.apply import combine
from wengert.tensor.numbers import double_of, require_flags
from wengert.tensor.out import deliver
from wengert.tensor.promotion import cast_to, dtype_of, require_tensor

__all__ = [
    "allclose", "bitwise_left_shift", "bitwise_right_shift", "isclose", "isinf", "isneginf", "isposinf", "isreal",
    "logical_and", "logical_not", "logical_or", "logical_xor",
]  # fmt: skip


def _truth(op: str, x: Any, name: str = "input") -> Any:
    """Return where a tensor's elements are not 0. NaN is not."""
    require_tensor(op, x, name)
    return cast_to(x, bool_.numpy)


def _logical(row: Primitive, op: str, x: Any, y: Any) -> Any:
    return combine(row, _truth(op, x), _truth(op, y, "other"), op=op)


def logical_and(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return where both elements are not 0.

    >>> import wengert as torch
    >>> torch.logical_and(torch.tensor([0., 2.]), torch.tensor([1, 1]))
    tensor([False,  True])
    """
    made = _logical(elementwise.bit_and, "logical_and", input, other)
    return made if out is None else deliver(made, out)


def logical_or(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return where at least one element is not 0."""
    made = _logical(elementwise.bit_or, "logical_or", input, other)
    return made if out is None else deliver(made, out)


def logical_xor(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return where just one element is not 0."""
    made = _logical(elementwise.bit_xor, "logical_xor", input, other)
    return made if out is None else deliver(made, out)


def logical_not(input: Any, *, out: Any = None) -> Any:
    """Return where the elements are 0."""
    made = elementwise.invert(_truth("logical_not", input))
    return made if out is None else deliver(made, out)


def _shifted(row: Primitive, op: str, x: Any, y: Any) -> Any:
    comparison.require_one_tensor(op, x, y)
    return combine(row, x, y, refused="bfc", op=op)


def bitwise_left_shift(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return the bits of ``input`` moved up by ``other`` places: ``input * 2 ** other``, 0 beyond the last.

    >>> import wengert as torch
    >>> torch.bitwise_left_shift(torch.tensor([1, 3]), 2)
    tensor([ 4, 12])
    """
    made = _shifted(rounding.shift_left, "bitwise_left_shift", input, other)
    return made if out is None else deliver(made, out)


def bitwise_right_shift(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return the bits of ``input`` moved down by ``other`` places: ``floor(input / 2 ** other)``."""
    made = _shifted(rounding.shift_right, "bitwise_right_shift", input, other)
    return made if out is None else deliver(made, out)


def isinf(input: Any) -> Any:
    """Return where the elements are infinite; of complex numbers, either part."""
    require_tensor("isinf", input)
    return choosing.isinf(input)


def _infinite(op: str, x: Any, sign: float) -> Any:
    require_tensor(op, x)
    if dtype_of(x).kind == "c":
        raise DTypeError(f"{op} does not support complex inputs. Use `isinf`, or the `.real` part.")
    return comparison.eq(x, sign * float("inf"))


def isposinf(input: Any, *, out: Any = None) -> Any:
    """Return where the elements are inf. RuntimeError for complex tensors."""
    made = _infinite("isposinf", input, 1.0)
    return made if out is None else deliver(made, out, exact=True)


def isneginf(input: Any, *, out: Any = None) -> Any:
    """Return where the elements are -inf. RuntimeError for complex tensors."""
    made = _infinite("isneginf", input, -1.0)
    return made if out is None else deliver(made, out, exact=True)


def isreal(input: Any) -> Any:
    """Return where the elements are real numbers: the imaginary part is 0."""
    require_tensor("isreal", input)
    return complex_parts.is_real(input)


def isclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Any:
    """Return where ``|input - other| <= atol + rtol * |other|``. Equal infinities are close, NaN if ``equal_nan``.

    Raises RuntimeError for operands of two dtypes and for negative tolerances.

    >>> import wengert as torch
    >>> torch.isclose(torch.tensor([1., 2.]), torch.tensor([1. + 1e-9, 2.1]))
    tensor([ True, False])
    """
    return _close("isclose", input, other, rtol, atol, equal_nan)


def _close(op: str, input: Any, other: Any, rtol: Any, atol: Any, equal_nan: Any) -> Any:
    require_flags(op, equal_nan=equal_nan)
    rtol = double_of(op, "rtol", rtol)
    atol = double_of(op, "atol", atol)
    require_tensor(op, input)
    require_tensor(op, other, "other")
    if dtype_of(input) != dtype_of(other):
        raise DTypeError(
            f"{op}: {input.dtype} did not match {other.dtype}. Convert one, as in `other.to(input.dtype)`."
        )
    for name, value in (("rtol", rtol), ("atol", atol)):
        if not value >= 0:
            raise DTypeError(
                f"{op}: {name} must be greater than or equal to zero, but got {value}."
            )
    if input.shape != other.shape and not broadcastable((tuple(input.shape), tuple(other.shape))):
        raise cannot_broadcast(op, (input.shape, other.shape))
    x, y = structural.detach(input), structural.detach(other)
    close = comparison.eq(x, y)
    if equal_nan and dtypes.kind(dtype_of(x)) in "fc":
        close = close | (comparison.isnan(x) & comparison.isnan(y))
    if rtol == 0 and atol == 0:
        return close
    if dtype_of(x).kind in "biu":
        x, y = (cast_to(v, float64.numpy) for v in (x, y))
    error = (x - y).abs()
    return close | (comparison.isfinite(error) & (error <= atol + (y * rtol).abs()))


def allclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Say whether all elements are close; see `isclose`."""
    close = reductions.all(_close("allclose", input, other, rtol, atol, equal_nan))
    return bool(close._read("allclose()").item())

"""What functions take for a number, an integer or a flag, and how they refuse the rest. Knows no one function.

A tensor without dimensions stands for the number that it holds. One that requires grad does not: no gradient would
reach it, so it is refused rather than cut off.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from wengert.core import dtypes
from wengert.errors import DTypeError
from wengert.tape.storage import Recorded
from wengert.tensor.promotion import dtype_of, is_number

_PLAIN: Final = (float, bool)


def number_of(op: str, name: str, value: Any) -> Any:
    """Return a parameter as a Python number: one itself, a NumPy scalar, or a tensor that stands for one.

    TypeError for anything else, OverflowError for integers beyond 64 bits.
    """
    if value.__class__ in _PLAIN:
        return value
    if isinstance(value, Recorded):
        value = _held(op, name, value)
    elif not is_number(value):
        raise _no(op, name, "Number", value)
    elif isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise OverflowError(
            f"{op}(): argument '{name}' is {value}, an int too big to convert to 64 bits. Use a float."
        )
    return value


def real_of(op: str, name: str, value: Any) -> Any:
    """Return a parameter as a real Python number; see `number_of`. RuntimeError for a complex one."""
    value = number_of(op, name, value)
    if value.__class__ is bool:
        return int(value)
    if isinstance(value, complex):
        raise DTypeError(
            f"{op}(): argument '{name}' is {value}: value cannot be converted to type double without overflow. Use "
            f"its `.real`, or `abs`."
        )
    return value


def double_of(op: str, name: str, value: Any) -> Any:
    """Return a parameter that is a float by PyTorch's signature: integers of any size are, complex numbers are not.

    TypeError for what is no real number, RuntimeError for a tensor that holds a complex one.
    """
    if value.__class__ is float:
        return value
    if isinstance(value, complex | np.complexfloating):
        raise _no(op, name, "float", value)
    if value.__class__ is int:
        return value if -(2**63) <= value < 2**63 else float(value)
    if not isinstance(value, Recorded) and not is_number(value):
        raise _no(op, name, "float", value)
    return real_of(op, name, value)


def whole_of(op: str, name: str, value: Any) -> int:
    """Return a parameter as an int: one itself, NumPy's, or a tensor of one element that is one.

    TypeError for anything else, bools among them; ValueError beyond 64 bits.
    """
    if isinstance(value, bool) or (
        isinstance(value, Recorded) and dtypes.kind(dtype_of(value)) not in "iu"
    ):
        raise _no(op, name, "int", value)
    try:
        found = operator.index(value)
    except TypeError:
        raise _no(op, name, "int", value) from None
    if not -(2**63) <= found < 2**63:
        raise ValueError(
            f"{op}(): argument '{name}' is {found}, which does not fit in int64. Overflow when unpacking long long."
        )
    return found


def wholes_of(op: str, name: str, values: Sequence[Any]) -> tuple[int, ...]:
    """Return the parts of a parameter as ints; see `whole_of`. TypeError that says which part is none."""
    found = []
    for place, value in enumerate(values):
        try:
            found.append(whole_of(op, name, value))
        except TypeError:
            raise TypeError(
                f"{op}(): argument '{name}' must be tuple of ints, but found element of type {type(value).__name__} at "
                f"pos {place}. Use `int(...)`."
            ) from None
    return tuple(found)


def require_flags(op: str, **flags: Any) -> None:
    """Raise TypeError unless all of the named parameters are bools."""
    for name, value in flags.items():
        if value.__class__ is not bool:
            raise _no(op, name, "bool", value)


def _held(op: str, name: str, x: Any) -> Any:
    if x._edge is not None:
        raise TypeError(
            f"{op}(): argument '{name}' must be Number, not Tensor that requires grad: no gradient would reach it. "
            f"Multiply or add the tensor itself, or use `.item()`."
        )
    if x.ndim:
        raise TypeError(
            f"{op}(): argument '{name}' must be Number, not Tensor of {x.ndim} dimensions. Use `.item()`."
        )
    return x.item()


def _no(op: str, name: str, wanted: str, value: Any) -> TypeError:
    kind = f"{type(value).__name__}"
    remedy = {"bool": " Write True or False.", "int": " Use `int(...)`."}.get(wanted, "")
    return TypeError(f"{op}(): argument '{name}' must be {wanted}, not {kind}.{remedy}")

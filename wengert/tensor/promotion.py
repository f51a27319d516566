"""From what users pass (tensors, Python numbers, NumPy scalars) to operands of one dtype, as rows want them.

Promotion is PyTorch's; it inserts the row `cast`, so gradients come back in each operand's own dtype.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Number
from types import MethodType
from typing import Any, Final

import numpy as np

from wengert.core import carrier, dtypes
from wengert.core.carrier import EVERYWHERE, Array
from wengert.core.silence import silently
from wengert.errors import DTypeError
from wengert.rules import structural as rows
from wengert.tape.provenance import warn_once
from wengert.tape.storage import Recorded, handle

_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
_PYTHON_NUMBERS = (float, int, bool, complex)
_NUMBERS = (Number, np.generic)
_constants: dict[Any, dict[Any, Recorded]] = {_FLOAT32: {}, _FLOAT64: {}}
_constants32, _constants64 = _constants[_FLOAT32], _constants[_FLOAT64]


def dtype_of(x: Any) -> np.dtype[Any]:
    """Return a tensor's dtype in NumPy's spelling, whatever carries it."""
    payload = x._payload
    while isinstance(payload, Recorded):
        payload = payload._payload
    if payload.__class__ is np.ndarray:
        return payload.dtype  # type: ignore[no-any-return]
    return payload.element_type  # type: ignore[no-any-return]


def is_number(value: Any) -> bool:
    """Say whether a value is a Python number or NumPy scalar."""
    return value.__class__ in _PYTHON_NUMBERS or isinstance(value, _NUMBERS)


def constant(value: complex, dtype: np.dtype[Any]) -> Any:
    """Return a number as a 0-d tensor without history; the usual ones are made once."""
    cache = _constants32 if dtype is _FLOAT32 else _constants64 if dtype is _FLOAT64 else None
    if cache is None or not value or value.__class__ not in (int, float):
        return _constant(value, dtype)
    found = cache.get(value)
    if found is None:
        if len(cache) > 1024:
            cache.clear()
        found = cache[value] = _constant(value, dtype)
    return found


def _constant(value: complex, dtype: np.dtype[Any]) -> Any:
    made = handle(raw_number(value, dtype))
    made._owner = EVERYWHERE
    made._payload.flags.writeable = False
    return made


def own_array(array: Array) -> Any:
    """Return an array that a function made for its own use as a tensor without history, wherever it is used."""
    made = handle(array)
    made._owner = EVERYWHERE
    return made


@silently
def raw_number(value: complex, dtype: np.dtype[Any]) -> Array:
    """Return a number as a 0-d array of ``dtype``; RuntimeError where it does not fit."""
    try:
        return np.asarray(value, dtype)
    except TypeError:
        if not isinstance(value, int):
            raise
        return np.asarray(float(value), dtype)  # bfloat16, which takes ints of 64 bits alone
    except OverflowError:
        if dtype.kind in "iu" and isinstance(value, int):
            bits = 8 * dtype.itemsize
            if bits < 64 or (dtype.kind == "u" and -(2**63) <= value < 0):
                return np.asarray(value & ((1 << bits) - 1), np.uint64).astype(dtype)
        raise DTypeError(
            f"value {value} cannot be converted to {dtype} without overflow."
        ) from None


def filling(value: complex, dtype: np.dtype[Any], op: str) -> Any:
    """Return a number that is to fill memory of ``dtype`` as a 0-d tensor.

    Raises RuntimeError where it does not fit, OverflowError for integers beyond 64 bits.
    """
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise OverflowError(
            f"{op}: the value {value} is an int too big to convert to 64 bits. Use a float, as in `float(n)`."
        )
    if not fits(value, dtype):
        raise DTypeError(
            f"{op}: the value {value} cannot be converted to {dtypes.public(dtype)} without overflow. "
            f"Use a number in the range of that dtype, or a tensor of a wider one."
        )
    if dtype.kind != "c" and isinstance(value, complex | np.complexfloating):
        value = value.real
    return constant(value, dtype)


def fits(value: complex, dtype: np.dtype[Any]) -> bool:
    """Say whether a number is in the range of a dtype, as PyTorch has it: unsigned ones take negatives, too."""
    if dtype.kind == "b":
        return True
    if isinstance(value, complex | np.complexfloating):
        if dtype.kind == "c":
            return fits(value.real, dtype) and fits(value.imag, dtype)
        return not value.imag and fits(value.real, dtype)
    if dtypes.kind(dtype) in "fc":
        return not math.isfinite(value) or abs(value) <= float(dtypes.limits(dtype).max)
    info = np.iinfo(dtype)
    return (info.min or -info.max) <= value <= info.max


def require_long(value: Any, dtype: np.dtype[Any] | None = None) -> None:
    """Raise ValueError for a Python integer beyond int64, or, as a number of the dtype uint64, beyond that."""
    most = 2**64 if dtype == np.uint64 else 2**63
    if isinstance(value, int) and not -(2**63) <= value < most:
        raise ValueError(
            f"the integer {value} does not fit 64 bits (int64). Use a float, as in `torch.tensor(float(n))`."
        )


def operand(op: str, value: Any) -> Any:
    """Return a value as something that can be an operand: a tensor or a number; TypeError otherwise."""
    if isinstance(value, Recorded) or is_number(value):
        return value
    raise TypeError(
        f"{op}(): argument must be Tensor or number, not {type(value).__name__}. {remedy(value)}"
    )


def require_tensor(op: str, value: Any, name: str = "input") -> None:
    """Raise TypeError unless ``value`` is a tensor."""
    if not isinstance(value, Recorded):
        raise TypeError(
            f"{op}(): argument '{name}' must be Tensor, not {type(value).__name__}. {remedy(value)}"
        )


def remedy(value: Any) -> str:
    """Say what to do about a value that is no tensor."""
    if hasattr(type(value), "__torch_function__"):
        return (
            "Functions ask for `__torch_function__` once a subclass of Tensor is defined; for other types call "
            "`torch.overrides.enable_torch_function()` first."
        )
    if isinstance(value, MethodType):
        return f"The method was not called: write `{value.__name__}()`."
    return "Make a tensor of it with `torch.tensor(...)`."


def result_type(*operands: Any) -> np.dtype[Any]:
    """Promote tensors and numbers by PyTorch's three priorities."""
    shaped, scalars, numbers = [], [], []
    for x in operands:
        if not isinstance(x, Recorded):
            numbers.append(x)
        elif x.ndim:  # type: ignore[attr-defined]
            shaped.append(dtype_of(x))
        else:
            scalars.append(dtype_of(x))
    return dtypes.result_type(shaped, scalars, numbers)


def cast_to(x: Any, dtype: np.dtype[Any]) -> Any:
    """Return a tensor in another dtype (itself when it has it); gradients flow between floating types."""
    source = dtype_of(x)
    if source == dtype:
        return x
    row = (
        rows.cast if dtypes.kind(source) in "fc" and dtypes.kind(dtype) in "fc" else rows.cast_away
    )
    return row(x, dtype=dtype, source=source)


def converted(x: Any, dtype: np.dtype[Any]) -> Any:
    """Return a tensor in the dtype that a call asks for; warns, once, where that loses imaginary parts."""
    if dtype_of(x).kind == "c" and dtype.kind not in "cb" and 0 not in x.shape:
        warn_once(OF_COMPLEX)
    return cast_to(x, dtype)


OF_COMPLEX: Final = (
    "Casting complex values to real discards the imaginary part. Use `torch.real(x)` to say so."
)


def promoted(op: str, *values: Any, floating: bool = False) -> list[Any]:
    """Return the operands in their common dtype; ``floating`` makes integers the default float."""
    if not carrier.special and _alike(values, floating):
        return list(values)
    operands = [operand(op, v) for v in values]
    dtype = result_type(*operands)
    if floating and dtype.kind in "biu":
        dtype = dtypes.default_float()
    return [cast_to(x, dtype) if isinstance(x, Recorded) else constant(x, dtype) for x in operands]


def _alike(values: Sequence[Any], floating: bool) -> bool:
    """Say whether values are plain tensors of one dtype, so that nothing has to be promoted."""
    common = None
    for v in values:
        if not isinstance(v, Recorded):
            return False
        dtype = v._payload.dtype
        if common is None:
            common = dtype
        elif dtype is not common:
            return False
    return not floating or common.kind not in "biu"  # type: ignore[union-attr]


def floating(x: Any) -> Any:
    """Return a tensor of integers as one of the default float; others as they are."""
    return cast_to(x, dtypes.default_float()) if dtype_of(x).kind in "biu" else x

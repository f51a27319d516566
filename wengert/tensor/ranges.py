"""Numbers in a row: counted by a step, evenly spaced, by powers; and the places of a triangle."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import Array
from wengert.core.shapes import Shape
from wengert.core.silence import silently
from wengert.errors import DTypeError, ShapeError
from wengert.tape.provenance import warn
from wengert.tape.storage import Recorded
from wengert.tensor.creation import finish, room
from wengert.tensor.device import device as Device
from wengert.tensor.device import placed
from wengert.tensor.filled import chosen_dtype
from wengert.tensor.numbers import double_of, real_of, whole_of
from wengert.tensor.out import deliver
from wengert.tensor.promotion import is_number
from wengert.tensor.views import reshape

__all__ = ["arange", "linspace", "logspace", "range", "tril_indices", "triu_indices"]

_INT64, _FLOAT64 = np.dtype(np.int64), np.dtype(np.float64)


def arange(
    start: Any = None, end: Any = None, step: Any = 1, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return ``start, start + step, ...`` up to but without ``end``; one argument is the end.

    Ints give int64, any float the default dtype. RuntimeError when the step is 0 or leads away from the end, or an end
    is not finite; NotImplementedError for bools and complex numbers.

    >>> import wengert as torch
    >>> torch.arange(3.0)
    tensor([0., 1., 2.])
    """
    place = placed(device, layout)
    if end is None:
        start, end = 0, start
    if end is None:
        raise TypeError("arange() needs an end, as in `torch.arange(3)`.")
    first, last, by = (_real("arange", v) for v in (0 if start is None else start, end, step))
    target = _counting_dtype("arange", dtype, out, first, last, by)
    _require_way("arange", first, last, by)
    if target == _INT64:
        first, last, by = int(first), int(last), int(by)
        if not by:
            raise ValueError("arange: step must be nonzero, and as an int64 it is 0.")
        count = -(-(last - first) // by)
    else:
        count = math.ceil((last - first) / by)
    counted = partial(_steps, first, by)
    made = finish(room(place, counted, (max(count, 0),), target), requires_grad)
    return made if out is None else deliver(_in_shape(made, out), out)


def range(
    start: Any = 0, end: Any = None, step: Any = 1, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return ``start, start + step, ...`` up to and with ``end``, of the default float. PyTorch advises `arange`."""
    warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with "
        "Python's range builtin. Instead, use torch.arange, which produces values in [start, end)."
    )
    place = placed(device, layout)
    if end is None:
        start, end = 0, start
    first, last, by = (_real("range", v) for v in (start, end, step))
    target = chosen_dtype("range", dtype, out, dtypes.default_float())
    _require_counting("range", target)
    _require_way("range", first, last, by)
    count = math.floor((last - first) / by) + 1
    counted = partial(_steps, first, by)
    made = finish(room(place, counted, (count,), target), requires_grad)
    return made if out is None else deliver(_in_shape(made, out), out)


def _real(op: str, value: Any) -> Any:
    """Return a real Python number; RuntimeError for a complex one, TypeError for what is no number."""
    return real_of(op, "start, end or step", value)


def _counting_dtype(op: str, dtype: Any, out: Any, *numbers: Any) -> np.dtype[Any]:
    floats = any(isinstance(v, float) for v in numbers)
    target = chosen_dtype(op, dtype, out, dtypes.default_float() if floats else _INT64)
    _require_counting(op, target)
    return target


def _require_counting(op: str, dtype: np.dtype[Any]) -> None:
    if dtype.kind in "bc":
        raise NotImplementedError(
            f'"{op}" not implemented for {dtypes.public(dtype)}. Count in int64 or float32, and convert with `.to`.'
        )


def _require_way(op: str, first: Any, last: Any, step: Any) -> None:
    """Raise RuntimeError unless steps lead from one number to the other."""
    if not step:
        raise ShapeError(f"{op}: step must be nonzero")
    if not (math.isfinite(first) and math.isfinite(last)):
        raise ShapeError(f"{op}: unsupported range: {first} -> {last}")
    if (last - first) * step < 0:
        raise ShapeError(
            f"{op}: upper bound and lower bound inconsistent with step sign: {first} -> {last} by {step}"
        )


@silently
def _steps(first: Any, step: Any, shape: Shape, dtype: np.dtype[Any]) -> Array:
    """Return a row of numbers, computed in 64 bits."""
    wide = _FLOAT64 if dtypes.kind(dtype) == "f" else _INT64
    numbers: Array = np.arange(shape[0], dtype=wide)
    numbers *= wide.type(step)
    numbers += wide.type(first)
    return numbers.astype(dtype)


def _in_shape(made: Any, out: Any) -> Any:
    """Return numbers in the shape of an ``out`` that has room for exactly as many."""
    return reshape(made, tuple(out.shape)) if out.numel() == made.numel() else made


def linspace(
    start: Any, end: Any, steps: int, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return ``steps`` evenly spaced numbers from ``start`` to ``end``, both included.

    Counted from both ends towards the middle, as PyTorch does, so that the two halves mirror each other.

    >>> import wengert as torch
    >>> torch.linspace(0, 1, 5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    place = placed(device, layout)
    first, last = _end("linspace", start, "start"), _end("linspace", end, "end")
    target = _spaced_dtype("linspace", dtype, out, first, last)
    count = _steps_asked("linspace", steps)
    made = finish(room(place, partial(_spaced, first, last), (count,), target), requires_grad)
    return made if out is None else deliver(_in_shape(made, out), out, silent=True)


def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return ``base`` to the power of ``steps`` evenly spaced numbers from ``start`` to ``end``, both included.

    >>> import wengert as torch
    >>> torch.logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    place = placed(device, layout)
    first, last = _end("logspace", start, "start"), _end("logspace", end, "end")
    target = _spaced_dtype("logspace", dtype, out, first, last)
    powers = partial(_powers, double_of("logspace", "base", base), first, last)
    count = _steps_asked("logspace", steps)
    made = finish(room(place, powers, (count,), target), requires_grad)
    return made if out is None else deliver(_in_shape(made, out), out, silent=True)


def _end(op: str, value: Any, name: str) -> Any:
    """Return a number, or that of a tensor without dimensions."""
    if isinstance(value, Recorded):
        if value.ndim:  # type: ignore[attr-defined]
            raise ShapeError(
                f"{op} only supports 0-dimensional start and end tensors, but got {name} with "
                f"{value.ndim} dimension(s)."  # type: ignore[attr-defined]
            )
        value = value.item()  # type: ignore[attr-defined]
    if not is_number(value):
        raise TypeError(f"{op}(): argument '{name}' must be Number, not {type(value).__name__}.")
    return value


def _spaced_dtype(op: str, dtype: Any, out: Any, first: Any, last: Any) -> np.dtype[Any]:
    is_complex = any(isinstance(v, complex | np.complexfloating) for v in (first, last))
    default = dtypes.of_number(1j) if is_complex else dtypes.default_float()
    target = chosen_dtype(op, dtype, out, default)
    if is_complex and target.kind != "c":
        raise DTypeError(
            f"torch.{op}(): inferred dtype {dtypes.public(default)} can't be safely cast to passed dtype "
            f"{dtypes.public(target)}"
        )
    if target.kind == "b":
        raise NotImplementedError(
            f'"{op}" not implemented for torch.bool. Use int64 and `.bool()`.'
        )
    return target


@silently
def _powers(base: Any, first: Any, last: Any, shape: Shape, dtype: np.dtype[Any]) -> Array:
    wide = np.dtype(np.complex128) if dtype.kind == "c" else _FLOAT64
    exponents = _evenly(first, last, shape[0], dtype)
    return np.power(wide.type(base), exponents.astype(wide)).astype(dtype)


def _steps_asked(op: str, steps: Any) -> int:
    steps = whole_of(op, "steps", steps)
    if steps < 0:
        raise ShapeError(f"{op}: number of steps must be non-negative")
    return int(steps)


@silently
def _spaced(first: Any, last: Any, shape: Shape, dtype: np.dtype[Any]) -> Array:
    return _evenly(first, last, shape[0], dtype).astype(dtype)


def _evenly(first: Any, last: Any, steps: int, dtype: np.dtype[Any]) -> Array:
    """Return evenly spaced numbers, in 64 bits between ends that are themselves of ``dtype`` where that is integer."""
    work = dtype
    if dtype.kind in "iu":
        first, last, work = int(first), int(last), _FLOAT64
    if steps == 1:
        return np.full(1, first, work)
    low, high = work.type(first), work.type(last)
    step = (high - low) / work.type(max(steps - 1, 1))
    up = np.arange(steps, dtype=_INT64)
    down = steps - 1 - up
    spaced: Array = np.where(
        up < steps // 2, low + step * up.astype(work), high - step * down.astype(work)
    )
    return spaced


def tril_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: Any = None,
    device: Any = None,
    layout: Any = None,
) -> Any:
    """Return the places of a matrix's lower triangle, row by row: their rows, and below them their columns.

    >>> import wengert as torch
    >>> torch.tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    place = placed(device, layout)
    return _triangle("tril_indices", np.tri, row, col, offset, dtype, place)


def triu_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: Any = None,
    device: Any = None,
    layout: Any = None,
) -> Any:
    """Return the places of a matrix's upper triangle, row by row: their rows, and below them their columns."""
    place = placed(device, layout)
    return _triangle("triu_indices", _upper, row, col, offset, dtype, place)


def _upper(row: int, col: int, offset: int, dtype: Any) -> Array:
    mask: Array = ~np.tri(row, col, offset - 1, dtype)
    return mask


def _triangle(
    op: str, mask: Any, row: int, col: int, offset: int, dtype: Any, place: Device
) -> Any:  # fmt: skip
    row, col = whole_of(op, "row", row), whole_of(op, "col", col)
    offset = whole_of(op, "offset", offset)
    for name, n in (("row", row), ("col", col)):
        if n < 0:
            raise ShapeError(f"{op}: {name} must be non-negative, got {n}")
    target = chosen_dtype(op, dtype, None, _INT64)
    if target not in (_INT64, np.dtype(np.int32)):
        raise NotImplementedError(
            f'"{op}" not implemented for {dtypes.public(target)}. Use int32 or int64.'
        )
    places = np.nonzero(mask(row, col, offset, np.bool_))
    return finish(np.stack(places).astype(target), False, place)

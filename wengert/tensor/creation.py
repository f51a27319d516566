"""Making tensors: from data, filled, counted, and like another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import Array, state
from wengert.core.shapes import Shape, positive_size
from wengert.errors import DTypeError, GradientError, ShapeError
from wengert.rules import structural
from wengert.tape import storage as cells
from wengert.tape.provenance import warn
from wengert.tape.storage import GradCell, Recorded, handle
from wengert.tensor.device import require_cpu as require_cpu
from wengert.tensor.promotion import (
    cast_to,
    dtype_of,
    filling,
    fits,
    is_number,
    require_long,
    require_tensor,
)

__all__ = [
    "arange", "as_tensor", "empty", "empty_like", "eye", "from_numpy", "full", "full_like", "linspace", "ones",
    "ones_like", "tensor", "zeros", "zeros_like",
]  # fmt: skip


def finish(array: Array, requires_grad: bool = False) -> Any:
    """Return a new array as a tensor, marked as a leaf when asked."""
    t = handle(array)
    if requires_grad:
        require_flag(requires_grad)
        mark(t)
    return t


def require_flag(requires_grad: Any) -> None:
    """Raise TypeError unless ``requires_grad`` is a bool."""
    if not isinstance(requires_grad, bool):
        raise TypeError(
            f"argument 'requires_grad' must be bool, not {type(requires_grad).__name__}."
        )


def mark(t: Any) -> None:
    """Make a tensor without history a leaf that gathers gradients; RuntimeError for integers and bools."""
    dtype = dtype_of(t)
    if dtypes.kind(dtype) not in "fc":
        raise GradientError(
            f"Only Tensors of floating point and complex dtype can require gradients, and this one is "
            f"{dtypes.public(dtype)}. Make it floating: `torch.tensor(1.)`, or `x.float()`."
        )
    level = state.innermost
    if t.cell is None:
        t.cell = GradCell(t, tuple(t.shape), dtype, level)
    t.edge = t.cell
    t.level = level if level.kind == "tape" or t.payload.__class__ is not np.ndarray else t.level


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """Copy numbers, nested sequences or arrays into a new tensor.

    Python floats become the default dtype, ints int64; NumPy arrays keep theirs. Raises ValueError for ragged
    sequences, TypeError for what is no number, RuntimeError for ``requires_grad`` of integers.

    >>> import wengert as torch
    >>> torch.tensor([[1., 2.], [3., 4.]])
    tensor([[1., 2.],
            [3., 4.]])
    """
    require_cpu(device)
    if isinstance(data, Recorded):
        copied = _copy_of_tensor(data, dtype)
        if requires_grad:
            mark(copied)
        return copied
    array = array_of(data, None if dtype is None else dtypes.to_numpy(dtype))
    return finish(array, requires_grad)


def _copy_of_tensor(data: Any, dtype: Any) -> Any:
    plain = structural.detach(data)
    if plain.payload.__class__ is not np.ndarray:
        return plain if dtype is None else cast_to(plain, dtypes.to_numpy(dtype))
    target = plain.payload.dtype if dtype is None else dtypes.to_numpy(dtype)
    return handle(np.array(plain.payload, target, order="C"))


def array_of(data: Any, dtype: np.dtype[Any] | None) -> Array:
    """Return data as a fresh array of a known dtype, by the rules of `tensor`.

    Raises ValueError for ragged sequences, text in sequences and integers beyond 64 bits, TypeError for what is no
    number, RuntimeError for numbers out of the dtype's range.
    """
    if isinstance(data, np.ndarray | np.generic):
        dtypes.public(data.dtype if dtype is None else dtype)
        native = data.dtype.newbyteorder("=") if dtype is None else dtype
        return np.array(data, native, order="C")
    if isinstance(data, list | tuple | range):
        _require_regular(data)
        data = _plain_numbers(data)
    try:
        array = np.array(data)
    except (ValueError, TypeError) as error:
        raise ValueError(f"tensor(): {error}") from None
    if dtypes.kind(array.dtype) not in "biufc" or array.dtype == np.uint64:
        raise _no_numbers(array, data)
    if dtype is None:
        return array.astype(_inferred(array, data))
    if dtype.kind != "c" and array.dtype.kind == "c":
        raise TypeError(f"tensor(): must be real numbers for {dtypes.public(dtype)}, not complex.")
    for bound in (array.min(), array.max()) if array.size and dtype.kind in "iu" else ():
        if not fits(bound.item(), dtype):
            raise DTypeError(
                f"tensor(): the value {bound} cannot be converted to {dtypes.public(dtype)} without overflow. "
                f"Use a wider dtype."
            )
    return array.astype(dtype)


def _no_numbers(array: Array, data: Any) -> Exception:
    """Word the error for data that NumPy did not read as numbers of 64 bits."""
    leaf = _first_leaf(data)
    if isinstance(leaf, str):
        if leaf is data:
            return TypeError(
                "new(): invalid data type 'str'. Convert text to numbers first, as in `float(s)`."
            )
        return ValueError("too many dimensions 'str': a tensor holds numbers. Convert text first.")
    for value in array.reshape(-1).tolist():
        try:
            require_long(value)
        except ValueError as error:
            return error
    return RuntimeError(
        f"Could not infer dtype of {type(leaf).__name__}. A tensor is made of numbers, or sequences of them."
    )


def _inferred(array: Array, data: Any) -> np.dtype[Any]:
    leaf = _first_leaf(data)
    if isinstance(leaf, np.generic) or array.dtype.kind == "b":
        return array.dtype  # type: ignore[no-any-return]
    if not array.size or dtypes.kind(array.dtype) == "f":
        return dtypes.default_float()
    if array.dtype.kind == "c":
        return dtypes.of_number(1j)
    return np.dtype(np.int64)


def _first_leaf(data: Any) -> Any:
    while isinstance(data, list | tuple | range) and len(data):
        data = data[0]
    return data


def _plain_numbers(data: Any) -> Any:
    """Replace tensors inside nested sequences by their numbers."""
    if isinstance(data, Recorded):
        t: Any = data
        if t.edge is not None:
            warn(
                "tensor(): a tensor that requires grad became a plain number, so no gradient flows to it. "
                "Use `torch.stack([...])` to keep the gradient, or `.item()` to say that none is wanted."
            )
        return t.tolist() if t.ndim else t.item()
    if isinstance(data, list | tuple):
        return [_plain_numbers(d) for d in data]
    return data


def _length(data: Any) -> int | None:
    if isinstance(data, list | tuple | range):
        return len(data)
    if isinstance(data, np.ndarray | Recorded) and data.ndim:  # type: ignore[union-attr]
        return len(data)  # type: ignore[arg-type]
    return None


def _require_regular(data: Any) -> None:
    """Raise ValueError at the first place where nested sequences have unequal lengths."""
    shape: list[int] = []
    at = data
    while (n := _length(at)) is not None:
        shape.append(n)
        if not n:
            break
        at = at[0]

    pending: list[tuple[Any, int]] = [(data, 0)]
    while pending:
        part, depth = pending.pop()
        n = _length(part)
        if depth == len(shape):
            if n is not None:
                raise TypeError(
                    f"tensor(): must be a number at depth {depth}, not {type(part).__name__}. "
                    f"A tensor is rectangular."
                )
            continue
        if n is None:
            raise TypeError(
                f"not a sequence: expected one of length {shape[depth]} at dim {depth}, got {type(part).__name__}."
            )
        if n != shape[depth]:
            raise ValueError(
                f"expected sequence of length {shape[depth]} at dim {depth} (got {n}). A tensor is rectangular: "
                f"pad the shorter rows."
            )
        if depth + 1 < len(shape):
            pending += [(p, depth + 1) for p in part]
        elif isinstance(part, list | tuple):
            pending += [(p, depth + 1) for p in part if _length(p) is not None]


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Any:
    """Return data as a tensor, sharing memory with a tensor or NumPy array when the dtype allows."""
    require_cpu(device)
    if isinstance(data, Recorded):
        return data if dtype is None else cast_to(data, dtypes.to_numpy(dtype))
    if isinstance(data, np.ndarray) and (dtype is None or dtypes.to_numpy(dtype) == data.dtype):
        return from_numpy(data)
    return tensor(data, dtype=dtype)


def from_numpy(array: Array) -> Any:
    """Return a tensor that shares memory with a NumPy array.

    Writes through either side are seen by the other. A value that the tape saves is safe all the same: small ones are
    copied, a large one that was overwritten raises at backward.

    >>> import numpy as np, wengert as torch
    >>> torch.from_numpy(np.arange(3.))
    tensor([0., 1., 2.], dtype=torch.float64)
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    dtypes.public(array.dtype)
    if state.trace is not None:
        state.trace.refuse(
            "from_numpy() shares memory with an array that a replay would not look at",
            "Do it before tracing and use the tensor, or copy with `torch.tensor(array)`.",
        )
    if any(s < 0 for s in array.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not "
            "supported. Use `array.copy()`."
        )
    t = handle(array.view())
    cells.expose(t, array)
    return t


def _dtype(dtype: Any) -> np.dtype[Any]:
    return dtypes.default_float() if dtype is None else dtypes.to_numpy(dtype)


def _asked(op: str, shape: tuple[Any, ...], size: Any) -> Shape:
    """Return the shape that was asked for by position or as ``size=``."""
    return positive_size(op, shape if size is None else (size,))


def zeros(
    *shape: Any,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Return zeros of a shape, given as ints or one tuple.

    >>> import wengert as torch
    >>> torch.zeros(2)
    tensor([0., 0.])
    """
    require_cpu(device)
    return finish(np.zeros(_asked("zeros", shape, size), _dtype(dtype)), requires_grad)


def ones(
    *shape: Any,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Return ones of a shape, given as ints or one tuple."""
    require_cpu(device)
    return finish(np.ones(_asked("ones", shape, size), _dtype(dtype)), requires_grad)


def empty(
    *shape: Any,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Return a tensor of a shape with arbitrary elements."""
    require_cpu(device)
    return finish(np.empty(_asked("empty", shape, size), _dtype(dtype)), requires_grad)


def full(
    size: Sequence[int],
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Return a tensor of a shape filled with one number, whose kind gives the dtype.

    >>> import wengert as torch
    >>> torch.full((2,), 7)
    tensor([7, 7])
    """
    require_cpu(device)
    if isinstance(fill_value, Recorded):
        fill_value = fill_value.item()  # type: ignore[attr-defined]
    if not is_number(fill_value):
        raise TypeError(
            f"full(): argument 'fill_value' must be a number, not {type(fill_value).__name__}."
        )
    target = dtypes.of_number(fill_value) if dtype is None else dtypes.to_numpy(dtype)
    number = filling(fill_value, target, "full")
    return finish(np.full(positive_size("full", (size,)), number.payload), requires_grad)


def arange(
    start: Any = None, end: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return ``start, start + step, ...`` up to but without ``end``; one argument is the end.

    Ints give int64, any float the default dtype. RuntimeError when the step is 0 or leads away from the end.

    >>> import wengert as torch
    >>> torch.arange(3.0)
    tensor([0., 1., 2.])
    """
    require_cpu(device)
    if end is None:
        start, end = None, start
    if end is None:
        raise TypeError("arange() needs an end, as in `torch.arange(3)`.")
    start = 0 if start is None else start
    start, end, step = (v.item() if isinstance(v, Recorded) else v for v in (start, end, step))  # type: ignore[attr-defined]
    if step == 0:
        raise ShapeError("arange: step must be nonzero")
    if (end - start) * step < 0:
        raise ShapeError("upper bound and larger bound inconsistent with step sign")
    if dtype is None:
        floating = any(isinstance(v, float) for v in (start, end, step))
        target = dtypes.default_float() if floating else np.dtype(np.int64)
    else:
        target = dtypes.to_numpy(dtype)
    count = max(0, math.ceil((end - start) / step))
    wide = np.float64 if dtypes.kind(target) in "fc" else np.int64
    values = np.arange(count, dtype=wide) * step + start
    return finish(values.astype(target), requires_grad)


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Return ``steps`` evenly spaced numbers from ``start`` to ``end``, both included.

    Counted from both ends towards the middle, as PyTorch does, so that the two halves mirror each other.

    >>> import wengert as torch
    >>> torch.linspace(0, 1, 5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    require_cpu(device)
    start, end = (v.item() if isinstance(v, Recorded) else v for v in (start, end))  # type: ignore[attr-defined]
    if steps < 0:
        raise ShapeError("number of steps must be non-negative")
    target = _dtype(dtype)
    if steps == 1:
        return finish(np.full(1, start, target), requires_grad)
    work = target if dtypes.kind(target) in "fc" else np.dtype(np.float64)
    first, last = work.type(start), work.type(end)
    step = (last - first) / work.type(max(steps - 1, 1))
    up = np.arange(steps, dtype=np.int64)
    half = steps // 2
    values = np.where(
        up < half, first + step * up.astype(work), last - step * (steps - 1 - up).astype(work)
    )
    return finish(values.astype(target), requires_grad)


def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Return the identity matrix, or an ``n x m`` matrix with ones on its diagonal."""
    require_cpu(device)
    if n < 0 or (m is not None and m < 0):
        raise ShapeError(f"n must be greater or equal to 0, got {n if n < 0 else m}")
    return finish(np.eye(n, m, dtype=_dtype(dtype)), requires_grad)


def _like(input: Any, dtype: Any) -> tuple[Shape, np.dtype[Any]]:
    require_tensor("like", input)
    return tuple(input.shape), dtype_of(input) if dtype is None else dtypes.to_numpy(dtype)


def zeros_like(
    input: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """Return zeros of another tensor's shape and dtype."""
    shape, target = _like(input, dtype)
    return finish(np.zeros(shape, target), requires_grad)


def ones_like(
    input: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """Return ones of another tensor's shape and dtype."""
    shape, target = _like(input, dtype)
    return finish(np.ones(shape, target), requires_grad)


def empty_like(
    input: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """Return a tensor of another's shape and dtype with arbitrary elements."""
    shape, target = _like(input, dtype)
    return finish(np.empty(shape, target), requires_grad)


def full_like(
    input: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Return a tensor of another's shape and dtype filled with one number."""
    shape, target = _like(input, dtype)
    number = filling(fill_value, target, "full_like")
    return finish(np.full(shape, number.payload), requires_grad)

"""Making tensors from data: numbers, sequences, arrays, buffers."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import Array, state
from wengert.core.shapes import Shape
from wengert.core.silence import silent
from wengert.core.strides import laid_as
from wengert.errors import DTypeError, GradientError, shape_text
from wengert.rules import memory, structural
from wengert.tape import storage as cells
from wengert.tape.meta import Meta, is_meta, no_data
from wengert.tape.provenance import warn, warn_once
from wengert.tape.storage import GradCell, Recorded, handle
from wengert.tensor.device import CPU, META, device, place_of, placed
from wengert.tensor.numbers import number_of
from wengert.tensor.promotion import (
    OF_COMPLEX,
    converted,
    dtype_of,
    filling,
    fits,
    require_long,
)
from wengert.tensor.views import cut

__all__ = ["as_tensor", "asarray", "from_numpy", "frombuffer", "scalar_tensor", "tensor"]


def finish(made: Array | Meta, requires_grad: bool = False, place: device = CPU) -> Any:
    """Return a new array, or what is described, as a tensor on a device, marked as a leaf when asked."""
    t = handle(Meta.of(made) if place is META and isinstance(made, np.ndarray) else made)
    if requires_grad:
        require_flag(requires_grad)
        mark(t)
    return t


def room(place: device, make: Callable[..., Any], shape: Shape, dtype: np.dtype[Any]) -> Any:
    """Return ``make(shape, dtype)``, an array; on the device meta its description, and nothing is made."""
    return Meta(shape, dtype) if place is META else make(shape, dtype)


def require_flag(requires_grad: Any) -> None:
    """Raise TypeError unless ``requires_grad`` is a bool."""
    if not isinstance(requires_grad, bool):
        raise TypeError(
            f"argument 'requires_grad' must be bool, not {type(requires_grad).__name__}."
        )


def place_like(x: Any) -> device:
    """Return the device of a tensor."""
    return META if is_meta(x) else CPU


def _place_for(x: Any, asked: Any) -> device:
    """Return the device asked for, or else that of a tensor, which may go to a default device other than the CPU."""
    place = place_of(asked)
    return place_like(x) if asked is None and place is CPU else place


def moved(x: Any, place: device) -> Any:
    """Return a tensor on a device, itself if it is there; what comes from the CPU leaves its elements behind.

    Raises NotImplementedError for one on the device meta that is to be on the CPU.
    """
    found = place_like(x)
    if found is place:
        return x
    if found is META:
        raise no_data("to('cpu')")
    return memory.to_copy(handle(Meta(tuple(x.shape), dtype_of(x))), x)


def mark(t: Any) -> None:
    """Make a tensor without history a leaf that gathers gradients; RuntimeError for integers and bools."""
    dtype = dtype_of(t)
    if dtypes.kind(dtype) not in "fc":
        raise GradientError(
            f"Only Tensors of floating point and complex dtype can require gradients, and this one is "
            f"{dtypes.public(dtype)}. Make it floating: `torch.tensor(1.)`, or `x.float()`."
        )
    level = state.innermost
    if t._cell is None:
        t._cell = GradCell(t, tuple(t.shape), dtype, level)
    t._edge = t._cell
    t._level = level if level.kind == "tape" or t._payload.__class__ is not np.ndarray else t._level


def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """Copy numbers, nested sequences or arrays into a new tensor.

    Python floats become the default dtype, ints int64; NumPy arrays keep theirs. Raises ValueError for ragged
    sequences, TypeError for what is no number, RuntimeError for ``requires_grad`` of integers.

    >>> import wengert as torch
    >>> torch.tensor([[1., 2.], [3., 4.]])
    tensor([[1., 2.],
            [3., 4.]])
    """
    return made_of("torch.tensor", data, dtype, device, requires_grad)


def made_of(
    op: str, data: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """Return what `tensor` does; a tensor as data is copied with a warning that names ``op``."""
    place = place_of(device)
    if isinstance(data, Recorded):
        warn(
            f"To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
            f"sourceTensor.detach().clone().requires_grad_(True), rather than {op}(sourceTensor)."
        )
        copied = moved(_copy_of_tensor(data, dtype), _place_for(data, device))
        if requires_grad:
            mark(copied)
        return copied
    array = array_of(data, None if dtype is None else dtypes.to_numpy(dtype))
    return finish(array, requires_grad, place)


def _copy_of_tensor(data: Any, dtype: Any) -> Any:
    plain = structural.detach(data)
    if plain._payload.__class__ is not np.ndarray:
        return plain if dtype is None else converted(plain, dtypes.to_numpy(dtype))
    target = plain._payload.dtype if dtype is None else dtypes.to_numpy(dtype)
    if plain._payload.dtype.kind == "c" and target.kind not in "cb":
        return converted(plain, target)
    return handle(silent().run(laid_as, plain._payload, plain._payload, target))


def array_of(data: Any, dtype: np.dtype[Any] | None) -> Array:
    """Return data as a fresh array of a known dtype, by the rules of `tensor`.

    Raises ValueError for ragged sequences, text in sequences and integers beyond 64 bits, TypeError for what is no
    number, RuntimeError for numbers out of the dtype's range.
    """
    if isinstance(data, np.ndarray | np.generic):
        dtypes.public(data.dtype if dtype is None else dtype)
        native = data.dtype.newbyteorder("=") if dtype is None else dtype
        if data.dtype.kind == "c" and native.kind not in "cb":
            warn_once(OF_COMPLEX)
            data = data.real
        return silent().run(np.array, data, native, order="C")
    given = data
    if isinstance(data, list | tuple | range):
        if len(data) and isinstance(data[0], np.ndarray) and data[0].ndim:
            warn_once(
                "Creating a tensor from a list of numpy.ndarrays is extremely slow. Use "
                "`torch.tensor(np.array(arrays))`, or `np.stack`."
            )
        data = _plain_numbers(data, _require_regular(data))
    try:
        array = np.array(data)
    except (ValueError, TypeError) as error:
        raise ValueError(f"tensor(): {error}") from None
    if dtype == np.uint64 and array.dtype.kind not in "US":
        return _unsigned(array, data)
    if dtypes.kind(array.dtype) not in "biufc" or (
        array.dtype == np.uint64 and isinstance(_first_leaf(given), int)
    ):
        raise _no_numbers(array, data)
    if dtype is None:
        return silent().run(array.astype, _inferred(array, given))
    if dtype.kind != "c" and array.dtype.kind == "c":
        raise TypeError(f"tensor(): must be real numbers for {dtypes.public(dtype)}, not complex.")
    for bound in (array.min(), array.max()) if array.size and dtype.kind in "iu" else ():
        if not fits(bound.item(), dtype):
            raise DTypeError(
                f"tensor(): the value {bound} cannot be converted to {dtypes.public(dtype)} without overflow. "
                f"Use a wider dtype."
            )
    return silent().run(array.astype, dtype)


def _unsigned(array: Array, data: Any) -> Array:
    """Return data as an array of uint64; TypeError for what are no ints, OverflowError for ints that do not fit."""
    if array.size and array.dtype.kind not in "iub":
        # NumPy reads ints on both sides of 2**63 as floats.
        array = np.array(data, np.object_)
        if not all(isinstance(value, int | np.integer) for value in array.flat):
            raise TypeError(
                "tensor(): a tensor of uint64 is made of ints. Write `torch.tensor(...).to(torch.uint64)` for floats."
            )
    if array.size and not 0 <= int(array.min()) <= int(array.max()) < 2**64:
        raise OverflowError(
            "tensor(): numbers of a tensor of uint64 are from 0 to 2**64 - 1, can't convert others. Convert them "
            "first: `torch.tensor(...).to(torch.uint64)` takes negative ones modulo 2**64."
        )
    return array.astype(np.uint64)


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
    if isinstance(leaf, np.ndarray | Recorded):
        return functools.reduce(dtypes.promote, _leaf_dtypes(data))
    if isinstance(leaf, np.generic) or array.dtype.kind == "b":
        return array.dtype  # type: ignore[no-any-return]
    if not array.size or dtypes.kind(array.dtype) == "f":
        return dtypes.default_float()
    if array.dtype.kind == "c":
        return dtypes.of_number(1j)
    return np.dtype(np.int64)


def _leaf_dtypes(data: Any) -> Iterator[np.dtype[Any]]:
    """Yield the dtypes of arrays, tensors and numbers in nested sequences."""
    if isinstance(data, list | tuple | range):
        for part in data:
            yield from _leaf_dtypes(part)
    elif isinstance(data, Recorded):
        yield dtype_of(data)
    else:
        yield data.dtype if isinstance(data, np.ndarray | np.generic) else dtypes.of_number(data)


def _first_leaf(data: Any) -> Any:
    while isinstance(data, list | tuple | range) and len(data):
        data = data[0]
    return data


def _plain_numbers(data: Any, rank: int) -> Any:
    """Replace tensors inside nested sequences by their numbers, nested to a depth of ``rank``."""
    if isinstance(data, Recorded):
        t: Any = data
        if t._edge is not None:
            warn(
                "tensor(): a tensor that requires grad became a plain number, so no gradient flows to it. "
                "Use `torch.stack([...])` to keep the gradient, or `.item()` to say that none is wanted."
            )
            t = t.detach()
        return [_plain_numbers(row, rank - 1) for row in t] if rank else t.item()
    if isinstance(data, list | tuple):
        return [_plain_numbers(d, rank - 1) for d in data]
    return data


def _length(data: Any) -> int | None:
    if isinstance(data, list | tuple | range):
        return len(data)
    if isinstance(data, np.ndarray | Recorded) and data.ndim:  # type: ignore[union-attr]
        return len(data)  # type: ignore[arg-type]
    return None


def _require_regular(data: Any) -> int:
    """Raise ValueError where nested sequences have unequal lengths, or a tensor is no number; return how deep they go.

    A tensor among numbers is one itself and must have one element; among sequences it is one of them.
    """
    shape: list[int] = []
    at = data
    while not isinstance(at, Recorded) and (n := _length(at)) is not None:
        shape.append(n)
        if not n:
            break
        at = at[0]

    pending: list[tuple[Any, int]] = [(data, 0)]
    while pending:
        part, depth = pending.pop()
        n = _length(part)
        if depth == len(shape):
            if isinstance(part, Recorded):
                _require_one(part)
            elif n is not None:
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
        inner: list[Any] = []
        if depth + 1 < len(shape):
            inner = list(part)
        elif isinstance(part, list | tuple | Recorded):
            inner = [p for p in part if _length(p) is not None]  # type: ignore[union-attr]
        pending += [(p, depth + 1) for p in reversed(inner)]
    return len(shape)


def _require_one(number: Any) -> None:
    if math.prod(number.shape) != 1:
        raise ValueError(
            f"tensor(): only one element tensors can be converted to Python scalars, and one among these has the shape "
            f"{shape_text(number.shape)}. Use `torch.stack([...])` to join tensors, which keeps their gradients."
        )


def as_tensor(data: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Return data as a tensor, sharing memory with a tensor or NumPy array when the dtype and the device allow."""
    place = place_of(device)
    if isinstance(data, Recorded):
        made = data if dtype is None else converted(data, dtypes.to_numpy(dtype))
        return moved(made, _place_for(data, device))
    if isinstance(data, np.ndarray) and (dtype is None or dtypes.to_numpy(dtype) == data.dtype):
        return moved(from_numpy(data), place)
    return tensor(data, dtype=dtype, device=place)


def asarray(
    obj: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool | None = None,
) -> Any:
    """Return a tensor, array, buffer, number or sequence as a tensor, sharing memory where that can be.

    ``copy=True`` always copies; ``copy=False`` raises ValueError where sharing cannot be. A tensor keeps its history,
    but with ``requires_grad=False``.

    >>> import wengert as torch
    >>> torch.asarray([1., 2.])
    tensor([1., 2.])
    """
    place = place_of(device)
    target = None if dtype is None else dtypes.to_numpy(dtype)
    if isinstance(obj, bytes | bytearray | memoryview):
        obj = np.frombuffer(obj, dtypes.default_float() if target is None else target)
    source = (
        obj.dtype
        if isinstance(obj, np.ndarray)
        else dtype_of(obj)
        if isinstance(obj, Recorded)
        else None
    )
    alike = source is not None and target in (None, source)
    if copy is False and not alike:
        what = "arbitrary sequence" if source is None else f"data of dtype {source}"
        raise ValueError(f"asarray: can't alias {what} into a tensor. Leave `copy` out.")
    if isinstance(obj, Recorded):
        made = obj if target is None else converted(obj, target)
        made = structural.clone(made) if copy and alike else made
        made = moved(made, _place_for(obj, device))
    else:
        made = from_numpy(obj) if alike and not copy else tensor(obj, dtype=dtype, device=CPU)
        made = moved(made, place)
    if requires_grad is not None:
        require_flag(requires_grad)
        if requires_grad and made._edge is None:
            mark(made)
        elif not requires_grad and made._edge is not None:
            return cut(made, counted=True)
    return made


def scalar_tensor(
    s: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return a number as a tensor without dimensions, of the default float unless another dtype is asked for."""
    place = placed(device, layout)
    s = number_of("scalar_tensor", "s", s)
    target = dtypes.default_float() if dtype is None else dtypes.to_numpy(dtype)
    return finish(np.array(filling(s, target, "scalar_tensor")._payload), requires_grad, place)


def frombuffer(
    buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Any:
    """Return a vector over the memory of a Python buffer, which it shares; that of a read-only one is copied.

    ``offset`` is in bytes, ``count`` in elements (-1: all). Raises ValueError where the buffer does not hold them.

    >>> import wengert as torch
    >>> torch.frombuffer(bytearray([1, 0, 2, 0]), dtype=torch.int16)
    tensor([1, 2], dtype=torch.int16)
    """
    target = dtypes.to_numpy(dtype)
    try:
        size = memoryview(buffer).nbytes
    except TypeError:
        raise ValueError("frombuffer: object does not implement Python buffer protocol.") from None
    if not size or not count:
        raise ValueError(
            f"frombuffer: both buffer length ({size}) and count ({count}) must not be 0"
        )
    if not 0 <= offset < size:
        raise ValueError(
            f"frombuffer: offset ({offset} bytes) must be non-negative and no greater than buffer length ({size} "
            f"bytes) minus 1"
        )
    if count < 0 and (size - offset) % target.itemsize:
        raise ValueError(
            f"frombuffer: buffer length ({size - offset} bytes) after offset ({offset} bytes) must be a multiple of "
            f"element size ({target.itemsize})"
        )
    if count * target.itemsize > size - offset:
        raise ValueError(
            f"frombuffer: requested buffer length ({count} * {target.itemsize} bytes) after offset ({offset} bytes) "
            f"must not be greater than actual buffer length ({size} bytes)"
        )
    array = np.frombuffer(buffer, target, count, offset)
    shared = from_numpy(array) if array.flags.writeable else finish(array.copy())
    if requires_grad:
        require_flag(requires_grad)
        mark(shared)
    return shared


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
    array = np.asarray(array)  # of a memory-mapped file, say, as what it is: an array
    dtypes.public(array.dtype)
    if state.trace is not None:
        state.trace.refuse(
            "from_numpy() shares memory with an array that a replay would not look at",
            "Do it before tracing and use the tensor, or copy with `torch.tensor(array)`.",
        )
    if not array.dtype.isnative:
        raise ValueError(
            "from_numpy: the array's byte order differs from the machine's. "
            "Use `array.astype(array.dtype.newbyteorder('='))`."
        )
    if any(s < 0 for s in array.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not "
            "supported. Use `array.copy()`."
        )
    if not array.flags.writeable:
        warn_once(
            "The given NumPy array is not writable, and the tensor shares its memory: reading it is safe, a write into "
            "it raises ValueError. Use `torch.tensor(array)` for a copy that can be written to."
        )
    t = handle(array.view())
    cells.expose(t, array)
    return t

"""Reading and writing by ``x[...]``, and gather and scatter.

Ints, slices, None and Ellipsis give views; bool masks and integer arrays give copies. Indices are brought into range
here, so that rows never see a negative one.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import state
from wengert.core.shapes import axis_of
from wengert.errors import DTypeError, ShapeError, TraceError, shape_text
from wengert.rules import indexing as rows
from wengert.rules import structural
from wengert.tape.storage import Recorded, alias, handle, ndarray
from wengert.tensor import inplace, views
from wengert.tensor.promotion import (
    cast_to,
    dtype_of,
    filling,
    is_number,
    require_tensor,
)

__all__ = [
    "gather", "index_select", "scatter_add",
]  # fmt: skip

SELECT, SLICE = structural.select, structural.slice_


def getitem(x: Any, key: Any) -> Any:
    """Return ``x[key]``."""
    basic, advanced = parse(x, key)
    if advanced is None:
        return _view(x, basic)
    front = structural.slice_(x, index=basic) if basic else x
    return advanced.read(front)


def _view(x: Any, basic: tuple[Any, ...]) -> Any:
    """Return the view of a basic index, under the name of its last part that does anything."""
    last = len(basic) - 1
    while last > 0 and _is_whole(basic[last]):
        last -= 1
    if last < 0 or basic[last] is not None:
        row = SELECT if last >= 0 and basic[last].__class__ is int else SLICE
        return views.viewed(row, x, {"index": basic})
    rest = basic[:last]
    if any(not _is_whole(k) for k in rest):
        x = views.viewed(SELECT, x, {"index": rest})
    dim = sum(k.__class__ is not int for k in rest)
    return views.viewed(structural.unsqueeze, x, {"dim": dim})


def _is_whole(k: Any) -> bool:
    return k.__class__ is slice and k == slice(None)


def setitem(x: Any, key: Any, value: Any) -> None:
    """Do ``x[key] = value``: broadcast, convert, and write. TypeError for anything but a tensor or a number."""
    basic, advanced = parse(x, key)
    if not isinstance(value, Recorded):
        value = _written_value(x, value)
    if advanced is None:
        inplace.writable(x, "x[...] = y")
        target = views.viewed(SLICE, x, {"index": basic}) if basic else views._alias_view(x)
        inplace.copy_(target, _without_leading_ones(value, target.ndim), "x[...] = y")
        return
    if basic:
        target = views.viewed(SLICE, x, {"index": basic})
        advanced.write(target, value)
    else:
        advanced.write(x, value)


def _written_value(x: Any, value: Any) -> Any:
    if is_number(value):
        return filling(value, dtype_of(x), "x[...] = y")
    raise TypeError(
        f"x[...] = y: can't assign a {type(value).__name__} to elements of a tensor. "
        f"Make a tensor of it with `torch.tensor(...)`."
    )


def _without_leading_ones(value: Any, rank: int) -> Any:
    """Drop extra leading dimensions of size 1, as PyTorch's assignment allows."""
    extra = value.ndim - rank
    if extra > 0 and all(n == 1 for n in value.shape[:extra]):
        return structural.reshape(value, shape=tuple(value.shape[extra:]))
    return value


def _out_of_range(x: Any, index: int, dim: int) -> IndexError:
    if not x.ndim:
        return IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python to convert a 0-dim tensor to a number"
        )
    return IndexError(
        f"index {index} is out of bounds for dimension {dim} with size {x.shape[dim]}"
    )


def _is_array_index(k: Any) -> bool:
    return isinstance(k, list | ndarray | Recorded)


class Advanced:
    """Index arrays at certain dimensions, the others taken whole; one read or write of them."""

    def __init__(self, dims: list[int], indices: list[Any]) -> None:
        self.dims = dims
        self.indices = indices

    def _plan(self, x: Any) -> tuple[Any, Any, int, bool]:
        """Return the tensor with the indexed dimensions adjacent, their flat index, where they are, and if moved."""
        dims = self.dims
        if len(dims) > 1:
            self._require_alike()
        adjacent = dims == list(range(dims[0], dims[0] + len(dims)))
        if not adjacent:
            rest = [d for d in range(x.ndim) if d not in dims]
            x = structural.permute(x, axes=(*dims, *rest))
        start = dims[0] if adjacent else 0
        sizes = tuple(x.shape[start : start + len(dims)])
        flat: Any = None
        for n, index in zip(sizes, self.indices, strict=True):
            if isinstance(index, Recorded):
                _check_range(index, n, self.dims[0])
                index = _wrapped(index, n)
            flat = index if flat is None else flat * n + index
        return x, flat, start, adjacent

    def _require_alike(self) -> None:
        """Raise IndexError unless the index arrays broadcast against each other."""
        shapes = [tuple(index.shape) for index in self.indices]
        try:
            np.broadcast_shapes(*shapes)
        except ValueError:
            listed = ", ".join(map(shape_text, shapes))
            raise IndexError(
                f"shape mismatch: indexing tensors of shapes {listed} do not broadcast together. "
                f"Give each one position per picked element."
            ) from None

    def read(self, x: Any) -> Any:
        """Return the elements that the arrays point at."""
        moved, flat, start, _ = self._plan(x)
        return rows.index(moved, flat, axis=start, span=len(self.dims))

    def write(self, x: Any, value: Any) -> None:
        """Replace them by ``value``, broadcast."""
        value = cast_to(value, dtype_of(x))
        moved, flat, start, adjacent = self._plan(alias(x))
        rest = tuple(moved.shape[:start]), tuple(moved.shape[start + len(self.dims) :])
        target = (*rest[0], *flat.shape, *rest[1])
        value = _without_leading_ones(value, len(target))
        try:
            value = structural.broadcast_to(value, shape=target)
        except ValueError:
            raise ShapeError(
                f"shape mismatch: value tensor of shape {shape_text(value.shape)} cannot be broadcast to "
                f"indexing result of shape {shape_text(target)}"
            ) from None
        put = rows.put(moved, flat, value, axis=start, span=len(self.dims))
        if not adjacent:
            order = (*self.dims, *(d for d in range(x.ndim) if d not in self.dims))
            put = structural.permute(put, axes=tuple(sorted(range(x.ndim), key=order.__getitem__)))
        inplace.assign(x, put, "x[...] = y")


def _wrapped(index: Any, n: int) -> Any:
    return index + (index < 0) * n


def _check_range(index: Any, n: int, dim: int) -> None:
    raw = index.payload
    if raw.__class__ is ndarray and raw.size and (raw.min() < -n or raw.max() >= n):
        bad = raw[(raw < -n) | (raw >= n)].flat[0]
        raise IndexError(f"index {bad} is out of bounds for dimension {dim} with size {n}")


def parse(x: Any, key: Any) -> tuple[tuple[Any, ...], Advanced | None]:
    """Split a key into a basic index and, if there are index arrays, their dimensions after it.

    Raises IndexError for what is no index or points outside.
    """
    keys = list(key) if isinstance(key, tuple) else [key]
    keys = [_normal(k) for k in keys]
    used = sum(_consumes(k) for k in keys)
    rank = x.ndim
    if sum(k is Ellipsis for k in keys) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if used > rank:
        if not rank and used == 1 and keys[0].__class__ is int:
            raise _out_of_range(x, keys[0], 0)
        raise IndexError(f"too many indices for tensor of dimension {rank}")
    if Ellipsis in [k for k in keys if not _is_array_index(k)]:
        at = next(i for i, k in enumerate(keys) if k is Ellipsis)
        keys[at : at + 1] = [slice(None)] * (rank - used)
    else:
        keys += [slice(None)] * (rank - used)
    basic: list[Any] = []
    dims: list[int] = []
    indices: list[Any] = []
    source = out = 0
    for k in keys:
        if k is None:
            basic.append(None)
            out += 1
        elif k.__class__ is int:
            n = x.shape[source]
            if not -n <= k < n:
                raise _out_of_range(x, k, source)
            basic.append(k)
            source += 1
        elif isinstance(k, slice):
            basic.append(_forward_slice(k))
            source += 1
            out += 1
        elif not _consumes(k):
            basic.append(None)
            dims.append(out)
            indices.append(_all_or_none(k))
            out += 1
        else:
            for array in _index_arrays(x, k, source):
                dims.append(out)
                indices.append(array)
                basic.append(slice(None))
                out += 1
                source += 1
    trivial = all(isinstance(k, slice) and k == slice(None) for k in basic)
    if not dims:
        return tuple(basic), None
    return (() if trivial else tuple(basic)), Advanced(dims, indices)


def _normal(k: Any) -> Any:
    """Bring ints in disguise (bools apart) to int, sequences to arrays."""
    if isinstance(k, Recorded):
        t: Any = k
        kind = dtypes.kind(dtype_of(t))
        if kind in "fc":
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        if not t.ndim and kind in "iu" and t.payload.__class__ is ndarray and state.trace is None:
            return int(t.item())
        return t
    if isinstance(k, list | tuple | ndarray):
        return handle(_index_array(k))
    if isinstance(k, bool | np.bool_):
        return handle(np.asarray(k))
    if k is None or k is Ellipsis or isinstance(k, slice):
        return k
    if hasattr(k, "__index__"):
        return int(k.__index__())
    if isinstance(k, str):
        raise TypeError(
            f"a tensor has no element named {k!r}: an index is made of integers, slices, None, `...` and tensors."
        )
    raise IndexError(
        f"only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
        f"(got {type(k).__name__})"
    )


def _index_array(k: Any) -> Any:
    """Return a sequence used as an index as an array of integers or bools; floats are cut off."""
    array = np.asarray(k, None if len(k) else np.int64)
    if array.dtype.kind in "biu":
        return array
    if dtypes.kind(array.dtype) != "f":
        raise TypeError(
            f"a sequence used as an index holds {array.dtype.name}: it must hold integers or bools."
        )
    return array.astype(np.int64)


def _consumes(k: Any) -> int:
    if k is None or k is Ellipsis:
        return 0
    if isinstance(k, Recorded) and dtype_of(k).kind == "b":
        return int(k.ndim)  # type: ignore[attr-defined]
    return 1


def _forward_slice(k: slice) -> slice:
    parts = [None if v is None else _bound(v) for v in (k.start, k.stop, k.step)]
    if parts[2] is not None and parts[2] <= 0:
        raise ValueError("step must be greater than zero. Use `flip` to reverse a dimension.")
    return slice(*parts)


def _bound(v: Any) -> int:
    try:
        return operator.index(v)
    except TypeError:
        raise TypeError(
            f"slice indices must be integers or None, not {type(v).__name__}. Use int(...)."
        ) from None


def _index_arrays(x: Any, k: Any, source: int) -> list[Any]:
    """Return the integer arrays of one key: itself, or where a mask is true, one array per masked dimension."""
    if dtype_of(k).kind != "b":
        return [k]
    raw = _readable_mask(k)
    shape = tuple(x.shape[source : source + raw.ndim])
    if raw.shape != shape:
        at = next(i for i, (a, b) in enumerate(zip(raw.shape, shape, strict=True)) if a != b)
        raise IndexError(
            f"The shape of the mask {shape_text(raw.shape)} at index {at} does not match the shape of the "
            f"indexed tensor {shape_text(x.shape)} at index {source + at}"
        )
    return [handle(np.ascontiguousarray(part)) for part in np.nonzero(raw)]


def _all_or_none(k: Any) -> Any:
    """Return a single bool's index into a new dimension of size 1: its one element, or nothing."""
    return handle(np.zeros(int(_readable_mask(k)), np.int64))


def _readable_mask(k: Any) -> np.ndarray[Any, Any]:
    raw = k.payload
    if raw.__class__ is not ndarray or state.trace is not None:
        raise TraceError(
            "a boolean mask as an index gives a shape that depends on data, which a transform cannot follow. "
            "Use `torch.where(mask, x, 0)`."
        )
    return raw


def _index_operand(op: str, x: Any, dim: int, index: Any) -> tuple[int, Any]:
    require_tensor(op, x)
    require_tensor(op, index, "index")
    if dtype_of(index).kind not in "iu":
        raise DTypeError(f"{op}(): Expected dtype int32/int64 for index, got {index.dtype}.")
    axis = axis_of(op, dim, x.ndim)
    if index.ndim != x.ndim and x.ndim and index.ndim:
        raise ShapeError(
            f"{op}(): Index tensor must have the same number of dimensions as input tensor, got "
            f"{index.ndim} and {x.ndim}."
        )
    for d, (n, m) in enumerate(zip(index.shape, x.shape, strict=False)):
        if d != axis and n > m:
            raise ShapeError(
                f"{op}: Size does not match at dimension {d}: expected index {shape_text(index.shape)} to be no "
                f"larger than self {shape_text(x.shape)} apart from dimension {axis}"
            )
    raw = index.payload
    n = x.shape[axis] if x.ndim else 1
    if raw.__class__ is ndarray and raw.size and (raw.min() < 0 or raw.max() >= n):
        bad = raw[(raw < 0) | (raw >= n)].flat[0]
        raise ShapeError(f"{op}: index {bad} is out of bounds for dimension {axis} with size {n}")
    return axis, cast_to(index, np.dtype(np.int64))


def gather(input: Any, dim: int, index: Any) -> Any:
    """Pick along ``dim``: ``out[i][j] = input[index[i][j]][j]`` for ``dim=0``, and alike.

    >>> import wengert as torch
    >>> torch.gather(torch.tensor([[1., 2.], [3., 4.]]), 1, torch.tensor([[0, 0], [1, 0]]))
    tensor([[1., 1.],
            [4., 3.]])
    """
    axis, index = _index_operand("gather", input, dim, index)
    return rows.gather(input, index, dim=axis)


def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    """Return ``input`` with ``src`` added along ``dim`` at ``index``: the transpose of `gather`.

    >>> import wengert as torch
    >>> torch.scatter_add(torch.zeros(3), 0, torch.tensor([0, 2, 0]), torch.tensor([1., 2., 3.]))
    tensor([4., 0., 2.])
    """
    axis, index = _index_operand("scatter_add", input, dim, index)
    require_tensor("scatter_add", src, "src")
    if dtype_of(src) != dtype_of(input):
        raise DTypeError("scatter_add(): Expected self.dtype to be equal to src.dtype")
    if any(n > m for n, m in zip(index.shape, src.shape, strict=False)) or index.ndim != src.ndim:
        raise ShapeError(
            f"scatter_add: Expected index {shape_text(index.shape)} to be no larger than src "
            f"{shape_text(src.shape)}"
        )
    if tuple(src.shape) != tuple(index.shape):
        src = structural.slice_(src, index=tuple(slice(0, n) for n in index.shape))
    return rows.scatter_add(input, index, src, dim=axis)


def index_select(input: Any, dim: int, index: Any) -> Any:
    """Pick whole slices along ``dim`` by a vector of positions."""
    require_tensor("index_select", input)
    require_tensor("index_select", index, "index")
    axis = axis_of("index_select", dim, input.ndim)
    return getitem(input, (*(slice(None),) * axis, index))

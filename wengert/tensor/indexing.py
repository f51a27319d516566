"""Reading and writing by ``x[...]``.

Ints, slices, None and Ellipsis give views; bool masks and integer arrays give copies. A key is parsed into a basic
index, which gives a view, and `Advanced` entries in that view's dimensions. Indices are brought into range here, so
that rows never see a negative one.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from wengert.core import carrier
from wengert.core.carrier import state
from wengert.core.shapes import Shape, broadcastable
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.rules import elementwise, structural
from wengert.rules import indexing as rows
from wengert.tape.provenance import warn
from wengert.tape.storage import Recorded, handle, ndarray
from wengert.tensor import inplace, views
from wengert.tensor.positions import INT64, checked, known
from wengert.tensor.promotion import cast_to, dtype_of, filling, is_number

SELECT, SLICE, ALIAS = structural.select, structural.slice_, structural.alias
WRITE = "x[...] = y"
BOOL = np.dtype(np.bool_)
WHOLE = slice(None)
"""A dimension that a key takes without naming it."""


def getitem(x: Any, key: Any) -> Any:
    """Return ``x[key]``."""
    if key.__class__ is slice and x.ndim:
        return views.viewed(SLICE, x, {"index": (_forward_slice(key),)})
    basic, advanced = parse(x, key)
    if advanced is None:
        return _view(x, basic)
    return advanced.read(structural.slice_(x, index=basic) if basic else x)


def _view(x: Any, basic: tuple[Any, ...]) -> Any:
    """Return the view of a basic index, under the name of its last part that does anything."""
    if all(k is WHOLE for k in basic):
        return views.viewed(ALIAS, x, {"index": ()})
    last = len(basic) - 1
    while basic[last] is WHOLE:
        last -= 1
    if basic[last] is not None:
        row = SELECT if basic[last].__class__ is int else SLICE
        return views.viewed(row, x, {"index": basic})
    rest = basic[:last]
    if any(k is not WHOLE for k in rest):
        x = views.viewed(SELECT, x, {"index": rest})
    dim = sum(k.__class__ is not int for k in rest)
    return views.viewed(structural.unsqueeze, x, {"dim": dim})


def setitem(x: Any, key: Any, value: Any) -> None:
    """Do ``x[key] = value``: broadcast and write.

    Raises TypeError for anything but a tensor or a number, RuntimeError for a tensor of another dtype where the key
    holds index arrays (as PyTorch does), for shapes that do not fit, and where `x` may not be written to.
    """
    basic, advanced = parse(x, key)
    if not isinstance(value, Recorded):
        value = _written_value(x, value)
    whole = all(k is WHOLE for k in basic)
    target = x if whole else views.viewed(SLICE, x, {"index": basic})
    if advanced is not None:
        advanced.write(target, value)
        return
    inplace.writable(x, WRITE)
    if whole and not value.ndim and x.ndim:
        inplace.fill_(x, value)
        return
    inplace.copy_(target, _without_leading_ones(value, target.ndim), WRITE)


def _written_value(x: Any, value: Any) -> Any:
    if is_number(value):
        return filling(value, dtype_of(x), WRITE)
    raise TypeError(
        f"{WRITE}: can't assign a {type(value).__name__} to elements of a tensor. "
        f"Make a tensor of it with `torch.tensor(...)`."
    )


def _without_leading_ones(value: Any, rank: int) -> Any:
    """Drop extra leading dimensions of size 1, as PyTorch's assignment allows."""
    extra = value.ndim - rank
    if extra > 0 and all(n == 1 for n in value.shape[:extra]):
        return structural.reshape(value, shape=tuple(value.shape[extra:]))
    return value


class Entry(NamedTuple):
    """An index array, or a mask of ``span`` dimensions, at dimension ``dim``."""

    dim: int
    span: int
    array: Any

    @property
    def is_mask(self) -> bool:
        """Whether the array is a mask."""
        return dtype_of(self.array) == BOOL

    def positions(self) -> Any:
        """Return the positions that the entry points at, for a mask in its dimensions taken as one."""
        if not self.is_mask:
            return self.array
        mask = known(
            "a boolean mask as an index",
            self.array,
            "Read with `torch.where(mask, x, 0)`; `x[mask] = number` works.",
        )
        return handle(np.flatnonzero(mask))


class Advanced:
    """Index arrays and masks at certain dimensions, the others taken whole: one read or write of them."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries

    def _plan(self, x: Any) -> tuple[list[int], list[int], list[Any], Shape]:
        """Return the indexed dimensions, the others, and per entry the positions, with the shape they broadcast to."""
        dims = [d for e in self.entries for d in range(e.dim, e.dim + e.span)]
        rest = [d for d in range(x.ndim) if d not in dims]
        arrays = [entry.positions() for entry in self.entries]
        shape = _joint_shape(arrays)
        if 0 in shape or (0 in x.shape and all(x.shape[d] for d in dims)):
            return dims, rest, [handle(np.zeros(shape, np.int64)) for _ in arrays], shape
        sizes = [math.prod(x.shape[e.dim : e.dim + e.span]) for e in self.entries]
        arrays = [
            checked("x[...]", array, size, entry.dim, wrap=True)
            for entry, array, size in zip(self.entries, arrays, sizes, strict=True)
        ]
        return dims, rest, arrays, shape

    def read(self, x: Any) -> Any:
        """Return the elements that the arrays point at: their dimensions come first if they are not neighbours."""
        dims, rest, arrays, _ = self._plan(x)
        axis = dims[0] if _neighbours(dims) else 0
        order = rest[:axis] + dims + rest[axis:]
        if order != sorted(order):
            x = structural.permute(x, axes=tuple(order))
        counts = [dims.index(e.dim) + e.span + axis for e in self.entries]
        weights = [math.prod(x.shape[at : axis + len(dims)]) for at in counts]
        return rows.index(x, _weighed(arrays, weights), axis=axis, span=len(dims))

    def write(self, x: Any, value: Any, *, accumulate: bool = False) -> Any:
        """Replace them by ``value``, broadcast, or add it to them. Returns ``x``."""
        return inplace.write(x, *self._step(x, value, accumulate), WRITE)

    def replaced(self, x: Any, value: Any, *, accumulate: bool = False) -> Any:
        """Return a copy of ``x`` with ``value``, broadcast, at what the arrays point at, or added to it."""
        row, others, params = self._step(x, value, accumulate)
        return row(x, *others, **params)

    def _step(self, x: Any, value: Any, accumulate: bool) -> tuple[Any, Any, dict[str, Any]]:
        """Return the row that writes, its operands after the first, and its parameters."""
        masked = len(self.entries) == 1 and self.entries[0].is_mask
        if masked and value.numel() == 1 and not accumulate:
            value = cast_to(value, dtype_of(x))
        if dtype_of(x) != dtype_of(value):
            raise DTypeError(
                f"{WRITE}: Index put requires the source and destination dtypes match, got {x.dtype} for the "
                f"destination and {value.dtype} for the source. Use `y.to(x.dtype)`."
            )
        spread = self._spread_over_mask(x, value) if masked else None
        if spread is not None and not accumulate:
            return rows.put_where, spread, {}
        if spread is not None and carrier.special:
            return elementwise.add, (elementwise.keep_where(spread[1], spread[0]),), {}
        row = rows.put_add if accumulate else rows.put
        dims, rest, arrays, shape = self._plan(x)
        if _neighbours(dims):
            axis, end = dims[0], dims[-1] + 1
            at = _weighed(arrays, [math.prod(x.shape[e.dim + e.span : end]) for e in self.entries])
            value = _broadcast(value, (*x.shape[:axis], *shape, *x.shape[end:]))
            return row, (at, value), {"axis": axis, "span": len(dims)}
        at = _weighed(arrays, [math.prod(x.shape[e.dim + e.span :]) for e in self.entries])
        grid = np.zeros((), np.int64)
        for d in rest:
            grid = grid[..., None] + np.arange(x.shape[d]) * math.prod(x.shape[d + 1 :])
        at = structural.reshape(at, shape=(*shape, *(1,) * len(rest))) + handle(grid)
        return row, (at, _broadcast(value, tuple(at.shape))), {"axis": 0, "span": x.ndim}

    def _spread_over_mask(self, x: Any, value: Any) -> tuple[Any, Any] | None:
        """Return the only mask and the value in forms that broadcast against ``x``.

        None when the value has an element for every picked one: how many these are depends on data.
        """
        dim, span, mask = self.entries[0]
        after = x.ndim - dim - span
        value = _without_leading_ones(value, dim + 1 + after)
        shape = tuple(value.shape)
        if len(shape) > after:
            at = len(shape) - after - 1
            if shape[at] != 1:
                return None
            value = structural.reshape(value, shape=(*shape[:at], *(1,) * span, *shape[at + 1 :]))
        target = (*x.shape[:dim], *(1,) * span, *x.shape[dim + span :])
        _require_broadcast(shape, tuple(value.shape), target)
        return structural.reshape(mask, shape=(*mask.shape, *(1,) * after)), value


def _neighbours(dims: list[int]) -> bool:
    return dims[-1] - dims[0] == len(dims) - 1


def _weighed(arrays: Sequence[Any], weights: Sequence[int]) -> Any:
    """Return positions in several dimensions as positions in all of them, each weighed by what lies behind it."""
    at = None
    for array, weight in zip(arrays, weights, strict=True):
        part = array if weight == 1 else array * weight
        at = part if at is None else at + part
    return at


def _joint_shape(arrays: Sequence[Any]) -> Shape:
    """Return the shape that index arrays broadcast to; IndexError where they do not."""
    shapes = [tuple(array.shape) for array in arrays]
    if len(shapes) == 1:
        return shapes[0]
    if not broadcastable(shapes):
        listed = ", ".join(map(shape_text, shapes))
        raise IndexError(
            f"shape mismatch: indexing tensors of shapes {listed} do not broadcast together. "
            f"Give each one position per picked element."
        )
    return np.broadcast_shapes(*shapes)


def _broadcast(value: Any, target: tuple[int, ...]) -> Any:
    """Return a written value in the shape of what it is written to; RuntimeError where it does not broadcast."""
    value = _without_leading_ones(value, len(target))
    _require_broadcast(tuple(value.shape), tuple(value.shape), target)
    return value if tuple(value.shape) == target else structural.broadcast_to(value, shape=target)


def _require_broadcast(given: Shape, shape: Shape, target: Shape) -> None:
    extra = len(target) - len(shape)
    if extra < 0 or any(n not in (1, m) for n, m in zip(shape, target[extra:], strict=True)):
        raise ShapeError(
            f"shape mismatch: value tensor of shape {shape_text(given)} cannot be broadcast to indexing result of "
            f"shape {shape_text(target)}"
        )


def parse(x: Any, key: Any) -> tuple[tuple[Any, ...], Advanced | None]:
    """Split a key into a basic index and, if it holds index arrays or masks, what they do to its result.

    The basic index is empty when it takes everything. Raises IndexError for what is no index or points outside.
    """
    keys = _expanded(x.ndim, [_normal(k) for k in _as_tuple(key)])
    basic: list[Any] = []
    entries: list[Entry] = []
    source = out = 0
    for k in keys:
        used, made = 1, 1
        if k is None:
            used = 0
            basic.append(None)
        elif k.__class__ is int:
            made = 0
            basic.append(_in_range(x, k, source))
        elif k.__class__ is slice:
            basic.append(WHOLE if _takes_all(k, x.shape[source]) else k)
        elif dtype_of(k) != BOOL:
            entries.append(Entry(out, 1, k))
            basic.append(WHOLE)
        elif not k.ndim:
            used = 0
            entries.append(Entry(out, 1, structural.reshape(k, shape=(1,))))
            basic.append(None)
        else:
            used = made = k.ndim
            _require_mask_fits(x, k, source)
            entries.append(Entry(out, k.ndim, k))
            basic += [WHOLE] * k.ndim
        source += used
        out += made
    if not entries:
        return tuple(basic), None
    return (() if all(k is WHOLE for k in basic) else tuple(basic)), Advanced(entries)


def _as_tuple(key: Any) -> Sequence[Any]:
    """Return the parts of a key. A short list that holds more than numbers counts as a tuple, as in PyTorch."""
    if isinstance(key, tuple):
        return key
    if isinstance(key, list) and len(key) < 32 and any(_is_part(k) for k in key):
        warn(
            "Using a non-tuple sequence for multidimensional indexing is deprecated; use x[tuple(seq)] instead of "
            "x[seq], or x[torch.tensor(seq)] for one index array."
        )
        return key
    return (key,)


def _is_part(k: Any) -> bool:
    if isinstance(k, str | bytes):
        return False
    return k is None or k is Ellipsis or isinstance(k, Recorded | Sequence | slice | ndarray)


def _expanded(rank: int, keys: list[Any]) -> list[Any]:
    """Put whole slices in the place of an Ellipsis, or at the end."""
    used = sum(map(_consumes, keys))
    if used > rank:
        if not rank and used == 1 and keys[0].__class__ is int:
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python to convert a 0-dim tensor to a number"
            )
        raise IndexError(f"too many indices for tensor of dimension {rank}")
    at = [i for i, k in enumerate(keys) if k is Ellipsis] or [len(keys)]
    rest = [k for k in keys[at[0] :] if k is not Ellipsis]
    return [*keys[: at[0]], *[WHOLE] * (rank - used), *rest]


def _normal(k: Any) -> Any:
    """Bring a part of a key to an int, a slice, None, Ellipsis, or a tensor of int64 or bool."""
    if k.__class__ is int or k is None or k is Ellipsis:
        return k
    if isinstance(k, slice):
        return _forward_slice(k)
    if isinstance(k, Recorded):
        return _normal_tensor(k)
    if isinstance(k, bool | np.bool_):
        return handle(np.asarray(k))
    if hasattr(k, "__index__") and not isinstance(k, ndarray):
        return operator.index(k)
    if isinstance(k, ndarray) or (isinstance(k, Sequence) and not isinstance(k, str | bytes)):
        return _normal_array(_array(k))
    if isinstance(k, str | bytes):
        raise TypeError(
            f"a tensor has no element named {k!r}: an index is made of integers, slices, None, `...` and tensors."
        )
    raise IndexError(
        f"only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
        f"(got {type(k).__name__})"
    )


def _normal_tensor(k: Any) -> Any:
    dtype = dtype_of(k)
    if dtype == BOOL or dtype == INT64 and k.ndim:
        return k
    if dtype == np.uint8:
        if k.ndim:
            _warn_of_bytes()
        return cast_to(k, BOOL)
    if dtype.kind not in "iu" or (k.ndim and dtype != np.int32):
        raise IndexError(
            f"tensors used as indices must be long, int, byte or bool tensors, got {k.dtype}. Use `.long()`."
        )
    if not k.ndim and k.payload.__class__ is ndarray and state.trace is None:
        return int(k.item())
    return cast_to(k, INT64)


def _warn_of_bytes() -> None:
    warn(
        "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead."
    )


def _array(k: Any) -> np.ndarray[Any, Any]:
    """Return a sequence as an array; tensors among its parts are read."""
    if isinstance(k, ndarray):
        return k
    if any(isinstance(part, Recorded | Sequence | ndarray) for part in k):
        k = [_read(part) for part in k]
    return np.asarray(k, None if len(k) else np.int64)


def _read(part: Any) -> Any:
    """Return a part of a sequence as something that NumPy knows."""
    if isinstance(part, Recorded):
        return part.concrete("a tensor in a list used as an index")  # type: ignore[attr-defined]
    return (
        _array(part)
        if isinstance(part, Sequence | ndarray) and not isinstance(part, str | bytes)
        else part
    )


def _normal_array(array: np.ndarray[Any, Any]) -> Any:
    """Return an array as an int (0-d) or a tensor, with memory of its own; floats are cut off, bytes are a mask."""
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"a sequence used as an index holds {array.dtype.name}: it must hold integers or bools."
        )
    if array.dtype == np.uint8 and array.ndim:
        _warn_of_bytes()
    if array.dtype == BOOL or array.dtype == np.uint8:
        return handle(array.astype(BOOL))
    return handle(array.astype(INT64)) if array.ndim else int(array)


def _consumes(k: Any) -> int:
    """Return how many dimensions of the tensor a part of a key takes."""
    if k is None or k is Ellipsis:
        return 0
    if k.__class__ is int or k.__class__ is slice or dtype_of(k) != BOOL:
        return 1
    return int(k.ndim)


def _in_range(x: Any, k: int, dim: int) -> int:
    n = x.shape[dim]
    if not -n <= k < n:
        raise IndexError(f"index {k} is out of bounds for dimension {dim} with size {n}")
    return k


def _forward_slice(k: slice) -> slice:
    parts = [None if v is None else _bound(v) for v in (k.start, k.stop, k.step)]
    if parts[2] is not None and parts[2] <= 0:
        raise ValueError("step must be greater than zero. Use `flip` to reverse a dimension.")
    return slice(*parts)


def _takes_all(k: slice, n: int) -> bool:
    return k.start in (None, 0) and k.step in (None, 1) and (k.stop is None or k.stop >= n)


def _bound(v: Any) -> int:
    try:
        return operator.index(v)
    except TypeError:
        raise TypeError(
            f"slice indices must be integers or None, not {type(v).__name__}. Use int(...)."
        ) from None


def _require_mask_fits(x: Any, mask: Any, source: int) -> None:
    shape = tuple(x.shape[source : source + mask.ndim])
    if tuple(mask.shape) != shape:
        at = next(i for i, (a, b) in enumerate(zip(mask.shape, shape, strict=True)) if a != b)
        raise IndexError(
            f"The shape of the mask {shape_text(mask.shape)} at index {at} does not match the shape of the "
            f"indexed tensor {shape_text(x.shape)} at index {source + at}"
        )

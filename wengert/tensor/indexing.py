"""Reading and writing by ``x[...]``.

Ints, slices, None and Ellipsis give views; bool masks and integer arrays give copies. The usual keys on plain tensors
go a short way; all others are parsed (`keys.py`). Indices are brought into range, so that rows never see a negative
one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core import carrier
from wengert.core.shapes import Shape, broadcastable
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.rules import elementwise, structural
from wengert.rules import indexing as rows
from wengert.tape.provenance import written_here
from wengert.tape.record import attach
from wengert.tape.storage import Recorded, handle, mark_written, ndarray
from wengert.tensor import inplace, views
from wengert.tensor.chains import overlaps
from wengert.tensor.keys import BOOL, WHOLE, Entry, forward_slice, parse, takes_all
from wengert.tensor.positions import INT64, checked
from wengert.tensor.promotion import (
    converted,
    dtype_of,
    filling,
    is_number,
    own_array,
    require_long,
)

SELECT, SLICE, ALIAS = structural.select, structural.slice_, structural.alias
WRITE = "x[...] = y"


def getitem(x: Any, key: Any) -> Any:
    """Return ``x[key]``."""
    if key.__class__ is slice and x._payload.shape:
        return views.viewed(SLICE, x, {"index": (forward_slice(key),)})
    if not carrier.special:
        out = _plain_view(x, key) if key.__class__ is tuple else _plain_pick(x, key)
        if out is not None:
            return out
    basic, entries = parse(x, key)
    if not entries:
        return _view(x, basic)
    return Advanced(entries).read(structural.slice_(x, index=basic) if basic else x)


def _plain_view(x: Any, key: tuple[Any, ...]) -> Any:
    """Return the view of a key of ints and plain slices; None for any other, and for one that does not fit."""
    payload, row = x._payload, None
    if len(key) > payload.ndim:
        return None
    for k, n in zip(key, payload.shape, strict=False):
        if k.__class__ is int:
            row = SELECT
        elif k.__class__ is not slice or k.step is not None:
            return None
        elif not (k.start is None and k.stop is None or takes_all(k, n)):
            row = SLICE
    if row is None:
        return None
    try:
        part = payload[(*key, ...)]
    except (IndexError, TypeError):
        return None
    params = {"index": key}
    out = attach(row, x, part, params, 4)
    views.join(x, out, row, params)
    return out


def _plain_pick(x: Any, key: Any) -> Any:
    """Return what one tensor of int64 or a mask picks from the first dimensions; None for any other key."""
    if not isinstance(key, Recorded):
        return None
    at, payload = key._payload, x._payload
    if at.dtype == BOOL and at.ndim and at.shape == payload.shape[: at.ndim]:
        return rows.index(x, handle(at.ravel().nonzero()[0]), axis=0, span=at.ndim)
    if at.dtype != INT64 or not at.ndim or not payload.size:
        return None
    right = rows.in_range(at, op="x[...]", size=payload.shape[0], dim=0, wrap=True)
    return rows.index(x, key if right is at else handle(right), axis=0, span=1)


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
    if not isinstance(value, Recorded):
        value = _written_value(x, value)
    if inplace.memory_only(x, value) and _write_memory(x, key, value):
        return
    basic, entries = parse(x, key)
    whole = all(k is WHOLE for k in basic)
    target = x if whole else views.viewed(SLICE, x, {"index": basic})
    if entries:
        Advanced(entries).write(target, value)
        return
    if whole or not _shows_twice(x):
        inplace.writable(x, WRITE)
    if whole and not value.ndim and x.ndim:
        inplace.fill_(x, value)
        return
    inplace.copy_(target, _without_leading_ones(value, target.ndim), WRITE)


def _write_memory(x: Any, key: Any, value: Any) -> bool:
    """Write by a key that means to NumPy what it means here, and say whether that was done.

    That is an int, a slice, several of these, or one tensor of int64 or bool. NumPy checks before it touches anything;
    what it refuses is left to the general way, whose errors say more.
    """
    if isinstance(key, Recorded):
        key = key._payload
        if key.dtype not in (BOOL, INT64) or not key.ndim:
            return False
    else:
        for k in key if key.__class__ is tuple else (key,):
            if k.__class__ is not int and (k.__class__ is not slice or k.step is not None):
                return False
        if (0 in x._payload.strides or x._origin is not None) and _shows_twice(x):
            return False
    inplace.writable(x, WRITE)
    try:
        if (
            key.__class__ is ndarray
            and key.shape == x._payload.shape
            and not value._payload.ndim
            and key.dtype == BOOL
        ):
            np.putmask(x._payload, key, value._payload)  # in a fifth of the time
        else:
            x._payload[key] = value._payload
    except (IndexError, TypeError, ValueError):
        return False
    mark_written(x, written_here())
    return True


def _shows_twice(x: Any) -> bool:
    """Say whether a tensor shows an element several times, of which a key may pick one."""
    if x._origin is not None and overlaps(x._origin):
        return True
    payload = x._payload
    return payload.__class__ is ndarray and 0 in payload.strides and payload.size > 0


def _written_value(x: Any, value: Any) -> Any:
    if is_number(value):
        require_long(value)
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
            return dims, rest, [own_array(np.zeros(shape, np.int64)) for _ in arrays], shape
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
            value = converted(value, dtype_of(x))
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
        at = structural.reshape(at, shape=(*shape, *(1,) * len(rest))) + own_array(grid)
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

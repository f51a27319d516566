"""``x.data = y``: other memory for a tensor, perhaps of another dtype or shape, without the tape taking notice.

The tensor stays the same object, with its gradient and hooks. Graphs that were recorded before know it by its old
dtype: what they saved of it is read in that dtype, and their gradients land in its ``.grad`` as they are.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import state
from wengert.errors import GradientError
from wengert.tape import storage as cells
from wengert.tape.mode import enable_grad
from wengert.tape.node import edge_node
from wengert.tape.provenance import here
from wengert.tape.storage import GradCell, Recorded, Storage, alias, ndarray, storage_of
from wengert.tensor.promotion import cast_to, dtype_of


def rebind(x: Any, value: Any, *, born_leaf: bool = False) -> None:
    """Give ``x`` the memory of ``value``. ``born_leaf`` says that ``x`` required grad from the beginning.

    Raises TypeError for what is no tensor, and RuntimeError for integers where ``x`` requires grad, and for another
    dtype inside of transforms, whose gradients have the dtypes that their arguments had.
    """
    if not isinstance(value, Recorded):
        raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
    old, new = dtype_of(x), dtype_of(value)
    if old != new:
        _require_convertible(x, old, new)
    elif _same_memory(x._payload, value._payload):
        return
    if state.trace is not None:
        state.trace.rebinding(x, value)
    edge = _converting_edge(x, new) if old != new and not x.is_leaf else None
    unseen = old != new and born_leaf and _in_no_graph(x)
    before = storage_of(x)
    made = Storage()
    made.version = before.version
    if not unseen:
        made.silent = cells.next_rank()
        made.changed_at = here()
        made.watched = True
        made.earlier = before.earlier if old == new else (*before.earlier, (made.silent, old))
    x._payload, x._storage = value._payload, made
    storage_of(value).uncounted_for = made
    if x._cell is not None and state.trace is None:
        x._cell.shape = tuple(value._payload.shape)
    if old != new:
        _leave(x, before)
        if edge is not None:
            _set_edge(x, edge, new)
        elif x._edge is not None:
            _renew_cell(x, new)


def _require_convertible(x: Any, old: np.dtype[Any], new: np.dtype[Any]) -> None:
    if x._edge is None:
        return
    if dtypes.kind(new) not in "fc":
        raise GradientError(
            f"data set to a tensor that requires gradients must be floating point or complex dtype, not "
            f"{dtypes.public(new)}. Use `x.requires_grad_(False)` first, or make a new tensor."
        )
    if x._payload.__class__ is not ndarray and state.trace is None:
        raise GradientError(
            f"x.data = y: inside of a transform a tensor that requires grad keeps its dtype, {dtypes.public(old)}, "
            f"and y is {dtypes.public(new)}. Use `x = x.to(y.dtype)`."
        )


def _in_no_graph(x: Any) -> bool:
    """Say whether what was always a leaf is in no graph, as a module's parameters when it is converted before training.

    A graph holds such a leaf's cell. Where none does, nothing saved is to be looked at before it is used, which would
    cost each later step a little.
    """
    return x._edge.__class__ is GradCell and x._edge is x._cell and _holders(x) == _ALONE


def _holders(x: Any) -> int:
    """Return how often the interpreter counts what stands in ``x._edge``; 0 where it does not count."""
    return sys.getrefcount(x._edge) if hasattr(sys, "getrefcount") else 0


class _Alone:
    """Something with an edge that nobody else holds."""

    __slots__ = ("_cell", "_edge")

    def __init__(self) -> None:
        self._edge = self._cell = object()


_ALONE = _holders(_Alone()) or -1


def _same_memory(a: Any, b: Any) -> bool:
    if a.__class__ is not ndarray or b.__class__ is not ndarray:
        return a is b
    same = a.__array_interface__["data"] == b.__array_interface__["data"]
    return bool(same and a.shape == b.shape and a.strides == b.strides)


def _converting_edge(x: Any, dtype: np.dtype[Any]) -> Any:
    """Return an edge for a result whose elements change their dtype: through it, gradients change theirs back."""
    with enable_grad():
        return cast_to(alias(x), dtype)._edge


def _set_edge(x: Any, edge: Any, dtype: np.dtype[Any]) -> None:
    node, index = edge_node(x._edge)
    cell = x._cell
    if cell is not None:
        cell.dtype = dtype
        if node is not None and node.extra is not None and node.extra.retained.get(index) is cell:
            del node.extra.retained[index]
            after, index = edge_node(edge)
            if after is not None:
                after.extras().retained[index] = x._cell
    x._edge = edge


def _renew_cell(x: Any, dtype: np.dtype[Any]) -> None:
    """Give a leaf a cell for gradients of its new dtype; the old one, which graphs hold, passes on what comes."""
    before: Any = x._edge
    cell = GradCell(x, tuple(x.shape), dtype, before.level)
    before.hooks = {} if before.hooks is None else before.hooks
    before.post_hooks = {} if before.post_hooks is None else before.post_hooks
    cell.hooks, cell.post_hooks = before.hooks, before.post_hooks
    cell.grad, before.grad = before.grad, None
    before.later = cell
    if x._cell is before:
        x._cell = cell
    x._edge = cell


def _leave(x: Any, storage: Storage) -> None:
    """Take a view out of the family that it no longer shares memory with: a write there is none to it."""
    if storage.members is not None and x._origin is not None:
        storage.members[:] = [member for member in storage.members if member() is not x]

"""Where a walk becomes lasting: residuals are freed and gradients land in ``.grad``, once all of it has succeeded."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from wengert.core import carrier, dtypes
from wengert.core.carrier import RAW, leaked, state
from wengert.core.silence import silent
from wengert.errors import DTypeError, GradientError, ShapeError, shape_text
from wengert.rules.structural import cast, clone_by_rows
from wengert.tape.engine import Walk, captured
from wengert.tape.hooks import NodeHook
from wengert.tape.meta import Meta, is_meta, misplaced, no_data
from wengert.tape.paths import edge_key
from wengert.tape.provenance import here
from wengert.tape.record import as_tensor, collapsed, numpy_dtype
from wengert.tape.storage import (
    GradCell,
    Recorded,
    handle,
    keep_in_trace,
    mark_written,
    ndarray,
    read_grad,
)

_accumulating = threading.Lock()


def deposit(walk: Walk) -> None:
    """Make a walk last: accumulate what reached the leaves that still require grad, and run their hooks.

    Raises before anything has changed: RuntimeError for a gradient of another dtype than its leaf's, LeakError for a
    leaf of a transform that has ended.
    """
    moved: dict[GradCell, GradCell] = {}
    for cell, ct in walk.leaves.items():
        dtype = ct.dtype
        if dtype is not cell.dtype:
            if getattr(dtype, "numpy", dtype) != cell.dtype:
                raise GradientError(
                    f"a gradient of dtype {dtype} arrived at a leaf of dtype {cell.dtype}; "
                    f"a rule or Function returned another dtype than its input's."
                )
            held = cell.tensor()
            if held is not None and ct.__class__ not in RAW and is_meta(ct) is not is_meta(held):
                raise no_data("backward() to a leaf on the CPU")
        if not cell.level.open:
            raise leaked(cell.level, "backward")
        leaf: Any = cell.tensor()
        if walk.strays and leaf is not None:
            there = ct.__class__ not in RAW and is_meta(ct)
            if there is not is_meta(leaf):
                raise misplaced(
                    f"a gradient arrived at a leaf of shape {shape_text(leaf.shape)}", leaf, there
                )
        if cell.grad is not None or (leaf is not None and leaf._edge is not cell):
            moved[cell] = _latest(cell)
            _require_leaf(moved[cell])
            _require_fit(moved[cell], ct)
    commit(walk)
    hooked = []
    if moved:
        hooked = _land_elsewhere(walk, moved)
    else:
        for cell, ct in walk.leaves.items():
            accumulate(cell, ct, owned=cell in walk.owned, taped=walk.taped)
            if cell.post_hooks:
                hooked.append((cell, ct))
    for cell, ct in hooked:
        with walk.user_mode():
            _run_post_hooks(cell, ct)


def _land_elsewhere(walk: Walk, moved: dict[GradCell, GradCell]) -> list[tuple[GradCell, Any]]:
    """Accumulate where some cells gave way to others; return the cells with hooks, and what came to each."""
    hooked = []
    for cell, ct in walk.leaves.items():
        to = moved.get(cell, cell)
        if not _frozen(to):
            accumulate(to, ct, owned=cell in walk.owned, taped=walk.taped)
        if to.post_hooks:
            hooked.append((to, ct))
    return hooked


def _latest(cell: GradCell) -> GradCell:
    """Return the cell that a tensor has now, after `x.data = y` with other dtypes."""
    while cell.later is not None:
        cell = cell.later
    return cell


def _require_leaf(cell: GradCell) -> None:
    """Raise for a leaf that a write in place made an inner tensor, after the forward."""
    leaf = cell.tensor()
    if leaf is not None and leaf._edge is not None and leaf._edge.__class__ is not GradCell:
        raise GradientError(
            "backward: leaf variable has been moved into the graph interior: it was frozen, and then a tensor that "
            "requires grad was written into it. Call backward() before that, or write into a clone()."
        )


def _frozen(cell: GradCell) -> bool:
    """Say whether a leaf was told, after the forward, that it requires no grad."""
    leaf = cell.tensor()
    return leaf is not None and leaf._edge is None


def _require_fit(cell: GradCell, ct: Any) -> None:
    """Raise unless a gradient has the shape of its leaf, and fits what is in ``.grad`` already."""
    shape = tuple(ct.shape)
    if shape != tuple(cell.shape):
        raise ShapeError(
            f"a gradient of shape {shape_text(shape)} arrived at a leaf that `x.data = y` gave the shape "
            f"{shape_text(cell.shape)} since. Call backward() before that."
        )
    if cell.grad is None:
        return
    if tuple(cell.grad.shape) != shape:
        raise ShapeError(
            f"a gradient of shape {shape_text(shape)} is to be added to a .grad of shape "
            f"{shape_text(cell.grad.shape)}, which is from before `x.data = y` gave the leaf another shape. Set "
            f"`x.grad = None` first."
        )
    if dtypes.kind(numpy_dtype(ct)) == "c" and dtypes.kind(numpy_dtype(cell.grad)) != "c":
        raise DTypeError(
            "a complex gradient is to be added to a real .grad, which is from before `x.data = y` gave the leaf "
            "another dtype. Set `x.grad = None` first."
        )


def _run_post_hooks(cell: GradCell, ct: Any) -> None:
    """Run the hooks after accumulation: the tensor's, then those of its node."""
    tensor = cell.tensor()
    hooks = list((cell.post_hooks or {}).values())
    for hook in hooks:
        if hook.__class__ is not NodeHook:
            hook(tensor)
    for hook in hooks:
        if hook.__class__ is NodeHook:
            hook((), (as_tensor(ct),))


def commit(walk: Walk) -> None:
    """Free what the walked nodes had saved, and fill the ``.grad`` of inner tensors that retain it."""
    if not walk.keep_graph:
        for node in walk.spent:
            node.saved = None
    for cell, ct in walk.kept:
        accumulate(cell, ct, owned=False, taped=walk.taped)


def accumulate(cell: GradCell, ct: Any, *, owned: bool, taped: bool) -> None:
    """Add ``ct`` to ``cell.grad``. What lands there is owned, writable, contiguous and of the tensor's dtype."""
    with _accumulating:
        grad = read_grad(cell)
        traced = carrier.special and state.trace is not None
        if traced and grad is not None and not taped and state.trace.add_gradient(grad, ct):
            return
        keep_in_trace(cell, "grad")
        if grad is None:
            cell.grad = clone_by_rows(as_tensor(ct)) if taped else _own(ct, owned)
        elif taped or not _same_memory_kind(grad, ct):
            cell.grad = grad + as_tensor(ct)
        else:
            if grad._payload.dtype != ct.dtype:
                ct = silent().run(cast.forward, ct, dtype=grad._payload.dtype, source=ct.dtype)
            silent().run(np.add, grad._payload, ct, out=grad._payload)
            mark_written(grad, here())


def _same_memory_kind(grad: Recorded, ct: Any) -> bool:
    return (
        grad._payload.__class__ is ndarray
        and grad._payload.flags.writeable
        and (grad._payload.size <= 1 or 0 not in grad._payload.strides)
        and ct.__class__ in RAW
        and not (carrier.special and state.trace is not None)
    )


def _own(ct: Any, owned: bool) -> Any:
    """Return a cotangent as a tensor that shares memory with nothing else: it is copied unless ``owned``."""
    if ct.__class__ not in RAW:
        made = handle(collapsed(ct))
        return clone_by_rows(made) if made._payload.__class__ is Meta else made
    return handle(ct if owned and ct.flags.c_contiguous else np.array(ct, order="C"))


def handed_over(walk: Walk, edge: Any) -> Any:
    """Return what a walk captured at ``edge`` as a tensor of the user's own, or None; a raw one is given away once."""
    ct = captured(walk, edge)
    if ct is None or isinstance(ct, Recorded):
        return ct
    key = edge_key(edge)
    owned = key in walk.owned
    walk.owned.discard(key)
    return _own(ct, owned)

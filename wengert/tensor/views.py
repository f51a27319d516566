"""Views: tensors that look at another's memory (or, under a carrier, at its value) through a chain of view rows.

A view joins its base's family: they share a storage cell, and a write through any of them reaches all.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from wengert.core import carrier
from wengert.core.carrier import ROOT, Level, state
from wengert.core.primitive import Primitive
from wengert.core.shapes import axis_of, inferred, size_argument
from wengert.errors import ShapeError, shape_text
from wengert.rules import memory
from wengert.rules import structural as rows
from wengert.tape import storage as cells
from wengert.tape.mode import enable_grad
from wengert.tape.record import attach
from wengert.tape.storage import GradCell, Storage, View, ndarray, new, storage_of
from wengert.tensor.promotion import require_tensor

__all__ = [
    "broadcast_to", "chunk", "flatten", "permute", "reshape", "split", "squeeze", "t", "transpose", "unbind",
    "unsqueeze",
]  # fmt: skip


def viewed(row: Primitive, x: Any, params: dict[str, Any]) -> Any:
    """Apply a view row to a tensor; the result joins the family of ``x``."""
    payload = x.payload
    if carrier.special or payload.__class__ is not ndarray:
        out = row(x, **params)
    else:
        out = attach(row, x, row.forward(payload, **params), params, 4)
    join(x, out, row, params)
    return out


class FrozenView(View):
    """A view that is not written to while gradients are recorded; ``reason`` says why."""

    __slots__ = ("reason",)

    reason: str


WITHOUT_GRAD: Final = (
    "this view was made where gradients were not recorded, so it is not clear whether they should flow through the "
    "write. Make the view and the write both inside `torch.no_grad()`, or both outside"
)
ONE_OF_SEVERAL: Final = (
    "this view is one of several that one call returned (split, chunk, unbind, or a loop over a tensor), and these "
    "are not written to. Write through an index of the whole, as in `x[i] = ...`, or make a new tensor"
)


def _of_the_tensor(name: str) -> Any:
    """Return a property that stands in the cell of the tensor behind a ``.data`` alias."""

    def write(shadow: Any, value: Any) -> None:
        setattr(shadow.uncounted_for, name, value)

    return property(lambda shadow: getattr(shadow.uncounted_for, name), write)


def freeze(out: Any, reason: str) -> None:
    """Refuse writes to a view while gradients are recorded."""
    view = out.origin
    frozen = out.origin = FrozenView(view.base, view.links, view.differentiable)
    frozen.reason = reason


def join(x: Any, out: Any, row: Primitive, params: dict[str, Any]) -> None:
    """Make ``out`` a view of ``x`` through ``row``, and a member of its storage."""
    storage = x.storage
    if storage is None:
        storage = x.storage = Storage()
    out.storage = storage
    out.owner = x.owner
    before = x.origin
    if before is None or not before.differentiable:
        out.origin = view = new(View)
        view.base, view.links, view.differentiable = x, (None, row, params), True
    else:
        out.origin = View(before.base, (before.links, row, params), True)
        if before.__class__ is FrozenView:
            freeze(out, before.reason)
    if carrier.quiet and not state.grad:
        freeze(out, WITHOUT_GRAD)
    members = storage.members
    if members is None:
        storage.members = [weakref.ref(out)]
        return
    count = len(members)
    if count & (count - 1) == 0 and count > 8:
        members[:] = [m for m in members if m() is not None]
    members.append(weakref.ref(out))


def follows(x: Any) -> bool:
    """Say whether a view requires grad only because its base came to after the view was taken.

    As in PyTorch it is a leaf then, of which no ``.grad`` comes: the base was another tensor's leaf when the view
    looked at it. The first write to the family connects the two (`connect`).
    """
    return isinstance(x.edge, GradCell) and x.edge is not x.cell


def _views_of(base: Any) -> list[Any]:
    members = () if base.storage is None else base.storage.members or ()
    found = [view for view in (ref() for ref in members) if view is not None]
    return [v for v in found if v.origin.base is base and v.origin.differentiable]


def require_of_views(base: Any) -> None:
    """Let the views of a tensor that has just become a leaf require grad, too."""
    for view in _views_of(base):
        if view.edge is None:
            _set_edge(
                view, GradCell(view, tuple(view.shape), base.cell.dtype, base.level), base.level
            )


def disconnect(base: Any) -> None:
    """Undo `require_of_views`."""
    for view in _views_of(base):
        if follows(view):
            _set_edge(view, None, view.level)


def connect(x: Any) -> None:
    """Let gradients flow from the views of a leaf that follow it to the leaf, before a write to ``x`` of its family."""
    base = x.origin.base if x.origin is not None and x.origin.differentiable else x
    if isinstance(base.edge, GradCell):
        for view in _views_of(base):
            if follows(view) and view.origin.__class__ is not FrozenView:
                with enable_grad():
                    _set_edge(view, derive(view.origin).edge, base.level)


def _set_edge(view: Any, edge: Any, level: Level) -> None:
    if state.trace is not None:
        state.trace.journal.keep(view, "edge")
        state.trace.journal.keep(view, "level")
    view.edge, view.level = edge, level


class Shadow(Storage):
    """The cell of a ``.data`` alias: it counts its own writes. What NumPy can reach, the tensor's cell knows."""

    def __init__(self, of: Storage) -> None:
        while isinstance(of, Shadow):
            of = of.uncounted_for
        self.uncounted_for: Storage = of
        self.inference = of.inference

    watched = _of_the_tensor("watched")
    exposed = _of_the_tensor("exposed")
    root = _of_the_tensor("root")
    snapshot = _of_the_tensor("snapshot")


def cut(x: Any, *, counted: bool) -> Any:
    """Return an alias of ``x`` without history: `detach` (writes are counted) or ``.data`` (they are not).

    It is cut off every level's tape and tangents, not the innermost's alone.
    """
    plain = x.payload.__class__ is ndarray and not carrier.special
    out = new(cells.tensor_type)
    out.payload = x.payload if plain else rows.detach(x).payload
    out.edge = out.cell = None
    out.level = ROOT
    out.owner = x.owner
    storage = storage_of(x)
    if counted:
        out.storage = storage
    else:
        out.storage = Shadow(storage)
    out.origin = None
    if not plain:
        out.origin = View(x, None, False)
        if storage.members is None:
            storage.members = []
        storage.members.append(weakref.ref(out))
        if not counted:
            out.storage.members = storage.members
    return out


def shares_memory(out: np.ndarray[Any, Any], x: np.ndarray[Any, Any]) -> bool:
    """Say whether a reshaped array still looks at the memory it came from."""
    return out is x or out.base is x or not out.size or np.may_share_memory(out, x)


def reshape(input: Any, *shape: Any) -> Any:
    """Return the elements in another shape: a view where the strides allow, else a copy. One size may be -1.

    Raises RuntimeError when the number of elements differs.

    >>> import wengert as torch
    >>> torch.reshape(torch.arange(4.), (2, -1))
    tensor([[0., 1.],
            [2., 3.]])
    """
    require_tensor("reshape", input)
    target = inferred("reshape", size_argument("reshape", shape), input.numel())
    return _reshaped(input, target, "reshape")


def _reshaped(x: Any, target: tuple[int, ...], op: str) -> Any:
    payload = x.payload
    eager = payload.__class__ is ndarray
    before = payload if eager else _layout(x)
    raw = before.reshape(target)
    shared = shares_memory(raw, before)
    if op == "view" and not shared:
        raise ShapeError(
            f"view size {shape_text(target)} is not compatible with input tensor's size "
            f"{shape_text(x.shape)} and layout: the elements are not in one piece of memory. "
            f"Use .reshape(...) instead, which copies when it must."
        )
    row = rows.reshape if shared else memory.unsafe_view
    params = {"shape": target}
    if eager and not carrier.special:
        out = attach(row, x, raw, params, 4)
    else:
        out = row(x, **params)
    if shared:
        join(x, out, row, params)
    return out


def _layout(x: Any) -> np.ndarray[Any, Any]:
    """Return an array whose elements lie as those of a carrier's tensor would lie in memory, their values apart.

    Whether a reshape is a view or a copy must not depend on what carries the elements.
    """
    view = x.origin
    if view is None and state.trace is not None:
        return state.trace.laid_out(x)  # type: ignore[no-any-return]
    if view is None:
        return np.empty(tuple(x.payload.shape), np.float64)
    laid_out = _layout(view.base)
    for row, params in view.chain:
        laid_out = row.forward(laid_out, **params)
    return laid_out


def is_contiguous(x: Any) -> bool:
    """Say whether the elements lie in one piece of memory in order."""
    payload = x.payload
    if payload.__class__ is not ndarray:
        payload = _layout(x)
    return bool(payload.flags.c_contiguous)


def view(input: Any, *shape: Any) -> Any:
    """Return a view in another shape; RuntimeError where that would need a copy."""
    target = inferred("view", size_argument("view", shape), input.numel())
    return _reshaped(input, target, "view")


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """Merge the dimensions from ``start_dim`` to ``end_dim`` into one."""
    require_tensor("flatten", input)
    shape = tuple(input.shape)
    first = axis_of("flatten", start_dim, len(shape))
    last = axis_of("flatten", end_dim, len(shape))
    if first > last:
        raise ShapeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if len(shape) and first == last:
        return input
    merged = 1
    for n in shape[first : last + 1]:
        merged *= n
    return _reshaped(input, (*shape[:first], merged, *shape[last + 1 :]), "reshape")


def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """Return a view with two dimensions exchanged."""
    require_tensor("transpose", input)
    rank = input.ndim
    a, b = axis_of("transpose", dim0, rank), axis_of("transpose", dim1, rank)
    return viewed(rows.transpose, input, {"dim0": a, "dim1": b}) if rank else _alias_view(input)


def _alias_view(x: Any) -> Any:
    return _reshaped(x, tuple(x.shape), "view")


def t(input: Any) -> Any:
    """Return the transpose of a matrix; fewer dimensions stay as they are. RuntimeError above 2-D."""
    require_tensor("t", input)
    if input.ndim > 2:
        raise ShapeError(
            f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D. Use `.mT` or `transpose`."
        )
    return viewed(rows.t, input, {})


def permute(input: Any, *dims: Any) -> Any:
    """Return a view with the dimensions in the order ``dims``."""
    require_tensor("permute", input)
    order = size_argument("permute", dims)
    rank = input.ndim
    if len(order) != rank:
        raise ShapeError(
            f"permute(sparse_coo): number of dimensions in the tensor input does not match the length of the "
            f"desired ordering of dimensions i.e. input.dim() = {rank} is not equal to len(dims) = {len(order)}"
        )
    axes = tuple(axis_of("permute", d, rank) for d in order)
    if len(set(axes)) != rank:
        raise ShapeError(f"permute(): duplicate dims are not allowed, got {tuple(order)}.")
    return viewed(rows.permute, input, {"axes": axes})


def expand(input: Any, *sizes: Any) -> Any:
    """Return a view with dimensions of size 1 repeated; -1 keeps a size. No memory is taken.

    Raises RuntimeError when another dimension would have to change.
    """
    require_tensor("expand", input)
    asked = size_argument("expand", sizes)
    shape = tuple(input.shape)
    extra = len(asked) - len(shape)
    if extra < 0:
        raise ShapeError(
            f"expand(): the number of sizes provided ({len(asked)}) must be greater or equal to the number of "
            f"dimensions in the tensor ({len(shape)})"
        )
    target = []
    for i, n in enumerate(asked):
        have = 1 if i < extra else shape[i - extra]
        if n == -1 and i >= extra:
            n = have
        if n < 0 or (i >= extra and have != 1 and have != n):
            raise ShapeError(
                f"The expanded size of the tensor ({n}) must match the existing size ({have}) at non-singleton "
                f"dimension {i}.  Target sizes: {shape_text(asked)}.  Tensor sizes: {shape_text(shape)}"
            )
        target.append(n)
    return viewed(rows.broadcast_to, input, {"shape": tuple(target)})


broadcast_to = expand


def unsqueeze(input: Any, dim: int) -> Any:
    """Return a view with a new dimension of size 1 at ``dim``."""
    require_tensor("unsqueeze", input)
    return viewed(rows.unsqueeze, input, {"dim": axis_of("unsqueeze", dim, input.ndim + 1)})


def squeeze(input: Any, dim: Any = None) -> Any:
    """Return a view without dimensions of size 1 (all of them, or those named)."""
    require_tensor("squeeze", input)
    shape = tuple(input.shape)
    if dim is None:
        dims = tuple(i for i, n in enumerate(shape) if n == 1)
        return viewed(rows.squeeze, input, {"dims": dims})
    several = isinstance(dim, list | tuple)
    axes = {axis_of("squeeze", d, len(shape)) for d in (dim if several else (dim,))}
    dims = tuple(i for i in sorted(axes) if shape and shape[i] == 1)
    return viewed(rows.squeeze_dims if several else rows.squeeze_dim, input, {"dims": dims})


def split(tensor: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Cut a tensor into views along ``dim``: pieces of one size (the last may be smaller), or of given sizes."""
    require_tensor("split", tensor)
    axis = axis_of("split", dim, tensor.ndim)
    if not tensor.ndim:
        raise ShapeError("split expects at least a 1-dimensional tensor")
    n = tensor.shape[axis]
    if isinstance(split_size_or_sections, list | tuple):
        sizes = tuple(split_size_or_sections)
        if sum(sizes) != n or any(s < 0 for s in sizes):
            raise ShapeError(
                f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size at dimension "
                f"{axis}), but got split_sizes={shape_text(sizes)}"
            )
    else:
        size = split_size_or_sections
        if size < 0 or (size == 0 and n):
            raise ShapeError(f"split expects split_size be positive, but got split_size={size}")
        sizes = tuple(min(size, n - i) for i in range(0, n, size)) if n else (0,)
    return several_views(rows.split, tensor, {"sizes": sizes, "dim": axis})


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """Cut a tensor into at most ``chunks`` views of equal size along ``dim``."""
    if chunks <= 0:
        raise ShapeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    axis = axis_of("chunk", dim, input.ndim)
    return split(input, max(1, -(-input.shape[axis] // chunks)), axis)


def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """Return the slices along ``dim`` as a tuple of views."""
    require_tensor("unbind", input)
    if not input.ndim:
        raise IndexError(
            "unbind: a tensor without dimensions has no slices. Use `x.item()` or x itself."
        )
    return several_views(rows.unbind, input, {"dim": axis_of("unbind", dim, input.ndim)})


def several_views(row: Primitive, x: Any, params: dict[str, Any]) -> tuple[Any, ...]:
    """Apply a view row of several outputs; each joins the family as the slice it is."""
    outs = row(x, **params)
    front = (slice(None),) * params["dim"]
    start = 0
    for i, out in enumerate(outs):
        if row is rows.unbind:
            index: tuple[Any, ...] = (*front, i)
            join(x, out, rows.select, {"index": index})
        else:
            stop = start + params["sizes"][i]
            join(x, out, rows.slice_, {"index": (*front, slice(start, stop))})
            start = stop
        freeze(out, ONE_OF_SEVERAL)
    return outs  # type: ignore[no-any-return]


def derive(view: View) -> Any:
    """Compute a view's tensor anew from its base, history included."""
    out = view.base
    if out.edge is not None and state.trace is None:
        return memory.as_strided(out, chain=view.chain)
    for row, params in view.chain:
        out = row(out, **params)
    return out


def scatter_back(base: Any, chain: Sequence[tuple[Primitive, dict[str, Any]]], value: Any) -> Any:
    """Return ``base`` with the part that ``chain`` looks at replaced by ``value``, as a new tensor.

    A view row that loses nothing is undone by its transpose; a slice is set.
    """
    bases = [base]
    for row, params in chain[:-1]:
        bases.append(row(bases[-1], **params))
    for (row, params), seen in zip(reversed(chain), reversed(bases), strict=True):
        if row in (rows.slice_, rows.select):
            value = rows.set_slice(seen, value, index=params["index"])
        else:
            rule = row.rules[0]
            assert rule is not None
            value = rule.pull(value, (), params, (tuple(seen.shape),), 0)
    return value


def repeats(view: View) -> bool:
    """Say whether a view shows some elements of its base several times, through `expand`."""
    if not any(row is rows.broadcast_to for row, _ in view.chain):
        return False
    before = memory.shapes_along(view.chain, tuple(view.base.shape))
    return any(
        row is rows.broadcast_to and math.prod(params["shape"]) != math.prod(shape)
        for (row, params), shape in zip(view.chain, before, strict=True)
    )

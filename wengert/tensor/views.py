"""Views: tensors that look at another's memory (or, under a carrier, at its value) through a chain of view rows.

A view joins its base's family: they share a storage cell, and a write through any of them reaches all.
"""

from __future__ import annotations

import weakref
from typing import Any, Final

import numpy as np

from wengert.core import carrier, dtypes
from wengert.core.carrier import ROOT, state
from wengert.core.primitive import Primitive
from wengert.core.shapes import axis_of, inferred, size_argument
from wengert.errors import ShapeError, shape_text
from wengert.rules import memory
from wengert.rules import structural as rows
from wengert.tape import storage as cells
from wengert.tape.meta import Meta
from wengert.tape.record import attach
from wengert.tape.storage import Storage, View, ndarray, new, storage_of
from wengert.tensor.layout import is_contiguous, layout, require_regroupable
from wengert.tensor.promotion import dtype_of, require_tensor

__all__ = [
    "broadcast_to", "flatten", "moveaxis", "movedim", "permute", "ravel", "reshape", "squeeze", "swapaxes",
    "swapdims", "t", "transpose", "unflatten", "unsqueeze",
]  # fmt: skip


def viewed(row: Primitive, x: Any, params: dict[str, Any]) -> Any:
    """Apply a view row to a tensor; the result joins the family of ``x``."""
    payload = x._payload
    if carrier.special or payload.__class__ is not ndarray:
        out = row(x, **params)
    else:
        out = attach(row, x, row.forward(payload, **params), params, 3)
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
    view = out._origin
    frozen = out._origin = FrozenView(view.base, view.links, view.differentiable)
    frozen.reason = reason


def join(x: Any, out: Any, row: Primitive, params: dict[str, Any]) -> None:
    """Make ``out`` a view of ``x`` through ``row``, and a member of its storage."""
    storage = x._storage
    if storage is None:
        storage = x._storage = Storage()
    out._storage = storage
    out._owner = x._owner
    before = x._origin
    if before is None or not before.differentiable:
        out._origin = view = new(View)
        view.base, view.links, view.differentiable = x, (None, row, params), True
    else:
        out._origin = View(before.base, (before.links, row, params), True)
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


BECAME: Final = "turned into"
"""Where a hidden alias keeps the tensor that was turned; no user's attribute has a name with a blank."""


def base_of(x: Any) -> Any:
    """Return the tensor that ``x`` is a view of, None if it is none; a tensor turned into another view is its own."""
    view = x._origin
    if view is None or not view.differentiable:
        return None
    became = view.base.__dict__.get(BECAME)
    if became is None:
        return view.base
    turned = became()
    return None if turned is x else turned


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
    plain = x._payload.__class__ is ndarray and not carrier.special
    out = new(cells.tensor_type)
    out._payload = x._payload if plain else rows.detach(x)._payload
    out._edge = out._cell = None
    out._level = ROOT
    out._owner = x._owner
    storage = storage_of(x)
    if counted:
        out._storage = storage
    else:
        out._storage = Shadow(storage)
    out._origin = None
    if not plain:
        out._origin = View(x, None, False)
        if storage.members is None:
            storage.members = []
        storage.members.append(weakref.ref(out))
        if not counted:
            out._storage.members = storage.members
    return out


def shares_memory(out: np.ndarray[Any, Any], x: np.ndarray[Any, Any]) -> bool:
    """Say whether a reshaped array still looks at the memory it came from."""
    return out is x or out.base is x or not out.size or np.may_share_memory(out, x)


def reshape(input: Any, shape: Any, *more: Any) -> Any:
    """Return the elements in another shape: a view where the strides allow, else a copy. One size may be -1.

    Raises RuntimeError when the number of elements differs.

    >>> import wengert as torch
    >>> torch.reshape(torch.arange(4.), (2, -1))
    tensor([[0., 1.],
            [2., 3.]])
    """
    require_tensor("reshape", input)
    target = inferred("reshape", size_argument("reshape", (shape, *more)), input.numel())
    return _reshaped(input, target, "reshape")


def _reshaped(x: Any, target: tuple[int, ...], op: str) -> Any:
    payload = x._payload
    eager = payload.__class__ is ndarray
    if payload.__class__ is Meta:
        shared = payload.regrouped(target) is not None
    else:
        before = layout(x)
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
        out = attach(row, x, raw, params, 3)
    else:
        out = row(x, **params)
    if shared:
        join(x, out, row, params)
    return out


def view(input: Any, size: Any = None, *more: Any, dtype: Any = None) -> Any:
    """Return a view in another shape, or of the same bits read as another dtype, which has no gradient.

    Raises RuntimeError where a shape would need a copy, and for a dtype of another size where the last dimension
    does not divide or is not in one piece.

    >>> import wengert as torch
    >>> torch.tensor([1.0, -2.0]).view(torch.int32)
    tensor([ 1065353216, -1073741824], dtype=torch.int32)
    """
    if dtype is not None or isinstance(size, dtypes.dtype):
        return _viewed_as(input, dtypes.to_numpy(size if dtype is None else dtype))
    if size is None:
        raise TypeError("view() needs a size, as in `x.view(-1)`, or a dtype.")
    target = inferred("view", size_argument("view", (size, *more)), input.numel())
    return _reshaped(input, target, "view")


def view_as(input: Any, other: Any) -> Any:
    """Return a view in another tensor's shape."""
    require_tensor("view_as", other, "other")
    return _reshaped(input, inferred("view_as", tuple(other.shape), input.numel()), "view")


def reshape_as(input: Any, other: Any) -> Any:
    """Return the elements in another tensor's shape, as `reshape` does."""
    require_tensor("reshape_as", other, "other")
    return _reshaped(input, inferred("reshape_as", tuple(other.shape), input.numel()), "reshape")


def _viewed_as(x: Any, dtype: np.dtype[Any]) -> Any:
    before = dtype_of(x)
    if before.itemsize != dtype.itemsize:
        require_regroupable(x, before, dtype)
    payload = x._payload
    out = cut(x, counted=True)
    if payload.__class__ is ndarray and not carrier.special:
        out._payload = rows.view_dtype.forward(payload, dtype=dtype)
        return out
    out._payload = rows.view_dtype(x, dtype=dtype)._payload
    out._origin = View(x, (None, rows.view_dtype, {"dtype": dtype}), False)
    return out


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


def ravel(input: Any) -> Any:
    """Return the elements in one dimension: a view where they lie in order in one piece of memory, else a copy."""
    require_tensor("ravel", input)
    in_order = input if is_contiguous(input) else rows.clone_by_rows(input)
    return _reshaped(in_order, (input.numel(),), "view")


def unflatten(input: Any, dim: int, sizes: Any) -> Any:
    """Return a view with one dimension parted into several of these sizes, of which one may be -1.

    Raises RuntimeError when the product of the sizes is not the size of the dimension.

    >>> import wengert as torch
    >>> torch.zeros(2, 6).unflatten(1, (3, -1)).shape
    torch.Size([2, 3, 2])
    """
    require_tensor("unflatten", input)
    axis = axis_of("unflatten", dim, input.ndim)
    parts = size_argument("unflatten", (sizes,))
    if not parts:
        raise ShapeError("unflatten: sizes must be non-empty")
    shape = tuple(input.shape)
    if not shape:
        raise IndexError("unflatten: a tensor without dimensions has none to part. Use `reshape`.")
    parts = inferred("unflatten", parts, shape[axis])
    return _reshaped(input, (*shape[:axis], *parts, *shape[axis + 1 :]), "view")


def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """Return a view with two dimensions exchanged."""
    require_tensor("transpose", input)
    rank = input.ndim
    a, b = axis_of("transpose", dim0, rank), axis_of("transpose", dim1, rank)
    return viewed(rows.transpose, input, {"dim0": a, "dim1": b}) if rank else _alias_view(input)


def _alias_view(x: Any) -> Any:
    return _reshaped(x, tuple(x.shape), "view")


swapdims = transpose


def swapaxes(input: Any, axis0: int, axis1: int) -> Any:
    """Return a view with two dimensions exchanged, as `transpose` does."""
    return transpose(input, axis0, axis1)


def t(input: Any) -> Any:
    """Return the transpose of a matrix; fewer dimensions stay as they are. RuntimeError above 2-D."""
    require_tensor("t", input)
    if input.ndim > 2:
        raise ShapeError(
            f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D. Use `.mT` or `transpose`."
        )
    return viewed(rows.t, input, {})


def permute(input: Any, dims: Any, *more: Any) -> Any:
    """Return a view with the dimensions in the order ``dims``."""
    require_tensor("permute", input)
    order = size_argument("permute", (dims, *more))
    rank = input.ndim
    if len(order) != rank:
        raise ShapeError(
            f"permute(): number of dimensions in the tensor input does not match the length of the "
            f"desired ordering of dimensions i.e. input.dim() = {rank} is not equal to len(dims) = {len(order)}"
        )
    axes = tuple(axis_of("permute", d, rank) for d in order)
    if len(set(axes)) != rank:
        raise ShapeError(f"permute(): duplicate dims are not allowed, got {tuple(order)}.")
    return viewed(rows.permute, input, {"axes": axes})


def movedim(input: Any, source: Any, destination: Any) -> Any:
    """Return a view with dimensions moved to other places, the rest in their order; ints, or tuples of equal length.

    >>> import wengert as torch
    >>> torch.zeros(2, 3, 4).movedim(0, -1).shape
    torch.Size([3, 4, 2])
    """
    require_tensor("movedim", input)
    rank = input.ndim
    if isinstance(source, list | tuple) != isinstance(destination, list | tuple):
        raise TypeError(
            "movedim(): source and destination must both be ints, or both tuples of ints."
        )
    places = []
    for name, dims in (("source", source), ("destination", destination)):
        axes = [axis_of("movedim", d, rank) for d in size_argument("movedim", (dims,))]
        if len(set(axes)) != len(axes):
            raise ShapeError(f"movedim: repeated dim in `{name}` ({list(axes)})")
        places.append(axes)
    if len(places[0]) != len(places[1]):
        raise ShapeError(
            f"movedim: Invalid source or destination dims: source ({places[0]} dims) should contain the same number "
            f"of dims as destination ({places[1]} dims)"
        )
    if not rank:
        return _alias_view(input)
    order = [d for d in range(rank) if d not in places[0]]
    for to, d in sorted(zip(places[1], places[0], strict=True)):
        order.insert(to, d)
    return viewed(rows.permute, input, {"axes": tuple(order)})


moveaxis = movedim


def expand(input: Any, size: Any, *more: Any, implicit: bool = False) -> Any:
    """Return a view with dimensions of size 1 repeated; -1 keeps a size. No memory is taken.

    Raises RuntimeError when another dimension would have to change.
    """
    require_tensor("expand", input)
    asked = size_argument("expand", (size, *more))
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


def broadcast_to(input: Any, size: Any, *more: Any) -> Any:
    """Return a view with dimensions of size 1 repeated to ``size``, as `expand` does."""
    return expand(input, (size, *more) if more else size)


def expand_as(input: Any, other: Any) -> Any:
    """Return a view expanded to another tensor's shape."""
    require_tensor("expand_as", other, "other")
    return expand(input, tuple(other.shape))


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

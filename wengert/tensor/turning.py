"""A tensor turned into a view of what it was: `t_`, `unsqueeze_` and their kin, and `resize_`.

The memory stays; only sizes and strides of this one tensor change. Its older views look at the memory as before.
"""

from __future__ import annotations

import math
import sys
import weakref
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from wengert.core.carrier import Array, state
from wengert.core.primitive import Primitive
from wengert.core.shapes import positive_size
from wengert.errors import GradientError, ShapeError
from wengert.rules import structural, windows
from wengert.rules.structural import TURNED
from wengert.tape.meta import Meta
from wengert.tape.mode import set_grad_enabled
from wengert.tape.provenance import written_here
from wengert.tape.storage import (
    GradCell,
    Storage,
    alias,
    handle,
    mark_written,
    ndarray,
    root_array,
    storage_of,
)
from wengert.tensor import parts, views
from wengert.tensor.chains import derive
from wengert.tensor.following import views_of
from wengert.tensor.inplace import require_no_leaf, take_history
from wengert.tensor.layout import address
from wengert.tensor.promotion import dtype_of, require_tensor

__all__ = ["resize_as_"]

Link = tuple[Primitive, dict[str, Any]]
"""A row of views with its parameters."""

_OWN_INVERSES: Final = frozenset({TURNED[structural.transpose], TURNED[structural.t]})


def turned(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the form of a view function whose name ends in an underscore: the tensor becomes the view.

    Raises what the function raises, and RuntimeError for a leaf that requires grad while gradients are recorded.
    """
    op = f"{function.__name__}_"

    def become(input: Any, *args: Any, **named: Any) -> Any:
        require_tensor(op, input)
        require_no_leaf(input, op)
        if state.trace is not None:
            state.trace.refuse_change(input, op)
        before = alias(input)
        leaf = isinstance(input._edge, GradCell)
        with set_grad_enabled(state.grad or not leaf):  # else a history of the old shape would stay
            made = function(before, *args, **named)
            if made is before:
                return input
            links, row, params = made._origin.links
            if row in TURNED:
                made = views.viewed(TURNED[row], before, params)
            _become(input, before, made)
        return input

    become.__name__ = become.__qualname__ = op
    become.__doc__ = (
        f"`{op[:-1]}`, in place: the tensor itself becomes the view. Returns the tensor."
    )
    return become


def _become(x: Any, before: Any, made: Any) -> None:
    """Let ``x`` be ``made``, a view of ``before``, the same tensor as it was; its older views show what they showed."""
    older = views_of(x)
    back = _way_back(before, made)
    leaf = x._edge if isinstance(x._edge, GradCell) else None
    x._payload = made._payload
    if leaf is None:
        take_history(x, made)
        _turn_grad(x, made)
    else:
        leaf.shape = tuple(made.shape)
    if x._origin is None and back is not None:
        _leave(x._storage, made)
        for view in older:
            view._origin.links = _after(back, view._origin.links)
            if x._edge is not None and not isinstance(view._edge, GradCell):  # no leaf of its own
                take_history(view, derive(view._origin))
    else:
        if x._origin is None or not x._origin.differentiable:
            before.__dict__[views.BECAME] = weakref.ref(x)
            for view in older:
                view._origin.base = before
        if leaf is not None:
            before._edge = None
        x._origin = made._origin
        _leave(x._storage, made, x)
        x._storage.members.append(weakref.ref(x))
    mark_written(x, written_here())


def _turn_grad(x: Any, made: Any) -> None:
    """Give the gradient that an intermediate result has retained so far the shape in which the next one will come."""
    _, row, params = made._origin.links
    if x._cell is not None and x._cell.grad is not None and row is not windows.strided:
        x._cell.grad = row(x._cell.grad, **params)


def _way_back(before: Any, made: Any) -> Link | None:
    """Return the view that undoes how ``made`` arose from ``before``.

    None where there is none, and for what a transform carries: how that lies in memory follows from the chain of views.
    """
    _, row, params = made._origin.links
    if row is windows.strided or before._payload.__class__ not in (ndarray, Meta):
        return None
    if row in _OWN_INVERSES:
        return row, params
    return structural.reshape, {"shape": tuple(before.shape)}


def _after(first: Link, links: Any) -> Any:
    """Return a chain of views, as `View` holds it, with one more before it."""
    if links is None:
        return None, *first
    before, row, params = links
    return _after(first, before), row, params


def _leave(storage: Storage, *gone: Any) -> None:
    """Take views out of the members of a storage."""
    assert storage.members is not None
    storage.members[:] = [m for m in storage.members if not any(m() is view for view in gone)]


transpose_ = swapdims_ = turned(views.transpose)
swapaxes_ = turned(views.swapaxes)
t_ = turned(views.t)
unsqueeze_ = turned(views.unsqueeze)
squeeze_ = turned(views.squeeze)
as_strided_ = turned(parts.as_strided)


def resize_(input: Any, size: Any, *more: Any) -> Any:
    """Give a tensor another shape over the same memory, in order; where that is too small, over new memory.

    Elements beyond the old ones are arbitrary. Raises RuntimeError for a tensor that requires grad, inside transforms,
    and for larger memory where the memory is shared.
    """
    require_tensor("resize_", input)
    shape = positive_size("resize_", (size, *more))
    if input._edge is not None:
        raise GradientError(
            "cannot resize variables that require grad. Use `reshape`, or `x.detach()` first."
        )
    described = input._payload.__class__ is Meta
    if (input._payload.__class__ is not ndarray and not described) or state.trace is not None:
        raise ShapeError(
            "resize_: the memory of a tensor inside a transform cannot be resized. Use `reshape`."
        )
    if tuple(input.shape) == shape:
        return input
    if views_of(input):
        raise ShapeError(
            "resize_: other tensors are views of this one. Use `reshape`, which makes a new tensor."
        )
    if described:
        input._payload, input._origin = Meta(shape, dtype_of(input)), None
        mark_written(input, written_here())
        return input
    shared = _shared(input)
    held, count = _from_first_on(input._payload), math.prod(shape)
    if count > held.size and shared:
        raise ShapeError(
            f"resize_: the memory, {held.size} elements, is shared with another tensor or an array, as `.data`, "
            f"`detach()` and NumPy share it, and memory for {count} would be another one. Make a new tensor, or use "
            f"`x.data = torch.empty(...)`."
        )
    if count <= held.size:
        input._payload = held[:count].reshape(shape)
    else:
        version = storage_of(input).version
        input._payload = np.empty(shape, held.dtype)
        input._payload.reshape(-1)[: held.size] = held
        input._storage = Storage()
        input._storage.version = version
    input._origin = None
    mark_written(input, written_here())
    return input


def _shared(x: Any) -> bool:
    """Say whether others than the tensor hold the array in it, or the one that owns the memory."""
    payload = x._payload
    root = root_array(payload)
    exposed = x._storage is not None and x._storage.root is root
    own = root is payload
    del payload, root
    # What a tensor that is alone counts, differs among Python's versions.
    alone = _references(handle(np.zeros(2) if own else np.zeros(2)[:1]))
    found = _references(x)
    return found[0] > alone[0] + (exposed and own) or found[1] > alone[1] + exposed


def _references(x: Any) -> tuple[int, int]:
    """Count who refers to the array in a tensor, and to the one that owns the memory, this function among them."""
    payload = x._payload
    root = root_array(payload)
    return sys.getrefcount(payload), sys.getrefcount(root)


def _from_first_on(x: Array) -> Array:
    """Return the elements in memory from the first of ``x`` on; a copy of its own where memory is not in one piece."""
    root = root_array(x)
    if not root.flags.c_contiguous:
        return x.flatten()
    start = address(x) - address(root)
    return np.ndarray(((root.nbytes - start) // x.itemsize,), x.dtype, root, start)


def resize_as_(input: Any, the_template: Any) -> Any:
    """Give a tensor the shape of another one, as `resize_` does."""
    require_tensor("resize_as_", the_template, "the_template")
    return resize_(input, tuple(the_template.shape))

"""A tensor turned into a view of what it was: `t_`, `unsqueeze_` and their kin, and `resize_`.

The memory stays; only sizes and strides of this one tensor change. Its older views look at the memory as before.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.core.carrier import Array, state
from wengert.core.shapes import positive_size
from wengert.errors import GradientError, ShapeError
from wengert.rules.structural import TURNED
from wengert.tape.provenance import written_here
from wengert.tape.storage import (
    GradCell,
    Storage,
    View,
    alias,
    mark_written,
    ndarray,
    root_array,
    storage_of,
)
from wengert.tensor import parts, views
from wengert.tensor.inplace import require_no_leaf
from wengert.tensor.layout import address
from wengert.tensor.promotion import require_tensor

__all__ = ["resize_as_"]


def turned(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the form of a view function whose name ends in an underscore: the tensor becomes the view.

    Raises what the function raises, and RuntimeError for a leaf that requires grad while gradients are recorded.
    """
    op = f"{function.__name__}_"

    def become(input: Any, *args: Any, **named: Any) -> Any:
        require_tensor(op, input)
        _require_turnable(input, op)
        before = alias(input)
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


def _require_turnable(x: Any, op: str) -> None:
    require_no_leaf(x, op)
    if state.trace is not None:
        state.trace.refuse_change(x, op)


def _become(x: Any, before: Any, made: Any) -> None:
    """Let ``x`` be ``made``, a view of ``before``, the same tensor as it was; its older views look at that."""
    if x._origin is None or not x._origin.differentiable:
        before.__dict__[views.BECAME] = weakref.ref(x)
        for view in _views_of(x):
            view.base = before
    leaf = x._edge if isinstance(x._edge, GradCell) else None
    x._payload, x._origin = made._payload, made._origin
    if leaf is None:
        x._edge, x._level = made._edge, made._level
    else:
        leaf.shape = tuple(made.shape)
        before._edge = None
    _enrol(x, made)
    mark_written(x, written_here())


def _views_of(x: Any) -> list[View]:
    """Return how the living views of a tensor arise from it."""
    members: list[Any] = [ref() for ref in storage_of(x).members or ()]
    return [m._origin for m in members if m is not None and m._origin.base is x]


def _enrol(x: Any, made: Any) -> None:
    """Put ``x`` into the place of ``made`` among the members of the storage."""
    members = x._storage.members
    members[:] = [m for m in members if m() is not made and m() is not x]
    members.append(weakref.ref(x))


transpose_ = swapdims_ = turned(views.transpose)
swapaxes_ = turned(views.swapaxes)
t_ = turned(views.t)
unsqueeze_ = turned(views.unsqueeze)
squeeze_ = turned(views.squeeze)
as_strided_ = turned(parts.as_strided)


def resize_(input: Any, size: Any, *more: Any) -> Any:
    """Give a tensor another shape over the same memory, in order; where that is too small, over new memory.

    Elements beyond the old ones are arbitrary. Raises RuntimeError for a tensor that requires grad, and inside
    transforms.
    """
    require_tensor("resize_", input)
    shape = positive_size("resize_", (size, *more))
    if input._edge is not None:
        raise GradientError(
            "cannot resize variables that require grad. Use `reshape`, or `x.detach()` first."
        )
    if input._payload.__class__ is not ndarray or state.trace is not None:
        raise ShapeError(
            "resize_: the memory of a tensor inside a transform cannot be resized. Use `reshape`."
        )
    if tuple(input.shape) == shape:
        return input
    if _views_of(input):
        raise ShapeError(
            "resize_: other tensors are views of this one. Use `reshape`, which makes a new tensor."
        )
    held, count = _from_first_on(input._payload), math.prod(shape)
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

"""How the elements of a tensor lie in memory: strides, offsets, whether in one piece.

A carrier's tensor has no memory. Its elements are taken to lie as those of a plain tensor made by the same views.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import state
from wengert.core.shapes import Shape
from wengert.core.strides import steps
from wengert.errors import ShapeError
from wengert.tape.meta import Meta
from wengert.tape.storage import ndarray, root_array
from wengert.tensor.promotion import dtype_of


def layout(x: Any) -> np.ndarray[Any, Any]:
    """Return the array of a plain tensor, or one whose elements lie as a carrier's would in memory, their values apart.

    One on the device meta has memory for one element only, and none may be read. Whether a reshape is a view or a copy
    must not depend on what carries the elements.
    """
    payload = x._payload
    if payload.__class__ is ndarray:
        return payload
    if payload.__class__ is Meta:
        return payload.phantom()
    view = x._origin
    if view is None and state.trace is not None:
        return state.trace.laid_out(x)  # type: ignore[no-any-return]
    if view is None:
        return np.empty(tuple(payload.shape), dtype_of(x))
    laid_out = layout(view.base)
    for row, params in view.chain:
        laid_out = row.forward(laid_out, **params)
    return laid_out


def is_contiguous(x: Any) -> bool:
    """Say whether the elements lie in one piece of memory in order."""
    return bool(layout(x).flags.c_contiguous)


def channels_last(x: Any, dimensions: int) -> bool:
    """Say whether images of so many dimensions, batch and channels among them, lie channel by channel at each pixel."""
    if len(x.shape) != dimensions or 0 in x.shape:
        return False
    return bool(np.moveaxis(layout(x), 1, -1).flags.c_contiguous)


def outermost_first(x: Any) -> Shape:
    """Return the dimensions in the order in which they lie in memory; those of one size or step keep theirs."""
    rank, shape = len(x.shape), tuple(x.shape)
    if is_contiguous(x):
        return tuple(range(rank))
    if channels_last(x, 4):
        return (0, *range(2, rank), 1)
    strides = stride(x)
    order: list[int] = []
    for d in reversed(range(rank)):  # from the innermost outwards
        at = len(order)
        for k in reversed(range(len(order))):
            a, b = strides[order[k]], strides[d]
            if not a or not b:
                continue
            if a < b or (a == b and shape[order[k]] <= shape[d]):
                break
            at = k
        order.insert(at, d)
    return tuple(reversed(order))


def stride(x: Any) -> Shape:
    """Return how many elements apart neighbours along each dimension are."""
    return tuple(steps(layout(x)))


def storage_offset(x: Any) -> int:
    """Return how many elements before the first one the memory begins that the tensor and its views share."""
    if x._payload.__class__ is Meta:
        return x._payload.offset // x._payload.element_type.itemsize
    laid_out = layout(x)
    root = x._storage.root if x._storage is not None and laid_out is x._payload else None
    if root is None:
        root = root_array(laid_out)
    return (address(laid_out) - address(root)) // laid_out.itemsize


def address(x: np.ndarray[Any, Any]) -> int:
    """Return where the first element lies in memory."""
    found: int = x.__array_interface__["data"][0]
    return found


def require_regroupable(x: Any, before: np.dtype[Any], after: np.dtype[Any]) -> None:
    """Raise unless elements of one size can be read as such of another."""
    names = f"to view {dtypes.public(before)} as {dtypes.public(after)} (different element sizes)"
    if not x.ndim:
        raise ShapeError(f"self.dim() cannot be 0 {names}")
    steps = stride(x)
    if x.shape[-1] > 1 and steps[-1] != 1:
        raise ShapeError(
            f"self.stride(-1) must be 1 {names}, but got {steps[-1]}. Use `.contiguous()` first."
        )
    factor = after.itemsize // before.itemsize
    if factor > 1:
        counted = {"self.size(-1)": x.shape[-1], "self.storage_offset()": storage_offset(x)}
        counted |= {f"self.stride({d})": step for d, step in enumerate(steps[:-1])}
        for what, n in counted.items():
            if n % factor:
                raise ShapeError(f"{what} must be divisible by {factor} {names}, but got {n}")

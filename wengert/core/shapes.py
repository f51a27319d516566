"""Shapes, dimensions and broadcasting as plain tuples of ints. Knows no arrays."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any, SupportsIndex, cast

from wengert.errors import ShapeError, dim_out_of_range, shape_text

Shape = tuple[int, ...]


class Size(tuple[int, ...]):
    """A shape: a tuple of ints that prints as PyTorch's.

    >>> Size((2, 3)), Size((2, 3)).numel()
    (torch.Size([2, 3]), 6)
    """

    __slots__ = ()

    def __new__(cls, shape: Iterable[int] = ()) -> Size:
        return super().__new__(cls, shape)

    def numel(self) -> int:
        """Return the number of elements."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"torch.Size({shape_text(self)})"

    def __add__(self, other: Any) -> Size:
        return Size(tuple(self) + tuple(other))

    def __mul__(self, times: SupportsIndex) -> Size:
        return Size(tuple(self) * times)

    __rmul__ = __mul__

    def __getitem__(self, key: Any) -> Any:
        found = tuple.__getitem__(self, key)
        return Size(cast(tuple[int, ...], found)) if isinstance(key, slice) else found


def size_argument(op: str, sizes: Sequence[Any]) -> Shape:
    """Read ``f(2, 3)`` and ``f((2, 3))`` alike into a tuple of ints."""
    if len(sizes) == 1 and isinstance(sizes[0], list | tuple):
        sizes = sizes[0]
    try:
        return tuple(operator.index(n) for n in sizes)
    except TypeError:
        bad = next(n for n in sizes if not hasattr(n, "__index__"))
        raise TypeError(
            f"{op}: sizes must be ints, got {type(bad).__name__} in {tuple(sizes)!r}. Use int(...)."
        ) from None


def positive_size(op: str, sizes: Sequence[Any]) -> Shape:
    """Read a shape to be created; RuntimeError on a negative size."""
    shape = size_argument(op, sizes)
    if any(n < 0 for n in shape):
        raise ShapeError(
            f"{op}: Trying to create tensor with negative dimension: {shape_text(shape)}."
        )
    return shape


def axis_of(op: str, dim: Any, rank: int) -> int:
    """Return ``dim`` counted from the front; IndexError if there is no such dimension."""
    try:
        axis = operator.index(dim)
    except TypeError:
        raise TypeError(f"{op}: dim must be an int, not {type(dim).__name__}.") from None
    limit = rank or 1
    if not -limit <= axis < limit:
        raise dim_out_of_range(op, axis, rank)
    return axis + limit if axis < 0 else axis


def axes_of(op: str, dims: Any, rank: int) -> tuple[int, ...]:
    """Return the reduced axes, sorted: every one for None and for (), as PyTorch's sum does."""
    if dims is None:
        return tuple(range(rank))
    if not isinstance(dims, list | tuple):
        dims = (dims,)
    if not dims:
        return tuple(range(rank))
    axes = [axis_of(op, d, rank) for d in dims]
    if len(set(axes)) != len(axes):
        raise ShapeError(f"{op}: dim {axes} names a dimension more than once.")
    return tuple(sorted(axes)) if rank else ()


def inferred(op: str, shape: Shape, count: int) -> Shape:
    """Replace the one -1 in ``shape`` so that it holds ``count`` elements."""
    if shape.count(-1) > 1:
        raise ShapeError(f"{op}: only one dimension can be inferred, got {shape_text(shape)}.")
    if any(n < -1 for n in shape):
        raise ShapeError(
            f"{op}: invalid shape dimension in {shape_text(shape)}: sizes are at least -1."
        )
    known = math.prod(n for n in shape if n != -1)
    if -1 in shape:
        if known == 0:
            raise ShapeError(
                f"{op}: cannot reshape tensor of {count} elements into shape {shape_text(shape)} because "
                f"the unspecified dimension size -1 can be any value and is ambiguous."
            )
        if count % known == 0:
            return tuple(count // known if n == -1 else n for n in shape)
    elif known == count:
        return shape
    raise ShapeError(
        f"{op}: shape '{shape_text(shape)}' is invalid for input of size {count}: "
        f"the product of the sizes must be {count}."
    )


def reduced(shape: Shape, axes: Sequence[int], keepdim: bool) -> Shape:
    """Return the shape after reducing ``axes``."""
    if keepdim:
        return tuple(1 if i in axes else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in axes)

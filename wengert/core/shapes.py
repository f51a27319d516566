"""Shapes, dimensions and broadcasting as plain tuples of ints. Knows no arrays."""

from __future__ import annotations

import itertools
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
    return tuple(_size(op, n) for n in sizes)


def _size(op: str, n: Any) -> int:
    try:
        return operator.index(_not_bool(n))
    except TypeError:
        raise TypeError(
            f"{op}: sizes must be ints, got {n!r} ({type(n).__name__}). Use `int(...)`."
        ) from None


def positive_size(op: str, sizes: Sequence[Any]) -> Shape:
    """Read a shape to be created; RuntimeError on a negative size."""
    shape = size_argument(op, sizes)
    for n in shape:
        if n < 0:
            raise ShapeError(
                f"{op}: Trying to create tensor with negative dimension {n}: {shape_text(shape)}."
            )
    return shape


def axis_of(op: str, dim: Any, rank: int) -> int:
    """Return ``dim`` counted from the front; IndexError if there is no such dimension."""
    try:
        axis = operator.index(_not_bool(dim))
    except TypeError:
        raise TypeError(
            f"{op}(): argument 'dim' must be int, not {type(dim).__name__}. "
            f"Count dimensions from 0, or from -1 for the last one."
        ) from None
    limit = rank or 1
    if not -limit <= axis < limit:
        raise dim_out_of_range(op, axis, rank)
    return axis + limit if axis < 0 else axis


def _not_bool(dim: Any) -> Any:
    if isinstance(dim, bool):
        raise TypeError
    return dim


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


def broadcastable(shapes: Iterable[Sequence[int]]) -> bool:
    """Say whether shapes broadcast against each other: sizes from the last backwards are equal or 1."""
    shapes = list(shapes)
    longest = max(shapes, key=len, default=())
    if all(shape == longest or not shape for shape in shapes):
        return True
    columns = itertools.zip_longest(*(reversed(shape) for shape in shapes), fillvalue=1)
    return all(len(set(sizes) - {1}) <= 1 for sizes in columns)


def broadcasts_to(shape: Shape, target: Shape) -> bool:
    """Say whether a shape broadcasts to another one, which stays as it is."""
    extra = len(target) - len(shape)
    return extra >= 0 and all(n in (1, m) for n, m in zip(shape, target[extra:], strict=True))


def broadcast_shape(shapes: Iterable[Sequence[int]]) -> Shape:
    """Return the shape that shapes which broadcast have together."""
    columns = itertools.zip_longest(*(reversed(shape) for shape in shapes), fillvalue=1)
    return tuple(next((n for n in sizes if n != 1), 1) for sizes in columns)[::-1]


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

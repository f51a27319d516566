"""Copies with the elements elsewhere: reversed, rolled, turned, repeated, on a diagonal, cut to a triangle."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.shapes import Shape, axis_of, size_argument
from wengert.errors import ShapeError
from wengert.rules import arrangement, indexing, windows
from wengert.rules import structural as rows
from wengert.tape.storage import Recorded, concrete, handle
from wengert.tensor.numbers import whole_of
from wengert.tensor.out import deliver
from wengert.tensor.parts import diagonal
from wengert.tensor.promotion import dtype_of, require_tensor
from wengert.tensor.views import ravel

__all__ = [
    "diag", "diag_embed", "diagflat", "flip", "fliplr", "flipud", "repeat_interleave", "roll", "rot90", "tile", "tril",
    "triu",
]  # fmt: skip


def flip(input: Any, dims: Any, *more: Any) -> Any:
    """Reverse the order along each of ``dims``; a copy. RuntimeError for a dimension named twice.

    >>> import wengert as torch
    >>> torch.arange(3).flip(0)
    tensor([2, 1, 0])
    """
    require_tensor("flip", input)
    return arrangement.flip(
        input, dims=_distinct("flip", input, size_argument("flip", (dims, *more)))
    )


def _distinct(op: str, x: Any, dims: Shape) -> Shape:
    axes = [axis_of(op, d, x.ndim) for d in dims]
    for axis in axes:
        if axes.count(axis) > 1:
            raise ShapeError(f"{op}: dim {axis} appears multiple times in the list of dims")
    return tuple(axes) if x.ndim else ()


def fliplr(input: Any) -> Any:
    """Reverse the order along the second dimension. RuntimeError below 2-D."""
    require_tensor("fliplr", input)
    if input.ndim < 2:
        raise ShapeError(f"fliplr: Input must be >= 2-d, got {input.ndim}-d. Use `x.flip(0)`.")
    return flip(input, 1)


def flipud(input: Any) -> Any:
    """Reverse the order along the first dimension. RuntimeError below 1-D."""
    require_tensor("flipud", input)
    if input.ndim < 1:
        raise ShapeError("flipud: Input must be >= 1-d, got 0-d.")
    return flip(input, 0)


def roll(input: Any, shifts: Any, dims: Any = ()) -> Any:
    """Move the elements along ``dims`` by ``shifts`` places, those at the end to the front.

    Without ``dims`` they move along all dimensions as if in one row. Raises RuntimeError unless there are as many
    shifts as dimensions.

    >>> import wengert as torch
    >>> torch.arange(4).roll(1)
    tensor([3, 0, 1, 2])
    """
    require_tensor("roll", input)
    steps = size_argument("roll", (shifts,))
    named = size_argument("roll", (() if dims is None else dims,))
    if not steps:
        raise ShapeError("roll: `shifts` required")
    if not named and len(steps) == 1:
        return arrangement.roll_all(input, shift=steps[0])
    if len(steps) != len(named):
        raise ShapeError(
            f"roll: shifts and dimensions must align. shifts: {len(steps)}, dims:{len(named)}"
        )
    if not input.ndim:
        raise IndexError(f"roll: Dimension specified as {named[0]} but tensor has no dimensions")
    axes = tuple(axis_of("roll", d, input.ndim) for d in named)
    return arrangement.roll(input, shifts=steps, dims=axes)


def rot90(input: Any, k: int = 1, dims: Any = (0, 1)) -> Any:
    """Turn by 90 degrees ``k`` times, from the first of two dimensions towards the second.

    >>> import wengert as torch
    >>> torch.tensor([[1, 2], [3, 4]]).rot90()
    tensor([[2, 4],
            [1, 3]])
    """
    require_tensor("rot90", input)
    k = whole_of("rot90", "k", k)
    plane = size_argument("rot90", (dims,))
    if len(plane) != 2:
        raise ShapeError(f"rot90: expected total rotation dims == 2, but got dims = {len(plane)}")
    if input.ndim < 2:
        raise ShapeError(f"rot90: expected total dims >= 2, but got total dims = {input.ndim}")
    first, second = (axis_of("rot90", d, input.ndim) for d in plane)
    if first == second:
        raise ShapeError(
            f"rot90: expected rotation dims to be different, but got dim0 = {plane[0]} and dim1 = {plane[1]}"
        )
    return arrangement.rot90(input, k=k % 4, dims=(first, second))


def repeat(input: Any, repeats: Any, *more: Any) -> Any:
    """Put ``repeats`` copies of a tensor next to each other along each dimension; surplus numbers are new dimensions.

    >>> import wengert as torch
    >>> torch.tensor([1, 2]).repeat(2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    require_tensor("repeat", input)
    times = size_argument("repeat", (repeats, *more))
    if len(times) < input.ndim:
        raise ShapeError(
            f"repeat: Number of dimensions of repeat dims ({len(times)}) can not be smaller than number of dimensions "
            f"of tensor ({input.ndim})"
        )
    if any(n < 0 for n in times):
        raise ShapeError(
            f"repeat: Trying to create tensor with negative dimension: repeats {list(times)}"
        )
    return arrangement.repeat(input, repeats=times)


def tile(input: Any, dims: Any, *more: Any) -> Any:
    """Put copies of a tensor next to each other, as `repeat` does; dimensions without a number are taken once."""
    require_tensor("tile", input)
    times = size_argument("tile", (dims, *more))
    return repeat(input, (*(1,) * (input.ndim - len(times)), *times))


def repeat_interleave(
    input: Any, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Any:
    """Repeat each element in place, all equally often or by a tensor of counts; without ``dim`` of the flat tensor.

    With one argument, a tensor of counts, it returns each position as often as its count says.

    Raises RuntimeError for negative counts, a number of counts that does not fit, and an ``output_size`` that differs
    from their sum.

    >>> import wengert as torch
    >>> torch.tensor([1, 2]).repeat_interleave(torch.tensor([2, 3]))
    tensor([1, 1, 2, 2, 2])
    """
    require_tensor("repeat_interleave", input)
    if output_size is not None:
        output_size = whole_of("repeat_interleave", "output_size", output_size)
    if repeats is None:
        counts = _counts(input)
        found = np.repeat(np.arange(len(counts)), counts)
        _require_size(output_size, len(found))
        return handle(found.astype(dtype_of(input)))
    x = ravel(input) if dim is None else input
    axis = axis_of("repeat_interleave", dim or 0, x.ndim)
    if not x.ndim:
        x = ravel(x)
    n = x.shape[axis]
    if not isinstance(repeats, Recorded):
        return _each_repeated(x, _count(repeats), axis, output_size)
    counts = _counts(repeats)
    if len(counts) == 1:
        counts = np.broadcast_to(counts, (n,))
    if len(counts) != n:
        raise ShapeError(
            f"repeat_interleave: repeats must have the same size as input along dim, but got repeats.size(0) = "
            f"{len(counts)} and input.size({axis}) = {n}"
        )
    places = np.repeat(np.arange(n), counts)
    _require_size(output_size, len(places))
    return indexing.index(x, places, axis=axis, span=1)


def _count(repeats: Any) -> int:
    try:
        count = whole_of("repeat_interleave", "repeats", repeats)
    except TypeError:
        raise TypeError(
            f"repeat_interleave(): argument 'repeats' must be int or Tensor, not {type(repeats).__name__}. "
            f"Make a tensor of several counts with `torch.tensor(...)`."
        ) from None
    if count < 0:
        raise ShapeError(f"repeat_interleave: Repeats must be non-negative, got {count}")
    return count


def _each_repeated(x: Any, count: int, axis: int, output_size: int | None) -> Any:
    shape = tuple(x.shape)
    _require_size(output_size, shape[axis] * count)
    spread = (*shape[: axis + 1], count, *shape[axis + 1 :])
    repeated = rows.clone_by_rows(rows.broadcast_to(rows.unsqueeze(x, dim=axis + 1), shape=spread))
    return rows.reshape(repeated, shape=(*shape[:axis], shape[axis] * count, *shape[axis + 1 :]))


def _counts(repeats: Any) -> np.ndarray[Any, Any]:
    """Read a tensor of counts; its values decide on a shape, which no transform can follow."""
    if dtype_of(repeats) not in (np.dtype(np.int32), np.dtype(np.int64)):
        raise NotImplementedError(
            f'"repeat_interleave" not implemented for {repeats.dtype} counts. Use int64 ones: `repeats.long()`.'
        )
    if repeats.ndim > 1:
        raise ShapeError("repeat_interleave: repeats must be 0-dim or 1-dim tensor")
    counts: np.ndarray[Any, Any] = concrete(repeats, "repeat_interleave").reshape(-1)
    if (counts < 0).any():
        raise ShapeError("repeat_interleave: repeats can not be negative")
    return counts


def _require_size(asked: int | None, found: int) -> None:
    if asked is not None and asked != found:
        raise ShapeError(
            f"repeat_interleave: Invalid output_size, expected {found} but got {asked}. "
            f"allocated size does not match required size"
        )


def tril(input: Any, diagonal: int = 0, *, out: Any = None) -> Any:
    """Keep each matrix's lower triangle, up to a diagonal, and zero the rest. RuntimeError below 2-D.

    >>> import wengert as torch
    >>> torch.ones(2, 3).tril()
    tensor([[1., 0., 0.],
            [1., 1., 0.]])
    """
    made = arrangement.tril(input, diagonal=_triangle("tril", input, diagonal))
    return made if out is None else deliver(made, out, exact=True)


def triu(input: Any, diagonal: int = 0, *, out: Any = None) -> Any:
    """Keep each matrix's upper triangle, from a diagonal on, and zero the rest. RuntimeError below 2-D."""
    made = arrangement.triu(input, diagonal=_triangle("triu", input, diagonal))
    return made if out is None else deliver(made, out, exact=True)


def _triangle(op: str, x: Any, diagonal: Any) -> int:
    require_tensor(op, x)
    if x.ndim < 2:
        raise ShapeError(f"{op}: input tensor must have at least 2 dimensions, got {x.ndim}")
    return whole_of(op, "diagonal", diagonal)


def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Return matrices of zeros with the last dimension of ``input`` on a diagonal, in two new dimensions.

    >>> import wengert as torch
    >>> torch.diag_embed(torch.tensor([1, 2]), offset=1)
    tensor([[0, 1, 0],
            [0, 0, 2],
            [0, 0, 0]])
    """
    require_tensor("diag_embed", input)
    if not input.ndim:
        raise IndexError(
            "diag_embed: Dimension out of range: a tensor without dimensions has no diagonal."
        )
    rank = input.ndim + 1
    first, second = axis_of("diag_embed", dim1, rank), axis_of("diag_embed", dim2, rank)
    if first == second:
        raise ShapeError(f"diag_embed: diagonal dimensions cannot be identical {dim1}, {dim2}")
    offset = whole_of("diag_embed", "offset", offset)
    shape = list(input.shape[:-1])
    for axis in sorted((first, second)):
        shape.insert(axis, input.shape[-1] + abs(offset))
    return windows.diag_embed(input, offset=offset, dim1=first, dim2=second, shape=tuple(shape))


def diag(input: Any, diagonal: int = 0, *, out: Any = None) -> Any:
    """Return a matrix with a vector on a diagonal, or a matrix's diagonal as a vector; a copy either way.

    Raises RuntimeError for other numbers of dimensions.
    """
    diagonal = whole_of("diag", "diagonal", diagonal)
    require_tensor("diag", input)
    if input.ndim not in (1, 2):
        raise ShapeError(f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D")
    made = diag_embed(input, diagonal) if input.ndim == 1 else _copied_diagonal(input, diagonal)
    return made if out is None else deliver(made, out, exact=True)


def _copied_diagonal(x: Any, offset: int) -> Any:
    return rows.clone_by_rows(diagonal(x, whole_of("diag", "diagonal", offset)))


def diagflat(input: Any, offset: int = 0) -> Any:
    """Return a matrix with the elements of ``input``, in one row, on a diagonal."""
    offset = whole_of("diagflat", "offset", offset)
    require_tensor("diagflat", input)
    return diag_embed(ravel(input), offset)

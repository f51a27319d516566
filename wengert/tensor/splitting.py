"""Cutting a tensor into several views along a dimension."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core.primitive import Primitive
from wengert.core.shapes import axis_of, size_argument
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.rules import structural as rows
from wengert.tape.storage import Recorded, concrete
from wengert.tensor.numbers import whole_of
from wengert.tensor.promotion import dtype_of, require_tensor
from wengert.tensor.views import ONE_OF_SEVERAL, freeze, join, viewed

__all__ = [
    "chunk", "dsplit", "hsplit", "split", "split_with_sizes", "tensor_split", "unbind", "unsafe_chunk", "unsafe_split",
    "unsafe_split_with_sizes", "vsplit",
]  # fmt: skip


def split(tensor: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Cut a tensor into views along ``dim``: pieces of one size (the last may be smaller), or of given sizes.

    >>> import wengert as torch
    >>> torch.arange(5).split(2)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    require_tensor("split", tensor)
    if isinstance(split_size_or_sections, list | tuple):
        return split_with_sizes(tensor, split_size_or_sections, dim)
    return several_views(rows.split, tensor, _pieces("split", tensor, split_size_or_sections, dim))


def _pieces(op: str, x: Any, split_size: Any, dim: int) -> dict[str, Any]:
    """Return the parameters of a cut into pieces of one size; RuntimeError where there is none."""
    axis, n = _cut_dimension(op, x, dim)
    size = whole_of(op, "split_size", split_size)
    if size < 0 or (size == 0 and n):
        raise ShapeError(f"{op} expects split_size be positive, but got split_size={size}")
    sizes = tuple(min(size, n - i) for i in range(0, n, size)) if n else (0,)
    return {"sizes": sizes, "dim": axis}


def split_with_sizes(input: Any, split_sizes: Sequence[int], dim: int = 0) -> tuple[Any, ...]:
    """Cut a tensor into views of given sizes along ``dim``; RuntimeError unless they add up to its size."""
    cut = _given_pieces("split_with_sizes", input, split_sizes, dim)
    return several_views(rows.split_with_sizes, input, cut)


def _given_pieces(op: str, x: Any, split_sizes: Sequence[int], dim: int) -> dict[str, Any]:
    axis, n = _cut_dimension(op, x, dim)
    sizes = size_argument(op, (split_sizes,))
    if sum(sizes) != n or any(s < 0 for s in sizes):
        raise ShapeError(
            f"{op} expects split_sizes to sum exactly to {n} (input tensor's size at dimension "
            f"{axis}), but got split_sizes={shape_text(sizes)}"
        )
    return {"sizes": sizes, "dim": axis}


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """Cut a tensor into at most ``chunks`` views of equal size along ``dim``."""
    axis, n, chunks = _parts("chunk", input, chunks, dim)
    if not n:
        return split_with_sizes(input, (0,) * chunks, axis)
    return split(input, -(-n // chunks), axis)


def _parts(op: str, x: Any, chunks: Any, dim: int) -> tuple[int, int, int]:
    """Return the dimension to cut along, its size and the number of parts; RuntimeError unless that is positive."""
    axis, n = _cut_dimension(op, x, dim)
    chunks = whole_of(op, "chunks", chunks)
    if chunks <= 0:
        raise ShapeError(f"{op} expects `chunks` to be greater than 0, got: {chunks}")
    return axis, n, chunks


def unsafe_split(input: Any, split_size: int, dim: int = 0) -> tuple[Any, ...]:
    """Return `split` into pieces of one size, each of which may be written to while gradients are recorded.

    The pieces are views here as those of `split` are, so that a write reaches the tensor and its gradient is right.

    >>> import wengert as torch
    >>> gates = torch.ones(4, requires_grad=True) * 2
    >>> for piece in gates.unsafe_split(2):
    ...     _ = piece.tanh_()
    >>> gates
    tensor([0.9640, 0.9640, 0.9640, 0.9640], grad_fn=<CopySlices>)
    """
    cut = _pieces("unsafe_split", input, split_size, dim)
    return several_views(rows.unsafe_split, input, cut, frozen=False)


def unsafe_split_with_sizes(
    input: Any, split_sizes: Sequence[int], dim: int = 0
) -> tuple[Any, ...]:
    """Return `split_with_sizes`, whose pieces may be written to; see `unsafe_split`."""
    cut = _given_pieces("unsafe_split_with_sizes", input, split_sizes, dim)
    return several_views(rows.unsafe_split_with_sizes, input, cut, frozen=False)


def unsafe_chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """Return `chunk`, whose pieces may be written to; see `unsafe_split`."""
    axis, n, chunks = _parts("unsafe_chunk", input, chunks, dim)
    if not n:
        return unsafe_split_with_sizes(input, (0,) * chunks, axis)
    return unsafe_split(input, -(-n // chunks), axis)


def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """Return the slices along ``dim`` as a tuple of views."""
    require_tensor("unbind", input)
    if not input.ndim:
        raise IndexError(
            "unbind: a tensor without dimensions has no slices. Use `x.item()` or x itself."
        )
    return several_views(rows.unbind, input, {"dim": axis_of("unbind", dim, input.ndim)})


def several_views(
    row: Primitive, x: Any, params: dict[str, Any], frozen: bool = True
) -> tuple[Any, ...]:
    """Apply a view row of several outputs; each joins the family as the slice it is, ``frozen`` against writes."""
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
        if frozen:
            freeze(out, ONE_OF_SEVERAL)
    return outs  # type: ignore[no-any-return]


def tensor_split(
    input: Any,
    indices_or_sections: Any = None,
    dim: int = 0,
    *,
    indices: Any = None,
    sections: Any = None,
) -> tuple[Any, ...]:
    """Cut a tensor into views along ``dim``: so many parts, of sizes as equal as can be, or at given places.

    Places may lie outside, and are then moved to the end. A tensor of integers gives the number or the places.

    >>> import wengert as torch
    >>> torch.arange(5).tensor_split(2), torch.arange(5).tensor_split((1, 1))
    ((tensor([0, 1, 2]), tensor([3, 4])), (tensor([0]), tensor([], dtype=torch.int64), tensor([1, 2, 3, 4])))
    """
    axis, n = _cut_dimension("tensor_split", input, dim)
    given = [v for v in (indices_or_sections, indices, sections) if v is not None]
    if len(given) != 1:
        raise TypeError("tensor_split() takes either a number of sections or a tuple of indices.")
    at = _places("tensor_split", given[0])
    if isinstance(at, int):
        if at <= 0:
            raise ShapeError(
                f"tensor_split expects number of sections to be larger than 0, got {at}"
            )
        small, more = divmod(n, at)
        sizes = [small + 1] * more + [small] * (at - more)
        at = tuple(itertools.accumulate(sizes[:-1]))
    return _between(input, at, axis)


def _places(op: str, given: Any) -> int | tuple[int, ...]:
    """Read the number of sections, or the places to cut at."""
    if not isinstance(given, Recorded):
        return given if isinstance(given, int) else size_argument(op, (given,))
    t: Any = given
    if dtype_of(t) != np.dtype(np.int64):
        raise DTypeError(
            f"{op} expected tensor_indices_or_sections to have dtype of long, but got {t.dtype}"
        )
    if t.ndim > 1:
        raise ShapeError(
            f"{op} expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional tensor, "
            f"but got a tensor with {t.ndim} dims"
        )
    at = concrete(t, op).tolist()
    return tuple(at) if t.ndim else int(at)


def _between(x: Any, places: tuple[int, ...], axis: int) -> tuple[Any, ...]:
    """Return views of what lies before, between and after the places, counted as Python's slices count."""
    front = (slice(None),) * axis
    n = x.shape[axis]
    starts, stops = (0, *places), (*places, n)
    pieces = []
    for start, stop in zip(starts, stops, strict=True):
        first, last, _ = slice(start, stop).indices(n)
        index = (*front, slice(first, max(first, last)))
        pieces.append(viewed(rows.slice_, x, {"index": index}))
    return tuple(pieces)


def hsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """Cut a tensor into columns: along its second dimension, or its only one."""
    rank = _rank("hsplit", input, 1)
    return _equal_split("hsplit", input, indices_or_sections, 0 if rank == 1 else 1)


def vsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """Cut a tensor of two or more dimensions along its first one."""
    _rank("vsplit", input, 2)
    return _equal_split("vsplit", input, indices_or_sections, 0)


def dsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """Cut a tensor of three or more dimensions along its third one."""
    _rank("dsplit", input, 3)
    return _equal_split("dsplit", input, indices_or_sections, 2)


def _rank(op: str, x: Any, least: int) -> int:
    require_tensor(op, x)
    if x.ndim < least:
        raise ShapeError(
            f"torch.{op} requires a tensor with at least {least} dimension, but got a tensor with {x.ndim} dimensions!"
        )
    return int(x.ndim)


def _equal_split(op: str, x: Any, given: Any, axis: int) -> tuple[Any, ...]:
    """Cut at places, or into so many parts, which must then be equal."""
    n, at = x.shape[axis], _places(op, given)
    if isinstance(at, int) and (at <= 0 or n % at):
        raise ShapeError(
            f"torch.{op} attempted to split along dimension {axis}, but the size of the dimension {n} is not "
            f"divisible by the split_size {at}! Use `tensor_split`, which takes unequal parts."
        )
    return tensor_split(x, at, axis)


def _cut_dimension(op: str, x: Any, dim: int) -> tuple[int, int]:
    """Return the dimension to cut along and its size; RuntimeError where there is none."""
    require_tensor(op, x)
    if not x.ndim:
        raise ShapeError(f"{op} expects at least a 1-dimensional tensor")
    axis = axis_of(op, dim, x.ndim)
    return axis, x.shape[axis]

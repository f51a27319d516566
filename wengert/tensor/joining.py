"""Putting tensors together: along a dimension, a new one, or a diagonal."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.dtypes import category, default_float, promote
from wengert.core.shapes import axis_of
from wengert.errors import ShapeError, shape_text
from wengert.rules import arrangement
from wengert.rules import structural as rows
from wengert.tape.storage import Recorded, handle
from wengert.tensor.out import deliver
from wengert.tensor.promotion import cast_to, dtype_of, promoted, remedy, require_tensor
from wengert.tensor.reductions import numpy_spelling
from wengert.tensor.views import reshape, unsqueeze

__all__ = [
    "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "cat", "column_stack", "concat", "concatenate", "dstack",
    "hstack", "row_stack", "stack", "vstack",
]  # fmt: skip


def _tensors(op: str, tensors: Any) -> list[Any]:
    if isinstance(tensors, Recorded) or not isinstance(tensors, Sequence):
        raise TypeError(
            f"{op}(): argument 'tensors' must be tuple of Tensors, not {type(tensors).__name__}. "
            f"Give a list, as in `{op}([x, y])`."
        )
    found = list(tensors)
    if not found:
        raise (ValueError if op == "cat" else ShapeError)(
            f"{op}(): expected a non-empty list of Tensors. Skip the call where there is nothing to join."
        )
    for i, x in enumerate(found):
        if not isinstance(x, Recorded):
            raise TypeError(
                f"{op}(): expected Tensor as element {i} in argument 0, but got {type(x).__name__}. "
                f"{remedy(x)}"
            )
    return promoted(op, *found)


@numpy_spelling
def cat(tensors: Sequence[Any], dim: int = 0, *, out: Any = None) -> Any:
    """Join tensors along an existing dimension; the other sizes must be equal. Dtypes promote.

    Empty vectors are skipped, whatever the shape of the others.

    >>> import wengert as torch
    >>> torch.cat([torch.zeros(1), torch.ones(2)])
    tensor([0., 1., 1.])
    """
    made = _joined(_tensors("cat", tensors), dim)
    return made if out is None else deliver(_castable(made, out), out)


def _castable(made: Any, out: Any) -> Any:
    """Return what `cat` joined; TypeError for an ``out`` that it does not convert to."""
    if isinstance(out, Recorded) and category(dtype_of(made)) > category(dtype_of(out)):
        raise TypeError(
            f"torch.cat(): input types can't be cast to the desired output type {dtypes.public(dtype_of(out))}. "
            f"Give an `out` of dtype {made.dtype}."
        )
    return made


def _joined(found: list[Any], dim: int) -> Any:
    legacy = [tuple(x.shape) == (0,) for x in found]
    kept = [x for x, skipped in zip(found, legacy, strict=True) if not skipped]
    if not kept:
        return rows.cat(*found, dim=0)
    rank = kept[0].ndim
    if not rank:
        raise ShapeError(
            "cat: zero-dimensional tensor (at position 0) cannot be concatenated. Use `stack`."
        )
    axis = axis_of("cat", dim, rank)
    first = tuple(kept[0].shape)
    for x in kept[1:]:
        if x.ndim != rank:
            raise ShapeError(
                f"cat: Tensors must have same number of dimensions: got {rank} and {x.ndim}. Use `unsqueeze`."
            )
        if any(n != m for d, (n, m) in enumerate(zip(first, x.shape, strict=True)) if d != axis):
            raise ShapeError(
                f"cat: Sizes of tensors must match except in dimension {axis}: got {shape_text(first)} and "
                f"{shape_text(x.shape)} in the list. Use another `dim`, or make the other sizes equal."
            )
    if any(legacy):
        nothing = (*first[:axis], 0, *first[axis + 1 :])
        kept = [
            rows.reshape(x, shape=nothing) if skip else x
            for x, skip in zip(found, legacy, strict=True)
        ]
    return rows.cat(*kept, dim=axis)


concat = concatenate = cat


TO_JOIN_SIZES = " Use `cat` to join different sizes."


@numpy_spelling
def stack(tensors: Sequence[Any], dim: int = 0, *, out: Any = None) -> Any:
    """Join tensors of one shape along a new dimension.

    >>> import wengert as torch
    >>> torch.stack([torch.zeros(2), torch.ones(2)], dim=1)
    tensor([[0., 1.],
            [0., 1.]])
    """
    found = _tensors("stack", tensors)
    first = tuple(found[0].shape)
    for i, x in enumerate(found[1:], 1):
        if tuple(x.shape) != first:
            raise ShapeError(
                f"stack expects each tensor to be equal size, but got {shape_text(first)} at entry 0 and "
                f"{shape_text(x.shape)} at entry {i}.{TO_JOIN_SIZES}"
            )
    made = rows.stack(*found, dim=axis_of("stack", dim, len(first) + 1))
    return made if out is None else deliver(_castable(made, out), out)


def hstack(tensors: Sequence[Any], *, out: Any = None) -> Any:
    """Join tensors side by side: along the second dimension, vectors along their only one."""
    found = [atleast_1d(x) for x in _tensors("hstack", tensors)]
    made = _joined(found, 0 if found[0].ndim == 1 else 1)
    return made if out is None else deliver(_castable(made, out), out)


def vstack(tensors: Sequence[Any], *, out: Any = None) -> Any:
    """Join tensors one below the other: along the first dimension, a vector being a row.

    >>> import wengert as torch
    >>> torch.vstack([torch.zeros(2), torch.ones(1, 2)])
    tensor([[0., 0.],
            [1., 1.]])
    """
    made = _joined([atleast_2d(x) for x in _tensors("vstack", tensors)], 0)
    return made if out is None else deliver(_castable(made, out), out)


row_stack = vstack


def dstack(tensors: Sequence[Any], *, out: Any = None) -> Any:
    """Join tensors along the third dimension, after giving those of fewer dimensions three."""
    made = _joined([atleast_3d(x) for x in _tensors("dstack", tensors)], 2)
    return made if out is None else deliver(_castable(made, out), out)


def column_stack(tensors: Sequence[Any], *, out: Any = None) -> Any:
    """Join tensors side by side, a vector being a column."""
    found = _tensors("column_stack", tensors)
    made = _joined([reshape(x, (x.numel(), 1)) if x.ndim < 2 else x for x in found], 1)
    return made if out is None else deliver(_castable(made, out), out)


def atleast_1d(*tensors: Any) -> Any:
    """Return a tensor without dimensions as a vector, others as they are; of several tensors, a tuple."""
    return _each("atleast_1d", tensors, lambda x: x if x.ndim else reshape(x, 1))


def atleast_2d(*tensors: Any) -> Any:
    """Return tensors of fewer than two dimensions as one row; of several tensors, a tuple."""
    return _each("atleast_2d", tensors, _as_row)


def _as_row(x: Any) -> Any:
    if x.ndim > 1:
        return x
    return unsqueeze(x, 0) if x.ndim else reshape(x, (1, 1))


def atleast_3d(*tensors: Any) -> Any:
    """Return tensors with at least three dimensions, those of a matrix and a last of size 1; of several, a tuple."""
    return _each("atleast_3d", tensors, _as_block)


def _as_block(x: Any) -> Any:
    if x.ndim > 2:
        return x
    if not x.ndim:
        return reshape(x, (1, 1, 1))
    return unsqueeze(x if x.ndim == 2 else unsqueeze(x, 0), -1)


def _each(op: str, tensors: tuple[Any, ...], shaped: Callable[[Any], Any]) -> Any:
    """Apply a function to one tensor, or to each of several given one by one or in a list."""
    alone = len(tensors) == 1 and not isinstance(tensors[0], list | tuple)
    listed = tensors[0] if len(tensors) == 1 and not alone else tensors
    for x in listed:
        require_tensor(op, x)
    return shaped(listed[0]) if alone else tuple(shaped(x) for x in listed)


def block_diag(*tensors: Any) -> Any:
    """Return a matrix of zeros with tensors as blocks along its diagonal; a vector is a row, a number a 1 x 1 block.

    >>> import wengert as torch
    >>> torch.block_diag(torch.tensor([[1, 2]]), torch.tensor(3))
    tensor([[1, 2, 0],
            [0, 0, 3]])
    """
    for i, x in enumerate(tensors):
        require_tensor("block_diag", x, "tensors")
        if x.ndim > 2:
            raise ShapeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has {x.ndim} dimensions"
            )
    if not tensors:
        return handle(np.empty((1, 0), default_float()))
    dtype = functools.reduce(promote, [dtype_of(x) for x in tensors])
    return arrangement.block_diag(*(_as_row(cast_to(x, dtype)) for x in tensors))

"""Putting tensors together: `cat` and `stack`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.core.shapes import axis_of
from wengert.errors import ShapeError, shape_text
from wengert.rules import structural as rows
from wengert.tape.storage import Recorded
from wengert.tensor.promotion import promoted
from wengert.tensor.reductions import numpy_spelling

__all__ = [
    "cat", "stack",
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
                f"Make a tensor of it with `torch.tensor(...)`."
            )
    return promoted(op, *found)


@numpy_spelling
def cat(tensors: Sequence[Any], dim: int = 0) -> Any:
    """Join tensors along an existing dimension; the other sizes must be equal. Dtypes promote.

    >>> import wengert as torch
    >>> torch.cat([torch.zeros(1), torch.ones(2)])
    tensor([0., 1., 1.])
    """
    found = _tensors("cat", tensors)
    kept = [x for x in found if tuple(x.shape) != (0,)] or found[:1]
    rank = kept[0].ndim
    if not rank:
        raise ShapeError(
            "zero-dimensional tensor (at position 0) cannot be concatenated. Use `stack`."
        )
    axis = axis_of("cat", dim, rank)
    first = tuple(kept[0].shape)
    for x in kept[1:]:
        if x.ndim != rank:
            raise ShapeError(
                f"Tensors must have same number of dimensions: got {rank} and {x.ndim}. Use `unsqueeze`."
            )
        if any(n != m for d, (n, m) in enumerate(zip(first, x.shape, strict=True)) if d != axis):
            raise ShapeError(
                f"Sizes of tensors must match except in dimension {axis}: got {shape_text(first)} and "
                f"{shape_text(x.shape)} in the list. Use another `dim`, or make the other sizes equal."
            )
    return rows.cat(*kept, dim=axis)


@numpy_spelling
def stack(tensors: Sequence[Any], dim: int = 0) -> Any:
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
                f"{shape_text(x.shape)} at entry {i}. Use `cat` to join different sizes."
            )
    return rows.stack(*found, dim=axis_of("stack", dim, len(first) + 1))

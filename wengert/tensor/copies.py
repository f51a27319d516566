"""Copies: of a tensor as it is, and the views again as copies, under PyTorch's names for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wengert.core.shapes import axis_of
from wengert.rules import structural as rows
from wengert.tensor import parts, splitting, views
from wengert.tensor.device import CPU, placed, preserves
from wengert.tensor.indexing import getitem
from wengert.tensor.layout import is_contiguous
from wengert.tensor.out import deliver
from wengert.tensor.promotion import require_tensor

__all__ = [
    "alias_copy", "as_strided_copy", "clone", "detach_copy", "diagonal_copy", "expand_copy", "narrow_copy",
    "permute_copy", "select_copy", "slice_copy", "split_copy", "split_with_sizes_copy", "squeeze_copy", "t_copy",
    "transpose_copy", "unbind_copy", "unfold_copy", "unsqueeze_copy", "view_copy",
]  # fmt: skip


def clone(input: Any, *, memory_format: Any = None) -> Any:
    """Copy into new memory, in which the elements lie as the tensor's do, without gaps; gradients flow through.

    With ``memory_format=torch.contiguous_format`` they lie in the order of the dimensions.

    >>> import wengert as torch
    >>> x = torch.zeros(2, 3).t()
    >>> x.clone().stride(), x.clone(memory_format=torch.contiguous_format).stride()
    ((1, 3), (2, 1))
    """
    require_tensor("clone", input)
    return (rows.clone if preserves(memory_format) else rows.clone_by_rows)(input)


def contiguous(input: Any, *, memory_format: Any = None) -> Any:
    """Return the tensor with its elements in one piece of memory in order: itself if they are."""
    placed(CPU, None, memory_format)
    return input if is_contiguous(input) else rows.clone_by_rows(input)


def alias_copy(input: Any, *, out: Any = None) -> Any:
    """Return a copy, which may go to ``out``."""
    require_tensor("alias_copy", input)
    made = rows.clone_by_rows(input)
    return made if out is None else deliver(made, out, exact=True)


def copying(function: Callable[..., Any], **delivery: bool) -> Callable[..., Any]:
    """Return a function of views whose results are copies, and that takes ``out=``; ``delivery`` says how strictly."""
    delivery = delivery or {"exact": True}
    op = f"{function.__name__}_copy"

    def copied(input: Any, *args: Any, out: Any = None, **named: Any) -> Any:
        seen = function(input, *args, **named)
        copy = rows.clone_by_rows
        made = tuple(map(copy, seen)) if isinstance(seen, tuple) else copy(seen)
        return made if out is None else deliver(made, out, op=op, **delivery)

    copied.__name__ = copied.__qualname__ = op
    copied.__doc__ = f"`{function.__name__}`, as a copy."
    return copied


def slice_copy(
    input: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1, *, out: Any = None
) -> Any:
    """Return the slices from ``start`` to ``end`` along ``dim``, as a copy."""
    require_tensor("slice_copy", input)
    axis = axis_of("slice_copy", dim, input.ndim)
    made = rows.clone_by_rows(getitem(input, (*(slice(None),) * axis, slice(start, end, step))))
    return made if out is None else deliver(made, out, exact=True)


def detach_copy(input: Any, *, out: Any = None) -> Any:
    """Return a copy without history."""
    require_tensor("detach_copy", input)
    made = rows.clone_by_rows(rows.detach(input))
    return made if out is None else deliver(made, out, exact=True)


as_strided_copy = copying(parts.as_strided)
diagonal_copy = copying(parts.diagonal)
expand_copy = copying(views.expand)
narrow_copy = copying(parts.narrow, exact=True, silent=True)
permute_copy = copying(views.permute)
select_copy = copying(parts.select)
split_copy = copying(splitting.split)
split_with_sizes_copy = copying(splitting.split_with_sizes)
squeeze_copy = copying(views.squeeze)
t_copy = copying(views.t)
transpose_copy = copying(views.transpose)
unbind_copy = copying(splitting.unbind)
unfold_copy = copying(parts.unfold)
unsqueeze_copy = copying(views.unsqueeze)
view_copy = copying(views.view)

"""Sorting, picking by rank, searching and telling elements apart, as users call it.

Everywhere NaN is the largest value and equal elements keep their order. Gradients go where the indices point.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.primitive import Primitive
from wengert.core.shapes import axis_of
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.rules import indexing, memory
from wengert.rules import ordering as rows
from wengert.tape.storage import concrete
from wengert.tensor import returned, views
from wengert.tensor.apply import undefined
from wengert.tensor.creation import finish
from wengert.tensor.numbers import require_flags, whole_of
from wengert.tensor.out import deliver
from wengert.tensor.picking import gather
from wengert.tensor.promotion import (
    cast_to,
    constant,
    dtype_of,
    is_number,
    require_tensor,
    result_type,
)
from wengert.tensor.reductions import numpy_spelling

__all__ = [
    "argsort", "bucketize", "isin", "msort", "searchsorted", "sort", "topk", "unique", "unique_consecutive",
]  # fmt: skip

_INT32, _INT64 = np.dtype(np.int32), np.dtype(np.int64)


def arranged(op: str, row: Primitive, x: Any, dim: Any, **params: Any) -> Any:
    """Apply a row that runs along a dimension; a single number counts as one of size 1."""
    axis = axis_of(op, dim, x.ndim)
    if x.ndim:
        return row(x, dim=axis, **params)
    made = row(views.reshape(x, 1), dim=0, **params)
    if not isinstance(made, tuple):
        return memory.unsafe_view(made, shape=())
    return tuple(memory.unsafe_view(m, shape=()) if m.numel() == 1 else m for m in made)


def _ordered(op: str, x: Any) -> None:
    """Raise unless ``x`` is a tensor whose elements have an order."""
    require_tensor(op, x)
    if dtype_of(x).kind == "c":
        raise DTypeError(
            f"{op}: Sort does not support complex dtypes on CPU. Complex numbers have no order: use their `.abs()`."
        )


@numpy_spelling
def sort(
    input: Any, dim: int = -1, descending: bool = False, *, stable: bool | None = None, out: Any = None
) -> Any:  # fmt: skip
    """Return the elements in order along ``dim``, and the indices they came from; equal ones keep their order.

    >>> import wengert as torch
    >>> values, indices = torch.sort(torch.tensor([3., 1., 2.]))
    >>> values, indices
    (tensor([1., 2., 3.]), tensor([1, 2, 0]))
    """
    require_flags("sort", descending=descending, stable=stable is not None and stable)
    _ordered("sort", input)
    row = rows.sort if stable is None else rows.stable_sort
    made = returned.sort(*arranged("sort", row, input, dim, descending=bool(descending)))
    return made if out is None else deliver(made, out, exact=True)


@numpy_spelling
def argsort(
    input: Any, dim: int = -1, descending: bool = False, *, stable: bool = False, out: Any = None
) -> Any:
    """Return the indices that put the elements in order along ``dim``; equal ones keep their order."""
    require_flags("argsort", descending=descending, stable=stable)
    _ordered("argsort", input)
    made = arranged("argsort", rows.argsort, input, dim, descending=bool(descending))
    return made if out is None else deliver(made, out, exact=True)


def msort(input: Any, *, out: Any = None) -> Any:
    """Return the elements in ascending order along the first dimension."""
    made = sort(input, 0).values
    return made if out is None else deliver(made, out, exact=True)


@numpy_spelling
def topk(
    input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True, *, out: Any = None
) -> Any:
    """Return the ``k`` largest (or smallest) elements along ``dim`` in order, and their indices.

    They are in order also for ``sorted=False``, which asks for any order. Which of equal elements are among them is
    open.

    >>> import wengert as torch
    >>> torch.topk(torch.tensor([3., 1., 2.]), 2).values
    tensor([3., 2.])
    """
    require_flags("topk", largest=largest, sorted=sorted)
    k = whole_of("topk", "k", k)
    _ordered("topk", input)
    size = input.shape[axis_of("topk", dim, input.ndim)] if input.ndim else 1
    if not 0 <= k <= size:
        raise ShapeError(
            f"topk(): selected index k out of range: k is {k}, and dimension {dim} has size {size}."
        )
    made = returned.topk(*arranged("topk", rows.topk, input, dim, k=int(k), largest=bool(largest)))
    return made if out is None else deliver(made, out, exact=True)


def _distinct(op: str, x: Any, dim: Any, ordered: bool) -> tuple[Any, Any, Any]:
    """Return the first of each group of equal elements (or slices), the group of each one, and the groups' sizes.

    Groups are equal neighbours, after sorting where ``ordered``. NaN equals nothing.
    """
    require_tensor(op, x)
    raw = concrete(x, f"{op}(), whose result has a shape that depends on values,")
    if raw.dtype.kind == "c":
        raise undefined(op, raw.dtype)
    if dim is None:
        x, axis, shape = views.reshape(x, -1), 0, raw.shape
        lines = raw.reshape(-1, 1)
    else:
        axis = axis_of(op, dim, raw.ndim)
        if 0 in raw.shape[:axis] + raw.shape[axis + 1 :]:
            raise ShapeError(
                f"{op}(): There are 0 sized dimensions, and they aren't selected, so unique cannot be applied"
            )
        x, raw = (views.reshape(x, 1), raw.reshape(1)) if not raw.ndim else (x, raw)
        lines = np.moveaxis(raw, axis, 0).reshape(
            raw.shape[axis], math.prod(raw.shape[:axis] + raw.shape[axis + 1 :])
        )
        shape = (len(lines),)
    order = np.lexsort(lines.T[::-1]) if ordered else np.arange(len(lines))
    placed = lines[order]
    starts = np.ones(len(lines), bool)
    starts[1:] = (placed[1:] != placed[:-1]).any(-1)
    group = np.empty(len(lines), np.int64)
    group[order] = np.cumsum(starts) - 1
    firsts = np.flatnonzero(starts)
    sizes = np.diff(np.append(firsts, len(lines)))
    values = indexing.index(x, order[firsts], axis=axis, span=1)
    return values, finish(group.reshape(shape)), finish(sizes.astype(np.int64))


def _asked(found: tuple[Any, Any, Any], inverse: bool, counts: bool) -> Any:
    values, group, sizes = found
    if not inverse and not counts:
        return values
    return (values, *((group,) if inverse else ()), *((sizes,) if counts else ()))


def unique(
    input: Any, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: Any = None
) -> Any:  # fmt: skip
    """Return the distinct elements, or slices along ``dim``, in ascending order (whatever ``sorted`` says).

    With ``return_inverse`` also where each element is among them, with ``return_counts`` how often each occurs. The
    gradient goes to the first of equal elements. Under `vmap` and traces, where shapes cannot depend on values, it
    raises.

    >>> import wengert as torch
    >>> torch.unique(torch.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    require_flags(
        "unique", sorted=sorted, return_inverse=return_inverse, return_counts=return_counts
    )
    return _asked(_distinct("unique", input, dim, True), return_inverse, return_counts)


def unique_consecutive(
    input: Any, return_inverse: bool = False, return_counts: bool = False, dim: Any = None
) -> Any:
    """Return the first of each run of equal elements, or of equal slices along ``dim``.

    >>> import wengert as torch
    >>> torch.unique_consecutive(torch.tensor([1, 1, 2, 1]))
    tensor([1, 2, 1])
    """
    require_flags("unique_consecutive", return_inverse=return_inverse, return_counts=return_counts)
    return _asked(_distinct("unique_consecutive", input, dim, False), return_inverse, return_counts)


def _searched(op: str, places: Any, values: Any, right: bool, out_int32: bool) -> Any:
    dtype = result_type(places, values)
    if dtype.kind == "c":
        raise undefined(op, dtype)
    values = constant(values, dtype) if is_number(values) else cast_to(values, dtype)
    found = rows.searchsorted(cast_to(places, dtype), values, right=right)
    return cast_to(found, _INT32) if out_int32 else found


def searchsorted(
    sorted_sequence: Any, input: Any, *, out_int32: bool = False, right: bool = False, side: str | None = None,
    sorter: Any = None, out: Any = None,
) -> Any:  # fmt: skip
    """Return where each value of ``input`` belongs in the ascending last dimension of ``sorted_sequence``.

    Before equal elements, or after them with ``right=True`` or ``side="right"``. ``sorter`` holds the indices that
    put an unordered sequence in order.

    >>> import wengert as torch
    >>> torch.searchsorted(torch.tensor([1., 3., 5.]), torch.tensor([3., 4.]))
    tensor([1, 2])
    """
    require_flags("searchsorted", out_int32=out_int32, right=right)
    op = "torch.searchsorted()"
    require_tensor("searchsorted", sorted_sequence, "sorted_sequence")
    if not is_number(input):
        require_tensor("searchsorted", input)
    if side not in (None, "left", "right"):
        raise ShapeError(f"{op}: side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise ShapeError(
            f"{op}: side and right can't be set to opposites, got side of left while right was True"
        )
    shape = tuple(sorted_sequence.shape)
    wanted = () if is_number(input) else tuple(input.shape)
    if not shape or (len(shape) != 1 and (len(shape) != len(wanted) or shape[:-1] != wanted[:-1])):
        raise ShapeError(
            f"{op}: boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and input "
            f"value tensor must match, but we got boundaries tensor {shape_text(shape)} and input value tensor "
            f"{shape_text(wanted)}"
        )
    if sorter is not None:
        sorted_sequence = gather(sorted_sequence, -1, _sorter(op, sorter, shape))
    made = _searched("searchsorted", sorted_sequence, input, right or side == "right", out_int32)
    return made if out is None else deliver(made, out, exact=True)


def _sorter(op: str, sorter: Any, shape: tuple[int, ...]) -> Any:
    require_tensor("searchsorted", sorter, "sorter")
    if tuple(sorter.shape) != shape:
        raise ShapeError(
            f"{op}: boundary and sorter must have the same size, but got boundary tensor {shape_text(shape)} and got "
            f"sorter tensor {shape_text(sorter.shape)}"
        )
    if dtype_of(sorter) != _INT64:
        raise DTypeError(
            f"{op}: sorter must be a tensor of long dtype but got dtype {sorter.dtype}"
        )
    return sorter


def bucketize(
    input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False, out: Any = None
) -> Any:
    """Return the bucket of each element between ascending ``boundaries``; one at a boundary is in the lower bucket.

    With ``right=True`` it is in the upper one.

    >>> import wengert as torch
    >>> torch.bucketize(torch.tensor([3., 6., 9.]), torch.tensor([1., 3., 5., 7., 9.]))
    tensor([1, 3, 4])
    """
    require_flags("bucketize", out_int32=out_int32, right=right)
    require_tensor("bucketize", boundaries, "boundaries")
    if not is_number(input):
        require_tensor("bucketize", input)
    if boundaries.ndim != 1:
        raise ShapeError(
            f"bucketize(): boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})"
        )
    made = _searched("bucketize", boundaries, input, right, out_int32)
    return made if out is None else deliver(made, out, exact=True)


def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False, out: Any = None
) -> Any:  # fmt: skip
    """Return where ``elements`` are among ``test_elements``; with ``invert``, where they are not.

    Either of the two may be a number.

    >>> import wengert as torch
    >>> torch.isin(torch.tensor([1, 2, 3]), torch.tensor([1, 3]))
    tensor([ True, False,  True])
    """
    require_flags("isin", assume_unique=assume_unique, invert=invert)
    if is_number(elements) and is_number(test_elements):
        raise TypeError("isin(): one of `elements` and `test_elements` must be a tensor.")
    for name, value in (("elements", elements), ("test_elements", test_elements)):
        if not is_number(value):
            require_tensor("isin", value, name)
    dtype = result_type(elements, test_elements)
    if dtype.kind in "bc":
        raise DTypeError(
            f"isin(): Unsupported input type encountered: {'Bool' if dtype.kind == 'b' else 'Complex'}."
        )
    both = (elements, test_elements)
    x, y = (constant(v, dtype) if is_number(v) else cast_to(v, dtype) for v in both)
    made = rows.isin(x, y, invert=bool(invert))
    return made if out is None else deliver(made, out, exact=True)

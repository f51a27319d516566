"""Medians, modes, quantiles and elements of a rank, as users call them.

Where elements are equal, the index is the one that a stable sort puts at the rank, and the gradient goes there; the
median of a whole tensor shares it among the equal ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.primitive import Primitive
from wengert.core.shapes import axis_of
from wengert.errors import DTypeError, ShapeError
from wengert.rules import indexing
from wengert.rules import ordering as rows
from wengert.tape.storage import ndarray
from wengert.tensor import arithmetic, comparison, returned, views
from wengert.tensor.apply import undefined
from wengert.tensor.filled import full
from wengert.tensor.numbers import whole_of
from wengert.tensor.out import deliver
from wengert.tensor.promotion import cast_to, constant, dtype_of, is_number, require_tensor
from wengert.tensor.reductions import EVERY, flag, numpy_spelling, reduce, sum
from wengert.tensor.reductions import any as any_of

__all__ = ["kthvalue", "median", "mode", "nanmedian", "nanquantile", "quantile"]

_INT64 = np.dtype(np.int64)
_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _along(op: str, row: Primitive, x: Any, dim: Any, keepdim: Any, **params: Any) -> Any:
    """Apply a row that picks one element along a dimension; IndexError where there is none."""
    axis = axis_of(op, dim, x.ndim)
    if x.ndim and not x.shape[axis]:
        raise IndexError(f"{op}(): Expected reduction dim {axis} to have non-zero size.")
    return row(x, dim=axis, keepdim=flag(op, keepdim), **params)


def _require_order(op: str, x: Any, refused: str) -> None:
    require_tensor(op, x)
    if dtypes.kind(dtype_of(x)) in refused:
        raise undefined(op, dtype_of(x))


def _middle(op: str, full_row: Primitive, row: Primitive, x: Any, dim: Any, keepdim: Any) -> Any:
    _require_order(op, x, "bc")
    if dim is not EVERY:
        return getattr(returned, op)(*_along(op, row, x, dim, keepdim))
    if keepdim:
        raise TypeError(f"{op}(): `keepdim` goes with `dim`, and no `dim` was given.")
    if not x.numel():
        return full((), float("nan"), dtype=x.dtype)
    return reduce(full_row, x, {"axis": tuple(range(x.ndim)), "keepdim": False}, 4)


@numpy_spelling
def median(input: Any, dim: Any = EVERY, keepdim: bool = False, *, out: Any = None) -> Any:
    """Return the lower median; with ``dim``, values and indices along it. NaN if any element is.

    >>> import wengert as torch
    >>> torch.median(torch.tensor([4., 1., 3., 2.]))
    tensor(2.)
    """
    made = _middle("median", rows.median_all, rows.median, input, dim, keepdim)
    return made if out is None else deliver(made, out, exact=True)


@numpy_spelling
def nanmedian(input: Any, dim: Any = EVERY, keepdim: bool = False, *, out: Any = None) -> Any:
    """Return the lower median of the elements that are not NaN; with ``dim``, values and indices along it."""
    made = _middle("nanmedian", rows.nanmedian_all, rows.nanmedian, input, dim, keepdim)
    return made if out is None else deliver(made, out, exact=True)


@numpy_spelling
def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False, *, out: Any = None) -> Any:
    """Return the ``k``-th smallest element along ``dim``, counted from 1, and its index.

    >>> import wengert as torch
    >>> torch.kthvalue(torch.tensor([3., 1., 2.]), 2).values
    tensor(2.)
    """
    k = whole_of("kthvalue", "k", k)
    _require_order("kthvalue", input, "bc")
    axis = axis_of("kthvalue", dim, input.ndim)
    size = input.shape[axis] if input.ndim else 1
    if size and not 1 <= k <= size:
        raise ShapeError(
            f"kthvalue(): selected number k out of range for dimension {axis}: k is {k}, and the size is {size}."
        )
    made = returned.kthvalue(*_along("kthvalue", rows.kthvalue, input, dim, keepdim, k=int(k)))
    return made if out is None else deliver(made, out, exact=True)


@numpy_spelling
def mode(input: Any, dim: int = -1, keepdim: bool = False, *, out: Any = None) -> Any:
    """Return the most frequent element along ``dim``, the smallest of equally frequent ones, and its last index.

    >>> import wengert as torch
    >>> torch.mode(torch.tensor([2, 1, 2, 1, 3]))
    torch.return_types.mode(
    values=tensor(1),
    indices=tensor(3))
    """
    _require_order("mode", input, "c")
    made = returned.mode(*_along("mode", rows.mode, input, dim, keepdim))
    return made if out is None else deliver(made, out, exact=True)


@numpy_spelling
def quantile(
    input: Any, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear", out: Any = None
) -> Any:  # fmt: skip
    """Return the quantiles ``q`` (in [0, 1], a number or a vector) of all elements or along ``dim``; NaN if one is.

    Between two elements it interpolates: ``"linear"``, ``"lower"``, ``"higher"``, ``"midpoint"`` or ``"nearest"``.
    A vector of quantiles gives the result a first dimension.

    >>> import wengert as torch
    >>> torch.quantile(torch.tensor([0., 1., 2., 3.]), torch.tensor([0.25, 0.5]))
    tensor([0.7500, 1.5000])
    """
    made = _quantile("quantile", input, q, dim, keepdim, interpolation, False)
    return made if out is None else deliver(made, out, exact=True)


@numpy_spelling
def nanquantile(
    input: Any, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear", out: Any = None
) -> Any:  # fmt: skip
    """Return the quantiles of the elements that are not NaN, as `quantile` does."""
    made = _quantile("nanquantile", input, q, dim, keepdim, interpolation, True)
    return made if out is None else deliver(made, out, exact=True)


def _quantile(
    op: str, x: Any, q: Any, dim: Any, keepdim: Any, interpolation: str, skip: bool
) -> Any:
    require_tensor(op, x)
    q = _fractions(op, x, q, interpolation)
    rank = x.ndim
    axis = 0 if dim is None else axis_of(op, dim, rank)
    line = views.reshape(x, -1) if dim is None or not rank else _to_the_end(x, axis)
    ordered = rows.sort(line, dim=line.ndim - 1, descending=False)[0]
    found = _interpolated(ordered, _ranks(ordered, q, skip), interpolation)
    if flag(op, keepdim) and dim is None:
        found = views.reshape(found, *(1,) * rank, found.shape[-1])
    elif keepdim and rank:
        found = views.unsqueeze(found, axis)
    last = found.ndim - 1
    if not q.ndim:
        return views.reshape(found, tuple(found.shape[:-1]))
    return views.permute(found, (last, *range(last)))


def _fractions(op: str, x: Any, q: Any, interpolation: str) -> Any:
    """Check the arguments of quantiles and return ``q`` as a tensor."""
    if dtype_of(x) not in (np.float32, np.float64):
        raise DTypeError(
            f"{op}() input tensor must be either float or double dtype, got {x.dtype}. Use `x.float()`."
        )
    if not x.numel():
        raise ShapeError(f"{op}() input tensor must be non-empty")
    if interpolation not in _INTERPOLATIONS:
        raise ShapeError(
            f"{op}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    if is_number(q):
        if not 0 <= q <= 1:
            raise ShapeError(f"{op}() q must be in the range [0, 1] but got {q}")
        return constant(float(q), dtype_of(x))
    require_tensor(op, q, "q")
    if q.ndim > 1:
        raise ShapeError(f"{op}() q must be a scalar or 1D tensor")
    if dtype_of(q) != dtype_of(x):
        raise DTypeError(
            f"{op}() q tensor must be same dtype as the input tensor, got {q.dtype} and {x.dtype}."
        )
    raw = q._payload
    if raw.__class__ is ndarray and not ((raw >= 0) & (raw <= 1)).all():
        raise ShapeError(f"{op}() q values must be in the range [0, 1]")
    return q


def _to_the_end(x: Any, axis: int) -> Any:
    return views.permute(x, tuple(a for a in range(x.ndim) if a != axis) + (axis,))


def _ranks(ordered: Any, q: Any, skip: bool) -> Any:
    """Return the places of the quantiles in ascending lines, as real numbers: one for each of ``q``."""
    last = ordered.shape[-1] - 1
    known = comparison.eq(ordered, ordered)
    if skip:
        count = arithmetic.sub(cast_to(sum(known, -1, True), dtype_of(ordered)), 1.0)
        ranks = arithmetic.mul(q, comparison.where(count < 0, 0.0, count))
    else:
        unknown = any_of(comparison.ne(ordered, ordered), -1, True)
        ranks = comparison.where(unknown, float(last), arithmetic.mul(q, float(last)))
    return views.expand(ranks, (*ordered.shape[:-1], q.shape[0] if q.ndim else 1))


def _interpolated(ordered: Any, ranks: Any, interpolation: str) -> Any:
    axis = ordered.ndim - 1
    below = cast_to(ranks, _INT64)
    part = arithmetic.sub(ranks, cast_to(below, dtype_of(ranks)))
    above = arithmetic.add(below, cast_to(part > 0, _INT64))
    if interpolation == "nearest":
        odd = arithmetic.remainder(below, 2) == 1
        up = comparison.bitwise_or(part > 0.5, comparison.bitwise_and(part == 0.5, odd))
        return indexing.gather(ordered, comparison.where(up, above, below), dim=axis)
    if interpolation in ("lower", "higher"):
        at = below if interpolation == "lower" else above
        return indexing.gather(ordered, at, dim=axis)
    low, high = (indexing.gather(ordered, at, dim=axis) for at in (below, above))
    weight = 0.5 if interpolation == "midpoint" else part
    return arithmetic.add(low, arithmetic.mul(arithmetic.sub(high, low), weight))

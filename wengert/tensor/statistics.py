"""Variances, covariances, and sums and means that skip NaN, as users call them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.primitive import Primitive
from wengert.core.shapes import axes_of
from wengert.errors import DTypeError, ShapeError
from wengert.rules import reduction, structural
from wengert.rules import statistics as rows
from wengert.tape.provenance import warn
from wengert.tape.storage import Recorded
from wengert.tensor import arithmetic, comparison, contraction, returned, views
from wengert.tensor.apply import undefined
from wengert.tensor.copies import contiguous
from wengert.tensor.elementary import sqrt
from wengert.tensor.indexing import getitem
from wengert.tensor.numbers import real_of, require_flags, whole_of
from wengert.tensor.out import deliver
from wengert.tensor.promotion import cast_to, dtype_of, floating, require_tensor
from wengert.tensor.reductions import flag, mean, numpy_spelling, reduce, sum

__all__ = [
    "aminmax", "corrcoef", "count_nonzero", "cov", "nanmean", "nansum", "std", "std_mean", "var", "var_mean",
]  # fmt: skip


class _Unset:
    """The default of an argument that PyTorch's overloads tell apart by whether it is given."""


_UNSET: Any = _Unset()


def _spread(
    op: str, row: Primitive, x: Any, dim: Any, unbiased: Any, keepdim: Any, correction: Any
) -> Any:
    """Apply a row of variances. ``unbiased`` is a correction of 1 or 0, and may stand in the place of ``dim``."""
    require_tensor(op, x)
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not _UNSET and correction is not _UNSET:
        raise TypeError(
            f"{op}() received an invalid combination of arguments: `unbiased` is a correction of 1 or 0, and "
            f"`correction` was given as well. Use `correction` alone."
        )
    if dtypes.kind(dtype_of(x)) not in "fc":
        raise DTypeError(
            f"std and var only support floating point and complex dtypes, and {op} got {x.dtype}. Use `x.float()`."
        )
    if unbiased is not _UNSET:
        require_flags(op, unbiased=unbiased)
    if correction is _UNSET or correction is None:
        correction = 1.0 if unbiased is _UNSET else float(unbiased)
    correction = float(real_of(op, "correction", correction))
    axis = axes_of(op, dim, x.ndim)
    params = {"axis": axis, "correction": correction, "keepdim": flag(op, keepdim)}
    count = math.prod([x.shape[a] for a in axis])
    if count - correction <= 0:
        warn(
            f"{op}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor (input "
            f"numel divided by output numel)."
        )
    return reduce(row, x, params, 4) if row.outputs == ("out",) else row(x, **params)


@numpy_spelling
def var(
    input: Any, dim: Any = None, unbiased: Any = _UNSET, keepdim: bool = False, *, correction: Any = _UNSET,
    out: Any = None,
) -> Any:  # fmt: skip
    """Return the variance ``sum(|x - mean|^2) / (n - correction)`` of all elements or along ``dim``.

    ``correction`` is 1 unless given; ``unbiased=False`` is a correction of 0. Complex numbers have a real variance.
    Of a single element it is NaN, with a warning.

    >>> import wengert as torch
    >>> torch.var(torch.tensor([1., 2., 3.])), torch.var(torch.tensor([1., 2., 3.]), correction=0)
    (tensor(1.), tensor(0.6667))
    """
    made = _spread("var", rows.var, input, dim, unbiased, keepdim, correction)
    return made if out is None else deliver(made, out)


@numpy_spelling
def std(
    input: Any, dim: Any = None, unbiased: Any = _UNSET, keepdim: bool = False, *, correction: Any = _UNSET,
    out: Any = None,
) -> Any:  # fmt: skip
    """Return the standard deviation, the root of `var`. Its gradient where all elements are equal is 0.

    >>> import wengert as torch
    >>> torch.std(torch.tensor([1., 2., 3.]))
    tensor(1.)
    """
    made = _spread("std", rows.std, input, dim, unbiased, keepdim, correction)
    return made if out is None else deliver(made, out)


@numpy_spelling
def var_mean(
    input: Any, dim: Any = None, unbiased: Any = _UNSET, keepdim: bool = False, *, correction: Any = _UNSET
) -> Any:  # fmt: skip
    """Return variance and mean, as `var` and `mean` do."""
    return _spread("var_mean", rows.var_mean, input, dim, unbiased, keepdim, correction)


@numpy_spelling
def std_mean(
    input: Any, dim: Any = None, unbiased: Any = _UNSET, keepdim: bool = False, *, correction: Any = _UNSET
) -> Any:  # fmt: skip
    """Return standard deviation and mean, as `std` and `mean` do."""
    return _spread("std_mean", rows.std_mean, input, dim, unbiased, keepdim, correction)


@numpy_spelling
def nansum(
    input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Any = None
) -> Any:
    """Add up all elements, or those along ``dim``, that are not NaN. RuntimeError for complex numbers.

    >>> import wengert as torch
    >>> torch.nansum(torch.tensor([1., float("nan"), 2.]))
    tensor(3.)
    """
    require_tensor("nansum", input)
    if dtype_of(input).kind == "c":
        raise DTypeError("nansum does not support complex inputs: add up real and imaginary parts.")
    if dtype is not None:
        input = cast_to(input, dtypes.to_numpy(dtype))
    if dtypes.kind(dtype_of(input)) != "f":
        made = sum(input, dim, keepdim)
    else:
        _require_float(out)
        axis = axes_of("nansum", dim, input.ndim)
        made = reduce(rows.nansum, input, {"axis": axis, "keepdim": flag("nansum", keepdim)})
    return made if out is None else deliver(made, out)


def _require_float(out: Any) -> None:
    """Raise for an ``out`` of integers: what skips NaN adds up in the dtype of ``out``."""
    if isinstance(out, Recorded) and dtype_of(out).kind in "biu":
        raise undefined("nansum", dtype_of(out))


@numpy_spelling
def nanmean(
    input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Any = None
) -> Any:
    """Return the mean of the elements that are not NaN; NaN where there are none.

    >>> import wengert as torch
    >>> torch.nanmean(torch.tensor([1., float("nan"), 3.]))
    tensor(2.)
    """
    require_tensor("nanmean", input)
    if dtypes.kind(dtype_of(input)) not in "fc":
        raise DTypeError(
            f"nanmean(): expected input to have floating point or complex dtype but got {input.dtype}. "
            f"Use `x.float()`."
        )
    _require_float(out)
    known = sum(comparison.eq(input, input), dim, keepdim)
    made = arithmetic.div(nansum(input, dim, keepdim, dtype=dtype), known)
    return made if out is None else deliver(made, out)


@numpy_spelling
def count_nonzero(input: Any, dim: Any = None) -> Any:
    """Return how many elements are not 0, as int64.

    >>> import wengert as torch
    >>> torch.count_nonzero(torch.tensor([[0., 1.], [2., 3.]]), dim=0)
    tensor([1, 2])
    """
    require_tensor("count_nonzero", input)
    return sum(comparison.ne(input, 0), dim)


@numpy_spelling
def aminmax(input: Any, *, dim: Any = None, keepdim: bool = False, out: Any = None) -> Any:
    """Return the smallest and the largest element, of all or along ``dim``. Equal ones share the gradient.

    >>> import wengert as torch
    >>> low, high = torch.aminmax(torch.tensor([3., 1., 2.]))
    >>> low, high
    (tensor(1.), tensor(3.))
    """
    require_tensor("aminmax", input)
    if dtype_of(input).kind == "c":
        raise undefined("aminmax", dtype_of(input))
    axis = axes_of("aminmax", dim, input.ndim)
    if 0 in [input.shape[a] for a in axis]:
        if dim is not None:
            raise IndexError(
                f"aminmax: Expected reduction dim {axis[0]} to have non-zero size: an empty slice has no extreme."
            )
        raise ShapeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
        )
    params, input = {"axis": axis, "keepdim": flag("aminmax", keepdim)}, contiguous(input)
    made = returned.aminmax(
        reduce(reduction.amin, input, params), reduce(reduction.amax, input, params)
    )
    return made if out is None else deliver(made, out, exact=True)


def cov(input: Any, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    """Return the covariance matrix of variables in rows, observations in columns.

    ``fweights`` (integers) say how often an observation occurs, ``aweights`` how much it counts.

    >>> import wengert as torch
    >>> torch.cov(torch.tensor([[0., 1., 2.], [2., 1., 0.]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    require_tensor("cov", input)
    correction = whole_of("cov", "correction", correction)
    if input.ndim > 2:
        raise ShapeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions"
        )
    if dtype_of(input).kind == "b":
        raise DTypeError("cov(): bool dtype is not supported for input. Use `x.float()`.")
    x = floating(input)
    x = x if x.ndim == 2 else views.reshape(x, 1, -1)
    weights = _weights(x, fweights, aweights)
    freedom: Any
    if weights is None:
        average = mean(x, 1, True)
        freedom = x.shape[1] - correction
        weighted = arithmetic.sub(x, average)
        apart = weighted
    else:
        total = sum(weights)
        average = arithmetic.div(sum(arithmetic.mul(x, weights), 1, True), total)
        apart = arithmetic.sub(x, average)
        weighted = arithmetic.mul(apart, weights)
        freedom = _freedom(weights, total, correction, aweights)
    if isinstance(freedom, int) or freedom._payload.__class__ is np.ndarray:
        if freedom <= 0:
            warn(
                "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations."
            )
    freedom = (
        max(freedom, 0) if isinstance(freedom, int) else comparison.where(freedom > 0, freedom, 0)
    )
    product = contraction.matmul(apart, structural.conj(views.t(weighted)))
    return views.squeeze(arithmetic.div(product, freedom))


def _weights(x: Any, fweights: Any, aweights: Any) -> Any:
    """Check the weights of observations, and return what each one counts; None where all count alike."""
    count, found = x.shape[1], None
    for name, w, kinds, wanted in (
        ("fweights", fweights, "iu", "integral"),
        ("aweights", aweights, "f", "floating point"),
    ):
        if w is None:
            continue
        require_tensor("cov", w, name)
        if w.ndim > 1:
            raise ShapeError(
                f"cov(): expected {name} to have one or fewer dimensions but got {name} with {w.ndim} dimensions"
            )
        if dtypes.kind(dtype_of(w)) not in kinds:
            raise DTypeError(
                f"cov(): expected {name} to have {wanted} dtype but got {name} with {w.dtype} dtype"
            )
        if w.numel() != count:
            raise ShapeError(
                f"cov(): expected {name} to have the same numel as there are observations in the input but got "
                f"{w.numel()} != {count}"
            )
        if w._payload.__class__ is np.ndarray and (w._payload < 0).any():
            raise ShapeError(f"cov(): {name} cannot be negative")
        found = w if found is None else arithmetic.mul(found, w)
    return found


def _freedom(weights: Any, total: Any, correction: int, aweights: Any) -> Any:
    """Return the degrees of freedom of weighted observations."""
    if not correction:
        return total
    if aweights is None:
        return arithmetic.sub(total, correction)
    share = arithmetic.div(sum(arithmetic.mul(weights, aweights)), total)
    return arithmetic.sub(total, arithmetic.mul(share, correction))


def corrcoef(input: Any) -> Any:
    """Return the correlation coefficients of variables in rows, observations in columns; within [-1, 1].

    >>> import wengert as torch
    >>> torch.corrcoef(torch.tensor([[0., 1., 2.], [2., 1., 0.]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    require_tensor("corrcoef", input)
    if input.ndim > 2:
        raise ShapeError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions"
        )
    c = cov(input)
    if not c.ndim:
        return arithmetic.div(c, c)
    variances = getitem(views.reshape(c, -1), slice(None, None, c.shape[0] + 1))
    deviations = sqrt(_part(variances, False))
    scaled = arithmetic.div(
        arithmetic.div(c, views.unsqueeze(deviations, 1)), views.unsqueeze(deviations, 0)
    )
    if dtype_of(c).kind != "c":
        return _clipped(scaled)
    return arithmetic.add(
        _clipped(_part(scaled, False)), arithmetic.mul(_clipped(_part(scaled, True)), 1j)
    )


def _part(x: Any, imaginary: bool) -> Any:
    """Return the real or the imaginary part; real numbers as they are."""
    dtype = dtype_of(x)
    if dtype.kind != "c":
        return x
    turned = arithmetic.mul(x, -1j) if imaginary else x
    return cast_to(turned, dtype.type(0).real.dtype)


def _clipped(x: Any) -> Any:
    """Return the elements within [-1, 1]; what lies outside by rounding becomes 1 or -1."""
    below = comparison.where(comparison.gt(x, 1.0), 1.0, x)
    return comparison.where(comparison.lt(below, -1.0), -1.0, below)

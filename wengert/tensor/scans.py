"""What runs along a dimension: cumulative sums, products and extremes, differences and the trapezoidal rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.shapes import axis_of
from wengert.errors import ShapeError
from wengert.rules import scans as rows
from wengert.rules import structural
from wengert.tape.storage import Recorded
from wengert.tensor import arithmetic, comparison, joining, returned, views
from wengert.tensor.apply import undefined
from wengert.tensor.indexing import getitem
from wengert.tensor.numbers import whole_of
from wengert.tensor.ordering import arranged
from wengert.tensor.out import deliver
from wengert.tensor.promotion import cast_to, converted, dtype_of, require_tensor
from wengert.tensor.reductions import numpy_spelling, sum

__all__ = [
    "cummax", "cummin", "cumprod", "cumsum", "cumulative_trapezoid", "diff", "logcumsumexp", "trapezoid", "trapz",
]  # fmt: skip

_INT64 = np.dtype(np.int64)


def _summable(op: str, x: Any, dtype: Any, out: Any) -> Any:
    """Return the tensor in the dtype it is added up in: that of ``out``, or int64 for integers and bools."""
    require_tensor(op, x)
    if dtype is None and isinstance(out, Recorded):
        dtype = out.dtype  # type: ignore[attr-defined]
    if dtype is not None:
        x = converted(x, dtypes.to_numpy(dtype))
        if dtype_of(x).kind == "b":
            raise undefined(op, dtype_of(x))
        return x
    return cast_to(x, _INT64) if dtype_of(x).kind in "biu" else x


@numpy_spelling
def cumsum(input: Any, dim: int, *, dtype: Any = None, out: Any = None) -> Any:
    """Return the sums of all elements along ``dim`` up to each one. Integers and bools add up as int64.

    >>> import wengert as torch
    >>> torch.cumsum(torch.tensor([1., 2., 3.]), 0)
    tensor([1., 3., 6.])
    """
    made = arranged(
        "cumsum", rows.cumsum, _summable("cumsum", input, dtype, out), dim, reverse=False
    )
    return made if out is None else deliver(made, out, exact=True)


@numpy_spelling
def cumprod(input: Any, dim: int, *, dtype: Any = None, out: Any = None) -> Any:
    """Return the products of all elements along ``dim`` up to each one. The gradient is exact where elements are 0.

    >>> import wengert as torch
    >>> x = torch.tensor([2., 0., 3.], requires_grad=True)
    >>> torch.cumprod(x, 0).sum().backward()
    >>> x.grad
    tensor([1., 8., 0.])
    """
    made = arranged("cumprod", rows.cumprod, _summable("cumprod", input, dtype, out), dim)
    return made if out is None else deliver(made, out, exact=True)


@numpy_spelling
def logcumsumexp(input: Any, dim: int, *, out: Any = None) -> Any:
    """Return ``log(cumsum(exp(input)))`` along ``dim`` without overflow.

    >>> import wengert as torch
    >>> torch.logcumsumexp(torch.tensor([1000., 1000.]), 0)
    tensor([1000.0000, 1000.6932])
    """
    require_tensor("logcumsumexp", input)
    if dtype_of(input).kind in "biu":
        raise undefined("logcumsumexp", dtype_of(input))
    made = arranged("logcumsumexp", rows.logcumsumexp, input, dim)
    return made if out is None else deliver(made, out)


def _extreme(op: str, row: Any, x: Any, dim: int) -> Any:
    require_tensor(op, x)
    if dtype_of(x).kind == "c":
        raise undefined(op, dtype_of(x))
    return getattr(returned, op)(*arranged(op, row, x, dim))


@numpy_spelling
def cummax(input: Any, dim: int, *, out: Any = None) -> Any:
    """Return the largest element along ``dim`` up to each one, and the index of its last occurrence so far.

    From a NaN on, the values are NaN.

    >>> import wengert as torch
    >>> torch.cummax(torch.tensor([1., 3., 2.]), 0).values
    tensor([1., 3., 3.])
    """
    made = _extreme("cummax", rows.cummax, input, dim)
    return made if out is None else deliver(made, out, exact=True)


@numpy_spelling
def cummin(input: Any, dim: int, *, out: Any = None) -> Any:
    """Return the smallest element along ``dim`` up to each one, and the index of its last occurrence so far."""
    made = _extreme("cummin", rows.cummin, input, dim)
    return made if out is None else deliver(made, out, exact=True)


@numpy_spelling
def diff(
    input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None, *, out: Any = None
) -> Any:  # fmt: skip
    """Return the differences of neighbours along ``dim``, taken ``n`` times; of bools, whether they differ.

    ``prepend`` and ``append`` are joined to the tensor before.

    >>> import wengert as torch
    >>> torch.diff(torch.tensor([1, 3, 2]))
    tensor([ 2, -1])
    """
    n = whole_of("diff", "n", n)
    require_tensor("diff", input)
    if not input.ndim:
        raise ShapeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise ShapeError(f"diff: order must be non-negative but got {n}")
    axis = axis_of("diff", dim, input.ndim)
    if not n:
        made = structural.clone(input)
        return made if out is None else deliver(made, out, exact=True)
    ends = [t for t in (prepend, input, append) if t is not None]
    for end in ends:
        require_tensor("diff", end, "prepend or append")
        if end.ndim != input.ndim:
            raise ShapeError(
                f"diff expects prepend or append to be the same dimension as input: {end.ndim} and {input.ndim}."
            )
    made = joining.cat(ends, axis) if len(ends) > 1 else input
    for _ in range(min(n, made.shape[axis])):
        made = _difference(made, axis)
    return made if out is None else deliver(made, out)


def _difference(x: Any, axis: int) -> Any:
    left, right = _neighbours(x, axis)
    if dtype_of(x).kind == "b":
        return comparison.bitwise_xor(right, left)
    return arithmetic.sub(right, left)


def _neighbours(x: Any, axis: int) -> tuple[Any, Any]:
    """Return all elements along an axis but the last, and all but the first."""
    front = (slice(None),) * axis
    return getitem(x, (*front, slice(None, -1))), getitem(x, (*front, slice(1, None)))


def _trapezoids(op: str, y: Any, x: Any, dx: Any, dim: int) -> tuple[Any, int]:
    """Return the areas of the trapezoids under neighbours of ``y``, and the axis."""
    require_tensor(op, y, "y")
    if x is not None and dx is not None:
        raise TypeError(
            f"{op}(): give `x`, the places of the samples, or `dx`, their distance; not both."
        )
    if not y.ndim:
        raise IndexError(f"{op}(): Dimension specified as {dim} but tensor has no dimensions")
    if dtype_of(y).kind == "b":
        raise ShapeError(f"{op}: received a bool input for `y`, but bool is not supported")
    axis = axis_of(op, dim, y.ndim)
    left, right = _neighbours(y, axis)
    pairs = arithmetic.add(left, right)
    if x is None:
        return arithmetic.mul(pairs, (1 if dx is None else dx) / 2), axis
    require_tensor(op, x, "x")
    if dtype_of(x).kind == "b":
        raise ShapeError(f"{op}: received a bool input for `x`, but bool is not supported")
    steps = _steps(op, x, y, axis, dim)
    return arithmetic.div(arithmetic.mul(pairs, steps), 2), axis


def _steps(op: str, x: Any, y: Any, axis: int, dim: int) -> Any:
    """Return the distances between the places ``x``, with which the pairs of ``y`` broadcast."""
    if x.ndim == 1:
        if x.shape[0] != y.shape[axis]:
            raise ShapeError(
                f"{op}: There must be one `x` value for each sample point, got {x.shape[0]} for {y.shape[axis]} samples"
            )
        return views.reshape(_difference(x, 0), -1, *(1,) * (y.ndim - axis - 1))
    if x.ndim < y.ndim:
        x = views.reshape(x, *(1,) * (y.ndim - x.ndim), *x.shape)
    return _difference(x, axis_of(op, dim, x.ndim))


def trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """Integrate samples ``y`` along ``dim`` by the trapezoidal rule, at places ``x`` or at a distance ``dx`` (1).

    >>> import wengert as torch
    >>> torch.trapezoid(torch.tensor([1., 5., 10.]))
    tensor(10.5000)
    """
    areas, axis = _trapezoids("trapezoid", y, x, dx, dim)
    return sum(areas, axis)


def trapz(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """Same as `trapezoid`."""
    return trapezoid(y, x, dx=dx, dim=dim)


def cumulative_trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """Integrate samples up to each one after the first, as `trapezoid` does.

    >>> import wengert as torch
    >>> torch.cumulative_trapezoid(torch.tensor([1., 5., 10.]))
    tensor([ 3.0000, 10.5000])
    """
    areas, axis = _trapezoids("cumulative_trapezoid", y, x, dx, dim)
    return cumsum(areas, axis)

"""Sums, means, extremes and the like, as users call them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.core import carrier, dtypes
from wengert.core.primitive import Primitive
from wengert.core.shapes import axes_of, axis_of
from wengert.core.silence import silent
from wengert.errors import DTypeError, ShapeError
from wengert.rules import composite
from wengert.rules import reduction as rows
from wengert.rules.summation import sum_all
from wengert.tape.record import attach
from wengert.tape.storage import Recorded, ndarray
from wengert.tensor import comparison, returned, views
from wengert.tensor.apply import undefined
from wengert.tensor.out import deliver
from wengert.tensor.promotion import cast_to, converted, dtype_of, floating, require_tensor

__all__ = [
    "all", "amax", "amin", "any", "argmax", "argmin", "equal", "log_softmax", "logsumexp", "max", "mean", "min",
    "numel", "prod", "softmax", "sum",
]  # fmt: skip

_INT64, _UINT8 = np.dtype(np.int64), np.dtype(np.uint8)


@functools.cache
def _full(rank: int) -> dict[str, Any]:
    """Return the parameters of a full reduction, which nobody changes."""
    return {"axis": tuple(range(rank)), "keepdim": False}


def flag(op: str, keepdim: Any) -> bool:
    """Return ``keepdim``; TypeError unless it is a bool."""
    if not isinstance(keepdim, bool):
        raise TypeError(
            f"{op}(): argument 'keepdim' must be bool, not {type(keepdim).__name__}. "
            f"Several dimensions go in a tuple, as in `dim=(0, 1)`."
        )
    return keepdim


class _Every:
    """The default of a ``dim`` for which PyTorch's functions take no None: all dimensions, and a result of one kind."""

    def __repr__(self) -> str:
        return "<all>"


EVERY: Any = _Every()


def numpy_spelling(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function take ``axis`` for ``dim`` and ``keepdims`` for ``keepdim``, as PyTorch's functions do."""

    @functools.wraps(function)
    def spelled(*args: Any, **named: Any) -> Any:
        if "axis" in named:
            axis = named.pop("axis")
            if axis is not None:  # NumPy's functions say so what is said by leaving `dim` out
                named["dim"] = axis
        if "keepdims" in named:
            named["keepdim"] = named.pop("keepdims")
        return function(*args, **named)

    return spelled


def reduce(row: Primitive, x: Any, params: dict[str, Any], depth: int = 3) -> Any:
    """Apply a reducing row to one tensor."""
    payload = x._payload
    if carrier.special or payload.__class__ is not ndarray:
        return row(x, **params)
    return attach(row, x, silent().run(row.forward, payload, **params), params, depth)


def sum(
    input: Any,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
    axis: Any = None,
    keepdims: bool = False,
) -> Any:
    """Add up all elements, or those along ``dim`` (an int or a tuple). Integers and bools add up as int64.

    float32 errs as little as PyTorch's sum does.

    >>> import wengert as torch
    >>> torch.sum(torch.ones(2, 3), dim=1)
    tensor([3., 3.])
    """
    if dim is axis is dtype is out is None and not (keepdim or keepdims or carrier.special):
        payload = getattr(input, "_payload", None)
        if payload.__class__ is ndarray and payload.dtype.kind == "f":
            return attach(rows.sum, input, silent().run(sum_all, payload), _full(payload.ndim), 2)
    require_tensor("sum", input)
    if dtype is not None:
        input = converted(input, dtypes.to_numpy(dtype))
    elif dtype_of(input).kind in "biu":
        input = cast_to(input, _INT64)
    params = _along("sum", input, dim, keepdim, axis, keepdims)
    made = reduce(rows.sum if dim is axis is None else rows.sum_along, input, params)
    if dtype_of(input).kind == "b":
        made = cast_to(made, dtype_of(input))
    return made if out is None else deliver(made, out)


def _along(op: str, x: Any, dim: Any, keepdim: bool, axis: Any, keepdims: bool) -> dict[str, Any]:
    """Return the parameters of a reduction along ``dim``, which ``axis`` spells as well."""
    if dim is not None and axis is not None:
        raise TypeError(f"{op}(): `dim` and `axis` are one argument, and both were given.")
    dims = dim if axis is None else axis
    return {
        "axis": axes_of(op, dims, len(x.shape)),
        "keepdim": flag(op, keepdim) or flag(op, keepdims),
    }


def mean(
    input: Any,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
    axis: Any = None,
    keepdims: bool = False,
) -> Any:
    """Return the arithmetic mean of all elements or along ``dim``. RuntimeError for integers.

    >>> import wengert as torch
    >>> torch.mean(torch.tensor([1., 2., 6.]))
    tensor(3.)
    """
    require_tensor("mean", input)
    if dim is axis is dtype is out is None and not (keepdim or keepdims or carrier.special):
        payload = input._payload
        if payload.dtype.kind == "f":
            params = _full(payload.ndim)
            out = silent().run(rows.mean.forward, payload, **params)
            return attach(rows.mean, input, out, params, 2)
    if dtype is not None:
        input = converted(input, dtypes.to_numpy(dtype))
    if dtype_of(input).kind in "biu":
        raise DTypeError(
            f"mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {input.dtype}. Use `x.float().mean()`."
        )
    params = _along("mean", input, dim, keepdim, axis, keepdims)
    made = reduce(rows.mean if dim is axis is None else rows.mean_along, input, params)
    return made if out is None else deliver(made, out)


@numpy_spelling
def prod(
    input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Any = None
) -> Any:
    """Multiply all elements, or those along one dimension. The gradient is exact where elements are 0.

    >>> import wengert as torch
    >>> x = torch.tensor([2., 0., 3.], requires_grad=True)
    >>> x.prod().backward()
    >>> x.grad
    tensor([0., 6., 0.])
    """
    require_tensor("prod", input)
    if dtype is not None:
        input = converted(input, dtypes.to_numpy(dtype))
    elif dtype_of(input).kind in "biu":
        input = cast_to(input, _INT64)
    if dim is None:
        _no_keepdim("prod", keepdim)
        made = reduce(rows.prod_all, input, {})
        return made if out is None else deliver(made, out)
    axis = axis_of("prod", dim, input.ndim)
    if not input.ndim:
        input = views.reshape(input, 1)
        keepdim = False
    made = reduce(rows.prod, input, {"axis": axis, "keepdim": flag("prod", keepdim)})
    return made if out is None else deliver(made, out)


def _no_keepdim(op: str, keepdim: bool) -> None:
    if keepdim:
        raise TypeError(
            f"{op}(): `keepdim` goes with `dim`, and no `dim` was given. "
            f"Name the dimension, as in `{op}(dim=0, keepdim=True)`."
        )


def _not_empty(op: str, x: Any, axes: tuple[int, ...], full: bool) -> None:
    if x.ndim and 0 in [x.shape[a] for a in axes]:
        if full:
            raise (IndexError if op.startswith("arg") else ShapeError)(
                f"{op}(): Expected reduction dim to be specified for input.numel() == 0. "
                f"Specify the reduction dim with the 'dim' argument."
            )
        raise IndexError(
            f"{op}(): Expected reduction dim {axes[0]} to have non-zero size: an empty slice has no extreme."
        )


def _require_order(op: str, x: Any, refused: str = "c") -> None:
    require_tensor(op, x)
    if dtypes.kind(dtype_of(x)) in refused:
        raise undefined(op, dtype_of(x))


def _extreme(op: str, x: Any, dim: Any, keepdim: bool, other: Any) -> Any:
    require_tensor(op, x)
    if isinstance(dim, Recorded) and other is None:
        other, dim = dim, EVERY
    if other is not None:
        if dim is not EVERY or keepdim is not False:
            raise TypeError(
                f"{op}() received an invalid combination of arguments: with another tensor it compares element by "
                f"element, without `dim` and `keepdim`. Use `{op}imum`."
            )
        return (comparison.maximum if op == "max" else comparison.minimum)(x, other)
    _require_order(op, x)
    if dim is EVERY:
        _no_keepdim(op, keepdim)
        axis = tuple(range(x.ndim))
        _not_empty(op, x, axis, True)
        row = rows.max_all if op == "max" else rows.min_all
        return reduce(row, x, {"axis": axis, "keepdim": False}, 4)
    at = axis_of(op, dim, x.ndim)
    _not_empty(op, x, (at,), False)
    row = rows.max if op == "max" else rows.min
    values, indices = row(x, dim=at, keepdim=flag(op, keepdim))
    return (returned.max if op == "max" else returned.min)(values, indices)


@numpy_spelling
def max(
    input: Any, dim: Any = EVERY, keepdim: bool = False, *, other: Any = None, out: Any = None
) -> Any:
    """Return the largest element; with ``dim`` an int, values and indices along it; with a tensor, `maximum`.

    Among equal largest elements the full reduction shares the gradient; along a dimension the first one gets it.

    >>> import wengert as torch
    >>> torch.max(torch.tensor([[1., 5.], [7., 3.]]), 1).indices
    tensor([1, 0])
    """
    made = _extreme("max", input, dim, keepdim, other)
    return made if out is None else deliver(made, out, exact=isinstance(made, tuple))


@numpy_spelling
def min(
    input: Any, dim: Any = EVERY, keepdim: bool = False, *, other: Any = None, out: Any = None
) -> Any:
    """Return the smallest element; with ``dim`` an int, values and indices along it; with a tensor, `minimum`."""
    made = _extreme("min", input, dim, keepdim, other)
    return made if out is None else deliver(made, out, exact=isinstance(made, tuple))


@numpy_spelling
def amax(input: Any, dim: Any = (), keepdim: bool = False, *, out: Any = None) -> Any:
    """Return the largest elements along ``dim`` (an int or a tuple); equal ones share the gradient."""
    _require_order("amax", input)
    axis = axes_of("amax", dim, input.ndim)
    _not_empty("amax", input, axis, dim == ())
    made = reduce(rows.amax, input, {"axis": axis, "keepdim": flag("amax", keepdim)})
    return made if out is None else deliver(made, out, exact=True)


@numpy_spelling
def amin(input: Any, dim: Any = (), keepdim: bool = False, *, out: Any = None) -> Any:
    """Return the smallest elements along ``dim`` (an int or a tuple); equal ones share the gradient."""
    _require_order("amin", input)
    axis = axes_of("amin", dim, input.ndim)
    _not_empty("amin", input, axis, dim == ())
    made = reduce(rows.amin, input, {"axis": axis, "keepdim": flag("amin", keepdim)})
    return made if out is None else deliver(made, out, exact=True)


def _position(row: Primitive, op: str, x: Any, dim: Any, keepdim: bool) -> Any:
    _require_order(op, x, "bc")
    if dim is None:
        _not_empty(op, x, tuple(range(x.ndim)), True)
        found = row(views.reshape(x, -1), dim=0, keepdim=False)
        return views.reshape(found, (1,) * x.ndim) if flag(op, keepdim) else found
    at = axis_of(op, dim, x.ndim)
    _not_empty(op, x, (at,), False)
    return row(x, dim=at, keepdim=flag(op, keepdim))


@numpy_spelling
def argmax(input: Any, dim: Any = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """Return the position of the first largest element, in the flattened tensor or along ``dim``."""
    made = _position(rows.argmax, "argmax", input, dim, keepdim)
    return made if out is None else deliver(made, out, exact=True)


@numpy_spelling
def argmin(input: Any, dim: Any = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """Return the position of the first smallest element, in the flattened tensor or along ``dim``."""
    made = _position(rows.argmin, "argmin", input, dim, keepdim)
    return made if out is None else deliver(made, out, exact=True)


def _truth(row: Primitive, op: str, x: Any, dim: Any, keepdim: bool) -> Any:
    """Apply `any` or `all`: bool, but uint8 for uint8, and element by element for the dimensions ``()``."""
    require_tensor(op, x)
    axis = () if dim == () else axes_of(op, dim, x.ndim)
    found = row(x, axis=axis, keepdim=flag(op, keepdim))
    return cast_to(found, _UINT8) if dtype_of(x) == _UINT8 else found


@numpy_spelling
def any(input: Any, dim: Any = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """Return whether any element is true (nonzero)."""
    made = _truth(rows.any, "any", input, dim, keepdim)
    return made if out is None else deliver(made, out)


@numpy_spelling
def all(input: Any, dim: Any = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """Return whether all elements are true (nonzero)."""
    made = _truth(rows.all, "all", input, dim, keepdim)
    return made if out is None else deliver(made, out)


def equal(input: Any, other: Any) -> bool:
    """Return whether two tensors have the same shape and equal elements, as a Python bool.

    >>> import wengert as torch
    >>> torch.equal(torch.tensor([1, 2]), torch.tensor([1., 2.]))
    True
    """
    require_tensor("equal", input)
    require_tensor("equal", other, "other")
    if tuple(input.shape) != tuple(other.shape):
        return False
    return bool(all(comparison.eq(input, other))._read("equal()").item())


def numel(input: Any) -> int:
    """Return the number of elements."""
    require_tensor("numel", input)
    return int(input.numel())


@numpy_spelling
def logsumexp(input: Any, dim: Any, keepdim: bool = False, *, out: Any = None) -> Any:
    """Return ``log(sum(exp(input)))`` along ``dim`` without overflow. Its gradient is the softmax."""
    require_tensor("logsumexp", input)
    if dim is None:
        raise TypeError("logsumexp(): argument 'dim' must be tuple of ints, not NoneType.")
    x = floating(input)
    axis = axes_of("logsumexp", dim, x.ndim)
    made = reduce(rows.logsumexp, x, {"axis": axis, "keepdim": flag("logsumexp", keepdim)})
    return made if out is None else deliver(made, out)


@numpy_spelling
def softmax(input: Any, dim: Any = None, dtype: Any = None, *, out: Any = None) -> Any:
    """Return ``exp(x) / sum(exp(x))`` along ``dim``, without overflow. RuntimeError for integers.

    >>> import wengert as torch
    >>> torch.softmax(torch.tensor([0., 0.]), dim=0)
    tensor([0.5000, 0.5000])
    """
    made = _along_one(composite.softmax, "softmax", input, dim, dtype)
    return made if out is None else deliver(made, out)


@numpy_spelling
def log_softmax(input: Any, dim: Any = None, dtype: Any = None, *, out: Any = None) -> Any:
    """Return ``x - logsumexp(x)`` along ``dim``."""
    made = _along_one(composite.log_softmax, "log_softmax", input, dim, dtype)
    return made if out is None else deliver(made, out)


def _along_one(row: Primitive, op: str, x: Any, dim: Any, dtype: Any) -> Any:
    require_tensor(op, x)
    if dtype is not None:
        x = converted(x, dtypes.to_numpy(dtype))
    if dim is None:
        raise TypeError(
            f"{op}() missing 1 required argument: 'dim'. Use `dim=-1` for the last dimension."
        )
    if dtypes.kind(dtype_of(x)) != "f":
        raise undefined(op, dtype_of(x))
    return reduce(row, x, {"dim": axis_of(op, dim, x.ndim)}, 4)

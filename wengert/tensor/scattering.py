"""Functions that write, add or combine elements at positions, each with its form in place."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.errors import OutOfRangeError, ShapeError, shape_text
from wengert.rules import elementwise, scattering, structural
from wengert.rules import indexing as rows
from wengert.tape.provenance import warn
from wengert.tape.storage import Recorded
from wengert.tensor import views
from wengert.tensor.apply import undefined
from wengert.tensor.indexing import SLICE, Advanced
from wengert.tensor.inplace import require_no_leaf
from wengert.tensor.keys import parse
from wengert.tensor.numbers import number_of, require_flags
from wengert.tensor.out import deliver
from wengert.tensor.positions import checked, columns, require_integers, vector
from wengert.tensor.promotion import constant, dtype_of, filling, is_number, require_tensor
from wengert.tensor.steps import Steps, applied, number, require_alike, spread, writing

__all__ = [
    "index_add", "index_copy", "index_fill", "index_put", "index_put_", "index_reduce", "put", "scatter",
    "scatter_add", "scatter_reduce",
]  # fmt: skip


def _matched(op: str, x: Any, dim: int, index: Any, src: Any) -> tuple[Any, Any]:
    """Return positions along ``dim`` as positions in the whole, and the elements of ``src`` that go there."""
    require_tensor(op, src, "src")
    at = columns(op, x, dim, index)
    require_alike(op, x, src)
    return at, _corner(op, at, src)


def _corner(op: str, index: Any, src: Any) -> Any:
    """Return the part of ``src`` that an index tensor speaks of, in its shape."""
    shape, given = tuple(index.shape), tuple(src.shape)
    if not index.numel():
        flat = structural.reshape(src, shape=(src.numel(),))
        return structural.reshape(structural.slice_(flat, index=(slice(0, 0),)), shape=shape)
    if max(len(shape), 1) != max(len(given), 1) or any(
        n > m for n, m in zip(shape, given, strict=False)
    ):
        raise ShapeError(
            f"{op}: Expected index {shape_text(shape)} to be no larger than src {shape_text(given)}, and of the same "
            f"number of dimensions"
        )
    if len(shape) == len(given):
        if shape == given:
            return src
        return structural.slice_(src, index=tuple(slice(0, n) for n in shape))
    return structural.reshape(
        structural.slice_(src, index=(slice(0, 1),) * len(given)), shape=shape
    )


def _scatter_steps(
    op: str,
    input: Any,
    dim: int,
    index: Any,
    src: Any = None,
    *,
    value: Any = None,
    reduce: Any = None,
) -> Steps:
    if src is None and value is None:
        raise TypeError(
            f"{op}() missing 1 required argument: 'src', a tensor, or 'value', a number."
        )
    if src is not None and value is not None:
        raise TypeError(
            f"{op}() received an invalid combination of arguments: `src` and `value` are two ways to say what is "
            f"written. Give one."
        )
    where = {"axis": 0, "span": input.ndim}
    filled = src is None or is_number(src)
    if filled:
        at = columns(op, input, dim, index)
        y = spread(number(op, input, value if src is None else src), at.shape)
    else:
        at, y = _matched(op, input, dim, index, src)
        if reduce is not None:
            warn(
                "The reduce argument of torch.scatter with Tensor src is deprecated. Use torch.scatter_reduce instead."
            )
    if reduce is None:
        return [(rows.scatter_fill if filled else rows.scatter_put, (at, y), where)]
    if reduce == "add":
        return [(rows.scatter_add, (at, y), where)]
    if reduce == "multiply":
        return [(scattering.scatter_prod, (at, y), {})]
    raise ShapeError(f"{op}(): reduce argument must be either add or multiply, got {reduce}.")


def scatter(
    input: Any, dim: int, index: Any, src: Any = None, *,
    value: Any = None, reduce: str | None = None, out: Any = None,
) -> Any:  # fmt: skip
    """Return ``input`` with ``src`` (a tensor, or a number) written along ``dim`` at ``index``.

    ``out[index[i][j]][j] = src[i][j]`` for ``dim=0``, and alike. Where several elements go to one place, the last one
    stays and gets the gradient. ``reduce`` adds or multiplies (``"add"``, ``"multiply"``) instead.

    >>> import wengert as torch
    >>> torch.scatter(torch.zeros(2, 3), 1, torch.tensor([[2], [0]]), 5.)
    tensor([[0., 0., 5.],
            [5., 0., 0.]])
    """
    steps = _scatter_steps("scatter", input, dim, index, src, value=value, reduce=reduce)
    made = applied(input, steps)
    return made if out is None else deliver(made, out, exact=True)


scatter_ = writing(_scatter_steps, "scatter_")


def _scatter_add_steps(op: str, input: Any, dim: int, index: Any, src: Any) -> Steps:
    operands = _matched(op, input, dim, index, src)
    return [(rows.scatter_add, operands, {"axis": 0, "span": input.ndim})]


def scatter_add(input: Any, dim: int, index: Any, src: Any, *, out: Any = None) -> Any:
    """Return ``input`` with ``src`` added along ``dim`` at ``index``: the transpose of `gather`.

    >>> import wengert as torch
    >>> torch.scatter_add(torch.zeros(3), 0, torch.tensor([0, 2, 0]), torch.tensor([1., 2., 3.]))
    tensor([4., 0., 2.])
    """
    made = applied(input, _scatter_add_steps("scatter_add", input, dim, index, src))
    return made if out is None else deliver(made, out, exact=True)


scatter_add_ = writing(_scatter_add_steps, "scatter_add_")

_REDUCING = {
    "sum": (rows.scatter_sum, rows.scatter_sum),
    "mean": (scattering.scatter_mean, scattering.index_mean),
    "prod": (scattering.scatter_prod, scattering.index_prod),
    "amax": (scattering.scatter_amax, scattering.index_amax),
    "amin": (scattering.scatter_amin, scattering.index_amin),
}


def _reducing(
    op: str, x: Any, reduce: str, at: Any, y: Any, include_self: bool, kind: int
) -> Steps:
    """Return the steps that combine ``y`` at positions in the whole: first the neutral element, if that is to count."""
    dtype = dtype_of(x)
    if dtypes.kind(dtype) in {"mean": "b", "amax": "c", "amin": "c"}.get(reduce, ""):
        raise undefined(f"{op}({reduce})", dtype)
    where = {"axis": 0, "span": x.ndim}
    steps: Steps = []
    if not include_self:
        neutral = spread(constant(_neutral(reduce, dtype), dtype), at.shape)
        steps.append((rows.scatter_fill, (at, neutral), where))
    row = _REDUCING[reduce][kind]
    params = (
        where if reduce == "sum" else {"include_self": include_self} if reduce == "mean" else {}
    )
    return [*steps, (row, (at, y), params)]


def _neutral(reduce: str, dtype: np.dtype[Any]) -> Any:
    if reduce in ("sum", "mean", "prod"):
        return 1 if reduce == "prod" else 0
    if dtype.kind == "b":
        return reduce == "amin"
    if dtypes.kind(dtype) == "f":
        return float("-inf") if reduce == "amax" else float("inf")
    info = np.iinfo(dtype)
    return info.min if reduce == "amax" else info.max


def _scatter_reduce_steps(
    op: str, input: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True
) -> Steps:
    if reduce not in _REDUCING:
        raise ShapeError(
            f"{op}(): reduce argument must be either sum, prod, mean, amax or amin, got {reduce}"
        )
    require_flags(op, include_self=include_self)
    at, y = _matched(op, input, dim, index, src)
    return _reducing(op, input, reduce, at, y, include_self, 0)


def scatter_reduce(
    input: Any, dim: int, index: Any, src: Any, reduce: str, *,
    include_self: bool = True, out: Any = None,
) -> Any:  # fmt: skip
    """Return ``input`` with ``src`` combined along ``dim`` at ``index``.

    ``reduce`` is ``"sum"``, ``"mean"``, ``"prod"``, ``"amax"`` or ``"amin"``; ``include_self`` says whether what stood
    there takes part. Means of integers are rounded down. Equal extremes share the gradient.

    >>> import wengert as torch
    >>> x, at = torch.tensor([1., 10.]), torch.tensor([0, 0, 1])
    >>> torch.scatter_reduce(x, 0, at, torch.tensor([2., 6., 7.]), "mean")
    tensor([3.0000, 8.5000])
    """
    steps = _scatter_reduce_steps(
        "scatter_reduce", input, dim, index, src, reduce, include_self=include_self
    )
    made = applied(input, steps)
    return made if out is None else deliver(made, out, exact=True)


scatter_reduce_ = writing(_scatter_reduce_steps, "scatter_reduce_")


def _slices(op: str, x: Any, axis: int, at: Any, source: Any) -> tuple[Any, Any]:
    """Return positions and slices along ``axis``, matched: for a 0-d tensor both 0-d."""
    require_tensor(op, source, "source")
    shape, given = list(x.shape), list(source.shape)
    count = at.numel()
    if len(given) == len(shape) and (given[axis] if shape else 1) == count:
        if not shape:
            return structural.reshape(at, shape=()), source
        if [*shape[:axis], *shape[axis + 1 :]] == [*given[:axis], *given[axis + 1 :]]:
            return at, source
    elif len(given) == len(shape):
        raise OutOfRangeError(
            f"{op}(): Number of indices ({count}) should be equal to source.size(dim): "
            f"({given[axis] if shape else 1}), for dim: {axis}"
        )
    raise OutOfRangeError(
        f"{op}(): source tensor shape must match self tensor shape, excluding the specified dimension. "
        f"Got self.shape = {shape_text(shape)} source.shape = {shape_text(given)}"
    )


def _index_add_steps(
    op: str, input: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1
) -> Steps:
    axis, at = vector(op, input, dim, index)
    at, source = _slices(op, input, axis, at, source)
    require_alike(op, input, source)
    alpha = number_of(op, "alpha", alpha)
    if alpha != 1:
        source = elementwise.mul(source, filling(alpha, dtype_of(input), op))
    return [(rows.index_add, (at, source), {"axis": axis, "span": min(input.ndim, 1)})]


def index_add(
    input: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1, out: Any = None
) -> Any:
    """Return ``input`` with ``alpha`` times the slices of ``source`` added at ``index`` along ``dim``.

    >>> import wengert as torch
    >>> torch.index_add(torch.zeros(2, 2), 0, torch.tensor([1, 1]), torch.ones(2, 2), alpha=3)
    tensor([[0., 0.],
            [6., 6.]])
    """
    made = applied(input, _index_add_steps("index_add", input, dim, index, source, alpha=alpha))
    return made if out is None else deliver(made, out, exact=True)


index_add_ = writing(_index_add_steps, "index_add_")


def _index_copy_steps(op: str, input: Any, dim: int, index: Any, source: Any) -> Steps:
    axis, at = vector(op, input, dim, index, only_int64=True)
    require_tensor(op, source, "source")
    if max(input.ndim, source.ndim) == 1 and source.numel() == 1 and input.ndim != source.ndim:
        source = structural.reshape(source, shape=(1,) * input.ndim)
    at, source = _slices(op, input, axis, at, source)
    require_alike(op, input, source)
    return [(rows.index_copy, (at, source), {"axis": axis, "span": min(input.ndim, 1)})]


def index_copy(input: Any, dim: int, index: Any, source: Any, *, out: Any = None) -> Any:
    """Return ``input`` with its slices at ``index`` along ``dim`` replaced by those of ``source``.

    >>> import wengert as torch
    >>> torch.index_copy(torch.zeros(3), 0, torch.tensor([2, 0]), torch.tensor([5., 6.]))
    tensor([6., 0., 5.])
    """
    made = applied(input, _index_copy_steps("index_copy", input, dim, index, source))
    return made if out is None else deliver(made, out, exact=True)


index_copy_ = writing(_index_copy_steps, "index_copy_")


def _index_fill_steps(op: str, input: Any, dim: int, index: Any, value: Any) -> Steps:
    axis, at = vector(
        op, input, dim, index, wrap=True, only_int64=True, dtype_error=IndexError, rank_error=ShapeError
    )  # fmt: skip
    row = rows.index_fill_tensor if isinstance(value, Recorded) else rows.index_fill
    shape = (*input.shape[:axis], *at.shape, *input.shape[axis + 1 :])
    y = spread(number(op, input, value), shape)
    return [(row, (at, y), {"axis": axis, "span": min(input.ndim, 1)})]


def index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    """Return ``input`` with its slices at ``index`` along ``dim`` filled with a number or a 0-d tensor.

    >>> import wengert as torch
    >>> torch.index_fill(torch.zeros(2, 3), 1, torch.tensor([0, -1]), 7)
    tensor([[7., 0., 7.],
            [7., 0., 7.]])
    """
    return applied(input, _index_fill_steps("index_fill", input, dim, index, value))


index_fill_ = writing(_index_fill_steps, "index_fill_")


def _index_reduce_steps(
    op: str,
    input: Any,
    dim: int,
    index: Any,
    source: Any,
    reduce: str,
    *,
    include_self: bool = True,
) -> Steps:
    if reduce not in _REDUCING or reduce == "sum":
        raise ShapeError(
            f"{op}(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}."
        )
    require_flags(op, include_self=include_self)
    warn("index_reduce() is in beta and the API may change at any time.")
    axis, at = vector(op, input, dim, index)
    at, source = _slices(op, input, axis, at, source)
    require_alike(op, input, source)
    if input.ndim:
        at = structural.reshape(at, shape=(at.numel(), *(1,) * (input.ndim - axis - 1)))
        at = rows.along(spread(at, source.shape), axis, tuple(input.shape))
    return _reducing(op, input, reduce, at, source, include_self, 1)


def index_reduce(
    input: Any, dim: int, index: Any, source: Any, reduce: str, *,
    include_self: bool = True, out: Any = None,
) -> Any:  # fmt: skip
    """Return ``input`` with the slices of ``source`` combined at ``index`` along ``dim``.

    ``reduce`` is ``"prod"``, ``"mean"``, ``"amax"`` or ``"amin"``, as in `scatter_reduce`; `index_add` sums.

    Warns, as PyTorch does, that the API may change.

    >>> import warnings
    >>> import wengert as torch
    >>> with warnings.catch_warnings(action="ignore"):
    ...     torch.index_reduce(torch.ones(2), 0, torch.tensor([1, 1]), torch.tensor([4., 5.]), "prod")
    tensor([ 1., 20.])
    """
    steps = _index_reduce_steps(
        "index_reduce", input, dim, index, source, reduce, include_self=include_self
    )
    made = applied(input, steps)
    return made if out is None else deliver(made, out, exact=True)


index_reduce_ = writing(_index_reduce_steps, "index_reduce_")


def _put_steps(op: str, input: Any, index: Any, source: Any, accumulate: bool = False) -> Steps:
    require_flags(op, accumulate=accumulate)
    require_tensor(op, input)
    require_integers(op, index, only_int64=True)
    require_tensor(op, source, "source")
    if source.numel() != index.numel():
        raise IndexError(
            f"{op}(): Expected source and index to have the same number of elements, but got source.numel() = "
            f"{source.numel()}, index.numel() = {index.numel()}"
        )
    require_alike(op, input, source)
    at = checked(op, index, input.numel(), 0, wrap=True)
    y = structural.reshape(source, shape=tuple(index.shape))
    row = rows.put_add_flat if accumulate else rows.put_flat
    return [(row, (at, y), {"axis": 0, "span": input.ndim})]


def put(input: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    """Return ``input`` with ``source`` at the positions ``index``, counted as if it had one dimension, or added.

    >>> import wengert as torch
    >>> torch.put(torch.zeros(2, 2), torch.tensor([0, -1]), torch.tensor([5., 6.]))
    tensor([[5., 0.],
            [0., 6.]])
    """
    return applied(input, _put_steps("put", input, index, source, accumulate))


put_ = writing(_put_steps, "put_")


def _index_put_key(op: str, x: Any, indices: Any, values: Any) -> tuple[Any, Advanced]:
    """Return what the tuple of tensors does to ``x``: a basic index (of new dimensions alone), and index arrays."""
    require_tensor(op, x)
    if not isinstance(indices, list | tuple) or not indices:
        kind = type(indices).__name__ if indices else "an empty one"
        error = ShapeError if isinstance(indices, list | tuple) else TypeError
        raise error(f"{op}(): argument 'indices' must be tuple of Tensors, not {kind}.")
    for i, index in enumerate(indices):
        if not isinstance(index, Recorded):
            raise TypeError(
                f"{op}(): expected Tensor as element {i} in argument 0, but got {type(index).__name__}. "
                f"`x[...] = y` takes numbers, slices and None as well."
            )
    require_tensor(op, values, "values")
    arrays: tuple[Any, ...] = tuple(indices)
    basic, entries = parse(x, tuple(_at_least_vector(index) for index in arrays))
    return basic, Advanced(entries)


def _at_least_vector(index: Any) -> Any:
    if index.ndim or dtype_of(index) in (np.bool_, np.uint8):
        return index
    return structural.reshape(index, shape=(1,))


def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """Return ``input`` with ``values``, broadcast, written at the index tensors ``indices``, or added there.

    ``x[indices] = values`` as a function. Adding is the only way in which repeated indices all count.

    >>> import wengert as torch
    >>> at = (torch.tensor([0, 0]), torch.tensor([1, 1]))
    >>> torch.index_put(torch.zeros(2, 2), at, torch.tensor(1.), accumulate=True)
    tensor([[0., 2.],
            [0., 0.]])
    """
    require_flags("index_put", accumulate=accumulate)
    basic, advanced = _index_put_key("index_put", input, indices, values)
    x = structural.slice_(input, index=basic) if basic else input
    made = advanced.replaced(x, values, accumulate=accumulate)
    return structural.reshape(made, shape=tuple(input.shape)) if basic else made


def index_put_(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """`index_put`, in place. Returns the tensor."""
    require_flags("index_put_", accumulate=accumulate)
    require_tensor("index_put_", input)
    require_no_leaf(input, "index_put_")
    basic, advanced = _index_put_key("index_put_", input, indices, values)
    target = views.viewed(SLICE, input, {"index": basic}) if basic else input
    advanced.write(target, values, accumulate=accumulate)
    return input

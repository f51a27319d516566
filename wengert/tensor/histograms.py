"""Counting elements by value, as users call it. Counts have no gradient."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.silence import silent
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.rules import ordering as rows
from wengert.tape.storage import Recorded, concrete
from wengert.tensor import creation, filled, ordering, ranges, returned
from wengert.tensor.apply import undefined
from wengert.tensor.numbers import real_of, require_flags, whole_of
from wengert.tensor.out import deliver
from wengert.tensor.promotion import dtype_of, require_tensor

__all__ = ["bincount", "histc", "histogram", "histogramdd"]


def histc(input: Any, bins: int = 100, min: float = 0, max: float = 0, *, out: Any = None) -> Any:
    """Count the elements in each of ``bins`` equal parts of [``min``, ``max``].

    If these are equal, the range is the elements' own. Elements outside, and NaN, are not counted. The counts have the
    dtype of the input.

    >>> import wengert as torch
    >>> torch.histc(torch.tensor([1., 2., 1.]), bins=4, min=0, max=3)
    tensor([0., 2., 1., 0.])
    """
    bins = whole_of("histc", "bins", bins)
    min = real_of("histc", "min", min)
    max = real_of("histc", "max", max)
    require_tensor("histc", input)
    if dtypes.kind(dtype_of(input)) != "f":
        raise undefined("histc", dtype_of(input))
    if bins <= 0:
        raise ShapeError(f"histc(): bins must be > 0, but got {bins}")
    if max < min:
        raise ShapeError("histc(): max must be larger than min")
    if not (math.isfinite(min) and math.isfinite(max)):
        raise ShapeError(f"histc(): range of [{min}, {max}] is not finite")
    made = rows.histc(input, bins=int(bins), low=float(min), high=float(max))
    return made if out is None else deliver(made, out, exact=True)


def histogram(
    input: Any, bins: Any, *, range: Sequence[float] | None = None, weight: Any = None, density: bool = False,
    out: Any = None,
) -> Any:  # fmt: skip
    """Count the elements between each two of the ascending edges ``bins``, and return the counts with the edges.

    An int asks for so many equal parts of ``range``, by default the elements' own. Each element counts its
    ``weight``; with ``density`` the histogram integrates to 1. The last part has both its edges.

    >>> import wengert as torch
    >>> torch.histogram(torch.tensor([1., 2., 1.]), bins=4, range=(0., 3.)).hist
    tensor([0., 2., 1., 0.])
    """
    require_flags("histogram", density=density)
    require_tensor("histogram", input)
    if dtypes.kind(dtype_of(input)) != "f":
        raise undefined("histogram", dtype_of(input))
    op = "histogram"
    given = isinstance(bins, Recorded)
    edges = _given_edges(op, input, bins).clone() if given else _edges(op, input, bins, range)
    if weight is None:
        weight = filled.ones_like(input)
    require_tensor("histogram", weight, "weight")
    if tuple(weight.shape) != tuple(input.shape):
        raise ShapeError(
            f"histogram(): if weight tensor is provided it should have the same shape as the input tensor, got weight "
            f"{shape_text(weight.shape)} and input {shape_text(input.shape)}"
        )
    if dtype_of(weight) != dtype_of(input):
        raise DTypeError(
            f"histogram(): if weight tensor is provided, input tensor and weight tensor should have the same dtype, "
            f"but got input({input.dtype}) and weight({weight.dtype})"
        )
    made = returned.histogram(rows.histogram(input, edges, weight, density=bool(density)), edges)
    return made if out is None else deliver(made, out, exact=True)


def histogramdd(
    input: Any, bins: Any, *, range: Sequence[float] | None = None, weight: Any = None, density: bool = False,
    out: Any = None,
) -> Any:  # fmt: skip
    """Count points of n dimensions, the rows of ``input (..., n)``, in boxes; return the counts, and the edges of each.

    ``bins`` are n vectors of ascending edges, n numbers of equal parts, or one for all; ``range`` then says where the
    parts begin and end, as ``(low, high, low, high, ...)``, by default at the outermost coordinates. Each point counts
    its ``weight (...)``; with ``density`` the histogram integrates to 1. RuntimeError for shapes that do not fit.

    >>> import wengert as torch
    >>> torch.histogramdd(torch.tensor([[0., 1.], [1., 0.], [2., 0.], [2., 2.]]), bins=[2, 2]).hist
    tensor([[0., 1.],
            [2., 1.]])
    """
    op = "histogramdd"
    require_flags(op, density=density)
    require_tensor(op, input)
    if dtypes.kind(dtype_of(input)) != "f":
        raise undefined(op, dtype_of(input))
    if input.ndim < 2:
        raise ShapeError(
            f"{op}: input tensor should have at least 2 dimensions, but got {input.ndim}. Use `torch.histogram`."
        )
    points = input.detach().reshape(-1, input.shape[-1])
    edges = _edges_of_each(op, points, bins, range)
    counted = _counted(op, input, weight)
    sizes = [len(e) - 1 for e in edges]
    inside: Any = True
    place: Any = 0
    for column, e, size in zip(points.unbind(1), edges, sizes, strict=True):
        inside = inside & (column >= e[0]) & (column <= e[-1])
        place = place * size + (ordering.searchsorted(e, column, right=True) - 1).clamp(
            max=size - 1
        )
    counts = filled.zeros(math.prod(sizes), dtype=input.dtype, device=input.device)
    hist = counts.index_add(0, place[inside], counted[inside]).reshape(sizes)
    if density:
        hist = hist / hist.sum()
        for d, e in enumerate(edges):
            hist = hist / e.diff().reshape(-1, *(1,) * (len(sizes) - 1 - d))
    made = returned.histogramdd(hist, tuple(edges))
    return made if out is None else deliver(made, out, exact=True)


def _counted(op: str, x: Any, weight: Any) -> Any:
    """Return what each point counts, as a vector."""
    if weight is None:
        return filled.ones(math.prod(x.shape[:-1]), dtype=x.dtype, device=x.device)
    require_tensor(op, weight, "weight")
    if tuple(weight.shape) != tuple(x.shape[:-1]):
        raise ShapeError(
            f"{op}: if weight tensor is provided it should have the same shape as the input tensor excluding its "
            f"innermost dimension, got input {shape_text(x.shape)} and weight {shape_text(weight.shape)}"
        )
    if dtype_of(weight) != dtype_of(x):
        raise DTypeError(
            f"{op}: if weight tensor is provided, input tensor and weight tensor should have the same dtype, but got "
            f"input({x.dtype}) and weight({weight.dtype})"
        )
    return weight.detach().reshape(-1)


def _edges_of_each(op: str, points: Any, bins: Any, span: Sequence[float] | None) -> list[Any]:
    """Return the edges along each dimension."""
    n = points.shape[1]
    each = [bins] * n if isinstance(bins, int) else bins
    if not isinstance(each, list | tuple) or not all(isinstance(b, Recorded | int) for b in each):
        raise TypeError(
            f"{op}(): bins must be an int, or a list of ints or of tensors with edges, not {bins!r}."
        )
    if len(each) != n:
        raise ShapeError(
            f"{op}: The size of bins must be equal to the innermost dimension of the input, {n}, and it is "
            f"{len(each)}."
        )
    if span is not None and len(span) != 2 * n:
        raise ShapeError(
            f"{op}: for a {n}-dimensional histogram range should have {2 * n} elements, but got {len(span)}"
        )
    spans = [None] * n if span is None else [span[2 * d : 2 * d + 2] for d in range(n)]
    return [
        _given_edges(op, points, b) if isinstance(b, Recorded) else _edges(op, column, b, ends)
        for column, b, ends in zip(points.unbind(1), each, spans, strict=True)
    ]


def _given_edges(op: str, x: Any, bins: Any) -> Any:
    if dtype_of(bins) != dtype_of(x):
        raise DTypeError(
            f"{op}(): input tensor and bins tensors should have the same dtype, but got input with dtype "
            f"{x.dtype} and bins with dtype {bins.dtype}"
        )
    if bins.ndim != 1 or not bins.numel():
        raise ShapeError(f"{op}(): bins tensor should have one dimension and at least one element")
    return bins


def _edges(op: str, x: Any, bins: int, span: Sequence[float] | None) -> Any:
    if bins <= 0:
        raise ShapeError(f"{op}(): bins must be > 0, but got {bins}")
    if span is not None:
        low, high = span
    elif not x.numel():
        low, high = 0.0, 1.0
    else:
        raw = concrete(x, f"{op}(), whose range is the elements' own unless it is given,")
        low, high = (float(silent().run(end)) for end in (raw.min, raw.max))
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ShapeError(f"{op}(): range of [{low:g}, {high:g}] is not finite")
    if low > high:
        raise ShapeError(f"{op}(): min should not exceed max, got min {low} and max {high}")
    if low == high:
        low, high = low - 0.5, high + 0.5
    return ranges.linspace(low, high, int(bins) + 1, dtype=x.dtype)


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """Count how often each non-negative integer occurs, or add up its ``weights``, without gradient.

    ``input`` is a vector; the result has ``max(input) + 1`` elements, at least ``minlength``. Under `vmap` and traces,
    where shapes cannot depend on values, it raises.

    >>> import wengert as torch
    >>> torch.bincount(torch.tensor([0, 2, 2]))
    tensor([1, 0, 2])
    """
    minlength = whole_of("bincount", "minlength", minlength)
    require_tensor("bincount", input)
    if dtype_of(input).kind not in "iu":
        raise undefined("bincount", dtype_of(input))
    raw = concrete(input, "bincount(), whose result has a length that depends on values,")
    if raw.ndim != 1 or (raw < 0).any():
        raise ShapeError("bincount only supports 1-d non-negative integral inputs.")
    if minlength < 0:
        raise ShapeError("bincount(): minlength should be >= 0")
    if weights is None:
        return creation.finish(np.bincount(raw, minlength=minlength).astype(np.int64))
    require_tensor("bincount", weights, "weights")
    if tuple(weights.shape) != raw.shape:
        raise ShapeError("bincount(): weights should be 1-d and have the same length as input")
    dtype = np.float32 if dtype_of(weights) == np.float32 else np.float64
    counts = np.bincount(raw, concrete(weights, "bincount()"), minlength)
    return creation.finish(counts.astype(dtype))

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
from wengert.tensor import creation, filled, ranges, returned
from wengert.tensor.apply import undefined
from wengert.tensor.numbers import real_of, require_flags, whole_of
from wengert.tensor.out import deliver
from wengert.tensor.promotion import dtype_of, require_tensor

__all__ = ["bincount", "histc", "histogram"]


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
    edges = _given_edges(input, bins) if isinstance(bins, Recorded) else _edges(input, bins, range)
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


def _given_edges(x: Any, bins: Any) -> Any:
    if dtype_of(bins) != dtype_of(x):
        raise DTypeError(
            f"histogram(): input tensor and bins tensors should have the same dtype, but got input with dtype "
            f"{x.dtype} and bins with dtype {bins.dtype}"
        )
    if bins.ndim != 1 or not bins.numel():
        raise ShapeError(
            "histogram(): bins tensor should have one dimension and at least one element"
        )
    return bins.clone()


def _edges(x: Any, bins: int, span: Sequence[float] | None) -> Any:
    if bins <= 0:
        raise ShapeError(f"histogram(): bins must be > 0, but got {bins}")
    if span is not None:
        low, high = span
    elif not x.numel():
        low, high = 0.0, 1.0
    else:
        raw = concrete(x, "histogram(), whose range is the elements' own unless it is given,")
        low, high = (float(silent().run(end)) for end in (raw.min, raw.max))
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ShapeError(f"histogram(): range of [{low:g}, {high:g}] is not finite")
    if low > high:
        raise ShapeError(f"histogram(): min should not exceed max, got min {low} and max {high}")
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

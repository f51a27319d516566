"""`embedding_bag`: vectors that are looked up by numbers and put together, bag by bag."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.nn.advice import MAX_NORM
from wengert.nn.functional.lookup import embedding
from wengert.rules import indexing as rows
from wengert.rules import structural
from wengert.tape.provenance import advise
from wengert.tape.storage import handle
from wengert.tensor import masking, reductions
from wengert.tensor.numbers import require_flags, whole_of
from wengert.tensor.positions import known, require_integers
from wengert.tensor.promotion import dtype_of, own_array, require_tensor

__all__ = ["embedding_bag"]

advise(MAX_NORM)

MODES = ("sum", "mean", "max")


def embedding_bag(
    input: Any, weight: Any, offsets: Any = None, max_norm: float | None = None, norm_type: float = 2,
    scale_grad_by_freq: bool = False, mode: str = "mean", sparse: bool = False, per_sample_weights: Any = None,
    include_last_offset: bool = False, padding_idx: int | None = None,
) -> Any:  # fmt: skip
    """Return the sum, mean or maximum of the rows of ``weight (n, d)`` that each bag of numbers names: ``(bags, d)``.

    Each row of an input ``(bags, k)`` is a bag; an input ``(k)`` is cut into bags at ``offsets``, the places where they
    begin (and, with ``include_last_offset``, where the last ends). ``per_sample_weights`` multiplies the vectors of a
    sum. Numbers equal to ``padding_idx`` do not count; a bag of nothing gives 0. The other arguments are those of
    `embedding`. Raises ValueError for other modes and dimensions, and for offsets that do not fit.

    >>> import wengert as torch
    >>> weight = torch.tensor([[0., 1.], [1., 2.], [3., 4.]])
    >>> torch.nn.functional.embedding_bag(torch.tensor([2, 1, 2]), weight, torch.tensor([0, 1]), mode="sum")
    tensor([[3., 4.],
            [4., 6.]])
    """
    if mode not in MODES:
        raise ValueError(
            f"embedding_bag: mode has to be one of sum, mean or max, and it is {mode!r}."
        )
    require_integers("embedding_bag", input, name="input")
    require_tensor("embedding_bag", weight, "weight")
    check_weights(input, weight, per_sample_weights, mode)
    if mode == "max" and sparse:
        raise ValueError(
            "embedding_bag: max mode does not support sparse weights. Use sparse=False."
        )
    require_flags("embedding_bag", include_last_offset=include_last_offset)
    bags = bags_of(input, offsets, include_last_offset)
    settings = max_norm, norm_type, scale_grad_by_freq, sparse
    return embedded(input, weight, bags, mode, per_sample_weights, padding_idx, settings)[0]


def embedded(
    input: Any, weight: Any, bags: tuple[Any, Any], mode: str, per_sample_weights: Any, padding_idx: int | None,
    settings: tuple[Any, ...],
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Return the result, the places in each bag that count, and which of them each maximum is from."""
    if dtypes.kind(dtype_of(weight)) != "f":
        raise DTypeError(
            f"embedding_bag: weight has to be of floats, not {weight.dtype}. Use `weight.float()`."
        )
    places, inside = bags
    flat = structural.reshape(input, shape=(input.numel(),))
    if not flat.numel():  # every bag is empty: its one place holds any row, and does not count
        flat, per_sample_weights = own_array(np.zeros(1, np.int64)), None
    if padding_idx is not None:
        padding_idx = whole_of("embedding_bag", "padding_idx", padding_idx)
        numbers = known("embedding_bag with padding_idx", flat, "Leave the padding out.")
        inside = inside & (numbers[places] != padding_idx % weight.shape[0])
    vectors = embedding(flat, weight, padding_idx, *settings)
    if per_sample_weights is not None:
        vectors = vectors * per_sample_weights.reshape(-1, 1)
    each = rows.index(vectors, handle(places), axis=0, span=1)
    out, at = _together(each, inside, mode)
    return out, inside, at


def check_weights(input: Any, weight: Any, per_sample_weights: Any, mode: str) -> None:
    """Raise unless the weights of what is looked up, if there are any, fit the numbers and the mode."""
    if per_sample_weights is None:
        return
    require_tensor("embedding_bag", per_sample_weights, "per_sample_weights")
    if dtype_of(per_sample_weights) != dtype_of(weight):
        raise DTypeError(
            f"embedding_bag: expected per_sample_weights to have the same type as weight, {weight.dtype}, but got "
            f"{per_sample_weights.dtype}. Use `per_sample_weights.to({weight.dtype})`."
        )
    if tuple(per_sample_weights.shape) != tuple(input.shape):
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({shape_text(per_sample_weights.shape)}) is not None, then it must "
            f"have the same shape as the input ({shape_text(input.shape)})."
        )
    if mode != "sum":
        raise NotImplementedError(
            f"embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' "
            f"(got mode='{mode}')."
        )


def bags_of(input: Any, offsets: Any, include_last: bool) -> tuple[Any, Any]:
    """Return ``(bags, longest)``: the places of each bag's numbers in the flat input, and which of these there are."""
    if input.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "embedding_bag: if input is 2D, then offsets has to be None, as input is treated as a mini-batch of "
                f"fixed length sequences. However, found offsets of type {type(offsets).__name__}."
            )
        shape = tuple(input.shape)
        return np.arange(math.prod(shape)).reshape(shape), np.ones(shape, np.bool_)
    if input.ndim != 1:
        raise ValueError(
            f"embedding_bag: input has to be 1D or 2D Tensor, but got Tensor of dimension {input.ndim}"
        )
    if offsets is None:
        raise ValueError("embedding_bag: offsets has to be a 1D Tensor but got None")
    require_tensor("embedding_bag", offsets, "offsets")
    if offsets.ndim != 1:
        raise ValueError("embedding_bag: offsets has to be a 1D Tensor")
    if dtype_of(offsets).kind != "i":
        raise DTypeError(f"embedding_bag: offsets have to be int32 or int64, not {offsets.dtype}.")
    starts = np.asarray(
        known("embedding_bag", offsets, "Pass the bags as the rows of a 2-D input.")
    )
    count = input.shape[0]
    if include_last and not len(starts):
        raise ShapeError(
            "embedding_bag: include_last_offset: number of offset should be at least 1, where the last bag ends."
        )
    ends = starts[1:] if include_last else np.append(starts[1:], count)
    starts = starts[:-1] if include_last else starts
    if len(starts) and starts[0]:
        raise ShapeError(
            f"embedding_bag: offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
            f"position 0. However, got {starts[0]}"
        )
    if len(ends) and (ends[-1] > count or (ends < starts).any()):
        raise ShapeError(
            f"embedding_bag: offsets[-1] can not be greater than input's length {count}, and offsets must not fall: "
            f"{starts.tolist()}"
        )
    longest = max((ends - starts).max(initial=0), 1)
    places = starts[:, None] + np.arange(longest)
    inside = places < ends[:, None]
    return np.where(inside, places, 0), inside


def _together(each: Any, inside: Any, mode: str) -> tuple[Any, Any]:
    """Put the vectors ``(bags, longest, d)`` of each bag together; for maxima, say which of them each is from."""
    outside = own_array(~inside[..., None])
    counts = inside.sum(1)[:, None]
    if mode == "max":
        best, at = reductions.max(masking.masked_fill(each, outside, -math.inf), 1)
        return masking.masked_fill(best, own_array(counts == 0), 0.0), at
    total = reductions.sum(masking.masked_fill(each, outside, 0.0), 1)
    if mode == "sum":
        return total, None
    return total / own_array(np.maximum(counts, 1).astype(dtype_of(total))), None

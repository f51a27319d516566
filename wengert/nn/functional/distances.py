"""Distances between vectors and the losses made of them: what `nn.functional` offers of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.shapes import axis_of
from wengert.errors import ShapeError, shape_text
from wengert.nn.functional.reducing import chosen_reduction, reduced
from wengert.rules import indexing
from wengert.rules import norms as rows
from wengert.tape.storage import handle
from wengert.tensor import bounds, comparison, elementary, grids, norms, reductions
from wengert.tensor.apply import require_broadcast, undefined
from wengert.tensor.numbers import double_of, require_flags
from wengert.tensor.promotion import dtype_of, promoted, require_tensor

__all__ = [
    "cosine_embedding_loss", "cosine_similarity", "pairwise_distance", "pdist", "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]  # fmt: skip


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """Return ``x1 . x2 / (max(|x1|, eps) max(|x2|, eps))`` along ``dim``; the operands broadcast.

    RuntimeError for integers.

    >>> import wengert as torch
    >>> torch.nn.functional.cosine_similarity(torch.tensor([[1., 0.]]), torch.tensor([[1., 1.]]))
    tensor([0.7071])
    """
    eps = double_of("cosine_similarity", "eps", eps)
    if not eps >= 0:
        raise RuntimeError(f"cosine_similarity: eps must be non-negative, got: {eps}")
    require_tensor("cosine_similarity", x1, "x1")
    require_tensor("cosine_similarity", x2, "x2")
    x1, x2 = promoted("cosine_similarity", x1, x2)
    if dtypes.kind(dtype_of(x1)) not in "fc":
        raise RuntimeError(
            f"cosine_similarity: expected common dtype to be floating point, yet common dtype is {x1.dtype}."
        )
    require_broadcast("cosine_similarity", x1, x2)
    rank = max(x1.ndim, x2.ndim)
    x1, x2 = (x if x.ndim == rank else x[(None,) * (rank - x.ndim)] for x in (x1, x2))
    axis = axis_of("cosine_similarity", dim, rank)
    if x1.ndim and x1.shape[axis] != x2.shape[axis]:
        # The norm is that of the vector as the other one sees it.
        x1, x2 = grids.broadcast_tensors(x1, x2)
    units = [x / bounds.clamp_min(norms.vector_norm(x, 2, dim, True), eps) for x in (x1, x2)]
    return reductions.sum(units[0] * units[1], dim)


def pairwise_distance(
    x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Any:
    """Return the norm of order ``p`` of ``x1 - x2 + eps`` along the last dimension."""
    require_flags("pairwise_distance", keepdim=keepdim)
    p = double_of("pairwise_distance", "p", p)
    eps = double_of("pairwise_distance", "eps", eps)
    require_tensor("pairwise_distance", x1, "x1")
    require_tensor("pairwise_distance", x2, "x2")
    return _apart(x1, x2, p, eps, keepdim)


def _apart(x1: Any, x2: Any, p: float, eps: float, keepdim: bool) -> Any:
    apart = x1 - x2 + float(eps)
    axis = (apart.ndim - 1,) if apart.ndim else ()
    return rows.distance(apart, ord=float(p), axis=axis, keepdim=keepdim)


def pdist(input: Any, p: float = 2.0) -> Any:
    """Return the distances of order ``p`` between all pairs of rows of ``input (n, m)``, as ``(n (n - 1) / 2)``.

    RuntimeError for other shapes and for a negative ``p``.
    """
    p = double_of("pdist", "p", p)
    require_tensor("pdist", input)
    if input.ndim != 2:
        raise ShapeError(
            f"pdist only supports 2D tensors, got: {input.ndim}D ({shape_text(input.shape)})."
        )
    if dtypes.kind(dtype_of(input)) != "f":
        raise undefined("pdist", dtype_of(input))
    if not p >= 0:
        raise RuntimeError("pdist only supports non-negative p values")
    first, second = np.triu_indices(input.shape[0], 1)
    apart = indexing.index(input, handle(first), axis=0, span=1) - indexing.index(
        input, handle(second), axis=0, span=1
    )
    return norms.norm(apart, p, 1)


def cosine_embedding_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return ``1 - cos`` where the target is 1 and ``max(0, cos - margin)`` where it is -1, reduced.

    The vectors are ``(n, m)`` with targets ``(n)``, or ``(m)`` with a single one; RuntimeError otherwise.
    """
    margin = double_of("cosine_embedding_loss", "margin", margin)
    op = "cosine_embedding_loss"
    for x, name in ((input1, "input1"), (input2, "input2"), (target, "target")):
        require_tensor(op, x, name)
    reduction = chosen_reduction(reduction, size_average, reduce)
    rank = target.ndim
    if rank > 1:
        raise ShapeError(
            f"{op}: 0D or 1D target tensor expected, multi-target not supported, got {shape_text(target.shape)}."
        )
    if input1.ndim != rank + 1 or input2.ndim != rank + 1:
        raise ShapeError(
            f"{op}: {rank}D target tensor expects {rank + 1}D input tensors, but found inputs with sizes "
            f"{shape_text(input1.shape)} and {shape_text(input2.shape)}."
        )
    tiny = 1e-12
    product = reductions.sum(input1 * input2, rank)
    squares = [reductions.sum(x * x, rank) + tiny for x in (input1, input2)]
    cosine = product / elementary.sqrt(squares[0] * squares[1])
    losses = comparison.where(comparison.eq(target, 1), 1 - cosine, 0) + comparison.where(
        comparison.eq(target, -1), bounds.clamp_min(cosine - margin, 0), 0
    )
    return reduced(losses, reduction)


def _triplet(
    anchor: Any, positive: Any, negative: Any, distance: Callable[[Any, Any], Any], margin: float, swap: bool
) -> Any:  # fmt: skip
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = comparison.minimum(far, distance(positive, negative))
    return bounds.clamp_min(margin + near - far, 0)


def _require_triplet(op: str, anchor: Any, positive: Any, negative: Any, margin: float) -> None:
    for x, name in ((anchor, "anchor"), (positive, "positive"), (negative, "negative")):
        require_tensor(op, x, name)
    if margin <= 0:
        raise ValueError(f"{op}: margin must be greater than 0, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            f"{op}: The anchor, positive, and negative tensors are expected to have the same number of dimensions, but "
            f"got: anchor {anchor.ndim}D, positive {positive.ndim}D, and negative {negative.ndim}D inputs"
        )
    require_broadcast(op, anchor, positive, negative)


def triplet_margin_loss(
    anchor: Any, positive: Any, negative: Any, margin: float = 1.0, p: float = 2, eps: float = 1e-6,
    swap: bool = False, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return ``max(0, margin + d(anchor, positive) - d(anchor, negative))``, reduced, with `pairwise_distance` as d.

    With ``swap`` the second distance is that of the negative to the nearer of anchor and positive. ValueError unless
    ``margin`` is positive. Source: Balntas, Riba, Ponsa and Mikolajczyk, 2016.
    """
    require_flags("triplet_margin_loss", swap=swap)
    margin = double_of("triplet_margin_loss", "margin", margin)
    p = double_of("triplet_margin_loss", "p", p)
    eps = double_of("triplet_margin_loss", "eps", eps)
    reduction = chosen_reduction(reduction, size_average, reduce)
    _require_triplet("triplet_margin_loss", anchor, positive, negative, margin)

    def distance(x: Any, y: Any) -> Any:
        return _apart(x, y, p, eps, False)

    return reduced(_triplet(anchor, positive, negative, distance, margin, swap), reduction)


def triplet_margin_with_distance_loss(
    anchor: Any, positive: Any, negative: Any, *, distance_function: Callable[[Any, Any], Any] | None = None,
    margin: float = 1.0, swap: bool = False, reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return `triplet_margin_loss` with a distance of your own."""
    op = "triplet_margin_with_distance_loss"
    margin = double_of(op, "margin", margin)
    reduction = chosen_reduction(reduction)
    _require_triplet(op, anchor, positive, negative, margin)
    distance = distance_function or pairwise_distance
    return reduced(_triplet(anchor, positive, negative, distance, margin, swap), reduction)

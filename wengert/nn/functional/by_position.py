"""Functions of networks as `torch` itself spells them: other orders of arguments, and reductions by number.

They do what `nn.functional` does under the same names; ``reduction`` is 0 for none, 1 for the mean and 2 for the sum.
It is 0 unless given: that is what PyTorch's functions do, although their signatures say mean.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ShapeError, shape_text
from wengert.nn.functional import losses, normalization
from wengert.nn.functional.bags import MODES, bags_of, check_weights, embedded
from wengert.nn.functional.distances import cosine_embedding_loss as _cosine_embedding_loss
from wengert.nn.functional.distances import triplet_margin_loss as _triplet_margin_loss
from wengert.nn.functional.dropout import alpha_dropout as _alpha_dropout
from wengert.nn.functional.dropout import dropout as _dropout
from wengert.nn.functional.dropout import feature_alpha_dropout as _feature_alpha_dropout
from wengert.nn.functional.dropout import feature_dropout as _feature_dropout
from wengert.nn.functional.lookup import embedding as _embedding
from wengert.nn.functional.reducing import reduced
from wengert.rules import indexing as rows
from wengert.tape.storage import handle
from wengert.tensor import masking, padding
from wengert.tensor.numbers import number_of, require_flags, whole_of
from wengert.tensor.positions import require_integers
from wengert.tensor.promotion import cast_to, dtype_of, own_array, require_tensor


def _require_share(op: str, input: Any, p: float) -> None:
    require_tensor(op, input)
    if not 0.0 <= p <= 1.0:
        raise RuntimeError(f"{op}: dropout probability has to be between 0 and 1, but got {p}.")


def dropout(input: Any, p: float, train: bool) -> Any:
    """Return `nn.functional.dropout`. RuntimeError unless ``0 <= p <= 1``."""
    _require_share("dropout", input, p)
    return _dropout(input, p, train)


def dropout_(input: Any, p: float, train: bool) -> Any:
    """Write `dropout` of a tensor into it."""
    _require_share("dropout_", input, p)
    return _dropout(input, p, train, True)


def alpha_dropout(input: Any, p: float, train: bool) -> Any:
    """Return `nn.functional.alpha_dropout`. RuntimeError unless ``0 <= p <= 1``."""
    _require_share("alpha_dropout", input, p)
    return _alpha_dropout(input, p, train)


def alpha_dropout_(input: Any, p: float, train: bool) -> Any:
    """Write `alpha_dropout` of a tensor into it."""
    _require_share("alpha_dropout_", input, p)
    return _alpha_dropout(input, p, train, True)


def feature_dropout(input: Any, p: float, train: bool) -> Any:
    """Return ``input (n, c, ...)`` with whole channels 0 with probability ``p``, the others divided by ``1 - p``.

    RuntimeError unless ``0 <= p <= 1``, and for fewer than two dimensions.
    """
    _require_share("feature_dropout", input, p)
    return _feature_dropout(input, p, train)


def feature_dropout_(input: Any, p: float, train: bool) -> Any:
    """Write `feature_dropout` of a tensor into it."""
    _require_share("feature_dropout_", input, p)
    return _feature_dropout(input, p, train, True)


def feature_alpha_dropout(input: Any, p: float, train: bool) -> Any:
    """Return `nn.functional.feature_alpha_dropout`. RuntimeError unless ``0 <= p <= 1``."""
    _require_share("feature_alpha_dropout", input, p)
    return _feature_alpha_dropout(input, p, train)


def feature_alpha_dropout_(input: Any, p: float, train: bool) -> Any:
    """Write `feature_alpha_dropout` of a tensor into it."""
    _require_share("feature_alpha_dropout_", input, p)
    return _feature_alpha_dropout(input, p, train, True)


def embedding(
    weight: Any, indices: Any, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False
) -> Any:  # fmt: skip
    """Return the rows of ``weight (n, d)`` with the numbers ``indices (...)``: ``(..., d)``.

    The row ``padding_idx`` gets no gradient; a number outside of the rows stands for none.

    >>> import wengert as torch
    >>> torch.embedding(torch.tensor([[0., 0.], [1., 2.]]), torch.tensor([1]))
    tensor([[1., 2.]])
    """
    require_tensor("embedding", weight, "weight")
    within = weight.ndim > 0 and 0 <= padding_idx < weight.shape[0]
    return _embedding(
        indices, weight, padding_idx if within else None, None, 2.0, scale_grad_by_freq, sparse
    )


def embedding_bag(
    weight: Any, indices: Any, offsets: Any, scale_grad_by_freq: bool = False, mode: int = 0, sparse: bool = False,
    per_sample_weights: Any = None, include_last_offset: bool = False, padding_idx: int | None = None,
) -> tuple[Any, Any, Any, Any]:  # fmt: skip
    """Return `nn.functional.embedding_bag` of ``indices (k)``, and three tensors of numbers that tell of the bags.

    ``mode`` is 0 for the sum, 1 for the mean, 2 for the maximum. Beside the result ``(bags, d)``: the bag of each
    index; how many count in each bag (0 for sums); and for maxima the rows that they come from, ``(bags, d)``, else the
    counts once more. Raises RuntimeError for other modes, shapes and dtypes.

    >>> import wengert as torch
    >>> weight = torch.tensor([[0., 9.], [1., 2.], [3., 4.]])
    >>> torch.embedding_bag(weight, torch.tensor([2, 0, 1]), torch.tensor([0, 2]), mode=2)
    (tensor([[3., 9.],
            [1., 2.]]), tensor([0, 0, 1]), tensor([2, 1]), tensor([[2, 0],
            [1, 1]]))
    """
    op = "embedding_bag"
    require_tensor(op, weight, "weight")
    require_integers(op, indices, name="indices")
    require_integers(op, offsets, name="offsets")
    for name, x, rank in (("weight", weight, 2), ("indices", indices, 1), ("offsets", offsets, 1)):
        if x.ndim != rank:
            raise ShapeError(
                f"{op}: {name} has to be a {rank}D Tensor, but got Tensor of dimension {x.ndim}."
            )
    if mode.__class__ is not int:
        raise TypeError(
            f"{op}(): argument 'mode' must be int, not {type(mode).__name__}. Write 0, 1 or 2."
        )
    if mode not in (0, 1, 2):
        raise ShapeError(f"{op}: `mode` must be sum, mean, or max: 0, 1 or 2, and not {mode}.")
    require_flags(
        op, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse, include_last_offset=include_last_offset
    )  # fmt: skip
    if padding_idx is not None:
        padding_idx, count = whole_of(op, "padding_idx", padding_idx), weight.shape[0]
        if not -count <= padding_idx < count:
            raise ShapeError(
                f"{op}: padding_idx must be within the number of embeddings, {-count} through {count - 1}, but got "
                f"{padding_idx}."
            )
    if per_sample_weights is not None:
        require_tensor(op, per_sample_weights, "per_sample_weights")
        if tuple(per_sample_weights.shape) != tuple(indices.shape):
            raise ShapeError(
                f"{op}: per_sample_weights must have one number for each index, {indices.shape[0]} of them, but got "
                f"shape {shape_text(per_sample_weights.shape)}."
            )
    check_weights(indices, weight, per_sample_weights, MODES[mode])
    places, inside = bags_of(indices, offsets, include_last_offset)
    members = np.repeat(np.arange(len(places)), inside.sum(1))
    members = np.pad(
        members, (0, indices.shape[0] - len(members)), constant_values=max(len(places) - 1, 0)
    )
    settings = None, 2.0, scale_grad_by_freq, sparse
    out, inside, at = embedded(
        indices, weight, (places, inside), MODES[mode], per_sample_weights, padding_idx, settings
    )
    counts = inside.sum(1) * (mode > 0)
    dtype = np.promote_types(dtype_of(indices), dtype_of(offsets))
    sizes = own_array(counts.astype(dtype))
    found = sizes
    if at is not None and indices.shape[0]:
        numbers = rows.gather(rows.index(indices, handle(places), axis=0, span=1), at, dim=1)
        found = cast_to(masking.masked_fill(numbers, own_array(counts == 0)[:, None], 0), dtype)
    elif at is not None:
        found = own_array(np.zeros(out.shape, dtype))
    return out, own_array(members.astype(dtype)), sizes, found


def batch_norm(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool, momentum: float,
    eps: float, cudnn_enabled: bool,
) -> Any:  # fmt: skip
    """Return `nn.functional.batch_norm`, which one value per channel passes, too: it becomes 0."""
    return normalization.batch_norm_of(
        input, running_mean, running_var, weight, bias, training, momentum, eps, False
    )


def instance_norm(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, use_input_stats: bool, momentum: float,
    eps: float, cudnn_enabled: bool,
) -> Any:  # fmt: skip
    """Return `nn.functional.instance_norm`, which one position per channel passes, too: it becomes 0."""
    return normalization.instance_norm_of(
        input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps, False
    )


def layer_norm(
    input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> Any:  # fmt: skip
    """Return `nn.functional.layer_norm`."""
    return normalization.layer_norm(input, normalized_shape, weight, bias, eps)


def group_norm(
    input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5, cudnn_enabled: bool = True
) -> Any:  # fmt: skip
    """Return `nn.functional.group_norm`."""
    return normalization.group_norm(input, num_groups, weight, bias, eps)


def constant_pad_nd(input: Any, pad: Any, value: complex = 0) -> Any:
    """Return `nn.functional.pad` with a constant, which may be complex where the tensor is."""
    require_tensor("constant_pad_nd", input)
    return padding.with_constant(input, pad, number_of("constant_pad_nd", "value", value))


def _word(reduction: int) -> str:
    """Return a reduction's word; numbers beyond 2 stand for none, as in PyTorch."""
    return {1: "mean", 2: "sum"}.get(reduction, "none")


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, pos_weight: Any = None, reduction: int = 0
) -> Any:
    """Return `nn.functional.binary_cross_entropy_with_logits`."""
    return losses.binary_cross_entropy_with_logits(
        input, target, weight, reduction=_word(reduction), pos_weight=pos_weight
    )


def kl_div(input: Any, target: Any, reduction: int = 0, *, log_target: bool = False) -> Any:
    """Return `nn.functional.kl_div`, without its warning of the mean."""
    each = losses.kl_div(input, target, reduction="none", log_target=log_target)
    return reduced(each, _word(reduction))


def poisson_nll_loss(
    input: Any, target: Any, log_input: bool, full: bool, eps: float, reduction: int
) -> Any:
    """Return `nn.functional.poisson_nll_loss`."""
    return losses.poisson_nll_loss(
        input, target, log_input, full, eps=eps, reduction=_word(reduction)
    )


def hinge_embedding_loss(input: Any, target: Any, margin: float = 1.0, reduction: int = 0) -> Any:
    """Return `nn.functional.hinge_embedding_loss`."""
    return losses.hinge_embedding_loss(input, target, margin, reduction=_word(reduction))


def margin_ranking_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0.0, reduction: int = 0
) -> Any:
    """Return `nn.functional.margin_ranking_loss`."""
    return losses.margin_ranking_loss(input1, input2, target, margin, reduction=_word(reduction))


def cosine_embedding_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0.0, reduction: int = 0
) -> Any:
    """Return `nn.functional.cosine_embedding_loss`."""
    return _cosine_embedding_loss(input1, input2, target, margin, reduction=_word(reduction))


def triplet_margin_loss(
    anchor: Any, positive: Any, negative: Any, margin: float = 1.0, p: float = 2, eps: float = 1e-6,
    swap: bool = False, reduction: int = 0,
) -> Any:  # fmt: skip
    """Return `nn.functional.triplet_margin_loss`."""
    return _triplet_margin_loss(
        anchor, positive, negative, margin, p, eps, swap, reduction=_word(reduction)
    )

"""Losses of numbers against numbers: what `nn.functional` offers of them.

All take a ``reduction``: the "mean" of the losses, their "sum", or "none". ``size_average`` and ``reduce`` are its old
spelling. ValueError for another word.
"""

from __future__ import annotations

import math
from typing import Any

from wengert.core import carrier, dtypes
from wengert.core.primitive import Primitive
from wengert.errors import DTypeError
from wengert.nn.functional.reducing import alike, chosen_reduction, reduced, warn_of_broadcast
from wengert.rules import composite
from wengert.rules import losses as rows
from wengert.tape.mode import no_grad
from wengert.tape.provenance import warn
from wengert.tape.record import binary
from wengert.tape.storage import Recorded
from wengert.tensor import bounds, comparison, elementary, reductions, views
from wengert.tensor.apply import require_broadcast
from wengert.tensor.numbers import double_of, require_flags
from wengert.tensor.promotion import cast_to, constant, dtype_of, promoted, require_tensor

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "gaussian_nll_loss", "hinge_embedding_loss",
    "huber_loss", "kl_div", "l1_loss", "margin_ranking_loss", "mse_loss", "poisson_nll_loss", "smooth_l1_loss",
    "soft_margin_loss",
]  # fmt: skip


def mse_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    weight: Any = None,
) -> Any:  # fmt: skip
    """Return the squared differences: their ``"mean"``, ``"sum"``, or all of them (``"none"``).

    With a ``weight`` for each, the mean is divided by the sum of the weights. Warns when the shapes differ, for the
    broadcast is rarely meant. NotImplementedError for integers.

    >>> import wengert as torch
    >>> torch.nn.functional.mse_loss(torch.tensor([1., 2.]), torch.tensor([1., 4.]))
    tensor(2.)
    """
    if (
        reduction == "mean"
        and size_average is reduce is weight is None
        and not carrier.special
        and isinstance(input, Recorded)
        and isinstance(target, Recorded)
        and input._payload.shape == target._payload.shape
        and input._payload.dtype.kind == "f"
    ):
        out = binary(composite.mse_loss, input, target)
        if out is not NotImplemented:
            return out
    return _general_mse(input, target, weight, size_average, reduce, reduction)


def _general_mse(
    input: Any, target: Any, weight: Any, size_average: Any, reduce: Any, reduction: str
) -> Any:
    require_tensor("mse_loss", input)
    require_tensor("mse_loss", target, "target")
    warn_of_broadcast(input, target)
    reduction = chosen_reduction(reduction, size_average, reduce)
    if weight is not None:
        return _weighted("mse_loss", composite.mse_each, input, target, weight, reduction)
    x, y = promoted("mse_loss", input, target)
    if dtypes.kind(dtype_of(x)) not in "fc":
        raise NotImplementedError(
            f"mse_loss is not implemented for {x.dtype}. Use floats: `mse_loss(x.float(), y.float())`."
        )
    if dtypes.kind(dtype_of(x)) == "f":
        x, y = alike("mse_loss", x, y)
    if reduction == "none":
        return composite.mse_each(x, y)
    return composite.mse_loss(x, y) if reduction == "mean" else composite.mse_sum(x, y)


def _weighted(
    op: str, each: Primitive, input: Any, target: Any, weight: Any, reduction: str
) -> Any:
    """Return weighted losses; their mean is over the weights."""
    require_tensor(op, weight, "weight")
    if weight.shape != input.shape:
        raise ValueError(f"{op}: Weights and input must have the same size.")
    losses = each(*alike(op, input, target)) * weight
    if reduction == "mean":
        return reductions.sum(losses) / reductions.sum(weight)
    return reduced(losses, reduction)


def l1_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    weight: Any = None,
) -> Any:  # fmt: skip
    """Return ``|input - target|``, reduced; with a ``weight`` for each, the mean is over the weights."""
    require_tensor("l1_loss", input)
    require_tensor("l1_loss", target, "target")
    warn_of_broadcast(input, target)
    reduction = chosen_reduction(reduction, size_average, reduce)
    if weight is not None:
        return _weighted("l1_loss", rows.l1_each, input, target, weight, reduction)
    if dtypes.kind(dtype_of(input)) != "f" or dtypes.kind(dtype_of(target)) != "f":
        return reduced(elementary.abs(input - target), reduction)
    return reduced(rows.l1_each(*alike("l1_loss", input, target)), reduction)


def smooth_l1_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    beta: float = 1.0,
) -> Any:  # fmt: skip
    """Return ``d ** 2 / (2 beta)`` for differences below ``beta``, else ``|d| - beta / 2``, reduced.

    RuntimeError for a negative ``beta``. Source: Girshick, Fast R-CNN, 2015.
    """
    beta = double_of("smooth_l1_loss", "beta", beta)
    require_tensor("smooth_l1_loss", input)
    require_tensor("smooth_l1_loss", target, "target")
    warn_of_broadcast(input, target)
    reduction = chosen_reduction(reduction, size_average, reduce)
    if not beta >= 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return reduced(rows.l1_each(*alike("smooth_l1_loss", input, target)), reduction)
    return rows.smooth_l1[reduction](*alike("smooth_l1_loss", input, target), beta=float(beta))


def huber_loss(
    input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None
) -> Any:
    """Return ``d ** 2 / 2`` for differences below ``delta``, else ``delta * (|d| - delta / 2)``, weighted and reduced.

    RuntimeError unless ``delta`` is positive. Source: Huber, Robust estimation of a location parameter, 1964.
    """
    delta = double_of("huber_loss", "delta", delta)
    require_tensor("huber_loss", input)
    require_tensor("huber_loss", target, "target")
    warn_of_broadcast(input, target)
    reduction = chosen_reduction(reduction)
    if not delta > 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    x, y = alike("huber_loss", input, target)
    if weight is None:
        return rows.huber[reduction](x, y, delta=float(delta))
    require_tensor("huber_loss", weight, "weight")
    if weight.shape != input.shape:
        raise ValueError("huber_loss: Weights and input must have the same size.")
    return reduced(rows.huber["none"](x, y, delta=float(delta)) * weight, reduction)


def _weights(op: str, weight: Any, like: Any) -> Any:
    """Return weights in the shape of ``like``; the number 1 where there are none."""
    if weight is None:
        return constant(1, dtype_of(like))
    require_tensor(op, weight, "weight")
    return views.expand(cast_to(weight, dtype_of(like)), tuple(like.shape))


def binary_cross_entropy(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return ``-(target log(input) + (1 - target) log(1 - input))``, weighted and reduced; logarithms end at -100.

    RuntimeError for probabilities and targets outside of 0 to 1, ValueError where the shapes differ.
    """
    op = "binary_cross_entropy"
    require_tensor(op, input)
    require_tensor(op, target, "target")
    reduction = chosen_reduction(reduction, size_average, reduce)
    if input.shape != target.shape:
        raise ValueError(
            f"{op}: Using a target size ({target.shape}) that is different to the input size ({input.shape}) is "
            f"deprecated. Please ensure they have the same size."
        )
    _require_one_dtype(op, input, target)
    x, y = alike(op, input, target)
    return rows.bce[reduction](x, y, _weights(op, weight, x))


def _require_one_dtype(op: str, input: Any, target: Any) -> None:
    if dtype_of(input) != dtype_of(target):
        raise DTypeError(
            f"{op}: Found dtype {target.dtype} for the target but expected {input.dtype}. Use `target.to(input.dtype)`."
        )


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", pos_weight: Any = None,
) -> Any:  # fmt: skip
    """Return `binary_cross_entropy` of ``sigmoid(input)``, without overflow; targets of 1 weigh ``pos_weight``.

    ValueError where the shapes of input and target differ, RuntimeError for a target that is not floating.

    >>> import wengert as torch
    >>> torch.nn.functional.binary_cross_entropy_with_logits(torch.tensor([0.]), torch.tensor([1.]))
    tensor(0.6931)
    """
    op = "binary_cross_entropy_with_logits"
    require_tensor(op, input)
    require_tensor(op, target, "target")
    reduction = chosen_reduction(reduction, size_average, reduce)
    if input.shape != target.shape:
        raise ValueError(
            f"{op}: Target size ({target.shape}) must be the same as input size ({input.shape})."
        )
    if not target.is_floating_point():
        _require_one_dtype(op, input, target)
    x, y = alike(op, input, target)
    hits = constant(1, dtype_of(x))
    if pos_weight is not None:
        hits = (pos_weight - 1) * y + 1
    return rows.bce_logits[reduction](x, y, _weights(op, weight, x), cast_to(hits, dtype_of(x)))


def soft_margin_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Any:
    """Return ``log(1 + exp(-target * input))``, reduced, for targets 1 and -1."""
    reduction = chosen_reduction(reduction, size_average, reduce)
    return rows.soft_margin[reduction](*alike("soft_margin_loss", input, target))


def kl_div(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    log_target: bool = False,
) -> Any:  # fmt: skip
    """Return ``target * (log(target) - input)``, reduced; with ``log_target`` the target is a logarithm like the input.

    "batchmean" divides the sum by the first size, which is the divergence; "mean" divides by all, with a warning.
    """
    require_flags("kl_div", log_target=log_target)
    require_tensor("kl_div", input)
    require_tensor("kl_div", target, "target")
    for x, name in ((input, "input"), (target, "target")):
        if dtypes.kind(dtype_of(x)) in "biu":
            raise DTypeError(
                f"kl_div: Integral inputs not supported: {name} is {x.dtype}. Use `{name}.float()`; input is a "
                f"logarithm of probabilities, and target probabilities, or with log_target their logarithm."
            )
    by_batch = reduction == "batchmean"
    if size_average is not None or reduce is not None:
        reduction = chosen_reduction("mean", size_average, reduce)
    elif reduction == "mean":
        _warn_of_mean()
    reduction = "sum" if by_batch else chosen_reduction(reduction)
    if log_target:
        losses = elementary.exp(target) * (target - input)
    else:
        losses = bounds.xlogy(target, target) - target * input
    total = reduced(losses, reduction)
    return total / input.shape[0] if by_batch and input.ndim else total


def _warn_of_mean() -> None:
    """Warn that the mean over all elements is no divergence."""
    warn(
        "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' divides only "
        "by the batch size, and aligns with the KL div math definition.'mean' will be changed to behave the same as "
        "'batchmean' in the next major release."
    )


def poisson_nll_loss(
    input: Any, target: Any, log_input: bool = True, full: bool = False, size_average: Any = None,
    eps: float = 1e-8, reduce: Any = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return ``exp(input) - target * input``, or ``input - target * log(input + eps)`` without ``log_input``, reduced.

    With ``full``, Stirling's ``t log(t) - t + log(2 pi t) / 2`` is added for targets above 1.
    """
    require_flags("poisson_nll_loss", log_input=log_input, full=full)
    eps = double_of("poisson_nll_loss", "eps", eps)
    require_tensor("poisson_nll_loss", input)
    require_tensor("poisson_nll_loss", target, "target")
    reduction = chosen_reduction(reduction, size_average, reduce)
    require_broadcast("poisson_nll_loss", input, target)
    if log_input:
        losses = elementary.exp(input) - target * input
    else:
        losses = input - target * elementary.log(input + eps)
    if full:
        stirling = (
            target * elementary.log(target) - target + 0.5 * elementary.log(2 * math.pi * target)
        )
        losses = losses + comparison.where(comparison.le(target, 1), 0, stirling)
    return reduced(losses, reduction)


def gaussian_nll_loss(
    input: Any,
    target: Any,
    var: Any,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Any:
    """Return ``(log(var) + (input - target) ** 2 / var) / 2``, reduced, with variances not below ``eps``.

    ``var`` has the shape of ``input``, or lacks its last dimension, or has one of size 1; or it is a number. With
    ``full``, ``log(2 pi) / 2`` is added. ValueError for negative variances and for other shapes.
    """
    require_tensor("gaussian_nll_loss", input)
    require_tensor("gaussian_nll_loss", target, "target")
    if not isinstance(var, Recorded):
        var = double_of("gaussian_nll_loss", "var", var)
        var = views.expand(constant(var, dtype_of(input)), tuple(input.shape))
    rows.no_negative(var.detach())
    shape, of = tuple(input.shape), tuple(var.shape)
    if of != shape:
        if shape[:-1] == of:
            var = views.unsqueeze(var, -1)
        elif len(of) != len(shape) or sum(m for n, m in zip(shape, of, strict=True) if n != m) != 1:
            raise ValueError("gaussian_nll_loss: var is of incorrect size")
    reduction = chosen_reduction(reduction)
    require_broadcast("gaussian_nll_loss", input, target, var)
    var = var.clone()
    with no_grad():
        var.clamp_(min=eps)
    losses = 0.5 * (elementary.log(var) + (input - target) ** 2 / var)
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return reduced(losses, reduction)


def margin_ranking_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return ``max(0, -target * (input1 - input2) + margin)``, reduced: target 1 wants the first to be larger.

    RuntimeError where the numbers of dimensions differ.
    """
    margin = double_of("margin_ranking_loss", "margin", margin)
    for x, name in ((input1, "input1"), (input2, "input2"), (target, "target")):
        require_tensor("margin_ranking_loss", x, name)
    reduction = chosen_reduction(reduction, size_average, reduce)
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            f"margin_ranking_loss: All input tensors should have same dimension but got sizes: input1: {input1.shape}, "
            f"input2: {input2.shape}, target: {target.shape}."
        )
    return reduced(bounds.clamp_min(-target * (input1 - input2) + float(margin), 0), reduction)


def hinge_embedding_loss(
    input: Any, target: Any, margin: float = 1.0, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return ``input`` where the target is 1 and ``max(0, margin - input)`` where it is -1, reduced."""
    margin = double_of("hinge_embedding_loss", "margin", margin)
    require_tensor("hinge_embedding_loss", input)
    require_tensor("hinge_embedding_loss", target, "target")
    reduction = chosen_reduction(reduction, size_average, reduce)
    far = bounds.clamp_min(margin - input, 0)
    losses = comparison.where(comparison.ne(target, 1), far, 0)
    losses = losses + comparison.where(comparison.ne(target, -1), input, 0)
    return reduced(losses, reduction)

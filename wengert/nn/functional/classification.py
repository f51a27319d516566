"""Losses of scores for classes: what `nn.functional` offers of them. Scores are ``(n, c, ...)``, or ``(c)``."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import carrier, dtypes
from wengert.core.carrier import state
from wengert.core.silence import silent
from wengert.errors import DTypeError, GradientError, ShapeError, shape_text
from wengert.nn.functional.activation import logsigmoid
from wengert.nn.functional.reducing import chosen_reduction, reduced
from wengert.rules import composite, indexing, structural
from wengert.rules import nll as rows
from wengert.tape.record import attach, triple
from wengert.tape.storage import Recorded, ndarray
from wengert.tensor import bounds, comparison, reductions, scans, views
from wengert.tensor.apply import undefined
from wengert.tensor.numbers import double_of, real_of, whole_of
from wengert.tensor.promotion import cast_to, constant, dtype_of, own_array, require_tensor

__all__ = [
    "cross_entropy", "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss", "nll_loss",
]  # fmt: skip

_INT64 = np.dtype(np.int64)
_ROWS_OF_CLASSES = {"dim": 1}


def cross_entropy(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, ignore_index: int = -100,
    reduce: Any = None, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    """Return ``-log(softmax(input))`` at the target's class, weighted by class, reduced.

    ``target`` holds class numbers ``(n, ...)``, of which those equal to ``ignore_index`` do not count, or probabilities
    of all classes, of the input's shape. ``label_smoothing`` moves that part of every target evenly to all classes. The
    mean is over the weights of the targets that count. IndexError for a number that is no class, RuntimeError where
    shapes do not fit.

    >>> import wengert as torch
    >>> torch.nn.functional.cross_entropy(torch.tensor([[0., 0.], [0., 0.]]), torch.tensor([0, 1]))
    tensor(0.6931)
    """
    if ignore_index.__class__ is not int or not -(2**63) <= ignore_index < 2**63:
        ignore_index = whole_of("cross_entropy", "ignore_index", ignore_index)
    if label_smoothing.__class__ is not float:
        label_smoothing = double_of("cross_entropy", "label_smoothing", label_smoothing)
    if (
        weight is size_average is reduce is None
        and not label_smoothing
        and not carrier.special
        and isinstance(input, Recorded)
        and isinstance(target, Recorded)
    ):
        x, t = input._payload, target._payload
        if (
            x.__class__ is t.__class__ is ndarray
            and x.ndim == 2
            and t.shape == x.shape[:1]
            and t.dtype == _INT64
            and input._payload.dtype.kind == "f"
        ):
            row = composite.log_softmax
            logs = attach(row, input, silent().run(row.forward, x, dim=1), _ROWS_OF_CLASSES, 2)
            params = {"reduction": chosen_reduction(reduction), "ignore": ignore_index}
            return triple(rows.nll, logs, target, constant(1, x.dtype), params)
    reduction = chosen_reduction(reduction, size_average, reduce)
    return _general(input, target, weight, reduction, ignore_index, label_smoothing)


def _general(
    input: Any, target: Any, weight: Any, reduction: str, ignore_index: int, smoothing: float
) -> Any:
    op = "cross_entropy"
    require_tensor(op, input)
    require_tensor(op, target, "target")
    if not 0.0 <= smoothing <= 1.0:
        raise RuntimeError(f"{op}: label_smoothing must be between 0.0 and 1.0. Got: {smoothing}")
    if dtypes.kind(dtype_of(input)) != "f":
        raise undefined(op, dtype_of(input))
    axis = 1 if input.ndim > 1 else 0
    logs = reductions.log_softmax(input, axis)
    if tuple(input.shape) == tuple(target.shape):
        if ignore_index >= 0:
            raise RuntimeError(
                f"{op}: ignore_index is not supported for floating point target, which has probabilities of all "
                f"classes, and it is {ignore_index}. Set the rows to leave out to 0."
            )
        return _against_probabilities(logs, target, weight, reduction, smoothing, axis)
    if input.ndim == 1 and tuple(target.shape) == (1,):
        target = structural.reshape(target, shape=())  # `_evenly` reads it, too
    loss = _by_number(op, logs, target, weight, ignore_index, reduction)
    if not smoothing:
        return loss
    smooth = _evenly(logs, target, weight, reduction, ignore_index, axis)
    return loss * (1 - smoothing) + smooth * (smoothing / input.shape[axis])


def _by_class(weight: Any, rank: int) -> Any:
    return structural.reshape(weight, shape=(-1, *(1,) * max(0, rank - 2)))


def _evenly(
    logs: Any, target: Any, weight: Any, reduction: str, ignore_index: int, axis: int
) -> Any:
    """Return the losses against all classes alike."""
    scaled = logs if weight is None else logs * _by_class(weight, logs.ndim)
    ignored = comparison.eq(target, ignore_index)
    each = comparison.where(ignored, 0, -reductions.sum(scaled, axis))
    if reduction != "mean":
        return reduced(each, reduction)
    counts = cast_to(~ignored, dtype_of(logs))
    if weight is not None:
        counts = counts * indexing.index(
            weight, comparison.where(ignored, 0, target), axis=0, span=1
        )
    return reductions.sum(each) / reductions.sum(counts)


def _against_probabilities(
    logs: Any, target: Any, weight: Any, reduction: str, smoothing: float, axis: int
) -> Any:
    if dtypes.kind(dtype_of(target)) != "f":
        raise DTypeError(
            f"cross_entropy: Expected floating point type for target with class probabilities, got {target.dtype}. "
            f"Class numbers have one dimension less than the input."
        )
    classes = logs.shape[axis]
    if weight is not None and (weight.ndim != 1 or weight.numel() != classes):
        raise ShapeError(
            f"cross_entropy: weight tensor should be defined either for all {classes} classes or no classes but got "
            f"weight tensor of shape: {shape_text(weight.shape)}."
        )
    if smoothing:
        target = target * (1 - smoothing) + smoothing / classes
    product = logs * target
    if weight is not None:
        product = product * _by_class(weight, logs.ndim)
    if reduction == "none":
        return -reductions.sum(product, axis)
    total = -reductions.sum(product)
    return total if reduction == "sum" else total / max(1, logs.numel() // classes)


def nll_loss(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, ignore_index: int = -100,
    reduce: Any = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return minus the log-probability ``input (n, c, ...)`` of the class ``target (n, ...)``, weighted and reduced.

    Targets equal to ``ignore_index`` do not count, and the mean is over the weights of those that do. IndexError for a
    number that is no class, RuntimeError where shapes do not fit.
    """
    ignore_index = whole_of("nll_loss", "ignore_index", ignore_index)
    reduction = chosen_reduction(reduction, size_average, reduce)
    require_tensor("nll_loss", input)
    require_tensor("nll_loss", target, "target")
    if dtypes.kind(dtype_of(input)) != "f":
        raise undefined("nll_loss", dtype_of(input))
    return _by_number("nll_loss", input, target, weight, ignore_index, reduction)


def _by_number(
    op: str, input: Any, target: Any, weight: Any, ignore_index: int, reduction: str
) -> Any:
    """Return `nll_loss`, whose errors name ``op``."""
    if input.ndim == 1 and tuple(target.shape) == (1,):
        target = structural.reshape(target, shape=())
    _require_targets(op, input, target)
    if dtype_of(target) != _INT64:
        if dtype_of(target) != np.uint8:
            raise DTypeError(
                f"{op}: expected scalar type Long but found {target.dtype}. Use `target.long()`."
            )
        target = cast_to(target, _INT64)
    if weight is None:
        weight = constant(1, dtype_of(input))
    else:
        _require_weights(op, input, weight)
    row = rows.NLL[input.ndim > 2]
    return row(input, target, weight, reduction=reduction, ignore=ignore_index)


def _require_targets(op: str, input: Any, target: Any) -> None:
    shape, of = tuple(input.shape), tuple(target.shape)
    if not shape:
        raise ValueError(
            f"{op}: Expected input to have a dimension of classes, and it is a single number."
        )
    wanted = shape[:1] + shape[2:] if len(shape) > 1 else ()
    if of == wanted:
        return
    if len(of) == 2 and of[1] == 1 and of[:1] == wanted:
        raise ShapeError(
            f"{op}: 0D or 1D target tensor expected, multi-target not supported: the target has the shape "
            f"{shape_text(of)}, and for an input {shape_text(shape)} one of {shape_text(wanted)} is expected. Use "
            f"`target.squeeze(1)`."
        )
    if len(shape) == 1 and len(of) > 1:
        raise ShapeError(
            f"{op}: 0D or 1D target tensor expected, multi-target not supported, got {shape_text(of)} for an input "
            f"of one example, {shape_text(shape)}."
        )
    if of and shape[0] != of[0]:
        raise ValueError(
            f"{op}: Expected input batch_size ({shape[0]}) to match target batch_size ({of[0]})."
        )
    if of == (*shape[:1], 1, *shape[2:]):
        repair = "Use `target.squeeze(1)`."
    elif of == shape[:-1]:
        repair = "Use `input.movedim(-1, 1)`, if they are the last one."
    else:
        repair = f"The target is to have the shape {shape_text((shape[0], *shape[2:]))}."
    raise ShapeError(
        f"{op}: size mismatch (got input: {shape_text(shape)}, target: {shape_text(of)}). Classes are dimension 1 "
        f"of the input, {shape[1]} here. {repair}"
    )


def _require_weights(op: str, input: Any, weight: Any) -> None:
    require_tensor(op, weight, "weight")
    if weight._edge is not None and state.grad:
        raise GradientError(
            f"{op} is not differentiable with respect to argument 'weight'. This input cannot have requires_grad "
            f"True. Use `weight.detach()`."
        )
    classes = input.shape[1 if input.ndim > 1 else 0]
    if weight.ndim != 1 or weight.numel() != classes:
        raise ShapeError(
            f"{op}: weight tensor should be defined either for all {classes} classes or no classes but got weight "
            f"tensor of shape: {shape_text(weight.shape)}."
        )
    if dtype_of(weight) != dtype_of(input):
        raise DTypeError(
            f"{op}: expected scalar type {input.dtype} for the weights but found {weight.dtype}."
        )


def _scores(op: str, input: Any, target: Any, by_class: bool) -> tuple[Any, Any]:
    """Return scores ``(n, c)`` and targets ``(n)`` or, ``by_class``, ``(n, c)``; RuntimeError for other shapes."""
    require_tensor(op, input)
    require_tensor(op, target, "target")
    if dtypes.kind(dtype_of(input)) != "f":
        raise undefined(op, dtype_of(input))
    if input.ndim > 2 or (input.ndim and not input.shape[-1]):
        raise ShapeError(
            f"{op}: Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
            f"{shape_text(input.shape)}."
        )
    single = input.ndim < 2
    x = structural.reshape(input, shape=(1, input.numel())) if single else input
    wanted = tuple(x.shape) if by_class else tuple(x.shape)[:1]
    found = tuple(target.shape)
    if single:
        found = (
            (1, target.numel()) if by_class else ((target.numel(),) if len(found) < 2 else found)
        )
    if found != wanted:
        raise ShapeError(
            f"{op}: inconsistent target size: {shape_text(target.shape)} for input of size: {shape_text(input.shape)}."
        )
    if dtype_of(target) != _INT64:
        raise DTypeError(
            f"{op}: expected scalar type Long for the target but found {target.dtype}. Use `target.long()`."
        )
    return x, structural.reshape(target, shape=found)


def multi_margin_loss(
    input: Any, target: Any, p: int = 1, margin: float = 1.0, weight: Any = None, size_average: Any = None,
    reduce: Any = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return the mean over classes i of ``max(0, margin - input[y] + input[i]) ** p`` for the class y, without i = y.

    ``weight`` has one number for each class. The losses are reduced. ValueError for ``p`` other than 1 and 2.
    """
    p = real_of("multi_margin_loss", "p", p)
    margin = real_of("multi_margin_loss", "margin", margin)
    op = "multi_margin_loss"
    reduction = chosen_reduction(reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError(f"{op}: only p == 1 and p == 2 supported")
    if weight is not None and weight.ndim != 1:
        raise ValueError(f"{op}: weight must be one-dimensional")
    x, y = _scores(op, input, target, by_class=False)
    classes = x.shape[1]
    if weight is not None and weight.numel() != classes:
        raise ShapeError(
            f"{op}: inconsistent weight size: expected {classes} but got: {weight.numel()}."
        )
    if weight is not None and dtype_of(weight) != dtype_of(x):
        raise DTypeError(
            f"{op}: expected scalar type {input.dtype} for the weight but found {weight.dtype}. Use "
            f"`weight.to({input.dtype})`."
        )
    column = structural.unsqueeze(y, dim=1)
    own = indexing.gather(x, rows.known_classes(column, classes=classes, lowest=0), dim=1)
    excess = bounds.clamp_min(margin - own + x, 0)
    if p == 2:
        excess = excess * excess
    if weight is not None:
        excess = excess * structural.unsqueeze(indexing.index(weight, y, axis=0, span=1), dim=1)
    others = comparison.ne(own_array(np.arange(classes)), column)
    losses = reductions.sum(comparison.where(others, excess, 0), 1) / classes
    if reduction == "none" and input.ndim < 2:
        losses = views.reshape(losses, tuple(target.shape) if target.ndim else ())
    return reduced(losses, reduction)


def multilabel_margin_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Any:
    """Return the mean over classes of ``max(0, 1 - input[y] + input[i])``, summed over labels y and other classes i.

    The labels of an example are the numbers in its row of ``target`` before the first -1. The losses are reduced.
    """
    reduction = chosen_reduction(reduction, size_average, reduce)
    x, y = _scores("multilabel_margin_loss", input, target, by_class=True)
    classes = x.shape[1]
    y = rows.known_classes(y, classes=classes, lowest=-1)
    is_label = scans.cumprod(cast_to(comparison.ge(y, 0), _INT64), 1) > 0
    labels = comparison.where(is_label, y, 0)
    hits = comparison.eq(structural.unsqueeze(labels, dim=2), own_array(np.arange(classes)))
    labelled = reductions.any(hits & structural.unsqueeze(is_label, dim=2), 1)
    own = structural.unsqueeze(indexing.gather(x, labels, dim=1), dim=2)
    excess = bounds.clamp_min(1 - own + structural.unsqueeze(x, dim=1), 0)
    pairs = structural.unsqueeze(is_label, dim=2) & structural.unsqueeze(~labelled, dim=1)
    losses = reductions.sum(comparison.where(pairs, excess, 0), (1, 2)) / classes
    if reduction == "none" and input.ndim < 2:
        losses = views.reshape(losses, ())
    return reduced(losses, reduction)


def multilabel_soft_margin_loss(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return the mean over the last dimension of ``-(y log s(x) + (1 - y) log s(-x))``, s the sigmoid, reduced."""
    require_tensor("multilabel_soft_margin_loss", input)
    require_tensor("multilabel_soft_margin_loss", target, "target")
    reduction = chosen_reduction(reduction, size_average, reduce)
    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        losses = losses * weight
    return reduced(reductions.sum(losses, -1) / input.shape[-1], reduction)

"""Rows that pick one element for each class index: the negative log-likelihood and its transpose.

The loss is linear in its input ``x (n, c, ...)``, or ``(c)``: minus the elements at the targets ``(n, ...)``, times the
weights of their classes. ``reduction`` is "none", "sum" or "mean", which divides by the sum of the weights; targets
equal to ``ignore`` do not count. ``weight`` has an element for each class, or no dimension where all count alike.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import Primitive, composite, constant
from wengert.core.shapes import Shape
from wengert.core.strides import by_rows, hollow
from wengert.rules.elementwise import keep_where
from wengert.rules.indexing import gather, index, scatter
from wengert.rules.reduction import mean
from wengert.rules.structural import as_dtype_of, squeeze, sum, unsqueeze
from wengert.rules.summation import sum_all


def _class_axis(shape: Any) -> int:
    return 1 if len(shape) > 1 else 0


def _whole(x: Any) -> Any:
    return sum(x, axis=tuple(range(len(x.shape))), keepdim=False)


def _counted(x: Any, target: Any, weight: Any, ignore: int) -> tuple[Any, Any, Any]:
    """Return which targets count, all targets with 0 for the others, and their weights in the dtype of ``x``."""
    counts = target != ignore
    at = keep_where(target, counts)
    if not len(weight.shape):
        return counts, at, as_dtype_of(counts, x)
    return counts, at, keep_where(index(weight, at, axis=0, span=1), counts)


def _nll_definition(x: Any, target: Any, weight: Any, *, reduction: str, ignore: int) -> Any:
    axis = _class_axis(x.shape)
    counts, at, share = _counted(x, target, weight, ignore)
    picked = squeeze(gather(x, unsqueeze(at, dim=axis), dim=axis), dims=(axis,))
    each = -(keep_where(picked, counts) * share)
    if reduction == "none":
        return each
    total = _whole(each)
    return total if reduction == "sum" else total / _whole(share)


def _image_definition(
    x: Any, target: Any, weight: Any, *, shape: Shape, reduction: str, ignore: int
) -> Any:
    axis = _class_axis(shape)
    counts, at, share = _counted(x, target, weight, ignore)
    # Where none counts, the mean is divided by zero, and yet there is nothing for a class to get.
    each = -keep_where((x / _whole(share) if reduction == "mean" else x) * share, counts)
    return scatter(unsqueeze(each, dim=axis), unsqueeze(at, dim=axis), dim=axis, shape=shape)


@functools.lru_cache(maxsize=64)
def _rows(n: int) -> Array:
    return np.arange(n)


def _all_count(shape: Shape, target: Array, weight: Array, ignore: int) -> bool:
    """Say whether every row of a matrix has a class that counts as one: the usual case."""
    classes = shape[-1]
    return (
        len(shape) == 2
        and not weight.ndim
        and target.size > 0
        and not 0 <= ignore < classes
        # A negative number is a large one without its sign.
        and np.maximum.reduce(target.view(np.uint64)) < classes
    )


def _inspected(target: Array, weight: Array, classes: int, ignore: int) -> tuple[Array, Array, Any]:
    """Return what `_counted` does, of arrays; IndexError for a target that is no class."""
    counts = target != ignore
    at = np.where(counts, target, 0)
    if at.size and not 0 <= at.min() <= at.max() < classes:
        wrong = at[(at < 0) | (at >= classes)].flat[0]
        raise IndexError(
            f"Target {wrong} is out of bounds: there are {classes} classes. Targets are numbers from 0 to "
            f"{classes - 1}, or `ignore_index`."
        )
    return counts, at, counts if not weight.ndim else np.where(counts, weight[at], 0)


def _nll(x: Array, target: Array, weight: Array, *, reduction: str, ignore: int) -> Array:
    if _all_count(x.shape, target, weight, ignore):
        picked = x[_rows(len(x)), target]
        if reduction == "none":
            return by_rows(np.negative(picked))
        if reduction == "mean":
            return np.negative(mean.forward(picked, axis=(0,), keepdim=False))
        return np.negative(sum_all(picked))
    axis = _class_axis(x.shape)
    counts, at, share = _inspected(target, weight, x.shape[axis], ignore)
    picked = np.take_along_axis(x, np.expand_dims(at, axis), axis).squeeze(axis)
    each = np.where(counts, -picked * share, 0).astype(x.dtype)
    if reduction == "none":
        return by_rows(each)
    total = sum_all(each)
    return total if reduction == "sum" else np.asarray(total / share.sum(dtype=x.dtype))


def _image(
    x: Array, target: Array, weight: Array, *, shape: Shape, reduction: str, ignore: int
) -> Array:
    out = np.zeros(shape, x.dtype)
    if _all_count(shape, target, weight, ignore):
        out[_rows(shape[0]), target] = -x / x.dtype.type(shape[0]) if reduction == "mean" else -x
        return out
    axis = _class_axis(shape)
    counts, at, share = _inspected(target, weight, shape[axis], ignore)
    each = -x * share
    if reduction == "mean":
        each = np.where(counts, each / share.sum(dtype=x.dtype), 0)
    each = np.expand_dims(each.astype(x.dtype), axis)
    np.put_along_axis(out, np.expand_dims(at, axis), each, axis)
    return out


nll = composite(
    "nll", _nll_definition, _nll,
    [lambda ct, target, weight, x_shape, reduction, ignore:
        nll_image(ct, target, weight, shape=x_shape, reduction=reduction, ignore=ignore), None, None],
    backward_name="NllLossBackward0",
    spoken="cross_entropy or nll_loss",
)  # fmt: skip
NLL: dict[bool, Primitive] = {
    False: nll,
    True: nll.named("nll2d", "NllLoss2DBackward0", spoken="cross_entropy or nll_loss"),
}
"""By whether there is an image of targets for each example."""

nll_image = composite(
    "nll_image", _image_definition, _image,
    [lambda ct, target, weight, reduction, ignore:
        nll(ct, target, weight, reduction=reduction, ignore=ignore), None, None],
    backward_name="NllLossBackwardBackward0",
    outline=lambda x, *others, shape, **p: hollow(shape, x.dtype),
    spoken="backward of nll_loss",
)  # fmt: skip
"""The transpose of `nll`: cotangents of the losses put to where the targets point."""


def _known_classes(x: Array, *, classes: int, lowest: int) -> Array:
    if x.size and not lowest <= x.min() <= x.max() < classes:
        op, ends = ("multilabel", ", and -1 ends a row") if lowest < 0 else ("multi", "")
        raise RuntimeError(
            f"{op}_margin_loss: a target is out of range: there are {classes} classes, numbered from 0{ends}, and the "
            f"targets go from {x.min()} to {x.max()}."
        )
    return x


known_classes = constant("known_classes", _known_classes, operands=1)
"""Class numbers as they are, or -1 where that is ``lowest``; RuntimeError where one is none."""

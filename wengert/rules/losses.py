"""Rows of losses: how far outputs are from targets, element by element, and all at once as one node."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import Primitive, composite, constant, elementwise
from wengert.rules.activation import hardtanh, log_sigmoid
from wengert.rules.blocks import widened
from wengert.rules.elementary import log1p
from wengert.rules.elementwise import log, relu, sigmoid, sign
from wengert.rules.reduction import mean
from wengert.rules.structural import sum


def _signed(fn: Callable[..., Any], *names: str) -> Callable[..., Any]:
    """Give a function the parameters that the constructors of rows are to read."""
    free = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature([inspect.Parameter(n, free) for n in names])
    setattr(fn, "__signature__", signature)  # noqa: B010
    return fn


def _total(each: Primitive, reduction: Primitive) -> Primitive:
    """Declare the mean or the sum of an elementwise row as one node, with the rules of the row.

    The first operand has the shape of the result, and the others broadcast to it. The row's rules read ``x`` and
    not ``out``.
    """
    assert each.operands is not None

    def definition(*operands: Any, **params: Any) -> Any:
        made = each(*operands, **params)
        return reduction(made, axis=tuple(range(len(made.shape))), keepdim=False)

    def kernel(*operands: Any, **params: Any) -> Any:
        made = np.asarray(each.forward(*operands, **params))
        return reduction.forward(made, axis=tuple(range(made.ndim)), keepdim=False)

    def of_mean(rule: Any) -> Callable[..., Any]:
        at = rule.names.index("x")

        def vjp(ct: Any, *kept: Any) -> Any:
            return rule.fn(ct * (1.0 / max(1, math.prod(kept[at].shape))), *kept)

        return _signed(vjp, "ct", *rule.names)

    present = [rule for rule in each.rules if rule]
    rules = [of_mean(rule) if reduction is mean else rule.fn for rule in present]
    return composite(
        f"{each.name.removesuffix('_each')}_{reduction.name}",
        _signed(definition, *each.operands), kernel, rules, backward_name=each.backward_name,
        spoken=each.spoken,
    )  # fmt: skip


def _reductions(each: Primitive) -> dict[str, Primitive]:
    return {"none": each, "mean": _total(each, mean), "sum": _total(each, sum)}


l1_each = elementwise(
    "l1_each", lambda x, y: np.absolute(x - y),
    lambda t, x, y: t * sign(x - y), lambda t, x, y: t * sign(y - x), backward_name="AbsBackward0",
    spoken="l1_loss",
)  # fmt: skip


def _huber(x: Array, y: Array, *, delta: float) -> Array:
    apart = np.absolute(x - y)
    within = np.minimum(apart, x.dtype.type(delta))
    return within * (apart - within * x.dtype.type(0.5))  # type: ignore[no-any-return]


def _pulled(x: Any, y: Any, limit: float) -> Any:
    return hardtanh(x - y, low=-limit, high=limit)


huber = _reductions(
    elementwise(
        "huber_each", _huber,
        lambda t, x, y, delta: t * _pulled(x, y, delta),
        lambda t, x, y, delta: t * _pulled(y, x, delta), backward_name="HuberLossBackward0",
        spoken="huber_loss",
    )
)  # fmt: skip
"""``d ** 2 / 2`` for differences d up to ``delta``, ``delta * (|d| - delta / 2)`` beyond."""

smooth_l1 = _reductions(
    elementwise(
        "smooth_l1_each", lambda x, y, beta: _huber(x, y, delta=beta) / x.dtype.type(beta),
        lambda t, x, y, beta: t * (_pulled(x, y, beta) / beta),
        lambda t, x, y, beta: t * (_pulled(y, x, beta) / beta),
        backward_name="SmoothL1LossBackward0",
        spoken="smooth_l1_loss",
    )
)  # fmt: skip
"""The same divided by its bound ``beta``."""


def _bce(x: Array, y: Array, z: Array) -> Array:
    if not ((x >= 0) & (x <= 1)).all():
        raise RuntimeError(
            "binary_cross_entropy: all elements of input should be between 0 and 1. Use "
            "`binary_cross_entropy_with_logits` on what goes into the sigmoid."
        )
    if not ((y >= 0) & (y <= 1)).all():
        raise RuntimeError(
            "binary_cross_entropy: all elements of target should be between 0 and 1: they are probabilities."
        )
    floor = x.dtype.type(-100)
    misses = (y - 1) * np.maximum(np.log1p(-x), floor)
    misses -= y * np.maximum(np.log(x), floor)
    return misses * z  # type: ignore[no-any-return]


def _floored(x: Any) -> Any:
    """Return ``max(x, -100)``."""
    return relu(x + 100.0) - 100.0


def _bce_slope(t: Any, x: Any, y: Any, z: Any) -> Any:
    spread = x * (1.0 - x)
    return t * ((x - y) * z / (spread + relu(1e-12 - spread)))


bce = _reductions(
    elementwise(
        "bce_each", _bce, _bce_slope,
        lambda t, x, z: t * ((_floored(log1p(-x)) - _floored(log(x))) * z),
        lambda t, x, y: t * ((y - 1.0) * _floored(log1p(-x)) - y * _floored(log(x))),
        backward_name="BinaryCrossEntropyBackward0", domain=(0.05, 0.95),
        spoken="binary_cross_entropy",
    )
)  # fmt: skip
"""``-z (y log x + (1 - y) log(1 - x))``, with logarithms not below -100."""


@widened
def _bce_logits(x: Array, y: Array, z: Array, w: Array) -> Array:
    hit = log_sigmoid.forward(x)
    return ((1 - y) * x - w * hit) * z  # type: ignore[no-any-return]


bce_logits = _reductions(
    elementwise(
        "bce_logits_each", _bce_logits,
        lambda t, x, y, z, w: t * (((1.0 - y) - w * sigmoid(-x)) * z),
        lambda t, x, z: -t * (x * z),
        lambda t, x, y, w: t * ((1.0 - y) * x - w * log_sigmoid(x)),
        lambda t, x, z: -t * (log_sigmoid(x) * z),
        backward_name="BinaryCrossEntropyWithLogitsBackward0",
        spoken="binary_cross_entropy_with_logits",
    )
)  # fmt: skip
"""``z ((1 - y) x - w log(sigmoid(x)))``."""


@widened
def _soft_margin(x: Array, y: Array) -> Array:
    return np.negative(log_sigmoid.forward(x * y))


soft_margin = _reductions(
    elementwise(
        "soft_margin_each", _soft_margin,
        lambda t, x, y: -t * (y * sigmoid(-(x * y))), lambda t, x, y: -t * (x * sigmoid(-(x * y))),
        backward_name="SoftMarginLossBackward0",
        spoken="soft_margin_loss",
    )
)  # fmt: skip
"""``log(1 + exp(-x y))``."""


def _no_negative(x: Array) -> Array:
    if (x < 0).any():
        raise ValueError("gaussian_nll_loss: var has negative entry/entries")
    return x


no_negative = constant("no_negative", _no_negative, operands=1)
"""Variances as they are; ValueError where one is negative."""

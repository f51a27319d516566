"""Rows of attention: scores of queries against keys, their softmax under a bias, and the mean of values by weight."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import composite, linear
from wengert.core.strides import by_rows
from wengert.rules.blocks import widened
from wengert.rules.composite import softmax
from wengert.rules.contraction import matmul, matmul_batch
from wengert.rules.elementwise import keep_where
from wengert.rules.structural import any_, sum, transpose


def _turned(x: Any) -> Any:
    rank = len(x.shape)
    return transpose(x, dim0=rank - 2, dim1=rank - 1)


@widened
def _scores(x: Array, y: Array, *, scale: float) -> Array:
    return by_rows(np.matmul(x * x.dtype.type(scale), y.swapaxes(-1, -2)))


scores = composite(
    "scores", lambda x, y, *, scale: matmul(x * scale, _turned(y)), _scores,
    [lambda ct, y, scale: matmul(ct, y) * scale, lambda ct, x, scale: matmul(_turned(ct), x) * scale],
    backward_name="UnsafeViewBackward0",
    spoken="scaled_dot_product_attention",
)  # fmt: skip
"""``scale * x @ y.mT``: queries ``(..., l, e)`` and keys ``(..., s, e)`` to ``(..., l, s)``."""


def _weights_definition(x: Any, bias: Any) -> Any:
    biased = x + bias
    last = len(biased.shape) - 1
    seen = any_(biased != -math.inf, axis=(last,), keepdim=True)
    return keep_where(softmax(biased, dim=last), seen)


def _weights(x: Array, bias: Array) -> Array:
    out = x + bias
    top = np.maximum.reduce(out, axis=-1, keepdims=True)
    top[top == -np.inf] = 0
    out -= top
    np.exp(out, out=out)
    total = np.add.reduce(out, axis=-1, keepdims=True)
    total[total == 0] = 1
    out /= total
    return out


def _weights_vjp(ct: Any, out: Any) -> Any:
    return out * (ct - sum(ct * out, axis=(len(out.shape) - 1,), keepdim=True))


attention_weights = composite(
    "attention_weights", _weights_definition, _weights, [_weights_vjp, _weights_vjp],
    backward_name="SafeSoftmaxBackward0",
    spoken="scaled_dot_product_attention",
)  # fmt: skip
"""The softmax of ``x + bias`` along the last axis; 0 for a query that may see no key."""


def _attend(x: Array, y: Array, *, by_time: bool) -> Array:
    out: Array = matmul.forward(x, y)
    return by_rows(out.swapaxes(1, 2)).swapaxes(1, 2) if by_time else out


attend = linear(
    "attend", _attend,
    [lambda ct, y: matmul(ct, _turned(y)), lambda ct, x: matmul(_turned(x), ct)], joint=False,
    batch=lambda size, mapped, p, x, y: matmul_batch(size, mapped, p, x, y),
    backward_name="ScaledDotProductFlashAttentionForCpuBackward0",
    spoken="scaled_dot_product_attention",
)  # fmt: skip
attend_each = matmul.named(
    "attend_each", "UnsafeViewBackward0", spoken="scaled_dot_product_attention"
)
"""The weighted means of values, under the names that PyTorch's nodes have with a batch of heads and without.

With ``by_time`` all heads of one time lie together in memory, as they do where queries were one matrix.
"""

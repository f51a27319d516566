"""Attention of queries to keys: `scaled_dot_product_attention`.

Source: Vaswani and others, Attention is all you need, 2017.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.shapes import broadcasts_to
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.nn.functional.dropout import dropout
from wengert.rules import attention as rows
from wengert.rules import composite, structural
from wengert.tape.storage import Recorded
from wengert.tensor import comparison
from wengert.tensor.apply import undefined
from wengert.tensor.layout import layout
from wengert.tensor.numbers import double_of, require_flags
from wengert.tensor.promotion import cast_to, constant, dtype_of, own_array, require_tensor

__all__ = ["scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0, is_causal: bool = False, *,
    scale: Any = None, enable_gqa: bool = False,
) -> Any:  # fmt: skip
    """Return ``softmax(scale * query @ key.mT + bias) @ value``.

    Of queries ``(..., l, e)``, keys ``(..., s, e)`` and values ``(..., s, v)`` it makes ``(..., l, v)``.

    ``scale`` is ``1 / sqrt(e)`` unless given. ``attn_mask`` is the bias, or is true where a query may see a key, and
    broadcasts to ``(..., l, s)``; ``is_causal`` lets query i see the keys up to i. A query that may see none gives 0.
    ``dropout_p`` drops weights always: pass 0 in evaluation. ``enable_gqa`` lets several heads of queries share one of
    keys and values. RuntimeError where shapes or dtypes do not fit, and for both kinds of mask at once.

    >>> import wengert as torch
    >>> x = torch.eye(2)
    >>> torch.nn.functional.scaled_dot_product_attention(x, x, x, is_causal=True)
    tensor([[1.0000, 0.0000],
            [0.3302, 0.6698]])
    """
    op = "scaled_dot_product_attention"
    if isinstance(is_causal, Recorded):
        raise TypeError(
            f"{op}(): argument 'is_causal' must be bool, not Tensor. A mask is `attn_mask=`."
        )
    require_flags(op, is_causal=is_causal, enable_gqa=enable_gqa)
    dropout_p = double_of(op, "dropout_p", dropout_p)
    if not 0.0 <= dropout_p <= 1.0:
        raise RuntimeError(
            f"{op}: dropout probability has to be between 0 and 1, but got dropout_p={dropout_p}."
        )
    if scale is not None:
        scale = double_of(op, "scale", scale)
    for x, name in ((query, "query"), (key, "key"), (value, "value")):
        require_tensor(op, x, name)
        if x.ndim < 2:
            raise ShapeError(
                f"{op}: Expected query, key, and value to all be at least 2 dimensional, but got {name} of shape "
                f"{shape_text(x.shape)}."
            )
        if dtype_of(x) != dtype_of(query):
            raise DTypeError(
                f"{op}: Expected query, key, and value to have the same dtype, but got query.dtype: {query.dtype} and "
                f"{name}.dtype: {x.dtype}."
            )
    if dtypes.kind(dtype_of(query)) != "f":
        raise undefined(op, dtype_of(query))
    if is_causal and attn_mask is not None:
        raise RuntimeError(f"{op}: Explicit attn_mask should not be set when is_causal=True.")
    if enable_gqa:
        key, value = (_for_heads(op, x, query.shape[-3]) for x in (key, value))
    _require_fit(op, query, key, value)
    factor = 1 / math.sqrt(max(query.shape[-1], 1)) if scale is None else float(scale)
    raw = rows.scores(query, key, scale=factor)
    bias = _bias(op, attn_mask, raw) if attn_mask is not None else None
    if is_causal:
        bias = causal_bias(raw.shape[-2], raw.shape[-1], dtype_of(raw))
    if bias is None:
        weights = composite.softmax(raw, dim=raw.ndim - 1)
    else:
        weights = rows.attention_weights(raw, bias)
    if dropout_p:
        weights = dropout(weights, dropout_p)
    if query.ndim != 4 or dropout_p:
        return rows.attend_each(weights, value)
    lies = layout(query)
    by_time = lies.swapaxes(1, 2).flags.c_contiguous and not lies.flags.c_contiguous
    return rows.attend(weights, value, by_time=by_time)


def _require_fit(op: str, query: Any, key: Any, value: Any) -> None:
    shapes = [tuple(x.shape) for x in (query, key, value)]
    try:
        np.broadcast_shapes(*(s[:-2] for s in shapes))
        fits = shapes[0][-1] == shapes[1][-1] and shapes[1][-2] == shapes[2][-2]
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"{op}: query {shape_text(shapes[0])}, key {shape_text(shapes[1])} and value {shape_text(shapes[2])} do "
            f"not fit: they are (..., l, e), (..., s, e) and (..., s, v), and the dimensions before broadcast."
        )


def _for_heads(op: str, x: Any, heads: int) -> Any:
    """Repeat each head of keys or values for the heads of queries that share it."""
    if x.ndim < 3 or not x.shape[-3] or heads % x.shape[-3]:
        raise ShapeError(
            f"{op}: with enable_gqa the number of heads of key and value must divide that of query, {heads}, and the "
            f"shape is {shape_text(x.shape)}."
        )
    shape = tuple(x.shape)
    each = heads // shape[-3]
    if each == 1:
        return x
    apart = structural.unsqueeze(x, dim=x.ndim - 2)
    spread = structural.broadcast_to(apart, shape=(*shape[:-2], each, *shape[-2:]))
    return structural.reshape(spread, shape=(*shape[:-3], heads, *shape[-2:]))


def _bias(op: str, mask: Any, like: Any) -> Any:
    """Return a mask as what is added to the scores."""
    require_tensor(op, mask, "attn_mask")
    shape, scores = tuple(mask.shape), tuple(like.shape)
    if not broadcasts_to(shape, scores):
        turned = ""
        if len(shape) > 1 and shape[-2:] == scores[:-3:-1]:
            turned = " Use `attn_mask.mT` if it was made as (keys, queries)."
        raise ShapeError(
            f"{op}: attn_mask of shape {shape_text(shape)} does not broadcast to the scores {shape_text(scores)}, "
            f"(..., queries, keys). The size of tensor a must match the size of tensor b.{turned}"
        )
    dtype = dtype_of(like)
    if dtype_of(mask).kind == "b":
        return comparison.where(mask, constant(0.0, dtype), constant(-math.inf, dtype))
    if dtype_of(mask) != dtype and dtype_of(mask).name != "float32":
        raise DTypeError(
            f"{op}: Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
            f"{mask.dtype} and query.dtype: {like.dtype}. Use `attn_mask.to({like.dtype})`, or "
            f"`attn_mask.bool()` where what is not 0 may be seen."
        )
    return cast_to(mask, dtype)


def causal_bias(queries: int, keys: int, dtype: np.dtype[Any]) -> Any:
    """Return what hides the keys after the i-th from query i, ``(queries, keys)``."""
    return own_array(_causal(queries, keys, dtype))


@functools.lru_cache(maxsize=32)
def _causal(queries: int, keys: int, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    made = np.triu(np.full((queries, keys), -np.inf, dtype), 1)
    made.flags.writeable = False
    return made

"""Attention: what `nn.functional` offers of it.

Source: Vaswani and others, Attention is all you need, 2017.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.nn.functional.affine import linear
from wengert.nn.functional.dropout import dropout
from wengert.rules import attention as rows
from wengert.rules import composite, structural
from wengert.tape.storage import handle
from wengert.tensor import comparison, joining, reductions, views
from wengert.tensor.apply import require_broadcast, undefined
from wengert.tensor.layout import layout
from wengert.tensor.promotion import cast_to, constant, dtype_of, require_tensor

__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0, is_causal: bool = False,
    scale: Any = None, enable_gqa: bool = False,
) -> Any:  # fmt: skip
    """Return ``softmax(scale * query @ key.mT + bias) @ value``.

    Of queries ``(..., l, e)``, keys ``(..., s, e)`` and values ``(..., s, v)`` it makes ``(..., l, v)``.

    ``scale`` is ``1 / sqrt(e)`` unless given. ``attn_mask`` is the bias, or is true where a query may see a key;
    ``is_causal`` lets query i see the keys up to i. A query that may see none gives 0. ``dropout_p`` drops weights
    always: pass 0 in evaluation. ``enable_gqa`` lets several heads of queries share one of keys and values.
    RuntimeError where shapes or dtypes do not fit, and for both kinds of mask at once.
    """
    op = "scaled_dot_product_attention"
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
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else float(scale)
    raw = rows.scores(query, key, scale=factor)
    bias = _bias(op, attn_mask, raw) if attn_mask is not None else None
    if is_causal:
        bias = handle(_causal(raw.shape[-2], raw.shape[-1], dtype_of(raw)))
    if bias is None:
        weights = composite.softmax(raw, dim=raw.ndim - 1)
    else:
        require_broadcast(op, raw, bias)
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
    dtype = dtype_of(like)
    if dtype_of(mask).kind == "b":
        return comparison.where(mask, constant(0.0, dtype), constant(-math.inf, dtype))
    if dtype_of(mask) != dtype:
        raise DTypeError(
            f"{op}: Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
            f"{mask.dtype} and query.dtype: {like.dtype}."
        )
    return mask


@functools.lru_cache(maxsize=32)
def _causal(queries: int, keys: int, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    made = np.triu(np.full((queries, keys), -np.inf, dtype), 1)
    made.flags.writeable = False
    return made


def multi_head_attention_forward(
    query: Any, key: Any, value: Any, embed_dim_to_check: int, num_heads: int, in_proj_weight: Any, in_proj_bias: Any,
    bias_k: Any, bias_v: Any, add_zero_attn: bool, dropout_p: float, out_proj_weight: Any, out_proj_bias: Any,
    training: bool = True, key_padding_mask: Any = None, need_weights: bool = True, attn_mask: Any = None,
    use_separate_proj_weight: bool = False, q_proj_weight: Any = None, k_proj_weight: Any = None,
    v_proj_weight: Any = None, static_k: Any = None, static_v: Any = None, average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """Return attention by several heads, each on its part of the projected features, and the weights of the keys.

    ``query (l, n, e)``, ``key (s, n, k)`` and ``value (s, n, v)``, or without the batch n, give ``(l, n, e)`` and,
    with ``need_weights``, weights ``(n, l, s)``, or ``(n, heads, l, s)`` unless ``average_attn_weights``. Masks are
    true where a key must *not* be seen, or are added: ``key_padding_mask (n, s)``, ``attn_mask (l, s)`` or
    ``(n heads, l, s)``.
    RuntimeError or AssertionError where shapes do not fit.
    """
    op = "multi_head_attention_forward"
    single = query.ndim == 2
    if query.ndim not in (2, 3) or not key.ndim == value.ndim == query.ndim:
        raise AssertionError(
            f"{op}: query should be unbatched 2D or batched 3D tensor like key and value, but received "
            f"{query.ndim}-D, {key.ndim}-D and {value.ndim}-D tensors."
        )
    if single:
        query, key, value = (views.unsqueeze(x, 1) for x in (query, key, value))
        key_padding_mask = (
            None if key_padding_mask is None else views.unsqueeze(key_padding_mask, 0)
        )
    length, batch, width = query.shape
    if width != embed_dim_to_check or width % num_heads:
        raise AssertionError(
            f"{op}: was expecting embedding dimension of {embed_dim_to_check}, divisible by num_heads {num_heads}, but "
            f"got {width}."
        )
    if is_causal and attn_mask is None:
        raise RuntimeError(f"{op}: Need attn_mask if specifying the is_causal hint.")
    weights = (
        (q_proj_weight, k_proj_weight, v_proj_weight)
        if use_separate_proj_weight
        else _thirds(in_proj_weight)
    )
    biases = (None, None, None) if in_proj_bias is None else _thirds(in_proj_bias)
    q, k, v = (
        linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True)
    )
    if bias_k is not None:
        k = joining.cat([k, bias_k.repeat(1, batch, 1)])
        v = joining.cat([v, bias_v.repeat(1, batch, 1)])
    q, k, v = (_to_heads(x, num_heads) for x in (q, k, v))
    k, v = (
        x if given is None else _given_heads(given, batch)
        for x, given in ((k, static_k), (v, static_v))
    )
    added = int(bias_k is not None)
    if add_zero_attn:
        k, v = (joining.cat([x, x.new_zeros((*x.shape[:2], 1, x.shape[3]))], 2) for x in (k, v))
        added += 1
    bias = _joint_bias(attn_mask, key_padding_mask, batch, num_heads, added, dtype_of(q))
    p = dropout_p if training else 0.0
    raw = rows.scores(q, k, scale=1 / math.sqrt(width // num_heads))
    made = composite.softmax(raw, dim=3) if bias is None else rows.attention_weights(raw, bias)
    seen = dropout(made, p) if p else made
    heads = views.permute(rows.attend(seen, v, by_time=False), (2, 0, 1, 3))
    out = linear(views.reshape(heads, (length, batch, width)), out_proj_weight, out_proj_bias)
    if single:
        out = views.squeeze(out, 1)
    if not need_weights:
        return out, None
    shown = reductions.mean(seen, 1) if average_attn_weights else seen
    return out, views.squeeze(shown, 0) if single else shown


def _thirds(x: Any) -> tuple[Any, Any, Any]:
    third = x.shape[0] // 3
    return x[:third], x[third : 2 * third], x[2 * third :]


def _to_heads(x: Any, heads: int) -> Any:
    """Cut features into heads: ``(s, n, e) -> (n, heads, s, e / heads)``."""
    length, batch, width = x.shape
    apart = views.reshape(x, (length, batch, heads, width // heads))
    return views.permute(apart, (1, 2, 0, 3))


def _given_heads(x: Any, batch: int) -> Any:
    """Return keys or values given as ``(n heads, s, e)`` by example and head."""
    return views.reshape(x, (batch, x.shape[0] // batch, *x.shape[1:]))


def _joint_bias(
    attn_mask: Any, padding: Any, batch: int, heads: int, added: int, dtype: np.dtype[Any]
) -> Any:
    """Return both masks as one bias ``(n or 1, heads or 1, l or 1, s)``; keys that were added are seen."""
    bias = None
    if attn_mask is not None:
        bias = _hidden(attn_mask, dtype)
        if bias.ndim == 3:
            bias = views.reshape(bias, (batch, heads, *bias.shape[1:]))
        else:
            bias = bias[None, None]
    if padding is not None:
        hidden = _hidden(padding, dtype)[:, None, None]
        bias = hidden if bias is None else bias + hidden
    if bias is not None and added:
        bias = joining.cat([bias, bias.new_zeros((*bias.shape[:3], added))], 3)
    return bias


def _hidden(mask: Any, dtype: np.dtype[Any]) -> Any:
    """Return a mask that is true where nothing is to be seen, or a bias, as a bias."""
    if dtype_of(mask).kind == "b":
        return comparison.where(mask, constant(-math.inf, dtype), constant(0.0, dtype))
    return cast_to(mask, dtype)

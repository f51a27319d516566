"""Attention by several heads over projected features: what `nn.functional` offers of it.

Source: Vaswani and others, Attention is all you need, 2017.
"""

from __future__ import annotations

import math
from typing import Any

from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.nn.functional import masks
from wengert.nn.functional.affine import linear
from wengert.nn.functional.attention import causal_bias
from wengert.nn.functional.dropout import dropout
from wengert.rules import attention as rows
from wengert.rules import composite
from wengert.tensor import joining, reductions, views
from wengert.tensor.promotion import cast_to, dtype_of, require_tensor

__all__ = ["multi_head_attention_forward"]

OP = "multi_head_attention_forward"


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
    ``(n heads, l, s)``. A query that may see no key gives NaN with ``need_weights``, and 0 without.
    ``is_causal`` says that ``attn_mask`` is the causal one: without ``need_weights`` and ``key_padding_mask`` that is
    taken as said, and the mask not looked at.
    AssertionError or RuntimeError where a rank, a shape or a dtype does not fit.

    >>> import wengert as torch
    >>> x, eye = torch.ones(3, 2), torch.eye(2)
    >>> out, weights = torch.nn.functional.multi_head_attention_forward(
    ...     x, x, x, 2, 1, torch.cat([eye, eye, eye]), None, None, None, False, 0.0, eye, None,
    ...     attn_mask=torch.ones(3, 3).triu(1).bool(),
    ... )
    >>> weights[1]
    tensor([0.5000, 0.5000, 0.0000])
    """
    extent = _required(query, key, value, num_heads, static_k is None)
    if attn_mask is not None:
        extent.require_mask_rank(OP, attn_mask)
    extra = (bias_k is not None) + bool(add_zero_attn)
    single = not extent.batched
    if single:
        query, key, value = (views.unsqueeze(x, 1) for x in (query, key, value))
    length, batch, width = query.shape
    padding = masks.bias(OP, key_padding_mask, masks.PADDING, query, attn_mask, masks.MASK)
    mask = masks.bias(OP, attn_mask, masks.MASK, query)
    if is_causal and attn_mask is None:
        raise RuntimeError(
            f"{OP}: Need attn_mask if specifying the is_causal hint. Pass `nn.Transformer."
            f"generate_square_subsequent_mask({length})` as attn_mask."
        )
    if width != embed_dim_to_check or width % num_heads:
        raise AssertionError(
            f"{OP}: was expecting embedding dimension of {embed_dim_to_check}, divisible by num_heads {num_heads}, but "
            f"got {width} as the last dimension of query."
        )
    _require_alike(key, value, use_separate_proj_weight)
    weights = (
        _separate(q_proj_weight, k_proj_weight, v_proj_weight, width, key, value)
        if use_separate_proj_weight
        else _packed(in_proj_weight)
    )
    _require_added(bias_k, bias_v, static_k, static_v)
    biases = (None, None, None) if in_proj_bias is None else _thirds(in_proj_bias)
    q, k, v = (
        linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True)
    )
    if bias_k is not None:
        k = joining.cat([k, bias_k.repeat(1, batch, 1)])
        v = joining.cat([v, bias_v.repeat(1, batch, 1)])
    q, k, v = (_to_heads(x, num_heads) for x in (q, k, v))
    k, v = (
        x if given is None else _given_heads(given, name, batch, num_heads, width // num_heads)
        for x, given, name in ((k, static_k, "static_k"), (v, static_v, "static_v"))
    )
    if add_zero_attn:
        k, v = (joining.cat([x, x.new_zeros((*x.shape[:2], 1, x.shape[3]))], 2) for x in (k, v))
    keys = k.shape[2]
    if keys != v.shape[2]:
        raise ShapeError(
            f"{OP}: there are {keys} keys and {v.shape[2]} values. Pass static_k and static_v of one length, or both."
        )
    if is_causal and padding is None and not need_weights:
        bias = causal_bias(length, keys, dtype_of(q))
    else:
        extent = masks.Extent(length, keys - extra, batch, num_heads, not single)
        extent.require_mask(OP, mask)
        extent.require_padding(OP, padding)
        bias = _joint(mask, padding, extent, extra)
        if bias is not None:
            bias = _of_scores(bias, mask, padding, q, need_weights)
    p = dropout_p if training else 0.0
    if not 0.0 <= p <= 1.0:
        kind = ValueError if need_weights else RuntimeError
        raise kind(f"{OP}: dropout probability has to be between 0 and 1, but got dropout_p={p}.")
    raw = rows.scores(q, k, scale=1 / math.sqrt(width // num_heads) if width else 1.0)
    if bias is None or need_weights:
        made = composite.softmax(raw if bias is None else raw + bias, dim=3)
    else:
        made = rows.attention_weights(raw, bias)
    seen = dropout(made, p) if p else made
    heads = views.permute(rows.attend(seen, v, by_time=False), (2, 0, 1, 3))
    out = linear(views.reshape(heads, (length, batch, width)), out_proj_weight, out_proj_bias)
    if single:
        out = views.squeeze(out, 1)
    if not need_weights:
        return out, None
    shown = reductions.mean(seen, 1) if average_attn_weights else seen
    return out, views.squeeze(shown, 0) if single else shown


def _required(query: Any, key: Any, value: Any, heads: int, keys_matter: bool) -> masks.Extent:
    """Refuse what are no queries, keys and values of one rank and batch; return how many there are."""
    for x, name in ((query, "query"), (key, "key"), (value, "value")):
        require_tensor(OP, x, name)
    ranks = [x.ndim for x in (query, key, value)]
    shapes = " and ".join(shape_text(x.shape) for x in (key, value))
    if ranks[0] not in (2, 3):
        raise AssertionError(
            f"{OP}: query should be unbatched 2D or batched 3D tensor but received {ranks[0]}-D query tensor, of shape "
            f"{shape_text(query.shape)}."
        )
    if ranks[1:] != [ranks[0]] * 2:
        kind, other = (
            ("batched (3-D)", "unsqueeze") if ranks[0] == 3 else ("unbatched (2-D)", "squeeze")
        )
        raise AssertionError(
            f"{OP}: For {kind} `query`, expected `key` and `value` to be {ranks[0]}-D but found {ranks[1]}-D and "
            f"{ranks[2]}-D tensors respectively, of shapes {shapes}. Use `{other}` on the batch dimension."
        )
    extent = masks.Extent.of(query, key, heads, False)
    assert extent is not None
    if extent.batched and keys_matter and tuple(key.shape[1:2]) != (extent.batch,):
        if tuple(key.shape[:2]) == tuple(value.shape[:2]):
            raise ShapeError(
                f"{OP}: query has a batch of {extent.batch} and key a batch of {key.shape[1]}, which do not broadcast. "
                f"query is (l, n, e) and key (s, n, k), with `batch_first=True` in a module (n, l, e) and (n, s, k). "
                f"Use `key.expand(...)` if all examples share one memory."
            )
    return extent


def _require_alike(key: Any, value: Any, apart: bool) -> None:
    """Refuse keys and values of other lengths, batches or, unless they are projected apart, features."""
    given, other = tuple(key.shape), tuple(value.shape)
    if apart and given[:2] != other[:2]:
        raise AssertionError(
            f"{OP}: key's sequence and batch dims {shape_text(given[:2])} do not match value's "
            f"{shape_text(other[:2])}: there is one value for each key."
        )
    if not apart and given != other:
        raise AssertionError(
            f"{OP}: key shape {shape_text(given)} does not match value shape {shape_text(other)}. Keys and values of "
            f"different features want `kdim` and `vdim`."
        )


def _packed(weight: Any) -> tuple[Any, Any, Any]:
    if weight is None:
        raise AssertionError(f"{OP}: use_separate_proj_weight is False but in_proj_weight is None.")
    return _thirds(weight)


def _thirds(x: Any) -> tuple[Any, Any, Any]:
    third = x.shape[0] // 3
    return x[:third], x[third : 2 * third], x[2 * third :]


def _separate(q: Any, k: Any, v: Any, width: int, key: Any, value: Any) -> tuple[Any, Any, Any]:
    """Return the three weights, each ``(e, features of what it projects)``."""
    for weight, name in ((q, "q"), (k, "k"), (v, "v")):
        if weight is None:
            raise AssertionError(
                f"{OP}: use_separate_proj_weight is True but {name}_proj_weight is None."
            )
        require_tensor(OP, weight, f"{name}_proj_weight")
    wants = (("query", q, width), ("key", k, key.shape[2]), ("value", v, value.shape[2]))
    for name, weight, features in wants:
        if tuple(weight.shape) != (width, features):
            raise AssertionError(
                f"{OP}: expecting {name} weights shape of {(width, features)}, but got {shape_text(weight.shape)}: "
                f"{name} has {features} features. In a module `kdim` and `vdim` say how many."
            )
    return q, k, v


def _require_added(bias_k: Any, bias_v: Any, static_k: Any, static_v: Any) -> None:
    """Refuse an added key without its value, and one beside keys or values that are given as they are."""
    for given, name, lacking, other in (
        (bias_k, "bias_k", bias_v, "bias_v"),
        (bias_v, "bias_v", bias_k, "bias_k"),
    ):
        if given is not None and lacking is None:
            raise AssertionError(f"{OP}: {name} is set but {other} is None. Pass both, or neither.")
    for given, name in ((static_k, "key"), (static_v, "value")):
        if bias_k is not None and given is not None:
            raise AssertionError(f"{OP}: bias cannot be added to static {name}.")


def _to_heads(x: Any, heads: int) -> Any:
    """Cut features into heads: ``(s, n, e) -> (n, heads, s, e / heads)``."""
    length, batch, width = x.shape
    apart = views.reshape(x, (length, batch, heads, width // heads))
    return views.permute(apart, (1, 2, 0, 3))


def _given_heads(x: Any, name: str, batch: int, heads: int, width: int) -> Any:
    """Return keys or values given as ``(n heads, s, e)`` by example and head."""
    require_tensor(OP, x, name)
    expected = f"{name} is (batch heads, keys, features of a head)"
    for dim, size in ((0, batch * heads), (2, width)):
        if x.ndim != 3 or x.shape[dim] != size:
            found = x.shape[dim] if x.ndim > dim else "none"
            raise AssertionError(
                f"{OP}: expecting {name}.size({dim}) of {size}, but got {found}, of shape {shape_text(x.shape)}. "
                f"{expected}."
            )
    return views.reshape(x, (batch, heads, *x.shape[1:]))


def _joint(mask: Any, padding: Any, extent: masks.Extent, extra: int) -> Any:
    """Return both masks as one bias ``(n or 1, heads or 1, l or 1, s)``; keys that were added are seen."""
    bias = mask
    if mask is not None and mask.ndim == 3:
        bias = views.reshape(mask, (extent.batch, extent.heads, *mask.shape[1:]))
    elif mask is not None:
        bias = mask[None, None]
    if padding is not None:
        hidden = padding[:, None, None] if extent.batched else padding[None, None, None]
        bias = hidden if bias is None else bias + hidden
    if bias is not None and extra:
        bias = joining.cat([bias, bias.new_zeros((*bias.shape[:3], extra))], 3)
    return bias


def _of_scores(bias: Any, mask: Any, padding: Any, q: Any, need_weights: bool) -> Any:
    """Return the bias in the dtype of the scores; RuntimeError for one that PyTorch would not add to them."""
    dtype = dtype_of(q)
    found = dtype_of(bias)
    if found != dtype and (need_weights or found.name != "float32"):
        at_fault = mask is not None and dtype_of(mask) == found
        given, name = (mask, masks.MASK) if at_fault else (padding, masks.PADDING)
        raise DTypeError(
            f"{OP}: Expected {name} dtype to be bool or to match query dtype, but got {name}.dtype: {given.dtype} and "
            f"query.dtype: {q.dtype}. Use `{name}.to({q.dtype})`."
        )
    return cast_to(bias, dtype)

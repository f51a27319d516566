"""`MultiheadAttention`: a weighted mean of values, by how well keys match queries, in several heads."""

from __future__ import annotations

from typing import Any

from wengert.nn import functional, init
from wengert.nn.layers.linear import NonDynamicallyQuantizableLinear
from wengert.nn.module import Module
from wengert.nn.parameter import unset

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    """``softmax(q k.T / sqrt(d)) v`` in ``num_heads`` heads of ``embed_dim / num_heads`` features each.

    Queries ``(l, n, embed_dim)``, keys ``(s, n, kdim)`` and values ``(s, n, vdim)`` are projected first; with
    ``batch_first`` they are ``(n, l, ...)``; without the batch dimension ``(l, ...)``. Returns the outputs, and the
    weights averaged over heads. ``add_bias_kv`` adds a trained key and value, ``add_zero_attn`` a zero one.
    Source: Vaswani et al., Attention is all you need, 2017.
    """

    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, add_bias_kv: bool = False,
        add_zero_attn: bool = False, kdim: int | None = None, vdim: int | None = None, batch_first: bool = False,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads} "
                f"instead"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")
        shapes = {
            "q_proj_weight": (embed_dim, embed_dim), "k_proj_weight": (embed_dim, self.kdim),
            "v_proj_weight": (embed_dim, self.vdim), "in_proj_weight": (3 * embed_dim, embed_dim),
        }  # fmt: skip
        for name, shape in shapes.items():
            wanted = (name == "in_proj_weight") is self._qkv_same_embed_dim
            made = unset(*shape, device=device, dtype=dtype) if wanted else None
            self.register_parameter(name, made)
        made = unset(3 * embed_dim, device=device, dtype=dtype) if bias else None
        self.register_parameter("in_proj_bias", made)
        self.out_proj = NonDynamicallyQuantizableLinear(
            embed_dim, embed_dim, bias=bias, device=device, dtype=dtype
        )
        for name in ("bias_k", "bias_v"):
            made = unset(1, 1, embed_dim, device=device, dtype=dtype) if add_bias_kv else None
            setattr(self, name, made)
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        """Draw the projections anew, and set their biases to zero."""
        for name in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
            weight = getattr(self, name)
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.constant_(self.in_proj_bias, 0.0)
            init.constant_(self.out_proj.bias, 0.0)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self, query: Any, key: Any, value: Any, key_padding_mask: Any = None, need_weights: bool = True,
        attn_mask: Any = None, average_attn_weights: bool = True, is_causal: bool = False,
    ) -> tuple[Any, Any]:  # fmt: skip
        """Return the outputs and the weights (None unless ``need_weights``).

        ``key_padding_mask (n, s)`` is true for keys to leave out; ``attn_mask (l, s)`` or ``(n heads, l, s)`` is true
        where a query may not look, or is added to the products. ``is_causal`` says that ``attn_mask`` is the causal
        one; see `nn.functional.multi_head_attention_forward`, also for what is raised.
        """
        ranks = {getattr(x, "ndim", None) for x in (query, key, value)}
        turned = self.batch_first and ranks == {3}
        if turned:
            same_key, same_query = key is value, query is key
            query = query.transpose(0, 1)
            key = query if same_query else key.transpose(0, 1)
            value = key if same_key else value.transpose(0, 1)
        out, weights = functional.multi_head_attention_forward(
            query, key, value, self.embed_dim, self.num_heads, self.in_proj_weight, self.in_proj_bias, self.bias_k,
            self.bias_v, self.add_zero_attn, self.dropout, self.out_proj.weight, self.out_proj.bias,
            training=self.training, key_padding_mask=key_padding_mask, need_weights=need_weights, attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim, q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight, v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights, is_causal=is_causal,
        )  # fmt: skip
        return (out.transpose(0, 1) if turned else out), weights

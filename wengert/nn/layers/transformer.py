"""Transformers: layers of attention and of affine maps, with what was there added and normalized.

Source: Vaswani et al., Attention is all you need, 2017.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

from wengert.errors import ShapeError, shape_text
from wengert.nn import functional, init
from wengert.nn.functional import masks
from wengert.nn.layers.attention import MultiheadAttention
from wengert.nn.layers.container import ModuleList
from wengert.nn.layers.dropout import Dropout
from wengert.nn.layers.linear import Linear
from wengert.nn.layers.normalization import LayerNorm
from wengert.nn.module import Module
from wengert.tape.mode import is_grad_enabled
from wengert.tape.provenance import warn
from wengert.tensor import filled
from wengert.tensor.promotion import require_tensor

__all__ = [
    "Transformer", "TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer",
]  # fmt: skip


def _causal_mask(size: int, device: Any = None, dtype: Any = None) -> Any:
    """Return 0 where a position may look, at itself and before, and minus infinity elsewhere."""
    return filled.full((size, size), -math.inf, device=device, dtype=dtype).triu(1)


def _is_causal(mask: Any, said: bool | None, input: Any, batch_first: bool) -> bool:
    """Say whether a mask is the causal one, by its values unless the caller said so."""
    if said is not None or mask is None:
        return said is True
    length = input.shape[1 if batch_first and input.dim() == 3 else 0]
    if tuple(mask.shape) != (length, length) or not mask.is_floating_point():
        return False
    return bool((mask == _causal_mask(length, dtype=mask.dtype)).all())


def _get_activation_fn(given: Any) -> Callable[[Any], Any]:
    if not isinstance(given, str):
        return given  # type: ignore[no-any-return]
    if given not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {given}")
    return functional.relu if given == "relu" else functional.gelu


def _get_clones(layer: Module, count: int) -> ModuleList:
    return ModuleList([copy.deepcopy(layer) for _ in range(count)])


class _Layer(Module):
    """What layers of encoders and decoders share: attention to themselves, and two affine maps."""

    def _build(
        self, d_model: int, nhead: int, dim_feedforward: int, dropout: float, activation: Any, layer_norm_eps: float,
        batch_first: bool, norm_first: bool, bias: bool, device: Any, dtype: Any, attentions: tuple[str, ...],
    ) -> None:  # fmt: skip
        for name in attentions:
            made = MultiheadAttention(
                d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first, device=device, dtype=dtype
            )  # fmt: skip
            setattr(self, name, made)
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias, device=device, dtype=dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias, device=device, dtype=dtype)
        self.norm_first = norm_first
        for i in range(len(attentions) + 1):
            norm = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, device=device, dtype=dtype)
            setattr(self, f"norm{i + 1}", norm)
        for i in range(len(attentions) + 1):
            setattr(self, f"dropout{i + 1}", Dropout(dropout))
        self.activation = _get_activation_fn(activation)

    def _attend(
        self, attention: Any, x: Any, memory: Any, mask: Any, padding: Any, causal: bool
    ) -> Any:
        return attention(
            x, memory, memory, attn_mask=mask, key_padding_mask=padding, need_weights=False, is_causal=causal
        )[0]  # fmt: skip

    def _masks(
        self, attention: Any, given: tuple[Any, str], seen: tuple[Any, str], mask: tuple[Any, str],
        padding: tuple[Any, str], causal: bool,
    ) -> tuple[Any, Any]:  # fmt: skip
        """Return both masks of an attention as what is added, each checked under the name that the caller knows."""
        op = self._get_name()
        for x, name in (given, seen):
            require_tensor(op, x, name)
        if isinstance(attention, MultiheadAttention):
            extent = masks.Extent.of(given[0], seen[0], attention.num_heads, attention.batch_first)
            if extent is not None:
                _require_batch(op, given, seen, attention.batch_first)
                extent.require_padding(op, *padding)
                if not causal or padding[0] is not None:
                    extent.require_mask(op, *mask)
        return (
            masks.bias(op, *mask, given[0]),
            masks.bias(op, *padding, given[0], *mask),
        )

    def _around(self, x: Any, number: int, block: Callable[[Any], Any]) -> Any:
        """Add to x what a block makes of it; normalize before the block, or after the sum."""
        norm, dropout = getattr(self, f"norm{number}"), getattr(self, f"dropout{number}")
        if self.norm_first:
            return x + dropout(block(norm(x)))
        return norm(x + dropout(block(x)))

    def _fed_forward(self, x: Any) -> Any:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))


def _require_batch(
    op: str, given: tuple[Any, str], seen: tuple[Any, str], batch_first: bool
) -> None:
    """Refuse a memory of another batch than the target's."""
    (x, name), (y, other) = given, seen
    dim = 0 if batch_first else 1
    if x.ndim == 3 and x.shape[dim] != y.shape[dim]:
        raise ShapeError(
            f"{op}: {name} has a batch of {x.shape[dim]} and {other} a batch of {y.shape[dim]}: their shapes are "
            f"{shape_text(x.shape)} and {shape_text(y.shape)}, where dimension {dim} is the batch "
            f"(batch_first={batch_first})."
        )


class TransformerEncoderLayer(_Layer):
    """Attention of a sequence to itself, then two affine maps with a nonlinearity between.

    Each is added to what went in and normalized, before with ``norm_first``.
    """

    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1,
        activation: Any = functional.relu, layer_norm_eps: float = 1e-5, batch_first: bool = False,
        norm_first: bool = False, bias: bool = True, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self._build(
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias,
            device, dtype, ("self_attn",),
        )  # fmt: skip

    def forward(
        self, src: Any, src_mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False
    ) -> Any:  # fmt: skip
        """Return the sequence after the layer; the masks are those of `MultiheadAttention`."""
        given = (src, "src")
        mask, padding = self._masks(
            self.self_attn, given, given, (src_mask, "src_mask"),
            (src_key_padding_mask, "src_key_padding_mask"), is_causal,
        )  # fmt: skip

        def attended(x: Any) -> Any:
            return self._attend(self.self_attn, x, x, mask, padding, is_causal)

        x = self._around(src, 1, attended)
        return self._around(x, 2, self._fed_forward)


class TransformerDecoderLayer(_Layer):
    """Attention of a sequence to itself, then to a memory, then two affine maps; see `TransformerEncoderLayer`."""

    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1,
        activation: Any = functional.relu, layer_norm_eps: float = 1e-5, batch_first: bool = False,
        norm_first: bool = False, bias: bool = True, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self._build(
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias,
            device, dtype, ("self_attn", "multihead_attn"),
        )  # fmt: skip

    def forward(
        self, tgt: Any, memory: Any, tgt_mask: Any = None, memory_mask: Any = None, tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None, tgt_is_causal: bool = False, memory_is_causal: bool = False,
    ) -> Any:  # fmt: skip
        """Return the sequence after the layer; the masks are those of `MultiheadAttention`."""
        given = (tgt, "tgt")
        mask, padding = self._masks(
            self.self_attn, given, given, (tgt_mask, "tgt_mask"),
            (tgt_key_padding_mask, "tgt_key_padding_mask"), tgt_is_causal,
        )  # fmt: skip
        of_memory, memory_padding = self._masks(
            self.multihead_attn, given, (memory, "memory"), (memory_mask, "memory_mask"),
            (memory_key_padding_mask, "memory_key_padding_mask"), memory_is_causal,
        )  # fmt: skip

        def to_itself(x: Any) -> Any:
            return self._attend(self.self_attn, x, x, mask, padding, tgt_is_causal)

        def to_memory(x: Any) -> Any:
            return self._attend(
                self.multihead_attn, x, memory, of_memory, memory_padding, memory_is_causal
            )  # fmt: skip

        x = self._around(tgt, 1, to_itself)
        x = self._around(x, 2, to_memory)
        return self._around(x, 3, self._fed_forward)


class TransformerEncoder(Module):
    """Copies of an encoder layer, one after the other, and a normalization at the end if one is given.

    Where PyTorch takes its fast path, what is padded comes out as zeros (before ``norm``): with
    ``enable_nested_tensor``, in eval mode, without gradients, of a batch whose ``src_key_padding_mask`` pads at the end
    only (or of any, without ``mask_check``), and of layers of the usual kind.
    """

    def __init__(
        self, encoder_layer: Module, num_layers: int, norm: Any = None, enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.layers = _get_clones(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.use_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check
        why_not = _why_not_nested(encoder_layer)
        if enable_nested_tensor and why_not:
            warn(
                f"enable_nested_tensor is True, but self.use_nested_tensor is False because {why_not}"
            )
            self.use_nested_tensor = False

    def forward(
        self, src: Any, mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool | None = None
    ) -> Any:  # fmt: skip
        """Return the sequence after all layers; the masks are those of `MultiheadAttention`."""
        op = self._get_name()
        require_tensor(op, src, "src")
        src_key_padding_mask = masks.bias(
            op, src_key_padding_mask, "src_key_padding_mask", src, mask, "mask"
        )
        mask = masks.bias(op, mask, "mask", src)
        causal = _is_causal(mask, is_causal, src, self.layers[0].self_attn.batch_first)
        out = src
        for layer in self.layers:
            out = layer(
                out, src_mask=mask, is_causal=causal, src_key_padding_mask=src_key_padding_mask
            )
        if mask is None and src_key_padding_mask is not None and src.dim() == 3:
            out = self._without_padding(src, out, src_key_padding_mask)
        return out if self.norm is None else self.norm(out)

    def _without_padding(self, src: Any, out: Any, padding: Any) -> Any:
        """Return zeros where PyTorch's fast path would, which never looks at what is padded."""
        first = self.layers[0]
        if not getattr(self, "use_nested_tensor", False) or first.training:
            return out
        if is_grad_enabled() and any(x.requires_grad for x in (src, *first.parameters())):
            return out
        padded = padding != 0
        if self.mask_check:
            # Told by a tensor, not by a bool, so that a trace may follow.
            padded = padded & (padded.long().diff(dim=1) >= 0).all()
        return out.masked_fill(padded.unsqueeze(-1), 0.0)


def _why_not_nested(layer: Any) -> str:
    """Say why PyTorch would not take its fast path with copies of a layer; nothing where it would."""
    if not isinstance(layer, TransformerEncoderLayer):
        return "encoder_layer was not TransformerEncoderLayer"
    if layer.norm_first:
        return "encoder_layer.norm_first was True"
    if not layer.self_attn.batch_first:
        return (
            "encoder_layer.self_attn.batch_first was not True"
            "(use batch_first for better inference performance)"
        )
    if layer.self_attn.in_proj_bias is None:
        return "encoder_layer.self_attn was passed bias=False"
    if layer.activation not in (functional.relu, functional.gelu):
        return "encoder_layer.activation_relu_or_gelu was not True"
    if layer.norm1.eps != layer.norm2.eps:
        return "encoder_layer.norm1.eps was not equal to encoder_layer.norm2.eps"
    if layer.self_attn.num_heads % 2:
        return "encoder_layer.self_attn.num_heads is odd"
    return ""


class TransformerDecoder(Module):
    """Copies of a decoder layer, one after the other, and a normalization at the end if one is given."""

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Any = None) -> None:
        super().__init__()
        self.layers = _get_clones(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self, tgt: Any, memory: Any, tgt_mask: Any = None, memory_mask: Any = None, tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None, tgt_is_causal: bool | None = None, memory_is_causal: bool = False,
    ) -> Any:  # fmt: skip
        """Return the sequence after all layers; the masks are those of `MultiheadAttention`."""
        for x, name in ((tgt, "tgt"), (memory, "memory")):
            require_tensor(self._get_name(), x, name)
        if tgt_mask is not None:
            require_tensor(self._get_name(), tgt_mask, "tgt_mask")
        causal = _is_causal(tgt_mask, tgt_is_causal, tgt, self.layers[0].self_attn.batch_first)
        out = tgt
        for layer in self.layers:
            out = layer(
                out, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=causal,
                memory_is_causal=memory_is_causal,
            )  # fmt: skip
        return out if self.norm is None else self.norm(out)


class Transformer(Module):
    """An encoder of a source and a decoder of a target that looks at what the encoder made."""

    def __init__(
        self, d_model: int = 512, nhead: int = 8, num_encoder_layers: int = 6, num_decoder_layers: int = 6,
        dim_feedforward: int = 2048, dropout: float = 0.1, activation: Any = functional.relu,
        custom_encoder: Any = None, custom_decoder: Any = None, layer_norm_eps: float = 1e-5,
        batch_first: bool = False, norm_first: bool = False, bias: bool = True, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        layer = (
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias,
            device, dtype,
        )  # fmt: skip

        def norm() -> LayerNorm:
            return LayerNorm(d_model, eps=layer_norm_eps, bias=bias, device=device, dtype=dtype)

        self.encoder = custom_encoder
        if custom_encoder is None:
            made = TransformerEncoderLayer(*layer)
            self.encoder = TransformerEncoder(made, num_encoder_layers, norm())
        self.decoder = custom_decoder
        if custom_decoder is None:
            self.decoder = TransformerDecoder(
                TransformerDecoderLayer(*layer), num_decoder_layers, norm()
            )
        for parameter in self.parameters():
            if parameter.dim() > 1:
                init.xavier_uniform_(parameter)
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def forward(
        self, src: Any, tgt: Any, src_mask: Any = None, tgt_mask: Any = None, memory_mask: Any = None,
        src_key_padding_mask: Any = None, tgt_key_padding_mask: Any = None, memory_key_padding_mask: Any = None,
        src_is_causal: bool | None = None, tgt_is_causal: bool | None = None, memory_is_causal: bool = False,
    ) -> Any:  # fmt: skip
        """Return the target after the decoder. RuntimeError where batch sizes or features do not fit."""
        batch = 0 if self.batch_first else 1
        if src.dim() == 3 and src.shape[batch] != tgt.shape[batch]:
            raise RuntimeError("the batch number of src and tgt must be equal")
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise RuntimeError("the feature number of src and tgt must be equal to d_model")
        memory = self.encoder(
            src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal
        )
        return self.decoder(
            tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )  # fmt: skip

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Any:
        """Return a mask under which each position sees itself and those before it."""
        return _causal_mask(sz, device, dtype)

"""What attention says of masks, keys and values that do not fit: the words that help."""

import pytest

import wengert as torch
from wengert import nn

WORDS = {
    "m(q, q[:, :1], q[:, :1])": "query has a batch of 2 and key a batch of 1",
    "m(q[0], q, q)": "For unbatched (2-D) `query`, expected `key` and `value` to be 2-D but found 3-D",
    "m(q, q, q[:2])": "key shape [3, 2, 4] does not match value shape [2, 2, 4]. Keys and values of different features",
    "m(q, q, q, attn_mask=off(3, 4))": "The shape of the 2D attn_mask is [3, 4], but should be (3, 3), (queries, keys)",
    "m(q[:1], q, q, attn_mask=off(3, 1))": "Use `attn_mask.mT` if it was made as (keys, queries)",
    "m(q, q, q, attn_mask=off(2, 3, 3))": "Use `attn_mask.repeat_interleave(2, 0)`: each head has its own",
    "m(q, q, q, attn_mask=off(3))": "but found 1-D tensor instead, of shape [3]. It is (3, 3), (queries, keys)",
    "m(q, q, q, attn_mask=off(3, 3).long())": "and it is torch.int64, of shape [3, 3]. Use `attn_mask.bool()`",
    "m(q, q, q, attn_mask=off(3, 3).double())": "Use `attn_mask.to(torch.float32)`",
    "m(q, q, q, key_padding_mask=off(3, 2))": "[3, 2]. It should be [2, 3], (batch, keys). Use `key_padding_mask.mT`",
    "m(q, q, q, key_padding_mask=off(3))": "expected `key_padding_mask` to be `None` or 2-D but found 1-D",
    "m(q.long(), q, q, attn_mask=off(3, 3))": "query must be a floating tensor, and it is torch.int64",
    "m(q, q, q, is_causal=True)": "Pass `nn.Transformer.generate_square_subsequent_mask(3)` as attn_mask",
    "nn.MultiheadAttention(4, 2, kdim=3)(q, q, q)": "expecting key weights shape of (4, 4), but got [4, 3]",
    "sdpa(q, q, q, off(3, 2, 3))": "attn_mask of shape [3, 2, 3] does not broadcast to the scores [3, 2, 2]",
    "sdpa(q[:, :1], q, q, off(2, 1))": "Use `attn_mask.mT` if it was made as (keys, queries)",
    "sdpa(q, q, q, off(2, 2).long())": "Use `attn_mask.to(torch.float32)`, or `attn_mask.bool()`",
    "sdpa(q, q, q, is_causal=off(2, 2))": "argument 'is_causal' must be bool, not Tensor. A mask is `attn_mask=`",
    "e(q, off(2, 2))": "TransformerEncoderLayer: The shape of the 2D src_mask is [2, 2], but should be (3, 3)",
    "e(q, off(3, 3).long())": "only bool and floating types of src_mask are supported",
    "d(q, q[:, :1])": "tgt has a batch of 2 and memory a batch of 1: their shapes are [3, 2, 4] and [3, 1, 4]",
    "d(q, q[:2], None, off(2, 3))": "The shape of the 2D memory_mask is [2, 3], but should be (3, 2), (queries, keys)",
    "d(q, q[:2], None, None, None, off(2, 3))": "memory_key_padding_mask does not fit the keys: its shape is [2, 3]",
    "d(q, None)": "TransformerDecoderLayer(): argument 'memory' must be Tensor, not NoneType",
}  # fmt: skip


def off(*shape):
    return torch.zeros(*shape, dtype=torch.bool)


@pytest.mark.parametrize("program", WORDS)
def test_words(program):
    found = {
        "torch": torch, "nn": nn, "off": off, "q": torch.ones(3, 2, 4), "m": nn.MultiheadAttention(4, 2),
        "e": nn.TransformerEncoderLayer(4, 2, 8), "d": nn.TransformerDecoderLayer(4, 2, 8),
        "sdpa": nn.functional.scaled_dot_product_attention,
    }  # fmt: skip
    before = torch.get_rng_state()
    with pytest.raises(Exception) as caught:
        eval(program, found)
    assert WORDS[program] in str(caught.value)
    assert torch.equal(before, torch.get_rng_state()) or "kdim" in program


def test_masks_of_two_dtypes_are_deprecated():
    q, m = torch.ones(3, 2, 4), nn.MultiheadAttention(4, 2)
    with pytest.warns(UserWarning, match="they are torch.bool and torch.float32"):
        m(q, q, q, key_padding_mask=off(2, 3), attn_mask=torch.zeros(3, 3))

"""What a TransformerEncoder gives at padded places: zeros where PyTorch takes its fast path, and only there."""

from __future__ import annotations

import warnings

import pytest

AT_END = [[False, False, True], [False, False, False]]
AT_START = [[True, False, False], [False, False, False]]
WHOLE_ROW = [[True, True, True], [False, False, True]]


@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize(
    ("mask", "layer", "options"),
    [
        (AT_END, {}, {}),
        (AT_START, {}, {}),
        (WHOLE_ROW, {}, {}),
        (AT_END, {"activation": "gelu"}, {}),
        (AT_END, {"activation": "tanh"}, {}),
        (AT_END, {"norm_first": True}, {}),
        (AT_END, {"bias": False}, {}),
        (AT_END, {"nhead": 1}, {}),
        (AT_END, {}, {"enable_nested_tensor": False}),
        (AT_END, {}, {"mask_check": False}),
    ],
)
def test_padding(torch, norm, mask, layer, options):
    torch.manual_seed(0)
    nn = torch.nn
    chosen = {"nhead": 2, "dim_feedforward": 8, "dropout": 0.0, "batch_first": True} | layer
    if chosen.get("activation") == "tanh":
        chosen["activation"] = torch.tanh
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        made = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(4, **chosen), 2, nn.LayerNorm(4) if norm else None, **options
        )
    kinds = [w.category.__name__ for w in seen]
    if norm:
        nn.init.constant_(made.norm.bias, 0.5)
    x, padding = torch.randn(2, 3, 4), torch.tensor(mask)
    made.eval()
    found = [made.use_nested_tensor, kinds]
    with torch.no_grad():
        found.append(made(x, src_key_padding_mask=padding))
        found.append(made(x, src_key_padding_mask=torch.zeros(2, 3).masked_fill(padding, -1e30)))
        found.append(made(x, mask=torch.zeros(3, 3), src_key_padding_mask=torch.tensor(AT_END)))
        found.append(made(x[0]))
        made.train()
        found.append(made(x, src_key_padding_mask=padding))
    made.eval()
    recorded = made(x, src_key_padding_mask=torch.tensor(AT_END))
    made.requires_grad_(False)
    return [*found, recorded, made(x, src_key_padding_mask=padding)]

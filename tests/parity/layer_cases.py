"""Every layer of `nn` with arguments to make it and shapes to call it with, and how that is done.

A case is ``(constructor, shapes of inputs)``; a shape may be a tuple of floats' sizes, or ``("int", high, *sizes)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest

IMAGE, SIGNAL, VOLUME = (2, 4, 6, 6), (2, 4, 8), (1, 2, 4, 5, 6)

CASES: list[tuple[str, list[Any]]] = [
    ("Identity(3, x=1)", [(2, 3)]),
    ("Linear(4, 3)", [(5, 4)]),
    ("Linear(4, 3, bias=False)", [(2, 5, 4)]),
    ("Bilinear(3, 4, 2)", [(5, 3), (5, 4)]),
    ("Bilinear(3, 4, 2, bias=False)", [(5, 3), (5, 4)]),
    # convolutions
    ("Conv1d(4, 6, 3)", [SIGNAL]),
    ("Conv1d(4, 6, 3, stride=2, padding=1, dilation=2, groups=2, bias=False)", [SIGNAL]),
    ("Conv1d(4, 2, 3, padding='same', padding_mode='circular')", [SIGNAL]),
    ("Conv2d(4, 6, 3, padding=1)", [IMAGE]),
    ("Conv2d(4, 2, (3, 2), padding='valid')", [IMAGE]),
    ("Conv2d(4, 2, 2, padding=1, padding_mode='reflect')", [IMAGE]),
    ("Conv2d(4, 2, 2, padding='same')", [(4, 6, 6)]),
    ("Conv3d(2, 3, 2, padding=(0, 1, 0))", [VOLUME]),
    ("ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1)", [SIGNAL]),
    ("ConvTranspose2d(4, 6, 3, stride=2, groups=2)", [IMAGE]),
    ("ConvTranspose3d(2, 3, 2)", [VOLUME]),
    # normalization
    ("BatchNorm1d(4)", [SIGNAL]),
    ("BatchNorm1d(4, momentum=None, affine=False)", [(5, 4)]),
    ("BatchNorm2d(4, eps=0.1, track_running_stats=False)", [IMAGE]),
    ("BatchNorm2d(4, bias=False)", [IMAGE]),
    ("BatchNorm3d(2)", [VOLUME]),
    ("LayerNorm(6)", [IMAGE]),
    ("LayerNorm((6, 6), bias=False)", [IMAGE]),
    ("LayerNorm([6], elementwise_affine=False)", [IMAGE]),
    ("GroupNorm(2, 4)", [IMAGE]),
    ("GroupNorm(2, 4, affine=False)", [SIGNAL]),
    ("InstanceNorm1d(4)", [SIGNAL]),
    ("InstanceNorm1d(4, affine=True)", [(4, 8)]),
    ("InstanceNorm2d(4, affine=True, track_running_stats=True)", [IMAGE]),
    ("InstanceNorm3d(2)", [VOLUME]),
    ("RMSNorm(6)", [IMAGE]),
    ("RMSNorm((6,), eps=0.1, elementwise_affine=False)", [IMAGE]),
    ("LocalResponseNorm(2)", [IMAGE]),
    ("SyncBatchNorm(4)", [SIGNAL]),
    ("SyncBatchNorm(4, bias=False, momentum=None)", [(5, 4)]),
    ("AdaptiveLogSoftmaxWithLoss(16, 10, [2, 5])", [(6, 16), ("int", 10, 6)]),
    ("AdaptiveLogSoftmaxWithLoss(16, 10, [4], 2.0, True)", [(16,), ("int", 10)]),
    # activations
    *(
        (f"{name}({arguments})", [(3, 6)])
        for name, arguments in (
            ("ReLU", ""), ("ReLU", "inplace=False"), ("ReLU6", ""), ("LeakyReLU", "0.2"), ("PReLU", ""),
            ("PReLU", "6, init=0.1"), ("ELU", "alpha=0.5"), ("CELU", "0.5"), ("SELU", ""), ("GELU", ""),
            ("GELU", "'tanh'"), ("SiLU", ""), ("Mish", ""), ("Sigmoid", ""), ("Tanh", ""), ("Hardtanh", "-0.5, 0.7"),
            ("Hardsigmoid", ""), ("Hardswish", ""), ("Hardshrink", "0.3"), ("Softshrink", "0.3"), ("Tanhshrink", ""),
            ("Softsign", ""), ("Softplus", "2, 3"), ("LogSigmoid", ""), ("Threshold", "0.1, 20"), ("GLU", ""),
            ("Softmax", "1"), ("Softmax", "dim=0"), ("LogSoftmax", "1"), ("Softmin", "-1"), ("Tanh", ""),
        )
    ),
    ("Softmax2d()", [IMAGE]),
    # pooling
    ("MaxPool1d(2)", [SIGNAL]),
    ("MaxPool2d(3, stride=2, padding=1, ceil_mode=True)", [IMAGE]),
    ("MaxPool3d(2, dilation=2)", [VOLUME]),
    ("AvgPool1d(2, stride=1, padding=1)", [SIGNAL]),
    ("AvgPool2d((2, 3), count_include_pad=False)", [IMAGE]),
    ("AvgPool3d(2)", [VOLUME]),
    ("LPPool1d(2, 3)", [SIGNAL]),
    ("LPPool2d(1.5, 2)", [(1, 2, 4, 4)]),
    ("AdaptiveAvgPool1d(3)", [SIGNAL]),
    ("AdaptiveAvgPool2d((3, None))", [IMAGE]),
    ("AdaptiveAvgPool3d(2)", [VOLUME]),
    ("AdaptiveMaxPool1d(3)", [SIGNAL]),
    ("AdaptiveMaxPool2d(4)", [IMAGE]),
    ("AdaptiveMaxPool3d(2)", [VOLUME]),
    ("FractionalMaxPool2d(2, output_size=(3, 4))", [IMAGE]),
    ("FractionalMaxPool2d((1, 3), output_ratio=0.5, _random_samples=torch.full((2, 4, 2), 0.3).double())", [IMAGE]),
    ("FractionalMaxPool3d((2, 1, 2), output_ratio=(0.5, 0.6, 0.7))", [VOLUME]),
    # dropout, at rest
    *((f"{name}(0.3)", [IMAGE]) for name in ("Dropout", "Dropout2d", "AlphaDropout")),
    ("Dropout1d(0.2)", [SIGNAL]),
    ("Dropout3d()", [VOLUME]),
    ("FeatureAlphaDropout(0.2, inplace=False)", [SIGNAL]),
    # shape
    ("Flatten()", [IMAGE]),
    ("Flatten(2, 3)", [IMAGE]),
    ("Unflatten(1, (2, 2))", [IMAGE]),
    ("PixelShuffle(2)", [IMAGE]),
    ("PixelUnshuffle(3)", [IMAGE]),
    ("ChannelShuffle(2)", [IMAGE]),
    ("Unfold(2, stride=2)", [IMAGE]),
    ("Fold((4, 4), 2, stride=2)", [(1, 8, 4)]),
    ("Upsample(scale_factor=2)", [IMAGE]),
    ("Upsample(size=(9, 4), mode='bilinear')", [IMAGE]),
    ("UpsamplingNearest2d(scale_factor=2)", [IMAGE]),
    ("UpsamplingBilinear2d(size=(8, 8))", [IMAGE]),
    # padding
    *(
        (f"{name}{dims}d({arguments})", [{1: SIGNAL, 2: IMAGE, 3: VOLUME}[dims]])
        for dims in (1, 2, 3)
        for name, arguments in (
            ("ConstantPad", "1, 3.5"), ("ZeroPad", "2"), ("ReflectionPad", "1"), ("ReplicationPad", "2"),
            ("CircularPad", "1"),
        )
    ),
    ("ZeroPad2d((1, 0, 2, -1))", [IMAGE]),
    # tables and distances
    ("Embedding(7, 3)", [("int", 7, 2, 5)]),
    ("Embedding(7, 3, padding_idx=-1)", [("int", 7, 4)]),
    ("Embedding(7, 3, max_norm=1.0, scale_grad_by_freq=True)", [("int", 7, 6)]),
    ("EmbeddingBag(7, 3, mode='sum')", [("int", 7, 2, 5)]),
    ("EmbeddingBag(7, 3, padding_idx=1)", [("int", 7, 2, 5)]),
    ("CosineSimilarity(dim=0)", [(3, 4), (3, 4)]),
    ("PairwiseDistance(p=3.0, keepdim=True)", [(3, 4), (3, 4)]),
    # recurrent
    *(
        (f"{kind}({arguments})", [(5, 3, 4)])
        for kind in ("RNN", "LSTM", "GRU")
        for arguments in (
            "4, 3", "4, 3, num_layers=2, bias=False", "4, 3, 2, bidirectional=True", "4, 3, batch_first=True",
            "4, 3, 3, dropout=0.5, bidirectional=True",
        )
    ),
    ("RNN(4, 3, nonlinearity='relu')", [(5, 4)]),
    ("LSTM(4, 3, 2, proj_size=2, bidirectional=True)", [(5, 3, 4)]),
    ("LSTM(4, 3, proj_size=1, bias=False)", [(5, 4)]),
    ("GRU(4, 3)", [(5, 4)]),
    ("LSTM(4, 3)", [(5, 3, 4), ((1, 3, 3), (1, 3, 3))]),
    ("GRU(4, 3, bidirectional=True)", [(5, 3, 4), (2, 3, 3)]),
    ("RNNCell(4, 3)", [(2, 4)]),
    ("RNNCell(4, 3, bias=False, nonlinearity='relu')", [(2, 4), (2, 3)]),
    ("LSTMCell(4, 3)", [(2, 4)]),
    ("LSTMCell(4, 3, bias=False)", [(4,), ((3,), (3,))]),
    ("GRUCell(4, 3)", [(4,)]),
    ("GRUCell(4, 3, bias=False)", [(2, 4), (2, 3)]),
    # attention
    ("MultiheadAttention(6, 2)", [(5, 3, 6), (4, 3, 6), (4, 3, 6)]),
    ("MultiheadAttention(6, 3, bias=False, batch_first=True)", [(2, 5, 6), (2, 4, 6), (2, 4, 6)]),
    ("MultiheadAttention(6, 2, add_bias_kv=True, add_zero_attn=True)", [(5, 6), (4, 6), (4, 6)]),
    ("MultiheadAttention(6, 2, kdim=5, vdim=4)", [(5, 3, 6), (4, 3, 5), (4, 3, 4)]),
    ("TransformerEncoderLayer(6, 2, 8)", [(5, 3, 6)]),
    ("TransformerEncoderLayer(6, 2, 8, norm_first=True, batch_first=True, bias=False)", [(3, 5, 6)]),
    ("TransformerEncoderLayer(6, 2, 8, activation='gelu')", [(5, 6)]),
    ("TransformerDecoderLayer(6, 2, 8)", [(5, 3, 6), (4, 3, 6)]),
    ("TransformerEncoder(nn.TransformerEncoderLayer(6, 2, 8), 2, nn.LayerNorm(6))", [(5, 3, 6)]),
    ("TransformerDecoder(nn.TransformerDecoderLayer(6, 2, 8), 2)", [(5, 3, 6), (4, 3, 6)]),
    ("Transformer(6, 2, 1, 2, 8)", [(5, 3, 6), (4, 3, 6)]),
    # containers
    ("Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Sequential(nn.Linear(3, 2), nn.ReLU()))", [(5, 4)]),
]  # fmt: skip


LOSSES: list[tuple[str, list[Any]]] = [
    *(
        (f"{name}({arguments})", [(3, 4), (3, 4)])
        for name, arguments in (
            ("MSELoss", ""), ("L1Loss", "reduction='sum'"), ("SmoothL1Loss", "beta=0.5"),
            ("HuberLoss", "reduction='none', delta=0.4"), ("MSELoss", "size_average=False"),
            ("PoissonNLLLoss", ""), ("KLDivLoss", "reduction='batchmean', log_target=True"),
        )
    ),
    ("NLLLoss()", [(3, 4), ("int", 4, 3)]),
    ("NLLLoss(torch.tensor([1.0, 2.0, 0.5, 1.0]).double(), ignore_index=1)", [(3, 4), ("int", 4, 3)]),
    ("CrossEntropyLoss(label_smoothing=0.2)", [(3, 4), ("int", 4, 3)]),
    ("CrossEntropyLoss(reduction='sum')", [(3, 4, 2), ("int", 4, 3, 2)]),
    ("BCEWithLogitsLoss(pos_weight=torch.tensor(2.0).double())", [(3, 4), "probability"]),
    ("GaussianNLLLoss(full=True)", [(3, 4), (3, 4), "probability"]),
    ("HingeEmbeddingLoss(0.7)", [(3, 4), "sign"]),
    ("SoftMarginLoss()", [(3, 4), "sign"]),
    ("MultiLabelMarginLoss()", [(3, 4), ("int", 4, 3, 4)]),
    ("MultiLabelSoftMarginLoss()", [(3, 4), "probability"]),
    ("MultiMarginLoss(p=2)", [(3, 4), ("int", 4, 3)]),
    ("CosineEmbeddingLoss(0.1)", [(4, 3), (4, 3), "signs"]),
    ("MarginRankingLoss(0.1)", [(4,), (4,), "signs"]),
    ("TripletMarginLoss()", [(3, 4), (3, 4), (3, 4)]),
    ("TripletMarginLoss(0.5, p=1, swap=True, reduction='none')", [(3, 4), (3, 4), (3, 4)]),
    ("TripletMarginWithDistanceLoss()", [(3, 4), (3, 4), (3, 4)]),
]  # fmt: skip

DISTINCT = [pytest.param(*case, id=f"{i}-{case[0]}") for i, case in enumerate(CASES)]
"""The cases as parameters of tests: the same layer may be called in several ways."""


def made(torch: Any, constructor: str) -> Any:
    """Return a layer with its first weights for one seed."""
    torch.manual_seed(0)
    return eval(
        constructor if constructor[:2] == "nn" else f"nn.{constructor}",
        {"nn": torch.nn, "torch": torch},
    )


def inputs(torch: Any, shapes: list[Any], rng: np.random.Generator) -> list[Any]:
    """Tensors of float64 that gather gradients; integers, signs and probabilities as they are asked for."""
    found: list[Any] = []
    for shape in shapes:
        if isinstance(shape, tuple) and shape and shape[0] == "int":
            found.append(torch.tensor(rng.integers(0, shape[1], shape[2:]).tolist()))
        elif shape in ("sign", "signs"):
            size = (3, 4) if shape == "sign" else (4,)
            found.append(torch.tensor((rng.integers(0, 2, size) * 2.0 - 1).tolist()).double())
        elif shape == "probability":
            found.append(torch.tensor(rng.uniform(0.1, 0.9, (3, 4)).tolist()).double())
        elif shape and isinstance(shape[0], tuple):
            found.append(tuple(inputs(torch, shape, rng)))
        else:
            values = torch.tensor(rng.uniform(-1.5, 1.5, shape).tolist(), dtype=torch.float64)
            found.append(values.requires_grad_())
    return found


def nested(values: Iterable[Any], shapes: list[Any]) -> list[Any]:
    """Tensors in the order of `leaves`, in the tuples that the shapes stand in."""
    values = iter(values)
    return [
        tuple(next(values) for _ in shape)
        if isinstance(shape, tuple) and shape and isinstance(shape[0], tuple)
        else next(values)
        for shape in shapes
    ]


def leaves(values: Any) -> Iterator[Any]:
    """Yield the tensors in nested lists and tuples."""
    for value in values:
        if isinstance(value, (tuple, list)):
            yield from leaves(value)
        elif value is not None:
            yield value

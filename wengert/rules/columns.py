"""Rows that lay windows of an image out as columns, and add columns up to an image: each other's transposes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import linear
from wengert.core.shapes import Shape
from wengert.core.strides import hollow
from wengert.rules.pooling import windows_of


def _im2col(x: Array, **p: Any) -> Array:
    rank = len(p["kernel"])
    windows = windows_of(x.shape[-rank:], **p)
    seen = np.stack(list(windows.views(windows.frame(x, 0))), axis=-1 - rank)
    channels = x.shape[-rank - 1] * math.prod(windows.kernel)
    return seen.reshape(*x.shape[: -rank - 1], channels, math.prod(windows.counts))


def _im2col_outline(x: Array, *, kernel: Shape, counts: Shape, **p: Any) -> Array:
    rank = len(kernel)
    lead, channels = x.shape[: -rank - 1], x.shape[-rank - 1]
    return hollow((*lead, channels * math.prod(kernel), math.prod(counts)), x.dtype)


def _col2im_outline(x: Array, *, kernel: Shape, size: Shape, **p: Any) -> Array:
    return hollow((*x.shape[:-2], x.shape[-2] // math.prod(kernel), *size), x.dtype)


def _col2im(x: Array, *, size: Shape, **p: Any) -> Array:
    windows = windows_of(size, **p)
    places = math.prod(windows.kernel)
    lead = (*x.shape[:-2], x.shape[-2] // places)
    parts = x.reshape(*lead, places, *windows.counts)
    framed = np.zeros((*lead, *windows.framed), x.dtype)
    for number, target in enumerate(windows.views(framed)):
        target += parts[(*(slice(None),) * len(lead), number)]
    return framed[(..., *windows.inside)].copy()


def _im2col_transpose(
    ct: Any, x_shape: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, counts: Shape
) -> Any:  # fmt: skip
    return col2im(
        ct, size=tuple(x_shape[-len(kernel) :]), kernel=kernel, stride=stride, padding=padding, dilation=dilation,
        counts=counts,
    )  # fmt: skip


im2col = linear(
    "im2col", _im2col, _im2col_transpose, shift=lambda p, size: p, outline=_im2col_outline,
    backward_name="Im2ColBackward0",
    spoken="unfold",
)  # fmt: skip
"""``(..., c, *size) -> (..., c * prod(kernel), windows)``."""

col2im = linear(
    "col2im", _col2im,
    lambda ct, kernel, stride, padding, dilation, counts: im2col(
        ct, kernel=kernel, stride=stride, padding=padding, dilation=dilation, counts=counts
    ),
    shift=lambda p, size: p, outline=_col2im_outline, backward_name="Col2ImBackward0",
    spoken="fold",
)  # fmt: skip

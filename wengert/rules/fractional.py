"""The row of fractional max pooling: the largest of windows that lie at irregular, drawn distances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import Primitive, general
from wengert.core.shapes import Shape
from wengert.core.strides import hollow
from wengert.rules.pooling import picked_jvp, picked_vjp


def _starts(samples: Array, size: int, kernel: int, count: int) -> Array:
    """Return where windows begin along an axis, for each number drawn from [0, 1): ``(..., count)``.

    They are as far apart as ``(size - kernel) / (count - 1)`` rounds to from one to the next, and the last one ends
    where the axis does. The steps are taken in the samples' dtype, as PyTorch takes them.
    """
    out = np.full((*samples.shape, count), size - kernel, np.int64)
    if count > 1:
        step = samples.dtype.type(size - kernel) / samples.dtype.type(count - 1)
        drawn = samples[..., None]
        numbers = np.arange(count - 1).astype(samples.dtype)
        out[..., :-1] = ((numbers + drawn) * step).astype(np.int64) - (drawn * step).astype(
            np.int64
        )
    return out


def _fractional(x: Array, samples: Array, *, kernel: Shape, counts: Shape) -> tuple[Array, Array]:
    rank = len(kernel)
    lead, size = x.shape[:-rank], x.shape[-rank:]
    planes, count, width = math.prod(lead), math.prod(counts), math.prod(kernel)
    drawn = samples.reshape(planes, rank)
    # In two dimensions PyTorch draws for the columns first, in three for the axes in order.
    drawn = drawn[:, ::-1] if rank == 2 else drawn
    at: Any = 0
    for d in range(rank):
        places = _starts(drawn[:, d], size[d], kernel[d], counts[d])[..., None] + np.arange(
            kernel[d]
        )
        shape = [planes, *(1,) * (2 * rank)]
        shape[1 + d], shape[1 + rank + d] = counts[d], kernel[d]
        at = at * size[d] + places.reshape(shape)
    at = np.broadcast_to(at, (planes, *counts, *kernel)).reshape(planes, count, width)
    image = x.reshape(planes, math.prod(size))
    seen = np.take_along_axis(image, at.reshape(planes, count * width), 1).reshape(at.shape)
    best = seen.argmax(-1)[..., None]
    out = (*lead, *counts)
    values = np.take_along_axis(seen, best, -1).reshape(out)
    return values, np.take_along_axis(at, best, -1).reshape(out)


def _outline(x: Array, samples: Array, *, kernel: Shape, counts: Shape) -> tuple[Array, Array]:
    shape = (*x.shape[: -len(kernel)], *counts)
    return hollow(shape, x.dtype), hollow(shape, np.int64)


fractional_max_pool = general(
    "fractional_max_pool", _fractional, [picked_vjp, None], picked_jvp, outputs=("values", "indices"),
    moves=True, selects=(0,), shift=lambda p, size: p, outline=_outline, backward_name="FractionalMaxPool2DBackward0",
)  # fmt: skip
FRACTIONAL_MAX_POOL: dict[int, Primitive] = {
    2: fractional_max_pool,
    3: fractional_max_pool.named("fractional_max_pool3d", "FractionalMaxPool3DBackward0"),
}
"""The largest of ``counts`` windows of each image, and its position in the flattened image, by the image's rank.

``samples`` has the leading axes of ``x`` and a number from [0, 1) for each axis of an image.
"""

__all__ = ["FRACTIONAL_MAX_POOL", "fractional_max_pool"]

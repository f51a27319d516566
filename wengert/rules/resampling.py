"""One row for all maps that give each place of an axis a weighted sum of a few others: interpolation, means of bins.

A map of an axis is a tuple ``(kind, size, out, ...)``. From it follow the *taps* of each new place: the old places
that it looks at, and their weights. The transpose of a map is another list of taps.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import Primitive, linear
from wengert.core.strides import hollow
from wengert.rules.memory import unsafe_view

Map = tuple[Any, ...]
Taps = tuple[Array, Array, Array]
"""Indices and weights, ``(places, taps)`` each, and the places that look at nothing."""


def _means(size: int, out: int) -> tuple[Array, Array]:
    start = np.arange(out) * size // out
    stop = -(-(np.arange(out) + 1) * size // out)
    reach = np.arange((stop - start).max(initial=1))
    index = np.minimum(start[:, None] + reach, (stop - 1)[:, None])
    weights = (reach < (stop - start)[:, None]) / (stop - start)[:, None]
    return index, weights


def _nearest(size: int, out: int, scale: float) -> tuple[Array, Array]:
    # In float32, as PyTorch does it, so that both round to the same side.
    at = np.floor(np.arange(out, dtype=np.float32) * np.float32(scale)).astype(np.int64)
    return np.minimum(at, size - 1)[:, None], np.ones((out, 1))


def _nearest_exact(size: int, out: int, scale: float) -> tuple[Array, Array]:
    middle = np.arange(out, dtype=np.float32) + np.float32(0.5)
    at = np.floor(middle * np.float32(scale)).astype(np.int64)
    return np.minimum(at, size - 1)[:, None], np.ones((out, 1))


def _source(out: int, scale: float, align: bool) -> Array:
    """Return where the middles of the new places lie among the old ones."""
    places = np.arange(out)
    return places * scale if align else (places + 0.5) * scale - 0.5


def _linear(size: int, out: int, scale: float, align: bool) -> tuple[Array, Array]:
    at = np.maximum(_source(out, scale, align), 0)
    low = np.minimum(np.floor(at).astype(np.int64), size - 1)
    share = np.clip(at - low, 0, 1)
    index = np.stack([low, np.minimum(low + 1, size - 1)], 1)
    return index, np.stack([1 - share, share], 1)


_BEND = -0.75


def _cubic(size: int, out: int, scale: float, align: bool) -> tuple[Array, Array]:
    """Convolve with the cubic of R. G. Keys, 1981, with PyTorch's parameter -0.75."""
    at = _source(out, scale, align)
    low = np.floor(at).astype(np.int64)
    share = at - low
    apart = np.stack([share + 1, share, 1 - share, 2 - share], 1)
    inner = ((_BEND + 2) * apart - (_BEND + 3)) * apart * apart + 1
    outer = ((apart - 5) * apart + 8) * apart * _BEND - 4 * _BEND
    index = np.clip(low[:, None] + np.arange(-1, 3), 0, size - 1)
    return index, np.where(apart <= 1, inner, outer)


def _triangle(x: Array) -> Array:
    return np.maximum(1 - np.abs(x), 0)  # type: ignore[no-any-return]


def _bump(x: Array) -> Array:
    """Return the cubic of R. G. Keys with parameter -0.5, as PyTorch takes it where it smooths."""
    a, x = -0.5, np.abs(x)
    inner = ((a + 2) * x - (a + 3)) * x * x + 1
    outer = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1, inner, np.where(x < 2, outer, 0))


def _smooth(
    size: int, out: int, scale: float, align: bool, shape: Any, support: float
) -> tuple[Array, Array]:
    """Weigh all old places that a new one covers, so that what is left out does not alias."""
    reach = support * max(scale, 1.0)
    middle = scale * (np.arange(out) + 0.5)
    start = np.maximum((middle - reach + 0.5).astype(np.int64), 0)
    stop = np.minimum((middle + reach + 0.5).astype(np.int64), size)
    steps = np.arange((stop - start).max(initial=1))
    index = np.minimum(start[:, None] + steps, size - 1)
    apart = (steps + start[:, None] - middle[:, None] + 0.5) / max(scale, 1.0)
    weights = np.where(steps < (stop - start)[:, None], shape(apart), 0)
    return index, weights / weights.sum(1, keepdims=True)


_KINDS: dict[str, Any] = {
    "means": _means,
    "nearest": _nearest,
    "nearest-exact": _nearest_exact,
    "linear": _linear,
    "cubic": _cubic,
    "smooth linear": functools.partial(_smooth, shape=_triangle, support=1.0),
    "smooth cubic": functools.partial(_smooth, shape=_bump, support=2.0),
}


@functools.lru_cache(maxsize=256)
def _taps(of: Map, back: bool) -> Taps:
    kind, size, out, *more = of
    index, weights = _KINDS[kind](size, out, *more)
    if not back:
        return index, weights, np.zeros(0, np.int64)
    return _transposed(index, weights, size)


def _transposed(index: Array, weights: Array, size: int) -> Taps:
    """Return for each old place the new ones that look at it; unused taps look where another does, with weight 0."""
    used = weights != 0
    new = np.broadcast_to(np.arange(len(index))[:, None], index.shape)[used]
    old, share = index[used], weights[used]
    order = np.argsort(old, kind="stable")
    new, old, share = new[order], old[order], share[order]
    counts = np.bincount(old, minlength=size)
    first = np.cumsum(counts) - counts
    numbers = np.arange(len(old)) - first[old]
    width = max(1, counts.max(initial=1))
    back = np.zeros((size, width), np.int64)
    back[counts > 0] = new[first[counts > 0]][:, None]
    shares = np.zeros((size, width))
    back[old, numbers], shares[old, numbers] = new, share
    return back, shares, np.flatnonzero(counts == 0)


def _resample(x: Array, *, maps: tuple[Map, ...], back: bool) -> Array:
    if x.itemsize == 2:
        return _resample(x.astype(np.float32), maps=maps, back=back).astype(x.dtype)
    rank = len(maps)
    for a, of in enumerate(maps):
        x = _mapped(x, a - rank, *_taps(of, back))
    return x


def _mapped(x: Array, axis: int, index: Array, weights: Array, empty: Array) -> Array:
    column = (-1, *(1,) * (-1 - axis))
    if index.shape[1] == 1 and (weights == 1).all():
        return x.take(index[:, 0], axis=axis)
    total = None
    for at, weight in zip(index.T, weights.T.astype(x.real.dtype), strict=True):
        part = x.take(at, axis=axis)
        part *= weight.reshape(column)
        total = part if total is None else np.add(total, part, out=total)
    assert total is not None
    if empty.size:
        total[(..., empty, *(slice(None),) * (-1 - axis))] = 0
    return total


def _outline(x: Array, *, maps: tuple[Map, ...], back: bool) -> Array:
    sizes = [size if back else out for _, size, out, *_ in maps]
    return hollow((*x.shape[: -len(maps)], *sizes), x.dtype)


resample = linear(
    "resample", _resample, lambda ct, maps, back: resample(ct, maps=maps, back=not back),
    shift=lambda p, size: p, outline=_outline, backward_name="UpsampleNearest2DBackward0",
)  # fmt: skip
"""``x`` with each of its last axes mapped; with ``back``, by the transposes of the maps."""


UPSAMPLE: dict[str, dict[int, Primitive]] = {
    "nearest": {
        1: resample.named("upsample_nearest1d", "UpsampleNearest1DBackward0"),
        2: resample,
        3: resample.named("upsample_nearest3d", "UpsampleNearest3DBackward0"),
    },
    "nearest-exact": {
        rank: resample.named(f"upsample_exact{rank}d", f"UpsampleNearestExact{rank}DBackward0")
        for rank in (1, 2, 3)
    },
    "linear": {
        1: resample.named("upsample_linear", "UpsampleLinear1DBackward0"),
        2: resample.named("upsample_bilinear", "UpsampleBilinear2DBackward0"),
        3: resample.named("upsample_trilinear", "UpsampleTrilinear3DBackward0"),
    },
    "cubic": {2: resample.named("upsample_bicubic", "UpsampleBicubic2DBackward0")},
    "smooth linear": {2: resample.named("upsample_smooth_linear", "UpsampleBilinear2DAaBackward0")},
    "smooth cubic": {2: resample.named("upsample_smooth_cubic", "UpsampleBicubic2DAaBackward0")},
    "means": {
        1: resample.named("means1d", "SqueezeBackward1"),
        2: resample.named("means2d", "AdaptiveAvgPool2DBackward0"),
        3: resample.named("means3d", "AdaptiveAvgPool3DBackward0"),
    },
}

PIXELS: dict[str, Primitive] = {
    "shuffle": unsafe_view.named("pixel_shuffle", "PixelShuffleBackward0"),
    "unshuffle": unsafe_view.named("pixel_unshuffle", "PixelUnshuffleBackward0"),
    "channels": unsafe_view.named("channel_shuffle", "ChannelShuffleBackward0"),
}
"""The last step of functions that trade channels for pixels, under the names of PyTorch's nodes."""

"""Rows that pool: the largest or the mean of each window of the last axes, in any number of them.

A window looks at ``kernel`` places, ``dilation`` apart, and moves by ``stride``; ``counts`` is how many windows each
axis has, and ``padding`` how far the first begins before the axis does. Every kernel goes over the places of the
window, each of which is a strided view of the image. All axes before are a batch.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import Primitive, constant, general, linear
from wengert.core.shapes import Shape
from wengert.core.strides import hollow
from wengert.errors import ShapeError
from wengert.rules.indexing import gather, scatter
from wengert.rules.selection import selected
from wengert.rules.structural import reshape


class Windows:
    """Where the windows look: at views of an image in a frame as large as they reach."""

    def __init__(
        self,
        size: Shape,
        kernel: Shape,
        stride: Shape,
        padding: Shape,
        dilation: Shape,
        counts: Shape,
    ) -> None:
        self.size, self.kernel, self.stride = size, kernel, stride
        self.padding, self.dilation, self.counts = padding, dilation, counts
        self.rank = len(size)
        self.framed = tuple(
            max(q + s, d * (k - 1) + step * (o - 1) + 1)
            for s, k, step, q, d, o in zip(
                size, kernel, stride, padding, dilation, counts, strict=True
            )
        )
        self.inside = tuple(slice(q, q + s) for s, q in zip(size, padding, strict=True))
        self.apart = all(
            step > d * (k - 1) for step, d, k in zip(stride, dilation, kernel, strict=True)
        )
        count = math.prod(kernel)
        self.code = np.uint8 if count <= 256 else np.int32

    def frame(self, x: Array, fill: float) -> Array:
        """Return an image in its frame, with ``fill`` around it; the image itself where it needs none."""
        if self.framed == self.size:
            return x
        framed = np.full((*x.shape[: -self.rank], *self.framed), fill, x.dtype)
        framed[(..., *self.inside)] = x
        return framed

    def views(self, framed: Array) -> Iterator[Array]:
        """Give what each place of the window sees, one view after the other."""
        for place in itertools.product(*map(range, self.kernel)):
            yield framed[
                (
                    ...,
                    *(
                        slice(i * d, i * d + step * (o - 1) + 1, step)
                        for i, d, step, o in zip(
                            place, self.dilation, self.stride, self.counts, strict=True
                        )
                    ),
                )
            ]


@functools.lru_cache(maxsize=256)
def windows_of(size: Shape, **p: Any) -> Windows:
    """Return the windows of these settings over a plane of this size; the latest ones are kept."""
    return Windows(size, **p)


def _tail(shape: Shape, p: dict[str, Any]) -> Shape:
    return tuple(shape[-len(p["kernel"]) :])


def _lowest(dtype: np.dtype[Any]) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def _max_pool(x: Array, **p: Any) -> tuple[Array, Array]:
    """Return the largest of each window, and the number of the place that has it: the first one."""
    windows = windows_of(_tail(x.shape, p), **p)
    views = list(windows.views(windows.frame(x, _lowest(x.dtype))))
    best = views[0].copy()
    places = np.zeros(best.shape, windows.code)
    for number, seen in enumerate(views[1:], 1):
        _note(places, seen > best, number)
        np.maximum(best, seen, out=best)
    if x.dtype.kind == "f" and np.isnan(best).any():
        for number, seen in enumerate(views):
            _note(places, np.isnan(seen), number)
    return best, places


def _note(places: Array, better: Array, number: int) -> None:
    """Write a number, larger than all before, where something is better; as a sum, for a branch costs more."""
    np.maximum(places, np.multiply(better, places.dtype.type(number)), out=places)


def _unpool(x: Array, places: Array, *, size: Shape, **p: Any) -> Array:
    """Put each element back to the place that it came from; zeros elsewhere."""
    windows = windows_of(size, **p)
    framed = np.zeros((*x.shape[: -windows.rank], *windows.framed), x.dtype)
    for number, target in enumerate(windows.views(framed)):
        part = selected(places == number, x)
        if windows.apart:
            target[...] = part
        else:
            target += part
    return framed if windows.framed == size else framed[(..., *windows.inside)].copy()


def _pick(x: Array, places: Array, *, size: Shape, **p: Any) -> Array:
    """Take what is at the place of each window."""
    windows = windows_of(size, **p)
    out = np.zeros(places.shape, x.dtype)
    for number, seen in enumerate(windows.views(windows.frame(x, 0))):
        out += selected(places == number, seen)
    return out


def _max_pool_vjp(
    ct: Any, places: Any, x_shape: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, counts: Shape
) -> Any:  # fmt: skip
    p = {
        "kernel": kernel,
        "stride": stride,
        "padding": padding,
        "dilation": dilation,
        "counts": counts,
    }
    return unpool(ct[0], places, size=_tail(x_shape, p), **p)


def _max_pool_jvp(
    tangents: Any, places: Any, x_shape: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape,
    counts: Shape,
) -> Any:  # fmt: skip
    p = {
        "kernel": kernel,
        "stride": stride,
        "padding": padding,
        "dilation": dilation,
        "counts": counts,
    }
    return pick(tangents[0], places, size=_tail(x_shape, p), **p), None


def _pooled(x: Array, *, kernel: Shape, counts: Shape, **p: Any) -> Array:
    return hollow((*x.shape[: -len(kernel)], *counts), x.dtype)


def _spread_back(x: Array, *others: Array, size: Shape, **p: Any) -> Array:
    return hollow((*x.shape[: -len(size)], *size), x.dtype)


def _max_pool_outline(x: Array, **p: Any) -> tuple[Array, Array]:
    values = _pooled(x, **p)
    return values, hollow(values.shape, windows_of(_tail(x.shape, p), **p).code)


def _same(p: dict[str, Any], size: int) -> dict[str, Any]:
    """Windows lie in the last axes: one more in front changes nothing."""
    return p


max_pool = general(
    "max_pool", _max_pool, _max_pool_vjp, _max_pool_jvp, outputs=("values", "places"),
    moves=True, selects=(0,), shift=_same, outline=_max_pool_outline,
    backward_name="MaxPool2DWithIndicesBackward0",
)  # fmt: skip
MAX_POOL: dict[int, Primitive] = {
    1: max_pool.named("max_pool1d", "SqueezeBackward1"),
    2: max_pool,
    3: max_pool.named("max_pool3d", "MaxPool3DWithIndicesBackward0"),
}


def _unpool_rule(
    ct: Any, places: Any, size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, counts: Shape
) -> Any:  # fmt: skip
    return pick(
        ct, places, size=size, kernel=kernel, stride=stride, padding=padding, dilation=dilation, counts=counts
    )  # fmt: skip


def _pick_rule(
    ct: Any, places: Any, size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, counts: Shape
) -> Any:  # fmt: skip
    return unpool(
        ct, places, size=size, kernel=kernel, stride=stride, padding=padding, dilation=dilation, counts=counts
    )  # fmt: skip


unpool = linear(
    "unpool", _unpool, [_unpool_rule, None], moves=True, shift=_same, outline=_spread_back,
    backward_name="MaxPool2DWithIndicesBackwardBackward0",
    spoken="backward of max_pool",
)  # fmt: skip
pick = linear(
    "pick", _pick, [_pick_rule, None], moves=True, selects=(0,), shift=_same,
    outline=lambda x, places, **p: hollow(places.shape, x.dtype),
    spoken="x[...]",
)  # fmt: skip


def _flat_positions(places: Array, *, size: Shape, **p: Any) -> Array:
    """Turn numbers of places into positions in the flattened image."""
    windows = windows_of(size, **p)
    rank = windows.rank
    within = np.unravel_index(places, windows.kernel)
    flat = np.zeros(places.shape, np.int64)
    for a, (i, s) in enumerate(zip(within, size, strict=True)):
        start = np.arange(windows.counts[a]) * windows.stride[a] - windows.padding[a]
        at = i * windows.dilation[a] + start.reshape(-1, *(1,) * (rank - 1 - a))
        # A window of -inf alone has its place in the padding: the element nearest to it is the first.
        flat *= s
        flat += np.clip(at, 0, s - 1)
    return flat


flat_positions = constant(
    "flat_positions", _flat_positions, shift=_same,
    outline=lambda places, **p: hollow(places.shape, np.int64),
)  # fmt: skip


@functools.lru_cache(maxsize=256)
def _divisors(
    size: Shape, kernel: Shape, stride: Shape, padding: Shape, counts: Shape, include_pad: bool, divisor: int
) -> Any:  # fmt: skip
    """Return how many elements the mean of each window is over: a number, or one for each window."""
    if divisor:
        return divisor
    total: Any = np.ones(())
    for a, (s, k, step, q, o) in enumerate(zip(size, kernel, stride, padding, counts, strict=True)):
        start = np.arange(o) * step - q
        stop = np.minimum(start + k, s + q)
        if not include_pad:
            start, stop = np.maximum(start, 0), np.minimum(stop, s)
        total = total * (stop - start).reshape(-1, *(1,) * (len(size) - 1 - a))
    first = total.flat[0] if total.size else 1
    return int(first) if (total == first).all() else total


def _averaged(x: Array, size: Shape, p: dict[str, Any]) -> Array:
    divisors = _divisors(size, **p)
    if x.dtype.kind in "iu":
        return np.trunc(x / divisors).astype(x.dtype)
    return x / (divisors if isinstance(divisors, int) else divisors.astype(x.dtype))  # type: ignore[no-any-return]


def _avg_pool(x: Array, **p: Any) -> Array:
    """Sum along one axis of the window after the other, and divide."""
    if x.itemsize == 2:  # float16, whose sums end at 65504
        return _avg_pool(x.astype(np.float32), **p).astype(x.dtype)
    kernel, stride, padding, counts = (p[n] for n in ("kernel", "stride", "padding", "counts"))
    size, rank = _tail(x.shape, p), len(kernel)
    windows = windows_of(
        size, kernel=kernel, stride=stride, padding=padding, dilation=(1,) * rank, counts=counts
    )
    total = windows.frame(x, 0)
    for a in reversed(range(rank)):
        total = _line_sums(total, a - rank, kernel[a], stride[a], counts[a])
    return _averaged(total, size, p)


def _along(axis: int, at: slice) -> tuple[Any, ...]:
    return (..., at, *(slice(None),) * (-1 - axis))


def _line_sums(x: Array, axis: int, kernel: int, stride: int, out: int) -> Array:
    reach = stride * (out - 1) + 1
    total = x[_along(axis, slice(0, reach, stride))].copy()
    for i in range(1, kernel):
        total += x[_along(axis, slice(i, i + reach, stride))]
    return total


def _avg_spread(x: Array, *, size: Shape, **p: Any) -> Array:
    """Give every element of a window its share: the transpose of `avg_pool`."""
    kernel, stride, padding, counts = (p[n] for n in ("kernel", "stride", "padding", "counts"))
    rank = len(kernel)
    windows = windows_of(
        size, kernel=kernel, stride=stride, padding=padding, dilation=(1,) * rank, counts=counts
    )
    share = _averaged(x, size, p)
    for a in range(rank):
        share = _line_spread(share, a - rank, kernel[a], stride[a], counts[a], windows.framed[a])
    return share if windows.framed == size else share[(..., *windows.inside)].copy()


def _line_spread(x: Array, axis: int, kernel: int, stride: int, out: int, length: int) -> Array:
    shape = list(x.shape)
    shape[axis] = length
    total = np.zeros(shape, x.dtype)
    reach = stride * (out - 1) + 1
    for i in range(kernel):
        total[_along(axis, slice(i, i + reach, stride))] += x
    return total


def _avg_pool_transpose(
    ct: Any, x_shape: Shape, kernel: Shape, stride: Shape, padding: Shape, counts: Shape, include_pad: bool,
    divisor: int,
) -> Any:  # fmt: skip
    return avg_spread(
        ct, size=tuple(x_shape[-len(kernel) :]), kernel=kernel, stride=stride, padding=padding, counts=counts,
        include_pad=include_pad, divisor=divisor,
    )  # fmt: skip


def _avg_spread_transpose(
    ct: Any, kernel: Shape, stride: Shape, padding: Shape, counts: Shape, include_pad: bool, divisor: int
) -> Any:  # fmt: skip
    return avg_pool(
        ct, kernel=kernel, stride=stride, padding=padding, counts=counts, include_pad=include_pad, divisor=divisor
    )  # fmt: skip


def _averaged_outline(x: Array, *, kernel: Shape, counts: Shape, **p: Any) -> Array:
    return _pooled(x, kernel=kernel, counts=counts)


avg_pool = linear(
    "avg_pool", _avg_pool, _avg_pool_transpose, shift=_same, outline=_averaged_outline,
    backward_name="AvgPool2DBackward0",
)  # fmt: skip
avg_spread = linear(
    "avg_spread", _avg_spread, _avg_spread_transpose, shift=_same, outline=_spread_back,
    backward_name="AvgPool2DBackwardBackward0",
    spoken="backward of avg_pool",
)  # fmt: skip
AVG_POOL: dict[int, Primitive] = {
    1: avg_pool.named("avg_pool1d", "SqueezeBackward1"),
    2: avg_pool,
    3: avg_pool.named("avg_pool3d", "AvgPool3DBackward0"),
}
ADAPTIVE_AVG_POOL: dict[int, Primitive] = {
    1: AVG_POOL[1],
    2: avg_pool.named("adaptive_avg_pool2d", "AdaptiveAvgPool2DBackward0"),
    3: avg_pool.named("adaptive_avg_pool3d", "AdaptiveAvgPool3DBackward0"),
}


def bins(size: int, out: int) -> list[tuple[int, int]]:
    """Return where each of ``out`` bins begins and ends that cover an axis, overlapping where they do not divide it."""
    return [(i * size // out, -(-(i + 1) * size // out)) for i in range(out)]


def _adaptive_max_pool(x: Array, *, counts: Shape) -> tuple[Array, Array]:
    """Return the largest of each bin, and its position in the flattened image."""
    rank = len(counts)
    size = x.shape[-rank:]
    lead = x.shape[:-rank]
    values = np.empty((*lead, *counts), x.dtype)
    positions = np.empty((*lead, *counts), np.int64)
    axes = [list(enumerate(bins(s, o))) for s, o in zip(size, counts, strict=True)]
    numbers = np.arange(math.prod(size)).reshape(size)
    for window in itertools.product(*axes):
        at = (..., *(i for i, _ in window))
        cut = (..., *(slice(*ends) for _, ends in window))
        seen = x[cut].reshape(*lead, -1)
        best = seen.argmax(-1)
        values[at] = np.take_along_axis(seen, best[..., None], -1)[..., 0]
        positions[at] = numbers[cut].reshape(-1)[best]
    return values, positions


def _adaptive_outline(x: Array, *, counts: Shape) -> tuple[Array, Array]:
    shape = (*x.shape[: -len(counts)], *counts)
    return hollow(shape, x.dtype), hollow(shape, np.int64)


def _flattened(x: Any, rank: int) -> Any:
    return reshape(x, shape=(*x.shape[:-rank], math.prod(x.shape[-rank:])))


def picked_vjp(ct: Any, indices: Any, x_shape: Shape, counts: Shape) -> Any:
    """Put the cotangents of what a pool picked to the positions in the image that it picked."""
    rank = len(counts)
    flat = (*x_shape[:-rank], math.prod(x_shape[-rank:]))
    at = _flattened(indices, rank)
    placed = scatter(_flattened(ct[0], rank), at, dim=len(flat) - 1, shape=flat)
    return reshape(placed, shape=x_shape)


def picked_jvp(tangents: Any, indices: Any, counts: Shape) -> Any:
    """Pick the tangents at the positions in the image that a pool picked."""
    rank = len(counts)
    flat = _flattened(tangents[0], rank)
    picked = gather(flat, _flattened(indices, rank), dim=len(flat.shape) - 1)
    return reshape(picked, shape=tuple(indices.shape)), None


adaptive_max_pool = general(
    "adaptive_max_pool", _adaptive_max_pool, picked_vjp, picked_jvp, outputs=("values", "indices"),
    moves=True, selects=(0,), shift=_same, outline=_adaptive_outline, backward_name="AdaptiveMaxPool2DBackward0",
)  # fmt: skip
ADAPTIVE_MAX_POOL: dict[int, Primitive] = {
    1: adaptive_max_pool.named("adaptive_max_pool1d", "SqueezeBackward1"),
    2: adaptive_max_pool,
    3: adaptive_max_pool.named("adaptive_max_pool3d", "AdaptiveMaxPool3DBackward0"),
}


def _unpool_positions(indices: Array, *, rank: int, count: int) -> Array:
    """Turn positions in each of a batch of images of ``count`` elements into positions in all of them together."""
    if indices.size and not 0 <= indices.min() <= indices.max() < count:
        raise ShapeError(
            f"max_unpool{rank}d: Found an invalid max index: indices go from {indices.min()} to {indices.max()}, and "
            f"the output volume has {count} elements. Give an `output_size` that has them all."
        )
    images = indices.reshape(math.prod(indices.shape[:-rank]), -1)
    return (images + np.arange(len(images))[:, None] * count).reshape(-1)


unpool_positions = constant(
    "unpool_positions", _unpool_positions,
    outline=lambda indices, **p: hollow((math.prod(indices.shape),), np.int64),
)  # fmt: skip
UNPOOLED: dict[int, Primitive] = {
    1: reshape.named("unpooled1d", "SqueezeBackward1"),
    2: reshape.named("unpooled2d", "MaxUnpool2DBackward0"),
    3: reshape.named("unpooled3d", "MaxUnpool3DBackward0"),
}

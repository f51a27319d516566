"""Rows that read images ``(n, c, *size)`` at places ``(n, ..., rank)``: `grid_sample`, its transpose, and its slope.

A place has a coordinate for each axis of the image, the last axis first, and -1 and 1 are the image's ends: the middles
of the outermost pixels with ``align``, else their outer edges. What is read is a weighted sum over pixels near by,
the *taps*, whose weights are a product of one for each axis.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import Primitive, composite, constant, elementwise
from wengert.core.shapes import Shape
from wengert.core.strides import by_rows, hollow
from wengert.rules.elementwise import keep_where
from wengert.rules.indexing import collect, index, unindex
from wengert.rules.memory import zero
from wengert.rules.rounding import floor, round
from wengert.rules.structural import permute, reshape, stack, sum, unbind

_BEND: Final = -0.75
"""The parameter of the cubic of R. G. Keys, 1981, as PyTorch chooses it."""


def _pixels(x: Array, size: int, align: bool) -> Array:
    """Return coordinates from -1 to 1 as numbers of pixels."""
    if align:
        return (x + 1) * ((size - 1) / 2)
    return ((x + 1) * size - 1) / 2  # type: ignore[no-any-return]


def _reflected(x: Array, size: int, align: bool) -> tuple[Array, Array]:
    """Fold numbers of pixels at the image's ends until they lie inside; say where that turns the direction."""
    low, span = (0.0, size - 1.0) if align else (-0.5, float(size))
    if not span:
        return np.zeros_like(x), np.zeros(x.shape, np.bool_)
    off = np.abs(x - low)
    turned = np.floor(off / span) % 2 == 1
    rest = np.fmod(off, span)
    inside = np.where(turned, span - rest, rest) + low
    return inside.astype(x.dtype), turned ^ (x < low)


def _place(x: Array, *, size: int, padding: str, align: bool) -> Array:
    at = _pixels(x, size, align)
    if padding == "zeros":
        return at
    if padding == "reflection":
        at, _ = _reflected(at, size, align)
    # What is no number counts as 0, as in PyTorch's kernels for two dimensions.
    return np.clip(np.where(np.isnan(at), at.dtype.type(0), at), 0, size - 1)  # type: ignore[no-any-return]


def _place_slope(x: Array, *, size: int, padding: str, align: bool) -> Array:
    """Return the derivative of `_place`: 0 wherever the padding holds the place fast."""
    step = x.dtype.type((size - 1 if align else size) / 2)
    if padding == "zeros":
        return np.full_like(x, step)
    at = _pixels(x, size, align)
    turned: Any = False
    if padding == "reflection":
        at, turned = _reflected(at, size, align)
    slope = np.where(turned, -step, step)
    return np.where((at > 0) & (at < size - 1), slope, x.dtype.type(0))


place_slope = constant("place_slope", _place_slope, operands=1)
place = elementwise(
    "place", _place,
    lambda t, x, size, padding, align:
        t * place_slope(x, size=size, padding=padding, align=align),
)  # fmt: skip
"""Coordinates from -1 to 1 as numbers of pixels of an axis of ``size``, brought inside by ``padding``."""


def _padded(x: Array, size: int, padding: str, align: bool) -> Array:
    if padding == "border":
        return np.clip(x, 0, size - 1)  # type: ignore[no-any-return]
    return np.clip(_reflected(x, size, align)[0], 0, size - 1)  # type: ignore[no-any-return]


def _pixel(x: Array, *, size: int, padding: str, align: bool) -> Array:
    if padding != "zeros":
        x = _padded(x, size, padding, align)
    # Pixels that are not there are read, too, and what was read is dropped: so no position is out of range.
    known = np.where((x >= 0) & (x < size), x, x.dtype.type(0))
    return known.astype(np.int64)


def _seen(x: Array, *, size: int, padding: str) -> Array:
    return (x >= 0) & (x < size) if padding == "zeros" else np.isfinite(x)


pixel = constant("pixel", _pixel, operands=1)
"""The number of the pixel at whole places ``x``: 0 where there is none, inside by ``padding`` where there is one."""
seen = constant("seen", _seen, operands=1)
"""Whether there is a pixel at whole places ``x``."""


def _of_images(x: Array, *, n: int, count: int) -> Array:
    if not x.size:
        return x
    images = x.reshape(*x.shape[:-1], n, -1) + np.arange(n)[:, None] * count
    return images.reshape(x.shape)  # type: ignore[no-any-return]


of_images = constant(
    "of_images", _of_images, shift=lambda p, size: p,
    outline=lambda x, *, n, count: hollow(x.shape, np.int64),
)  # fmt: skip
"""Positions in each of ``n`` images of ``count`` pixels as positions in all of them together."""


class _Tap(NamedTuple):
    """A pixel along one axis: its number, whether it is there, its weight, and the weight's slope in the place."""

    at: Any
    inside: Any
    weight: Any
    slope: Any


def _nearest(x: Any) -> list[tuple[Any, Any, Any]]:
    return [(round(x), None, None)]


def _linear(x: Any) -> list[tuple[Any, Any, Any]]:
    low = floor(x)
    share = x - low
    return [(low, 1.0 - share, -1.0), (low + 1.0, share, 1.0)]


def _cubic(x: Any) -> list[tuple[Any, Any, Any]]:
    low = floor(x)
    s = x - low
    rest = 1.0 - s
    return [
        (low - 1.0, _outer(s + 1.0), _outer_slope(s + 1.0)),
        (low, _inner(s), _inner_slope(s)),
        (low + 1.0, _inner(rest), -_inner_slope(rest)),
        (low + 2.0, _outer(rest + 1.0), -_outer_slope(rest + 1.0)),
    ]


def _inner(x: Any) -> Any:
    return ((_BEND + 2.0) * x - (_BEND + 3.0)) * x * x + 1.0


def _inner_slope(x: Any) -> Any:
    return (3.0 * (_BEND + 2.0) * x - 2.0 * (_BEND + 3.0)) * x


def _outer(x: Any) -> Any:
    return (((x - 5.0) * x + 8.0) * x - 4.0) * _BEND


def _outer_slope(x: Any) -> Any:
    return ((3.0 * x - 10.0) * x + 8.0) * _BEND


_MODES: Final[dict[str, Callable[[Any], list[tuple[Any, Any, Any]]]]] = {
    "nearest": _nearest, "bilinear": _linear, "bicubic": _cubic,
}  # fmt: skip


def _product(factors: Sequence[Any]) -> Any:
    made = None
    for factor in factors:
        if factor is not None:
            made = factor if made is None else made * factor
    return made


def _coordinates(grid: Any) -> tuple[Any, ...]:
    """Return the coordinates of all places, one after another, for each axis of the image."""
    rank = grid.shape[-1]
    flat = reshape(grid, shape=(math.prod(grid.shape[:-1]), rank))
    return tuple(reversed(unbind(flat, dim=1)))


def _taps(
    grid: Any, shape: Shape, mode: str, padding: str, align: bool, slopes: bool = False
) -> Iterator[tuple[Any, Any, Any, list[Any]]]:
    """Give, for each tap, positions in the columns of all images, where there is a pixel, weights, weights' slopes."""
    n, _, *size = shape
    axes = []
    for x, s in zip(_coordinates(grid), size, strict=True):
        # A cubic looks at pixels beyond the ends, so that each tap is padded by itself.
        early = "zeros" if mode == "bicubic" else padding
        late = padding if mode == "bicubic" else "zeros"
        taps = _MODES[mode](place(x, size=s, padding=early, align=align))
        axes.append([
            _Tap(pixel(at, size=s, padding=late, align=align), seen(at, size=s, padding=late), weight, slope)
            for at, weight, slope in taps
        ])  # fmt: skip
    for tap in itertools.product(*axes):
        at, inside = tap[0].at, tap[0].inside
        for part, s in zip(tap[1:], size[1:], strict=True):
            at = at * s + part.at
            inside = inside & part.inside
        at = of_images(at, n=n, count=math.prod(size))
        turned = []
        for d in range(len(tap)) if slopes else ():
            turned.append(_product([p.slope if d == e else p.weight for e, p in enumerate(tap)]))
        yield at, inside, _product([p.weight for p in tap]), turned


def _columns(x: Any) -> Any:
    """Return ``(n, c, ...)`` as ``(c, everything else)``."""
    turned = permute(x, axes=(1, 0, *range(2, x.ndim)))
    return reshape(turned, shape=(x.shape[1], x.shape[0] * math.prod(x.shape[2:])))


def _images(x: Any, shape: Shape) -> Any:
    """Undo `_columns`."""
    n, c, *size = shape
    return permute(reshape(x, shape=(c, n, *size)), axes=(1, 0, *range(2, len(shape))))


def _weighed(x: Any, weight: Any) -> Any:
    return x if weight is None else x * weight


def _sample(x: Any, grid: Any, *, mode: str, padding: str, align: bool) -> Any:
    columns, total = _columns(x), None
    for at, inside, weight, _ in _taps(grid, tuple(x.shape), mode, padding, align):
        part = _weighed(keep_where(index(columns, at, axis=1, span=1), inside), weight)
        total = part if total is None else total + part
    return _images(total, (*x.shape[:2], *grid.shape[1:-1]))


def _spread(x: Any, grid: Any, *, shape: Shape, mode: str, padding: str, align: bool) -> Any:
    columns, total = _columns(x), None
    whole = (shape[1], shape[0] * math.prod(shape[2:]))
    for at, inside, weight, _ in _taps(grid, shape, mode, padding, align):
        share = keep_where(_weighed(columns, weight), inside)
        part = unindex(share, at, axis=1, span=1, shape=whole)
        total = part if total is None else total + part
    return _images(total, shape)


def _spread_kernel(
    x: Array, grid: Array, *, shape: Shape, mode: str, padding: str, align: bool
) -> Array:
    columns = _columns(x)
    total = np.zeros((shape[1], shape[0] * math.prod(shape[2:])), x.dtype)
    for at, inside, weight, _ in _taps(grid, shape, mode, padding, align):
        collect(np.add, total, at, keep_where(_weighed(columns, weight), inside), 1)
    return _images(total, shape)  # type: ignore[no-any-return]


def _slope(ct: Any, x: Any, grid: Any, *, mode: str, padding: str, align: bool) -> Any:
    if mode == "nearest":
        return zero(grid)
    cts, columns, shape = _columns(ct), _columns(x), tuple(x.shape)
    totals: list[Any] = [None] * grid.shape[-1]
    for at, inside, _, slopes in _taps(grid, shape, mode, padding, align, slopes=True):
        read = keep_where(index(columns, at, axis=1, span=1), inside)
        along = sum(cts * read, axis=(0,), keepdim=False)
        for d, slope in enumerate(slopes):
            part = along * slope
            totals[d] = part if totals[d] is None else totals[d] + part
    early = "zeros" if mode == "bicubic" else padding
    for d, x_d in enumerate(_coordinates(grid)):
        step = place_slope(x_d, size=shape[2 + d], padding=early, align=align)
        totals[d] = totals[d] * step
    return reshape(stack(*reversed(totals), dim=1), shape=tuple(grid.shape))


def _laid_out(definition: Callable[..., Any]) -> Callable[..., Array]:
    """Return a definition as a kernel: float16 is computed in float32, and the result lies row by row."""

    def kernel(*arrays: Array, **params: Any) -> Array:
        dtype = arrays[0].dtype
        if dtype.itemsize == 2:
            arrays = tuple(a.astype(np.float32) for a in arrays)
        return by_rows(definition(*arrays, **params).astype(dtype, copy=False))

    return kernel


grid_spread = composite(
    "grid_spread",
    _spread,
    _laid_out(_spread_kernel),
    backward_name="GridSampler2DBackwardBackward0",
    spoken="backward of grid_sample",
)
"""Images of ``shape`` with each element of ``x`` shared out among the pixels that `grid_sample` reads for it."""

grid_slope = composite(
    "grid_slope",
    _slope,
    _laid_out(_slope),
    backward_name="GridSampler2DBackwardBackward0",
    spoken="backward of grid_sample",
)
"""The cotangent of the places of `grid_sample`."""


def _to_images(ct: Any, grid: Any, x_shape: Shape, mode: str, padding: str, align: bool) -> Any:
    return grid_spread(ct, grid, shape=tuple(x_shape), mode=mode, padding=padding, align=align)


def _to_places(ct: Any, x: Any, grid: Any, mode: str, padding: str, align: bool) -> Any:
    return grid_slope(ct, x, grid, mode=mode, padding=padding, align=align)


grid_sample = composite(
    "grid_sample", _sample, _laid_out(_sample), [_to_images, _to_places],
    outline=lambda x, grid, **p: hollow((*x.shape[:2], *grid.shape[1:-1]), x.dtype),
    backward_name="GridSampler2DBackward0",
)  # fmt: skip
GRID_SAMPLE: dict[int, Primitive] = {
    2: grid_sample,
    3: grid_sample.named("grid_sample3d", "GridSampler3DBackward0", spoken="grid_sample"),
}
"""``x (n, c, *size)`` read at the places ``grid (n, *out, rank)``: ``(n, c, *out)``, by the rank of the image."""

affine_grid = reshape.named("affine_grid", "AffineGridGeneratorBackward0")
"""The last step of `nn.functional.affine_grid`."""

__all__ = [
    "GRID_SAMPLE", "affine_grid", "grid_sample", "grid_slope", "grid_spread", "of_images", "pixel", "place",
    "place_slope", "seen",
]  # fmt: skip

"""Functions of images: windows as columns, channels as pixels, resizing. What `nn.functional` offers of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.errors import ShapeError, shape_text
from wengert.nn.functional.pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    avg_pool3d,
)
from wengert.rules import columns, resampling, structural
from wengert.tape.provenance import warn
from wengert.tape.storage import Recorded
from wengert.tensor import arithmetic
from wengert.tensor.apply import undefined
from wengert.tensor.numbers import require_flags, whole_of, wholes_of
from wengert.tensor.promotion import dtype_of, require_tensor

__all__ = [
    "channel_shuffle", "fold", "interpolate", "local_response_norm", "pixel_shuffle", "pixel_unshuffle", "unfold",
    "upsample", "upsample_bilinear", "upsample_nearest",
]  # fmt: skip


def _pair(op: str, name: str, value: Any) -> tuple[int, int]:
    sizes = value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    if len(sizes) not in ((2,) if name == "output_size" and sizes is value else (1, 2)):
        raise ShapeError(
            f"{op}: It is expected {name} equals to 2, two ints, or one int, but got {value!r}."
        )
    found = wholes_of(op, name, sizes)
    return found[0], found[-1]


def _require_no_integers(op: str, x: Any) -> None:
    if dtypes.kind(dtype_of(x)) in "iu":
        raise undefined(op, dtype_of(x))


def _columns(
    op: str, size: Sequence[int], kernel_size: Any, dilation: Any, padding: Any, stride: Any
) -> dict[str, Any]:
    """Return the parameters of the rows of columns; RuntimeError where there is no window."""
    kernel, spacing = _pair(op, "kernel_size", kernel_size), _pair(op, "dilation", dilation)
    pads, steps = _pair(op, "padding", padding), _pair(op, "stride", stride)
    for name, values, low in (
        ("kernel_size", kernel, 1), ("dilation", spacing, 1), ("padding", pads, 0), ("stride", steps, 1)
    ):  # fmt: skip
        if min(values) < low:
            raise ShapeError(
                f"{op}: {name} should be {'greater than zero' if low else 'non-negative'}, but got {values}."
            )
    counts = tuple(
        (s + 2 * q - d * (k - 1) - 1) // step + 1
        for s, q, d, k, step in zip(size, pads, spacing, kernel, steps, strict=True)
    )
    if min(counts) < 1:
        raise ShapeError(
            f"{op}: Given input with spatial size {tuple(size)}, kernel_size={kernel}, dilation={spacing}, "
            f"padding={pads}, stride={steps}, calculated shape of the array of sliding blocks as {counts}, which is "
            f"too small (non-positive)."
        )
    return {
        "kernel": kernel, "stride": steps, "padding": pads, "dilation": spacing, "counts": counts
    }  # fmt: skip


def unfold(
    input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Any:
    """Return the windows of ``(n, c, h, w)`` as columns ``(n, c * prod(kernel_size), windows)``.

    RuntimeError for other ranks, and where no window fits.
    """
    require_tensor("unfold", input)
    if input.ndim not in (3, 4) or 0 in input.shape[-3:]:
        raise ShapeError(
            f"unfold: Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions "
            f"for input, but got: {shape_text(input.shape)}."
        )
    _require_no_integers("unfold", input)
    p = _columns("unfold", input.shape[-2:], kernel_size, dilation, padding, stride)
    return columns.im2col(input, **p)


def fold(
    input: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Any:  # fmt: skip
    """Return the image ``(n, c, *output_size)`` of which columns are windows, added up where they overlap.

    RuntimeError where the columns are not those of `unfold` of such an image.
    """
    require_tensor("fold", input)
    if input.ndim not in (2, 3) or 0 in input.shape[-2:]:
        raise ShapeError(
            f"fold: Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions "
            f"for input, but got: {shape_text(input.shape)}."
        )
    _require_no_integers("fold", input)
    size = _pair("fold", "output_size", output_size)
    p = _columns("fold", size, kernel_size, dilation, padding, stride)
    places = math.prod(p["kernel"])
    if input.shape[-2] % places:
        raise ShapeError(
            f"fold: Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
            f"input.size(1)={input.shape[-2]} and kernel_size={p['kernel']}."
        )
    if input.shape[-1] != math.prod(p["counts"]):
        raise ShapeError(
            f"fold: Given output_size={size}, kernel_size={p['kernel']}, dilation={p['dilation']}, "
            f"padding={p['padding']}, stride={p['stride']}, expected size of input's dimension 2 to match the "
            f"calculated number of sliding blocks {math.prod(p['counts'])}, but got input.size(2)={input.shape[-1]}."
        )
    return columns.col2im(input, size=size, **p)


def _image(op: str, input: Any) -> tuple[tuple[int, ...], int, int, int]:
    require_tensor(op, input)
    if input.ndim < 3:
        raise ShapeError(
            f"{op} expects input to have at least 3 dimensions, but got input with {input.ndim} dimension(s)."
        )
    *lead, c, h, w = input.shape
    return tuple(lead), c, h, w


def pixel_shuffle(input: Any, upscale_factor: int) -> Any:
    """Return ``(..., c r r, h, w)`` as ``(..., c, h r, w r)``: channels become pixels.

    RuntimeError where the channels do not divide. Source: Shi and others, 2016.
    """
    upscale_factor = whole_of("pixel_shuffle", "upscale_factor", upscale_factor)
    r = upscale_factor
    lead, c, h, w = _image("pixel_shuffle", input)
    if r <= 0 or c % (r * r):
        raise ShapeError(
            f"pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, "
            f"but input.size(-3)={c} is not divisible by {r * r}."
        )
    n = len(lead)
    apart = structural.reshape(input, shape=(*lead, c // (r * r), r, r, h, w))
    axes = (*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return resampling.PIXELS["shuffle"](
        structural.permute(apart, axes=axes), shape=(*lead, c // (r * r), h * r, w * r)
    )


def pixel_unshuffle(input: Any, downscale_factor: int) -> Any:
    """Return ``(..., c, h r, w r)`` as ``(..., c r r, h, w)``: the inverse of `pixel_shuffle`."""
    downscale_factor = whole_of("pixel_unshuffle", "downscale_factor", downscale_factor)
    r = downscale_factor
    lead, c, h, w = _image("pixel_unshuffle", input)
    if r <= 0 or h % r or w % r:
        raise ShapeError(
            f"pixel_unshuffle expects height and width to be divisible by downscale_factor, but {h} and {w} are not "
            f"both divisible by {r}."
        )
    n = len(lead)
    apart = structural.reshape(input, shape=(*lead, c, h // r, r, w // r, r))
    axes = (*range(n), n, n + 2, n + 4, n + 1, n + 3)
    return resampling.PIXELS["unshuffle"](
        structural.permute(apart, axes=axes), shape=(*lead, c * r * r, h // r, w // r)
    )


def channel_shuffle(input: Any, groups: int) -> Any:
    """Return ``(n, c, ...)`` with the channels of ``groups`` groups taken in turn.

    RuntimeError where the channels do not divide. Source: Zhang, Zhou, Lin and Sun, ShuffleNet, 2018.
    """
    groups = whole_of("channel_shuffle", "groups", groups)
    require_tensor("channel_shuffle", input)
    if input.ndim < 3:
        raise ShapeError(
            f"channel_shuffle expects input with > 2 dims, but got input with sizes {shape_text(input.shape)}."
        )
    n, c, *rest = input.shape
    if groups <= 0 or c % groups:
        raise ShapeError(
            f"channel_shuffle: Number of channels must be divisible by groups. Got {c} channels and {groups} groups."
        )
    apart = structural.reshape(input, shape=(n, groups, c // groups, *rest))
    turned = structural.transpose(apart, dim0=1, dim1=2)
    return resampling.PIXELS["channels"](turned, shape=(n, c, *rest))


def local_response_norm(
    input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Any:
    """Return ``x / (k + alpha * mean of x ** 2 over size neighbouring channels) ** beta``; zeros are beyond the ends.

    ValueError for fewer than 3 dimensions. Source: Krizhevsky, Sutskever and Hinton, 2012.
    """
    require_tensor("local_response_norm", input)
    if input.ndim < 3:
        raise ValueError(
            f"local_response_norm: Expected 3D or higher dimensionality input (got {input.ndim} dimensions)"
        )
    size = whole_of("local_response_norm", "size", size)
    if size < 1:
        raise ShapeError(
            f"local_response_norm: kernel size should be greater than zero, but got size={size} channels."
        )
    if not input.numel():
        return input
    shape = tuple(input.shape)
    squares = structural.reshape(
        input * input, shape=(shape[0], 1, shape[1], math.prod(shape[2:]), 1)
    )
    padded = structural.embed(
        squares,
        index=(slice(None), slice(None), slice(size // 2, size // 2 + shape[1])),
        shape=(shape[0], 1, shape[1] + size - 1, *squares.shape[3:]),
    )
    means = avg_pool3d(padded, (size, 1, 1), stride=1)
    factor = arithmetic.pow(structural.reshape(means, shape=shape) * alpha + k, beta)
    return input / factor


_AXES = {"linear": 1, "bilinear": 2, "trilinear": 3}


def _new_size(
    op: str, size: Any, scale_factor: Any, old: Sequence[int]
) -> tuple[tuple[int, ...], tuple[Any, ...]]:
    """Return the new sizes, and the factors where those were given; ValueError unless one of both is."""
    if (size is None) == (scale_factor is None):
        raise ValueError(
            f"{op}: only one of size or scale_factor should be defined, and one of them must be."
        )
    rank = len(old)
    given = scale_factor if size is None else size
    several = isinstance(given, Sequence) and not isinstance(given, str)
    values = tuple(given) if several else (given,) * rank
    if len(values) != rank:
        raise ValueError(
            f"{op}: Input and output must have the same number of spatial dimensions, but got input with spatial "
            f"dimensions of {list(old)} and output size or scale_factor of {list(values)}."
        )
    if size is not None:
        return tuple(whole_of(op, "size", v) for v in values), (None,) * rank
    for v in values:
        if isinstance(v, Recorded):
            raise TypeError(
                f"{op}(): argument 'scale_factor' must be tuple of floats, not Tensor. Use `.item()`."
            )
    return tuple(math.floor(s * v) for s, v in zip(old, values, strict=True)), values


def interpolate(
    input: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: Any = None,
    recompute_scale_factor: Any = None, antialias: bool = False,
) -> Any:  # fmt: skip
    """Return images ``(n, c, *sizes)`` of another ``size``, or of sizes times ``scale_factor``.

    ``mode`` is "nearest", "nearest-exact", "area", or of one, two, three spatial dimensions "linear", "bilinear" or
    "bicubic", "trilinear". With ``align_corners`` the outermost pixels' middles stay where they are, otherwise their
    edges. ``antialias`` smooths what becomes smaller ("bilinear", "bicubic"). ValueError for arguments that do not go
    together, NotImplementedError for a mode that the dimensions do not have.

    >>> import wengert as torch
    >>> torch.nn.functional.interpolate(torch.tensor([[[1., 2.]]]), scale_factor=2, mode="linear")
    tensor([[[1.0000, 1.2500, 1.7500, 2.0000]]])
    """
    if align_corners is not None:
        require_flags("interpolate", align_corners=align_corners)
    op = "interpolate"
    require_tensor(op, input)
    if mode in ("nearest", "area", "nearest-exact"):
        if align_corners is not None:
            raise ValueError(
                f"{op}: align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic "
                f"| trilinear"
            )
    else:
        align_corners = bool(align_corners)
    old = tuple(input.shape)[2:]
    new, factors = _new_size(op, size, scale_factor, old)
    if recompute_scale_factor:
        if size is not None:
            raise ValueError(
                f"{op}: recompute_scale_factor is not meaningful with an explicit size."
            )
        factors = (None,) * len(old)
    if antialias and not (mode in ("bilinear", "bicubic") and input.ndim == 4):
        raise ValueError(
            f"{op}: Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D tensor as input"
        )
    return _interpolated(op, input, mode, old, new, factors, align_corners, antialias)


def _interpolated(
    op: str, input: Any, mode: str, old: Sequence[int], new: Sequence[int], factors: Sequence[Any], align: bool,
    antialias: bool,
) -> Any:  # fmt: skip
    rank = len(old)
    kind = {"bicubic": "cubic"}.get(mode, "linear" if mode in _AXES else mode)
    wanted = _AXES.get(mode, 2 if mode == "bicubic" else rank)
    known = mode in ("nearest", "nearest-exact", "area", "bicubic", *_AXES)
    if not known or rank not in (1, 2, 3) or rank != wanted:
        raise NotImplementedError(
            f"{op}: Input Error: Only 3D, 4D and 5D input Tensors supported (got {input.ndim}D) for the modes: nearest "
            f"| linear | bilinear | bicubic | trilinear | area | nearest-exact (got {mode}), each for its own."
        )
    if min((*old, *new)) <= 0:
        raise ShapeError(
            f"{op}: Input and output sizes should be greater than 0, but got input {list(old)} output {list(new)}."
        )
    if mode == "area":
        pool = (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)[rank - 1]
        return pool(input, tuple(new))
    if dtypes.kind(dtype_of(input)) != "f" and not (
        kind.startswith("nearest") and dtype_of(input) == np.uint8
    ):
        raise undefined(op, dtype_of(input))
    if antialias:
        kind = f"smooth {kind}"
    maps = []
    for s, n, f in zip(old, new, factors, strict=True):
        if align:
            step = (s - 1) / (n - 1) if n > 1 else 0.0
        else:
            step = s / n if f is None else 1.0 / f
        maps.append((kind, s, n, step) if kind.startswith("nearest") else (kind, s, n, step, align))
    return resampling.UPSAMPLE[kind][rank](input, maps=tuple(maps), back=False)


def upsample(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: Any = None,
) -> Any:
    """Return `interpolate` under its old name, with a warning."""
    warn("`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """Return `interpolate` with mode "nearest" under its old name, with a warning."""
    warn("`nn.functional.upsample_nearest` is deprecated. Use `nn.functional.interpolate` instead.")
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """Return `interpolate` with mode "bilinear" and aligned corners under its old name, with a warning."""
    warn(
        "`nn.functional.upsample_bilinear` is deprecated. Use `nn.functional.interpolate` instead."
    )
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)

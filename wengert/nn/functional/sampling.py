"""Images read between their pixels, and the places that an affine map gives. What `nn.functional` offers of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from wengert.core import dtypes
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.rules import contraction, structural
from wengert.rules import sampling as rows
from wengert.tape.provenance import warn
from wengert.tensor.apply import undefined
from wengert.tensor.numbers import require_flags
from wengert.tensor.promotion import dtype_of, own_array, require_tensor

__all__ = [
    "affine_grid", "affine_grid_generator", "grid_sample", "grid_sampler", "grid_sampler_2d", "grid_sampler_3d"
]  # fmt: skip

_MODES: Final = ("bilinear", "nearest", "bicubic")
_PADDINGS: Final = ("zeros", "border", "reflection")


def grid_sample(
    input: Any, grid: Any, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: Any = None
) -> Any:  # fmt: skip
    """Return images ``(n, c, *size)`` read at the places ``grid``: ``(n, *out, rank) -> (n, c, *out)``.

    A place is ``(x, y)`` or ``(x, y, z)``, the last axis of the image first, with -1 and 1 at its ends: the middles of
    the outermost pixels with ``align_corners``, else their outer edges (which also is what None means, with a
    warning). ``mode`` is "bilinear" (over 2 pixels along each axis, also of three), "nearest", or "bicubic" (images
    of two axes). Beyond the ends there are "zeros", the "border", or the image's "reflection". ``input`` and ``grid``
    are floats of one dtype.

    ValueError for another mode or padding, RuntimeError for shapes or dtypes that do not go together. The gradient
    goes to ``input`` and ``grid``, and to ``grid`` it is 0 where the padding holds a place fast.
    Source: Jaderberg and others, Spatial transformer networks, 2015.

    >>> import wengert as torch
    >>> image = torch.tensor([[[[1., 2.], [3., 4.]]]])
    >>> torch.nn.functional.grid_sample(image, torch.tensor([[[[0., 0.], [1., -1.]]]]), align_corners=True)
    tensor([[[[2.5000, 2.0000]]]])
    """
    if align_corners is not None:
        require_flags("grid_sample", align_corners=align_corners)
    op = "grid_sample"
    if mode not in _MODES:
        raise ValueError(
            f"nn.functional.{op}(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: {mode!r}"
        )
    if padding_mode not in _PADDINGS:
        raise ValueError(
            f"nn.functional.{op}(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
            f"{padding_mode!r}"
        )
    if align_corners is None:
        _warn_of_corners(op)
    return _sampled(op, input, grid, mode, padding_mode, bool(align_corners))


def _warn_of_corners(op: str) -> None:
    warn(
        f"Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. It was not "
        f"given to {op}: pass align_corners=False, or True, which was the default before."
    )


def _sampled(op: str, input: Any, grid: Any, mode: str, padding: str, align: bool) -> Any:
    require_tensor(op, input)
    require_tensor(op, grid, "grid")
    size, places = tuple(input.shape), tuple(grid.shape)
    rank = len(size) - 2
    given = f"got input with sizes {shape_text(size)} and grid with sizes {shape_text(places)}"
    if rank not in (2, 3):
        raise ShapeError(
            f"{op}: expected an input of 4 dimensions (n, c, h, w) or 5 (n, c, d, h, w), but {given}. "
            f"Use `unsqueeze(0)` for a single image."
        )
    if len(places) != len(size):
        raise ShapeError(
            f"{op}: expected input and grid with the same number of dimensions, but {given}."
        )
    if places[0] != size[0]:
        raise ShapeError(
            f"{op}: expected grid and input to have same batch size, but {given}. "
            f"Use `grid.expand` to read every image at the same places."
        )
    if places[-1] != rank:
        raise ShapeError(
            f"{op}: expected grid to have size {rank} in last dimension, a coordinate for each axis of the image, "
            f"but {given}."
        )
    if 0 in size[2:]:
        raise ShapeError(
            f"{op}: expected input to have non-empty spatial dimensions, but input has sizes {shape_text(size)}."
        )
    if mode == "bicubic" and rank != 2:
        raise ShapeError(
            f"{op}: bicubic interpolation only supports 4D input, but {given}. Use mode='bilinear'."
        )
    if dtypes.kind(dtype_of(input)) != "f":
        raise undefined(op, dtype_of(input))
    if dtype_of(grid) != dtype_of(input):
        raise DTypeError(
            f"{op}: expected input and grid of one dtype, but found {input.dtype} and {grid.dtype}. "
            f"Use `grid.to(input.dtype)`."
        )
    return rows.GRID_SAMPLE[rank](input, grid, mode=mode, padding=padding, align=align)


def _numbered(op: str, names: Sequence[str], number: int, what: str) -> str:
    if not 0 <= number < len(names):
        listed = ", ".join(f"{i} ({name})" for i, name in enumerate(names))
        raise ValueError(f"{op}: {what} must be one of {listed}, but is {number}.")
    return names[number]


def grid_sampler(
    input: Any, grid: Any, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Any:
    """Return `nn.functional.grid_sample` with mode and padding by their numbers: (bilinear, nearest, bicubic) and
    (zeros, border, reflection). ValueError for other numbers.
    """
    mode = _numbered("grid_sampler", _MODES, interpolation_mode, "interpolation_mode")
    padding = _numbered("grid_sampler", _PADDINGS, padding_mode, "padding_mode")
    return _sampled("grid_sampler", input, grid, mode, padding, bool(align_corners))


def grid_sampler_2d(
    input: Any, grid: Any, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Any:
    """Return `grid_sampler` of images ``(n, c, h, w)``; RuntimeError for others."""
    require_flags("grid_sampler_2d", align_corners=align_corners)
    _require_rank("grid_sampler_2d", input, 4)
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


def grid_sampler_3d(
    input: Any, grid: Any, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Any:
    """Return `grid_sampler` of images ``(n, c, d, h, w)``; RuntimeError for others."""
    require_flags("grid_sampler_3d", align_corners=align_corners)
    _require_rank("grid_sampler_3d", input, 5)
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


def _require_rank(op: str, input: Any, rank: int) -> None:
    require_tensor(op, input)
    if input.ndim != rank:
        raise ShapeError(
            f"{op}: expected a {rank}D input, but got input with sizes {shape_text(input.shape)}."
        )


def affine_grid(theta: Any, size: Any, align_corners: Any = None) -> Any:
    """Return the places at which `grid_sample` reads images of ``size`` turned by the affine maps ``theta``.

    For size ``(n, c, h, w)`` and ``theta (n, 2, 3)``, place ``[i, y, x]`` is ``theta[i] @ (x, y, 1)``, with ``x`` and
    ``y`` going from -1 to 1: ``(n, h, w, 2)``. For ``(n, c, d, h, w)`` and ``theta (n, 3, 4)``: ``(n, d, h, w, 3)``.
    With ``align_corners``, -1 and 1 are the middles of the outermost pixels, else their outer edges (which also is
    what None means, with a warning). ValueError for sizes below 1 and for maps of another shape or dtype,
    NotImplementedError for sizes of another length.

    >>> import wengert as torch
    >>> keep = torch.tensor([[[1., 0., 0.], [0., 1., 0.]]])
    >>> torch.nn.functional.affine_grid(keep, (1, 1, 1, 2), align_corners=False)
    tensor([[[[-0.5000,  0.0000],
              [ 0.5000,  0.0000]]]])
    """
    op = "affine_grid"
    require_tensor(op, theta, "theta")
    if dtypes.kind(dtype_of(theta)) != "f":
        raise ValueError(
            f"{op}: Expected theta to have floating point type, but got {theta.dtype}. Use `theta.float()`."
        )
    sizes = tuple(int(n) for n in size)
    rank = len(sizes) - 2
    if rank not in (2, 3):
        raise NotImplementedError(
            f"{op} only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size {sizes}."
        )
    if tuple(theta.shape)[1:] != (rank, rank + 1) or theta.ndim != 3:
        raise ValueError(
            f"{op}: Expected a batch of {rank}D affine matrices of shape Nx{rank}x{rank + 1} for size {sizes}. Got "
            f"{shape_text(theta.shape)}."
        )
    if min(sizes) <= 0:
        raise ValueError(f"{op}: Expected non-zero, positive output size. Got {sizes}.")
    if align_corners is None:
        _warn_of_corners(op)
    return affine_grid_generator(theta, sizes, bool(align_corners))


def affine_grid_generator(theta: Any, size: Any, align_corners: bool) -> Any:
    """Return `nn.functional.affine_grid`, unchecked but for the number of maps: RuntimeError unless ``size`` has it."""
    require_tensor("affine_grid_generator", theta, "theta")
    n, _, *axes = (int(s) for s in size)
    rank = len(axes)
    if tuple(theta.shape) != (n, rank, rank + 1):
        raise ShapeError(
            f"affine_grid_generator: expected theta of shape {shape_text((n, rank, rank + 1))} for size "
            f"{shape_text(tuple(size))}, but got {shape_text(theta.shape)}."
        )
    places = own_array(_base(axes, bool(align_corners)).astype(dtype_of(theta)))
    moved = contraction.matmul(places, structural.transpose(theta, dim0=1, dim1=2))
    return rows.affine_grid(moved, shape=(n, *axes, rank))


def _base(axes: Sequence[int], align: bool) -> np.ndarray[Any, Any]:
    """Return the places of all pixels, with a one behind: ``(pixels, rank + 1)``."""
    lines = []
    for n in axes:
        ends = 1.0 if align else (n - 1) / n
        lines.append(np.linspace(-ends, ends, n) if n > 1 else np.zeros(1))
    grids = np.meshgrid(*lines, indexing="ij")
    whole = [g.reshape(-1) for g in reversed(grids)]
    return np.stack([*whole, np.ones_like(whole[0])], axis=1)

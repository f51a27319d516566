"""Pooling: what `nn.functional` offers of it. Images are ``(n, c, *sizes)``, or ``(c, *sizes)`` without a batch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.shapes import Shape
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.nn.functional.per_dimension import per_dimension
from wengert.rules import indexing, resampling, structural
from wengert.rules import pooling as rows
from wengert.tensor import arithmetic, elementary, reductions
from wengert.tensor.apply import undefined
from wengert.tensor.numbers import require_flags, whole_of
from wengert.tensor.out import deliver
from wengert.tensor.promotion import dtype_of, own_array, require_tensor

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices", "adaptive_max_pool2d", "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d", "adaptive_max_pool3d_with_indices", "avg_pool1d", "avg_pool2d", "avg_pool3d", "lp_pool1d",
    "lp_pool2d", "lp_pool3d",
    "max_pool1d", "max_pool1d_with_indices", "max_pool2d", "max_pool2d_with_indices", "max_pool3d",
    "max_pool3d_with_indices", "max_unpool1d", "max_unpool2d", "max_unpool3d",
]  # fmt: skip


def pooled_sizes(op: str, x: Any, rank: int, refused: str) -> Shape:
    """Return the sizes of the axes that are pooled; errors for other ranks, empty images and other dtypes."""
    require_tensor(op, x)
    shape = tuple(x.shape)
    if len(shape) not in (rank + 1, rank + 2) or 0 in shape[-rank - 1 :]:
        raise ShapeError(
            f"{op}: Expected {rank + 1}D or {rank + 2}D (batch mode) tensor with optional 0 dim batch size for input, "
            f"but got: {shape_text(shape)}."
        )
    if dtypes.kind(dtype_of(x)) in refused:
        raise undefined(op, dtype_of(x))
    return shape[-rank:]


def _windows(
    op: str, size: Shape, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> dict[str, Any]:  # fmt: skip
    """Return the parameters of a pooling row; RuntimeError where there is no such window."""
    rank = len(size)
    kernel = per_dimension(op, "kernel_size", kernel_size, rank)
    steps = (
        kernel
        if stride is None or stride in ((), [])
        else per_dimension(op, "stride", stride, rank)
    )
    pads, spacing = (
        per_dimension(op, "padding", padding, rank),
        per_dimension(op, "dilation", dilation, rank),
    )
    for name, values in (("kernel_size", kernel), ("stride", steps), ("dilation", spacing)):
        if min(values) <= 0:
            raise ShapeError(f"{op}: {name} should be greater than zero, but got {values}.")
    out = []
    for s, k, step, q, d in zip(size, kernel, steps, pads, spacing, strict=True):
        if q < 0:
            raise ShapeError(f"{op}: pad must be non-negative, but got pad: {q}.")
        if q > (d * (k - 1) + 1) // 2:
            raise ShapeError(
                f"{op}: pad should be at most half of effective kernel size, but got pad={q}, kernel_size={k} and "
                f"dilation={d}."
            )
        room = s + 2 * q - d * (k - 1) - 1
        o = (room + (step - 1 if ceil_mode else 0)) // step + 1
        if ceil_mode and (o - 1) * step >= s + q:
            o -= 1
        out.append(o)
    if min(out) <= 0:
        raise ShapeError(
            f"{op}: Given input size: {shape_text(size)}. Calculated output size: {shape_text(out)}. Output size is "
            f"too small. Use a smaller kernel, or padding."
        )
    return {
        "kernel": kernel, "stride": steps, "padding": pads, "dilation": spacing, "counts": tuple(out)
    }  # fmt: skip


def _max_pool(
    rank: int, x: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool, indices: bool
) -> Any:  # fmt: skip
    op = f"max_pool{rank}d"
    size = pooled_sizes(op, x, rank, "bc" if indices or rank > 1 else "biuc")
    p = _windows(op, size, kernel_size, stride, padding, dilation, ceil_mode)
    values, places = rows.MAX_POOL[rank](x, **p)
    return (values, rows.flat_positions(places, size=size, **p)) if indices else values


def max_pool1d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:  # fmt: skip
    """Return the largest element of each window of ``(n, c, l)``; see `max_pool2d`."""
    require_flags("max_pool1d", ceil_mode=ceil_mode)
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:  # fmt: skip
    """Return the largest element of each window of ``(n, c, h, w)``; the gradient goes to the first such element.

    There are ``(h + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1`` windows, rounded down, or up with
    ``ceil_mode``; ``stride`` is the kernel's size unless given. With ``return_indices`` the positions in the flattened
    image come along. RuntimeError where no window fits.

    >>> import wengert as torch
    >>> torch.nn.functional.max_pool2d(torch.arange(16.).reshape(1, 1, 4, 4), 2)
    tensor([[[[ 5.,  7.],
              [13., 15.]]]])
    """
    require_flags("max_pool2d", ceil_mode=ceil_mode)
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:  # fmt: skip
    """Return the largest element of each window of ``(n, c, d, h, w)``; see `max_pool2d`."""
    require_flags("max_pool3d", ceil_mode=ceil_mode)
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool1d_with_indices(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:  # fmt: skip
    """Return `max_pool1d` and the positions of the elements."""
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool2d_with_indices(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:  # fmt: skip
    """Return `max_pool2d` and the positions of the elements."""
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool3d_with_indices(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:  # fmt: skip
    """Return `max_pool3d` and the positions of the elements."""
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def _avg_pool(
    rank: int, x: Any, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool, include: bool, divisor: Any
) -> Any:  # fmt: skip
    op = f"avg_pool{rank}d"
    size = pooled_sizes(op, x, rank, "bc")
    if divisor is not None:
        divisor = whole_of(op, "divisor_override", divisor)
    if divisor == 0:
        raise ShapeError(f"{op}: divisor must be not zero.")
    p = _windows(op, size, kernel_size, stride, padding, 1, ceil_mode)
    del p["dilation"]
    return rows.AVG_POOL[rank](x, include_pad=bool(include), divisor=divisor or 0, **p)


def avg_pool1d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:  # fmt: skip
    """Return the mean of each window of ``(n, c, l)``; see `avg_pool2d`."""
    require_flags("avg_pool1d", ceil_mode=ceil_mode, count_include_pad=count_include_pad)
    return _avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: Any = None, *, out: Any = None,
) -> Any:  # fmt: skip
    """Return the mean of each window of ``(n, c, h, w)``, of zeros too where it reaches into the padding.

    Without ``count_include_pad`` the mean is over the elements inside alone; ``divisor_override`` divides by
    another number. The windows are those of `max_pool2d`. Means of integers are rounded
    towards 0. RuntimeError where no window fits.

    >>> import wengert as torch
    >>> torch.nn.functional.avg_pool2d(torch.arange(16.).reshape(1, 1, 4, 4), 2)
    tensor([[[[ 2.5000,  4.5000],
              [10.5000, 12.5000]]]])
    """
    require_flags("avg_pool2d", ceil_mode=ceil_mode, count_include_pad=count_include_pad)
    made = _avg_pool(
        2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )
    return made if out is None else deliver(made, out, exact=True)


def avg_pool3d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: Any = None, *, out: Any = None,
) -> Any:  # fmt: skip
    """Return the mean of each window of ``(n, c, d, h, w)``; see `avg_pool2d`."""
    require_flags("avg_pool3d", ceil_mode=ceil_mode, count_include_pad=count_include_pad)
    made = _avg_pool(
        3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )
    return made if out is None else deliver(made, out, exact=True)


def _bins(op: str, x: Any, rank: int, output_size: Any, refused: str) -> tuple[Shape, Shape]:
    """Return the sizes of the axes and how many bins each gets, None standing for as many as there are elements."""
    if isinstance(output_size, Sequence) and rank > 1 and x.ndim <= rank:
        raise ValueError(f"{op}: Input dimension should be at least {rank + 1}, but got {x.ndim}.")
    size = pooled_sizes(op, x, rank, refused)
    if output_size is None or (rank == 1 and output_size in ((None,), [None])):
        raise TypeError(
            f"{op}(): argument 'output_size' must be tuple of ints, not {output_size}: give each of the {rank} axes a "
            f"number of bins{', or None to leave it as it is' if rank > 1 else ''}."
        )
    given: tuple[Any, ...] = (output_size,)
    if isinstance(output_size, Sequence):
        if len(output_size) != rank:
            raise ShapeError(
                f"{op}: output_size must be {rank} numbers, one for each axis, or one int, but got "
                f"{list(output_size)}."
            )
        given = tuple(s if o is None else o for s, o in zip(size, output_size, strict=True))
    out = per_dimension(op, "output_size", given, rank)
    if min(out) < 0:
        raise ShapeError(
            f"{op}: elements of output_size must be greater than or equal to 0, but got {list(out)}."
        )
    return size, out


def _adaptive_avg_pool(rank: int, x: Any, output_size: Any) -> Any:
    size, out = _bins(f"adaptive_avg_pool{rank}d", x, rank, output_size, "biuc")
    axes = tuple(range(x.ndim - rank, x.ndim))
    if rank > 1 and set(out) == {1}:
        return reductions.mean(x, axes, True)
    if 0 not in out and all(s % o == 0 for s, o in zip(size, out, strict=True)):
        kernel = tuple(s // o for s, o in zip(size, out, strict=True))
        return rows.ADAPTIVE_AVG_POOL[rank](
            x, kernel=kernel, stride=kernel, padding=(0,) * rank, counts=out, include_pad=True, divisor=0
        )  # fmt: skip
    maps = tuple(("means", s, o) for s, o in zip(size, out, strict=True))
    return resampling.UPSAMPLE["means"][rank](x, maps=maps, back=False)


def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """Return the means of ``output_size`` bins of ``(n, c, l)``; see `adaptive_avg_pool2d`."""
    return _adaptive_avg_pool(1, input, output_size)


def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    """Return the means of ``output_size`` bins of each axis of ``(n, c, h, w)``; None leaves an axis as it is.

    Bin i of k goes from ``floor(i h / k)`` to ``ceil((i + 1) h / k)``. RuntimeError for negative sizes.
    """
    return _adaptive_avg_pool(2, input, output_size)


def adaptive_avg_pool3d(input: Any, output_size: Any) -> Any:
    """Return the means of ``output_size`` bins of each axis of ``(n, c, d, h, w)``; see `adaptive_avg_pool2d`."""
    return _adaptive_avg_pool(3, input, output_size)


def _adaptive_max_pool(rank: int, x: Any, output_size: Any, indices: bool) -> Any:
    _, out = _bins(f"adaptive_max_pool{rank}d", x, rank, output_size, "biuc")
    values, positions = rows.ADAPTIVE_MAX_POOL[rank](x, counts=out)
    return (values, positions) if indices else values


def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Return the largest elements of the bins of `adaptive_avg_pool1d`."""
    return _adaptive_max_pool(1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Return the largest elements of the bins of `adaptive_avg_pool2d`; the gradient goes to the first of each."""
    return _adaptive_max_pool(2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Return the largest elements of the bins of `adaptive_avg_pool3d`."""
    return _adaptive_max_pool(3, input, output_size, return_indices)


def adaptive_max_pool1d_with_indices(
    input: Any, output_size: Any, return_indices: bool = False
) -> Any:
    """Return `adaptive_max_pool1d` and the positions of the elements."""
    return _adaptive_max_pool(1, input, output_size, True)


def adaptive_max_pool2d_with_indices(
    input: Any, output_size: Any, return_indices: bool = False
) -> Any:
    """Return `adaptive_max_pool2d` and the positions of the elements."""
    return _adaptive_max_pool(2, input, output_size, True)


def adaptive_max_pool3d_with_indices(
    input: Any, output_size: Any, return_indices: bool = False
) -> Any:
    """Return `adaptive_max_pool3d` and the positions of the elements."""
    return _adaptive_max_pool(3, input, output_size, True)


def _lp_pool(
    rank: int, x: Any, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool
) -> Any:
    require_tensor(f"lp_pool{rank}d", x)
    if math.isinf(norm_type):
        size = elementary.abs(x) if norm_type > 0 else -elementary.abs(x)
        most = _max_pool(rank, size, kernel_size, stride, 0, 1, ceil_mode, False)
        return most if norm_type > 0 else -most
    powers = arithmetic.pow(x, norm_type)
    mean = _avg_pool(rank, powers, kernel_size, stride, 0, ceil_mode, True, None)
    count = math.prod(per_dimension(f"lp_pool{rank}d", "kernel_size", kernel_size, rank))
    total = elementary.sign(mean) * elementary.relu(elementary.abs(mean)) * count
    return arithmetic.pow(total, 1.0 / norm_type)


def lp_pool1d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """Return the norm of order ``norm_type`` of each window of ``(n, c, l)``; see `lp_pool2d`."""
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """Return ``sum(x ** norm_type) ** (1 / norm_type)`` of each window of ``(n, c, h, w)``."""
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """Return the norm of order ``norm_type`` of each window of ``(n, c, d, h, w)``; see `lp_pool2d`."""
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)


def _max_unpool(
    rank: int, x: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any, output_size: Any
) -> Any:
    op = f"max_unpool{rank}d"
    size = pooled_sizes(op, x, rank, "bc")
    require_tensor(op, indices, "indices")
    if dtype_of(indices) != np.int64:
        raise DTypeError(
            f"{op}: elements in indices should be type int64 but got: {indices.dtype}."
        )
    if tuple(indices.shape) != tuple(x.shape):
        raise ShapeError(
            f"{op}: Expected shape of indices to be same as that of the input tensor ({shape_text(x.shape)}) but got "
            f"indices tensor with shape: {shape_text(indices.shape)}."
        )
    kernel = per_dimension(op, "kernel_size", kernel_size, rank)
    steps = kernel if stride is None else per_dimension(op, "stride", stride, rank)
    pads = per_dimension(op, "padding", padding, rank)
    usual = tuple(
        (s - 1) * step + k - 2 * q for s, step, k, q in zip(size, steps, kernel, pads, strict=True)
    )
    out = usual if output_size is None else _unpooled_size(op, usual, steps, output_size)
    if min(out) < 0:
        raise ValueError(f"{op}: output_size must be non-negative, but is {list(out)}.")
    lead = tuple(x.shape)[:-rank]
    at = rows.unpool_positions(indices, rank=rank, count=math.prod(out))
    zeros = own_array(np.zeros(math.prod(lead) * math.prod(out), dtype_of(x)))
    values = structural.reshape(x, shape=(math.prod(x.shape),))
    return rows.UNPOOLED[rank](indexing.put(zeros, at, values, axis=0, span=1), shape=(*lead, *out))


def _unpooled_size(op: str, usual: Shape, steps: Shape, given: Any) -> Shape:
    rank = len(usual)
    out = tuple(given)[2:] if len(given) == rank + 2 else tuple(given)
    if len(out) != rank:
        raise ValueError(
            f"{op}: output_size should be a sequence containing {rank} or {rank + 2} elements, but it has a length of "
            f"'{len(given)}'"
        )
    for d, (o, u, step) in enumerate(zip(out, usual, steps, strict=True)):
        if not u - step < o < u + step:
            raise ValueError(
                f'{op}: invalid output_size "{list(out)}" (dim {d} must be between {u - step} and {u + step})'
            )
    return out


def max_unpool1d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Any:  # fmt: skip
    """Return the elements at the positions that `max_pool1d` took them from; see `max_unpool2d`."""
    return _max_unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Any:  # fmt: skip
    """Return an image of zeros with ``input`` at the positions ``indices`` that `max_pool2d` took it from.

    ``output_size`` decides between the sizes that give as many windows. RuntimeError for positions outside.

    >>> import wengert as torch
    >>> F = torch.nn.functional
    >>> F.max_unpool2d(*F.max_pool2d(torch.arange(4.).reshape(1, 2, 2), 2, return_indices=True), 2)
    tensor([[[0., 0.],
             [0., 3.]]])
    """
    return _max_unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Any:  # fmt: skip
    """Return the elements at the positions that `max_pool3d` took them from; see `max_unpool2d`."""
    return _max_unpool(3, input, indices, kernel_size, stride, padding, output_size)

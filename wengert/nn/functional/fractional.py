"""Fractional max pooling, as `nn.functional` has it: windows at irregular distances, which are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.core.shapes import Shape
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.nn.functional.per_dimension import per_dimension
from wengert.nn.functional.pooling import pooled_sizes
from wengert.rules import fractional as rows
from wengert.rules import structural
from wengert.tensor import sampling
from wengert.tensor.promotion import dtype_of, require_tensor

__all__ = [
    "fractional_max_pool2d", "fractional_max_pool2d_with_indices", "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
]  # fmt: skip


def _pool(
    rank: int, x: Any, kernel_size: Any, output_size: Any, output_ratio: Any, return_indices: bool, samples: Any
) -> Any:  # fmt: skip
    op = f"fractional_max_pool{rank}d"
    if output_size is None and output_ratio is None:
        raise ValueError(f"{op} requires specifying either an output_size or an output_ratio.")
    size = pooled_sizes(op, x, rank, "biuc")
    kernel = per_dimension(op, "kernel_size", kernel_size, rank)
    if output_size is None:
        shares = output_ratio if isinstance(output_ratio, Sequence) else (output_ratio,) * rank
        if len(shares) != rank:
            raise ValueError(
                f"{op} requires output_ratio to either be a single number or tuple of {rank} numbers."
            )
        counts = tuple(int(s * share) for s, share in zip(size, shares, strict=True))
    else:
        counts = per_dimension(op, "output_size", output_size, rank)
    for s, k, n in zip(size, kernel, counts, strict=True):
        if k < 1 or n < 0 or k + n - 1 > s:
            raise ShapeError(
                f"{op}: {n} windows of size {k} do not fit in a size of {s}, of input {shape_text(x.shape)}. There is "
                f"room for {max(s - k + 1, 0)}, with a kernel_size of at least 1."
            )
    drawn = _samples(op, x, rank, samples)
    values, indices = rows.FRACTIONAL_MAX_POOL[rank](x, drawn, kernel=kernel, counts=counts)
    return (values, indices) if return_indices else values


def _samples(op: str, x: Any, rank: int, given: Any) -> Any:
    """Return a number from [0, 1) for each axis of each image, with the leading axes of ``x``."""
    lead: Shape = tuple(x.shape)[:-rank]
    n, channels = lead if len(lead) == 2 else (1, *lead)
    if given is None:
        given = sampling.rand(n, channels, rank, dtype=x.dtype, device=x.device)
    require_tensor(op, given, "_random_samples")
    if dtype_of(given) != dtype_of(x):
        raise DTypeError(
            f"{op}: Expect _random_samples to have the same dtype as input, {x.dtype}, but got {given.dtype}."
        )
    shape = tuple(given.shape)
    if len(shape) != 3 or shape[0] < n or shape[1] != channels or shape[2] != rank:
        raise ShapeError(
            f"{op}: Expect _random_samples of shape {shape_text((n, channels, rank))}, a number for each axis of each "
            f"image, but got {shape_text(shape)}."
        )
    if shape[0] > n:
        given = structural.slice_(given, index=(slice(0, n),))
    return given if len(lead) == 2 else structural.reshape(given, shape=(channels, rank))


def fractional_max_pool2d(
    input: Any, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False,
    _random_samples: Any = None,
) -> Any:  # fmt: skip
    """Return the largest elements of windows of ``(n, c, h, w)`` or ``(c, h, w)`` at irregular distances.

    ``output_size`` is how many windows there are along h and w, or ``output_ratio`` (a pair) their share of the sizes.
    Their distances vary by 1, by numbers from [0, 1) that are drawn for each channel, or given as ``_random_samples
    (n, c, 2)``, those of w first. With ``return_indices``, the positions in the flattened image come along.

    ValueError without a size, RuntimeError where so many windows do not fit, NotImplementedError for all but floats.
    Source: Graham, Fractional max-pooling, 2014.

    >>> import wengert as torch
    >>> image = torch.arange(25.).reshape(1, 1, 5, 5)
    >>> half = torch.full((1, 1, 2), 0.5)
    >>> torch.nn.functional.fractional_max_pool2d(image, 2, output_size=3, _random_samples=half)
    tensor([[[[ 6.,  8.,  9.],
              [16., 18., 19.],
              [21., 23., 24.]]]])
    """
    return _pool(2, input, kernel_size, output_size, output_ratio, return_indices, _random_samples)


def fractional_max_pool2d_with_indices(
    input: Any, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False,
    _random_samples: Any = None,
) -> Any:  # fmt: skip
    """Return `fractional_max_pool2d` and the positions of the elements."""
    return _pool(2, input, kernel_size, output_size, output_ratio, True, _random_samples)


def fractional_max_pool3d(
    input: Any, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False,
    _random_samples: Any = None,
) -> Any:  # fmt: skip
    """Return the largest elements of windows of ``(n, c, d, h, w)``; see `fractional_max_pool2d`.

    ``_random_samples (n, c, 3)`` are for d, h and w; one ``output_ratio`` may stand for all three.
    """
    return _pool(3, input, kernel_size, output_size, output_ratio, return_indices, _random_samples)


def fractional_max_pool3d_with_indices(
    input: Any, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False,
    _random_samples: Any = None,
) -> Any:  # fmt: skip
    """Return `fractional_max_pool3d` and the positions of the elements."""
    return _pool(3, input, kernel_size, output_size, output_ratio, True, _random_samples)

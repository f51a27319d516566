"""Uniform numbers of PyTorch's CPU generator, bit for bit, and what all numbers drawn of them share.

Source: PyTorch 2.13 on x86 with fused multiply-add. Numbers of float16 are computed in float32 where PyTorch does so,
complex numbers are pairs of real ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from wengert.core import dtypes
from wengert.core.fused import scaled
from wengert.core.mt19937 import Array, Stream
from wengert.core.strides import in_axes, memory_order

Shape = int | Sequence[int]

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
_CACHEFUL: Final = 2**14


def uniform(
    stream: Stream,
    shape: Shape,
    dtype: npt.DTypeLike = np.float32,
    low: float = 0.0,
    high: float = 1.0,
) -> Array:
    """Draw numbers evenly from ``[low, high)``: ``low + u * (high - low)``, rounded once.

    ``u`` is a multiple of 2**-24, or of 2**-53 for float64. Raises NotImplementedError for integers, RuntimeError
    unless ``low <= high`` and both, and their difference, are finite in ``dtype``.
    """
    real = real_of("uniform_", dtype)
    if np.dtype(dtype).kind == "c":
        return complex_of(uniform(stream, (*sizes_of(shape), 2), real, low, high), dtype)
    lowest, highest = float(dtypes.limits(real).min), float(dtypes.limits(real).max)
    if not (lowest <= low <= high <= highest and high - low <= highest):
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low} > "
            f"to={high} or a bound or a width beyond {real}. Give from <= to, finite, with "
            f"to - from at most {highest}."
        )
    work = working(real)
    start, end = work.type(low), work.type(high)

    def draw(n: int) -> Array:
        drawn = scaled(unit(stream, n, work), end - start, start).astype(real, copy=False)
        if start != 0.0 or end != 1.0 or work != real:
            # Rounding can reach the excluded end. PyTorch sends those to the start.
            drawn[drawn == real.type(high)] = low
        return drawn

    return by_cachefuls(draw, shape, real)


def by_cachefuls(draw: Callable[[int], Array], shape: Shape, dtype: np.dtype[Any]) -> Array:
    """Return ``draw(n)`` in a shape; many numbers are drawn as many at a time as the processor's cache holds."""
    n = math.prod(sizes_of(shape))
    if n <= _CACHEFUL:
        return draw(n).reshape(shape)
    drawn = np.empty(n, dtype)
    for start in range(0, n, _CACHEFUL):
        drawn[start : start + _CACHEFUL] = draw(min(_CACHEFUL, n - start))
    return drawn.reshape(shape)


def unit(stream: Stream, n: int, real: np.dtype[Any]) -> Array:
    """Draw uniforms in ``[0, 1)``: the low 24 bits of a 32-bit word, or 53 of a 64-bit one."""
    if real == np.float32:
        words: Array = stream.random32(n)
        words &= np.uint32(2**24 - 1)
    else:
        words = stream.random64(n)
        words &= np.uint64(2**53 - 1)
    # Signed integers of so few bits are the same, and processors convert them faster.
    signed = words.view(np.int32 if real == np.float32 else np.int64)
    drawn: Array = signed.astype(real)
    drawn *= real.type(2.0**-24 if real == np.float32 else 2.0**-53)
    return drawn


def sizes_of(shape: Shape) -> Sequence[int]:
    """Return the sizes of ``shape``; RuntimeError where one is negative."""
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    for size in sizes:
        if size < 0:
            raise RuntimeError(
                f"Trying to create tensor with negative dimension {size}: {list(sizes)}."
            )
    return sizes


def real_of(op: str, dtype: npt.DTypeLike, complex_too: bool = True) -> np.dtype[Any]:
    """Return the floating dtype, or that of a complex one's parts; NotImplementedError for others."""
    target = np.dtype(dtype)
    if target.kind == "c" and complex_too:
        return FLOAT32 if target.itemsize == 8 else FLOAT64
    if dtypes.kind(target) != "f":
        raise not_for(op, target)
    return target


def not_for(op: str, dtype: np.dtype[Any]) -> NotImplementedError:
    """Word the error for a dtype that an operation does not draw."""
    kinds = "integers and floats" if op in ("geometric_", "random_") else "floats"
    return NotImplementedError(
        f'"{op}" not implemented for {dtypes.public(dtype)} tensors. It draws {kinds}: convert the result instead.'
    )


def complex_of(parts: Array, dtype: npt.DTypeLike) -> Array:
    """Return real numbers of shape (..., 2) as complex ones of shape (...)."""
    return parts.view(dtype).reshape(parts.shape[:-1])


def working(real: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype that uniforms and blocks of normals are computed in."""
    return FLOAT64 if real == FLOAT64 else FLOAT32


def narrowed(values: Array, dtype: np.dtype[Any]) -> Array:
    """Return values in the dtype to be drawn; PyTorch makes float16 by way of float32."""
    if dtype == np.float16:
        values = values.astype(np.float32, copy=False)
    return values.astype(dtype, copy=False)


def in_memory_order(like: Array, draw: Callable[..., Array], *operands: Array) -> Array:
    """Return ``draw(shape)``, the numbers lying in the order in which the elements of ``like`` lie in memory.

    Operands are broadcast to the shape, laid in the same order and passed on.
    """
    order = memory_order(like)
    placed = [np.broadcast_to(a, like.shape).transpose(order) for a in operands]
    drawn: Array = draw(tuple(like.shape[axis] for axis in order), *placed)
    return in_axes(drawn, order)

"""Sums of raw arrays that err as little as PyTorch's do in float32. Knows no rows.

NumPy adds pairwise along the fastest axis only; along others it adds row after row, and the error grows with their
number (1.8e-5 after 10^6 rows). A product of ones with 64 rows at a time errs less than either, and is faster too.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.shapes import Shape

_F16, _F32, _F64 = np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64)
_ROWS, _FEW_ROWS, _BLOCK, _WIDE_BLOCK = 64, 128, 1024, 4096
_WIDE, _CACHE = 1 << 21, 1 << 24


def sum_all(x: Array) -> Any:
    """Add up all elements of an array of any layout."""
    return full_sum(x) if x.flags.c_contiguous else sum_axes(x, tuple(range(x.ndim)))


def full_sum(x: Array) -> Any:
    """Add up a contiguous array: floats in blocks, each as a product with ones, and then the blocks.

    That errs no more than NumPy's pairwise sum, starts sooner and runs three times as fast.
    """
    dtype = x.dtype
    if dtype is not _F32 and dtype is not _F64:
        return _other_sum(x, tuple(range(x.ndim)))
    n = x.size
    flat = x if x.ndim == 1 else x.reshape(-1)
    if n <= _BLOCK:
        return flat.dot(_ones(dtype, n))
    block = _BLOCK if n < _WIDE else _WIDE_BLOCK
    whole = n - n % block
    total = np.add.reduce(flat[:whole].reshape(-1, block).dot(_ones(dtype, block)))
    return total if whole == n else total + full_sum(flat[whole:])


def sum_axes(x: Array, axes: Shape) -> Any:
    """Add up along some axes (sorted, non-negative)."""
    dtype = x.dtype
    if dtype is not _F32 and dtype is not _F64:
        return _other_sum(x, axes)
    if not x.flags.c_contiguous:
        return _scattered_sum(x, axes)
    if not x.size or not axes:
        return np.add.reduce(x, axis=axes)
    if len(axes) == x.ndim:
        return full_sum(x)
    if x.ndim == 2 and x.shape[axes[0]] <= _FEW_ROWS:
        ones = _ones(dtype, x.shape[axes[0]])
        return x.dot(ones) if axes[0] else ones.dot(x)
    while axes:
        last = first = axes[-1]
        while first - 1 in axes:
            first -= 1
        x = _run_sum(x, first, last + 1)
        axes = tuple(a for a in axes if a < first)
    return x


def _run_sum(x: Array, first: int, stop: int) -> Array:
    """Add up along adjacent axes of a contiguous array: its shape is (lead, n, width) in effect."""
    shape = (*x.shape[:first], *x.shape[stop:])
    n, width = math.prod(x.shape[first:stop]), math.prod(x.shape[stop:])
    if width == 1:
        return _row_sums(x.reshape(-1, n), n).reshape(shape)
    lead = (math.prod(x.shape[:first]),) if first else ()
    x = x.reshape(*lead, n, width)
    while n > _ROWS:
        whole = n - n % _ROWS
        head = x[..., :whole, :].reshape(*lead, _ROWS, -1)
        parts = np.matmul(_ones(x.dtype, _ROWS), head).reshape(*lead, -1, width)
        # The rest goes first: what is small is added before the sums of many.
        x = parts if whole == n else np.concatenate((x[..., whole:, :], parts), axis=-2)
        n = x.shape[-2]
    return np.matmul(_ones(x.dtype, n), x).reshape(shape)


def _row_sums(x: Array, n: int) -> Array:
    """Add up each row of a matrix."""
    if n > _BLOCK:
        whole = n - n % _BLOCK
        blocks = x[:, :whole].reshape(len(x), -1, _BLOCK)
        total = np.add.reduce(np.vecdot(blocks, _ones(x.dtype, _BLOCK)), axis=1)
        return total if whole == n else total + np.vecdot(x[:, whole:], _ones(x.dtype, n - whole))
    # A matrix product starts sooner; beyond the cache, one product per row reads faster.
    if x.nbytes > _CACHE and n * x.itemsize > 256:
        return np.vecdot(x, _ones(x.dtype, n))
    return x.dot(_ones(x.dtype, n))


def _scattered_sum(x: Array, axes: Shape) -> Any:
    """Add up an array that is not contiguous: read it in the order of its memory."""
    n = math.prod([x.shape[a] for a in axes])
    if n <= _ROWS:
        return np.add.reduce(x, axis=axes)
    if not any(x.strides[a] for a in axes):
        return x[tuple(0 if a in axes else slice(None) for a in range(x.ndim))] * x.dtype.type(n)
    order = sorted(range(x.ndim), key=lambda a: -abs(x.strides[a]))
    dense = np.ascontiguousarray(x.transpose(order))
    total = sum_axes(dense, tuple(sorted(order.index(a) for a in axes)))
    kept = [a for a in order if a not in axes]
    return np.transpose(total, [kept.index(a) for a in sorted(kept)])


def _other_sum(x: Array, axes: Shape) -> Any:
    """Add up what is neither float32 nor float64: complex numbers by halves, float16 in float32."""
    if x.dtype == _F16:
        return sum_axes(x.astype(_F32), axes).astype(_F16)
    if x.dtype.kind == "c" and axes:
        halves = np.ascontiguousarray(x).view(x.real.dtype).reshape(*x.shape, 2)
        return sum_axes(halves, axes).view(x.dtype)[..., 0]
    return np.add.reduce(x, axis=axes)


@functools.lru_cache(maxsize=256)
def _ones(dtype: np.dtype[Any], n: int) -> Array:
    return np.ones(n, dtype)

"""How raw kernels of many steps run: in parts that stay in the cache, and in float32 for float16. Knows no rows."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.core.carrier import Array

_PART = 8192
"""Elements that a kernel takes at a time, so that what passes between its steps never leaves the cache."""


def widened(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """Let a kernel compute float16 operands as float32, where NumPy would overflow or lose digits."""

    @functools.wraps(kernel)
    def wide(*operands: Any, **params: Any) -> Any:
        if operands[0].itemsize != 2:
            return kernel(*operands, **params)
        return in_float32(kernel, *operands, **params)

    return wide


def in_float32(kernel: Callable[..., Any], *operands: Any, **params: Any) -> Any:
    """Run a kernel on operands of which those of float16 are made float32, and round its results, once."""
    out = kernel(*map(_wider, operands), **params)
    return tuple(map(_narrower, out)) if isinstance(out, tuple) else _narrower(out)


def _wider(x: Any) -> Any:
    return x.astype(np.float32) if x.dtype == np.float16 else x


def _narrower(x: Any) -> Any:
    return x.astype(np.float16) if x.dtype == np.float32 else x


def in_blocks(kernel: Callable[..., Array]) -> Callable[..., Array]:
    """Let an element-by-element kernel of one operand take large arrays part by part, and float16 as float32."""

    @functools.wraps(kernel)
    def blocked(x: Array, **params: Any) -> Array:
        n = x.size
        if not x.ndim:  # NumPy makes scalars of single numbers, into which no kernel can write
            return blocked(x.reshape(1), **params).reshape(())
        if x.itemsize == 2:
            return blocked(x.astype(np.float32), **params).astype(x.dtype)
        if n <= 2 * _PART or not x.flags.c_contiguous:
            return kernel(x, **params)
        out = np.empty_like(x)
        source, target = x.reshape(-1), out.reshape(-1)
        for i in range(0, n, _PART):
            target[i : i + _PART] = kernel(source[i : i + _PART], **params)
        return out

    return blocked

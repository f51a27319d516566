"""Multiply-add rounded once, as processors do it and NumPy does not. Knows NumPy alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.mt19937 import Array

__all__ = ["scaled"]


def scaled(values: Array, scale: np.floating[Any], offset: np.floating[Any]) -> Array:
    """Return ``values * scale + offset``, rounded once, as a fused multiply-add does.

    For float64: S. Boldo and G. Melquiond, "Emulation of FMA and correctly rounded sums" (2008),
    figure 1. Numbers are divided by a power of two first, so that nothing overflows on the way.
    """
    if scale == 1.0 and offset == 0.0:
        return values
    if offset == 0.0:
        return np.multiply(values, scale)
    if not (np.isfinite(scale) and np.isfinite(offset)):
        plain: Array = values * scale + offset
        return plain
    if values.dtype == np.float32:
        return _scaled_float32(values, np.float64(scale), np.float64(offset))
    power = max(math.frexp(scale)[1], math.frexp(offset)[1])
    high, low = _product(values, np.float64(math.ldexp(float(scale), -power)))
    middle, bottom = _sum(np.float64(math.ldexp(float(offset), -power)), low)
    top, rest = _sum(high, middle)
    rounded: Array = np.ldexp(top + _sum_to_odd(bottom, rest), power)
    return rounded


def _scaled_float32(values: Array, scale: np.float64, offset: np.float64) -> Array:
    """Return the sum for float32, whose products are exact in float64."""
    products = values * scale
    sums = products + offset
    inexact = (sums - offset != products) | (sums - products != offset)
    if inexact.any():
        # Rounded again, a sum to odd becomes what the exact one does.
        sums[inexact] = _sum_to_odd(products[inexact], offset)
    return sums.astype(np.float32)


def _product(a: Array, b: np.float64) -> tuple[Array, Array]:
    """Return ``a * b`` rounded, and what rounding took from it (T. J. Dekker, 1971)."""
    product = a * b
    a_high = a * (2.0**27 + 1.0)
    a_high -= a_high - a
    b_high = b * (2.0**27 + 1.0)
    b_high -= b_high - b
    a_low, b_low = a - a_high, b - b_high
    lost = ((product - a_high * b_high) - a_low * b_high) - a_high * b_low
    return product, a_low * b_low - lost


def _sum(a: Array | np.float64, b: Array) -> tuple[Array, Array]:
    """Return ``a + b`` rounded, and what rounding took from it (D. E. Knuth, 1969)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _sum_to_odd(a: Array, b: Array | np.float64) -> Array:
    """Return ``a + b``, or where it is inexact its neighbour with an odd last bit."""
    total, lost = _sum(b, a) if isinstance(b, np.float64) else _sum(a, b)
    even = (total.view(np.int64) & 1) == 0
    return np.where((lost != 0.0) & even, np.nextafter(total, np.copysign(np.inf, lost)), total)

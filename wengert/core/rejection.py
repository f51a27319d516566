"""Gamma, Dirichlet and binomial numbers of PyTorch's CPU generator: candidates that are accepted or rejected.

How many words one number takes depends on the words. The accepted numbers are those of PyTorch to within rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Final

import numpy as np

from wengert.core import dtypes
from wengert.core.continuous import pair_of_normals
from wengert.core.mt19937 import Array, Stream
from wengert.core.uniforms import FLOAT64, not_for

__all__ = ["binomial", "dirichlet", "gamma"]

_THIRD: Final = float(np.float32(1.0 / 3.0))
_SQUEEZE: Final = float(np.float32(0.0331))
"""PyTorch has these two in 24 bits."""
_TAILS: Final = 10


def gamma(stream: Stream, shapes: Array) -> Array:
    """Draw one number of rate 1 for each shape, in the shapes' dtype, at least the smallest normal number.

    Candidates are cubes of normals (G. Marsaglia and W. Tsang, "A simple method for generating gamma variables", 2000).
    Raises NotImplementedError unless the shapes are of float32 or float64.
    """
    if shapes.dtype not in (np.float32, np.float64):
        raise not_for("_standard_gamma", shapes.dtype)
    drawn = _gammas(stream, shapes).astype(shapes.dtype)
    made: Array = np.fmax(drawn, dtypes.limits(shapes.dtype).tiny)
    return made


def dirichlet(stream: Stream, shapes: Array) -> Array:
    """Draw positive numbers that sum to 1 along the last axis: gammas over their sum, all in float64.

    Raises NotImplementedError unless the shapes are of float32 or float64.
    """
    if shapes.dtype not in (np.float32, np.float64):
        raise not_for("_sample_dirichlet", shapes.dtype)
    drawn = _gammas(stream, shapes.astype(FLOAT64))
    drawn /= drawn.sum(axis=-1, keepdims=True)
    below_one = np.nextafter(shapes.dtype.type(1), shapes.dtype.type(0))
    least = dtypes.limits(shapes.dtype).tiny
    made: Array = np.fmax(np.fmin(drawn.astype(shapes.dtype), below_one), least)
    return made


def _gammas(stream: Stream, shapes: Array) -> Array:
    real = shapes.dtype.type
    small = shapes < 1.0
    # PyTorch rounds these three to the dtype of the shapes, and all that follows to float64.
    powers = real(1.0) / np.where(small & (shapes > 0.0), shapes, real(1.0))
    depths = np.where(small, shapes + real(1.0), shapes) - real(_THIRD)
    given = zip(*(x.reshape(-1).tolist() for x in (shapes, powers, depths)), strict=True)
    with closing(stream.one_by_one()) as units:
        normal = _normals(stream, units)
        drawn = [_gamma(a, power, d, units, normal) for a, power, d in given]
    return np.array(drawn, FLOAT64).reshape(shapes.shape)


def _normals(stream: Stream, units: Iterator[float]) -> Callable[[], float]:
    """Return what draws a standard normal, of which every other one waits in the stream."""

    def normal() -> float:
        waiting, stream.waiting_normal = stream.waiting_normal, None
        if waiting is not None:
            return waiting
        first, stream.waiting_normal = pair_of_normals(next(units), next(units))
        return first

    return normal


def _gamma(
    shape: float, power: float, d: float, units: Iterator[float], normal: Callable[[], float]
) -> float:
    if shape == 0.0:
        return 0.0
    scale = (1.0 - next(units)) ** power if shape < 1.0 else 1.0
    # What is no shape, such as -1 or NaN, takes words as others do, until a candidate passes the first test.
    c = 1.0 / math.sqrt(9.0 * d) if d > 0.0 else math.nan
    while True:
        x = normal()
        y = 1.0 + c * x
        if y <= 0.0:
            continue
        v = y * y * y
        u = 1.0 - next(units)
        square = x * x
        if u < 1.0 - _SQUEEZE * square * square:
            return scale * d * v
        if math.log(u) < 0.5 * square + d * (1.0 - v + math.log(v)):
            return scale * d * v


def binomial(stream: Stream, counts: Array, chances: Array) -> Array:
    """Draw how many of ``counts`` trials succeed, each with the chance at its place, in the dtype of the chances.

    Where fewer than 10 are to be expected, the waits between successes are drawn; else candidates are drawn and
    rejected (W. Hoermann, "The generation of binomial random variates", 1993).
    """
    pairs = zip(
        counts.astype(FLOAT64).reshape(-1).tolist(),
        chances.astype(FLOAT64).reshape(-1).tolist(),
        strict=True,
    )
    with closing(stream.one_by_one()) as units:
        drawn = [_successes(n, p, units) for n, p in pairs]
    return np.array(drawn, FLOAT64).astype(chances.dtype).reshape(chances.shape)


def _successes(n: float, p: float, units: Iterator[float]) -> float:
    if n <= 0.0 or p <= 0.0:
        return 0.0
    if p >= 1.0:
        return n
    if p > 0.5:
        return n - _rarer(n, 1.0 - p, units)
    return _rarer(n, p, units) if p <= 0.5 else math.nan


def _rarer(n: float, p: float, units: Iterator[float]) -> float:
    return _many_successes(n, p, units) if n * p >= 10.0 else _few_successes(n, p, units)


def _few_successes(n: float, p: float, units: Iterator[float]) -> int:
    """Count the waits for a success that fit into ``n`` trials."""
    passed, count, log_failure = 0.0, 0, math.log1p(-p)
    while True:
        u = next(units)
        passed += math.ceil(math.log(u) / log_failure) if u else math.inf
        if passed > n:
            return count
        count += 1


def _many_successes(n: float, p: float, units: Iterator[float]) -> float:
    """Draw candidates until one is accepted; the names are those of Hoermann's algorithm BTRS."""
    spread = math.sqrt(n * p * (1.0 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = n * p + 0.5
    sure = 0.92 - 4.2 / b
    r = p / (1.0 - p)
    alpha = (2.83 + 5.1 / b) * spread
    m = math.floor((n + 1.0) * p)
    while True:
        u, v = next(units) - 0.5, next(units)
        us = 0.5 - abs(u)
        if not us:
            continue
        k = math.floor((2.0 * a / us + b) * u + c)
        if not 0 <= k <= n:
            continue
        if us >= 0.07 and v <= sure:
            return k
        left = math.log(v * alpha / (a / (us * us) + b)) if v else -math.inf
        right = (m + 0.5) * math.log((m + 1.0) / (r * (n - m + 1.0)))
        right += (n + 1.0) * math.log((n - m + 1.0) / (n - k + 1.0))
        right += (k + 0.5) * math.log(r * (n - k + 1.0) / (k + 1.0))
        right += _tail(m) + _tail(n - m) - _tail(k) - _tail(n - k)
        if left <= right:
            return k


def _tail(k: float) -> float:
    """Return by how much Stirling's formula for ``log(k!)``, in powers of ``k + 1``, falls short."""
    k1 = k + 1.0
    if k < _TAILS:
        return math.lgamma(k1) - (k + 0.5) * math.log(k1) + k1 - 0.5 * math.log(2.0 * math.pi)
    square = k1 * k1
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / k1

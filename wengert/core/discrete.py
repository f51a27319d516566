"""Integers, permutations, coins, counts and choices of PyTorch's CPU generator, bit for bit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from typing import Final

import numpy as np
import numpy.typing as npt

from wengert.core import dtypes
from wengert.core.continuous import exponential
from wengert.core.mt19937 import Array, Stream
from wengert.core.uniforms import (
    FLOAT64,
    Shape,
    by_cachefuls,
    in_memory_order,
    narrowed,
    not_for,
    real_of,
    sizes_of,
    unit,
    working,
)

__all__ = ["bernoulli", "geometric", "multinomial", "poisson", "randint", "random", "randperm"]

_WIDE_PERMUTATION: Final = (2**32 - 1) // 20
_SHORT_PERMUTATION: Final = 2048


def random(stream: Stream, shape: Shape, dtype: npt.DTypeLike = np.int64) -> Array:
    """Draw integers from 0 to the largest of the dtype, or to 2**digits for floating types.

    A word of 32 bits each; of 64 for int64 and float64. Raises NotImplementedError for complex.
    """
    target = np.dtype(dtype)
    if target.kind == "c":
        raise not_for("random_", target)
    if dtypes.kind(target) == "f":
        largest = 2 ** (dtypes.limits(target).nmant + 1)
    else:
        largest = 1 if target.kind == "b" else int(np.iinfo(target).max)

    def draw(n: int) -> Array:
        wide = target in (np.int64, np.float64)
        words: Array = stream.random64(n) if wide else stream.random32(n)
        return narrowed(words % words.dtype.type(largest + 1), target)

    return by_cachefuls(draw, shape, target)


def randint(
    stream: Stream, shape: Shape, low: int, high: int, dtype: npt.DTypeLike = np.int64
) -> Array:
    """Draw integers from ``[low, high)``, as the remainder of one word each by ``high - low``.

    Words have 32 bits for widths below 2**28, else 64. The bounds are those of int64: ``high`` is at most 2**63.
    Raises RuntimeError unless ``low < high``.
    """
    width = high - low
    if width <= 0:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}. "
            f"`high` is excluded: to draw {high} too, pass high={high + 1}."
        )
    target = np.dtype(dtype)

    def draw(n: int) -> Array:
        if width < 2**28:
            words: Array = (stream.random32(n) % np.uint32(width)).astype(np.uint64)
        else:
            words = stream.random64(n)
            if width == 2**64:
                return narrowed(words.view(np.int64), target)
            words %= np.uint64(width)
        # The sum wraps around in 64 bits, which is what a negative `low` wants.
        words += np.uint64(low % 2**64)
        return narrowed(words.view(np.int64), target)

    return by_cachefuls(draw, shape, target)


def randperm(stream: Stream, n: int, dtype: npt.DTypeLike = np.int64) -> Array:
    """Shuffle ``0 .. n - 1``: each place is exchanged with one not before it (Durstenfeld, 1964).

    From ``(2**32 - 1) // 20`` on, words have 64 bits instead of 32, and each place is exchanged with one not behind it.
    Raises RuntimeError for negative ``n``.
    """
    sizes_of(n)
    if n < 2:
        return np.arange(n).astype(dtype)
    if n < _WIDE_PERMUTATION:
        partners: Array = stream.random32(n - 1) % np.arange(n, 1, -1, dtype=np.uint32)
        partners += np.arange(n - 1, dtype=np.uint32)
    else:
        partners = stream.random64(n) % np.arange(1, n + 1, dtype=np.uint64)
    return _exchanged(n, partners).astype(dtype, copy=False)


def _exchanged(n: int, partners: Array) -> Array:
    """Return ``0 .. n - 1`` after an exchange of place ``i`` with ``partners[i]``, for every ``i`` in turn."""
    if n <= _SHORT_PERMUTATION:
        places = list(range(n))
        for i, j in enumerate(partners.tolist()):
            places[i], places[j] = places[j], places[i]
        return np.array(places, np.int64)
    # What LAPACK does to the rows of a matrix after pivoting, here one of one column.
    from scipy.linalg.lapack import dlaswp

    rows = np.arange(n, dtype=np.float64).reshape(n, 1)
    exchanged: Array = dlaswp(rows, partners.astype(np.int32), overwrite_a=True)
    return exchanged.reshape(n).astype(np.int64)


def bernoulli(stream: Stream, shape: Shape, p: float | Array) -> npt.NDArray[np.bool_]:
    """Draw True with probability ``p``: a uniform below ``p``.

    A number draws with 53 bits, an array (broadcast to ``shape``) with the bits of its dtype; so the two use up
    different words, as in PyTorch. Raises RuntimeError unless ``0 <= p <= 1``, NotImplementedError for an array of
    integers.
    """
    if not isinstance(p, np.ndarray):
        _require_chances(0.0 <= p <= 1.0, f"p={p}")
        return by_cachefuls(lambda n: unit(stream, n, FLOAT64) < p, shape, np.dtype(np.bool_))
    real = working(real_of("bernoulli", p.dtype, complex_too=False))
    _require_chances(bool(np.all((p >= 0.0) & (p <= 1.0))), "a p outside")
    units = by_cachefuls(lambda n: unit(stream, n, real), shape, real)
    below: npt.NDArray[np.bool_] = units < p
    return below


def _require_chances(valid: bool, got: str) -> None:
    if not valid:
        raise RuntimeError(
            f"bernoulli_ expects p to be in [0, 1], but got {got}. "
            f"Turn scores into probabilities with sigmoid first."
        )


def geometric(stream: Stream, shape: Shape, dtype: npt.DTypeLike, p: float) -> Array:
    """Draw how many trials of probability ``p`` it takes to the first success: ``ceil(log(u) / log(1 - p))``.

    Raises RuntimeError unless ``0 < p < 1``, NotImplementedError for bool and complex.
    """
    if not 0.0 < p < 1.0:
        raise RuntimeError(
            f"geometric_ expects p to be in (0, 1), but got p={p}. Give the probability of a success."
        )
    target = np.dtype(dtype)
    if target.kind in "bc":
        raise not_for("geometric_", target)

    def draw(n: int) -> Array:
        trials = np.ceil(np.log(unit(stream, n, FLOAT64)) / math.log1p(-p))
        return narrowed(trials.astype(np.int64) if target.kind in "iu" else trials, target)

    return by_cachefuls(draw, shape, target)


def poisson(stream: Stream, rates: Array) -> Array:
    """Draw one count for each rate, in the rates' dtype.

    Rates below 10 count uniforms while their product stays above ``exp(-rate)``; for others, candidates are drawn and
    rejected (W. Hoermann, "The transformed rejection method for generating Poisson random variables", 1993). Raises
    NotImplementedError unless the rates are floating, RuntimeError for negative ones and NaN.
    """
    real_of("poisson", rates.dtype, complex_too=False)
    if not np.all(rates >= 0):
        raise RuntimeError(
            "poisson: invalid Poisson rate, expected rate to be non-negative. Use `input.clamp(min=0)` or `exp`."
        )
    with closing(stream.one_by_one()) as units:
        counts = [
            _many_events(rate, units) if rate >= 10 else _few_events(rate, units)
            for rate in rates.astype(np.float64).reshape(-1).tolist()
        ]
    return np.array(counts, np.float64).astype(rates.dtype).reshape(rates.shape)


def _few_events(rate: float, units: Iterator[float]) -> int:
    """Count how often uniforms can be multiplied before their product falls to ``exp(-rate)``."""
    if rate == 0.0:
        return 0
    count, product, end = -1, 1.0, math.exp(-rate)
    while product > end:
        product *= next(units)
        count += 1
    return count


def _many_events(rate: float, units: Iterator[float]) -> int:
    """Draw candidates until one is accepted; the names are those of Hoermann's algorithm PTRS."""
    log_rate = math.log(rate)
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    sure = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        u, v = next(units) - 0.5, next(units)
        us = 0.5 - abs(u)
        k = math.floor((2.0 * a / us + b) * u + rate + 0.43) if us else -1
        if us >= 0.07 and v <= sure:
            return k
        if k < 0 or (us < 0.013 and v > us):
            continue
        left = math.log(v) + math.log(inverse_alpha) - math.log(a / (us * us) + b)
        if left <= k * log_rate - rate - math.lgamma(k + 1.0):
            return k


def multinomial(
    stream: Stream, weights: Array, count: int, replacement: bool
) -> npt.NDArray[np.int64]:
    """Draw ``count`` indices with the probabilities ``weights / weights.sum()``: (..., n) -> (..., count).

    With replacement, each draw is where a uniform falls among the cumulated weights. Without, and for one draw, they
    are those of the largest ``weights / e`` with exponential ``e``, in falling order. Raises RuntimeError for weights
    that are negative or not finite, and where a row of them has no sum.
    """
    if not np.all((weights >= 0) & (weights < math.inf)):
        raise RuntimeError(
            "multinomial: probability tensor contains either `inf`, `nan` or element < 0. "
            "Turn scores into probabilities with softmax first."
        )
    if not np.all(np.any(weights > 0, axis=-1)):
        raise RuntimeError(
            "multinomial: invalid multinomial distribution (sum of probabilities <= 0). "
            "A row needs a weight above 0."
        )
    if not replacement or count == 1:
        waits = in_memory_order(weights, lambda shape: exponential(stream, shape, weights.dtype))
        keys = np.divide(weights, waits)
        if count == 1:
            largest: npt.NDArray[np.int64] = np.argmax(keys, axis=-1, keepdims=True)
            return largest
        falling: npt.NDArray[np.int64] = np.argsort(-keys, axis=-1, kind="stable")
        return falling[..., :count]
    rows = weights.reshape(-1, weights.shape[-1])
    ends = np.add.accumulate(rows, axis=-1, dtype=working(rows.dtype))
    ends /= ends[:, -1:]
    ends[:, -1] = 1.0
    units = unit(stream, len(rows) * count, FLOAT64).reshape(-1, count)
    found = [np.searchsorted(end, unit) for end, unit in zip(ends, units, strict=True)]
    indices: npt.NDArray[np.int64] = np.array(found, np.int64)
    return indices.reshape(*weights.shape[:-1], count)

"""Normal, exponential and other continuous numbers of PyTorch's CPU generator.

They use up the words that PyTorch's use, and agree with them to within rounding, because libraries round logarithms,
exponentials and cosines differently.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from wengert.core import dtypes
from wengert.core.fused import scaled
from wengert.core.mt19937 import Array, Stream
from wengert.core.uniforms import (
    FLOAT64,
    Shape,
    by_cachefuls,
    complex_of,
    narrowed,
    real_of,
    sizes_of,
    unit,
    working,
)

__all__ = ["cauchy", "exponential", "log_normal", "normal", "pair_of_normals"]

_FEW: Final = 256
"""How many normals drawn one by one are exact to the last bit; more are left to NumPy, which is faster."""


def normal(
    stream: Stream,
    shape: Shape,
    dtype: npt.DTypeLike = np.float32,
    mean: float = 0.0,
    std: float = 1.0,
    blocks: bool = True,
) -> Array:
    """Draw ``mean + std * z``, with ``z`` standard normal.

    Two uniforms make two normals (G. Box and M. Muller, 1958). With ``blocks``, which PyTorch wants of memory without
    gaps, 16 numbers and more are drawn in blocks of 16 and leave no one waiting; else they are drawn one by one in
    float64, and an odd one out waits for the next call. Complex numbers have half the variance in each part. Raises
    NotImplementedError for integers, RuntimeError unless ``std >= 0``.
    """
    real = real_of("normal_", dtype)
    if not std >= 0.0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}. Use abs(std).")
    if np.dtype(dtype).kind == "c":
        parts = normal(stream, (*sizes_of(shape), 2), real, mean, std / math.sqrt(2.0), blocks)
        return complex_of(parts, dtype)
    n = math.prod(sizes_of(shape))
    kind = _blocks_of_normals if blocks and n >= 16 else _lone_normals
    work = working(real) if kind is _blocks_of_normals else FLOAT64

    def draw(m: int) -> Array:
        return narrowed(scaled(kind(stream, m, work), work.type(std), work.type(mean)), real)

    rest = n % 16 if kind is _blocks_of_normals else 0
    drawn = by_cachefuls(draw, n - rest, real)
    if rest:
        # PyTorch draws the last 16 again. Where it stores what it computes, it has drawn uniforms for the rest before.
        unit(stream, rest if work == real else 0, work)
        drawn = np.concatenate([drawn[: n - 16], draw(16)])
    return drawn.reshape(shape)


def _lone_normals(stream: Stream, n: int, work: np.dtype[Any] = FLOAT64) -> Array:
    """Draw standard normals one by one, after one that waits from the call before."""
    if not n:
        return np.empty(0)
    waiting, stream.waiting_normal = stream.waiting_normal, None
    missing = n if waiting is None else n - 1
    units = unit(stream, missing + missing % 2, FLOAT64).reshape(-1, 2)
    drawn = np.empty(n, work)
    if waiting is not None:
        drawn[0] = waiting
    pairs = [pair_of_normals(*pair) for pair in (units if n <= _FEW else units[-1:]).tolist()]
    if n <= _FEW:
        drawn[n - missing :] = [z for pair in pairs for z in pair][:missing]
    else:
        radius, angle = np.sqrt(-2.0 * np.log1p(-units[:, 1])), 2.0 * math.pi * units[:, 0]
        drawn[n - missing :: 2] = radius * np.cos(angle)
        drawn[n - missing + 1 :: 2] = (radius * np.sin(angle))[: missing // 2]
    if missing % 2:
        stream.waiting_normal = pairs[-1][1]
    return drawn


def pair_of_normals(turn: float, depth: float) -> tuple[float, float]:
    """Turn two uniforms into two normals by the C library, whose rounding is PyTorch's."""
    radius, angle = math.sqrt(-2.0 * math.log1p(-depth)), 2.0 * math.pi * turn
    return radius * math.cos(angle), radius * math.sin(angle)


def _blocks_of_normals(stream: Stream, n: int, work: np.dtype[Any]) -> Array:
    """Draw standard normals: of each 16, number k (below 8) and number k + 8 make a pair."""
    # Eights are moved as single elements: NumPy's loops over axes of 8 would cost more than the logarithms.
    eight = np.dtype((np.void, 8 * work.itemsize))
    pairs = unit(stream, n, work).view(eight).reshape(-1, 2)
    radius, angle = pairs[:, 0].copy().view(work), pairs[:, 1].copy().view(work)
    np.log(np.subtract(1.0, radius, out=radius), out=radius)
    radius *= -2.0
    np.sqrt(radius, out=radius)
    angle *= work.type(2.0 * math.pi)
    pairs[:, 0] = (radius * np.cos(angle)).view(eight)
    pairs[:, 1] = (radius * np.sin(angle)).view(eight)
    return pairs.reshape(-1).view(work)


def log_normal(
    stream: Stream,
    shape: Shape,
    dtype: npt.DTypeLike = np.float32,
    mean: float = 1.0,
    std: float = 2.0,
) -> Array:
    """Draw ``exp(mean + std * z)``, with ``z`` standard normal, drawn one by one.

    Raises NotImplementedError unless ``dtype`` is floating, RuntimeError unless ``std > 0``.
    """
    real = real_of("log_normal_", dtype, complex_too=False)
    if not std > 0.0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std}. Use abs(std).")

    def draw(n: int) -> Array:
        normals = scaled(_lone_normals(stream, n), np.float64(std), np.float64(mean))
        return narrowed(np.exp(normals), real)

    return by_cachefuls(draw, shape, real)


def exponential(
    stream: Stream, shape: Shape, dtype: npt.DTypeLike = np.float32, rate: float = 1.0
) -> Array:
    """Draw ``-log(1 - u) / rate`` with ``u`` of 53 bits, whatever the dtype.

    Raises RuntimeError unless ``dtype`` is floating and ``rate > 0``.
    """
    real = _continuous("Exponential", dtype)
    if not rate > 0.0:
        raise RuntimeError(
            f"exponential_ expects lambda > 0.0, but found lambda={rate}. The mean is 1 / lambda."
        )

    def draw(n: int) -> Array:
        return narrowed(np.log1p(-unit(stream, n, FLOAT64)) * (-1.0 / rate), real)

    return by_cachefuls(draw, shape, real)


def cauchy(
    stream: Stream,
    shape: Shape,
    dtype: npt.DTypeLike = np.float32,
    median: float = 0.0,
    sigma: float = 1.0,
) -> Array:
    """Draw ``median + sigma * tan(pi * (u - 0.5))`` with ``u`` of 53 bits, whatever the dtype.

    Raises RuntimeError unless ``dtype`` is floating and ``sigma > 0``.
    """
    if not sigma > 0.0:
        raise RuntimeError(
            f"cauchy_ expects sigma > 0.0, but found sigma={sigma}. It is half the width at half of the height."
        )
    real = _continuous("Cauchy", dtype)

    def draw(n: int) -> Array:
        slopes = np.tan(math.pi * (unit(stream, n, FLOAT64) - 0.5))
        return narrowed(scaled(slopes, np.float64(sigma), np.float64(median)), real)

    return by_cachefuls(draw, shape, real)


def _continuous(name: str, dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Return the dtype if it is floating; RuntimeError otherwise."""
    real = np.dtype(dtype)
    if dtypes.kind(real) != "f":
        raise RuntimeError(
            f"{name} distribution is a continuous probability distribution. dtype must be a floating point but you "
            f"specified {dtypes.public(real)}. Draw into floats, as in `torch.empty(n)`."
        )
    return real

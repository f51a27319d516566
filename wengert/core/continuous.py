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
    complex_of,
    narrowed,
    real_of,
    sizes_of,
    unit,
    working,
)

__all__ = ["cauchy", "exponential", "log_normal", "normal"]

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
    drawn = _many_normals(stream, n, real) if blocks and n >= 16 else _lone_normals(stream, n)
    drawn = scaled(drawn, drawn.dtype.type(std), drawn.dtype.type(mean))
    return narrowed(drawn, real).reshape(shape)


def _lone_normals(stream: Stream, n: int) -> npt.NDArray[np.float64]:
    """Draw standard normals one by one, after one that waits from the call before."""
    if not n:
        return np.empty(0)
    waiting, stream.waiting_normal = stream.waiting_normal, None
    missing = n if waiting is None else n - 1
    units = unit(stream, missing + missing % 2, FLOAT64).reshape(-1, 2)
    drawn = np.empty(n)
    if waiting is not None:
        drawn[0] = waiting
    pairs = [_pair_of_normals(*pair) for pair in (units if n <= _FEW else units[-1:]).tolist()]
    if n <= _FEW:
        drawn[n - missing :] = [z for pair in pairs for z in pair][:missing]
    else:
        radius, angle = np.sqrt(-2.0 * np.log1p(-units[:, 1])), 2.0 * math.pi * units[:, 0]
        drawn[n - missing :: 2] = radius * np.cos(angle)
        drawn[n - missing + 1 :: 2] = (radius * np.sin(angle))[: missing // 2]
    if missing % 2:
        stream.waiting_normal = pairs[-1][1]
    return drawn


def _pair_of_normals(turn: float, depth: float) -> tuple[float, float]:
    """Turn two uniforms into two normals by the C library, whose rounding is PyTorch's."""
    radius, angle = math.sqrt(-2.0 * math.log1p(-depth)), 2.0 * math.pi * turn
    return radius * math.cos(angle), radius * math.sin(angle)


def _many_normals(stream: Stream, n: int, real: np.dtype[Any]) -> Array:
    """Draw standard normals in blocks of 16; after a rest, the last 16 are drawn again."""
    work, whole = working(real), n - n % 16
    # Where PyTorch computes in another type than it stores, it draws nothing for the rest at first.
    units = unit(stream, n if work == real else whole, work)
    drawn = np.empty(n, work)
    _blocks_of_normals(units[:whole], drawn[:whole])
    if whole < n:
        _blocks_of_normals(unit(stream, 16, work), drawn[-16:])
    return drawn


def _blocks_of_normals(units: Array, normals: Array) -> None:
    """Turn uniforms into normals: of each 16, number k (below 8) and number k + 8 make a pair."""
    pairs, made = units.reshape(-1, 2, 8), normals.reshape(-1, 2, 8)
    radius = 1.0 - pairs[:, 0]
    np.log(radius, out=radius)
    radius *= -2.0
    np.sqrt(radius, out=radius)
    angle = pairs[:, 1] * units.dtype.type(2.0 * math.pi)
    np.multiply(radius, np.cos(angle), out=made[:, 0])
    np.multiply(radius, np.sin(angle), out=made[:, 1])


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
    drawn = _lone_normals(stream, math.prod(sizes_of(shape)))
    drawn = np.exp(scaled(drawn, np.float64(std), np.float64(mean)))
    return narrowed(drawn, real).reshape(shape)


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
    drawn = unit(stream, math.prod(sizes_of(shape)), FLOAT64)
    np.log1p(np.negative(drawn, out=drawn), out=drawn)
    drawn *= -1.0 / rate
    return narrowed(drawn, real).reshape(shape)


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
    drawn = unit(stream, math.prod(sizes_of(shape)), FLOAT64)
    drawn -= 0.5
    drawn *= math.pi
    np.tan(drawn, out=drawn)
    drawn = scaled(drawn, np.float64(sigma), np.float64(median))
    return narrowed(drawn, real).reshape(shape)


def _continuous(name: str, dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Return the dtype if it is floating; RuntimeError otherwise."""
    real = np.dtype(dtype)
    if real.kind != "f":
        raise RuntimeError(
            f"{name} distribution is a continuous probability distribution. dtype must be a floating point but you "
            f"specified {dtypes.public(real)}. Draw into floats, as in `torch.empty(n)`."
        )
    return real

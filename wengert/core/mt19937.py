"""The number stream of PyTorch's CPU generator: equal numbers for equal seeds.

Knows NumPy alone; tensors and the default generator are built on top of it. A `Stream` holds the
state (MT19937 words and one normal that waits) and the functions below it draw arrays. Integers,
permutations, Bernoulli draws and uniforms equal PyTorch's bit for bit. Normals and exponentials
agree to within rounding, because libraries round log and cos differently.

Source: M. Matsumoto and T. Nishimura, "Mersenne Twister" (1998); which words make which number
follows PyTorch 2.13 on x86 with fused multiply-add.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = [
    "DEFAULT_SEED",
    "Stream",
    "bernoulli",
    "exponential",
    "normal",
    "randint",
    "randperm",
    "uniform",
]

Array = npt.NDArray[Any]
Shape = int | Sequence[int]

DEFAULT_SEED: Final = 67280421310721
_WORDS: Final = 624
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1

# What `get_rng_state` of PyTorch lays out: the fields of two older generators around the words.
_STATE: Final = np.dtype(
    [
        ("seed", "<u8"),
        ("left", "<i4"),
        ("seeded", "<i4"),
        ("next", "<u8"),
        ("words", "<u8", _WORDS),
        ("normal_x", "<f8"),
        ("normal_y", "<f8"),
        ("normal_rho", "<f8"),
        ("normal_waits", "<i4"),
        ("gap", "<i4"),
        ("float_normal", "<f4"),
        ("float_normal_waits", "<u4"),
    ]
)


class Stream:
    """The words of one generator, and the second normal of a pair that waits for the next call.

    Attributes: ``initial_seed`` (the last seed, 0 to 2**64 - 1), ``waiting_normal`` (a float, or
    None).

    >>> stream = Stream(2024)
    >>> randint(stream, -5, 30, 3)
    array([22, -5, 19])
    """

    __slots__ = ("_engine", "_seeder", "initial_seed", "waiting_normal")

    def __init__(self, seed: int = DEFAULT_SEED) -> None:
        self._engine = np.random.MT19937(0)
        # Only NumPy's legacy interface seeds MT19937 by the rule of its authors, as PyTorch does.
        self._seeder = np.random.RandomState(self._engine)
        self.initial_seed: int
        self.waiting_normal: float | None
        self.seed(seed)

    def seed(self, seed: int) -> None:
        """Start again from ``seed`` modulo 2**64, of which the low 32 bits choose the words.

        Raises ValueError outside -2**63 to 2**64 - 1.
        """
        if not _INT64_MIN <= seed < 2**64:
            raise ValueError(
                f"manual_seed: {seed} does not fit in 64 bits. Use a seed from -2**63 to 2**64 - 1."
            )
        self.initial_seed = int(seed) % 2**64
        self._seeder.seed(self.initial_seed % 2**32)
        self.waiting_normal = None

    def random32(self, n: int) -> npt.NDArray[np.uint32]:
        """Draw ``n`` words of 32 bits."""
        return self._engine.random_raw(n).astype(np.uint32)

    def random64(self, n: int) -> npt.NDArray[np.uint64]:
        """Draw ``n`` words of 64 bits, each from two of 32 bits, the high half first."""
        halves: npt.NDArray[np.uint64] = self._engine.random_raw(2 * n)
        return halves[0::2] << np.uint64(32) | halves[1::2]

    def get_state(self) -> npt.NDArray[np.uint8]:
        """Return the 5056 bytes that `torch.get_rng_state` returns for the same generator."""
        engine = self._engine.state["state"]
        words, position = engine["key"], engine["pos"]
        state = np.zeros(1, _STATE)
        state["seed"], state["seeded"], state["words"] = self.initial_seed, 1, words
        # A used-up block stands at 624. PyTorch counts one that was only seeded from 0.
        fresh = position == _WORDS and words[0] == self.initial_seed % 2**32
        state["next"] = 0 if fresh else position
        state["left"] = _WORDS + 1 - position
        if self.waiting_normal is not None:
            state["normal_y"], state["normal_waits"] = self.waiting_normal, 1
        return state.view(np.uint8)

    def set_state(self, state: Array) -> None:
        """Continue from bytes that `get_state` or `torch.get_rng_state` returned.

        Raises TypeError unless they are uint8, RuntimeError unless they are such a state; then
        nothing has changed.
        """
        if state.dtype != np.uint8:
            raise TypeError(
                f"set_rng_state: the state must be bytes (uint8), not {state.dtype}. "
                f"Pass what get_rng_state returned."
            )
        if state.size != _STATE.itemsize:
            raise RuntimeError(
                f"set_rng_state: expected a state of {_STATE.itemsize} bytes, but got "
                f"{state.size}. Pass what get_rng_state returned on a CPU generator."
            )
        fields = np.ascontiguousarray(state).reshape(-1).view(_STATE)[0]
        left, following = int(fields["left"]), int(fields["next"])
        if fields["seeded"] != 1 or left != 1 and not 0 < following == _WORDS + 1 - left:
            raise RuntimeError(
                "set_rng_state: Invalid mt19937 state. Pass what get_rng_state returned."
            )
        self._engine.state = {
            "bit_generator": "MT19937",
            "state": {
                "key": fields["words"].astype(np.uint32),
                "pos": _WORDS if left == 1 else following,
            },
        }
        self.initial_seed = int(fields["seed"])
        self.waiting_normal = float(fields["normal_y"]) if fields["normal_waits"] else None


def uniform(
    stream: Stream,
    shape: Shape,
    dtype: npt.DTypeLike = np.float32,
    low: float = 0.0,
    high: float = 1.0,
) -> Array:
    """Draw numbers evenly from ``[low, high)``: ``low + u * (high - low)``, rounded once.

    ``u`` is a multiple of 2**-24 (float32) or 2**-53 (float64). Raises TypeError for another dtype,
    RuntimeError unless ``low <= high`` and both, and their difference, are finite in ``dtype``.
    """
    real = _real(dtype)
    lowest, highest = float(np.finfo(real).min), float(np.finfo(real).max)
    if not (lowest <= low <= high <= highest and high - low <= highest):
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low} > "
            f"to={high} or a bound or a width beyond {real}. Give from <= to, finite, with "
            f"to - from at most {highest}."
        )
    start, end = real.type(low), real.type(high)
    drawn = _scaled(_unit(stream, math.prod(_sizes(shape)), real), end - start, start)
    # Rounding can reach the excluded end. PyTorch sends those to the start.
    drawn[drawn == end] = start
    return drawn.reshape(shape)


def normal(
    stream: Stream,
    shape: Shape,
    dtype: npt.DTypeLike = np.float32,
    mean: float = 0.0,
    std: float = 1.0,
) -> Array:
    """Draw ``mean + std * z``, with ``z`` standard normal.

    Two uniforms make two normals (G. Box and M. Muller, 1958). Fewer than 16 are drawn one by one
    in float64, and an odd one out waits for the next call; 16 and more are drawn in ``dtype``, in
    blocks of 16, and leave no one waiting. Raises TypeError unless ``dtype`` is float32 or float64,
    RuntimeError unless ``std >= 0``.
    """
    real = _real(dtype)
    if not std >= 0.0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}. Use abs(std).")
    n = math.prod(_sizes(shape))
    drawn = _few_normals(stream, n) if n < 16 else _many_normals(stream, n, real)
    scaled = _scaled(drawn, drawn.dtype.type(std), drawn.dtype.type(mean))
    return scaled.astype(real, copy=False).reshape(shape)


def _few_normals(stream: Stream, n: int) -> npt.NDArray[np.float64]:
    """Draw standard normals one by one, by the C library, whose rounding PyTorch's are."""
    drawn: list[float] = []
    if stream.waiting_normal is not None:
        drawn.append(stream.waiting_normal)
        stream.waiting_normal = None
    missing = n - len(drawn)
    units = _unit(stream, missing + missing % 2, np.dtype(np.float64)).tolist()
    for turn, depth in zip(units[0::2], units[1::2], strict=True):
        radius = math.sqrt(-2.0 * math.log1p(-depth))
        angle = 2.0 * math.pi * turn
        drawn += [radius * math.cos(angle), radius * math.sin(angle)]
    if len(drawn) > n:
        stream.waiting_normal = drawn.pop()
    return np.array(drawn, np.float64)


def _many_normals(stream: Stream, n: int, real: np.dtype[Any]) -> Array:
    """Draw standard normals in blocks of 16; after a rest, the last 16 are drawn again."""
    whole = n - n % 16
    drawn = _unit(stream, n, real)
    drawn[:whole] = _blocks_of_normals(drawn[:whole])
    if whole < n:
        drawn[-16:] = _blocks_of_normals(_unit(stream, 16, real))
    return drawn


def _blocks_of_normals(units: Array) -> Array:
    """Turn uniforms into normals: of each 16, number k (below 8) and number k + 8 make a pair."""
    pairs = units.reshape(-1, 2, 8)
    radius = 1.0 - pairs[:, 0]
    np.log(radius, out=radius)
    radius *= -2.0
    np.sqrt(radius, out=radius)
    angle = pairs[:, 1] * units.dtype.type(2.0 * math.pi)
    normals = np.empty((len(radius), 2, 8), units.dtype)
    np.multiply(radius, np.cos(angle), out=normals[:, 0])
    np.multiply(radius, np.sin(angle), out=normals[:, 1])
    return normals.reshape(-1)


def randint(stream: Stream, low: int, high: int, shape: Shape) -> npt.NDArray[np.int64]:
    """Draw integers from ``[low, high)``, as the remainder of one word each by ``high - low``.

    Words have 32 bits for widths below 2**28, else 64. Raises RuntimeError unless ``low < high``,
    ValueError where a bound does not fit in int64.
    """
    if not (_INT64_MIN <= low <= _INT64_MAX and _INT64_MIN <= high <= _INT64_MAX):
        raise ValueError(
            f"randint: the bounds {low} and {high} do not fit in int64. "
            f"Use bounds from -2**63 to 2**63 - 1."
        )
    width = high - low
    if width <= 0:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}. "
            f"`high` is excluded: to draw {high} too, pass high={high + 1}."
        )
    n = math.prod(_sizes(shape))
    if width < 2**28:
        words = (stream.random32(n) % np.uint32(width)).astype(np.uint64)
    else:
        words = stream.random64(n) % np.uint64(width)
    # The sum wraps around in 64 bits, which is what a negative `low` wants.
    words += np.uint64(low % 2**64)
    return words.view(np.int64).reshape(shape)


def randperm(stream: Stream, n: int) -> npt.NDArray[np.int64]:
    """Shuffle ``0 .. n - 1``: each place is exchanged with one not before it (Durstenfeld, 1964).

    Raises RuntimeError for negative ``n``, and from ``(2**32 - 1) // 20`` on, where PyTorch changes
    to wider words.
    """
    if not 0 <= n < (2**32 - 1) // 20:
        raise RuntimeError(f"randperm: n must be from 0 to {(2**32 - 1) // 20 - 1}, but got n={n}.")
    places = list(range(n))
    if n > 1:
        left = np.arange(n, 1, -1, dtype=np.uint32)
        partners = stream.random32(n - 1) % left + np.arange(n - 1, dtype=np.uint32)
        for i, j in enumerate(partners.tolist()):
            places[i], places[j] = places[j], places[i]
    return np.array(places, np.int64)


def bernoulli(stream: Stream, p: float | Array, shape: Shape) -> npt.NDArray[np.bool_]:
    """Draw True with probability ``p``: a uniform below ``p``.

    A number draws with 53 bits, an array (broadcast to ``shape``) with the bits of its dtype,
    float32 or float64; so the two use up different words, as in PyTorch. Raises RuntimeError unless
    ``0 <= p <= 1``.
    """
    real = _real(p.dtype) if isinstance(p, np.ndarray) else np.dtype(np.float64)
    if not np.all((np.asarray(p) >= 0.0) & (np.asarray(p) <= 1.0)):
        got = f"p={p}" if np.ndim(p) == 0 else "a p outside"
        raise RuntimeError(
            f"bernoulli_ expects p to be in [0, 1], but got {got}. "
            f"Turn scores into probabilities with sigmoid first."
        )
    below: npt.NDArray[np.bool_] = _unit(stream, math.prod(_sizes(shape)), real).reshape(shape) < p
    return below


def exponential(
    stream: Stream, shape: Shape, dtype: npt.DTypeLike = np.float32, rate: float = 1.0
) -> Array:
    """Draw ``-log(1 - u) / rate`` with ``u`` of 53 bits, whatever the dtype.

    Raises TypeError unless ``dtype`` is float32 or float64, RuntimeError unless ``rate > 0``.
    """
    real = _real(dtype)
    if not rate > 0.0:
        raise RuntimeError(
            f"exponential_ expects lambda > 0.0, but found lambda={rate}. The mean is 1 / lambda."
        )
    drawn = _unit(stream, math.prod(_sizes(shape)), np.dtype(np.float64))
    np.log1p(np.negative(drawn, out=drawn), out=drawn)
    drawn *= -1.0 / rate
    return drawn.astype(real, copy=False).reshape(shape)


def _real(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Return the dtype if there are streams of it; TypeError otherwise."""
    real = np.dtype(dtype)
    if real not in (np.float32, np.float64):
        raise TypeError(
            f"random numbers are drawn as float32 or float64, not {real}. Draw float32 and convert."
        )
    return real


def _sizes(shape: Shape) -> Sequence[int]:
    """Return the sizes of ``shape``; RuntimeError where one is negative."""
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    for size in sizes:
        if size < 0:
            raise RuntimeError(
                f"Trying to create tensor with negative dimension {size}: {list(sizes)}."
            )
    return sizes


def _unit(stream: Stream, n: int, real: np.dtype[Any]) -> Array:
    """Draw uniforms in ``[0, 1)``: the low 24 bits of a 32-bit word, or 53 of a 64-bit one."""
    if real == np.float32:
        drawn = (stream.random32(n) & np.uint32(2**24 - 1)).astype(np.float32)
        drawn *= np.float32(2.0**-24)
    else:
        drawn = (stream.random64(n) & np.uint64(2**53 - 1)).astype(np.float64)
        drawn *= 2.0**-53
    return drawn


def _scaled(values: Array, scale: np.floating[Any], offset: np.floating[Any]) -> Array:
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
        # A product of two float32 is exact in float64, and a sum to odd rounds on as an exact one.
        return _sum_to_odd(values * np.float64(scale), np.float64(offset)).astype(np.float32)
    power = max(math.frexp(scale)[1], math.frexp(offset)[1])
    high, low = _product(values, np.float64(math.ldexp(float(scale), -power)))
    middle, bottom = _sum(np.float64(math.ldexp(float(offset), -power)), low)
    top, rest = _sum(high, middle)
    rounded: Array = np.ldexp(top + _sum_to_odd(bottom, rest), power)
    return rounded


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

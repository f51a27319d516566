"""PyTorch's ``torch.quasirandom``: points that fill a cube more evenly than random ones.

The direction numbers are SciPy's table of Joe and Kuo's, the one that PyTorch has, too.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import Array
from wengert.errors import ShapeError, refuser
from wengert.random import Generator
from wengert.tensor.creation import tensor
from wengert.tensor.device import device
from wengert.tensor.numbers import whole_of
from wengert.tensor.sampling import randint

__all__ = ["SobolEngine"]

BITS: Final = 30
_PLACES: Final = np.arange(BITS - 1, -1, -1)
"""The bits of a number of a point, the highest one first."""

_CPU: Final = device("cpu")


class SobolEngine:
    """A Sobol sequence: points in ``[0, 1)`` to the power ``dimension`` (1 to 21201), evenly spread from the first on.

    Each coordinate of point ``i`` is the exclusive or of the direction numbers that the bits of the Gray code of ``i``
    name, with 30 bits. ``scramble`` multiplies the direction numbers by random lower triangular matrices of bits, and
    shifts them; the random numbers are drawn by a generator of their own with ``seed``, or by the default one. Points
    are PyTorch's for the same seed. Source: Joe and Kuo, SIAM J. Sci. Comput. 30, 2635 (2008); Owen, J. Complexity 14,
    466 (1998).

    Raises ValueError for another dimension.

    >>> import wengert as torch
    >>> torch.quasirandom.SobolEngine(dimension=2).draw(3)
    tensor([[0.0000, 0.0000],
            [0.5000, 0.5000],
            [0.7500, 0.2500]])
    """

    MAXBIT: ClassVar[int] = BITS
    MAXDIM: ClassVar[int] = 21201

    def __init__(self, dimension: int, scramble: bool = False, seed: int | None = None) -> None:
        dimension = whole_of("SobolEngine", "dimension", dimension)
        if not 1 <= dimension <= self.MAXDIM:
            raise ValueError(
                f"Supported range of dimensionality for SobolEngine is [1, {self.MAXDIM}], got {dimension}."
            )
        self.dimension, self.scramble, self.seed = dimension, scramble, seed
        directions, shift = _direction_numbers(dimension), np.zeros(dimension, np.int64)
        if scramble:
            directions, shift = _scrambled(directions, seed)
        self.sobolstate = _kept(directions)
        self.shift, self.quasi = _kept(shift), _kept(shift)
        self.num_generated = 0
        # In the default dtype of now, whichever is drawn in later: PyTorch's first point is rounded once.
        self._first_point = (self.shift / 2**BITS).reshape(1, -1)

    def draw(self, n: int = 1, out: Any = None, dtype: Any = None) -> Any:
        """Return the next ``n`` points: ``(n, dimension)``, of the default dtype or of another floating one.

        ``out`` is resized, and its dtype stays. Raises RuntimeError for a negative ``n``, NotImplementedError for
        another dtype, ValueError where the sequence of ``2**30`` points ends.
        """
        n = whole_of("SobolEngine.draw", "n", n)
        if n < 0:
            raise ShapeError(
                f"SobolEngine.draw: Trying to create tensor with negative dimension {n}: n is the number of points."
            )
        target = dtypes.default_float() if dtype is None else dtypes.to_numpy(dtype)
        if dtypes.kind(target) != "f":
            raise NotImplementedError(
                f"SobolEngine.draw: not implemented for {dtypes.public(target)}: the points are fractions. Draw "
                f"floats, and convert what is made of them."
            )
        end = self._end("draw", n)
        first, quasi = not self.num_generated, self._at()
        steps = self._directions()[_changed(max(self.num_generated, 1), end)]
        points = np.bitwise_xor.accumulate(np.concatenate([quasi[None], steps]), axis=0)
        wide = target if target.itemsize > 2 else np.dtype(np.float32)
        numbers = points[1:].astype(wide) * wide.type(0.5**BITS)
        if first and n:
            numbers = np.concatenate([self._first_point.numpy().astype(wide), numbers])
        made = tensor(numbers.astype(target), device=_CPU)
        if out is not None:
            made = out.resize_as_(made).copy_(made)
        self.quasi, self.num_generated = _kept(points[-1]), end
        return made

    def draw_base2(self, m: int, out: Any = None, dtype: Any = None) -> Any:
        """Return the next ``2**m`` points; see `draw`.

        Raises ValueError unless a power of two points have been drawn then, which is what balances them.
        """
        m = whole_of("SobolEngine.draw_base2", "m", m)
        if m < 0:
            raise ValueError(
                f"SobolEngine.draw_base2: 2**m points are drawn, and m is {m}. Use 0 or more."
            )
        total = self.num_generated + 2**m
        if total & (total - 1):
            raise ValueError(
                f"SobolEngine.draw_base2: The balance properties of Sobol' points require n to be a power of 2. "
                f"{self.num_generated} points have been previously generated, then: n={self.num_generated}+2**{m}="
                f"{total}. If you still want to do this, please use 'SobolEngine.draw()' instead."
            )
        return self.draw(2**m, out=out, dtype=dtype)

    def reset(self) -> SobolEngine:
        """Go back to the first point, and return the engine."""
        self.quasi.copy_(self.shift)
        self.num_generated = 0
        return self

    def fast_forward(self, n: int) -> SobolEngine:
        """Pass over the next ``n`` points, at no cost, and return the engine. ValueError for a negative ``n``."""
        n = whole_of("SobolEngine.fast_forward", "n", n)
        if n < 0:
            raise ValueError(
                f"SobolEngine.fast_forward: n is the number of points to pass over, got {n}. Use `reset()` to go back."
            )
        end = self._end("fast_forward", n)
        if end:
            before, after = max(self.num_generated - 1, 0), end - 1
            changed = (before ^ before >> 1) ^ (after ^ after >> 1)
            some = [bit for bit in range(BITS) if changed >> bit & 1]
            steps = np.bitwise_xor.reduce(self._directions()[some], axis=0)
            self.quasi.copy_(_kept(self._at() ^ steps))
        self.num_generated = end
        return self

    def _at(self) -> Array:
        """Return the last point that was drawn, as integers; before the first one that one."""
        return self.quasi.numpy()  # type: ignore[no-any-return]

    def _directions(self) -> Array:
        """Return the direction numbers of each bit: ``(30, dimension)``."""
        return self.sobolstate.numpy().T  # type: ignore[no-any-return]

    def _end(self, op: str, n: int) -> int:
        end = self.num_generated + n
        if end > 2**BITS:
            raise ValueError(
                f"SobolEngine.{op}: the sequence has 2**{BITS} points, of which {self.num_generated} are generated and "
                f"{n} more were asked for. Use `reset()`, or a second engine with scramble=True."
            )
        return end

    def __repr__(self) -> str:
        parts = [f"dimension={self.dimension}"]
        parts += ["scramble=True"] if self.scramble else []
        parts += [] if self.seed is None else [f"seed={self.seed}"]
        return f"{type(self).__name__}({', '.join(parts)})"


def _kept(array: Array) -> Any:
    """Return integers as a tensor of the engine's own, on the CPU whatever the default device."""
    return tensor(array.astype(np.int64), device=_CPU)


def _direction_numbers(dimension: int) -> Array:
    """Return, for each coordinate, the number of each of the 30 bits: ``(dimension, 30)``."""
    from scipy.stats import qmc

    # No public name gives the table that the engine holds; a test compares it with PyTorch's.
    return np.asarray(qmc.Sobol(dimension, scramble=False, bits=BITS)._sv, np.int64)


def _scrambled(directions: Array, seed: int | None) -> tuple[Array, Array]:
    """Return direction numbers times random matrices of bits, and a random shift for each coordinate."""
    generator = None if seed is None else Generator().manual_seed(seed)
    count = len(directions)
    bits = randint(2, (count, BITS), device=_CPU, generator=generator).numpy()
    matrices = randint(2, (count, BITS, BITS), device=_CPU, generator=generator).tril().numpy()
    made = np.empty_like(directions)
    for start in range(0, count, 1024):  # blocks, since bits take far more memory as numbers
        some = slice(start, start + 1024)
        matrix = matrices[some].astype(np.float32)
        matrix[:, range(BITS), range(BITS)] = 1
        rows = (directions[some, :, None] >> _PLACES & 1).astype(np.float32)
        product = np.matmul(rows, matrix.swapaxes(1, 2)).astype(np.int64) & 1
        made[some] = (product << _PLACES).sum(axis=-1)
    return made, (bits << _PLACES[::-1]).sum(axis=-1)


def _changed(start: int, stop: int) -> Array:
    """Return which bit of the Gray code changes on the way to each of the points of a range."""
    i = np.arange(start, max(stop, start))
    return np.asarray(np.bitwise_count((i & -i) - 1))


__getattr__ = refuser(__name__, "torch.quasirandom")

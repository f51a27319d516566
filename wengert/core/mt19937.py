"""The words of PyTorch's CPU generator: equal words for equal seeds, and states that both can read.

Knows NumPy alone. What the words become: `uniforms`, `continuous` and `discrete`.

Source: M. Matsumoto and T. Nishimura, "Mersenne Twister" (1998).
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["DEFAULT_SEED", "Stream"]

Array = npt.NDArray[Any]

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

    >>> Stream(5489).random32(2)
    array([3499211612,  581869302], dtype=uint32)
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
        halves = self._engine.random_raw(2 * n)
        words: npt.NDArray[np.uint64] = halves[0::2] << np.uint64(32)
        words |= halves[1::2]
        return words

    def one_by_one(self, block: int = 1024) -> Generator[float]:
        """Give uniforms in ``[0, 1)`` of 53 bits to who does not know how many it needs; then close it.

        Words are drawn ahead in blocks; after closing, only those that were asked for count as drawn.
        """
        before, used = self._engine.state, 0
        try:
            while True:
                bits = self.random64(block) & np.uint64(2**53 - 1)
                for unit in (bits * 2.0**-53).tolist():
                    used += 1
                    yield unit
                before, used = self._engine.state, 0
        finally:
            self._engine.state = before
            self._engine.random_raw(2 * used, output=False)

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

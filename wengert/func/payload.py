"""What the payloads of `jvp` and `vmap` have in common: they are no arrays, and say so where one was expected."""

from __future__ import annotations

from typing import Any, Final, NoReturn

import numpy as np

from wengert.core.carrier import Level, leaked

NOWHERE: Final = np.zeros(0)


class Payload:
    """Something that stands in a tensor where plain tensors have an array, while ``level`` is open.

    The hot path asks arrays for their dtype, rank and elements, and asks them only while no level is open: so whoever
    asks a payload holds a value that has left its transform.
    """

    __slots__ = ("level",)

    level: Level
    below: Any = NOWHERE
    """What is carried, an array or a tensor of a lower level; an empty array where there are no values."""

    def _refuse(self, op: str) -> NoReturn:
        raise leaked(self.level, op)

    @property
    def dtype(self) -> Any:
        """Raise LeakError."""
        self._refuse("an operation")

    @property
    def ndim(self) -> int:
        """Raise LeakError."""
        self._refuse("an operation")

    def __getitem__(self, key: Any) -> Any:
        self._refuse("indexing")

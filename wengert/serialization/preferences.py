"""What programs may set for all files: the order of bytes where a file does not say, and how memory is mapped."""

from __future__ import annotations

import enum
import mmap
from typing import Any


class LoadEndianness(enum.Enum):
    """The order of the bytes in files that do not say theirs."""

    NATIVE = 1
    LITTLE = 2
    BIG = 3


class _Preferences:
    """The preferences of the process."""

    endianness: LoadEndianness | None = None
    mmap_flags: int = mmap.MAP_PRIVATE


_preferences = _Preferences()


def get_default_load_endianness() -> LoadEndianness | None:
    """Return the order of bytes assumed of files that do not say theirs; None means little."""
    return _preferences.endianness


def set_default_load_endianness(endianness: LoadEndianness | None) -> None:
    """Set the order of bytes assumed of files that do not say theirs. TypeError for anything but `LoadEndianness`.

    >>> import wengert as torch
    >>> torch.serialization.set_default_load_endianness(torch.serialization.LoadEndianness.BIG)
    >>> torch.serialization.get_default_load_endianness()
    <LoadEndianness.BIG: 3>
    >>> torch.serialization.set_default_load_endianness(None)
    """
    if endianness is not None and not isinstance(endianness, LoadEndianness):
        raise TypeError(
            f"set_default_load_endianness: expected a torch.serialization.LoadEndianness or None, got {endianness!r}."
        )
    _preferences.endianness = endianness


def get_default_mmap_options() -> int:
    """Return how ``load(..., mmap=True)`` maps files: ``mmap.MAP_PRIVATE`` or ``mmap.MAP_SHARED``."""
    return _preferences.mmap_flags


class set_default_mmap_options:
    """Set how ``load(..., mmap=True)`` maps files, from now on or inside a ``with`` block.

    With ``mmap.MAP_PRIVATE``, the default, writes to tensors stay in memory; with ``mmap.MAP_SHARED`` they reach the
    file. ValueError for anything else.
    """

    def __init__(self, flags: int) -> None:
        if flags not in (mmap.MAP_PRIVATE, mmap.MAP_SHARED):
            raise ValueError(
                f"set_default_mmap_options: expected mmap.MAP_PRIVATE or mmap.MAP_SHARED, but got {flags!r}."
            )
        self.prev = _preferences.mmap_flags
        _preferences.mmap_flags = flags

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exception: Any) -> None:
        _preferences.mmap_flags = self.prev

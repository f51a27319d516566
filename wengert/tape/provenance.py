"""Which line of the user's program did something: a code object and an instruction offset, described when needed.

Frames of the package itself are skipped, so a line named in a message is always the caller's.
"""

from __future__ import annotations

import itertools
import linecache
import os
import sys
import warnings
from types import CodeType, FrameType
from typing import Final

_PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


Place = tuple[CodeType, int]
"""A point in a program: a code object and the offset of the instruction."""


def line_of(place: Place) -> int:
    """Return the line number of a place."""
    code, offset = place
    at = next(itertools.islice(code.co_positions(), offset // 2, None), (None,))
    return at[0] or code.co_firstlineno


def describe(place: Place | None) -> str:
    """Return the source line with its file's name and number: ``loss = x * w    train.py:12``."""
    if place is None:
        return "(unknown)"
    filename, line = place[0].co_filename, line_of(place)
    where = f"{os.path.basename(filename)}:{line}"
    text = linecache.getline(filename, line).strip()
    return f"{text:<40} {where}" if text else where


class _Internal(dict[str, bool]):
    """Whether a file belongs to the package, decided once per file name."""

    def __missing__(self, filename: str) -> bool:
        inside = os.path.abspath(filename).startswith(_PACKAGE)
        self[filename] = inside
        return inside


INTERNAL: Final = _Internal()


def outside(frame: FrameType | None) -> Place:
    """Return the innermost place at or outside ``frame`` that is not the package's own."""
    last = frame
    while frame is not None:
        last = frame
        if not INTERNAL[frame.f_code.co_filename]:
            break
        frame = frame.f_back
    assert last is not None
    return last.f_code, last.f_lasti


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the user's line."""
    frame: FrameType | None = sys._getframe(1)
    level = 2
    while frame is not None and frame.f_back is not None and INTERNAL[frame.f_code.co_filename]:
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=level)


class _Said:
    """Which warnings of `warn_once` were given, and whether they are to be given every time."""

    words: Final[set[str]] = set()
    always = False


def warn_once(message: str) -> None:
    """Warn at the user's line, in a process once, as PyTorch does; see `settings.set_warn_always`."""
    if _Said.always or message not in _Said.words:
        _Said.words.add(message)
        warn(message)


def set_warn_always(always: bool) -> None:
    """Choose whether `warn_once` warns every time."""
    _Said.always = always


def here() -> Place:
    """Return the caller's place in the user's program."""
    return outside(sys._getframe(1))

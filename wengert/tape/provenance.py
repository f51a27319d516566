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
from typing import Any, Final

_PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


Place = tuple[CodeType, int]
"""A point in a program: a code object and the offset of the instruction."""

Written = tuple[CodeType, int, tuple[str, str] | None]
"""Where a program wrote into memory, and what to do about it (see `advise`) and who did it, where that is known."""


def line_of(place: Place | Written) -> int:
    """Return the line number of a place."""
    code, offset = place[:2]
    at = next(itertools.islice(code.co_positions(), offset // 2, None), (None,))
    return at[0] or code.co_firstlineno


def describe(place: Place | Written | None) -> str:
    """Return the source line with its file's name and number: ``loss = x * w    train.py:12``."""
    if place is None:
        return "(unknown)"
    filename, line = place[0].co_filename, line_of(place)
    where = f"{os.path.basename(filename)}:{line}"
    text = linecache.getline(filename, line).strip()
    return f"{text:<40} {where}" if text else where


class _Internal(dict[str, "bool | str"]):
    """Whether a file belongs to the package, decided once per file name; for some files what `advise` said."""

    def __missing__(self, filename: str) -> bool:
        inside = os.path.abspath(filename).startswith(_PACKAGE)
        self[filename] = inside
        return inside


INTERNAL: Final = _Internal()


def outside(frame: FrameType | None) -> Place:
    """Return the innermost place at or outside ``frame`` that is not the package's own, else the outermost."""
    at: Any = frame
    try:  # walked at every write: to look for the end in each round would take a third of its steps
        while INTERNAL[at.f_code.co_filename]:
            at = at.f_back
    except AttributeError:
        at = _outermost(frame)
    return at.f_code, at.f_lasti


def _outermost(frame: FrameType | None) -> FrameType:
    assert frame is not None
    while frame.f_back is not None:
        frame = frame.f_back
    return frame


def advise(words: str) -> None:
    """Say what to do where a write by the calling file's functions changed what the tape had saved.

    In ``words``, ``{name}`` stands for the function, or the class of the object whose method it is.
    """
    INTERNAL[sys._getframe(1).f_code.co_filename] = words


def written_here() -> Written:
    """Return the caller's place in the user's program, with the advice of the part of the package that writes."""
    frame: FrameType | None = sys._getframe(1)
    last = frame
    writer: FrameType | None = None
    while frame is not None:
        last = frame
        kind = INTERNAL[frame.f_code.co_filename]
        if not kind:
            break
        if kind is not True and (writer is None or _is_method(frame) or not _is_method(writer)):
            writer = frame
        frame = frame.f_back
    assert last is not None
    return last.f_code, last.f_lasti, None if writer is None else _advice(writer)


def _is_method(frame: FrameType) -> bool:
    return frame.f_code.co_varnames[:1] == ("self",)


def _advice(writer: FrameType) -> tuple[str, str]:
    code = writer.f_code
    words = INTERNAL[code.co_filename]
    assert isinstance(words, str)
    method = _is_method(writer)
    return words, type(writer.f_locals["self"]).__name__ if method else code.co_name


def advice(place: Place | Written | None) -> str:
    """Return what to do about a write at a place, or nothing where nobody said."""
    said = place[2] if place is not None and len(place) == 3 else None
    return "" if said is None else said[0].format(name=said[1])


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

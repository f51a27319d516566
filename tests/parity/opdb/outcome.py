"""What one comparison can come to, and the two ways of running a side of it.

This file knows nothing of operators.
"""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import wengert


class Differs(Exception):
    """Wengert does not do what PyTorch does."""


class NotApplicable(Exception):
    """There is nothing to compare, and why."""


@dataclass(frozen=True)
class Observed:
    """What a call returned and the categories of the warnings that it gave."""

    value: Any
    warnings: list[str]


def expected(fn: Callable[[], Any], what: str = "the call") -> Any:
    """Return what PyTorch makes of `fn`; where it refuses there is nothing to compare."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = fn()
        except Exception as error:
            raise NotApplicable(f"PyTorch refuses {what}: {first_line(error)}") from error
    if getattr(result, "value", result) is NotImplemented:
        raise NotApplicable("PyTorch leaves the operation to the other operand")
    return result


def found(fn: Callable[[], Any], what: str = "the call") -> Any:
    """Return what Wengert makes of `fn`; where it raises it differs from PyTorch, which does not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return fn()
        except (Differs, NotApplicable):
            raise
        except Exception as error:
            raise Differs(f"{what} raises {described(error)}") from error


def observed(fn: Callable[[], Any]) -> Observed:
    """Return what `fn` returns, with its warnings; those that are given once in a process are given."""
    wengert.set_warn_always(True)
    try:
        with warnings.catch_warnings(record=True) as given:
            warnings.simplefilter("always")
            value = fn()
    finally:
        wengert.set_warn_always(False)
    return Observed(value, [warning.category.__name__ for warning in given])


def raised_by(fn: Callable[[], Any]) -> Exception | None:
    """Return the exception that `fn` raises, if any."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fn()
        except Exception as error:
            return error
    return None


def built_in_type(error: BaseException) -> type[BaseException]:
    """Return the built-in class nearest above an exception's own."""
    return next(kind for kind in type(error).__mro__ if kind.__module__ == "builtins")


def first_line(error: BaseException) -> str:
    """Return an exception's class and the first line of its message."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"


def described(error: BaseException) -> str:
    """Return an exception with the place where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1] if frames else None
    ours = last is None or Path(last.filename).parent == Path(__file__).parent
    place = "" if ours else f"\n    at {Path(last.filename).name}:{last.lineno}: {last.line}"
    return f"{type(error).__name__}: {error}{place}"

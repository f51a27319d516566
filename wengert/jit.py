"""What programs ask of PyTorch's ``torch.jit`` without compiling: nothing is ever scripted, so marks change nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from wengert.errors import refuser

__all__ = ["export", "ignore", "is_scripting", "is_tracing", "unused"]

F = TypeVar("F", bound=Callable[..., Any])


def is_scripting() -> bool:
    """Say whether TorchScript runs the program: False."""
    return False


def is_tracing() -> bool:
    """Say whether ``torch.jit.trace`` runs the program: False."""
    return False


def ignore(drop: Any = False) -> Any:
    """Mark a function as one that TorchScript leaves to Python, which changes nothing here."""
    return drop if callable(drop) else unused


def unused(fn: F) -> F:
    """Mark a function as one that TorchScript leaves out, which changes nothing here."""
    return fn


def export(fn: F) -> F:
    """Mark a method as one that TorchScript compiles, which changes nothing here."""
    return fn


__getattr__ = refuser(__name__, "torch.jit")

"""What programs ask of PyTorch's ``torch.compiler``: nothing is compiled, nothing to be kept from it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from wengert.errors import refuser

__all__ = ["disable", "is_compiling", "is_dynamo_compiling", "is_exporting"]


def is_compiling() -> bool:
    """Say whether ``torch.compile`` runs the program: False."""
    return False


def is_dynamo_compiling() -> bool:
    """Say whether ``torch.compile`` runs the program: False."""
    return False


def is_exporting() -> bool:
    """Say whether ``torch.export`` runs the program: False."""
    return False


def disable(
    fn: Callable[..., Any] | None = None, recursive: bool = True, *, reason: str | None = None
) -> Any:
    """Return a function that is never compiled, as a call or a decorator; AssertionError for what is no function.

    >>> import wengert as torch
    >>> torch.compiler.disable(lambda x: x + 1)(2)
    3
    """
    if fn is None:
        return functools.partial(disable, recursive=recursive, reason=reason)
    if not callable(fn):
        raise AssertionError(
            f"torch.compiler.disable: fn must be callable, and it is of {type(fn).__name__}."
        )
    if isinstance(fn, type):
        return fn

    @functools.wraps(fn)
    def as_written(*args: Any, **kwargs: Any) -> Any:
        return fn(*args, **kwargs)

    return as_written


__getattr__ = refuser(__name__, "torch.compiler")

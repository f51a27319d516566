"""What programs ask of PyTorch's ``torch.compiler``: nothing is compiled, nothing to be kept from it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from wengert.errors import refuser

__all__ = [
    "allow_in_graph", "assume_constant_result", "cudagraph_mark_step_begin", "disable", "is_compiling",
    "is_dynamo_compiling", "is_exporting", "reset",
]  # fmt: skip

T = TypeVar("T")


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


def allow_in_graph(fn: T) -> T:
    """Return a function, or the functions of a list, as they are. AssertionError for what cannot be called."""
    if isinstance(fn, list | tuple):
        return [allow_in_graph(one) for one in fn]  # type: ignore[return-value]
    if not callable(fn):
        raise AssertionError("allow_in_graph expects a callable")
    return fn


def assume_constant_result(fn: T) -> T:
    """Return a function as it is."""
    return fn


def reset() -> None:
    """Do nothing: nothing compiled is kept."""


def cudagraph_mark_step_begin() -> None:
    """Do nothing: there are no graphs of a GPU."""


__getattr__ = refuser(__name__, "torch.compiler")

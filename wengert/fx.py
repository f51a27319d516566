"""What programs ask of PyTorch's ``torch.fx`` when nothing is traced: marks for its tracer, which change nothing.

Its graphs are lacking, and say so.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

from wengert.errors import refuser

__all__ = ["has_side_effect", "wrap"]

F = TypeVar("F", bound=Callable[..., Any])


def wrap(fn_or_name: F) -> F:
    """Return a function, or the name of one, as it is: ``torch.fx`` would keep it whole in a graph.

    To be called at the top level of a module, or written as a decorator there: NotImplementedError elsewhere, as in
    PyTorch. RuntimeError for what is neither a function nor a name.

    >>> import wengert as torch
    >>> @torch.fx.wrap
    ... def half(x):
    ...     return x / 2
    >>> half(torch.tensor(3.))
    tensor(1.5000)
    """
    if not callable(fn_or_name) and not isinstance(fn_or_name, str):
        raise RuntimeError(
            f"torch.fx.wrap: Unsupported type for global function! Must be either a callable or string name, and it is "
            f"of {type(fn_or_name).__name__}."
        )
    if sys._getframe(1).f_code.co_name != "<module>":
        raise NotImplementedError(
            "torch.fx.wrap: wrap must be called at the top level of a module, where the tracer would look for it."
        )
    return fn_or_name


def has_side_effect(fn: F) -> F:
    """Return a function as it is: ``torch.fx`` would keep calls of it that nobody uses the result of."""
    return fn


__getattr__ = refuser(__name__, "torch.fx")

"""An older order of arguments that PyTorch still takes, with a warning: factors before the tensors that they scale."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

from wengert.tape.provenance import warn_once
from wengert.tape.storage import Recorded
from wengert.tensor.promotion import is_number


def factors_first(*factors: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a function take its factors, else given by name, before tensors: ``f(x, value, y, z)``.

    Where there are two, ``beta`` and ``alpha``, they stand before what they scale, ``f(beta, x, alpha, y, z)`` and
    ``f(beta, x, y, z)``, or as a method's do both behind ``x``.
    """

    def taking(function: Callable[..., Any]) -> Callable[..., Any]:
        code: Any = getattr(function, "__code__")  # noqa: B009
        arity, op = code.co_argcount, function.__name__

        @functools.wraps(function)
        def called(*args: Any, **named: Any) -> Any:
            if len(args) <= arity:
                return function(*args, **named)
            at = [i for i in range(min(len(args), 3)) if _is_factor(args[i])]
            given = dict(zip(factors, (args[i] for i in at), strict=False))
            tensors = [v for i, v in enumerate(args) if i not in at]
            if at not in PLACES[len(factors)] or len(tensors) != arity or named.keys() & {*factors}:
                return function(*args, **named)  # whose TypeError says what is wrong
            _say(op, given)
            return function(*tensors, **given, **named)

        return called

    return taking


PLACES: Final = {1: ([1],), 2: ([0], [1], [0, 2], [1, 2])}
"""Where factors may stand, by their number."""


def alpha_first(op: str, other: Any, more: tuple[Any, ...], alpha: Any) -> tuple[Any, Any]:
    """Read ``f(x, alpha, y)`` where ``f(x, y, alpha=alpha)`` is meant; TypeError for any other surplus argument."""
    if len(more) != 1 or alpha != 1 or not _is_factor(other):
        raise TypeError(f"{op}() takes 2 positional arguments but {2 + len(more)} were given.")
    _say(op, {"alpha": other})
    return more[0], other


def _is_factor(value: Any) -> bool:
    x: Any = value
    return is_number(value) or (isinstance(value, Recorded) and not x.ndim and x._edge is None)


def _say(op: str, given: dict[str, Any]) -> None:
    names = ", ".join(f"{name}=..." for name in given)
    warn_once(
        f"This overload of {op} is deprecated: factors come by name, after the tensors. Use `{op}(..., {names})`."
    )

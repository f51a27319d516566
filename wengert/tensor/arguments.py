"""Arguments that are single numbers: what they may be, and what is said of others."""

from __future__ import annotations

import numbers
from typing import Any

from wengert.tensor.promotion import number_of


def real(op: str, name: str, value: Any, called: str = "Number") -> Any:
    """Return a number, also one in a tensor without dimensions; TypeError for anything else."""
    kind = value.__class__
    if kind is float or kind is int:
        return value
    value = number_of(op, name, value)
    if isinstance(value, numbers.Real):
        return value
    raise TypeError(f"{op}(): argument '{name}' must be {called}, not {type(value).__name__}.")


def whole(op: str, name: str, value: Any) -> int:
    """Return an int, also one in a tensor without dimensions; TypeError for anything else, also for bools."""
    value = number_of(op, name, value)
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return int(value)
    raise TypeError(f"{op}(): argument '{name}' must be int, not {type(value).__name__}.")

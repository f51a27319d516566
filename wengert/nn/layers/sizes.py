"""Sizes, strides and paddings as layers keep them: one number for each dimension."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wengert.tensor.promotion import require_tensor


def repeated(value: Any, count: int) -> tuple[Any, ...]:
    """Return a number ``count`` times, and what is a sequence already as a tuple."""
    return tuple(value) if isinstance(value, Iterable) else (value,) * count


def require_dims(input: Any, *allowed: int) -> None:
    """Raise ValueError unless the input has one of these numbers of dimensions."""
    require_tensor("forward", input)
    if input.dim() not in allowed:
        wanted = " or ".join(f"{n}D" for n in allowed)
        raise ValueError(f"expected {wanted} input (got {input.dim()}D input)")

"""Structural masks: where the forward selected a value, so that an unselected branch gives exactly zero.

A mask travels with a cotangent for as long as elementwise rules follow; see the engine for where it starts and ends.
"""

from __future__ import annotations

from typing import Any

from wengert.rules.reduction import any as any_row
from wengert.rules.structural import broadcast_to, reshape


def reduced_to(mask: Any, of: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """Return where anything was selected once a cotangent of shape ``of`` is summed down to ``shape``."""
    if tuple(mask.shape) != of:
        mask = broadcast_to(mask, shape=of)
    extra = len(of) - len(shape)
    axes = tuple(i for i, n in enumerate(of) if i < extra or shape[i - extra] != n)
    if not axes:
        return mask
    return reshape(any_row(mask, axis=axes, keepdim=False), shape=shape)

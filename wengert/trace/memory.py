"""Memory that a replay would both write and read by another name: refused, for a graph knows values and no memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from wengert.core.carrier import Array
from wengert.errors import TraceError

WORK: Final = 100_000
"""How many steps may be spent on deciding whether two interleaved views have an element in common."""


def require_unshared(entries: Iterable[tuple[Array, bool]]) -> None:
    """Raise TraceError when one array that is written has an element in common with another one.

    Each entry is an array and whether it is written. One sweep over the arrays by address, since a training step has
    hundreds; only where byte ranges overlap are the elements themselves compared.
    """
    spans = [(*_span(array), i, array, written) for i, (array, written) in enumerate(entries)]
    live: list[tuple[int, Array, bool]] = []
    for low, high, _, array, written in sorted(spans, key=lambda span: span[:3]):
        if not array.size:
            continue
        live = [entry for entry in live if entry[0] > low]
        for _, other, also_written in live:
            if (written or also_written) and share_elements(array, other):
                raise TraceError(
                    "the function writes to a tensor and uses another one that shares its memory (overlapping views, "
                    "a detached alias, both from one NumPy array, or an argument that it captures as well); a graph "
                    "would read the old elements. Use one of the two, or clone the other."
                )
        live.append((high, array, written))


def share_elements(a: Array, b: Array) -> bool:
    """Say whether two arrays have an element in common; True where that takes too long to find out."""
    try:
        return bool(np.shares_memory(a, b, max_work=WORK))  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True


def _span(array: Array) -> tuple[int, int]:
    """Return the addresses from the first byte of an array to just after its last."""
    low: int = array.__array_interface__["data"][0]
    if array.flags.forc:
        return low, low + array.nbytes
    high = low
    for size, stride in zip(array.shape, array.strides, strict=True):
        reach = (size - 1) * stride
        low, high = low + min(reach, 0), high + max(reach, 0)
    return low, high + array.itemsize

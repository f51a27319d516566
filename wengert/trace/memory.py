"""Memory that a replay would both write and read by another name: refused, for a graph knows values and no memory."""

from __future__ import annotations

from collections.abc import Iterable

from wengert.core.carrier import Array
from wengert.errors import TraceError


def require_unshared(entries: Iterable[tuple[Array, bool]]) -> None:
    """Raise TraceError when one array that is written may share memory with another one.

    Each entry is an array and whether it is written. One sweep over the arrays by address: a training step has
    hundreds, and pairs would be too many.
    """
    spans = sorted((*_span(array), written) for array, written in entries if array.size)
    read_to = written_to = 0
    for low, high, written in spans:
        if low < written_to or (written and low < read_to):
            raise TraceError(
                "the function writes to a tensor and uses another one that shares its memory (the same tensor twice, "
                "overlapping views, a detached alias, or both from one NumPy array); a graph would read the old "
                "elements. Use one of the two, or clone the other."
            )
        read_to = max(read_to, high)
        if written:
            written_to = max(written_to, high)


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

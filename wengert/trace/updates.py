"""What a replay does outside the graph: it writes elements, gradients, and items of dicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.errors import TraceError
from wengert.tape.provenance import here
from wengert.tape.storage import GradCell, handle, mark_written


class Update:
    """Something outside that the function changed: a tensor's elements, a gradient, a buffer.

    ``slot`` is the argument or captured tensor whose memory it writes outside of a trace; None when there is none.
    """

    writes = True
    slot: int | None = None

    def tensor(self, leaves: list[Any]) -> Any:
        """Return the tensor whose memory is written."""

    def check(self, leaves: list[Any]) -> None:
        """Raise TraceError where the replay cannot do what the recording did."""

    def write(self, array: Array | None, leaves: list[Any]) -> None:
        """Do it."""
        raise NotImplementedError


class Elements(Update):
    """The elements of a tensor, an argument's or one from outside."""

    def __init__(self, read: Callable[[list[Any]], Any], slot: int) -> None:
        self.read, self.slot = read, slot

    def tensor(self, leaves: list[Any]) -> Any:
        """Return the tensor whose memory is written."""
        return self.read(leaves)

    def write(self, array: Array | None, leaves: list[Any]) -> None:
        """Copy them, and count the write."""
        assert array is not None
        tensor = self.read(leaves)
        np.copyto(tensor.payload, array)
        mark_written(tensor, here())


class Gradient(Update):
    """The gradient in a cell; whether there was one before must be as when tracing."""

    def __init__(
        self, cell: Callable[[list[Any]], GradCell], was_none: bool, slot: int | None = None
    ) -> None:
        self.cell, self.was_none, self.slot = cell, was_none, slot

    def tensor(self, leaves: list[Any]) -> Any:
        """Return the tensor whose memory is written."""
        return self.cell(leaves).grad

    def check(self, leaves: list[Any]) -> None:
        """Raise TraceError where the gradient came or went."""
        if (self.cell(leaves).grad is None) is not self.was_none:
            raise TraceError(
                "a parameter's .grad was "
                + ("None" if self.was_none else "a tensor")
                + " when the function was traced, and is not now. Call `zero_grad()` alike before each call."
            )

    def write(self, array: Array | None, leaves: list[Any]) -> None:
        """Put a new gradient there, or none."""
        self.cell(leaves).grad = None if array is None else handle(array)


class Item(Update):
    """An item of a dict: a module's buffer."""

    def __init__(self, table: Any, name: Any) -> None:
        self.table, self.name = table, name

    def write(self, array: Array | None, leaves: list[Any]) -> None:
        """Put a new tensor there."""
        self.table[self.name] = handle(array)

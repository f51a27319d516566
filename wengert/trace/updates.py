"""What a replay does outside the graph: it writes elements, gradients, flags, and items of dicts.

`collect` compares what the traced function left behind with what the journal says was there before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.errors import TraceError
from wengert.tape import storage as cells
from wengert.tape.backward import grad_cell
from wengert.tape.provenance import Place, describe, here
from wengert.tape.record import as_tensor, beneath, detached
from wengert.tape.storage import (
    GradCell,
    Recorded,
    handle,
    mark_written,
    next_rank,
    storage_of,
)
from wengert.trace.state import MISSING

Reader = Callable[[list[Any]], Any]
"""Returns a tensor, given the leaves of a replay's arguments."""


class Update:
    """Something outside that the function changed.

    ``slot`` is the argument or captured tensor whose memory it writes outside of a trace; None when there is none.
    """

    writes = True
    slot: int | None = None

    def __init__(self, read: Reader) -> None:
        self.read = read

    def resolve(self, leaves: list[Any]) -> Any:
        """Return what `write` will need, before anything is written: the tensor that changes."""
        return self.read(leaves)

    def write(self, found: Any, array: Array | None) -> None:
        """Do it."""
        raise NotImplementedError


class Elements(Update):
    """The elements of a tensor: ``count`` counted writes, and whether the last came through ``.data``."""

    def __init__(self, read: Reader, slot: int, count: int, silent: bool) -> None:
        super().__init__(read)
        self.slot, self.count, self.silent = slot, count, silent

    def resolve(self, leaves: list[Any]) -> Any:
        """Return the tensor; TraceError where its memory cannot be written."""
        tensor = self.read(leaves)
        array = tensor._payload
        if not array.flags.writeable or (array.size > 1 and 0 in array.strides):
            raise TraceError(
                "the function writes to a tensor whose memory cannot be written now: it is read-only, or expanded. "
                "Pass a clone."
            )
        return tensor

    def write(self, found: Any, array: Array | None) -> None:
        """Copy them, and count the writes."""
        assert array is not None
        np.copyto(found._payload, array)
        count_writes(found, self.count, self.silent)


def count_writes(tensor: Any, count: int, silent: bool) -> None:
    """Count writes as the program itself would have."""
    storage = storage_of(tensor)
    if count:
        mark_written(tensor, here())
        storage.version += count - 1
    if silent:
        storage.silent, storage.changed_at, storage.watched = next_rank(), here(), True


class Rebound(Update):
    """New memory for a tensor, through ``x.data = ...``; the writes that followed are counted."""

    def __init__(self, read: Reader, count: int) -> None:
        super().__init__(read)
        self.count = count

    def write(self, found: Any, array: Array | None) -> None:
        """Give the tensor the new memory."""
        found.data = handle(array)
        count_writes(found, self.count, False)


class Gradient(Update):
    """A new gradient of a tensor, one from outside (``source``), or none."""

    def __init__(self, read: Reader, source: Reader | None = None, count: int = 0) -> None:
        super().__init__(read)
        self.source, self.count = source, count

    def resolve(self, leaves: list[Any]) -> Any:
        """Return the tensor, and the gradient from outside."""
        return self.read(leaves), self.source and self.source(leaves)

    def write(self, found: Any, array: Array | None) -> None:
        """Put it there."""
        tensor, given = found
        grad_cell(tensor).grad = given if array is None else fresh(array, self.count)


class Flag(Update):
    """Whether a leaf requires grad."""

    def __init__(self, read: Reader, wanted: bool) -> None:
        super().__init__(read)
        self.wanted = wanted

    def write(self, found: Any, array: Array | None) -> None:
        """Set it."""
        found.requires_grad = self.wanted


class Item(Update):
    """An item of a dict: a module's buffer."""

    def __init__(self, table: Any, name: Any, source: Reader | None, count: int) -> None:
        super().__init__(source or (lambda leaves: None))
        self.table, self.name, self.count = table, name, count

    def write(self, found: Any, array: Array | None) -> None:
        """Put a new tensor there, or one from outside."""
        self.table[self.name] = found if array is None else fresh(array, self.count)


def fresh(array: Array, count: int) -> Any:
    """Return a new tensor that has been written to so many times."""
    made = handle(array)
    storage_of(made).version = count
    return made


def stripped(x: Any) -> Any:
    """Return a tensor's value below its tape, as a tensor."""
    return as_tensor(beneath(x)) if x._edge is not None else detached(x)


def collect(level: Any, arguments: list[Any]) -> None:
    """Have ``level`` note an update for all that the function changed outside; TraceError for what cannot be repeated.

    ``arguments`` are the stand-ins of the arguments, None for those that are no tensors.
    """
    for owner, name, _ in list(level.journal.attributes.values()):
        outside = isinstance(owner, Recorded) and owner._owner.number < level.number
        if name == "_payload" and outside:
            _elements(level, owner)
    for i, symbol in enumerate(arguments):
        if symbol is not None and i == level.given[id(symbol)][1]:
            _argument(level, i, symbol)
    for owner, name, old in list(level.journal.attributes.values()):
        if isinstance(owner, GradCell) and name == "grad":
            _gradient(level, owner, old)
        elif name == "_edge" and owner._owner.number < level.number:
            _flag(level, owner, level.reader(owner), isinstance(old, GradCell))
    for table, name, old, owner, place in level.journal.items.values():
        _item(level, table, name, old, owner, place)


def _elements(level: Any, x: Any) -> None:
    """Note what became of the elements of a tensor from outside."""
    if x._payload.__class__ is np.ndarray or (x._origin is not None and level.in_family(x)):
        return
    before = level.journal.before(x, "_storage") or storage_of(x)
    count = storage_of(x).version - level.journal.before(before, "version")
    silent = storage_of(x).silent != level.journal.before(storage_of(x), "silent")
    read = level.reader(x)
    if id(x) in level.rebound:
        level.update(level.variable(stripped(x)), Rebound(read, count))
    else:
        target = Elements(read, level.slot(x), count, silent)
        level.update(level.variable(stripped(x)), target)


def _argument(level: Any, i: int, symbol: Any) -> None:
    """Note what the function wrote into an argument, and whether it marked it."""
    own, _, leaf, _ = level.given[id(symbol)]
    storage = storage_of(symbol)
    value = stripped(symbol)
    if value._payload.__class__ is np.ndarray or value._payload.var is not own:
        read = level.reader(symbol)
        if id(symbol) in level.rebound:
            level.update(level.variable(value), Rebound(read, storage.version))
        else:
            target = Elements(read, i, storage.version, bool(storage.silent))
            level.update(level.variable(value), target)
    _flag(level, symbol, level.reader(symbol), leaf)


def _flag(level: Any, x: Any, read: Reader, was_leaf: bool) -> None:
    """Note whether a leaf requires grad now; TraceError for a tensor from outside that got a history."""
    if x._edge is not None and not isinstance(x._edge, GradCell):
        if x._origin is not None and level.journal.before(x, "_edge") is not None:
            return
        raise TraceError(
            f"the function leaves a tensor from outside with a history of its own: {x._edge.name()} wrote to it, and "
            f"gradients would flow through that write outside of the graph.\n"
            f"  written at  {describe(x._storage.changed_at if x._storage else None)}\n"
            f"  Write a value without history: `x.copy_(value.detach())`, or write under `torch.no_grad()`."
        )
    if (x._edge is not None) is not was_leaf:
        level.update(None, Flag(read, x._edge is not None))


def _gradient(level: Any, cell: GradCell, old: Any) -> None:
    """Note what became of a gradient from outside."""
    tensor, now = cell.tensor(), cell.grad
    if tensor is None or not level.from_outside(tensor):
        return
    if now is None:
        level.update(None, Gradient(level.reader(tensor)))
    elif level.from_outside(now):
        level.update(None, Gradient(level.reader(tensor), level.reader(now)))
    elif now._edge is not None:
        raise TraceError(
            "the function leaves a gradient with a history of its own in `.grad` (`create_graph=True`); a graph cannot "
            "hand that out. Use `torch.autograd.grad(..., create_graph=True)`, or `x.grad = x.grad.detach()`."
        )
    else:
        count = storage_of(now).version
        level.update(level.variable(stripped(now)), Gradient(level.reader(tensor), None, count))


def _item(level: Any, table: Any, name: Any, old: Any, owner: Any, place: Place) -> None:
    """Note that a tensor was put into a dict (a module's buffer); refuse any other change of Python values."""
    now = table.get(name, MISSING)
    if now is old:
        return
    what = f"`{name}` of {type(owner).__name__}"
    both = isinstance(now, Recorded) and isinstance(old, Recorded)
    if both and type(now) is cells.tensor_type and now._edge is None and old._cell is None:
        source = level.reader(now) if level.from_outside(now) else None
        level.update(
            None if source else level.variable(stripped(now)),
            Item(table, name, source, storage_of(now).version),
        )
    elif both and now._edge is not None:
        raise TraceError(
            f"the function leaves {what} with a history; a graph cannot hand that out.\n"
            f"  set at  {describe(place)}\n"
            f"  Store `value.detach()`."
        )
    elif now.__class__ is not old.__class__ or isinstance(now, Recorded) or now != old:
        raise TraceError(
            f"the function changed {what} from {_shown(old)} to {_shown(now)} while it was traced; a graph cannot "
            f"repeat that.\n"
            f"  set at  {describe(place)}\n"
            f"  Set it before tracing. Keep counters in 0-d tensors that are buffers, and write to them in place."
        )


def _shown(value: Any) -> str:
    if value is MISSING:
        return "nothing"
    return f"a {type(value).__name__}" if isinstance(value, Recorded) else repr(value)

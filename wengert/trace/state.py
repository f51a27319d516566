"""The journal of a trace: what it changed outside, so that it can be undone, and what remains to be written back.

A trace is a transaction. Whoever changes a tensor, a gradient cell, a module or an optimiser while a trace is open
notes the old value here first.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Final

MISSING: Final = object()


class Journal:
    """Old values, each noted once, of attributes of objects and of items of dicts."""

    def __init__(self) -> None:
        self.attributes: dict[tuple[int, str], tuple[Any, str, Any]] = {}
        self.items: dict[tuple[int, Any], tuple[MutableMapping[Any, Any], Any, Any, Any]] = {}
        self._gradients: dict[int, tuple[Any, Any, int]] = {}
        self._drops: dict[int, int] = {}

    def keep(self, owner: Any, name: str) -> None:
        """Note the value of an attribute before it changes."""
        if name == "grad":
            self._note_gradient(owner)
        key = (id(owner), name)
        if key not in self.attributes:
            self.attributes[key] = (owner, name, getattr(owner, name))

    def _note_gradient(self, cell: Any) -> None:
        """Note which tensor a gradient is about to follow, or that it starts from none."""
        grad = cell.grad
        drops = self._drops.get(id(cell), 0)
        if grad is None:
            self._drops[id(cell)] = drops + 1
        else:
            self._gradients[id(grad)] = (grad, cell, drops)

    def accumulates(self, grad: Any) -> bool:
        """Say whether ``grad`` was a gradient that another one has followed with no None between.

        Outside a trace the new gradient is then in the same memory.
        """
        found = self._gradients.get(id(grad))
        if found is None:
            return False
        _, cell, drops = found
        follows = cell.grad is not None and cell.grad is not grad
        return follows and drops == self._drops.get(id(cell), 0)

    def keep_item(self, table: MutableMapping[Any, Any], name: Any, owner: Any) -> None:
        """Note the value of a dict's item before it changes; ``owner`` is named in messages."""
        key = (id(table), name)
        if key not in self.items:
            self.items[key] = (table, name, table.get(name, MISSING), owner)

    def undo(self) -> None:
        """Put every old value back."""
        for owner, name, old in self.attributes.values():
            setattr(owner, name, old)
        for table, name, old, _ in self.items.values():
            if old is MISSING:
                table.pop(name, None)
            else:
                table[name] = old

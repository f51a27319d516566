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

    def keep(self, owner: Any, name: str) -> None:
        """Note the value of an attribute before it changes."""
        key = (id(owner), name)
        if key not in self.attributes:
            self.attributes[key] = (owner, name, getattr(owner, name))

    def old(self, owner: Any, name: str) -> Any:
        """Return what an attribute was when the trace began."""
        found = self.attributes.get((id(owner), name))
        return getattr(owner, name) if found is None else found[2]

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

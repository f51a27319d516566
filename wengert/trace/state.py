"""The journal of a trace: what it changed outside, so that it can be undone, and what remains to be written back.

A trace is a transaction. Whoever changes a tensor, a gradient cell, a module or an optimiser while a trace is open
notes the old value here first.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Final

from wengert.tape.provenance import Place, here

MISSING: Final = object()
"""Stands for an item or a variable that is not there."""


class Journal:
    """Old values, each noted once, of attributes of objects and of items of dicts."""

    def __init__(self) -> None:
        self.attributes: dict[tuple[int, str], tuple[Any, str, Any]] = {}
        self.items: dict[
            tuple[int, Any], tuple[MutableMapping[Any, Any], Any, Any, Any, Place]
        ] = {}
        self._tables: dict[int, tuple[MutableMapping[Any, Any], list[tuple[Any, Any]]]] = {}

    def keep(self, owner: Any, *names: str) -> None:
        """Note the values of attributes before they change."""
        for name in names:
            key = (id(owner), name)
            if key not in self.attributes:
                self.attributes[key] = (owner, name, getattr(owner, name))

    def kept(self, owner: Any, name: str) -> bool:
        """Say whether an attribute has been noted."""
        return (id(owner), name) in self.attributes

    def before(self, owner: Any, name: str) -> Any:
        """Return what an attribute was when the trace began."""
        noted = self.attributes.get((id(owner), name))
        return getattr(owner, name) if noted is None else noted[2]

    def keep_item(self, table: MutableMapping[Any, Any], name: Any, owner: Any) -> None:
        """Note the value of a dict's item before it changes; ``owner`` is named in messages."""
        key = (id(table), name)
        if key not in self.items:
            self.items[key] = (table, name, table.get(name, MISSING), owner, here())
        self._tables.setdefault(id(table), (table, list(table.items())))

    def noted(self, table: MutableMapping[Any, Any], name: Any) -> bool:
        """Say whether an item of a dict has been noted: what stands there now is the trace's own doing."""
        return (id(table), name) in self.items

    def undo(self) -> None:
        """Put every old value back, and the items of dicts into their old order."""
        for owner, name, old in self.attributes.values():
            setattr(owner, name, old)
        for table, items in self._tables.values():
            table.clear()
            table.update(items)

"""What a traced function can reach in Python: its variables, the functions it calls, objects and their parts.

A function reads numbers, lists and attributes while it is traced, and a graph would repeat what it read. After the
trace none of them may have changed, for a graph cannot repeat a change; before a replay all of them must be what they
were. Knows nothing of graphs.
"""

from __future__ import annotations

import builtins
import dis
import pickle
import random
import re
import sys
import types
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from wengert.as_torch import home_of
from wengert.errors import TraceError
from wengert.tape.storage import SMALL, Recorded, fingerprint
from wengert.trace.guards import PLAIN, changed_fact, facts, hooks_of, same
from wengert.trace.state import MISSING

FOREIGN: Final = frozenset({*sys.stdlib_module_names, "builtins", "numpy", "scipy", "wengert"})
"""Packages whose own variables no program changes; functions and objects of others are looked into."""

BY_TEXT: Final = frozenset({"eval", "exec", "globals", "vars"})
"""Functions that reach a variable without naming it in the code."""

OWN: Final = tuple(
    f"wengert.{room}"
    for room in ("core", "rules", "tape", "tensor", "random", "autograd", "func", "trace")
)
"""Rooms whose objects answer for themselves under a trace."""


@dataclass(slots=True)
class Holder:
    """Something that holds values: a list, a dict, an object's attributes, a function's variables.

    ``read`` returns what it holds now, ``held`` is what it held, ``restore`` puts that back. ``names`` tells the values
    apart in messages. At the positions in ``movable`` any tensor may stand. What is ``passing`` may change between
    replays.
    """

    read: Callable[[], tuple[Any, ...]]
    held: tuple[Any, ...]
    names: Callable[[int], str]
    restore: Callable[[], None] | None = None
    movable: frozenset[int] = frozenset()
    passing: bool = False

    def difference(self, now: tuple[Any, ...], movable: frozenset[int] = frozenset()) -> int | None:
        """Return the position of the first value that is not what it was."""
        for i, (a, b) in enumerate(zip(self.held, now, strict=False)):
            if a is not b and not same(a, b) and not (i in movable and isinstance(a, Recorded)):
                return i
        return None if len(self.held) == len(now) else min(len(self.held), len(now), 1) - 1


@dataclass(slots=True)
class Place:
    """Where a tensor stands, and what a function could learn of it there."""

    what: str
    read: Callable[[], Any]
    tensor: Any
    facts: tuple[Any, ...]


class Surroundings:
    """The Python values that a function can reach: its variables, the functions it calls, objects and their parts."""

    def __init__(self, roots: Mapping[str, Any]) -> None:
        self.holders: list[Holder] = []
        self.places: list[Place] = []
        self.movable: list[tuple[Any, Callable[[], Any]]] = []
        self._pinned: set[int] = set()
        self._modules: set[Any] = set()
        self._seen: dict[int, Any] = {}
        self._pending: deque[tuple[Any, str]] = deque((v, k) for k, v in roots.items())
        self._hold_random("Python's random numbers", random.getstate, random.setstate)
        self._hold_random("NumPy's random numbers", np.random.get_state, np.random.set_state)
        while self._pending:
            value, what = self._pending.popleft()
            if not isinstance(value, (*PLAIN, float, complex)) and id(value) not in self._seen:
                self._seen[id(value)] = value
                self._look(value, what)

    # Looking

    def _look(self, value: Any, what: str) -> None:
        """Note what a value holds, and have its parts looked at."""
        if isinstance(value, Recorded):
            self._tensor(value, what)
        elif isinstance(value, dict):
            self._dict(value, what, lambda key: f"{what}[{key!r}]")
        elif isinstance(value, list | tuple | deque):
            self._sequence(value, what)
        elif isinstance(value, set | frozenset):
            self._set(value, what)
        elif isinstance(value, np.ndarray):
            self._array(value, what)
        elif isinstance(value, types.FunctionType):
            self._function(value, what)
        elif isinstance(value, types.ModuleType):
            if value.__name__.partition(".")[0] not in FOREIGN:
                self._globals(vars(value), _own_names(vars(value)), set())
        elif isinstance(value, types.MethodType):
            self._push(value.__self__, what.rpartition(".")[0] or type(value.__self__).__name__)
            self._push(value.__func__, what)
        elif isinstance(value, partial):
            self._push((value.func, value.args, value.keywords), what)
        elif isinstance(value, random.Random):
            self._hold_random(what, value.getstate, value.setstate)
        elif isinstance(value, np.random.Generator):
            bits = value.bit_generator
            self._hold_random(what, lambda: bits.state, lambda s: setattr(bits, "state", s))
        else:
            self._object(value, what)

    def _push(self, value: Any, what: str) -> None:
        self._pending.append((value, what))

    def _hold(
        self,
        read: Callable[[], tuple[Any, ...]],
        names: Callable[[int], str],
        restore: Callable[[], None] | None = None,
        movable: frozenset[int] = frozenset(),
        passing: bool = False,
    ) -> None:
        self.holders.append(Holder(read, read(), names, restore, movable, passing))

    def _hold_random(self, what: str, get: Callable[[], Any], put: Callable[[Any], None]) -> None:
        before = get()
        self._hold(
            lambda: (pickle.dumps(get()),), lambda i: what, lambda: put(before), passing=True
        )

    def _tensor(self, x: Any, what: str) -> None:
        self.places.append(Place(what, lambda: x, x, facts(x)))
        self._attributes(x, what)
        for hooks in hooks_of(x):
            self._push(hooks, f"the hooks of {what}")

    def _attributes(self, x: Any, what: str) -> None:
        self._dict(vars(x), what, lambda key: f"{what}.{key}")

    def _dict(self, table: Any, what: str, named: Callable[[Any], str]) -> None:
        """Note a dict's items. A tensor in it may give way to another one, unless it has or may get a gradient."""
        kept = dict(table)
        movable = set()
        for i, (key, value) in enumerate(kept.items()):
            if isinstance(value, Recorded) and value._cell is None and value._origin is None:
                if value._edge is None:
                    movable.add(i + 1)
                    self.movable.append((value, partial(table.get, key)))
                    self.places.append(
                        Place(named(key), partial(table.get, key), value, facts(value))
                    )
                    if id(value) not in self._seen:
                        self._seen[id(value)] = value
                        self._attributes(value, named(key))
            self._push(value, named(key))
            if not isinstance(key, str):
                self._push(key, f"a key of {what}")
        keys = list(kept)
        self._hold(
            lambda: (tuple(table), *table.values()),
            lambda i: named(keys[i - 1]) if i else what,
            partial(_put_items, table, kept),
            frozenset(movable),
        )

    def _sequence(self, values: Any, what: str) -> None:
        kept = list(values)
        for i, value in enumerate(kept):
            if not isinstance(value, (*PLAIN, float, complex)):
                self._push(value, f"{what}[{i}]")
        if isinstance(values, list | deque):

            def restore() -> None:
                values.clear()
                values.extend(kept)

            self._hold(
                lambda: (len(values), *values), lambda i: f"{what}[{i - 1}]" if i else what, restore
            )

    def _set(self, values: Any, what: str) -> None:
        kept = set(values)

        def restore() -> None:
            values.clear()
            values.update(kept)

        for value in kept:
            self._push(value, f"an element of {what}")
        if isinstance(values, set):
            self._hold(lambda: (frozenset(values) == kept,), lambda i: what, restore)

    def _array(self, array: Any, what: str) -> None:
        kept = array.copy()

        def read() -> tuple[Any, ...]:
            if array.dtype.hasobject:
                return tuple(array.reshape(-1).tolist())
            small = array.size <= SMALL
            return array.shape, array.dtype, array.tobytes() if small else fingerprint(array)

        def restore() -> None:
            if array.flags.writeable and array.shape == kept.shape:
                np.copyto(array, kept)

        self._hold(read, lambda i: what, restore)

    def _function(self, fn: types.FunctionType, what: str) -> None:
        """Note a function's own variables, its defaults, and the globals that it names."""
        cells = fn.__closure__ or ()
        free = fn.__code__.co_freevars
        kept = [_content(cell) for cell in cells]
        for name, value in zip(free, kept, strict=True):
            self._push(value, name)
        self._hold(
            lambda: tuple(map(_content, cells)), lambda i: free[i], lambda: _put_cells(cells, kept)
        )
        foreign = _root(fn) in FOREIGN
        # Wengert's own functions change their code when they begin to ask (`tensor/asking.py`), and nothing else.
        self._hold(
            lambda: (None if foreign else fn.__code__, fn.__defaults__, fn.__kwdefaults__),
            lambda i: what,
        )
        self._push(fn.__defaults__ or (), f"the defaults of {what}")
        self._push(fn.__kwdefaults__ or {}, f"the defaults of {what}")
        if not foreign:
            attributes = {n for code in _codes(fn.__code__) for n in code.co_names}
            names = _global_names(fn.__code__)
            if names & BY_TEXT:
                names |= _words(fn.__code__) & fn.__globals__.keys()
            self._globals(fn.__globals__, names, attributes)

    def _globals(self, table: dict[str, Any], names: set[str], attributes: set[str]) -> None:
        """Note those of a module's variables that some code names; of modules among them, what it names in turn."""
        used = sorted(n for n in names if n in table or not hasattr(builtins, n))
        kept = {n: table.get(n, MISSING) for n in used}
        for name, value in kept.items():
            if not isinstance(value, types.ModuleType):
                self._push(value, name)
            elif value.__name__.partition(".")[0] not in FOREIGN:
                found = {n for n in attributes if n in vars(value)}
                key = (id(value), frozenset(found))
                if key not in self._modules:
                    self._modules.add(key)
                    self._globals(vars(value), found, attributes)
        self._hold(
            lambda: tuple(table.get(n, MISSING) for n in used),
            lambda i: f"the global `{used[i]}`",
            partial(_put_globals, table, kept),
        )

    def _object(self, value: Any, what: str) -> None:
        """Note the attributes of an object, and of the classes that a program defines itself."""
        cls = type(value)
        if hasattr(cls, "__next__") and cls.__module__ in ("builtins", "itertools"):
            raise TraceError(
                f"`{what}` is an iterator ({cls.__name__}): each call of the function would draw something else from "
                f"it, and a graph would repeat the first. Draw outside, and pass what was drawn as an argument."
            )
        foreign = _root(cls) in FOREIGN and _root(cls) != "wengert"
        if home_of(cls).startswith(OWN) or (foreign and cls is not types.SimpleNamespace):
            return
        attributes = getattr(value, "__dict__", None)
        if isinstance(attributes, dict):
            self._attributes(value, what)
        slots = [n for c in cls.__mro__ for n in _slots(c)]
        if slots:
            kept = {n: getattr(value, n, MISSING) for n in slots}
            for name, part in kept.items():
                self._push(part, f"{what}.{name}")
            self._hold(
                lambda: tuple(getattr(value, n, MISSING) for n in slots),
                lambda i: f"{what}.{slots[i]}",
                partial(_put_attributes, value, kept),
            )
        for c in cls.__mro__:
            if _root(c) not in FOREIGN and id(c) not in self._seen:
                self._seen[id(c)] = c
                self._class(c)

    def _class(self, cls: type) -> None:
        """Note a class's attributes, and look into its methods."""
        kept = {n: v for n, v in vars(cls).items() if n == "__call__" or not n.startswith("__")}
        kept = {n: v for n, v in kept.items() if not isinstance(v, types.MemberDescriptorType)}
        for name, part in kept.items():
            if isinstance(part, staticmethod | classmethod):
                part = part.__func__
            for found in (part.fget, part.fset) if isinstance(part, property) else (part,):
                self._push(found, f"{cls.__name__}.{name}")
        self._hold(
            lambda: tuple(vars(cls).get(n, MISSING) for n in kept),
            lambda i: f"{cls.__name__}.{list(kept)[i]}",
            partial(_put_attributes, cls, kept),
        )

    # Comparing

    def settle(self) -> str | None:
        """Put back what the traced function changed, and return the name of the first thing it had changed."""
        changed = [(h, at) for h in self.holders if (at := h.difference(h.read())) is not None]
        for holder, _ in changed:
            if holder.restore is not None:
                holder.restore()
        self.holders = [h for h in self.holders if not h.passing]
        for holder in self.holders:
            holder.restore = None
            for i, value in enumerate(holder.held):
                if isinstance(value, Recorded) and i not in holder.movable:
                    self._pinned.add(id(value))
        return changed[0][0].names(changed[0][1]) if changed else None

    def pins(self, x: Any) -> bool:
        """Say whether a tensor must stay where the function found it."""
        return id(x) in self._pinned

    def check(self) -> None:
        """Raise TraceError when something is not as it was when the function was traced."""
        for holder in self.holders:
            at = holder.difference(holder.read(), holder.movable)
            if at is not None:
                raise _changed(holder.names(at))
        stands_for: dict[int, Any] = {}
        given_way: dict[int, Any] = {}
        for place in self.places:
            was, now = place.tensor, place.read()
            if not isinstance(now, Recorded):
                raise TraceError(
                    f"{place.what} was a tensor when the function was traced and is gone now. Trace it again."
                )
            fact = changed_fact(place.facts, now)
            if fact is not None:
                raise _changed(f"the {fact} of {place.what}")
            alone = now is was or id(was) not in self._pinned
            if not alone or given_way.setdefault(id(was), now) is not now:
                raise TraceError(
                    f"{place.what} stood in several places when the function was traced, and not all of them have the "
                    f"same tensor now. Trace it again."
                )
            if stands_for.setdefault(id(now), was) is not was:
                raise TraceError(
                    f"{place.what} is the same tensor as another one now, and was not when the function was traced. "
                    f"Trace it again."
                )


def _changed(what: str) -> TraceError:
    return TraceError(f"{what} has changed since the function was traced. Trace it again.")


def _content(cell: Any) -> Any:
    """Return what a closure's cell holds."""
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING


def _put_cells(cells: tuple[Any, ...], values: list[Any]) -> None:
    for cell, value in zip(cells, values, strict=True):
        if value is MISSING:
            del cell.cell_contents
        else:
            cell.cell_contents = value


def _put_items(table: Any, kept: dict[Any, Any]) -> None:
    table.clear()
    table.update(kept)


def _put_attributes(owner: Any, kept: Mapping[str, Any]) -> None:
    for name, value in kept.items():
        if value is not MISSING:
            setattr(owner, name, value)
        elif hasattr(owner, name):
            delattr(owner, name)


def _put_globals(table: dict[str, Any], kept: Mapping[str, Any]) -> None:
    for name, value in kept.items():
        if value is MISSING:
            table.pop(name, None)
        else:
            table[name] = value


def _slots(cls: type) -> tuple[str, ...]:
    found = cls.__dict__.get("__slots__", ())
    names = (found,) if isinstance(found, str) else tuple(found)
    return tuple(n for n in names if n not in ("__dict__", "__weakref__"))


def _root(x: Any) -> str:
    """Return the name of the package that a function or class belongs to."""
    return home_of(x).partition(".")[0]


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield from _codes(part)


def _own_names(table: Mapping[str, Any]) -> set[str]:
    """Return the names of a module's variables, without those that the import system sets."""
    return {n for n in table if not n.startswith("__")}


def _words(code: types.CodeType) -> set[str]:
    """Return the names that occur in the texts of some code, as in ``eval("2 * rate")``."""
    texts = [c for inner in _codes(code) for c in inner.co_consts if isinstance(c, str)]
    return {word for text in texts for word in re.findall(r"\w+", text)}


def _global_names(code: types.CodeType) -> set[str]:
    """Return the globals that code reads or writes, inner functions included; not what rewriters of code name."""
    return {
        i.argval
        for inner in _codes(code)
        for i in dis.get_instructions(inner)
        if i.opname.endswith(("_GLOBAL", "_NAME")) and i.argval.isidentifier()
    }

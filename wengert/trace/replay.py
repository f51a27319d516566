"""Replaying a recorded function: its guards, its inputs, and what it writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from wengert.core.carrier import ROOT, Array, state
from wengert.core.silence import silent
from wengert.core.tree import flatten
from wengert.errors import TraceError
from wengert.tape.meta import is_meta
from wengert.tape.provenance import describe, here
from wengert.tape.record import numpy_dtype
from wengert.tape.storage import Recorded, handle
from wengert.trace.execute import execute
from wengert.trace.graph import Graph
from wengert.trace.guards import changed_mode, history, hooks_of, modes, same, structure
from wengert.trace.memory import require_unshared
from wengert.trace.surroundings import Surroundings
from wengert.trace.symbolic import layout
from wengert.trace.updates import Reader, Update

FROM_GRAPH: Final = "a tensor"
"""Stands for a tensor among the results of a traced function; other values stand for themselves."""


class Argument:
    """What an argument was when the function was traced; a replay's must be like it."""

    def __init__(self, x: Any, number: int, first: int) -> None:
        self.x, self.number, self.first = x, number, first
        self.is_tensor = isinstance(x, Recorded)
        if self.is_tensor:
            self.history, self.cls = history(x), type(x)
            require_plain(x, f"argument {number}")
            if self.history == "a result of recorded operations":
                raise TraceError(
                    f"argument {number} is {self.history}; a graph could not send gradients to what made it. Pass "
                    f"`x.detach()`."
                )
            self.x = None

    def check(self, x: Any) -> None:
        """Raise TraceError unless ``x`` may stand for it."""
        what = f"argument {self.number}"
        if not self.is_tensor or not isinstance(x, Recorded):
            if self.is_tensor or not same(self.x, x):
                was, now = self.described(), "a tensor" if isinstance(x, Recorded) else x
                raise TraceError(f"{what} was {was} when traced and is {now} now. Trace it again.")
            return
        require_plain(x, what)
        now = history(x)
        if now != self.history:
            raise TraceError(
                f"{what} was {self.history} when traced and is {now} now. Trace it again."
            )
        if type(x) is not self.cls:
            raise TraceError(
                f"{what} was a {self.cls.__name__} when traced and is a {type(x).__name__} now. Trace it again."
            )

    def described(self) -> Any:
        """Say what it was."""
        return "a tensor" if self.is_tensor else self.x


def require_plain(x: Any, what: str) -> None:
    """Raise TraceError for a tensor that a transform watches or that has no elements, and for a leaf with hooks."""
    if is_meta(x):
        raise TraceError(
            f"{what} is on the device meta, where it has no elements, and a replay computes with them. Trace with a "
            f"tensor on the CPU, or call the function itself."
        )
    if x._payload.__class__ is not np.ndarray or (x._edge is not None and x._level is not ROOT):
        raise TraceError(
            f"{what} is watched by a running transform (grad, jvp, vmap), which could not see into the graph. Call the "
            f"function itself there, and trace the transformed function."
        )
    if any(hooks_of(x)):
        raise TraceError(
            f"{what} has hooks, and a graph does not know an argument's hooks. Capture the tensor instead of passing "
            f"it, or register the hooks on a result inside the function."
        )


class Traced:
    """A recorded function: ``graph`` prints it, a call replays it.

    A replay reads arguments and captured tensors anew, writes what the function wrote (parameters, buffers,
    gradients, ``requires_grad``), and returns new tensors without history. Raises `TraceError`, before anything is
    written, when something that the recording depended on has changed: shapes, dtypes, layouts, ``requires_grad``,
    the nesting of arguments and which of them are one tensor, Python values that the function can reach, hooks, modes,
    a gradient's absence; and when something it writes shares memory with another argument or captured tensor.
    """

    def __init__(
        self,
        level: Any,
        surroundings: Surroundings,
        args: tuple[Any, ...],
        results: list[Any],
        rebuild: Callable[[Any], Any],
    ) -> None:
        self.graph: Graph = level.graph.without_dead_code()
        self.graph.verify()
        self._surroundings = surroundings
        self._modes = modes()
        self._sources: list[Reader] = level.sources
        self._layouts: dict[int, tuple[int, ...]] = level.layouts
        self._checks: list[Callable[[list[Any]], None]] = level.checks
        self._targets: list[Update] = level.targets
        self._slots = [level.slot(x) for x in level.captured]
        leaves, _ = flatten(args)
        self._structure = structure(args)
        self._arguments = [Argument(x, i, _first(leaves, i)) for i, x in enumerate(leaves)]
        self._results, self._rebuild = results, rebuild

    def __call__(self, *args: Any) -> Any:
        if state.trace is not None:
            raise TraceError(
                f"a traced function was called while another one is traced, where its reads and writes would not be "
                f"recorded.\n"
                f"  called at  {describe(here())}\n"
                f"  Call the function itself there."
            )
        leaves, _ = flatten(args)
        inputs = self._inputs(args, leaves)
        captured = self._check(leaves)
        found = [update.resolve(leaves) for update in self._targets]
        self.require_unshared(leaves)
        outputs, updates = silent().run(execute, self.graph, inputs, captured)
        arrays = iter(updates)
        for update, there in zip(self._targets, found, strict=True):
            update.write(there, next(arrays) if update.writes else None)
        results = iter(outputs)
        return self._rebuild(
            iter([handle(next(results)) if r is FROM_GRAPH else r for r in self._results])
        )

    def _inputs(self, args: tuple[Any, ...], leaves: list[Any]) -> list[Array]:
        """Return the arguments' arrays; TraceError unless the arguments are like those of the recording."""
        if len(leaves) != len(self._arguments):
            raise TraceError(
                f"traced with {len(self._arguments)} arguments, called with {len(leaves)}. Trace it again."
            )
        if not same(structure(args), self._structure):
            raise TraceError(
                "the arguments are nested in another way, or have other keys, than when the function was traced. "
                "Trace it again."
            )
        found = []
        variables = iter(self.graph.inputs)
        for i, (x, argument) in enumerate(zip(leaves, self._arguments, strict=True)):
            if isinstance(x, Recorded) and argument.is_tensor:
                first = _first(leaves, i)
                if first != argument.first:
                    were, are = (
                        ("one tensor", "several") if first == i else ("several tensors", "one")
                    )
                    raise TraceError(
                        f"arguments {min(first, argument.first)} and {i} were {were} when traced and are {are} now. "
                        f"Trace it again."
                    )
                if first == i:
                    found.append(self._matching(x, next(variables), f"argument {i}"))
            argument.check(x)
        return found

    def _check(self, leaves: list[Any]) -> list[Array]:
        """Return the captured arrays; TraceError when anything else that the recording read has changed."""
        mode = changed_mode(self._modes)
        if mode is not None:
            raise TraceError(f"{mode} is not what it was when traced. Trace it again.")
        self._surroundings.check()
        tensors = [source(leaves) for source in self._sources]
        given = {id(x) for x in leaves if isinstance(x, Recorded)}
        captured = []
        for i, (x, var) in enumerate(zip(tensors, self.graph.captured, strict=True)):
            if x is None:
                raise TraceError(
                    f"captured tensor {i} was a tensor when traced and is gone now. Trace it again."
                )
            if id(x) in given and self._targets:
                raise TraceError(
                    f"captured tensor {i} is an argument as well, so the two share memory and a gradient, and the "
                    f"graph takes them for two. Pass it or capture it, not both; or clone one."
                )
            if x._payload.__class__ is not np.ndarray or (
                x._edge is not None and x._level is not ROOT
            ):
                require_plain(x, f"captured tensor {i}")
            captured.append(self._matching(x, var, f"captured tensor {i}"))
        for check in self._checks:
            check(leaves)
        return captured

    def _matching(self, x: Any, var: Any, what: str) -> Array:
        """Return a tensor's array; TraceError unless it has the shape, dtype and layout of the recording."""
        if tuple(x.shape) != var.shape or numpy_dtype(x) != var.dtype:
            raise TraceError(
                f"{what} was {var.annotated.split(': ')[1]} when traced and is {numpy_dtype(x).name}"
                f"[{', '.join(map(str, x.shape))}] now. Trace it again."
            )
        array: Array = x._payload
        if var.number in self._layouts and layout(array) != self._layouts[var.number]:
            raise TraceError(
                f"{what} is laid out in memory in another way than when traced, and the function depends on it. Trace "
                f"it again, or pass `x.contiguous()` both times."
            )
        return array

    def require_unshared(self, leaves: list[Any]) -> None:
        """Raise TraceError when something written shares memory with another argument or captured tensor."""
        written = {u.slot: u.read(leaves) for u in self._targets if u.slot is not None}
        if not written:
            return
        used = {a.first: leaves[a.first] for a in self._arguments if a.is_tensor}
        for slot, source in zip(self._slots, self._sources, strict=True):
            used[slot] = source(leaves)
        used.update(written)
        require_unshared((x._payload, slot in written) for slot, x in used.items() if x is not None)


def _first(leaves: list[Any], i: int) -> int:
    """Return the number of the first argument that is the same tensor."""
    return next(j for j, x in enumerate(leaves) if x is leaves[i])

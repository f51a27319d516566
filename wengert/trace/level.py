"""The level of a trace: it records operations on symbols, and knows what lies inside and what outside.

Every operation is recorded, on tensors from outside too: those are read anew at each call. The eager machinery
(autograd, modules, optimisers) runs as usual above it, so one graph holds forward, backward and update.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.core.carrier import RAW, Array, Level, Value, recording_at
from wengert.core.primitive import Primitive
from wengert.errors import TraceError
from wengert.tape.mode import no_grad
from wengert.tape.node import edge_node
from wengert.tape.provenance import describe, here
from wengert.tape.record import as_tensor, numpy_dtype
from wengert.tape.storage import Storage, handle, next_rank, storage_of
from wengert.tensor import arithmetic
from wengert.trace.graph import Graph, Instruction, Var
from wengert.trace.guards import same
from wengert.trace.state import Journal
from wengert.trace.surroundings import Surroundings
from wengert.trace.symbolic import Layout, Symbolic, abstract, laid_out, layout, unreadable
from wengert.trace.updates import Reader, Update, stripped


class TraceLevel(Level):
    """One recording: the graph so far, the variables of tensors from outside, and the journal.

    ``rank``     the time at which it began: nodes of a higher rank come from outside
    ``given``    the arguments' stand-ins by id: variable, number, whether a leaf, array
    ``lifted``   tensors by id with what stands for them in the graph
    ``places``   how a replay reads a tensor that was found somewhere
    ``layouts``  how inputs lie in memory, where the function depends on it
    ``unordered``  how those variables lie whose elements do not lie in order
    ``checks``   what a replay makes sure of, given its arguments
    ``rebound``  tensors that were given other memory, each with what else looks at that memory
    """

    kind = "trace"

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__()
        self.surroundings = surroundings
        self.graph = Graph()
        self.journal = Journal()
        self.rank = next_rank()
        self.given: dict[int, tuple[Var, int, bool, Array]] = {}
        self.lifted: dict[int, tuple[Any, Any]] = {}
        self.captured: list[Any] = []
        self.slots: dict[int, int] = {}
        self.sources: list[Reader] = []
        self.layouts: dict[int, Layout] = {}
        self.unordered: dict[int, Layout] = {}
        self.places: dict[int, tuple[Any, Reader]] = {}
        self.checks: list[Callable[[list[Any]], None]] = []
        self.rebound: dict[int, tuple[Any, weakref.ref[Any]]] = {}
        self.targets: list[Update] = []
        self._known_gradients: set[Any] = set()

    # The graph

    def symbol(self, var: Var) -> Any:
        """Return a variable as a tensor."""
        return handle(Symbolic(self, var))

    def interpret(
        self, row: Primitive, operands: Sequence[Value], params: dict[str, Any], level: Level
    ) -> Any:
        """Record one instruction and return its outputs."""
        if row.kind != "constant" and row.name != "detach":
            for x in operands:
                if x.__class__ not in RAW:
                    self._require_known_history(x)
        if row.kind == "composite" and not row.rules:
            assert row.definition is not None
            return row.definition(*operands, **params)
        args = tuple(self.variable(x) for x in operands)
        found = abstract(row, args, params, self.unordered)
        outs = tuple(self.graph.new_var(tuple(o.shape), o.dtype) for o in found)
        for var, array in zip(outs, found, strict=True):
            self.lies(var, array)
        self.graph.instructions.append(Instruction(row, args, params, outs))
        results = tuple(self.symbol(v) for v in outs)
        return results if row.outputs is None or len(row.outputs) > 1 else results[0]

    def lies(self, var: Var, array: Array) -> None:
        """Note the layout of a variable's elements where they do not lie in order."""
        if not array.flags.c_contiguous:
            self.unordered[var.number] = layout(array)

    def _require_known_history(self, x: Any) -> None:
        """Raise where gradients would have to leave the graph."""
        node, _ = edge_node(x._edge)
        if node is not None and node.rank > self.rank and recording_at(x._level):
            raise TraceError(
                f"the function uses a tensor that operations outside of it made ({node.name()}); gradients would flow "
                f"on through them, and a graph ends here.\n"
                f"  used at  {describe(here())}\n"
                f"  made at  {describe(node.place)}\n"
                f"  Make it inside the function, or use `x.detach()`."
            )

    def variable(self, x: Value) -> Var:
        """Return the variable of an operand: a constant, one of the graph's, or one read from outside."""
        if x.__class__ in RAW:
            return self._constant(np.asarray(x))
        found = self.lift(x)._payload.var
        assert isinstance(found, Var)
        return found

    def _constant(self, array: Array) -> Var:
        var = self.graph.new_var(array.shape, array.dtype)
        self.graph.constants[var] = array
        return var

    def lift(self, x: Any) -> Any:
        """Return what stands for a tensor in the graph, without history.

        A tensor from outside is read at each call, from the place it was found in if that is known (a module's
        buffer, a gradient), and through its base if it is a view.
        """
        payload = x._payload
        if payload.__class__ is Symbolic and payload.level is self:
            return x if x._edge is None else handle(payload)
        known = self.lifted.get(id(x))
        if known is not None:
            return known[1]
        if payload.__class__ is np.ndarray and x._owner.number >= self.number:
            symbol = self.symbol(self._constant(payload.copy()))
        elif x._origin is not None and self.in_family(x):
            symbol = self._lifted_view(x)
        else:
            var = self.graph.new_var(tuple(x.shape), numpy_dtype(x))
            self.graph.captured.append(var)
            self.captured.append(x)
            self.sources.append(self.reader(x))
            if payload.__class__ is np.ndarray:
                self.layouts[var.number] = layout(payload)
                self.lies(var, payload)
            symbol = self.symbol(var)
        self.lifted[id(x)] = (x, symbol)
        return symbol

    def _lifted_view(self, x: Any) -> Any:
        """Return a view's elements by way of its base; a replay checks that they still belong together."""
        symbol = self.lift(x._origin.base)
        for row, params in x._origin.chain:
            symbol = row(symbol, **params)
        self.require(
            lambda: self.in_family(x),
            "a captured view no longer looks at the memory of its base, which was given other memory",
        )
        return symbol

    def in_family(self, x: Any) -> bool:
        """Say whether a view still looks at its base's memory; ``base.data = ...`` parts them."""
        cell, base = x._storage, x._origin.base._storage
        before = self.journal.before(x._origin.base, "_storage")
        while cell is not None and cell.uncounted_for is not None and cell is not base:
            cell = cell.uncounted_for
        return cell is base or cell is before

    def laid_out(self, x: Any) -> Array:
        """Return an array whose elements lie as those of ``x``, which is no view, will lie in a replay."""
        for own, _, _, array in self.given.values():
            self.layouts[own.number] = layout(array)
        before = self.given[id(x)][3] if id(x) in self.given else self.journal.before(x, "_payload")
        if before.__class__ is np.ndarray:
            return before
        shape = tuple(x._payload.shape)
        var: Any = x._payload.var if isinstance(x._payload, Symbolic) else None
        if var is None or var.number not in self.unordered:
            return np.empty(shape, np.bool_)
        return laid_out(shape, self.unordered[var.number], var.dtype)

    def same_value(self, alias: Any, x: Any) -> None:
        """Note that an alias made inside the trace stands for what ``x`` holds now."""
        if alias._payload.__class__ is np.ndarray:
            self.lifted[id(alias)] = (alias, self.lift(x))

    # Where tensors are found

    def from_outside(self, x: Any) -> bool:
        """Say whether a tensor outlives the trace: an argument, or one that was there before."""
        return x._owner.number < self.number or id(x) in self.given

    def found_in(self, x: Any, place: Callable[[], Any]) -> None:
        """Note from where a tensor was read, so that the replay reads whatever stands there then."""
        if x is not None and x._owner.number < self.number and id(x) not in self.places:
            self.places[id(x)] = (x, lambda leaves: place())

    def reader(self, x: Any) -> Reader:
        """Return how a replay reads a tensor: from the place it was found in, or the tensor itself."""
        if id(x) in self.given:
            number = self.given[id(x)][1]
            return lambda leaves: leaves[number]
        known = self.places.get(id(x))
        return (lambda leaves: x) if known is None else known[1]

    def slot(self, x: Any) -> int:
        """Return the number, from -1 downwards, of a tensor from outside that is read or written."""
        found = self.slots.get(id(x))
        if found is None:
            self.slots[id(x)] = found = -1 - len(self.slots)
        return found

    # What a replay checks

    def require(self, holds: Callable[[], bool], what: str) -> None:
        """Have a replay raise TraceError unless something still holds."""

        def check(leaves: list[Any]) -> None:
            if not holds():
                raise TraceError(f"{what}. Trace it again.")

        self.checks.append(check)

    def guard(self, read: Callable[[], Any], what: str) -> None:
        """Note a Python value that the recording depends on; a replay checks that it is the same."""
        expected = _frozen(read())
        self.require(
            lambda: same(_frozen(read()), expected),
            f"{what} has changed since the function was traced",
        )

    def gradient_read(self, x: Any) -> None:
        """Note that the function learned whether a tensor from outside has a gradient, and where it stands."""
        if x is None or not self.from_outside(x):
            return
        cell = x._cell
        if cell is not None and self.journal.kept(cell, "grad"):
            return
        read, there = self.reader(x), cell is not None and cell.grad is not None

        def check(leaves: list[Any]) -> None:
            tensor = read(leaves)
            if (tensor._cell is not None and tensor._cell.grad is not None) is not there:
                raise TraceError(
                    "a tensor's .grad was "
                    + ("a tensor" if there else "None")
                    + " when the function was traced, and is not now. Call `zero_grad()` alike before each call, or "
                    "first thing in the function."
                )

        if cell is None or cell not in self._known_gradients:
            self._known_gradients.add(cell)
            self.checks.insert(0, check)
        if there and cell.grad._owner.number < self.number:
            self._gradient_found(cell.grad, lambda leaves: _grad(read(leaves)))

    def _gradient_found(self, grad: Any, place: Reader) -> None:
        """Note where a gradient stands; where else it stands, a replay must find the same tensor."""
        if id(grad) in self.places and self.places[id(grad)][1] is place:
            return
        first = self.places.setdefault(id(grad), (grad, place))[1]

        def check(leaves: list[Any]) -> None:
            now = place(leaves)
            if now is not grad and (self.surroundings.pins(grad) or first(leaves) is not now):
                raise TraceError(
                    "a gradient stood elsewhere as well when the function was traced, and is another tensor there now. "
                    "Trace it again."
                )

        self.checks.append(check)

    # What a graph cannot repeat

    def refuse(self, what: str, instead: str = "Do it before tracing.") -> None:
        """Raise TraceError for a change outside that no graph can repeat."""
        raise TraceError(
            f"{what} while the function is traced; a graph cannot repeat that.\n"
            f"  called at  {describe(here())}\n"
            f"  {instead}"
        )

    def refuse_change(self, x: Any, op: str) -> None:
        """Raise when a tensor from outside would keep a change that no graph can repeat."""
        if x is None or self.from_outside(x):
            self.refuse(f"{op} changes a tensor from outside")

    def refuse_read(self, x: Any, op: str) -> None:
        """Raise unless the value read was made inside the trace as a constant."""
        if (
            x._payload.__class__ is not np.ndarray
            or x._owner.number < self.number
            or id(x) in self.lifted
        ):
            raise unreadable(op)

    # Writes

    def update(self, var: Var | None, target: Update) -> None:
        """Note something outside that a replay must set, to a variable or (None) to what the update knows."""
        target.writes = var is not None
        if var is not None:
            self.graph.updates.append(var)
        self.targets.append(target)

    def add_gradient(self, grad: Any, ct: Any) -> bool:
        """Add to a gradient in its own memory, as eager code does; False where it would make a new tensor."""
        payload = grad._payload
        if payload.__class__ is np.ndarray:
            fits = payload.flags.writeable and (payload.size <= 1 or 0 not in payload.strides)
        else:
            fits = payload.__class__ is Symbolic and payload.level is self
        value = as_tensor(ct)
        if not fits or grad._edge is not None or value._standing()[1].number > self.number:
            return False
        with no_grad():
            arithmetic.add_(grad, value)
        return True

    def written(self, storage: Storage) -> None:
        """Note the counters of a storage before a write; refuse one to memory that ``x.data = y`` made shared."""
        self.journal.keep(storage, "version", "changed", "changed_at")
        if storage.uncounted_for is not None:
            self.journal.keep(storage.uncounted_for, "silent", "changed_at")
            if not isinstance(getattr(type(storage), "watched", None), property):
                self.journal.keep(storage.uncounted_for, "watched")
        for x, value in self.rebound.values():
            other = value()
            if other is not None and storage in (x._storage, other._storage):
                self.refuse(
                    "a write reaches two tensors, since `x.data = y` made them share memory, and both are still in use",
                    "Write `x.data = y.clone()`.",
                )

    def rebinding(self, x: Any, value: Any) -> None:
        """Prepare ``x.data = value``: a replay gives a tensor from outside new memory, too."""
        self._require_own_memory(x, value)
        self.journal.keep(x, "_payload", "_storage")
        self.journal.keep(storage_of(value), "uncounted_for")

    def _require_own_memory(self, x: Any, value: Any) -> None:
        """Raise unless the memory that ``x.data = value`` gives to ``x`` is nobody else's."""
        inside = not self.from_outside(value) and value._origin is None
        if not self.from_outside(x):
            return
        same_kind = tuple(x.shape) == tuple(value.shape) and numpy_dtype(x) == numpy_dtype(value)
        if not inside or not same_kind:
            self.refuse(
                "`x.data = y` gives a tensor from outside memory that something else looks at, another shape or "
                "another dtype",
                "Write `x.data = y.clone()` with a y of the same shape and dtype, or `x.data.copy_(y)`.",
            )
        untouched = x._payload.__class__ is np.ndarray
        if id(x) in self.given:
            untouched = x._payload.var is self.given[id(x)][0]
        if not untouched or x._origin is not None:
            self.refuse(
                "`x.data = y` follows a write to x, or x is a view, so that other tensors keep the old memory",
                "Write `x.data.copy_(y)`.",
            )
        variable = self.variable(stripped(value))
        if value._payload.__class__ is np.ndarray:
            value._payload = Symbolic(self, variable)
        self.rebound[id(x)] = (x, weakref.ref(value))


def _grad(x: Any) -> Any:
    return None if x._cell is None else x._cell.grad


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value

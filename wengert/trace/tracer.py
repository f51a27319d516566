"""Recording a function as a graph: `Symbolic` payloads, the level that interprets them, and the replay.

Inside a trace every operation is recorded, on tensors from outside too: those are read anew at each call. The eager
machinery (autograd, modules, optimisers) runs as usual above it, so one graph holds forward, backward and update.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from wengert.core.carrier import RAW, Array, Level, Value, opened, state
from wengert.core.primitive import Primitive
from wengert.core.tree import Rebuild, flatten
from wengert.errors import TraceError
from wengert.func.payload import Payload
from wengert.tape.backward import grad_cell
from wengert.tape.provenance import describe, here
from wengert.tape.record import as_tensor, beneath, detached, numpy_dtype
from wengert.tape.storage import GradCell, Recorded, handle
from wengert.tensor import creation
from wengert.trace.execute import execute
from wengert.trace.graph import Graph, Instruction, Var
from wengert.trace.memory import require_unshared
from wengert.trace.state import MISSING, Journal
from wengert.trace.updates import Elements, Gradient, Item, Update

FROM_GRAPH: Final = "a tensor"
"""Stands for a tensor among the arguments or results of a traced function; other values stand for themselves."""


class Symbolic(Payload):
    """The payload of a tensor inside a trace: a variable of the graph."""

    __slots__ = ("var",)

    level: TraceLevel

    def __init__(self, level: TraceLevel, var: Var) -> None:
        self.level, self.var = level, var

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape, known when tracing."""
        return self.var.shape

    @property
    def element_type(self) -> np.dtype[Any]:
        """The dtype, known when tracing."""
        return self.var.dtype

    def concrete(self, op: str) -> Array:
        """Refuse: there is no value yet."""
        raise unreadable(op)

    def __repr__(self) -> str:
        return f"Symbolic({self.var.annotated})"


def unreadable(op: str) -> TraceError:
    """Word the error for reading a value under trace."""
    return TraceError(
        f"{op} reads a value while the function is traced, and the graph would repeat this call's value forever.\n"
        f"  read at  {describe(here())}\n"
        f"  Use `torch.where` for a choice that depends on values, or return the tensor and read it outside."
    )


class TraceLevel(Level):
    """One recording: the graph so far, the variables of tensors from outside, and the journal."""

    kind = "trace"

    def __init__(self) -> None:
        super().__init__()
        self.graph = Graph()
        self.journal = Journal()
        self.lifted: dict[int, tuple[Any, Any]] = {}
        self.captured: list[Any] = []
        self.slots: dict[int, int] = {}
        self.sources: list[Callable[[], Any]] = []
        self.places: dict[int, tuple[Any, Callable[[], Any]]] = {}
        self.guards: list[tuple[Callable[[], Any], Any, str]] = []
        self.targets: list[Update] = []

    def symbol(self, var: Var) -> Any:
        """Return a variable as a tensor."""
        return handle(Symbolic(self, var))

    def interpret(
        self, row: Primitive, operands: Sequence[Value], params: dict[str, Any], level: Level
    ) -> Any:
        """Record one instruction and return its outputs."""
        if row.kind == "composite" and not row.rules:
            assert row.definition is not None
            return row.definition(*operands, **params)
        args = tuple(self.variable(x) for x in operands)
        shapes = _abstract(row, args, params)
        outs = tuple(self.graph.new_var(shape, dtype) for shape, dtype in shapes)
        self.graph.instructions.append(Instruction(row, args, params, outs))
        results = tuple(self.symbol(v) for v in outs)
        return results if row.outputs is None or len(row.outputs) > 1 else results[0]

    def variable(self, x: Value) -> Var:
        """Return the variable of an operand: a constant, one of the graph's, or one read from outside."""
        if x.__class__ in RAW:
            return self._constant(np.asarray(x))
        found = self.lift(x).payload.var
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
        payload = x.payload
        if self.journal.accumulates(x):
            raise TraceError(
                "the function reads a gradient that a later backward has added to; a graph would read the old one. "
                "Read `.grad` again, or clone it before."
            )
        if payload.__class__ is Symbolic and payload.level is self:
            return x if x.edge is None else handle(payload)
        known = self.lifted.get(id(x))
        if known is not None:
            return known[1]
        if payload.__class__ is np.ndarray and x.owner.number >= self.number:
            symbol = self.symbol(self._constant(payload.copy()))
        elif x.origin is not None:
            symbol = self.lift(x.origin.base)
            for row, params in x.origin.chain:
                symbol = row(symbol, **params)
        else:
            var = self.graph.new_var(tuple(x.shape), numpy_dtype(x))
            self.graph.captured.append(var)
            self.captured.append(x)
            self.sources.append(self.reader(x))
            symbol = self.symbol(var)
        self.lifted[id(x)] = (x, symbol)
        return symbol

    def same_value(self, alias: Any, x: Any) -> None:
        """Note that an alias made inside the trace stands for what ``x`` holds now."""
        if alias.payload.__class__ is np.ndarray:
            self.lifted[id(alias)] = (alias, self.lift(x))

    def found_in(self, x: Any, place: Callable[[], Any]) -> None:
        """Note from where a tensor was read, so that the replay reads whatever stands there then."""
        if x is not None and x.owner.number < self.number and id(x) not in self.places:
            self.places[id(x)] = (x, place)

    def reader(self, x: Any) -> Callable[[], Any]:
        """Return how a replay reads a tensor: from the place it was found in, or the tensor itself."""
        known = self.places.get(id(x))
        return (lambda: x) if known is None else known[1]

    def update(self, var: Var | None, target: Update) -> None:
        """Note something outside that a replay must set to a variable (None: to no gradient)."""
        target.writes = var is not None
        if var is not None:
            self.graph.updates.append(var)
        self.targets.append(target)

    def guard(self, read: Callable[[], Any], what: str) -> None:
        """Note a Python value that the recording depends on; a replay checks that it is the same."""
        self.guards.append((read, read(), what))

    def refuse_change(self, x: Any, op: str) -> None:
        """Raise when a tensor from outside would keep a change that no graph can repeat."""
        if x.owner.number < self.number:
            raise TraceError(
                f"{op} changes a tensor from outside while the function is traced; a graph cannot repeat that.\n"
                f"  called at  {describe(here())}\n"
                f"  Do it before tracing."
            )

    def slot(self, x: Any) -> int:
        """Return the number, from -1 downwards, of a tensor from outside that is read or written."""
        found = self.slots.get(id(x))
        if found is None:
            self.slots[id(x)] = found = -1 - len(self.slots)
        return found

    def refuse_read(self, x: Any, op: str) -> None:
        """Raise unless the value read was made inside the trace as a constant."""
        if x.payload.__class__ is not np.ndarray or x.owner.number < self.number:
            raise unreadable(op)


def _abstract(
    row: Primitive, args: Sequence[Var], params: dict[str, Any]
) -> list[tuple[tuple[int, ...], np.dtype[Any]]]:
    """Return the outputs' shapes and dtypes: the forward itself, on stand-ins of one element each."""
    stand_ins = [
        np.broadcast_to(
            np.zeros((), v.dtype) if v.dtype.kind in "biu" else np.ones((), v.dtype), v.shape
        )
        for v in args
    ]
    with np.errstate(all="ignore"):
        out = row.forward(*stand_ins, **params)
    outs = out if isinstance(out, tuple) else (out,)
    return [(tuple(o.shape), o.dtype) for o in outs]


class Traced:
    """A recorded function: ``graph`` prints it, a call replays it.

    A replay reads arguments and captured tensors anew, writes what the function wrote (parameters, buffers,
    gradients), and returns new tensors without history. Raises `TraceError` when something that the recording
    depended on has changed: shapes, dtypes, ``requires_grad``, options of an optimiser, a module's mode, a gradient's
    absence; and when something it writes shares memory with another argument or captured tensor.
    """

    def __init__(
        self, level: TraceLevel, arguments: list[Any], results: tuple[list[Any], Rebuild]
    ) -> None:
        self.graph = level.graph.without_dead_code()
        self.graph.verify()
        self._sources = level.sources
        self._guards = level.guards
        self._targets = level.targets
        self._slots = [level.slot(x) for x in level.captured]
        self._arguments = [FROM_GRAPH if isinstance(a, Recorded) else a for a in arguments]
        self._histories = [_history(a) for a in arguments]
        self._results, self._rebuild = results

    def __call__(self, *args: Any) -> Any:
        leaves, _ = flatten(args)
        inputs = self._inputs(leaves)
        captured = [self._read(i, source) for i, source in enumerate(self._sources)]
        for read, expected, what in self._guards:
            now = read()
            if isinstance(now, Recorded) or now != expected:
                raise TraceError(
                    f"{what} has changed since the function was traced. Trace it again."
                )
        for update in self._targets:
            update.check(leaves)
        self.require_unshared(leaves)
        outputs, updates = execute(self.graph, inputs, captured)
        for update, array in zip((t for t in self._targets if t.writes), updates, strict=True):
            update.write(array, leaves)
        for update in self._targets:
            if not update.writes:
                update.write(None, leaves)
        results = iter(outputs)
        return self._rebuild(
            iter([handle(next(results)) if r is FROM_GRAPH else r for r in self._results])
        )

    def _inputs(self, leaves: list[Any]) -> list[Array]:
        if len(leaves) != len(self._arguments):
            raise TraceError(
                f"traced with {len(self._arguments)} arguments, called with {len(leaves)}. Trace it again."
            )
        found = []
        variables = iter(self.graph.inputs)
        for i, (x, fixed) in enumerate(zip(leaves, self._arguments, strict=True)):
            if not isinstance(x, Recorded):
                if fixed is FROM_GRAPH or x != fixed:
                    raise TraceError(
                        f"argument {i} was {fixed} when traced and is {x} now. Trace it again."
                    )
                continue
            if fixed is not FROM_GRAPH:
                raise TraceError(
                    f"argument {i} was {fixed} when traced and is a tensor now. Trace it again."
                )
            found.append(_matching(x, next(variables), f"argument {i}"))
            if _history(x) != self._histories[i]:
                raise TraceError(
                    f"argument {i} was {self._histories[i]} when traced and is {_history(x)} now. Trace it again."
                )
        return found

    def require_unshared(self, leaves: list[Any]) -> None:
        """Raise TraceError when something written shares memory with another argument or captured tensor."""
        written = {u.slot: u.tensor(leaves) for u in self._targets if u.slot is not None}
        if not written:
            return
        used = {i: x for i, x in enumerate(leaves) if isinstance(x, Recorded)}
        for slot, source in zip(self._slots, self._sources, strict=True):
            used[slot] = source()
        used.update(written)
        arrays = {slot: _memory(x) for slot, x in used.items()}
        require_unshared((a, slot in written) for slot, a in arrays.items() if a is not None)

    def _read(self, i: int, source: Callable[[], Any]) -> Array:
        return _matching(source(), self.graph.captured[i], f"captured tensor {i}")


def _matching(x: Any, var: Var, what: str) -> Array:
    """Return a tensor's array; TraceError unless it has the shape and dtype of the recording."""
    if x is None:
        raise TraceError(f"{what} was a tensor when traced and is gone now. Trace it again.")
    if tuple(x.shape) != var.shape or numpy_dtype(x) != var.dtype:
        raise TraceError(
            f"{what} was {var.annotated.split(': ')[1]} when traced and is {numpy_dtype(x).name}"
            f"[{', '.join(map(str, x.shape))}] now. Trace it again."
        )
    array: Array = x.concrete("a replay")
    return array


def _history(x: Any) -> str:
    """Say how an argument stands to the tape; a function may branch on it."""
    if not isinstance(x, Recorded) or x.edge is None:
        return "a tensor that does not require grad"
    if isinstance(x.edge, GradCell):
        return "a leaf that requires grad"
    return "a result of recorded operations"


def _memory(x: Any) -> Array | None:
    """Return the array behind a tensor; None for what has none."""
    while isinstance(x, Recorded):
        x = x.payload
    return x if x.__class__ is np.ndarray else None


def trace(fn: Callable[..., Any], *args: Any) -> Traced:
    """Run ``fn`` once on symbolic tensors like ``args``, and return what it did as a `Traced` graph.

    Whatever ``fn`` changes is put back, whether it succeeds or raises: parameters, buffers, gradients, modes. Shapes,
    dtypes, modules' plain attributes and optimisers' options are guarded; other Python values are read once, when
    tracing.

    Raises `TraceError` for what a graph cannot repeat: reading a value (``item()``, ``if loss < 1``), a mask as an
    index, random numbers, a change of a Python attribute.

    >>> import wengert as torch
    >>> from wengert.trace import trace
    >>> traced = trace(lambda x: (x * x).sum(), torch.ones(3))
    >>> print(traced.graph)
    graph(%0: float32[3]):
      %1: float32[3] = mul(%0, %0)
      %2: float32[] = sum(%1, axis=(0,), keepdim=False)
      return %2
    >>> traced(torch.tensor([1., 2., 3.]))
    tensor(14.)
    """
    leaves, rebuild = flatten(args)
    level = TraceLevel()
    before = state.trace
    with opened(level):
        state.trace = level
        try:
            inner = [_argument(level, x) for x in leaves]
            result = fn(*rebuild(iter(inner)))
            traced = _finished(level, leaves, inner, result)
        finally:
            state.trace = None
            level.journal.undo()
            state.trace = before
    traced.require_unshared(leaves)
    return traced


def _argument(level: TraceLevel, x: Any) -> Any:
    """Return an argument's stand-in: a fresh leaf where the argument is one that requires grad."""
    if not isinstance(x, Recorded):
        return x
    var = level.graph.new_var(tuple(x.shape), numpy_dtype(x))  # type: ignore[attr-defined]
    level.graph.inputs.append(var)
    symbol = level.symbol(var)
    if isinstance(x.edge, GradCell):
        creation.mark(symbol)
    return symbol


def _finished(level: TraceLevel, leaves: list[Any], inner: list[Any], result: Any) -> Traced:
    """Collect outputs and changes before the journal is undone."""
    outs, rebuild = flatten(result)
    results: list[Any] = []
    for o in outs:
        if isinstance(o, Recorded):
            level.graph.outputs.append(level.variable(_stripped(o)))
        results.append(FROM_GRAPH if isinstance(o, Recorded) else o)
    for owner, name, old in level.journal.attributes.values():
        _attribute_update(level, owner, name, old)
    for table, name, old, owner in level.journal.items.values():
        _item_update(level, table, name, old, owner)
    own = iter(level.graph.inputs)
    for i, (x, symbol) in enumerate(zip(leaves, inner, strict=True)):
        if isinstance(x, Recorded):
            _argument_updates(level, i, symbol, next(own))
    return Traced(level, leaves, (results, rebuild))


def _argument_updates(level: TraceLevel, i: int, symbol: Any, own: Var) -> None:
    """Note what the function wrote into an argument: its elements, its gradient."""
    now = _stripped(symbol).payload.var
    if now is not own:
        level.update(now, Elements(lambda given: given[i], i))
    if symbol.cell is not None and symbol.cell.grad is not None:
        gradient = level.variable(_stripped(symbol.cell.grad))
        level.update(gradient, Gradient(lambda given: grad_cell(given[i]), was_none=True))


def _stripped(x: Any) -> Any:
    """Return a tensor's value below its tape, as a tensor."""
    return as_tensor(beneath(x)) if x.edge is not None else detached(x)


def _attribute_update(level: TraceLevel, owner: Any, name: str, old: Any) -> None:
    """Note what became of a tensor's elements or a gradient from outside."""
    if isinstance(owner, GradCell):
        tensor = owner.tensor()
        if name == "grad" and owner.grad is not old and tensor is not None:
            if tensor.owner.number < level.number:
                now = None if owner.grad is None else level.variable(_stripped(owner.grad))
                slot = level.slot(old) if level.journal.accumulates(old) else None
                level.update(now, Gradient(lambda given: owner, old is None, slot))
        return
    if not isinstance(owner, Recorded) or name != "payload" or owner.owner.number >= level.number:
        return
    if owner.origin is None and owner.payload.__class__ is Symbolic:
        read = level.reader(owner)
        target = Elements(lambda given: read(), level.slot(owner))
        level.update(level.variable(_stripped(owner)), target)


def _item_update(level: TraceLevel, table: Any, name: Any, old: Any, owner: Any) -> None:
    """Note that a tensor was put into a dict (a module's buffer); refuse any other change of Python values."""
    now = table.get(name, MISSING)
    if now is old:
        return
    if isinstance(now, Recorded):
        level.update(level.variable(_stripped(now)), Item(table, name))
    elif now.__class__ is not old.__class__ or now != old:
        shown = "nothing" if old is MISSING else repr(old)
        raise TraceError(
            f"the function changed `{name}` of {type(owner).__name__} from {shown} to {now!r} while it was traced; a "
            f"graph cannot repeat that. Keep counters in 0-d tensors that are buffers."
        )

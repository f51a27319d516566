"""`trace`: run a function once on symbols, put back what it changed, and keep what it did as a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wengert.core.carrier import opened, state
from wengert.core.tree import flatten
from wengert.errors import TraceError
from wengert.tape.backward import grad_cell
from wengert.tape.record import numpy_dtype
from wengert.tape.storage import GradCell, Recorded, as_class
from wengert.tensor import creation
from wengert.trace.guards import changed_mode, modes, restore_modes
from wengert.trace.level import TraceLevel
from wengert.trace.replay import FROM_GRAPH, Argument, Traced
from wengert.trace.surroundings import Surroundings
from wengert.trace.updates import collect, stripped


def trace(fn: Callable[..., Any], *args: Any) -> Traced:
    """Run ``fn`` once on symbolic tensors like ``args``, and return what it did as a `Traced` graph.

    Whatever ``fn`` changes is put back, whether it succeeds or raises: parameters, buffers, gradients, modes, lists,
    dicts and variables. The Python values that ``fn`` can reach are guarded: its arguments, closures, the globals that
    it and the functions it calls name, attributes of objects. What comes from elsewhere (the clock, files) is read
    once, when tracing.

    Raises `TraceError` for what a graph cannot repeat: reading a value (``item()``, ``if loss < 1``), a mask as an
    index, random numbers, hooks on tensors from outside, a change of Python state.

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
    for i, x in enumerate(leaves):
        Argument(x, i, i)
    roots = {getattr(fn, "__name__", type(fn).__name__): fn}
    roots |= {f"argument {i}": x for i, x in enumerate(leaves) if not isinstance(x, Recorded)}
    surroundings = Surroundings(roots)
    settings = modes()
    level = TraceLevel(surroundings)
    for x, place in surroundings.movable:
        level.found_in(x, place)
    before = state.trace
    done = False
    with opened(level):
        state.trace = level
        try:
            inner = _stand_ins(level, leaves)
            result = fn(*rebuild(iter(inner)))
            mode = changed_mode(settings)
            if mode is not None:
                level.refuse(f"the function leaves {mode} changed", "Use a `with` block.")
            results, shape = _results(level, result)
            collect(level, [x if isinstance(x, Recorded) else None for x in inner])
            done = True
        finally:
            state.trace = None
            level.journal.undo()
            restore_modes(settings)
            changed = surroundings.settle()
            state.trace = before
    if done and changed is not None:
        raise TraceError(
            f"the function changed {changed} while it was traced; a graph cannot repeat that, and it has been put "
            f"back. Return the value instead, or keep it in a tensor that is written to in place."
        )
    traced = Traced(level, surroundings, args, results, shape)
    traced.require_unshared(leaves)
    return traced


def _stand_ins(level: TraceLevel, leaves: list[Any]) -> list[Any]:
    """Return the arguments' stand-ins, one for a tensor that is given several times; other values as they are."""
    made: dict[int, Any] = {}
    for i, x in enumerate(leaves):
        if isinstance(x, Recorded) and id(x) not in made:
            made[id(x)] = _stand_in(level, i, x)
    return [made[id(x)] if isinstance(x, Recorded) else x for x in leaves]


def _stand_in(level: TraceLevel, i: int, x: Any) -> Any:
    """Return an argument's stand-in: a fresh leaf where it is one that requires grad, with its gradient."""
    var = level.graph.new_var(tuple(x.shape), numpy_dtype(x))
    level.graph.inputs.append(var)
    symbol = as_class(level.symbol(var), type(x))
    level.lies(var, x._payload)
    leaf = isinstance(x._edge, GradCell)
    if leaf:
        creation.mark(symbol)
    level.given[id(symbol)] = (var, i, leaf, x._payload)
    if x._cell is not None and x._cell.grad is not None:
        grad_cell(symbol).grad = x._cell.grad
    return symbol


def _results(level: TraceLevel, result: Any) -> tuple[list[Any], Any]:
    """Make the tensors that the function returned outputs of the graph."""
    outs, rebuild = flatten(result)
    for o in outs:
        if isinstance(o, Recorded):
            level.graph.outputs.append(level.variable(stripped(o)))
    return [FROM_GRAPH if isinstance(o, Recorded) else o for o in outs], rebuild

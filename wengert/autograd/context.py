"""What a custom `Function` leaves on the tape: its node, the context its methods share, and what the context saved.

The context is an object of its own, so that its attributes may have any name; the node holds it, and not the other
way round.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import ROOT, Level, state
from wengert.errors import GradientError
from wengert.tape.engine import Walk
from wengert.tape.meta import beside
from wengert.tape.node import Node, Output
from wengert.tape.provenance import warn
from wengert.tape.record import Packed, as_tensor, numpy_dtype, uncovered
from wengert.tape.saved import checked, second_backward, unpacked
from wengert.tape.storage import Recorded, alias, guarded, handle
from wengert.tensor.promotion import cast_to


class _Running(threading.local):
    """The backwards that run in this thread now, innermost last: each node with its walk."""

    def __init__(self) -> None:
        self.walks: list[tuple[FunctionNode, Walk]] = []


_running = _Running()


class FunctionCtx:
    """What ``forward``, ``setup_context`` and ``backward`` of a `Function` share.

    Any attribute may be set on it. Tensors belong into ``save_for_backward``, where in-place writes are noticed.
    """

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self.materialize_grads = True
        self._to_save: tuple[Any, ...] = ()
        self._forward_saved: tuple[Any, ...] = ()
        self._dirty: tuple[Any, ...] = ()
        self._constant: tuple[Any, ...] = ()
        self._node: Callable[[], FunctionNode | None] | None = None
        self._pushing = False  # while `jvp` runs, which finds other saved tensors than `backward`

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors (or None) for ``backward``, which finds them in ``saved_tensors``. The last call counts."""
        for t in tensors:
            if t is not None and not isinstance(t, Recorded):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument is of type {type(t).__name__}. "
                    f"Set other values as attributes: `ctx.name = value`."
                )
        self._to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Keep tensors for ``jvp``, which finds them in ``saved_tensors``."""
        self._forward_saved = tensors

    def mark_dirty(self, *tensors: Any) -> None:
        """Say which inputs ``forward`` changed in place; they must be among its outputs."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Say through which outputs no gradient flows."""
        self._constant = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Choose whether ``backward`` gets zeros (the default) or None for outputs that were not used."""
        self.materialize_grads = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors saved for ``backward``; RuntimeError after they were freed or when one was overwritten."""
        if self._node is None or self._pushing:
            return self._forward_saved or self._to_save
        node = self._node()
        if node is None:
            raise GradientError("saved_tensors: the graph that held these tensors is gone.")
        return node.saved_tensors

    @property
    def saved_variables(self) -> tuple[Any, ...]:
        """What `saved_tensors` is: its name from before PyTorch 0.4, which warns."""
        warn("'saved_variables' is deprecated; use 'saved_tensors'", DeprecationWarning)
        return self.saved_tensors

    def __getattr__(self, name: str) -> Any:
        if name in ("name", "next_functions", "metadata", "register_hook", "register_prehook"):
            node = None if self._node is None else self._node()
            if node is not None:
                return getattr(node, name)
        raise AttributeError(f"{name!r} was not set on the context in forward or setup_context.")


class FunctionNode(Node):
    """The node of a `Function`: its context, and the shape and dtype of each argument and output that is a tensor."""

    __slots__ = ("ctx", "inputs", "made")

    function: Any
    ctx: FunctionCtx
    inputs: tuple[tuple[tuple[int, ...], Any] | None, ...]
    made: tuple[tuple[tuple[int, ...], Any] | None, ...]

    def __init__(self, ctx: FunctionCtx, args: Sequence[Any]) -> None:
        self.ctx = ctx
        ctx._node = weakref.ref(self)
        self.saved, self.params, self.shapes, self.shape = (), {}, (), ()
        self.extra = self.outputs = None
        self.inputs = tuple(described(x) for x in args)

    def __getattr__(self, name: str) -> Any:
        """Show what the user set on the context."""
        if name in _FIELDS:
            raise AttributeError(name)
        return getattr(self.ctx, name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set on the context what is no field of the node."""
        if name in _FIELDS:
            object.__setattr__(self, name, value)
        else:
            setattr(self.ctx, name, value)

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What ``save_for_backward`` kept, with its history; below the tape while that tape is walked."""
        if self.saved is None:
            raise second_backward(self)
        below = next((_below(w) for node, w in reversed(_running.walks) if node is self), None)
        return tuple(None if s is None else s.restored(self, below) for s in self.saved)

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes that the gradients go to, for the inputs that are tensors."""
        every = super().next_functions
        return tuple(f for f, meta in zip(every, self.inputs, strict=True) if meta is not None)

    def pullback(self, ct: Any, walk: Walk) -> list[Any]:
        """Run the user's ``backward`` on what arrived, and check what it returned."""
        if self.saved is None:
            raise second_backward(self)
        if self.saved:
            walk.spent.append(self)
        below = _below(walk)
        ctx = self.ctx if below is None else _lowered(self.ctx, below)
        _running.walks.append((self, walk))
        try:
            with walk.user_mode():
                cts = ct if isinstance(ct, list) else [ct]
                grads = [self._incoming(i, c, cts, walk) for i, c in enumerate(cts)]
                results = self.function.backward_rule()(ctx, *grads)
                if not isinstance(results, tuple):
                    results = (results,)
                found = _checked_results(self, results)
        finally:
            _running.walks.pop()
        return [None if g is None else walk.value(g) for g in found]

    def _incoming(self, i: int, ct: Any, cts: Sequence[Any], walk: Walk) -> Any:
        if ct is not None:
            return walk.own(ct)
        made = self.made[i]
        if made is None or not self.ctx.materialize_grads:
            return None
        arrived = next(c for c in cts if c is not None)
        return beside(as_tensor(arrived), np.zeros, *made)


def _below(walk: Walk) -> Level | None:
    """Return the level whose tape a backward runs beneath; None at the outermost one and when it is recorded."""
    return None if walk.taped or is_outermost(walk.level) else walk.level


def _lowered(x: Any, level: Level) -> Any:
    """Return what a context holds with the tape of ``level`` taken off its tensors."""
    if isinstance(x, Recorded) and x._edge is not None and x._level is level:
        return uncovered(x)
    return with_parts(x, lambda part: _lowered(part, level))


class TakenOut:
    """A batched tensor taken out of its level, or of several, innermost first: ``mapped`` says for each."""

    def __init__(self, value: Any, mapped: tuple[bool, ...]) -> None:
        self.value, self.mapped = value, mapped


def with_parts(x: Any, fn: Callable[[Any], Any]) -> Any:
    """Apply ``fn`` to what a tuple, a list, a dict or a context holds; anything else stays."""
    if x.__class__ in (tuple, list):
        return x.__class__(map(fn, x))
    if x.__class__ is dict:
        return {key: fn(value) for key, value in x.items()}
    if isinstance(x, TakenOut):
        return TakenOut(fn(x.value), x.mapped)
    if isinstance(x, FunctionCtx):
        again = FunctionCtx(x.needs_input_grad)
        for name, value in vars(x).items():
            setattr(again, name, fn(value))
        return again
    return x


_FIELDS = frozenset((*Node.__slots__, *FunctionNode.__slots__))


def described(x: Any) -> Any:
    """Return a tensor's shape and dtype; None for anything else."""
    return (tuple(x.shape), numpy_dtype(x)) if isinstance(x, Recorded) else None  # type: ignore[attr-defined]


def is_outermost(level: Level) -> bool:
    """Say whether operations at ``level`` compute on arrays or symbols, with no transform below."""
    return level is ROOT or level is state.trace


class Saved:
    """One tensor that the context saved, perhaps packed by the user's hook.

    An output (number ``output``) is held without its edge, so that the node does not hold itself; ``flows`` says
    whether it has one.
    """

    __slots__ = ("edge", "flows", "level", "output", "tensor")

    def __init__(self, tensor: Any, output: int | None, flows: bool) -> None:
        self.output, self.flows, self.level = output, flows, tensor._level
        self.edge = tensor._edge if output is None else None
        held = tensor
        if output is not None:
            held = alias(tensor)
            held._edge = held._origin = None
        if state.saved_hooks:
            held = Packed(*state.saved_hooks[-1], held)
        elif output is None and tensor._storage is not None:
            held = guarded(tensor)
        self.tensor = held

    def restored(self, node: FunctionNode, below: Level | None) -> Any:
        """Return the tensor with its history, checked; what lies beneath the tape of level ``below``, if given."""
        tensor = self.tensor
        packed = tensor.__class__ is Packed
        if packed:
            tensor = unpacked(node, tensor)
        elif tensor._storage is not None:
            if tensor._storage.changed < node.rank or tensor._storage.watched:
                tensor = checked(node, tensor)
        edge = self.edge
        if self.output is not None and self.flows:
            made = node.made[self.output]
            assert made is not None
            edge = node if node.outputs is None else Output(node, self.output, made[0])
        if below is self.level and (edge is not None or self.output is not None):
            return uncovered(tensor)
        if tensor._edge is edge and not packed:
            return tensor
        again = handle(tensor._payload, edge, self.level)
        again._storage = tensor._storage
        return again


def _checked_results(node: FunctionNode, results: tuple[Any, ...]) -> list[Any]:
    """Return one gradient per input, in its dtype; RuntimeError for too few, too many, or something else."""
    name, inputs = node.name(), node.inputs
    expected = len(inputs)
    while len(results) > expected and results[-1] is None:
        results = results[:-1]
    if len(results) != expected:
        raise GradientError(
            f"function {name} returned an incorrect number of gradients (expected {expected}, got {len(results)}). "
            f"backward returns one gradient per argument of forward, None for those that have none."
        )
    found: list[Any] = []
    for i, (g, meta) in enumerate(zip(results, inputs, strict=True)):
        if g is not None and not isinstance(g, Recorded):
            raise GradientError(
                f"function {name}: expected Variable or None (got {type(g).__name__}) as gradient {i + 1}. "
                f"Use `torch.tensor(...)`."
            )
        if g is not None and meta is None:
            raise GradientError(
                f"function {name} returned a gradient different from None at position {i + 1}, but the "
                f"corresponding forward input was not a Variable"
            )
        if g is not None and meta is not None and dtypes.kind(meta[1]) in "fc":
            g = cast_to(g, meta[1])
        found.append(g)
    return found

"""Custom operations: a class with ``forward`` and ``backward`` becomes one node on the tape.

Under a transform, the level in charge applies the class (`Level.apply_function`), so each level has a node and a
context of its own.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from wengert.autograd.context import FunctionCtx, FunctionNode, Saved, described, is_outermost
from wengert.core import dtypes
from wengert.core.carrier import ROOT, Level, leaked, recording_at, state
from wengert.errors import GradientError
from wengert.tape.meta import META
from wengert.tape.mode import no_grad
from wengert.tape.node import Output
from wengert.tape.provenance import here, written_here
from wengert.tape.record import collapsed, recorded, recording_level, uncovered
from wengert.tape.storage import (
    GradCell,
    Recorded,
    alias,
    as_class,
    handle,
    mark_written,
    next_rank,
)
from wengert.tensor import inplace
from wengert.tensor.generator import default_generator
from wengert.tensor.overriding import can_be_asked
from wengert.tensor.pickling import attributes, set_attributes

__all__ = ["Function", "FunctionCtx", "FunctionNode", "once_differentiable"]


class Function:
    """Base of custom operations with gradients of one's own.

    Two styles: ``forward(ctx, *args)`` does both the work and the saving; or ``forward(*args)`` does the work and
    ``setup_context(ctx, inputs, output)`` the saving, which the function transforms need. ``backward(ctx, *grads)``
    returns one gradient per argument; ``jvp(ctx, *tangents)`` serves forward mode, ``vmap(info, in_dims, *args)``
    batching (or set ``generate_vmap_rule = True``).

    >>> import wengert as torch
    >>> class Cube(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x ** 3
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         (x,) = ctx.saved_tensors
    ...         return grad * 3 * x ** 2
    >>> x = torch.tensor(2., requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12.)
    """

    generate_vmap_rule = False
    _node_class: type[FunctionNode]
    _signature: inspect.Signature | None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._node_class = type(f"{cls.__name__}Backward", (FunctionNode,), {"function": cls})
        cls._signature = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse: a Function is applied by its class."""
        raise GradientError(
            f"{type(self).__name__}: an autograd function is not called as an object. Use "
            f"`{type(self).__name__}.apply(...)`, with a static forward method."
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the outputs. Nothing in it is recorded."""
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Save on ``ctx`` what ``backward`` needs (when ``forward`` takes no ctx)."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Return the gradient for each argument of ``forward``, given those of its outputs."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    @staticmethod
    def vjp(ctx: Any, *grad_outputs: Any) -> Any:
        """Be another name for ``backward``, for classes that define this one."""
        raise NotImplementedError("vjp is not implemented for this Function.")

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """Return the tangents of the outputs, given those of the arguments."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        """Return ``(outputs, out_dims)`` for batched arguments."""
        raise NotImplementedError("vmap is not implemented for this Function.")

    @classmethod
    def separate_context(cls) -> bool:
        """Say whether the class saves in ``setup_context``."""
        return cls.setup_context is not Function.setup_context

    @classmethod
    def backward_rule(cls) -> Callable[..., Any]:
        """Return ``backward``, or ``vjp`` where the class defines that."""
        return cls.backward if cls.vjp is Function.vjp else cls.vjp

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run the operation and record it as one node.

        Keyword arguments and defaults of ``forward`` are filled in when the class saves in ``setup_context``.
        """
        if cls.separate_context():
            args = cls._bound(args, kwargs)
        elif kwargs:
            raise TypeError(
                f"{cls.__name__}.apply() takes no keyword arguments, because forward takes ctx. Pass "
                f"{', '.join(kwargs)} by position, or save in setup_context."
            )
        top: tuple[int, Level, Any] = (-1, ROOT, None)
        for x in args:
            if isinstance(x, Recorded):
                found = x._standing()  # type: ignore[attr-defined]
                top = max(top, found, key=lambda s: s[0])
        level = top[1]
        if not level.open:
            raise leaked(level, cls.__name__)
        if is_outermost(level) or level is META:
            return cls._record(args, ROOT if level is META else level)
        if not cls.separate_context() and not (
            level.by_hand or (_forward_checked.get() and level.kind in ("jvp", "tape"))
        ):
            raise cls._unfit()
        if top[0] % 2:
            return cls._record(args, level)
        return level.apply_function(cls, args)  # type: ignore[attr-defined]

    @classmethod
    def _bound(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Return the arguments by position, defaults filled in."""
        if cls._signature is None:
            cls._signature = inspect.signature(cls.forward)
        if not kwargs and len(args) == len(cls._signature.parameters):
            return args
        bound = cls._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return bound.args

    @classmethod
    def _record(cls, args: tuple[Any, ...], level: Level) -> Any:
        """Compute below the tape of ``level`` and put the node on it."""
        active = tuple(isinstance(x, Recorded) and recorded(x, level) for x in args)
        ctx = FunctionCtx(active)
        node = cls._node_class(ctx, args)
        node.edges = tuple(x._edge if on else None for x, on in zip(args, active, strict=True))
        if is_outermost(level):
            with no_grad():
                if cls.separate_context():
                    output = cls.forward(*args)
                    cls.setup_context(ctx, args, output)
                else:
                    output = cls.forward(ctx, *args)
        else:
            return cls._record_above(node, args, level)
        return _finish(node, args, args, output, level)

    @classmethod
    def apply_for_tangents(cls, args: tuple[Any, ...]) -> tuple[Any, FunctionCtx, tuple[Any, ...]]:
        """Apply a class whose forward takes ctx, once: return the outputs, the context for ``jvp``, the dirty inputs.

        An output that was saved for ``jvp`` is there with its history.
        """
        level = max((x._standing() for x in args if isinstance(x, Recorded)), key=lambda s: s[0])[1]  # type: ignore[attr-defined]
        if not is_outermost(level):
            raise cls._unfit()
        active = tuple(isinstance(x, Recorded) and recorded(x, level) for x in args)
        ctx = FunctionCtx(active)
        node = cls._node_class(ctx, args)
        node.edges = tuple(x._edge if on else None for x, on in zip(args, active, strict=True))
        with no_grad():
            output = cls.forward(ctx, *args)
        saved, dirty = ctx._forward_saved or ctx._to_save, ctx._dirty
        made = _finish(node, args, args, output, level)
        pairs = zip(output, made, strict=True) if isinstance(output, tuple) else ((output, made),)
        results = {id(raw): result for raw, result in pairs}
        ctx._forward_saved = tuple(results.get(id(t), t) for t in saved)
        return made, ctx, dirty

    @classmethod
    def _unfit(cls) -> GradientError:
        return GradientError(
            f"{cls.__name__}: In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, "
            f"...) it must override the setup_context staticmethod, and its forward must not take ctx."
        )

    @classmethod
    def _record_above(cls, node: FunctionNode, args: tuple[Any, ...], level: Level) -> Any:
        """Apply the class to what lies below a transform's tape; an output that is an input stays that input."""
        active = node.ctx.needs_input_grad
        below = tuple(uncovered(x) if on else x for x, on in zip(args, active, strict=True))
        twice = not cls.separate_context() and state.trace is None
        before = default_generator.get_state() if twice else None
        output = cls.apply(*below)
        if before is not None and np.any(before._payload != default_generator.get_state()._payload):
            raise cls._twice("draws random numbers")
        several = isinstance(output, tuple)
        same = {id(b): x for b, x in zip(below, args, strict=True) if isinstance(x, Recorded)}
        outs = tuple(same.get(id(o), o) for o in (output if several else (output,)))
        output = outs if several else outs[0]
        with no_grad():
            if cls.separate_context():
                cls.setup_context(node.ctx, args, output)
            else:
                cls.forward(node.ctx, *below)  # once more: for what it leaves on the context
                if node.ctx._dirty:
                    raise cls._twice("changes its inputs")
                node.ctx._constant = ()
        return _finish(node, args, below, output, level)

    @classmethod
    def _twice(cls, what: str) -> GradientError:
        return GradientError(
            f"{cls.__name__}: its forward takes ctx and {what}, and forward mode through a backward would run it "
            f"twice. Override the setup_context staticmethod, and let forward take no ctx."
        )


def _finish(
    node: FunctionNode, args: Sequence[Any], below: Sequence[Any], output: Any, level: Level
) -> Any:
    """Give the outputs their edges, and the node what it saved; ``below`` is what forward saw of ``args``."""
    ctx = node.ctx
    several = isinstance(output, tuple)
    outs = output if several else (output,)
    _require_dirty_returned(node, outs)
    taping = recording_at(level) and any(ctx.needs_input_grad)
    node.made = tuple(described(o) for o in outs)
    if several:
        node.outputs = tuple(((), None) if m is None else m for m in node.made)
    elif node.made[0] is not None:
        node.shape = node.made[0][0]
    if not is_outermost(level):
        for changed in ctx._dirty:  # as forward changed it, before the node saves
            mark_written(changed, written_here())
    node.rank = next_rank()
    node.code, node.offset = here()
    constant = {id(t) for t in ctx._constant}
    results: list[Any] = []
    flows: list[bool] = []
    for i, (out, made) in enumerate(zip(outs, node.made, strict=True)):
        edge: Any = None
        if made is not None and taping and id(out) not in constant and dtypes.kind(made[1]) in "fc":
            edge = Output(node, i, made[0]) if several else node
        flows.append(edge is not None)
        if made is None:
            results.append(out)
        elif any(out is d for d in ctx._dirty):
            seen = next((b for b, x in zip(below, args, strict=True) if x is out), out)
            results.append(_written(out, seen, edge, level))
        else:
            fresh = _made(out, edge, args, level)
            if can_be_asked(out) and type(out) is not type(fresh):
                fresh = as_class(fresh, type(out))
                set_attributes(fresh, attributes(out))
            results.append(_parted(fresh, (*args, *below, *results)) if edge is not None else fresh)
    if taping:
        _save(node, outs, results, flows)
    ctx._to_save = ctx._dirty = ctx._constant = ()
    return tuple(results) if several else results[0]


def _require_dirty_returned(node: FunctionNode, outs: Sequence[Any]) -> None:
    if any(all(d is not o for o in outs) for d in node.ctx._dirty):
        raise GradientError(
            f"{node.function.__name__}: Some elements marked as dirty during the forward method were not returned as "
            f"output. The inputs that are modified inplace must all be outputs of the Function."
        )


def _written(out: Any, seen: Any, edge: Any, level: Level) -> Any:
    """Return an input that forward changed, through ``seen``, with its new edge; its views and base follow."""
    if edge is None:
        return out
    base = out._origin.base if out._origin is not None and out._origin.differentiable else out
    if isinstance(base._edge, GradCell) and recording_at(recording_level(base)):
        which = "a leaf Variable" if base is out else "a view of a leaf Variable"
        raise GradientError(
            f"mark_dirty: {which} that requires grad is being used in an in-place operation. Use a copy of it."
        )
    if not is_outermost(level):
        value = handle(collapsed(seen), edge, level)
        inplace.require_writable(out, value, "mark_dirty")
        inplace.rebase(out, value, memory_written=False)
    else:
        inplace.rebase(out, handle(out._payload, edge, level))
    return out


def _made(out: Any, edge: Any, args: Sequence[Any], level: Level) -> Any:
    """Return one output with its edge, as a tensor of its own."""
    given = any(out is x for x in args)
    outermost = is_outermost(level)
    if edge is None and (given or not outermost):
        return out
    if not given and not outermost:
        return handle(collapsed(out), edge, level)
    fresh = alias(out)
    fresh._edge, fresh._level = edge, ROOT if edge is None else level
    if edge is not None:
        fresh._origin = None
    return fresh


def _parted(out: Any, others: Sequence[Any]) -> Any:
    """Give an output memory of its own where it may look at that of an argument or of another output.

    The tape cannot follow a write from one to the other, because what lies between them is the user's.
    """
    payload = out._payload
    if payload.__class__ is np.ndarray and state.trace is None:
        arrays = (x._payload for x in others if isinstance(x, Recorded) and x is not out)
        if any(a.__class__ is np.ndarray and np.may_share_memory(payload, a) for a in arrays):
            out._payload, out._storage = payload.copy(), None
    return out


def _save(
    node: FunctionNode, outs: Sequence[Any], results: Sequence[Any], flows: Sequence[bool]
) -> None:
    """Store what ``save_for_backward`` named."""
    saved: list[Any] = []
    for t in node.ctx._to_save:
        at = next((i for i, o in enumerate(outs) if o is t), None)
        if t is None:
            saved.append(None)
        elif at is None:
            saved.append(Saved(t, None, True))
        else:
            saved.append(Saved(results[at], at, flows[at]))
    node.saved = tuple(saved)


_forward_checked: ContextVar[bool] = ContextVar("forward_checked", default=False)


@contextmanager
def forward_checked() -> Iterator[None]:
    """Let `jvp` take classes whose forward takes ctx, as PyTorch's forward mode does under `gradcheck`."""
    token = _forward_checked.set(True)
    try:
        yield
    finally:
        _forward_checked.reset(token)


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a ``backward`` that may use things without gradients: differentiating it again raises RuntimeError."""

    @functools.wraps(fn)
    def wrapper(ctx: Any, *grads: Any) -> Any:
        with no_grad():
            results = fn(ctx, *grads)
        if not state.grad or not any(
            isinstance(g, Recorded) and g._edge is not None for g in grads
        ):
            return results
        single = not isinstance(results, tuple)
        outs = (results,) if single else results
        tied = tuple(_Once.apply(g, *grads) if isinstance(g, Recorded) else g for g in outs)
        return tied[0] if single else tied

    return wrapper


class _Once(Function):
    """The identity on its first argument, whose backward says that there is none."""

    @staticmethod
    def forward(ctx: Any, result: Any, *grads: Any) -> Any:
        return alias(result)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise GradientError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )

"""Custom operations: a class with ``forward`` and ``backward`` becomes one node on the tape.

The context object handed to both is the node itself. Under a transform, the level in charge applies the class
(`Level.apply_function`), so each level has a context of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.core.carrier import ROOT, Level, recording_at, state
from wengert.errors import GradientError
from wengert.tape.engine import Walk
from wengert.tape.mode import enable_grad, no_grad
from wengert.tape.node import Node, Output
from wengert.tape.provenance import here
from wengert.tape.record import (
    Packed,
    as_tensor,
    beneath,
    collapsed,
    numpy_dtype,
    recorded,
    recording_level,
)
from wengert.tape.saved import checked, second_backward
from wengert.tape.storage import GradCell, Recorded, alias, guarded, handle, next_rank
from wengert.tensor import inplace
from wengert.tensor.promotion import cast_to

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class FunctionCtx(Node):
    """What ``forward``, ``setup_context`` and ``backward`` of a `Function` share; also its node in the graph.

    Any attribute may be set on it. Tensors belong into ``save_for_backward``, where in-place writes are noticed.
    """

    function: type[Function]

    def __init__(self) -> None:
        self.saved = ()
        self.params, self.shapes, self.shape = {}, (), ()
        self.extra = None
        self.edges = ()
        self.outputs = None
        self.needs_input_grad: tuple[bool, ...] = ()
        self.materialize_grads = True
        self._to_save: tuple[Any, ...] = ()
        self._forward_saved: tuple[Any, ...] = ()
        self._dirty: tuple[Any, ...] = ()
        self._constant: tuple[Any, ...] = ()
        self._inputs: tuple[tuple[tuple[int, ...], Any] | None, ...] = ()

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
        if self.saved is None:
            raise second_backward(self)
        return tuple(self._restored(s) for s in self.saved)

    def _restored(self, s: Any) -> Any:
        if s is None:
            return None
        if isinstance(s, _SavedOutput):
            node_outputs = self.outputs
            edge: Any = (
                self if node_outputs is None else Output(self, s.index, node_outputs[s.index][0])
            )
            tensor = handle(s.tensor.payload, None if s.constant else edge, s.tensor.level)
            tensor.storage = s.tensor.storage
            if s.tensor.storage is not None:
                checked(self, s.tensor)
            return tensor
        if isinstance(s, Packed):
            return s.restore()
        storage = s.storage
        if storage is not None and (storage.changed < self.rank or storage.watched):
            return checked(self, s)
        return s

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes that the gradients go to, for the inputs that are tensors."""
        every = super().next_functions
        return tuple(f for f, meta in zip(every, self._inputs, strict=True) if meta is not None)

    def pullback(self, ct: Any, walk: Walk) -> list[Any]:
        """Run the user's ``backward`` on what arrived, and check what it returned."""
        if self.saved is None:
            raise second_backward(self)
        if self.saved:
            walk.spent.append(self)
        mode = enable_grad if walk.taped else no_grad
        cts = ct if isinstance(ct, list) else [ct]
        with mode():
            grads = [self._incoming(i, c) for i, c in enumerate(cts)]
            results = self.function.backward(self, *grads)
        if not isinstance(results, tuple):
            results = (results,)
        return [
            None if g is None else walk.value(g)
            for g in _checked_results(self, results, self._inputs)
        ]

    def _incoming(self, i: int, ct: Any) -> Any:
        if ct is not None:
            return as_tensor(ct)
        if not self.materialize_grads:
            return None
        shape, dtype = self.outputs[i] if self.outputs is not None else (self.shape, None)
        return handle(np.zeros(shape, dtype))


class _SavedOutput:
    """An output that the context saved: held without its edge, so that the node does not hold itself."""

    __slots__ = ("constant", "index", "tensor")

    def __init__(self, index: int, tensor: Any, constant: bool) -> None:
        self.index, self.tensor, self.constant = index, tensor, constant


def _checked_results(
    ctx: FunctionCtx, results: tuple[Any, ...], inputs: Sequence[Any]
) -> list[Any]:
    """Return one gradient per input, in its dtype; RuntimeError for too few, too many, or none where one is due."""
    name = type(ctx).__name__
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
        if g is None or meta is None:
            if g is not None:
                raise GradientError(
                    f"function {name} returned a gradient different from None at position {i + 1}, but the "
                    f"corresponding forward input was not a Variable"
                )
            found.append(None)
            continue
        if not isinstance(g, Recorded):
            raise TypeError(
                f"function {name}: expected Variable or None (got {type(g).__name__}) as gradient {i + 1}."
            )
        found.append(cast_to(g, meta[1]) if meta[1].kind in "fc" else g)
    return found


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
    _node_class: type[FunctionCtx]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._node_class = type(f"{cls.__name__}Backward", (FunctionCtx,), {"function": cls})

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
    def apply(cls, *args: Any) -> Any:
        """Run the operation and record it as one node."""
        top = (-1, ROOT, None)
        for x in args:
            if isinstance(x, Recorded):
                found = x.standing()  # type: ignore[attr-defined]
                top = max(top, found, key=lambda s: s[0])
        level = top[1]
        if level is ROOT or level is state.trace:
            return cls._record(args, level)
        if not cls.separate_context():
            raise GradientError(
                f"{cls.__name__}: In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, ...) "
                f"it must override the setup_context staticmethod, and its forward must not take ctx."
            )
        if top[0] % 2:
            return cls._record(args, level)
        return level.apply_function(cls, args)  # type: ignore[attr-defined]

    @classmethod
    def _record(cls, args: tuple[Any, ...], level: Level) -> Any:
        """Compute below the tape of ``level`` and put the node on it."""
        ctx = cls._node_class()
        active = [isinstance(x, Recorded) and recorded(x, level) for x in args]
        ctx.edges = tuple(x.edge if on else None for x, on in zip(args, active, strict=True))
        ctx.needs_input_grad = tuple(active)
        ctx._inputs = tuple(
            (tuple(x.shape), numpy_dtype(x)) if isinstance(x, Recorded) else None  # type: ignore[attr-defined]
            for x in args
        )
        taping = recording_at(level) and any(active)
        if level is ROOT or level is state.trace:
            with no_grad():
                output = cls._run(ctx, args)
        else:
            below = tuple(
                as_tensor(beneath(x)) if on else x for x, on in zip(args, active, strict=True)
            )
            output = cls.apply(*below)
        return _finish(cls, ctx, args, output, level, taping)

    @classmethod
    def _run(cls, ctx: FunctionCtx, args: tuple[Any, ...]) -> Any:
        if not cls.separate_context():
            return cls.forward(ctx, *args)
        output = cls.forward(*args)
        cls.setup_context(ctx, args, output)
        return output


def _finish(
    cls: type[Function],
    ctx: FunctionCtx,
    args: tuple[Any, ...],
    output: Any,
    level: Level,
    taping: bool,
) -> Any:
    """Give the outputs their edges, and the node what it saved."""
    several = isinstance(output, tuple)
    outs = output if several else (output,)
    plain = level is ROOT or level is state.trace
    tensors = [o for o in outs if isinstance(o, Recorded)]
    constant = {id(t) for t in ctx._constant}
    if several:
        ctx.outputs = tuple(
            (tuple(o.shape), numpy_dtype(o)) if isinstance(o, Recorded) else ((), None)  # type: ignore[attr-defined]
            for o in outs
        )
    elif tensors:
        ctx.shape = tuple(outs[0].shape)
    ctx.rank = next_rank()
    ctx.code, ctx.offset = here()
    results: list[Any] = []
    for i, out in enumerate(outs):
        if not isinstance(out, Recorded):
            results.append(out)
            continue
        differentiable = taping and id(out) not in constant and numpy_dtype(out).kind in "fc"
        edge: Any = None
        if differentiable:
            edge = Output(ctx, i, tuple(out.shape)) if several else ctx  # type: ignore[attr-defined]
        results.append(_output(out, edge, ctx, args, level, plain))
    final = tuple(results) if several else results[0]
    if not plain:
        with no_grad():
            cls.setup_context(ctx, args, final)
    _save(ctx, outs if plain else tuple(results), constant)
    return final


def _output(
    out: Any, edge: Any, ctx: FunctionCtx, args: tuple[Any, ...], level: Level, plain: bool
) -> Any:
    """Return one output with its edge: the changed input itself when dirty, otherwise a new tensor."""
    if any(out is d for d in ctx._dirty):
        if (
            edge is not None
            and isinstance(out.edge, GradCell)
            and recording_at(recording_level(out))
        ):
            raise GradientError(
                "a leaf Variable that requires grad is being used in an in-place operation. Use a copy of it."
            )
        if edge is not None:
            inplace.rebase(out, handle(out.payload, edge, level))
        return out
    if not plain:
        return handle(collapsed(out), edge, level)
    fresh = alias(out)
    fresh.edge, fresh.level, fresh.origin, fresh.cell = (
        edge,
        level if edge is not None else ROOT,
        None,
        None,
    )
    if any(out is x for x in args) and edge is None:
        return out
    return fresh


def _save(ctx: FunctionCtx, outs: Sequence[Any], constant: set[int]) -> None:
    """Store what ``save_for_backward`` named, outputs without their edges."""
    saved: list[Any] = []
    hooks = state.saved_hooks
    for t in ctx._to_save:
        at = next((i for i, o in enumerate(outs) if o is t), None)
        if t is None:
            saved.append(None)
        elif at is not None:
            held = alias(t)
            held.edge = None
            saved.append(_SavedOutput(at, held, id(t) in constant))
        elif hooks:
            saved.append(Packed(*hooks[-1], t))
        else:
            saved.append(t if t.storage is None else guarded(t))
    ctx.saved = tuple(saved)
    ctx._to_save = ctx._dirty = ctx._constant = ()


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a ``backward`` that may use things without gradients: differentiating it again raises RuntimeError."""

    @functools.wraps(fn)
    def wrapper(ctx: Any, *grads: Any) -> Any:
        with no_grad():
            results = fn(ctx, *grads)
        if not state.grad or not any(isinstance(g, Recorded) and g.edge is not None for g in grads):
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

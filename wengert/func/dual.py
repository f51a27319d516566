"""Forward mode: `Dual` carries a tangent along, and `jvp` runs a function on duals.

The tangent of an operation comes from the same row as its gradient: an elementwise rule applied to tangents, a linear
row applied to them, or a general row's jvp. Knows nothing of batching or tracing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from wengert.autograd.above import above
from wengert.autograd.context import FunctionCtx
from wengert.core import dtypes
from wengert.core.carrier import RAW, Level, Value, opened, state
from wengert.core.primitive import Primitive
from wengert.core.silence import silent
from wengert.core.tree import flatten, tree_map
from wengert.errors import DTypeError, GradientError, ShapeError, shape_text
from wengert.func.payload import Payload
from wengert.rules.structural import broadcast_to
from wengert.tape.meta import beside
from wengert.tape.mode import no_grad
from wengert.tape.record import as_tensor, numpy_dtype, uncovered
from wengert.tape.storage import Recorded, concrete, handle, introduced, known, storage_of
from wengert.tensor import inplace


class Dual(Payload):
    """The payload of a tensor inside `jvp`: a primal value and its tangent, of one shape and dtype."""

    __slots__ = ("primal", "tangent")

    def __init__(self, level: Level, primal: Value, tangent: Value) -> None:
        self.level, self.primal, self.tangent = level, primal, tangent

    @property
    def below(self) -> Any:
        """The primal."""
        return self.primal

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the primal."""
        return tuple(self.primal.shape)

    @property
    def element_type(self) -> np.dtype[Any]:
        """The dtype of the primal."""
        return numpy_dtype(self.primal)  # type: ignore[no-any-return]

    @property
    def recorded(self) -> Any:
        """The primal where it has a history, at a level opened by hand; else None."""
        p = self.primal
        return p if self.level.by_hand and p.__class__ not in RAW and p._edge is not None else None

    def concrete(self, op: str) -> np.ndarray[Any, Any]:
        """Return the array behind the primal."""
        return concrete(as_tensor(self.primal), op)

    def __repr__(self) -> str:
        return f"Dual(primal={self.primal!r}, tangent={self.tangent!r})"


class JvpLevel(Level):
    """One run of `jvp`."""

    kind = "jvp"
    ties = False
    """Whether a tangent that was put in by hand has a history."""

    def split(self, x: Value) -> tuple[Value, Value | None]:
        """Return an operand's primal and tangent at this level; (itself, None) for anything from below."""
        if x.__class__ not in RAW and x._edge is None:
            payload = x._payload
            if payload.__class__ is Dual and payload.level is self:
                return payload.primal, payload.tangent
        return x, None

    def join(self, primal: Value, tangent: Value | None) -> Any:
        """Return a tensor that carries ``tangent`` along; a plain one when there is none."""
        if tangent is None or dtypes.kind(numpy_dtype(primal)) not in "fc":
            return as_tensor(primal)
        return handle(Dual(self, primal, tangent))

    def interpret(
        self, row: Primitive, operands: Sequence[Value], params: dict[str, Any], level: Level
    ) -> Any:
        """Compute the primal, and the tangent by the row's derivative."""
        if row.kind == "composite":
            assert row.definition is not None
            return row.definition(*operands, **params)
        pairs = [self.split(x) for x in operands]
        primals = [p for p, _ in pairs]
        tangents = [t for _, t in pairs]
        out = row(*primals, **params)
        if row.kind == "constant" or all(t is None for t in tangents):
            return tuple(map(as_tensor, out)) if isinstance(out, tuple) else as_tensor(out)
        moved = silent().run(pushforward, row, primals, tangents, out, params)
        if isinstance(out, tuple):
            return tuple(self.join(p, t) for p, t in zip(out, moved, strict=True))
        return self.join(out, moved)

    def apply_function(self, cls: Any, args: tuple[Any, ...]) -> Any:
        """Apply a custom Function: its forward to the primals, its ``jvp`` to the tangents."""
        pairs = [self.split(x) if isinstance(x, Recorded) else (x, None) for x in args]
        primals = tuple(
            known(p) if isinstance(x, Recorded) else x
            for x, (p, _) in zip(args, pairs, strict=True)
        )
        ctx = FunctionCtx(tuple(t is not None for _, t in pairs))
        if cls.separate_context():
            output = cls.apply(*primals)
            cls.setup_context(ctx, primals, output)
        elif any(isinstance(p, Recorded) and p._edge is not None for p in primals):
            output, ctx, ctx._dirty = cls.apply_for_tangents(primals)
        else:
            with no_grad():
                output = cls.forward(ctx, *primals)
        dirty = [i for i, p in enumerate(primals) if any(p is d for d in ctx._dirty)]
        given = [_given(p, t, ctx) for p, (_, t) in zip(primals, pairs, strict=True)]
        ctx._pushing = True
        try:
            moved = cls.jvp(ctx, *given)
        finally:
            ctx._pushing = False
        ctx._forward_saved = ctx._dirty = ()
        written = [(args[i], primals[i], given[i]) for i in dirty if given[i] is not None]
        if not isinstance(output, tuple):
            return self._moved(cls, written, output, moved)
        return tuple(self._moved(cls, written, o, t) for o, t in zip(output, moved, strict=True))

    def _moved(
        self, cls: Any, written: Sequence[tuple[Any, Any, Any]], out: Any, tangent: Any
    ) -> Any:
        """Return an output of a custom Function with its tangent: a dual that forward wrote to is that dual."""
        for dual, primal, given in written:
            if out is primal:
                if tangent is not given:
                    raise GradientError(
                        f"{cls.__name__}: forward changed an input in place, and jvp returned another tangent than "
                        f"that input's. Let jvp change the tangent that it is given in place, and return it."
                    )
                inplace.rebase(dual, self.join(primal, tangent), memory_written=False)
                return dual
        return self.join(out, tangent)


def _given(primal: Any, tangent: Value | None, ctx: FunctionCtx) -> Any:
    """Return the tangent that a custom Function's ``jvp`` is given for an argument: zeros, unless it wants None."""
    if tangent is not None:
        return known(tangent)
    inexact = isinstance(primal, Recorded) and dtypes.kind(numpy_dtype(primal)) in "fc"
    return known(_still(primal, tuple(primal.shape))) if inexact and ctx.materialize_grads else None


def pushforward(
    row: Primitive,
    primals: Sequence[Value],
    tangents: Sequence[Value | None],
    out: Any,
    params: dict[str, Any],
) -> Any:
    """Return the tangent of ``row``'s output for tangents of its operands, None for those that stand still."""
    outs = out if isinstance(out, tuple) else (out,)
    shapes = [tuple(p.shape) for p in primals]
    values = (*primals, *outs)
    if row.kind == "general":
        assert row.jvp is not None
        return row.jvp.pull(tuple(tangents), values, params, shapes, 0)
    if row.kind == "elementwise":
        total = _sum_of(
            rule.pull(t, values, params, shapes, i)
            for i, (t, rule) in enumerate(zip(tangents, row.rules, strict=True))
            if t is not None and rule is not None
        )
        return _shaped(total, tuple(out.shape))
    if row.joint:
        moving = [
            p if row.rule(i) is None else (_still(p, shapes[i]) if t is None else t)
            for i, (p, t) in enumerate(zip(primals, tangents, strict=True))
        ]
        return row(*moving, **params)
    return _sum_of(
        row(*primals[:i], t, *primals[i + 1 :], **params)
        for i, t in enumerate(tangents)
        if t is not None
    )


def _sum_of(terms: Any) -> Any:
    total = None
    for term in terms:
        total = term if total is None else total + term
    return total


def _shaped(tangent: Any, shape: tuple[int, ...]) -> Any:
    return tangent if tuple(tangent.shape) == shape else broadcast_to(tangent, shape=shape)


def lowered(x: Any, level: Level) -> Any:
    """Take a tape off a tensor that was marked inside ``level`` itself."""
    while isinstance(x, Recorded) and x._edge is not None and x._level is level:
        x = uncovered(x)
    return x


def unshared(value: Value, given: Sequence[Any], made: Sequence[Any] = ()) -> Any:
    """Return what came out of a transform as a tensor that shares memory with none of ``given`` but itself.

    Nor does it share memory with ``made``, what came out before.

    A view that a transform made is no relative of its argument's, whose history a write through it would not change:
    so it becomes a copy. What else carried the same memory shares the tensor's cell. In a trace no write reaches
    memory.
    """
    if isinstance(value, Recorded) and value._payload.__class__ is not np.ndarray:
        return value
    if state.trace is not None or any(value is g for g in given):
        return as_tensor(value)
    x = known(value)
    if any(
        np.may_share_memory(x._payload, m) for m in map(_memory, (*given, *made)) if m is not None
    ):
        return handle(x._payload.copy(), x._edge, x._level)
    return x


def _memory(x: Any) -> Any:
    """Return the array that a tensor holds beneath its tapes; None when a transform or a trace carries it."""
    while isinstance(x, Recorded):
        x = x._payload
    return x if x.__class__ is np.ndarray else None


def jvp(
    func: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...], *,
    strict: bool = False, has_aux: bool = False,
) -> Any:  # fmt: skip
    """Return ``(func(*primals), J @ tangents)``: the output and its directional derivative, in one forward pass.

    ``tangents`` have the structure, shapes and dtypes of ``primals``. With ``has_aux``, ``func`` returns
    ``(output, aux)`` and ``aux`` comes third. RuntimeError for structures or shapes that differ, and for an output
    without tangent when ``strict``.

    >>> import wengert as torch
    >>> torch.func.jvp(torch.sin, (torch.tensor(0.),), (torch.tensor(2.),))
    (tensor(0.), tensor(2.))
    """
    if not isinstance(primals, tuple) or not primals:
        raise RuntimeError(
            "jvp(f, primals, tangents): expected primals to be a non-empty tuple. Write `(x,)`."
        )
    if not isinstance(tangents, tuple):
        raise RuntimeError(
            f"jvp(f, primals, tangents): expected tangents to be a tuple, got {type(tangents).__name__}."
        )
    leaves, rebuild = flatten(primals)
    directions, _ = flatten(tangents)
    if len(leaves) != len(directions):
        raise RuntimeError(
            "jvp(f, primals, tangents): expected primals and tangents to have the same python structure."
        )
    for x, t in zip(leaves, directions, strict=True):
        if not isinstance(x, Recorded) or not isinstance(t, Recorded):
            raise RuntimeError("jvp(f, primals, tangents): primals and tangents hold tensors only.")
        _require_alike(x, t)
    level = JvpLevel()
    with opened(level):
        duals = [_dual(level, x, t) for x, t in zip(leaves, directions, strict=True)]
        result = func(*rebuild(iter(duals)))
        output, aux = _with_aux(result) if has_aux else (result, None)
        given = (*leaves, *directions)
        made: list[Any] = []
        pairs = tree_map(lambda x: _result(level, x, strict, given, made), output)
        kept = tree_map(
            lambda x: _primal(level, x, given) if isinstance(x, Recorded) else x,
            aux,
        )
    first = tree_map(lambda pair: pair.primal, pairs)
    second = tree_map(lambda pair: pair.tangent, pairs)
    return (first, second, kept) if has_aux else (first, second)


def _with_aux(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple) or len(result) != 2:
        raise RuntimeError("has_aux=True: the function must return a tuple (output, aux).")
    return result


def _dual(level: JvpLevel, x: Any, t: Any) -> Any:
    """Return the dual of a primal and its tangent; it counts writes together with a plain primal."""
    dual = handle(Dual(level, payload_of(x), payload_of(t)))
    if x._payload.__class__ is np.ndarray and not storage_of(x).inference:
        dual._storage = x._storage
    return dual


def payload_of(x: Any) -> Value:
    """Return a tensor as a payload of a higher level: its array when plain, itself when it carries anything."""
    return introduced(x) if x._edge is None and x._payload.__class__ is np.ndarray else x


def _require_alike(x: Any, t: Any) -> None:
    if tuple(x.shape) != tuple(t.shape):
        raise ShapeError(
            f"jvp: a primal has shape {shape_text(x.shape)} and its tangent {shape_text(t.shape)}; they must be equal."
        )
    if dtypes.kind(numpy_dtype(x)) not in "fc":
        raise ValueError(
            f"jvp: Expected primal to be floating point or complex, but got: {x.dtype}. Use `x.float()`."
        )
    if x.dtype is not t.dtype:
        raise DTypeError(
            f"jvp: a primal is {x.dtype} and its tangent {t.dtype}; they must be equal."
        )


def _still(primal: Any, shape: tuple[int, ...]) -> Any:
    """Return the zero tangent of a primal that does not move."""
    zero = np.zeros(shape, numpy_dtype(primal))
    return beside(primal, np.zeros, shape, zero.dtype) if isinstance(primal, Recorded) else zero


def _result(level: JvpLevel, x: Any, strict: bool, given: Sequence[Any], made: list[Any]) -> Dual:
    """Return a result's primal and tangent; ``made``, the tangents of those before, grows by it."""
    if not isinstance(x, Recorded):
        raise RuntimeError(
            f"jvp(f, primals, tangents): Expected f to only return tensors, got unsupported type {type(x).__name__}"
        )
    _, tangent = level.split(lowered(x, level))
    if tangent is None:
        if strict:
            raise RuntimeError("jvp: an output does not depend on the inputs, and strict=True.")
        tangent = payload_of(beside(x, np.zeros, tuple(x.shape), numpy_dtype(x)))  # type: ignore[attr-defined]
    made.append(unshared(tangent, given, made))
    return Dual(level, _primal(level, x, given), made[-1])


def _primal(level: JvpLevel, x: Any, given: Sequence[Any]) -> Any:
    """Return the primal of a result; one that the level does not carry stays the tensor that it is."""
    primal, _ = level.split(lowered(x, level))
    return x if primal is x else unshared(primal, given)


class _ByHand:
    """Forward mode for `autograd.forward_ad`, whose levels are opened and closed by hand."""

    def open(self) -> AbstractContextManager[Any]:
        level = JvpLevel()
        level.by_hand = True
        return opened(level)

    def make(self, level: Any, primal: Any, tangent: Any) -> Any:
        return _dual(level, primal, tangent)

    def level_of(self, x: Any) -> Any:
        payload = x._payload
        while isinstance(payload, Recorded):
            payload = payload._payload
        level = payload.level if payload.__class__ is Dual else None
        return level if level is not None and level.by_hand else None

    def parts(self, level: Any, x: Any) -> tuple[Any, Any]:
        primal, tangent = level.split(lowered(x, level))
        return (x, None) if tangent is None else (known(primal), known(tangent))


above.jvp, above.duals = jvp, _ByHand()

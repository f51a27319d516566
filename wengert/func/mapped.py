"""Custom Functions under `vmap`: their own ``vmap`` method, or a rule generated from their other methods.

A generated rule is a Function again, one for the whole batch: each of its methods runs the user's method of the same
name on batched tensors. So gradients taken outside of the vmap find the custom backward.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wengert.autograd.context import FunctionCtx, TakenOut, with_parts
from wengert.autograd.function import Function
from wengert.core.carrier import opened
from wengert.errors import GradientError
from wengert.rules import structural as rows
from wengert.tape.record import as_tensor
from wengert.tape.storage import Recorded, known
from wengert.tensor import inplace


class Info:
    """What a Function's ``vmap`` is told of the batch."""

    def __init__(self, batch_size: int, randomness: str) -> None:
        self.batch_size, self.randomness = batch_size, randomness


def apply_mapped(
    level: Any, cls: Any, args: tuple[Any, ...], front: Callable[[Any, int], Any]
) -> Any:
    """Apply a Function to operands batched at ``level``; ``front`` brings a mapped axis to the front.

    Raises RuntimeError unless the class has either a ``vmap`` method or ``generate_vmap_rule = True``.
    """
    pairs = [level.split(x) if isinstance(x, Recorded) else (x, False) for x in args]
    values = [
        known(v) if isinstance(x, Recorded) else x for x, (v, _) in zip(args, pairs, strict=True)
    ]
    mapped = tuple(m for _, m in pairs)
    own = cls.vmap is not Function.vmap
    if own is bool(cls.generate_vmap_rule):
        raise GradientError(
            f"{cls.__name__}: to use it with vmap, give it a `vmap` staticmethod or set generate_vmap_rule = True, "
            f"and not both."
        )
    if own:
        in_dims = tuple(0 if m else None for m in mapped)
        outputs, out_dims = cls.vmap(Info(level.size, "error"), in_dims, *values)
    else:
        outputs, out_dims = generated(cls, level, mapped).apply(*values), 0
    several = isinstance(outputs, tuple)
    outs = outputs if several else (outputs,)
    dims = out_dims if isinstance(out_dims, tuple) else (out_dims,) * len(outs)
    same = {id(v): x for v, x, (_, on) in zip(values, args, pairs, strict=True) if on}
    results = []
    for o, d in zip(outs, dims, strict=True):
        if d is None or not isinstance(o, Recorded):
            results.append(o)
            continue
        made = level.join(front(o, d))
        given = same.get(id(o)) if d == 0 else None
        if (
            given is not None
        ):  # an argument comes back: it may have been written to, and its family follows
            inplace.rebase(given, made, memory_written=False)
        results.append(made if given is None else given)
    return tuple(results) if several else results[0]


def generated(cls: Any, like: Any, mapped: Sequence[bool]) -> type[Function]:
    """Return the Function that applies ``cls`` to a whole batch; ``mapped`` says which arguments have a batch axis.

    Every output and saved tensor has the batch axis first. The gradient of an argument without one is summed over it.
    """

    class Vmapped(Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(*args: Any) -> Any:
            batch = _Batch(like)
            with opened(batch.level):
                return _each(batch.full, cls.forward(*batch.all_in(args, mapped)))

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
            batch = _Batch(like)
            inner = FunctionCtx(ctx.needs_input_grad)
            with opened(batch.level):
                outs = _each(batch.in_, output)
                cls.setup_context(inner, batch.all_in(inputs, mapped), outs)
                examples = batch.all_in(inputs, mapped)
                ctx.inner_shapes = [
                    tuple(x.shape) if isinstance(x, Recorded) else None  # type: ignore[attr-defined]
                    for x in examples
                ]
                ctx.save_for_backward(*batch.all_out(inner._to_save, ctx, "backward_flags"))
                ctx.save_for_forward(*batch.all_out(inner._forward_saved, ctx, "forward_flags"))
                _copy_marks(ctx, inner, outs, output)
                ctx.inner = _taken_out(batch, inner)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            batch = _Batch(like)
            with opened(batch.level):
                inner = _rebuilt(batch, ctx, ctx.saved_tensors, ctx.backward_flags)
                results = cls.backward_rule()(inner, *[batch.in_(g) for g in grads])
                found = results if isinstance(results, tuple) else (results,)
                return tuple(
                    batch.gradient(g, on, shape)
                    for g, on, shape in zip(found, mapped, ctx.inner_shapes, strict=True)
                )

        @staticmethod
        def jvp(ctx: Any, *tangents: Any) -> Any:
            batch = _Batch(like)
            flags = ctx.forward_flags or ctx.backward_flags
            with opened(batch.level):
                inner = _rebuilt(batch, ctx, ctx.saved_tensors, flags)
                return _each(batch.full, cls.jvp(inner, *batch.all_in(tangents, mapped)))

    Vmapped.__name__ = Vmapped.__qualname__ = f"Vmapped{cls.__name__}"
    Vmapped._node_class.__name__ = f"{Vmapped.__name__}Backward"
    return Vmapped


class _Batch:
    """A new level of vmap of the same size, with the ways into and out of it."""

    def __init__(self, like: Any) -> None:
        self.level = type(like)(like.size)

    def in_(self, x: Any) -> Any:
        """Return a tensor with a batch axis as one example."""
        return self.level.join(x) if isinstance(x, Recorded) else x

    def all_in(self, xs: Sequence[Any], mapped: Sequence[bool]) -> tuple[Any, ...]:
        return tuple(self.in_(x) if on else x for x, on in zip(xs, mapped, strict=True))

    def out(self, x: Any) -> tuple[Any, bool]:
        """Return what an example stands for, and whether it has a batch axis."""
        if not isinstance(x, Recorded):
            return x, False
        value, on = self.level.split(x)
        return known(value), on

    def full(self, x: Any) -> Any:
        """Return what an example stands for, with a batch axis in any case."""
        value, on = self.out(x)
        if on or not isinstance(value, Recorded):
            return value
        shape = (self.level.size, *value.shape)  # type: ignore[attr-defined]
        return as_tensor(rows.broadcast_to(value, shape=shape))

    def all_out(self, xs: Sequence[Any], ctx: Any, flags: str) -> list[Any]:
        """Return what several examples stand for; ``ctx`` learns which have a batch axis."""
        pairs = [self.out(x) for x in xs]
        setattr(ctx, flags, [on for _, on in pairs])
        return [value for value, _ in pairs]

    def gradient(self, g: Any, on: bool, shape: Any) -> Any:
        """Return an argument's gradient: with its batch axis, or summed over the batch where it has none."""
        if not isinstance(g, Recorded):
            return g
        if shape is not None and tuple(g.shape) != shape:  # type: ignore[attr-defined]
            g = rows.sum_to(g, shape)
        if on:
            return self.full(g)
        value, batched = self.out(g)
        return as_tensor(rows.sum_to(value, shape)) if batched else value


def _each(fn: Callable[[Any], Any], output: Any) -> Any:
    """Apply ``fn`` to one output, or to each of a tuple."""
    return tuple(map(fn, output)) if isinstance(output, tuple) else fn(output)


def _taken_out(batch: _Batch, x: Any) -> Any:
    """Return an attribute of a context with its tensors outside of the level."""
    if isinstance(x, Recorded | TakenOut):
        before = x.mapped if isinstance(x, TakenOut) else ()
        value, on = batch.out(x.value if isinstance(x, TakenOut) else x)
        return TakenOut(value, (*before, on))
    return with_parts(x, lambda part: _taken_out(batch, part))


def _put_back(batch: _Batch, x: Any) -> Any:
    """Undo `_taken_out` at a new level."""
    if isinstance(x, TakenOut):
        value = batch.in_(x.value) if x.mapped[-1] else x.value
        return value if len(x.mapped) == 1 else TakenOut(value, x.mapped[:-1])
    return with_parts(x, lambda part: _put_back(batch, part))


def _rebuilt(batch: _Batch, ctx: Any, saved: Sequence[Any], flags: Sequence[bool]) -> FunctionCtx:
    """Return the user's context with its tensors at a new level."""
    inner: FunctionCtx = _put_back(batch, ctx.inner)
    inner._to_save = batch.all_in(saved, flags)
    return inner


def _copy_marks(ctx: Any, inner: FunctionCtx, outs: Any, output: Any) -> None:
    """Mark for the batch what the user marked for one example."""
    if inner._dirty:
        raise GradientError(
            "mark_dirty: a Function that writes in place has no generated vmap rule. Give it a `vmap` staticmethod."
        )
    ctx.set_materialize_grads(inner.materialize_grads)
    pairs = zip(_tuple(outs), _tuple(output), strict=True)
    marked = [o for i, o in pairs if any(i is c for c in inner._constant)]
    ctx.mark_non_differentiable(*marked)
    inner._constant = inner._to_save = inner._forward_saved = ()


def _tuple(x: Any) -> tuple[Any, ...]:
    return x if isinstance(x, tuple) else (x,)

"""Symbols: what stands in a tensor while a function is traced, and what a row makes of them without values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core.carrier import Array, Level
from wengert.core.primitive import Primitive
from wengert.core.silence import silent
from wengert.errors import TraceError
from wengert.func.payload import Payload
from wengert.tape.provenance import describe, here
from wengert.trace.graph import Var

Layout = tuple[int, ...]
"""How many bytes apart neighbours along each dimension lie; 0 where there are none."""


class Symbolic(Payload):
    """The payload of a tensor inside a trace: a variable of the graph."""

    __slots__ = ("var",)

    def __init__(self, level: Level, var: Var) -> None:
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


def layout(array: Array) -> Layout:
    """Return how far apart neighbours lie along each dimension, where that matters."""
    return tuple(s if n > 1 else 0 for s, n in zip(array.strides, array.shape, strict=True))


def laid_out(shape: Sequence[int], strides: Layout, dtype: np.dtype[Any]) -> Array:
    """Return an array of ones (zeros, for indices) whose elements lie in that layout."""
    reach = sum((n - 1) * s for n, s in zip(shape, strides, strict=True)) if 0 not in shape else 0
    count = reach // dtype.itemsize + 1
    memory = np.zeros(count, dtype) if dtype.kind in "biu" else np.ones(count, dtype)
    return np.ndarray(tuple(shape), dtype, memory, 0, strides)


def abstract(
    row: Primitive, args: Sequence[Var], params: dict[str, Any], layouts: dict[int, Layout]
) -> list[Array]:
    """Return what a row would make of operands of these types, with arbitrary elements in the right layout.

    ``layouts`` has those operands that do not lie in order. The row runs on stand-ins of one element each, unless the
    layout of its result depends on theirs: among operands out of order, and where the result is a view.
    """
    exact = any(v.number in layouts for v in args)
    stand_ins = [_stand_in(v, layouts.get(v.number), exact) for v in args]
    outs = _run(row, stand_ins, params)
    if (
        not exact
        and row.outline is row.forward
        and any(np.may_share_memory(o, s) for o in outs for s in stand_ins)
    ):
        outs = _run(row, [_stand_in(v, None, True) for v in args], params)
    return outs


def _stand_in(var: Var, strides: Layout | None, exact: bool) -> Array:
    if strides is not None:
        return laid_out(var.shape, strides, var.dtype)
    value = 0 if var.dtype.kind in "biu" else 1
    if exact:
        return np.full(var.shape, value, var.dtype)
    return np.broadcast_to(np.full((), value, var.dtype), var.shape)


def _run(row: Primitive, stand_ins: Sequence[Array], params: dict[str, Any]) -> list[Array]:
    out = silent().run(row.outline, *stand_ins, **params)
    return [np.asarray(o) for o in (out if isinstance(out, tuple) else (out,))]

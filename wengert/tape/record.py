"""Recording: compute an operation's result and put its node on the tape.

`unary` and `binary` are the hot path, for plain eager tensors; whatever is not plain (another level, another dtype, a
mode, several outputs) goes through `Primitive.__call__` and comes to `record`.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from sys import _getframe
from typing import Any, cast

import numpy as np

from wengert.core import carrier, dtypes
from wengert.core.carrier import EVERYWHERE, RAW, ROOT, Level, Value, recording_at, state
from wengert.core.primitive import Primitive
from wengert.core.silence import silent
from wengert.errors import cannot_broadcast
from wengert.tape import storage as cells
from wengert.tape.node import Node, Output, node_class
from wengert.tape.provenance import INTERNAL, outside
from wengert.tape.storage import (
    GradCell,
    Recorded,
    Storage,
    guarded,
    handle,
    held,
    interpreted,
    introduce_all,
    introduced,
    known,
    ndarray,
    new,
    next_rank,
    share_cell,
    storage_of,
)

FLOATING = "fc"


NO_PARAMS: dict[str, Any] = {}


def unary(row: Primitive, x: Any) -> Any:
    """Apply an elementwise row without parameters to one tensor."""
    a = x._payload
    if carrier.special or a.__class__ is not ndarray:
        return row(x)
    return attach(row, x, silent().run(row.forward, a), NO_PARAMS, 3)


def attach(row: Primitive, x: Any, out: Any, params: dict[str, Any], depth: int = 2) -> Any:
    """Return the raw result ``out`` of a row of one plain operand as a tensor, recorded.

    ``depth`` is how many frames up the user's line is to be looked for.
    """
    if out.__class__ is not ndarray:
        out = np.asarray(out)
    t = new(cells.tensor_type)
    t._payload = out
    t._level = t._owner = ROOT
    t._storage = t._cell = t._origin = None
    edge = x._edge
    if edge is None or not row.rules or (carrier.quiet and not state.grad):
        t._edge = None
        return t
    t._edge = node = new(row.node)
    node.edges = (edge,)
    keep = row.keep
    if not keep:
        node.saved = ()
    elif 1 in keep:
        kept = new(cells.tensor_type)
        kept._payload = out
        kept._edge = kept._cell = kept._origin = None
        kept._level = kept._owner = ROOT
        kept._storage = t._storage = Storage()
        node.saved = ((x if x._storage is None else guarded(x)) if 0 in keep else None, kept)
    else:
        node.saved = (x if x._storage is None else guarded(x), None)
    node.params = params
    node.shapes = (x._payload.shape,) if row.wants_shape else ()
    node.shape = out.shape
    node.outputs = node.extra = None
    node.rank = next_rank()
    frame = _getframe(depth)
    code = frame.f_code
    if INTERNAL[code.co_filename]:
        node.code, node.offset = outside(frame)
    else:
        node.code = code
        node.offset = frame.f_lasti
    return t


def binary(row: Primitive, x: Any, y: Any, depth: int = 2) -> Any:
    """Apply an elementwise row of two operands to plain tensors of one dtype, and record it.

    Returns NotImplemented when they are not plain, for the caller to promote or interpret. ``depth`` is how many
    frames up the user's line is to be looked for.
    """
    a = x._payload
    b = y._payload
    if carrier.special or a.dtype is not b.dtype:
        return NotImplemented
    try:
        out = silent().run(row.forward, a, b)
    except ValueError:
        raise cannot_broadcast(row.spoken, (a.shape, b.shape)) from None
    if out.__class__ is not ndarray:
        out = np.asarray(out)
    t = new(cells.tensor_type)
    t._payload = out
    t._level = t._owner = ROOT
    t._storage = t._cell = t._origin = None
    left = x._edge
    right = y._edge
    if (left is None and right is None) or not row.rules or (carrier.quiet and not state.grad):
        t._edge = None
        return t
    t._edge = node = new(row.node)
    node.edges = (left, right)
    keep = row.keep_for[(left is not None) + 2 * (right is not None)]
    if keep:
        kept = None
        if keep & 4:
            kept = new(cells.tensor_type)
            kept._payload = out
            kept._edge = kept._cell = kept._origin = None
            kept._level = kept._owner = ROOT
            kept._storage = t._storage = Storage()
        node.saved = (
            (x if x._storage is None else guarded(x)) if keep & 1 else None,
            (y if y._storage is None else guarded(y)) if keep & 2 else None,
            kept,
        )
    else:
        node.saved = ()
    node.params = NO_PARAMS
    node.shapes = ()
    node.shape = out.shape
    node.outputs = node.extra = None
    node.rank = next_rank()
    frame = _getframe(depth)
    code = frame.f_code
    if INTERNAL[code.co_filename]:
        node.code, node.offset = outside(frame)
    else:
        node.code = code
        node.offset = frame.f_lasti
    return t


def triple(row: Primitive, x: Any, y: Any, z: Any, params: dict[str, Any], depth: int = 2) -> Any:
    """Apply a row of three operands and one output to plain tensors that fit it, and record it.

    ``depth`` is how many frames up the user's line is to be looked for.
    """
    a, b, c = x._payload, y._payload, z._payload
    t = new(cells.tensor_type)
    out = silent().run(row.forward, a, b, c, **params)
    t._payload = out = out if out.__class__ is ndarray else np.asarray(out)
    t._level = t._owner = ROOT
    t._edge = t._storage = t._cell = t._origin = None
    edges = [x._edge, y._edge, z._edge]
    for i in row.unruled:
        edges[i] = None
    left, middle, right = edges
    active = (left is not None) + 2 * (middle is not None) + 4 * (right is not None)
    if not active or (carrier.quiet and not state.grad):
        return t
    t._edge = node = new(row.node or node_class(row))
    node.edges = (left, middle, right)
    saved: list[Any] = [None, None, None, None]
    for i in row.kept_for(active):
        if i == 3:
            saved[3] = _kept_output(t)
        else:
            v = x if i == 0 else y if i == 1 else z
            saved[i] = v if v._storage is None else guarded(v)
    node.saved = tuple(saved)
    node.params = params
    node.shapes = (a.shape, b.shape, c.shape) if row.wants_shape else ()
    node.shape = out.shape
    node.outputs = node.extra = None
    node.rank = next_rank()
    node.code, node.offset = outside(_getframe(depth))
    return t


def plain(row: Primitive, operands: Sequence[Any], params: dict[str, Any]) -> Any:
    """Apply any row to tensors that hold plain arrays, and record it, while nothing special is in effect.

    Returns NotImplemented when an operand holds something else.
    """
    raw = []
    edges: list[Any] = []
    active = 0
    bit = 1
    for x in operands:
        if x.__class__ in RAW:
            raw.append(x)
            edges.append(None)
        else:
            payload = x._payload
            if payload.__class__ is not ndarray:
                return NotImplemented
            raw.append(payload)
            edge = x._edge
            edges.append(edge)
            if edge is not None:
                active |= bit
        bit += bit
    if not row.rules:
        if row.kind == "composite":
            assert row.definition is not None
            return row.definition(*operands, **params)
        active = 0
    out = silent().run(row.forward, *raw, **params)
    several = out.__class__ is tuple
    if active and not (carrier.quiet and not state.grad):
        for i in row.unruled:
            if edges[i] is not None:
                edges[i] = None
                active -= 1 << i
        if active:
            node = new(row.node or node_class(row))
            node.edges = tuple(edges)
            node.params = params
            node.shapes = tuple([a.shape for a in raw]) if row.wants_shape else ()
            node.extra = None
            if several:
                node.shape = ()
                node.outputs = tuple([(a.shape, a.dtype) for a in out])
                results = tuple(
                    [
                        handle(
                            a,
                            Output(node, i, a.shape) if dtypes.kind(a.dtype) in FLOATING else None,
                        )
                        for i, a in enumerate(out)
                    ]
                )
            else:
                t = handle(out, node)
                node.shape = t._payload.shape
                node.outputs = None
                results = (t,)
            _keep(node, row, active, operands, results)
            node.rank = next_rank()
            node.code, node.offset = outside(_getframe(3))
            if row.view:
                share_cell(operands[0], results)
            return results if several else t
    results = tuple(map(handle, out)) if several else (handle(out),)
    if row.view:
        share_cell(operands[0], results)
    return results if several else results[0]


carrier.register_eager(plain)


def recorded(x: Any, level: Level) -> bool:
    """Say whether ``x`` is a tensor that records at ``level`` (a leaf records inside a trace as well)."""
    if x.__class__ in RAW or x._edge is None:
        return False
    return x._level is level or recording_level(x) is level


def recording_level(x: Recorded) -> Level:
    """Return the level at which ``x`` records. A leaf from outside a trace acts as a leaf of the trace."""
    trace = state.trace
    if trace is not None and x._level.number < trace.number and isinstance(x._edge, GradCell):
        return cast(Level, trace)
    return x._level


def beneath(x: Any) -> Value:
    """Return the value that a tensor holds below its tape: raw when plain, else a tensor without an edge."""
    payload = x._payload
    if payload.__class__ is ndarray:
        return payload if state.trace is None else state.trace.lift(x)
    return payload if isinstance(payload, Recorded) else handle(payload)


def collapsed(value: Value) -> Any:
    """Return what a tensor above ``value`` holds as payload: the payload itself where nothing is recorded below."""
    if isinstance(value, Recorded) and value._edge is None:
        return value._payload
    return value


def uncovered(x: Any) -> Any:
    """Return what a tensor holds below its tape as a tensor that shares its storage cell."""
    payload = x._payload
    if payload.__class__ is not ndarray or state.trace is not None:
        return as_tensor(beneath(x))
    return known(introduced(x))


def as_tensor(value: Value) -> Any:
    """Return a value as a tensor."""
    return value if isinstance(value, Recorded) else handle(value)


def compute(row: Primitive, operands: Sequence[Any], params: dict[str, Any], level: Level) -> Any:
    """Apply ``row`` to plain tensors of which none is recorded."""
    raw = [x if x.__class__ in RAW else x._payload for x in operands]
    out = silent().run(row.forward, *raw, **params)
    several = out.__class__ is tuple
    results = tuple(map(handle, out)) if several else (handle(out),)
    if row.view:
        share_cell(operands[0], results)
    return results if several else results[0]


def record(row: Primitive, operands: Sequence[Any], params: dict[str, Any], level: Level) -> Any:
    """Apply ``row`` below the tape of ``level`` and put a node on it."""
    taped = [recorded(x, level) for x in operands]
    below = [beneath(x) if on else x for x, on in zip(operands, taped, strict=True)]
    if level is not ROOT and any(map(interpreted, below)):
        introduce_all(operands)
    if row.kind == "constant" or not recording_at(level):
        out = row(*below, **params)
        return tuple(map(as_tensor, out)) if out.__class__ is tuple else as_tensor(out)
    if row.kind == "composite" and not row.rules:
        assert row.definition is not None
        return row.definition(*operands, **params)
    values = row(*below, **params)
    edges = tuple(
        x._edge if on and row.rule(i) is not None else None
        for i, (x, on) in enumerate(zip(operands, taped, strict=True))
    )
    if all(edge is None for edge in edges):
        return tuple(map(as_tensor, values)) if values.__class__ is tuple else as_tensor(values)
    node = new(node_class(row))
    node.edges = edges
    node.params = params
    several = values.__class__ is tuple
    outs = values if several else (values,)
    results = _wrap_outputs(node, outs, several, level)
    active = sum(1 << i for i, edge in enumerate(edges) if edge is not None)
    node.extra = None
    _keep(node, row, active, operands, results)
    node.shapes = tuple(tuple(v.shape) for v in below) if row.wants_shape else ()
    node.rank = next_rank()
    node.code, node.offset = outside(_getframe(1))
    if row.view:
        share_cell(operands[0], results)
    return results if several else results[0]


def _wrap_outputs(node: Any, outs: Sequence[Any], several: bool, level: Level) -> tuple[Any, ...]:
    """Return the outputs as tensors with their edges; integer outputs have none."""
    if not several:
        node.shape = tuple(outs[0].shape)
        node.outputs = None
        return (handle(collapsed(outs[0]), node, level),)
    node.shape = ()
    node.outputs = tuple((tuple(v.shape), numpy_dtype(v)) for v in outs)
    return tuple(
        handle(
            collapsed(v),
            Output(node, i, shape) if dtypes.kind(d) in FLOATING else None,
            level,
        )
        for i, (v, (shape, d)) in enumerate(zip(outs, node.outputs, strict=True))
    )


def numpy_dtype(v: Any) -> Any:
    """Return a value's dtype in NumPy's spelling."""
    return getattr(v.dtype, "numpy", v.dtype)


def is_complex(ct: Any) -> bool:
    """Say whether a cotangent, or one of a tuple, is complex."""
    if isinstance(ct, tuple):
        return any(c is not None and is_complex(c) for c in ct)
    d = ct.dtype
    return bool(getattr(d, "numpy", d).kind == "c")


def _keep(
    node: Any, row: Primitive, active: int, operands: Sequence[Any], results: Sequence[Any]
) -> None:
    """Save what the rules of the active edges, given as bits, read, and nothing else.

    What went through a hook, the user's code, makes the node one that is not simple to walk.
    """
    needed = row.kept.get(active)
    if needed is None:
        needed = row.kept_for(active)
    if not needed:
        node.saved = ()
        return
    count = len(operands)
    saved: list[Any] = [None] * (count + len(results))
    for i in needed:
        if i >= count:
            saved[i] = _kept_output(results[i - count])
        else:
            x = operands[i]
            if x.__class__ in RAW or carrier.special or x._storage is not None:
                x = held(x)
            saved[i] = x
    if state.saved_hooks:
        pack, unpack = state.saved_hooks[-1]
        for i in node.packing or needed:
            s = saved[i]
            if s is not None and s.__class__ not in RAW and s._owner is not EVERYWHERE:
                saved[i] = Packed(pack, unpack, s)
        node.extras()
    node.saved = tuple(saved)


def _kept_output(x: Any) -> Any:
    """Return an alias of an output without its edge, so that a node never refers to itself."""
    if carrier.special:
        kept = cells.alias(known(x))
        kept._edge = kept._origin = None
        return kept
    kept = new(cells.tensor_type)
    kept._payload = x._payload
    kept._edge = kept._cell = kept._origin = None
    kept._level = kept._owner = ROOT
    kept._storage = storage_of(x)
    return kept


class Packed:
    """A saved tensor that went through the user's pack hook, and comes back through unpack.

    Writes since then matter where it comes back in its old memory, whose cell is ``cell()``.
    """

    __slots__ = ("cell", "packed", "unpack")

    def __init__(self, pack: Any, unpack: Any, saved: Recorded) -> None:
        self.unpack = unpack
        plain = cells.alias(saved)
        self.cell = weakref.ref(plain._storage)
        before = state.saved_hooks
        state.saved_hooks = []
        try:
            self.packed = pack(plain)
        finally:
            state.saved_hooks = before

    def restore(self) -> Any:
        """Run the unpack hook."""
        value = self.unpack(self.packed)
        if not isinstance(value, Recorded):
            raise TypeError(
                f"saved_tensors_hooks: the unpack hook must return a tensor, not {type(value).__name__}."
            )
        return value


def detached(x: Recorded) -> Any:
    """Return an alias of ``x`` without history."""
    plain = cells.alias(x)
    plain._edge = plain._origin = None
    return plain


__all__ = [
    "Node",
    "Packed",
    "as_tensor",
    "attach",
    "beneath",
    "binary",
    "collapsed",
    "compute",
    "record",
    "triple",
    "unary",
    "uncovered",
]

"""In-place writes: into memory, through views, and under every carrier.

`assign` is the one way in which a tensor changes. Everything that can fail is checked before anything is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.core import carrier, dtypes
from wengert.core.carrier import Array, Level, recording_at, state
from wengert.core.primitive import Primitive
from wengert.core.shapes import broadcast_shape, broadcastable
from wengert.core.silence import silent
from wengert.errors import (
    DTypeError,
    GradientError,
    LeakError,
    ShapeError,
    cannot_broadcast,
    shape_text,
)
from wengert.rules import memory, structural
from wengert.tape.meta import Meta, is_meta, no_data, nowhere
from wengert.tape.node import edge_node
from wengert.tape.provenance import Written, written_here
from wengert.tape.record import beneath, collapsed, recording_level
from wengert.tape.storage import (
    GradCell,
    Recorded,
    alias,
    handle,
    keep_in_trace,
    mark_written,
    ndarray,
)
from wengert.tensor import promotion
from wengert.tensor.chains import derive, overlaps, repeats, scatter_back
from wengert.tensor.following import connect
from wengert.tensor.promotion import (
    cast_to,
    constant,
    converted,
    dtype_of,
    filling,
    operand,
    result_type,
)
from wengert.tensor.views import FrozenView


def level_of(x: Any) -> Level:
    """Return the highest level that a value takes part in."""
    return x._standing()[1]  # type: ignore[no-any-return]


def writable(x: Any, op: str) -> None:
    """Raise unless ``x`` may be written to: no leaf that requires grad, no repeated memory, no constant array."""
    if not carrier.quiet or state.grad:
        require_no_leaf(x, op)
    elif x._storage is not None and x._storage.members:
        connect(x)
    if x._storage is not None and x._storage.inference and not state.inference:
        raise GradientError(
            f"{op}: Inplace update to inference tensor outside InferenceMode is not allowed. "
            f"Use `x.clone()` first."
        )
    payload = x._payload
    if x._origin is not None and overlaps(x._origin):
        raise _refers_to_one_place(op)
    if payload.__class__ is ndarray:
        if (
            0 in payload.strides
            and payload.size
            and any(s == 0 and n > 1 for s, n in zip(payload.strides, payload.shape, strict=True))
        ):
            raise _refers_to_one_place(op)


def require_no_leaf(x: Any, op: str) -> None:
    """Raise for a leaf that requires grad, and for a view of one, while gradients are recorded."""
    base = x._origin.base if x._origin is not None and x._origin.differentiable else x
    leaf = base if isinstance(base._edge, GradCell) else x
    if isinstance(leaf._edge, GradCell) and recording_at(recording_level(leaf)):
        which = "a leaf Variable" if leaf is x else "a view of a leaf Variable"
        raise GradientError(
            f"{op}: {which} that requires grad is being used in an in-place operation. "
            f"Use `with torch.no_grad():` around an update of a parameter, or make a new tensor."
        )


def _refers_to_one_place(op: str) -> ShapeError:
    return ShapeError(
        f"{op}: unsupported operation: more than one element of the written-to tensor refers to a single "
        f"memory location. Please clone() the tensor before performing the operation."
    )


def assign(x: Any, value: Any, op: str = "copy_") -> Any:
    """Give ``x`` the elements (and history) of ``value``, a tensor of its shape and dtype; views follow.

    Raises what `require_writable` raises.
    """
    require_writable(x, value, op)
    place = written_here()
    plain = x._payload.__class__ is ndarray and value._payload.__class__ is ndarray
    traced = state.trace is not None
    if plain and not traced:
        np.copyto(x._payload, value._payload)
    rebase(x, value, plain and not traced)
    mark_written(x, place)
    return x


def require_writable(x: Any, value: Any, op: str) -> None:
    """Raise unless ``value`` may be written to ``x``.

    Raises what `writable` raises, RuntimeError for views that gradients cannot be followed through, and LeakError
    when an inner transform's value is written into a tensor that an outer level owns.
    """
    writable(x, op)
    if x._origin is not None and not memory_only(x, value):
        _require_followed(x, value, op)
    _require_owner(x, value, op)


def _require_followed(x: Any, value: Any, op: str) -> None:
    """Raise for views whose writes are ambiguous: frozen ones while recording, and those that repeat elements."""
    view = x._origin
    if view.__class__ is FrozenView:
        edges = [t for t in (x, value, view.base) if t._edge is not None]
        if any(recording_at(recording_level(t)) for t in edges):
            raise GradientError(f"{op}: {view.reason}.")
    if repeats(view):
        raise ShapeError(
            f"{op}: the written tensor is a view of an expanded one, which shows the same element several times. "
            f"Use `.clone()` after `.expand(...)`, or write to the tensor that was expanded."
        )


def _require_owner(x: Any, value: Any, op: str) -> None:
    if x._payload.__class__ is not value._payload.__class__ and is_meta(x) is not is_meta(value):
        raise no_data(op) if is_meta(value) else nowhere(op)
    level = level_of(value)
    owner = x._owner
    if level.number > owner.number and level is not state.trace and level.kind != "tape":
        raise LeakError(
            f"{op}: a value of the running {level.kind} was written into a tensor made outside of it, where it could "
            f"not stay. Make the tensor inside the transformed function, or return the value instead."
        )
    if level.kind == "tape" and value._edge is not None and level.number > owner.number:
        if recording_at(level):
            raise LeakError(
                f"{op}: an in-place operation inside a gradient transform would change a tensor captured from outside. "
                f"Return the new value instead."
            )


def rebase(x: Any, value: Any, memory_written: bool = True) -> None:
    """Bring the histories of a written tensor's family up to date, and the payloads where no memory was written.

    First upwards: every base gets the new part scattered into it. A detached alias passes values up, no history.
    Then downwards, in the order in which they were made: views of what changed are derived anew.
    """
    changed: dict[int, Any] = {}
    node, new = x, value
    while True:
        changed[id(node)] = (node, new)
        view = node._origin
        if view is None:
            break
        base = view.base
        if view.differentiable:
            if (
                base._storage is not node._storage
            ):  # the base was given other memory by `base.data = ...`
                break
            if memory_written and base._edge is None and new._edge is None:
                break
            new = scatter_back(alias(base), view.chain, new)
        elif memory_written:
            break
        else:
            if view.links is not None:
                new = scatter_back(structural.detach(base), view.chain, new)
            new = _revalued(base, new)
        node = base
    for tensor, new in reversed(changed.values()):
        view = tensor._origin
        if view is not None and view.differentiable and id(view.base) in changed:
            new = derive(view)
        _take(tensor, new, memory_written)
    members = x._storage.members if x._storage is not None else None
    for ref in members or ():
        member = ref()
        if member is None or id(member) in changed or id(member._origin.base) not in changed:
            continue
        if member._origin.differentiable:
            unmoved = member._edge is None or isinstance(member._edge, GradCell)
            if memory_written and member._origin.base._edge is None and unmoved:
                continue
            new = derive(member._origin)
        elif memory_written:
            continue
        else:
            new = structural.detach(member._origin.base)
            for row, params in member._origin.chain:
                new = row(new, **params)
        _take(member, new, memory_written)
        changed[id(member)] = (member, new)


def _revalued(base: Any, value: Any) -> Any:
    """Return the elements of ``value`` with the histories and tangents that ``base`` has, at every level."""
    below = base if base._edge is None else beneath(base)
    payload = collapsed(memory.revalued(below, structural.detach(value)))
    return handle(payload, base._edge, base._level)


def _take(tensor: Any, value: Any, memory_written: bool) -> None:
    """Let a tensor have another's history, and its payload unless the memory itself was written."""
    keep_in_trace(tensor, "_payload", "_edge", "_level")
    held, new = tensor._payload, value._payload
    if not memory_written and not (held.__class__ is Meta and new.__class__ is Meta):
        tensor._payload = value._payload if value._edge is not None else collapsed(value)
    take_history(tensor, value)


def take_history(tensor: Any, value: Any) -> None:
    """Let a tensor have another's history, unless its own level does not record now."""
    keeps_history = tensor._edge is not None and not recording_at(recording_level(tensor))
    if not keeps_history:
        _move_retained(tensor, value._edge)
        tensor._edge = value._edge
        tensor._level = value._level


def _move_retained(tensor: Any, edge: Any) -> None:
    """Let a tensor that retains its gradient retain the one of its new history."""
    node, index = edge_node(tensor._edge)
    cell: GradCell | None = tensor._cell
    if cell is None or node is None or node.extra is None:
        return
    if node.extra.retained.get(index) is cell and state.trace is None:
        del node.extra.retained[index]
        new, index = edge_node(edge)
        if new is not None:
            new.extras().retained[index] = cell


def update(x: Any, row: Primitive, other: Any, op: str) -> Any:
    """Write ``row(x, other)`` into ``x``; the result must have its shape and a dtype that converts to its own."""
    if isinstance(other, Recorded) and memory_only(x, other):
        writable(x, op)
        try:
            silent().run(row.forward, x._payload, other._payload, out=x._payload)
        except ValueError:
            require_fit(x, other, op)
            raise
        mark_written(x, written_here())
        return x
    if other.__class__ is float and _plain_floats(x):
        writable(x, op)
        silent().run(_by_number, row.forward, x._payload, other)
        mark_written(x, written_here())
        return x
    y = operand(op, other)
    dtype = dtype_of(x)
    joint = result_type(x, y)
    _require_category(joint, x, op)
    y = cast_to(y, joint) if isinstance(y, Recorded) else constant(y, joint)
    require_fit(x, y, op)
    if dtype == joint and memory_only(x, y):
        writable(x, op)
        silent().run(row.forward, x._payload, y._payload, out=x._payload)
        mark_written(x, written_here())
        return x
    result = row(cast_to(operand_before(x, row, y), joint), y)
    return assign(x, cast_to(result, dtype), op)


def _by_number(forward: Callable[..., Any], a: Array, number: float) -> None:
    forward(a, a.dtype.type(number), out=a)


def _plain_floats(x: Any) -> bool:
    """Say whether ``x`` is plain memory of floats, without history, that computes with a float as NumPy does."""
    return memory_only(x, x) and x._payload.dtype.kind == "f" and x._payload.itemsize > 2


def _require_category(joint: np.dtype[Any], x: Any, op: str) -> None:
    if dtypes.category(joint) > dtypes.category(dtype_of(x)):
        raise DTypeError(
            f"{op}: result type {dtypes.public(joint)} can't be cast to the desired output type "
            f"{x.dtype}. Use `x = x + y`, which makes a tensor of the wider dtype."
        )


def operand_before(x: Any, row: Primitive, y: Any = None) -> Any:
    """Return ``x`` as the operand of a row whose result is about to overwrite it.

    What the tape will keep of it is a value of its own: a copy of the memory, or the payload of a carrier, which no
    write changes.
    """
    before = alias(x)
    if carrier.special:
        kept: Any = 0 in row.keep
    elif row.keep_for:
        kept = row.keep_for[(x._edge is not None) + 2 * (y is not None and y._edge is not None)] & 1
    else:
        kept = 0 in row.keep and x._edge is not None
    return _apart(before) if kept else before


def memory_only(x: Any, y: Any) -> bool:
    """Say whether a write of ``y`` into ``x`` is one of plain memory, with no history anywhere in the family."""
    a = x._payload
    b = y._payload
    if carrier.special or a.__class__ is not ndarray or b.__class__ is not ndarray:
        return False
    if a.dtype is not b.dtype:
        return False
    if carrier.quiet and not state.grad:
        return True
    return (
        x._edge is None and y._edge is None and (x._origin is None or x._origin.base._edge is None)
    )


def require_fit(x: Any, y: Any, op: str) -> None:
    """Raise RuntimeError unless ``y`` broadcasts to the shape of ``x``, which is written to."""
    shape, other = tuple(x.shape), tuple(y.shape)
    extra = len(shape) - len(other)
    if extra < 0 or any(n not in (1, m) for n, m in zip(other, shape[extra:], strict=True)):
        if not broadcastable([shape, other]):
            raise cannot_broadcast(op, [shape, other])
        raise ShapeError(
            f"{op}: output with shape {shape_text(shape)} doesn't match the broadcast shape "
            f"{shape_text(broadcast_shape([shape, other]))}: a write cannot change a tensor's shape."
        )


def add_memory(x: Any, y: Any, alpha: Any, place: Written) -> Any:
    """Add ``alpha * y`` to ``x`` where both are plain memory without history; ``alpha`` is a 0-d array of its dtype."""
    writable(x, "add_")
    a, b = x._payload, y._payload
    if not a.ndim and not b.ndim:
        silent().run(_add_numbers, a, b, alpha)
        mark_written(x, place)
        return x
    if alpha is not None:
        b = silent().run(np.multiply, b, alpha)
    try:
        silent().run(np.add, a, b, out=a)
    except ValueError:
        require_fit(x, y, "add_")
        raise
    mark_written(x, place)
    return x


def _add_numbers(a: Array, b: Array, alpha: Array | None) -> None:
    """Add to a 0-d array: NumPy's scalars do in a fifth of the time what its ufuncs do on 0-d arrays."""
    a[()] = a[()] + (b[()] if alpha is None else b[()] * alpha[()])


def in_place(function: Callable[..., Any], op: str | None = None) -> Callable[..., Any]:
    """Return the form of a function whose name ends in an underscore: the result is written into the first operand.

    Raises what the function raises, and RuntimeError where the result's shape differs from the operand's or its dtype
    does not convert to the operand's; then nothing has changed.
    """
    op = op or f"{function.__name__}_"

    def written(input: Any, *args: Any, **named: Any) -> Any:
        promotion.require_tensor(op, input)
        writable(input, op)
        result = function(value_before(input, args), *args, **named)
        if memory_only(input, result) and result._payload.shape == input._payload.shape:
            np.copyto(input._payload, result._payload)
            mark_written(input, written_here())
            return input
        if tuple(result.shape) != tuple(input.shape):
            raise ShapeError(
                f"{op}: output with shape {shape_text(input.shape)} doesn't match the broadcast shape "
                f"{shape_text(result.shape)}: a write cannot change a tensor's shape."
            )
        _require_category(dtype_of(result), input, op)
        return assign(input, cast_to(result, dtype_of(input)), op)

    written.__name__ = written.__qualname__ = op
    written.__doc__ = f"`{op[:-1]}`, in place. Returns the tensor."
    return written


def write(x: Any, row: Primitive, others: Sequence[Any], params: dict[str, Any], op: str) -> Any:
    """Write ``row(x, *others)`` into ``x``: into its memory alone, by the row's ``out=``, where nothing is recorded."""
    writable(x, op)
    plain = all(y._payload.__class__ is ndarray for y in others) and memory_only(x, x)
    if plain and (all(y._edge is None for y in others) or not state.grad):
        silent().run(
            row.forward, x._payload, *[y._payload for y in others], **params, out=x._payload
        )
        mark_written(x, written_here())
        return x
    before = value_before(x, others) if 0 in row.keep else alias(x)
    return assign(x, row(before, *others, **params), op)


def value_before(x: Any, others: Sequence[Any]) -> Any:
    """Return ``x`` as the operand of a function whose result is about to overwrite it, which the tape may keep."""
    if carrier.special or any(
        isinstance(v, Recorded) and v._edge is not None for v in (x, *others)
    ):
        return _apart(alias(x))
    return alias(x)


def _apart(before: Any) -> Any:
    """Give an operand that the tape keeps a value of its own: a copy of memory; a carrier's payload never changes."""
    if before._payload.__class__ is ndarray and state.trace is None:
        before._payload = before._payload.copy()
    before._storage = before._origin = None
    return before


def zero_(input: Any) -> Any:
    """Fill a tensor with zeros, and return it."""
    promotion.require_tensor("zero_", input)
    if memory_only(input, input):
        writable(input, "zero_")
        input._payload.fill(0)
        mark_written(input, written_here())
        return input
    return assign(input, memory.zero(alias(input)), "zero_")


def fill_(input: Any, value: Any) -> Any:
    """Fill a tensor with a number or a 0-d tensor; RuntimeError for a number that its dtype cannot hold."""
    if not isinstance(value, Recorded):
        return overwrite(input, filling(value, dtype_of(input), "fill_"), memory.fill, "fill_")
    if value.ndim:  # type: ignore[attr-defined]
        raise ShapeError(
            f"fill_ only supports 0-dimension value tensor but got tensor with {value.ndim} dimensions."  # type: ignore[attr-defined]
        )
    return overwrite(input, value, memory.fill_tensor, "fill_")


def copy_(input: Any, source: Any, op: str = "copy_") -> Any:
    """Copy ``source``, broadcast and converted, into a tensor; gradients flow to ``source``.

    Raises RuntimeError when its shape does not broadcast to the tensor's.
    """
    if promotion.is_number(source):
        promotion.require_long(source, dtype_of(input))
        source = handle(np.asarray(source))
    promotion.require_tensor(op, source, "other")
    return overwrite(input, source, memory.copy, op)


def overwrite(x: Any, source: Any, row: Primitive, op: str) -> Any:
    """Write ``source``, broadcast and converted, over ``x``; ``row`` is what the tape remembers."""
    require_fit(x, source, op)
    value = converted(source, dtype_of(x))
    if memory_only(x, value):
        writable(x, op)
        np.copyto(x._payload, value._payload)
        mark_written(x, written_here())
        return x
    return assign(x, row(alias(x), value), op)

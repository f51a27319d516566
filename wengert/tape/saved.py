"""What the tape saved, looked at before a walk uses it: overwritten, freed, or changed behind the tape's back.

Each error names the operation that saved a value, the line that changed it, and what to write instead. Knows nothing
of the walk.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import RAW, ROOT, Array, Level, state
from wengert.core.primitive import Primitive
from wengert.core.silence import silent
from wengert.errors import GradientError
from wengert.rules import BOOK
from wengert.rules.structural import cast
from wengert.tape.node import Node, Output
from wengert.tape.provenance import advice, describe, warn
from wengert.tape.record import Packed, beneath, numpy_dtype, recorded
from wengert.tape.storage import GradCell, Recorded, handle, ndarray, shared_value


def residuals(node: Node, level: Level) -> list[Any]:
    """Return what a node saved, checked: raw where the tape of ``level`` is the lowest, else what lies beneath it."""
    assert node.saved is not None
    plain = state.trace is None
    values: list[Any] = []
    for s in node.saved:
        if s is None or s.__class__ in RAW:
            values.append(s)
            continue
        s = _restored(node, s)
        payload = s._payload
        if s._edge is not None and s._level is not level and not recorded(s, level):
            values.append(s)
        else:
            values.append(payload if payload.__class__ is ndarray and plain else beneath(s))
    return values


def taped_residuals(node: Node, level: Level) -> list[Any]:
    """Return what a node saved, checked: as tensors with the history that they had when saved."""
    assert node.saved is not None
    return [
        s if s is None or s.__class__ in RAW else _taped(node, level, i, s)
        for i, s in enumerate(node.saved)
    ]


def _taped(node: Node, level: Level, i: int, saved: Any) -> Any:
    s = _restored(node, saved)
    count = len(node.edges)
    edge = node.edges[i] if i < count else _edge_of_output(node, i - count)
    if s._edge is edge and saved.__class__ is not Packed:
        return s
    if i < count and edge is None and s._edge is not None and s._level is not level:
        return s
    again = handle(s._payload, edge, level)
    again._storage = s._storage
    return again


def _edge_of_output(node: Node, index: int) -> Node | Output | None:
    if node.outputs is None:
        return node
    shape, dtype = node.outputs[index]
    return Output(node, index, shape) if dtypes.kind(dtype) in "fc" else None


def _restored(node: Node, saved: Any) -> Any:
    """Return a saved tensor, unpacked and checked against later writes."""
    if saved.__class__ is Packed:
        return unpacked(node, saved)
    s = saved
    storage = s._storage
    if storage is not None and (storage.changed < node.rank or storage.watched):
        s = checked(node, s)
    return s


def unpacked(node: Node, saved: Packed) -> Any:
    """Return what the unpack hook gives, checked against later writes where it lies in the memory that was packed."""
    s = saved.restore()
    cell = saved.cell()
    if cell is None or s._storage is not cell:
        return s
    return checked(node, s) if cell.changed < node.rank or cell.watched else s


def checked(node: Node, saved: Any) -> Any:
    """Return a saved tensor whose storage needs a look, or raise the error that names who changed it."""
    storage, rank = saved._storage, node.rank
    if storage.changed < rank:
        raise modified(node, saved)
    if storage.silent < rank and saved._payload.__class__ is ndarray:
        warn_silent(node, saved)
    if storage.exposed or storage.watched:
        value: Array | None = saved._payload
        if saved._payload.__class__ is ndarray:
            value = shared_value(saved, rank)
        if value is None:
            raise changed_through_numpy(node, saved)
        for changed, dtype in storage.earlier:
            if changed < rank:
                now = numpy_dtype(saved)
                value = silent().run(cast.forward, value, dtype=dtype, source=now)
                break
        if value is not saved._payload:
            return handle(value, saved._edge, saved._level)
    return saved


def _described(node: Node, saved: Any) -> str:
    """Name a saved value by its part in the operation; rules' own names for it mean nothing to users."""
    assert node.saved is not None
    at = next((i for i, s in enumerate(node.saved) if s is saved), None)
    count = len(node.edges)
    part = "value" if at is None or node.row is None else "operand" if at < count else "result"
    if part == "operand" and count == 2:
        part = ("left operand", "right operand")[at or 0]
    op = node.name() if node.row is None else node.row.spoken
    return f"{op}: the saved {part} ({numpy_dtype(saved)}, shape {tuple(saved.shape)})"


def modified(node: Node, saved: Any) -> GradientError:
    """Word the error for a residual that was overwritten before backward."""
    return GradientError(
        f"{_described(node, saved)} was changed before backward: one of the variables needed for gradient "
        f"computation has been modified by an inplace operation.\n"
        f"  saved by    {describe(node.place)}\n"
        f"  changed by  {describe(saved._storage.changed_at)}\n"
        f"  {advice(saved._storage.changed_at) or _general_advice(saved)}"
    )


def _general_advice(saved: Any) -> str:
    """Say what to do about a write of the user's own: parameters are meant to be written to, other tensors need not."""
    if isinstance(saved._edge, GradCell):
        return (
            "It is a leaf that requires grad. Update it after the last `backward()` that needs what it was, or compute "
            "the forward again after the update; give the saving line a `clone()` where both are wanted."
        )
    return (
        "Write that line so that it makes a new tensor (`a = a + b` instead of `a += b`), or give the saving line a "
        "`clone()`."
    )


def changed_through_numpy(node: Node, saved: Any) -> GradientError:
    """Word the error for a residual whose memory was overwritten through NumPy."""
    return GradientError(
        f"{_described(node, saved)} shares its memory with a NumPy array, and the array was written to before "
        f"backward.\n"
        f"  saved by    {describe(node.place)}\n"
        f"  Write to a copy of the array, or make the tensor with `torch.tensor(array)`, which copies."
    )


def warn_silent(node: Node, saved: Any) -> None:
    """Warn once for a storage that a write through ``.data`` changed a value which the tape still uses."""
    warn(
        f"{_described(node, saved)} was changed through `.data` before backward, so the gradient is computed "
        f"from the new value.\n"
        f"  saved by    {describe(node.place)}\n"
        f"  changed by  {describe(saved._storage.changed_at)}\n"
        f"  Use `with torch.no_grad():` and an in-place operation to have this checked.",
    )
    saved._storage.silent = 0


NAMES: Final = {
    "MmBackward0": ("self", "mat2"), "BmmBackward0": ("self", "mat2"), "MvBackward0": ("self", "vec"),
    "DotBackward0": ("self", "tensor"), "PowBackward1": ("self", "exponent"), "MseLossBackward0": ("self", "target"),
    "PreluKernelBackward0": ("self", "weight"),
}  # fmt: skip
"""What PyTorch calls the operands that nodes save, where it is not ``self`` and ``other``."""


def _saved_value(at: int) -> property:
    """Return the property of a node that is the saved value at a place, as a tensor; None where it was not needed."""

    def get(node: Node) -> Any:
        if node.saved is None:
            raise second_backward(node)
        s = node.saved[at]
        if s is None:
            return None
        return handle(np.asarray(s)) if s.__class__ in RAW else _taped(node, ROOT, at, s)

    return property(get, doc="A value that the forward saved.")


def name_saved(row: Primitive) -> None:
    """Let a row's nodes tell what they save under PyTorch's names, as ``grad_fn._saved_self``.

    Rows of several outputs, and of several operands that are no arithmetic, have other names there for each: but for
    those in `NAMES` they tell nothing.
    """
    if row.operands is None or row.outputs != ("out",) or row.node is None:
        return
    named: tuple[str, ...] = NAMES.get(row.node.__name__, ())
    if not named:
        if len(row.operands) > (2 if row.kind == "elementwise" else 1):
            return
        named = ("self", "other")[: len(row.operands)]
    for at in row.keep:
        setattr(row.node, f"_saved_{(*named, 'result')[at]}", _saved_value(at))
    count = len(named)
    row.node.packing = (*sorted(range(count), key=lambda at: named[at]), count)


for _row in BOOK.values():
    name_saved(_row)


def second_backward(node: Node) -> GradientError:
    """Word the error for a graph whose residuals are gone."""
    return GradientError(
        f"{node.name()}: Trying to backward through the graph a second time: what this operation saved was freed "
        f"by the first backward.\n"
        f"  recorded by  {describe(node.place)}\n"
        f"  Call the first `backward(retain_graph=True)`, or compute the forward again. What a later graph takes "
        f"over from an earlier one, as a hidden state or another network's output (a generator's, in the loss of its "
        f"discriminator), wants a `detach()`."
    )


def check_nan(node: Node, i: int, g: Any) -> None:
    """In anomaly mode, raise when a rule returned NaN, naming the line of the forward."""
    payload = g._payload if isinstance(g, Recorded) else g
    if isinstance(payload, ndarray | np.generic) and dtypes.kind(payload.dtype) in "fc":
        if np.isnan(payload).any():
            raise GradientError(
                f"Function '{node.name()}' returned nan values in its {i}th output.\n"
                f"  forward ran at  {describe(node.place)}"
            )

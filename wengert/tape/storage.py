"""Storage cells, versions, and the guard on memory shared with NumPy.

`Recorded` is a tensor as the tape sees it: a payload, an edge into the graph, and the cell it shares with its views.
Ranks are this file's clock: they count *down*, so of two events the later one has the lower rank.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from wengert.core import carrier, dtypes
from wengert.core.carrier import RAW, ROOT, Array, Level, leaked, state
from wengert.core.shapes import Shape
from wengert.errors import GradientError
from wengert.tape.provenance import Place, Written

new: Final = object.__new__
ndarray: Final = np.ndarray
next_rank: Final = itertools.count(-1, -1).__next__
"""Take the next rank: one clock for nodes and for writes."""

SMALL: Final = 4096
"""Elements up to which shared memory is copied; above, it is fingerprinted."""


class Storage:
    """What a tensor shares with its views and detached aliases.

    ``version`` counts writes (``tensor._version``); ``changed`` is the rank of the last one and ``changed_at`` its
    place; ``silent`` is the rank of the last write through ``.data``. ``root`` is the array whose memory NumPy can
    also reach, since rank ``exposed``, and ``snapshot`` what it held then. ``watched`` is true when any of these
    needs a look before a saved value is used. ``earlier`` holds the ranks at which ``x.data = y`` changed the dtype,
    with the dtype before, oldest first. ``members`` are the views, oldest first.
    """

    version = 0
    changed = 0
    changed_at: Place | Written | None = None
    silent = 0
    exposed = 0
    root: Array | None = None
    snapshot: Array | bytes | None = None
    inference = False
    watched = False
    uncounted_for: Storage | None = None
    earlier: tuple[tuple[int, np.dtype[Any]], ...] = ()
    members: list[weakref.ref[Recorded]] | None = None


class GradCell:
    """Where the gradient of one tensor accumulates: its ``.grad`` and hooks.

    A leaf's cell is its edge into the graph. The graph holds the cell and not the tensor, so no cycle arises.
    ``later`` is the cell that the tensor has since it got another dtype: there belongs what arrives here.
    """

    __slots__ = (
        "dtype", "grad", "hooks", "later", "level", "post_hooks", "shape", "tensor", "__weakref__"
    )  # fmt: skip

    row = None

    def __init__(self, tensor: Recorded, shape: Shape, dtype: np.dtype[Any], level: Level) -> None:
        self.grad: Any = None
        self.shape = shape
        self.dtype = dtype
        self.level = level
        self.hooks: dict[int, Any] | None = None
        self.post_hooks: dict[int, Any] | None = None
        self.later: GradCell | None = None
        self.tensor = weakref.ref(tensor)


def read_grad(cell: GradCell) -> Any:
    """Return a cell's gradient; a trace learns where it was found, for another tensor may stand there later."""
    if carrier.special and state.trace is not None:
        state.trace.gradient_read(cell.tensor())
    return cell.grad


def no_grad_yet(x: Recorded) -> None:
    """Return None, the gradient of a tensor without a cell; a trace learns that it was looked for."""
    if carrier.special and state.trace is not None:
        state.trace.gradient_read(x)


def keep_in_trace(owner: Any, *names: str) -> None:
    """Note attributes that are about to change, for the end of a running trace."""
    if carrier.special and state.trace is not None:
        state.trace.journal.keep(owner, *names)


def refuse_in_trace(x: Recorded | None, op: str) -> None:
    """Raise TraceError where ``op`` would change what outlives the running trace: a tensor's history or hooks."""
    if state.trace is not None:
        state.trace.refuse_change(x, op)


def refuse_node_in_trace(rank: int, op: str) -> None:
    """Raise TraceError where ``op`` concerns a node, of this rank, that is older than the running trace."""
    if state.trace is not None and rank > state.trace.rank:
        state.trace.refuse_change(None, op)


class View:
    """How a view arises from its base: a chain of view rows with their parameters.

    ``links`` holds the chain from its end, as ``(links before, row, parameters)`` or None, so that a view of a view
    shares what came before. ``differentiable`` is false for `detach` and ``.data``: values flow through, histories
    do not.
    """

    __slots__ = ("base", "differentiable", "links")

    def __init__(self, base: Any, links: Any, differentiable: bool):
        self.base = base
        self.links = links
        self.differentiable = differentiable

    @property
    def chain(self) -> tuple[tuple[Any, dict[str, Any]], ...]:
        """The rows with their parameters, from the base outwards."""
        found = []
        links = self.links
        while links is not None:
            links, row, params = links
            found.append((row, params))
        return tuple(reversed(found))


class Recorded:
    """A tensor's data. `Tensor` adds the methods.

    ``_payload``  an ndarray, a carrier of some level, or a tensor recorded at a lower level
    ``_edge``     a Node, an Output of one, the GradCell of a leaf, or None when no gradient flows
    ``_level``    the level at which it is recorded
    ``_owner``    the innermost level that was open when it was made
    ``_storage``  the cell shared with views, made when first needed
    ``_cell``     the GradCell, when it has or may get a ``.grad``
    ``_origin``   how it arises from its base, when it is a view
    """

    __slots__ = (
        "_payload", "_edge", "_level", "_owner", "_storage", "_cell", "_origin",
        "__dict__", "__weakref__",
    )  # fmt: skip

    _payload: Any
    _edge: Any
    _level: Level
    _owner: Level
    _storage: Storage | None
    _cell: GradCell | None
    _origin: View | None


SLOTS: Final = frozenset(Recorded.__slots__) - {"__dict__", "__weakref__"}
"""The attributes that are Wengert's own; every other name is the user's."""

tensor_type: type[Recorded] = Recorded


def register_tensor_type(cls: type[Recorded]) -> None:
    """Make ``cls`` the class of every tensor that the tape creates."""
    global tensor_type
    tensor_type = cls


def handle(payload: Any, edge: Any = None, level: Level = ROOT) -> Any:
    """Return a new tensor around ``payload``; its owner is the innermost open level.

    NumPy scalars become 0-d arrays: a storage never holds a scalar.
    """
    t = new(tensor_type)
    t._payload = np.asarray(payload) if isinstance(payload, np.generic) else payload
    t._edge = edge
    t._level = level
    t._storage = t._cell = t._origin = None
    if carrier.special:
        t._owner = state.innermost
        if state.inference:
            storage_of(t).inference = True
    else:
        t._owner = ROOT
    return t


def as_class(x: Recorded, cls: type[Recorded]) -> Any:
    """Return a tensor that nobody else holds yet as an instance of ``cls``: itself, unless ``cls`` adds slots."""
    try:
        x.__class__ = cls
        return x
    except TypeError:
        made = new(cls)
    for name in SLOTS:
        setattr(made, name, getattr(x, name))
    made.__dict__.update(x.__dict__)
    if x._storage is not None and x._storage.members is not None:
        members = x._storage.members
        members[:] = [weakref.ref(made) if m() is x else m for m in members]
    if x._cell is not None:
        x._cell.tensor = weakref.ref(made)
    return made


def alias(x: Recorded) -> Any:
    """Return another tensor with the same payload, history and storage."""
    t = handle(x._payload, x._edge, x._level)
    t._storage = storage_of(x)
    t._owner, t._origin = x._owner, x._origin
    if carrier.special and state.trace is not None:
        state.trace.same_value(t, x)
    return t


def concrete(x: Recorded, op: str) -> Array:
    """Return the array behind a tensor; an error that names ``op`` where a transform has none to give."""
    payload = x._payload
    while payload.__class__ is not ndarray:
        if isinstance(payload, Recorded):
            payload = payload._payload
        elif payload.level.open:
            payload = payload.concrete(op)
        else:
            raise leaked(payload.level, op)
    return payload


def storage_of(x: Recorded) -> Storage:
    """Return the storage cell, making it when there is none yet."""
    found = x._storage
    if found is None:
        found = x._storage = Storage()
    return found


def mark_written(x: Recorded, place: Place | Written) -> None:
    """Count a write to the memory of ``x``."""
    storage = storage_of(x)
    if carrier.special:
        if state.trace is not None:
            state.trace.written(storage)
        elif x._payload.__class__ is ndarray:
            # What a transform made of the same memory may have a cell of its own.
            owner = _owners.get(id(root_array(x._payload)))
            if owner is not None and owner.cell is not storage:
                owner.cell.changed = next_rank()
                owner.cell.changed_at = place
    storage.version += 1
    storage.changed = next_rank()
    storage.changed_at = place
    if storage.uncounted_for is not None:
        storage.uncounted_for.silent = storage.changed
        storage.uncounted_for.changed_at = place
        storage.uncounted_for.watched = True


def root_array(x: Array) -> Array:
    """Return the array that owns the memory ``x`` looks at."""
    while True:
        base = x.base
        if base is not None and not isinstance(base, ndarray):
            # NumPy puts an object of its own between an array with strides of its choice and its memory.
            base = getattr(base, "base", None)
        if not isinstance(base, ndarray):
            return x
        x = base


def expose(x: Recorded, root: Array | None = None) -> None:
    """Note that NumPy can now reach the memory of ``x``, and remember what it holds."""
    storage = storage_of(x)
    if storage.root is None:
        storage.root = root_array(x._payload) if root is None else root
    storage.exposed = next_rank()
    storage.watched = True
    array = storage.root
    storage.snapshot = array.copy() if array.size <= SMALL else fingerprint(array)


def fingerprint(x: Array) -> bytes:
    """Digest an array at memory speed: sums of its words by column of a matrix, and weighted sums of its rows."""
    raw = np.ascontiguousarray(x).reshape(-1).view(np.uint8)
    whole = raw.size - raw.size % (8 * 61)
    words = raw[:whole].view(np.uint64).reshape(-1, 61)
    rows = np.add.reduce(words, axis=1)
    weighted = np.add.reduce(rows * np.arange(1, len(rows) + 1, dtype=np.uint64))
    columns = np.add.reduce(words, axis=0)
    digest: bytes = columns.tobytes() + weighted.tobytes() + raw[whole:].tobytes()
    return digest


class Witness(Storage):
    """The storage of a saved alias of large shared memory: the fingerprint it had when saved."""

    watched = True

    def __init__(self, of: Storage, print_when_saved: bytes) -> None:
        self.of = of
        self.print_when_saved = print_when_saved


def guarded(x: Recorded) -> Any:
    """Return what the tape may keep of an operand that has a storage cell.

    Memory that NumPy can reach is copied when small and fingerprinted when large; anything else is kept as it is.
    Raises RuntimeError for tensors made in inference mode.
    """
    storage = x._storage
    assert storage is not None
    if storage.inference:
        raise GradientError(
            "Inference tensors cannot be saved for backward. Use `x.clone()` outside inference mode, or make the "
            "tensor under `torch.no_grad()` instead."
        )
    if not storage.exposed or x._payload.__class__ is not ndarray:
        return x
    kept = alias(x)
    if x._payload.size <= SMALL:
        kept._payload = x._payload.copy()
        kept._storage = None
    else:
        kept._storage = Witness(storage, fingerprint(x._payload))
    return kept


def share_cell(x: Any, views: Sequence[Any]) -> None:
    """Let what a row of views made of a tensor have its cell, where it looks at its memory: writes count for both."""
    if x.__class__ in RAW or x._payload.__class__ is not ndarray:
        return
    storage = storage_of(x)
    if isinstance(storage, Witness):  # whose fingerprint is that of all of ``x``
        storage = storage.of
    for view in views:
        payload = view._payload
        if view._storage is None and payload.__class__ is ndarray and payload.base is not None:
            if np.may_share_memory(payload, x._payload):
                view._storage = storage


class _Owner(weakref.ref[Array]):
    """A reference to an array that owns memory: under which key it is noted, and the cell of the memory."""

    __slots__ = ("cell", "key")

    key: int
    cell: Storage


_owners: Final[dict[int, _Owner]] = {}
"""The owners of memory that transforms carry as plain arrays, by identity."""


def _forget(gone: Any, owners: dict[int, _Owner] = _owners) -> None:
    """Drop the cell of memory that is gone."""
    key = gone.key
    if owners.get(key) is gone:
        del owners[key]


def introduced(x: Recorded) -> Array:
    """Return the array of a plain tensor for a transform to carry on its own, and remember its cell.

    Transforms compute on arrays, which know no cell. A tape of a lower level that saves one of them, or a view of
    one, finds the cell by the memory, and so notices a later write as it would without the transform.
    """
    payload: Array = x._payload
    root = root_array(payload)
    found = _owners.get(id(root))
    if found is None or (x._storage is not None and found.cell is not x._storage):
        _remember(root, storage_of(x))
    else:
        x._storage = found.cell
    return payload


def introduce_all(values: Iterable[Any]) -> None:
    """Introduce the plain tensors among some values, of whose arrays a lower tape may save one."""
    for x in values:
        if isinstance(x, Recorded) and x._payload.__class__ is ndarray:
            introduced(x)


def _remember(root: Array, storage: Storage) -> None:
    owner = _Owner(root, _forget)
    owner.key, owner.cell = id(root), storage
    _owners[owner.key] = owner


def interpreted(value: Any) -> bool:
    """Say whether a value is more than an array, so that a lower level may keep what it is combined with."""
    if value is None or value.__class__ in RAW:
        return False
    return (
        value.__class__ is tuple
        or value._edge is not None
        or value._payload.__class__ is not ndarray
    )


def known(value: Any) -> Any:
    """Return a value of a transform as a tensor with the cell of its memory, made when there is none yet."""
    x = value if isinstance(value, Recorded) else handle(value)
    if x._storage is None and x._payload.__class__ is ndarray:
        introduced(x)
    return x


def carried(x: Array) -> Any:
    """Return a tensor of an array that a transform carries, with the cell of its memory; None for other arrays."""
    found = _owners.get(id(root_array(x))) if x.__class__ is ndarray else None
    if found is None:
        return None
    t = handle(x)
    t._storage = found.cell
    return t


def held(x: Any) -> Any:
    """Return what the tape may keep of an operand: a tensor with the cell of its memory, or a number as an array."""
    if x.__class__ is not ndarray:
        if x.__class__ in RAW:
            return np.asarray(x)
        if x._storage is None and not carrier.special:
            return x
    x = known(x)
    return x if x._storage is None else guarded(x)


def shared_value(saved: Recorded, rank: int) -> Array | None:
    """Return the value that ``saved`` had at ``rank`` if it may have been changed through NumPy; None if it was.

    A small array is restored from its snapshot; a large one can only be found out.
    """
    storage, payload = saved._storage, saved._payload
    if isinstance(storage, Witness):
        same = fingerprint(payload) == storage.print_when_saved
        return payload if same else None
    assert storage is not None
    if not storage.exposed < rank or storage.root is None:
        return payload  # type: ignore[no-any-return]
    snapshot, root = storage.snapshot, storage.root
    if isinstance(snapshot, bytes):
        return payload if fingerprint(root) == snapshot else None
    assert snapshot is not None
    offset = payload.__array_interface__["data"][0] - root.__array_interface__["data"][0]
    if not (snapshot.flags.c_contiguous and root.flags.c_contiguous):
        return (
            payload
            if np.array_equal(root, snapshot, equal_nan=dtypes.kind(root.dtype) in "fc")
            else None
        )
    return np.ndarray(payload.shape, payload.dtype, snapshot, offset, payload.strides)

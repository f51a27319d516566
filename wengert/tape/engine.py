"""The walk back: cotangents from outputs to leaves, newest node first.

Iterative, on a heap of ranks. Rules run on raw arrays unless ``create_graph`` asks for tensors. Un-broadcasting,
accumulation, structural masks and complex conjugation happen here, so that rules need not know of them. A walk is a
transaction: gradients land and residuals are freed only when all of it has succeeded.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np

from wengert.core import carrier
from wengert.core.carrier import RAW, Array, Level, state
from wengert.errors import GradientError, ShapeError, shape_text
from wengert.rules.elementwise import keep_where
from wengert.rules.structural import conj, sum_all, sum_to
from wengert.tape.hooks import run_node_hooks, run_tensor_hooks
from wengert.tape.node import Node, Output, edge_node
from wengert.tape.provenance import describe, here
from wengert.tape.record import Packed, as_tensor, beneath, collapsed, recorded
from wengert.tape.storage import (
    GradCell,
    Recorded,
    handle,
    mark_written,
    ndarray,
    read_grad,
    shared_value,
    tensor_type,
)


_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)
_accumulating = threading.Lock()


class Walk:
    """One walk back from some outputs.

    ``wanted``   edges whose cotangents are captured; None for a plain backward into every leaf
    ``taped``    run rules on tensors, so that they are recorded (``create_graph``)
    ``pending``  what is on its way, by the rank of the node it goes to: the node and its cotangent
    """

    def __init__(
        self, level: Level, *, taped: bool, keep_graph: bool, wanted: Iterable[Any] | None = None
    ) -> None:
        self.level = level
        self.taped = taped
        self.keep_graph = keep_graph
        self.captured: dict[Any, Any] = {}
        self.wanted = None if wanted is None else {_key(edge): edge for edge in wanted}
        self.heap: list[int] = []
        self.pending: dict[int, tuple[Node, Any]] = {}
        self.masks: dict[Any, Any] = {}
        self.leaves: dict[GradCell, Any] = {}
        self.summed: set[Any] = set()
        self.spent: list[Node] = []
        self.anomaly = state.anomaly
        self.plain = not carrier.special
        self.short = self.plain and not taped and wanted is None and not self.anomaly

    def run(self, edges: Sequence[Any], cts: Sequence[Any]) -> None:
        """Send ``cts`` into ``edges`` and walk; afterwards ``leaves`` and ``captured`` hold what arrived."""
        useful = None if self.wanted is None else self._useful(edges)
        for edge, ct in zip(edges, cts, strict=True):
            self.send(edge, ct)
        heap, pending, masks = self.heap, self.pending, self.masks
        while heap:
            if self.short and not masks:
                self._short_way()
                if not heap:
                    break
            rank = heappop(heap)
            node, ct = pending.pop(rank)
            mask = masks.pop(rank, None) if masks else None
            if node.extra is not None or self.wanted is not None or ct.__class__ is list:
                ct = self._arrived(node, ct)
            if useful is None or rank in useful:
                self._step(node, ct, mask)
        self._reach_leaves()
        if not self.keep_graph:
            for node in self.spent:
                node.saved = None

    def _short_way(self) -> None:
        """Walk while nodes are simple and values plain; stop before the first node that needs `_step`.

        The same work as `_step`, with the calls taken out: nearly all nodes of an ordinary backward come through here.
        """
        heap, pending, leaves, spent = self.heap, self.pending, self.leaves, self.spent
        while heap:
            rank = heap[0]
            node, ct = pending[rank]
            row = node.row
            dtype = ct.__class__ is not list and ct.dtype
            if (
                row is None or not row.simple or node.extra is not None
                or (dtype is not _F32 and dtype is not _F64)
            ):  # fmt: skip
                return
            heappop(heap)
            del pending[rank]
            saved = node.saved
            values: Sequence[Any] = ()
            if saved:
                values = unpacked = []
                spent.append(node)
                for s in saved:
                    if s is not None and s.__class__ is not ndarray:
                        if s.__class__ is Packed:
                            s = s.restore()
                        storage = s.storage
                        if storage is not None and (storage.changed < rank or storage.watched):
                            s = checked(node, s)
                        s = s.payload
                    unpacked.append(s)
            elif saved is None:
                raise second_backward(node)
            rules = row.rules
            i = -1
            for edge in node.edges:
                i += 1
                if edge is None:
                    continue
                rule = rules[i]
                arity = rule.arity
                if arity == 1:
                    g = rule.fn(ct, values[rule.first])
                elif arity == 0:
                    g = rule.fn(ct)
                elif arity == 2:
                    g = rule.fn(ct, values[rule.first], values[rule.second])
                else:
                    g = rule.pull(ct, values, node.params, node.shapes, i)
                if g.shape != edge.shape:
                    g = self._unbroadcast(g, edge, node)
                cls = edge.__class__
                if cls is GradCell:
                    before = leaves.get(edge)
                    leaves[edge] = g if before is None else self._added(edge, before, g)
                elif cls is Output:
                    self._send_output(edge, g)
                else:
                    key = edge.rank
                    entry = pending.get(key)
                    if entry is None:
                        pending[key] = (edge, g)
                        heappush(heap, key)
                    else:
                        pending[key] = (edge, self._added(key, entry[1], g))

    def _reach_leaves(self) -> None:
        """Run the hooks of leaves on what arrived, and capture what was wanted."""
        for cell, ct in self.leaves.items():
            if cell.hooks:
                ct = self.leaves[cell] = self._hooked(cell.hooks, ct, cell.shape)
                self.summed.discard(cell)
            if self.wanted is not None and cell in self.wanted:
                self.captured[cell] = ct

    def send(self, edge: Any, ct: Any, mask: Any = None) -> None:
        """Add ``ct`` to what is on its way to ``edge``."""
        cls = edge.__class__
        if cls is GradCell:
            before = self.leaves.get(edge)
            self.leaves[edge] = ct if before is None else self._added(edge, before, ct)
            return
        if cls is Output:
            self._send_output(edge, ct)
            return
        key = edge.rank
        entry = self.pending.get(key)
        if entry is None:
            self.pending[key] = (edge, ct)
            heappush(self.heap, key)
            if mask is not None:
                self.masks[key] = mask
            return
        self.pending[key] = (edge, self._added(key, entry[1], ct))
        if key in self.masks:
            if mask is None:
                del self.masks[key]
            else:
                self.masks[key] = self.masks[key] | mask

    def _send_output(self, edge: Output, ct: Any) -> None:
        node = edge.node
        rank = node.rank
        entry = self.pending.get(rank)
        if entry is None:
            assert node.outputs is not None
            entry = self.pending[rank] = (node, [None] * len(node.outputs))
            heappush(self.heap, rank)
        slots = entry[1]
        before = slots[edge.index]
        key = (rank, edge.index)
        slots[edge.index] = ct if before is None else self._added(key, before, ct)

    def _added(self, key: Any, before: Any, ct: Any) -> Any:
        """Add: the first cotangent is borrowed, the second sum allocates, later ones add in place."""
        if before.__class__ is ndarray and ct.__class__ in RAW:
            if key in self.summed:
                return np.add(before, ct, out=before)
            total = np.add(before, ct)
            if total.__class__ is ndarray:
                self.summed.add(key)
            return total
        return before + ct

    def _step(self, node: Node, ct: Any, mask: Any) -> None:
        """Run the rules of one node, whatever it is, and send the results on."""
        row = node.row
        if row is None:
            self._send_results(node, node.pullback(ct, self), None)  # type: ignore[attr-defined]
            return
        if node.saved is None:
            raise second_backward(node)
        values = self._unpacked(node, node.saved) if node.saved else ()
        if node.outputs is not None:
            ct = self._filled(node, ct)
        given = ct
        if node.extra is not None and node.extra.pre:
            ct = run_node_hooks(node, node.extra.pre, ct, None, self)
        turned = row.kind != "general" and _is_complex(ct)
        if turned:
            ct = (
                tuple(None if c is None else conj(c) for c in ct)
                if isinstance(ct, tuple)
                else conj(ct)
            )
        results: list[Any] = []
        tags: list[Any] = []
        for i, edge in enumerate(node.edges):
            g, tag = None, None
            if edge is not None:
                g, tag = self._pulled(node, row, i, ct, values, mask)
                if g is not None and turned:
                    g = conj(g)
            results.append(g)
            tags.append(tag)
        if node.extra is not None and node.extra.post:
            results = run_node_hooks(node, node.extra.post, results, given, self)
        self._send_results(node, results, tags)

    def _pulled(
        self, node: Node, row: Any, i: int, ct: Any, values: Sequence[Any], mask: Any
    ) -> tuple[Any, Any]:
        """Return one operand's cotangent and where it is selected (None: everywhere)."""
        g = row.rule(i).pull(ct, values, node.params, node.shapes, i)
        if row.masks is not None and row.masks[i] is not None:
            tag = row.masks[i](*values[: len(node.edges)])
            return g, tag if mask is None else tag & mask
        if mask is not None and row.kind == "elementwise":
            return keep_where(g, mask), mask
        return g, None

    def _send_results(self, node: Node, results: Sequence[Any], tags: Sequence[Any] | None) -> None:
        for i, edge in enumerate(node.edges):
            g = results[i]
            if edge is None or g is None:
                continue
            tag = None if tags is None else tags[i]
            if tuple(g.shape) != edge.shape:
                g, tag = self._unbroadcast(g, edge, node), None
            if self.anomaly:
                check_nan(node, i, g)
            self.send(edge, g, tag if tag is None or tuple(tag.shape) == edge.shape else None)

    def _unbroadcast(self, g: Any, edge: Any, node: Node) -> Any:
        shape = edge.shape
        extra = len(g.shape) - len(shape)
        if g.__class__ is ndarray and not shape and self.plain:
            return sum_all(g)
        fits = extra >= 0 and all(
            n == m or n == 1 for n, m in zip(shape, g.shape[extra:], strict=True)
        )
        if not fits:
            raise ShapeError(
                f"{node.name()} returned a gradient of shape {shape_text(g.shape)}, but its input has shape "
                f"{shape_text(shape)}. A gradient has the shape of what it is the gradient of."
            )
        return sum_to(g, shape)

    def _unpacked(self, node: Node, saved: Sequence[Any]) -> list[Any]:
        """Return the saved values, each checked against later writes."""
        self.spent.append(node)
        rank = node.rank
        values: list[Any] = []
        if self.taped:
            return [
                s if s is None or s.__class__ in RAW else self._taped_value(node, i, s)
                for i, s in enumerate(saved)
            ]
        plain = state.trace is None
        level = self.level
        for s in saved:
            if s is None or s.__class__ is ndarray:
                values.append(s)
                continue
            if s.__class__ is Packed:
                s = s.restore()
            storage = s.storage
            if storage is not None and (storage.changed < rank or storage.watched):
                s = checked(node, s)
            payload = s.payload
            if s.edge is not None and s.level is not level and not recorded(s, level):
                values.append(s)
            else:
                values.append(payload if payload.__class__ is ndarray and plain else beneath(s))
        return values

    def _taped_value(self, node: Node, i: int, saved: Any) -> Any:
        """Return a saved tensor with the history it had when saved."""
        s = saved.restore() if saved.__class__ is Packed else saved
        storage = s.storage
        if storage is not None and (storage.changed < node.rank or storage.watched):
            s = checked(node, s)
        count = len(node.edges)
        if i < count:
            edge = node.edges[i]
        else:
            edge = (
                node
                if node.outputs is None
                else Output(node, i - count, node.outputs[i - count][0])
            )
            if node.outputs is not None and node.outputs[i - count][1].kind not in "fc":
                edge = None
        if s.edge is edge and s.__class__ is not Packed:
            return s
        if i < count and edge is None and s.edge is not None and s.level is not self.level:
            return s
        again = handle(s.payload, edge, self.level)
        again.storage = s.storage
        return again

    def _filled(self, node: Node, cts: Sequence[Any]) -> tuple[Any, ...]:
        """Replace absent cotangents of a node's floating outputs by zeros."""
        assert node.outputs is not None
        filled = []
        for ct, (shape, dtype) in zip(cts, node.outputs, strict=True):
            if ct is None and dtype.kind in "fc":
                zero: Any = np.zeros(shape, dtype)
                ct = handle(zero) if self.taped else zero
            filled.append(ct)
        return tuple(filled)

    def _arrived(self, node: Node, ct: Any) -> Any:
        """Run hooks on, retain and capture the finished cotangents of a node's outputs."""
        several = ct.__class__ is list
        slots = ct if several else [ct]
        for i, c in enumerate(slots):
            if c is None:
                continue
            if node.extra is not None:
                shape = node.shape if node.outputs is None else node.outputs[i][0]
                hooks = node.extra.tensor_hooks.get(i)
                if hooks:
                    c = slots[i] = self._hooked(hooks, c, shape)
                    self.summed.discard(node.rank)
                cell = node.extra.retained.get(i)
                if cell is not None:
                    accumulate(cell, c, owned=False, taped=self.taped)
            if self.wanted is not None and (node.rank, i) in self.wanted:
                self.captured[(node.rank, i)] = c
        return slots if several else slots[0]

    def _hooked(self, hooks: dict[int, Any], ct: Any, shape: Sequence[int]) -> Any:
        return self.value(run_tensor_hooks(hooks, as_tensor(ct), shape))

    def value(self, tensor: Any) -> Any:
        """Return a user's tensor as the walk carries cotangents: as it is when taped, else what lies beneath."""
        if self.taped:
            return tensor
        if tensor.edge is not None and tensor.level is not self.level:
            return tensor
        return beneath(tensor)

    def _useful(self, edges: Sequence[Any]) -> set[int]:
        """Return the ranks of the nodes on a path from the outputs to a wanted edge."""
        assert self.wanted is not None
        seen: dict[int, Node] = {}
        stack = [edge_node(edge)[0] for edge in edges]
        while stack:
            node = stack.pop()
            if node is not None and node.rank not in seen:
                seen[node.rank] = node
                stack.extend(edge_node(edge)[0] for edge in node.edges)
        useful: set[int] = set()
        for rank in sorted(seen, reverse=True):
            for edge in seen[rank].edges:
                if edge is None:
                    continue
                parent = edge_node(edge)[0]
                if _key(edge) in self.wanted or (parent is not None and parent.rank in useful):
                    useful.add(rank)
                    break
        return useful


def _key(edge: Any) -> Any:
    """Return what identifies an edge: the cell of a leaf, or a node's rank with the output's number."""
    node, index = edge_node(edge)
    return edge if node is None else (node.rank, index)


def captured(walk: Walk, edge: Any) -> Any:
    """Return what a walk captured at ``edge``, or None."""
    return walk.captured.get(_key(edge))


def _is_complex(ct: Any) -> bool:
    if isinstance(ct, tuple):
        return any(c is not None and _is_complex(c) for c in ct)
    d = ct.dtype
    return bool(getattr(d, "numpy", d).kind == "c")


def accumulate(cell: GradCell, ct: Any, *, owned: bool, taped: bool) -> None:
    """Add ``ct`` to ``cell.grad``. What lands there is owned, writable, contiguous and of the tensor's dtype."""
    with _accumulating:
        if carrier.special and state.trace is not None:
            state.trace.journal.keep(cell, "grad")
        grad = read_grad(cell)
        if grad is None:
            cell.grad = as_tensor(ct) if taped else _owned(ct, owned)
        elif taped or grad.edge is not None or not _same_memory_kind(grad, ct):
            cell.grad = grad + as_tensor(ct)
        else:
            np.add(grad.payload, ct, out=grad.payload)
            if grad.storage is not None:
                mark_written(grad, here())


def _same_memory_kind(grad: Recorded, ct: Any) -> bool:
    return (
        grad.payload.__class__ is ndarray
        and ct.__class__ in RAW
        and not (carrier.special and state.trace is not None)
    )


def _owned(ct: Any, owned: bool) -> Any:
    """Return a cotangent as a tensor that shares memory with nothing else."""
    if ct.__class__ not in RAW:
        return handle(collapsed(ct))
    if owned and ct.__class__ is ndarray and ct.base is None and ct.flags.c_contiguous:
        return handle(ct)
    return handle(np.array(ct, order="C"))


def deposit(walk: Walk, cells: Iterable[GradCell] | None = None) -> None:
    """Accumulate what reached the leaves (those in ``cells`` only, when given) and run their hooks."""
    chosen = (
        walk.leaves if cells is None else {c: walk.leaves[c] for c in cells if c in walk.leaves}
    )
    for cell, ct in chosen.items():
        dtype = ct.dtype
        if dtype is not cell.dtype and getattr(dtype, "numpy", dtype) != cell.dtype:
            raise GradientError(
                f"a gradient of dtype {dtype} arrived at a leaf of dtype {cell.dtype}; "
                f"a rule or Function returned another dtype than its input's."
            )
    hooked = []
    for cell, ct in chosen.items():
        accumulate(cell, ct, owned=cell in walk.summed, taped=walk.taped)
        if cell.post_hooks:
            hooked.append(cell)
    for cell in hooked:
        tensor = cell.tensor()
        for hook in list(cell.post_hooks.values()):  # type: ignore[union-attr]
            hook(tensor)


def checked(node: Node, saved: Any) -> Any:
    """Return a saved tensor whose storage needs a look, or raise the error that names who changed it."""
    storage, rank = saved.storage, node.rank
    if storage.changed < rank:
        raise modified(node, saved)
    if storage.silent < rank and saved.payload.__class__ is ndarray:
        warn_silent(node, saved)
    if storage.exposed or storage.watched:
        value: Array | None = saved.payload
        if saved.payload.__class__ is ndarray:
            value = shared_value(saved, rank)
        if value is None:
            raise changed_through_numpy(node, saved)
        if value is not saved.payload:
            restored = handle(value, saved.edge, saved.level)
            return restored
    return saved


def _described(node: Node, saved: Any) -> str:
    assert node.saved is not None
    at = next((i for i, s in enumerate(node.saved) if s is saved), None)
    row = node.row
    names = () if row is None else (row.operands or ()) + (row.outputs or ())
    name = f"`{names[at]}` " if at is not None and at < len(names) else ""
    kind = "operand" if at is not None and at < len(node.edges) else "result"
    op = node.name() if row is None else row.name
    dtype = getattr(saved.payload, "dtype", "?")
    shape = tuple(getattr(saved.payload, "shape", ()))
    return f"{op}: the saved {kind} {name}({dtype}, shape {shape})"


def modified(node: Node, saved: Any) -> GradientError:
    """Word the error for a residual that was overwritten before backward."""
    return GradientError(
        f"{_described(node, saved)} was changed before backward: one of the variables needed for gradient "
        f"computation has been modified by an inplace operation.\n"
        f"  saved by    {describe(node.place)}\n"
        f"  changed by  {describe(saved.storage.changed_at)}\n"
        f"  Use an operation that makes a new tensor (`x = x + 1` instead of `x += 1`), or save a `x.clone()` "
        f"before that line."
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
    warnings.warn(
        f"{_described(node, saved)} was changed through `.data` before backward, so the gradient is computed "
        f"from the new value.\n"
        f"  saved by    {describe(node.place)}\n"
        f"  changed by  {describe(saved.storage.changed_at)}\n"
        f"  Use `with torch.no_grad():` and an in-place operation to have this checked.",
        UserWarning,
        stacklevel=2,
    )
    saved.storage.silent = 0


def second_backward(node: Node) -> GradientError:
    """Word the error for a graph whose residuals are gone."""
    return GradientError(
        f"{node.name()}: Trying to backward through the graph a second time: what this operation saved was freed "
        f"by the first backward.\n"
        f"  recorded by  {describe(node.place)}\n"
        f"  Call the first `backward(retain_graph=True)`, or compute the forward again."
    )


def check_nan(node: Node, i: int, g: Any) -> None:
    """In anomaly mode, raise when a rule returned NaN, naming the line of the forward."""
    payload = g.payload if isinstance(g, Recorded) else g
    if isinstance(payload, ndarray | np.generic) and payload.dtype.kind in "fc":
        if np.isnan(payload).any():
            raise GradientError(
                f"Function '{node.name()}' returned nan values in its {i}th output.\n"
                f"  forward ran at  {describe(node.place)}"
            )


__all__ = ["Walk", "accumulate", "captured", "deposit", "tensor_type"]

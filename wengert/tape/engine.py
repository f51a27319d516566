"""The walk back: cotangents from outputs to leaves, newest node first.

Iterative, on a heap of ranks. Rules run on raw arrays unless ``create_graph`` asks for tensors. Un-broadcasting,
accumulation, structural masks and complex conjugation happen here, so that rules need not know of them. A walk is a
transaction: gradients land and residuals are freed only when all of it has succeeded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from heapq import heappop, heappush
from typing import Any

import numpy as np

from wengert.core import carrier, dtypes
from wengert.core.carrier import RAW, ROOT, Level, state
from wengert.core.silence import silent
from wengert.errors import ShapeError, shape_text
from wengert.rules.elementwise import bit_or
from wengert.rules.structural import conj, sum_to
from wengert.rules.summation import sum_all
from wengert.tape.hooks import run_leaf_hooks, run_node_hooks, run_tensor_hooks, shown
from wengert.tape.masks import arrived_mask, matters_behind, pulled, reduced_to
from wengert.tape.meta import Meta, is_meta, misplaced
from wengert.tape.mode import enable_grad, no_grad
from wengert.tape.node import Node, Output
from wengert.tape.paths import edge_key, leads_on, on_the_way, reached
from wengert.tape.record import as_tensor, beneath, is_complex
from wengert.tape.saved import check_nan, checked, residuals, second_backward, taped_residuals
from wengert.tape.storage import (
    GradCell,
    handle,
    interpreted,
    introduce_all,
    ndarray,
)  # fmt: skip

_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)


class Walk:
    """One walk back from some outputs.

    ``wanted``   edges whose cotangents are captured; None for a plain backward into every leaf
    ``lands``    whether the walk fills ``.grad``: then hooks of accumulation run, and captures come after all hooks
    ``taped``    run rules on tensors, so that they are recorded (``create_graph``)
    ``pending``  what is on its way, by the rank of the node it goes to: the node and its cotangent
    ``owned``    keys (`edge_key`) of raw cotangents that this walk allocated and that nobody else holds: a later sum
                 may write into them, and they may be given away as they are. A cotangent that is passed on, seen by
                 a hook or made by the user is not owned; not to say so of one costs a copy
    ``useful``   with ``wanted``, the ranks of the nodes on a path to one of them; no other node is walked
    ``starts``   the edges that it sets out from
    ``kept``     what goes into the ``.grad`` of inner tensors (`retain_grad`) once the walk has succeeded
    """

    def __init__(
        self,
        level: Level,
        *,
        taped: bool,
        keep_graph: bool,
        wanted: Iterable[Any] | None = None,
        lands: bool = True,
    ) -> None:
        self.level = level
        self.taped = taped
        self.keep_graph = keep_graph
        self.lands = lands
        self.captured: dict[Any, Any] = {}
        self.wanted = None if wanted is None else {edge_key(edge): edge for edge in wanted}
        self.useful: set[int] | None = None
        self.starts: Sequence[Any] = ()
        self.heap: list[int] = []
        self.pending: dict[int, tuple[Node, Any]] = {}
        self.masks: dict[Any, Any] = {}
        self.leaves: dict[GradCell, Any] = {}
        self.owned: set[Any] = set()
        self.spent: list[Node] = []
        self.kept: list[tuple[GradCell, Any]] = []
        self.strays = False
        self.anomaly = state.anomaly
        self.plain = not carrier.special
        self.short = self.plain and not taped and wanted is None and not self.anomaly

    def run(self, edges: Sequence[Any], cts: Sequence[Any]) -> None:
        """Send ``cts`` into ``edges`` and walk; afterwards ``leaves`` and ``captured`` hold what arrived.

        Nothing outside of the walk has changed then.
        """
        outer = state.walk
        state.walk = self
        try:
            self._run(edges, cts)
        finally:
            state.walk = outer

    def _run(self, edges: Sequence[Any], cts: Sequence[Any]) -> None:
        self.starts = edges
        if self.wanted is not None:
            self.useful = on_the_way(edges, self.wanted)
        for edge, ct in zip(edges, cts, strict=True):
            if self._leads_on(edge):
                self.send(edge, ct)
        heap, pending, useful = self.heap, self.pending, self.useful
        while heap:
            if self.short:
                silent().run(self._short_way)
                if not heap:
                    break
            rank = heappop(heap)
            node, ct = pending.pop(rank)
            mask = arrived_mask(self.masks, node, ct)
            if node.extra is not None or useful is not None or ct.__class__ is list:
                ct = self._arrived(node, ct)
            if useful is None or rank in useful:
                self._step(node, ct, mask)
        self._reach_leaves()

    def _short_way(self) -> None:
        """Walk while nodes are simple and values plain; stop before the first node that needs `_step`.

        The same work as `_step`, with the calls taken out: nearly all nodes of an ordinary backward come through here.
        """
        heap, pending, leaves, spent = self.heap, self.pending, self.leaves, self.spent
        owned, masks = self.owned, self.masks
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
            saved = node.saved
            values: Sequence[Any] = ()
            if saved:
                values = unpacked = []
                for s in saved:
                    if s is not None and s.__class__ is not ndarray:
                        storage = s._storage
                        if storage is not None and (storage.changed < rank or storage.watched):
                            if storage.changed < rank or storage.silent < rank:
                                return
                            s = checked(node, s)
                        s = s._payload
                    unpacked.append(s)
                spent.append(node)
            elif saved is None:
                raise second_backward(node)
            heappop(heap)
            del pending[rank]
            if masks or row.selects is not None:
                mask = masks.pop(rank, None)
                if mask is not None or (row.selects is not None and matters_behind(node)):
                    results, tags = pulled(node, node.edges, ct, values, mask)
                    self._send_results(node, node.edges, ct, results, tags)
                    continue
            rules: Any = row.rules
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
                    if before is not None:
                        leaves[edge] = self._added(edge, before, g)
                    else:
                        leaves[edge] = g
                        if g is not ct and g.base is None:
                            owned.add(edge)
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
                        if masks:
                            masks.pop(key, None)

    def _reach_leaves(self) -> None:
        """Run the hooks of leaves on what arrived, and capture what was wanted."""
        for cell, ct in self.leaves.items():
            if cell.hooks:
                with self.user_mode():
                    seen = run_leaf_hooks(cell.hooks, self.own(ct), cell.shape, lands=self.lands)
                ct = self.leaves[cell] = self.value(seen)
                self.owned.discard(cell)
            if self.wanted is not None:
                self.captured[cell] = ct

    def send(self, edge: Any, ct: Any, mask: Any = None, *, made: bool = False) -> None:
        """Add ``ct`` to what is on its way to ``edge``; ``made`` says that a rule allocated it for this alone."""
        cls = edge.__class__
        if cls is GradCell:
            before = self.leaves.get(edge)
            self.leaves[edge] = ct if before is None else self._added(edge, before, ct)
            if made and before is None:
                self.owned.add(edge)
            return
        if cls is Output:
            self._send_output(edge, ct, mask)
            return
        key = edge.rank
        entry = self.pending.get(key)
        if entry is None:
            self.pending[key] = (edge, ct)
            heappush(self.heap, key)
            if made:
                self.owned.add(key)
            if mask is not None:
                self.masks[key] = mask
            return
        self.pending[key] = (edge, self._added(key, entry[1], ct))
        self._join_masks(key, mask)

    def _join_masks(self, key: Any, mask: Any) -> None:
        """Where cotangents meet, what any of them selects is selected."""
        before = self.masks.pop(key, None)
        if before is not None and mask is not None:
            self.masks[key] = before if before is mask else bit_or(before, mask)

    def _send_output(self, edge: Output, ct: Any, mask: Any = None) -> None:
        node = edge.node
        rank = node.rank
        entry = self.pending.get(rank)
        if entry is None:
            assert node.outputs is not None
            entry = self.pending[rank] = (node, [None] * len(node.outputs))
            heappush(self.heap, rank)
        slots = entry[1]
        before = slots[edge.index]
        key = edge_key(edge)
        slots[edge.index] = ct if before is None else self._added(key, before, ct)
        if before is not None:
            self._join_masks(key, mask)
        elif mask is not None:
            self.masks[key] = mask

    def _added(self, key: Any, before: Any, ct: Any) -> Any:
        """Add: the first cotangent is borrowed, the second sum allocates, later ones add in place."""
        if before.__class__ is ndarray and ct.__class__ in RAW:
            if key in self.owned:
                return silent().run(np.add, before, ct, out=before)
            total = silent().run(np.add, before, ct)
            if total.__class__ is ndarray:
                self.owned.add(key)
            return total
        return before + ct

    def _step(self, node: Node, ct: Any, mask: Any) -> None:
        """Run the rules of one node, whatever it is, and send the results on."""
        row, extra = node.row, node.extra
        edges = node.edges
        if self.useful is not None:
            edges = tuple(edge if self._leads_on(edge) else None for edge in edges)
        if row is not None and node.outputs is not None:
            ct = tuple(ct) if row.takes_absent else self._filled(node, ct)
        given = ct
        if extra is not None and extra.pre:
            with self.user_mode():
                ct = self._values(run_node_hooks(node.name(), extra.pre, shown(ct)), ct)
        tags: Sequence[Any] | None = None
        if row is None:
            results = node.pullback(ct, self)  # type: ignore[attr-defined]
        else:
            results, tags = self._pullback(node, row, edges, ct, mask)
        if extra is not None and extra.acts_after:
            fitted = tuple(
                None if g is None or edge is None else self._fit(g, edge, node)
                for g, edge in zip(results, edges, strict=True)
            )
            fitted = shown(fitted)
            with self.user_mode():
                after = node.run_post_hooks(fitted, shown(given))
            results, tags = self._values(after, list(results)), None
        self._send_results(node, edges, ct, results, tags)

    def _pullback(
        self, node: Node, row: Any, edges: Sequence[Any], ct: Any, mask: Any
    ) -> tuple[list[Any], list[Any]]:
        """Return the cotangents of a row's operands, and where each is selected (None: everywhere)."""
        if node.saved is None:
            raise second_backward(node)
        values: Sequence[Any] = ()
        if node.saved:
            self.spent.append(node)
            values = (
                taped_residuals(node, self.level) if self.taped else residuals(node, self.level)
            )
        if self.level is not ROOT and any(map(interpreted, (ct, *values))):
            introduce_all(node.saved)
        turned = row.kind != "general" and is_complex(ct)
        if turned:
            ct = (
                tuple(None if c is None else conj(c) for c in ct)
                if isinstance(ct, tuple)
                else conj(ct)
            )
        results, tags = silent().run(pulled, node, edges, ct, values, mask)
        if turned:
            results = [g if g is None else conj(g) for g in results]
        return results, tags

    def _send_results(
        self,
        node: Node,
        edges: Sequence[Any],
        ct: Any,
        results: Sequence[Any],
        tags: Sequence[Any] | None,
    ) -> None:
        """Send what came of ``ct`` on; without ``tags`` it is the user's, of a hook or a Function."""
        passed = ct if ct.__class__ in (list, tuple) else (ct,)
        for i, edge in enumerate(edges):
            g = results[i]
            if edge is None or g is None:
                continue
            tag = None if tags is None else tags[i]
            if tag is not None:
                tag = reduced_to(tag, tuple(g.shape), edge.shape)
            g = self._fit(g, edge, node)
            if tags is None:
                self._require_device(g, i, edge, node, passed)
            if self.anomaly:
                check_nan(node, i, g)
            made = tags is not None and g.__class__ is ndarray and g.base is None
            self.send(edge, g, tag, made=made and all(g is not c for c in passed))

    def _fit(self, g: Any, edge: Any, node: Node) -> Any:
        return g if tuple(g.shape) == edge.shape else self._unbroadcast(g, edge, node)

    def _unbroadcast(self, g: Any, edge: Any, node: Node) -> Any:
        shape = edge.shape
        extra = len(g.shape) - len(shape)
        if g.__class__ is ndarray and not shape and self.plain:
            return silent().run(sum_all, g)
        fits = extra >= 0 and all(
            n == m or n == 1 for n, m in zip(shape, g.shape[extra:], strict=True)
        )
        if not fits:
            raise ShapeError(
                f"{node.name()} returned a gradient of shape {shape_text(g.shape)}, but its input has shape "
                f"{shape_text(shape)}. A gradient has the shape of what it is the gradient of."
            )
        return sum_to(g, shape)

    def _require_device(self, g: Any, i: int, edge: Any, node: Node, passed: Sequence[Any]) -> None:
        """Raise DeviceError for a user's gradient of a leaf on another device.

        Of what is no leaf the device is not known. A gradient on another device than the one it came of is a stray:
        leaves that one may reach are looked at as gradients land.
        """
        there = _on_meta(g)
        if edge.__class__ is not GradCell:
            self.strays = self.strays or any(
                c is not None and _on_meta(c) is not there for c in passed
            )
            return
        leaf = edge.tensor()
        if leaf is not None and is_meta(leaf) is not there:
            raise misplaced(f"{node.name()} returned an invalid gradient at index {i}", leaf, there)

    def _filled(self, node: Node, cts: Sequence[Any]) -> tuple[Any, ...]:
        """Replace absent cotangents of a node's floating outputs by zeros."""
        assert node.outputs is not None
        filled = []
        for ct, (shape, dtype) in zip(cts, node.outputs, strict=True):
            if ct is None and dtypes.kind(dtype) in "fc":
                zero: Any = np.zeros(shape, dtype)
                if any(c is not None and c.__class__ not in RAW and is_meta(c) for c in cts):
                    zero = Meta(shape, dtype)
                ct = handle(zero) if self.taped or zero.__class__ is Meta else zero
            filled.append(ct)
        return tuple(filled)

    def _arrived(self, node: Node, ct: Any) -> Any:
        """Run hooks on, retain and capture the finished cotangents of a node's outputs."""
        several = ct.__class__ is list
        slots = ct if several else [ct]
        wanted = self.wanted or {}
        early = not self.lands and self.useful is not None and node.rank in self.useful
        for i, c in enumerate(slots):
            if c is None:
                continue
            key = (node.rank, i) if several else node.rank
            if early and key in wanted:
                self.captured[key] = c
            if node.extra is not None:
                self.owned.discard(key)
                shape = node.shape if node.outputs is None else node.outputs[i][0]
                hooks = node.extra.tensor_hooks.get(i)
                if hooks:
                    with self.user_mode():
                        c = slots[i] = self.value(run_tensor_hooks(hooks, self.own(c), shape))
                cell = node.extra.retained.get(i)
                if cell is not None:
                    self.kept.append((cell, c))
            if key in wanted and not early:
                self.captured[key] = c
        return slots if several else slots[0]

    def user_mode(self) -> AbstractContextManager[None]:
        """Return the grad mode in which hooks and custom backwards run: they record what the rules would.

        Inside a transform that takes gradients the levels outside go on recording.
        """
        if self.taped:
            return enable_grad()  # type: ignore[no-any-return]
        if self.level is ROOT or self.level is state.trace:
            return no_grad()  # type: ignore[no-any-return]
        return nullcontext()

    def own(self, ct: Any) -> Any:
        """Return a cotangent for the user, in memory of its own: a write to it must reach nothing else."""
        return as_tensor(np.array(ct) if ct.__class__ in RAW else ct)

    def _values(self, tensors: Sequence[Any], like: Any) -> Any:
        """Return hooked gradients as the walk carries them, in the form in which they came."""
        values = [None if g is None else self.value(g) for g in tensors]
        if isinstance(like, tuple):
            return tuple(values)
        return values if isinstance(like, list) else values[0]

    def value(self, tensor: Any) -> Any:
        """Return a user's tensor as the walk carries cotangents: as it is when taped, else what lies beneath."""
        if self.taped:
            return tensor
        if tensor._edge is not None and tensor._level is not self.level:
            return tensor
        if self.level is not ROOT:
            introduce_all((tensor,))
        return beneath(tensor)

    def reaches(self, edges: Iterable[Any]) -> list[bool]:
        """Say of each edge whether a cotangent is to arrive there."""
        found = reached(self.starts)
        return [edge_key(edge) in found and self._leads_on(edge) for edge in edges]

    def _leads_on(self, edge: Any) -> bool:
        """Say whether something wanted lies at or behind ``edge``."""
        if edge is None:
            return False
        if self.useful is None:
            return True
        assert self.wanted is not None
        return leads_on(edge, self.useful, self.wanted)


def _on_meta(ct: Any) -> bool:
    return ct.__class__ not in RAW and is_meta(ct)


def captured(walk: Walk, edge: Any) -> Any:
    """Return what a walk captured at ``edge``, or None."""
    return walk.captured.get(edge_key(edge))


__all__ = ["Walk", "captured"]

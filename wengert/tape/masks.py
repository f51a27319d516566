"""Structural masks: where the forward selected a value, so that an unselected branch gives exactly zero.

A mask starts at rows that select, and travels with a cotangent for as long as positions can be followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from wengert.rules.elementwise import keep_where
from wengert.rules.structural import any_to, broadcast_to
from wengert.tape.node import Node

FAR: Final = 4
"""How many rows to look ahead for one to which a mask matters; behind more, it is taken to matter."""


def pulled(
    node: Node, edges: Sequence[Any], ct: Any, values: Sequence[Any], mask: Any
) -> tuple[list[Any], list[Any]]:
    """Return what the rules of a node's row make of ``ct``, and where each result is selected, if that matters.

    ``mask`` says where ``ct`` is selected. In all masks, None stands for everywhere.
    """
    row: Any = node.row
    if row.together is not None:
        return list(row.together.pull(ct, values, node.params, node.shapes, 0)), [None] * len(edges)
    results: list[Any] = []
    masks: list[Any] = []
    for i, edge in enumerate(edges):
        g = behind = None
        if edge is not None:
            g = row.rule(i).pull(ct, values, node.params, node.shapes, i)
            if mask is not None and row.sharp:
                g = keep_where(g, mask)
            if _selects(row, i, mask) and matters(edge, FAR):
                behind = _mask_behind(node, row, i, values, mask)
        results.append(g)
        masks.append(behind)
    return results, masks


def _selects(row: Any, i: int, mask: Any) -> bool:
    """Say whether an operand's cotangent has a mask."""
    if mask is not None:
        return bool(row.carries)
    return row.selects is not None and i in row.selects


def _mask_behind(node: Node, row: Any, i: int, values: Sequence[Any], mask: Any) -> Any:
    """Return where the cotangent of an operand is selected, given where the node's is."""
    if row.masks is None:
        return mask
    if node.outputs is None:
        given = _everywhere(node.shape) if mask is None else mask
    else:
        parts = mask or (None,) * len(node.outputs)
        given = tuple(
            _everywhere(shape) if part is None else part
            for part, (shape, _) in zip(parts, node.outputs, strict=True)
        )
    return row.mask_rule(i).pull(given, values, node.params, node.shapes, i)


_TRUE: Final = np.ones((), np.bool_)


def _everywhere(shape: tuple[int, ...]) -> Any:
    """Return a mask that is true everywhere: a constant under every carrier, and so an array, of one element."""
    return np.broadcast_to(_TRUE, shape)


def arrived_mask(masks: dict[Any, Any], node: Node, ct: Any) -> Any:
    """Take the mask of what arrived at a node out of ``masks``: for several outputs a tuple.

    A hook that may put another gradient in its place takes the mask away.
    """
    if not masks:
        return None
    rank, mask = node.rank, None
    if ct.__class__ is not list:
        mask = masks.pop(rank, None)
    else:
        parts = [masks.pop((rank, i), None) for i in range(len(ct))]
        if any(part is not None for part in parts):
            assert node.outputs is not None
            mask = tuple(
                np.zeros(shape, np.bool_) if c is None else part
                for c, part, (shape, _) in zip(ct, parts, node.outputs, strict=True)
            )
    return None if node.extra is not None and node.extra.may_replace else mask


def matters_behind(node: Node) -> bool:
    """Say whether masks sent on from ``node`` could turn anything into zero."""
    for edge in node.edges:
        if edge is not None and matters(edge, FAR):
            return True
    return False


def matters(edge: Any, far: int) -> bool:
    """Say whether a mask sent to ``edge`` could turn anything into zero, looking ``far`` rows ahead.

    Only a sharp row can make NaN of a zero, and a mask reaches it through rows that carry masks: not through a product
    of matrices, which is what usually stands behind a relu. The answer depends on the edge alone, so of several
    cotangents that meet there either all have their masks or none has.
    """
    row = edge.row
    if row is None or not row.carries:
        return False
    if row.sharp or not far:
        return True
    for behind in edge.edges:
        if behind is not None and matters(behind, far - 1):
            return True
    return False


def reduced_to(mask: Any, of: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """Return where anything was selected once a cotangent of shape ``of`` is summed down to ``shape``."""
    if mask.shape != of:
        mask = broadcast_to(mask, shape=of)
    return mask if of == shape else any_to(mask, shape)

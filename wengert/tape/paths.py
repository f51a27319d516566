"""Which edges are which, and which nodes lie on the way to them. Looks at the graph only, not at what travels on it."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

from wengert.tape.node import Node, Output, edge_node
from wengert.tape.storage import GradCell


def edge_key(edge: Any) -> Any:
    """Return what identifies an edge: a leaf's cell, a node's rank, or rank and number of one output of several."""
    if edge.__class__ is Output:
        return edge.node.rank, edge.index
    return edge if edge.__class__ is GradCell else edge.rank


def leads_on(edge: Any, useful: set[int], wanted: Container[Any]) -> bool:
    """Say whether something wanted lies at or behind ``edge``, given the ranks of the nodes that lead there."""
    node, _ = edge_node(edge)
    return edge_key(edge) in wanted or (node is not None and node.rank in useful)


def on_the_way(edges: Sequence[Any], wanted: Container[Any]) -> set[int]:
    """Return the ranks of the nodes on a path from ``edges`` to an edge whose key is wanted."""
    seen: dict[int, Node] = {}
    stack = [edge_node(edge)[0] for edge in edges]
    while stack:
        node = stack.pop()
        if node is not None and node.rank not in seen:
            seen[node.rank] = node
            stack.extend(edge_node(edge)[0] for edge in node.edges)
    useful: set[int] = set()
    for rank in sorted(seen, reverse=True):
        if any(edge is not None and leads_on(edge, useful, wanted) for edge in seen[rank].edges):
            useful.add(rank)
    return useful


def reached(edges: Sequence[Any]) -> set[Any]:
    """Return the keys of ``edges`` and of all edges behind them."""
    found = set()
    stack = [edge for edge in edges if edge is not None]
    walked: set[int] = set()
    while stack:
        edge = stack.pop()
        found.add(edge_key(edge))
        node, _ = edge_node(edge)
        if node is not None and node.rank not in walked:
            walked.add(node.rank)
            stack.extend(behind for behind in node.edges if behind is not None)
    return found

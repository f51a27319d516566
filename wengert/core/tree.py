"""Nested tuples, lists and dicts of leaves, flattened and rebuilt. Knows no tensors: a leaf is anything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Rebuild = Callable[[Iterator[Any]], Any]


def flatten(tree: Any) -> tuple[list[Any], Rebuild]:
    """Return the leaves in order, and a function that builds the same tree from other leaves.

    >>> leaves, rebuild = flatten((1, {"a": [2, 3]}))
    >>> leaves, rebuild(iter([10, 20, 30]))
    ([1, 2, 3], (10, {'a': [20, 30]}))
    """
    leaves: list[Any] = []
    return leaves, _flatten_into(tree, leaves)


def _flatten_into(tree: Any, leaves: list[Any]) -> Rebuild:
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        parts = [_flatten_into(t, leaves) for t in tree]
        cls = type(tree)
        return lambda it: cls(*[part(it) for part in parts])
    if isinstance(tree, list | tuple):
        parts = [_flatten_into(t, leaves) for t in tree]
        kind: type = list if isinstance(tree, list) else tuple
        return lambda it: kind(part(it) for part in parts)
    if isinstance(tree, dict):
        named = [(key, _flatten_into(t, leaves)) for key, t in tree.items()]
        return lambda it: {key: part(it) for key, part in named}
    leaves.append(tree)
    return next


def tree_map(fn: Callable[[Any], Any], tree: Any) -> Any:
    """Apply ``fn`` to every leaf.

    >>> tree_map(lambda n: n + 1, {"a": (1, 2)})
    {'a': (2, 3)}
    """
    leaves, rebuild = flatten(tree)
    return rebuild(iter([fn(leaf) for leaf in leaves]))

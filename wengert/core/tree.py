"""Nested containers and values of registered classes, flattened and rebuilt. Knows no tensors: all else is a leaf."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

Rebuild = Callable[[Iterator[Any]], Any]


class Kind(NamedTuple):
    """How values of one class are taken apart and put together.

    ``flatten_fn(value)`` returns its parts and a context, ``unflatten_fn(parts, context)`` the value again, and
    ``flatten_with_keys_fn(value)`` pairs of a key and a part, and the context.
    """

    type: Any
    flatten_fn: Callable[[Any], tuple[Any, Any]]
    unflatten_fn: Callable[[Iterable[Any], Any], Any]
    flatten_with_keys_fn: Callable[[Any], tuple[Any, Any]] | None = None


def _mapping(make: Callable[[Any], Any]) -> Callable[[Iterable[Any], Any], Any]:
    return lambda parts, keys: make(zip(keys, parts, strict=True))


KINDS: dict[Any, Kind] = {
    tuple: Kind(tuple, lambda x: (list(x), None), lambda parts, _: tuple(parts)),
    list: Kind(list, lambda x: (x, None), lambda parts, _: list(parts)),
    dict: Kind(dict, lambda d: (list(d.values()), list(d)), _mapping(dict)),
    OrderedDict: Kind(OrderedDict, lambda d: (list(d.values()), list(d)), _mapping(OrderedDict)),
    defaultdict: Kind(
        defaultdict,
        lambda d: (list(d.values()), [d.default_factory, list(d)]),
        lambda parts, context: defaultdict(context[0], zip(context[1], parts, strict=True)),
    ),
    deque: Kind(
        deque, lambda d: (list(d), d.maxlen), lambda parts, maxlen: deque(parts, maxlen=maxlen)
    ),
    namedtuple: Kind(namedtuple, lambda x: (list(x), type(x)), lambda parts, cls: cls(*parts)),
}
"""What is a tree, by the exact class; named tuples of all classes stand under the function that makes them."""


def flatten(tree: Any) -> tuple[list[Any], Rebuild]:
    """Return the leaves in order, and a function that builds the same tree from other leaves.

    >>> leaves, rebuild = flatten((1, {"a": [2, 3]}))
    >>> leaves, rebuild(iter([10, 20, 30]))
    ([1, 2, 3], (10, {'a': [20, 30]}))
    """
    leaves: list[Any] = []
    return leaves, _flatten_into(tree, leaves)


def _flatten_into(tree: Any, leaves: list[Any]) -> Rebuild:
    kind = KINDS.get(tree.__class__)
    if kind is not None:
        unflatten = kind.unflatten_fn
        children, context = kind.flatten_fn(tree)
        parts = [_flatten_into(t, leaves) for t in children]
        return lambda it: unflatten([part(it) for part in parts], context)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        parts = [_flatten_into(t, leaves) for t in tree]
        cls = type(tree)
        return lambda it: cls(*[part(it) for part in parts])
    for base in (list, tuple, dict):
        if isinstance(tree, base):
            return _flatten_into(base(tree), leaves)
    leaves.append(tree)
    return next


def leaf_paths(tree: Any, at: str) -> Iterator[str]:
    """Give for each leaf, in order, where in the tree it is: ``at`` and the keys that lead there.

    Within values of registered classes, which have no keys, that is where the value is.

    >>> list(leaf_paths((1, {"a": [2, 3]}), "x"))
    ['x[0]', "x[1]['a'][0]", "x[1]['a'][1]"]
    """
    if isinstance(tree, dict):
        pairs: Iterable[tuple[Any, Any]] = tree.items()
    elif isinstance(tree, list | tuple | deque):
        pairs = enumerate(tree)
    else:
        yield from [at] * len(flatten(tree)[0])
        return
    for key, part in pairs:
        yield from leaf_paths(part, f"{at}[{key!r}]")


def tree_map(fn: Callable[[Any], Any], tree: Any) -> Any:
    """Apply ``fn`` to every leaf.

    >>> tree_map(lambda n: n + 1, {"a": (1, 2)})
    {'a': (2, 3)}
    """
    leaves, rebuild = flatten(tree)
    return rebuild(iter([fn(leaf) for leaf in leaves]))

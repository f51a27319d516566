"""Trees of containers and leaves, under PyTorch's names: flattened with a description, mapped, and paths into them.

A tuple, list, dict, named tuple, `OrderedDict`, `defaultdict`, `deque` or value of a registered class is a node, by its
exact class. Anything else is a leaf. Registered classes are nodes for the transforms of `torch.func` too.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from wengert.core.tree import KINDS, Kind
from wengert.errors import refuser
from wengert.utils.treespec import *
from wengert.utils.treespec import LEAF
from wengert.utils.treespec import _deregister_pytree_node as _deregister_pytree_node
from wengert.utils.treespec import _register_pytree_node as _register_pytree_node
from wengert.utils.treespec_text import *
from wengert.utils.treespec_text import _register_namedtuple as _register_namedtuple

__all__ = [
    "Context", "GetAttrKey", "LeafSpec", "MappingKey", "PyTree", "PyTreeSpec", "SequenceKey", "TreeSpec",
    "is_namedtuple", "is_namedtuple_class", "is_namedtuple_instance", "key_get", "keystr", "register_pytree_node",
    "tree_all", "tree_all_only", "tree_any", "tree_any_only", "tree_flatten", "tree_flatten_with_path", "tree_is_leaf",
    "tree_iter", "tree_leaves", "tree_leaves_with_path", "tree_map", "tree_map_", "tree_map_only", "tree_map_only_",
    "tree_map_with_path", "tree_structure", "tree_unflatten", "treespec_dumps", "treespec_loads",
    "treespec_pprint",
]  # fmt: skip

PyTree = Any
Context = Any
IsLeaf = Callable[[Any], bool] | None
PyTreeSpec = TreeSpec
NodeDef = Kind
SUPPORTED_NODES = KINDS


def tree_is_leaf(tree: Any, is_leaf: IsLeaf = None) -> bool:
    """Say whether a tree is one leaf."""
    return (is_leaf is not None and is_leaf(tree)) or kind_of(tree) is None


def tree_iter(tree: Any, is_leaf: IsLeaf = None) -> Iterator[Any]:
    """Yield the leaves in order."""
    kind = None if is_leaf is not None and is_leaf(tree) else kind_of(tree)
    if kind is None:
        yield tree
        return
    for part in kind.flatten_fn(tree)[0]:
        yield from tree_iter(part, is_leaf)


def tree_leaves(tree: Any, is_leaf: IsLeaf = None) -> list[Any]:
    """Return the leaves in order."""
    return list(tree_iter(tree, is_leaf))


def tree_structure(tree: Any, is_leaf: IsLeaf = None) -> TreeSpec:
    """Return the description of a tree."""
    return tree_flatten(tree, is_leaf)[1]


def tree_flatten(tree: Any, is_leaf: IsLeaf = None) -> tuple[list[Any], TreeSpec]:
    """Return the leaves in order and the description of a tree; ``is_leaf(part)`` makes more leaves.

    >>> from wengert.utils import _pytree
    >>> leaves, spec = _pytree.tree_flatten((1, {"a": 2}))
    >>> leaves, spec.num_leaves
    ([1, 2], 2)
    >>> _pytree.tree_unflatten([3, 4], spec)
    (3, {'a': 4})
    """
    leaves: list[Any] = []
    return leaves, _flattened(tree, leaves, is_leaf)


def _flattened(tree: Any, leaves: list[Any], is_leaf: IsLeaf) -> TreeSpec:
    kind = None if is_leaf is not None and is_leaf(tree) else kind_of(tree)
    if kind is None:
        leaves.append(tree)
        return LEAF
    parts, context = kind.flatten_fn(tree)
    return TreeSpec(kind.type, context, [_flattened(p, leaves, is_leaf) for p in parts])


def tree_unflatten(leaves: Iterable[Any], treespec: Any) -> Any:
    """Return the tree of a description with other leaves.

    TypeError for what is no description, ValueError for more or fewer leaves than it has.
    """
    if not isinstance(treespec, TreeSpec):
        raise TypeError(
            f"tree_unflatten(leaves, treespec): Expected `treespec` to be instance of PyTreeSpec but got item of type "
            f"{type(treespec)}."
        )
    return treespec.unflatten(leaves)


def tree_map(func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: IsLeaf = None) -> Any:
    """Return a tree of what ``func`` makes of each leaf, and of the parts of other trees in its place.

    ValueError where the others do not have the first one's structure.

    >>> from wengert.utils import _pytree
    >>> _pytree.tree_map(lambda x, y: x + y, [1, (2,)], [10, (20,)])
    [11, (22,)]
    """
    leaves, spec = tree_flatten(tree, is_leaf)
    return spec.unflatten(map(func, leaves, *[spec.flatten_up_to(r) for r in rests]))


def tree_map_(func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: IsLeaf = None) -> Any:
    """Call ``func`` as `tree_map` does, and return the tree itself."""
    tree_map(func, tree, *rests, is_leaf=is_leaf)
    return tree


def map_only(type_or_types_or_pred: Any, /) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:  # fmt: skip
    """Return a decorator: the function leaves alone what is not of some types, or does not fulfil a condition."""
    asked = type_or_types_or_pred
    if isinstance(asked, type | tuple | types.UnionType):
        holds: Callable[[Any], bool] = lambda x: isinstance(x, asked)  # noqa: E731
    elif callable(asked):
        holds = asked
    else:
        raise TypeError("map_only: Argument must be a type, a tuple of types, or a callable.")

    def decorate(func: Callable[[Any], Any]) -> Callable[[Any], Any]:
        @functools.wraps(func)
        def only(x: Any) -> Any:
            return func(x) if holds(x) else x

        return only

    return decorate


def tree_map_only(
    type_or_types_or_pred: Any, /, func: Callable[[Any], Any], tree: Any, is_leaf: IsLeaf = None
) -> Any:  # fmt: skip
    """Apply ``func`` to the leaves of some types, or that fulfil a condition, and leave the others as they are.

    >>> from wengert.utils import _pytree
    >>> _pytree.tree_map_only(int, lambda n: -n, [1, "a", (2.5, 3)])
    [-1, 'a', (2.5, -3)]
    """
    return tree_map(map_only(type_or_types_or_pred)(func), tree, is_leaf=is_leaf)


def tree_map_only_(
    type_or_types_or_pred: Any, /, func: Callable[[Any], Any], tree: Any, is_leaf: IsLeaf = None
) -> Any:  # fmt: skip
    """Call ``func`` as `tree_map_only` does, and return the tree itself."""
    return tree_map_(map_only(type_or_types_or_pred)(func), tree, is_leaf=is_leaf)


def tree_all(pred: Callable[[Any], bool], tree: Any, is_leaf: IsLeaf = None) -> bool:
    """Say whether all leaves fulfil a condition."""
    return all(map(pred, tree_iter(tree, is_leaf)))


def tree_any(pred: Callable[[Any], bool], tree: Any, is_leaf: IsLeaf = None) -> bool:
    """Say whether a leaf fulfils a condition."""
    return any(map(pred, tree_iter(tree, is_leaf)))


def tree_all_only(
    type_or_types: Any, /, pred: Callable[[Any], bool], tree: Any, is_leaf: IsLeaf = None
) -> bool:  # fmt: skip
    """Say whether all leaves of some types fulfil a condition."""
    return all(pred(x) for x in tree_iter(tree, is_leaf) if isinstance(x, type_or_types))


def tree_any_only(
    type_or_types: Any, /, pred: Callable[[Any], bool], tree: Any, is_leaf: IsLeaf = None
) -> bool:  # fmt: skip
    """Say whether a leaf of some types fulfils a condition."""
    return any(pred(x) for x in tree_iter(tree, is_leaf) if isinstance(x, type_or_types))


def _broadcast_to_and_flatten(tree: Any, treespec: TreeSpec, is_leaf: IsLeaf = None) -> Any:
    """Return a tree's leaves, each as often as the other tree has leaves in its place; None where it does not fit."""
    found: list[Any] = []

    def repeat(x: Any, part: Any) -> None:
        found.extend([x] * len(tree_leaves(part, is_leaf)))

    try:
        tree_map_(repeat, tree, treespec.unflatten([0] * treespec.num_leaves), is_leaf=is_leaf)
    except ValueError:
        return None
    return found


def arg_tree_leaves(*args: Any, **kwargs: Any) -> list[Any]:
    """Return the leaves of all arguments."""
    return tree_leaves([*args, *kwargs.values()])


def tree_flatten_with_path(
    tree: Any, is_leaf: IsLeaf = None
) -> tuple[list[tuple[Any, Any]], TreeSpec]:
    """Return the leaves, each with the path to it, and the description of a tree."""
    return tree_leaves_with_path(tree, is_leaf), tree_structure(tree, is_leaf)


def tree_leaves_with_path(tree: Any, is_leaf: IsLeaf = None) -> list[tuple[Any, Any]]:
    """Return pairs of a path, a tuple of keys, and the leaf that it leads to.

    >>> from wengert.utils import _pytree
    >>> [(_pytree.keystr(path), leaf) for path, leaf in _pytree.tree_leaves_with_path({"a": [1, 2]})]
    [("['a'][0]", 1), ("['a'][1]", 2)]
    """
    return list(_paths((), tree, is_leaf))


def _paths(path: tuple[Any, ...], tree: Any, is_leaf: IsLeaf) -> Iterator[tuple[Any, Any]]:
    kind = None if is_leaf is not None and is_leaf(tree) else kind_of(tree)
    if kind is None:
        yield path, tree
        return
    if kind.flatten_with_keys_fn is None:
        raise ValueError(
            f"Did not find a flatten_with_keys_fn for type: {kind.type}. Please pass a flatten_with_keys_fn argument "
            f"to register_pytree_node."
        )
    for key, part in kind.flatten_with_keys_fn(tree)[0]:
        yield from _paths((*path, key), part, is_leaf)


def tree_map_with_path(
    func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: IsLeaf = None
) -> Any:
    """Apply ``func(path, leaf, ...)`` as `tree_map` does."""
    pairs, spec = tree_flatten_with_path(tree, is_leaf)
    others = [spec.flatten_up_to(r) for r in rests]
    return spec.unflatten([func(*pair, *more) for pair, *more in zip(pairs, *others, strict=True)])


def keystr(kp: Any) -> str:
    """Spell a path as Python does: ``['a'][0].name``."""
    return "".join(map(str, kp))


def key_get(obj: Any, kp: Any) -> Any:
    """Return what a path leads to."""
    for key in kp:
        obj = key.get(obj)
    return obj


class _Asterisk(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return "*"


def treespec_pprint(treespec: TreeSpec) -> str:
    """Show a tree with ``*`` for each leaf."""
    return repr(treespec.unflatten([_Asterisk("*")] * treespec.num_leaves))


__getattr__ = refuser(__name__, "torch.utils._pytree")

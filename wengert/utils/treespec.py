"""What the nodes of trees are under PyTorch's names: their classes, keys of paths, and descriptions of whole trees."""

from __future__ import annotations

import warnings
from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from wengert.core.tree import KINDS, Kind

__all__ = [
    "GetAttrKey", "LeafSpec", "MappingKey", "SequenceKey", "TreeSpec", "is_namedtuple", "is_namedtuple_class",
    "is_namedtuple_instance", "kind_of", "register_pytree_node",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class SequenceKey:
    """The step of a path into a sequence."""

    idx: int

    def __str__(self) -> str:
        return f"[{self.idx!r}]"

    def get(self, sequence: Any) -> Any:
        """Return what the step leads to."""
        return sequence[self.idx]


@dataclass(frozen=True, slots=True)
class MappingKey:
    """The step of a path into a mapping."""

    key: Any

    def __str__(self) -> str:
        return f"[{self.key!r}]"

    def get(self, mapping: Any) -> Any:
        """Return what the step leads to."""
        return mapping[self.key]


@dataclass(frozen=True, slots=True)
class GetAttrKey:
    """The step of a path to an attribute."""

    name: str

    def __str__(self) -> str:
        return f".{self.name}"

    def get(self, obj: Any) -> Any:
        """Return what the step leads to."""
        return getattr(obj, self.name)


def is_namedtuple(obj: Any) -> bool:
    """Say whether something is a named tuple or a class of named tuples."""
    return is_namedtuple_class(obj if isinstance(obj, type) else type(obj))


def is_namedtuple_instance(obj: Any) -> bool:
    """Say whether something is a named tuple."""
    return is_namedtuple_class(type(obj))


def is_namedtuple_class(cls: Any) -> bool:
    """Say whether something is a class of named tuples."""
    fields = getattr(cls, "_fields", None)
    return (
        isinstance(cls, type)
        and issubclass(cls, tuple)
        and isinstance(fields, tuple)
        and all(type(field) is str for field in fields)
        and callable(getattr(cls, "_make", None))
        and callable(getattr(cls, "_asdict", None))
    )


def _numbered(kind: Kind) -> Callable[[Any], tuple[Any, Any]]:
    def with_keys(value: Any) -> tuple[Any, Any]:
        parts, context = kind.flatten_fn(value)
        return [(SequenceKey(i), part) for i, part in enumerate(parts)], context

    return with_keys


def _mapped(kind: Kind) -> Callable[[Any], tuple[Any, Any]]:
    def with_keys(value: Any) -> tuple[Any, Any]:
        parts, context = kind.flatten_fn(value)
        return [(MappingKey(key), part) for key, part in zip(value, parts, strict=True)], context

    return with_keys


def _named(kind: Kind) -> Callable[[Any], tuple[Any, Any]]:
    def with_keys(value: Any) -> tuple[Any, Any]:
        pairs = zip(type(value)._fields, value, strict=True)
        return [(GetAttrKey(name), part) for name, part in pairs], type(value)

    return with_keys


DICTS: Final = (dict, OrderedDict, defaultdict)
for _cls in (tuple, list, deque, *DICTS, namedtuple):
    _keyed = _mapped if _cls in DICTS else _named if _cls is namedtuple else _numbered
    KINDS[_cls] = KINDS[_cls]._replace(flatten_with_keys_fn=_keyed(KINDS[_cls]))


class Serialized(NamedTuple):
    """How a class of nodes stands in texts: its name, and how its context goes into JSON and comes back."""

    name: str
    to_dumpable: Callable[[Any], Any] | None
    from_dumpable: Callable[[Any], Any] | None


SERIALIZED: Final[dict[type, Serialized]] = {}


def kind_of(tree: Any) -> Kind | None:
    """Return how a node is taken apart; None for a leaf."""
    cls = type(tree)
    found = KINDS.get(cls)
    return KINDS[namedtuple] if found is None and is_namedtuple_class(cls) else found


def register_pytree_node(
    cls: type, flatten_fn: Callable[[Any], tuple[Any, Any]], unflatten_fn: Callable[[Iterable[Any], Any], Any], *,
    serialized_type_name: str | None = None, to_dumpable_context: Any = None, from_dumpable_context: Any = None,
    flatten_with_keys_fn: Callable[[Any], tuple[Any, Any]] | None = None,
) -> None:  # fmt: skip
    """Make values of a class nodes: ``flatten_fn(value)`` is ``(children, context)``, ``unflatten_fn`` its inverse.

    ``flatten_with_keys_fn(value)`` is ``([(key, child), ...], context)``, for paths. ``serialized_type_name`` is the
    class's name in the texts of `treespec_dumps`, and the two functions turn its context into what JSON can hold, and
    back. ValueError for a class that is a node already.

    >>> from wengert.utils import _pytree
    >>> class Pair:
    ...     def __init__(self, a, b):
    ...         self.a, self.b = a, b
    >>> _pytree.register_pytree_node(Pair, lambda p: ([p.a, p.b], None), lambda parts, _: Pair(*parts))
    >>> _pytree.tree_leaves({"x": Pair(1, 2), "y": 3})
    [1, 2, 3]
    """
    if cls in KINDS:
        raise ValueError(f"{cls} is already registered as pytree node.")
    _register_pytree_node(
        cls, flatten_fn, unflatten_fn, serialized_type_name=serialized_type_name,
        to_dumpable_context=to_dumpable_context, from_dumpable_context=from_dumpable_context,
        flatten_with_keys_fn=flatten_with_keys_fn,
    )  # fmt: skip


def _register_pytree_node(
    cls: type, flatten_fn: Callable[[Any], tuple[Any, Any]], unflatten_fn: Callable[[Iterable[Any], Any], Any],
    to_str_fn: Any = None, maybe_from_str_fn: Any = None, *, serialized_type_name: str | None = None,
    to_dumpable_context: Any = None, from_dumpable_context: Any = None,
    flatten_with_keys_fn: Callable[[Any], tuple[Any, Any]] | None = None,
) -> None:  # fmt: skip
    """Do the same under the older name, with a warning instead of an error for a class that is a node already."""
    if (to_dumpable_context is None) != (from_dumpable_context is None):
        raise ValueError(
            f"Both to_dumpable_context and from_dumpable_context for {cls} must be None or registered."
        )
    if cls in KINDS:
        warnings.warn(
            f"{cls} is already registered as pytree node. Overwriting the previous registration.",
            stacklevel=2,
        )
    KINDS[cls] = Kind(cls, flatten_fn, unflatten_fn, flatten_with_keys_fn)
    SERIALIZED.pop(cls, None)
    if serialized_type_name is not None:
        SERIALIZED[cls] = Serialized(
            serialized_type_name, to_dumpable_context, from_dumpable_context
        )


def _deregister_pytree_node(cls: type) -> None:
    del KINDS[cls]
    SERIALIZED.pop(cls, None)


class TreeSpec:
    """What a tree is without its leaves: the type and context of its root, and the descriptions of its children.

    ``type`` is None for a leaf, which prints as ``*``. Equal for trees of the same structure.
    """

    __slots__ = ("_children", "_context", "num_children", "num_leaves", "num_nodes", "type")

    num_leaves: int
    num_nodes: int

    def __init__(self, type: Any, context: Any, children_specs: list[TreeSpec]) -> None:
        self.type, self._context, self._children = type, context, children_specs
        self.num_children = len(children_specs)
        self.num_nodes = 1 + sum(child.num_nodes for child in children_specs)
        self.num_leaves = 1 if type is None else sum(child.num_leaves for child in children_specs)

    @property
    def context(self) -> Any:
        """What else the root needs to be put together again."""
        return self._context

    @property
    def children_specs(self) -> list[TreeSpec]:
        """The descriptions of the children."""
        return self._children

    def children(self) -> list[TreeSpec]:
        """Return the descriptions of the children."""
        return list(self._children)

    def child(self, index: int) -> TreeSpec:
        """Return the description of one child."""
        return self._children[index]

    def is_leaf(self) -> bool:
        """Say whether the tree is one leaf."""
        return self.type is None

    def __repr__(self, indent: int = 0) -> str:
        if self.type is None:
            return "*"
        indent += 2
        shown = f",\n{' ' * indent}".join(child.__repr__(indent) for child in self._children)
        return f"TreeSpec({self.type.__name__}, {self._context}, [{shown}])"

    def __eq__(self, other: Any) -> Any:
        if not isinstance(other, TreeSpec):
            return NotImplemented
        mine, its = ((s.type, s._context, s._children) for s in (self, other))
        return mine == its

    def __hash__(self) -> int:
        return hash((self.type, tuple(self._children)))

    def flatten_up_to(self, tree: Any) -> list[Any]:
        """Return the parts of a tree where this one has leaves; ValueError where it does not reach so far."""
        found: list[Any] = []
        self._collect(tree, found)
        return found

    def _collect(self, tree: Any, found: list[Any]) -> None:
        if self.type is None:
            found.append(tree)
            return
        for child, part in zip(self._children, self._parts(tree), strict=True):
            child._collect(part, found)

    def _parts(self, tree: Any) -> Any:
        """Return the children of a node that has to be like this one's root."""
        kind = kind_of(tree)
        its = type(tree) if kind is None else kind.type
        if self.type in DICTS and its in DICTS:
            keys = self._context[1] if self.type is defaultdict else self._context
            if set(tree) != set(keys):
                missing, extra = set(keys) - set(tree), set(tree) - set(keys)
                told = f"; missing key(s): {missing}" * bool(missing)
                told += f"; extra key(s): {extra}" * bool(extra)
                raise ValueError(f"Node keys mismatch{told}.")
            return [tree[key] for key in keys]
        if kind is None or its is not self.type:
            raise ValueError(f"Node type mismatch; expected {self.type!r}, but got {its!r}.")
        parts, context = kind.flatten_fn(tree)
        parts = list(parts)
        if len(parts) != self.num_children:
            raise ValueError(
                f"Node arity mismatch; expected {self.num_children}, but got {len(parts)}."
            )
        if self.type is not deque and context != self._context:
            raise ValueError(
                f"Node context mismatch for node type {self.type!r}; expected {self._context!r}, but got {context!r}."
            )
        return parts

    def unflatten(self, leaves: Iterable[Any]) -> Any:
        """Return the tree with these leaves; ValueError for more or fewer than it has."""
        given = list(leaves)
        if len(given) != self.num_leaves:
            raise ValueError(
                f"treespec.unflatten(leaves): `leaves` has length {len(given)} but the spec refers to a pytree that "
                f"holds {self.num_leaves} items ({self})."
            )
        return self._built(iter(given))

    def _built(self, leaves: Iterator[Any]) -> Any:
        if self.type is None:
            return next(leaves)
        parts = [child._built(leaves) for child in self._children]
        return KINDS[self.type].unflatten_fn(parts, self._context)


class LeafSpec(TreeSpec):
    """The description of one leaf."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(None, None, [])

    def __eq__(self, other: Any) -> Any:
        return other.is_leaf() if isinstance(other, TreeSpec) else NotImplemented

    def __hash__(self) -> int:
        return hash((None, ()))


LEAF: Final = LeafSpec()

"""Descriptions of trees as JSON text and back, in PyTorch's format (protocol 1). Nothing here knows leaves."""

from __future__ import annotations

import json
import sys
from collections import OrderedDict, defaultdict, deque, namedtuple
from typing import Any, Final

from wengert.utils.treespec import LEAF, SERIALIZED, Serialized, TreeSpec, is_namedtuple_class

__all__ = ["treespec_dumps", "treespec_loads"]

PROTOCOL: Final = 1


def _factory_told(context: Any) -> dict[str, Any]:
    factory, keys = context
    return {
        "default_factory_module": factory.__module__,
        "default_factory_name": factory.__qualname__,
        "dict_context": keys,
    }


def _factory_found(told: Any) -> list[Any]:
    """Return the context of a defaultdict. Only modules that are loaded are looked into: a text loads no code."""
    module = sys.modules.get(told["default_factory_module"])
    found: Any = module
    for name in told["default_factory_name"].split("."):
        found = getattr(found, name, None)
    if found is None:
        raise ValueError(
            f"treespec_loads: there is no `{told['default_factory_module']}.{told['default_factory_name']}`. Import "
            f"its module first."
        )
    return [found, told["dict_context"]]


for _builtin in (tuple, list, dict):
    SERIALIZED[_builtin] = Serialized(f"builtins.{_builtin.__name__}", None, None)
SERIALIZED[OrderedDict] = Serialized("collections.OrderedDict", None, None)
SERIALIZED[deque] = Serialized("collections.deque", None, None)
SERIALIZED[defaultdict] = Serialized("collections.defaultdict", _factory_told, _factory_found)


def treespec_dumps(treespec: TreeSpec, protocol: int | None = None) -> str:
    """Return a description of a tree as JSON text.

    TypeError for what is no description, ValueError for another protocol than 1, NotImplementedError for classes that
    were registered without ``serialized_type_name``.

    >>> from wengert.utils import _pytree
    >>> text = _pytree.treespec_dumps(_pytree.tree_structure({"a": [1, 2]}))
    >>> _pytree.treespec_loads(text)
    TreeSpec(dict, ['a'], [TreeSpec(list, None, [*,
        *])])
    """
    if not isinstance(treespec, TreeSpec):
        raise TypeError(
            f"Expected `treespec` to be an instance of TreeSpec but got item of type {type(treespec)}."
        )
    return json.dumps(
        [_known_protocol(PROTOCOL if protocol is None else protocol), _told(treespec)]
    )


def _known_protocol(protocol: Any) -> Any:
    if protocol != PROTOCOL:
        raise ValueError(f"Unknown protocol {protocol}. Available protocols: [{PROTOCOL}]")
    return protocol


def _told(spec: TreeSpec) -> dict[str, Any]:
    if spec.type is None:
        return {"type": None, "context": None, "children_spec": []}
    cls: Any = spec.context if spec.type is namedtuple else spec.type
    entry = SERIALIZED.get(cls)
    if entry is None:
        way = "_register_namedtuple" if is_namedtuple_class(cls) else "register_pytree_node"
        raise NotImplementedError(
            f"treespec_dumps: {cls} has no name in texts. Register it with `{way}(..., serialized_type_name=...)`."
        )
    if spec.type is namedtuple:
        context: Any = entry.name
    elif entry.to_dumpable is not None:
        context = entry.to_dumpable(spec.context)
    else:
        try:
            context = json.dumps(spec.context)
        except TypeError as error:
            raise TypeError(
                f"treespec_dumps: the context {spec.context!r} of {cls} cannot be written as JSON. Register the class "
                f"with `to_dumpable_context` and `from_dumpable_context`."
            ) from error
    return {
        "type": entry.name,
        "context": context,
        "children_spec": [_told(child) for child in spec.children_specs],
    }


def treespec_loads(serialized: str) -> TreeSpec:
    """Return the description of a tree that `treespec_dumps` wrote.

    ValueError for another protocol, NotImplementedError for names that no class was registered with.
    """
    protocol, schema = json.loads(serialized)
    _known_protocol(protocol)
    return _found(schema)


def _found(schema: Any) -> TreeSpec:
    name = schema["type"]
    if name is None:
        return LEAF
    cls = next((c for c, entry in SERIALIZED.items() if entry.name == name), None)
    if cls is None:
        raise NotImplementedError(
            f"treespec_loads: no class is registered as {name!r}. Register it with `serialized_type_name`."
        )
    entry, context = SERIALIZED[cls], schema["context"]
    if is_namedtuple_class(cls):
        kind, context = namedtuple, cls
    else:
        kind = cls
        context = (
            json.loads(context) if entry.from_dumpable is None else entry.from_dumpable(context)
        )
    return TreeSpec(kind, context, [_found(child) for child in schema["children_spec"]])


def _register_namedtuple(cls: type, *, serialized_type_name: str) -> None:
    """Give a class of named tuples a name in texts."""
    SERIALIZED[cls] = Serialized(serialized_type_name, None, None)

"""`torch.utils._pytree`, and what the transforms make of its nodes."""

from collections import OrderedDict, defaultdict, deque, namedtuple
from importlib import import_module

import pytest

Pair = namedtuple("Pair", "a b")
DEFAULT = defaultdict(list, {"x": 1, "y": [2]})


class Box:
    def __init__(self, *parts):
        self.parts = parts

    def __repr__(self):
        return f"Box{self.parts}"


class Dict(dict):
    pass


def tools(torch):
    T = import_module(f"{torch.__name__}.utils._pytree")
    if Box not in T.SUPPORTED_NODES:
        T.register_pytree_node(Box, lambda b: (list(b.parts), len(b.parts)), lambda x, _: Box(*x))
    return T


TREES = {
    "leaf": "3",
    "tuple": "(1, (2, 3), ())",
    "list": "[1, [2, [3]], []]",
    "dict": "{'b': 1, 'a': {'c': 2}}",
    "mixed": "[1, (2, {'x': [3, None]}), 'text']",
    "named": "Pair(1, Pair([2], 3))",
    "ordered": "OrderedDict([('b', 1), ('a', (2,))])",
    "default": "DEFAULT",
    "deque": "deque([1, (2, 3)], maxlen=5)",
    "box": "[Box(1, Box(2)), 3]",
    "subclass": "[Dict(a=1), 2]",
    "empty": "()",
}


@pytest.mark.parametrize("name", TREES)
def test_trees(torch, name):
    T = tools(torch)
    tree = eval(TREES[name])
    leaves, spec = T.tree_flatten(tree)
    again = T.tree_unflatten(leaves, spec)
    paths = None if name == "box" else [T.keystr(p) for p, _ in T.tree_leaves_with_path(tree)]
    got = (
        None
        if paths is None
        else [repr(T.key_get(tree, p)) for p, _ in T.tree_flatten_with_path(tree)[0]]
    )
    few = T.tree_leaves(tree, is_leaf=lambda x: isinstance(x, list))
    return (
        repr(leaves), repr(spec), repr(again), type(again).__name__, spec.num_leaves, spec.num_nodes,
        spec.num_children, spec.is_leaf(), spec == T.tree_structure(again), repr(few), paths, got,
        T.treespec_pprint(spec), repr(T.tree_map(lambda x: [x, x], tree)), T.tree_is_leaf(tree),
        repr(list(T.tree_iter(tree))), [repr(c) for c in spec.children()], hash(spec) == hash(T.tree_structure(again)),
    )  # fmt: skip


CALLS = {
    "several trees": "T.tree_map(lambda x, y, z: x + y + z, [1, (2,)], [10, (20,)], [100, (200,)])",
    "a longer one": "T.tree_map(lambda x, y: (x, y), [1, 2], [(3, 4), {'a': 5}])",
    "dicts in other orders": "T.tree_map(lambda x, y: x - y, {'a': 1, 'b': 2}, OrderedDict(b=20, a=10))",
    "in place": "(lambda seen: (T.tree_map_(seen.append, [1, {'a': 2}]), seen))([])",
    "only": "T.tree_map_only(int, lambda x: -x, [1, 'a', {'b': (2.0, 3)}])",
    "only of types": "T.tree_map_only((int, str), lambda x: x * 2, [1, 'a', 2.0])",
    "only of a union": "T.tree_map_only(int | str, lambda x: x * 2, [1, 'a', 2.0])",
    "only where": "T.tree_map_only(lambda x: x > 1, lambda x: -x, [1, 2, (3,)])",
    "only in place": "(lambda seen: (T.tree_map_only_(str, seen.append, [1, {'a': 'b'}]), seen))([])",
    "map only": "T.map_only(int)(lambda x: x + 1)(3), T.map_only(int)(lambda x: x + 1)('a')",
    "all": "T.tree_all(bool, [1, (2, 0)]), T.tree_all(bool, [1, (2,)]), T.tree_any(bool, [0, ()])",
    "all only": "T.tree_all_only(int, bool, [1, '']), T.tree_any_only(str, bool, [1, ''])",
    "with path": "T.tree_map_with_path(lambda p, x: (T.keystr(p), x), {'a': [1, 2]})",
    "with path and more": "T.tree_map_with_path(lambda p, x, y: (T.keystr(p), x, y), {'a': [1]}, {'a': [2]})",
    "broadcast": "T._broadcast_to_and_flatten((0, None), T.tree_structure(([1, 2], {'a': 3})))",
    "broadcast that fits not": "T._broadcast_to_and_flatten((0, None), T.tree_structure([1, 2]))",
    "broadcast of one": "T._broadcast_to_and_flatten(0, T.tree_structure(([1, 2], {'a': 3})))",
    "arguments": "T.arg_tree_leaves([1, 2], a={'b': 3})",
    "up to": "T.tree_structure([1, (2,)]).flatten_up_to([{'a': 1}, ([3, 4],)])",
    "children": "T.tree_structure([1, (2, 3)]).child(1).num_leaves, T.tree_structure((1,)).context",
    "equal": "T.tree_structure([1]) == T.tree_structure([2]), T.tree_structure([1]) == T.tree_structure((1,))",
    "equal dicts": "T.tree_structure({'a': 1, 'b': 2}) == T.tree_structure({'b': 1, 'a': 2})",
    "leaves": "T.LeafSpec() == T.tree_structure(3), T.tree_structure(3).type",
    "kinds": "T.is_namedtuple(Pair), T.is_namedtuple(Pair(1, 2)), T.is_namedtuple((1,)), T.is_namedtuple(3)",
    "tensors": "T.tree_map_only(torch.Tensor, lambda t: t * 2, {'a': torch.ones(2), 'b': 3})",
    "keys": "str(T.SequenceKey(3)), str(T.MappingKey('a')), str(T.GetAttrKey('b')), repr(T.SequenceKey(1))",
    "results": "T.tree_map(lambda t: t * 2, torch.tensor([[1, 3], [4, 2]]).max(0))",
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_calls(torch, name):
    found = eval(CALLS[name], {**globals(), "T": tools(torch), "torch": torch})
    return repr(found) if name != "tensors" else found


FAULTS = {
    "too few": "T.tree_unflatten([1], T.tree_structure([1, 2]))",
    "no description": "T.tree_unflatten([1], 3)",
    "type": "T.tree_map(lambda x, y: x, [1], (1,))",
    "leaf": "T.tree_map(lambda x, y: x, [1], 1)",
    "length": "T.tree_map(lambda x, y: x, [1], [1, 2])",
    "keys": "T.tree_map(lambda x, y: x, {'a': 1}, {'b': 1})",
    "names": "T.tree_map(lambda x, y: x, Pair(1, 2), namedtuple('Other', 'a b')(1, 2))",
    "boxes": "T.tree_map(lambda x, y: x, Box(1), Box(1, 2))",
    "no paths": "T.tree_leaves_with_path(Box(1))",
    "twice": "T.register_pytree_node(list, list, list)",
    "half a context": "T.register_pytree_node(type('New', (), {}), list, list, to_dumpable_context=list)",
    "only": "T.tree_map_only(3, list, [1])",
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults(torch, name, caught):
    scope = {**globals(), "T": tools(torch)}
    return caught(lambda: eval(FAULTS[name], scope))


def test_nodes_in_transforms(torch):
    tools(torch)
    x, y = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    g = torch.func.grad(lambda b: (b.parts[0] * b.parts[1]["k"]).sum())(Box(x, OrderedDict(k=y)))
    v = torch.func.vmap(lambda b: Box(b.parts[0] * 2, deque([b.parts[1]])))(Box(x, y))
    kinds = type(g.parts[1]).__name__, type(v.parts[1]).__name__
    return g.parts[0], dict(g.parts[1]), v.parts[0], list(v.parts[1]), kinds


TOLD = ["{'a': [1, (2, None)], 'b': ()}", "OrderedDict(a=[1])", "DEFAULT", "deque([1, 2], 3)", "3", "[]",
        "[{1: 2}, deque([])]"]  # fmt: skip


@pytest.mark.parametrize("tree", TOLD)
def test_descriptions_as_text(torch, tree):
    T = tools(torch)
    spec = T.tree_structure(eval(tree))
    text = T.treespec_dumps(spec)
    return text, T.treespec_loads(text) == spec, repr(T.treespec_loads(text))


class Named:
    def __init__(self, *parts):
        self.parts = parts


@pytest.mark.parametrize("own", [False, True])
def test_classes_with_names_in_texts(torch, own):
    T = tools(torch)
    context = {} if own else {"to_dumpable_context": str, "from_dumpable_context": int}
    context["serialized_type_name"] = "tests.Named"
    T.register_pytree_node(
        Named, lambda b: (list(b.parts), len(b.parts)), lambda x, _: Named(*x), **context
    )
    try:
        spec = T.tree_structure([Named(1, 2)])
        text = T.treespec_dumps(spec)
        return text, T.treespec_loads(text) == spec
    finally:
        T._deregister_pytree_node(Named)


TEXT_FAULTS = ["T.treespec_dumps(3)", "T.treespec_dumps(T.tree_structure([1]), 3)", "T.treespec_loads('[2, {}]')",
               "T.treespec_dumps(T.tree_structure(Pair(1, 2)))", "T.treespec_dumps(T.tree_structure(Box(1)))",
               "T.treespec_dumps(T.tree_structure({1j: 1}))"]  # fmt: skip


@pytest.mark.parametrize("call", TEXT_FAULTS)
def test_faults_of_texts(torch, refused, call):
    return refused(lambda: eval(call, {"T": tools(torch), "Pair": Pair, "Box": Box}))

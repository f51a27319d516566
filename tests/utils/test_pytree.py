"""What `utils._pytree` says when trees do not fit."""

import pytest

from wengert.utils import _pytree as T


class Box:
    def __init__(self, *parts):
        self.parts = parts


WORDS = {
    "T.tree_unflatten([1], T.tree_structure([1, 2]))": (
        "`leaves` has length 1 but the spec refers to a pytree that holds 2 items (TreeSpec(list, None, [*,\n  *]))"
    ),
    "T.tree_unflatten([1], 3)": "Expected `treespec` to be instance of PyTreeSpec but got item of type <class 'int'>",
    "T.tree_map(max, [1], (1,))": "Node type mismatch; expected <class 'list'>, but got <class 'tuple'>",
    "T.tree_map(max, [1], 1)": "Node type mismatch; expected <class 'list'>, but got <class 'int'>",
    "T.tree_map(max, [1], [1, 2])": "Node arity mismatch; expected 1, but got 2",
    "T.tree_map(max, {'a': 1}, {'b': 1})": "Node keys mismatch; missing key(s): {'a'}; extra key(s): {'b'}",
    "T.tree_leaves_with_path(Box(1))": "Please pass a flatten_with_keys_fn argument to register_pytree_node",
    "T.register_pytree_node(list, list, list)": "<class 'list'> is already registered as pytree node",
    "T.register_pytree_node(int, list, list, to_dumpable_context=list)": "must be None or registered",
    "T.tree_map_only(3, list, [1])": "Argument must be a type, a tuple of types, or a callable",
    "T.treespec_dumps(3)": "Expected `treespec` to be an instance of TreeSpec but got item of type <class 'int'>",
    "T.treespec_dumps(T.tree_structure([1]), 3)": "Unknown protocol 3. Available protocols: [1]",
    "T.treespec_dumps(T.tree_structure(Box(1)))": "Register it with `register_pytree_node(..., serialized_type_name=",
    'T.treespec_loads(\'[1, {"type": "a.B", "context": null}]\')': "no class is registered as 'a.B'",
    "T.pytree_to_str": "Wengert has no `torch.utils._pytree.pytree_to_str` yet",
}


@pytest.fixture(autouse=True)
def _box():
    T.register_pytree_node(Box, lambda b: (list(b.parts), None), lambda parts, _: Box(*parts))
    yield
    T._deregister_pytree_node(Box)


@pytest.mark.parametrize("program", WORDS)
def test_words(program):
    with pytest.raises(Exception) as caught:
        eval(program, globals())
    assert WORDS[program] in str(caught.value)


def test_registered_twice_under_the_older_name():
    with pytest.warns(UserWarning, match="Overwriting the previous registration"):
        T._register_pytree_node(Box, lambda b: ([], b.parts), lambda _, parts: Box(*parts))
    assert T.tree_leaves([Box(1), 2]) == [2]

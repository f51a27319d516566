"""What kind of numbers a dtype holds is asked of `dtypes.kind`, for NumPy's own `d.kind` does not know bfloat16."""

from __future__ import annotations

import ast

import pytest

OTHER_KINDS = {"dtypes", "level", "p", "row", "self"}
"""What else has an attribute `kind` here: the module with the function, levels, rows, parameters of functions."""


def unsafe_questions(tree: ast.Module) -> list[int]:
    """Lines that read `d.kind` of a dtype and would be wrong about bfloat16, for which it is "V".

    Two ways of asking are right about it: whether the kind is among letters without "f"; and `payload.dtype.kind ==
    "f"`, the condition of the fast paths, which are for plain memory of NumPy's own floats.
    """
    reads = {
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr == "kind"
        and ast.unparse(node.value).rpartition(".")[2] not in OTHER_KINDS
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and node.left in reads:
            letters = [c.value for c in node.comparators if isinstance(c, ast.Constant)]
            plain = len(letters) == len(node.comparators) and "f" not in "".join(letters)
            fast = ast.unparse(node).endswith("payload.dtype.kind == 'f'")
            if plain or fast:
                reads.discard(node.left)
    return sorted(node.lineno for node in reads)


def test_kinds_are_asked_of_the_one_function(package):
    """Rows compute in NumPy's own types (`core/bfloat16.py`), and what is printed was converted to one."""
    right = ("wengert.rules", "wengert.core.dtypes", "wengert.tensor.display")
    askers = [source for source in package if not source.name.startswith(right)]
    assert [f"{s.file}:{line}" for s in askers for line in unsafe_questions(s.tree)] == []


def test_limits_are_asked_of_the_one_function(package):
    """`numpy.finfo` does not know bfloat16 either."""
    askers = [s for s in package if not s.name.startswith(("wengert.rules", "wengert.core.dtypes"))]
    assert [s.file for s in askers if "np.finfo" in ast.unparse(s.tree)] == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("d.kind in 'fc'", [1]),
        ("x.dtype.kind == 'f'", [1]),
        ("k = d.kind", [1]),
        ("d.kind in refused", [1]),
        ("payload.dtype.kind != 'f'", [1]),
        ("payload.dtype.kind == 'f'", []),
        ("self._payload.dtype.kind == 'f'", []),
        ("d.kind == 'c'", []),
        ("d.kind not in 'biu'", []),
        ("row.kind == 'elementwise'", []),
        ("dtypes.kind(d) in 'fc'", []),
    ],
)
def test_an_unsafe_question_is_seen(text, lines):
    assert unsafe_questions(ast.parse(text)) == lines

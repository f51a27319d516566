"""Rows compute where NumPy's floating-point warnings are silent: `core/silence.py` says how."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "wengert"
WITHIN = ("rules", "core")
"""What is called by rows, and so within silence already."""

LOOKS = {
    "autograd/function.py": "the user's forward",
    "func/dual.py": "the user's forward",
    "func/mapped.py": "the user's forward",
    "nn/hooks.py": "a module's own",
    "tensor/layout.py": "a view moves nothing",
    "tensor/parts.py": "a view moves nothing",
    "tensor/views.py": "a view moves nothing",
    "trace/execute.py": "called in silence as a whole",
}
"""Files that call a forward as it is, and why."""


def loud(tree: ast.Module) -> Iterator[int]:
    """Yield the lines that call something's ``forward`` without silence."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of = node.func.value
            if node.func.attr == "forward" and not (isinstance(of, ast.Name) and of.id == "self"):
                yield node.lineno


FILES = [
    path for path in sorted(ROOT.rglob("*.py")) if path.relative_to(ROOT).parts[0] not in WITHIN
]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_forwards_are_called_in_silence(path: Path) -> None:
    lines = list(loud(ast.parse(path.read_text(encoding="utf-8"))))
    name = path.relative_to(ROOT).as_posix()
    assert bool(lines) == (name in LOOKS), (name, lines)

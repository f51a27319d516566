"""What every file of the house keeps to: documented public names, length, names that say something, one version."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import wengert

ROOT = Path(__file__).parents[2]
ROOMS = ("wengert", "tests", "examples", "docs", "benchmarks")
MOST_LINES = 500
PUBLIC = (
    "wengert/distributions/utils",
    "wengert/utils",
    "wengert/nn/utils",
    "wengert/nn/modules/utils",
    "tests/utils",
    "tests/nn/utils",
)
EMPTY_NAMES = {"utils", "helpers", "misc", "common", "manager"}
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def undocumented(tree: ast.Module, module: str) -> Iterator[str]:
    """The module and its public classes, functions and methods that have no docstring."""
    if not ast.get_docstring(tree):
        yield module
    for node in tree.body:
        if isinstance(node, DEFINITIONS) and not node.name.startswith("_"):
            yield from undocumented_definition(node, f"{module}.{node.name}")


def undocumented_definition(node: ast.stmt, name: str) -> Iterator[str]:
    """A class or function without a docstring, and a class's public methods without one.

    A setter shares its property's docstring, an overload its function's, a dunder method Python's. A signature whose
    body is `...` belongs to a protocol, which its class documents.
    """
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    if any(d.endswith((".setter", ".deleter", "overload")) for d in decorators):
        return
    if ast.unparse(node.body[0]) == "...":
        return
    if not ast.get_docstring(node):
        yield name
    if isinstance(node, ast.ClassDef):
        for inner in node.body:
            if isinstance(inner, DEFINITIONS) and not inner.name.startswith("_"):
                yield from undocumented_definition(inner, f"{name}.{inner.name}")


def test_public_names_have_docstrings(package):
    assert [name for source in package for name in undocumented(source.tree, source.name)] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1", ["m"]),
        ('"""Doc."""\ndef f(): pass', ["m.f"]),
        ('"""Doc."""\nclass C:\n    "Doc."\n    def f(self): pass', ["m.C.f"]),
        ('"""Doc."""\nclass C: pass', ["m.C"]),
        ('"""Doc."""\nclass P(Protocol):\n    "Doc."\n    def f(self): ...', []),
        ('"""Doc."""\ndef _f(): pass\nclass _C:\n    def g(self): pass', []),
        ('"""Doc."""\nclass C:\n    "Doc."\n    @x.setter\n    def x(self, v): pass', []),
    ],
)
def test_a_missing_docstring_is_seen(text, expected):
    assert list(undocumented(ast.parse(text), "m")) == expected


def python_files() -> list[Path]:
    """Every Python file of the project."""
    return [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]


def test_no_file_is_too_long():
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in python_files()}
    assert len(lengths) > 40
    assert {str(f): n for f, n in lengths.items() if n > MOST_LINES} == {}


def test_names_of_files_say_something():
    # `utils.data` and `nn.utils` are PyTorch's public names.
    named = [f for f in python_files() if {f.stem, f.parent.name} & EMPTY_NAMES]
    assert [str(f) for f in named if not str(f.relative_to(ROOT)).startswith(PUBLIC)] == []


@pytest.mark.parametrize("face", ["wengert.tensor.", "wengert.nn.functional."])
def test_a_public_name_has_one_owner(package, face):
    """The faces take the names of these files; `return_types`, `linalg` and `fft` are faces of their own."""
    owners: dict[str, list[str]] = {}
    for source in package:
        apart = source.name.startswith(
            (
                "wengert.tensor.returned",
                "wengert.tensor.linalg",
                "wengert.tensor.fourier",
                "wengert.nn.functional.top_level",
            )
        )
        if source.name.startswith(face) and not apart:
            for name in listed_names(source.tree):
                owners.setdefault(name, []).append(source.name)
    assert len(owners) > 50
    assert {name: files for name, files in owners.items() if len(files) > 1} == {}


def listed_names(tree: ast.Module) -> list[str]:
    """What a module names in ``__all__``."""
    found = [
        n for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "__all__"
    ]
    return [ast.literal_eval(e) for n in found for e in getattr(n.value, "elts", [])]


def test_the_one_page_is_one_page():
    assert len((ROOT / "docs" / "one_page.py").read_text(encoding="utf-8").splitlines()) <= 120


def test_the_version_is_the_packages():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert wengert.__version__ == project["version"]


def test_the_changelog_knows_the_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## {wengert.__version__}" in changelog

"""Imports run strictly downwards and stand at module level; heavy packages are touched by one file each.

The rules are functions of parsed text, so that the last tests can show each of them a file that breaks it.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

import pytest

LAYERS = (
    ("errors", "torch_metadata", "torch_version"),
    ("as_torch", "multiprocessing"),
    ("core",),
    ("rules",),
    ("tape",),
    ("tensor", "random"),
    ("fft", "linalg", "quasirandom", "return_types", "signal", "special"),
    ("autograd",),
    ("func",),
    ("trace",),
    ("nn",),
    ("optim",),
    ("distributions", "serialization", "utils"),
    (
        "_C",
        "futures",
    ),
    (
        "__config__",
        "accelerator",
        "amp",
        "assertions",
        "backends",
        "compiler",
        "cpu",
        "cuda",
        "distributed",
        "functional",
        "fx",
        "jit",
        "mps",
        "ops",
        "overrides",
        "profiler",
        "settings",
        "storage",
        "testing",
        "types",
        "version",
        "xpu",
    ),  # fmt: skip
    ("explain",),
    ("",),
    ("cli",),
    ("__main__",),
)
"""From the ground up; the empty name is the public face, `wengert/__init__.py`."""

HEIGHT = {name: height for height, layer in enumerate(LAYERS) for name in layer}
LIGHT = {"numpy", "wengert", *sys.stdlib_module_names}
HEAVY = {"matplotlib", "ml_dtypes", "multiprocessing", "scipy"}
IMPORT_SYSTEM = "wengert.as_torch"
"""The one module that imports by computed names, because that is what it is for."""


def height(module: str) -> int:
    """How far above the ground a module's layer stands."""
    return HEIGHT[(module.split(".") + [""])[1]]


def imports(tree: ast.AST, modules: set[str]) -> Iterator[tuple[ast.stmt, str]]:
    """Each import statement with each module that it needs; `modules` tells a module from a name in one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: write the absolute name"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield node, inner if inner in modules else str(node.module)


def upward(package: list) -> list[str]:
    """Imports of a layer that does not stand below, and cycles inside a layer."""
    modules = {source.name for source in package}
    found, graph = [], {}
    for source in package:
        needed = {m for _, m in imports(source.tree, modules) if m.partition(".")[0] == "wengert"}
        graph[source.name] = needed
        found += [
            f"{source.name} imports {m}" for m in sorted(needed) if height(m) > height(source.name)
        ]
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found.append(f"cycle: {' <- '.join(error.args[1])}")
    return found


def misplaced(source) -> list[str]:
    """Imports inside functions and classes, heavy packages outside of them, computed imports."""
    found = []
    inner = {
        node
        for scope in ast.walk(source.tree)
        if isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda))
        for node in ast.walk(scope)
    }
    for node, module in imports(source.tree, set()):
        root = module.partition(".")[0]
        if root in HEAVY and node not in inner:
            found.append(f"{source.name}:{node.lineno}: {module} is heavy: import it on first use")
        if root not in HEAVY and node in inner:
            found.append(f"{source.name}:{node.lineno}: {module} is not at module level")
        if root not in HEAVY | LIGHT:
            found.append(f"{source.name}:{node.lineno}: {module} is not a dependency")
    if source.name != IMPORT_SYSTEM:
        found += [
            f"{source.name}:{node.lineno}: imports by a computed name"
            for node in ast.walk(source.tree)
            if (isinstance(node, ast.Name) and node.id == "__import__")
            or (isinstance(node, ast.Attribute) and node.attr == "import_module")
        ]
    return found


def owners_of_heavy_modules(package: list) -> dict[str, set[str]]:
    """Which files import each heavy module."""
    owners: dict[str, set[str]] = {}
    for source in package:
        for _, module in imports(source.tree, set()):
            if module.partition(".")[0] in HEAVY:
                owners.setdefault(module, set()).add(source.name)
    return owners


def test_imports_point_down(package):
    assert upward(package) == []


def test_imports_stand_at_module_level(package):
    assert [line for source in package for line in misplaced(source)] == []


def test_a_heavy_module_has_one_owner(package):
    owners = owners_of_heavy_modules(package)
    assert {module: files for module, files in owners.items() if len(files) > 1} == {}


def test_importing_the_package_loads_nothing_heavy():
    program = "import sys, wengert; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(answer.stdout.split())
    assert "numpy" in loaded
    assert loaded & (HEAVY | {"torch", "jax"}) == set()


@pytest.fixture
def planted(package):
    """`planted(name, text)`: a module with that text, of the class that the package is read into."""
    return lambda name, text: type(package[0])(name, f"{name}.py", ast.parse(text))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("wengert.core.shapes", "from wengert.tape.node import Node"),
        ("wengert.core.shapes", "from wengert.tape import node"),
        ("wengert.core.shapes", "import wengert"),
        ("wengert.tape.node", "def f():\n    import wengert.optim"),
        ("wengert.func", "if TYPE_CHECKING:\n    from wengert.nn import Module"),
    ],
)
def test_an_upward_import_is_seen(planted, name, text):
    assert len(upward([planted(name, text)])) == 1


def test_a_cycle_inside_a_layer_is_seen(planted):
    one = planted("wengert.nn.one", "from wengert.nn.two import x")
    two = planted("wengert.nn.two", "from wengert.nn import one")
    assert upward([one]) == []
    assert [line[:5] for line in upward([one, two])] == ["cycle"]


@pytest.mark.parametrize(
    "text",
    [
        "import torch",
        "import jax.numpy as jnp",
        "from scipy import special",
        "import matplotlib.pyplot",
        "def f():\n    import json",
        "class C:\n    from wengert.core import shapes",
        "def f(name):\n    return __import__(name)",
        "importlib.import_module(name)",
    ],
)
def test_a_misplaced_import_is_seen(planted, text):
    assert len(misplaced(planted("wengert.nn.x", text))) == 1


def test_a_heavy_import_on_first_use_is_right(planted):
    assert misplaced(planted("wengert.nn.x", "def f():\n    from scipy import special")) == []


def test_a_second_owner_is_seen(planted):
    text = "def f():\n    import scipy.special"
    owners = owners_of_heavy_modules(
        [planted("wengert.nn.x", text), planted("wengert.core.y", text)]
    )
    assert owners == {"scipy.special": {"wengert.nn.x", "wengert.core.y"}}

"""The list of the names that PyTorch has and Wengert lacks, from which errors say which of the two a missing name is.

`python -m tests.parity.test_lacking_names` writes it anew.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import wengert

LIST = Path(wengert.__file__).with_name("lacking.txt")


def _pairs() -> Iterator[tuple[str, ModuleType, ModuleType]]:
    """Each of Wengert's modules that PyTorch has under the same name: the name, PyTorch's, and Wengert's."""
    found = pkgutil.walk_packages(wengert.__path__, "wengert.")
    for name in ["wengert", *(m.name for m in found if not m.name.endswith("__main__"))]:
        torch_name = "torch" + name.removeprefix("wengert")
        try:
            oracle = importlib.import_module(torch_name)
        except ModuleNotFoundError:
            continue
        yield torch_name, oracle, importlib.import_module(name)


def _is_of(module: ModuleType, name: str) -> bool:
    """Whether a name in a module of PyTorch's is that module's own, and not one that it imported for itself."""
    value, here = getattr(module, name), module.__name__
    if isinstance(value, ModuleType):
        return value.__name__ == f"{here}.{name}"
    home = str(getattr(value, "__module__", None) or "")
    inside = home.startswith((here, f"torch._C._{here.rpartition('.')[2]}"))
    return inside or (here == "torch" and home.split(".")[0] in ("torch", ""))


def _names_of(module: ModuleType) -> set[str]:
    inner = [m.name for m in pkgutil.iter_modules(getattr(module, "__path__", ()))]
    given = [n for n in getattr(module, "__all__", ()) if hasattr(module, n)]
    own = [n for n in dir(module) if hasattr(module, n) and _is_of(module, n)]
    return {n for n in {*inner, *given, *own} if not n.startswith("_")}


def _absent(names: set[str], candidate: Any) -> set[str]:
    home = getattr(candidate, "__name__", "")
    inner = {m.name for m in pkgutil.iter_modules(getattr(candidate, "__path__", ()), home)}
    return {n for n in names if not hasattr(candidate, n) and home + n not in inner}


def _lines() -> Iterator[str]:
    """What the list says: a module or class, and below it the names that are lacking in it."""
    modules, classes = {}, {}
    for torch_name, oracle, candidate in _pairs():
        modules[torch_name] = _absent(_names_of(oracle), candidate)
        for name, kind in inspect.getmembers(oracle, inspect.isclass):
            other = getattr(candidate, name, None)
            if type(kind).__name__ == "tensortype":  # `torch.FloatTensor` makes a `torch.Tensor`
                continue
            if isinstance(other, type) and kind.__module__.partition(".")[0] == "torch":
                classes[kind] = other
    for holder in sorted(modules):
        yield from _entry(holder, modules[holder])
    attributes: dict[str, set[str]] = {}
    for kind, other in classes.items():
        names = _absent({n for n in dir(kind) if not n.startswith("_")}, other)
        above = [b for b in kind.__mro__[1:] if classes.get(b, object) in other.__mro__[1:-1]]
        names -= {n for base in above for n in dir(base)}
        attributes.setdefault(kind.__name__, set()).update(names)
    for name in sorted(attributes):
        yield from _entry(f"class {name}", attributes[name])


def _entry(holder: str, names: set[str]) -> Iterator[str]:
    if names:
        yield holder
        yield from textwrap.wrap(
            " ".join(sorted(names)), 118, initial_indent="    ", subsequent_indent="    "
        )


def _table() -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return "\n".join(_lines()) + "\n"


def test_the_list_is_what_pytorch_has_and_wengert_lacks():
    pytest.importorskip("torch")
    assert LIST.read_text(encoding="utf-8") == _table(), (
        "write it anew: python -m tests.parity.test_lacking_names"
    )


if __name__ == "__main__":
    LIST.write_text(_table(), encoding="utf-8")

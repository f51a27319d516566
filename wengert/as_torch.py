"""Wengert under the name `torch`, so that an unmodified PyTorch program runs on it.

One finder answers every import of `torch` and of what lies below it with Wengert's module of the same tail:
`torch.nn.functional` is `wengert.nn.functional`, the same object. This file knows the names of Wengert's modules, and
nothing of what is in them. It also loads modules that wait for their first use.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from wengert.errors import no_such_module, no_such_name
from wengert.torch_version import FOLLOWED, TorchVersion


def install_as_torch() -> None:
    """Let `import torch` mean Wengert in this process from now on.

    `torch` is then imported, for packages that look whether it is. A second call changes nothing. Raises RuntimeError
    where PyTorch itself is already imported: its tensors and Wengert's would mix. Inside one file
    `import wengert as torch` does the same without touching the process.
    """
    loaded = sys.modules.get("torch")
    if loaded is not None and loaded is not sys.modules["wengert"]:
        raise RuntimeError(
            "install_as_torch: PyTorch itself is already imported in this process, and a program cannot use both under "
            "one name. Call install_as_torch() before the first `import torch`, or write `import wengert as torch`."
        )
    if not any(isinstance(finder, TorchFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, TorchFinder())
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] == "wengert":
                name_what_is_lacking(module)
        answer_as_torch(importlib.import_module("torch"))


def answer_as_torch(torch: ModuleType) -> None:
    """Let `torch` say which release of PyTorch it speaks for, and tensors say that they are PyTorch's.

    By the former packages choose among PyTorch's ways of doing things, by the latter those for several array libraries
    know what to call. Layers, and what functions with several results return, say where PyTorch defines them; they are
    pickled by their own names, which mean the same whether or not `torch` is Wengert where they are loaded.
    """
    face = vars(torch)
    face["__version__"] = TorchVersion(f"{FOLLOWED}+wengert.{face['__version__']}")
    torch.version.__version__ = str(face["__version__"])
    rename(face["Tensor"], "torch")
    rename(torch.nn.Parameter, "torch.nn.parameter")
    rename(torch.nn.Buffer, "torch.nn.parameter")
    for name, module in list(sys.modules.items()):
        place = "torch" + name.removeprefix("wengert")
        classes = [value for value in vars(module).values() if isinstance(value, type)]
        if name.startswith("wengert.nn.modules."):
            for cls in classes:
                if cls.__module__.startswith("wengert.nn."):
                    rename(cls, place)
        elif name == "wengert.return_types":
            for cls in classes:
                rename(cls, place)
        elif name.startswith("wengert.nn.parallel."):
            for cls in classes:
                if cls.__module__ == name:
                    rename(cls, place)


_homes: dict[int, str] = {}
"""Where the classes that say that they are PyTorch's are defined, by their identities."""


def rename(cls: type, module: str) -> None:
    """Let a class say that a module of PyTorch's defines it, as packages print and look at."""
    _homes.setdefault(id(cls), cls.__module__)
    cls.__module__ = module


def home_of(x: object) -> str:
    """Return the name of the module that defines a class or function, whatever it says itself."""
    return _homes.get(id(x)) or str(getattr(x, "__module__", None) or "")


class TorchFinder(MetaPathFinder, Loader):
    """Finds Wengert's modules under PyTorch's names."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return a spec for `torch` or `torch.x.y`; raises ModuleNotFoundError for one that Wengert lacks.

        Raising, where None would be usual, keeps every other finder from looking into Wengert's own folder.
        """
        if fullname.partition(".")[0] != "torch":
            return None
        module = counterpart(fullname)
        if module is None:
            holder, _, name = fullname.rpartition(".")
            raise no_such_module(holder, name, modules_in(holder))
        return ModuleSpec(fullname, self, is_package=hasattr(module, "__path__"))

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return Wengert's own module: no second copy is made."""
        module = counterpart(spec.name)
        assert module is not None, "find_spec gives specs of existing modules only"
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module, which has run already, its own spec back."""
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state
        name_what_is_lacking(module)

    def find_distributions(self, context: Any = None) -> Iterable[Any]:
        """Answer `importlib.metadata` for the package `torch`, before one that is installed does."""
        told = importlib.import_module("wengert.torch_metadata")
        return told.distributions(None if context is None else context.name)  # type: ignore[no-any-return]


def counterpart(fullname: str) -> ModuleType | None:
    """Import Wengert's module for a name of PyTorch's; None if there is none.

    A name that the face gives to something else (`torch.tensor` is a function) is no module.
    """
    name = "wengert" + fullname.removeprefix("torch")
    parent, _, child = name.rpartition(".")
    if parent and not isinstance(vars(sys.modules[parent]).get(child, sys), ModuleType):
        return None
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            return None
        raise


def modules_in(package: str) -> list[str]:
    """Return the names of the modules that are loaded of a package of PyTorch's."""
    found = vars(sys.modules["wengert" + package.removeprefix("torch")])
    return [name for name, value in found.items() if isinstance(value, ModuleType)]


def loaded_on_first_use(package: str, homes: dict[str, str]) -> Callable[[str], Any]:
    """Return a package's ``__getattr__``, which loads the module that defines a name when it is first asked for.

    ``homes`` says which of the package's modules that is, and has each of these modules under its own name.
    """
    torch_name = "torch" + package.removeprefix("wengert")

    def load(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            if name.startswith("__"):
                raise AttributeError(f"module {package!r} has no attribute {name!r}")
            raise no_such_name(sys.modules[package], torch_name, name)
        module = importlib.import_module(f"{package}.{home}")
        value = module if home == name else vars(module)[name]
        vars(sys.modules[package])[name] = value
        return value

    return load


def name_what_is_lacking(module: ModuleType) -> None:
    """Give the module a `__getattr__` that names, in PyTorch's spelling, what it lacks."""
    torch_name = "torch" + module.__name__.removeprefix("wengert")
    own_answer = vars(module).get("__getattr__")
    if getattr(own_answer, "__module__", None) == __name__:
        return

    def refuse(name: str) -> Any:
        if own_answer is not None:
            with suppress(AttributeError):
                return own_answer(name)
        raise no_such_name(module, torch_name, name)

    vars(module)["__getattr__"] = refuse

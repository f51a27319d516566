"""PyTorch's ``torch.ops``, where operators are by the library that defines them. There are none, and each says so.

Any namespace can be asked for, as in PyTorch, so that programs which look whether an operator is there go on.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Final

from wengert.errors import MissingFeatureError

__all__ = ["load_library", "loaded_libraries"]

loaded_libraries: Final[set[str]] = set()
"""The libraries of operators that were loaded: none."""


class Operators(ModuleType):
    """A namespace of operators, ``torch.ops.aten``, that has none."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        raise MissingFeatureError(
            f"Wengert has no `{self.__name__}.{name}`: it loads no operators of PyTorch's or of its extensions. Write "
            f"it with the functions of `torch`, or run the program with PyTorch.",
            name=name,
            obj=self,
        )

    def __repr__(self) -> str:
        return f"<module {self.__name__!r} from 'torch.ops'>"


def load_library(path: Any) -> None:
    """Refuse, with an OSError: a library of operators is compiled for PyTorch.

    >>> import wengert as torch
    >>> hasattr(torch.ops.torchvision, "nms")
    False
    """
    raise OSError(
        f"Could not load this library: {path}. It is compiled for PyTorch, and Wengert loads none: do without it, or "
        f"run the program with PyTorch."
    )


def __getattr__(name: str) -> Any:
    # What pytest looks for in any module is no operators' namespace.
    if name.startswith("__") or name == "pytestmark":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = globals()[name] = Operators(f"torch.ops.{name}")
    return made

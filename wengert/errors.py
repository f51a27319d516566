"""Every exception class of Wengert, and the wording that several places share.

This file may know nothing of the rest of the package. Each class is a subclass of the type that PyTorch raises in the
same situation, so programs that catch PyTorch's errors catch ours.
"""

from __future__ import annotations

import difflib
import pickle
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, Final

__all__ = [
    "AcceleratorError",
    "CutOffError",
    "DTypeError",
    "DeviceError",
    "FileError",
    "GradcheckError",
    "GradientError",
    "LeakError",
    "LinAlgError",
    "MetaError",
    "MissingExtraError",
    "MissingFeatureError",
    "MissingModeError",
    "OutOfMemoryError",
    "OutOfRangeError",
    "ShapeError",
    "TraceError",
]


class GradientError(RuntimeError):
    """A gradient was asked for that does not exist, or that would be wrong."""


class GradcheckError(GradientError):
    """An analytical gradient that finite differences contradict, or that is not computed where it should be."""


class ShapeError(RuntimeError):
    """Shapes of operands, of a gradient or of a write do not fit together."""


class DTypeError(RuntimeError):
    """Element types of operands, of a gradient or of a write do not fit together."""


class DeviceError(RuntimeError):
    """Operands of one operation are on two devices."""


class MetaError(NotImplementedError):
    """Elements were asked for of a tensor on the device meta, which has none."""


class OutOfRangeError(IndexError, RuntimeError):
    """An index tensor points outside: PyTorch raises an IndexError in some operations, a RuntimeError in others."""


class LinAlgError(RuntimeError):
    """A matrix has no inverse, no factors or no decomposition of the kind that was asked for."""


class LeakError(RuntimeError):
    """A value escaped from the transform (vmap, jvp, grad, trace) that made it."""


class TraceError(RuntimeError):
    """A function did something under trace that a recorded graph could not repeat."""


class MissingFeatureError(AttributeError):
    """A name that PyTorch has and Wengert lacks."""


class MissingModeError(MissingFeatureError, NotImplementedError):
    """Something was switched on that PyTorch would compute otherwise with, and that Wengert cannot."""


class AcceleratorError(RuntimeError):
    """A GPU failed. Wengert has none: the class is there for programs that catch it."""


class OutOfMemoryError(RuntimeError):
    """A GPU's memory is full. Wengert has none: the class is there for programs that catch it."""


class FileError(pickle.UnpicklingError, RuntimeError):
    """A file that `load` cannot read. PyTorch raises one type or the other, depending on where in it it stumbles."""


class CutOffError(FileError, EOFError):
    """A file that ends before what it holds does, or that is empty."""


class MissingExtraError(ImportError):
    """A package is needed that one of Wengert's extras brings, and that is not installed."""


def install_command(*packages: str) -> str:
    """Return the command that installs packages where this Python finds them."""
    return f"{sys.executable} -m pip install {' '.join(packages)}"


def missing_package(feature: str, package: str, extra: str) -> MissingExtraError:
    """Say which package a feature needs, which extra brings it, and how to install it."""
    return MissingExtraError(
        f"{feature} needs the package {package}, which the extra `wengert[{extra}]` brings. Install it with\n"
        f"    {install_command(package)}",
        name=package,
    )


NEAR: Final = 0.8
"""How alike two names are, by `difflib`, of which one may be a slip for the other."""

WHAT_TO_DO = "The README says what works today. Write this with what is there, or run the program with PyTorch."


REMEDIES: Final = {
    "torch.compile": "Leave the call out: a program computes the same without it.",
    "torch.fx.symbolic_trace": "`wengert.trace` records a graph of what a function computes.",
    "torch.hub": "Download the files, make the model by its class, and load its weights with `torch.load`.",
    "torch.jit.save": "Save `module.state_dict()` with `torch.save`, and make the module by its class.",
    "torch.jit.load": "Save a `state_dict()` where PyTorch is, and load that.",
}
"""What to do about names for which the general advice can be made better."""


def lacking(name: str) -> str:
    """Word the answer to a program that asks for a name of PyTorch's that Wengert lacks."""
    return f"Wengert has no `{name}` yet. {REMEDIES.get(name, WHAT_TO_DO)}"


def no_such_name(module: ModuleType, torch_name: str, name: str) -> MissingFeatureError:
    """Return the error for a name that a module lacks: it says which, and which one may have been meant."""
    known = [n for n in dir(module) if not n.startswith("_")]
    asked = lacking(f"{torch_name}.{name}")
    near = difflib.get_close_matches(name, known, 1, NEAR)
    if near and f"{torch_name}.{name}" not in REMEDIES:
        asked = f"Did you mean `{torch_name}.{near[0]}`? {asked}"
    return MissingFeatureError(asked, name=name, obj=module)


def refuser(module: str, torch_name: str) -> Callable[[str], Any]:
    """Return a module's ``__getattr__``: it names, in PyTorch's spelling, what the module lacks."""

    def refuse(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        raise no_such_name(sys.modules[module], torch_name, name)

    return refuse


def matrix_text(shape: Sequence[int]) -> str:
    """Spell a matrix's shape as PyTorch's messages about products do, ``2x3``; other shapes as `shape_text` does."""
    return f"{shape[0]}x{shape[1]}" if len(shape) == 2 else shape_text(shape)


def shape_text(shape: Sequence[int]) -> str:
    """Spell a shape as PyTorch's messages do: ``[2, 3]``."""
    return "[" + ", ".join(str(n) for n in shape) + "]"


def cannot_broadcast(op: str, shapes: Sequence[Sequence[int]]) -> ShapeError:
    """Say which operands of ``op`` do not broadcast, and at which dimension, in PyTorch's well-known words."""
    rank = max(len(s) for s in shapes)
    padded = [(1,) * (rank - len(s)) + tuple(s) for s in shapes]
    where = next(
        (d for d in reversed(range(rank)) if len({s[d] for s in padded} - {1}) > 1), rank - 1
    )
    a, b, *_ = [*dict.fromkeys(s[where] for s in padded if s[where] != 1), 1, 1]
    listed = " and ".join(shape_text(s) for s in shapes)
    return ShapeError(
        f"{op}: operands of shapes {listed} do not broadcast: The size of tensor a ({a}) must match the size of tensor "
        f"b ({b}) at non-singleton dimension {where}. Use `reshape`, `unsqueeze` or `transpose` to line the "
        f"dimensions up."
    )


def dim_out_of_range(op: str, dim: int, rank: int) -> IndexError:
    """Say which ``dim`` was given and which are possible."""
    low, high = -max(rank, 1), max(rank, 1) - 1
    return IndexError(
        f"{op}: Dimension out of range (expected to be in range of [{low}, {high}], but got {dim})."
    )

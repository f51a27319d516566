"""Every exception class of Wengert, and the wording that several places share.

This file may know nothing of the rest of the package. Each class is a subclass of the type that PyTorch raises in the
same situation, so programs that catch PyTorch's errors catch ours.
"""

from __future__ import annotations

import difflib
import functools
import os
import pickle
import sys
from collections.abc import Callable, Container, Iterable, Sequence
from types import FunctionType, MethodType, ModuleType
from typing import Any, Final, TypeVar

from wengert.torch_version import FOLLOWED

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


@functools.cache
def _lacking_names() -> dict[str, frozenset[str]]:
    """Read `lacking.txt`, which `tests/parity/test_lacking_names.py` writes: the names by what PyTorch has them in."""
    found: dict[str, set[str]] = {}
    names: set[str] = set()
    with open(os.path.join(os.path.dirname(__file__), "lacking.txt"), encoding="utf-8") as file:
        for line in file:
            if line.startswith(" "):
                names.update(line.split())
            else:
                names = found.setdefault(line.strip(), set())
    return {holder: frozenset(names) for holder, names in found.items()}


def is_lacking(holder: str, name: str) -> bool:
    """Say whether PyTorch is known to have a name that Wengert lacks, in a module, ``torch.nn``, or a ``class Tensor``.

    What begins with an underscore is on no list, and nobody's slip.
    """
    if holder.startswith("class "):
        return name in _lacking_names().get(holder, ())
    return (
        name.startswith("_")
        or f"{holder}.{name}" in REMEDIES
        or name in _lacking_names().get(holder, ())
    )


def near_name(name: str, known: Iterable[str]) -> str | None:
    """Return the one of the known names that may have been meant by ``name``; capitals count little."""
    spelled: dict[str, list[str]] = {}
    for other in known:
        spelled.setdefault(other.casefold(), []).append(other)
    near = difflib.get_close_matches(name.casefold(), spelled, 1, NEAR)
    if not near:
        return None
    return max(spelled[near[0]], key=lambda n: difflib.SequenceMatcher(None, name, n).ratio())


def no_such_name(module: ModuleType, torch_name: str, name: str) -> AttributeError:
    """Return the error for a name that a module lacks: whether PyTorch has it, or which one may be meant.

    MissingFeatureError for what PyTorch has, and AttributeError, in PyTorch's words, for what it lacks, too.
    """
    if is_lacking(torch_name, name):
        return MissingFeatureError(lacking(f"{torch_name}.{name}"), name=name, obj=module)
    near = near_name(name, [n for n in dir(module) if not n.startswith("_")])
    if near is None:
        return AttributeError(
            f"module '{torch_name}' has no attribute '{name}', here or in PyTorch {FOLLOWED}.",
            name=name,
            obj=module,
        )
    # Without `obj`, so that Python does not guess once more.
    return AttributeError(
        f"module '{torch_name}' has no attribute '{name}'. Did you mean `{torch_name}.{near}`?",
        name=name,
    )


def no_such_module(torch_name: str, name: str, known: Iterable[str]) -> ModuleNotFoundError:
    """Return the error for a module that a package of PyTorch's lacks here; ``known`` are those that are there."""
    full = f"{torch_name}.{name}"
    if is_lacking(torch_name, name):
        return ModuleNotFoundError(lacking(full), name=full)
    near = near_name(name, known)
    said = f" Did you mean `{torch_name}.{near}`?" if near else ""
    return ModuleNotFoundError(f"No module named '{full}'.{said}", name=full)


def refuser(module: str, torch_name: str) -> Callable[[str], Any]:
    """Return a module's ``__getattr__``: it names, in PyTorch's spelling, what the module lacks."""

    def refuse(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        raise no_such_name(sys.modules[module], torch_name, name)

    return refuse


def only_imported(package: str, *modules: str) -> None:
    """Take modules out of their package's names: `from package.module import x` finds them, the dot does not.

    PyTorch has none under these names, and a slip in a capital, as in ``optim.adam(...)``, is to find no module.
    """
    for name in modules:
        del vars(sys.modules[package])[name]


Kind = TypeVar("Kind", bound=type)


def under_own_name(cls: Kind, shared: Container[type] = ()) -> Kind:
    """Give a public class its own copies of the methods that private classes above it define; a decorator.

    Python's own errors, for a wrong number of arguments or a keyword that is not there, name a method by the class that
    defines it: they are to say ``Conv2d.__init__``. Nothing is copied of the classes in ``shared``, which programs know
    and may change.
    """
    seen = set(vars(cls))
    for owner in cls.__mro__[1:]:
        if owner in shared:
            break
        private = owner.__name__.startswith("_")
        names = vars(owner) if private else ("__init__",)
        for name in names:
            method = vars(owner).get(name)
            if (
                name not in seen
                and isinstance(method, FunctionType)
                and method.__code__.co_qualname.startswith("_")
                and (name == "__init__" or not name.startswith("_"))
            ):
                setattr(cls, name, _own_copy(method, f"{cls.__name__}.{name}"))
        seen.update(vars(owner))
    return cls


def _own_copy(method: FunctionType, qualname: str) -> FunctionType:
    made = FunctionType(
        method.__code__,
        method.__globals__,
        method.__name__,
        method.__defaults__,
        method.__closure__,
    )
    functools.update_wrapper(made, method)
    del made.__wrapped__  # type: ignore[attr-defined]
    made.__kwdefaults__, made.__qualname__ = method.__kwdefaults__, qualname
    return made


def listed(what: str, given: Any) -> list[Any]:
    """Return as a list what is to be an iterable of tensors; TypeError, with what to write, for all else."""
    try:
        items = iter(given)
    except TypeError:
        raise _not_listed(what, given) from None
    return list(items)


def _not_listed(what: str, given: Any) -> TypeError:
    kind = type(given).__name__
    if isinstance(given, MethodType):
        name = given.__name__
        said = f"the method `{name}`, which was not called. Write `{name}()`"
    elif callable(getattr(given, "parameters", None)):
        said = f"{kind}. Use its `parameters()`"
    else:
        said = f"{kind}"
    return TypeError(f"{what} should be an iterable of Tensors, but got {said}.")


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

"""What a recording depends on besides elements: plain values, the nesting of arguments, modes, a tensor's facts."""

from __future__ import annotations

import types
from enum import Enum
from typing import Any, Final

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import state
from wengert.tape.mode import set_modes
from wengert.tape.record import numpy_dtype
from wengert.tape.storage import GradCell
from wengert.tensor.overriding import local

PLAIN: Final = (
    int, str, bytes, bool, range, slice, np.generic, np.dtype, dtypes.dtype, Enum, type(None), type(Ellipsis), type,
    types.BuiltinFunctionType, types.CodeType, np.ufunc,
)  # fmt: skip
"""Values without parts: equal ones of one class are the same."""


def same(a: Any, b: Any) -> bool:
    """Say whether a function that was given ``b`` in place of ``a`` would do the same."""
    if a is b:
        return True
    if a.__class__ is not b.__class__:
        return False
    if isinstance(a, float | complex | np.inexact):
        return repr(a) == repr(b)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, types.MethodType):
        return a.__func__ is b.__func__ and a.__self__ is b.__self__
    return isinstance(a, PLAIN) and bool(a == b)


def structure(tree: Any) -> Any:
    """Return what distinguishes the nesting of one tree from another's, keys and their order included."""
    if isinstance(tree, list | tuple):
        return type(tree), tuple(map(structure, tree))
    if isinstance(tree, dict):
        return dict, tuple((key, structure(value)) for key, value in tree.items())
    return None


def modes() -> tuple[Any, ...]:
    """Return the settings of this thread that change what operations do."""
    return state.grad, state.inference, state.anomaly, dtypes.default_float(), tuple(local.modes)


MODES: Final = (
    "the grad mode",
    "the inference mode",
    "anomaly detection",
    "the default dtype",
    "a TorchFunctionMode",
)


def changed_mode(before: tuple[Any, ...]) -> str | None:
    """Name the first setting that differs from ``before``."""
    pairs = zip(MODES, before, modes(), strict=True)
    return next((what for what, old, now in pairs if not _same(old, now)), None)


def _same(old: Any, now: Any) -> bool:
    """Say whether a setting is what it was; modes are compared by identity."""
    return [*map(id, old)] == [*map(id, now)] if isinstance(old, tuple) else bool(old == now)


def restore_modes(before: tuple[Any, ...]) -> None:
    """Put the settings back."""
    grad, inference, state.anomaly, default, functions = before
    local.modes[:] = functions
    set_modes(grad, inference)
    dtypes.set_default_dtype(dtypes.public(default))


def history(x: Any) -> str:
    """Say how a tensor stands to the tape; a function may branch on it."""
    if x._edge is None:
        return "a tensor that does not require grad"
    if isinstance(x._edge, GradCell):
        return "a leaf that requires grad"
    return "a result of recorded operations"


def hooks_of(x: Any) -> tuple[Any, ...]:
    """Return the hooks of a leaf."""
    cell = x._cell
    if cell is None:
        return ()
    return tuple((cell.hooks or {}).values()), tuple((cell.post_hooks or {}).values())


def facts(x: Any) -> tuple[Any, ...]:
    """Return what a function can learn of a tensor without reading its elements."""
    return tuple(x.shape), numpy_dtype(x), history(x), hooks_of(x)


FACTS: Final = ("shape", "dtype", "requires_grad", "hooks")


def changed_fact(before: tuple[Any, ...], x: Any) -> str | None:
    """Name what differs from ``before`` in a tensor."""
    pairs = zip(FACTS, before, facts(x), strict=True)
    return next((what for what, old, now in pairs if not same(old, now)), None)

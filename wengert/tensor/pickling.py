"""Pickling of tensors, and what of the user's goes with them."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from wengert.as_torch import home_of
from wengert.core.carrier import Array, state
from wengert.core.shapes import Shape
from wengert.tape import storage as cells
from wengert.tape.storage import Storage
from wengert.tensor import creation
from wengert.tensor.copying import lying, placed, slots, whole


def reduced(x: Any, *, trimmed: bool = False) -> Any:
    """Return what pickle needs to build a tensor again: as in PyTorch, with the whole memory that it looks at.

    Each tensor has a memory of its own afterwards; `torch.save` lets those that share one share it again. ``trimmed``
    leaves out what lies before and after the tensor's own elements.
    """
    array, root, offset = lying(x, "pickle")
    if trimmed:
        root, offset = array, 0
    where = whole(root), array.dtype, offset, array.shape, array.strides
    return _rebuilt, (_class_named(type(x)), *where, x.requires_grad, attributes(x))


def _class_named(cls: type) -> Any:
    """Return a class, or where it is defined if that is not what it says.

    Under `install_as_torch` classes say that PyTorch defines them, and a pickle should mean the same elsewhere.
    """
    home = home_of(cls)
    return cls if home == cls.__module__ else (home, cls.__qualname__)


def _rebuilt(
    cls: Any, memory: Array, dtype: np.dtype[Any], offset: int, shape: Shape, strides: Shape,
    requires_grad: bool, carried: Any,
) -> Any:  # fmt: skip
    storage = Storage()
    storage.inference = state.inference
    found = getattr(sys.modules[cls[0]], cls[1]) if isinstance(cls, tuple) else cls
    made = cells.as_class(placed(memory, storage, dtype, offset, shape, strides), found)
    if requires_grad:
        creation.mark(made)
    set_attributes(made, carried)
    return made


def attributes(x: Any) -> Any:
    """Return what a tensor carries of the user's, as pickle wants it: a dict, with one of slots beside it, or None.

    A subclass may say with ``__getstate__`` what that is.
    """
    cls: Any = type(x)
    if cls.__getstate__ is not object.__getstate__:
        return x.__getstate__()
    held = slots(x)
    return (vars(x), held) if held else vars(x) or None


def set_attributes(x: Any, found: Any) -> None:
    """Give a tensor what `attributes` found on another one; TypeError for names that are a tensor's own."""
    if hasattr(x, "__setstate__"):
        x.__setstate__(found)
        return
    for part in found if isinstance(found, tuple) else (found,):
        for name, value in (part or {}).items():
            if name in cells.SLOTS:
                raise TypeError(
                    f"an attribute `{name}` would hide where a tensor keeps its own data; call it something else."
                )
            setattr(x, name, value)

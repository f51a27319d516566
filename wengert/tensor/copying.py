"""Copies that leave a tensor's history behind, `copy.deepcopy`, and where in its memory a tensor lies."""

from __future__ import annotations

import copy
import copyreg
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from wengert.core.carrier import Array, state
from wengert.core.shapes import Shape
from wengert.errors import GradientError
from wengert.tape import storage as cells
from wengert.tape.storage import Recorded, Storage, handle, root_array
from wengert.tensor import creation


def deepcopy(x: Any, memo: dict[Any, Any]) -> Any:
    """Return a leaf's copy; tensors that share memory have copies that share memory, if ``memo`` is one for all.

    As in PyTorch the whole memory is copied, not the part that a view shows, and a copy of a view has no base.
    RuntimeError for results of recorded operations.
    """
    if not x.is_leaf:
        raise GradientError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the "
            "moment. Use `x.detach().clone()`."
        )
    if id(x) in memo:
        return memo[id(x)]
    copied = memo[id(x)] = cells.as_class(_copy(x, memo), type(x))
    if x._edge is not None:
        creation.mark(copied)
    if x._cell is not None and x._cell.grad is not None:
        copied.grad = deepcopy(x._cell.grad, memo)
    for name, value in {**vars(x), **slots(x)}.items():
        setattr(copied, name, copy.deepcopy(value, memo))
    return copied


def _copy(x: Any, memo: dict[Any, Any]) -> Any:
    """Return a tensor with the elements and strides of ``x`` in the copy of its memory."""
    array, root, offset = lying(x, "deepcopy")
    key = Recorded, id(root)
    if key not in memo:
        storage = Storage()
        storage.inference = state.inference
        memo[key] = whole(root).copy(), storage, root
    memory, storage, _ = memo[key]
    return placed(memory, storage, array.dtype, offset, array.shape, array.strides)


def lying(x: Any, op: str) -> tuple[Array, Array, int]:
    """Return a tensor's elements, the array that owns their memory, and where in it, in bytes, they begin."""
    array = x._read(op)
    exposed = None if x._storage is None else x._storage.root
    root = root_array(array) if exposed is None else exposed
    if array is not x._payload or not root.size:
        alone = array.copy()
        return alone, alone, 0
    return array, root, _address(array) - _address(root)


def placed(
    memory: Array, storage: Storage, dtype: np.dtype[Any], offset: int, shape: Shape, strides: Shape
) -> Any:
    """Return a tensor that looks at a memory, from a place on and with strides in bytes, and shares its storage."""
    made = handle(np.ndarray(shape, dtype, memory, offset, strides))
    made._storage = storage
    return made


def whole(root: Array) -> Array:
    """Return an array's memory from its first byte to its last, as one row."""
    if not root.size:
        return np.empty(0, root.dtype)
    reach = sum((n - 1) * stride for n, stride in zip(root.shape, root.strides, strict=True))
    return as_strided(root, (reach // root.itemsize + 1,), (root.itemsize,))


def _address(array: Array) -> int:
    return array.__array_interface__["data"][0]  # type: ignore[no-any-return]


def slots(x: Any) -> dict[str, Any]:
    """Return what a subclass's slots hold of the user's."""
    names = set(copyreg._slotnames(type(x))) - cells.SLOTS  # type: ignore[attr-defined]
    return {name: getattr(x, name) for name in names if hasattr(x, name)}

"""Copies that leave a tensor's history behind: `copy.deepcopy` and pickling."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from wengert.core.carrier import Array, state
from wengert.errors import GradientError
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
    copied = memo[id(x)] = _copy(x, memo)
    copied.__class__ = type(x)
    if x.edge is not None:
        creation.mark(copied)
    if x.cell is not None and x.cell.grad is not None:
        copied.grad = deepcopy(x.cell.grad, memo)
    return copied


def _copy(x: Any, memo: dict[Any, Any]) -> Any:
    """Return a tensor with the elements and strides of ``x`` in the copy of its memory."""
    array = x._read("deepcopy")
    exposed = None if x.storage is None else x.storage.root
    root = root_array(array) if exposed is None else exposed
    if array is not x.payload or not root.size:
        return handle(array.copy())
    key = Recorded, id(root)
    if key not in memo:
        storage = Storage()
        storage.inference = state.inference
        memo[key] = _whole(root), storage
    memory, storage = memo[key]
    copied = handle(
        np.ndarray(
            array.shape, array.dtype, memory, _address(array) - _address(root), array.strides
        )
    )
    copied.storage = storage
    return copied


def _whole(root: Array) -> Array:
    """Return a copy of an array's memory from its first byte to its last, as one row."""
    reach = sum((n - 1) * stride for n, stride in zip(root.shape, root.strides, strict=True))
    return as_strided(root, (reach // root.itemsize + 1,), (root.itemsize,)).copy()


def _address(array: Array) -> int:
    return array.__array_interface__["data"][0]  # type: ignore[no-any-return]


def reduced(x: Any) -> Any:
    """Return what pickle needs to build a tensor again: as in PyTorch, with memory of its own."""
    return _rebuilt, (type(x), x._read("pickle"), x.requires_grad)


def _rebuilt(cls: Any, array: Array, requires_grad: bool) -> Any:
    made = creation.finish(array, requires_grad)
    made.__class__ = cls
    return made

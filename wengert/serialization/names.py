"""PyTorch's names in a file, what they mean here, and how tensors are built again from what a file says of them."""

from __future__ import annotations

import sys
from collections import OrderedDict
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import Array
from wengert.core.shapes import Size
from wengert.errors import FileError
from wengert.nn.parameter import Parameter
from wengert.tape.meta import Meta
from wengert.tape.storage import Storage
from wengert.tensor import copying, creation, foreign, pickling
from wengert.tensor import device as devices
from wengert.tensor.device import device, layout
from wengert.tensor.memory import TypedStorage
from wengert.tensor.tensor import Tensor


class StorageType:
    """PyTorch's name for memory that holds elements of one dtype, such as ``torch.FloatStorage``."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dtype = DTYPES[name]

    def __repr__(self) -> str:
        return f"StorageType(dtype={self.dtype})"


DTYPES = {
    **{f"{d.label}Storage": d for d in dtypes.ALL if d not in dtypes.WIDE_UNSIGNED},
    "UntypedStorage": dtypes.uint8,
}
"""What the memories of PyTorch's names hold; one without a type holds bytes."""

UNTYPED = StorageType("UntypedStorage")
STORAGE_OF = {d.name: StorageType(name) for name, d in DTYPES.items() if name != "UntypedStorage"}


class Memory(TypedStorage):
    """A piece of memory of a file, which tensors look at. Its storage counts writes, once for all of them.

    Of one that is ``described`` only, tensors are on the device meta.
    """

    __slots__ = ("cell", "described", "key")

    def __init__(self, elements: Array, key: str = "") -> None:
        super().__init__(elements, elements.dtype)
        self.key = key
        self.cell = Storage()
        self.described = False

    @property
    def elements(self) -> Array:
        """The elements, as one row."""
        return self._root


def _rebuild_tensor(memory: Memory, offset: int, size: Any, stride: Any) -> Any:
    return _placed(memory, memory.elements.dtype, offset, size, stride, False, None)


def _rebuild_tensor_v2(
    memory: Memory, offset: int, size: Any, stride: Any, requires_grad: bool, hooks: Any, metadata: Any = None
) -> Any:  # fmt: skip
    return _placed(memory, memory.elements.dtype, offset, size, stride, requires_grad, metadata)


def _rebuild_tensor_v3(
    memory: Memory, offset: int, size: Any, stride: Any, requires_grad: bool, hooks: Any, dtype: dtypes.dtype,
    metadata: Any = None,
) -> Any:  # fmt: skip
    return _placed(memory, dtype.numpy, offset, size, stride, requires_grad, metadata)


def _placed(
    memory: Memory, dtype: np.dtype[Any], offset: int, size: Any, stride: Any, requires_grad: bool, metadata: Any
) -> Any:  # fmt: skip
    """Build a tensor; ``metadata`` says what PyTorch leaves to be done when its elements are read."""
    start, strides = offset * dtype.itemsize, tuple(n * dtype.itemsize for n in stride)
    try:
        if memory.described:
            made = creation.finish(Meta(tuple(size), dtype, strides, start))
            made._storage = memory.cell
        else:
            made = copying.placed(memory.elements, memory.cell, dtype, start, tuple(size), strides)
    except (TypeError, ValueError) as error:
        raise FileError(
            f"load: the file is damaged: it has a tensor of size {tuple(size)}, strides {tuple(stride)} and offset "
            f"{offset} in a memory of {memory.nbytes()} bytes ({error})."
        ) from None
    todo = {key for key, value in (metadata or {}).items() if value}
    if todo - {"conj", "neg"}:
        raise FileError(f"load: a tensor of an unknown sort: {sorted(todo)}.")
    if "conj" in todo:
        made = made.conj().resolve_conj()
    if "neg" in todo:
        made = -made
    if requires_grad:
        creation.mark(made)
    return made


def _rebuild_meta_tensor_no_storage(
    dtype: dtypes.dtype, size: Any, stride: Any, requires_grad: bool
) -> Any:
    strides = tuple(n * dtype.itemsize for n in stride)
    return creation.finish(Meta(tuple(size), dtype.numpy, strides), requires_grad)


def _rebuild_parameter(data: Any, requires_grad: bool, hooks: Any) -> Any:
    return Parameter(data, requires_grad)


def _rebuild_parameter_with_state(data: Any, requires_grad: bool, hooks: Any, state: Any) -> Any:
    made = Parameter(data, requires_grad)
    pickling.set_attributes(made, state)
    return made


def _rebuild_from_type_v2(rebuild: Any, cls: Any, args: Any, state: Any) -> Any:
    made = rebuild(*args)
    if type(made) is not cls:
        made = foreign.make_subclass(cls, made, made.requires_grad)
    pickling.set_attributes(made, state)
    return made


def _get_layout(name: str) -> layout:
    found = getattr(devices, name.removeprefix("torch."), None)
    if not isinstance(found, layout):
        raise FileError(f"load: the file names the layout {name!r}, which is unknown.")
    return found


TORCH_NAMES: dict[tuple[str, str], Any] = {
    ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor_v2,
    ("torch._utils", "_rebuild_tensor_v3"): _rebuild_tensor_v3,
    ("torch._utils", "_rebuild_meta_tensor_no_storage"): _rebuild_meta_tensor_no_storage,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _rebuild_parameter_with_state,
    ("torch._tensor", "_rebuild_from_type_v2"): _rebuild_from_type_v2,
    ("torch.tensor", "_rebuild_from_type_v2"): _rebuild_from_type_v2,
    ("torch.serialization", "_get_layout"): _get_layout,
    ("torch", "Tensor"): Tensor,
    ("torch.nn.parameter", "Parameter"): Parameter,
    ("torch", "Size"): Size,
    ("torch", "device"): device,
    **{("torch", d.name): d for d in dtypes.ALL},
    **{("torch", kind.name): kind for kind in STORAGE_OF.values()},
    ("torch.storage", "UntypedStorage"): UNTYPED,
    ("torch", "UntypedStorage"): UNTYPED,
    ("collections", "OrderedDict"): OrderedDict,
}
"""What a file may name without being asked about: PyTorch's names, and what they mean here."""

NAME_OF = {id(meant): name for name, meant in reversed(TORCH_NAMES.items())}
"""PyTorch's name for what has several, by identity: the first one."""


def counterpart(module: str, name: str) -> Any:
    """Return Wengert's own class or function for a name of PyTorch's, or None: `torch.nn.modules.linear.Linear`."""
    found: Any = sys.modules.get("wengert" + module.removeprefix("torch"))
    for part in name.split("."):
        found = None if found is None else vars(found).get(part)
    return found

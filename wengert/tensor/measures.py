"""What can be asked about a tensor without reading its elements: its type, its size in bytes, where it lies."""

from __future__ import annotations

from typing import Any

from wengert.core import dtypes
from wengert.tape.meta import is_meta
from wengert.tape.storage import Recorded, concrete, ndarray
from wengert.tensor.layout import address, stride
from wengert.tensor.promotion import dtype_of, require_tensor

__all__ = ["is_complex", "is_floating_point", "is_nonzero", "is_same_size", "typename"]


def type_name(x: Any) -> str:
    """Return PyTorch's name for the type of a tensor of this dtype."""
    return f"torch.{'meta.' if is_meta(x) else ''}{dtypes.public(dtype_of(x)).label}Tensor"


def typename(obj: Any, /) -> str:
    """Return the name of an object's type, or of a class, with its module; a tensor's says its dtype.

    >>> import wengert as torch
    >>> torch.typename(torch.ones(1)), torch.typename(3)
    ('torch.FloatTensor', 'int')
    """
    if isinstance(obj, Recorded):
        return type_name(obj)
    named = obj if hasattr(obj, "__qualname__") else type(obj)
    module = getattr(named, "__module__", None)
    return (
        named.__qualname__ if module in (None, "", "builtins") else f"{module}.{named.__qualname__}"
    )


def is_floating_point(input: Any) -> bool:
    """Say whether the dtype is a floating one."""
    require_tensor("is_floating_point", input)
    return dtypes.kind(dtype_of(input)) == "f"


def is_complex(input: Any) -> bool:
    """Say whether the dtype is a complex one."""
    require_tensor("is_complex", input)
    return dtype_of(input).kind == "c"


def is_nonzero(input: Any) -> bool:
    """Say whether a tensor's one element is not zero. RuntimeError for more or fewer elements."""
    require_tensor("is_nonzero", input)
    return bool(input)


def is_same_size(input: Any, other: Any) -> bool:
    """Say whether two tensors have the same shape."""
    require_tensor("is_same_size", input)
    require_tensor("is_same_size", other, "other")
    return tuple(input.shape) == tuple(other.shape)


def data_ptr(x: Any) -> int:
    """Return the address of the first element; 0 where there is none. An error inside transforms."""
    if is_meta(x):
        return 0
    array = concrete(x, "data_ptr()")
    return address(array) if array.size else 0


def is_set_to(x: Any, tensor: Any) -> bool:
    """Say whether two tensors look at the same memory in the same way."""
    require_tensor("is_set_to", tensor, "tensor")
    if x._payload.__class__ is not ndarray or tensor._payload.__class__ is not ndarray:
        return x._payload is tensor._payload
    same = address(x._payload) == address(tensor._payload) and tuple(x.shape) == tuple(tensor.shape)
    return same and stride(x) == stride(tensor) and dtype_of(x) == dtype_of(tensor)

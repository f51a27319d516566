"""Methods that copy, convert, measure a tensor, or make one like it."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.shapes import Size, axis_of
from wengert.rules import structural as rows
from wengert.tape.storage import Recorded
from wengert.tensor import creation, inplace, views
from wengert.tensor.device import device as _device
from wengert.tensor.device import require_cpu
from wengert.tensor.promotion import cast_to, dtype_of, require_tensor

_bool, _float, _int, _type = bool, float, int, type


class ConversionMethods(Recorded):
    """Dtypes, devices, sizes, copies, and tensors like this one."""

    __slots__ = ()

    zero_ = inplace.zero_
    fill_ = inplace.fill_

    def copy_(self, source: Any, non_blocking: Any = False) -> Any:
        """Copy another tensor's elements, broadcast and converted, into this one. Returns the tensor."""
        return inplace.copy_(self, source)

    def clone(self) -> Any:
        """Copy into new memory; gradients flow through."""
        return rows.clone(self)

    def contiguous(self) -> Any:
        """Return the tensor with its elements in one piece of memory in order: itself if they are."""
        return self if self.is_contiguous() else rows.clone(self)

    def is_contiguous(self) -> bool:
        """Say whether the elements lie in one piece of memory in order."""
        return views.is_contiguous(self)

    def stride(self, dim: int | None = None) -> Any:
        """Return how many elements apart neighbours along each dimension are."""
        payload = self.payload
        strides = tuple(s // payload.itemsize for s in payload.strides)
        return strides if dim is None else strides[axis_of("stride", dim, len(strides))]

    def size(self, dim: int | None = None) -> Any:
        """Return the shape, or the size of one dimension."""
        shape = tuple(self.payload.shape)
        return Size(shape) if dim is None else shape[axis_of("size", dim, len(shape))]

    def dim(self) -> int:
        """Return the number of dimensions."""
        return len(self.payload.shape)

    def numel(self) -> int:
        """Return the number of elements."""
        count = 1
        for n in self.payload.shape:
            count *= n
        return count

    nelement = numel

    def element_size(self) -> int:
        """Return the size of one element in bytes."""
        return dtype_of(self).itemsize

    def is_floating_point(self) -> bool:
        """Say whether the dtype is a floating one."""
        return dtype_of(self).kind == "f"

    def is_complex(self) -> bool:
        """Say whether the dtype is a complex one."""
        return dtype_of(self).kind == "c"

    def to(
        self,
        *args: Any,
        dtype: Any = None,
        device: Any = None,
        copy: bool = False,
        non_blocking: bool = False,
        memory_format: Any = None,
    ) -> Any:
        """Convert to a dtype, or to the dtype of another tensor; itself when nothing changes.

        There is one device and one memory format, so these arguments change nothing.
        """
        for arg in args:
            if isinstance(arg, dtypes.dtype) or arg in (_float, _int, complex, _bool):
                dtype = arg
            elif isinstance(arg, Recorded):
                dtype = dtypes.public(dtype_of(arg))
            elif isinstance(arg, _bool):
                pass  # non_blocking and copy, by position; a conversion copies anyway
            elif arg is None or isinstance(arg, str | _device):
                device = arg
            else:
                raise TypeError(
                    f"to(): expected a dtype, a tensor or a device, got {_type(arg).__name__}. "
                    f"Write the dtype, as in `x.to(torch.float64)`."
                )
        require_cpu(device)
        out = self if dtype is None else cast_to(self, dtypes.to_numpy(dtype))
        return rows.clone(out) if copy and out is self else out

    def type(self, dtype: Any = None, non_blocking: bool = False) -> Any:
        """Convert to a dtype or to one of PyTorch's type names; without argument, return the type name.

        >>> import wengert as torch
        >>> torch.tensor([1.]).type(), torch.tensor([1.]).type(torch.int64)
        ('torch.FloatTensor', tensor([1]))
        """
        if dtype is None:
            return f"torch.{_TYPE_NAMES[dtype_of(self).name]}Tensor"
        if isinstance(dtype, str):
            found = [d for d, name in _TYPE_NAMES.items() if dtype == f"torch.{name}Tensor"]
            if not found:
                raise ValueError(f"invalid type: {dtype!r}. Use a dtype, as in `torch.float64`.")
            return cast_to(self, np.dtype(found[0]))
        return cast_to(self, dtypes.to_numpy(dtype))

    def type_as(self, other: Any) -> Any:
        """Convert to the dtype of another tensor."""
        require_tensor("type_as", other, "other")
        return cast_to(self, dtype_of(other))

    def float(self) -> Any:
        """Convert to float32."""
        return cast_to(self, dtypes.float32.numpy)

    def double(self) -> Any:
        """Convert to float64."""
        return cast_to(self, dtypes.float64.numpy)

    def half(self) -> Any:
        """Convert to float16."""
        return cast_to(self, dtypes.float16.numpy)

    def long(self) -> Any:
        """Convert to int64."""
        return cast_to(self, dtypes.int64.numpy)

    def int(self) -> Any:
        """Convert to int32."""
        return cast_to(self, dtypes.int32.numpy)

    def short(self) -> Any:
        """Convert to int16."""
        return cast_to(self, dtypes.int16.numpy)

    def char(self) -> Any:
        """Convert to int8."""
        return cast_to(self, dtypes.int8.numpy)

    def byte(self) -> Any:
        """Convert to uint8."""
        return cast_to(self, dtypes.uint8.numpy)

    def bool(self) -> Any:
        """Convert to bool."""
        return cast_to(self, dtypes.bool_.numpy)

    def cpu(self) -> Any:
        """Return the tensor, which is on the CPU."""
        return self

    def new_zeros(self, *size: Any, dtype: Any = None) -> Any:
        """Zeros of a shape, of this tensor's dtype."""
        return creation.zeros(*size, dtype=dtype or dtypes.public(dtype_of(self)))

    def new_ones(self, *size: Any, dtype: Any = None) -> Any:
        """Ones of a shape, of this tensor's dtype."""
        return creation.ones(*size, dtype=dtype or dtypes.public(dtype_of(self)))

    def new_tensor(self, data: Any, dtype: Any = None) -> Any:
        """A tensor of data, of this tensor's dtype."""
        return creation.tensor(data, dtype=dtype or dtypes.public(dtype_of(self)))

    def new_full(self, size: Any, fill_value: Any, dtype: Any = None) -> Any:
        """A tensor of a shape with one value everywhere, of this tensor's dtype."""
        if not isinstance(size, list | tuple):
            raise TypeError(
                f"new_full(): argument 'size' must be tuple of ints, not {_type(size).__name__}."
            )
        return creation.full(size, fill_value, dtype=dtype or dtypes.public(dtype_of(self)))


_TYPE_NAMES = {
    "bool": "Bool",
    "uint8": "Byte",
    "int8": "Char",
    "int16": "Short",
    "int32": "Int",
    "int64": "Long",
    "float16": "Half",
    "float32": "Float",
    "float64": "Double",
    "complex64": "ComplexFloat",
    "complex128": "ComplexDouble",
}

"""Methods that copy and convert."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.rules import structural as rows
from wengert.tape.storage import Recorded
from wengert.tensor import copies, inplace, measures
from wengert.tensor.device import device as _device
from wengert.tensor.device import require_cpu
from wengert.tensor.promotion import cast_to, dtype_of, require_tensor

_bool, _float, _int, _type = bool, float, int, type


class ConversionMethods(Recorded):
    """Copies, dtypes and devices."""

    __slots__ = ()

    zero_ = inplace.zero_
    fill_ = inplace.fill_

    def copy_(self, source: Any, non_blocking: Any = False) -> Any:
        """Copy another tensor's elements, broadcast and converted, into this one. Returns the tensor."""
        return inplace.copy_(self, source)

    clone = copies.clone
    contiguous = copies.contiguous

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
            return measures.type_name(self)
        if isinstance(dtype, str):
            found = [d for d, name in measures.TYPE_NAMES.items() if dtype == f"torch.{name}Tensor"]
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

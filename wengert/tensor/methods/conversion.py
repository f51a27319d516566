"""Methods that copy or convert a tensor, or make one like it."""

from __future__ import annotations

from typing import Any

from wengert.core import dtypes
from wengert.rules import structural as rows
from wengert.tape.storage import Recorded
from wengert.tensor import conversion, creation, inplace
from wengert.tensor.layout import is_contiguous
from wengert.tensor.promotion import cast_to, dtype_of, require_tensor


class ConversionMethods(Recorded):
    """Copies, dtypes, and tensors like this one."""

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
        return self if is_contiguous(self) else rows.clone(self)

    to = conversion.to
    type = conversion.type_

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

    def bfloat16(self) -> Any:
        """Convert to bfloat16."""
        return cast_to(self, dtypes.bfloat16.numpy)

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
                f"new_full(): argument 'size' must be tuple of ints, not {type(size).__name__}."
            )
        return creation.full(size, fill_value, dtype=dtype or dtypes.public(dtype_of(self)))

"""Methods that copy and convert."""

from __future__ import annotations

from typing import Any

from wengert.core import dtypes
from wengert.tape.storage import Recorded
from wengert.tensor import conversion, copies, inplace
from wengert.tensor.promotion import cast_to, dtype_of, require_tensor


class ConversionMethods(Recorded):
    """Copies and dtypes."""

    __slots__ = ()

    zero_ = inplace.zero_
    fill_ = inplace.fill_

    def copy_(self, source: Any, non_blocking: Any = False) -> Any:
        """Copy another tensor's elements, broadcast and converted, into this one. Returns the tensor."""
        return inplace.copy_(self, source)

    clone = copies.clone
    contiguous = copies.contiguous

    to = conversion.to
    type = conversion.type_

    def type_as(self, other: Any) -> Any:
        """Convert to the dtype of another tensor."""
        require_tensor("type_as", other, "other")
        return cast_to(self, dtype_of(other))

    def float(self, memory_format: Any = None) -> Any:
        """Convert to float32."""
        return cast_to(self, dtypes.float32.numpy)

    def double(self, memory_format: Any = None) -> Any:
        """Convert to float64."""
        return cast_to(self, dtypes.float64.numpy)

    def half(self, memory_format: Any = None) -> Any:
        """Convert to float16."""
        return cast_to(self, dtypes.float16.numpy)

    def bfloat16(self, memory_format: Any = None) -> Any:
        """Convert to bfloat16."""
        return cast_to(self, dtypes.bfloat16.numpy)

    def long(self, memory_format: Any = None) -> Any:
        """Convert to int64."""
        return cast_to(self, dtypes.int64.numpy)

    def int(self, memory_format: Any = None) -> Any:
        """Convert to int32."""
        return cast_to(self, dtypes.int32.numpy)

    def short(self, memory_format: Any = None) -> Any:
        """Convert to int16."""
        return cast_to(self, dtypes.int16.numpy)

    def char(self, memory_format: Any = None) -> Any:
        """Convert to int8."""
        return cast_to(self, dtypes.int8.numpy)

    def byte(self, memory_format: Any = None) -> Any:
        """Convert to uint8."""
        return cast_to(self, dtypes.uint8.numpy)

    def bool(self, memory_format: Any = None) -> Any:
        """Convert to bool."""
        return cast_to(self, dtypes.bool_.numpy)

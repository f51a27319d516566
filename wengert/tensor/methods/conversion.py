"""Methods that copy and convert."""

from __future__ import annotations

from typing import Any

from wengert.core import dtypes
from wengert.tape.storage import Recorded
from wengert.tensor import conversion, copies, inplace, ufuncs
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

    float = conversion.in_dtype(dtypes.float32, "float")
    double = conversion.in_dtype(dtypes.float64, "double")
    half = conversion.in_dtype(dtypes.float16, "half")
    bfloat16 = conversion.in_dtype(dtypes.bfloat16, "bfloat16")
    long = conversion.in_dtype(dtypes.int64, "long")
    int = conversion.in_dtype(dtypes.int32, "int")
    short = conversion.in_dtype(dtypes.int16, "short")
    char = conversion.in_dtype(dtypes.int8, "char")
    byte = conversion.in_dtype(dtypes.uint8, "byte")
    cfloat = conversion.in_dtype(dtypes.complex64, "cfloat")
    cdouble = conversion.in_dtype(dtypes.complex128, "cdouble")
    bool = conversion.in_dtype(dtypes.bool_, "bool")

    __array_ufunc__ = ufuncs.answer

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: Any = False) -> Any:
        return ufuncs.wrapped(self, array)

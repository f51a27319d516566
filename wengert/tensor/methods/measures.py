"""Methods that say what a tensor is: sizes, strides, types, memory."""

from __future__ import annotations

from typing import Any

from wengert.core.shapes import Size, axis_of
from wengert.tape.storage import Recorded
from wengert.tensor import layout as lying
from wengert.tensor import measures, memory
from wengert.tensor.device import channels_last, channels_last_3d
from wengert.tensor.promotion import dtype_of


class MeasuringMethods(Recorded):
    """Sizes, strides, types, memory."""

    __slots__ = ()

    is_floating_point = measures.is_floating_point
    is_complex = measures.is_complex
    is_nonzero = measures.is_nonzero
    is_same_size = measures.is_same_size
    is_set_to = measures.is_set_to
    data_ptr = measures.data_ptr
    storage_offset = lying.storage_offset
    storage = memory.storage
    untyped_storage = memory.untyped_storage

    def size(self, dim: int | None = None) -> Any:
        """Return the shape, or the size of one dimension."""
        shape = tuple(self._payload.shape)
        return Size(shape) if dim is None else shape[axis_of("size", dim, len(shape))]

    def stride(self, dim: int | None = None) -> Any:
        """Return how many elements apart neighbours along each dimension, or along one, are."""
        strides = lying.stride(self)
        return strides if dim is None else strides[axis_of("stride", dim, len(strides))]

    def is_contiguous(self, *, memory_format: Any = None) -> bool:
        """Say whether the elements lie in one piece of memory, in order or as ``memory_format`` says."""
        if memory_format is channels_last or memory_format is channels_last_3d:
            return lying.channels_last(self, 4 if memory_format is channels_last else 5)
        return lying.is_contiguous(self)

    def dim(self) -> int:
        """Return the number of dimensions."""
        return len(self._payload.shape)

    ndimension = dim

    def numel(self) -> int:
        """Return the number of elements."""
        count = 1
        for n in self._payload.shape:
            count *= n
        return count

    nelement = numel

    def element_size(self) -> int:
        """Return the size of one element in bytes."""
        return dtype_of(self).itemsize

    @property
    def itemsize(self) -> int:
        """The size of one element in bytes."""
        return dtype_of(self).itemsize

    @property
    def nbytes(self) -> int:
        """The size of all elements in bytes."""
        return self.numel() * dtype_of(self).itemsize

    def is_signed(self) -> bool:
        """Say whether the dtype has negative values."""
        return dtype_of(self).kind not in "bu"

    def _is_view(self) -> bool:
        return self._base is not None  # type: ignore[attr-defined]

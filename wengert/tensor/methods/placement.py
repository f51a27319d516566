"""Methods that say where a tensor lives, put it elsewhere, or hand its elements to code outside of Wengert."""

from __future__ import annotations

import itertools
from typing import Any

from wengert.core import dtypes
from wengert.errors import ShapeError, shape_text
from wengert.tape.meta import is_meta
from wengert.tape.storage import Recorded
from wengert.tensor import foreign, legacy
from wengert.tensor import layout as lying
from wengert.tensor.creation import moved, place_like
from wengert.tensor.device import (
    CPU,
    META,
    device,
    layout,
    memory_format,
    place_of,
    require_cpu,
    strided,
)
from wengert.tensor.promotion import dtype_of

_CPU_ONLY: Any = False


class PlacementMethods(Recorded):
    """Devices, kinds of memory, and the ways out of Wengert and back."""

    __slots__ = ()

    is_cuda = is_ipu = is_maia = is_mkldnn = is_mps = is_mtia = is_vulkan = is_xla = is_xpu = (
        _CPU_ONLY
    )
    is_nested = is_quantized = is_sparse = is_sparse_csr = _CPU_ONLY

    apply_ = foreign.apply_
    map_ = foreign.map_
    __dlpack__ = foreign.exported

    def __dlpack_device__(self) -> tuple[int, int]:
        return foreign.DLPACK_CPU

    @property
    def device(self) -> device:
        """The device that holds the elements: the CPU, or meta, where there are none."""
        return META if is_meta(self) else CPU

    @property
    def is_cpu(self) -> bool:
        """Whether the elements are in main memory."""
        return not is_meta(self)

    @property
    def is_meta(self) -> bool:
        """Whether the tensor has no elements, on the device meta."""
        return is_meta(self)

    @property
    def layout(self) -> layout:
        """How the elements lie: at strides."""
        return strided

    def get_device(self) -> int:
        """Return the number of the device, -1 for the CPU."""
        return -1

    def cpu(self, memory_format: Any = None) -> Any:
        """Return the tensor, if it is on the CPU. NotImplementedError on the device meta, where it has no elements."""
        return moved(self, CPU)

    def cuda(
        self, device: Any = None, non_blocking: bool = False, memory_format: Any = None
    ) -> Any:
        """Raise AssertionError: there is no GPU."""
        require_cpu("cuda")

    def xpu(self, device: Any = None, non_blocking: bool = False, memory_format: Any = None) -> Any:
        """Raise AssertionError: there is no such device."""
        require_cpu("xpu")

    def is_pinned(self, device: Any = None) -> bool:
        """Say whether the memory is locked for a device: it is not."""
        return False

    def pin_memory(self, device: Any = None) -> Any:
        """Raise RuntimeError: memory is locked for an accelerator, and there is none."""
        raise RuntimeError(
            "Cannot access accelerator device when none is available: pin_memory() locks memory for one. "
            "Use `if torch.cuda.is_available():` around it."
        )

    def is_shared(self) -> bool:
        """Say whether the memory is shared between processes: it is not."""
        return False

    def share_memory_(self) -> Any:
        """Raise NotImplementedError: processes share memory through Python's `multiprocessing.shared_memory`."""
        raise NotImplementedError(
            "share_memory_(): a tensor's memory here belongs to one process. Make an array on the buffer of a "
            "`multiprocessing.shared_memory.SharedMemory`, and a tensor on it with `torch.from_numpy(array)`."
        )

    def is_distributed(self) -> bool:
        """Say whether the tensor is spread over processes: it is not."""
        return False

    def is_neg(self) -> bool:
        """Say whether the elements wait to be negated: they never do."""
        return False

    def resolve_neg(self) -> Any:
        """Return the tensor, whose elements never wait to be negated."""
        return self

    def to_dense(self, dtype: Any = None, *, masked_grad: Any = None) -> Any:
        """Return the tensor, which is dense, in another dtype when asked."""
        return self if dtype is None else self.to(dtype)  # type: ignore[attr-defined]

    def new(self, *args: Any, device: Any = None) -> Any:
        """Return an uninitialised tensor of some sizes, or one of the elements of a sequence, of this one's dtype."""
        place = place_like(self) if device is None else place_of(device)
        return moved(legacy.made_as(dtypes.public(dtype_of(self)), args), place)

    def dim_order(self, *, ambiguity_check: Any = False) -> tuple[int, ...]:
        """Return the dimensions in the order in which they lie in memory, the outermost first.

        A size of 1 leaves a choice: that of the dimensions where it is possible, then that of `torch.channels_last`.
        With ``ambiguity_check=True`` RuntimeError where a size of 1, or equal strides, leave a choice; with a list of
        formats unless the tensor has exactly one of them. TypeError for anything else.

        >>> import wengert as torch
        >>> torch.ones(2, 3, 4).permute(2, 0, 1).dim_order()
        (1, 2, 0)
        """
        listed = isinstance(ambiguity_check, list)
        formats: list[Any] = ambiguity_check if listed else []
        if not (listed or isinstance(ambiguity_check, bool)) or not all(
            isinstance(f, memory_format) for f in formats
        ):
            raise TypeError(
                "The ambiguity_check argument must be a bool or a list of memory formats."
            )
        x: Any = self
        steps, shape = x.stride(), tuple(x.shape)
        equal = any(a == b for a, b in itertools.pairwise(steps))
        if (listed or ambiguity_check) and (equal or 1 in shape):
            if sum(x.is_contiguous(memory_format=f) for f in formats) != 1:
                raise ShapeError(
                    f"The tensor does not have unique dim order, or cannot map to exact one of the given memory "
                    f"formats: its shape is {shape_text(shape)} and its strides are {shape_text(steps)}."
                )
        return lying.outermost_first(x)

    def as_subclass(self, cls: Any) -> Any:
        """Return the tensor as an instance of a subclass of `Tensor`; memory and history are shared."""
        return foreign.as_subclass(self, cls)

    _make_subclass = staticmethod(foreign.make_subclass)

    def __reversed__(self) -> Any:
        return self.flip(0) if self._payload.shape else self  # type: ignore[attr-defined]

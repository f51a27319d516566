"""Where a tensor meets code that knows nothing of it: DLPack, Python functions of its elements, subclasses.

Memory that others can reach through DLPack is guarded as memory shared with NumPy is (`expose` in `tape/storage.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import Array, state
from wengert.errors import GradientError
from wengert.rules import structural
from wengert.tape import storage as cells
from wengert.tape.storage import Recorded, concrete
from wengert.tensor import creation, inplace
from wengert.tensor.device import require_cpu
from wengert.tensor.promotion import dtype_of, require_tensor
from wengert.tensor.views import cut, viewed

__all__ = ["from_dlpack", "to_dlpack"]

DLPACK_CPU: Final = (1, 0)
"""DLPack's name for main memory."""


def exported(
    x: Any, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: Any = None
) -> Any:
    """Return a DLPack capsule of the tensor's memory. BufferError for a tensor that requires grad, or is elsewhere."""
    if x._edge is not None:
        raise BufferError(
            "Can't export tensors that require gradient, use tensor.detach(), as in `x.detach().__dlpack__()`."
        )
    if stream is not None:
        raise AssertionError("__dlpack__: stream should be None on cpu.")
    if dl_device is not None and tuple(dl_device) != DLPACK_CPU:
        raise BufferError(
            f"__dlpack__: device {dl_device} is not there: the memory is the CPU's, {DLPACK_CPU}."
        )
    if copy:
        array = np.array(concrete(x, "__dlpack__"))
    else:
        array = x.numpy()
    return array.__dlpack__() if max_version is None else array.__dlpack__(max_version=max_version)


def to_dlpack(tensor: Any) -> Any:
    """Return a DLPack capsule of a tensor's memory, for one consumer."""
    require_tensor("to_dlpack", tensor, "tensor")
    return exported(tensor)


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Any:
    """Return a tensor that shares memory with an object that speaks DLPack, or with a capsule.

    ``copy=True`` copies instead. Writes through either side are seen by the other, and the tape is guarded against
    them as with `from_numpy`. Raises RuntimeError for what does not speak DLPack.

    >>> import numpy as np, wengert as torch
    >>> torch.from_dlpack(np.arange(3))
    tensor([0, 1, 2])
    """
    require_cpu(device)
    array = np.from_dlpack(ext_tensor) if hasattr(ext_tensor, "__dlpack__") else _read(ext_tensor)
    if copy:
        return creation.tensor(array)
    return creation.from_numpy(_writable(array))


def _read(capsule: Any) -> Array:
    try:
        return np.from_dlpack(_Capsule(capsule))
    except ValueError:
        raise _invalid(capsule) from None


def _invalid(capsule: Any) -> RuntimeError:
    return RuntimeError(
        f"from_dlpack received an invalid capsule, a {type(capsule).__name__}. A capsule can be consumed only once: "
        f"give it a tensor, an array, or a capsule that nobody has consumed yet."
    )


class _Capsule:
    """A bare capsule as an object that speaks DLPack."""

    def __init__(self, capsule: Any) -> None:
        if type(capsule).__name__ != "PyCapsule":
            raise _invalid(capsule)
        self.capsule = capsule

    def __dlpack__(self, **asked: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return DLPACK_CPU


class _Memory:
    """Memory that another array keeps alive, as NumPy's interface describes it."""

    def __init__(self, owner: Array) -> None:
        address, _ = owner.__array_interface__["data"]
        self.__array_interface__ = {**owner.__array_interface__, "data": (address, False)}
        self.owner = owner


def _writable(array: Array) -> Array:
    """Return a writable array on the same memory. NumPy takes memory from a capsule without a version for read-only."""
    return array if array.flags.writeable else np.asarray(_Memory(array))


def as_subclass(x: Any, cls: Any) -> Any:
    """Return a view of a whole tensor as an instance of a subclass of `Tensor`; TypeError for other classes."""
    _require_subclass(cls)
    return cells.as_class(viewed(structural.alias, x, {"index": ()}), cls)


def make_subclass(cls: Any, data: Any, require_grad: bool = False) -> Any:
    """Return a detached alias of a tensor as an instance of a subclass of `Tensor`, a leaf if it is to require grad.

    TypeError for other classes, RuntimeError where a gradient is asked of a dtype that has none.

    >>> import wengert as torch
    >>> class Named(torch.Tensor):
    ...     pass
    >>> torch.Tensor._make_subclass(Named, torch.ones(2), True)
    Named([1., 1.], requires_grad=True)
    """
    _require_subclass(cls)
    require_tensor("_make_subclass", data, "data")
    made = cells.as_class(cut(data, counted=True), cls)
    if state.trace is not None:
        state.trace.same_value(made, data)
    if require_grad:
        creation.mark(made)
    return made


def _require_subclass(cls: Any) -> None:
    if not (isinstance(cls, type) and issubclass(cls, cells.tensor_type)):
        raise TypeError(
            "Creating a Tensor subclass from a class that does not inherit from Tensor is not possible. "
            "Make sure your class inherits from Tensor."
        )


def apply_(x: Any, callable: Callable[[Any], Any]) -> Any:
    """Put ``callable`` of each element in its place, one after the other in Python: slow. Returns the tensor.

    RuntimeError for a tensor that requires grad.

    >>> import wengert as torch
    >>> torch.tensor([1., 2.]).apply_(lambda v: v * 10)
    tensor([10., 20.])
    """
    _require_plain(x, "apply_")
    elements = x._read("apply_()")
    return _filled(x, "apply_", [callable(v) for v in elements.ravel().tolist()])


def map_(x: Any, tensor: Any, callable: Callable[[Any, Any], Any]) -> Any:
    """Put ``callable`` of each element and the one of ``tensor`` beside it in its place: slow. Returns the tensor.

    RuntimeError for a tensor that requires grad, TypeError for tensors of two dtypes.
    """
    _require_plain(x, "map_")
    require_tensor("map_", tensor, "tensor")
    if dtype_of(x) != dtype_of(tensor):
        raise TypeError(
            f"map_: expected a tensor of {x.dtype} for 'other' (got one of {tensor.dtype}). Convert it first."
        )
    others = tensor.expand(x.shape)._read("map_()")
    pairs = zip(x._read("map_()").ravel().tolist(), others.ravel().tolist(), strict=True)
    return _filled(x, "map_", [callable(a, b) for a, b in pairs])


def _require_plain(x: Any, op: str) -> None:
    if x._edge is not None:
        raise GradientError(
            f"Can't call {op}() on Variable that requires grad. Use var.detach().{op}() instead."
        )


def _filled(x: Any, op: str, values: list[Any]) -> Any:
    """Write Python numbers, in order, into a tensor; integers lose fractions, and TypeError for what is no number."""
    dtype = dtypes.public(dtype_of(x))
    kinds = complex if dtype.is_complex else float if dtype.is_floating_point else int
    if any(not isinstance(v, int | float | complex | np.generic | Recorded) for v in values):
        wrong = next(v for v in values if not isinstance(v, int | float | complex | np.generic))
        raise TypeError(f"{op}: must be real number, not {type(wrong).__name__}")
    numbers = [kinds(v) for v in values]
    made = creation.tensor(numbers, dtype=dtype).reshape(tuple(x.shape))
    return inplace.assign(x, made, op)

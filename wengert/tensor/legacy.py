"""PyTorch's old type names: `FloatTensor` and its kin make tensors of one dtype and recognise them."""

from __future__ import annotations

from typing import Any, Final

from wengert.core import dtypes
from wengert.core.shapes import Size
from wengert.tape.provenance import warn_once
from wengert.tape.storage import Recorded
from wengert.tensor import creation, filled
from wengert.tensor.device import layout, require_cpu, strided
from wengert.tensor.promotion import cast_to, dtype_of

__all__ = [
    "BFloat16Tensor", "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor",
    "IntTensor", "LongTensor", "ShortTensor", "set_default_tensor_type",
]  # fmt: skip


class tensortype:
    """A name for the tensors of one dtype: called, it makes one; ``isinstance(x, FloatTensor)`` asks for the dtype.

    ``FloatTensor(2, 3)`` makes an uninitialised tensor of a shape, ``FloatTensor([1, 2])`` one of these elements. It is
    no class: a tensor's class is `Tensor`. TypeError for a number that is no size, and for a tensor of another dtype.

    >>> import wengert as torch
    >>> torch.LongTensor([1, 2]), isinstance(torch.ones(2), torch.FloatTensor)
    (tensor([1, 2]), True)
    """

    is_cuda = is_sparse = False

    def __init__(self, dtype: dtypes.dtype) -> None:
        self.dtype = dtype
        self.__name__ = self.__qualname__ = f"{dtype.label}Tensor"
        self.__module__ = "torch"

    @property
    def layout(self) -> layout:
        """How their elements lie: at strides."""
        return strided

    def __call__(self, *args: Any, device: Any = None) -> Any:
        require_cpu(device)
        return made_as(self.dtype, args)

    def __instancecheck__(self, x: Any) -> bool:
        return isinstance(x, Recorded) and dtypes.public(dtype_of(x)) is self.dtype

    def __repr__(self) -> str:
        return f"<class 'torch.{self.__name__}'>"

    def __reduce__(self) -> str:
        return self.__name__


def made_as(dtype: dtypes.dtype, args: tuple[Any, ...]) -> Any:
    """Return what the old constructors make: of sizes an uninitialised tensor, of a sequence its elements."""
    if not args:
        return filled.empty(0, dtype=dtype, device="cpu")
    data = args[0]
    if len(args) > 1 or isinstance(data, int | Size):
        return filled.empty(*args, dtype=dtype, device="cpu")
    if isinstance(data, Recorded):
        if dtypes.public(dtype_of(data)) is not dtype:
            raise TypeError(
                f"expected a tensor of {dtype} (got {dtypes.public(dtype_of(data))}). Convert with `x.to({dtype})`."
            )
        return data.detach()  # type: ignore[attr-defined]
    if not hasattr(data, "__len__") or isinstance(data, str):
        raise TypeError(
            f"new(): data must be a sequence (got {type(data).__name__}). Use `torch.tensor(...)` for a number."
        )
    read = creation.tensor(data, device="cpu")
    return cast_to(read, dtype.numpy)


(
    BoolTensor, ByteTensor, CharTensor, ShortTensor, IntTensor, LongTensor, HalfTensor, FloatTensor, DoubleTensor,
    BFloat16Tensor,
) = _named = tuple(
    tensortype(d) for d in dtypes.ALL if not d.is_complex and d not in dtypes.WIDE_UNSIGNED
)  # fmt: skip

_late = map(tensortype, dtypes.WIDE_UNSIGNED)  # which go by their names as texts alone
_BY_NAME: Final = {f"torch.{kind.__name__}": kind for kind in (*_named, *_late)}
_BY_DTYPE: Final = {kind.dtype: kind for kind in _named}


def named_type(name: Any) -> tensortype:
    """Return the type of a name such as ``"torch.FloatTensor"``, or of a dtype; ValueError for another name."""
    if isinstance(name, tensortype):
        return name
    if isinstance(name, dtypes.dtype):
        return _BY_DTYPE.get(name) or tensortype(name)
    found = _BY_NAME.get(name)
    if found is None:
        raise ValueError(f"invalid type: {name!r}. Use a dtype, as in `torch.float64`.")
    return found


def set_default_tensor_type(t: Any) -> None:
    """Set the dtype that Python floats become by a type or its name; TypeError unless it is a floating one.

    >>> import wengert as torch
    >>> torch.set_default_tensor_type(torch.FloatTensor)
    """
    warn_once(
        "torch.set_default_tensor_type() is deprecated. Use torch.set_default_dtype() and torch.set_default_device()."
    )
    dtype = named_type(t).dtype
    if not dtype.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    dtypes.set_default_dtype(dtype)

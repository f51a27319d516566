"""Tensors whose shape is not known yet: any operation on them is an error, until `materialize` gives them memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import EVERYWHERE, Level
from wengert.nn import parameter
from wengert.nn.parameter import Buffer, Parameter
from wengert.tape.storage import refuse_in_trace
from wengert.tensor import filled
from wengert.tensor.promotion import dtype_of
from wengert.tensor.tensor import Tensor

__all__ = ["UninitializedBuffer", "UninitializedError", "UninitializedParameter", "is_lazy"]


class UninitializedError(ValueError, RuntimeError):
    """Something was asked of a tensor that has no shape yet."""


def _refuse(what: str) -> NoReturn:
    raise UninitializedError(
        f"Attempted to use an uninitialized parameter or buffer in {what}: Can't access the shape of an uninitialized "
        f"parameter or buffer. Call `forward` of the lazy module with a batch, or load a state into it, before."
    )


class _Unset(Level):
    """The level at which tensors without shape would be computed with: above all others."""

    kind = "uninitialized parameter"

    def interpret(
        self, row: Any, operands: Sequence[Any], params: dict[str, Any], level: Level
    ) -> Any:
        """Raise UninitializedError."""
        _refuse(row.name)


_UNSET = _Unset(EVERYWHERE.number - 1)


class Nothing:
    """What stands in a tensor without shape where others have an array. It knows its dtype.

    ``below`` is an empty payload of its device.
    """

    __slots__ = ("below", "element_type")

    level = _UNSET

    def __init__(self, element_type: np.dtype[Any], below: Any) -> None:
        self.element_type, self.below = element_type, below

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        _refuse("an operation")

    def concrete(self, op: str) -> Any:
        """Raise UninitializedError."""
        _refuse(op)

    def __getitem__(self, key: Any) -> Any:
        _refuse("indexing")


class UninitializedTensorMixin:
    """What uninitialized parameters and buffers can do."""

    __slots__ = ()

    cls_to_become: Any

    def materialize(self: Any, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Give the tensor a shape and memory with arbitrary elements; it becomes an ordinary one.

        >>> import wengert as torch
        >>> p = torch.nn.UninitializedParameter()
        >>> p
        <UninitializedParameter>
        >>> p.materialize((2, 3))
        >>> type(p).__name__, p.shape
        ('Parameter', torch.Size([2, 3]))
        """
        refuse_in_trace(self, "materialize()")
        place = self.device if device is None else device
        made = filled.empty(shape, device=place, dtype=self.dtype if dtype is None else dtype)
        self._payload = made._payload
        self._storage = None
        if self._cell is not None:
            self._cell.shape, self._cell.dtype = tuple(made.shape), dtype_of(made)
        self.__class__ = self.cls_to_become

    def to(self: Any, *args: Any, **kwargs: Any) -> Any:
        """Return a tensor without shape of another dtype or on another device; itself when nothing changes."""
        made = filled.empty(0, dtype=self.dtype, device="cpu").to(*args, **kwargs)
        if made.dtype is self.dtype and made.device == self.device:
            return self
        return type(self)(self.requires_grad, made.device, made.dtype)

    def double(self) -> Any:
        """Return one of float64."""
        return self.to(dtypes.float64)

    def float(self) -> Any:
        """Return one of float32."""
        return self.to(dtypes.float32)

    def half(self) -> Any:
        """Return one of float16."""
        return self.to(dtypes.float16)

    def bfloat16(self) -> Any:
        """Return one of bfloat16."""
        return self.to(dtypes.bfloat16)

    def share_memory_(self) -> NoReturn:
        """Raise UninitializedError."""
        _refuse("share_memory_")

    def __deepcopy__(self: Any, memo: dict[Any, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.requires_grad, self.device, self.dtype)
        return memo[id(self)]

    def __reduce_ex__(self: Any, protocol: Any) -> Any:
        return type(self), (self.requires_grad, self.device, self.dtype)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def _made(cls: Any, requires_grad: bool, device: Any, dtype: Any) -> Any:
    made: Any = filled.empty(0, device=device, dtype=dtype, requires_grad=requires_grad)
    made._payload = Nothing(dtype_of(made), made.detach()._payload)
    made.__class__ = cls
    return made


class UninitializedParameter(UninitializedTensorMixin, Parameter):  # type: ignore[misc]
    """A parameter whose shape is not known yet; `materialize` makes it a `Parameter`.

    It can be registered, converted to another dtype, copied and loaded. Anything else raises UninitializedError, a
    ValueError and RuntimeError.
    """

    __slots__ = ()

    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        return _made(cls, requires_grad, device, dtype)


class UninitializedBuffer(UninitializedTensorMixin, Buffer):  # type: ignore[misc]
    """A buffer whose shape is not known yet; `materialize` makes it a tensor."""

    __slots__ = ()

    cls_to_become = Tensor

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True
    ) -> Any:  # fmt: skip
        made = _made(cls, requires_grad, device, dtype)
        made.persistent = persistent
        return made


def is_lazy(param: Any) -> bool:
    """Say whether a parameter or buffer has no shape yet."""
    return isinstance(param, UninitializedTensorMixin)


# PyTorch's address of these is that of `Parameter`, whose module may not know this one.
vars(parameter).update(
    UninitializedBuffer=UninitializedBuffer, UninitializedParameter=UninitializedParameter,
    UninitializedTensorMixin=UninitializedTensorMixin, is_lazy=is_lazy,
)  # fmt: skip

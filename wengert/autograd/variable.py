"""`Variable`, PyTorch's old name for a tensor with a gradient: every tensor is one."""

from __future__ import annotations

from typing import Any

from wengert.tape.provenance import warn
from wengert.tensor import creation
from wengert.tensor.filled import empty
from wengert.tensor.tensor import Tensor

__all__ = ["Variable"]


class VariableMeta(type):
    """Lets ``isinstance(x, Variable)`` mean that ``x`` is a tensor."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=VariableMeta):
    """``Variable(data, requires_grad=False)`` is a tensor on the memory of ``data``, without its history.

    ``volatile`` warns and changes nothing. TypeError for what is no tensor, RuntimeError for ``requires_grad`` of
    integers.

    >>> import wengert as torch
    >>> torch.autograd.Variable(torch.ones(2), requires_grad=True)
    tensor([1., 1.], requires_grad=True)
    """

    def __new__(cls, data: Any = None, requires_grad: Any = None, volatile: Any = None) -> Any:
        source = empty(0) if data is None else data
        if not isinstance(source, Tensor):
            raise TypeError(
                f"Variable data has to be a tensor, but got {type(source).__name__}. Use `torch.tensor(...)`."
            )
        if volatile:
            warn("volatile was removed and now has no effect. Use `with torch.no_grad():` instead.")
        made = source.detach()
        if requires_grad:
            creation.require_flag(requires_grad)
            creation.mark(made)
        return made

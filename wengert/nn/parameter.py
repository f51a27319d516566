"""Parameters: the tensors that a module trains."""

from __future__ import annotations

from typing import Any

from wengert.core.carrier import state
from wengert.tape.storage import handle
from wengert.tensor import creation, filled, overriding
from wengert.tensor.tensor import Tensor


class Parameter(Tensor):
    """A leaf tensor that a `Module` lists among its parameters. It shares memory with ``data``.

    >>> import wengert as torch
    >>> torch.nn.Parameter(torch.tensor(1.0))
    Parameter containing:
    tensor(1., requires_grad=True)
    """

    __slots__ = ()
    __torch_function__ = overriding.disabled

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        source = filled.empty(0) if data is None else data
        if not isinstance(source, Tensor):
            raise TypeError(
                f"Parameter(): expected a tensor, got {type(data).__name__}. Use `Parameter(torch.tensor(...))`."
            )
        plain = source.detach()
        made = handle(plain._payload)
        made._storage, made._origin = plain._storage, plain._origin
        made.__class__ = cls
        if state.trace is not None:
            state.trace.same_value(made, plain)
        if requires_grad:
            creation.mark(made)
        return made

    def __deepcopy__(self, memo: dict[Any, Any]) -> Any:
        """Return a copy with memory of its own and, as in PyTorch, without gradient."""
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.detach().clone(), self.requires_grad)
        return memo[id(self)]

    def __repr__(self) -> str:
        return "Parameter containing:\n" + self._printed("tensor(")

    def __format__(self, spec: str) -> str:
        return object.__format__(self, spec)


class Buffer(Tensor):
    """A tensor that a `Module` lists among its buffers when assigned to an attribute."""

    __slots__ = ()
    __torch_function__ = overriding.disabled

    persistent: bool

    def __repr__(self) -> str:
        return self._printed("tensor(")

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Any:
        plain = (filled.empty(0) if data is None else data).detach()
        made = handle(plain._payload)
        made._storage, made._origin = plain._storage, plain._origin
        made.__class__ = cls
        if state.trace is not None:
            state.trace.same_value(made, plain)
        made.persistent = persistent
        return made


def unset(*shape: int, device: Any = None, dtype: Any = None) -> Any:
    """Return a parameter of a shape, to be filled by the layer that asks for it."""
    return Parameter(filled.empty(shape, device=device, dtype=dtype))

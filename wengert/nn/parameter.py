"""Parameters: the tensors that a module trains."""

from __future__ import annotations

from typing import Any

from wengert.tensor import filled, foreign, overriding
from wengert.tensor.tensor import Tensor


class _Marked(type):
    """Lets a tensor that was made a parameter or a buffer count as one, and stay of its class."""

    def __instancecheck__(cls, x: Any) -> bool:
        mark = "_is_param" if cls is Parameter else "_is_buffer" if cls is Buffer else None
        return type.__instancecheck__(cls, x) or (
            mark is not None and isinstance(x, Tensor) and getattr(x, mark, False)
        )


class Parameter(Tensor, metaclass=_Marked):
    """A leaf tensor that a `Module` lists among its parameters. It shares memory with ``data``.

    Of a tensor of a subclass of `Tensor` it is a leaf of that class, and an instance of `Parameter` as well. Raises
    TypeError for what is no tensor, and RuntimeError where the subclass's own ``detach`` does not keep the class.

    >>> import wengert as torch
    >>> torch.nn.Parameter(torch.tensor(1.0))
    Parameter containing:
    tensor(1., requires_grad=True)
    """

    __slots__ = ()
    __torch_function__: Any = overriding.disabled

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        source = filled.empty(0) if data is None else data
        if not isinstance(source, Tensor):
            raise TypeError(
                f"Parameter(): expected a tensor, got {type(data).__name__}. Use `Parameter(torch.tensor(...))`."
            )
        if type(source) is Tensor or issubclass(type(source), Parameter):
            return foreign.make_subclass(cls, source, requires_grad)
        made = source.detach()
        if type(made) is not type(source):
            raise RuntimeError(
                f"Parameter(): detach() of a {type(source).__name__} gives a {type(made).__name__}, where a parameter "
                f"has to stay of its class. Let {type(source).__name__}.__torch_function__ keep the class."
            )
        vars(made)["_is_param"] = True
        return made.requires_grad_(requires_grad)

    def __deepcopy__(self, memo: dict[Any, Any]) -> Any:
        """Return a copy with memory of its own and, as in PyTorch, without gradient."""
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.detach().clone(), self.requires_grad)
        return memo[id(self)]

    def __repr__(self) -> str:
        kind = type(self)
        if kind is Parameter:
            return "Parameter containing:\n" + self._printed("tensor(")
        return f"Parameter containing:\nParameter({self._printed(f'{kind.__name__}(')})"


class Buffer(Tensor, metaclass=_Marked):
    """A tensor that a `Module` lists among its buffers when assigned to an attribute.

    It is a detached alias of ``data``, of its class, and marked; ``persistent`` says whether it is part of the state.

    >>> import wengert as torch
    >>> kept = torch.nn.Buffer(torch.zeros(2))
    >>> isinstance(kept, torch.nn.Buffer), type(kept) is torch.Tensor
    (True, True)
    """

    __slots__ = ()

    persistent: bool

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Any:
        source = filled.empty(0) if data is None else data
        made = source.detach().requires_grad_(source.requires_grad)
        vars(made).update(persistent=persistent, _is_buffer=True)
        return made


def unset(*shape: int, device: Any = None, dtype: Any = None) -> Any:
    """Return a parameter of a shape, to be filled by the layer that asks for it."""
    return Parameter(filled.empty(shape, device=device, dtype=dtype))

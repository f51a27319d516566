"""Looking at and into the graph: nodes, hooks on what nodes save, gradient edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from wengert.core.carrier import add_special, state
from wengert.core.silence import aloud
from wengert.errors import GradientError
from wengert.tape.hooks import require_callable
from wengert.tape.node import Node, edge_function

__all__ = ["GradientEdge", "Node", "get_gradient_edge", "save_on_cpu", "saved_tensors_hooks"]


class saved_tensors_hooks:
    """Pass every tensor that the tape saves inside the block through ``pack``, and back through ``unpack``.

    ``pack(tensor)`` may return anything; ``unpack`` of it must return a tensor with the same elements.

    >>> import wengert as torch
    >>> x = torch.tensor(3., requires_grad=True)
    >>> with torch.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), lambda n: torch.tensor(n)):
    ...     y = x * x
    >>> y.backward()
    >>> x.grad
    tensor(6.)
    """

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        require_callable("saved_tensors_hooks", pack_hook)
        require_callable("saved_tensors_hooks", unpack_hook)
        self._hooks = aloud(pack_hook), aloud(unpack_hook)

    def __enter__(self) -> None:
        state.saved_hooks = [*state.saved_hooks, self._hooks]
        add_special(1)

    def __exit__(self, *exc: object) -> None:
        if state.saved_hooks:
            state.saved_hooks = state.saved_hooks[:-1]
            add_special(-1)


class save_on_cpu(saved_tensors_hooks):
    """Keep saved tensors on the CPU, where they are: nothing changes."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda x: x, lambda x: x)


class GradientEdge(NamedTuple):
    """A place in the graph: a node and the number of one of its outputs."""

    node: Any
    output_nr: int


def get_gradient_edge(tensor: Any) -> GradientEdge:
    """Return where in the graph a tensor's gradient arrives; RuntimeError when none does."""
    if tensor._edge is None:
        raise GradientError(
            "It is not possible to get the gradient edge of a Tensor that does not require gradients"
        )
    node, index = edge_function(tensor._edge)
    return GradientEdge(node, index)

"""Looking at and into the graph: nodes, hooks on what nodes save, gradient edges."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, WeakSet

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import EVERYWHERE, ROOT, Level, add_special, state
from wengert.core.silence import aloud
from wengert.errors import GradientError
from wengert.tape.hooks import RemovableHandle, require_callable
from wengert.tape.node import AccumulateGrad, Node, Output, TBackward0, edge_function
from wengert.tape.provenance import here
from wengert.tape.record import numpy_dtype
from wengert.tape.storage import Recorded, handle, mark_written

__all__ = [
    "GradientEdge", "Node", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks", "get_gradient_edge",
    "increment_version", "register_multi_grad_hook", "save_on_cpu", "saved_tensors_hooks",
]  # fmt: skip


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
        _require_hooks_allowed(True)
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


class _AllowMutationOnSavedContext:
    """What `allow_mutation_on_saved_tensors` gives to the block."""

    def clear(self) -> None:
        """Do nothing: the nodes of the graph hold the copies, and let them go when they are freed."""


@contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[_AllowMutationOnSavedContext]:
    """Let tensors be written to inside the block although the tape has saved them: it saves copies.

    Gradients are of the values before the write. It costs the memory of the copies. RuntimeError inside of another such
    block.

    >>> import wengert as torch
    >>> x = torch.tensor([2., 3.], requires_grad=True)
    >>> with torch.autograd.graph.allow_mutation_on_saved_tensors():
    ...     a = x.clone()
    ...     loss = (a * a).sum()
    ...     _ = a.zero_()
    >>> loss.backward()
    >>> x.grad
    tensor([4., 6.])
    """
    if _copying.inside:
        raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
    _copying.inside = True
    try:
        with saved_tensors_hooks(_copy_of, lambda kept: kept):
            yield _AllowMutationOnSavedContext()
    finally:
        _copying.inside = False


class _Copying(threading.local):
    """Whether this thread is in a block that saves copies."""

    inside = False


_copying = _Copying()


def _copy_of(x: Any) -> Any:
    return x.detach().clone()


def increment_version(tensor: Any) -> None:
    """Count a write to a tensor, or to each of several, as if it had been made by an operation.

    What the tape saved of it is then out of date. RuntimeError for what is no tensor.
    """
    tensors = [tensor] if isinstance(tensor, Recorded) else tensor
    if not isinstance(tensors, Iterable):
        raise RuntimeError(
            f"increment_version expect a Iterable[Tensor] as input, not {type(tensor).__name__}."
        )
    given = list(tensors)
    if not all(isinstance(x, Recorded) for x in given):
        raise RuntimeError("increment_version expects each element of the iterable to be a tensor")
    place = here()
    for x in given:
        mark_written(x, place)


class _Refusal(threading.local):
    """Why this thread takes no hooks on saved tensors now, in the user's words."""

    words: str | None = None


_refusal = _Refusal()


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Refuse hooks on saved tensors inside the block: RuntimeError with these words, also where some are in force."""
    before = _refusal.words
    _refusal.words = error_message
    try:
        _require_hooks_allowed(bool(state.saved_hooks))
        yield
    finally:
        _refusal.words = before


def _require_hooks_allowed(asked: bool) -> None:
    if asked and _refusal.words is not None:
        raise GradientError(_refusal.words)


class GradientEdge(NamedTuple):
    """A place in the graph: a node and the number of one of its outputs.

    `autograd.grad` and `autograd.backward` take it in the place of the tensor whose gradient arrives there.
    """

    node: Any
    output_nr: int
    ownership_token: Any = None


def get_gradient_edge(tensor: Any) -> GradientEdge:
    """Return where in the graph a tensor's gradient arrives; RuntimeError when none does.

    >>> import wengert as torch
    >>> x = torch.tensor(3., requires_grad=True)
    >>> y = x * x
    >>> edge = torch.autograd.graph.get_gradient_edge(x)
    >>> edge.node.name(), edge.output_nr
    ('torch::autograd::AccumulateGrad', 0)
    >>> torch.autograd.grad(y, edge)
    (tensor(6.),)
    """
    if tensor._edge is None:
        raise GradientError(
            "It is not possible to get the gradient edge for a Tensor that does not require gradients. Mark it with "
            "`requires_grad_()`."
        )
    node, index = edge_function(tensor._edge)
    token = _standing_for(tensor._edge, tuple(tensor.shape), numpy_dtype(tensor), tensor._level)
    return GradientEdge(node, index, token)


def _standing_for(edge: Any, shape: tuple[int, ...], dtype: Any, level: Level) -> Any:
    """Return a tensor at a place in the graph. It has no values, and, like a constant, keeps no gradient."""
    made = handle(np.broadcast_to(np.zeros((), dtype), shape), edge, level)
    made._owner = EVERYWHERE
    return made


def tensors_at(given: Any, gradients: Any = None) -> Any:
    """Return what a walk starts from or leads to, with a tensor in the place of every `GradientEdge`.

    ``gradients`` are what the walk starts with: an edge that the user put together takes its dtype from there.
    """
    if isinstance(given, GradientEdge):
        return _tensor_at(given, gradients)
    if not isinstance(given, list | tuple) or not any(isinstance(x, GradientEdge) for x in given):
        return given
    several = gradients if isinstance(gradients, list | tuple) else ()
    pairs = itertools.zip_longest(given, several[: len(given)])
    return [_tensor_at(x, ct) if isinstance(x, GradientEdge) else x for x, ct in pairs]


def _tensor_at(place: GradientEdge, gradient: Any) -> Any:
    node, index, token = place
    if token is not None:
        return token
    if isinstance(node, TBackward0):
        raise GradientError(
            "TBackward0: this node stands for the transposition of a weight within one operation, where no gradient "
            "can be taken. Ask for the gradient of the weight, and transpose that."
        )
    if isinstance(node, AccumulateGrad):
        return _standing_for(node.cell, node.cell.shape, node.cell.dtype, ROOT)
    if node.outputs is not None:
        shape, dtype = node.outputs[index]
        return _standing_for(Output(node, index, shape), shape, dtype, ROOT)
    dtype = dtypes.default_float() if not isinstance(gradient, Recorded) else numpy_dtype(gradient)
    return _standing_for(node, node.shape, dtype, ROOT)


def register_multi_grad_hook(
    tensors: Sequence[Any], fn: Callable[[Any], None], *, mode: str = "all"
) -> RemovableHandle:
    """Call ``fn`` once in each backward that computes gradients of some of ``tensors``.

    With mode "all": ``fn(gradients)`` when all have arrived that this walk computes; the others are None. With
    "any": ``fn(gradient)`` for the first that arrives. What ``fn`` returns is not looked at. ValueError for another
    mode; AssertionError, with "all", for a tensor that does not require grad. The handle's ``remove()`` ends it.

    >>> import wengert as torch
    >>> a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    >>> c, d = a * b, a + b
    >>> seen = lambda grads: print([g is not None for g in grads])
    >>> handle = torch.autograd.graph.register_multi_grad_hook((a, b, c, d), seen)
    >>> c.sum().backward(retain_graph=True)
    [True, True, True, False]
    >>> c.sum().backward(inputs=(a,))
    [True, False, True, False]
    """
    if mode not in ("all", "any"):
        raise ValueError(
            f"register_multi_grad_hook: Expects mode to be one of ('all', 'any') but got {mode!r}."
        )
    if mode == "any":
        first = _First(fn)
        return _Handles([x.register_hook(first) for x in tensors if x._edge is not None])
    for i, x in enumerate(tensors):
        if x._edge is None:
            raise AssertionError(
                f"register_multi_grad_hook: Expected gradient function to be set, and tensor {i} does not require "
                f"grad. Leave it out, or mark it with `requires_grad_()` before the forward."
            )
    gathered = _Gathered(fn, [x._edge for x in tensors])
    return _Handles([x.register_hook(gathered.hook(i)) for i, x in enumerate(tensors)])


class _First:
    """A hook that calls the user's for the first gradient of each walk."""

    def __init__(self, fn: Callable[[Any], None]) -> None:
        self.fn = fn
        self.walks: WeakSet[Any] = WeakSet()

    def __call__(self, grad: Any) -> None:
        if state.walk not in self.walks:
            self.walks.add(state.walk)
            self.fn(grad)


class _Gathered:
    """The gradients that have arrived at several edges, for each walk that is under way."""

    def __init__(self, fn: Callable[[Any], None], edges: list[Any]) -> None:
        self.fn, self.edges = fn, edges
        self.walks: WeakKeyDictionary[Any, tuple[list[int], list[Any]]] = WeakKeyDictionary()

    def hook(self, i: int) -> Callable[[Any], None]:
        """Return the hook of one of the tensors."""

        def arrived(grad: Any) -> None:
            walk = state.walk
            if walk not in self.walks:
                self.walks[walk] = [sum(walk.reaches(self.edges))], [None] * len(self.edges)
            missing, grads = self.walks[walk]
            grads[i] = grad
            missing[0] -= 1
            if not missing[0]:
                del self.walks[walk]
                self.fn(grads)

        return arrived


class _Handles(RemovableHandle):
    """What takes several hooks away at once."""

    def __init__(self, handles: list[RemovableHandle]) -> None:
        self.handles = handles

    def remove(self) -> None:
        """Take the hooks away; a second call does nothing."""
        for one in self.handles:
            one.remove()

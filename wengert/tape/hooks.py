"""Hooks: functions of the user that see or replace cotangents on their way."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from wengert.core.carrier import state
from wengert.errors import DeviceError, GradientError, ShapeError, shape_text
from wengert.tape.meta import is_meta
from wengert.tape.storage import Recorded, handle

Hook = Callable[..., Any]
_ids = itertools.count()


class RemovableHandle:
    """What registering a hook returns: ``remove()`` takes the hook away again. A context manager, too.

    ``traits`` is a second table under the same number: how the hook wants to be called.
    """

    def __init__(
        self, hooks: dict[int, Hook], hook: Hook, traits: dict[int, Any] | None = None
    ) -> None:
        self.id = next(_ids)
        self._made_in = state.trace
        hooks[self.id] = hook
        self._hooks = hooks
        self._traits = traits

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        if state.trace is not None and state.trace is not self._made_in and self.id in self._hooks:
            state.trace.refuse("handle.remove() takes away a hook from outside")
        self._hooks.pop(self.id, None)
        if self._traits is not None:
            self._traits.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


class NodeHook:
    """A hook of a leaf's `AccumulateGrad` node. It is kept among the leaf's own hooks, and runs after them."""

    __slots__ = ("hook",)

    def __init__(self, hook: Hook) -> None:
        self.hook = hook

    def __call__(self, *grads: Any) -> Any:
        return self.hook(*grads)

    @property
    def __name__(self) -> str:
        return hook_name(self.hook)


def require_callable(what: str, hook: Any) -> None:
    """Raise TypeError unless ``hook`` can be called."""
    if not callable(hook):
        raise TypeError(f"{what}: a hook must be callable, got {type(hook).__name__}.")


def hook_name(hook: Any) -> str:
    """Return a hook's name for messages."""
    return getattr(hook, "__name__", type(hook).__name__)


def run_leaf_hooks(hooks: dict[int, Hook], grad: Any, shape: Sequence[int], *, lands: bool) -> Any:
    """Pass a gradient through a leaf's hooks; those of its node run only when the gradient will land in ``.grad``."""
    before = {k: hook for k, hook in hooks.items() if hook.__class__ is not NodeHook}
    grad = run_tensor_hooks(before, grad, shape)
    if lands and len(before) < len(hooks):
        after: dict[int, Hook] = {k: hook for k, hook in hooks.items() if k not in before}
        (grad,) = run_node_hooks("AccumulateGrad", after, (grad,))
    return grad


def run_tensor_hooks(hooks: dict[int, Hook], grad: Any, shape: Sequence[int]) -> Any:
    """Pass a gradient through hooks in the order of their registration; each may return a replacement.

    Raises TypeError for a replacement that is no tensor, RuntimeError for one of another shape, dtype or device.
    """
    for hook in list(hooks.values()):
        replaced = hook(grad)
        if replaced is None:
            continue
        check_replacement(hook, replaced, grad, shape)
        grad = replaced
    return grad


def check_replacement(hook: Any, replaced: Any, grad: Any, shape: Sequence[int]) -> None:
    """Raise unless ``replaced`` is a tensor of the gradient's shape and dtype, and on its device."""
    if not isinstance(replaced, Recorded):
        raise TypeError(
            f"hook '{hook_name(hook)}': expected a tensor or None, but it returned {type(replaced).__name__}."
        )
    now: Any = replaced
    if tuple(now.shape) != tuple(shape):
        raise ShapeError(
            f"hook '{hook_name(hook)}' has changed the size of value: the gradient has shape "
            f"{shape_text(shape)}, the hook returned {shape_text(now.shape)}."
        )
    if now.dtype is not grad.dtype:
        raise ShapeError(
            f"hook '{hook_name(hook)}' has changed the type of value: the gradient is {grad.dtype}, the hook "
            f"returned {now.dtype}. Return `g.to(grad.dtype)`."
        )
    if is_meta(replaced) is not is_meta(grad):
        raise DeviceError(
            f"hook '{hook_name(hook)}' has changed the device of value: the gradient is on {grad.device}, the hook "
            f"returned a tensor on {now.device}. Make it with `torch.ones_like(grad)` or its like."
        )


def run_node_hooks(
    node: str,
    hooks: dict[int, Hook],
    grads: tuple[Any, ...],
    outputs: tuple[Any, ...] | None = None,
) -> tuple[Any, ...]:
    """Run a node's hooks: before its rule on the gradients of its outputs, after it on those of its inputs as well.

    ``grads`` and ``outputs`` hold tensors or None. Each hook may return a tuple in place of ``grads``. Raises
    TypeError for anything else, RuntimeError for another number of gradients, shape, dtype or device.
    """
    for hook in list(hooks.values()):
        replaced = hook(grads) if outputs is None else hook(grads, outputs)
        if replaced is None:
            continue
        if not isinstance(replaced, tuple):
            raise TypeError(
                f"{node}: hook '{hook_name(hook)}': expected a tuple of gradients or None, but it returned "
                f"{type(replaced).__name__}. Write `return (grad,)`."
            )
        if len(replaced) != len(grads):
            raise GradientError(
                f"{node}: hook '{hook_name(hook)}' has returned an incorrect number of values (got "
                f"{len(replaced)}, but expected {len(grads)})."
            )
        for new, old in zip(replaced, grads, strict=True):
            if new is not None and old is None:
                raise GradientError(
                    f"{node}: hook '{hook_name(hook)}' can't replace a None gradient with a non-None value."
                )
            if new is not None:
                check_replacement(hook, new, old, tuple(old.shape))
        grads = replaced
    return grads


def shown(grads: Any) -> tuple[Any, ...]:
    """Return gradients as hooks get them: a tuple of tensors and Nones."""
    several = grads if isinstance(grads, list | tuple) else (grads,)
    return tuple(g if g is None or isinstance(g, Recorded) else handle(g) for g in several)

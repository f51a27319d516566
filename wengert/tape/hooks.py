"""Hooks: functions of the user that see or replace cotangents on their way."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from wengert.errors import ShapeError, shape_text
from wengert.tape.storage import Recorded, handle

_ids = itertools.count()


class RemovableHandle:
    """What registering a hook returns: ``remove()`` takes the hook away again. A context manager, too."""

    def __init__(self, hooks: dict[int, Callable[..., Any]], hook: Callable[..., Any]) -> None:
        self.id = next(_ids)
        hooks[self.id] = hook
        self._hooks = hooks

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def require_callable(what: str, hook: Any) -> None:
    """Raise TypeError unless ``hook`` can be called."""
    if not callable(hook):
        raise TypeError(f"{what}: a hook must be callable, got {type(hook).__name__}.")


def hook_name(hook: Any) -> str:
    """Return a hook's name for messages."""
    return getattr(hook, "__name__", type(hook).__name__)


def run_tensor_hooks(hooks: dict[int, Callable[..., Any]], grad: Any, shape: Sequence[int]) -> Any:
    """Pass a gradient through hooks in the order of their registration; each may return a replacement.

    Raises TypeError for a replacement that is no tensor, RuntimeError for one of another shape or dtype.
    """
    for hook in list(hooks.values()):
        replaced = hook(grad)
        if replaced is None:
            continue
        check_replacement(hook, replaced, grad, shape)
        grad = replaced
    return grad


def check_replacement(hook: Any, replaced: Any, grad: Any, shape: Sequence[int]) -> None:
    """Raise unless ``replaced`` is a tensor of the gradient's shape and dtype."""
    if not isinstance(replaced, Recorded):
        raise TypeError(
            f"hook '{hook_name(hook)}': expected a tensor or None, but it returned {type(replaced).__name__}."
        )
    was: Any = grad
    now: Any = replaced
    if tuple(now.shape) != tuple(shape):
        raise ShapeError(
            f"hook '{hook_name(hook)}' has changed the size of value: the gradient has shape "
            f"{shape_text(shape)}, the hook returned {shape_text(now.shape)}."
        )
    if was is not None and now.dtype is not was.dtype:
        raise ShapeError(
            f"hook '{hook_name(hook)}' has changed the type of value: the gradient is {was.dtype}, the hook "
            f"returned {now.dtype}."
        )


def run_node_hooks(
    node: Any, hooks: dict[int, Callable[..., Any]], first: Any, second: Any, walk: Any
) -> Any:
    """Run a node's hooks on a tuple of gradients (pre: outputs' only; post: inputs' and outputs').

    Returns the gradients in the form in which ``first`` came, with what the hooks replaced.
    """
    single = not isinstance(first, list | tuple)
    grads = tuple(_shown(g) for g in ((first,) if single else first))
    outputs = second if isinstance(second, list | tuple) else (second,)
    for hook in list(hooks.values()):
        if second is None:
            replaced = hook(grads)
        else:
            replaced = hook(grads, tuple(_shown(g) for g in outputs))
        if replaced is None:
            continue
        if isinstance(replaced, Recorded):
            replaced = (replaced,)
        if not isinstance(replaced, tuple) or len(replaced) != len(grads):
            raise TypeError(
                f"{node.name()}: hook '{hook_name(hook)}' must return None or a tuple of {len(grads)} gradients."
            )
        for new, old in zip(replaced, grads, strict=True):
            if new is not None and old is not None:
                check_replacement(hook, new, old, tuple(old.shape))
        grads = replaced
    values = [None if g is None else walk.value(g) for g in grads]
    return values[0] if single else (values if isinstance(first, list) else tuple(values))


def _shown(g: Any) -> Any:
    return g if g is None or isinstance(g, Recorded) else handle(g)

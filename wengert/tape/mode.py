"""Grad mode and inference mode: context managers and decorators, each thread for itself."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

from wengert.core.carrier import add_special, state, switch_grad
from wengert.errors import under_own_name

__all__ = [
    "enable_grad", "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "no_grad", "set_grad_enabled",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])


class _Mode:
    """A setting of the thread's grad mode for a block or for each call of a function."""

    _grad = True
    _inference: bool | None = None

    def __init__(self) -> None:
        self._before: list[tuple[bool, bool]] = []

    def _fresh(self) -> _Mode:
        return type(self)()

    def __enter__(self) -> None:
        self._before.append((state.grad, state.inference))
        set_modes(self._grad, state.inference if self._inference is None else self._inference)

    def __exit__(self, *exc: object) -> None:
        set_modes(*self._before.pop())

    def __call__(self, fn: F) -> F:
        """Decorate a function or generator function: the mode holds whenever its body runs."""
        if inspect.isgeneratorfunction(fn):
            return cast(F, _moded_generator(self._fresh, fn))

        @functools.wraps(fn)
        def moded(*args: Any, **kwargs: Any) -> Any:
            with self._fresh():
                return fn(*args, **kwargs)

        return cast(F, moded)


def _moded_generator(fresh: Callable[[], _Mode], fn: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a generator function so that the mode holds inside its body and not between its yields."""

    @functools.wraps(fn)
    def moded(*args: Any, **kwargs: Any) -> Any:
        body = fn(*args, **kwargs)
        step: Callable[[], Any] = functools.partial(next, body)
        while True:
            try:
                with fresh():
                    item = step()
            except StopIteration as stop:
                return stop.value
            try:
                step = functools.partial(body.send, (yield item))
            except GeneratorExit:
                body.close()
                raise
            except BaseException as error:
                step = functools.partial(body.throw, error)

    return moded


def set_modes(grad: bool, inference: bool) -> None:
    """Switch the thread's modes, keeping the counts that let the hot path skip a look at them."""
    switch_grad(grad)
    if inference is not state.inference:
        state.inference = inference
        add_special(1 if inference else -1)


@under_own_name
class no_grad(_Mode):
    """Do not record: results have ``requires_grad=False``, whatever their operands.

    >>> import wengert as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.no_grad():
    ...     (x * 2).requires_grad
    False
    """

    _grad = False

    def __new__(cls, fn: Callable[..., Any] | None = None) -> Any:
        made = super().__new__(cls)
        if fn is None:
            return made
        made._before = []
        return made(fn)


@under_own_name
class enable_grad(no_grad):
    """Record, inside a `no_grad` block too.

    >>> import wengert as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.no_grad(), torch.enable_grad():
    ...     (x * 2).requires_grad
    True
    """

    _grad = True


@under_own_name
class set_grad_enabled(_Mode):
    """Switch recording on or off, at once; as a context manager, back again at the end of the block.

    >>> import wengert as torch
    >>> with torch.set_grad_enabled(False):
    ...     torch.is_grad_enabled()
    False
    """

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self._grad = bool(mode)
        self._previous = state.grad
        set_modes(self._grad, state.inference)

    def _fresh(self) -> _Mode:
        return type(self)(self._grad)

    def __enter__(self) -> None:
        self._before.append((self._previous, state.inference))
        set_modes(self._grad, state.inference)

    def __call__(self, fn: F) -> F:
        set_modes(self._previous, state.inference)
        return super().__call__(fn)


@under_own_name
class inference_mode(_Mode):
    """Do not record, and mark results so that the tape can never use them later.

    >>> import wengert as torch
    >>> with torch.inference_mode():
    ...     torch.ones(1).is_inference()
    True
    """

    _grad = False
    _inference = True

    def __new__(cls, mode: Any = True) -> Any:
        made = super().__new__(cls)
        if callable(mode) and not isinstance(mode, bool):
            inference_mode.__init__(made)
            return made(mode)
        return made

    def __init__(self, mode: Any = True) -> None:
        super().__init__()
        self._mode = mode
        if mode is False:
            self._grad, self._inference = True, False

    def _fresh(self) -> _Mode:
        return type(self)(self._mode)


def is_grad_enabled() -> bool:
    """Say whether operations are recorded in this thread now."""
    return state.grad


def is_inference_mode_enabled() -> bool:
    """Say whether this thread is in inference mode."""
    return state.inference

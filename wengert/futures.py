"""PyTorch's ``torch.futures``: a result that is set once, and may be waited for."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from wengert.errors import refuser

__all__ = ["Future", "collect_all", "wait_all"]

T = TypeVar("T")
S = TypeVar("S")


class Future(Generic[T]):
    """A result that some thread sets once; others wait for it, or have a function called when it is there.

    >>> import wengert as torch
    >>> future = torch.futures.Future()
    >>> double = future.then(lambda done: done.value() * 2)
    >>> future.set_result(21)
    >>> double.wait()
    42
    """

    def __init__(self, *, devices: Any = None) -> None:
        self._set = threading.Condition()
        self._done = False
        self._result: Any = None
        self._error: BaseException | None = None
        self._callbacks: list[Callable[[Future[T]], Any]] = []

    def done(self) -> bool:
        """Say whether the result, or an error in its place, was set."""
        return self._done

    def wait(self) -> T:
        """Return the result as soon as it is set; raise the error that was set in its place."""
        with self._set:
            self._set.wait_for(self.done)
        return self.value()

    def value(self) -> T:
        """Return the result, which must have been set: RuntimeError where it was not."""
        if not self._done:
            raise RuntimeError("Future.value: the result is not set yet. Use `wait()`.")
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[no-any-return]

    def set_result(self, result: T) -> None:
        """Set the result, and call what waits for it. RuntimeError for a second one."""
        self._settle(result, None)

    def set_exception(self, result: BaseException) -> None:
        """Set an error in place of the result. AssertionError for what is none, RuntimeError for a second one."""
        if not isinstance(result, BaseException):
            raise AssertionError(f"{result!r} is of type {type(result)}, not an Exception.")
        self._settle(None, result)

    def _settle(self, result: Any, error: BaseException | None) -> None:
        with self._set:
            if self._done:
                raise RuntimeError("Future: the result was set before; it is set once.")
            self._result, self._error, self._done = result, error, True
            self._set.notify_all()
        for callback in self._callbacks:
            self._call(callback)

    def _call(self, callback: Callable[[Future[T]], Any]) -> None:
        """Call what waits; what it raises is its own, and stops neither others nor who set the result."""
        try:
            callback(self)
        except Exception as error:
            warnings.warn(f"Future: a callback raised {error!r}.", RuntimeWarning, stacklevel=4)

    def add_done_callback(self, callback: Callable[[Future[T]], Any]) -> None:
        """Call ``callback(future)`` once the result is set, at once where it is."""
        with self._set:
            if not self._done:
                self._callbacks.append(callback)
                return
        self._call(callback)

    def then(self, callback: Callable[[Future[T]], S]) -> Future[S]:
        """Return a future of what ``callback(future)`` returns, or raises, once the result is set."""
        following: Future[S] = Future()

        def follow(done: Future[T]) -> None:
            try:
                result = callback(done)
            except Exception as error:
                following.set_exception(error)
            else:
                following.set_result(result)

        self.add_done_callback(follow)
        return following


def collect_all(futures: list[Future[Any]]) -> Future[list[Future[Any]]]:
    """Return a future of the list of ``futures``, which is set once all of them are: to an error where one has one."""
    collected: Future[list[Future[Any]]] = Future()
    left, lock = len(futures), threading.Lock()

    def settle(done: Future[Any]) -> None:
        nonlocal left
        with lock:
            left -= 1
            last = left == 0
        if last:
            errors = [f._error for f in futures if f._error is not None]
            collected._settle(None if errors else futures, errors[0] if errors else None)

    if not futures:
        collected.set_result(futures)
    for future in futures:
        future.add_done_callback(settle)
    return collected


def wait_all(futures: list[Future[Any]]) -> list[Any]:
    """Return the results of ``futures`` in their order, as soon as all are set."""
    return [future.wait() for future in futures]


__getattr__ = refuser(__name__, "torch.futures")

"""Functions and methods that ask their arguments whether these bring their own way of computing them.

Asking costs every call, and few programs want it. So it begins when a subclass of `Tensor` is defined that is to be
asked, or a `TorchFunctionMode` is entered. From then on the functions themselves run other code: the code of one of the
forms in this file, which asks first and has what the function did before among its constants. So a function stays the
object that it is, wherever a table, a default or a closure of the user's keeps it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, Final

from wengert.core import dtypes
from wengert.core.shapes import Size
from wengert.tape import storage as cells
from wengert.tape.provenance import INTERNAL
from wengert.tensor.overridable import stock, twin
from wengert.tensor.overriding import (
    can_be_asked,
    disabled,
    handle_torch_function,
    has_own_way,
    local,
    spread,
)

PLAIN: Final[frozenset[type]] = frozenset(
    (int, float, bool, complex, str, type(None), slice, Size, dtypes.dtype)
)

_quick: Final[set[type]] = set()
"""Classes of arguments that have no way of their own: the plain ones and `Tensor` itself."""

_modes: Final[list[None]] = []
"""As long as there are modes in force in any thread, so that one look tells that there is none."""


# What functions run while they ask. `_Exchange` puts what the names mean in the place of the tuples of names.


def _function(*args: Any, **kwargs: Any) -> Any:
    meant: Any = ("quick", "modes", "ask", "plain")
    quick, modes, ask, plain = meant
    if modes:
        return ask(args, kwargs)
    for x in args:
        if x.__class__ not in quick:
            return ask(args, kwargs)
    if kwargs:
        for x in kwargs.values():
            if x.__class__ not in quick:
                return ask(args, kwargs)
    return plain(*args, **kwargs)


def _maker(*args: Any, **kwargs: Any) -> Any:
    meant: Any = ("quick", "modes", "ask", "plain")
    _, modes, ask, plain = meant
    return (ask if modes else plain)(*args, **kwargs)


def _accessor(self: Any, *value: Any) -> Any:
    meant: Any = ("quick", "modes", "ask", "plain")
    quick, modes, ask, plain = meant
    if modes or self.__class__ not in quick:
        return ask(self, *value)
    return plain(self, *value)


NAMES: Final = ("quick", "modes", "ask", "plain")


class _Exchange:
    """A function, its twin that stays as it is, and the code that lets the function ask."""

    def __init__(self, function: Any, way: str, public: Any) -> None:
        form, asking = WAYS[way]
        code = function.__code__
        self.function, self.plain = function, twin(function)
        meant = _quick, _modes, asking(self.plain, public), self.plain
        self.code = form.__code__.replace(
            co_consts=tuple(meant if c == NAMES else c for c in form.__code__.co_consts),
            co_freevars=code.co_freevars,
            co_name=code.co_name,
            co_qualname=code.co_qualname,
        )

    def do(self) -> None:
        """Let the function ask."""
        self.function.__code__ = self.code
        self.function.__wrapped__ = self.plain

    def undo(self) -> None:
        """Let the function do what it did."""
        self.function.__code__ = self.plain.__code__
        self.function.__dict__.clear()
        self.function.__dict__.update(self.plain.__dict__)


_arming: Final = threading.RLock()
_done: Final[list[_Exchange]] = []


def begin() -> None:
    """Let functions, methods and properties ask from now on. A second call changes nothing."""
    with _arming:
        if _done:
            return
        _quick.update(PLAIN, (cells.tensor_type,))
        ready = [_Exchange(asker.function, asker.way, asker.public) for asker in stock]
        try:
            for exchange in ready:
                exchange.do()
        except BaseException:
            for exchange in ready:
                exchange.undo()
            raise
        _done.extend(ready)


def begin_for(cls: type) -> None:
    """Begin to ask for the sake of a subclass of `Tensor`, unless it says that it is not to be asked."""
    if getattr(cls, "__torch_function__", disabled) is not disabled:
        begin()


def end() -> None:
    """Let nothing ask any more, as before the first call of `begin`."""
    with _arming:
        while _done:
            _done.pop().undo()


def _ask(plain: Callable[..., Any], public: Any) -> Callable[[Any, Any], Any]:
    """Return what a function does with arguments that may have a way of their own: it hands ``public`` over to them."""

    def ask(args: Any, kwargs: Any) -> Any:
        if not (
            local.modes or any(map(_may_answer, args)) or any(map(_may_answer, kwargs.values()))
        ):
            return plain(*args, **kwargs)
        # A plain tensor has no way of its own.
        given = spread((*args, *kwargs.values()))
        relevant = [x for x in given if x.__class__ is not cells.tensor_type]
        return handle_torch_function(public, relevant, *args, **kwargs)

    return ask


def _ask_or_pass(plain: Callable[..., Any], public: Any) -> Callable[[Any, Any], Any]:
    """Return what an operator does: it asks likewise, and where nobody has a way, the other operand has its turn."""
    asks = _ask(plain, public)

    def ask(args: Any, kwargs: Any) -> Any:
        try:
            return asks(args, kwargs)
        except TypeError:
            return NotImplemented

    return ask


def _ask_modes(plain: Callable[..., Any], public: Any) -> Callable[..., Any]:
    """Return what a function does whose arguments are not asked, however they are: modes alone are."""

    def ask(*args: Any, **kwargs: Any) -> Any:
        if not local.modes:
            return plain(*args, **kwargs)
        return handle_torch_function(public, (), *args, **kwargs)

    return ask


def _ask_for_user(plain: Callable[..., Any], public: Any) -> Callable[..., Any]:
    """Return what reading, setting or deleting a property does: the tensor is asked where the user does it."""

    def ask(self: Any, *value: Any) -> Any:
        asks = local.modes or has_own_way(self)
        if not asks or INTERNAL[sys._getframe(2).f_code.co_filename]:
            return plain(self, *value)
        return handle_torch_function(public, (self,), self, *value)

    return ask


def _may_answer(x: Any) -> bool:
    """Say whether something is, or holds, what may have to be asked."""
    kind = x.__class__
    if kind in _quick:
        return False
    return any(map(_may_answer, x)) if isinstance(x, list | tuple) else can_be_asked(x)


WAYS: Final[dict[str, tuple[Any, Callable[[Any, Any], Any]]]] = {
    "function": (_function, _ask),
    "operator": (_function, _ask_or_pass),
    "maker": (_maker, _ask_modes),
    "access": (_accessor, _ask_for_user),
}
"""The forms of code, and what each does when there may be somebody to ask."""


class TorchFunctionMode:
    """A block in which ``__torch_function__(self, func, types, args, kwargs)`` has every function before it runs.

    Within the method the mode is off, so that it may call ``func`` itself.

    >>> import wengert as torch
    >>> class Names(torch.overrides.TorchFunctionMode):
    ...     def __torch_function__(self, func, types, args=(), kwargs=None):
    ...         print(func.__name__)
    ...         return func(*args, **(kwargs or {}))
    >>> with Names():
    ...     _ = torch.ones(2).sum()
    ones
    sum
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise NotImplementedError("A TorchFunctionMode defines __torch_function__.")

    def __enter__(self) -> Any:
        begin()
        local.modes.append(self)
        _modes.append(None)
        return self

    def __exit__(self, *exc: object) -> None:
        local.modes.pop()
        _modes.pop()


class BaseTorchFunctionMode(TorchFunctionMode):
    """A mode that lets every function run as it is: a base for modes that add to that."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return func(*args, **(kwargs or {}))

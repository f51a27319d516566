"""Functions and methods that ask their arguments whether these bring their own way of computing them.

Asking costs every call, and few programs want it. So it begins when a subclass of `Tensor` is defined that is to be
asked, or a `TorchFunctionMode` is entered. From then on the functions themselves run other code: the code of one of the
forms in this file, which asks first and has what the function did before among its constants. So a function stays the
object that it is, wherever a table, a default or a closure of the user's keeps it.
"""

from __future__ import annotations

import sys
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any, Final

from wengert.core import dtypes
from wengert.core.shapes import Size
from wengert.tape import storage as cells
from wengert.tape.provenance import INTERNAL
from wengert.tensor.overriding import (
    can_be_asked,
    disabled,
    handle_torch_function,
    spread,
    thread,
)

NAMESPACES: Final = (
    "wengert", "wengert.nn.functional", "wengert.linalg", "wengert.special", "wengert.autograd",
)  # fmt: skip
ROOMS: Final = ("wengert.tensor.", "wengert.nn.functional.", "wengert.autograd.")
"""Where functions of tensors are made; what the namespaces have from elsewhere are settings."""

FILLERS: Final = ("uniform_", "normal_", "constant_", "kaiming_uniform_")
"""The functions of `nn.init` that ask; the others call methods that do."""

IGNORED: Final = frozenset(
    "from_numpy from_dlpack frombuffer as_subclass gradcheck gradgradcheck".split()
)
"""Those that do not ask, as in PyTorch."""

MAKERS: Final = frozenset("tensor as_tensor asarray".split())
"""Those that make a tensor of anything, and ask modes alone."""

SPELLED: Final = {
    "__add__": "add", "__radd__": "add", "__sub__": "sub", "__mul__": "mul", "__rmul__": "mul", "__truediv__": "div",
    "__mod__": "remainder", "__pow__": "pow", "__matmul__": "matmul", "__neg__": "neg", "__pos__": "positive",
    "__abs__": "abs", "__ne__": "ne", "__lt__": "lt", "__le__": "le", "__gt__": "gt", "__ge__": "ge",
    "__iadd__": "add_", "__isub__": "sub_", "__imul__": "mul_", "__itruediv__": "div_",
    "__ifloordiv__": "floor_divide_", "__imod__": "remainder_", "__ipow__": "pow_",
}  # fmt: skip
"""Operators that are handed over as the methods that they spell."""

UNARY: Final = frozenset(
    "__neg__ __pos__ __abs__ __invert__ __getitem__ __setitem__ __len__ __contains__ __reversed__ __repr__ __format__"
    " __bool__ __int__ __float__ __complex__ __index__".split()
)
OPERATORS: Final = UNARY | frozenset(SPELLED) | frozenset(
    "__and__ __rand__ __or__ __ror__ __xor__ __rxor__ __lshift__ __rlshift__ __rshift__ __rrshift__ __eq__ __rsub__"
    " __rtruediv__ __floordiv__ __rfloordiv__ __rmod__ __rpow__ __rmatmul__ __iand__ __ior__ __ixor__ __ilshift__"
    " __irshift__".split()
)  # fmt: skip
BINARY: Final = OPERATORS - UNARY
"""Operators whose TypeError lets the other operand have its turn."""

PLAIN: Final[frozenset[type]] = frozenset(
    (int, float, bool, complex, str, type(None), slice, Size, dtypes.dtype)
)

_quick: Final[set[type]] = set()
"""Classes of arguments that have no way of their own: the plain ones and `Tensor` itself."""

_modes: Final[list[TorchFunctionMode]] = []
"""The modes in force in any thread, so that one look tells that there is none."""


# What functions run while they ask. `_Changed` puts what the names mean in the place of the tuples of names.


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


class _Changed:
    """A function that asks, beside one with the code that it had."""

    def __init__(self, function: Any, form: Any, asking: Callable[..., Any], public: Any) -> None:
        code = function.__code__
        self.function = function
        self.plain = plain = types.FunctionType(
            code,
            function.__globals__,
            function.__name__,
            function.__defaults__,
            function.__closure__,
        )
        plain.__kwdefaults__ = function.__kwdefaults__
        plain.__annotations__ = function.__annotations__
        meant = _quick, _modes, asking(plain, public), plain
        function.__code__ = form.__code__.replace(
            co_consts=tuple(meant if c == NAMES else c for c in form.__code__.co_consts),
            co_freevars=code.co_freevars,
            co_name=code.co_name,
        )
        function.__wrapped__ = plain

    def undo(self) -> None:
        """Let the function run the code that it had."""
        self.function.__code__ = self.plain.__code__
        del self.function.__wrapped__


_arming: Final = threading.RLock()
_changed: Final[list[_Changed]] = []


def begin() -> None:
    """Let functions, methods and properties ask from now on. A second call changes nothing."""
    with _arming:
        if _changed:
            return
        tensor = cells.tensor_type
        _quick.update(PLAIN, (tensor,))
        for function in _functions():
            form, asking = (
                (_maker, _ask_modes) if function.__name__ in MAKERS else (_function, _ask)
            )
            _changed.append(_Changed(function, form, asking, function))
        for name, member in members_of(tensor):
            if isinstance(member, property):
                for access, way in (
                    ("fget", "__get__"),
                    ("fset", "__set__"),
                    ("fdel", "__delete__"),
                ):
                    if getattr(member, access) is not None:
                        parts = (
                            getattr(member, access),
                            _accessor,
                            _ask_for_user,
                            getattr(member, way),
                        )
                        _changed.append(_Changed(*parts))
            else:
                asking = _ask_or_pass if name in BINARY else _ask
                public = getattr(tensor, SPELLED.get(name, name))
                _changed.append(_Changed(member, _function, asking, public))


def begin_for(cls: type) -> None:
    """Begin to ask for the sake of a subclass of `Tensor`, unless it says that it is not to be asked."""
    if getattr(cls, "__torch_function__", disabled) is not disabled:
        begin()


def end() -> None:
    """Let nothing ask any more, as before the first call of `begin`."""
    with _arming:
        while _changed:
            _changed.pop().undo()


def _functions() -> Iterator[types.FunctionType]:
    """Yield PyTorch's functions of tensors, each once."""
    modules = [sys.modules[namespace] for namespace in NAMESPACES]
    found = {id(function): function for module in modules for _, function in functions_of(module)}
    fillers = vars(sys.modules["wengert.nn.init"])
    yield from found.values()
    yield from map(fillers.__getitem__, FILLERS)


def functions_of(module: types.ModuleType) -> Iterator[tuple[str, types.FunctionType]]:
    """Yield the functions of tensors that a module names."""
    for name, value in vars(module).items():
        public = isinstance(value, types.FunctionType) and value.__module__.startswith(ROOMS)
        if public and not name.startswith("_") and name not in IGNORED:
            yield name, value


def members_of(tensor: type) -> Iterator[tuple[str, Any]]:
    """Yield the methods, operators and properties of a class that ask."""
    for name in dir(tensor):
        member = getattr(tensor, name)
        asks = name in OPERATORS or not (name in IGNORED or name.startswith("_"))
        if asks and isinstance(member, types.FunctionType | property):
            yield name, member


def own_methods(tensor: type) -> None:
    """Give a class each of its methods as a function of its own, to be told from the function that it spells."""
    for name, method in [*members_of(tensor)]:
        if isinstance(method, property):
            continue
        own = types.FunctionType(
            method.__code__, method.__globals__, name, method.__defaults__, method.__closure__
        )
        own.__kwdefaults__, own.__doc__ = method.__kwdefaults__, method.__doc__
        own.__annotations__ = method.__annotations__
        own.__module__, own.__qualname__ = tensor.__module__, f"{tensor.__name__}.{name}"
        setattr(tensor, name, own)


def _ask(plain: Callable[..., Any], public: Any) -> Callable[[Any, Any], Any]:
    """Return what a function does with arguments that may have a way of their own: it hands ``public`` over to them."""

    def ask(args: Any, kwargs: Any) -> Any:
        if not (
            thread.modes or any(map(_may_answer, args)) or any(map(_may_answer, kwargs.values()))
        ):
            return plain(*args, **kwargs)
        # A plain tensor has no way of its own.
        given = spread((*args, *kwargs.values()))
        relevant = [x for x in given if x.__class__ is not cells.tensor_type]
        return handle_torch_function(public, relevant, *args, **kwargs)

    return ask


def _ask_or_pass(plain: Callable[..., Any], public: Any) -> Callable[[Any, Any], Any]:
    """Return the same for an operator, whose other operand has its turn where nobody has a way."""
    asks = _ask(plain, public)

    def ask(args: Any, kwargs: Any) -> Any:
        try:
            return asks(args, kwargs)
        except TypeError:
            return NotImplemented

    return ask


def _ask_modes(plain: Callable[..., Any], public: Any) -> Callable[..., Any]:
    """Return the same for a function that asks modes, and not its arguments."""

    def ask(*args: Any, **kwargs: Any) -> Any:
        if not thread.modes:
            return plain(*args, **kwargs)
        return handle_torch_function(public, (), *args, **kwargs)

    return ask


def _ask_for_user(plain: Callable[..., Any], public: Any) -> Callable[..., Any]:
    """Return the same for a property, which asks where the user reads, sets or deletes it."""

    def ask(self: Any, *value: Any) -> Any:
        asks = thread.modes or can_be_asked(self)
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
        thread.modes.append(self)
        _modes.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _modes.remove(thread.modes.pop())


class BaseTorchFunctionMode(TorchFunctionMode):
    """A mode that lets every function run as it is: a base for modes that add to that."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return func(*args, **(kwargs or {}))

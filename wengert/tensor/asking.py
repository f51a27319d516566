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
    "tensor as_tensor asarray from_numpy from_dlpack frombuffer as_subclass _standing"
    " gradcheck gradgradcheck".split()
)
"""Those that make a tensor of something, as in PyTorch, and the inner ones."""

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

PLAIN: Final[frozenset[type]] = frozenset((int, float, bool, complex, str, type(None), slice))

_quick: Final[set[type]] = set()
"""Classes of arguments that have no way of their own: the plain ones and `Tensor` itself."""

_modes: Final[list[TorchFunctionMode]] = []
"""The modes in force in any thread, so that one look tells that there is none."""


# What a function runs while functions ask. The tuples of names stand for what `_answering` puts there.


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


def _accessor(self: Any, *value: Any) -> Any:
    meant: Any = ("quick", "modes", "ask", "plain")
    quick, modes, ask, plain = meant
    if modes or self.__class__ not in quick:
        return ask(self, *value)
    return plain(self, *value)


NAMES: Final = ("quick", "modes", "ask", "plain")


class _Changed:
    """A function that asks, beside one with the code that it had."""

    def __init__(self, function: Any, form: Any, asking: Callable[[Any], Any]) -> None:
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
        meant = _quick, _modes, asking(plain), plain
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
            _changed.append(_Changed(function, _function, _asking(function)))
        for name, method in _methods(tensor):
            public = getattr(tensor, SPELLED.get(name, name))
            _changed.append(_Changed(method, _function, _asking(public, name in BINARY)))
        for member in _properties(tensor).values():
            for access, way in (
                (member.fget, "__get__"),
                (member.fset, "__set__"),
                (member.fdel, "__delete__"),
            ):
                if access is not None:
                    _changed.append(
                        _Changed(access, _accessor, _asking_access(getattr(member, way)))
                    )


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
    found = {}
    for namespace in NAMESPACES:
        for name, value in vars(sys.modules[namespace]).items():
            public = isinstance(value, types.FunctionType) and value.__module__.startswith(ROOMS)
            if public and not name.startswith("_") and name not in IGNORED:
                found[id(value)] = value
    fillers = vars(sys.modules["wengert.nn.init"])
    yield from found.values()
    yield from map(fillers.__getitem__, FILLERS)


def _methods(tensor: type) -> Iterator[tuple[str, types.FunctionType]]:
    """Yield the methods and operators of a class that ask."""
    for name in dir(tensor):
        member = getattr(tensor, name)
        asks = name in OPERATORS or not (name in IGNORED or name.startswith("_"))
        if asks and isinstance(member, types.FunctionType):
            yield name, member


def _properties(tensor: type) -> dict[str, property]:
    members = ((name, getattr(tensor, name)) for name in dir(tensor) if not name.startswith("_"))
    return {name: member for name, member in members if isinstance(member, property)}


def own_methods(tensor: type) -> None:
    """Give a class each of its methods as a function of its own, to be told from the function that it spells."""
    for name, method in [*_methods(tensor)]:
        own = types.FunctionType(
            method.__code__, method.__globals__, name, method.__defaults__, method.__closure__
        )
        own.__kwdefaults__, own.__doc__ = method.__kwdefaults__, method.__doc__
        own.__annotations__ = method.__annotations__
        own.__module__, own.__qualname__ = tensor.__module__, f"{tensor.__name__}.{name}"
        setattr(tensor, name, own)


def _asking(public: Any, binary: bool = False) -> Callable[[Any], Any]:
    """Return what makes, of a plain function, one that hands ``public`` over to arguments with their own way of it."""

    def asking(plain: Callable[..., Any]) -> Any:
        def ask(args: Any, kwargs: Any) -> Any:
            if not (
                thread.modes
                or any(map(_may_answer, args))
                or any(map(_may_answer, kwargs.values()))
            ):
                return plain(*args, **kwargs)
            # A plain tensor has no way of its own.
            given = spread((*args, *kwargs.values()))
            relevant = [x for x in given if x.__class__ is not cells.tensor_type]
            try:
                return handle_torch_function(public, relevant, *args, **kwargs)
            except TypeError:
                if binary:
                    return NotImplemented
                raise

        return ask

    return asking


def _asking_access(public: Any) -> Callable[[Any], Any]:
    """Return the same for a property, which asks where the user reads, sets or deletes it."""

    def asking(plain: Callable[..., Any]) -> Any:
        def ask(self: Any, *value: Any) -> Any:
            asks = thread.modes or can_be_asked(self)
            if not asks or INTERNAL[sys._getframe(2).f_code.co_filename]:
                return plain(self, *value)
            return handle_torch_function(public, (self,), self, *value)

        return ask

    return asking


def _may_answer(x: Any) -> bool:
    """Say whether something is, or holds, what may have to be asked."""
    kind = x.__class__
    if kind in _quick:
        return False
    if kind is list or kind is tuple:
        return any(map(_may_answer, x))
    return can_be_asked(x)


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


def resolve_name(f: Callable[..., Any]) -> str | None:
    """Return the name under which PyTorch has what `__torch_function__` was given; None for anything else.

    >>> import wengert as torch
    >>> torch.overrides.resolve_name(torch.Tensor.add), torch.overrides.resolve_name(torch.nn.functional.relu)
    ('torch.Tensor.add', 'torch.nn.functional.relu')
    """
    holders = [(f"torch{name[len('wengert') :]}", vars(sys.modules[name])) for name in NAMESPACES]
    holders.insert(
        0, ("torch.Tensor", {n: getattr(cells.tensor_type, n) for n in dir(cells.tensor_type)})
    )
    for holder, named in holders:
        for name, value in named.items():
            if value is f:
                return f"{holder}.{name}"
            if isinstance(value, property) and f == value.__get__:
                return f"{holder}.{name}.__get__"
    return None

"""Functions and methods that ask their arguments whether these bring their own way of computing them.

Asking costs every call, and few programs want it. So it begins when a subclass of `Tensor` is defined that is to be
asked, or a `TorchFunctionMode` is entered. From then on where a module, Wengert's or the user's, names one of PyTorch's
functions, it names one that asks, and the methods and properties of `Tensor` ask as well.
"""

from __future__ import annotations

import sys
import threading
import types
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Final

from wengert.tape import storage as cells
from wengert.tape.provenance import INTERNAL
from wengert.tensor.overriding import (
    UNCHANGED,
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

_arming: Final = threading.RLock()
_put: Final[list[tuple[Any, str, Any]]] = []
"""What was put in the place of what: a module or the class, the name there, and what it named before."""


def begin() -> None:
    """Let functions, methods and properties ask from now on. A second call changes nothing."""
    with _arming:
        if _put:
            return
        asking = {id(function): _asking(function) for function in _functions()}
        for module in list(sys.modules.values()):
            for name, value in list(getattr(module, "__dict__", {}).items()):
                if id(value) in asking:
                    _replace(module, name, value, asking[id(value)])
        for name, member in _members(cells.tensor_type):
            _replace(cells.tensor_type, name, vars(cells.tensor_type).get(name), member)


def begin_for(cls: type) -> None:
    """Begin to ask for the sake of a subclass of `Tensor`, unless it says that it is not to be asked."""
    if getattr(cls, "__torch_function__", disabled) is not disabled:
        begin()


def end() -> None:
    """Let nothing ask any more, as before the first call of `begin`."""
    with _arming:
        while _put:
            place, name, before = _put.pop()
            if before is None:
                delattr(place, name)
            else:
                setattr(place, name, before)
        UNCHANGED.clear()


def _replace(place: Any, name: str, before: Any, after: Any) -> None:
    setattr(place, name, after)
    _put.append((place, name, before))


def _functions() -> Iterator[types.FunctionType]:
    """Yield PyTorch's functions of tensors."""
    for namespace in NAMESPACES:
        for name, value in vars(sys.modules[namespace]).items():
            public = isinstance(value, types.FunctionType) and value.__module__.startswith(ROOMS)
            if public and not name.startswith("_") and name not in IGNORED:
                yield value


def _members(tensor: type) -> Iterator[tuple[str, Any]]:
    """Yield the methods and properties of a class in forms that ask; operators are handed over as methods."""
    methods: dict[str, Any] = {}
    for name in dir(tensor):
        member: Any = getattr(tensor, name)
        if name in IGNORED or (name.startswith("_") and name not in OPERATORS):
            continue
        if isinstance(member, types.FunctionType) and name not in SPELLED:
            method = methods[name] = _asking(member)
            method.__name__, method.__qualname__ = name, f"Tensor.{name}"
            yield name, method
        elif isinstance(member, property):
            asks = AskingProperty(member.fget, member.fset, member.fdel)
            if name == "grad":
                UNCHANGED.add(asks.__get__)
            yield name, asks
    for name, spelled in SPELLED.items():
        yield name, _asking(getattr(tensor, name), methods[spelled])


def _asking(function: Callable[..., Any], public: Callable[..., Any] | None = None) -> Any:
    """Return a function that hands itself (or ``public``) over to the arguments that have their own way of it."""

    @wraps(function)
    def asks(*args: Any, **kwargs: Any) -> Any:
        if thread.modes or any(map(_may_answer, args)) or any(map(_may_answer, kwargs.values())):
            # A plain tensor has no way of its own.
            given = spread((*args, *kwargs.values()))
            relevant = [x for x in given if x.__class__ is not cells.tensor_type]
            try:
                return handle_torch_function(public or asks, relevant, *args, **kwargs)
            except TypeError:
                if function.__name__ in BINARY:
                    return NotImplemented
                raise
        return function(*args, **kwargs)

    return asks


PLAIN: Final = frozenset((int, float, bool, complex, str, type(None), slice))


def _may_answer(x: Any) -> bool:
    """Say whether something is, or holds, what may have to be asked."""
    kind = x.__class__
    if kind is cells.tensor_type or kind in PLAIN:
        return False
    if kind is list or kind is tuple:
        return any(map(_may_answer, x))
    return can_be_asked(x)


class AskingProperty(property):
    """A property that hands its getter over to a subclass that has its own way of it, when the user reads it."""

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        asks = instance.__class__ is not cells.tensor_type and can_be_asked(instance)
        if asks and not INTERNAL[sys._getframe(1).f_code.co_filename]:
            return handle_torch_function(self.__get__, (instance,), instance)
        return super().__get__(instance, owner)


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
        return self

    def __exit__(self, *exc: object) -> None:
        thread.modes.pop()


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

"""What asks for `__torch_function__`, and the names that PyTorch has for it.

The stock is taken once, when the package has been loaded: what a program puts on `Tensor` or into a module later is
its own.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Final, NamedTuple

from wengert.tape import storage as cells
from wengert.tensor.overriding import handle_torch_function, has_torch_function, own

NAMESPACES: Final = (
    "wengert", "wengert.nn.functional", "wengert.linalg", "wengert.fft", "wengert.special",
    "wengert.autograd",
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
    "__mod__": "remainder", "__matmul__": "matmul", "__rand__": "bitwise_and", "__ror__": "bitwise_or",
    "__rxor__": "bitwise_xor", "__ne__": "ne", "__lt__": "lt", "__le__": "le", "__gt__": "gt", "__ge__": "ge",
    "__iadd__": "add_", "__isub__": "sub_", "__imul__": "mul_", "__itruediv__": "div_",
    "__ifloordiv__": "floor_divide_", "__imod__": "remainder_",
}  # fmt: skip
"""Operators that are handed over as the methods that they spell."""

UNARY: Final = frozenset(
    "__neg__ __pos__ __abs__ __invert__ __getitem__ __setitem__ __len__ __contains__ __reversed__ __repr__ __format__"
    " __bool__ __int__ __float__ __complex__ __index__ __array__ __dlpack__ __deepcopy__ __reduce_ex__".split()
)
NAMED: Final = {"__neg__": "neg", "__pos__": "positive", "__abs__": "abs"}
"""Operators that are, as functions, the methods of these names."""

OPERATORS: Final = UNARY | frozenset(SPELLED) | frozenset(
    "__and__ __rand__ __or__ __ror__ __xor__ __rxor__ __lshift__ __rlshift__ __rshift__ __rrshift__ __eq__ __rsub__"
    " __rtruediv__ __floordiv__ __rfloordiv__ __rmod__ __rpow__ __rmatmul__ __iand__ __ior__ __ixor__ __ilshift__"
    " __irshift__ __pow__ __ipow__".split()
)  # fmt: skip
BINARY: Final = OPERATORS - UNARY
"""Operators whose TypeError lets the other operand have its turn."""


class Asker(NamedTuple):
    """One function that asks: who holds it, PyTorch's name, what runs, how it asks, and what it hands over."""

    holder: Any
    name: str
    function: types.FunctionType
    way: str
    public: Any


stock: Final[list[Asker]] = []
"""What asks; empty until the package has been loaded."""

_names: Final[dict[Any, str]] = {}


def take_stock() -> None:
    """Note what asks, once and for all."""
    for asker in (*_of_tensor(cells.tensor_type), *_of_modules()):
        stock.append(asker)
        _names.setdefault(asker.public, asker.name)
        _names.setdefault(asker.function, asker.name)
    own.update(_names)


def _of_tensor(tensor: type) -> Iterator[Asker]:
    for name, member in members_of(tensor):
        if isinstance(member, property):
            for access, way in (("fget", "__get__"), ("fset", "__set__"), ("fdel", "__delete__")):
                function = getattr(member, access)
                if function is not None:
                    public = getattr(member, way)
                    yield Asker(member, f"torch.Tensor.{name}.{way}", function, "access", public)
        elif name not in SPELLED:
            way = "operator" if name in BINARY else "function"
            yield Asker(tensor, f"torch.Tensor.{name}", member, way, member)
    for name, spelled in SPELLED.items():
        public = getattr(tensor, spelled)
        yield Asker(tensor, f"torch.Tensor.{name}", getattr(tensor, name), "operator", public)


def _of_modules() -> Iterator[Asker]:
    seen: set[int] = set()
    for namespace in NAMESPACES:
        module = sys.modules[namespace]
        for name, function in vars(module).items():
            public = isinstance(function, types.FunctionType) and function.__module__.startswith(
                ROOMS
            )
            if (
                public
                and not name.startswith("_")
                and name not in IGNORED
                and id(function) not in seen
            ):
                seen.add(id(function))
                way = "maker" if name in MAKERS else "function"
                yield Asker(
                    module, f"torch{namespace[len('wengert') :]}.{name}", function, way, function
                )
    init = sys.modules["wengert.nn.init"]
    for name in FILLERS:
        function = getattr(init, name)
        yield Asker(init, f"torch.nn.init.{name}", function, "function", function)


def members_of(tensor: type) -> Iterator[tuple[str, Any]]:
    """Yield the methods, operators and properties of a class that ask."""
    for name in dir(tensor):
        member = getattr(tensor, name)
        asks = name in OPERATORS or not (name in IGNORED or name.startswith("_"))
        if asks and isinstance(member, types.FunctionType | property):
            yield name, member


def twin(function: Any, name: str | None = None) -> Any:
    """Return a function that is like another one in all but identity."""
    made = types.FunctionType(
        function.__code__,
        function.__globals__,
        name or function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    made.__kwdefaults__, made.__annotations__ = function.__kwdefaults__, function.__annotations__
    made.__doc__, made.__module__ = function.__doc__, function.__module__
    made.__qualname__ = function.__qualname__
    made.__dict__.update(function.__dict__)
    return made


def own_methods(tensor: type) -> None:
    """Give a class each of its methods as a function of its own, to be told from the function that it spells."""
    for name, member in [*members_of(tensor)]:
        if not isinstance(member, property) and name not in NAMED:
            method = twin(member, {"__pow__": "pow", "__ipow__": "pow_"}.get(name, name))
            method.__module__, method.__qualname__ = tensor.__module__, f"{tensor.__name__}.{name}"
            setattr(tensor, name, method)
    for operator, name in NAMED.items():
        setattr(tensor, operator, getattr(tensor, name))


def resolve_name(f: Callable[..., Any]) -> str | None:
    """Return the name under which PyTorch has what `__torch_function__` was given; None for anything else.

    >>> import wengert as torch
    >>> torch.overrides.resolve_name(torch.Tensor.add), torch.overrides.resolve_name(torch.nn.functional.relu)
    ('torch.Tensor.add', 'torch.nn.functional.relu')
    """
    return _names.get(f)


def get_overridable_functions() -> dict[Any, list[Callable[..., Any]]]:
    """Return what `__torch_function__` may be given, by who holds it: modules, `Tensor`, and properties of it.

    >>> import wengert as torch
    >>> overridable = torch.overrides.get_overridable_functions()
    >>> torch.sin in overridable[torch], torch.Tensor.sin in overridable[torch.Tensor]
    (True, True)
    """
    found: dict[Any, list[Callable[..., Any]]] = {}
    for asker in stock:
        found.setdefault(asker.holder, []).append(asker.public)
    return found


def get_ignored_functions() -> set[Callable[..., Any]]:
    """Return the functions that do not ask their arguments."""
    holders = [vars(sys.modules[namespace]) for namespace in NAMESPACES]
    return {named[name] for named in holders for name in IGNORED | MAKERS if name in named}


def is_tensor_method_or_property(func: Callable[..., Any]) -> bool:
    """Say whether something is a method of `Tensor`, or the access to one of its properties.

    >>> import wengert as torch
    >>> torch.overrides.is_tensor_method_or_property(torch.Tensor.add)
    True
    >>> torch.overrides.is_tensor_method_or_property(torch.add)
    False
    """
    return (resolve_name(func) or "").startswith("torch.Tensor.")


def wrap_torch_function(dispatcher: Callable[..., Any]) -> Callable[[Any], Any]:
    """Let a function of your own ask: ``dispatcher`` returns, of the same arguments, those that are to be asked.

    >>> import wengert as torch
    >>> @torch.overrides.wrap_torch_function(lambda a, b: (a, b))
    ... def area(a, b):
    ...     return a * b
    >>> area(torch.tensor(2.), torch.tensor(3.))
    tensor(6.)
    """

    def wrap(function: Any) -> Any:
        @wraps(function)
        def asks(*args: Any, **kwargs: Any) -> Any:
            relevant = dispatcher(*args, **kwargs)
            if has_torch_function(relevant):
                return handle_torch_function(asks, relevant, *args, **kwargs)
            return function(*args, **kwargs)

        return asks

    return wrap

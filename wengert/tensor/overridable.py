"""What `__torch_function__` may be given, and the names that PyTorch has for it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from wengert.tape import storage as cells
from wengert.tensor.asking import FILLERS, IGNORED, MAKERS, NAMESPACES, functions_of, members_of
from wengert.tensor.overriding import handle_torch_function, has_torch_function


def _named() -> Iterator[tuple[Any, str, Any]]:
    """Yield who holds it, PyTorch's name for the holder and it, and what asks: functions, methods, accesses."""
    tensor = cells.tensor_type
    for name, member in members_of(tensor):
        if isinstance(member, property):
            for way, does in (
                ("__get__", member.fget),
                ("__set__", member.fset),
                ("__delete__", member.fdel),
            ):
                if does is not None:
                    yield member, f"torch.Tensor.{name}.{way}", getattr(member, way)
        else:
            yield tensor, f"torch.Tensor.{name}", member
    for namespace in NAMESPACES:
        module = sys.modules[namespace]
        for name, function in functions_of(module):
            yield module, f"torch{namespace[len('wengert') :]}.{name}", function
    init = sys.modules["wengert.nn.init"]
    for name in FILLERS:
        yield init, f"torch.nn.init.{name}", getattr(init, name)


def resolve_name(f: Callable[..., Any]) -> str | None:
    """Return the name under which PyTorch has what `__torch_function__` was given; None for anything else.

    >>> import wengert as torch
    >>> torch.overrides.resolve_name(torch.Tensor.add), torch.overrides.resolve_name(torch.nn.functional.relu)
    ('torch.Tensor.add', 'torch.nn.functional.relu')
    """
    return next((name for _, name, asks in _named() if asks == f), None)


def get_overridable_functions() -> dict[Any, list[Callable[..., Any]]]:
    """Return what `__torch_function__` may be given, by who holds it: modules, `Tensor`, and properties of it.

    >>> import wengert as torch
    >>> overridable = torch.overrides.get_overridable_functions()
    >>> torch.sin in overridable[torch], torch.Tensor.sin in overridable[torch.Tensor]
    (True, True)
    """
    found: dict[Any, list[Callable[..., Any]]] = {}
    for holder, _, asks in _named():
        found.setdefault(holder, []).append(asks)
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

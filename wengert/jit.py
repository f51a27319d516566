"""PyTorch's ``torch.jit`` as it is where compilation is switched off (``PYTORCH_JIT=0``): functions stay themselves.

What is scripted or traced computes what it computed before. What only a compiled program has, as ``save``, is lacking
and says so.
"""

from __future__ import annotations

import builtins
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar, Union, get_args, get_origin

from wengert import nn
from wengert.errors import refuser
from wengert.futures import Future

__all__ = [
    "Attribute", "Final", "Future", "ScriptModule", "annotate", "export", "fork", "ignore", "interface", "is_scripting",
    "is_tracing", "isinstance", "optimized_execution", "script", "script_if_tracing", "script_method", "trace",
    "trace_module", "unused", "wait",
]  # fmt: skip

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class ScriptModule(nn.Module):
    """The base of modules that TorchScript compiles: a `nn.Module`."""


def is_scripting() -> bool:
    """Say whether TorchScript runs the program: False."""
    return False


def is_tracing() -> bool:
    """Say whether ``torch.jit.trace`` runs the program: False."""
    return False


def script(obj: T, *_: Any, **__: Any) -> T:
    """Return a function, module or class as it is: it computes the same.

    >>> import wengert as torch
    >>> @torch.jit.script
    ... def square(x):
    ...     return x * x
    >>> square(torch.tensor(3.))
    tensor(9.)
    """
    return obj


def trace(func: T, *_: Any, **__: Any) -> T:
    """Return a function or module as it is: it computes the same. `wengert.trace` records a graph."""
    return func


def trace_module(mod: T, *_: Any, **__: Any) -> T:
    """Return a module as it is."""
    return mod


def script_if_tracing(fn: F) -> F:
    """Return a function as it is."""
    return fn


def script_method(fn: F) -> F:
    """Return a method as it is."""
    return fn


def interface(obj: T) -> T:
    """Return a class as it is."""
    return obj


def ignore(drop: Any = False) -> Any:
    """Mark a function as one that TorchScript leaves to Python, which changes nothing here."""
    return drop if callable(drop) else unused


def unused(fn: F) -> F:
    """Mark a function as one that TorchScript leaves out, which changes nothing here."""
    return fn


def export(fn: F) -> F:
    """Mark a method as one that TorchScript compiles, which changes nothing here."""
    return fn


def annotate(the_type: Any, the_value: T) -> T:
    """Return a value; its type is for the compiler."""
    return the_value


def Attribute(value: T, type: Any) -> T:
    """Return a value; its type is for the compiler."""
    return value


@contextmanager
def optimized_execution(should_optimize: bool) -> Iterator[None]:
    """Do nothing around a block: nothing is compiled that could be optimized."""
    yield


def fork(func: Callable[..., T], *args: Any, **kwargs: Any) -> Future[T]:
    """Call a function at once, and return its result as a `futures.Future`."""
    future: Future[T] = Future()
    future.set_result(func(*args, **kwargs))
    return future


def wait(future: Future[T]) -> T:
    """Return the result of a future."""
    return future.wait()


def isinstance(obj: Any, target_type: Any) -> bool:
    """Say whether a value is of a type, looking into lists, tuples, dicts, ``Optional`` and ``Union``.

    >>> import wengert as torch
    >>> torch.jit.isinstance([1, 2], list[int]), torch.jit.isinstance([1, 2.], list[int])
    (True, False)
    """
    if builtins.isinstance(target_type, tuple):
        return any(isinstance(obj, one) for one in target_type)
    origin, inner = get_origin(target_type), get_args(target_type)
    if origin in (Union, types.UnionType):
        return any(isinstance(obj, one) for one in inner)
    if target_type is None:
        return obj is None
    if origin is None:
        return builtins.isinstance(obj, target_type)
    if not builtins.isinstance(obj, origin):
        return False
    if origin is dict:
        return all(isinstance(k, inner[0]) and isinstance(v, inner[1]) for k, v in obj.items())
    if origin is tuple and inner[-1] is not Ellipsis:
        return len(obj) == len(inner) and all(map(isinstance, obj, inner))
    return all(isinstance(item, inner[0]) for item in obj)


__getattr__ = refuser(__name__, "torch.jit")

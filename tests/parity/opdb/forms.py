"""The forms in which an operator can be called, and where Wengert has each.

A Python function of the database's own (a lambda that calls `torch.expand(...)`, say) serves
Wengert with the name `torch` bound to it; everything else is found by name.
"""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Callable
from typing import Any

import torch

import wengert

OURS = "torch.testing."
CALLED = {"_segment_reduce": "segment_reduce"}
"""Operators that the database calls otherwise than PyTorch does."""


def below(holder: Any, path: str) -> Any:
    """Return `holder.a.b` for the path `a.b`, or None."""
    for name in path.split("."):
        holder = getattr(holder, name, None)
    return holder


def has(name: str) -> bool:
    """Say whether Wengert has an operator of the database, as a function or as a method."""
    name = CALLED.get(name, name)
    return below(wengert, name) is not None or hasattr(wengert.Tensor, name)


def named(path: str) -> Callable[..., Any]:
    """Return Wengert's function (or method, unbound) of a name; raise AttributeError without it."""
    path = CALLED.get(path, path)
    fn = below(wengert, path)
    if not callable(fn):
        fn = getattr(wengert.Tensor, path, None)
    if not callable(fn):
        raise AttributeError(f"Wengert has no {path}")
    return fn


def rebound(fn: types.FunctionType) -> types.FunctionType:
    """Return a function of the database's with `torch` bound to Wengert."""
    names = {**fn.__globals__, "torch": wengert, "F": wengert.nn.functional}
    made = types.FunctionType(fn.__code__, names, fn.__name__, fn.__defaults__, fn.__closure__)
    made.__kwdefaults__ = fn.__kwdefaults__
    return made


def counterpart(fn: Any, name: str) -> Callable[..., Any]:
    """Return what Wengert has for one of PyTorch's callables that goes by `name`."""
    if isinstance(fn, types.FunctionType) and fn.__module__.startswith(OURS):
        return rebound(fn)
    if isinstance(fn, functools.partial):
        return functools.partial(named(name), *fn.args, **fn.keywords)
    if getattr(fn, "__module__", None) == "_operator":
        return fn
    return named(name)


def function(op: Any) -> Callable[..., Any]:
    """Return Wengert's function form of an operator."""
    return counterpart(op.op, op.name)


def inplace(op: Any) -> Callable[..., Any]:
    """Return Wengert's in-place form of an operator."""
    fn = op.inplace_variant
    name = getattr(fn, "__name__", op.name)
    return counterpart(fn, name if isinstance(fn, types.MethodDescriptorType) else op.name)


def others(op: Any) -> dict[str, tuple[Callable[..., Any], Callable[[], Callable[..., Any]]]]:
    """Return, by label, the method, operator and alias forms: PyTorch's, and a way to Wengert's."""
    forms: dict[str, Any] = {}
    if op.method_variant is not None:
        label = f"Tensor.{op.name}"
        forms[label] = (op.method_variant, functools.partial(_method, op.method_variant, op.name))
    if op.operator_variant not in (None, operator.getitem):
        forms[f"operator {op.operator_variant.__name__}"] = (
            op.operator_variant,
            lambda: op.operator_variant,
        )
    for alias in op.aliases:
        path = alias.name.removeprefix("torch.")
        if alias.op is not None:
            forms[path] = (alias.op, functools.partial(_function, path))
        if alias.method_variant is not None:
            forms[f"Tensor.{path}"] = (
                alias.method_variant,
                functools.partial(_method, alias.method_variant, path),
            )
    return forms


def _function(path: str) -> Callable[..., Any]:
    fn = below(wengert, path)
    if fn is None:
        raise AttributeError(f"Wengert has no {path}")
    return fn


def _method(fn: Any, name: str) -> Callable[..., Any]:
    if isinstance(fn, types.FunctionType) and fn.__module__.startswith(OURS):
        return rebound(fn)
    if not hasattr(wengert.Tensor, name):
        raise AttributeError(f"Wengert has no Tensor.{name}")
    return getattr(wengert.Tensor, name)


def process(sample: Any, library: types.ModuleType) -> Callable[[Any], Any]:
    """Return the function that a sample gives to pick, from a result, what is differentiable."""
    fn = sample.output_process_fn_grad
    if library is torch or not isinstance(fn, types.FunctionType):
        return fn
    return rebound(fn)

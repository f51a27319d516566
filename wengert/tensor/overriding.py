"""The protocol `__torch_function__`: whether an argument brings its own way of computing a function, and the way to it.

Functions of packages ask by `has_torch_function` and hand themselves over by `handle_torch_function`. `asking.py` says
when Wengert's own functions do.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from wengert.tape import storage as cells
from wengert.tape.storage import Recorded
from wengert.tensor.foreign import as_subclass


def disabled(func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
    """Stand as `__torch_function__` in a subclass that brings no way of its own, which is therefore not asked."""
    with DisableTorchFunctionSubclass():
        return func(*args, **(kwargs or {}))


class _Thread(threading.local):
    """Whether types are asked in this thread, and the modes that are asked before any argument."""

    def __init__(self) -> None:
        self.asks_types = True
        self.modes: list[Any] = []


local = _Thread()


class DisableTorchFunctionSubclass:
    """A block in which no type is asked: subclasses of `Tensor` are plain tensors, and may call what they override."""

    def __enter__(self) -> None:
        self._before = local.asks_types
        local.asks_types = False

    def __exit__(self, *exc: object) -> None:
        local.asks_types = self._before


class DisableTorchFunction(DisableTorchFunctionSubclass):
    """A block in which neither types nor modes are asked."""

    def __enter__(self) -> None:
        super().__enter__()
        self._modes, local.modes = local.modes, []

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        local.modes = self._modes


def is_torch_function_enabled() -> bool:
    """Say whether types are asked in this thread."""
    return local.asks_types


def has_own_way(x: Any) -> bool:
    """Say whether an argument must be asked; a plain tensor need not."""
    return type(x) is not cells.tensor_type and can_be_asked(x)


def can_be_asked(x: Any) -> bool:
    """Say whether the type of an argument has the protocol, and is asked in this thread."""
    return local.asks_types and getattr(type(x), "__torch_function__", disabled) is not disabled


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Say whether one of these arguments brings its own way of computing a function, or a mode is in force.

    >>> import wengert as torch
    >>> torch.overrides.has_torch_function((torch.ones(2), 3))
    False
    """
    return bool(local.modes) or any(map(has_own_way, relevant_args))


def has_torch_function_unary(x: Any) -> bool:
    """Say whether an argument brings its own way of computing a function, or a mode is in force."""
    return has_torch_function((x,))


def has_torch_function_variadic(*relevant_args: Any) -> bool:
    """Say whether one of these arguments brings its own way of computing a function."""
    return has_torch_function(relevant_args)


def handle_torch_function(
    public_api: Callable[..., Any], relevant_args: Iterable[Any], *args: Any, **kwargs: Any
) -> Any:
    """Return what the arguments that bring their own way make of ``public_api(*args, **kwargs)``.

    Modes are asked first, the last one entered before the others and with itself off. Each type is asked once,
    subclasses before their bases and otherwise from left to right, until one answers. TypeError when none does.
    """
    asked: list[Any] = []
    for x in relevant_args:
        if can_be_asked(x) and type(x) not in map(type, asked):
            place = next((i for i, y in enumerate(asked) if issubclass(type(x), type(y))), None)
            asked.insert(len(asked) if place is None else place, x)
    types = tuple(map(type, asked))
    if local.modes:
        mode = local.modes.pop()
        try:
            found = mode.__torch_function__(public_api, types, args, kwargs)
        finally:
            local.modes.append(mode)
        if found is not NotImplemented:
            return found
    for x in asked:
        found = x.__torch_function__(public_api, types, args, kwargs)
        if found is not NotImplemented:
            return found
    name = _shown(public_api)
    raise TypeError(
        f"no implementation found for '{name}' on types that implement __torch_function__: {[*types]}"
    )


def _shown(public_api: Any) -> str:
    """Return a function's name as PyTorch's users know it."""
    owner = getattr(public_api, "__self__", None)
    if isinstance(owner, property):
        return f"torch.Tensor.{getattr(owner.fget, '__name__', '')}.{public_api.__name__}"
    module = public_api.__module__
    for room, face in (
        ("wengert.tensor.linalg", "wengert.linalg"),
        ("wengert.tensor.fourier", "wengert.fft"),
    ):
        module = module.replace(room, face)
    if module.startswith("wengert."):
        module = ".".join(
            ["torch", *(part for part in module.split(".")[1:-1] if part != "tensor")]
        )
    return f"{module}.{public_api.__qualname__}"


def compute_as(
    cls: type, func: Callable[..., Any], types: Sequence[type], args: Any, kwargs: Any
) -> Any:
    """Return what ``func`` computes, its tensors as ``cls``; NotImplemented beside a type it is not one of.

    A gradient stays the tensor that it is.
    """
    if not all(issubclass(cls, kind) for kind in types):
        return NotImplemented
    with DisableTorchFunctionSubclass():
        found = func(*args, **(kwargs or {}))
        if func == cells.tensor_type.grad.__get__:  # type: ignore[attr-defined]
            return found
        # What a function of the user's returns may be somebody else's; Wengert's own make it anew.
        given = {id(x) for x in spread((*args, *(kwargs or {}).values()))}
        return _as_class(cls, found, given if func in own else None)


own: dict[Any, str] = {}
"""Wengert's own functions that ask, with their names."""


def spread(values: Iterable[Any]) -> Iterator[Any]:
    """Yield values, and in the place of a list or tuple its items."""
    for value in values:
        if isinstance(value, list | tuple):
            yield from spread(value)
        else:
            yield value


def _as_class(cls: type, value: Any, given: set[int] | None) -> Any:
    """Return what was computed as of a class: what is new becomes so itself, of what was ``given`` there is a view.

    Where ``given`` is None, any of it may have been there before.
    """
    if isinstance(value, Recorded):
        if isinstance(value, cls):
            return value
        if given is None or id(value) in given or type(value) is not cells.tensor_type:
            return as_subclass(value, cls)
        return cells.as_class(value, cls)
    if isinstance(value, list | tuple):
        parts = [_as_class(cls, v, given) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def is_tensor_like(inp: Any) -> bool:
    """Say whether a value is a tensor, or of a type that brings its own way of computing functions.

    >>> import wengert as torch
    >>> torch.overrides.is_tensor_like(torch.ones(1)), torch.overrides.is_tensor_like(3)
    (True, False)
    """
    return isinstance(inp, Recorded) or hasattr(inp, "__torch_function__")

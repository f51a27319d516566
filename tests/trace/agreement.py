"""Running a program twice, eagerly and through a trace, and comparing all that it leaves behind after each step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import wengert as torch
from wengert.errors import TraceError
from wengert.trace import trace


def numbers(value: Any) -> Any:
    """Return a value as something that compares: tensors as dtype, flags, version, hooks, gradient and elements."""
    if isinstance(value, torch.Tensor):
        cell = value._cell
        hooks = 0 if cell is None else len(cell.hooks or ()) + len(cell.post_hooks or ())
        version = None if value.is_inference() else value._version
        grad = None if cell is None else numbers(cell.grad)
        array = value.detach().numpy()
        return (
            type(value).__name__, str(value.dtype), value.requires_grad, version, hooks, grad,
            array.shape, array.tolist(),
        )  # fmt: skip
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return [(k if isinstance(k, str) else None, numbers(v)) for k, v in value.items()]
    if isinstance(value, list | tuple):
        return [numbers(v) for v in value]
    if isinstance(value, torch.nn.Module):
        tables = (value._parameters, value._buffers, value._forward_hooks, value._forward_pre_hooks)
        return [value.training, *map(numbers, tables), [numbers(m) for m in value.children()]]
    if isinstance(value, torch.optim.Optimizer):
        plain = [{k: v for k, v in g.items() if k != "params"} for g in value.param_groups]
        return [numbers(plain), [numbers(s) for s in value.state.values()]]
    return getattr(value, "__qualname__", value)


def elements(result: Any) -> Any:
    """Return what a function returned, without flags: a replay's results have no history."""
    if isinstance(result, torch.Tensor):
        return str(result.dtype), result.detach().numpy().tolist()
    if isinstance(result, list | tuple):
        return [elements(r) for r in result]
    return result


@dataclass
class Program:
    """A function, what is watched, and the steps: each changes something and gives arguments."""

    fn: Callable[..., Any]
    watched: Sequence[Any] = ()
    steps: Sequence[tuple[Callable[[], Any] | None, tuple[Any, ...]]] = ()
    watch: Callable[[], Any] = field(default=lambda: None)

    def seen(self) -> Any:
        """Return the state of all that is watched."""
        return [numbers(w) for w in self.watched], numbers(self.watch())


def compare(make: Callable[[], Program]) -> list[bool]:
    """Run a program both ways; return, step by step, whether the replay had to be traced again.

    A trace is made before the first step, and again after each refusal; neither may change anything.
    """
    eager, replayed = make(), make()
    traced: Any = None
    again = []
    for (change, args), (same_change, same_args) in zip(eager.steps, replayed.steps, strict=True):
        if change is not None:
            change()
            assert same_change is not None
            same_change()
        given = [numbers(a) for a in same_args]
        before = replayed.seen()
        fresh = traced is None
        if traced is None:
            traced = trace(replayed.fn, *same_args)
        try:
            found = traced(*same_args)
        except TraceError:
            assert replayed.seen() == before, "a refused replay changed something"
            traced = trace(replayed.fn, *same_args)
            assert replayed.seen() == before, "a trace changed something"
            assert [numbers(a) for a in same_args] == given
            found = traced(*same_args)
            fresh = True
        again.append(fresh)
        expected = eager.fn(*args)
        assert elements(found) == elements(expected)
        assert replayed.seen() == eager.seen()
        assert [numbers(a) for a in same_args] == [numbers(a) for a in args]
    return again

"""Reverse mode as transforms: `vjp`, `grad`. Each opens a level whose tape lies above everything outside."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.autograd.above import above
from wengert.core import dtypes
from wengert.core.carrier import Level, opened
from wengert.core.tree import flatten, tree_map
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.func.dual import lowered, unshared
from wengert.tape.engine import Walk, captured
from wengert.tape.landing import commit
from wengert.tape.meta import beside
from wengert.tape.record import collapsed, numpy_dtype
from wengert.tape.storage import GradCell, Recorded, handle, storage_of


class TapeLevel(Level):
    """One run of `vjp` or `grad`."""

    kind = "tape"

    def mark(self, x: Any) -> Any:
        """Return a leaf of this level around a tensor of any lower one.

        Raises ValueError for anything but a tensor, RuntimeError for integers, which have no gradients.
        """
        if not isinstance(x, Recorded):
            raise ValueError(
                f"Thing passed to transform API must be Tensor, got {type(x)}. Use `torch.tensor(...)`, or close over "
                f"what is not differentiated."
            )
        dtype = numpy_dtype(x)
        if dtypes.kind(dtype) not in "fc":
            raise DTypeError(
                f"only Tensors of floating point dtype can require gradients, and this one is {dtype}. "
                f"Use `x.float()`."
            )
        t = handle(collapsed(x), None, self)
        if t._payload.__class__ is np.ndarray and not storage_of(x).inference:
            t._storage = x._storage
        t._cell = t._edge = GradCell(t, tuple(x.shape), dtype, self)  # type: ignore[attr-defined]
        return t


def _pull(
    level: Level, outputs: list[Any], inputs: list[Any], cts: list[Any], keep: bool
) -> list[Any]:
    """Walk back on the level's tape; what comes out are tensors of the levels below, with memory of their own."""
    walk = Walk(level, taped=False, keep_graph=keep, wanted=[x._edge for x in inputs], lands=False)
    live = [
        (o._edge, walk.value(ct)) for o, ct in zip(outputs, cts, strict=True) if _recorded(o, level)
    ]
    walk.run([edge for edge, _ in live], [ct for _, ct in live])
    commit(walk)
    found: list[Any] = []
    for x in inputs:
        ct = captured(walk, x._edge)
        g = beside(x, np.zeros, x._cell.shape, x._cell.dtype) if ct is None else ct
        found.append(unshared(g, (*inputs, *cts), found))
    return found


def _outcome(x: Any, level: Level, leaves: Sequence[Any]) -> Any:
    """Return a value of the function as a tensor of the levels below; what is no tensor stays."""
    if not isinstance(x, Recorded):
        return x
    below = lowered(x, level)
    return x if below is x else unshared(below, leaves)


def _recorded(x: Any, level: Level) -> bool:
    return x._edge is not None and x._level is level


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """Return ``(func(*primals), vjp_fn)``; ``vjp_fn(*cotangents)`` returns one gradient per primal.

    ``cotangents`` have the structure and shapes of the output. With ``has_aux``, ``func`` returns ``(output, aux)``
    and ``aux`` comes third. RuntimeError for other shapes, and for outputs that are no tensors.

    >>> import wengert as torch
    >>> out, pull = torch.func.vjp(torch.sin, torch.tensor(0.))
    >>> pull(torch.tensor(3.))
    (tensor(3.),)
    """
    leaves, rebuild = flatten(primals)
    level = TapeLevel()
    with opened(level, grad=True):
        inputs = [level.mark(x) for x in leaves]
        result = func(*rebuild(iter(inputs)))
        output, aux = _with_aux(result) if has_aux else (result, None)
        outs, rebuild_out = flatten(output)
        for o in outs:
            if not isinstance(o, Recorded):
                raise RuntimeError(
                    f"vjp(f, *primals): Expected f to only return Tensors, got unsupported type {type(o).__name__}"
                )
            if dtypes.kind(numpy_dtype(o)) not in "fc":
                raise DTypeError(
                    f"vjp(f, *primals): All outputs of f must be floating-point or complex Tensors, got Tensor with "
                    f"dtype {numpy_dtype(o)}. Return it as aux, with has_aux=True."
                )
        plain = rebuild_out(iter([_outcome(o, level, leaves) for o in outs]))
        kept = tree_map(lambda x: _outcome(x, level, leaves), aux)

    def vjp_fn(*cotangents: Any, retain_graph: bool = True, create_graph: bool = True) -> Any:
        given = (
            cotangents[0] if len(cotangents) == 1 and not isinstance(output, tuple) else cotangents
        )
        cts, _ = flatten(given)
        if len(cts) != len(outs):
            raise RuntimeError(
                f"vjp_fn: Expected {len(outs)} cotangents, one for each output, got {len(cts)}."
            )
        for o, ct in zip(outs, cts, strict=True):
            if tuple(o.shape) != tuple(ct.shape):
                raise ShapeError(
                    f"vjp_fn: a cotangent has shape {shape_text(ct.shape)} and its output {shape_text(o.shape)}."
                )
        return rebuild(iter(_pull(level, outs, inputs, cts, True)))

    return (plain, vjp_fn, kept) if has_aux else (plain, vjp_fn)


def _with_aux(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple) or len(result) != 2:
        raise RuntimeError("has_aux=True: the function must return a tuple (output, aux).")
    return result


def argument_numbers(op: str, argnums: Any, count: int) -> tuple[int, ...]:
    """Return the places of the arguments that ``argnums`` names, of ``count``.

    Raises RuntimeError for anything but an int or a tuple of different ints in range.
    """
    numbers = (argnums,) if isinstance(argnums, int) else argnums
    if not isinstance(numbers, tuple) or not all(isinstance(n, int) for n in numbers):
        raise RuntimeError(f"{op}: argnums must be int or Tuple[int, ...], got: {argnums!r}")
    for n in numbers:
        if not -count <= n < count:
            raise RuntimeError(
                f"{op}: argnums {n} is out of range for a call with {count} arguments."
            )
    places = tuple(n % count for n in numbers)
    if not places or len(set(places)) < len(places):
        raise RuntimeError(
            f"{op}: argnums must be non-empty and name each argument once, got {argnums!r}."
        )
    return places


def grad_and_value(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """Return a function that computes ``(gradient, value)`` of a scalar-valued function; see `grad`."""

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        numbers = argument_numbers("grad", argnums, len(args))
        chosen = tuple(args[n] for n in numbers)
        leaves, rebuild = flatten(chosen)
        level = TapeLevel()
        with opened(level, grad=True):
            inputs = [level.mark(x) for x in leaves]
            full = list(args)
            for n, part in zip(numbers, rebuild(iter(inputs)), strict=True):
                full[n] = part
            result = func(*full, **kwargs)
            output, aux = _with_aux(result) if has_aux else (result, None)
            _require_scalar(output)
            one = beside(output, np.ones, (), numpy_dtype(output))
            found = _pull(level, [output], inputs, [one], False)
            value = _outcome(output, level, leaves)
            kept = tree_map(lambda x: _outcome(x, level, leaves), aux)
        grads = rebuild(iter(found))
        shown = grads[0] if isinstance(argnums, int) else grads
        return (shown, (value, kept)) if has_aux else (shown, value)

    return wrapper


def _require_scalar(output: Any) -> None:
    if not isinstance(output, Recorded):
        raise RuntimeError(
            f"grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got {type(output).__name__}"
        )
    shape: Any = tuple(output.shape)  # type: ignore[attr-defined]
    if shape:
        raise RuntimeError(
            f"grad_and_value(f)(*args): Expected f(*args) to return a scalar tensor, got tensor with {len(shape)} "
            f"dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
        )


def grad(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """Return a function that computes the gradient of a scalar-valued function.

    ``argnums`` says with respect to which arguments (an int gives one gradient, a tuple a tuple of them; an argument
    may be any tree of tensors). With ``has_aux``, ``func`` returns ``(value, aux)`` and the result is
    ``(gradient, aux)``. RuntimeError when the value is no scalar.

    >>> import wengert as torch
    >>> torch.func.grad(torch.func.grad(torch.sin))(torch.tensor(1.))
    tensor(-0.8415)
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        gradient, value = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return wrapper


above.vjp = vjp

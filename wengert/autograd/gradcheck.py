"""Checking gradients against finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.silence import silently
from wengert.errors import GradientError
from wengert.tape.backward import gradients
from wengert.tape.provenance import warn
from wengert.tape.storage import Recorded, handle
from wengert.tensor import creation

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(GradientError):
    """An analytical gradient that finite differences contradict."""


def _tuple(values: Any) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, list | tuple) else (values,)


def _checkable(inputs: Sequence[Any]) -> list[int]:
    found = [i for i, x in enumerate(inputs) if isinstance(x, Recorded) and x._edge is not None]
    if not found:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the them have "
            "requires_grad=True."
        )
    if any(inputs[i]._payload.dtype.itemsize < 8 for i in found):
        warn(
            "An input of gradcheck is not of double precision: finite differences are too coarse in float32. "
            "Use `x.double()`.",
        )
    return found


@silently
def _slope(above: Array, below: Array, apart: float) -> Array:
    return (above - below) / apart


def _numerical(fn: Callable[[], list[Array]], x: Array, eps: float) -> list[Array]:
    """Return d out / dx by central differences, one (x.size, out.size) matrix per output."""
    columns: list[list[Array]] = []
    flat = x.reshape(-1)
    for i in range(flat.size):
        before = flat[i]
        steps = [eps, 1j * eps] if x.dtype.kind == "c" else [eps]
        parts = []
        for step in steps:
            flat[i] = before + step
            above = fn()
            flat[i] = before - step
            below = fn()
            flat[i] = before
            parts.append(
                [_slope(a, b, 2 * eps).reshape(-1) for a, b in zip(above, below, strict=True)]
            )
        if len(parts) == 1:
            columns.append(parts[0])
        else:
            columns.append([0.5 * (r + 1j * j) for r, j in zip(*parts, strict=True)])
    outputs = len(columns[0]) if columns else 0
    return [np.stack([c[k] for c in columns]) for k in range(outputs)]


def _analytical(out: Any, x: Any) -> Array:
    """Return the same matrix by one backward per element of the output."""
    columns = []
    for j in range(out.numel()):
        seed = np.zeros(tuple(out.shape), out._payload.dtype)
        seed.reshape(-1)[j] = 1
        (g,) = gradients(out, x, handle(seed), retain_graph=True, allow_unused=True)
        columns.append(
            np.zeros(x.numel(), x._payload.dtype) if g is None else g._payload.reshape(-1)
        )
    return np.stack(columns, axis=1) if columns else np.zeros((x.numel(), 0))


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
) -> bool:
    """Compare backward's gradients of ``func(*inputs)`` with central differences; True when they agree.

    Inputs should be float64. ``eps`` is the step, ``atol + rtol * |expected|`` the tolerance, ``nondet_tol`` how far
    two backwards may differ. Raises `GradcheckError` (a RuntimeError) on disagreement, or returns False when
    ``raise_exception`` is False; ValueError when no input requires grad.

    >>> import wengert as torch
    >>> x = torch.tensor([1., 2.], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradcheck(lambda x: (x ** 3).sum(), x)
    True
    """
    arguments = _tuple(inputs)
    checked = _checkable(arguments)
    try:
        _compare(func, arguments, checked, eps, atol, rtol, nondet_tol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _compare(
    func: Callable[..., Any], inputs: tuple[Any, ...], checked: list[int],
    eps: float, atol: float, rtol: float, nondet_tol: float,
) -> None:  # fmt: skip
    outputs = [o for o in _tuple(func(*inputs)) if isinstance(o, Recorded)]
    live = [k for k, o in enumerate(outputs) if o._edge is not None]

    def values() -> list[Array]:
        outs = [o for o in _tuple(func(*inputs)) if isinstance(o, Recorded)]
        return [np.array(o._payload) for o in outs]

    for i in checked:
        numerical = _numerical(values, inputs[i]._payload, eps)
        for k in range(len(numerical)):
            expected = numerical[k]
            if k not in live:
                if not np.allclose(expected, 0, atol=atol):
                    raise GradcheckError(
                        f"Numerical gradient for function expected to be zero: output {k} does not require grad, but "
                        f"it depends on input {i}."
                    )
                continue
            found = _analytical(outputs[k], inputs[i])
            if expected.dtype.kind == "c" and outputs[k]._payload.dtype.kind == "c":
                expected = np.conj(expected) if inputs[i]._payload.dtype.kind == "c" else expected
            if np.abs(found - _analytical(outputs[k], inputs[i])).max(initial=0) > nondet_tol:
                raise GradcheckError(
                    f"Backward is not reentrant, i.e., running backward with same input and grad_output multiple "
                    f"times gives different values (output {k}, input {i})."
                )
            if not np.allclose(found, expected, rtol=rtol, atol=atol, equal_nan=True):
                raise GradcheckError(
                    f"Jacobian mismatch for output {k} with respect to input {i},\n"
                    f"numerical:\n{expected}\nanalytical:\n{found}\n"
                )


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
) -> bool:
    """Check second derivatives: `gradcheck` of the function that maps inputs and cotangents to gradients.

    ``grad_outputs`` defaults to fixed pseudo-random cotangents.
    """
    arguments = _tuple(inputs)
    outputs: list[Any] = [
        o for o in _tuple(func(*arguments)) if isinstance(o, Recorded) and o._edge is not None
    ]
    if grad_outputs is None:
        source = np.random.default_rng(0)
        cotangents = tuple(
            creation.finish(source.standard_normal(tuple(o.shape)).astype(o._payload.dtype), True)
            for o in outputs
        )
    else:
        cotangents = _tuple(grad_outputs)
    count = len(arguments)

    def first_order(*args: Any) -> Any:
        ins = args[:count]
        outs = [o for o in _tuple(func(*ins)) if isinstance(o, Recorded) and o._edge is not None]
        chosen = [x for x in ins if isinstance(x, Recorded) and x._edge is not None]
        found = gradients(outs, chosen, args[count:], create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None)

    return gradcheck(
        first_order, (*arguments, *cotangents), eps=eps, atol=atol, rtol=rtol,
        raise_exception=raise_exception, nondet_tol=nondet_tol,
    )  # fmt: skip

"""Jacobians three ways, to be compared: by central differences, by backwards, and by forward mode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.silence import silently
from wengert.errors import GradcheckError
from wengert.tape.backward import gradients
from wengert.tape.storage import Recorded, handle
from wengert.tensor.views import cut

Slopes = tuple[Array, Array | None]
"""How each element of an output (a column) changes with each element of an input (a row).

For a complex input these are the slopes along the real direction, and beside them those along the imaginary one.
"""

Jvp = Callable[..., Any]


def tupled(values: Any) -> tuple[Any, ...]:
    """Return the arguments or results of a function as a tuple."""
    return tuple(values) if isinstance(values, list | tuple) else (values,)


def picked(results: Any, at: Sequence[int]) -> tuple[Any, ...]:
    """Return those results of a function that are tensors and have these numbers among them."""
    tensors = [o for o in tupled(results) if isinstance(o, Recorded)]
    return tuple(tensors[k] for k in at)


def compare(
    func: Callable[..., Any], inputs: tuple[Any, ...], checked: Sequence[int], outputs: Sequence[Any],
    live: Sequence[int], eps: float, atol: float, rtol: float, nondet_tol: float, backward: bool, jvp: Jvp | None,
) -> None:  # fmt: skip
    """Raise GradcheckError where differences contradict backward or forward mode.

    ``live`` are the numbers of the outputs that are looked at: those that require grad or, where none does, all, which
    then must not depend on the inputs.
    """

    def values() -> list[Array]:
        return [np.array(o._payload) for o in picked(func(*inputs), live)]

    numerical = {i: _numerical(values, inputs[i]._payload, eps) for i in checked}
    if all(o._edge is None for o in outputs):
        for i in checked:
            _require_constant(numerical[i], live, i, atol)
        return
    for i in checked if backward else ():
        for k, out, slopes in zip(live, outputs, numerical[i], strict=True):
            _compare_backward(out, inputs[i], slopes, k, i, atol, rtol, nondet_tol)
    if jvp is not None:
        for i in checked:
            _compare_forward(func, inputs, checked, i, live, numerical[i], jvp, atol, rtol)


@silently
def _slope(above: Array, below: Array, apart: float) -> Array:
    return (above - below) / apart


def _numerical(fn: Callable[[], list[Array]], x: Array, eps: float) -> list[Slopes]:
    """Return d out / dx by central differences, one (x.size, out.size) matrix per output."""
    columns: list[list[tuple[Array, ...]]] = []
    flat = x.flat  # which writes to x itself, however that lies in memory
    steps = [eps, 1j * eps] if x.dtype.kind == "c" else [eps]
    for i in range(x.size):
        before = flat[i]
        parts = []
        try:
            for step in steps:
                flat[i] = before + step
                above = fn()
                flat[i] = before - step
                below = fn()
                parts.append(
                    [_slope(a, b, 2 * eps).reshape(-1) for a, b in zip(above, below, strict=True)]
                )
        finally:
            flat[i] = before
        columns.append(list(zip(*parts, strict=True)))
    if not columns:
        return [(np.zeros((0, o.size)),) * 2 for o in fn()]
    return [_stacked([c[k] for c in columns]) for k in range(len(columns[0]))]


def _stacked(rows: Sequence[tuple[Array, ...]]) -> Slopes:
    """Return slopes, of which every element of an input gives a row along each direction, as matrices."""
    along = [np.stack(part) for part in zip(*rows, strict=True)]
    return along[0], along[1] if len(along) == 2 else None


def _require_constant(
    numerical: Sequence[Slopes], live: Sequence[int], i: int, atol: float
) -> None:
    for k, slopes in zip(live, numerical, strict=True):
        if not all(np.allclose(s, 0, atol=atol) for s in slopes if s is not None):
            raise GradcheckError(
                f"Numerical gradient for function expected to be zero: output {k} does not require grad, but "
                f"it depends on input {i}."
            )


def _compare_backward(
    out: Any, x: Any, slopes: Slopes, k: int, i: int, atol: float, rtol: float, nondet_tol: float
) -> None:
    parts = {"real": 1.0, "imag": 1j} if out._payload.dtype.kind == "c" else {"real": 1.0}
    for part, cotangent in parts.items():
        found = _analytical(out, x, cotangent)
        expected = _expected(slopes, part)
        again = _analytical(out, x, cotangent)
        if np.abs(found - again).max(initial=0) > nondet_tol:
            raise GradcheckError(
                f"Backward is not reentrant, i.e., running backward with same input and grad_output multiple "
                f"times gives different values (output {k}, input {i})."
            )
        if not np.allclose(found, expected, rtol=rtol, atol=atol, equal_nan=True):
            which = " (its imaginary part)" if part == "imag" else ""
            raise GradcheckError(
                f"Jacobian mismatch for output {k}{which} with respect to input {i},\n"
                f"numerical:{handle(expected)}\nanalytical:{handle(found)}\n"
            )


def _analytical(out: Any, x: Any, cotangent: complex) -> Array:
    """Return the same matrix by one backward per element of the output."""
    columns = []
    for j in range(out.numel()):
        seed = np.zeros(tuple(out.shape), out._payload.dtype)
        seed.reshape(-1)[j] = cotangent
        (g,) = gradients(out, x, handle(seed), retain_graph=True, allow_unused=True)
        columns.append(
            np.zeros(x.numel(), x._payload.dtype) if g is None else g._payload.reshape(-1)
        )
    return np.stack(columns, axis=1) if columns else np.zeros((x.numel(), 0))


def _expected(slopes: Slopes, part: str) -> Array:
    """Return what backward gives for the real or the imaginary part of an output: its slope, ``d/dp + i d/dq``."""
    along_real, along_imaginary = slopes
    found: Array = getattr(along_real, part)
    return found if along_imaginary is None else found + 1j * getattr(along_imaginary, part)


def _compare_forward(
    func: Callable[..., Any], inputs: tuple[Any, ...], checked: Sequence[int], i: int, live: Sequence[int],
    numerical: Sequence[Slopes], jvp: Jvp, atol: float, rtol: float,
) -> None:  # fmt: skip
    """Raise GradcheckError where tangents are not what differences give, direction by direction.

    The other checked inputs have tangents of zero.
    """
    resting = {
        at: handle(np.zeros(tuple(inputs[at].shape), inputs[at]._payload.dtype)) for at in checked
    }
    x = inputs[i].detach()
    directions = (1.0, 1j) if x._payload.dtype.kind == "c" else (1.0,)
    for which, direction in enumerate(directions):
        rows: list[list[Array]] = [[] for _ in live]
        for j in range(x.numel()):
            tangent = np.zeros(tuple(x.shape), x._payload.dtype)
            tangent.reshape(-1)[j] = direction
            tangents = tangents_of(func, inputs, {**resting, i: handle(tangent)}, live, jvp)
            for row, t in zip(rows, tangents, strict=True):
                row.append(t._payload.reshape(-1))
        for k, row, slopes in zip(live, rows, numerical, strict=True):
            expected: Any = slopes[which]
            found = np.stack(row) if row else expected
            if not np.allclose(found, expected, rtol=rtol, atol=atol, equal_nan=True):
                along = " along the imaginary axis" if which else ""
                raise GradcheckError(
                    f"Jacobian computed with forward mode mismatch for output {k} with respect to input {i}{along},\n"
                    f"numerical:{handle(expected)}\nanalytical:{handle(found)}\n"
                )


def tangents_of(
    func: Callable[..., Any], inputs: tuple[Any, ...], moving: dict[int, Any], live: Sequence[int], jvp: Jvp
) -> tuple[Any, ...]:  # fmt: skip
    """Return the tangents of outputs where the inputs with these numbers move along tangents, and all others rest."""
    fixed: list[Any] = [cut(x, counted=True) if isinstance(x, Recorded) else x for x in inputs]

    def moved(*duals: Any) -> tuple[Any, ...]:
        arguments = list(fixed)
        for at, dual in zip(moving, duals, strict=True):
            arguments[at] = dual
        return picked(func(*arguments), live)

    primals = tuple(fixed[at] for at in moving)
    found: tuple[Any, ...] = jvp(moved, primals, tuple(moving.values()))[1]
    return found

"""Checking gradients against finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.silence import silently
from wengert.errors import GradientError, MissingModeError, lacking
from wengert.tape.backward import gradients
from wengert.tape.provenance import warn
from wengert.tape.storage import Recorded, handle
from wengert.tensor import creation, drawing, filled
from wengert.tensor.complex_numbers import view_as_real

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


def _numerical(
    fn: Callable[[], list[Array]], x: Array, eps: float
) -> list[tuple[Array, Array | None]]:
    """Return d out / dx by central differences, one (x.size, out.size) matrix per output.

    For complex x these are the slopes along the real direction, and beside them those along the imaginary one.
    """
    columns: list[list[tuple[Array, ...]]] = []
    flat = x.flat  # which writes to x itself, however that lies in memory
    for i in range(x.size):
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
        columns.append(list(zip(*parts, strict=True)))
    outputs = len(columns[0]) if columns else 0
    return [
        (
            np.stack([c[k][0] for c in columns]),
            np.stack([c[k][1] for c in columns]) if x.dtype.kind == "c" else None,
        )
        for k in range(outputs)
    ]


def _expected(slopes: tuple[Array, Array | None], part: str) -> Array:
    """Return what backward gives for the real or the imaginary part of an output: its slope, ``d/dp + i d/dq``."""
    along_real, along_imaginary = slopes
    found: Array = getattr(along_real, part)
    return found if along_imaginary is None else found + 1j * getattr(along_imaginary, part)


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


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare backward's gradients of ``func(*inputs)`` with central differences; True when they agree.

    Inputs should be float64. ``eps`` is the step, ``atol + rtol * |expected|`` the tolerance, ``nondet_tol`` how far
    two backwards may differ. Raises `GradcheckError` (a RuntimeError) on disagreement, or returns False when
    ``raise_exception`` is False; ValueError when no input requires grad. The other options are PyTorch's: gradients
    always have their tensor's dtype and every element is always checked, whatever ``fast_mode`` says; what would be
    checked beside backward raises `MissingModeError`, a NotImplementedError.

    >>> import wengert as torch
    >>> x = torch.tensor([1., 2.], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradcheck(lambda x: (x ** 3).sum(), x)
    True
    """
    _refuse(
        "gradcheck", check_batched_grad=check_batched_grad, check_forward_ad=check_forward_ad,
        check_batched_forward_grad=check_batched_forward_grad, masked=masked,
    )  # fmt: skip
    if not check_backward_ad:
        raise AssertionError(
            "gradcheck: Expected at least one of check_forward_ad or check_backward_ad to be True."
        )
    arguments = _tuple(inputs)
    checked = _checkable(arguments)
    try:
        _compare(func, arguments, checked, eps, atol, rtol, nondet_tol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _refuse(op: str, **asked: Any) -> None:
    """Raise for checks that were asked for and would not be made."""
    for name, wanted in asked.items():
        if wanted:
            raise MissingModeError(lacking(f"torch.autograd.{op}(..., {name}={wanted})"), name=name)


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
        for k, slopes in enumerate(numerical):
            if k not in live:
                if not all(np.allclose(s, 0, atol=atol) for s in slopes if s is not None):
                    raise GradcheckError(
                        f"Numerical gradient for function expected to be zero: output {k} does not require grad, but "
                        f"it depends on input {i}."
                    )
                continue
            parts = (
                {"real": 1.0, "imag": 1j}
                if outputs[k]._payload.dtype.kind == "c"
                else {"real": 1.0}
            )
            for part, cotangent in parts.items():
                found = _analytical(outputs[k], inputs[i], cotangent)
                expected = _expected(slopes, part)
                if (
                    np.abs(found - _analytical(outputs[k], inputs[i], cotangent)).max(initial=0)
                    > nondet_tol
                ):
                    raise GradcheckError(
                        f"Backward is not reentrant, i.e., running backward with same input and grad_output multiple "
                        f"times gives different values (output {k}, input {i})."
                    )
                if not np.allclose(found, expected, rtol=rtol, atol=atol, equal_nan=True):
                    which = " (its imaginary part)" if part == "imag" else ""
                    raise GradcheckError(
                        f"Jacobian mismatch for output {k}{which} with respect to input {i},\n"
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
    gen_non_contig_grad_outputs: bool = False,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Check second derivatives: `gradcheck` of the function that maps inputs and cotangents to gradients.

    ``grad_outputs`` defaults to numbers between -1 and 1 from the generator, which are PyTorch's for the same seed.
    """
    _refuse(
        "gradgradcheck", gen_non_contig_grad_outputs=gen_non_contig_grad_outputs,
        check_batched_grad=check_batched_grad, check_fwd_over_rev=check_fwd_over_rev, masked=masked,
    )  # fmt: skip
    if not check_rev_over_rev:
        raise AssertionError(
            "gradgradcheck: Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True."
        )
    arguments = _tuple(inputs)
    outputs: list[Any] = [
        o for o in _tuple(func(*arguments)) if isinstance(o, Recorded) and o._edge is not None
    ]
    if grad_outputs is None:
        cotangents = tuple(_drawn_like(o) for o in outputs)
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


def _drawn_like(output: Any) -> Any:
    """Return a leaf of an output's shape and dtype, drawn from the generator as PyTorch draws it."""
    made = filled.empty(tuple(output.shape), dtype=output.dtype)
    drawing.uniform_(view_as_real(made) if output.dtype.is_complex else made, -1, 1)
    creation.mark(made)
    return made

"""Checking gradients against finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wengert.autograd import robustness
from wengert.autograd.above import above
from wengert.autograd.function import forward_checked
from wengert.autograd.slopes import compare, picked, tupled
from wengert.core import dtypes
from wengert.errors import GradcheckError, GradientError
from wengert.tape.backward import gradients
from wengert.tape.provenance import warn
from wengert.tape.storage import Recorded, handle, ndarray
from wengert.tensor import creation, drawing, filled
from wengert.tensor.complex_numbers import view_as_real
from wengert.tensor.promotion import dtype_of

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


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
    """Compare the gradients of ``func(*inputs)`` with central differences; True when they agree.

    Inputs should be float64. ``eps`` is the step, ``atol + rtol * |expected|`` the tolerance, ``nondet_tol`` how far
    two backwards may differ. Looked at are the outputs that require grad; where none does, no output may depend on the
    inputs. Beside the numbers of backward (``check_backward_ad``) are checked:

    - that cotangents of zero give gradients of zero;
    - ``check_undefined_grad``: that custom Functions take None for the gradient of an output that nobody used;
    - ``check_batched_grad``: that backward gives the same under `vmap`, for two drawn cotangents;
    - ``check_forward_ad``: that forward mode (`func.jvp`) agrees with them, and takes inputs without tangents;
    - ``check_batched_forward_grad``: that forward mode gives the same under `vmap`.

    Gradients always have their tensor's dtype, and every element is always checked: ``check_grad_dtypes`` and
    ``fast_mode`` change nothing. ``masked`` lets the gradient for a cotangent of zero be about zero.

    Raises `GradcheckError` (a RuntimeError) where a check fails, or returns False when ``raise_exception`` is False;
    ValueError when no input requires grad, RuntimeError for an input that shows an element several times,
    AttributeError for results that are no tensors, AssertionError for checks of which the part that they need is
    switched off.

    >>> import wengert as torch
    >>> x = torch.tensor([1., 2.], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradcheck(lambda x: (x ** 3).sum(), x)
    True
    """
    _require_part(
        "gradcheck", check_forward_ad=check_forward_ad, check_backward_ad=check_backward_ad
    )
    _require(
        "gradcheck",
        check_batched_grad,
        check_backward_ad,
        "check_batched_grad",
        "check_backward_ad",
    )
    _require(
        "gradcheck",
        check_batched_forward_grad,
        check_forward_ad,
        "check_batched_forward_grad",
        "check_forward_ad",
    )
    arguments = tupled(inputs)
    checked = _checkable(arguments)
    try:
        outputs, live = _outputs(func(*arguments))
        jvp = above.jvp if check_forward_ad else None
        with forward_checked():
            compare(
                func,
                arguments,
                checked,
                outputs,
                live,
                eps,
                atol,
                rtol,
                nondet_tol,
                check_backward_ad,
                jvp,
            )
            if check_forward_ad and check_undefined_grad:
                robustness.require_undefined_forward(func, arguments, checked, live)
            if check_batched_forward_grad:
                robustness.require_batched_forward(func, arguments, checked, live)
        if check_backward_ad:
            leaves = [arguments[i] for i in checked]
            recorded = [o for o in outputs if o._edge is not None]
            if check_batched_grad:
                robustness.require_batched(recorded, leaves)
            robustness.require_multiplied(recorded, leaves, bool(masked))
            if check_undefined_grad:
                robustness.require_undefined(recorded, leaves)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _require_part(op: str, **parts: bool) -> None:
    if not any(parts.values()):
        raise AssertionError(f"{op}: Expected at least one of {' or '.join(parts)} to be True.")


def _require(op: str, wanted: bool, needed: bool, name: str, other: str) -> None:
    if wanted and not needed:
        raise AssertionError(f"{op}: Setting {name}=True requires {other} to be True.")


def _checkable(inputs: Sequence[Any]) -> list[int]:
    found = [i for i, x in enumerate(inputs) if isinstance(x, Recorded) and x._edge is not None]
    if not found:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the them have "
            "requires_grad=True."
        )
    for i in found:
        payload = inputs[i]._payload
        if payload.__class__ is not ndarray:
            raise GradientError(
                "gradcheck: finite differences need numbers, and an input belongs to a transform. Call gradcheck "
                "outside of it."
            )
        if any(step == 0 and n > 1 for step, n in zip(payload.strides, payload.shape, strict=True)):
            raise GradientError(
                f"gradcheck: The {i}th input has a dimension with stride 0: it shows an element several times, and "
                f"each is to be moved alone. Use `x.contiguous()`."
            )
    if any(inputs[i]._payload.dtype.itemsize < 8 for i in found):
        warn(
            "An input of gradcheck is not of double precision: finite differences are too coarse in float32. "
            "Use `x.double()`.",
        )
    return found


def _outputs(results: Any) -> tuple[list[Any], list[int]]:
    """Return the outputs that are looked at, and their numbers."""
    tensors = tupled(results)
    for o in tensors:
        if not isinstance(o, Recorded):
            raise AttributeError(
                f"gradcheck: the function returned a {type(o).__name__}, where a tensor or a tuple of tensors is "
                f"expected. Return tensors only."
            )
    live = [k for k, o in enumerate(tensors) if o._edge is not None]
    if not live:
        live = [k for k, o in enumerate(tensors) if dtypes.kind(dtype_of(o)) in "fc"]
    return list(picked(tensors, live)), live


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Check second derivatives: `gradcheck` of the function that maps inputs and cotangents to gradients.

    ``grad_outputs`` defaults to numbers between -1 and 1 from the generator, which are PyTorch's for the same seed;
    with ``gen_non_contig_grad_outputs`` they do not lie in one piece. ``check_rev_over_rev`` checks backward through
    backward, ``check_fwd_over_rev`` forward mode through backward; the other options are those of `gradcheck`.
    """
    _require_part(
        "gradgradcheck",
        check_fwd_over_rev=check_fwd_over_rev,
        check_rev_over_rev=check_rev_over_rev,
    )
    for wanted, name in (
        (check_undefined_grad, "check_undefined_grad"),
        (check_batched_grad, "check_batched_grad"),
    ):
        _require("gradgradcheck", wanted, check_rev_over_rev, name, "check_rev_over_rev")
    arguments = tupled(inputs)
    tensors = tupled(func(*arguments))
    at = [k for k, o in enumerate(tensors) if isinstance(o, Recorded) and o._edge is not None]
    if grad_outputs is None:
        cotangents = tuple(_drawn_like(tensors[k], gen_non_contig_grad_outputs) for k in at)
    else:
        cotangents = tupled(grad_outputs)
    count = len(arguments)
    moving = [i for i, x in enumerate(arguments) if isinstance(x, Recorded) and x._edge is not None]

    def first_order(*args: Any) -> Any:
        if any(x._payload.__class__ is not ndarray for x in args if isinstance(x, Recorded)):
            return _pulled(func, args[:count], args[count:], moving, at)
        ins = [
            x.requires_grad_() if i in moving and x._edge is None else x
            for i, x in enumerate(args[:count])
        ]
        outs = [o for o in tupled(func(*ins)) if isinstance(o, Recorded) and o._edge is not None]
        found = gradients(
            outs, [ins[i] for i in moving], args[count:], create_graph=True, allow_unused=True
        )
        return tuple(g for g in found if g is not None)

    return gradcheck(
        first_order, (*arguments, *cotangents), eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception,
        nondet_tol=nondet_tol, check_undefined_grad=check_undefined_grad, check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad, check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev, fast_mode=fast_mode, masked=masked,
    )  # fmt: skip


def _pulled(
    func: Callable[..., Any], ins: Sequence[Any], cotangents: Sequence[Any], moving: Sequence[int], at: Sequence[int]
) -> Any:  # fmt: skip
    """Return the gradients of ``func`` by `vjp`, which forward mode passes through."""

    def moved(*given: Any) -> tuple[Any, ...]:
        arguments = list(ins)
        for i, x in zip(moving, given, strict=True):
            arguments[i] = x
        return picked(func(*arguments), at)

    return above.vjp(moved, *(ins[i] for i in moving))[1](tuple(cotangents))


def _drawn_like(output: Any, apart: bool = False) -> Any:
    """Return a leaf of an output's shape and dtype, drawn from the generator as PyTorch draws it."""
    shape = list(output.shape)
    apart = apart and output.numel() > 1
    if apart:
        shape[-1] *= 2
    made = filled.empty(shape, dtype=output.dtype)
    drawing.uniform_(view_as_real(made) if output.dtype.is_complex else made, -1, 1)
    if apart:
        made = handle(made._payload[..., ::2])
    creation.mark(made)
    return made

"""The checks of calls that write: in place and into `out=`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

import wengert
from tests.parity.opdb import forms
from tests.parity.opdb.calls import Call, array_of, dtype_name, tensors_in
from tests.parity.opdb.check_derivatives import compare_gradients, handed, random_like
from tests.parity.opdb.check_values import (
    both,
    require_same_determined,
    require_same_warnings,
    require_unchanged,
)
from tests.parity.opdb.compare import require_same
from tests.parity.opdb.outcome import (
    Differs,
    NotApplicable,
    built_in_type,
    described,
    expected,
    first_line,
    found,
    observed,
    raised_by,
)
from tests.parity.opdb.samples import Sample


def require_same_refusal(want: Exception, error: Exception | None, what: str) -> None:
    """Raise Differs unless Wengert refuses as PyTorch does."""
    if not isinstance(error, built_in_type(want)):
        shown = "no error" if error is None else described(error)
        raise Differs(f"{what}\n    expected {first_line(want)}\n    found    {shown}")


def inplace(sample: Sample, rtol: float | None) -> None:
    """Compare the in-place form: its result and gradients, or that it is refused."""
    if sample.op.inplace_variant is None:
        raise NotApplicable("PyTorch has no in-place form")
    theirs, ours = both(sample)
    if not isinstance(theirs.input, torch.Tensor):
        raise NotApplicable("the input is not a tensor")
    targets = _target(theirs), _target(ours)
    write = _writer(theirs, targets[0], sample.op.inplace_variant)
    refusal = raised_by(write)
    own = found(lambda: forms.inplace(sample.op), "finding the in-place form")
    if refusal is not None:
        before = [array_of(targets[1]).copy()]
        error = raised_by(_writer(ours, targets[1], own))
        require_same_refusal(refusal, error, "the in-place form")
        require_unchanged([targets[1]], before)
        return
    result = found(_writer(ours, targets[1], own), "the in-place form")
    if result is not targets[1]:
        raise Differs("the in-place form does not return its target")
    require_same(targets[0], targets[1], rtol, "target")
    _compare_gradients((theirs, ours), targets, sample, rtol)


def _target(call: Call) -> Any:
    """Return a copy of the input, which may be written to although it is differentiated."""
    return call.input.clone()


def _writer(call: Call, target: Any, fn: Any) -> Callable[[], Any]:
    return lambda: fn(target, *call.args, **call.kwargs)


def _compare_gradients(
    calls: tuple[Call, Call], targets: tuple[Any, Any], sample: Sample, rtol: float | None
) -> None:
    """Compare the gradients through a write."""
    flags = [t.requires_grad for t in targets]
    if flags[0] != flags[1]:
        raise Differs(f"requires_grad\n    expected {flags[0]}\n    found    {flags[1]}")
    if not flags[0]:
        return
    cotangents = random_like([targets[0]], sample.rng())

    def pulled(side: int) -> Any:
        library = calls[side].library
        return library.autograd.grad(
            targets[side], calls[side].leaves(), handed(cotangents, library), allow_unused=True
        )

    want = expected(lambda: pulled(0), "backward through the write")
    got = found(lambda: pulled(1), "backward through the write")
    compare_gradients(want, got, rtol, absent_is_zero=False)


def out(sample: Sample, rtol: float | None) -> None:
    """Compare the `out=` form, with the tensor to write to that the sample's variant names."""
    theirs, ours = both(sample, requires_grad=False)
    result = expected(lambda: theirs.of(sample.op.op))
    if not list(tensors_in(result, torch)):
        raise NotApplicable("the result is not a tensor")
    if sample.variant == WITH_GRADIENT:
        for call in (theirs, ours):
            _require_gradient(call)
    _compare_out(sample, (theirs, ours), OUTS[sample.variant](result), rtol)


def _require_gradient(call: Call) -> None:
    """Let the first floating tensor of a call require a gradient."""
    floating = [t for t in call.tensors() if t.is_floating_point()]
    if not floating:
        raise NotApplicable("no input takes a gradient")
    floating[0].requires_grad_()


def _fresh(result: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(result, memory_format=torch.contiguous_format)


def _wrong_shape(result: torch.Tensor) -> torch.Tensor:
    return torch.ones((*result.shape, 2), dtype=result.dtype)


def _wrong_dtype(result: torch.Tensor) -> torch.Tensor:
    kind = torch.int64 if result.is_floating_point() or result.is_complex() else torch.uint8
    return torch.zeros(result.shape, dtype=kind)


def _each(make: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[Any], Any]:
    """Make one tensor to write to for each tensor of a result."""
    return lambda result: (
        make(result) if isinstance(result, torch.Tensor) else tuple(make(t) for t in result)
    )


WITH_GRADIENT = "out= with an input that requires a gradient"
OUTS: dict[str, Callable[[Any], Any]] = {
    "a fresh out=": _each(_fresh),
    "out= of a wrong shape": _each(_wrong_shape),
    "out= of a wrong dtype": _each(_wrong_dtype),
    WITH_GRADIENT: _each(_fresh),
}


def _tensors(outs: Any) -> list[Any]:
    return list(outs) if isinstance(outs, tuple) else [outs]


def _ours(outs: Any) -> Any:
    """Return the tensors to write to as Wengert's."""
    made = [
        wengert.tensor(t.tolist(), dtype=getattr(wengert, dtype_name(t))) for t in _tensors(outs)
    ]
    made = [m.reshape(tuple(t.shape)) for m, t in zip(made, _tensors(outs), strict=True)]
    return tuple(made) if isinstance(outs, tuple) else made[0]


def _compare_out(sample: Sample, calls: tuple[Call, Call], outs: Any, rtol: float | None) -> None:
    """Compare one call with `out=`: what is written and warned, or that it is refused."""
    theirs, ours = calls
    own, fn = _ours(outs), forms.function(sample.op)
    before = [array_of(t).copy() for t in _tensors(own)]
    try:
        want = observed(lambda: theirs.of(sample.op.op, out=outs))
    except Exception as refusal:
        error = raised_by(lambda: ours.of(fn, out=own))
        require_same_refusal(refusal, error, "refused")
        require_unchanged(_tensors(own), before)
        return
    got = found(lambda: observed(lambda: ours.of(fn, out=own)))
    for result, target in zip(_tensors(got.value), _tensors(own), strict=True):
        if result is not target:
            raise Differs("what is returned is not out")
    for theirs_out, our_out in zip(_tensors(outs), _tensors(own), strict=True):
        if tuple(theirs_out.shape) != tuple(our_out.shape):
            raise Differs(
                f"out of shape {tuple(our_out.shape)}, PyTorch's {tuple(theirs_out.shape)}"
            )
    require_same_determined(sample, (theirs, outs), (ours, own), rtol)
    require_same_warnings(want, got)

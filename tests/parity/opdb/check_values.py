"""The checks of values: the function form, the other forms, and refusals."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np
import torch

import wengert
from tests.parity.opdb import forms
from tests.parity.opdb.calls import Call, array_of, built
from tests.parity.opdb.compare import require_same
from tests.parity.opdb.gauges import determined
from tests.parity.opdb.outcome import (
    Differs,
    NotApplicable,
    Observed,
    built_in_type,
    described,
    expected,
    first_line,
    found,
    observed,
    raised_by,
)
from tests.parity.opdb.samples import Sample


def both(sample: Sample, requires_grad: bool = True) -> tuple[Call, Call]:
    """Return a sample's call in PyTorch and in Wengert."""
    ours = built(sample.given, wengert, requires_grad)
    return built(sample.given, torch, requires_grad), ours


def values(sample: Sample, rtol: float | None) -> None:
    """Compare results, their dtypes and structure, and whether a warning is given."""
    theirs, ours = both(sample, requires_grad=False)
    ours_fn = forms.function(sample.op)
    want = expected(lambda: observed(lambda: theirs.of(sample.op.op)))
    got = found(lambda: observed(lambda: ours.of(ours_fn)))
    require_same_determined(sample, (theirs, want.value), (ours, got.value), rtol)
    require_same_warnings(want, got)


def require_same_warnings(want: Observed, got: Observed) -> None:
    """Raise Differs unless two calls gave warnings of the same categories."""
    if set(want.warnings) != set(got.warnings):
        raise Differs(f"warnings\n    expected {want.warnings}\n    found    {got.warnings}")


def require_same_determined(
    sample: Sample, want: tuple[Call, Any], got: tuple[Call, Any], rtol: float | None
) -> None:
    """Compare what of two results is determined, and the structure of the whole."""
    name = sample.op.name
    a = expected(lambda: determined(name, *want))
    b = found(lambda: determined(name, *got), "reading the result")
    require_same(a, b, rtol)


def other_forms(sample: Sample, rtol: float | None) -> None:
    """Compare a method, an operator or an alias, which the sample's variant names."""
    theirs_fn, find = forms.others(sample.op)[sample.variant]
    theirs, ours = both(sample, requires_grad=False)
    want = expected(lambda: theirs.of(theirs_fn))
    got = found(lambda: ours.of(find()))
    require_same_determined(sample, (theirs, want), (ours, got), rtol)


def errors(sample: Sample, rtol: float | None) -> None:
    """Compare how a wrong call is refused; the inputs must be as they were."""
    theirs, ours = both(sample)
    want = raised_by(lambda: theirs.of(sample.op.op))
    if want is None:
        raise NotApplicable("PyTorch takes the call")
    before = [array_of(t).copy() for t in ours.tensors()]
    fn = forms.function(sample.op)
    error = raised_by(lambda: ours.of(fn))
    if error is None:
        raise Differs(f"not refused\n    expected {first_line(want)}\n    found    no error")
    if not isinstance(error, built_in_type(want)):
        raise Differs(f"refused\n    expected {first_line(want)}\n    found    {described(error)}")
    _require_telling(sample, fn, error)
    require_unchanged(ours.tensors(), before)


def _require_telling(sample: Sample, fn: Any, error: Exception) -> None:
    """Require that a message names the operator or one of its arguments."""
    op = sample.op
    name = op.name.rpartition(".")[2]
    names = {name, *name.split("_"), name.strip("_").removeprefix("r"), *sample.given.kwargs}
    names |= {alias.name.rpartition(".")[2] for alias in op.aliases}
    try:
        names |= set(inspect.signature(fn).parameters)
    except ValueError:
        names.add("input")
    words = {word.strip("_").lower() for word in re.findall(r"\w+", str(error))}
    if not words & {name.strip("_").lower() for name in names if name}:
        raise Differs(f"the message names neither the operator nor an argument\n    {error!r}")


def require_unchanged(tensors: list[Any], before: list[np.ndarray]) -> None:
    """Raise Differs if a tensor's values are not what they were."""
    for number, (tensor, was) in enumerate(zip(tensors, before, strict=True)):
        now = array_of(tensor)
        if now.shape != was.shape or not np.array_equal(now, was, equal_nan=was.dtype.kind in "fc"):
            raise Differs(
                f"the refused call changed tensor {number}\n"
                f"    expected {was.tolist()}\n    found    {now.tolist()}"
            )

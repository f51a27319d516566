"""The check of later writes: the gradient is that of the call, or backward says what was written to.

Each tensor of a call, and each result, is written to after the call, in ways that a tape may or may not see.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import wengert
from tests.parity.opdb.calls import array_of
from tests.parity.opdb.check_derivatives import handed, random_like, sides
from tests.parity.opdb.outcome import Differs, NotApplicable, found, raised_by
from tests.parity.opdb.samples import Sample
from wengert.errors import GradientError


class _Refused(Exception):
    """A tensor cannot be written to, as one that shows an element several times."""


def _counted(t: Any) -> None:
    with wengert.no_grad():
        t.logical_not_() if t.dtype == wengert.bool else t.mul_(2).add_(1)


def _uncounted(t: Any) -> None:
    _counted(t.data)


def _by_numpy(t: Any) -> None:
    memory = t.detach().numpy()
    np.logical_not(memory, out=memory) if memory.dtype == bool else np.add(memory, 1, out=memory)


def _recorded(t: Any) -> None:
    t.mul_(2)


WAYS: dict[str, Callable[[Any], None]] = {
    "under no_grad": _counted,
    "through data": _uncounted,
    "through numpy": _by_numpy,
    "recorded": _recorded,
}


def later(sample: Sample, rtol: float | None) -> None:
    """Write to one tensor after another, each after a call of its own."""
    write = WAYS[sample.variant]
    try:
        want, outputs = _gradients(sample, lambda tensors: None)
    except Differs as refused:  # that is for other checks to tell
        raise NotApplicable(str(refused)) from refused
    _, ours = sides(sample)
    operands = len(ours.call.tensors())
    for i in range(operands + outputs):
        if write is _recorded:
            if i < operands:
                continue
            want, _ = _gradients(sample, lambda tensors: None, doubled=i - operands)
        got = _gradients_or_words(sample, lambda tensors, i=i: write(tensors[i]))
        if got is None:
            continue
        for number, (a, b) in enumerate(zip(want, got, strict=True)):
            if (a is None) != (b is None):
                raise Differs(f"gradient {number} is there only without a write to tensor {i}")
            if a is not None and not np.array_equal(array_of(a), array_of(b), equal_nan=True):
                raise Differs(f"gradient {number} is another one after a write to tensor {i}")


def _gradients_or_words(sample: Sample, write: Callable[[list[Any]], Any]) -> list[Any] | None:
    """Return the gradients after a write; None where it was refused, or backward has told of it."""
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        try:
            gradients, _ = _gradients(sample, write)
        except (GradientError, _Refused):
            return None
    told = any("was changed through `.data` before backward" in str(w.message) for w in given)
    return None if told else gradients


def _gradients(
    sample: Sample, write: Callable[[list[Any]], Any], doubled: int | None = None
) -> tuple[list[Any], int]:
    """Call, write, and walk back; return the gradients, with one cotangent ``doubled``, and the number of results."""
    _, ours = sides(sample)
    wengert.manual_seed(0)
    outs = [t for t in found(ours.outputs) if t.requires_grad]
    if not outs:
        raise NotApplicable("no output requires a gradient")
    cotangents = handed(random_like(outs, sample.rng()), wengert)
    if doubled is not None:
        cotangents[doubled].mul_(2)
    refusal = raised_by(lambda: write([*ours.call.tensors(), *outs]))
    if refusal is not None:
        raise _Refused from refusal
    leaves = ours.call.leaves()
    gradients = wengert.autograd.grad(outs, leaves, cotangents, allow_unused=True)
    return gradients, len(outs)

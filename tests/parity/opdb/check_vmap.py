"""The check of vmap: one mapped call against a loop, both of Wengert's."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import wengert
from tests.parity.opdb import forms
from tests.parity.opdb.calls import Call, array_of, built, tensors_in
from tests.parity.opdb.check_derivatives import is_inexact
from tests.parity.opdb.compare import RELATIVE, require_close
from tests.parity.opdb.gauges import determined
from tests.parity.opdb.outcome import Differs, NotApplicable, expected, found
from tests.parity.opdb.samples import Sample

SCALES = (1.0, 0.75, 0.5)


def vmap(sample: Sample, rtol: float | None) -> None:
    """Map over a batch of the sample's floating tensors and compare with each example alone.

    Examples are the sample scaled down, which keeps most domains. Every other sample is mapped
    over the last dimension in place of the first. Other tensors are shared by the batch.
    """
    call = built(sample.given, wengert, requires_grad=False)
    expected(lambda: built(sample.given, torch, requires_grad=False).of(sample.op.op))
    fn = forms.function(sample.op)
    over = [t for t in call.tensors() if is_inexact(t)] or call.tensors()
    if not over:
        raise NotApplicable("no tensor to map over")
    dim = -1 if sample.number % 2 else 0
    alone = [found(lambda s=s: _example(sample, call, fn, over, s), "one example") for s in SCALES]
    batches = [_batch(t, dim) for t in over]

    def of(*given: Any) -> tuple[Any, ...]:
        return _outputs(sample, call.replacing(over, list(given)), fn)

    mapped = found(lambda: wengert.func.vmap(of, in_dims=dim)(*batches), f"vmap (in_dims={dim})")
    _compare(alone, mapped, rtol)


def _outputs(sample: Sample, call: Call, fn: Any) -> tuple[Any, ...]:
    """Return the tensors of what is determined of a result."""
    result = determined(sample.op.name, call, call.of(fn))
    outs = tuple(tensors_in(result, wengert))
    if not outs:
        raise NotApplicable("the result is not a tensor")
    return outs


def _example(sample: Sample, call: Call, fn: Any, over: list[Any], scale: float) -> Any:
    examples = [wengert.from_numpy(_scaled(t, scale)) for t in over]
    return _outputs(sample, call.replacing(over, examples), fn)


def _scaled(tensor: Any, scale: float) -> np.ndarray:
    """Return a tensor's values scaled; whole numbers and truth values stay."""
    values = array_of(tensor)
    return np.asarray(values * scale if is_inexact(tensor) else values, values.dtype).copy()


def _batch(tensor: Any, dim: int) -> Any:
    return wengert.from_numpy(np.stack([_scaled(tensor, s) for s in SCALES], dim))


def _compare(alone: list[Any], mapped: Any, rtol: float | None) -> None:
    """Compare the mapped outputs with those of each example."""
    for k, out in enumerate(mapped):
        whole = array_of(out)
        wanted = np.stack([array_of(outs[k]) for outs in alone])
        at = f"output {k}"
        if (whole.shape, whole.dtype) != (wanted.shape, wanted.dtype):
            shown = [f"{a.dtype} {a.shape}" for a in (wanted, whole)]
            raise Differs(f"{at}: of a loop\n    expected {shown[0]}\n    found    {shown[1]}")
        default = RELATIVE.get(str(whole.dtype), 0.0)
        require_close(wanted, whole, default if rtol is None else rtol, at)

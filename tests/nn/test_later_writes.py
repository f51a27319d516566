"""Whatever is written to after a layer has run: the gradient is that of the run, or backward says what was written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as torch
from tests.parity.layer_cases import DISTINCT, inputs, leaves, made
from wengert.errors import GradientError


class Run:
    """One run of a layer: all tensors that took part in it by name, and the loss."""

    def __init__(self, constructor: str, shapes: list[Any], training: bool) -> None:
        layer = made(torch, constructor).double().train(training)
        given = inputs(torch, shapes, np.random.default_rng(1))
        torch.manual_seed(4)  # for what is dropped
        outs = list(leaves([layer(*given)]))
        self.tensors = dict(layer.named_parameters())
        self.tensors |= {f"input {i}": x for i, x in enumerate(leaves(given))}
        self.leaves = [x for x in self.tensors.values() if x.requires_grad]
        self.tensors |= dict(layer.named_buffers())
        self.tensors |= {f"output {i}": out for i, out in enumerate(outs)}
        self.loss = sum(
            (out * torch.arange(1.0, 1 + out.numel()).reshape(out.shape)).sum()
            for out in outs
            if out.requires_grad
        )

    def gradients(self) -> list[Any]:
        """Walk back; the gradients of all parameters and inputs."""
        self.loss.backward()
        return [x.grad for x in self.leaves]


def write(x: torch.Tensor) -> None:
    """Change every element of a tensor."""
    with torch.no_grad():
        if x.dtype == torch.bool:
            x.logical_not_()
        elif x.is_floating_point():
            x.mul_(1.5).add_(0.25)
        else:
            x.add_(1)


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("constructor", "shapes"), DISTINCT)
def test_no_later_write_goes_unseen(constructor: str, shapes: list[Any], training: bool) -> None:
    first = Run(constructor, shapes, training)
    if not first.leaves or not isinstance(first.loss, torch.Tensor):
        pytest.skip("nothing is recorded")
    expected = first.gradients()
    seen = 0
    for name in first.tensors:
        run = Run(constructor, shapes, training)
        write(run.tensors[name])
        try:
            found = run.gradients()
        except GradientError as error:
            assert "modified by an inplace operation" in str(error)
            seen += 1
            continue
        for a, b in zip(found, expected, strict=True):
            if b is None:
                assert a is None
            else:
                np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12, err_msg=name)
    assert seen < len(first.tensors)

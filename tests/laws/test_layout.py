"""How the elements of results lie in memory follows from how those of the operands lie, whatever carries them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as torch
from tests.laws.samples import ALL, Array, Sample
from wengert.trace import trace


def _transposed(x: Array) -> Array:
    """Return the same elements, the last two dimensions the other way round in memory."""
    return np.ascontiguousarray(x.swapaxes(-1, -2)).swapaxes(-1, -2) if x.ndim > 1 else np.array(x)


MATRICES = [case for case in ALL if any(x.ndim > 1 for x in case.values[0].operands)]


def _strides(outs: Any) -> list[list[int]]:
    """Return the strides that tell: of dimensions of more than one element, where there are elements."""
    return [
        [s for s, n in zip(o.stride(), o.shape, strict=True) if n > 1] if o.numel() else []
        for o in outs
    ]


@pytest.mark.parametrize("sample", MATRICES)
def test_whatever_carries_them_results_lie_as_plain_ones(sample: Sample) -> None:
    operands = [torch.from_numpy(_transposed(x)) for x in sample.operands]
    plain = _strides(sample.everything(*operands))

    def traced(*points: Any) -> tuple[Any, ...]:
        outs = sample.everything(*points)
        # No assertion: pytest's would be part of what the trace looks at.
        if _strides(outs) != plain:
            raise ValueError(f"laid out {_strides(outs)}, without a trace {plain}")
        return outs

    trace(traced, *operands)
    leaves = [
        torch.from_numpy(_transposed(x)).requires_grad_(i in sample.moving)
        for i, x in enumerate(sample.operands)
    ]
    assert _strides(sample.everything(*leaves)) == plain

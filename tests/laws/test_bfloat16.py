"""A row computes bfloat16 in float32 and rounds: forward, rules, walk, forward mode and vmap keep the dtype."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as torch
from tests.laws.explicit.matrices import LAPACK
from tests.laws.samples import Sample
from tests.laws.test_dtypes import KEEPING, kept
from wengert.core.bfloat16 import widened
from wengert.core.primitive import BOOK
from wengert.func import vmap

pytest.importorskip("ml_dtypes")

ROUNDING = [case for case in KEEPING if case.values[0].row.name not in LAPACK]


@pytest.fixture(scope="module")
def narrow() -> Any:
    """NumPy's bfloat16."""
    return torch.bfloat16.numpy


@pytest.mark.parametrize("sample", ROUNDING)
def test_the_dtype_is_kept(sample: Sample, narrow: Any) -> None:
    kept(sample.astype(narrow))


@pytest.mark.parametrize("sample", ROUNDING)
def test_a_result_is_the_float32_result_rounded(sample: Sample, narrow: Any) -> None:
    sample = sample.astype(narrow)
    wide = sample.astype(np.float32)
    for found, exact in zip(
        sample.everything(*sample.operands), wide.everything(*wide.operands), strict=True
    ):
        if exact.dtype == np.float32:
            exact = np.asarray(exact, narrow)
        np.testing.assert_array_equal(widened(found), widened(exact))


def test_views_show_the_memory_itself() -> None:
    """Every row that is no view gives new memory, so that it may compute in another type."""
    x = torch.ones(2, 3, dtype=torch.bfloat16)
    x.t()[0, 1] = 5.0
    x[:, 1:].mul_(2)
    x.view(6)[0] += 1
    assert x.tolist() == [[2.0, 2.0, 2.0], [5.0, 2.0, 2.0]]
    assert all(
        BOOK[name].view for name in ("reshape", "permute", "slice", "broadcast_to", "detach")
    )


def test_vmap_and_gradients_of_gradients() -> None:
    x = torch.tensor([[0.5, 1.5], [2.0, 3.0]], dtype=torch.bfloat16)
    found = vmap(torch.func.grad(lambda r: (r.exp() * 0.5 + r**3).sum()))(x)
    assert found.dtype is torch.bfloat16

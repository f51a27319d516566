"""A composite row's kernel and vjp equal its definition's, to second order and at the edges of its domain."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.laws.calculus import arrays, close, gradients, like, raw, tensors, weighed
from tests.laws.samples import ALL, DIFFERENTIABLE, Array, Sample, samples_of
from wengert.rules import BOOK

COMPOSITES = [case for case in DIFFERENTIABLE if case.values[0].row.definition is not None]
KERNELS = [case for case in ALL if case.values[0].row.definition is not None]
"""With those, too, that have no derivative of their own: a tape records their definition."""
ALONG = ["softmax", "log_softmax"]


def _defined(sample: Sample, *operands: Any) -> tuple[Any, ...]:
    assert sample.row.definition is not None
    out = sample.row.definition(*operands, **sample.params)
    return out if isinstance(out, tuple) else (out,)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sample", KERNELS)
def test_kernel_equals_definition(sample: Sample, dtype: Any) -> None:
    sample = sample.astype(dtype)
    expected = [np.asarray(out) for out in _defined(sample, *sample.operands)]
    for found, defined in zip(sample.everything(*sample.operands), expected, strict=True):
        assert found.dtype == defined.dtype
        assert found.real.dtype == dtype
        # Sums that cancel round by what went into them, which is of the size of the largest results.
        eps = np.finfo(dtype).eps
        low = max(1e-14, 8 * eps * np.abs(defined).max(initial=0.0))
        np.testing.assert_allclose(found, defined, rtol=32 * eps, atol=low)


@pytest.mark.parametrize("sample", COMPOSITES)
def test_vjp_equals_the_definitions(sample: Sample) -> None:
    """At first and second order, each with its own tape."""
    ct = like(raw(sample, sample.points), 1)
    v = like(sample.points, 2)
    both = []
    for way in (sample, lambda *points: _defined(sample, *sample.filled(points))):
        inputs = tensors(sample.points, True)
        first = gradients(way(*inputs), inputs, tensors(ct), create_graph=True)
        product = weighed(first, v)
        second = gradients([product], inputs, tensors([np.ones(())]))
        both.append((arrays(first), arrays(second)))
    close(both[0][0], both[1][0], 1e-12, "first order")
    close(both[0][1], both[1][1], 1e-12, "second order")


INF, NAN = math.inf, math.nan
EDGES = {
    "infinitely small": [[-INF, 0.0, 1.0], [-INF, -INF, 2.0]],
    "all infinitely small": [[-INF, -INF, -INF], [0.0, 0.0, 0.0]],
    "infinitely large": [[INF, 0.0, 1.0], [INF, INF, 2.0]],
    "not a number": [[NAN, 0.0, 1.0], [1.0, 2.0, 3.0]],
    "huge": [[1e300, -1e300, 1e300], [800.0, 799.0, -800.0]],
    "one column": [[1.0], [-INF]],
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("name", ALONG)
def test_kernel_equals_definition_at_edges(name: str, edge: str) -> None:
    x = np.array(EDGES[edge])
    for dim in (0, 1):
        sample = Sample(BOOK[name], (x,), {"dim": dim})
        np.testing.assert_allclose(raw(sample, [x])[0], _defined(sample, x)[0], rtol=1e-14)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0,), (2, 0, 3)])
@pytest.mark.parametrize("name", ALONG)
def test_kernel_equals_definition_on_nothing(name: str, shape: tuple[int, ...]) -> None:
    for dim in range(len(shape)):
        assert BOOK[name](np.zeros(shape), dim=dim).shape == shape


@pytest.mark.parametrize("name", ALONG)
@pytest.mark.parametrize("layout", ["transposed", "strided", "wide"])
def test_kernel_equals_definition_in_any_layout(name: str, layout: str) -> None:
    rng = np.random.default_rng(0)
    x: Array = {
        "transposed": rng.standard_normal((5, 7)).T,
        "strided": rng.standard_normal((10, 14))[::2, ::3],
        "wide": rng.standard_normal((2, 3000)),
    }[layout]
    for dim in (0, 1):
        sample = Sample(BOOK[name], (x,), {"dim": dim})
        found, defined = raw(sample, [x])[0], _defined(sample, x)[0]
        np.testing.assert_allclose(found, defined, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", [row.name for row in BOOK.values() if row.kind == "composite"])
def test_every_composite_is_tested_here(name: str) -> None:
    assert any(case.values[0].row.name == name for case in KERNELS), samples_of(BOOK[name])

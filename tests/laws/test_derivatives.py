"""Every row's derivatives: the dot-product law, and finite differences at first and second order."""

from __future__ import annotations

import numpy as np
import pytest

from tests.laws.calculus import (
    close,
    differences,
    inner,
    like,
    pullback,
    pushforward,
    raw,
    second,
)
from tests.laws.samples import (
    ALIKE,
    DIFFERENTIABLE,
    EXPLICIT,
    HOLOMORPHIC,
    REAL_ONLY,
    SMOOTH,
    Sample,
    samples_of,
)
from wengert.rules import BOOK


@pytest.mark.parametrize("name", sorted(BOOK))
def test_every_row_has_a_sample(name: str) -> None:
    """A new row without a sample fails here, with words that say where to put one."""
    assert samples_of(BOOK[name])


def test_samples_name_rows_that_exist() -> None:
    own = {name for name, row in BOOK.items() if row.variant_of is None}
    assert {*EXPLICIT, *ALIKE, *REAL_ONLY} <= own


@pytest.mark.parametrize("sample", DIFFERENTIABLE)
def test_dot_product_law(sample: Sample) -> None:
    """<ct, J v> = <J^T ct, v>: forward and reverse mode are transposes of each other."""
    _dot_product_law(sample)


@pytest.mark.parametrize("sample", HOLOMORPHIC)
def test_dot_product_law_on_complex_numbers(sample: Sample) -> None:
    """With the real inner product Re <a, b>, the transpose is the conjugate one, as in PyTorch."""
    _dot_product_law(sample.astype(np.complex128))


def _dot_product_law(sample: Sample) -> None:
    x = sample.points
    tolerance = 1e-5 if sample.rounds else 1e-10
    for seed in (1, 2):
        v, ct = like(x, seed), like(raw(sample, x), 10 + seed)
        jv, vj = pushforward(sample, x, v), pullback(sample, x, ct)
        scale = max(1.0, sum(float(np.sum(np.abs(a * b))) for a, b in zip(ct, jv, strict=True)))
        assert abs(inner(ct, jv) - inner(vj, v)) <= tolerance * scale


@pytest.mark.parametrize("sample", DIFFERENTIABLE)
def test_pullback_is_the_same_on_tensors(sample: Sample) -> None:
    """The walk on raw arrays and the walk that records itself give equal numbers."""
    ct = like(raw(sample, sample.points), 3)
    tolerance = 1e-6 if sample.rounds else 1e-12
    close(
        pullback(sample, sample.points, ct, create_graph=True),
        pullback(sample, sample.points, ct),
        tolerance,
    )


@pytest.mark.parametrize("sample", SMOOTH)
def test_finite_differences_at_first_order(sample: Sample) -> None:
    _first_order(sample)


@pytest.mark.parametrize("sample", HOLOMORPHIC)
def test_finite_differences_on_complex_numbers(sample: Sample) -> None:
    _first_order(sample.astype(np.complex128))


def _first_order(sample: Sample) -> None:
    x, v = sample.points, like(sample.points, 4)
    close(pushforward(sample, x, v), differences(lambda p: raw(sample, p), x, v), 1e-7)


@pytest.mark.parametrize("sample", SMOOTH)
def test_finite_differences_at_second_order(sample: Sample) -> None:
    """The gradient of <J^T ct, v>, in x and in ct, by reverse over reverse."""
    x, v = sample.points, like(sample.points, 6)
    ct = like(raw(sample, x), 7)
    in_points, in_cts = second(sample, x, ct, v)
    close(in_points, differences(lambda p: pullback(sample, p, ct), x, v), 1e-7, "in the points")
    close(in_cts, pushforward(sample, x, v), 1e-10, "in the cotangents")


@pytest.mark.parametrize("sample", HOLOMORPHIC)
def test_second_order_on_complex_numbers(sample: Sample) -> None:
    """The Hessian of the real function Re <ct, f(x)> is symmetric over the reals: <H v, u> = <v, H u>."""
    sample = sample.astype(np.complex128)
    x, v = sample.points, like(sample.points, 6)
    ct = like(raw(sample, x), 7)
    in_points, in_cts = second(sample, x, ct, v)
    close(in_points, differences(lambda p: pullback(sample, p, ct), x, v), 1e-7, "in the points")
    close(in_cts, pushforward(sample, x, v), 1e-10, "in the cotangents")

"""Sums in float32 err as little as PyTorch's do, in every layout, and are right in all others."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import wengert as torch
from wengert.core.silence import silent
from wengert.rules.summation import sum_all, sum_axes

MILLION = 10**6
PYTORCH = 2e-7
"""The largest relative error allowed: PyTorch's own stays below it on the same sums."""


def _uniform(*shape: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(7).random(shape, dtype=np.float32)


def _error(found: Any, x: np.ndarray[Any, Any], axis: Any) -> float:
    exact = x.astype(np.float64).sum(axis=axis)
    found = np.asarray(found)
    assert found.dtype == np.float32
    assert found.shape == exact.shape
    return float(np.max(np.abs(found - exact) / exact))


@pytest.mark.parametrize(
    ("shape", "axis"),
    [((MILLION, 3), 0), ((3, MILLION), 1), ((MILLION, 1), 0), ((10**5, 64), 0), ((1000, 1000), 0), ((1000, 1000), 1)],
)  # fmt: skip
def test_long_sums_along_an_axis(shape: tuple[int, int], axis: int) -> None:
    x = _uniform(*shape)
    limit = PYTORCH if max(shape) >= MILLION else 3e-7
    assert _error(torch.from_numpy(x).sum(axis), x, axis) <= limit
    assert _error(torch.from_numpy(x.T).sum(1 - axis), x.T, 1 - axis) <= limit
    assert _error(torch.from_numpy(x).mean(axis) * shape[axis], x, axis) <= 2 * limit


@pytest.mark.parametrize(
    "shape", [(1000,), (30000,), (MILLION,), (MILLION, 3), (1000, 1000), (100, 100, 100)]
)
def test_long_full_sums(shape: tuple[int, ...]) -> None:
    x = _uniform(*shape)
    assert _error(torch.from_numpy(x).sum(), x, None) <= PYTORCH
    assert _error(torch.from_numpy(x.T).sum(), x, None) <= PYTORCH


@pytest.mark.parametrize(
    ("shape", "axes"),
    [((1000003,), (0,)), ((300001, 2), (0,)), ((2, 300001), (1,)), ((10**5, 64), (0,)), ((400, 3, 500), (0, 2))],
)  # fmt: skip
def test_sums_of_equal_values(shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    """Their roundings have one sign and add up, where those of random numbers cancel."""
    x = np.full(shape, 0.1, np.float32)
    assert _error(sum_axes(x, axes), x, axes) <= 2 * PYTORCH


@pytest.mark.parametrize("shape", [(MILLION, 3), (3, MILLION), (MILLION, 1)])
def test_long_sums_over_broadcasts(shape: tuple[int, int]) -> None:
    """The gradient of what was broadcast is a sum of a million rows."""
    x = _uniform(*shape)
    for small in ((1, shape[1]), (shape[0], 1), (shape[1],), ()):
        b = torch.zeros(small, requires_grad=True)
        (b * torch.from_numpy(x)).sum().backward()
        kept = (1,) * (2 - len(small)) + small
        axis = tuple(i for i, (n, m) in enumerate(zip(kept, shape, strict=True)) if n == 1 != m)
        exact = x.astype(np.float64).sum(axis=axis, keepdims=True).reshape(small)
        error = np.max(np.abs(b.grad.numpy() - exact) / exact)
        assert error <= PYTORCH


def test_sums_of_repeated_values_are_products() -> None:
    """A cotangent spread over a million rows comes back as one multiplication."""
    row = np.array([0.1, 0.2, 0.3], np.float32)
    wide = np.broadcast_to(row, (MILLION, 3))
    np.testing.assert_allclose(sum_axes(wide, (0,)), row.astype(np.float64) * MILLION, rtol=1e-7)


def test_float16_adds_up_in_float32() -> None:
    x = np.full((4000, 2), 0.1, np.float16)
    exact = x.astype(np.float64).sum(0)
    for found in (sum_axes(x, (0,)), torch.tensor(x).sum(0).numpy()):
        assert found.dtype == np.float16
        np.testing.assert_allclose(found, exact, rtol=1e-3)


SMALL = st.lists(st.sampled_from([0, 1, 2, 3, 5, 9]), max_size=3)
LONG = st.sampled_from([65, 129, 1100, 5000])
SHAPES = SMALL | st.builds(
    lambda small, n, i: [*small[:i], n, *small[i:]], SMALL, LONG, st.integers(0, 2)
)
KINDS = [np.float32, np.float64, np.float16, np.complex64, np.complex128, np.int64, np.bool_]


@settings(max_examples=300, deadline=None)
@given(
    shape=SHAPES.map(tuple),
    dtype=st.sampled_from(KINDS),
    layout=st.sampled_from(["dense", "transposed", "strided", "reversed", "broadcast"]),
    data=st.data(),
)
def test_sums_equal_numpy_in_every_layout(
    shape: tuple[int, ...], dtype: Any, layout: str, data: st.DataObject
) -> None:
    axes = tuple(i for i in range(len(shape)) if data.draw(st.booleans()))
    x = _in_layout(np.random.default_rng(3).integers(0, 2, shape).astype(dtype), layout)
    axes = tuple(a for a in axes if a < x.ndim)
    before = x.copy()
    rounding = 1e-3 if dtype is np.float16 else 0
    along, whole = silent().run(sum_axes, x, axes), silent().run(sum_all, x)
    for found, over in ((along, axes), (whole, tuple(range(x.ndim)))):
        expected = x.sum(axis=over, dtype=np.complex128)
        assume(dtype is not np.float16 or np.all(expected.real < 65504))
        assert np.shape(found) == expected.shape
        assert found.dtype == (x.dtype if x.dtype.kind in "fc" else np.int64)
        np.testing.assert_allclose(found, expected, rtol=rounding)
    np.testing.assert_array_equal(x, before)


def _in_layout(x: Any, layout: str) -> Any:
    if layout == "transposed":
        return x.transpose(list(range(x.ndim))[::-1])
    if layout == "strided":
        wide = np.repeat(x, 2, axis=-1) if x.ndim else x
        return wide[..., ::2] if x.ndim else x
    if layout == "reversed":
        return x[tuple(slice(None, None, -1) for _ in x.shape)]
    if layout == "broadcast" and x.size < 10000:
        return np.broadcast_to(x[..., :1] if x.ndim else x, (70, *x.shape))
    return x


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("shape", [(5,), (2000,), (5, 3), (200, 3), (3, 2000), (4, 100, 3)])
def test_infinities_and_nan_go_to_their_own_sum_only(shape: tuple[int, ...], bad: float) -> None:
    x = np.ones(shape, np.float32)
    x[(0,) * len(shape)] = bad
    for count in range(1, len(shape) + 1):
        for axes in itertools.combinations(range(len(shape)), count):
            np.testing.assert_array_equal(np.asarray(sum_axes(x, axes)), x.sum(axis=axes))
            moved = x.transpose(list(range(x.ndim))[::-1])
            np.testing.assert_array_equal(np.asarray(sum_axes(moved, axes)), moved.sum(axis=axes))

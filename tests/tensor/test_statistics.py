"""Statistics, norms, scans and orders: conventions of our own, accuracy, and the words of every refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as torch

NAN = float("nan")
X = torch.tensor([[1.0, 5.0], [7.0, 3.0]])
V = torch.tensor([1.0, 2.0])
INTS = torch.tensor([1, 2])
BOOLS = torch.tensor([True, False])
COMPLEX = torch.tensor([1 + 1j, 2])

REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "unbiased and correction": (lambda: X.var(0, True, correction=1), TypeError, "`unbiased` is a corr"),
    "var of integers": (lambda: INTS.var(), RuntimeError, r"only support floating.*int64.*x\.float"),
    "nansum of complex": (lambda: COMPLEX.nansum(), RuntimeError, "nansum.*complex"),
    "nansum into integers": (lambda: torch.nansum(V, out=INTS.clone()), NotImplementedError, '"nansum"'),
    "nanmean of integers": (lambda: INTS.nanmean(), RuntimeError, "nanmean.*floating point.*int64"),
    "aminmax of nothing": (lambda: torch.tensor([]).aminmax(), RuntimeError, "no identity"),
    "aminmax along nothing": (lambda: torch.zeros(0, 2).aminmax(dim=0), IndexError, "reduction dim 0"),
    "aminmax of complex": (lambda: COMPLEX.aminmax(), NotImplementedError, "aminmax.*no order"),
    "cov of a cube": (lambda: torch.cov(torch.zeros(2, 2, 2)), RuntimeError, "two or fewer dimensions.*3"),
    "cov of bools": (lambda: torch.cov(BOOLS), RuntimeError, "bool dtype is not supported"),
    "cov by real fweights": (lambda: torch.cov(V, fweights=V), RuntimeError, "fweights.*integral.*float32"),
    "cov by short weights": (lambda: torch.cov(V, aweights=torch.ones(3)), RuntimeError, "same numel.*3 != 2"),
    "cov by a matrix": (lambda: torch.cov(V, aweights=X), RuntimeError, "aweights.*one or fewer"),
    "cov by negative weights": (lambda: torch.cov(V, aweights=-V), RuntimeError, "aweights cannot be negative"),
    "corrcoef of a cube": (lambda: torch.corrcoef(torch.zeros(2, 2, 2)), RuntimeError, "corrcoef.*two or fewer"),
    "norm of integers": (lambda: INTS.norm(), RuntimeError, "vector_norm.*floating.*int64"),
    "norm of no order": (lambda: X.norm("x"), RuntimeError, "Order x not supported"),
    "norm by a complex": (lambda: X.norm(1j), RuntimeError, "'ord' is 1j.*without overflow"),
    "norm of nothing": (lambda: torch.tensor([]).norm(float("inf")), RuntimeError, "inf norm on an empty"),
    "norm in a lesser dtype": (lambda: X.norm(dtype=torch.float16), RuntimeError, "without narrowing"),
    "norm in a complex dtype": (lambda: X.norm(dtype=torch.complex64), RuntimeError, "should be real"),
    "dist of integers": (lambda: torch.dist(INTS, INTS), RuntimeError, "input dtype should be"),
    "dist of shapes": (lambda: torch.dist(V, torch.ones(3)), RuntimeError, "dist.*do not broadcast"),
    "renorm by 0": (lambda: X.renorm(0, 0, 1.0), RuntimeError, "non-positive-norm"),
    "renorm to less than 0": (lambda: X.renorm(2, 0, -1.0), RuntimeError, "maxnorm to be >= 0.*-1"),
    "renorm of a vector": (lambda: V.renorm(2, 0, 1.0), RuntimeError, "at least 2 dimensions, got 1"),
    "renorm of integers": (lambda: X.int().renorm(2, 0, 1.0), RuntimeError, "renorm.*int32"),
    "median along nothing": (lambda: torch.zeros(2, 0).median(1), IndexError, "reduction dim 1"),
    "median of bools": (lambda: BOOLS.median(), NotImplementedError, '"median"'),
    "median kept of all": (lambda: X.median(keepdim=True), TypeError, "goes with `dim`"),
    "mode of complex": (lambda: COMPLEX.mode(), NotImplementedError, '"mode"'),
    "kth beyond": (lambda: V.kthvalue(3), RuntimeError, "selected number k out of range.*k is 3"),
    "k beyond": (lambda: V.topk(3), RuntimeError, "selected index k out of range.*k is 3"),
    "sort of complex": (lambda: COMPLEX.sort(), RuntimeError, "sort.*no order"),
    "sort along no dim": (lambda: V.sort(1), IndexError, "Dimension out of range"),
    "quantile of integers": (lambda: torch.quantile(INTS, 0.5), RuntimeError, "float or double.*int64"),
    "quantile of nothing": (lambda: torch.quantile(torch.tensor([]), 0.5), RuntimeError, "non-empty"),
    "quantile beyond 1": (lambda: V.quantile(1.5), RuntimeError, r"range \[0, 1\] but got 1.5"),
    "quantiles beyond 1": (lambda: V.quantile(V), RuntimeError, r"q values must be in the range \[0, 1\]"),
    "quantiles in a matrix": (lambda: V.quantile(X * 0), RuntimeError, "scalar or 1D"),
    "quantiles of another dtype": (lambda: V.quantile(V.double()), RuntimeError, "same dtype.*float64"),
    "interpolation": (lambda: V.quantile(0.5, interpolation="cubic"), RuntimeError, "must be one of.*cubic"),
    "cumsum as bools": (lambda: V.cumsum(0, dtype=torch.bool), NotImplementedError, '"cumsum"'),
    "logcumsumexp of integers": (lambda: INTS.logcumsumexp(0), NotImplementedError, '"logcumsumexp"'),
    "cummax of complex": (lambda: COMPLEX.cummax(0), NotImplementedError, '"cummax".*no order'),
    "diff of a number": (lambda: torch.diff(torch.tensor(1.0)), RuntimeError, "at least one-dim"),
    "diff -1 times": (lambda: V.diff(-1), RuntimeError, "non-negative but got -1"),
    "diff of two ranks": (lambda: V.diff(prepend=X), RuntimeError, "same dimension as input: 2 and 1"),
    "trapezoid of a number": (lambda: torch.trapezoid(torch.tensor(1.0)), IndexError, "no dimensions"),
    "trapezoid of bools": (lambda: torch.trapezoid(BOOLS), RuntimeError, "bool input for `y`"),
    "trapezoid at bools": (lambda: torch.trapezoid(V, BOOLS), RuntimeError, "bool input for `x`"),
    "trapezoid of x and dx": (lambda: torch.trapezoid(V, V, dx=1), TypeError, "not both"),
    "trapezoid at few places": (lambda: torch.trapezoid(V, torch.ones(3)), RuntimeError, "one `x` value.*3 for 2"),
    "searchsorted of shapes": (lambda: torch.searchsorted(X, V), RuntimeError, r"\[2, 2\].*\[2\]"),
    "side": (lambda: torch.searchsorted(V, V, side="up"), RuntimeError, "'left' or 'right' but got up"),
    "side and right": (lambda: torch.searchsorted(V, V, side="left", right=True), RuntimeError, "opposites"),
    "sorter's shape": (lambda: torch.searchsorted(V, V, sorter=torch.tensor([0])), RuntimeError, "same size"),
    "sorter's dtype": (lambda: torch.searchsorted(V, V, sorter=V), RuntimeError, "long dtype.*float32"),
    "complex boundaries": (lambda: torch.bucketize(COMPLEX, V), NotImplementedError, "searchsort|bucketize"),
    "boundaries in a matrix": (lambda: torch.bucketize(V, X), RuntimeError, r"1 dimension, but got dim\(2\)"),
    "isin of numbers": (lambda: torch.isin(1, 2), TypeError, "must be a tensor"),
    "isin of complex": (lambda: torch.isin(COMPLEX, COMPLEX), RuntimeError, "Unsupported.*Complex"),
    "unique of complex": (lambda: COMPLEX.unique(), NotImplementedError, '"unique"'),
    "unique across nothing": (lambda: torch.zeros(0, 2).unique(dim=1), RuntimeError, "0 sized dimensions"),
    "histc of integers": (lambda: torch.histc(INTS), NotImplementedError, '"histc"'),
    "histc in no bins": (lambda: V.histc(0), RuntimeError, "bins must be > 0, but got 0"),
    "histc backwards": (lambda: V.histc(2, 1, 0), RuntimeError, "max must be larger than min"),
    "histc to infinity": (lambda: V.histc(2, 0, float("inf")), RuntimeError, "not finite"),
    "histogram of integers": (lambda: torch.histogram(INTS, 2), NotImplementedError, '"histogram"'),
    "histogram in no bins": (lambda: V.histogram(0), RuntimeError, "bins must be > 0"),
    "histogram backwards": (lambda: V.histogram(2, range=(1.0, 0.0)), RuntimeError, "min 1.0 and max 0.0"),
    "histogram to infinity": (lambda: (V / 0).histogram(2), RuntimeError, "not finite"),
    "histogram by bins of another dtype": (lambda: V.histogram(V.double()), RuntimeError, "same dtype.*float64"),
    "histogram by a matrix": (lambda: V.histogram(X), RuntimeError, "bins tensor should have one dimension"),
    "histogram by short weights": (lambda: V.histogram(2, weight=X), RuntimeError, r"same shape.*\[2, 2\]"),
    "histogram by other weights": (lambda: V.histogram(2, weight=V.double()), RuntimeError, "float64"),
    "bincount of floats": (lambda: torch.bincount(V), NotImplementedError, '"bincount"'),
    "bincount below 0": (lambda: torch.bincount(-INTS), RuntimeError, "1-d non-negative"),
    "bincount to less than nothing": (lambda: torch.bincount(INTS, minlength=-1), RuntimeError, "minlength"),
    "bincount by short weights": (lambda: torch.bincount(INTS, torch.ones(3)), RuntimeError, "same length"),
    "out of another dtype": (
        lambda: torch.sort(V, out=(torch.empty(0).double(), torch.empty(0, dtype=torch.int64))),
        RuntimeError, "Expected out tensor to have dtype torch.float32, but got torch.float64",
    ),
    "unique under vmap": (lambda: torch.vmap(torch.unique)(X), RuntimeError, "unique.*shape that depends"),
    "bincount under vmap": (lambda: torch.vmap(torch.bincount)(X.long()), RuntimeError, "bincount.*length"),
    "histogram under vmap": (lambda: torch.vmap(lambda v: v.histogram(2)[0])(X), RuntimeError, "range"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_say_what_is_wrong(case: str) -> None:
    call, kind, words = REFUSED[case]
    with pytest.raises(kind, match=f"(?s){words}"):
        call()


@pytest.mark.parametrize("p", [0, 0.5, 1, 1.5, 2, 3, float("inf"), -1, float("-inf")])
@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
def test_norms_at_zero_have_finite_derivatives(p: float, dtype: Any) -> None:
    x = torch.zeros(3, dtype=dtype, requires_grad=True)
    (first,) = torch.autograd.grad(x.norm(p), x, create_graph=True)
    assert not first.detach().numpy().any()
    if not p:
        return
    (second,) = torch.autograd.grad(first.abs().sum(), x, allow_unused=True, materialize_grads=True)
    assert np.isfinite(second.numpy()).all()


def test_the_deviation_of_equal_elements_has_gradient_zero_at_every_order() -> None:
    x = torch.full((3,), 2.0, requires_grad=True)
    (first,) = torch.autograd.grad(x.std(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    assert first.tolist() == second.tolist() == [0, 0, 0]


def test_nothing_flows_to_what_nansum_skips() -> None:
    x = torch.tensor([1.0, NAN], requires_grad=True)
    x.nansum().backward()
    assert x.grad.tolist() == [1, 0]


def test_the_gradient_of_unique_goes_to_first_occurrences() -> None:
    x = torch.tensor([3.0, 1.0, 3.0], requires_grad=True)
    (x.unique() * torch.tensor([10.0, 20.0])).sum().backward()
    assert x.grad.tolist() == [20, 10, 0]


@pytest.mark.parametrize("n", [5, 63, 64, 100, 1000, 4099])
@pytest.mark.parametrize("width", [1, 3])
def test_cumulative_products_have_exact_gradients_at_any_length(n: int, width: int) -> None:
    rng = np.random.default_rng(n)
    values = rng.uniform(0.9, 1.1, (n, width))
    values[n // 2] = 0
    cotangents = rng.standard_normal((n, width))
    x = torch.tensor(values, requires_grad=True)
    (x.cumprod(0) * torch.tensor(cotangents)).sum().backward()
    sums = np.zeros(width)
    expected = np.empty_like(values)
    for i in reversed(range(n)):
        sums = cotangents[i] + (values[i + 1] if i + 1 < n else 0) * sums
        expected[i] = np.prod(values[:i], axis=0) * sums
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("offset", [0.0, 100.0, 1e4])
@pytest.mark.parametrize("op", ["var", "std", "norm"])
def test_float32_statistics_are_accurate(op: str, offset: float) -> None:
    rng = np.random.default_rng(0)
    x = (rng.standard_normal((1000, 300)) + offset).astype(np.float32)
    for dims in ((), (0,), (1,)):
        found = getattr(torch.tensor(x), op)(dim=dims or None).numpy()
        expected = getattr(torch.tensor(x.astype(np.float64)), op)(dim=dims or None).numpy()
        np.testing.assert_allclose(found, expected, rtol=3e-7)


@pytest.mark.parametrize("shape", [(100_003,), (50, 500), (3, 4000), (300, 300)])
@pytest.mark.parametrize("dim", [0, -1])
def test_float32_running_sums_are_accurate(shape: tuple[int, ...], dim: int) -> None:
    x = np.random.default_rng(1).uniform(0, 1, shape).astype(np.float32)
    expected = np.cumsum(x.astype(np.float64), axis=dim)
    np.testing.assert_allclose(torch.tensor(x).cumsum(dim).numpy(), expected, rtol=4e-7)


def test_infinity_does_not_spoil_the_sums_before_it() -> None:
    x = torch.ones(1000)
    x[500] = float("inf")
    found = x.cumsum(0)
    assert found[:500].tolist() == list(range(1, 501))
    assert torch.isfinite(found).sum() == 500


def test_few_of_many_are_found_without_sorting_all() -> None:
    x = np.random.default_rng(2).permutation(5000).reshape(2, 2500).astype(np.float32)
    for largest in (True, False):
        values, indices = torch.tensor(x).topk(7, 1, largest)
        expected = np.sort(x, axis=1)[:, ::-1][:, :7] if largest else np.sort(x, axis=1)[:, :7]
        assert values.tolist() == expected.tolist()
        assert np.take_along_axis(x, indices.numpy(), 1).tolist() == expected.tolist()


def test_a_cast_that_loses_imaginary_parts_warns() -> None:
    torch.set_warn_always(True)
    try:
        with pytest.warns(UserWarning, match="discards the imaginary part"):
            assert COMPLEX.sum(dtype=torch.float32).item() == 3
    finally:
        torch.set_warn_always(False)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int32])
def test_sums_and_products_have_the_dtype_that_was_asked_for(dtype: Any) -> None:
    x = torch.tensor([2, 3])
    scans = () if dtype is torch.bool else (x.cumsum(0, dtype=dtype), x.cumprod(0, dtype=dtype))
    made = (x.sum(dtype=dtype), x.prod(dtype=dtype), x.prod(0, dtype=dtype), *scans)
    assert [m.dtype for m in made] == [dtype] * len(made)


def test_named_results_are_public_types() -> None:
    found = X.sort()
    assert isinstance(found, torch.return_types.sort)
    assert found.values is found[0]

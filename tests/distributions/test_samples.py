"""Gradients of samples that PyTorch approximates or lacks, against SciPy; when distributions are loaded."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import special

import wengert as torch

d = torch.distributions


@pytest.mark.parametrize("shape", [0.05, 0.5, 1.0, 3.0, 40.0])
def test_gamma_numbers_move_with_their_shape(shape):
    """The first and the second derivative are those of the quantile, at the number's own rank."""
    a = torch.tensor([shape], dtype=torch.float64, requires_grad=True)
    torch.manual_seed(1)
    number = torch._standard_gamma(a)
    (slope,) = torch.autograd.grad(number, a, create_graph=True)
    (curve,) = torch.autograd.grad(slope, a)
    rank, h = special.gammainc(shape, number.item()), 1e-3 * shape
    at = [special.gammaincinv(shape + h * k, rank) for k in (-2, -1, 0, 1, 2)]
    first = (at[0] - 8 * at[1] + 8 * at[3] - at[4]) / (12 * h)
    second = (-at[0] + 16 * at[1] - 30 * at[2] + 16 * at[3] - at[4]) / (12 * h * h)
    assert slope.item() == pytest.approx(first, rel=1e-8)
    assert curve.item() == pytest.approx(second, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("a", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("b", [0.2, 2.0, 300.0])
def test_beta_numbers_move_with_both_concentrations(a, b):
    first, second = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (a, b))
    torch.manual_seed(2)
    number = d.Beta(first, second).rsample()
    slopes = torch.autograd.grad(number, (first, second))
    rank = special.betainc(a, b, number.item())

    def quantile(i, k):
        moved = [a, b]
        moved[i] *= 1 + 1e-3 * k
        return special.betaincinv(*moved, rank)

    for i, slope in enumerate(slopes):
        values = [quantile(i, k) for k in (-2, -1, 1, 2)]
        expected = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12e-3 * (a, b)[i])
        assert slope.item() == pytest.approx(expected, rel=1e-6)


def test_gamma_gradients_in_float32_are_those_of_float64():
    shapes = np.geomspace(0.1, 1e3, 50)
    numbers = special.gammaincinv(shapes, np.linspace(0.01, 0.99, 50))
    given = [torch.tensor(x) for x in (shapes, numbers)]
    exact = torch._standard_gamma_grad(*given)
    single = torch._standard_gamma_grad(*(x.float() for x in given))
    assert torch.allclose(single.double(), exact, rtol=2e-5)


def test_wishart_numbers_move_with_the_scale():
    """A sample is `L B B^T L^T` with `B` that does not depend on `L`: scaling `L` by s scales it by s ** 2."""
    scale = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    torch.manual_seed(3)
    sample = d.Wishart(4.0, scale_tril=scale * torch.eye(2, dtype=torch.float64)).rsample((3,))
    (slope,) = torch.autograd.grad(sample.sum(), scale)
    assert slope.item() == pytest.approx(2 * sample.sum().item() / 1.5)


def test_an_exponential_end_of_the_generalized_pareto():
    """Where the concentration is 0, values and slopes are limits of those beside it."""
    value = torch.tensor(1.3, dtype=torch.float64)

    def told(k):
        k = torch.tensor(k, dtype=torch.float64, requires_grad=True)
        made = d.GeneralizedPareto(0.2, 2.0, k)
        answers = [made.log_prob(value), made.cdf(value), made.icdf(value / 2)]
        return [x.item() for x in answers] + [torch.autograd.grad(x, k)[0].item() for x in answers]

    assert told(0.0) == pytest.approx(told(1e-6), rel=1e-5)


def test_kumaraswamy_has_a_mode():
    made = d.Kumaraswamy(torch.tensor([2.5, 0.5]), torch.tensor([3.0, 3.0]))
    grid = torch.linspace(0.001, 0.999, 999)
    best = grid[d.Kumaraswamy(2.5, 3.0).log_prob(grid).argmax()]
    assert made.mode[0].item() == pytest.approx(best.item(), abs=1e-3)
    assert made.mode[1].isnan()


DRAWS = {
    "normal": lambda a: d.Normal(a, a, validate_args=False).rsample(),
    "gamma": lambda a: d.Gamma(a, a, validate_args=False).rsample((2,)),
    "beta": lambda a: d.Beta(a, a, validate_args=False).rsample(),
    "dirichlet": lambda a: d.Dirichlet(torch.stack([a, a + 1]), validate_args=False).rsample(),
    "student": lambda a: d.StudentT(a, validate_args=False).rsample(),
    "bernoulli": lambda a: d.Bernoulli(a / 4, validate_args=False).sample(),
    "categorical": lambda a: d.Categorical(torch.stack([a, a]), validate_args=False).sample(),
    "multinomial": lambda a: d.Multinomial(3, torch.stack([a, a]), validate_args=False).sample(),
    "poisson": lambda a: d.Poisson(a, validate_args=False).sample(),
    "binomial": lambda a: d.Binomial(4, a / 4, validate_args=False).sample(),
    "gumbel": lambda a: d.Gumbel(a, a, validate_args=False).rsample(),
    "lkj": lambda a: d.LKJCholesky(3, a, validate_args=False).sample(),
    "vectors": lambda a: d.MultivariateNormal(
        torch.stack([a, a]), torch.eye(2, dtype=a.dtype), validate_args=False
    ).rsample(),
}


@pytest.mark.parametrize("name", DRAWS)
def test_samples_inside_of_transforms(name):
    """Each example draws its own numbers, and tangents go where gradients go."""
    draw = DRAWS[name]
    alike = torch.ones(3) * 2.5
    rows = torch.vmap(draw, randomness="different")(alike)
    assert rows.shape == (3, *draw(alike[0]).shape)
    if name == "lkj":
        return  # `sample` keeps gradients away, not tangents, as in PyTorch

    def total(a):
        torch.manual_seed(1)
        return draw(a).double().sum()

    slope = torch.func.grad(total)(torch.tensor(2.5, dtype=torch.float64))
    at = torch.tensor(2.5, dtype=torch.float64)
    _, moved = torch.func.jvp(total, (at,), (torch.ones_like(at),))
    assert moved.item() == pytest.approx(slope.item())


def test_distributions_wait_for_their_first_use():
    program = (
        "import sys, wengert as torch\n"
        "loaded = lambda: {m for m in sys.modules if m.startswith('wengert.distributions.')}\n"
        "assert not loaded(), loaded()\n"
        "torch.distributions.Normal\n"
        "assert 'wengert.distributions.normal' in loaded() and 'wengert.distributions.gamma' not in loaded()\n"
        "from wengert.distributions import *\n"
        "assert MultivariateNormal and kl_divergence and transforms.ExpTransform\n"
    ).replace("transforms.", "")
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_name_is_found():
    assert all(getattr(d, name) is not None for name in d.__all__)
    assert set(d.__all__) <= set(dir(d))

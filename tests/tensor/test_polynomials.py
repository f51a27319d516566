"""Orthogonal polynomials have derivatives, which PyTorch's lack, at every point and of every order."""

import numpy as np
import pytest
from scipy import special

import wengert as torch
from wengert.errors import GradientError

KNOWN = {
    "chebyshev_polynomial_t": special.chebyt,
    "chebyshev_polynomial_u": special.chebyu,
    "hermite_polynomial_h": special.hermite,
    "hermite_polynomial_he": special.hermitenorm,
    "laguerre_polynomial_l": special.laguerre,
    "legendre_polynomial_p": special.legendre,
    "shifted_chebyshev_polynomial_t": special.sh_chebyt,
    "shifted_chebyshev_polynomial_u": special.sh_chebyu,
}


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("n", [0, 1, 4, 11])
def test_derivatives_are_those_of_the_polynomial(name, n):
    x = torch.tensor([-1.0, -0.4, 0.0, 0.7, 1.0, 1.3], dtype=torch.float64, requires_grad=True)
    value = getattr(torch.special, name)(x, n)
    slope = torch.autograd.grad(value.sum(), x, create_graph=True)[0]
    bend = torch.autograd.grad(slope.sum(), x)[0]
    polynomial = np.poly1d(KNOWN[name](n).coefficients)
    at = x.detach().numpy()
    np.testing.assert_allclose(value.detach().numpy(), polynomial(at), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        slope.detach().numpy(), polynomial.deriv(1)(at), rtol=1e-8, atol=1e-7
    )
    np.testing.assert_allclose(bend.numpy(), polynomial.deriv(2)(at), rtol=1e-7, atol=1e-5)


def test_nan_stays_nan():
    x = torch.tensor([float("nan")])
    assert all(getattr(torch.special, name)(x, 5).isnan() for name in KNOWN)


def test_a_degree_that_requires_grad_is_refused():
    n = torch.tensor([2.0], requires_grad=True)
    with pytest.raises(GradientError, match="no derivative with respect to its degree"):
        torch.special.legendre_polynomial_p(torch.ones(1), n)


def test_half_precision_is_rounded_once():
    x = torch.tensor([0.3, 0.9], dtype=torch.float16)
    wide = torch.special.legendre_polynomial_p(x.float(), 30)
    assert torch.equal(torch.special.legendre_polynomial_p(x, 30), wide.half())


def test_a_high_degree_costs_no_steps_between_minus_one_and_one():
    x = torch.tensor([-1.0, 0.2, 1.0], dtype=torch.float64)
    t = torch.special.chebyshev_polynomial_t(x, 10**9)
    assert t.tolist() == pytest.approx([1.0, np.cos(1e9 * np.arccos(0.2)), 1.0])
    assert torch.special.chebyshev_polynomial_u(x[2:], 10**6).item() == 10**6 + 1

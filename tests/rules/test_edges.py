"""Rows at the edges of their domains: special values, ties, zeros, nothing at all. Expected values are PyTorch's."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as torch

INF, NAN, E, LN2 = math.inf, math.nan, math.e, math.log(2)
SIN, COS, TANH, SIGMOID = math.sin(1), math.cos(1), math.tanh(1), 1 / (1 + math.exp(-1))
POINTS = [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN]

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "x ** 0": lambda x: x**0,
    "x ** 1": lambda x: x**1,
    "x ** 2": lambda x: x**2,
    "x ** 3": lambda x: x**3,
    "x ** 0.5": lambda x: x**0.5,
    "x ** -1": lambda x: x**-1,
    "x ** -0.5": lambda x: x**-0.5,
    "x ** 1.5": lambda x: x**1.5,
    "x ** -2": lambda x: x**-2,
    "2 ** x": lambda x: 2**x,
    "0 ** x": lambda x: 0**x,
}

# At POINTS: the values, and the derivatives.
SPECIAL: dict[str, tuple[list[float], list[float]]] = {
    "neg": ([-0.0, 0.0, -1.0, 1.0, -INF, INF, NAN], [-1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0]),
    "reciprocal": ([INF, -INF, 1.0, -1.0, 0.0, -0.0, NAN], [-INF, -INF, -1.0, -1.0, -0.0, -0.0, NAN]),
    "exp": ([1.0, 1.0, E, 1 / E, INF, 0.0, NAN], [1.0, 1.0, E, 1 / E, INF, 0.0, NAN]),
    "log": ([-INF, -INF, 0.0, NAN, INF, NAN, NAN], [INF, -INF, 1.0, -1.0, 0.0, -0.0, NAN]),
    "sqrt": ([0.0, -0.0, 1.0, NAN, INF, NAN, NAN], [INF, -INF, 0.5, NAN, 0.0, NAN, NAN]),
    "sin": ([0.0, -0.0, SIN, -SIN, NAN, NAN, NAN], [1.0, 1.0, COS, COS, NAN, NAN, NAN]),
    "cos": ([1.0, 1.0, COS, COS, NAN, NAN, NAN], [-0.0, 0.0, -SIN, SIN, NAN, NAN, NAN]),
    "tanh": ([0.0, -0.0, TANH, -TANH, 1.0, -1.0, NAN], [1.0, 1.0, 1 - TANH**2, 1 - TANH**2, 0.0, 0.0, NAN]),
    "sigmoid": (
        [0.5, 0.5, SIGMOID, 1 - SIGMOID, 1.0, 0.0, NAN],
        [0.25, 0.25, SIGMOID * (1 - SIGMOID), SIGMOID * (1 - SIGMOID), 0.0, 0.0, NAN],
    ),
    "relu": ([0.0, -0.0, 1.0, 0.0, INF, 0.0, NAN], [0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]),
    "abs": ([0.0, 0.0, 1.0, 1.0, INF, INF, NAN], [0.0, 0.0, 1.0, -1.0, 1.0, -1.0, 0.0]),
    "sign": ([0.0, 0.0, 1.0, -1.0, 1.0, -1.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
    "x ** 0": ([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
    "x ** 1": ([0.0, -0.0, 1.0, -1.0, INF, -INF, NAN], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
    "x ** 2": ([0.0, 0.0, 1.0, 1.0, INF, INF, NAN], [0.0, -0.0, 2.0, -2.0, INF, -INF, NAN]),
    "x ** 3": ([0.0, -0.0, 1.0, -1.0, INF, -INF, NAN], [0.0, 0.0, 3.0, 3.0, INF, INF, NAN]),
    "x ** 0.5": ([0.0, -0.0, 1.0, NAN, INF, NAN, NAN], [INF, -INF, 0.5, NAN, 0.0, NAN, NAN]),
    "x ** -1": ([INF, -INF, 1.0, -1.0, 0.0, -0.0, NAN], [-INF, -INF, -1.0, -1.0, -0.0, -0.0, NAN]),
    "x ** -0.5": ([INF, -INF, 1.0, NAN, 0.0, NAN, NAN], [-INF, -INF, -0.5, NAN, -0.0, -0.0, NAN]),
    "x ** 1.5": ([0.0, 0.0, 1.0, NAN, INF, INF, NAN], [0.0, -0.0, 1.5, NAN, INF, NAN, NAN]),
    "x ** -2": ([INF, INF, 1.0, 1.0, 0.0, 0.0, NAN], [-INF, INF, -2.0, 2.0, -0.0, 0.0, NAN]),
    "2 ** x": ([1.0, 1.0, 2.0, 0.5, INF, 0.0, NAN], [LN2, LN2, 2 * LN2, LN2 / 2, INF, 0.0, NAN]),
    "0 ** x": ([1.0, 1.0, 0.0, INF, 0.0, INF, NAN], [0.0, 0.0, 0.0, -INF, 0.0, -INF, NAN]),
}  # fmt: skip

# By base and exponent: the value, and the derivatives in both.
POWERS: dict[tuple[float, float], tuple[float, float, float]] = {
    (0.0, 0.0): (1.0, 0.0, 0.0),
    (0.0, 1.0): (0.0, 1.0, 0.0),
    (0.0, 2.0): (0.0, 0.0, 0.0),
    (0.0, -1.0): (INF, -INF, -INF),
    (0.0, 0.5): (0.0, INF, 0.0),
    (0.0, INF): (0.0, NAN, 0.0),
    (1.0, 0.0): (1.0, 0.0, 0.0),
    (1.0, 1.0): (1.0, 1.0, 0.0),
    (1.0, 2.0): (1.0, 2.0, 0.0),
    (1.0, -1.0): (1.0, -1.0, 0.0),
    (1.0, 0.5): (1.0, 0.5, 0.0),
    (1.0, INF): (1.0, INF, 0.0),
    (2.0, 0.0): (1.0, 0.0, LN2),
    (2.0, 1.0): (2.0, 1.0, 2 * LN2),
    (2.0, 2.0): (4.0, 4.0, 4 * LN2),
    (2.0, -1.0): (0.5, -0.25, LN2 / 2),
    (2.0, 0.5): (math.sqrt(2), math.sqrt(2) / 4, LN2 * math.sqrt(2)),
    (2.0, INF): (INF, INF, INF),
    (-2.0, 0.0): (1.0, 0.0, NAN),
    (-2.0, 1.0): (-2.0, 1.0, NAN),
    (-2.0, 2.0): (4.0, -4.0, NAN),
    (-2.0, -1.0): (-0.5, -0.25, NAN),
    (-2.0, 0.5): (NAN, NAN, NAN),
    (-2.0, INF): (INF, INF, NAN),
    (INF, 0.0): (1.0, 0.0, INF),
    (INF, 1.0): (INF, 1.0, INF),
    (INF, 2.0): (INF, INF, INF),
    (INF, -1.0): (0.0, -0.0, NAN),
    (INF, 0.5): (INF, 0.0, INF),
    (INF, INF): (INF, INF, INF),
}  # fmt: skip


def leaf(values: Any, dtype: Any = torch.float64) -> Any:
    return torch.tensor(values, dtype=dtype, requires_grad=True)


def gradient(out: Any, *inputs: Any) -> list[Any]:
    """Return the gradients of a sum as lists."""
    found = torch.autograd.grad(out.sum(), inputs, allow_unused=True, materialize_grads=True)
    return [g.numpy() for g in found]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", SPECIAL)
def test_special_values(name: str, dtype: Any) -> None:
    x = leaf(POINTS, dtype)
    out = FUNCTIONS.get(name, getattr(torch, name, None))(x)
    values, derivatives = SPECIAL[name]
    tolerance = 1e-6 if dtype is torch.float32 else 1e-12
    np.testing.assert_allclose(out.detach().numpy(), values, rtol=tolerance)
    np.testing.assert_allclose(gradient(out, x)[0], derivatives, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", SPECIAL)
def test_special_values_one_at_a_time(name: str) -> None:
    """Single numbers take other ways through NumPy than arrays do."""
    for point, value, derivative in zip(POINTS, *SPECIAL[name], strict=True):
        x = leaf(point)
        out = FUNCTIONS.get(name, getattr(torch, name, None))(x)
        np.testing.assert_allclose(out.item(), value, rtol=1e-12)
        np.testing.assert_allclose(gradient(out, x)[0], derivative, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("base", "exponent"), POWERS)
def test_power_at_zero(base: float, exponent: float) -> None:
    """0 ** 0 is 1 with zero derivatives; the derivative in the exponent is 0 where the base is, not 0 * log(0)."""
    x, y = leaf(base), leaf(exponent)
    out = x**y
    np.testing.assert_allclose(
        [out.item(), *gradient(out, x, y)], POWERS[base, exponent], rtol=1e-12
    )


def test_sums_and_products_of_nothing() -> None:
    x = leaf(np.zeros((0, 3)))
    assert torch.sum(x).item() == 0.0
    assert torch.prod(x).item() == 1.0
    assert math.isnan(torch.mean(x).item())
    assert torch.sum(x, 0).tolist() == [0.0] * 3
    assert torch.prod(x, 0).tolist() == [1.0] * 3
    assert torch.logsumexp(x, 0).tolist() == [-INF] * 3
    assert all(math.isnan(v) for v in torch.mean(x, 0).tolist())
    for out in (x.sum(), x.prod(), x.mean(), x.sum(0), x.prod(0), x.mean(0), x.logsumexp(0)):
        assert gradient(out, x)[0].shape == (0, 3)


@pytest.mark.parametrize("name", ["max", "min", "amax", "amin"])
def test_extremes_of_nothing_raise(name: str) -> None:
    with pytest.raises(RuntimeError, match="Expected reduction dim to be specified"):
        getattr(torch, name)(torch.zeros(0, 3))
    with pytest.raises(IndexError, match="Expected reduction dim 0 to have non-zero size"):
        getattr(torch, name)(torch.zeros(0, 3), 0)
    assert tuple(torch.amax(torch.zeros(0, 3), 1).shape) == (0,)


def test_products_with_zeros_have_exact_gradients() -> None:
    x = leaf([[2.0, 3.0, 4.0], [0.0, 3.0, 4.0], [0.0, 0.0, 4.0], [0.0, 0.0, 0.0]])
    expected = [[12.0, 8.0, 6.0], [12.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    np.testing.assert_array_equal(gradient(torch.prod(x, 1), x)[0], expected)


def test_second_derivatives_of_products_with_zeros() -> None:
    """d2(abc) = c, b, a off the diagonal, also where two factors are 0."""
    point = torch.tensor([0.0, 0.0, 4.0], dtype=torch.float64)
    expected = [[0.0, 4.0, 0.0], [4.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    np.testing.assert_array_equal(torch.func.hessian(torch.prod)(point).numpy(), expected)


def test_extremes_share_ties() -> None:
    x = leaf([[1.0, 5.0, 5.0], [5.0, 5.0, 0.0]])
    for pick in (torch.max, torch.amax, lambda t: -torch.min(-t), lambda t: -torch.amin(-t)):
        np.testing.assert_array_equal(gradient(pick(x), x)[0], [[0, 0.25, 0.25], [0.25, 0.25, 0]])
    np.testing.assert_array_equal(gradient(torch.amax(x, 1), x)[0], [[0, 0.5, 0.5], [0.5, 0.5, 0]])
    np.testing.assert_array_equal(gradient(torch.max(x, 1)[0], x)[0], [[0, 1, 0], [1, 0, 0]])
    y = leaf([[1.0, 5.0, 6.0], [4.0, 5.0, 0.0]])
    for out in (torch.maximum(x, y), torch.minimum(x, y)):
        left, right = gradient(out, x, y)
        np.testing.assert_array_equal(left + right, np.ones((2, 3)))
        assert left[0, 0] == left[0, 1] == left[1, 2] == 0.5


def test_extremes_of_nan() -> None:
    """NaN wins; the whole extreme gives its gradient to it, a slice's extreme has none that is defined."""
    x = leaf([[1.0, NAN, 3.0], [1.0, 2.0, 3.0]])
    for pick in (torch.max, torch.min):
        assert math.isnan(pick(x).item())
        np.testing.assert_array_equal(gradient(pick(x), x)[0], [[0, 1, 0], [0, 0, 0]])
    np.testing.assert_array_equal(gradient(torch.amax(x, 1), x)[0], [[NAN, NAN, NAN], [0, 0, 1]])
    np.testing.assert_array_equal(gradient(torch.max(x, 1)[0], x)[0], [[0, 1, 0], [0, 0, 1]])


def test_softmax_of_infinities() -> None:
    x = leaf([[-INF, 0.0, 0.0], [-INF, -INF, 1.0]])
    for out in (torch.softmax(x, 1), torch.exp(torch.log_softmax(x, 1))):
        np.testing.assert_array_equal(out.detach().numpy(), [[0, 0.5, 0.5], [0, 0, 1]])
    weights = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)
    (g,) = gradient(torch.softmax(x, 1) * weights, x)
    np.testing.assert_array_equal(g, [[0, -0.5, 0.5], [0, 0, 0]])
    assert all(math.isnan(v) for v in torch.softmax(torch.full((3,), -INF), 0).tolist())


def test_softmax_does_not_overflow() -> None:
    x = leaf([1e4, 1e4, -1e4], torch.float32)
    np.testing.assert_array_equal(torch.softmax(x, 0).detach().numpy(), [0.5, 0.5, 0.0])
    assert math.isclose(torch.logsumexp(x, 0).item(), 1e4 + LN2, rel_tol=1e-6)


def test_logsumexp_of_infinities() -> None:
    """Of nothing but -inf it is -inf, with zero weights: a convention, where PyTorch has NaN."""
    x = leaf([[-INF, -INF], [-INF, 0.0], [INF, 0.0]])
    out = torch.logsumexp(x, 1)
    np.testing.assert_array_equal(out.detach().numpy(), [-INF, 0.0, INF])
    (g,) = gradient(out, x)
    np.testing.assert_array_equal(g[:2], [[0.0, 0.0], [0.0, 1.0]])


def test_mean_of_many_halves_does_not_overflow() -> None:
    """float16 ends at 65504, but a mean of larger sums and counts is in range."""
    x = torch.full((70000,), 2.0, dtype=torch.float16, requires_grad=True)
    out = x.mean()
    assert out.item() == 2.0
    out.backward()
    assert x.grad.dtype is torch.float16
    np.testing.assert_allclose(x.grad.numpy(), 1 / 70000, rtol=2e-2)

"""Pointwise rows at the edges of their domains: values and first derivatives there, which are PyTorch's."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as torch

INF, NAN = math.inf, math.nan
POINTS = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, INF, -INF, NAN, 0.5]

# At POINTS: the derivatives.
SLOPES: dict[str, list[float]] = {
    "asin": [1.0, 1.0, INF, INF, NAN, NAN, NAN, NAN, NAN, 2 / math.sqrt(3)],
    "acosh": [NAN, NAN, INF, INF, 1 / math.sqrt(3), 1 / math.sqrt(3), 0.0, 0.0, NAN, NAN],
    "atanh": [1.0, 1.0, INF, INF, -1 / 3, -1 / 3, -0.0, -0.0, NAN, 4 / 3],
    "log1p": [1.0, 1.0, 0.5, INF, 1 / 3, -1.0, 0.0, 0.0, NAN, 2 / 3],
    "rsqrt": [-INF, INF, -0.5, NAN, -math.sqrt(2) / 8, NAN, 0.0, NAN, NAN, -math.sqrt(2)],
    "sinc": [0.0, 0.0, -1.0, 1.0, 0.5, -0.5, NAN, NAN, NAN, -4 / math.pi],
    # At -0.0 PyTorch has inf.
    "logit": [INF, -INF, INF, NAN, NAN, NAN, NAN, NAN, NAN, 4.0],
    "frac": [1.0] * 10,
    "trunc": [0.0] * 10,
    "sgn": [0.0] * 10,
    "nan_to_num": [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0],
    "special.entr": [INF, INF, -1.0, NAN, -1 - math.log(2), NAN, -INF, NAN, NAN, -1 + math.log(2)],
}

# By function and operands: the derivatives in both.
PAIRS: dict[tuple[str, float, float], tuple[float, float]] = {
    ("atan2", 0.0, 0.0): (0.0, 0.0),
    ("hypot", 0.0, 0.0): (NAN, NAN),
    ("logaddexp", INF, -INF): (1.0, 0.0),
    ("copysign", 0.0, -1.0): (0.0, 0.0),
    ("fmod", 1.0, 0.0): (1.0, -INF),
    ("fmax", 1.0, NAN): (1.0, 0.0),
    ("fmax", NAN, 1.0): (0.0, 1.0),
    ("fmax", 2.0, 2.0): (1.0, 0.0),
    ("fmin", 2.0, 2.0): (1.0, 0.0),
    ("clamp_min", 2.0, 2.0): (1.0, 0.0),
    ("clamp_max", NAN, 1.0): (0.0, 0.0),
    ("xlogy", 0.0, 0.0): (0.0, NAN),
    ("xlogy", 0.0, -1.0): (0.0, -0.0),
    ("xlogy", 0.0, 2.0): (math.log(2.0), 0.0),
    ("special.xlog1py", 0.0, -1.0): (0.0, NAN),
    ("nextafter", 2.0, 2.0): (0.0, 0.0),
    ("nextafter", 2.0, 3.0): (1.0, 0.0),
}


def _named(name: str) -> Callable[..., Any]:
    found: Any = torch
    for part in name.split("."):
        found = getattr(found, part)
    return found  # type: ignore[no-any-return]


def _leaf(value: Any) -> Any:
    return torch.tensor(value, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("name", SLOPES)
def test_slopes_at_special_points(name: str) -> None:
    x = _leaf(POINTS)
    _named(name)(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), SLOPES[name], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("name", "x", "y"), PAIRS)
def test_slopes_of_two_operands(name: str, x: float, y: float) -> None:
    left, right = _leaf(x), _leaf(y)
    _named(name)(left, right).backward()
    np.testing.assert_allclose([left.grad.item(), right.grad.item()], PAIRS[name, x, y], rtol=1e-12)


def test_the_gradient_of_clamp_goes_to_what_it_returns() -> None:
    x, low, high = (
        _leaf([0.0, 1.0, 3.0, 5.0, 1.0]),
        _leaf([1.0] * 4 + [3.0]),
        _leaf([3.0] * 4 + [2.0]),
    )
    torch.clamp(x, low, high).sum().backward()
    assert x.grad.tolist() == [0.0, 1.0, 1.0, 0.0, 0.0]
    assert low.grad.tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]
    assert high.grad.tolist() == [0.0, 0.0, 0.0, 1.0, 1.0]


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_sinc_is_exact_at_0_to_every_order(order: int) -> None:
    """The even derivatives at 0 are ``(-1) ** (n / 2) pi ** n / (n + 1)``, the odd ones 0."""
    f: Callable[[Any], Any] = torch.sinc
    for _ in range(order):
        f = torch.func.grad(f)
    expected = 0.0 if order % 2 else (-1) ** (order // 2) * math.pi**order / (order + 1)
    assert f(torch.tensor(0.0, dtype=torch.float64)).item() == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("f", "second"),
    [
        (torch.special.i0, 0.5),
        (torch.special.i1, 0.0),
        (torch.special.bessel_j0, -0.5),
        (torch.special.bessel_j1, 0.0),
        (torch.special.spherical_bessel_j0, -1 / 3),
    ],
)
def test_bessel_functions_have_second_derivatives_at_0(f: Any, second: float) -> None:
    twice = torch.func.grad(torch.func.grad(f))
    assert twice(torch.tensor(0.0, dtype=torch.float64)).item() == pytest.approx(second, abs=1e-15)


@pytest.mark.parametrize(
    "choose",
    [
        lambda x: torch.clamp(torch.sqrt(x), 1.0, 5.0),
        lambda x: torch.clamp_min(torch.sqrt(x), 1.0),
        lambda x: torch.fmax(torch.sqrt(x), torch.ones_like(x)),
        lambda x: torch.nan_to_num(torch.log(x)),
        lambda x: torch.xlogy(torch.sqrt(x), torch.zeros_like(x)),
        lambda x: torch.floor(torch.sqrt(x)),
        lambda x: torch.logit(torch.sqrt(x), 0.1),
    ],
)
def test_what_was_passed_over_has_gradient_0(choose: Any) -> None:
    """Before it stands a function whose derivative is infinite."""
    x = _leaf([0.0])
    choose(x).sum().backward()
    assert x.grad.tolist() == [0.0]

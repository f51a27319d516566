"""An unselected branch gives exactly zero, at every order and in every mode: never 0 * inf, which is NaN."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as torch
from tests.laws.calculus import array
from wengert.func import grad, hessian, jacfwd, jacrev, jvp, vmap
from wengert.rules.elementwise import keep_where
from wengert.trace import trace

Scalar = Callable[[Any], Any]


def _power_of_tensor(x: Any) -> Any:
    return x ** torch.tensor(0.5, dtype=torch.float64)


# Functions with a singularity at 0, and their first three derivatives at 4.
SINGULAR: dict[str, tuple[Scalar, tuple[float, float, float]]] = {
    "sqrt": (torch.sqrt, (1 / 4, -1 / 32, 3 / 256)),
    "log": (torch.log, (1 / 4, -1 / 16, 2 / 64)),
    "reciprocal": (lambda x: 1 / x, (-1 / 16, 2 / 64, -6 / 256)),
    "x ** 0.5": (lambda x: x**0.5, (1 / 4, -1 / 32, 3 / 256)),
    "x ** -1": (lambda x: x**-1, (-1 / 16, 2 / 64, -6 / 256)),
    "x ** tensor": (_power_of_tensor, (1 / 4, -1 / 32, 3 / 256)),
    "x * log(x)": (lambda x: x * torch.log(x), (math.log(4) + 1, 1 / 4, -1 / 16)),
    "log(sqrt(x))": (lambda x: torch.log(torch.sqrt(x)), (1 / 8, -1 / 32, 1 / 64)),
    "x / x ** 2": (lambda x: x / x**2, (-1 / 16, 2 / 64, -6 / 256)),
}


def _where_first(f: Scalar) -> Scalar:
    return lambda x: torch.where(x > 0, f(x), 0.0)


def _where_second(f: Scalar) -> Scalar:
    return lambda x: torch.where(x <= 0, x * 0.0, f(x))


def _nested(f: Scalar) -> Scalar:
    return lambda x: torch.where(x < 9, torch.where(x > 0, f(x), x * 0.0), torch.sqrt(x - 9))


def _kept(f: Scalar) -> Scalar:
    return lambda x: keep_where(f(x), x > 0)


def _chained(f: Scalar) -> Scalar:
    return lambda x: -torch.where(x > 0, -f(x), 0.0)


def _between(f: Scalar) -> Scalar:
    """More elementwise rows stand between the selection and the singularity."""
    return lambda x: torch.where(x > 0, torch.exp(torch.log(2 * f(x) + 4)) / 2 - 2, 0.0)


SELECTIONS = {
    "first": _where_first, "second": _where_second, "nested": _nested, "keep_where": _kept, "chained": _chained,
    "between": _between,
}  # fmt: skip


def _total(f: Scalar) -> Scalar:
    return lambda x: f(x).sum()


def _reverse(f: Scalar) -> Scalar:
    return grad(_total(f))


def _eager(f: Scalar) -> Scalar:
    """Differentiate on the eager tape, keeping a graph for the next order."""

    def derivative(x: Any) -> Any:
        point = x if x.requires_grad else x.detach().requires_grad_()
        (g,) = torch.autograd.grad(f(point).sum(), point, create_graph=True)
        return g

    return derivative


def _forward(f: Scalar) -> Scalar:
    return lambda x: jvp(f, (x,), (torch.ones_like(x),))[1]


# Each way takes derivatives in this order, the innermost first.
WAYS = {
    "reverse": (_reverse, _reverse, _reverse),
    "forward": (_forward, _forward, _forward),
    "eager": (_eager, _eager, _eager),
    "forward over reverse": (_reverse, _forward, _forward),
    "reverse over forward": (_forward, _reverse, _reverse),
    "in turns": (_forward, _reverse, _forward),
    "in turns again": (_reverse, _forward, _reverse),
}


def _point() -> Any:
    return torch.tensor([0.0, 4.0, -0.0], dtype=torch.float64)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("name", SINGULAR)
def test_unselected_is_exactly_zero_at_three_orders(name: str, selection: str, way: str) -> None:
    f, expected = SINGULAR[name]
    current = SELECTIONS[selection](f)
    for step, derivative in zip(WAYS[way], expected, strict=True):
        current = step(current)
        found = array(current(_point()))
        assert found[0] == 0.0 and found[2] == 0.0, (name, found)
        np.testing.assert_allclose(found[1], derivative, rtol=1e-12)


@pytest.mark.parametrize("name", SINGULAR)
def test_whole_matrices_have_no_nan(name: str) -> None:
    f = _where_first(SINGULAR[name][0])
    first, second, _ = SINGULAR[name][1]
    jacobian = np.diag([0.0, first, 0.0])
    for way in (jacrev, jacfwd):
        np.testing.assert_allclose(array(way(f)(_point())), jacobian, rtol=1e-12)
    np.testing.assert_allclose(
        array(hessian(_total(f))(_point())), np.diag([0.0, second, 0.0]), rtol=1e-12
    )


@pytest.mark.parametrize("name", SINGULAR)
def test_masks_hold_under_vmap_and_trace(name: str) -> None:
    f = _where_first(SINGULAR[name][0])
    first, second, _ = SINGULAR[name][1]
    each = vmap(grad(f))
    np.testing.assert_allclose(array(each(_point())), [0.0, first, 0.0], rtol=1e-12)
    twice = vmap(grad(grad(f)))
    np.testing.assert_allclose(array(twice(_point())), [0.0, second, 0.0], rtol=1e-12)
    traced = trace(_reverse(f), torch.ones(3, dtype=torch.float64))
    np.testing.assert_allclose(array(traced(_point())), [0.0, first, 0.0], rtol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("way", ["reverse", "forward", "eager"])
def test_relu_is_exactly_zero_below_zero(way: str, order: int) -> None:
    """Where relu is 0 nothing comes back, not even of an infinite cotangent."""
    f: Scalar = lambda x: torch.relu(x) ** 3  # noqa: E731
    for step in WAYS[way][:order]:
        f = step(f)
    found = array(f(torch.tensor([-1.0, 0.0, 2.0], dtype=torch.float64)))
    np.testing.assert_array_equal(found, [0.0, 0.0, {1: 12.0, 2: 12.0, 3: 6.0}[order]])
    x = torch.tensor([-1.0, 0.0], requires_grad=True)
    torch.relu(x).backward(torch.tensor([math.inf, math.nan]))
    np.testing.assert_array_equal(array(x.grad), [0.0, 0.0])


@pytest.mark.parametrize("way", ["reverse", "eager"])
def test_a_selected_zero_gradient_is_not_a_mask(way: str) -> None:
    """Values are never tested: at the minimum of (e^x - c)^2 the first derivative is 0 and the second is not."""
    c = math.exp(1.0)
    f: Scalar = lambda x: torch.where(x > -9, (torch.exp(x) - c) ** 2, 0.0)  # noqa: E731
    x = torch.tensor([1.0], dtype=torch.float64)
    first = WAYS[way][0](f)
    np.testing.assert_allclose(array(first(x)), [0.0], atol=1e-12)
    np.testing.assert_allclose(array(WAYS[way][1](first)(x)), [2 * c * c], rtol=1e-12)


def test_a_selected_branch_keeps_its_infinity() -> None:
    """Selection is by mask, not by the finiteness of what arrives."""
    x = torch.tensor([0.0, 0.0], requires_grad=True)
    mask = torch.tensor([True, False])
    torch.where(mask, torch.sqrt(x), x).sum().backward()
    np.testing.assert_array_equal(array(x.grad), [math.inf, 1.0])


def test_both_branches_of_one_operand() -> None:
    """Cotangents of both branches meet at x; each mask holds for its own branch only."""
    x = torch.tensor([0.0, 4.0], dtype=torch.float64, requires_grad=True)
    y = torch.sqrt(x)
    torch.where(x > 0, y, 3 * x).sum().backward()
    np.testing.assert_allclose(array(x.grad), [3.0, 0.25])


def test_two_selections_of_one_value() -> None:
    """Where one reader selects an element and another does not, the element is selected."""
    x = torch.tensor([1.0, 4.0, 0.0], dtype=torch.float64, requires_grad=True)
    y = torch.sqrt(x)
    one = torch.where(torch.tensor([True, False, False]), y, 0.0)
    two = torch.where(torch.tensor([False, True, False]), y, 0.0)
    (one + 2 * two).sum().backward()
    np.testing.assert_allclose(array(x.grad), [0.5, 0.5, 0.0])


def test_a_reader_without_selection_takes_the_mask_away() -> None:
    x = torch.tensor([0.0, 4.0], dtype=torch.float64, requires_grad=True)
    y = torch.sqrt(x)
    (torch.where(x > 0, y, 0.0) + y).sum().backward()
    np.testing.assert_array_equal(array(x.grad), [math.inf, 0.5])


def test_a_mask_survives_the_sum_over_a_broadcast() -> None:
    x = torch.tensor(0.0, requires_grad=True)
    nothing = torch.where(torch.tensor([False, False]), torch.sqrt(x), torch.ones(2))
    nothing.sum().backward()
    assert x.grad.item() == 0.0
    y = torch.tensor([[0.0], [4.0]], requires_grad=True)
    picked = torch.where(torch.tensor([[False, False], [True, False]]), y.sqrt(), 1.0)
    picked.sum().backward()
    assert y.grad.tolist() == [[0.0], [0.25]]

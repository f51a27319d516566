"""Three levels of `vmap`, `grad` and `jvp` in every order, with tensors captured from every level outside.

Each transform turns a function of one number into a number: `vmap` into a weighted sum of its values at several
points, `grad` and `jvp` into its derivative at one. The points depend on what is captured. On polynomials all of that
can be done exactly, by the few lines of `Polynomial`.
"""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

import wengert

KINDS = ("vmap", "grad", "jvp")
ORDERS = list(itertools.product(KINDS, repeat=3))
WEIGHTS = (0.5, -1.25)
OFFSETS = (0.75, -0.5)
TANGENT = 1.5


class Polynomial(dict):
    """Coefficients by the exponents of a, b, c, w."""

    def __add__(self, other):
        return Polynomial(
            {k: self.get(k, 0.0) + other.get(k, 0.0) for k in self.keys() | other.keys()}
        )

    def __mul__(self, other):
        if not isinstance(other, Polynomial):
            return Polynomial({k: v * other for k, v in self.items()})
        total = Polynomial()
        for (p, u), (q, v) in itertools.product(self.items(), other.items()):
            total += Polynomial({tuple(i + j for i, j in zip(p, q, strict=True)): u * v})
        return total

    __rmul__ = __mul__

    def derivative(self, i):
        found = Polynomial()
        for k, v in self.items():
            if k[i]:
                lower = (*k[:i], k[i] - 1, *k[i + 1 :])
                found += Polynomial({lower: v * k[i]})
        return found

    def at(self, i, point):
        """Put ``point`` in the place of variable ``i``."""
        found = Polynomial()
        for k, v in self.items():
            term = Polynomial({(*k[:i], 0, *k[i + 1 :]): v})
            for _ in range(k[i]):
                term = term * point
            found += term
        return found

    def value(self, *numbers):
        return sum(v * np.prod(np.power(numbers, k)) for k, v in self.items())


ONE = Polynomial({(0, 0, 0, 0): 1.0})
A, B, C, W = (Polynomial({tuple(int(i == j) for j in range(4)): 1.0}) for i in range(4))


def cubic(a, b, c, w):
    """A function in which every variable meets every other, to the third power."""
    s = a + 2.0 * b * (c * w) + c * b * 0.5
    return s * s * s + a * b * c * (a + b * c) * w


def point(level, offset, outer):
    """Where a transform is applied: a number at the outermost level, further in a function of what is captured."""
    total = offset * (level + 1.0)
    for x in outer:
        total = x * x * 0.5 + total
    return total


def exact(order):
    """The value as a polynomial in w."""
    names = (A, B, C)
    f = cubic(A, B, C, W)
    for level in reversed(range(3)):
        outer = names[:level]
        kind = order[level]

        def at(g, offset, level=level, outer=outer):
            where = ONE * (offset * (level + 1.0))
            for x in outer:
                where = x * x * 0.5 + where
            return g.at(level, where)

        if kind == "vmap":
            f = at(f, OFFSETS[0]) * WEIGHTS[0] + at(f, OFFSETS[1]) * WEIGHTS[1]
        else:
            f = at(f.derivative(level), OFFSETS[0]) * (TANGENT if kind == "jvp" else 1.0)
    return f


def applied(torch, kind, level, f, outer):
    """Apply one transform to ``f`` at its point."""
    at = [point(level, torch.tensor(o, dtype=torch.float64), outer) for o in OFFSETS]
    if kind == "vmap":
        weights = torch.tensor(WEIGHTS, dtype=torch.float64)
        return (torch.func.vmap(f)(torch.stack(at)) * weights).sum()
    if kind == "grad":
        return torch.func.grad(f)(at[0])
    return torch.func.jvp(f, (at[0],), (torch.ones_like(at[0]) * TANGENT,))[1]


def nested(torch, order, fn, w):
    """Apply the three transforms, outermost first; the function within sees a and b by closure."""

    def with_a(a):
        def with_b(b):
            return applied(torch, order[2], 2, lambda c: fn(a, b, c, w), (a, b))

        return applied(torch, order[1], 1, with_b, (a,))

    return applied(torch, order[0], 0, with_a, ())


@pytest.mark.parametrize("order", ORDERS, ids=" of ".join)
def test_values_and_gradients_outside_are_exact(order):
    expected = exact(order)
    w = wengert.tensor(0.75, dtype=wengert.float64, requires_grad=True)
    value = nested(wengert, order, cubic, w)
    np.testing.assert_allclose(value.item(), expected.value(0, 0, 0, 0.75), rtol=1e-12)
    (first,) = wengert.autograd.grad(value, w, create_graph=True)
    np.testing.assert_allclose(
        first.item(), expected.derivative(3).value(0, 0, 0, 0.75), rtol=1e-12
    )
    (second,) = wengert.autograd.grad(first, w)
    slope = expected.derivative(3).derivative(3)
    np.testing.assert_allclose(second.item(), slope.value(0, 0, 0, 0.75), rtol=1e-12)


@pytest.mark.parametrize("order", ORDERS, ids=" of ".join)
def test_a_fourth_transform_outside(order):
    expected = exact(order).derivative(3).value(0, 0, 0, 0.75)
    w = wengert.tensor(0.75, dtype=wengert.float64)
    one = wengert.ones_like(w)

    def f(w):
        return nested(wengert, order, cubic, w)

    np.testing.assert_allclose(wengert.func.grad(f)(w).item(), expected, rtol=1e-12)
    np.testing.assert_allclose(wengert.func.jvp(f, (w,), (one,))[1].item(), expected, rtol=1e-12)
    mapped = wengert.func.vmap(wengert.func.grad(f))(wengert.stack([w, w * 2]))
    np.testing.assert_allclose(mapped[0].item(), expected, rtol=1e-12)


def program(torch):
    """A function with captured views, reductions, selection, writes and a closed-over matrix."""
    matrix = torch.tensor([[1.0, 2.0], [-0.5, 0.25]], dtype=torch.float64)

    def fn(a, b, c, w):
        rows = torch.stack([a * c, b * w]) @ matrix
        cell = rows.clone()
        cell[0] = (rows[1] * c).sin()
        picked = torch.where(cell > 0, cell.exp(), cell * a)
        return (picked * torch.stack([b, c])).sum() + (a * b * c * w).tanh() + rows.max()

    return fn


@pytest.mark.parametrize("order", ORDERS, ids=" of ".join)
def test_values_are_those_of_torch_func(order):
    torch = pytest.importorskip("torch")
    found = []
    for library in (torch, wengert):
        w = library.tensor(0.75, dtype=library.float64, requires_grad=True)
        with warnings.catch_warnings():
            if library is torch:
                warnings.simplefilter("ignore")
            value = nested(library, order, program(library), w)
        (slope,) = library.autograd.grad(value, w)
        found.append((value.item(), slope.item()))
    np.testing.assert_allclose(found[1], found[0], rtol=1e-10)


@pytest.mark.parametrize("bias", [False, True])
def test_a_normalized_tensor_that_is_its_own_weight(bias):
    """PyTorch 2.13 gives another number for the derivative of what `vmap` of `grad` returns."""
    torch = wengert
    x = torch.tensor([[0.3, -1.2, 0.7], [2.0, 0.1, -0.4]], dtype=torch.float64, requires_grad=True)

    def cubes(row):
        return (torch.nn.functional.layer_norm(row, (3,), row, row if bias else None) ** 3).sum()

    def slopes(rows):
        return torch.func.vmap(torch.func.grad(cubes))(rows)

    def around(step):
        return np.array(slopes(x.detach() + step).tolist())

    first = slopes(x)
    for i in range(3):
        (found,) = torch.autograd.grad(first[:, i].sum(), x, retain_graph=True)
        for j in range(3):
            step = torch.zeros(3, dtype=torch.float64)
            step[j] = 1e-6
            expected = (around(step) - around(-step))[:, i] / 2e-6
            np.testing.assert_allclose(found[:, j].tolist(), expected, rtol=1e-6, atol=1e-6)
    assert torch.autograd.gradcheck(slopes, x)

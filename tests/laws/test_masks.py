"""An unselected branch gives exactly zero, at every order and in every mode: never 0 * inf, which is NaN."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as torch
from tests.laws.calculus import array
from tests.laws.samples import Sample, samples_of
from wengert.core.primitive import elementwise
from wengert.func import grad, hessian, jacfwd, jacrev, jvp, vmap
from wengert.rules import BOOK
from wengert.rules.elementwise import keep_where
from wengert.tape import masks
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


def _half() -> Any:
    return torch.tensor(0.5, dtype=torch.float64)


def _root(x: Any) -> Any:
    """Return a square root that may be overwritten: what its own rule keeps is another tensor."""
    return torch.sqrt(x) * 1.0


def _written_by_mask(x: Any) -> Any:
    y = _root(x)
    y[x <= 0] = 0.0
    return y


def _written_by_index(x: Any) -> Any:
    y = _root(x)
    y[torch.tensor([0, 2])] = x[1:] * 0.0
    return y


def _written_by_slice(x: Any) -> Any:
    y = _root(x)
    y[0] = 0.0
    y[2:] = x[:1] * 0.0
    return y


def _written_through_views(x: Any) -> Any:
    y = _root(x)
    rows = y.view(1, 3)
    rows[0, 0] = 5.0
    rows.t()[2, 0] = 3.0
    y[1:] += 0.0
    return y


def _filled(x: Any) -> Any:
    y = _root(x)
    y[:1].fill_(2.0)
    y[2].zero_()
    return y * 1.0


def _copied(x: Any) -> Any:
    y = _root(x)
    y[::2].copy_(torch.tensor([1.0, 2.0], dtype=torch.float64))
    return y


def _overwritten(x: Any) -> Any:
    y, z = torch.log(x), torch.log(x)
    y.copy_(x[1] ** 0.5)
    z.zero_()
    return (y + z)[1:2]


def _in_another_type(x: Any) -> Any:
    y = torch.sqrt(x).to(torch.float32)
    return torch.where(x > 0, y, 0.0).to(torch.float64)


def _of_sums(x: Any) -> Any:
    table = torch.stack([x, x + 1])
    sums = torch.sqrt(table).T.sum(1)
    means = torch.sqrt(table).mean(0)
    return torch.where(x > 0, sums + means - 1.5 * torch.sqrt(x + 1) - 0.5 * torch.sqrt(x), 0.0)


# Ways to pass over the elements 0 and 2 of sqrt(x), besides `where`. All have the derivatives of sqrt at 4.
PASSED_OVER: dict[str, Scalar] = {
    "relu": lambda x: torch.relu(torch.sqrt(x)),
    "relu of relu": lambda x: torch.relu(torch.relu(torch.sqrt(x) * 1.0) + 0.0),
    "maximum": lambda x: torch.maximum(torch.sqrt(x), _half()),
    "maximum, second": lambda x: torch.maximum(_half(), torch.sqrt(x)),
    "minimum": lambda x: -torch.minimum(-torch.sqrt(x), -_half()),
    "amax": lambda x: torch.sqrt(x).amax(),
    "amax along": lambda x: torch.sqrt(x).reshape(1, 3).amax(1),
    "amin": lambda x: -(-torch.sqrt(x)).amin(),
    "max": lambda x: torch.sqrt(x).max(),
    "max along": lambda x: torch.sqrt(x).reshape(3, 1).t().max(1, keepdim=True).values,
    "min along": lambda x: -(-torch.sqrt(x)).min(0).values,
    "index": lambda x: torch.sqrt(x)[torch.tensor([1])],
    "gather": lambda x: torch.gather(torch.sqrt(x), 0, torch.tensor([1])),
    "exponent 0": lambda x: torch.sqrt(x) ** torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64),
    "write by mask": _written_by_mask,
    "write by index": _written_by_index,
    "write by slice": _written_by_slice,
    "write through views": _written_through_views,
    "fill_ and zero_": _filled,
    "copy_": _copied,
    "all overwritten": _overwritten,
    "reshape": lambda x: torch.where(x.view(3, 1) > 0, torch.sqrt(x).view(3, 1), 0.0),
    "permute": lambda x: torch.where(
        x.view(3, 1).permute(1, 0) > 0, torch.sqrt(x).view(3, 1).permute(1, 0), 0.0
    ),
    "transpose": lambda x: torch.where(x > 0, torch.sqrt(x).view(3, 1).transpose(0, 1)[0], 0.0),
    "unsqueeze": lambda x: torch.where(x > 0, torch.sqrt(x).unsqueeze(1).squeeze(1), 0.0),
    "expand": lambda x: torch.where(x.expand(2, 3) > 0, torch.sqrt(x).expand(2, 3), 0.0)[0],
    "slice": lambda x: torch.where(x[:2] > 0, torch.sqrt(x[:2] * 1.0), 0.0),
    "slice behind": lambda x: torch.where(x > 0, torch.sqrt(torch.cat([x, x]))[:3], 0.0),
    "cat": lambda x: torch.where(x > 0, torch.cat([torch.sqrt(x[:1]), torch.sqrt(x[1:])]), 0.0),
    "stack": lambda x: torch.where(x > 0, torch.stack([torch.sqrt(x), x])[0], 0.0),
    "unbind": lambda x: torch.where(x > 0, torch.stack(torch.sqrt(x).unbind()), 0.0),
    "split": lambda x: torch.where(x > 0, torch.cat(torch.sqrt(x).split(2)), 0.0),
    "clone": lambda x: torch.where(x > 0, torch.sqrt(x).clone(), 0.0),
    "cast": _in_another_type,
    "sum and mean": _of_sums,
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PASSED_OVER)
def test_what_is_passed_over_gets_exactly_zero_at_three_orders(name: str, way: str) -> None:
    current = PASSED_OVER[name]
    for step, derivative in zip(WAYS[way], SINGULAR["sqrt"][1], strict=True):
        # Of a function that is no map of each element, ones are no basis of directions.
        current = jacfwd(_total(current)) if step is _forward else step(current)
        found = array(current(_point()))
        assert found[0] == 0.0 and found[2] == 0.0, (name, found)
        np.testing.assert_allclose(found[1], derivative, rtol=1e-6)


@pytest.mark.parametrize("name", [n for n in PASSED_OVER if n != "write by mask"])
def test_what_is_passed_over_under_vmap_and_trace(name: str) -> None:
    """A boolean mask as an index has no place in either."""
    f = PASSED_OVER[name]
    first, second, _ = SINGULAR["sqrt"][1]
    points = torch.stack([_point(), _point()])
    for way, derivative in ((_reverse(f), first), (_reverse(_reverse(f)), second)):
        expected = [0.0, derivative, 0.0]
        np.testing.assert_allclose(array(vmap(way)(points)), [expected] * 2, rtol=1e-6)
        traced = trace(way, torch.ones(3, dtype=torch.float64))
        np.testing.assert_allclose(array(traced(_point())), expected, rtol=1e-6)
    hess = array(hessian(_total(f))(_point()))
    np.testing.assert_allclose(hess, np.diag([0.0, second, 0.0]), rtol=1e-6)


MASKING = [sample for row in BOOK.values() if row.masks is not None for sample in samples_of(row)]


@pytest.mark.parametrize("sample", MASKING, ids=lambda s: s.row.name)
def test_a_mask_covers_what_a_rule_gives(sample: Sample) -> None:
    """Of a cotangent that is NaN where it is selected and 0 elsewhere, a rule makes 0 wherever its mask is false."""
    row, operands, params = sample.row, sample.operands, sample.params
    outs = sample.everything(*operands)
    several = row.outputs is None or len(row.outputs) > 1
    values, shapes = (*operands, *outs), tuple(x.shape for x in operands)
    rng = np.random.default_rng(3)
    for share in (1.0, 0.5):
        selected = tuple(np.asarray(rng.random(o.shape) < share) for o in outs)
        cts = tuple(
            np.where(m, np.nan, 0.0) if o.dtype.kind in "fc" else None
            for m, o in zip(selected, outs, strict=True)
        )
        for i in sample.moving:
            rule, mask_rule = row.rule(i), row.mask_rule(i)
            assert rule is not None and mask_rule is not None
            g = rule.pull(cts if several else cts[0], values, params, shapes, i)
            mask = mask_rule.pull(selected if several else selected[0], values, params, shapes, i)
            if mask is None:  # selected everywhere
                continue
            assert mask.dtype == np.bool_
            assert not np.any(g[~np.broadcast_to(mask, g.shape)])


def test_a_mask_stops_at_a_product_of_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind relu(x @ w + b) nothing makes NaN of a zero, and no mask is computed."""
    made: list[Any] = []
    behind = masks._mask_behind
    monkeypatch.setattr(masks, "_mask_behind", lambda *args: made.append(args) or behind(*args))
    w = torch.ones(3, 3, requires_grad=True)
    b = torch.zeros(3, requires_grad=True)
    h = torch.ones(2, 3)
    for _ in range(3):
        h = torch.relu(h @ w + b)
    h.sum().backward()
    assert not made
    torch.relu(torch.sqrt(w) @ w + torch.sqrt(b + 1)).sum().backward()
    assert made


def test_a_mask_in_terms_of_each_operands_positions() -> None:
    x = torch.tensor([[0.0], [4.0]], requires_grad=True)
    y = torch.tensor([0.0, 1.0, 9.0], requires_grad=True)
    torch.maximum(torch.sqrt(x), torch.sqrt(y) + 0.5).sum().backward()
    np.testing.assert_allclose(array(x.grad), [[0.0], [2 / 4]])
    np.testing.assert_allclose(array(y.grad), [math.inf, 1 / 2, 2 / 6])


def test_a_reader_of_an_output_without_selection_takes_its_mask_away() -> None:
    x = torch.tensor([0.0, 0.0], requires_grad=True)
    a, b = torch.sqrt(x).split(1)
    (torch.where(a > 0, a, 0.0) + torch.where(b > 0, b, 0.0)).sum().backward(retain_graph=True)
    np.testing.assert_array_equal(array(x.grad), [0.0, 0.0])
    x.grad = None
    (torch.where(a > 0, a, 0.0) + torch.where(b > 0, b, 0.0) + b).sum().backward()
    np.testing.assert_array_equal(array(x.grad), [0.0, math.inf])


def test_a_view_starts_no_mask() -> None:
    """What a view leaves out was not passed over for something else; as in PyTorch it meets its slope."""
    x = torch.tensor([0.0, 4.0], requires_grad=True)
    torch.sqrt(x)[1:].sum().backward()
    np.testing.assert_array_equal(array(x.grad), [math.nan, 0.25])


def test_a_selected_extreme_keeps_its_infinity() -> None:
    """Two zeros share the largest value of three: both are winners, and meet the slope of sqrt at 0."""
    x = torch.tensor([0.0, 0.0], requires_grad=True)
    torch.sqrt(x).amax().backward()
    np.testing.assert_array_equal(array(x.grad), [math.inf, math.inf])
    x = torch.tensor([math.nan, 1.0], requires_grad=True)
    torch.sqrt(x).amax().backward()
    assert np.isnan(array(x.grad)).all()


def test_hooks_that_may_replace_a_gradient_end_its_mask() -> None:
    x = torch.tensor([0.0], requires_grad=True)
    y = torch.sqrt(x)
    y.register_hook(lambda g: g + 1)
    torch.relu(y).sum().backward()
    assert x.grad.item() == math.inf


def test_a_mask_reaches_far() -> None:
    """However many rows that cannot make NaN stand between, the one that can is covered."""
    x = torch.tensor([0.0, 4.0], requires_grad=True)
    y = torch.sqrt(x)
    for _ in range(12):
        y = -(y.view(1, 2).clone()[0] + 0.0)
    torch.relu(y).sum().backward()
    np.testing.assert_array_equal(array(x.grad), [0.0, 0.25])


def test_a_mask_may_read_only_what_its_rule_reads() -> None:
    """What a rule does not read is not kept for its mask."""
    with pytest.raises(TypeError, match="a mask reads an operand or output that its rule does not"):
        elementwise("greedy", np.negative, lambda t: -t, masks=(lambda mask, x: mask & (x > 0),))
    assert "greedy" not in BOOK

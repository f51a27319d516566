"""A row computes the same whatever carries its operands, and transforms compose."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import wengert as torch
from tests.laws.calculus import array, arrays, close, inner, like, scalar_loss, tensors, weighed
from tests.laws.samples import ALL, COMPOSED, CONSTANT, DIFFERENTIABLE, Array, Sample, kind
from wengert.func import grad, jvp, vmap
from wengert.trace import trace

BATCH = 3


def same(found: Sequence[Any], expected: Sequence[Any]) -> None:
    """Assert equal values, shapes and dtypes; NaN equals NaN."""
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        b = np.asarray(b)
        a = array(a) if isinstance(a, torch.Tensor) else np.asarray(a)
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        if b.dtype.kind in "fc":
            np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13)
        else:
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("sample", ALL)
def test_numpy_scalars_compute_as_arrays_of_rank_0(sample: Sample) -> None:
    """NumPy makes them of 0-d arrays inside a raw backward."""
    loose = [x[()] if x.ndim == 0 else x for x in sample.operands]
    same(sample.everything(*loose), sample.everything(*sample.operands))


@pytest.mark.parametrize("sample", ALL)
def test_operands_are_left_alone(sample: Sample) -> None:
    copies = [x.copy() for x in sample.operands]
    sample.everything(*sample.operands)
    same(sample.operands, copies)


@pytest.mark.parametrize("sample", ALL)
def test_tensor_equals_raw(sample: Sample) -> None:
    expected = sample.everything(*sample.operands)
    same(sample.everything(*tensors(sample.operands)), expected)
    leaves = [
        torch.tensor(x, requires_grad=i in sample.moving) for i, x in enumerate(sample.operands)
    ]
    found = sample.everything(*leaves)
    same(found, expected)
    assert all(o.requires_grad == (bool(sample.moving) and kind(o) in "fc") for o in found)


@pytest.mark.parametrize("sample", DIFFERENTIABLE)
def test_dual_primal_equals_raw(sample: Sample) -> None:
    points, tangents = tensors(sample.points), tensors(like(sample.points, 1))
    primal, moved = jvp(sample, tuple(points), tuple(tangents))
    same(primal, sample(*sample.points))
    assert [t.shape for t in moved] == [p.shape for p in primal]
    assert [t.dtype for t in moved] == [p.dtype for p in primal]


@pytest.mark.parametrize("sample", CONSTANT)
def test_constant_rows_have_no_derivative(sample: Sample) -> None:
    leaves = [torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in sample.operands]
    assert not any(o.requires_grad for o in sample.everything(*leaves))
    if all(x.dtype.kind == "f" for x in sample.operands):
        ways = tensors(like(sample.operands, 1))
        _, moved = jvp(sample.everything, tuple(tensors(sample.operands)), tuple(ways))
        assert not any(np.any(array(t)) for t in moved)


def _mapped_sets(count: int) -> list[tuple[int, ...]]:
    """Return every nonempty choice of operands to map."""
    some = range(count)
    return [c for n in range(1, count + 1) for c in itertools.combinations(some, n)]


@pytest.mark.parametrize("sample", ALL)
def test_vmap_equals_a_loop(sample: Sample) -> None:
    examples = sample.examples(BATCH)
    for mapped in _mapped_sets(len(sample.operands)):
        each = [
            [ops[i] if i in mapped else sample.operands[i] for i in range(len(ops))]
            for ops in examples
        ]
        expected = _stacked([sample.everything(*ops) for ops in each])
        columns = [
            torch.tensor(np.stack([ops[i] for ops in each]) if i in mapped else sample.operands[i])
            for i in range(len(sample.operands))
        ]
        dims = tuple(0 if i in mapped else None for i in range(len(columns)))
        same(vmap(sample.everything, in_dims=dims)(*columns), expected)


@pytest.mark.parametrize("sample", ALL)
def test_vmap_of_vmap_equals_two_loops(sample: Sample) -> None:
    """The first operand is mapped by the outer map, the last one by the inner."""
    examples = sample.examples(BATCH)
    count = len(sample.operands)
    table = []
    for one in examples:
        line = []
        for other in examples:
            ops = [one[0], *sample.operands[1:]]
            ops[-1] = other[-1] if count > 1 else one[0]
            line.append(sample.everything(*ops))
        table.append(_stacked(line))
    expected = _stacked(table)
    first = torch.tensor(np.stack([ops[0] for ops in examples]))
    last = torch.tensor(np.stack([ops[-1] for ops in examples]))
    middle = tensors(sample.operands[1:-1])

    def twice(x: Any) -> Any:
        if count == 1:
            return vmap(lambda _: sample.everything(x))(last)
        return vmap(lambda y: sample.everything(x, *middle, y))(last)

    same(vmap(twice)(first), expected)


@pytest.mark.parametrize("sample", ALL)
def test_trace_equals_raw(sample: Sample) -> None:
    """A graph recorded on some operands computes on others, so no value of the recording stayed in it."""
    recorded, other = sample.examples(2)
    traced = trace(sample.everything, *tensors(recorded))
    assert not any(a.ndim for a in traced.graph.constants.values())
    same(traced(*tensors(other)), sample.everything(*other))
    traced.graph.verify()


def _gradient(loss: Callable[..., Any], points: Sequence[Array]) -> list[Array]:
    inputs = tensors(points, True)
    return arrays(
        torch.autograd.grad(loss(*inputs), inputs, allow_unused=True, materialize_grads=True)
    )


def _hessian_product(
    loss: Callable[..., Any], points: Sequence[Array], v: Sequence[Array]
) -> list[Array]:
    """Return H v by reverse over reverse on the eager tape, the reference for the compositions."""
    inputs = tensors(points, True)
    first = torch.autograd.grad(
        loss(*inputs), inputs, create_graph=True, allow_unused=True, materialize_grads=True
    )
    product = weighed(first, v)
    if not product.requires_grad:
        return [np.zeros_like(x) for x in points]
    return arrays(torch.autograd.grad(product, inputs, allow_unused=True, materialize_grads=True))


def _each(sample: Sample) -> list[list[Array]]:
    return [[ops[i] for i in sample.moving] for ops in sample.examples(BATCH)]


def _stacked(lists: Sequence[Sequence[Array]]) -> list[Array]:
    return [np.stack(column) for column in zip(*lists, strict=True)]


def _all_of(loss: Callable[..., Any], count: int) -> Callable[..., Any]:
    """Return the function that gives the gradients in all points."""
    return grad(loss, argnums=tuple(range(count)))


def _along(loss: Callable[..., Any], v: Sequence[Any]) -> Callable[..., Any]:
    return lambda *points: jvp(loss, points, tuple(v))[1]


@pytest.mark.parametrize("sample", COMPOSED)
def test_transform_grad_equals_backward(sample: Sample) -> None:
    loss = scalar_loss(sample)
    found = _all_of(loss, len(sample.points))(*tensors(sample.points))
    close(arrays(found), _gradient(loss, sample.points), 1e-12)


@pytest.mark.parametrize("sample", COMPOSED)
def test_vmap_of_grad(sample: Sample) -> None:
    loss, each = scalar_loss(sample), _each(sample)
    found = vmap(_all_of(loss, len(each[0])))(*tensors(_stacked(each)))
    close(arrays(found), _stacked([_gradient(loss, points) for points in each]), 1e-12)


@pytest.mark.parametrize("sample", COMPOSED)
def test_grad_of_vmap(sample: Sample) -> None:
    loss, each = scalar_loss(sample), _each(sample)
    total = _all_of(lambda *columns: vmap(loss)(*columns).sum(), len(each[0]))
    found = total(*tensors(_stacked(each)))
    close(arrays(found), _stacked([_gradient(loss, points) for points in each]), 1e-12)


@pytest.mark.parametrize("sample", COMPOSED)
def test_backward_of_vmap(sample: Sample) -> None:
    loss, each = scalar_loss(sample), _each(sample)
    columns = tensors(_stacked(each), True)
    vmap(loss)(*columns).sum().backward()
    found = [np.zeros_like(array(c)) if c.grad is None else array(c.grad) for c in columns]
    close(found, _stacked([_gradient(loss, points) for points in each]), 1e-12)


@pytest.mark.parametrize("sample", COMPOSED)
def test_jvp_of_grad(sample: Sample) -> None:
    loss, x, v = scalar_loss(sample), sample.points, like(sample.points, 2)
    _, found = jvp(_all_of(loss, len(x)), tuple(tensors(x)), tuple(tensors(v)))
    close(arrays(found), _hessian_product(loss, x, v), 1e-11)


@pytest.mark.parametrize("sample", COMPOSED)
def test_grad_of_jvp(sample: Sample) -> None:
    loss, x, v = scalar_loss(sample), sample.points, like(sample.points, 2)
    found = _all_of(_along(loss, tensors(v)), len(x))(*tensors(x))
    close(arrays(found), _hessian_product(loss, x, v), 1e-11)


@pytest.mark.parametrize("sample", COMPOSED)
def test_jvp_of_jvp(sample: Sample) -> None:
    """<u, H v>, forward over forward."""
    loss, x = scalar_loss(sample), sample.points
    v, u = like(x, 2), like(x, 3)
    _, found = jvp(_along(loss, tensors(v)), tuple(tensors(x)), tuple(tensors(u)))
    close([array(found)], [np.asarray(inner(u, _hessian_product(loss, x, v)))], 1e-11)


@pytest.mark.parametrize("sample", COMPOSED)
def test_vmap_of_jvp(sample: Sample) -> None:
    loss, each = scalar_loss(sample), _each(sample)
    ways = [like(points, 20 + i) for i, points in enumerate(each)]
    count = len(each[0])
    columns = tensors([*_stacked(each), *_stacked(ways)])
    found = vmap(lambda *c: jvp(sample, c[:count], c[count:])[1])(*columns)
    expected = [
        arrays(jvp(sample, tuple(tensors(p)), tuple(tensors(v)))[1])
        for p, v in zip(each, ways, strict=True)
    ]
    close(arrays(found), _stacked(expected), 1e-12)
    slopes = vmap(lambda *c: jvp(loss, c[:count], c[count:])[1])(*columns)
    by_hand = [np.asarray(inner(v, _gradient(loss, p))) for p, v in zip(each, ways, strict=True)]
    close([array(slopes)], [np.stack(by_hand)], 1e-11)


@pytest.mark.parametrize("sample", COMPOSED)
def test_jvp_of_vmap(sample: Sample) -> None:
    each = _each(sample)
    ways = [like(points, 20 + i) for i, points in enumerate(each)]
    _, found = jvp(vmap(sample), tuple(tensors(_stacked(each))), tuple(tensors(_stacked(ways))))
    expected = [
        arrays(jvp(sample, tuple(tensors(p)), tuple(tensors(v)))[1])
        for p, v in zip(each, ways, strict=True)
    ]
    close(arrays(found), _stacked(expected), 1e-12)


@pytest.mark.parametrize("sample", COMPOSED)
def test_vmap_of_jvp_of_grad(sample: Sample) -> None:
    """Three deep: a Hessian product for each example, as a batched Hessian computes it."""
    loss, each = scalar_loss(sample), _each(sample)
    v = like(sample.points, 2)
    gradient = _all_of(loss, len(v))
    found = vmap(lambda *c: jvp(gradient, c, tuple(tensors(v)))[1])(*tensors(_stacked(each)))
    close(arrays(found), _stacked([_hessian_product(loss, p, v) for p in each]), 1e-11)


@pytest.mark.parametrize("sample", COMPOSED)
def test_trace_of_grad_and_of_vmap_of_grad(sample: Sample) -> None:
    """Rules can be traced, and what they record computes on other numbers."""
    loss, each = scalar_loss(sample), _each(sample)
    gradient = _all_of(loss, len(each[0]))
    traced = trace(gradient, *tensors(each[0]))
    close(arrays(traced(*tensors(each[1]))), _gradient(loss, each[1]), 1e-12)
    column = _stacked(each)
    mapped = trace(vmap(gradient), *tensors([np.roll(c, 1, axis=0) for c in column]))
    expected = _stacked([_gradient(loss, points) for points in each])
    close(arrays(mapped(*tensors(column))), expected, 1e-12)


@pytest.mark.parametrize("sample", COMPOSED)
def test_trace_of_jvp_and_of_second_derivatives(sample: Sample) -> None:
    loss, each = scalar_loss(sample), _each(sample)
    v = like(sample.points, 2)
    product = trace(_all_of(_along(loss, tensors(v)), len(v)), *tensors(each[0]))
    close(arrays(product(*tensors(each[1]))), _hessian_product(loss, each[1], v), 1e-11)

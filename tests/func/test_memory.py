"""A write to what a transform returned stays with it, and a write to an argument is noticed."""

from __future__ import annotations

import pytest

import wengert as torch
from wengert.errors import GradientError

func = torch.func


def pair():
    return torch.tensor([2.0, 3.0])


def column(x):
    return x.view(2, 1)


def same(x):
    return x


def with_aux(fn):
    return lambda x: (x.sum(), fn(x))


RESULTS = {
    "jvp: output": lambda fn, x, other: func.jvp(fn, (x,), (other,))[0],
    "jvp: tangent": lambda fn, x, other: func.jvp(fn, (other,), (x,))[1],
    "jvp: aux": lambda fn, x, other: func.jvp(with_aux(fn), (x,), (other,), has_aux=True)[2],
    "vjp: output": lambda fn, x, other: func.vjp(fn, x)[0],
    "vjp: aux": lambda fn, x, other: func.vjp(with_aux(fn), x, has_aux=True)[2],
    "grad: aux": lambda fn, x, other: func.grad(with_aux(fn), has_aux=True)(x)[1],
    "vmap": lambda fn, x, other: func.vmap(fn)(x.view(1, 2)),
    "vmap: moved axis": lambda fn, x, other: func.vmap(fn, in_dims=1, out_dims=-1)(x.view(2, 1)),
    "vmap: captured": lambda fn, x, other: func.vmap(lambda _: fn(x))(torch.ones(1)),
}


@pytest.mark.parametrize("fn", [same, column])
@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_a_write_to_a_result_leaves_the_argument(result, fn):
    x = pair()
    result(fn, x, torch.ones(2)).mul_(7)
    assert x.tolist() == [2, 3]


def test_a_write_to_a_gradient_leaves_the_cotangent():
    ct = pair()
    (gradient,) = func.vjp(lambda x: x + 1, torch.ones(2))[1](ct)
    gradient.mul_(7)
    assert ct.tolist() == [2, 3]


def test_a_write_to_a_recorded_result_leaves_the_argument():
    x = pair().requires_grad_() * 1
    y, _ = func.jvp(column, (x,), (torch.ones(2),))
    y.mul_(7)
    assert x.tolist() == [2, 3] and y.tolist() == [[14], [21]] and y.requires_grad


def test_a_write_to_the_argument_of_a_pullback_is_noticed():
    x = pair()
    _, pull = func.vjp(lambda x: x * x, x)
    x.mul_(7)
    with pytest.raises(GradientError, match="changed before backward"):
        pull(torch.ones(2))


def test_a_write_inside_a_gradient_transform_is_noticed_outside():
    x, w = pair(), torch.ones(2, requires_grad=True)
    z = (x * w).sum()

    def scaled(x):
        with torch.no_grad():
            x.mul_(7)
        return x.sum()

    func.grad(scaled)(x)
    with pytest.raises(GradientError, match="changed before backward"):
        z.backward()

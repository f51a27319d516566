"""A write to what a transform returned stays with it, and a write to an argument is noticed by every tape."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as torch
from wengert.errors import GradientError
from wengert.tape import storage

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


class Scaled(torch.autograd.Function):
    """A product that saves both its factors."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x, w):
        return x * w

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx, grad):
        x, w = ctx.saved_tensors
        return grad * w, grad * x

    @staticmethod
    def jvp(ctx, t, u):
        x, w = ctx.saved_tensors
        return t * w + (0 if u is None else x * u)


def matrix(n=2):
    return torch.full((n, n), 5.0)


# Programs in which a tape outside of the transform, that of ``w``, saves the memory of ``x``.
SAVES = {
    "vmap": lambda x, w: func.vmap(lambda a: a * w)(x),
    "vmap: two mapped": lambda x, w: func.vmap(lambda a, b: a * b)(x, w),
    "vmap: other axis": lambda x, w: func.vmap(lambda a: a * w, in_dims=1)(x),
    "vmap: view inside": lambda x, w: func.vmap(lambda a: a[:1].expand(len(w)) * w)(x),
    "vmap: twice": lambda x, w: func.vmap(func.vmap(lambda a: a * w, (0,)), (0,))(x),
    "vmap: chunks": lambda x, w: func.vmap(lambda a: a * w, chunk_size=1)(x),
    "vmap: matmul": lambda x, w: func.vmap(lambda a: a @ w)(x),
    "vmap: Function": lambda x, w: func.vmap(lambda a: Scaled.apply(a, w))(x),
    "vmap of grad": lambda x, w: func.vmap(func.grad(lambda a: (a * a * w).sum()))(x),
    "vmap of jvp": lambda x, w: func.vmap(lambda a: func.jvp(lambda b: b * w, (a,), (a,))[1])(x),
    "jvp: primal": lambda x, w: func.jvp(lambda a: a * w, (x,), (matrix(len(x)),))[0],
    "jvp: tangent": lambda x, w: func.jvp(lambda a: a * w, (matrix(len(x)),), (x,))[1],
    "jvp: view inside": lambda x, w: func.jvp(lambda a: a.t() * w, (x,), (matrix(len(x)),))[0],
    "jvp: detached": lambda x, w: func.jvp(lambda a: a.detach() * w, (x,), (x.clone(),))[0],
    "jvp: Function": lambda x, w: func.jvp(lambda a: Scaled.apply(a, w), (x,), (x.clone(),))[0],
    "jvp: Function's tangent": lambda x, w: func.jvp(
        lambda a: Scaled.apply(a, w), (x.clone(),), (x,)
    )[1],
    "grad": lambda x, w: func.grad(lambda a: (a * a * w).sum())(x),
    "grad: view inside": lambda x, w: func.grad(lambda a: (a.t() * a.t() * w).sum())(x),
    "grad: Function": lambda x, w: func.grad(lambda a: (Scaled.apply(a, w) * a).sum())(x),
    "grad of grad": lambda x, w: func.grad(
        lambda a: func.grad(lambda b: (b * b * b * w).sum())(a).sum()
    )(x),
    "vjp: output": lambda x, w: func.vjp(lambda a: a * w, x)[0],
    "vjp: pullback": lambda x, w: func.vjp(lambda a: a * a, x)[1](w.expand(len(w), len(w)))[0],
    "vjp: cotangent": lambda x, w: func.vjp(lambda a: a * w, x.clone())[1](x)[0],
    "jacrev": lambda x, w: func.jacrev(lambda a: (a * a * w).sum())(x),
    "jacfwd": lambda x, w: func.jacfwd(lambda a: (w * a * a).sum())(x),
}


@pytest.mark.parametrize("n", [2, 70])
@pytest.mark.parametrize("program", SAVES)
def test_a_write_to_an_argument_is_noticed_by_the_tape_outside(program, n):
    if n > 2 and program.startswith("jac"):
        pytest.skip("one row for each element is enough of them")
    x, w = matrix(n), torch.ones(n, requires_grad=True)
    y = SAVES[program](x, w)
    x.mul_(7)
    with pytest.raises(GradientError, match=r"changed before backward(.|\n)*x\.mul_\(7\)"):
        y.sum().backward()
    assert w.grad is None


@pytest.mark.parametrize("n", [2, 70])
@pytest.mark.parametrize("program", SAVES)
def test_without_a_write_the_tape_outside_has_its_gradient(program, n):
    if n > 2 and program.startswith("jac"):
        pytest.skip("one row for each element is enough of them")
    x, w = matrix(n), torch.ones(n, requires_grad=True)
    SAVES[program](x, w).sum().backward()
    first = w.grad.clone()
    (SAVES[program](x, w) * 2).sum().backward()
    assert first.abs().sum() > 0 and torch.equal(w.grad, 3 * first)


# Programs that return something which a tape, outside or inside, has saved.
RETURNS = {
    "vmap": lambda x, w: func.vmap(lambda a: (a + 1, (a + 1) * w))(x),
    "vmap: saved": lambda x, w: func.vmap(lambda a: both(a + 1, w))(x),
    "jvp: saved": lambda x, w: func.jvp(lambda a: both(a + 1, w), (x,), (x.clone(),))[0],
    "grad: saved": lambda x, w: func.grad(with_product(w), has_aux=True)(x)[1],
    "vjp: saved": lambda x, w: func.vjp(lambda a: both(a + 1, w), x)[0],
}


def both(b, w):
    return b, b * w


def with_product(w):
    return lambda a: (a.sum(), both(a + 1, w))


@pytest.mark.parametrize("program", [name for name in RETURNS if "saved" in name])
def test_a_write_to_a_result_is_noticed_by_the_tape_outside(program):
    x, w = matrix(), torch.ones(2, requires_grad=True)
    b, y = RETURNS[program](x, w)
    b.mul_(7)
    with pytest.raises(GradientError, match=r"changed before backward(.|\n)*b\.mul_\(7\)"):
        y.sum().backward()


def test_a_write_to_a_result_that_nobody_saved_is_free():
    x, w = matrix(), torch.ones(2, requires_grad=True)
    b, y = RETURNS["vmap"](x, w)
    b.mul_(7)
    y.sum().backward()
    assert w.grad.tolist() == [12, 12]


def test_a_write_to_the_output_of_vjp_is_noticed_by_its_pullback():
    out, pull = func.vjp(torch.exp, pair())
    out.mul_(7)
    with pytest.raises(GradientError, match=r"changed before backward(.|\n)*out\.mul_\(7\)"):
        pull(torch.ones(2))


def test_a_write_through_a_detached_dual_is_noticed_outside():
    x, w = pair(), torch.ones(2, requires_grad=True)
    z = (x * w).sum()
    func.jvp(lambda a: (a.detach().mul_(7), a * 1)[1], (x,), (torch.ones(2),))
    assert x.tolist() == [14, 21]
    with pytest.raises(GradientError, match="changed before backward"):
        z.backward()


def test_results_that_share_memory_count_writes_together():
    whole, part = func.vmap(lambda a: (lambda b: (b, b[1:]))(a + 1))(matrix())
    w = torch.ones(2, 1, requires_grad=True)
    y = (part * w).sum()
    whole.mul_(7)
    with pytest.raises(GradientError, match="changed before backward"):
        y.backward()


def test_memory_shared_with_numpy_stays_guarded_in_a_transform():
    array = np.full((2, 2), 5.0, np.float32)
    w = torch.ones(2, requires_grad=True)
    y = func.vmap(lambda a: a * w)(torch.from_numpy(array))
    array[:] = 0
    y.sum().backward()
    assert w.grad.tolist() == [10, 10]


def test_no_memory_outlives_the_transform_that_knew_it():
    before = len(storage._owners)
    x, w = matrix(), torch.ones(2, requires_grad=True)
    y = func.vmap(lambda a: both(a + 1, w))(x)
    assert len(storage._owners) > before
    del x, y
    assert len(storage._owners) == before


def two_of_one(x):
    y = 2 * x
    return y + 1, y + 2


def test_tangents_share_no_memory():
    x = torch.ones(2)
    _, tangents = func.jvp(two_of_one, (x,), (x.clone(),))
    tangents[0].mul_(5)
    assert tangents[1].tolist() == [2, 2]


def test_gradients_share_no_memory():
    first, second = func.grad(lambda x, y: (x + y).sum(), argnums=(0, 1))(
        torch.ones(2), torch.ones(2)
    )
    first.mul_(7)
    assert second.tolist() == [1, 1]

"""Custom Functions under every transform: as the plain program, derivatives of any order, generated vmap rules."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as torch
from wengert.errors import GradientError

func = torch.func


def tensor(values, requires_grad=False):
    return torch.tensor(values, dtype=torch.float64, requires_grad=requires_grad)


class Mix(torch.autograd.Function):
    """x**3 * w and x * w. Saves inputs, an output, and an attribute that is a tensor."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x, w, power=3):
        return x**power * w, x * w

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, w, power = inputs
        ctx.save_for_backward(x, w, output[1])
        ctx.save_for_forward(x, w)
        ctx.power = power
        ctx.shape = x.shape
        ctx.pair = [x, {"w": w}]

    @staticmethod
    def backward(ctx, g, h):
        x, w, xw = ctx.saved_tensors
        n = ctx.power
        assert ctx.shape == x.shape
        y, v = ctx.pair[0], ctx.pair[1]["w"]
        return g * n * y ** (n - 2) * xw + h * v, g * x**n + h * y, None

    @staticmethod
    def jvp(ctx, t, u, _):
        x, w = ctx.saved_tensors
        t = torch.zeros_like(x) if t is None else t
        u = torch.zeros_like(w) if u is None else u
        n = ctx.power
        return t * n * x ** (n - 1) * w + u * x**n, t * w + u * x


def plain(x, w, power=3):
    return x**power * w, x * w


def total(fn, x, w):
    """A scalar of a batched application, with x mapped and w not."""
    a, b = func.vmap(fn, in_dims=(0, None))(x, w)
    return (a.sin() + b * a).sum()


X = [[0.5, 1.5], [2.0, -1.0], [0.25, 3.0]]
W = [2.0, -0.5]

NESTS = {
    "outside of vmap, first order": lambda fn: torch.autograd.grad(
        total(fn, *(leaves := (tensor(X, True), tensor(W, True)))), leaves
    ),
    "grad of vmap": lambda fn: func.grad(lambda x, w: total(fn, x, w), (0, 1))(
        tensor(X), tensor(W)
    ),
    "vmap of grad": lambda fn: func.vmap(
        func.grad(lambda x, w: sum((o * o).sum() for o in fn(x, w)), (0, 1)), (0, None)
    )(tensor(X), tensor(W)),
    "grad of grad of vmap": lambda fn: func.grad(
        lambda x: func.grad(lambda x: total(fn, x, tensor(W)))(x).sin().sum()
    )(tensor(X)),
    "jvp of vmap": lambda fn: func.jvp(
        lambda x, w: total(fn, x, w), (tensor(X), tensor(W)), (tensor(X) * 2, tensor(W) * 3)
    ),
    "jvp of grad of vmap": lambda fn: func.jvp(
        func.grad(lambda x: total(fn, x, tensor(W))), (tensor(X),), (tensor(X),)
    ),
    "grad of jvp of vmap": lambda fn: func.grad(
        lambda x: func.jvp(lambda y: total(fn, y, tensor(W)), (x,), (tensor(X),))[1]
    )(tensor(X)),
    "vmap of jvp": lambda fn: func.vmap(lambda x: func.jvp(lambda y: fn(y, tensor(W)), (x,), (x,)))(
        tensor(X)
    ),
    "grad of vmap of vmap": lambda fn: func.grad(
        lambda x: func.vmap(lambda x: total(fn, x, tensor(W)))(x).sum()
    )(torch.stack([tensor(X), tensor(X) * 0.5])),
    "vmap of grad of vmap": lambda fn: func.vmap(func.grad(lambda x: total(fn, x, tensor(W))))(
        torch.stack([tensor(X), tensor(X) * 0.5])
    ),
    "hessian": lambda fn: func.hessian(lambda x: total(fn, x, tensor(W)))(tensor(X)),
    "jacrev of vmap": lambda fn: func.jacrev(
        lambda w: func.vmap(lambda x: fn(x, w)[0])(tensor(X)).sum(0)
    )(tensor(W)),
    "only w is mapped": lambda fn: func.grad(
        lambda x: func.vmap(lambda w: fn(x, w)[0])(tensor([W, W])).sum()
    )(tensor(X[0])),
    "grad of grad": lambda fn: func.grad(func.grad(lambda x: fn(x, tensor(2.0))[0].sin()))(
        tensor(0.5)
    ),
    "grad of grad of grad": lambda fn: func.grad(
        func.grad(func.grad(lambda x: fn(x, tensor(2.0))[0].sin()))
    )(tensor(0.5)),
    "vjp of grad": lambda fn: func.vjp(
        func.grad(lambda x: fn(x, tensor(2.0))[0].sin()), tensor(0.5)
    )[1](tensor(3.0)),
    "jvp of jvp": lambda fn: func.jvp(
        lambda x: func.jvp(lambda y: fn(y, tensor(2.0))[0], (x,), (x,))[1],
        (tensor(0.5),),
        (tensor(3.0),),
    ),
}


def numbers(found):
    if isinstance(found, tuple | list):
        return [n for part in found for n in numbers(part)]
    return found.detach().numpy().reshape(-1).tolist()


@pytest.mark.parametrize("nest", NESTS)
def test_transforms_of_a_function_are_those_of_the_plain_one(nest):
    np.testing.assert_allclose(
        numbers(NESTS[nest](Mix.apply)), numbers(NESTS[nest](plain)), rtol=1e-12
    )


def test_double_backward_through_a_generated_rule():
    found = []
    for fn in (Mix.apply, plain):
        x, w = tensor(X, True), tensor(W, True)
        g = torch.autograd.grad(total(fn, x, w), [x, w], create_graph=True)
        found.append(numbers(torch.autograd.grad((g[0] ** 2).sum() + (g[1] ** 3).sum(), [x, w])))
    np.testing.assert_allclose(*found, rtol=1e-12)


def test_the_custom_backward_is_what_a_generated_rule_uses():
    class Hundred(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x):
            return x * 2

        @staticmethod
        def setup_context(ctx, inputs, output):
            pass

        @staticmethod
        def backward(ctx, grad):
            return grad * 100

    x = tensor([1.0, 2.0], True)
    y = func.vmap(Hundred.apply)(x)
    assert y.grad_fn.name() == "VmappedHundredBackward"
    y.sum().backward()
    assert x.grad.tolist() == [100, 100]


def test_generated_rule_keeps_constant_outputs_and_missing_gradients():
    class Parts(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x):
            return x * 2, x * 3, x > 0

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.mark_non_differentiable(output[1], output[2])
            ctx.set_materialize_grads(False)

        @staticmethod
        def backward(ctx, first, second, third):
            assert second is None and third is None
            return first * 2

    x = tensor([1.0, -2.0], True)
    first, second, third = func.vmap(Parts.apply)(x)
    assert (first.requires_grad, second.requires_grad, third.requires_grad) == (True, False, False)
    first.sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_vmap_needs_exactly_one_rule():
    class Neither(torch.autograd.Function):
        @staticmethod
        def forward(x):
            return x * 2

        @staticmethod
        def setup_context(ctx, inputs, output):
            pass

    class Both(Neither):
        generate_vmap_rule = True

        @staticmethod
        def vmap(info, in_dims, x):
            return x * 2, 0

    class Inherited(Both):
        generate_vmap_rule = False

    for cls in (Neither, Both):
        with pytest.raises(
            GradientError, match="give it a `vmap` staticmethod or set generate_vmap_rule"
        ):
            func.vmap(cls.apply)(tensor([1.0, 2.0]))
    assert func.vmap(Inherited.apply)(tensor([1.0, 2.0])).tolist() == [2, 4]

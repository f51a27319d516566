"""Outputs of a Function whose ``forward`` returns its argument, or a part of it, are written to."""

from __future__ import annotations

import pytest

import wengert as torch


def identity(view):
    """Return the Function whose output is ``view`` of its argument."""

    class Part(torch.autograd.Function):
        @staticmethod
        def forward(x):
            return view(x)

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.shape = inputs[0].shape

        @staticmethod
        def backward(ctx, grad):
            full = torch.zeros(2)
            full[: grad.numel()] = grad.reshape(-1)
            return full

    return Part


VIEWS = {"itself": lambda x: x, "reshaped": lambda x: x.view(2, 1), "part": lambda x: x[:1]}
every_view = pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)


def gradient(fn, how):
    a = torch.tensor([1.0, 2.0], requires_grad=how == "backward")
    if how == "grad":
        return torch.func.grad(fn)(a).tolist()
    fn(a).backward()
    return a.grad.tolist()


@every_view
@pytest.mark.parametrize("how", ["backward", "grad"])
def test_a_write_to_the_output_leaves_the_input(view, how):
    def loss(a):
        b = a * 1
        identity(view).apply(b).mul_(3)
        return (b * b).sum()

    assert gradient(loss, how) == [2, 4]


@every_view
@pytest.mark.parametrize("how", ["backward", "grad"])
def test_a_write_to_the_input_leaves_the_output(view, how):
    def loss(a):
        b = a * 1
        y = identity(view).apply(b)
        b.mul_(3)
        return (y * y).sum()

    assert gradient(loss, how) == ([2, 0] if view is VIEWS["part"] else [2, 4])


def test_a_write_to_one_output_leaves_another():
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x * 2
            return y, y.view(2, 1)

        @staticmethod
        def backward(ctx, first, second):
            return 2 * (first + second.view(2))

    a = torch.tensor([1.0, 2.0], requires_grad=True)
    first, second = Twice.apply(a)
    first.mul_(3)
    (second * second).sum().backward()
    assert a.grad.tolist() == [8, 16]


def test_a_view_that_no_gradient_flows_through_is_not_written_to():
    b = torch.tensor([1.0, 2.0], requires_grad=True) * 1
    with torch.no_grad():
        y = identity(VIEWS["part"]).apply(b)
    with pytest.raises(RuntimeError, match="gradients were not recorded"):
        y.mul_(3)

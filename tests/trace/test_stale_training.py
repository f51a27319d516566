"""Modules, optimisers and gradients that change between calls: a replay equals eager, or has to be traced again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import wengert as torch
from tests.trace.agreement import Program, compare
from wengert import nn


def t(*values: float, grad: bool = False) -> Any:
    return torch.tensor(values or (1.0, 1.0), requires_grad=grad)


class Line(nn.Module):
    def __init__(self, *, tied: bool = False) -> None:
        super().__init__()
        self.a = nn.Parameter(t(1.0, 2.0))
        self.b = self.a if tied else nn.Parameter(t(3.0, 4.0))
        self.register_buffer("m", t(0.5, 0.5))
        self.register_buffer("k", self.m if tied else t(0.25, 0.25))

    def forward(self, x: Any) -> Any:
        y = self.a * x + self.b
        return y * self.m if self.training else y * self.k


def training_step(net: Any, **options: Any) -> tuple[Any, Any]:
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5, **options)

    def step(x: Any) -> Any:
        optimizer.zero_grad()
        loss = (net(x) ** 2).sum()
        loss.backward()
        optimizer.step()
        return loss

    return step, optimizer


def parameter_rebound() -> Program:
    net = Line()
    step, optimizer = training_step(net)

    def rebind() -> None:
        net.a = nn.Parameter(t(7.0, 8.0))

    return Program(step, [net, optimizer], [(None, (t(),)), (None, (t(),)), (rebind, (t(),))])


def parameter_rebound_for_forward() -> Program:
    net = Line()
    change = lambda: setattr(net, "a", nn.Parameter(t(7.0, 8.0)))  # noqa: E731
    f = lambda x: sum((p * x).sum() for p in net.parameters())  # noqa: E731
    return Program(f, [net], [(None, (t(),)), (change, (t(),))])


def buffer_rebound() -> Program:
    net = Line()
    change = lambda: setattr(net, "m", t(2.0, 3.0))  # noqa: E731
    return Program(net, [net], [(None, (t(),)), (change, (t(),))])


def tied_buffer_untied() -> Program:
    net = Line(tied=True)
    untie = lambda: setattr(net, "m", t(2.0, 3.0))  # noqa: E731
    f = lambda x: net(x) + net.eval()(x) * 0 + net.train()(x) + net.k  # noqa: E731
    return Program(f, [net], [(None, (t(),)), (untie, (t(),))])


def buffers_tied() -> Program:
    net = Line()
    tie = lambda: setattr(net, "k", net.m)  # noqa: E731
    f = lambda x: net.m.mul_(2) * x + net.k  # noqa: E731
    return Program(f, [net], [(None, (t(),)), (tie, (t(),))])


def parameters_tied() -> Program:
    net = Line()
    step, _ = training_step(net)
    tie = lambda: setattr(net, "b", net.a)  # noqa: E731
    return Program(step, [net], [(None, (t(),)), (tie, (t(),))])


def mode_switched() -> Program:
    net = Line()
    return Program(net, [net], [(None, (t(),)), (net.eval, (t(),)), (net.train, (t(),))])


def submodule_replaced() -> Program:
    outer = nn.Module()
    outer.inner = Line()
    change = lambda: setattr(outer, "inner", Line(tied=True))  # noqa: E731
    return Program(lambda x: outer.inner(x), [outer], [(None, (t(),)), (change, (t(),))])


def forward_hook_added() -> Program:
    net = Line()
    change = lambda: net.register_forward_hook(lambda m, i, o: o * 10)  # noqa: E731
    return Program(net, [net], [(None, (t(),)), (change, (t(),))])


def learning_rate_changed() -> Program:
    net = Line()
    step, optimizer = training_step(net, momentum=0.5)
    x = t()
    step(x)

    def rate(value: float) -> Callable[[], None]:
        return lambda: optimizer.param_groups[0].update(lr=value)

    steps = [(None, (x,)), (rate(0.25), (x,)), (None, (x,)), (rate(0.125), (x,))]
    return Program(step, [net, optimizer], steps)


def parameter_frozen() -> Program:
    net = Line()
    step, optimizer = training_step(net)
    freeze = lambda: net.b.requires_grad_(False)  # noqa: E731
    return Program(step, [net, optimizer], [(None, (t(),)), (freeze, (t(),)), (None, (t(),))])


def gradient_cleared_between() -> Program:
    w = t(1.0, 2.0, grad=True)

    def f(x: Any) -> Any:
        (w * x).sum().backward()
        return w.grad * 2

    clear = lambda: setattr(w, "grad", None)  # noqa: E731
    return Program(f, [w], [(None, (t(),)), (None, (t(),)), (None, (t(),)), (clear, (t(),))])


def branch_on_a_gradient() -> Program:
    w = t(1.0, 2.0, grad=True)
    give = lambda: setattr(w, "grad", t(1.0, 1.0))  # noqa: E731
    f = lambda x: x * 2 if w.grad is None else x + w.grad  # noqa: E731
    return Program(f, [w], [(None, (t(),)), (give, (t(),))])


def gradient_of_an_argument() -> Program:
    x = t(1.0, 2.0, grad=True)

    def f(a: Any) -> Any:
        (a * a).sum().backward()
        return a.grad * 1

    return Program(f, [x], [(None, (x,)), (None, (x,)), (None, (x,))])


def same_tensor_twice() -> Program:
    a, b = t(1.0, 2.0, grad=True), t(3.0, 4.0, grad=True)

    def f(x: Any, y: Any) -> Any:
        (x * y + (0 if x is y else 1)).sum().backward()
        return x * y

    return Program(f, [a, b], [(None, (a, b)), (None, (a, a)), (None, (b, b)), (None, (b, a))])


def requires_grad_of_an_argument() -> Program:
    def f(x: Any) -> Any:
        return x * 2 if x.requires_grad else x * 3

    return Program(f, [], [(None, (t(),)), (None, (t(grad=True),))])


def class_of_an_argument() -> Program:
    def f(x: Any) -> Any:
        return x * 2 if isinstance(x, nn.Parameter) else x * 3

    return Program(f, [], [(None, (nn.Parameter(t()),)), (None, (t(grad=True),))])


def grad_mode_inside() -> Program:
    w = t(1.0, 2.0, grad=True)

    def f(x: Any) -> Any:
        y = w * x
        return y * 2 if y.requires_grad else y * 3

    return Program(f, [w], [(None, (t(),)), (None, (t(),))])


def hook_on_a_captured_leaf() -> Program:
    w = t(1.0, 2.0, grad=True)
    handles: list[Any] = []

    def f(x: Any) -> Any:
        w.grad = None
        (w * x).sum().backward()
        return w.grad * 1

    def add() -> None:
        handles.append(w.register_hook(lambda g: g * 10))

    def remove() -> None:
        handles.pop().remove()

    return Program(f, [w], [(None, (t(),)), (add, (t(),)), (None, (t(),)), (remove, (t(),))])


def number_in_a_hook() -> Program:
    w = t(1.0, 2.0, grad=True)
    factor = [2.0]
    w.register_hook(lambda g: g * factor[0])

    def f(x: Any) -> Any:
        w.grad = None
        (w * x).sum().backward()
        return w.grad * 1

    change = lambda: factor.__setitem__(0, 3.0)  # noqa: E731
    return Program(f, [w], [(None, (t(),)), (change, (t(),))])


def double_backward_inside() -> Program:
    w = t(1.0, 2.0, grad=True)

    def f(x: Any) -> Any:
        w.grad = None
        (g,) = torch.autograd.grad((w**3 * x).sum(), w, create_graph=True)
        (g * g).sum().backward()
        return g.detach()

    return Program(f, [w], [(None, (t(),)), (None, (t(2.0, 3.0),))])


def module_converted() -> Program:
    net = Line()
    step, _ = training_step(net)
    return Program(step, [net], [(None, (t(),)), (lambda: net.double().float(), (t(),))])


def gradient_held_outside() -> Program:
    w = t(1.0, 2.0, grad=True)
    w.grad = held = t(1.0, 1.0)

    def f(x: Any) -> Any:
        (w * x).sum().backward()
        return held * 1

    return Program(f, [w, held], [(None, (t(),)), (None, (t(2.0, 3.0),))])


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * 2 * x


def custom_function() -> Program:
    w = t(1.0, 2.0, grad=True)

    def f(x: Any) -> Any:
        w.grad = None
        (Square.apply(w) * x).sum().backward()
        return w.grad * 1

    return Program(f, [w], [(None, (t(),)), (lambda: w.data.mul_(2), (t(2.0, 3.0),))])


def parameter_updated_by_hand() -> Program:
    w = t(1.0, 2.0, grad=True)

    def f(x: Any) -> Any:
        with torch.no_grad():
            w.add_(x)
            w[0] = x[1]
        return w.detach() * 1

    return Program(f, [w], [(None, (t(),)), (None, (t(5.0, 6.0),))])


def step_without_backward() -> Program:
    w = t(1.0, 2.0, grad=True)
    optimizer = torch.optim.SGD([w], lr=0.5)
    give = lambda: setattr(w, "grad", t())  # noqa: E731
    take = lambda: setattr(w, "grad", None)  # noqa: E731
    steps = [(None, (t(),)), (give, (t(),)), (take, (t(),))]
    return Program(lambda x: optimizer.step(), [w], steps)


def gradients_set_to_zero() -> Program:
    w = t(1.0, 2.0, grad=True)
    optimizer = torch.optim.SGD([w], lr=0.5)
    give = lambda: setattr(w, "grad", t())  # noqa: E731
    steps = [(None, (t(),)), (give, (t(),)), (None, (t(),))]
    return Program(lambda x: optimizer.zero_grad(set_to_none=False), [w], steps)


def group_added() -> Program:
    w, v = t(1.0, 2.0, grad=True), t(3.0, 4.0, grad=True)
    optimizer = torch.optim.SGD([w], lr=0.5)

    def f(x: Any) -> None:
        optimizer.zero_grad()
        (w * v.detach() * x).sum().backward()
        optimizer.step()

    add = lambda: optimizer.add_param_group({"params": [v]})  # noqa: E731
    return Program(f, [w, v], [(None, (t(),)), (add, (t(),))])


def two_tensors_with_one_gradient() -> Program:
    w, v, g = t(1.0, 2.0, grad=True), t(1.0, 2.0, grad=True), t()

    def f(x: Any) -> Any:
        (w * x).sum().backward()
        return v.grad * 1

    def join() -> None:
        w.grad = v.grad = g

    def part() -> None:
        w.grad, v.grad = t(), t()

    return Program(f, [w, v], [(join, (t(),)), (part, (t(),)), (join, (t(),))])


def gradient_clipped() -> Program:
    w = t(1.0, 2.0, grad=True)

    def f(x: Any) -> Any:
        w.grad = None
        (w * x).sum().backward()
        norm = (w.grad * w.grad).sum().sqrt()
        w.grad.mul_(1 / (norm + 1e-6))
        return norm

    return Program(f, [w], [(None, (t(),)), (None, (t(2.0, 3.0),))])


def step_in_a_hook() -> Program:
    w = t(1.0, 2.0, grad=True)
    optimizer = torch.optim.SGD([w], lr=0.5)

    def step(p: Any) -> None:
        optimizer.step()
        optimizer.zero_grad()

    w.register_post_accumulate_grad_hook(step)
    return Program(
        lambda x: (w * x).sum().backward(), [w], [(None, (t(),)), (None, (t(2.0, 3.0),))]
    )


def momentum_replaced() -> Program:
    w = t(1.0, 2.0, grad=True)
    optimizer = torch.optim.SGD([w], lr=0.5, momentum=0.5)

    def f(x: Any) -> None:
        optimizer.zero_grad()
        (w * x).sum().backward()
        optimizer.step()

    f(t())
    change = lambda: optimizer.state[w].update(momentum_buffer=t(7.0, 7.0))  # noqa: E731
    return Program(f, [w, optimizer], [(None, (t(),)), (change, (t(2.0, 1.0),))])


REPLAYED_THROUGHOUT = [
    gradient_clipped,
    step_in_a_hook,
    momentum_replaced,
    buffer_rebound,
    module_converted,
    double_backward_inside,
    gradient_held_outside,
    grad_mode_inside,
    custom_function,
    parameter_updated_by_hand,
]
"""Programs that a single trace serves."""

TRACED_AGAIN = [
    parameter_rebound,
    parameter_rebound_for_forward,
    tied_buffer_untied,
    buffers_tied,
    parameters_tied,
    mode_switched,
    submodule_replaced,
    forward_hook_added,
    learning_rate_changed,
    parameter_frozen,
    gradient_cleared_between,
    branch_on_a_gradient,
    gradient_of_an_argument,
    same_tensor_twice,
    requires_grad_of_an_argument,
    class_of_an_argument,
    hook_on_a_captured_leaf,
    number_in_a_hook,
    step_without_backward,
    gradients_set_to_zero,
    group_added,
    two_tensors_with_one_gradient,
]
"""Programs whose trace must be noticed to be out of date at least once."""


@pytest.fixture(autouse=True)
def _settings() -> Any:
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("program", REPLAYED_THROUGHOUT, ids=lambda p: p.__name__)
def test_one_trace_serves_every_step(program: Callable[[], Program]) -> None:
    assert compare(program)[1:].count(True) == 0


@pytest.mark.parametrize("program", TRACED_AGAIN, ids=lambda p: p.__name__)
def test_a_trace_that_is_out_of_date_is_noticed(program: Callable[[], Program]) -> None:
    torch.set_default_dtype(torch.float32)
    assert any(compare(program)[1:])

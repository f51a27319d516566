"""Programs whose surroundings change between calls: a replay equals eager, or has to be traced again."""

from __future__ import annotations

import types
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as torch
from tests.trace.agreement import Program, compare
from wengert import nn

ONES = (1.0, 1.0)


def t(*values: float, grad: bool = False) -> Any:
    return torch.tensor(values or ONES, requires_grad=grad)


def number_in_argument() -> Program:
    return Program(
        lambda x, n: x * n, [], [(None, (torch.tensor([1, 2]), n)) for n in (2, 2.0, True, 1)]
    )


def signed_zero_in_argument() -> Program:
    return Program(lambda x, n: x * n, [], [(None, (t(), n)) for n in (0.0, -0.0)])


def number_in_closure() -> Program:
    rate = 2.0

    def change() -> None:
        nonlocal rate
        rate += 1

    return Program(lambda x: x * rate, [], [(None, (t(),)), (change, (t(),)), (change, (t(),))])


SCALE = 2.0


def scaled(x: Any) -> Any:
    return x * SCALE


def number_in_global() -> Program:
    def change(value: float) -> Callable[[], None]:
        return lambda: globals().update(SCALE=value)

    return Program(lambda x: scaled(x) + 1, [], [(change(v), (t(),)) for v in (2.0, 5.0, 7.0, 2.0)])


class Setting:
    factor = 2.0

    def __init__(self) -> None:
        self.offsets = {"a": 1.0, "b": [2.0, 3.0]}

    def __call__(self, x: Any) -> Any:
        return x * self.factor + self.offsets["b"][1]


def number_in_object() -> Program:
    setting = Setting()
    return Program(
        setting,
        [],
        [
            (None, (t(),)),
            (lambda: setting.offsets["b"].__setitem__(1, 9.0), (t(),)),
            (lambda: setattr(setting, "factor", 5.0), (t(),)),
        ],
    )


def number_in_class() -> Program:
    class Local(Setting):
        factor = 3.0

    local = Local()
    change = lambda: setattr(Local, "factor", 4.0)  # noqa: E731
    return Program(lambda x: local(x), [], [(None, (t(),)), (change, (t(),))])


def number_in_default() -> Program:
    def f(x: Any, by: float = 2.0, *, plus: float = 1.0) -> Any:
        return x * by + plus

    return Program(
        f,
        [],
        [
            (None, (t(),)),
            (lambda: setattr(f, "__defaults__", (3.0,)), (t(),)),
            (lambda: f.__kwdefaults__.update(plus=5.0), (t(),)),
        ],
    )


def number_in_namespace() -> Program:
    config = types.SimpleNamespace(rate=1.0)
    change = lambda: setattr(config, "rate", 3.0)  # noqa: E731
    return Program(lambda x: x * config.rate, [], [(None, (t(),)), (change, (t(),))])


def array_in_closure() -> Program:
    table = np.array([1.0, 2.0], np.float32)
    change = lambda: table.__setitem__(0, 7.0)  # noqa: E731
    return Program(lambda x: x * torch.tensor(table), [], [(None, (t(),)), (change, (t(),))])


def growing_list() -> Program:
    terms = [1.0]
    grow = lambda: terms.append(2.0)  # noqa: E731
    return Program(lambda x: sum(x * c for c in terms), [], [(None, (t(),)), (grow, (t(),))])


def order_of_a_dict() -> Program:
    table = {"a": t(1.0, 2.0), "b": t(3.0, 4.0)}

    def turn() -> None:
        table["a"] = table.pop("a")

    def f(x: Any) -> Any:
        out = x
        for v in table.values():
            out = out * 2 + v
        return out

    return Program(f, [], [(None, (t(),)), (turn, (t(),))])


def order_of_keys_in_an_argument() -> Program:
    a, b = t(1.0, 2.0), t(3.0, 4.0)
    return Program(
        lambda d: d["a"] - d["b"], [], [(None, ({"a": a, "b": b},)), (None, ({"b": b, "a": a},))]
    )


Pair = namedtuple("Pair", "left right")


def nesting_of_arguments() -> Program:
    a, b = t(1.0, 2.0), t(3.0, 4.0)

    def f(p: Any) -> Any:
        return p.left - p.right if isinstance(p, Pair) else p[1] - p[0]

    return Program(f, [], [(None, (Pair(a, b),)), (None, ((a, b),)), (None, ([a, b],))])


def dict_of_arguments() -> Program:
    a, b = t(1.0, 2.0), t(3.0, 4.0)
    return Program(lambda d: len(d) + sum(d.values()), [], [
        (None, ({"a": a, "b": b},)), (None, ({"c": a, "b": b},))])  # fmt: skip


def tensor_in_closure_rebound() -> Program:
    w = t(1.0, 2.0)

    def rebind() -> None:
        nonlocal w
        w = t(5.0, 6.0)

    return Program(lambda x: x * w, [], [(None, (t(),)), (rebind, (t(),))])


def tensor_in_object_rebound() -> Program:
    box = types.SimpleNamespace(w=t(1.0, 2.0))
    change = lambda: setattr(box, "w", t(3.0, 4.0))  # noqa: E731
    return Program(lambda x: x * box.w, [], [(None, (t(),)), (change, (t(),))])


def shape_of_an_unread_tensor() -> Program:
    box = types.SimpleNamespace(w=torch.ones(3))
    change = lambda: setattr(box, "w", torch.ones(4))  # noqa: E731
    return Program(lambda x: x * box.w.shape[0], [], [(None, (t(),)), (change, (t(),))])


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


def branch_on_a_gradient_of_a_plain_tensor() -> Program:
    w = t(1.0, 2.0)
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


def written_argument_given_twice() -> Program:
    a, b = t(1.0, 2.0), t(3.0, 4.0)

    def f(x: Any, y: Any) -> Any:
        x.mul_(2)
        return x + y

    return Program(f, [a, b], [(None, (a, b)), (None, (b, b)), (None, (a, a)), (None, (b, a))])


def arguments_that_are_views_read() -> Program:
    base = torch.arange(6.0)
    return Program(
        lambda x, y: x * y, [base], [(None, (base[:3], base[3:])), (None, (base[:3], base[1:4]))]
    )


def disjoint_views_written() -> Program:
    base = torch.arange(6.0)

    def f(x: Any, y: Any) -> Any:
        x.add_(y)
        y.mul_(2)
        return x * y

    return Program(
        f, [base], [(None, (base[::2], base[1::2])), (None, (base[1::2], base[::2]))]
    )  # fmt: skip


def captured_interleaved_views() -> Program:
    base = torch.arange(6.0)
    even, odd = torch.from_numpy(base.numpy()[::2]), torch.from_numpy(base.numpy()[1::2])

    def f(x: Any) -> Any:
        even.add_(x)
        odd.mul_(2)
        return even * odd

    return Program(f, [base, even, odd], [(None, (t(1.0),)), (None, (t(2.0),))])


def requires_grad_of_an_argument() -> Program:
    def f(x: Any) -> Any:
        return x * 2 if x.requires_grad else x * 3

    return Program(f, [], [(None, (t(),)), (None, (t(grad=True),))])


def class_of_an_argument() -> Program:
    def f(x: Any) -> Any:
        return x * 2 if isinstance(x, nn.Parameter) else x * 3

    return Program(f, [], [(None, (nn.Parameter(t()),)), (None, (t(grad=True),))])


def shapes_and_dtypes() -> Program:
    steps = [torch.ones(2), torch.ones(3), torch.ones(2, dtype=torch.float64), torch.ones(1, 2)]
    return Program(lambda x: x * x.shape[-1], [], [(None, (x,)) for x in steps])


def layout_of_an_argument() -> Program:
    def f(x: Any) -> Any:
        x.reshape(-1).mul_(2)
        return x * 1

    wide = torch.arange(6.0).reshape(2, 3)
    return Program(f, [wide], [(None, (wide,)), (None, (wide.clone().T,)), (None, (wide.T,))])


def branch_on_contiguity() -> Program:
    f = lambda x: x * 2 if x.is_contiguous() else x * 3  # noqa: E731
    return Program(
        f, [], [(None, (torch.ones(2, 2),)), (None, (torch.arange(4.0).reshape(2, 2).T,))]
    )


def captured_changed_in_place() -> Program:
    w = t(1.0, 2.0)

    def through_numpy() -> None:
        w.numpy()[0] = 9.0

    def through_data() -> None:
        w.data = t(5.0, 6.0)

    return Program(
        lambda x: x * w + w[1],
        [w],
        [
            (None, (t(),)),
            (lambda: w.mul_(3), (t(),)),
            (lambda: w.data.add_(1), (t(),)),
            (through_numpy, (t(),)),
            (through_data, (t(),)),
            (lambda: w[0].fill_(4.0), (t(),)),
        ],
    )


def view_parted_from_its_base() -> Program:
    base = torch.arange(4.0)
    part = base[1:3]

    def rebind() -> None:
        base.data = torch.zeros(4)

    f = lambda x: x + part  # noqa: E731
    return Program(f, [base, part], [(None, (t(),)), (rebind, (t(),)), (None, (t(),))])


def default_dtype_changed() -> Program:
    change = lambda: torch.set_default_dtype(torch.float64)  # noqa: E731
    f = lambda x: x.double() * torch.tensor(0.1)  # noqa: E731
    return Program(f, [], [(None, (t(),)), (change, (t(),))])


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


def transforms_inside() -> Program:
    w = t(1.0, 2.0)

    def f(x: Any) -> Any:
        return torch.func.grad(lambda a: (a * w).sin().sum())(x) + torch.func.vmap(
            lambda a: a * w[0]
        )(x)

    return Program(f, [w], [(None, (t(),)), (lambda: w.add_(1), (t(3.0, 4.0),))])


def module_converted() -> Program:
    net = Line()
    step, _ = training_step(net)
    return Program(step, [net], [(None, (t(),)), (lambda: net.double().float(), (t(),))])


def decorated_function() -> Program:
    rate = [2.0]

    @torch.no_grad()
    def f(x: Any) -> Any:
        return x * rate[0]

    change = lambda: rate.__setitem__(0, 3.0)  # noqa: E731
    return Program(f, [], [(None, (t(),)), (change, (t(),))])


def parameter_wrapped_inside() -> Program:
    w = t(1.0, 2.0)
    f = lambda x: (nn.Parameter(w) * x).detach()  # noqa: E731
    return Program(f, [w], [(None, (t(),)), (lambda: w.mul_(2), (t(),))])


def gradient_held_outside() -> Program:
    w = t(1.0, 2.0, grad=True)
    w.grad = held = t(1.0, 1.0)

    def f(x: Any) -> Any:
        (w * x).sum().backward()
        return held * 1

    return Program(f, [w, held], [(None, (t(),)), (None, (t(2.0, 3.0),))])


def expanded_argument() -> Program:
    return Program(
        lambda x: x * 2, [], [(None, (torch.ones(2),)), (None, (torch.ones(1).expand(2),))]
    )


REPLAYED_THROUGHOUT = [
    buffer_rebound,
    module_converted, transforms_inside, double_backward_inside, parameter_wrapped_inside, gradient_held_outside,
    grad_mode_inside, captured_interleaved_views, disjoint_views_written, captured_changed_in_place,
    tensor_in_object_rebound, arguments_that_are_views_read, expanded_argument,
]  # fmt: skip
"""Programs that a single trace serves."""

TRACED_AGAIN = [
    number_in_argument, signed_zero_in_argument, number_in_closure, number_in_global, number_in_object,
    number_in_class, number_in_default, number_in_namespace, array_in_closure, growing_list, order_of_a_dict,
    order_of_keys_in_an_argument, nesting_of_arguments, dict_of_arguments, tensor_in_closure_rebound,
    shape_of_an_unread_tensor, parameter_rebound, parameter_rebound_for_forward, tied_buffer_untied, buffers_tied,
    parameters_tied, mode_switched, submodule_replaced, forward_hook_added, learning_rate_changed, parameter_frozen,
    gradient_cleared_between, branch_on_a_gradient, branch_on_a_gradient_of_a_plain_tensor, gradient_of_an_argument,
    same_tensor_twice, written_argument_given_twice, requires_grad_of_an_argument, class_of_an_argument,
    shapes_and_dtypes, layout_of_an_argument, branch_on_contiguity, view_parted_from_its_base, default_dtype_changed,
    hook_on_a_captured_leaf, number_in_a_hook, decorated_function,
]  # fmt: skip
"""Programs whose trace must be noticed to be out of date at least once."""


@pytest.fixture(autouse=True)
def _settings() -> Any:
    yield
    torch.set_default_dtype(torch.float32)
    globals().update(SCALE=2.0)


@pytest.mark.parametrize("program", REPLAYED_THROUGHOUT, ids=lambda p: p.__name__)
def test_one_trace_serves_every_step(program: Callable[[], Program]) -> None:
    assert compare(program)[1:].count(True) == 0


@pytest.mark.parametrize("program", TRACED_AGAIN, ids=lambda p: p.__name__)
def test_a_trace_that_is_out_of_date_is_noticed(program: Callable[[], Program]) -> None:
    torch.set_default_dtype(torch.float32)
    assert any(compare(program)[1:])

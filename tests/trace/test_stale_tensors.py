"""Tensors that change between calls: a replay equals eager, or has to be traced again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import wengert as torch
from tests.trace.agreement import Program, compare
from wengert import nn


def t(*values: float, grad: bool = False) -> Any:
    return torch.tensor(values or (1.0, 1.0), requires_grad=grad)


def branch_on_a_gradient_of_a_plain_tensor() -> Program:
    w = t(1.0, 2.0)
    give = lambda: setattr(w, "grad", t(1.0, 1.0))  # noqa: E731
    f = lambda x: x * 2 if w.grad is None else x + w.grad  # noqa: E731
    return Program(f, [w], [(None, (t(),)), (give, (t(),))])


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


def transforms_inside() -> Program:
    w = t(1.0, 2.0)

    def f(x: Any) -> Any:
        return torch.func.grad(lambda a: (a * w).sin().sum())(x) + torch.func.vmap(
            lambda a: a * w[0]
        )(x)

    return Program(f, [w], [(None, (t(),)), (lambda: w.add_(1), (t(3.0, 4.0),))])


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


def expanded_argument() -> Program:
    return Program(
        lambda x: x * 2, [], [(None, (torch.ones(2),)), (None, (torch.ones(1).expand(2),))]
    )


def layout_of_a_result() -> Program:
    def f(x: Any) -> Any:
        y = x.T * 2
        y.reshape(-1).mul_(0)
        return y * (2 if y.is_contiguous() else 3)

    wide = torch.arange(6.0).reshape(2, 3)
    return Program(
        f, [wide], [(None, (wide,)), (None, (wide + 1,)), (None, (wide.T.contiguous().T,))]
    )


def overlapping_views_of_one_base() -> Program:
    base = torch.arange(4.0)
    a, b = base[:3], base[1:]

    def f(x: Any) -> Any:
        a.mul_(2)
        b.add_(x)
        return a.sum() + b.sum()

    return Program(f, [base, a, b], [(None, (t(1.0),)), (None, (t(2.0),))])


def transforms_write_outside() -> Program:
    w = t(1.0, 2.0)

    def f(x: Any) -> Any:
        w.copy_(torch.func.vmap(lambda a: a * 2)(x))
        return torch.func.jvp(lambda a: a * w, (x,), (x,))

    return Program(f, [w], [(None, (t(),)), (None, (t(2.0, 3.0),))])


REPLAYED_THROUGHOUT = [
    transforms_inside,
    parameter_wrapped_inside,
    captured_interleaved_views,
    disjoint_views_written,
    captured_changed_in_place,
    arguments_that_are_views_read,
    expanded_argument,
    overlapping_views_of_one_base,
    transforms_write_outside,
]
"""Programs that a single trace serves."""

TRACED_AGAIN = [
    branch_on_a_gradient_of_a_plain_tensor,
    written_argument_given_twice,
    shapes_and_dtypes,
    layout_of_an_argument,
    branch_on_contiguity,
    view_parted_from_its_base,
    default_dtype_changed,
    decorated_function,
    layout_of_a_result,
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

"""Python values that change between calls: a replay equals eager, or has to be traced again."""

from __future__ import annotations

import types
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as torch
from tests.trace.agreement import Program, compare

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


class Slotted:
    __slots__ = ("k", "w")


def slots() -> Program:
    thing = Slotted()
    thing.k, thing.w = 1.0, t()
    return Program(
        lambda x: x * thing.k + thing.w,
        [],
        [
            (None, (t(),)),
            (lambda: setattr(thing, "k", 2.0), (t(),)),
            (lambda: setattr(thing, "w", t(3.0, 3.0)), (t(),)),
        ],
    )


def method_replaced() -> Program:
    class Local(Setting):
        def go(self, x: Any) -> Any:
            return x * 2

    local = Local()
    for_all = lambda: setattr(Local, "go", lambda self, x: x * 7)  # noqa: E731
    for_one = lambda: setattr(local, "go", lambda x: x * 9)  # noqa: E731
    steps = [(None, (t(),)), (for_all, (t(),)), (for_one, (t(),))]
    return Program(lambda x: local.go(x), [], steps)


def module_of_settings() -> Program:
    config = types.ModuleType("settings_of_a_program")
    exec("RATE = 2.0\ndef scaled(x): return x * RATE\n", vars(config))
    change = lambda: setattr(config, "RATE", 3.0)  # noqa: E731
    return Program(lambda x: config.scaled(x), [], [(None, (t(),)), (change, (t(),))])


def attribute_by_name() -> Program:
    setting, name = Setting(), "factor"
    change = lambda: setattr(setting, "factor", 4.0)  # noqa: E731
    return Program(lambda x: x * getattr(setting, name), [], [(None, (t(),)), (change, (t(),))])


def global_by_text() -> Program:
    change = lambda: globals().update(SCALE=4.0)  # noqa: E731
    return Program(lambda x: x * eval("SCALE"), [], [(None, (t(),)), (change, (t(),))])


def inner_function() -> Program:
    k = [2.0]

    def outer(x: Any) -> Any:
        def inner(y: Any) -> Any:
            return y * k[0]

        return inner(x)

    change = lambda: k.__setitem__(0, 3.0)  # noqa: E731
    return Program(outer, [], [(None, (t(),)), (change, (t(),))])


def size_of_a_set() -> Program:
    found = {1.0, 2.0}
    return Program(lambda x: x * len(found), [], [(None, (t(),)), (lambda: found.add(3.0), (t(),))])


def array_as_argument() -> Program:
    a = np.array([1.0, 2.0], np.float32)
    f = lambda x, y: x * torch.tensor(y)  # noqa: E731
    return Program(
        f, [], [(None, (t(), a)), (lambda: a.fill(3), (t(), a)), (None, (t(), a.copy()))]
    )


def list_of_tensors_turned() -> Program:
    several = [t(1.0, 2.0), t(3.0, 4.0)]
    f = lambda x: x * several[0] + several[1]  # noqa: E731
    return Program(f, [], [(None, (t(),)), (several.reverse, (t(),))])


REPLAYED_THROUGHOUT = [
    tensor_in_object_rebound,
]
"""Programs that a single trace serves."""

TRACED_AGAIN = [
    number_in_argument,
    signed_zero_in_argument,
    number_in_closure,
    number_in_global,
    number_in_object,
    number_in_class,
    number_in_default,
    number_in_namespace,
    array_in_closure,
    growing_list,
    order_of_a_dict,
    order_of_keys_in_an_argument,
    nesting_of_arguments,
    dict_of_arguments,
    tensor_in_closure_rebound,
    shape_of_an_unread_tensor,
    slots,
    method_replaced,
    module_of_settings,
    attribute_by_name,
    global_by_text,
    inner_function,
    size_of_a_set,
    array_as_argument,
    list_of_tensors_turned,
]
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

"""What a replay says when something is no longer what it was, and what counts as the same."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as torch
from wengert import nn
from wengert.errors import TraceError
from wengert.trace import trace
from wengert.trace.guards import same, structure


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, 1.0), (1, True), (0.0, -0.0), (1, np.int64(1)), ((1,), (1.0,)), ((1,), [1]), ("a", b"a"),
        (1j, complex(-0.0, 1)), (slice(1), slice(2)), ([1], [1]), (np.float32(1), np.float64(1)), (int, float),
    ],
)  # fmt: skip
def test_values_that_differ(a: Any, b: Any) -> None:
    assert not same(a, b)


@pytest.mark.parametrize(
    "make",
    [
        lambda: float("nan"), lambda: (1, ("a", 2.5)), lambda: slice(1, 2), lambda: np.float32(0.5),
        lambda: torch.float32, lambda: torch.Size([2, 3]), lambda: [].append.__class__, lambda: str(10**20),
    ],
)  # fmt: skip
def test_equal_values_are_the_same(make: Callable[[], Any]) -> None:
    assert same(make(), make())


def test_structure_knows_keys_order_and_kinds() -> None:
    trees = [(1, 2), [1, 2], {"a": 1, "b": 2}, {"b": 1, "a": 2}, ((1,), 2), (1, (2,))]
    assert len({repr(structure(tree)) for tree in trees}) == len(trees)
    assert structure((1, {"a": 2})) == structure((5, {"a": 7}))


def box(**values: Any) -> types.SimpleNamespace:
    return types.SimpleNamespace(**values)


def refused(traced: Any, words: str, *args: Any) -> None:
    with pytest.raises(TraceError, match=words):
        traced(*(args or (torch.ones(2),)))


def test_a_changed_value_is_named_by_its_path() -> None:
    settings = box(rates={"slow": [0.1, 0.2]})
    traced = trace(lambda x: x * settings.rates["slow"][1], torch.ones(2))
    settings.rates["slow"][1] = 0.5
    refused(traced, r"settings\.rates\['slow'\]\[1\] has changed since")


def test_facts_of_tensors_are_named() -> None:
    things = box(w=torch.ones(2), leaf=torch.ones(2, requires_grad=True))
    traced = trace(lambda x: x * things.w.shape[0] * things.leaf.detach(), torch.ones(2))
    things.w = torch.ones(3)
    refused(traced, r"the shape of things\.w has changed")
    things.w = torch.ones(2).double()
    refused(traced, r"the dtype of things\.w has changed")
    things.w = torch.ones(2)
    things.leaf.requires_grad_(False)
    refused(traced, r"the requires_grad of things\.leaf has changed")
    things.leaf.requires_grad_(True).register_hook(lambda g: g)
    refused(traced, r"the hooks of things\.leaf has changed")


def test_tensors_that_part_or_join_are_noticed() -> None:
    w = torch.ones(2)
    things = box(a=w, b=w, c=torch.ones(2))
    traced = trace(lambda x: x * things.a + things.b - things.c, torch.ones(2))
    things.b = torch.zeros(2)
    refused(traced, "not all of them have the same tensor now")
    things.b, things.c = w, w
    refused(traced, "is the same tensor as another one now")
    things.c = None
    refused(traced, r"things\.c was a tensor when the function was traced and is gone now")


def test_arguments_nested_in_another_way_are_refused() -> None:
    a = torch.ones(2)
    refused(trace(lambda p: p[0] * p[1], (a, a + 1)), "nested in another way", [a, a + 1])
    refused(trace(lambda p: p["a"], {"a": a}), "have other keys", {"b": a})
    refused(
        trace(lambda p: p, nn.Parameter(a)),
        "was a Parameter when traced and is a Tensor",
        a.clone().requires_grad_(),
    )


def test_another_layout_is_refused_where_it_matters() -> None:
    wide = torch.arange(4.0).reshape(2, 2)
    refused(trace(lambda x: x.reshape(-1) * 2, wide), r"pass `x\.contiguous\(\)`", wide.T)
    assert trace(lambda x: x * 2, wide)(wide.T).tolist() == [[0.0, 4.0], [2.0, 6.0]]


def test_a_view_that_its_base_left_is_refused() -> None:
    base = torch.arange(4.0)
    part = base[1:3]
    traced = trace(lambda x: x * part, torch.ones(2))
    base.data = torch.zeros(4)
    refused(traced, "no longer looks at the memory of its base")


def test_a_gradient_that_stood_elsewhere_is_refused() -> None:
    w = torch.ones(2, requires_grad=True)
    held = w.grad = torch.ones(2)
    traced = trace(lambda x: x * w.grad + held, torch.ones(2))
    w.grad = torch.zeros(2)
    refused(traced, "a gradient stood elsewhere as well")


def test_a_changed_default_dtype_is_named() -> None:
    traced = trace(lambda x: x * 2, torch.ones(2))
    torch.set_default_dtype(torch.float64)
    try:
        refused(
            traced,
            "the default dtype is not what it was when traced",
            torch.ones(2, dtype=torch.float32),
        )
    finally:
        torch.set_default_dtype(torch.float32)


def test_another_number_of_arguments_is_refused() -> None:
    refused(
        trace(lambda x: x, torch.ones(2)),
        "traced with 1 arguments, called with 2",
        torch.ones(2),
        1,
    )


def test_a_captured_tensor_that_is_an_argument_is_refused_where_gradients_land() -> None:
    w = torch.ones(2, requires_grad=True)
    refused(trace(lambda x: (w * x).sum().backward(), torch.ones(2)), "requires grad now", w)
    v = torch.ones(2, requires_grad=True)
    traced = trace(lambda x: (w * x).sum().backward(), v)
    refused(traced, "Pass it or capture it, not both", w)
    assert w.grad is None

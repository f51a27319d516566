"""Hooks on tensors, nodes and accumulation: when they run, what they see, what they may return."""

from __future__ import annotations

import pytest

import wengert as torch
from wengert.errors import GradientError, ShapeError


def leaf(*values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def test_order_around_a_node():
    x = leaf(2.0)
    y = x * 3
    seen = []
    y.grad_fn.register_prehook(lambda go: seen.append("before the node"))
    y.grad_fn.register_hook(lambda gi, go: seen.append("after the node"))
    y.register_hook(lambda g: seen.append("tensor"))
    x.register_post_accumulate_grad_hook(lambda t: seen.append("landed"))
    node = y.grad_fn.next_functions[0][0]
    node.register_hook(lambda gi, go: seen.append("after landing"))
    node.register_prehook(lambda go: seen.append("before landing"))
    x.register_hook(lambda g: seen.append("leaf"))
    y.sum().backward()
    assert seen == [
        "tensor", "before the node", "after the node",
        "leaf", "before landing", "landed", "after landing",
    ]  # fmt: skip


def test_a_leaf_has_one_node():
    x = leaf(2.0)
    square = x * x
    first, second = (edge[0] for edge in square.grad_fn.next_functions)
    assert first is second
    assert first.variable is x
    first.metadata["note"] = 1
    assert (x + 1).grad_fn.next_functions[0][0].metadata == {"note": 1}


def test_hooks_of_accumulation_stay_when_the_node_is_dropped():
    x = leaf(2.0)
    seen = []
    (x * 1).grad_fn.next_functions[0][0].register_hook(
        lambda gi, go: seen.append((gi, go[0].item()))
    )
    (x * 5).backward(torch.ones(1, dtype=torch.float64))
    assert seen == [((), 5.0)]


def test_prehook_of_accumulation_replaces_what_lands():
    x = leaf(2.0)
    node = (x * 1).grad_fn.next_functions[0][0]
    handle = node.register_prehook(lambda go: (go[0] * 10,))
    (x * 5).sum().backward()
    handle.remove()
    (x * 5).sum().backward()
    assert x.grad.tolist() == [55]


def test_grad_runs_no_hooks_of_accumulation():
    x = leaf(2.0)
    seen = []
    node = (x * 1).grad_fn.next_functions[0][0]
    node.register_prehook(lambda go: seen.append("before"))
    node.register_hook(lambda gi, go: seen.append("after"))
    x.register_post_accumulate_grad_hook(lambda t: seen.append("landed"))
    x.register_hook(lambda g: seen.append("leaf"))
    torch.autograd.grad((x * 5).sum(), x)
    assert seen == ["leaf"]


def test_node_hook_sees_gradients_of_the_operands_shapes():
    x, b = leaf(1.0, 2.0), torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    y = x * b
    seen = []
    y.grad_fn.register_hook(lambda gi, go: seen.append([tuple(g.shape) for g in (*gi, *go)]))
    y.sum().backward()
    assert seen == [[(2,), (), (2,)]]


def test_node_hooks_of_a_function():
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, factor):
            return x * factor

        @staticmethod
        def backward(ctx, grad):
            return grad * 2, None

    x = leaf(2.0)
    y = Double.apply(x, 2)
    y.grad_fn.register_prehook(lambda go: (go[0] + 1,))
    y.grad_fn.register_hook(lambda gi, go: (gi[0] * 10, None))
    y.sum().backward()
    assert x.grad.tolist() == [40]


def test_node_hooks_of_several_outputs():
    x = leaf(1.0, 2.0)
    a, b = x.split(1)
    seen = []
    a.grad_fn.register_prehook(lambda go: (go[0], go[1] + 7))
    a.grad_fn.register_hook(lambda gi, go: seen.append([g.tolist() for g in go]))
    a.sum().backward()
    assert x.grad.tolist() == [1, 7]
    assert seen == [[[1], [0]]]


def test_node_hooks_run_under_create_graph():
    x = leaf(2.0)
    y = x * x
    y.grad_fn.register_hook(lambda gi, go: (gi[0] * x, gi[1]))
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    assert g.tolist() == [2 * 2 + 2]
    assert torch.autograd.grad(g.sum(), x)[0].tolist() == [2 * 2 + 1]


def test_hooks_run_with_the_grad_mode_of_the_walk():
    x = leaf(2.0)
    seen = []
    y = x * 3
    y.register_hook(lambda g: seen.append(torch.is_grad_enabled()))
    y.grad_fn.register_hook(lambda gi, go: seen.append(torch.is_grad_enabled()))
    x.register_post_accumulate_grad_hook(lambda t: seen.append(torch.is_grad_enabled()))
    y.sum().backward(retain_graph=True)
    y.sum().backward(create_graph=True)
    assert seen == [False] * 3 + [True] * 3


def test_a_hook_that_writes_into_its_argument_reaches_nothing_else():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    given = torch.ones(2, dtype=torch.float64)
    x.register_hook(lambda g: g.mul_(10))
    (x + y).backward(given)
    assert x.grad.tolist() == [10, 10]
    assert y.grad.tolist() == [1, 1]
    assert given.tolist() == [1, 1]


def test_a_gradient_that_a_hook_keeps_does_not_change_later():
    x = leaf(1.0, 2.0)
    kept = []
    x.register_hook(kept.append)
    for _ in range(3):
        x.sum().backward()
    assert [g.tolist() for g in kept] == [[1, 1]] * 3


def test_grad_captures_before_hooks_where_the_walk_goes_on():
    x = leaf(2.0)
    h = x * 2
    h.register_hook(lambda g: g * 7)
    out = (h * 3).sum()
    assert [g.tolist() for g in torch.autograd.grad(out, [h, x], retain_graph=True)] == [[3], [42]]
    assert torch.autograd.grad(out, h, retain_graph=True)[0].tolist() == [21]
    out.backward(inputs=[h, x])
    assert (h.grad.tolist(), x.grad.tolist()) == ([21], [42])


def test_inputs_that_already_retain_count_once():
    x = leaf(2.0)
    h = x * 2
    h.retain_grad()
    h.sum().backward(inputs=[h])
    assert h.grad.tolist() == [1]


def test_retain_grad_is_filled_by_grad_too():
    x = leaf(2.0)
    h = x * 2
    h.retain_grad()
    torch.autograd.grad((h * 3).sum(), x)
    assert h.grad.tolist() == [3]


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (torch.ones(1), TypeError, "expected a tuple of gradients or None"),
        ("g", TypeError, "expected a tuple"),
        ((), GradientError, "incorrect number of values"),
        ((None,) * 3, GradientError, "incorrect number of values"),
        ((torch.ones(7, dtype=torch.float64),), ShapeError, "changed the size of value"),
        ((torch.ones(1),), ShapeError, "changed the type of value"),
        (("g",), TypeError, "expected a tensor or None"),
    ],
)
def test_wrong_answers_of_node_hooks(answer, error, words, before):
    x = leaf(2.0)
    y = x.exp()
    if before:
        y.grad_fn.register_prehook(lambda go: answer)
    else:
        y.grad_fn.register_hook(lambda gi, go: answer)
    with pytest.raises(error, match=words):
        y.sum().backward()
    assert x.grad is None


def test_a_missing_gradient_cannot_be_replaced():
    x = leaf(2.0)
    y = x * 3
    y.grad_fn.register_hook(lambda gi, go: (gi[0], gi[0]))
    with pytest.raises(GradientError, match="can't replace a None gradient"):
        y.sum().backward()


def test_a_hook_may_drop_a_gradient():
    x = leaf(2.0)
    y = x * 3
    y.grad_fn.register_hook(lambda gi, go: (None, None))
    y.sum().backward()
    assert x.grad is None


def test_hooks_must_be_callable():
    y = leaf(2.0) * 3
    leaf_node = y.grad_fn.next_functions[0][0]
    for register in (
        y.grad_fn.register_hook,
        y.grad_fn.register_prehook,
        leaf_node.register_hook,
        leaf_node.register_prehook,
        y.register_hook,
    ):
        with pytest.raises(TypeError, match="a hook must be callable, got int"):
            register(3)


def test_names_of_nodes():
    x = leaf(2.0)
    assert (x * 2).grad_fn.name() == "MulBackward0"
    assert (x * 2).grad_fn.next_functions[0][0].name() == "torch::autograd::AccumulateGrad"
    copied = x.clone().copy_(x)
    assert copied.grad_fn.name() == "torch::autograd::CopyBackwards"
    assert repr(copied.grad_fn).startswith("<CopyBackwards object at ")


def test_the_transposition_in_a_linear_layer_is_shown_only():
    x, w, b = (torch.ones(n, 3, requires_grad=True) for n in (2, 3, 1))
    y = torch.nn.functional.linear(x, w, b[0])
    turned = y.grad_fn.next_functions[2][0]
    with pytest.raises(TypeError, match="register_hook: a hook must be callable, got int"):
        turned.register_hook(3)
    edge = torch.autograd.graph.GradientEdge(turned, 0)
    with pytest.raises(
        RuntimeError, match="stands for the transposition of a weight within one operation"
    ):
        torch.autograd.grad(y.sum(), edge)
    (found,) = torch.autograd.grad(
        y.sum(), torch.autograd.graph.GradientEdge(*turned.next_functions[0])
    )
    assert torch.equal(found, torch.full((3, 3), 2.0))

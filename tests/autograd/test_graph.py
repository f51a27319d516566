"""Hooks on several gradients, where PyTorch has limits, and what `autograd.graph` says when something is wrong."""

from __future__ import annotations

import pytest

import wengert as torch

graph = torch.autograd.graph


def test_a_hook_on_leaves_sees_what_grad_computes():
    x = torch.ones(2, requires_grad=True)
    y = x * 3
    total = y.sum()
    seen = []
    handle = graph.register_multi_grad_hook((x, y), lambda g: seen.append([t.tolist() for t in g]))
    torch.autograd.grad(total, x, retain_graph=True)
    assert seen == [[[3.0, 3.0], [1.0, 1.0]]]
    handle.remove()
    handle.remove()
    total.backward()
    assert len(seen) == 1


def test_a_walk_within_a_walk_has_gradients_of_its_own():
    x = torch.ones(2, requires_grad=True)
    w = x * 5
    y = w * 3
    total, seen, inner = y.sum(), [], []
    double = total * 2

    def walk_again(g):
        if not inner:
            inner.append(True)
            inner.append(torch.autograd.grad(double, x, retain_graph=True))

    y.register_hook(walk_again)
    graph.register_multi_grad_hook((w, y), lambda g: seen.append([t.tolist() for t in g]))
    total.backward(retain_graph=True)
    assert seen == [[[6.0, 6.0], [2.0, 2.0]], [[3.0, 3.0], [1.0, 1.0]]]


def test_a_hook_on_gradients_keeps_no_walk():
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    hook = graph._First(lambda g: None)
    y.register_hook(hook)
    y.sum().backward()
    assert len(hook.walks) == 0


WORDS = {
    "graph.get_gradient_edge(torch.ones(1))": "does not require gradients. Mark it with `requires_grad_()`",
    "graph.register_multi_grad_hook([x, torch.ones(1)], print)": "tensor 1 does not require grad. Leave it out",
    "graph.register_multi_grad_hook([x], print, mode='each')": "one of ('all', 'any') but got 'each'",
}


@pytest.mark.parametrize("program", WORDS)
def test_words(program):
    x = torch.ones(1, requires_grad=True)
    with pytest.raises(Exception) as caught:
        eval(program, {"torch": torch, "graph": graph, "x": x})
    assert WORDS[program] in str(caught.value)

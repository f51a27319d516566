"""A walk that fails leaves every ``.grad``, every tensor and the graph as they were."""

from __future__ import annotations

import contextlib

import pytest

import wengert as torch
from wengert.errors import GradientError, ShapeError


def leaf(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


class Wrong(torch.autograd.Function):
    """Returns from backward whatever its class attribute says."""

    answer = None

    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return Wrong.answer(grad)


def raising(grad):
    raise KeyError("no")


WRONG_ANSWERS = {
    "raises": (raising, KeyError, "no"),
    "too many": (lambda g: (g, g), GradientError, "incorrect number of gradients"),
    "a number": (lambda g: 1.0, GradientError, "expected Variable or None"),
    "a text": (lambda g: "g", GradientError, "expected Variable or None"),
    "wrong shape": (lambda g: torch.ones(7), ShapeError, r"shape \[7\], but its input has shape"),
}


def graph():
    """Return what a failure must not touch: a leaf with a gradient, one without, and a tensor that retains its own."""
    x, w = leaf(1, 2, 3), leaf(4, 5, 6)
    x.grad = torch.tensor([0.5, 0.5, 0.5], dtype=torch.float64)
    h = x * w
    h.retain_grad()
    return x, w, h


def unchanged(x, w, h):
    assert x.grad.tolist() == [0.5, 0.5, 0.5]
    assert w.grad is None
    assert x.tolist() == [1, 2, 3] and w.tolist() == [4, 5, 6] and h.tolist() == [4, 10, 18]
    with pytest.warns(UserWarning) if not h.retains_grad else contextlib.nullcontext():
        assert h.grad is None


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", WRONG_ANSWERS)
def test_failed_function_leaves_everything_as_it_was(name, create_graph):
    answer, error, words = WRONG_ANSWERS[name]
    x, w, h = graph()
    out = (Wrong.apply(h * 1.0) + h * h).sum()
    Wrong.answer = staticmethod(answer)
    with pytest.raises(error, match=words):
        out.backward(create_graph=create_graph)
    unchanged(x, w, h)
    Wrong.answer = staticmethod(lambda g: g * 2)
    out.backward()
    assert w.grad.tolist() == [(2 + 2 * 4) * 1, (2 + 2 * 10) * 2, (2 + 2 * 18) * 3]
    assert h.grad.tolist() == [10, 22, 38]


@pytest.mark.parametrize("where", ["leaf", "inner", "node", "node before", "accumulation"])
def test_failed_hook_leaves_everything_as_it_was(where):
    x, w, h = graph()
    out = (h * h).sum()

    def refuse(*grads):
        raise KeyError("no")

    node = h.grad_fn
    handle = {
        "leaf": lambda: w.register_hook(refuse),
        "inner": lambda: h.register_hook(refuse),
        "node": lambda: node.register_hook(refuse),
        "node before": lambda: node.register_prehook(refuse),
        "accumulation": lambda: node.next_functions[1][0].register_prehook(refuse),
    }[where]()
    with pytest.raises(KeyError):
        out.backward()
    unchanged(x, w, h)
    handle.remove()
    out.backward()
    assert w.grad.tolist() == [8, 40, 108]


def test_failed_check_leaves_everything_as_it_was():
    x, w, h = graph()
    late = x.exp()
    out = (h * h * late.sin()).sum()
    late.data.mul_(1)
    with torch.no_grad():
        late.add_(1)
    with pytest.raises(GradientError, match="modified by an inplace operation"):
        out.backward()
    unchanged(x, w, h)
    (h * h).sum().backward()
    assert w.grad.tolist() == [8, 40, 108]


def test_the_error_of_an_overwritten_value_names_both_lines():
    x = leaf(1, 2)
    h = x * 2
    out = (h * h).sum()
    with torch.no_grad():
        h.add_(1)
    with pytest.raises(GradientError) as caught:
        out.backward()
    text = str(caught.value)
    assert text.startswith("mul: the saved ")
    assert "(float64, shape (2,)) was changed before backward" in text
    assert "saved by    out = (h * h).sum()" in text
    assert "changed by  h.add_(1)" in text
    assert "clone()" in text


def test_a_second_backward_names_the_line_that_recorded():
    x = leaf(1, 2)
    out = x.exp()
    out.sum().backward()
    with pytest.raises(GradientError) as caught:
        out.sum().backward()
    assert "Trying to backward through the graph a second time" in str(caught.value)
    assert "out = x.exp()" in str(caught.value)


def test_unused_input_is_found_before_anything_is_freed():
    x, unused = leaf(1, 2), leaf(3, 4)
    out = x.exp().sum()
    with pytest.raises(RuntimeError, match="not have been used"):
        torch.autograd.grad(out, [x, unused])
    found = torch.autograd.grad(out, [x, unused], allow_unused=True)
    assert found[1] is None


def test_wrong_gradient_is_refused_before_the_walk():
    x = leaf(1, 2)
    y = x.exp()
    for gradient, error in [
        (torch.ones(3), ShapeError),
        (None, GradientError),
        ([1.0, 1.0], TypeError),
        (1.0, TypeError),
    ]:
        with pytest.raises(error):
            y.backward(gradient)
    assert x.grad is None
    y.sum().backward()

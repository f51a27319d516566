"""Graphs 100,000 nodes deep, and when memory goes: at once, without the garbage collector, without recursion."""

from __future__ import annotations

import contextlib
import gc
import weakref

import pytest

import wengert as torch
from wengert.errors import GradientError

DEPTH = 100_000


def leaf(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


class Keep(torch.autograd.Function):
    """A custom Function that saves its output."""

    @staticmethod
    def forward(ctx, x):
        out = x * 1.0
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx, grad):
        x, out = ctx.saved_tensors
        return grad + 0 * out


CHAINS = {
    "add": (lambda h: h + 1.0, DEPTH),
    "mul": (lambda h: h * 1.0, DEPTH),
    "keeps its output": (lambda h: h.tanh(), DEPTH),
    "view": (lambda h: h.view(1), 2_000),
    "two operands": (lambda h: h + h * 0.0, 50_000),
    "custom": (Keep.apply, 10_000),
}


@contextlib.contextmanager
def without_gc():
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def chain(step, depth, x):
    h = x
    for _ in range(depth):
        h = step(h)
    return h


@pytest.mark.parametrize("name", CHAINS)
def test_deep_graph_is_walked_and_freed_at_once(name):
    step, depth = CHAINS[name]
    with without_gc():
        x = leaf(0.5)
        h = chain(step, depth, x)
        h.sum().backward()
        assert x.grad is not None
        dead = [weakref.ref(x), weakref.ref(h), weakref.ref(h.grad_fn)]
        del x, h
        assert [ref() for ref in dead] == [None] * 3


@pytest.mark.parametrize("name", CHAINS)
def test_deep_graph_that_was_never_walked_is_freed(name):
    step, depth = CHAINS[name]
    with without_gc():
        x = leaf(0.5)
        h = chain(step, depth, x)
        dead = [weakref.ref(x), weakref.ref(h), weakref.ref(h.grad_fn)]
        del x, h
        assert [ref() for ref in dead] == [None] * 3


def test_deep_graph_with_create_graph():
    with without_gc():
        x = leaf(0.5)
        h = chain(lambda h: h * 1.0 + 0.0, DEPTH // 2, x) ** 2
        (g,) = torch.autograd.grad(h.sum(), x, create_graph=True)
        (second,) = torch.autograd.grad(g.sum(), x)
        assert g.tolist() == [1.0] and second.tolist() == [2.0]
        dead = [weakref.ref(x), weakref.ref(h), weakref.ref(g), weakref.ref(g.grad_fn)]
        del x, h, g, second
        assert [ref() for ref in dead] == [None] * 4


def test_deep_graph_through_inputs():
    x = leaf(0.5)
    middle = chain(lambda h: h * 1.0, DEPTH // 2, x)
    out = chain(lambda h: h * 1.0, DEPTH // 2, middle)
    assert torch.autograd.grad(out.sum(), [middle, x])[1].tolist() == [1.0]


def lifetime_after_backward(x):
    (x * 3).sum().backward()
    return []


def lifetime_after_failure(x):
    h = x * 3
    out = (h * h).sum()
    with torch.no_grad():
        h.add_(1)
    with pytest.raises(GradientError):
        out.backward()
    return [h, out]


def lifetime_after_retain_grad(x):
    h = x * 3
    h.retain_grad()
    h.sum().backward(retain_graph=True)
    return [h, h.grad]


def lifetime_of_outputs_kept(x):
    h = x.exp()
    k = h.tanh()
    (k.sigmoid() / h).sum().backward(retain_graph=True)
    return [h, k]


def lifetime_of_function(x):
    h = Keep.apply(x)
    h.sum().backward(retain_graph=True)
    return [h]


def lifetime_of_hooks(x):
    h = x * 3
    h.register_hook(lambda g: g * 2)
    h.grad_fn.register_hook(lambda gi, go: None)
    h.grad_fn.next_functions[0][0].register_prehook(lambda go: None)
    h.sum().backward(retain_graph=True)
    return [h]


def lifetime_of_second_order(x):
    h = (x**3).sum()
    (g,) = torch.autograd.grad(h, x, create_graph=True)
    g.sum().backward(create_graph=True)
    return [h, g]


def lifetime_of_views(x):
    h = x * 3
    v = h.view(-1)[0]
    v.mul_(2)
    h.sum().backward(retain_graph=True)
    return [h, v]


LIFETIMES = [
    lifetime_after_backward,
    lifetime_after_failure,
    lifetime_after_retain_grad,
    lifetime_of_outputs_kept,
    lifetime_of_function,
    lifetime_of_hooks,
    lifetime_of_second_order,
    lifetime_of_views,
]


def watch(tensors):
    """Return a weak reference to each tensor, and a probe of each payload's memory."""
    refs = [weakref.ref(t) for t in tensors]
    alive = []
    for t in tensors:
        array = t._payload
        while array.base is not None:
            array = array.base
        alive.append(weakref.finalize(array, lambda: None))
    return refs, alive


@pytest.mark.parametrize("program", LIFETIMES)
def test_nothing_outlives_its_last_reference(program):
    with without_gc():
        x = leaf(0.25, 0.5)
        tensors = [*program(x), x]
        refs, alive = watch(tensors)
        x.grad = None
        del x, tensors
        assert [ref() for ref in refs] == [None] * len(refs)
        assert not any(probe.alive for probe in alive)


def test_backward_frees_what_was_saved():
    with without_gc():
        x = leaf(1.0, 2.0)
        h = x * 2
        out = (h * h).sum()
        refs, alive = watch([h])
        del h
        assert alive[0].alive
        out.backward()
        assert not alive[0].alive

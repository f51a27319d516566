"""The walk back: what lands in ``.grad``, what a failure leaves behind, how deep and how parallel it may go."""

from __future__ import annotations

import contextlib
import gc
import threading
import weakref

import numpy as np
import pytest

import wengert as torch
from wengert.core.primitive import BOOK
from wengert.errors import GradientError, ShapeError

DEPTH = 100_000


def leaf(*values: float, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.tensor(values, dtype=dtype, requires_grad=True)


# What lands


def broadcast(x):
    return (x + torch.ones(3, *x.shape, dtype=x.dtype)).sum()


LANDINGS = {
    "sum": lambda x: x.sum(),
    "mean": lambda x: x.mean(),
    "sum of one axis": lambda x: x.sum(0).sum(),
    "broadcast": broadcast,
    "transposed": lambda x: (x.t() * torch.ones(3, 2, dtype=x.dtype)).sum(),
    "transposed twice": lambda x: x.t().exp().t().sum(),
    "expanded": lambda x: x.expand(4, 2, 3).sum(),
    "used twice": lambda x: (x + x).sum(),
    "used four times": lambda x: (x + x + x + x).sum(),
    "sliced": lambda x: x[:, 1].sum(),
    "indexed": lambda x: x[torch.tensor([0, 0, 1])].sum(),
    "reshaped": lambda x: x.reshape(3, 2).t().sum(),
    "product of matrices": lambda x: (x @ x.t()).sum(),
    "clone": lambda x: x.clone().sum(),
    "double": lambda x: x.double().sum(),
    "float": lambda x: x.float().sum(),
    "split": lambda x: x.split(1)[1].sum(),
    "where": lambda x: torch.where(x > 0, x, -x).sum(),
    "maximum": lambda x: x.max(),
}


def assert_owned(grad, x):
    """A gradient is the tensor's alone: writable, in one piece, of its dtype and shape."""
    array = grad.payload
    assert type(array) is np.ndarray
    assert array.flags.writeable and array.flags.c_contiguous
    assert array.base is None
    assert array.dtype == x.payload.dtype and array.shape == x.payload.shape
    assert not np.may_share_memory(array, x.payload)


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", LANDINGS)
def test_grad_is_owned(name, dtype, twice):
    x = torch.tensor([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]], dtype=dtype, requires_grad=True)
    for _ in range(1 + twice):
        LANDINGS[name](x).backward()
    assert_owned(x.grad, x)
    x.grad.mul_(2)


def test_grad_does_not_share_memory_with_the_given_gradient():
    x = leaf(1, 2, 3)
    given = torch.ones(3, dtype=torch.float64)
    x.backward(gradient=given)
    (x + 0).backward(gradient=given)
    given.mul_(100)
    assert x.grad.tolist() == [2, 2, 2]
    assert_owned(x.grad, x)


def test_grad_of_an_expanded_gradient_is_owned():
    x = leaf(1, 2, 3)
    x.clone().backward(gradient=torch.ones((), dtype=torch.float64).expand(3))
    assert_owned(x.grad, x)


def test_a_float64_gradient_lands_as_float32():
    x = leaf(1, 2, dtype=torch.float32)
    (x * 2).backward(gradient=torch.ones(2, dtype=torch.float64))
    assert_owned(x.grad, x)


def test_two_leaves_do_not_share_a_gradient():
    x, y = leaf(1, 2), leaf(3, 4)
    (x + y).backward(gradient=torch.ones(2, dtype=torch.float64))
    x.grad.mul_(10)
    assert y.grad.tolist() == [1, 1]


def test_two_leaves_do_not_share_a_gradient_under_create_graph():
    x, y = leaf(1, 2), leaf(3, 4)
    (x + y).sum().backward(create_graph=True)
    assert x.grad is not y.grad
    with torch.no_grad():
        x.grad.mul_(10)
    assert y.grad.tolist() == [1, 1]


def test_retained_gradient_is_not_shared_with_the_leaf():
    x = leaf(1, 2)
    h = x + 0
    h.retain_grad()
    h.sum().backward()
    h.grad.mul_(10)
    assert x.grad.tolist() == [1, 1]
    assert_owned(x.grad, x)


def test_results_of_grad_do_not_share_memory():
    x, y = leaf(1, 2), leaf(3, 4)
    given = torch.ones(2, dtype=torch.float64)
    h = x + y
    found = torch.autograd.grad(h + 0, [x, y, h], given)
    found[0].mul_(10)
    assert found[1].tolist() == found[2].tolist() == given.tolist() == [1, 1]


def test_accumulation_keeps_the_tensor():
    x = leaf(1, 2)
    x.sum().backward()
    first = x.grad
    (x * x).sum().backward()
    assert x.grad is first
    assert first.tolist() == [3, 5]


def test_accumulation_into_a_gradient_of_repeated_memory():
    x = leaf(1, 2)
    x.grad = torch.ones((), dtype=torch.float64).expand(2)
    x.sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_accumulation_into_a_gradient_with_history_keeps_it():
    x = leaf(2.0)
    (x**3).sum().backward(create_graph=True)
    first = x.grad
    (x * 5).sum().backward()
    assert x.grad is first and first.requires_grad
    assert first.tolist() == [17]


# No float64 in a float32 program


def rule_results(monkeypatch):
    """Record the dtype of every cotangent that any rule returns from now on."""
    seen = []

    def spied(fn):
        def call(*args):
            result = fn(*args)
            if result is not None:
                seen.append((fn, np.asarray(getattr(result, "payload", result)).dtype))
            return result

        return call

    for row in BOOK.values():
        for rule in row.rules:
            if rule is not None:
                monkeypatch.setattr(rule, "fn", spied(rule.fn))
                monkeypatch.setattr(rule, "pull", spied(rule.pull))
    return seen


MIXED = {
    "scalars": lambda x, y, i: (2.0 * x + 1 - y / 3).sum(),
    "powers": lambda x, y, i: (x**2 + 2.0**y + (x * x) ** 0.5).sum(),
    "a float64 scalar tensor": lambda x, y, i: (x * torch.tensor(2.0, dtype=torch.float64)).sum(),
    "numpy scalars": lambda x, y, i: (x * np.float64(2.0)).sum(),
    "integers": lambda x, y, i: (x * i + i / 2).sum(),
    "booleans": lambda x, y, i: (x * (x > 0)).sum(),
    "means": lambda x, y, i: x.mean() + y.mean(0).sum() + ((x - x.mean()) ** 2).mean(),
    "matrices": lambda x, y, i: (x @ y.t()).mean(),
    "functions": lambda x, y, i: (x.exp() + y.sin() * x.tanh() + (x * x + 1).log().sqrt()).sum(),
    "softmax": lambda x, y, i: (x.log_softmax(1) * y.softmax(0)).sum() + x.logsumexp(0).sum(),
    "extremes": lambda x, y, i: x.max() + y.min(0)[0].sum() + torch.maximum(x, y).sum(),
    "selection": lambda x, y, i: torch.where(x > 0, x, 0.0).sum() + x[0].sum() + y[:, 1].prod(),
    "joined": lambda x, y, i: (torch.cat([x, y]) * 2).sum() + torch.stack([x, y]).mean(),
    "loss": lambda x, y, i: torch.nn.functional.mse_loss(x, y),
    "relu": lambda x, y, i: (x.relu() * 3 + y.abs() + y.sigmoid()).mean(),
    "an index": lambda x, y, i: x[i[0]].sum() + x.gather(1, i % 2).sum(),
}


@pytest.mark.parametrize("name", MIXED)
def test_float32_stays_float32(name, monkeypatch):
    x = torch.tensor([[0.5, -1.0, 2.0], [1.5, 3.0, -0.25]], requires_grad=True)
    y = torch.tensor([[1.0, 2.0, 0.5], [-1.5, 0.75, 1.25]], requires_grad=True)
    out = MIXED[name](x, y, torch.tensor([[0, 1, 1], [1, 0, 1]]))
    assert out.dtype == torch.float32
    seen = rule_results(monkeypatch)
    out.backward()
    assert seen
    assert [(fn, dtype) for fn, dtype in seen if dtype != np.float32] == []
    assert x.grad.dtype == torch.float32


def test_float64_arises_only_where_the_program_asks_for_it(monkeypatch):
    x = torch.tensor([0.5, -1.0], requires_grad=True)
    out = (x * 2).double().exp().sum()
    seen = rule_results(monkeypatch)
    out.backward()
    assert [dtype.name for _, dtype in seen] == ["float64", "float64", "float32", "float32"]
    assert x.grad.dtype == torch.float32


# Depth and lifetime


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
        array = t.payload
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


# Threads


def in_threads(work, count=8):
    """Run ``work(i)`` in threads that start together; raise the first error."""
    errors = []
    barrier = threading.Barrier(count)

    def run(i):
        try:
            barrier.wait()
            work(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if errors:
        raise errors[0]


def test_threads_accumulate_into_shared_leaves():
    x, w = leaf(1, 2, 3), leaf(4, 5, 6)

    def work(i):
        for _ in range(100):
            (x * w * (i + 1)).sum().backward()

    in_threads(work)
    total = 100 * sum(range(1, 9))
    assert x.grad.tolist() == [4 * total, 5 * total, 6 * total]
    assert w.grad.tolist() == [1 * total, 2 * total, 3 * total]


def test_threads_walk_one_graph():
    x = leaf(1, 2, 3)
    h = x.exp() * x
    out = (h * h + Keep.apply(h)).sum()
    (expected,) = torch.autograd.grad(out, x, retain_graph=True)
    found = [None] * 8

    def work(i):
        for _ in range(30):
            (found[i],) = torch.autograd.grad(out, x, retain_graph=True)
            torch.autograd.grad(out, [h, x], create_graph=True)

    in_threads(work)
    assert all(torch.equal(g, expected) for g in found)


def test_threads_backward_through_one_graph_with_retained_gradients():
    x = leaf(1, 2, 4)
    h = x * 2
    h.retain_grad()
    out = (h * 8).sum()
    in_threads(lambda i: [out.backward(retain_graph=True) for _ in range(50)])
    assert x.grad.tolist() == [16 * 400] * 3
    assert h.grad.tolist() == [8 * 400] * 3


def test_no_grad_holds_in_its_own_thread_only():
    x = leaf(1, 2)
    inside = threading.Event()
    done = threading.Event()
    seen = {}

    def quiet():
        with torch.no_grad():
            inside.set()
            done.wait(5)
            seen["quiet"] = (x * 2).requires_grad, torch.is_grad_enabled()
        seen["after"] = (x * 2).requires_grad

    thread = threading.Thread(target=quiet)
    thread.start()
    inside.wait(5)
    seen["main"] = (x * 2).requires_grad, x.exp().requires_grad, torch.is_grad_enabled()
    done.set()
    thread.join()
    assert seen == {"main": (True, True, True), "quiet": (False, False), "after": True}


# A failed walk leaves everything as it was


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
    assert "mul: the saved left operand (float64, shape (2,)) was changed before backward" in text
    assert "saved by    out = (h * h).sum()" in text
    assert "changed by  h.add_(1)" in text
    assert "x.clone()" in text


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


# Which nodes are walked


def test_only_what_leads_to_inputs_is_walked():
    x, w = leaf(1, 2), leaf(3, 4)
    Wrong.answer = staticmethod(raising)
    beside = Wrong.apply(w)
    (g,) = torch.autograd.grad((x * 2 + beside).sum(), x)
    assert g.tolist() == [2, 2]


def test_rules_of_unwanted_operands_are_not_run(monkeypatch):
    x, w = leaf(1, 2), leaf(3, 4)
    out = (x * w).sum()
    seen = rule_results(monkeypatch)
    torch.autograd.grad(out, x)
    assert len(seen) == 2


def test_backward_with_inputs_fills_these_only():
    x, w = leaf(1, 2), leaf(3, 4)
    h = x * w
    (h * h).sum().backward(inputs=[x, h])
    assert x.grad.tolist() == [18, 64] and w.grad is None
    assert h.grad.tolist() == [6, 16] and h.retains_grad


# Structural masks


def test_an_unselected_branch_gives_zero_and_not_nan():
    x = leaf(-1.0, 0.0, 4.0)
    torch.where(x > 0, x.sqrt(), 0.0).sum().backward()
    assert x.grad.tolist() == [0, 0, 0.25]


def test_a_mask_reaches_through_a_chain():
    x = leaf(-1.0, 0.0, 4.0)
    torch.where(x > 0, (1 / x.sqrt()).log() * 2, x).sum().backward()
    assert x.grad.tolist() == [1, 1, -0.25]


def test_masks_of_two_paths_are_joined():
    x = leaf(-4.0, 0.0, 4.0)
    root = x.abs().sqrt()
    out = torch.where(x > 0, root, 0.0) + torch.where(x < 0, root * 2, 0.0)
    out.sum().backward()
    assert x.grad.tolist() == [-0.5, 0, 0.25]


def test_a_mask_ends_where_an_unmasked_path_joins():
    x = leaf(0.0, 4.0)
    root = x.sqrt()
    (torch.where(x > 0, root, 0.0) + root).sum().backward()
    assert x.grad.tolist() == [float("inf"), 0.5]


def test_masks_nest():
    x = leaf(-1.0, 0.5, 4.0)
    inner = torch.where(x > 1, (x - 1).sqrt(), 1.0)
    torch.where(x > 0, inner.log(), x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [1, 0, 0.5 / 3])


def test_a_mask_under_broadcasting():
    x = leaf(0.0)
    rows = torch.tensor([[0.0], [2.0]], dtype=torch.float64)
    torch.where(rows > 1, (x + rows - 1).log(), 0.0).sum().backward()
    assert x.grad.tolist() == [1]


@pytest.mark.parametrize("order", [1, 2, 3])
def test_masks_hold_at_every_order(order):
    x = leaf(-1.0, 0.0, 1.0)
    value = torch.where(x > 0, x.log(), 0.0).sum()
    for _ in range(order):
        (value,) = torch.autograd.grad(value, x, create_graph=True)
        last, value = value, value.sum()
    assert last.tolist() == [0, 0, [1, -1, 2][order - 1]]


def test_masks_hold_under_transforms():
    def f(x):
        return torch.where(x > 0, x.sqrt(), 0.0)

    x = torch.tensor([-1.0, 0.0, 4.0], dtype=torch.float64)
    assert torch.func.vmap(torch.func.grad(f))(x).tolist() == [0, 0, 0.25]
    assert torch.func.grad(lambda x: torch.func.vmap(f)(x).sum())(x).tolist() == [0, 0, 0.25]


# Anomaly mode


def test_anomaly_mode_names_the_line_of_the_forward():
    x = leaf(0.0, 1.0)
    root = x.sqrt()
    out = (root * 0).sum()
    with torch.autograd.detect_anomaly(), pytest.raises(GradientError) as caught:
        out.backward()
    assert "Function 'SqrtBackward0' returned nan values in its 0th output" in str(caught.value)
    assert "root = x.sqrt()" in str(caught.value)
    assert "test_engine.py" in str(caught.value)
    assert x.grad is None


def test_anomaly_mode_looks_into_functions():
    x = leaf(1.0)
    Wrong.answer = staticmethod(lambda g: g * float("nan"))
    broken = Wrong.apply(x)
    with torch.autograd.set_detect_anomaly(True), pytest.raises(GradientError, match="nan values"):
        broken.sum().backward()
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        broken.sum().backward()
    assert x.grad.isnan().all()


def test_anomaly_mode_is_a_switch_of_the_thread():
    is_enabled = torch.autograd.is_anomaly_enabled
    seen = []
    with torch.autograd.detect_anomaly():
        thread = threading.Thread(target=lambda: seen.append(is_enabled()))
        thread.start()
        thread.join()
        seen.append(is_enabled())
        with torch.autograd.set_detect_anomaly(False):
            seen.append(is_enabled())
        seen.append(is_enabled())
    seen.append(is_enabled())
    assert seen == [False, True, False, True, False]

"""The walk back: what lands in ``.grad``, in which dtype, which nodes are walked, masks and anomaly mode."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import wengert as torch
from wengert.core.primitive import BOOK
from wengert.errors import GradientError


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
    array = grad._payload
    assert type(array) is np.ndarray
    assert array.flags.writeable and array.flags.c_contiguous
    assert array.base is None
    assert array.dtype == x._payload.dtype and array.shape == x._payload.shape
    assert not np.may_share_memory(array, x._payload)


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
                seen.append((fn, np.asarray(getattr(result, "_payload", result)).dtype))
            return result

        return call

    for rule in {rule for row in BOOK.values() for rule in row.rules if rule is not None}:
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

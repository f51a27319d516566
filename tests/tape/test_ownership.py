"""What lands, what is returned and what is cached shares no memory with anything that could change it unseen."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import wengert as torch


def test_a_hook_that_replaces_a_gradient_is_not_masked_away() -> None:
    x = torch.tensor([9.0, 4.0], requires_grad=True)
    s = torch.sqrt(x)
    s.register_hook(lambda g: g + 1)
    torch.where(x > 5, s, x).sum().backward()
    assert np.allclose(x.grad.numpy(), [1 / 3, 1.25])


def test_accumulating_into_a_saved_gradient_is_noticed() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    w = torch.tensor([1.0, 1.0], requires_grad=True)
    (x * x).sum().backward()
    y = (w * x.grad).sum()
    (x * x).sum().backward()
    with pytest.raises(RuntimeError, match="changed before backward"):
        y.backward()


def test_retain_grad_follows_a_write() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    y.retain_grad()
    y.mul_(3)
    (y * y).sum().backward()
    assert y.grad.tolist() == [12.0, 24.0]
    z = x * 2
    z.retain_grad()
    z[0].mul_(3)
    (z * z).sum().backward()
    assert z.grad.tolist() == [12.0, 8.0]


def test_a_returned_gradient_is_the_callers_own() -> None:
    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, w: Any) -> Any:
            ctx.save_for_backward(x, w)
            return (x * w).sum()

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            x, w = ctx.saved_tensors
            return w, x

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    w = torch.tensor([3.0, 4.0], requires_grad=True)
    g, _ = torch.autograd.grad(Product.apply(x, w), [x, w])
    g.mul_(100)
    assert w.tolist() == [3.0, 4.0]


def test_constants_cannot_be_changed() -> None:
    x = torch.ones(1, requires_grad=True)
    hooks = torch.autograd.graph.saved_tensors_hooks(lambda t: t.mul_(100), lambda t: t)
    with hooks:
        x * 2.0
    assert (torch.ones(1) * 2.0).item() == 2.0


@pytest.mark.parametrize("shape", [(2000, 61), (2000, 122), (300, 7, 61)])
def test_a_shuffle_is_noticed(shape: tuple[int, ...]) -> None:
    source = np.random.default_rng(0)
    n = source.normal(size=shape)
    t = torch.from_numpy(n)
    w = torch.ones(*shape, dtype=torch.float64, requires_grad=True)
    y = (t * w).sum()
    n[:] = n[::-1].copy()
    with pytest.raises(RuntimeError, match="NumPy"):
        y.backward()


def test_half_precision_means_do_not_overflow() -> None:
    x = torch.full((1000,), 100.0, dtype=torch.float16)
    assert x.mean().item() == 100.0
    assert torch.nn.MSELoss()(x / 10, x * 0).item() == 100.0


def test_writes_under_a_gradient_of_a_map() -> None:
    x = torch.tensor([0.3, 0.5, 0.7])

    def f(q: Any) -> Any:
        b = torch.ones(3) * 1.5
        b.mul_(q.sin())
        b.mul_(q)
        return b.sum()

    def both(q: Any) -> Any:
        return torch.func.vmap(f)(torch.stack([q, q])).sum()

    expected = 2 * torch.func.grad(f)(x)
    assert np.allclose(torch.func.grad(both)(x).numpy(), expected.numpy())


def test_a_gradient_that_repeats_memory_is_replaced() -> None:
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    x.grad = torch.ones(1).expand(3)
    (x * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert x.grad.tolist() == [2.0, 3.0, 4.0]


def test_masks_of_a_smaller_shape() -> None:
    x = torch.zeros(3, 3, requires_grad=True)
    mask = torch.tensor([[False], [False], [False]])
    torch.where(mask, torch.sqrt(x), 1.0).sum().backward()
    assert x.grad.tolist() == [[0.0] * 3] * 3


def overlapping(*tensors: Any) -> bool:
    """Say whether any two of some tensors share memory."""
    arrays = [t.detach().numpy() for t in tensors]
    return any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])


def test_gradients_of_one_value_are_apart() -> None:
    """``a + b`` passes one cotangent on to both, and the same tensor may be asked for twice."""
    a, b = (torch.ones(3, requires_grad=True) for _ in range(2))
    seed = torch.ones(3)
    found = torch.autograd.grad((a + b).exp(), [a, b, a], seed)
    assert not overlapping(*found, seed)
    (a + b).exp().backward(seed)
    assert not overlapping(a.grad, b.grad, seed)


def test_an_untouched_cotangent_is_not_handed_back() -> None:
    x = torch.ones(3, requires_grad=True)
    seed = torch.ones(3)
    (g,) = torch.autograd.grad(x.clone(), x, seed)
    x.clone().backward(seed)
    assert not overlapping(g, x.grad, seed)


@pytest.mark.parametrize("register", ["register_hook", "register_prehook"])
def test_what_a_node_hook_saw_is_not_handed_over(register: str) -> None:
    seen: list[Any] = []
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    getattr(y.grad_fn, register)(lambda *grads: seen.extend(g for part in grads for g in part))
    found = torch.autograd.grad((y * y).sum(), [x, y])
    for g in found:
        g.mul_(100)
    assert all(g is None or abs(g.numpy()).max() <= 8 for g in seen)


def test_what_a_tensor_hook_keeps_is_not_handed_over() -> None:
    seen: list[Any] = []
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    y.register_hook(seen.append)
    y.retain_grad()
    x.register_hook(seen.append)
    (y * y + y).sum().backward(inputs=[x, y])
    found = torch.autograd.grad((x * 2).exp(), x, torch.ones(3))
    assert not overlapping(*seen, x.grad, y.grad, *found)


def test_an_owned_gradient_is_not_copied() -> None:
    """What a rule made for one leaf alone is handed over as it is, by `grad` as by `backward`."""
    x = torch.ones(100_000, requires_grad=True)
    y = x.exp()
    tracemalloc.start()
    (g,) = torch.autograd.grad(y, x, torch.ones(100_000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2.5 * g.numpy().nbytes

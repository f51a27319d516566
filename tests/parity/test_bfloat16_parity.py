"""bfloat16 beside PyTorch's: values rounded at every operation, gradients, promotion, refusals, printing."""

from __future__ import annotations

import pytest

pytest.importorskip("ml_dtypes")

OPERATIONS = """
    x + y | x - y | x * y | x / y | x ** 2 | x ** y | -x | x + 1.5 | 2 * x | x / 3 | 1 - x | 2.0 ** x | x.exp()
    x.log() | x.sqrt() | x.sin() | x.tanh() | x.sigmoid() | torch.relu(x) | x.abs() | torch.where(x > 2, x, y)
    x.sum() | x.sum(0) | x.mean() | x.mean(1, keepdim=True) | x.amax(1) | x.max() | x.prod() | x.std() | x.norm()
    x @ y.t() | torch.mv(x, y[0]) | torch.softmax(x, 1) | torch.log_softmax(x, 1) | torch.logsumexp(x, 1)
    x.reshape(3, 2) | x.t() | x[0] | x[:, 1:] | x[[0, 1, 1]] | torch.cat([x, y]) | torch.stack([x, y]) | x.cumsum(1)
    x.expand(2, 2, 3) | torch.maximum(x, y) | x.float() * 2 | x.to(torch.float64) + 1 | x + y.float()
    x * y[0, 0].double()
    torch.nn.functional.linear(x, y) | torch.nn.functional.mse_loss(x, y) | torch.nn.functional.layer_norm(x, (3,))
""".replace("\n", "|").split("|")


@pytest.mark.parametrize("operation", [o.strip() for o in OPERATIONS if o.strip()])
def test_values_and_gradients(torch, operation):
    x = torch.tensor([[1.1, 2.3, 0.7], [3.9, 0.2, 1.6]], dtype=torch.bfloat16, requires_grad=True)
    y = torch.tensor([[0.5, 1.7, 2.1], [1.3, 0.9, 2.6]], dtype=torch.bfloat16, requires_grad=True)
    out = eval(operation, {"torch": torch, "x": x, "y": y})
    out.sum().backward()
    return out, x.grad, y.grad, str(out.dtype)


@pytest.mark.parametrize(
    "expression",
    [
        "torch.bfloat16, torch.bfloat16.itemsize, torch.bfloat16.is_floating_point, torch.bfloat16.is_signed",
        "torch.finfo(torch.bfloat16), torch.finfo(torch.bfloat16).bits",
        "x, x[0], x.sum(), x.requires_grad_()",
        "f'{x[0]}', f'{x[0]:.3f}', x.tolist(), x[1].item()",
        "x.type(), x.element_size(), x.bfloat16() is x, x.is_floating_point()",
        "torch.zeros(2, dtype=torch.bfloat16), torch.full((2,), 1.1, dtype=torch.bfloat16)",
        "torch.arange(3, dtype=torch.bfloat16), torch.linspace(0, 1, 4, dtype=torch.bfloat16)",
        "torch.tensor([1e39]).bfloat16(), torch.tensor([3, 300]).bfloat16(), torch.tensor(1 / 3).bfloat16()",
        "torch.tensor([257.0, 1.00390625, 1.01171875]).bfloat16()",
        "x.half(), x.int(), x.bool(), x.double(), x.to(torch.complex64)",
        "isinstance(x, torch.BFloat16Tensor), torch.BFloat16Tensor([1, 2])",
        "x.add_(1.3), x.mul_(0.3), x.sub_(x), x.fill_(0.1)",
        "x == x.float(), x < 2, x.isnan(), torch.isfinite(x)",
        "torch.tensor([1.0, float('inf')], dtype=torch.bfloat16).nan_to_num()",
        "x.argmax(), x.sort(), torch.topk(x, 1)",
        "x + torch.ones(2, dtype=torch.float16), x + torch.arange(2), x + 1j, x + True",
        "x * torch.tensor(2.0, dtype=torch.float64), torch.tensor(2.0, dtype=torch.bfloat16) * torch.arange(2)",
    ],
)
def test_what_is_printed(torch, expression):
    x = torch.tensor([1.1, 2.5], dtype=torch.bfloat16)
    return repr(eval(expression, {"torch": torch, "x": x}))


@pytest.mark.parametrize(
    "expression",
    [
        "x.numpy()",
        "x & x",
        "torch.full((2,), 1e39, dtype=torch.bfloat16)",
        "torch.finfo(torch.bfloat16).max + x.foo",
        "torch.iinfo(torch.bfloat16)",
        "[1, 2][x[0]]",
        "x @ x.float()",
    ],
)
def test_what_is_refused(torch, caught, expression):
    x = torch.tensor([1.0, 2.0], dtype=torch.bfloat16)
    error = caught(lambda: eval(expression, {"torch": torch, "x": x}))
    assert isinstance(error, Exception)
    return error


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_training(torch, optimizer):
    w = torch.tensor([0.3, -0.2], dtype=torch.bfloat16, requires_grad=True)
    x = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]], dtype=torch.bfloat16)
    steps = getattr(torch.optim, optimizer)([w], lr=0.1)
    losses = []
    for _ in range(5):
        steps.zero_grad()
        loss = ((x @ w - 1) ** 2).mean()
        loss.backward()
        steps.step()
        losses.append(loss.detach())
    return w.detach(), w.grad, torch.stack(losses)


def test_mixed_precision(torch):
    w = torch.tensor([[0.3, -0.2], [0.7, 0.4]], requires_grad=True)
    x = torch.tensor([[1.0, 2.0], [3.0, -1.0]])
    hidden = (x.bfloat16() @ w.bfloat16().t()).relu()
    loss = hidden.float().pow(2).sum()
    loss.backward()
    return loss, w.grad, hidden.grad_fn.name(), loss.grad_fn.name()


def test_second_order(torch):
    x = torch.tensor([0.5, 1.5], dtype=torch.bfloat16, requires_grad=True)
    (first,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    return first, second


def test_default_dtype(torch):
    torch.set_default_dtype(torch.bfloat16)
    try:
        x = torch.tensor([1.5, 2.5])
        return x, repr(x), x.dtype, torch.ones(2), torch.arange(2) / 3
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(
    "expression",
    [
        "torch.rand(5, dtype=b)",
        "torch.randn(5, dtype=b), torch.randn(20, dtype=b)",
        "torch.empty(4, dtype=b).uniform_(-1, 1), torch.empty(4, dtype=b).normal_(1, 2)",
        "torch.randint(0, 10, (4,), dtype=b), torch.empty(5, dtype=b).random_(), torch.randperm(4, dtype=b)",
        "torch.bernoulli(torch.full((4,), 0.5, dtype=b)), torch.empty(4, dtype=b).exponential_()",
    ],
)
def test_the_same_random_numbers(torch, expression):
    torch.manual_seed(0)
    return repr(eval(expression, {"torch": torch, "b": torch.bfloat16}))


def test_transforms(torch):
    x = torch.tensor([[0.5, 1.5], [2.0, 3.0]], dtype=torch.bfloat16)
    return (
        torch.func.vmap(lambda r: (r * r).sum())(x),
        torch.func.grad(lambda r: (r.exp() * 0.5).sum())(x),
        torch.func.jvp(lambda r: r.tanh() * 2, (x,), (torch.ones_like(x),)),
        torch.func.vmap(torch.func.grad(lambda r: (r**3).sum()))(x),
    )

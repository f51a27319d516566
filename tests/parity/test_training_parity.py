"""Training programs: the same model, start, batches and optimiser on both sides, step by step over 200 steps.

In float64 the losses and parameters follow PyTorch's to 1e-10. In float32 no step is farther from PyTorch's float64 run
than 3 times as far as PyTorch's own float32 run ever is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert

STEPS = 200
BATCHES = 20


@pytest.fixture(scope="module")
def oracle() -> Any:
    return pytest.importorskip("torch")


def zeros(torch: Any, *shape: int) -> Any:
    return torch.nn.Parameter(torch.zeros(shape))


def mlp(torch: Any) -> Any:
    nn, functional = torch.nn, torch.nn.functional

    class Layers(nn.Module):
        """Three affine layers with a tanh and a sigmoid between them."""

        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.c = (zeros(torch, *s) for s in ((16, 4), (16, 16), (3, 16)))
            self.p, self.q, self.r = zeros(torch, 16), zeros(torch, 16), zeros(torch, 3)

        def forward(self, x: Any) -> Any:
            x = functional.linear(x, self.a, self.p).tanh()
            x = functional.linear(x, self.b, self.q).sigmoid()
            return functional.linear(x, self.c, self.r)

    return Layers()


def cnn(torch: Any) -> Any:
    nn, functional = torch.nn, torch.nn.functional

    class Convolutions(nn.Module):
        """Two convolutions with pooling between them, and an affine layer."""

        def __init__(self) -> None:
            super().__init__()
            self.a, self.p = zeros(torch, 4, 1, 3, 3), zeros(torch, 4)
            self.b, self.q = zeros(torch, 6, 4, 3, 3), zeros(torch, 6)
            self.c, self.r = zeros(torch, 3, 24), zeros(torch, 3)

        def forward(self, x: Any) -> Any:
            x = functional.conv2d(x, self.a, self.p, padding=1).tanh()
            x = functional.max_pool2d(x, 2)
            x = functional.conv2d(x, self.b, self.q).relu()
            return functional.linear(x.flatten(1), self.c, self.r)

    return Convolutions()


def lstm(torch: Any) -> Any:
    nn, functional = torch.nn, torch.nn.functional

    class Cells(nn.Module):
        """A long short-term memory, gate by gate, whose last state is classified."""

        def __init__(self) -> None:
            super().__init__()
            self.inputs, self.hidden = zeros(torch, 32, 3), zeros(torch, 32, 8)
            self.bias = zeros(torch, 32)
            self.out, self.shift = zeros(torch, 3, 8), zeros(torch, 3)

        def forward(self, x: Any) -> Any:
            h = c = torch.zeros(x.shape[0], 8, dtype=x.dtype)
            for t in range(x.shape[1]):
                gates = functional.linear(x[:, t], self.inputs, self.bias)
                i, f, g, o = (gates + functional.linear(h, self.hidden)).chunk(4, 1)
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * c.tanh()
            return functional.linear(h, self.out, self.shift)

    return Cells()


def transformer(torch: Any) -> Any:
    nn, functional = torch.nn, torch.nn.functional

    class Block(nn.Module):
        """Attention in two heads and a feed-forward layer, each after a layer norm and beside a shortcut."""

        def __init__(self) -> None:
            super().__init__()
            self.mix, self.back = zeros(torch, 24, 8), zeros(torch, 8, 8)
            self.wide, self.narrow = zeros(torch, 16, 8), zeros(torch, 8, 16)
            self.scale, self.shift = zeros(torch, 8), zeros(torch, 8)
            self.out = zeros(torch, 3, 8)

        def forward(self, x: Any) -> Any:
            n, t, d = x.shape
            normal = functional.layer_norm(x, (d,), self.scale, self.shift)
            parts = functional.linear(normal, self.mix).view(n, t, 3, 2, d // 2)
            q, k, v = parts.permute(2, 0, 3, 1, 4).unbind(0)
            heads = functional.scaled_dot_product_attention(q, k, v)
            x = x + functional.linear(heads.transpose(1, 2).reshape(n, t, d), self.back)
            normal = functional.layer_norm(x, (d,))
            x = x + functional.linear(
                functional.gelu(functional.linear(normal, self.wide)), self.narrow
            )
            return functional.linear(x.mean(1), self.out)

    return Block()


MODELS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "mlp": (mlp, (4,)),
    "cnn": (cnn, (1, 8, 8)),
    "lstm": (lstm, (5, 3)),
    "transformer": (transformer, (5, 8)),
}
"""How each model is made, and the shape of one of its inputs."""

OPTIMIZERS: dict[str, dict[str, Any]] = {
    "SGD": {"lr": 0.05, "momentum": 0.9},
    "Adam": {"lr": 0.003},
    "AdamW": {"lr": 0.003, "weight_decay": 0.05},
    "RMSprop": {"lr": 0.001, "eps": 1e-4},
    "Adagrad": {"lr": 0.02},
    "Adadelta": {"lr": 0.3},
    "Adamax": {"lr": 0.003},
    "NAdam": {"lr": 0.003},
    "RAdam": {"lr": 0.003},
    "ASGD": {"lr": 0.05},
    "Rprop": {"lr": 0.001},
}

PAIRS = [(model, name) for model in MODELS for name in OPTIMIZERS]


def parameters(model: Any, source: Any) -> None:
    """Give a model values that depend on nothing but shapes."""
    with source.no_grad():
        numbers = np.random.RandomState(1)
        for p in model.parameters():
            p.copy_(source.tensor((0.4 * numbers.randn(*p.shape)).tolist(), dtype=p.dtype))


def trained(torch: Any, model_name: str, name: str, dtype: str) -> np.ndarray[Any, Any]:
    """The loss of each step, and all parameters after every tenth."""
    make, shape = MODELS[model_name]
    kind = getattr(torch, dtype)
    model = make(torch).to(kind)
    parameters(model, torch)
    source = np.random.RandomState(2)
    inputs = torch.tensor(source.randn(BATCHES, 12, *shape).tolist(), dtype=kind)
    labels = torch.tensor(source.randint(0, 3, (BATCHES, 12)).tolist())
    optimizer = getattr(torch.optim, name)(model.parameters(), **OPTIMIZERS[name])
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=STEPS)
    path: list[Any] = []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(
            model(inputs[step % BATCHES]), labels[step % BATCHES]
        )
        loss.backward()
        optimizer.step()
        schedule.step()
        path.append(loss.item())
        if step % 10 == 9:
            path += [v for p in model.parameters() for v in p.detach().reshape(-1).tolist()]
    return np.array(path)


@pytest.mark.parametrize(("model", "name"), PAIRS)
def test_training_follows_pytorch(oracle: Any, model: str, name: str) -> None:
    exact = trained(oracle, model, name, "float64")
    np.testing.assert_allclose(
        trained(wengert, model, name, "float64"), exact, rtol=1e-10, atol=1e-10
    )
    theirs = np.abs(trained(oracle, model, name, "float32") - exact).max()
    assert np.abs(trained(wengert, model, name, "float32") - exact).max() <= 3 * theirs

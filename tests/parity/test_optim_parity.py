"""Optimisers: 200 steps under every option, float64 and float32, and what `state_dict` gives and takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert

STEPS = 200

OPTIONS = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9, "dampening": 0.2, "weight_decay": 0.05}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "maximize": True, "lr": 0.001}),
    ("Adam", {}),
    ("Adam", {"betas": (0.8, 0.99), "eps": 1e-6, "weight_decay": 0.05, "amsgrad": True}),
    ("Adam", {"maximize": True, "lr": 0.001}),
    ("AdamW", {}),
    ("AdamW", {"amsgrad": True, "weight_decay": 0.1}),
    ("Adam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RMSprop", {}),
    ("RMSprop", {"alpha": 0.9, "weight_decay": 0.05, "momentum": 0.5}),
    ("RMSprop", {"centered": True, "eps": 1e-3}),
    ("RMSprop", {"centered": True, "momentum": 0.5, "maximize": True, "lr": 0.001, "eps": 0.01}),
    ("Adagrad", {}),
    ("Adagrad", {"lr_decay": 0.1, "weight_decay": 0.05, "initial_accumulator_value": 0.5}),
    ("Adadelta", {"lr": 0.5}),
    ("Adadelta", {"rho": 0.8, "eps": 1e-4, "weight_decay": 0.05}),
    ("Adafactor", {}),
    ("Adafactor", {"beta2_decay": -0.5, "eps": (1e-6, 1e-2), "d": 1.5, "weight_decay": 0.05}),
    ("Adafactor", {"maximize": True, "lr": 0.001}),
    ("Adamax", {}),
    ("Adamax", {"betas": (0.8, 0.99), "weight_decay": 0.05}),
    ("NAdam", {}),
    ("NAdam", {"weight_decay": 0.05, "momentum_decay": 0.1}),
    ("NAdam", {"weight_decay": 0.05, "decoupled_weight_decay": True}),
    ("RAdam", {}),
    ("RAdam", {"weight_decay": 0.05, "betas": (0.8, 0.99)}),
    ("RAdam", {"weight_decay": 0.05, "decoupled_weight_decay": True}),
    ("ASGD", {}),
    ("ASGD", {"lambd": 0.01, "alpha": 0.5, "t0": 50, "weight_decay": 0.05}),
    ("Rprop", {}),
    ("Rprop", {"etas": (0.6, 1.1), "step_sizes": (1e-5, 0.1)}),
]
"""Names and options; the rate is 0.02 where they give none."""

IDS = [f"{name} {' '.join(options)}" for name, options in OPTIONS]


@pytest.fixture(scope="module")
def oracle() -> Any:
    return pytest.importorskip("torch")


def start(library: Any, dtype: str) -> tuple[Any, Any, Any]:
    """Inputs in 25 batches, a weight and a bias."""
    source = np.random.RandomState(0)
    kind = getattr(library, dtype)
    inputs = library.tensor(source.randn(25, 8, 3).tolist(), dtype=kind)
    weight = library.tensor(source.randn(3, 2).tolist(), dtype=kind, requires_grad=True)
    bias = library.tensor([0.1, -0.2], dtype=kind, requires_grad=True)
    return inputs, weight, bias


def loss_of(inputs: Any, weight: Any, bias: Any) -> Any:
    """A loss whose gradient differs from batch to batch, so that it never vanishes."""
    wanted = inputs.sum(1, keepdim=True) * 0.5 + inputs[:, :1] ** 2
    return (((inputs @ weight + bias).tanh() - wanted) ** 2).mean()


def trained(library: Any, name: str, options: dict[str, Any], dtype: str) -> tuple[Any, Any]:
    """The losses and parameters after each step, and the optimiser."""
    inputs, weight, bias = start(library, dtype)
    optimizer = getattr(library.optim, name)([weight, bias], **{"lr": 0.02, **options})
    path = []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(inputs[step % len(inputs)], weight, bias)
        loss.backward()
        optimizer.step()
        path.append([loss.item(), *weight.detach().reshape(-1).tolist(), *bias.tolist()])
    return np.array(path), optimizer


@pytest.mark.parametrize(("name", "options"), OPTIONS, ids=IDS)
def test_float64_follows_pytorch(oracle: Any, name: str, options: dict[str, Any]) -> None:
    expected, theirs = trained(oracle, name, options, "float64")
    found, ours = trained(wengert, name, options, "float64")
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)
    assert_same_state(ours.state_dict(), theirs.state_dict())
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize(("name", "options"), OPTIONS, ids=IDS)
def test_float32_is_as_near_to_float64_as_pytorch(
    oracle: Any, name: str, options: dict[str, Any]
) -> None:
    exact, _ = trained(oracle, name, options, "float64")
    theirs = np.abs(trained(oracle, name, options, "float32")[0] - exact).max()
    path, optimizer = trained(wengert, name, options, "float32")
    assert np.abs(path - exact).max() <= 3 * theirs
    assert all(p.dtype is wengert.float32 for p in optimizer.param_groups[0]["params"])


def assert_same_state(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Keys in the same order, dtypes, and values to 1e-10."""
    assert ours["param_groups"] == theirs["param_groups"]
    assert list(ours["state"]) == list(theirs["state"])
    for number, entry in theirs["state"].items():
        assert set(ours["state"][number]) == set(entry)
        for key, value in entry.items():
            found = ours["state"][number][key]
            if not hasattr(value, "dtype"):
                assert found == value, key
                continue
            assert str(found.dtype) == str(value.dtype), key
            np.testing.assert_allclose(
                found.numpy(), value.numpy(), rtol=1e-9, atol=1e-10, err_msg=key
            )


@pytest.mark.parametrize(("name", "options"), OPTIONS[1:], ids=IDS[1:])
def test_pytorch_state_can_be_taken_over(oracle: Any, name: str, options: dict[str, Any]) -> None:
    def more(library: Any, optimizer: Any, parameters: Any, steps: range) -> list[Any]:
        inputs = start(library, "float64")[0]
        for step in steps:
            optimizer.zero_grad()
            loss_of(inputs[step % len(inputs)], *parameters).backward()
            optimizer.step()
        return [p.tolist() for p in parameters]

    def converted(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: converted(v) for k, v in value.items()}
        return wengert.from_numpy(value.numpy().copy()) if hasattr(value, "dtype") else value

    theirs = start(oracle, "float64")[1:]
    optimizer = getattr(oracle.optim, name)(theirs, **{"lr": 0.02, **options})
    half = more(oracle, optimizer, theirs, range(5))
    ours = [wengert.tensor(v, dtype=wengert.float64, requires_grad=True) for v in half]
    resumed = getattr(wengert.optim, name)(ours)
    saved = optimizer.state_dict()
    resumed.load_state_dict(
        {"state": converted(saved["state"]), "param_groups": saved["param_groups"]}
    )
    expected = more(oracle, optimizer, theirs, range(5, 25))
    for a, b in zip(more(wengert, resumed, ours, range(5, 25)), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


COMPLEX = [
    "SGD",
    "Adam",
    "AdamW",
    "RMSprop",
    "Adagrad",
    "Adadelta",
    "Adamax",
    "NAdam",
    "RAdam",
    "ASGD",
    "Rprop",
]


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_parameters(torch, name):
    z = torch.tensor([1 + 2j, -0.5j, 0.3], dtype=torch.complex128, requires_grad=True)
    optimizer = getattr(torch.optim, name)([z], lr=0.02)
    path = []
    for step in range(10):
        optimizer.zero_grad()
        loss = ((z * (1 + 0.1j * step) - 1).abs() ** 2).sum()
        loss.backward()
        optimizer.step()
        path.append(z.detach().clone())
    return path


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "RAdam", "NAdam"])
def test_rates_that_are_tensors(torch, name):
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    rate = torch.tensor(0.125, dtype=torch.float64)
    optimizer = getattr(torch.optim, name)([x], lr=rate, weight_decay=0.25)
    for _ in range(8):
        optimizer.zero_grad()
        (x**3).sum().backward()
        optimizer.step()
        rate.mul_(0.5)
    return x, optimizer.param_groups[0]["lr"] is rate, repr(optimizer)

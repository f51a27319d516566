"""Training steps that are traced: a replay equals eager step by step, also while a schedule changes the rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import wengert as torch
from tests.trace.agreement import Program, compare
from wengert.errors import TraceError
from wengert.trace import trace

OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.5, "weight_decay": 0.1, "nesterov": True}),
    ("SGD", {"momentum": 0.5, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "weight_decay": 0.1}),
    ("AdamW", {"maximize": True}),
    ("RMSprop", {}),
    ("RMSprop", {"centered": True, "momentum": 0.5}),
    ("Adagrad", {"lr_decay": 0.1}),
    ("Adadelta", {"weight_decay": 0.1}),
    ("Adafactor", {"weight_decay": 0.1}),
    ("Adamax", {}),
    ("NAdam", {"weight_decay": 0.1}),
    ("RAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("ASGD", {"t0": 3}),
    ("Rprop", {}),
]
IDS = [f"{name} {' '.join(options)}" for name, options in OPTIMIZERS]


def batch(k: int) -> Any:
    return torch.tensor([1.0, 0.5 * k, -1.0 + k])


def training(
    name: str, options: dict[str, Any], changes: Callable[[Any], list[Any]], rate: Any = 0.125
) -> Program:
    """A program that has taken one step and takes one more for each of the changes."""
    w, b = torch.tensor([1.0, -2.0, 0.5], requires_grad=True), torch.tensor(0.5, requires_grad=True)
    optimizer = getattr(torch.optim, name)([w, b], lr=rate, **options)

    def step(x: Any) -> Any:
        optimizer.zero_grad()
        loss = ((w * x).sum() + b - 1) ** 2
        loss.backward()
        optimizer.step()
        return loss

    step(batch(0))
    made = changes(optimizer)
    return Program(step, [w, b, optimizer], [(c, (batch(k),)) for k, c in enumerate(made)])


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS, ids=IDS)
def test_one_trace_serves_eight_steps(name: str, options: dict[str, Any]) -> None:
    again = compare(lambda: training(name, options, lambda optimizer: [None] * 8))
    assert again == [True] + [False] * 7


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS, ids=IDS)
def test_a_schedule_of_numbers_is_noticed(name: str, options: dict[str, Any]) -> None:
    def changes(optimizer: Any) -> list[Any]:
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
        return [None] + [schedule.step] * 5

    again = compare(lambda: training(name, options, changes))
    assert again == [True, False, True, False, True, False]


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS, ids=IDS)
def test_a_schedule_of_tensors_is_followed_by_one_trace(name: str, options: dict[str, Any]) -> None:
    def changes(optimizer: Any) -> list[Any]:
        schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
        return [None] + [schedule.step] * 5

    again = compare(lambda: training(name, options, changes, rate=torch.tensor(0.125)))
    assert again == [True] + [False] * 5


def test_a_cycle_of_momentum_is_noticed() -> None:
    def changes(optimizer: Any) -> list[Any]:
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, total_steps=10)
        return [None] + [schedule.step] * 5

    assert compare(lambda: training("Adam", {}, changes)) == [True] * 6


@pytest.mark.parametrize("hook", ["pre", "post"])
def test_a_new_hook_is_noticed(hook: str) -> None:
    def changes(optimizer: Any) -> list[Any]:
        def halve(optimizer: Any, args: Any, kwargs: Any) -> None:
            with torch.no_grad():
                optimizer.param_groups[0]["params"][0].mul_(0.5)

        return [None, lambda: getattr(optimizer, f"register_step_{hook}_hook")(halve), None]

    assert compare(lambda: training("SGD", {}, changes)) == [True, True, False]


def test_loaded_state_is_noticed_or_followed() -> None:
    def changes(optimizer: Any) -> list[Any]:
        saved = optimizer.state_dict()
        saved["state"] = {
            n: {k: v.clone() for k, v in entry.items()} for n, entry in saved["state"].items()
        }
        return [None, None, lambda: optimizer.load_state_dict(saved), None]

    compare(lambda: training("Adam", {}, changes))


@pytest.mark.parametrize(
    ("name", "options"), [("Adam", {}), ("SGD", {"momentum": 0.5}), ("RMSprop", {})]
)
def test_the_first_step_is_refused(name: str, options: dict[str, Any]) -> None:
    w = torch.ones(2, requires_grad=True)
    optimizer = getattr(torch.optim, name)([w], **options)

    def step() -> None:
        optimizer.zero_grad()
        w.sum().backward()
        optimizer.step()

    with pytest.raises(TraceError, match="Take one step before tracing"):
        trace(step)
    assert not optimizer.state and w.tolist() == [1.0, 1.0]


def test_lbfgs_is_refused() -> None:
    w = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.LBFGS([w])

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    with pytest.raises(
        TraceError, match="LBFGS: how often it evaluates the loss depends on values"
    ):
        trace(lambda: optimizer.step(closure))
    assert w.tolist() == [1.0, 1.0]
    optimizer.step(closure)
    assert w.abs().max().item() < 1e-6


def test_a_schedule_inside_a_trace_is_refused() -> None:
    w = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([w])
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)

    def step() -> None:
        optimizer.zero_grad()
        w.sum().backward()
        optimizer.step()
        schedule.step()

    with pytest.raises(TraceError, match="while it was traced; a graph cannot repeat that"):
        trace(step)
    assert schedule.last_epoch == 0 and optimizer.param_groups[0]["lr"] == 0.001

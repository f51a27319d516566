"""Schedules: the rates of 100 steps, chained and closed, numbers and tensors; saving, warnings and faults."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import wengert

SCHEDULES = {
    "lambda": "S.LambdaLR(o, lambda e: 0.95**e)",
    "lambdas": "S.LambdaLR(o, [lambda e: 0.95**e, lambda e: 1 / (e + 1)])",
    "multiplicative": "S.MultiplicativeLR(o, lambda e: 0.97)",
    "step": "S.StepLR(o, 7, gamma=0.5)",
    "multistep": "S.MultiStepLR(o, [3, 10, 10, 40], gamma=0.5)",
    "constant": "S.ConstantLR(o)",
    "constant options": "S.ConstantLR(o, factor=0.5, total_iters=20)",
    "linear": "S.LinearLR(o, 0.1, 0.8, total_iters=30)",
    "exponential": "S.ExponentialLR(o, 0.9)",
    "polynomial": "S.PolynomialLR(o, total_iters=40, power=2.0)",
    "cosine": "S.CosineAnnealingLR(o, T_max=12, eta_min=0.01)",
    "warm restarts": "S.CosineAnnealingWarmRestarts(o, 5, 2, 0.001)",
    "equal restarts": "S.CosineAnnealingWarmRestarts(o, 7)",
    "triangular": "S.CyclicLR(o, 0.01, 0.1, step_size_up=7, step_size_down=9)",
    "triangular2": "S.CyclicLR(o, 0.01, 0.1, step_size_up=7, mode='triangular2')",
    "exp_range": "S.CyclicLR(o, 0.01, [0.1, 0.2], step_size_up=7, mode='exp_range', gamma=0.97)",
    "scaled cycle": "S.CyclicLR(o, 0.01, 0.1, 7, scale_fn=lambda x: 0.9**x, scale_mode='iterations')",
    "one cycle": "S.OneCycleLR(o, max_lr=0.5, total_steps=100)",
    "three phases": "S.OneCycleLR(o, max_lr=[0.5, 0.25], epochs=10, steps_per_epoch=10, three_phase=True,"
    " anneal_strategy='linear')",
    "sequence": "S.SequentialLR(o, [S.ConstantLR(o, 0.1, 10), S.ExponentialLR(o, 0.9), S.CosineAnnealingLR(o, 20)],"
    " [10, 40])",
    "chain": "S.ChainedScheduler([S.ConstantLR(o, factor=0.1, total_iters=10), S.ExponentialLR(o, 0.9)])",
}
COMPOSED = {"sequence", "chain"}


@pytest.fixture(scope="module")
def oracle() -> Any:
    return pytest.importorskip("torch")


def optimizer_of(library: Any, tensor: bool = False) -> Any:
    rate = (lambda v: library.tensor(v, dtype=library.float64)) if tensor else float
    p, q = library.ones(2, requires_grad=True), library.ones(1, requires_grad=True)
    groups = [{"params": [p]}, {"params": [q], "lr": rate(0.3)}]
    return library.optim.SGD(groups, lr=rate(0.2), momentum=0.9)


def made(library: Any, name: str, optimizer: Any) -> Any:
    return eval(SCHEDULES[name], {"S": library.optim.lr_scheduler, "o": optimizer})


def rates(library: Any, name: str, tensor: bool, epochs: Any) -> tuple[list[Any], dict[str, Any]]:
    """The rates and momenta that each step finds."""
    optimizer = optimizer_of(library, tensor)
    schedule = made(library, name, optimizer)
    found = []
    for epoch in epochs:
        last = [float(rate) for rate in schedule.get_last_lr()]
        now = [float(group["lr"]) for group in optimizer.param_groups]
        assert last == now
        found.append(now + [group["momentum"] for group in optimizer.param_groups])
        optimizer.step()
        schedule.step(*epoch)
    return found, schedule.state_dict()


@pytest.mark.parametrize("tensor", [False, True], ids=["numbers", "tensors"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_rates_of_a_hundred_steps(oracle: Any, name: str, tensor: bool) -> None:
    epochs = [()] * 100
    ours, theirs = (rates(library, name, tensor, epochs) for library in (wengert, oracle))
    assert ours[0] == theirs[0]
    assert set(ours[1]) - {"_scale_fn_ref"} == set(theirs[1]) - {"_scale_fn_ref"}
    numbers = {k: v for k, v in theirs[1].items() if isinstance(v, int | float)}
    assert {k: ours[1][k] for k in numbers} == numbers


@pytest.mark.filterwarnings("ignore:The epoch parameter")
@pytest.mark.parametrize("name", sorted(SCHEDULES.keys() - COMPOSED))
def test_rates_of_given_epochs(oracle: Any, name: str) -> None:
    epochs = [(3 * k % 50,) for k in range(100)]
    assert rates(wengert, name, False, epochs)[0] == rates(oracle, name, False, epochs)[0]


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_a_schedule_resumes(name: str) -> None:
    def trained(schedule: Any, steps: int) -> list[Any]:
        found = []
        for _ in range(steps):
            schedule.optimizer.step()
            schedule.step()
            found.append(schedule.get_last_lr())
        return found

    whole = made(wengert, name, optimizer_of(wengert))
    trained(whole, 12)
    resumed = made(wengert, name, optimizer_of(wengert))
    resumed.load_state_dict(whole.state_dict())
    resumed.optimizer.load_state_dict(whole.optimizer.state_dict())
    assert trained(resumed, 20) == trained(whole, 20)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"mode": "max", "patience": 2, "factor": 0.5, "cooldown": 2},
        {"threshold_mode": "abs", "threshold": 0.1, "patience": 0, "min_lr": [0.05, 0.01]},
        {"mode": "max", "threshold_mode": "abs", "patience": 1, "eps": 0.01},
    ],
)
def test_plateau(torch, options):
    optimizer = torch.optim.SGD(
        [{"params": [torch.ones(1)]}, {"params": [torch.ones(1)], "lr": 0.5}], lr=0.2
    )
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
    path = []
    for k in range(60):
        schedule.step(torch.tensor(1 / (1 + k % 13) + (k % 3) * 0.1))
        path.append((schedule.get_last_lr(), schedule.num_bad_epochs, schedule.cooldown_counter))
    return path, schedule.state_dict()


WARNED = {
    "in order": "o.step(); s.step(); s.step()",
    "wrong order": "s.step(); o.step(); s.step()",
    "overridden": "o.step = lambda: None; s.step()",
    "epoch": "o.step(); s.step(3)",
    "get_lr": "s.get_lr()",
}


@pytest.mark.parametrize("name", WARNED)
def test_warnings(torch, warned, name):
    optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2)
    return warned(lambda: exec(WARNED[name], {"o": optimizer, "s": schedule})), schedule.last_epoch


def test_the_warning_says_what_to_do() -> None:
    optimizer = wengert.optim.SGD([wengert.ones(1, requires_grad=True)], lr=0.1)
    schedule = wengert.optim.lr_scheduler.StepLR(optimizer, 2)
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        schedule.step()
    assert "Detected call of `lr_scheduler.step()` before `optimizer.step()`" in str(
        given[0].message
    )
    assert given[0].filename == __file__


FAULTS = {
    "no optimizer": "S.StepLR(3, 2)",
    "resumed without rates": "S.StepLR(o, 2, last_epoch=3)",
    "lambdas": "S.LambdaLR(o, [lambda e: 1, lambda e: 2])",
    "no function": "S.MultiplicativeLR(o, 0.5)",
    "constant factor": "S.ConstantLR(o, factor=2.0)",
    "start factor": "S.LinearLR(o, start_factor=0.0)",
    "end factor": "S.LinearLR(o, end_factor=1.5)",
    "period": "S.CosineAnnealingWarmRestarts(o, 0)",
    "factor of periods": "S.CosineAnnealingWarmRestarts(o, 3, 0)",
    "eta_min": "S.CosineAnnealingWarmRestarts(o, 3, 1, 'low')",
    "negative epoch": "S.CosineAnnealingWarmRestarts(o, 3).step(-1)",
    "mode": "S.CyclicLR(o, 0.1, 0.2, mode='square')",
    "too many bounds": "S.CyclicLR(o, [0.1, 0.2], 0.2)",
    "no momentum": "S.CyclicLR(torch.optim.Adagrad(p), 0.1, 0.2)",
    "one cycle without momentum": "S.OneCycleLR(torch.optim.Adagrad(p), 0.1, total_steps=3)",
    "no steps": "S.OneCycleLR(o, 0.1)",
    "negative steps": "S.OneCycleLR(o, 0.1, total_steps=-2)",
    "epochs of no kind": "S.OneCycleLR(o, 0.1, epochs=1.5, steps_per_epoch=3)",
    "part": "S.OneCycleLR(o, 0.1, total_steps=9, pct_start=2)",
    "strategy": "S.OneCycleLR(o, 0.1, total_steps=9, anneal_strategy='steep')",
    "too many steps": "s = S.OneCycleLR(o, 0.1, total_steps=1); s.step(); s.step()",
    "empty sequence": "S.SequentialLR(o, [], [])",
    "milestones": "S.SequentialLR(o, [S.StepLR(o, 2)], [3])",
    "other optimizer": "S.SequentialLR(o, [S.StepLR(torch.optim.SGD(p, 0.1), 2)], [])",
    "plateau in sequence": "S.SequentialLR(o, [S.ReduceLROnPlateau(o)], [])",
    "no schedule": "S.SequentialLR(o, [3], [])",
    "empty chain": "S.ChainedScheduler([])",
    "plateau factor": "S.ReduceLROnPlateau(o, factor=1.0)",
    "plateau mode": "S.ReduceLROnPlateau(o, mode='up')",
    "plateau threshold": "S.ReduceLROnPlateau(o, threshold_mode='up')",
    "plateau bounds": "S.ReduceLROnPlateau(o, min_lr=[0.1, 0.2])",
    "plateau optimizer": "S.ReduceLROnPlateau(3)",
    "abstract": "S.LRScheduler(o)",
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", FAULTS)
def test_schedule_fault(torch, refused, name):
    p = [torch.ones(1, requires_grad=True)]
    space = {"torch": torch, "S": torch.optim.lr_scheduler, "p": p}
    space["o"] = torch.optim.SGD(p, lr=0.1, momentum=0.9)
    return refused(lambda: exec(FAULTS[name], space), p[0])

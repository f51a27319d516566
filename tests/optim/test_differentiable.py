"""Steps that are recorded: their gradients equal differences of steps that are not."""

from __future__ import annotations

from typing import Any

import pytest

import wengert as torch
from wengert.errors import GradientError

OPTIONS = [
    ("SGD", {"momentum": 0.5, "weight_decay": 0.1}),
    ("SGD", {"momentum": 0.5, "nesterov": True, "maximize": True}),
    ("Adam", {"weight_decay": 0.1}),
    ("Adam", {"amsgrad": True}),
    ("AdamW", {}),
    ("RMSprop", {"momentum": 0.5}),
    ("RMSprop", {"centered": True}),
    ("Adagrad", {"lr_decay": 0.1}),
    ("Adadelta", {}),
    ("Adamax", {}),
    ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {}),
    ("ASGD", {"lambd": 0.1}),
    ("Rprop", {}),
]


def after_three_steps(name: str, options: dict[str, Any], x: Any, scale: Any, rate: Any) -> Any:
    """Return a function of the parameters after three steps along gradients that depend on ``scale``."""
    recorded = x.requires_grad
    p = x.clone()
    optimizer = getattr(torch.optim, name)([p], lr=rate, differentiable=recorded, **options)
    for k in range(3):
        p.grad = scale * (k + 1) * torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64) + p * 0.1
        optimizer.step()
    return (p**2).sum()


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_gradient_through_steps(name: str, options: dict[str, Any]) -> None:
    def at(x: list[float], scale: float, rate: float, grad: bool) -> tuple[Any, list[Any]]:
        tensors = [
            torch.tensor(v, dtype=torch.float64, requires_grad=grad) for v in (x, scale, rate)
        ]
        return after_three_steps(name, options, *tensors), tensors

    x, scale, rate = [1.0, 2.0, -1.5], 1.25, 0.1
    loss, tensors = at(x, scale, rate, True)
    loss.backward()
    h = 1e-6
    for i in range(3):
        up, down = ([v + s * h * (i == j) for j, v in enumerate(x)] for s in (1, -1))
        slope = (at(up, scale, rate, False)[0] - at(down, scale, rate, False)[0]) / (2 * h)
        assert tensors[0].grad[i].item() == pytest.approx(slope.item(), rel=1e-6, abs=1e-8)
    slope = (at(x, scale + h, rate, False)[0] - at(x, scale - h, rate, False)[0]) / (2 * h)
    assert tensors[1].grad.item() == pytest.approx(slope.item(), rel=1e-5, abs=1e-7)
    if name not in ("ASGD", "Rprop"):
        slope = (at(x, scale, rate + h, False)[0] - at(x, scale, rate - h, False)[0]) / (2 * h)
        assert tensors[2].grad.item() == pytest.approx(slope.item(), rel=1e-5, abs=1e-7)


def test_a_leaf_cannot_be_stepped_recorded() -> None:
    p = torch.ones(1, requires_grad=True)
    p.grad = torch.ones(1)
    with pytest.raises(GradientError, match="a leaf Variable that requires grad"):
        torch.optim.SGD([p], lr=0.1, differentiable=True).step()
    assert p.tolist() == [1.0]

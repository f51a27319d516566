"""Adagrad."""

from __future__ import annotations

import functools
from typing import Any

from wengert.optim.optimizer import (
    Optimizer,
    require_not_negative,
    require_one_kind,
    require_rate,
    zero_count,
)
from wengert.tensor import filled


class Adagrad(Optimizer):
    """Steps along the gradient, scaled by the root of the sum of all its squares so far.

    With gradient g (negated when ``maximize``) and parameter p, at step t::

        g = g + weight_decay * p
        s = s + g^2
        p = p - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)

    Raises ValueError for negative rates.
    Source: Duchi, Hazan and Singer, Adaptive subgradient methods, 2011.

    >>> import wengert as torch
    >>> x = torch.tensor(0., requires_grad=True)
    >>> opt = torch.optim.Adagrad([x], lr=0.25)
    >>> ((x - 1) ** 2).backward()
    >>> opt.step()
    >>> x
    tensor(0.2500, requires_grad=True)
    """

    def __init__(
        self, params: Any, lr: Any = 1e-2, lr_decay: float = 0, weight_decay: float = 0,
        initial_accumulator_value: float = 0, eps: float = 1e-10, foreach: bool | None = None, *,
        maximize: bool = False, differentiable: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        require_rate(lr)
        require_one_kind(fused, foreach, differentiable)
        require_not_negative(
            {"lr_decay value": lr_decay, "weight_decay value": weight_decay,
             "initial_accumulator_value value": initial_accumulator_value, "epsilon value": eps}
        )  # fmt: skip
        defaults = {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p].update(_start(p, group["initial_accumulator_value"]))

    def update_group(self, group: dict[str, Any]) -> None:
        """Take one step with the parameters of a group."""
        start = functools.partial(_start, value=group["initial_accumulator_value"])
        for p, grad, entry in self.prepared(group, start):
            count = self.count(entry["step"].add_(1))
            rate = self.rate(group, p)
            if group["lr_decay"]:
                rate = self.fit(rate / (1 + (count - 1) * group["lr_decay"]), p)
            total = entry["sum"].add_(grad * grad)
            p.sub_(grad * rate / (total.sqrt() + group["eps"]))


def _start(p: Any, value: float) -> dict[str, Any]:
    start = complex(value, value) if p.is_complex() else value
    return {"step": zero_count(), "sum": filled.full_like(p, start).detach()}

"""Averaged stochastic gradient descent."""

from __future__ import annotations

import functools
from typing import Any

from wengert.core.carrier import state as thread
from wengert.optim.optimizer import (
    Optimizer,
    number,
    require_not_negative,
    require_rate,
    zero_count,
)
from wengert.tensor import creation, filled


class ASGD(Optimizer):
    """Gradient descent with a falling rate that keeps the mean of the parameters, from step ``t0`` on.

    With gradient g (negated when ``maximize``) and parameter p, at step t, starting from eta = lr and mu = 1::

        g = g + weight_decay * p
        p = p - lambd * eta * p - eta * g
        a = a + mu * (p - a)                the mean, `state[p]["ax"]`
        eta = lr / (1 + lambd * lr * t)^alpha
        mu = 1 / max(1, t - t0)

    Raises ValueError for negative rates.
    Source: Polyak and Juditsky, Acceleration of stochastic approximation by averaging, 1992.

    >>> import wengert as torch
    >>> x = torch.tensor(0., requires_grad=True)
    >>> opt = torch.optim.ASGD([x], lr=0.25)
    >>> ((x - 1) ** 2).backward()
    >>> opt.step()
    >>> x
    tensor(0.5000, requires_grad=True)
    """

    def __init__(
        self, params: Any, lr: Any = 1e-2, lambd: float = 1e-4, alpha: float = 0.75, t0: float = 1e6,
        weight_decay: float = 0, foreach: bool | None = None, maximize: bool = False, differentiable: bool = False,
        capturable: bool = False,
    ) -> None:  # fmt: skip
        require_rate(lr)
        require_not_negative({"weight_decay value": weight_decay})
        defaults = {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update_group(self, group: dict[str, Any]) -> None:
        """Take one step with the parameters of a group."""
        decay = group["lambd"]
        for p, grad, entry in self.prepared(group, functools.partial(_start, group=group)):
            count = self.count(entry["step"].add_(1))
            eta, mu = (self.fit(_value(entry[name]), p) for name in ("eta", "mu"))
            p.mul_(1 - decay * eta)
            p.sub_(grad * eta)
            mean = entry["ax"]
            if isinstance(mu, float) and mu == 1:
                mean.copy_(p)
            else:
                mean.add_((p - mean) * mu)
            rate = self.rate(group, entry["eta"])
            entry["eta"].copy_(_tensor(rate / (1 + decay * rate * count) ** group["alpha"]))
            late = count - group["t0"]
            late = max(1.0, late) if isinstance(late, float) else late.clamp(min=1.0)
            entry["mu"].copy_(_tensor(1 / late))


def _start(p: Any, group: dict[str, Any]) -> dict[str, Any]:
    rate = number(group["lr"])
    return {
        "step": zero_count(), "eta": zero_count().add_(rate), "mu": zero_count().add_(1),
        "ax": filled.zeros_like(p),
    }  # fmt: skip


def _value(number: Any) -> Any:
    return number if thread.trace is not None else number.item()


def _tensor(number: Any) -> Any:
    return creation.tensor(number) if isinstance(number, float) else number

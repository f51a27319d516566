"""Adamax: Adam with the largest gradient in place of the mean square."""

from __future__ import annotations

from typing import Any

from wengert.optim.optimizer import (
    Optimizer,
    require_betas,
    require_not_negative,
    require_rate,
    zero_count,
)
from wengert.tensor import comparison, filled


class Adamax(Optimizer):
    """Steps along a running mean of the gradient, scaled by its largest size, which fades with time.

    With gradient g (negated when ``maximize``) and parameter p, at step t::

        g = g + weight_decay * p
        m = beta1 * m + (1 - beta1) * g
        u = max(beta2 * u, |g| + eps)
        p = p - lr / (1 - beta1^t) * m / u

    Raises ValueError for rates out of range.
    Source: Kingma and Ba, Adam: a method for stochastic optimization, 2015, section 7.1.

    >>> import wengert as torch
    >>> x = torch.tensor(0., requires_grad=True)
    >>> opt = torch.optim.Adamax([x], lr=0.25)
    >>> ((x - 1) ** 2).backward()
    >>> opt.step()
    >>> x
    tensor(0.2500, requires_grad=True)
    """

    def __init__(
        self, params: Any, lr: Any = 2e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, foreach: bool | None = None, *, maximize: bool = False,
        differentiable: bool = False, capturable: bool = False,
    ) -> None:  # fmt: skip
        require_rate(lr)
        require_not_negative({"epsilon value": eps, "weight_decay value": weight_decay})
        require_betas(betas)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update_group(self, group: dict[str, Any]) -> None:
        """Take one step with the parameters of a group."""
        beta1, beta2 = group["betas"]
        for p, grad, entry in self.prepared(group, _start):
            count = self.count(entry["step"].add_(1))
            mean = entry["exp_avg"].lerp_(grad, 1 - beta1)
            largest = comparison.maximum(entry["exp_inf"] * beta2, grad.abs() + group["eps"])
            entry["exp_inf"].copy_(largest)
            rate = self.fit(self.rate(group, p) / (1 - beta1**count), p)
            p.sub_(mean * rate / largest)


def _start(p: Any) -> dict[str, Any]:
    return {
        "step": zero_count(), "exp_avg": filled.zeros_like(p), "exp_inf": filled.zeros_like(p),
    }  # fmt: skip

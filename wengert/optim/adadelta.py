"""Adadelta."""

from __future__ import annotations

from typing import Any

from wengert.optim.optimizer import Optimizer, require_not_negative, require_rate, zero_count
from wengert.tensor import filled


class Adadelta(Optimizer):
    """Steps along the gradient, scaled by the ratio of running root mean squares of steps and gradients.

    With gradient g (negated when ``maximize``) and parameter p::

        g = g + weight_decay * p
        v = rho * v + (1 - rho) * g^2
        d = sqrt(u + eps) / sqrt(v + eps) * g
        u = rho * u + (1 - rho) * d^2
        p = p - lr * d

    Raises ValueError for negative rates, and for ``rho`` outside of [0, 1].
    Source: Zeiler, ADADELTA: an adaptive learning rate method, 2012.

    >>> import wengert as torch
    >>> x = torch.tensor(0., requires_grad=True)
    >>> opt = torch.optim.Adadelta([x], eps=0.01)
    >>> ((x - 1) ** 2).backward()
    >>> opt.step()
    >>> x
    tensor(0.3123, requires_grad=True)
    """

    def __init__(
        self, params: Any, lr: Any = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0,
        foreach: bool | None = None, *, capturable: bool = False, maximize: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        require_rate(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}. It must be between 0 and 1.")
        require_not_negative({"epsilon value": eps, "weight_decay value": weight_decay})
        defaults = {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update_group(self, group: dict[str, Any]) -> None:
        """Take one step with the parameters of a group."""
        rho, eps = group["rho"], group["eps"]
        for p, grad, entry in self.prepared(group, _start):
            entry["step"].add_(1)
            square = entry["square_avg"].mul_(rho).add_(grad * (1 - rho) * grad)
            step = (entry["acc_delta"] + eps).sqrt() / (square + eps).sqrt() * grad
            entry["acc_delta"].mul_(rho).add_(step * (1 - rho) * step)
            p.sub_(step * self.rate(group, p))


def _start(p: Any) -> dict[str, Any]:
    return {
        "step": zero_count(), "square_avg": filled.zeros_like(p), "acc_delta": filled.zeros_like(p),
    }  # fmt: skip

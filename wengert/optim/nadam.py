"""NAdam: Adam with Nesterov momentum."""

from __future__ import annotations

from typing import Any

from wengert.core.carrier import state as thread
from wengert.optim.optimizer import (
    Optimizer,
    require_betas,
    require_not_negative,
    require_rate,
    zero_count,
)
from wengert.tensor import filled


class NAdam(Optimizer):
    """Steps as Adam does, along a running mean of the gradient that looks one step ahead.

    With gradient g (negated when ``maximize``) and parameter p, at step t::

        g = g + weight_decay * p                 or, decoupled, p = p - lr * weight_decay * p
        mu_t = beta1 * (1 - 0.96^(t * momentum_decay) / 2)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g^2
        n = mu_(t+1) * m / (1 - mu_1 ... mu_(t+1)) + (1 - mu_t) * g / (1 - mu_1 ... mu_t)
        p = p - lr * n / (sqrt(v / (1 - beta2^t)) + eps)

    Raises ValueError for rates out of range.
    Source: Dozat, Incorporating Nesterov momentum into Adam, 2016.

    >>> import wengert as torch
    >>> x = torch.tensor(0., requires_grad=True)
    >>> opt = torch.optim.NAdam([x], lr=0.25)
    >>> ((x - 1) ** 2).backward()
    >>> opt.step()
    >>> x
    tensor(0.2641, requires_grad=True)
    """

    def __init__(
        self, params: Any, lr: Any = 2e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, momentum_decay: float = 4e-3, decoupled_weight_decay: bool = False, *,
        foreach: bool | None = None, maximize: bool = False, capturable: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        require_rate(lr)
        require_not_negative({"epsilon value": eps, "weight_decay value": weight_decay})
        require_betas(betas)
        require_not_negative({"momentum_decay value": momentum_decay})
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update_group(self, group: dict[str, Any]) -> None:
        """Take one step with the parameters of a group."""
        beta1, beta2 = group["betas"]
        decay = group["momentum_decay"]
        for p, grad, entry in self.prepared(group, _start):
            count = self.count(entry["step"].add_(1))
            now, ahead = (beta1 * (1.0 - 0.5 * 0.96 ** (t * decay)) for t in (count, count + 1))
            product = entry["mu_product"].mul_(self.fit(now, entry["mu_product"]))
            product = product.double() if thread.trace is not None else product.item()
            mean = entry["exp_avg"].lerp_(grad, 1 - beta1)
            square = entry["exp_avg_sq"].mul_(beta2).add_(grad * (1 - beta2) * grad)
            size = (square / self.fit(1 - beta2**count, p)).sqrt() + group["eps"]
            rate = self.rate(group, p)
            p.sub_(grad * self.fit(rate * (1.0 - now) / (1.0 - product), p) / size)
            p.sub_(mean * self.fit(rate * ahead / (1.0 - product * ahead), p) / size)


def _start(p: Any) -> dict[str, Any]:
    return {
        "step": zero_count(), "mu_product": zero_count().add_(1), "exp_avg": filled.zeros_like(p),
        "exp_avg_sq": filled.zeros_like(p),
    }  # fmt: skip

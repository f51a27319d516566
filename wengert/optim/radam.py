"""RAdam: Adam that waits until its variance can be trusted."""

from __future__ import annotations

from typing import Any

from wengert.optim.optimizer import (
    Optimizer,
    require_betas,
    require_not_negative,
    require_rate,
    zero_count,
)
from wengert.tape.storage import Recorded
from wengert.tensor import comparison, filled


class RAdam(Optimizer):
    """Steps along a running mean of the gradient, scaled by its mean square as soon as that rests on enough steps.

    With gradient g (negated when ``maximize``) and parameter p, at step t::

        g = g + weight_decay * p                 or, decoupled, p = p - lr * weight_decay * p
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g^2
        k = 2 / (1 - beta2) - 1
        n = k - 2 t beta2^t / (1 - beta2^t)
        s = sqrt((n - 4)(n - 2) k / ((k - 4)(k - 2) n)) * sqrt(1 - beta2^t) / (sqrt(v) + eps)  if n > 5  else  1
        p = p - lr * s * m / (1 - beta1^t)

    Raises ValueError for rates out of range.
    Source: Liu et al., On the variance of the adaptive learning rate and beyond, 2020.

    >>> import wengert as torch
    >>> x = torch.tensor(0., requires_grad=True)
    >>> opt = torch.optim.RAdam([x], lr=0.25)
    >>> ((x - 1) ** 2).backward()
    >>> opt.step()
    >>> x
    tensor(0.5000, requires_grad=True)
    """

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, decoupled_weight_decay: bool = False, *, foreach: bool | None = None,
        maximize: bool = False, capturable: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        require_rate(lr)
        require_not_negative({"epsilon value": eps, "weight_decay value": weight_decay})
        require_betas(betas)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update_group(self, group: dict[str, Any]) -> None:
        """Take one step with the parameters of a group."""
        beta1, beta2 = group["betas"]
        longest = 2 / (1 - beta2) - 1
        for p, grad, entry in self.prepared(group, _start):
            count = self.count(entry["step"].add_(1))
            mean = entry["exp_avg"].lerp_(grad, 1 - beta1)
            square = entry["exp_avg_sq"].mul_(beta2).add_(grad * (1 - beta2) * grad)
            mean = mean / self.fit(1 - beta1**count, p) * self.rate(group, p)
            unbiased = 1 - beta2**count
            length: Any = longest - 2 * count * beta2**count / unbiased
            bend = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
            if isinstance(count, Recorded):
                scale = self.fit((bend.abs() * unbiased).sqrt(), p) / (square.sqrt() + group["eps"])
                p.sub_(mean * comparison.where(length > 5.0, scale, 1.0))
            elif length > 5.0:
                p.sub_(mean * ((bend * unbiased) ** 0.5 / (square.sqrt() + group["eps"])))
            else:
                p.sub_(mean)


def _start(p: Any) -> dict[str, Any]:
    return {
        "step": zero_count(), "exp_avg": filled.zeros_like(p), "exp_avg_sq": filled.zeros_like(p),
    }  # fmt: skip

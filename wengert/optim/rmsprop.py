"""RMSprop."""

from __future__ import annotations

import functools
from typing import Any

from wengert.optim.optimizer import Optimizer, require_not_negative, require_rate, zero_count
from wengert.tensor import filled


class RMSprop(Optimizer):
    """Steps along the gradient, scaled by a running mean of its square.

    With gradient g (negated when ``maximize``) and parameter p::

        g = g + weight_decay * p
        v = alpha * v + (1 - alpha) * g^2
        d = sqrt(v) + eps                    or, when centered, sqrt(v - mean^2) + eps, with a running mean of g
        b = momentum * b + g / d
        p = p - lr * b

    Raises ValueError for negative rates.
    Source: Hinton, Neural networks for machine learning, lecture 6e; Graves, 2013, for ``centered``.

    >>> import wengert as torch
    >>> x = torch.tensor(0., requires_grad=True)
    >>> opt = torch.optim.RMSprop([x], lr=0.1)
    >>> ((x - 1) ** 2).backward()
    >>> opt.step()
    >>> x
    tensor(1.0000, requires_grad=True)
    """

    def __init__(
        self, params: Any, lr: Any = 1e-2, alpha: float = 0.99, eps: float = 1e-8, weight_decay: float = 0,
        momentum: float = 0, centered: bool = False, capturable: bool = False, foreach: bool | None = None,
        maximize: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        require_rate(lr)
        require_not_negative(
            {"epsilon value": eps, "momentum value": momentum,
             "weight_decay value": weight_decay, "alpha value": alpha}
        )  # fmt: skip
        defaults = {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update_group(self, group: dict[str, Any]) -> None:
        """Take one step with the parameters of a group."""
        alpha, momentum = group["alpha"], group["momentum"]
        for p, grad, entry in self.prepared(group, functools.partial(_start, group=group)):
            entry["step"].add_(1)
            square = entry["square_avg"].mul_(alpha).add_(grad * (1 - alpha) * grad)
            if group["centered"]:
                mean = entry["grad_avg"].lerp_(grad, 1 - alpha)
                square = square - mean * mean
            size = square.sqrt() + group["eps"]
            rate = self.rate(group, p)
            if momentum:
                p.sub_(entry["momentum_buffer"].mul_(momentum).add_(grad / size) * rate)
            else:
                p.sub_(grad * rate / size)


def _start(p: Any, group: dict[str, Any]) -> dict[str, Any]:
    names = ["square_avg"]
    if group["momentum"]:
        names.append("momentum_buffer")
    if group["centered"]:
        names.append("grad_avg")
    return {"step": zero_count(), **{name: filled.zeros_like(p) for name in names}}

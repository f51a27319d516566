"""RMSprop."""

from __future__ import annotations

import functools
from typing import Any

from wengert.core import dtypes
from wengert.optim.optimizer import Optimizer, require_not_negative
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
        require_not_negative(
            {"learning rate": lr, "epsilon value": eps, "momentum value": momentum,
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
        for p, grad in self.with_gradients(group):
            entry = self.state_of(p, functools.partial(_start, p, group))
            entry["step"].add_(1)
            if group["maximize"]:
                grad = grad.neg()
            if group["weight_decay"]:
                grad = grad.add(p, alpha=group["weight_decay"])
            square = entry["square_avg"].mul_(alpha).add_(grad * grad, alpha=1 - alpha)
            if group["centered"]:
                mean = entry["grad_avg"]
                mean.add_(grad - mean, alpha=1 - alpha)
                square = square - mean * mean
            step = grad / square.sqrt().add_(group["eps"])
            if momentum:
                step = entry["momentum_buffer"].mul_(momentum).add_(step)
            p.sub_(step, alpha=group["lr"])


def _start(p: Any, group: dict[str, Any]) -> dict[str, Any]:
    names = ["square_avg"]
    if group["momentum"]:
        names.append("momentum_buffer")
    if group["centered"]:
        names.append("grad_avg")
    step = filled.zeros((), dtype=dtypes.float32)
    return {"step": step, **{name: filled.zeros_like(p) for name in names}}

"""Resilient backpropagation."""

from __future__ import annotations

import functools
from typing import Any

from wengert.optim.optimizer import Optimizer, number, require_rate, zero_count
from wengert.tensor import comparison, filled


class Rprop(Optimizer):
    """Steps by the sign of the gradient alone: longer ones while it stays the same, shorter ones when it turns.

    With gradient g (negated when ``maximize``), parameter p and steps s, which start as ``lr``::

        s = clamp(s * etaplus, *step_sizes)             where g has the sign of the gradient before
        s = clamp(s * etaminus, *step_sizes); g = 0     where it has the other one
        p = p - sign(g) * s

    Raises ValueError unless ``0 < etaminus < 1 < etaplus``.
    Source: Riedmiller and Braun, A direct adaptive method for faster backpropagation learning, 1993.

    >>> import wengert as torch
    >>> x = torch.tensor(0., requires_grad=True)
    >>> opt = torch.optim.Rprop([x], lr=0.25)
    >>> ((x - 1) ** 2).backward()
    >>> opt.step()
    >>> x
    tensor(0.2500, requires_grad=True)
    """

    def __init__(
        self, params: Any, lr: Any = 1e-2, etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50), *, capturable: bool = False, foreach: bool | None = None,
        maximize: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        require_rate(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(
                f"Invalid eta values: {etas[0]}, {etas[1]}. They must have 0 < etaminus < 1 < etaplus."
            )
        defaults = {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update_group(self, group: dict[str, Any]) -> None:
        """Take one step with the parameters of a group."""
        shorter, longer = group["etas"]
        shortest, longest = group["step_sizes"]
        for p, grad, entry in self.prepared(group, functools.partial(_start, group=group)):
            entry["step"].add_(1)
            turn = grad * entry["prev"]
            kept = comparison.where(turn < 0, shorter, filled.ones_like(turn))
            factor = comparison.where(turn > 0, longer, kept)
            size = entry["step_size"]
            size.copy_((size * factor).clamp(shortest, longest))
            grad = comparison.where(turn < 0, 0.0, grad)
            p.sub_(grad.sign() * size)
            entry["prev"].copy_(grad)


def _start(p: Any, group: dict[str, Any]) -> dict[str, Any]:
    rate = number(group["lr"])
    size = complex(rate, rate) if p.is_complex() else rate
    return {
        "step": zero_count(), "prev": filled.zeros_like(p),
        "step_size": filled.full_like(p, size).detach(),
    }  # fmt: skip

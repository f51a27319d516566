"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from wengert.core.carrier import state as thread
from wengert.errors import TraceError
from wengert.optim.optimizer import (
    Optimizer,
    require_not_negative,
    require_one_kind,
    require_rate,
)
from wengert.tape.provenance import written_here
from wengert.tape.storage import Recorded
from wengert.tensor.arithmetic import add_
from wengert.tensor.inplace import add_memory, memory_only
from wengert.tensor.promotion import constant


class SGD(Optimizer):
    """Gradient descent with momentum.

    With gradient g (negated when ``maximize``) and parameter p::

        g = g + weight_decay * p
        b = g                                   in the first step
        b = momentum * b + (1 - dampening) * g  later
        g = g + momentum * b  if nesterov  else  b
        p = p - lr * g

    Raises ValueError for negative rates, and for Nesterov momentum without momentum or with dampening. With
    ``differentiable`` the first step's momentum carries its gradient, which PyTorch drops.
    Source: Sutskever et al., On the importance of initialization and momentum in deep learning, 2013.

    >>> import wengert as torch
    >>> x = torch.tensor(0., requires_grad=True)
    >>> opt = torch.optim.SGD([x], lr=0.25)
    >>> ((x - 1) ** 2).backward()
    >>> opt.step()
    >>> x
    tensor(0.5000, requires_grad=True)
    """

    def __init__(
        self, params: Any, lr: Any = 1e-3, momentum: float = 0, dampening: float = 0, weight_decay: float = 0,
        nesterov: bool = False, *, maximize: bool = False, foreach: bool | None = None,
        differentiable: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        require_rate(lr)
        require_not_negative({"momentum value": momentum, "weight_decay value": weight_decay})
        require_one_kind(fused, foreach, differentiable)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize, "foreach": foreach, "differentiable": differentiable,
            "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update_group(self, group: dict[str, Any]) -> None:
        """Take one step with the parameters of a group."""
        place = written_here()
        simple = not (group["momentum"] or group["weight_decay"])
        sign, rate = 1 if group["maximize"] else -1, group["lr"]
        dtype = factor = None
        for p, grad in self.with_gradients(group):
            if not simple:
                grad = self._direction(p, grad, group)
            if isinstance(rate, Recorded):
                p.add_(grad * self.rate(group, p), alpha=sign)
            elif memory_only(p, grad):
                if grad._payload.dtype is not dtype:
                    dtype = grad._payload.dtype
                    factor = constant(sign * rate, dtype)._payload
                add_memory(p, grad, factor, place)
            else:
                add_(p, grad, alpha=sign * rate)

    def _direction(self, p: Any, grad: Any, group: dict[str, Any]) -> Any:
        """Return the gradient with decay and momentum; ``maximize`` turns it before the decay, and back again."""
        momentum = group["momentum"]
        sign = -1 if group["maximize"] else 1
        if group["weight_decay"]:
            grad = grad.add(p, alpha=sign * group["weight_decay"])
        if not momentum:
            return grad
        entry = self.state[p]
        buffer = entry.get("momentum_buffer")
        if buffer is None:
            if thread.trace is not None:
                raise TraceError(
                    "SGD: the momentum does not exist before the first step, so that step differs from all later ones. "
                    "Take one step before tracing."
                )
            buffer = entry["momentum_buffer"] = grad.clone() if sign > 0 else grad.neg()
        else:
            if thread.trace is not None:
                thread.trace.found_in(buffer, lambda: self.state[p]["momentum_buffer"])
            elif group["differentiable"]:
                buffer = entry["momentum_buffer"] = buffer.clone()
            buffer.mul_(momentum).add_(grad, alpha=sign * (1 - group["dampening"]))
        if group["nesterov"]:
            return grad.add(buffer, alpha=sign * momentum)
        return buffer if sign > 0 else buffer.neg()

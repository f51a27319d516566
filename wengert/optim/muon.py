"""Muon: momentum made orthogonal, for the matrices of hidden layers."""

from __future__ import annotations

import math
from typing import Any

from wengert.core import dtypes
from wengert.errors import DTypeError
from wengert.optim.optimizer import Optimizer
from wengert.tape.storage import Recorded
from wengert.tensor import filled

ADJUSTMENTS = (None, "original", "match_rms_adamw")


class Muon(Optimizer):
    """Steps along the nearest orthogonal matrix to a running mean of the gradient.

    With gradient g and parameter p, ``(m, n)`` matrices::

        b = momentum * b + (1 - momentum) * g
        x = momentum * b + (1 - momentum) * g  if nesterov  else  b
        x = x / |x|;  ns_steps times  x = a x + (b' x x^T + c (x x^T)^2) x      ns_coefficients = (a, b', c)
        p = p - lr * weight_decay * p
        p = p - lr * s * x

    s is ``sqrt(max(1, m / n))``, or ``0.2 sqrt(max(m, n))`` for ``adjust_lr_fn="match_rms_adamw"``. The iteration
    computes in bfloat16, as in PyTorch. Raises ValueError for options out of range and for parameters that are no
    matrices, RuntimeError for complex ones, ImportError without the extra ``bfloat16``.
    Source: Jordan et al., Muon: an optimizer for hidden layers in neural networks, 2024.
    """

    def __init__(
        self, params: Any, lr: Any = 1e-3, weight_decay: float = 0.1, momentum: float = 0.95, nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315), eps: float = 1e-7, ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:  # fmt: skip
        if isinstance(lr, Recorded) and lr.numel() != 1:  # type: ignore[attr-defined]
            raise ValueError("Tensor lr must be 1-element")
        options = {"Learning rate": lr, "momentum": momentum, "weight decay": weight_decay}
        for name, value in options.items():
            if not value >= 0.0:
                raise ValueError(f"{name} should be >= 0 but is: {value}")
        if adjust_lr_fn not in ADJUSTMENTS:
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        filled.zeros(
            (), dtype=dtypes.bfloat16
        )  # says now, and not in a step, what is not installed
        defaults = {
            "lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov,
            "ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps, "adjust_lr_fn": adjust_lr_fn,
        }  # fmt: skip
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                if p.ndim != 2:
                    raise ValueError(
                        f"Muon only supports 2D parameters whereas we found a parameter with size: {p.size()}. Give "
                        f"the others to AdamW."
                    )

    def update_group(self, group: dict[str, Any]) -> None:
        """Take one step with the parameters of a group."""
        if group["ns_steps"] >= 100:
            raise ValueError("Number of steps must be less than 100 for computational efficiency")
        if len(group["ns_coefficients"]) != 3:
            raise ValueError("Coefficients must be a tuple of exactly 3 values")
        pairs = self.with_gradients(group)
        if any(p.is_complex() for p, _ in pairs):
            raise DTypeError("Muon does not support complex parameters")
        momentum = group["momentum"]
        for p, grad in pairs:
            entry = self.state_of(p, lambda g=grad: {"momentum_buffer": filled.zeros_like(g)})  # type: ignore[misc]
            mean = entry["momentum_buffer"].lerp_(grad, 1 - momentum)
            mean = grad.lerp(mean, momentum) if group["nesterov"] else mean
            update = _orthogonal(mean, group)
            rate = self.rate(group, p)
            p.mul_(1 - rate * group["weight_decay"])
            p.sub_(update.to(p.dtype) * (rate * _adjustment(p, group["adjust_lr_fn"])))


def _orthogonal(x: Any, group: dict[str, Any]) -> Any:
    """Return the matrix near to ``x`` whose singular values are near to 1, in bfloat16."""
    a, b, c = group["ns_coefficients"]
    turned = x.size(0) > x.size(1)
    x = x.bfloat16()
    x = x.T if turned else x
    x = x / x.norm().clamp(min=group["eps"])
    for _ in range(group["ns_steps"]):
        gram = x @ x.T
        x = x.addmm(gram.addmm(gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if turned else x


def _adjustment(p: Any, kind: str | None) -> float:
    rows, columns = p.shape
    if kind == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(max(1, rows / columns))

"""Adafactor: second moments of matrices kept as a row and a column."""

from __future__ import annotations

import math
from typing import Any

from wengert.core.limits import finfo
from wengert.errors import DTypeError
from wengert.optim.optimizer import Optimizer, zero_count
from wengert.tape.storage import Recorded
from wengert.tensor import filled


class Adafactor(Optimizer):
    """Steps along the gradient over the root of its mean square, which for matrices is ``row @ column``.

    With gradient g (negated when ``maximize``) and parameter p, rms(x) the root of the mean of ``x^2``, at step t::

        b = t^beta2_decay
        a = max(eps2, rms(p)) * min(lr, 1 / sqrt(t))
        p = p - lr * weight_decay * p
        r = (1 - b) r + b mean(g^2) along rows,  c likewise along columns,  v = r c / max(mean(r), eps1)
        or, for a vector,  v = (1 - b) v + b g^2
        u = g / sqrt(max(v, eps1^2))
        p = p - a * u / max(1, rms(u) / d)

    ``eps`` is (eps1, eps2); None stands for the dtype's machine epsilon. Raises ValueError for options out of range,
    RuntimeError for complex parameters.
    Source: Shazeer and Stern, Adafactor: adaptive learning rates with sublinear memory cost, 2018.

    >>> import wengert as torch
    >>> x = torch.tensor([1.], requires_grad=True)
    >>> opt = torch.optim.Adafactor([x], lr=0.25)
    >>> (x ** 2).sum().backward()
    >>> opt.step()
    >>> x
    tensor([0.7500], requires_grad=True)
    """

    def __init__(
        self, params: Any, lr: Any = 1e-2, beta2_decay: float = -0.8, eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0, weight_decay: float = 0.0, *, foreach: bool | None = None, maximize: bool = False,
    ) -> None:  # fmt: skip
        if isinstance(lr, Recorded) and lr.numel() != 1:  # type: ignore[attr-defined]
            raise ValueError("Tensor lr must be 1-element")
        ranges = {
            f"Learning rate should be >= 0 but is: {lr}": lr >= 0,
            f"beta2_decay should be <= 0 but is: {beta2_decay}": beta2_decay <= 0,
            f"epsilon1 should be >= 0 but is: {eps[0]}": eps[0] is None or eps[0] >= 0,
            f"epsilon2 should be >= 0 but is: {eps[1]}": eps[1] >= 0,
            f"Clipping threshold d should be >= 1 but is: {d}": d >= 1,
            f"weight_decay should be >= 0 but is: {weight_decay}": weight_decay >= 0,
        }
        for words, holds in ranges.items():
            if not holds:
                raise ValueError(words)
        defaults = {
            "lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update_group(self, group: dict[str, Any]) -> None:
        """Take one step with the parameters of a group."""
        pairs = self.with_gradients(group)
        if any(p.is_complex() for p, _ in pairs):
            raise DTypeError(
                "Adafactor does not support complex parameters. Optimize `torch.view_as_real(p)`."
            )
        for p, grad in pairs:
            entry = self.state_of(p, lambda grad=grad: _start(grad))  # type: ignore[misc]
            count = self.count(entry["step"].add_(1))
            rate = self.rate(group, p)
            low = finfo(p.dtype).eps if group["eps"][0] is None else group["eps"][0]
            scale = _rms(p).clamp(min=group["eps"][1]) * self._relative_rate(rate, count, p)
            if group["weight_decay"]:
                p.mul_(1 - rate * group["weight_decay"])
            grad = grad.neg() if group["maximize"] else grad
            weight = self.fit(count ** group["beta2_decay"], p)
            square = _mean_square(entry, grad, weight, low)
            update = square.clamp_(min=low * low).rsqrt_().mul_(grad)
            p.sub_(update * (scale / (_rms(update) / group["d"]).clamp(min=1.0)))

    def _relative_rate(self, rate: Any, count: Any, p: Any) -> Any:
        """Return the least of the rate and ``1 / sqrt(t)``."""
        slow = self.fit(1 / count**0.5, p)
        if isinstance(slow, Recorded):
            return slow.clamp(max=rate)  # type: ignore[attr-defined]
        return min(rate, slow)


def _mean_square(entry: dict[str, Any], grad: Any, weight: Any, low: float) -> Any:
    """Bring the running means up to date and return the mean square that they stand for."""
    if grad.ndim < 2:
        return entry["variance"].lerp_(grad * grad, weight).clone()
    for name, dim in (("row_var", -1), ("col_var", -2)):
        entry[name].lerp_(grad.norm(2, dim, True).square_().div_(grad.size(dim)), weight)
    row, column = entry["row_var"], entry["col_var"]
    return (row @ column).div_(row.mean(-2, True).clamp_(min=low))


def _rms(x: Any) -> Any:
    return x.norm() / math.sqrt(x.numel())


def _start(grad: Any) -> dict[str, Any]:
    if grad.ndim < 2:
        return {"step": zero_count(), "variance": filled.zeros_like(grad)}
    *batch, rows, columns = grad.shape
    return {
        "step": zero_count(), "row_var": grad.new_zeros(*batch, rows, 1), "col_var": grad.new_zeros(*batch, 1, columns),
    }  # fmt: skip

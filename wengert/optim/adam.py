"""Adam, and Adam with decoupled weight decay."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.optim.optimizer import Optimizer, require_not_negative
from wengert.rules import updates
from wengert.tape.provenance import Place, here
from wengert.tape.storage import mark_written, ndarray
from wengert.tensor import filled
from wengert.tensor.inplace import assign, memory_only, writable
from wengert.tensor.promotion import cast_to, dtype_of

_FLOAT64 = np.dtype(np.float64)


class Adam(Optimizer):
    """Steps along a running mean of the gradient, scaled by a running mean of its square.

    With gradient g (negated when ``maximize``) and parameter p, at step t::

        g = g + weight_decay * p
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g^2
        p = p - lr * m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)

    With ``amsgrad`` the largest v so far takes the place of v in the last line.
    Raises ValueError for rates out of range.
    Source: Kingma and Ba, Adam: a method for stochastic optimization, 2015.

    >>> import wengert as torch
    >>> x = torch.tensor(0., requires_grad=True)
    >>> opt = torch.optim.Adam([x], lr=0.25)
    >>> ((x - 1) ** 2).backward()
    >>> opt.step()
    >>> x
    tensor(0.2500, requires_grad=True)
    """

    _decoupled = False

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, amsgrad: bool = False, *, foreach: bool | None = None, maximize: bool = False,
        capturable: bool = False, differentiable: bool = False, fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:  # fmt: skip
        require_not_negative(
            {"learning rate": lr, "epsilon value": eps, "weight_decay value": weight_decay}
        )
        for i, beta in enumerate(betas):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "differentiable": differentiable, "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay or self._decoupled,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update_group(self, group: dict[str, Any]) -> None:
        """Take one step with the parameters of a group."""
        place = here()
        for p, grad in self.with_gradients(group):
            entry = self.state_of(p, functools.partial(_start, p, group["amsgrad"]))
            if group["maximize"]:
                grad = grad.neg()
            if _all_memory(p, grad, entry):
                _step_in_memory(p, grad, entry, group, place)
            else:
                _step_in_rows(p, grad, entry, group)


class AdamW(Adam):
    """`Adam` with ``p = p - lr * weight_decay * p`` before each step, instead of decay in the gradient.

    Source: Loshchilov and Hutter, Decoupled weight decay regularization, 2019.
    """

    _decoupled = True

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 1e-2, amsgrad: bool = False, *, maximize: bool = False, foreach: bool | None = None,
        capturable: bool = False, differentiable: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize,
            capturable=capturable, differentiable=differentiable, fused=fused,
        )  # fmt: skip


MOMENTS = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")


def _start(p: Any, amsgrad: bool) -> dict[str, Any]:
    moments = MOMENTS if amsgrad else MOMENTS[:2]
    step = filled.zeros((), dtype=dtypes.float32)
    return {"step": step, **{name: filled.zeros_like(p) for name in moments}}


def _all_memory(p: Any, grad: Any, entry: dict[str, Any]) -> bool:
    """Say whether the step is one of plain memory, each tensor's in one piece."""
    return memory_only(p, grad) and all(
        x.payload.__class__ is ndarray and x.payload.flags.c_contiguous
        for x in (p, grad, *entry.values())
    )


def _options(group: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of the row."""
    beta1, beta2 = group["betas"]
    decay, decoupled = group["weight_decay"], group["decoupled_weight_decay"]
    return {
        "beta1": float(beta1), "beta2": float(beta2), "eps": float(group["eps"]), "amsgrad": group["amsgrad"],
        "decay": 0.0 if decoupled else float(decay),
        "shrink": 1.0 - float(group["lr"]) * decay if decoupled else 1.0,
    }  # fmt: skip


def _step_in_memory(
    p: Any, grad: Any, entry: dict[str, Any], group: dict[str, Any], place: Place
) -> None:
    writable(p, "Adam.step")
    count = entry["step"].payload
    count += 1
    t = float(count)
    options = _options(group)
    rate = float(group["lr"]) / (1.0 - options["beta1"] ** t)
    root = math.sqrt(1.0 - options["beta2"] ** t)
    written = [entry[name] for name in MOMENTS if name in entry]
    arrays = [x.payload for x in (p, grad, entry["exp_avg"], entry["exp_avg_sq"], written[-1])]
    if p.payload.dtype.kind == "c":
        arrays = [a.view(a.real.dtype) for a in arrays]
    x, y, first, second, largest = arrays
    updates.adam_in_place(x, y, first, second, largest, rate, root, **options)
    for tensor in (p, entry["step"], *written):
        mark_written(tensor, place)


def _step_in_rows(p: Any, grad: Any, entry: dict[str, Any], group: dict[str, Any]) -> None:
    """Take the step as a row, which a trace records and any carrier computes."""
    if dtype_of(p).kind == "c":
        raise NotImplementedError(
            "Adam: complex parameters are updated in plain memory only, not under a transform or a trace. "
            "Optimise the real and imaginary parts."
        )
    options = _options(group)
    step = assign(entry["step"], entry["step"] + 1, "Adam.step")
    t = cast_to(step, _FLOAT64)
    rate = group["lr"] / (1.0 - options["beta1"] ** t)
    root = (1.0 - options["beta2"] ** t).sqrt()
    first, second = entry["exp_avg"], entry["exp_avg_sq"]
    found = updates.adam(
        p, grad, first, second, entry.get("max_exp_avg_sq", second),
        cast_to(rate, dtype_of(p)), cast_to(root, dtype_of(p)), **options,
    )  # fmt: skip
    for x, value in zip(
        (p, *(entry[name] for name in MOMENTS if name in entry)), found, strict=False
    ):
        assign(x, value, "Adam.step")

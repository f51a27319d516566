"""Adam, and Adam with decoupled weight decay."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from wengert.core.silence import silent
from wengert.optim.optimizer import (
    UPDATED,
    Optimizer,
    number,
    real,
    require_betas,
    require_not_negative,
    require_one_kind,
    require_rate,
    zero_count,
)
from wengert.rules import updates
from wengert.tape.provenance import Written, here
from wengert.tape.storage import Recorded, mark_written, ndarray
from wengert.tensor import filled
from wengert.tensor.inplace import assign, memory_only, writable
from wengert.tensor.promotion import cast_to, dtype_of

_FLOAT64 = np.dtype(np.float64)
_SMALL = 1 << 12
"""Elements of a parameter up to which it is gathered with others: calls cost more than copies."""


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
        require_rate(lr)
        require_not_negative({"epsilon value": eps, "weight_decay value": weight_decay})
        require_betas(betas)
        require_one_kind(fused, foreach, differentiable)
        if isinstance(betas[0], Recorded) is not isinstance(betas[1], Recorded):
            raise ValueError("betas must be either both floats or both Tensors")
        for name, value in (("lr", lr), ("betas[0]", betas[0])):
            if foreach and not capturable and isinstance(value, Recorded):
                raise ValueError(
                    f"{name} as a Tensor is not supported for capturable=False and foreach=True"
                )
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "differentiable": differentiable, "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay or self._decoupled,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update_group(self, group: dict[str, Any]) -> None:
        """Take one step with the parameters of a group."""
        batches: dict[Any, list[Any]] = {}
        for p, grad in self.with_gradients(group):
            entry = self.state_of(p, functools.partial(_start, p, group["amsgrad"]))
            if group["maximize"]:
                grad = grad.neg()
            if group["differentiable"] or not _all_memory(p, grad, entry):
                self._step_in_rows(p, grad, entry, group)
                continue
            writable(p, "Adam.step")
            x, count = p._payload, entry["step"]._payload
            count += 1
            # Memory that another parameter may look at as well is not gathered with others.
            alone = x.size > _SMALL or x.base is not None
            key = float(count), x.dtype, id(p) if alone else None
            batches.setdefault(key, []).append((p, grad, entry))
        place = *here(), (UPDATED, type(self).__name__)
        for (t, _, _), batch in batches.items():
            _step_in_memory(batch, t, group, place)

    def _step_in_rows(
        self, p: Any, grad: Any, entry: dict[str, Any], group: dict[str, Any]
    ) -> None:
        """Take the step as a row, which a trace and the tape record and any carrier computes."""
        if dtype_of(p).kind == "c":
            p, grad = real(p), real(grad)
            entry = {name: real(value) for name, value in entry.items()}
        options = _options(group)
        lr = self.rate(group, p)
        shrunk = p
        if group["decoupled_weight_decay"] and group["weight_decay"]:
            shrunk = p.clone().mul_(1 - lr * group["weight_decay"])
        step = assign(entry["step"], entry["step"] + 1, "Adam.step")
        t = cast_to(step, _FLOAT64)
        rate = lr / (1.0 - options["beta1"] ** t)
        root = (1.0 - options["beta2"] ** t).sqrt()
        first, second = entry["exp_avg"], entry["exp_avg_sq"]
        largest = entry.get("max_exp_avg_sq", second)
        if group["differentiable"]:
            largest = largest.clone()
        found = updates.adam(
            shrunk, grad, first, second, largest,
            cast_to(rate, dtype_of(p)), cast_to(root, dtype_of(p)), **options,
        )  # fmt: skip
        written = (p, *(entry[name] for name in MOMENTS if name in entry))
        for x, value in zip(written, found, strict=False):
            assign(x, value, "Adam.step")


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
    return {"step": zero_count(), **{name: filled.zeros_like(p) for name in moments}}


def _all_memory(p: Any, grad: Any, entry: dict[str, Any]) -> bool:
    """Say whether the step is one of plain memory, each tensor's in one piece."""
    if not (
        memory_only(p, grad) and p._payload.flags.c_contiguous and grad._payload.flags.c_contiguous
    ):
        return False
    for x in entry.values():
        if x._payload.__class__ is not ndarray or not x._payload.flags.c_contiguous:
            return False
    return True


def _options(group: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of the row."""
    beta1, beta2 = group["betas"]
    return {
        "beta1": number(beta1), "beta2": number(beta2), "eps": float(group["eps"]), "amsgrad": group["amsgrad"],
        "decay": 0.0 if group["decoupled_weight_decay"] else float(group["weight_decay"]),
    }  # fmt: skip


def _step_in_memory(batch: list[Any], t: float, group: dict[str, Any], place: Written) -> None:
    """Take step ``t`` with some parameters of one dtype in their own memory."""
    options = _options(group)
    lr = number(group["lr"])
    rate = lr / (1.0 - options["beta1"] ** t)
    shrink = 1.0 - lr * group["weight_decay"] if group["decoupled_weight_decay"] else 1.0
    root = math.sqrt(1.0 - options["beta2"] ** t)
    names = MOMENTS if group["amsgrad"] else MOMENTS[:2]
    rows = []
    for p, grad, entry in batch:
        written = p, *[entry[name] for name in names]
        x, first, second, *largest = [v._payload for v in written]
        rows.append((x, grad._payload, first, second, *(largest or (second,))))
        for tensor in written:
            mark_written(tensor, place)
        mark_written(entry["step"], place)
    if batch[0][0]._payload.dtype.kind == "c":
        rows = [tuple(a.view(a.real.dtype) for a in row) for row in rows]
    silent().run(updates.adam_together, rows, rate, root, shrink, **options)

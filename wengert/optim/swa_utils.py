"""Averages of a model's weights over training: equal ones, exponential ones, and the schedule that goes with them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from wengert.core import dtypes
from wengert.nn.layers.batch import _BatchNorm
from wengert.nn.module import Module
from wengert.optim.lr_scheduler.scheduler import LRScheduler, one_each
from wengert.tape.mode import no_grad
from wengert.tensor import creation
from wengert.tensor.tensor import Tensor

__all__ = [
    "AveragedModel", "SWALR", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "get_swa_multi_avg_fn",
    "update_bn",
]  # fmt: skip

Average = Callable[[Any, Any, Any], Any]


def _require_decay(decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(
            f"Invalid decay value {decay} provided. Please provide a value in [0,1] range."
        )


def get_ema_multi_avg_fn(decay: float = 0.999) -> Average:
    """Return what moves a list of averages towards a list of values: ``decay * average + (1 - decay) * value``.

    ValueError unless ``0 <= decay <= 1``.
    """
    _require_decay(decay)

    def ema_update(averages: Any, values: Any, num_averaged: Any) -> None:
        with no_grad():
            for average, value in zip(averages, values, strict=True):
                if average.is_floating_point() or average.is_complex():
                    average.lerp_(value, 1 - decay)
                else:
                    average.copy_(average * decay + value * (1 - decay))

    return ema_update


def get_swa_multi_avg_fn() -> Average:
    """Return what takes a list of values into a list of averages of ``num_averaged``, all with the same weight."""

    def swa_update(averages: Any, values: Any, num_averaged: Any) -> None:
        count = num_averaged + 1
        with no_grad():
            for average, value in zip(averages, values, strict=True):
                if average.is_floating_point() or average.is_complex():
                    average.lerp_(value, float(1 / count))
                elif isinstance(count, Tensor):
                    average.addcdiv_(value - average, count)
                else:
                    average.add_(value - average, alpha=1.0 / count)

    return swa_update


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """Return the function that gives ``decay * average + (1 - decay) * value``.

    ValueError unless ``0 <= decay <= 1``.
    """
    _require_decay(decay)

    def ema_update(average: Any, value: Any, num_averaged: Any) -> Any:
        with no_grad():
            return decay * average + (1 - decay) * value

    return ema_update


def get_swa_avg_fn() -> Average:
    """Return the function that takes a value into an average of ``num_averaged``, all with the same weight."""

    def swa_update(average: Any, value: Any, num_averaged: Any) -> Any:
        with no_grad():
            return average + (value - average) / (num_averaged + 1)

    return swa_update


class AveragedModel(Module):
    """A copy of a model whose parameters are averages of the model's: `update_parameters` takes the present ones in.

    The first update copies. Later ones call ``multi_avg_fn(averages, values, n_averaged)`` once for the parameters of
    each dtype, or ``avg_fn(average, value, n_averaged)``, which returns the new average, for each; without either all
    updates count the same. Buffers are copied, or averaged with ``use_buffers``. AssertionError for both functions.
    Source: Izmailov et al., Averaging weights leads to wider optima and better generalization, 2018.

    >>> import wengert as torch
    >>> from wengert.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
    >>> model = torch.nn.Linear(1, 1, bias=False)
    >>> averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.5))
    >>> for weight in (0., 1., 1.):
    ...     _ = torch.nn.init.constant_(model.weight, weight)
    ...     averaged.update_parameters(model)
    >>> averaged.module.weight.item(), averaged.n_averaged
    (0.75, tensor(3))
    """

    n_averaged: Any

    def __init__(
        self, model: Any, device: Any = None, avg_fn: Average | None = None, multi_avg_fn: Average | None = None,
        use_buffers: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        count = creation.tensor(0, dtype=dtypes.int64, device=device)
        self.register_buffer("n_averaged", count)
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the averaged model makes of the arguments."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Any) -> None:
        """Take the parameters that ``model`` has now into the averages."""
        mine, its = self.module, model
        members: Callable[[Any], Iterable[Any]] = lambda m: m.parameters()  # noqa: E731
        if self.use_buffers:
            members = lambda m: itertools.chain(m.parameters(), m.buffers())  # noqa: E731
        pairs = [
            (average.detach(), value.detach())
            for average, value in zip(members(mine), members(its), strict=False)
        ]
        if self.n_averaged == 0:
            for average, value in pairs:
                average.copy_(value)
        elif self.multi_avg_fn is not None:
            for alike in _by_dtype(pairs):
                averages, values = (list(part) for part in zip(*alike, strict=True))
                self.multi_avg_fn(averages, values, self.n_averaged)
        else:
            average_of = self.avg_fn or get_swa_avg_fn()
            for average, value in pairs:
                average.copy_(average_of(average, value, self.n_averaged))
        if not self.use_buffers:
            for mine_too, its_too in zip(self.module.buffers(), model.buffers(), strict=True):
                mine_too.detach().copy_(its_too.detach())
        self.n_averaged += 1


def _by_dtype(pairs: Iterable[tuple[Any, Any]]) -> list[list[tuple[Any, Any]]]:
    found: dict[Any, list[tuple[Any, Any]]] = {}
    for average, value in pairs:
        found.setdefault(average.dtype, []).append((average, value))
    return list(found.values())


def update_bn(loader: Iterable[Any], model: Any, device: Any = None) -> None:
    """Compute the running statistics of a model's batch norms anew, as averages over the batches of ``loader``.

    Of a batch that is a list or tuple, the first element is the model's input. The model runs in training mode, and
    has its mode and momenta back afterwards.

    >>> import wengert as torch
    >>> model = torch.nn.BatchNorm1d(1)
    >>> torch.optim.swa_utils.update_bn([torch.zeros(2, 1), torch.ones(2, 1)], model)
    >>> model.running_mean
    tensor([0.5000])
    """
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    if not norms:
        return
    momenta, training = [m.momentum for m in norms], model.training
    for norm in norms:
        norm.reset_running_stats()
    try:
        model.train()
        for norm in norms:
            norm.momentum = None
        with no_grad():
            for batch in loader:
                given = batch[0] if isinstance(batch, list | tuple) else batch
                model(given if device is None else given.to(device))
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        model.train(training)


class SWALR(LRScheduler):
    """Moves each rate in ``anneal_epochs`` epochs to ``swa_lr``, and keeps it there.

    With a the part of the way, ``s = t / anneal_epochs`` or, for the strategy "cos", ``(1 - cos(pi s)) / 2``,
    the rate is ``(1 - a) lr_0 + a swa_lr``. Other schedules may run before: the way starts from where they stopped.
    ValueError for another strategy, for negative or fractional epochs, and for as many rates as there are no groups.
    """

    anneal_func: Callable[[float], float]

    def __init__(
        self, optimizer: Any, swa_lr: Any, anneal_epochs: int = 10, anneal_strategy: str = "cos", last_epoch: int = -1
    ) -> None:  # fmt: skip
        rates = one_each("swa_lr", optimizer, swa_lr)
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        for rate, group in zip(rates, optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        self._set_anneal_func(anneal_strategy)
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _set_anneal_func(self, anneal_strategy: str) -> None:
        self._anneal_strategy = anneal_strategy
        self.anneal_func = _cosine if anneal_strategy == "cos" else float

    def get_lr(self) -> list[Any]:
        """Return the next rates."""
        present = self._present()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, after = (
            self.anneal_func(max(0, min(1, s / max(1, self.anneal_epochs)))) for s in (step - 1, step)
        )  # fmt: skip
        found = []
        for lr, group in zip(present, self.optimizer.param_groups, strict=True):
            end = group["swa_lr"]
            start = end if before == 1 else (lr - before * end) / (1 - before)
            found.append(end * after + start * (1 - after))
        return found

    def state_dict(self) -> dict[str, Any]:
        """Return every attribute but the optimiser, and the strategy by name."""
        state = super().state_dict()
        del state["anneal_func"]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        super().load_state_dict(state_dict)
        self._set_anneal_func(self._anneal_strategy)


def _cosine(t: float) -> float:
    return (1 - math.cos(math.pi * t)) / 2

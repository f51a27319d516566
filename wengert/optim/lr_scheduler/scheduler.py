"""What schedules share: the first step, counting, writing rates into the optimiser's groups, saving, warnings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.optim.optimizer import Optimizer, copied
from wengert.tape.mode import no_grad
from wengert.tape.provenance import warn
from wengert.tape.storage import Recorded

_SEE = "See https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate for the order of calls."
EPOCH_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please use "
    "`scheduler.step()` to step the scheduler."
)


class LRScheduler:
    """Base of schedules: sets the learning rate of each group of an optimiser when it is made, and at each `step`.

    A subclass defines ``get_lr()``, which returns the new rates from ``last_epoch`` and the present ones, and perhaps
    ``_get_closed_form_lr()``, which needs ``base_lrs`` only. Rates that are tensors are written to in place, so that a
    trace of the training step follows them.
    """

    optimizer: Any
    _get_lr_called_within_step = False
    _is_initial = False
    _last_lr: list[Any]

    def __init__(self, optimizer: Any, last_epoch: int = -1) -> None:
        require_optimizer(optimizer)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming scheduler with "
                    f"last_epoch >= 0. Load the optimizer's state first, or leave `last_epoch` out for a fresh run."
                )
        self.base_lrs = values(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        optimizer._own_step = vars(optimizer).get("step")
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self) -> dict[str, Any]:
        """Return every attribute but the optimiser."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> list[Any]:
        """Return the rates that were set last, one per group."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """Return the next rates; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} does not define `get_lr`.")

    def step(self, epoch: int | None = None) -> None:
        """Set the next rates; call it after the optimiser's step. With ``epoch`` (deprecated), set that epoch's."""
        if self._step_count == 1:
            self._warn_of_order()
        self._step_count += 1
        if epoch is not None:
            warn(EPOCH_WARNING)
        self._update_lr(epoch)

    def _warn_of_order(self) -> None:
        if vars(self.optimizer).get("step") is not self.optimizer._own_step:
            warn(
                "Seems like `optimizer.step()` has been overridden after learning rate scheduler initialization. "
                "Please, make sure to call `optimizer.step()` before `lr_scheduler.step()`. " + _SEE
            )
        elif not self.optimizer._stepped[0]:
            warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. Call them in the opposite order: "
                "else the first value of the learning rate schedule is skipped. " + _SEE
            )

    def _update_lr(self, epoch: int | None = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        closed = None if epoch is None else getattr(self, "_get_closed_form_lr", None)
        self._set(self._asked_within_step() if closed is None else closed())

    def _asked_within_step(self) -> list[Any]:
        self._get_lr_called_within_step = True
        try:
            return self.get_lr()
        finally:
            self._get_lr_called_within_step = False

    def _set(self, rates: Sequence[Any]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            put(group, "lr", rate)
        self._last_lr = values(self.optimizer, "lr")

    def _present(self, factor: float | None = None) -> list[Any]:
        """Return the present rates, or these times a factor. Warns outside of `step`, where it would be the next."""
        if not self._get_lr_called_within_step:
            warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`."
            )
        if factor is None:
            return values(self.optimizer, "lr")
        return [group["lr"] * factor for group in self.optimizer.param_groups]


class _LRScheduler(LRScheduler):
    """The base under its name from before PyTorch 2, from which schedules of that time are derived."""


def require_optimizer(optimizer: Any) -> None:
    """Raise TypeError for what is no optimiser."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def values(optimizer: Any, key: str) -> list[Any]:
    """Return an option of every group."""
    return [copied(group[key]) for group in optimizer.param_groups]


def put(group: dict[str, Any], key: str, value: Any) -> None:
    """Set an option of a group; a tensor keeps its identity."""
    if isinstance(group[key], Recorded):
        with no_grad():
            group[key].fill_(float(value))
    else:
        group[key] = value


def one_each(name: str, optimizer: Any, value: Any) -> list[Any]:
    """Return one value for each group; ValueError when as many are not given."""
    n = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [copied(value) for _ in range(n)]
    if len(value) != n:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. {name} has {len(value)} values, "
            f"param_groups has {n}."
        )
    return [copied(v) for v in value]

"""Schedules by a function of the user's."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from typing import Any

from wengert.optim.lr_scheduler.scheduler import LRScheduler

Lambda = Callable[[int], float]


class LambdaLR(LRScheduler):
    """Sets each rate to its initial value times ``lr_lambda(epoch)``; a list gives each group its own function.

    >>> import wengert as torch
    >>> opt = torch.optim.SGD([torch.ones(1)], lr=0.5)
    >>> torch.optim.lr_scheduler.LambdaLR(opt, lambda epoch: 1 / (epoch + 2)).get_last_lr()
    [0.25]
    """

    def __init__(
        self, optimizer: Any, lr_lambda: Lambda | Sequence[Lambda], last_epoch: int = -1
    ) -> None:
        self.optimizer = optimizer
        n = len(optimizer.param_groups)
        functions = list(lr_lambda) if isinstance(lr_lambda, list | tuple) else [lr_lambda] * n
        if len(functions) != n:
            raise ValueError(f"Expected {n} lr_lambdas, but got {len(functions)}")
        self.lr_lambdas: list[Any] = functions
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return every attribute but the optimiser; of functions only those that are objects with attributes."""
        state = super().state_dict()
        del state["lr_lambdas"]  # which come last, as in PyTorch
        state["lr_lambdas"] = [
            None if isinstance(fn, types.FunctionType) else fn.__dict__.copy()
            for fn in self.lr_lambdas
        ]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "lr_lambdas"})
        for fn, attributes in zip(self.lr_lambdas, state_dict["lr_lambdas"], strict=True):
            if attributes is not None:
                fn.__dict__.update(attributes)

    def get_lr(self) -> list[Any]:
        """Return the next rates."""
        self._present()
        pairs = zip(self.lr_lambdas, self.base_lrs, strict=True)
        return [base * fn(self.last_epoch) for fn, base in pairs]


class MultiplicativeLR(LambdaLR):
    """Multiplies each rate by ``lr_lambda(epoch)`` at each step."""

    def __init__(
        self, optimizer: Any, lr_lambda: Lambda | Sequence[Lambda], last_epoch: int = -1
    ) -> None:
        for fn in lr_lambda if isinstance(lr_lambda, list | tuple) else [lr_lambda]:
            if not callable(fn):
                raise TypeError(f"lr_lambda should be a function, but got {type(fn).__name__}")
        super().__init__(optimizer, lr_lambda, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the next rates."""
        present = self._present()
        if self._is_initial:
            return present
        pairs = zip(self.lr_lambdas, present, strict=True)
        return [rate * fn(self.last_epoch) for fn, rate in pairs]

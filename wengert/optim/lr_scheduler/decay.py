"""Schedules that lower rates by a formula. Below, t is ``last_epoch``, and lr_0 the rate at the start.

``get_lr`` multiplies what the rates are now, so that schedules can be chained; the closed form needs t only.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from typing import Any

from wengert.optim.lr_scheduler.scheduler import LRScheduler


class StepLR(LRScheduler):
    """Multiplies each rate by ``gamma`` every ``step_size`` epochs: ``lr_0 * gamma^(t // step_size)``.

    >>> import wengert as torch
    >>> opt = torch.optim.SGD([torch.ones(1)], lr=0.5)
    >>> schedule = torch.optim.lr_scheduler.StepLR(opt, step_size=2, gamma=0.5)
    >>> rates = []
    >>> for _ in range(5):
    ...     rates += schedule.get_last_lr()
    ...     opt.step()
    ...     schedule.step()
    >>> rates
    [0.5, 0.5, 0.25, 0.25, 0.125]
    """

    def __init__(
        self, optimizer: Any, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the next rates."""
        falls = self.last_epoch != 0 and self.last_epoch % self.step_size == 0
        return self._present(self.gamma if falls else None)

    def _get_closed_form_lr(self) -> list[Any]:
        return [b * self.gamma ** (self.last_epoch // self.step_size) for b in self.base_lrs]


class MultiStepLR(LRScheduler):
    """Multiplies each rate by ``gamma`` at each of the ``milestones``, epochs in ascending order."""

    def __init__(
        self, optimizer: Any, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the next rates."""
        times = self.milestones.get(self.last_epoch, 0)
        return self._present(self.gamma**times if times else None)

    def _get_closed_form_lr(self) -> list[Any]:
        passed = bisect_right(sorted(self.milestones.elements()), self.last_epoch)
        return [b * self.gamma**passed for b in self.base_lrs]


class ConstantLR(LRScheduler):
    """Multiplies each rate by ``factor`` until epoch ``total_iters``. ValueError for factors outside of [0, 1]."""

    def __init__(
        self, optimizer: Any, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        if not 0 <= factor <= 1.0:
            raise ValueError("Constant multiplicative factor expected to be between 0 and 1.")
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the next rates."""
        if self.last_epoch == 0:
            return self._present(self.factor)
        return self._present(None if self.last_epoch != self.total_iters else 1.0 / self.factor)

    def _get_closed_form_lr(self) -> list[Any]:
        over = self.last_epoch >= self.total_iters
        return [b * (self.factor + over * (1 - self.factor)) for b in self.base_lrs]


class LinearLR(LRScheduler):
    """Moves each rate in ``total_iters`` equal steps from ``start_factor`` to ``end_factor`` times lr_0.

    Raises ValueError unless ``0 < start_factor <= 1`` and ``0 <= end_factor <= 1``.
    """

    def __init__(
        self, optimizer: Any, start_factor: float = 1.0 / 3, end_factor: float = 1.0, total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        if not 0 < start_factor <= 1.0:
            raise ValueError(
                "Starting multiplicative factor expected to be greater than 0 and less or equal to 1."
            )
        if not 0 <= end_factor <= 1.0:
            raise ValueError("Ending multiplicative factor expected to be between 0 and 1.")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the next rates."""
        if self.last_epoch == 0:
            return self._present(self.start_factor)
        if self._is_initial or self.last_epoch > self.total_iters:
            return self._present()
        way = self.end_factor - self.start_factor
        before = self.total_iters * self.start_factor + (self.last_epoch - 1) * way
        return self._present(1.0 + way / before)

    def _get_closed_form_lr(self) -> list[Any]:
        way = self.end_factor - self.start_factor
        t = min(self.total_iters, self.last_epoch)
        return [b * (self.start_factor + way * t / self.total_iters) for b in self.base_lrs]


class ExponentialLR(LRScheduler):
    """Multiplies each rate by ``gamma`` every epoch: ``lr_0 * gamma^t``."""

    def __init__(self, optimizer: Any, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the next rates."""
        return self._present(None if self._is_initial else self.gamma)

    def _get_closed_form_lr(self) -> list[Any]:
        return [b * self.gamma**self.last_epoch for b in self.base_lrs]


class PolynomialLR(LRScheduler):
    """Lowers each rate to zero in ``total_iters`` epochs: ``lr_0 * (1 - t / total_iters)^power``."""

    def __init__(
        self, optimizer: Any, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1
    ) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the next rates."""
        if self._is_initial or self.last_epoch > self.total_iters:
            return self._present()
        left, before = (1.0 - t / self.total_iters for t in (self.last_epoch, self.last_epoch - 1))
        return self._present((left / before) ** self.power)

    def _get_closed_form_lr(self) -> list[Any]:
        left = 1.0 - min(self.total_iters, self.last_epoch) / self.total_iters
        return [b * left**self.power for b in self.base_lrs]


class CosineAnnealingLR(LRScheduler):
    """Moves each rate along half a cosine wave from lr_0 to ``eta_min`` in ``T_max`` epochs, and on along the wave.

    ``eta_min + (lr_0 - eta_min) * (1 + cos(pi t / T_max)) / 2``.
    Source: Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, 2017, without the restarts.
    """

    def __init__(
        self, optimizer: Any, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the next rates."""
        present, low = self._present(), self.eta_min
        if self._is_initial:
            return present
        t, period = self.last_epoch, self.T_max
        if self._step_count == 1 and t > 0:
            wave = 1 + math.cos(t * math.pi / period)
            return [low + (base - low) * wave / 2 for base in self.base_lrs]
        if (t - 1 - period) % (2 * period) == 0:
            # At the bottom the ratio below is 0 / 0.
            rise = 1 - math.cos(math.pi / period)
            pairs = zip(present, self.base_lrs, strict=True)
            return [rate + (base - low) * rise / 2 for rate, base in pairs]
        ratio = (1 + math.cos(math.pi * t / period)) / (1 + math.cos(math.pi * (t - 1) / period))
        return [ratio * (rate - low) + low for rate in present]

    def _get_closed_form_lr(self) -> list[Any]:
        wave = 1 + math.cos(math.pi * self.last_epoch / self.T_max)
        return [self.eta_min + (b - self.eta_min) * wave / 2 for b in self.base_lrs]

"""Schedules that go up and down: warm restarts, triangles, and the one big cycle."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from typing import Any

from wengert.optim.lr_scheduler.scheduler import LRScheduler, one_each, put, require_optimizer


class CosineAnnealingWarmRestarts(LRScheduler):
    """Moves each rate along half a cosine wave to ``eta_min``, and starts again: after ``T_0`` epochs, then ``T_mult``
    times as many each time.

    ``eta_min + (lr_0 - eta_min) * (1 + cos(pi T_cur / T_i)) / 2``. Raises ValueError for periods that are no positive
    integers.
    Source: Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, 2017.
    """

    def __init__(
        self, optimizer: Any, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        if T_0 <= 0 or not isinstance(T_0, int):
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if T_mult < 1 or not isinstance(T_mult, int):
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, float | int):
            raise ValueError(
                f"Expected float or int eta_min, but got {eta_min} of type {type(eta_min)}"
            )
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the rates at ``T_cur``."""
        self._present()
        wave = 1 + math.cos(math.pi * self.T_cur / self.T_i)
        return [self.eta_min + (b - self.eta_min) * wave / 2 for b in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Set the next rates, or those of an epoch, which may lie between two integers."""
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            if epoch < 0:
                raise ValueError(f"Expected non-negative epoch, but got {epoch}")
            self._find(epoch)
        self.last_epoch = math.floor(epoch)
        self._set(self._asked_within_step())

    def _find(self, epoch: float) -> None:
        """Find the period that an epoch lies in."""
        if epoch < self.T_0:
            self.T_i, self.T_cur = self.T_0, epoch
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:
            n = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
            self.T_cur = epoch - self.T_0 * (self.T_mult**n - 1) / (self.T_mult - 1)
            self.T_i = self.T_0 * self.T_mult**n


class Cycling(LRScheduler):
    """Base of schedules that move momentum as well: ``momentum``, or the first of ``betas``."""

    use_beta1: bool

    def _start_momentum(
        self, base: Any, highest: Any, *, fresh: bool
    ) -> tuple[list[Any], list[Any]]:
        """Set the momentum of a fresh run to its highest; returns the bounds, one per group."""
        optimizer = self.optimizer
        if not optimizer.defaults.keys() & {"momentum", "betas"}:
            raise ValueError(
                "optimizer must support momentum or beta1 with `cycle_momentum` option enabled"
            )
        self.use_beta1 = "betas" in optimizer.defaults
        bases = one_each("base_momentum", optimizer, base)
        tops = one_each("max_momentum", optimizer, highest)
        if fresh:
            for group, low, top in zip(optimizer.param_groups, bases, tops, strict=True):
                self._put_momentum(group, top)
                group["max_momentum"], group["base_momentum"] = top, low
        return bases, tops

    def _put_momentum(self, group: dict[str, Any], value: float) -> None:
        if self.use_beta1:
            group["betas"] = (value, *group["betas"][1:])
        else:
            group["momentum"] = value


class CyclicLR(Cycling):
    """Moves each rate from ``base_lr`` up to ``max_lr`` in ``step_size_up`` steps and down in ``step_size_down``.

    The height of cycle n is scaled: not at all (``mode="triangular"``), by 2^(1 - n) ("triangular2"), by
    ``gamma^step`` ("exp_range"), or by ``scale_fn`` of the cycle or of the step ("iterations"), as ``scale_mode`` says.
    Momentum moves the other way. Raises ValueError for unknown modes, and for optimisers without momentum unless
    ``cycle_momentum=False``.
    Source: Smith, Cyclical learning rates for training neural networks, 2017.
    """

    def __init__(
        self, optimizer: Any, base_lr: Any, max_lr: Any, step_size_up: float = 2000,
        step_size_down: float | None = None, mode: str = "triangular", gamma: float = 1.0,
        scale_fn: Callable[[float], Any] | None = None, scale_mode: str = "cycle", cycle_momentum: bool = True,
        base_momentum: Any = 0.8, max_momentum: Any = 0.9, last_epoch: int = -1,
    ) -> None:  # fmt: skip
        require_optimizer(optimizer)
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError(
                f"mode is invalid and scale_fn is None: mode={mode!r} is none of 'triangular', 'triangular2' and "
                f"'exp_range'."
            )
        self.optimizer = optimizer
        base_lrs = one_each("base_lr", optimizer, base_lr)
        self.max_lrs = one_each("max_lr", optimizer, max_lr)
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, base_lrs, strict=True):
                put(group, "lr", rate)
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.base_momentums, self.max_momentums = self._start_momentum(
                base_momentum, max_momentum, fresh=last_epoch == -1
            )
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> Any:
        """Return by how much a cycle is scaled."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular":
            return 1.0
        return 1 / (2.0 ** (x - 1)) if self.mode == "triangular2" else self.gamma**x

    def get_lr(self) -> list[Any]:
        """Return the next rates, and set the next momentum."""
        self._present()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        ratio = self.step_ratio
        height = x / ratio if x <= ratio else (x - 1) / (ratio - 1)
        scale = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            bounds = zip(self.base_momentums, self.max_momentums, strict=True)
            for group, (low, top) in zip(self.optimizer.param_groups, bounds, strict=True):
                self._put_momentum(group, top - (top - low) * height * scale)
        pairs = zip(self.base_lrs, self.max_lrs, strict=True)
        return [low + (top - low) * height * scale for low, top in pairs]

    def state_dict(self) -> dict[str, Any]:
        """Return every attribute but the optimiser; of ``scale_fn`` only the attributes of an object."""
        state = super().state_dict()
        fn = state.pop("_scale_fn_custom")
        saved = fn is not None and not isinstance(fn, types.FunctionType)
        state["_scale_fn_custom"] = fn.__dict__.copy() if saved else None
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "_scale_fn_custom"})
        if state_dict["_scale_fn_custom"] is not None:
            self._scale_fn_custom.__dict__.update(state_dict["_scale_fn_custom"])


class OneCycleLR(Cycling):
    """Moves each rate from ``max_lr / div_factor`` up to ``max_lr``, and down to ``1 / final_div_factor`` of the start.

    The cycle has ``total_steps``, or ``epochs * steps_per_epoch``, steps; the way up takes ``pct_start`` of them. With
    ``three_phase`` the way down is as long as the way up, and the rest goes from the start's rate to the end's.
    Momentum moves the other way. Raises ValueError for values out of range, and in `step` once the cycle is over.
    Source: Smith and Topin, Super-convergence: very fast training of neural networks using large learning rates, 2018.
    """

    def __init__(
        self, optimizer: Any, max_lr: Any, total_steps: int | None = None, epochs: int | None = None,
        steps_per_epoch: int | None = None, pct_start: float = 0.3, anneal_strategy: str = "cos",
        cycle_momentum: bool = True, base_momentum: Any = 0.85, max_momentum: Any = 0.95, div_factor: float = 25.0,
        final_div_factor: float = 1e4, three_phase: bool = False, last_epoch: int = -1,
    ) -> None:  # fmt: skip
        require_optimizer(optimizer)
        self.optimizer = optimizer
        self.total_steps = _total(total_steps, epochs, steps_per_epoch)
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        self._schedule_phases = _phases(
            float(pct_start * self.total_steps), self.total_steps, three_phase
        )
        self._anneal_func_type = anneal_strategy
        tops = one_each("max_lr", optimizer, max_lr)
        if last_epoch == -1:
            for group, top in zip(optimizer.param_groups, tops, strict=True):
                group["initial_lr"] = top / div_factor
                group["max_lr"] = top
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._start_momentum(base_momentum, max_momentum, fresh=last_epoch == -1)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the next rates, and set the next momentum. ValueError when the cycle is over."""
        self._present()
        t = self.last_epoch
        if t > self.total_steps:
            raise ValueError(
                f"Tried to step {t} times. The specified number of total steps is {self.total_steps}"
            )
        phases = self._schedule_phases
        i = next((i for i, phase in enumerate(phases) if t <= phase["end_step"]), len(phases) - 1)
        start = phases[i - 1]["end_step"] if i else 0.0
        phase = phases[i]
        way = (t - start) / (phase["end_step"] - start)
        rates = []
        for group in self.optimizer.param_groups:
            rates.append(self._between(group[phase["start_lr"]], group[phase["end_lr"]], way))
            if self.cycle_momentum:
                ends = group[phase["start_momentum"]], group[phase["end_momentum"]]
                self._put_momentum(group, self._between(*ends, way))
        return rates

    def _between(self, start: Any, end: Any, way: float) -> Any:
        if self._anneal_func_type == "cos":
            return end + (start - end) / 2.0 * (math.cos(math.pi * way) + 1)
        return (end - start) * way + start


def _total(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    """Return the number of steps of the cycle."""
    if total_steps is not None:
        return _positive("total_steps", total_steps)
    if epochs is None or steps_per_epoch is None:
        raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
    return _positive("epochs", epochs) * _positive("steps_per_epoch", steps_per_epoch)


def _positive(name: str, value: int) -> int:
    if not isinstance(value, int) or value <= 0:
        raise ValueError(f"Expected positive integer {name}, but got {value}")
    return value


def _phases(up: float, total: int, three: bool) -> list[dict[str, Any]]:
    """Return the phases of the cycle, each with its last step and the names of the options that it moves between."""
    if three:
        ways = [
            (up - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum"),
            (2 * up - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
            (total - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
        ]
    else:
        ways = [
            (up - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum"),
            (total - 1, "max_lr", "min_lr", "base_momentum", "max_momentum"),
        ]
    names = ("end_step", "start_lr", "end_lr", "start_momentum", "end_momentum")
    return [dict(zip(names, way, strict=True)) for way in ways]

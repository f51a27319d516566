"""GradScaler: a loss is multiplied so that small gradients survive float16, and its gradients are divided again.

It is arithmetic on gradients and needs no lower precision, so it works as PyTorch's does on the CPU.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from wengert.core import dtypes
from wengert.optim.optimizer import Optimizer
from wengert.tape.mode import no_grad
from wengert.tape.provenance import warn
from wengert.tensor.device import device as make_device
from wengert.tensor.filled import full
from wengert.tensor.tensor import Tensor

__all__ = ["GradScaler"]

READY, UNSCALED, STEPPED = range(3)


class GradScaler:
    """Scales losses, and takes the scale out of the gradients before an optimiser's step.

    ``scale(loss)`` multiplies; ``step(optimizer)`` divides the gradients and steps unless one of them is infinite or
    NaN; ``update()`` halves the scale where a step was left out, and doubles it after ``growth_interval`` steps in a
    row that were not. With ``enabled=False``, and for "cuda", which is not there, all of these pass on what they get.

    >>> import wengert as torch
    >>> w = torch.ones(2, requires_grad=True)
    >>> optimizer, scaler = torch.optim.SGD([w], lr=0.1), torch.amp.GradScaler("cpu")
    >>> scaler.scale((w * 3).sum()).backward()
    >>> scaler.step(optimizer)
    >>> scaler.update()
    >>> w
    tensor([0.7000, 0.7000], requires_grad=True)
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._device = device
        self._enabled = enabled
        if enabled and device == "cuda":
            warn("torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.")
            self._enabled = False
        if not self._enabled:
            return
        if growth_factor <= 1.0:
            raise AssertionError(
                f"GradScaler: The growth factor must be > 1.0, and it is {growth_factor}."
            )
        if backoff_factor >= 1.0:
            raise AssertionError(
                f"GradScaler: The backoff factor must be < 1.0, and it is {backoff_factor}."
            )
        self._init_scale = init_scale
        self._scale: Any = None
        self._growth_factor, self._backoff_factor = growth_factor, backoff_factor
        self._growth_interval = growth_interval
        self._init_growth_tracker = 0
        self._growth_tracker: Any = None
        self._forget()

    def _forget(self) -> None:
        """Begin a new iteration: by optimiser, how far it is, and whether its gradients had infinities."""
        self._stages: dict[int, int] = {}
        self._found_inf: dict[int, Any] = {}

    def scale(self, outputs: Any) -> Any:
        """Multiply a tensor, or each of the tensors in lists and tuples, by the scale; ValueError for anything else."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            self._begin()
            return outputs * self._scale
        if isinstance(outputs, Iterable) and not isinstance(outputs, str):
            parts = map(self.scale, outputs)
            return type(outputs)(parts) if isinstance(outputs, list | tuple) else parts
        raise ValueError(
            f"GradScaler.scale: outputs must be a Tensor or an iterable of Tensors, and it is of "
            f"{type(outputs).__name__}."
        )

    def _begin(self) -> None:
        if self._scale is None:
            self._scale = full((), float(self._init_scale), dtype=dtypes.float32)
            self._growth_tracker = full((), self._init_growth_tracker, dtype=dtypes.int32)

    def _require_scale(self, call: str) -> None:
        if self._scale is None:
            raise AssertionError(
                f"GradScaler: Attempted {call} but _scale is None.  This may indicate your script did not use "
                f"scaler.scale(loss or outputs) earlier in the iteration."
            )

    def unscale_(self, optimizer: Optimizer) -> None:
        """Divide the gradients of an optimiser's parameters by the scale, as for clipping them before the step.

        RuntimeError for a second time before `update`, and after `step`; ValueError for float16 gradients.
        """
        if not self._enabled:
            return
        self._require_scale("unscale_")
        stage = self._stages.get(id(optimizer), READY)
        if stage == UNSCALED:
            raise RuntimeError(
                "unscale_() has already been called on this optimizer since the last update(). Call it once for each "
                "step."
            )
        if stage == STEPPED:
            raise RuntimeError(
                "unscale_() is being called after step(). Call it before, so that the step takes the divided gradients."
            )
        self._found_inf[id(optimizer)] = self._divided(optimizer)
        self._stages[id(optimizer)] = UNSCALED

    def _divided(self, optimizer: Optimizer) -> Any:
        """Divide the gradients, and return 1 if one is not finite, 0 if all are, None if there are none."""
        grads = [p.grad for group in optimizer.param_groups for p in group["params"]]
        grads = [g for g in grads if g is not None]
        if any(g.dtype is dtypes.float16 for g in grads):
            raise ValueError(
                "GradScaler: Attempting to unscale FP16 gradients. Keep the parameters in float32."
            )
        factor = (1.0 / self._scale.double()).float()
        with no_grad():
            finite = [bool(g.isfinite().all()) for g in grads]
            for g in grads:
                g.mul_(factor)
        return full((), float(not all(finite))) if grads else None

    def step(self, optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
        """Step an optimiser unless a gradient is infinite or NaN, dividing the gradients first if that was not done.

        Returns what its ``step`` returns, None where it was left out. RuntimeError for a closure, and for a second step
        before `update`; AssertionError where no parameter has a gradient.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError(
                "GradScaler.step: Closure use is not currently supported if GradScaler is enabled."
            )
        self._require_scale("step")
        if self._stages.get(id(optimizer), READY) == STEPPED:
            raise RuntimeError(
                "GradScaler: step() has already been called since the last update(). Call update() after each step."
            )
        if self._stages.get(id(optimizer), READY) == READY:
            self.unscale_(optimizer)
        found = self._found_inf[id(optimizer)]
        if found is None:
            raise AssertionError(
                "GradScaler: No inf checks were recorded for this optimizer: none of its parameters has a gradient. "
                "Call `scaler.scale(loss).backward()` first."
            )
        returned = None if found.item() else optimizer.step(*args, **kwargs)
        self._stages[id(optimizer)] = STEPPED
        return returned

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Set the scale of the next iteration from what the steps found, or to a given one."""
        if not self._enabled:
            return
        self._require_scale("update")
        if new_scale is not None:
            self._scale.fill_(_one_float(new_scale))
        else:
            found = [f for f in self._found_inf.values() if f is not None]
            if not found:
                raise AssertionError(
                    "GradScaler: No inf checks were recorded prior to update. Call `scaler.step(optimizer)` first."
                )
            self._adapt(any(f.item() for f in found))
        self._forget()

    def _adapt(self, overflowed: bool) -> None:
        if overflowed:
            self._scale.mul_(self._backoff_factor)
            self._growth_tracker.zero_()
            return
        if int(self._growth_tracker) + 1 < self._growth_interval:
            self._growth_tracker.add_(1)
            return
        grown = self._scale * self._growth_factor
        if math.isfinite(float(grown)):
            self._scale.copy_(grown)
        self._growth_tracker.zero_()

    def get_scale(self) -> float:
        """Return the scale, 1 when disabled."""
        if not self._enabled:
            return 1.0
        return self._init_scale if self._scale is None else float(self._scale.item())

    def get_growth_factor(self) -> float:
        """Return what the scale is multiplied by when it grows."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Set what the scale is multiplied by when it grows."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """Return what the scale is multiplied by when a step was left out."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Set what the scale is multiplied by when a step was left out."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """Return after how many steps in a row the scale grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Set after how many steps in a row the scale grows."""
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        """Say whether anything is scaled."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """Return the state, under PyTorch's keys; an empty dict when disabled."""
        if not self._enabled:
            return {}
        tracked = self._growth_tracker
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._init_growth_tracker if tracked is None else int(tracked),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the state that `state_dict` returned; nothing when disabled. RuntimeError for an empty one."""
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "GradScaler.load_state_dict: The source state dict is empty, possibly because it was saved from a "
                "disabled instance of GradScaler."
            )
        scale, tracked = float(state_dict["scale"]), int(state_dict["_growth_tracker"])
        factors = state_dict["growth_factor"], state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._growth_factor, self._backoff_factor = factors
        self._init_scale, self._init_growth_tracker = scale, tracked
        if self._scale is not None:
            self._scale.fill_(scale)
            self._growth_tracker.fill_(tracked)

    def _found_inf_per_device(self, optimizer: Optimizer) -> dict[Any, Any]:
        found = self._found_inf.get(id(optimizer))
        return {} if found is None else {make_device("cpu"): found}

    def __getstate__(self) -> dict[str, Any]:
        if self._enabled and self._stages:
            raise AssertionError(
                "GradScaler: A GradScaler instance may only be pickled at the beginning of an iteration, or at the end "
                "after scaler.update()."
            )
        if not self._enabled:
            return dict(self.__dict__)
        state = self.state_dict()
        start = {"_init_scale": state["scale"], "_init_growth_tracker": state["_growth_tracker"]}
        return {**self.__dict__, **start, "_scale": None, "_growth_tracker": None}


def _one_float(new_scale: Any) -> float:
    """Return a new scale as a number; AssertionError unless it is a float or a float32 tensor of one element."""
    if isinstance(new_scale, float):
        return new_scale
    of_one = isinstance(new_scale, Tensor) and new_scale.numel() == 1
    if not of_one or new_scale.dtype is not dtypes.float32 or new_scale.requires_grad:
        raise AssertionError(
            "GradScaler.update: new_scale should be a float or a 1-element torch.FloatTensor with requires_grad=False."
        )
    return float(new_scale.item())

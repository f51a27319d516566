"""PyTorch's ``torch.profiler``: which functions a program calls, how long they take, and when to look.

It records wall time by function and by range that the program names (`record_function`), on the CPU.
"""

from __future__ import annotations

import enum
import os
import platform
import time
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from wengert.autograd.profiler import Recording as _Recording
from wengert.autograd.profiler import record_function as record_function
from wengert.autograd.profiler_util import EventList as _EventList
from wengert.errors import refuser

__all__ = [
    "ProfilerAction", "ProfilerActivity", "profile", "record_function", "schedule", "supported_activities",
    "tensorboard_trace_handler",
]  # fmt: skip


class ProfilerAction(enum.Enum):
    """What a profile does in a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


class ProfilerActivity(enum.Enum):
    """Where a profile looks. Here there is the CPU alone."""

    CPU = 0
    XPU = 1
    MTIA = 2
    CUDA = 3
    HPU = 4
    PrivateUse1 = 5

    def __repr__(self) -> str:
        return f"<ProfilerActivity.{self.name}: {self.value}>"


def supported_activities() -> set[ProfilerActivity]:
    """Return where a profile can look: at the CPU."""
    return {ProfilerActivity.CPU}


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0, skip_first_wait: int = 0
) -> Callable[[int], ProfilerAction]:  # fmt: skip
    """Return the action of each step: ``skip_first`` steps of nothing, then again and again the same.

    That is ``wait`` steps of nothing, ``warmup`` and ``active`` ones, ``repeat`` times over (0: without end);
    ``skip_first_wait`` leaves the first wait out. AssertionError for numbers below 0, and for no active step.

    >>> import wengert as torch
    >>> plan = torch.profiler.schedule(wait=1, warmup=1, active=2, repeat=1)
    >>> [plan(step).name for step in range(5)]
    ['NONE', 'WARMUP', 'RECORD', 'RECORD_AND_SAVE', 'NONE']
    """
    if min(wait, warmup, repeat, skip_first) < 0 or active <= 0:
        raise AssertionError(
            f"Invalid profiler schedule arguments. Got wait={wait} (need >= 0), warmup={warmup} (need >= 0), "
            f"active={active} (need > 0), repeat={repeat} (need >= 0), skip_first={skip_first} (need >= 0)."
        )
    if not warmup:
        warnings.warn(
            "Profiler won't be using warmup, this can skew profiler results", stacklevel=2
        )
    round_length = wait + warmup + active

    def action(step: int) -> ProfilerAction:
        if step < 0:
            raise AssertionError(f"Step must be non-negative. Got {step}.")
        step -= skip_first
        if step < 0:
            return ProfilerAction.NONE
        if skip_first_wait:
            step += wait
        if repeat and step // round_length >= repeat:
            return ProfilerAction.NONE
        at = step % round_length
        if at < wait:
            return ProfilerAction.NONE
        if at < wait + warmup:
            return ProfilerAction.WARMUP
        last = at == round_length - 1
        return ProfilerAction.RECORD_AND_SAVE if last else ProfilerAction.RECORD

    return action


def _always(step: int) -> ProfilerAction:
    return ProfilerAction.RECORD


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False
) -> Callable[[profile], None]:
    """Return an ``on_trace_ready`` that writes each trace into a folder, under a name with the host and the time."""

    def handle(prof: profile) -> None:
        os.makedirs(dir_name, exist_ok=True)
        worker = worker_name or f"{platform.node()}_{os.getpid()}"
        name = f"{worker}.{time.time_ns()}.pt.trace.json{'.gz' * use_gzip}"
        prof.export_chrome_trace(os.path.join(dir_name, name))

    return handle


class profile:
    """Record the functions of tensors, and the ranges that the program names, in a ``with`` block.

    With a ``schedule`` only in some of the steps that `step` counts; ``on_trace_ready(prof)`` is called when such a
    stretch is over, or the block. ``record_shapes`` notes the shapes of operands. There is no memory, no stack and no
    GPU to be recorded here, whatever the other arguments say; a wish for a GPU's activity is warned about. From the
    first profile of a process on functions ask before they run, which makes small operations slower by a fifth to a
    half.

    >>> import wengert as torch
    >>> with torch.profiler.profile() as prof:
    ...     with torch.profiler.record_function("step"):
    ...         y = torch.ones(3, 3) @ torch.ones(3)
    >>> [(event.key, event.count) for event in prof.key_averages()]
    [('step', 1), ('aten::ones', 2), ('aten::matmul', 1)]
    """

    def __init__(
        self, *, activities: Iterable[ProfilerActivity] | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None, on_trace_ready: Callable[..., Any] | None = None,
        record_shapes: bool = False, profile_memory: bool = False, with_stack: bool = False, with_flops: bool = False,
        with_modules: bool = False, experimental_config: Any = None, execution_trace_observer: Any = None,
        acc_events: bool = False, use_cuda: bool | None = None, custom_trace_id_callback: Any = None,
    ) -> None:  # fmt: skip
        self.activities = set(activities) if activities else supported_activities()
        if schedule is not None and not callable(schedule):
            raise TypeError(
                f"profile: schedule has to be a function of the step, as `torch.profiler.schedule` returns, not "
                f"{schedule!r}."
            )
        self.schedule = schedule or _always
        self.record_steps = schedule is not None
        self.on_trace_ready = on_trace_ready
        self.step_num = 0
        self.current_action = self.schedule(0)
        self._notes: dict[str, Any] = {}
        self._recording = _Recording(record_shapes)
        self._running = False
        self._step: record_function | None = None
        self._found: _EventList | None = None

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin."""
        for lacking in self.activities - supported_activities():
            warnings.warn(
                f"{getattr(lacking, 'name', lacking)} is not available, disabling its profiling",
                stacklevel=3,
            )
        self._follow(self.current_action)
        self._begin_step()

    def stop(self) -> None:
        """End."""
        self._end_step()
        if self._running:
            self._finish()

    def step(self) -> None:
        """Say that the next step begins."""
        self._end_step()
        before = self.current_action
        self.step_num += 1
        self.current_action = self.schedule(self.step_num)
        if before is ProfilerAction.RECORD_AND_SAVE and self._running:
            self._finish()
        self._follow(self.current_action)
        self._begin_step()

    def _follow(self, action: ProfilerAction) -> None:
        wanted = action in (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)
        if wanted and not self._running:
            self._recording.start()
            self._running = True
        elif not wanted and self._running:
            self._finish()

    def _finish(self) -> None:
        self._running = False
        self._found = self._recording.stop()
        self._found.notes = self._notes
        if self.on_trace_ready is not None:
            self.on_trace_ready(self)

    def _begin_step(self) -> None:
        if self.record_steps:
            self._step = record_function(f"ProfilerStep#{self.step_num}")
            self._step.__enter__()

    def _end_step(self) -> None:
        if self._step is not None:
            self._step.__exit__()
            self._step = None

    def events(self) -> _EventList:
        """Return the ranges recorded last. AssertionError before anything has been."""
        if self._found is None:
            raise AssertionError(
                "Profiler must be initialized before getting key averages: nothing has been recorded to the end yet."
            )
        return self._found

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0, group_by_overload_name: bool = False
    ) -> _EventList:  # fmt: skip
        """Return the sums of the ranges of each name, which have a ``table()``."""
        return self.events().key_averages(group_by_input_shape, group_by_stack_n)

    def export_chrome_trace(self, path: str) -> None:
        """Write the ranges for ``chrome://tracing`` and Perfetto: JSON, compressed where the name ends in ``.gz``."""
        self.events().export_chrome_trace(path)

    def add_metadata(self, key: str, value: str) -> None:
        """Add a text to what `export_chrome_trace` writes."""
        self._notes[key] = value

    def add_metadata_json(self, key: str, value: str) -> None:
        """Add JSON to what `export_chrome_trace` writes."""
        self._notes[key] = value


__getattr__ = refuser(__name__, "torch.profiler")

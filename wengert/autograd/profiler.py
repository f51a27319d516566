"""Profiling: which functions a program calls, and how long they take. PyTorch's ``torch.autograd.profiler``.

While a profile records, a mode has every public function of tensors before it runs, so that nothing is asked, and
nothing costs, before the first profile. What a function calls inside is its own time. A walk back is one range.
"""

from __future__ import annotations

import copy
import functools
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from wengert.autograd.profiler_util import EventList, FunctionEvent, FunctionEventAvg
from wengert.errors import refuser
from wengert.tape.storage import Recorded
from wengert.tensor.asking import TorchFunctionMode
from wengert.tensor.overridable import resolve_name

__all__ = [
    "EventList",
    "FunctionEvent",
    "FunctionEventAvg",
    "Recording",
    "profile",
    "record_function",
]

_recordings: Final[list[Recording]] = []
"""Those that record now, in any thread."""


class _Open(threading.local):
    """The ranges that are open in this thread, the innermost last."""

    def __init__(self) -> None:
        self.ranges: list[FunctionEvent] = []


_open = _Open()


def _begin(name: str, by_user: bool, shapes: Any = None) -> FunctionEvent:
    event = FunctionEvent(
        name, threading.get_native_id(), time.perf_counter_ns() / 1e3, by_user, shapes
    )
    if _open.ranges:
        event.cpu_parent = _open.ranges[-1]
    _open.ranges.append(event)
    return event


def _end(event: FunctionEvent, recordings: Iterable[Recording]) -> None:
    event.end = time.perf_counter_ns() / 1e3
    while _open.ranges and _open.ranges.pop() is not event:
        pass
    for recording in recordings:
        recording.took(event)


class Recording:
    """Ranges from `start` to `stop`, of this thread's functions and of all threads' `record_function`."""

    def __init__(self, record_shapes: bool = False) -> None:
        self._mode = _Recorder(self, record_shapes)
        self._began = 0.0
        self._taken: list[FunctionEvent] = []

    def start(self) -> None:
        """Begin anew."""
        self._taken = []
        self._began = time.perf_counter_ns() / 1e3
        self._mode.__enter__()
        _recordings.append(self)

    def stop(self) -> EventList:
        """End, and return the ranges that began and ended since, in the order in which they began."""
        if self in _recordings:
            _recordings.remove(self)
            self._mode.__exit__()
        taken = sorted(self._taken, key=lambda event: event.start)
        # Copies, for a range of the program's own belongs to every recording, with other ranges around it in each.
        own = {id(event): copy.copy(event) for event in taken}
        for event in own.values():
            event.cpu_children = []
        for event in taken:
            parent = event.cpu_parent
            while parent is not None and id(parent) not in own:
                parent = parent.cpu_parent
            mine = own[id(event)]
            mine.cpu_parent = None if parent is None else own[id(parent)]
            if mine.cpu_parent is not None:
                mine.cpu_parent.cpu_children.append(mine)
        return EventList(own.values())

    def took(self, event: FunctionEvent) -> None:
        """Note a range that has ended."""
        if event.start >= self._began:
            self._taken.append(event)


class _Recorder(TorchFunctionMode):
    """Times every function of this thread, for one recording."""

    def __init__(self, recording: Recording, record_shapes: bool) -> None:
        self.recordings, self.record_shapes = (recording,), record_shapes

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = str(resolve_name(func) or getattr(func, "__name__", "function"))
        if name.endswith(("__get__", "__set__", "__delete__")):  # of an attribute
            return func(*args, **(kwargs or {}))
        shapes = None
        if self.record_shapes:
            shapes = [list(x.shape) if isinstance(x, Recorded) else [] for x in args]  # type: ignore[attr-defined]
        event = _begin(f"aten::{_last(name)}", False, shapes)
        try:
            return func(*args, **(kwargs or {}))
        finally:
            _end(event, self.recordings)


def _last(name: str) -> str:
    """Return the last part of a function's name: of an operator, its word."""
    last = name.rpartition(".")[2]
    return last.strip("_") if last.endswith("__") else last


class record_function:
    """Name a range of the program for profiles: a ``with`` block, or a function that it decorates.

    Without a profile it does nothing.

    >>> import wengert as torch
    >>> with torch.autograd.profiler.profile() as prof:
    ...     with torch.autograd.profiler.record_function("the square"):
    ...         _ = torch.ones(3) ** 2
    >>> [event.key for event in prof.key_averages()]
    ['the square', 'aten::ones', 'aten::pow']
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name, self.args = name, args
        self._ranges: list[FunctionEvent | None] = []

    def __enter__(self) -> record_function:
        self._ranges.append(_begin(self.name, True) if _recordings else None)
        return self

    def __exit__(self, *exc: object) -> None:
        event = self._ranges.pop()
        if event is not None:
            _end(event, tuple(_recordings))

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as a range of this name."""

        @functools.wraps(function)
        def ranged(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name, self.args):
                return function(*args, **kwargs)

        return ranged


class profile:
    """Record the functions of tensors and the named ranges of a ``with`` block: the older form of `torch.profiler`.

    ``enabled=False`` records nothing; ``record_shapes`` notes the shapes of operands. There is no memory, no stack and
    no GPU to be recorded here, whatever the other arguments say. From the first profile of a process on functions ask
    before they run, which makes small operations slower by a fifth to a half.
    """

    def __init__(
        self, enabled: bool = True, *, use_cuda: bool = False, use_device: Any = None, record_shapes: bool = False,
        with_flops: bool = False, profile_memory: bool = False, with_stack: bool = False, with_modules: bool = False,
        use_kineto: bool = False, use_cpu: bool = True, experimental_config: Any = None, acc_events: bool = False,
        custom_trace_id_callback: Any = None,
    ) -> None:  # fmt: skip
        self.enabled = enabled
        self._recording = Recording(record_shapes)
        self.function_events: EventList | None = None

    def __enter__(self) -> profile:
        if self.enabled:
            self._recording.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self.enabled:
            self.function_events = self._recording.stop()

    def _events(self) -> EventList:
        if self.function_events is None:
            raise RuntimeError("Profiler didn't finish running: ask after its `with` block.")
        return self.function_events

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0
    ) -> EventList:
        """Return the sums of the ranges of each name; see `EventList.key_averages`."""
        return self._events().key_averages(group_by_input_shape, group_by_stack_n)

    def table(self, *args: Any, **kwargs: Any) -> str:
        """Return a table of all ranges; see `EventList.table`."""
        return self._events().table(*args, **kwargs)

    def total_average(self) -> FunctionEventAvg:
        """Return the sum of all ranges."""
        return self._events().total_average()

    @property
    def self_cpu_time_total(self) -> float:
        """The time of all ranges, in microseconds."""
        return self._events().self_cpu_time_total

    def export_chrome_trace(self, path: str) -> None:
        """Write the ranges for ``chrome://tracing`` and Perfetto."""
        self._events().export_chrome_trace(path)

    def __str__(self) -> str:
        return "<unfinished profile>" if self.function_events is None else str(self.function_events)


__getattr__ = refuser(__name__, "torch.autograd.profiler")

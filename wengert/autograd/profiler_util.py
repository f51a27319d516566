"""Ranges of time that a profile has recorded, sums of them by name, and tables."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable
from typing import Any, Final

from wengert.errors import refuser

__all__ = ["EventList", "FunctionEvent", "FunctionEventAvg"]

WIDTH: Final = 12
"""The width of a column of figures."""


def _time_text(us: float) -> str:
    """Return microseconds as PyTorch's tables tell them."""
    for scale, unit in ((1e6, "s"), (1e3, "ms")):
        if us >= scale:
            return f"{us / scale:.3f}{unit}"
    return f"{us:.3f}us"


class _Timed:
    """What ranges and their sums answer alike. Times are in microseconds; there is no time of another device."""

    count: int
    cpu_time_total: float
    self_cpu_time_total: float
    device_time = device_time_total = self_device_time_total = 0.0
    cuda_time = cuda_time_total = self_cuda_time_total = 0.0
    cpu_memory_usage = device_memory_usage = self_cpu_memory_usage = self_device_memory_usage = 0

    @property
    def cpu_time(self) -> float:
        """The mean time of a range."""
        return self.cpu_time_total / self.count if self.count else 0.0

    @property
    def cpu_time_str(self) -> str:
        """The mean time, as text."""
        return _time_text(self.cpu_time)

    @property
    def cpu_time_total_str(self) -> str:
        """The time in all, as text."""
        return _time_text(self.cpu_time_total)

    @property
    def self_cpu_time_total_str(self) -> str:
        """The time in all without that of ranges inside, as text."""
        return _time_text(self.self_cpu_time_total)


class FunctionEvent(_Timed):
    """One range: its name, when it began and ended (in microseconds), in which thread, and the ranges inside of it."""

    count = 1

    def __init__(
        self, name: str, thread: int, start: float, by_user: bool, input_shapes: Any = None
    ) -> None:
        self.name = self.key = name
        self.thread, self.start, self.end = thread, start, start
        self.is_user_annotation = by_user
        self.input_shapes = input_shapes or []
        self.cpu_parent: FunctionEvent | None = None
        self.cpu_children: list[FunctionEvent] = []

    @property
    def cpu_time_total(self) -> float:  # type: ignore[override]
        """How long it took."""
        return self.end - self.start

    @property
    def self_cpu_time_total(self) -> float:  # type: ignore[override]
        """How long it took without the ranges inside."""
        return self.cpu_time_total - sum(child.cpu_time_total for child in self.cpu_children)

    def __repr__(self) -> str:
        return (
            f"<FunctionEvent name={self.name} cpu_time={self.cpu_time_str} thread={self.thread} "
            f"input_shapes={self.input_shapes}>"
        )


class FunctionEventAvg(_Timed):
    """The sum of several ranges of one name."""

    def __init__(self, key: str | None = None, input_shapes: Any = None) -> None:
        self.key = key
        self.input_shapes = input_shapes or ""
        self.count = 0
        self.cpu_time_total = self.self_cpu_time_total = 0.0

    def add(self, other: Any) -> FunctionEventAvg:
        """Add a range, or a sum of ranges."""
        self.count += other.count
        # A range inside of one of its own name is counted in that one.
        if not _inside_of_its_name(other):
            self.cpu_time_total += other.cpu_time_total
        self.self_cpu_time_total += other.self_cpu_time_total
        return self

    __iadd__ = add

    def __repr__(self) -> str:
        return (
            f"<FunctionEventAvg key={self.key} self_cpu_time={self.self_cpu_time_total_str} "
            f"cpu_time={self.cpu_time_str} count={self.count} input_shapes={self.input_shapes}>"
        )


def _inside_of_its_name(event: Any) -> bool:
    parent = getattr(event, "cpu_parent", None)
    while parent is not None:
        if parent.key == event.key:
            return True
        parent = parent.cpu_parent
    return False


class EventList(list[Any]):
    """Ranges, or sums of them."""

    notes: dict[str, Any]

    def __init__(self, events: Iterable[Any] = (), notes: dict[str, Any] | None = None) -> None:
        super().__init__(events)
        self.notes = notes or {}

    @property
    def self_cpu_time_total(self) -> float:
        """The time of all ranges, in microseconds, counting each moment once."""
        return float(sum(event.self_cpu_time_total for event in self))

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0
    ) -> EventList:
        """Return the sums of the ranges of each name, or of each name and shapes of operands."""
        sums: dict[Any, FunctionEventAvg] = {}
        for event in self:
            name = "ProfilerStep*" if event.key.startswith("ProfilerStep#") else event.key
            shapes = str(event.input_shapes) if group_by_input_shape else ""
            sums.setdefault((name, shapes), FunctionEventAvg(name, shapes)).add(event)
        return EventList(sums.values(), self.notes)

    def total_average(self) -> FunctionEventAvg:
        """Return the sum of all."""
        total = FunctionEventAvg("Total")
        for event in self:
            total.add(event)
        return total

    def table(
        self, sort_by: str | None = None, row_limit: int = 100, max_src_column_width: int = 75,
        max_name_column_width: int = 55, max_shapes_column_width: int = 80, header: str | None = None,
        top_level_events_only: bool = False,
    ) -> str:  # fmt: skip
        """Return a table of at most ``row_limit`` rows (-1: all), the largest ``sort_by`` first.

        That is the name of a figure, as ``"cpu_time_total"``, ``"self_cpu_time_total"``, ``"cpu_time"`` or ``"count"``;
        AttributeError for another one.
        """
        if not self:
            return ""
        events = [e for e in self if not (top_level_events_only and getattr(e, "cpu_parent", None))]
        if sort_by is not None:
            events.sort(key=lambda event: getattr(event, sort_by), reverse=True)
        shown = events if row_limit < 0 else events[:row_limit]
        total = self.self_cpu_time_total
        columns = [
            "Self CPU %",
            "Self CPU",
            "CPU total %",
            "CPU total",
            "CPU time avg",
            "# of Calls",
        ]
        rows = [_figures(event, total) for event in shown]
        names = [_cut(str(event.key), max_name_column_width) for event in shown]
        widths = [
            max(len("Name"), *map(len, names)) + 4 if names else WIDTH,
            *[WIDTH] * len(columns),
        ]
        shapes = [_cut(str(event.input_shapes or ""), max_shapes_column_width) for event in shown]
        if any(shapes) and any(isinstance(e, FunctionEventAvg) for e in shown):
            columns.append("Input Shapes")
            widths.append(max(len("Input Shapes"), *map(len, shapes)) + 2)
            rows = [[*row, text] for row, text in zip(rows, shapes, strict=True)]
        lines = [[n, *row] for n, row in zip(names, rows, strict=True)]
        return _laid_out(["Name", *columns], lines, widths, header, total)

    def export_chrome_trace(self, path: str) -> None:
        """Write the ranges for ``chrome://tracing`` and Perfetto: JSON, compressed where the name ends in ``.gz``."""
        events = [
            {
                "ph": "X", "cat": "user_annotation" if e.is_user_annotation else "cpu_op", "name": e.name,
                "pid": os.getpid(), "tid": e.thread, "ts": e.start, "dur": e.cpu_time_total,
                "args": {"Input Dims": e.input_shapes} if e.input_shapes else {},
            }
            for e in self
        ]  # fmt: skip
        told = {"schemaVersion": 1, "displayTimeUnit": "ms", **self.notes, "traceEvents": events}
        opened: Any = gzip.open if str(path).endswith(".gz") else open
        with opened(path, "wt", encoding="utf-8") as file:
            json.dump(told, file)

    def __str__(self) -> str:
        return self.table()


def _figures(event: Any, total: float) -> list[str]:
    def share(us: float) -> str:
        return f"{us / total * 100 if total else 0.0:.2f}%"

    return [
        share(event.self_cpu_time_total), event.self_cpu_time_total_str, share(event.cpu_time_total),
        event.cpu_time_total_str, event.cpu_time_str, str(event.count),
    ]  # fmt: skip


def _cut(text: str, most: int | None) -> str:
    """Return a text with dots in the place of what does not fit."""
    return text if most is None or len(text) <= most else f"{text[: most - 3]}..."


def _laid_out(
    head: list[str], rows: list[list[str]], widths: list[int], header: str | None, total: float
) -> str:
    line = "  ".join("-" * w for w in widths) + "  "
    told = [
        "".join(f"{cell:>{w}}  " for cell, w in zip(row, widths, strict=True))
        for row in (head, *rows)
    ]
    title = [] if header is None else ["=" * len(line), header]
    end = f"Self CPU time total: {_time_text(total)}\n"
    return "\n".join([*title, line, told[0], line, *told[1:], line, end])


__getattr__ = refuser(__name__, "torch.autograd.profiler_util")

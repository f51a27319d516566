"""What was measured: the times of a statement, their middle and spread, and how they are told."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Final

import numpy as np

from wengert.core.silence import silently

__all__ = ["Measurement", "TaskSpec", "select_unit", "trim_sigfig", "unit_to_english"]

MOST_FIGURES: Final = 4
LEAST_CONFIDENCE: Final = 25e-9
"""Seconds: no clock tells shorter times apart."""

UNSTEADY, UNRELIABLE = 0.1, 0.25
"""Interquartile ranges, over the median, from which a measurement warns."""

UNITS: Final = {
    "ns": (1e-9, "nanosecond"), "us": (1e-6, "microsecond"), "ms": (1e-3, "millisecond"), "s": (1.0, "second"),
}  # fmt: skip


def select_unit(t: float) -> tuple[str, float]:
    """Return the unit in which seconds are best told, and its length in seconds.

    >>> select_unit(0.0021)
    ('ms', 0.001)
    """
    power = math.floor(math.log10(t) / 3) if t > 0 else -3
    unit = {-3: "ns", -2: "us", -1: "ms"}.get(power, "s")
    return unit, UNITS[unit][0]


def unit_to_english(u: str) -> str:
    """Return the name of a unit of time."""
    return UNITS[u][1]


def trim_sigfig(x: float, n: int) -> float:
    """Round a number to so many significant figures.

    >>> trim_sigfig(1234.0, 2)
    1200.0
    """
    if n != int(n):
        raise AssertionError(f"trim_sigfig: the number of significant figures is {n}.")
    if x == 0:
        return 0.0
    return float(round(x, n - math.ceil(math.log10(abs(x)))))


@dataclass(frozen=True, repr=False)
class TaskSpec:
    """What is measured, and under which names it is told: those with equal names belong together."""

    stmt: str
    setup: str
    global_setup: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def title(self) -> str:
        """The label or the statement, with the label below it."""
        tail = f": {self.sub_label}" if self.sub_label else ""
        if self.label is not None:
            return self.label + tail
        if "\n" not in self.stmt:
            return self.stmt + tail
        tail = f" ({self.sub_label})" if self.sub_label else ""
        return f"stmt:{tail}\n{textwrap.indent(self.stmt, '  ')}"

    def setup_str(self) -> str:
        """Return how the setup is told."""
        if not self.setup or self.setup == "pass":
            return ""
        if "\n" in self.setup:
            return f"setup:\n{textwrap.indent(self.setup, '  ')}"
        return f"setup: {self.setup}"

    def summarize(self) -> str:
        """Return title, description and setup, line by line."""
        parts = [part for part in (self.title, self.description, self.setup_str()) if part]
        return "\n".join(f"{part}\n" if "\n" in part else part for part in parts)


_TOLD = frozenset(f.name for f in fields(TaskSpec))


@dataclass(repr=False)
class Measurement:
    """Times of runs, in seconds; each run did the statement ``number_per_run`` times.

    It has the attributes of its `TaskSpec`, too.

    >>> m = Measurement(1000, [1.0, 1.02, 1.03, 1.01], TaskSpec("x + y", "pass"))
    >>> m.median, m.significant_figures
    (0.001015, 2)
    """

    number_per_run: int
    raw_times: list[float]
    task_spec: TaskSpec
    metadata: dict[Any, Any] | None = None

    def __getattr__(self, name: str) -> Any:
        if name in _TOLD:
            return getattr(self.task_spec, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def times(self) -> list[float]:
        """The times of the statement done once."""
        return [t / self.number_per_run for t in self.raw_times]

    @cached_property
    def _quartiles(self) -> tuple[float, float, float]:
        if not self.raw_times:
            return (math.nan,) * 3
        low, middle, high = silently(np.quantile)(self.times, [0.25, 0.5, 0.75])
        return float(low), float(middle), float(high)

    @property
    def median(self) -> float:
        """The middle of the times."""
        return self._quartiles[1]

    @property
    def mean(self) -> float:
        """The mean of the times."""
        return math.fsum(self.times) / len(self.raw_times) if self.raw_times else math.nan

    @property
    def iqr(self) -> float:
        """The interquartile range: between the first and the last quarter of the times."""
        return self._quartiles[2] - self._quartiles[0]

    @property
    def significant_figures(self) -> int:
        """How many digits of the median mean something, 1 to 4, by the spread of the times in the middle half."""
        ordered = sorted(self.times)
        inner = np.array(ordered[len(ordered) // 4 : math.ceil(3 * len(ordered) / 4)])
        error = max(1.645 * float(inner.std()) / math.sqrt(len(inner)), LEAST_CONFIDENCE)
        return min(max(math.floor(math.log10(self.median / error)), 1), MOST_FIGURES)

    def meets_confidence(self, threshold: float = UNSTEADY) -> bool:
        """Say whether the interquartile range is below a share of the median."""
        return self.iqr / self.median < threshold

    @property
    def has_warnings(self) -> bool:
        """Whether the times vary too much to be relied on."""
        return bool(self.raw_times) and not self.meets_confidence()

    @property
    def title(self) -> str:
        """The title of what was measured."""
        return self.task_spec.title

    @property
    def as_row_name(self) -> str:
        """The name of a row in a table: the label below the label, or the statement."""
        return self.task_spec.sub_label or self.task_spec.stmt or "[Unknown]"

    def __repr__(self) -> str:
        n = len(self.raw_times)
        unit, scale = select_unit(self.median)
        low, middle, high = (t / scale for t in self._quartiles)
        lines = [object.__repr__(self), *self.task_spec.summarize().split("\n")]
        lines.append(f"  {'Median: ' if n > 1 else ''}{middle:.2f} {unit}")
        if n >= 4:
            lines.append(f"  IQR:    {high - low:.2f} {unit} ({low:.2f} to {high:.2f})")
        runs = "per measurement," if n > 1 else ","
        threads = self.task_spec.num_threads
        lines.append(
            f"  {n} measurement{'s' * (n > 1)}, {self.number_per_run} runs {runs} {threads} thread{'s' * (threads > 1)}"
        )
        if self.has_warnings:
            gross = not self.meets_confidence(UNRELIABLE)
            why = (
                "suggests significant environmental influence"
                if gross
                else "could indicate system fluctuation"
            )
            spread = self.iqr / self.median * 100
            lines.append(
                f"  WARNING: Interquartile range is {spread:.1f}% of the median measurement."
            )
            lines.append(f"           This {why}.")
        return "\n".join(lines)

    @staticmethod
    def merge(measurements: Iterable[Measurement]) -> list[Measurement]:
        """Return one measurement for each task, with the times of all measurements of it."""
        groups: dict[TaskSpec, list[float]] = {}
        for m in measurements:
            groups.setdefault(m.task_spec, []).extend(m.times)
        return [Measurement(1, times, task) for task, times in groups.items()]

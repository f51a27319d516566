"""Many measurements as a table: rows by label below the label, columns by description, one table for each label."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable
from typing import Any, Final

from wengert.utils.benchmark.measurement import (
    Measurement,
    select_unit,
    trim_sigfig,
    unit_to_english,
)

__all__ = ["Colorize", "Compare"]

BOLD, END = "\033[1m", "\033[0m"
BEST, GOOD, BAD, WORST = "\033[92m", "\033[34m", "\033[2m\033[91m", "\033[31m"
NOTE: Final = "(! XX%) Measurement has high variance, where XX is the IQR / median * 100.\n"


class Colorize(enum.Enum):
    """Among which measurements colours tell the best: none, those of a column, or those of a row."""

    NONE = "none"
    COLUMNWISE = "columnwise"
    ROWWISE = "rowwise"


class Compare:
    """A table of measurements, which `print` prints. Those of one task are put together.

    ValueError for what is no `Measurement`.

    >>> from wengert.utils.benchmark import Compare, Measurement, TaskSpec
    >>> def measured(seconds, how, size):
    ...     return Measurement(1, [seconds], TaskSpec("", "", label="sum", sub_label=size, description=how))
    >>> Compare([measured(2e-6, "one", "10"), measured(5e-6, "two", "10")]).print()
    [-------- sum ---------]
              |  one  |  two
    1 threads: -------------
          10  |  2.0  |  5.0
    <BLANKLINE>
    Times are in microseconds (us).
    <BLANKLINE>
    """

    def __init__(self, results: Iterable[Measurement]) -> None:
        self._results: list[Measurement] = []
        self.extend_results(results)
        self._trim = self._warn = False
        self._colors = Colorize.NONE

    def extend_results(self, results: Iterable[Measurement]) -> None:
        """Add measurements."""
        given = list(results)
        for r in given:
            if not isinstance(r, Measurement):
                raise ValueError(f"Expected an instance of `Measurement`, got {type(r)} instead.")
        self._results.extend(given)

    def trim_significant_figures(self) -> None:
        """Show only digits that mean something."""
        self._trim = True

    def colorize(self, rowwise: bool = False) -> None:
        """Show in colours what is best: among the measurements of a column, or of a row."""
        self._colors = Colorize.ROWWISE if rowwise else Colorize.COLUMNWISE

    def highlight_warnings(self) -> None:
        """Show the spread of measurements that vary too much."""
        self._warn = True

    def print(self) -> None:
        """Print the tables."""
        print(str(self))

    def __str__(self) -> str:
        by_label: dict[str | None, list[Measurement]] = {}
        for m in Measurement.merge(self._results):
            by_label.setdefault(m.task_spec.label, []).append(m)
        return "\n".join(
            _Table(group, self._trim, self._warn, self._colors).text()
            for group in by_label.values()
        )


class _Table:
    """The measurements of one label in their places."""

    def __init__(
        self, results: list[Measurement], trim: bool, warn: bool, colors: Colorize
    ) -> None:
        self.results, self.trim, self.warn, self.colors = results, trim, warn, colors
        self.unit, self.scale = select_unit(min(m.median for m in results))
        self.columns = list(dict.fromkeys(m.task_spec.description for m in results))
        keys = list(dict.fromkeys(map(_row, results)))
        self.keys = sorted(keys, key=lambda key: key[:2])
        self.places = {(_row(m), m.task_spec.description): m for m in results}
        self.environments = {m.task_spec.env or "" for m in results}

    def text(self) -> str:
        """Return the table."""
        rows = [["", *(str(c) for c in self.columns)]]
        marks = [_Marks(self, column) for column in self.columns]
        before: tuple[Any, Any] = (None, None)
        for key in self.keys:
            rows.append([self._name(key, before), *(mark.text(key) for mark in marks)])
            before = key[:2]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  |  ".join(c.center(w) for c, w in zip(rows[0], widths, strict=True))]
        across = len(lines[0])
        threads = None
        for key, row in zip(self.keys, rows[1:], strict=True):
            if key[0] != threads:
                threads = key[0]
                lines.append(f"{threads} threads: ".ljust(across, "-"))
            cells = [c.center(w) for c, w in zip(row[1:], widths[1:], strict=True)]
            cells = [
                self._colored(cell, key, column)
                for cell, column in zip(cells, self.columns, strict=True)
            ]
            lines.append("  |  ".join([row[0].ljust(widths[0]), *cells]))
        title = f" {self.results[0].task_spec.label or ''} ".center(across - 2, "-")
        note = NOTE if self.warn and any(m.has_warnings for m in self.results) else ""
        body = "\n".join(lines)
        return f"[{title}]\n{body}\n\nTimes are in {unit_to_english(self.unit)}s ({self.unit}).\n{note}"

    def _name(self, key: Any, before: Any) -> str:
        shown = ""
        if len(self.environments) > 1 and key[:2] != before:
            shown = f"({key[1]})"
        room = max(map(len, self.environments)) if len(self.environments) > 1 else 0
        return f"  {shown.ljust(room + 4)}{key[2]}"

    def _colored(self, cell: str, key: Any, column: Any) -> str:
        m = self.places.get((key, column))
        if m is None or self.colors is Colorize.NONE:
            return cell
        if self.colors is Colorize.ROWWISE:
            rivals = [found for (row, _), found in self.places.items() if row == key]
        else:
            rivals = [
                found for (row, c), found in self.places.items() if c == column and row[0] == key[0]
            ]
        return _color(cell, m.median, min(r.median for r in rivals))


def _row(m: Measurement) -> tuple[int, str, str]:
    return m.task_spec.num_threads, m.task_spec.env or "", m.as_row_name


def _color(cell: str, value: float, best: float) -> str:
    if value <= best * 1.01 or value <= best + 100e-9:
        return f"{BEST}{BOLD}{cell}{END * 2}"
    if value <= best * 1.1:
        return f"{GOOD}{BOLD}{cell}{END * 2}"
    if value >= best * 5:
        return f"{WORST}{BOLD}{cell}{END * 2}"
    return f"{BAD}{cell}{END * 2}" if value >= best * 2 else cell


class _Marks:
    """The numbers of one column, with as many decimals and as much room as they all need."""

    def __init__(self, table: _Table, column: Any) -> None:
        self.table, self.column = table, column
        found = [m for (_, c), m in table.places.items() if c == column]
        self.warn = table.warn and any(m.has_warnings for m in found)
        leading = [math.ceil(math.log10(m.median / table.scale)) for m in found]
        self.decimals = 1
        if table.trim:
            figures = zip(found, leading, strict=True)
            self.decimals = min(max(m.significant_figures - digits, 0) for m, digits in figures)
        self.room = max(leading) + self.decimals + (self.decimals > 0)

    def text(self, key: Any) -> str:
        """Return the number of a row, or as many blanks."""
        m = self.table.places.get((key, self.column))
        if m is None:
            return " " * len(self._shown(1.0, ""))
        value = m.median / self.table.scale
        if self.table.trim:
            value = trim_sigfig(value, m.significant_figures)
        spread = f" (! {m.iqr / m.median * 100:.0f}%)" if self.warn and m.has_warnings else ""
        return self._shown(value, spread)

    def _shown(self, value: float, spread: str) -> str:
        return f"{value:>{self.room}.{self.decimals}f}{spread:>{7 if self.warn else 0}}"

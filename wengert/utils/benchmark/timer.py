"""Measuring how long a statement takes, as Python's `timeit` does, and how sure the figure is."""

from __future__ import annotations

import enum
import sys
import textwrap
import timeit
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from wengert.core import blas
from wengert.utils.benchmark.measurement import Measurement, TaskSpec

__all__ = ["Language", "Timer", "timer"]

timer = timeit.default_timer
MOST_RUNS: Final = 2**31 - 1


class Language(enum.Enum):
    """The language of a statement: only Python's can be measured here."""

    PYTHON = 0
    CPP = 1


class Timer:
    """Measure a statement, given as text, after a ``setup``; both see ``globals``, and `torch`, which is Wengert.

    ``label``, ``sub_label``, ``description`` and ``env`` are the names under which `Compare` tells the times. Matrix
    products are computed in ``num_threads`` threads (1). ValueError for a statement that is no text, for another
    language than Python, and for a ``global_setup``, which is for C++.

    >>> from wengert.utils.benchmark import Timer
    >>> Timer("x + 1", "x = torch.ones(3)").timeit(10).number_per_run
    10
    """

    def __init__(
        self, stmt: str = "pass", setup: str = "pass", global_setup: str = "", timer: Callable[[], float] = timer,
        globals: dict[str, Any] | None = None, label: str | None = None, sub_label: str | None = None,
        description: str | None = None, env: str | None = None, num_threads: int = 1,
        language: Language | str = Language.PYTHON,
    ) -> None:  # fmt: skip
        if not isinstance(stmt, str):
            raise ValueError(
                f"Timer: Currently only a `str` stmt is supported, not {type(stmt).__name__}. Write the call as text, "
                f"and pass its names as `globals`."
            )
        if language not in (Language.PYTHON, "py", "python"):
            raise ValueError(f"Timer: Invalid language `{language}`. Statements here are Python's.")
        if global_setup:
            raise ValueError(
                f"Timer: global_setup is C++ only, got `{global_setup}`. Most likely this code can simply be moved to "
                f"`setup`."
            )
        names = {"torch": sys.modules["wengert"], **(globals or {})}
        stmt, setup = _plain(stmt), _plain(setup)
        self._timer = timeit.Timer(stmt, setup, timer, names)
        self._task_spec = TaskSpec(
            stmt, setup, global_setup, label, sub_label, description, env, num_threads
        )

    def _once(self, number: int) -> float:
        # Never 0, which clocks may say of nothing: times are divided by.
        return max(self._timer.timeit(number), 1e-9)

    def timeit(self, number: int = 1000000) -> Measurement:
        """Measure ``number`` executions in one run, after a hundredth as many to warm up."""
        with _threads(self._task_spec.num_threads):
            self._once(max(int(number // 100), 2))
            return Measurement(number, [self._once(number)], self._task_spec)

    def repeat(self, repeat: int = -1, number: int = -1) -> None:
        """Raise NotImplementedError: `blocked_autorange` repeats."""
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def autorange(self, callback: Any = None) -> None:
        """Raise NotImplementedError: `blocked_autorange` chooses the number."""
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def blocked_autorange(
        self, callback: Callable[[int, float], Any] | None = None, min_run_time: float = 0.2
    ) -> Measurement:
        """Measure runs for at least ``min_run_time`` seconds, each long enough for the clock not to matter.

        ``callback(number, seconds)`` is called after each run.
        """
        number = self._block(min_run_time)
        times = self._runs(number, lambda times: True, min_run_time, None, callback)
        return Measurement(number, times, self._task_spec)

    def adaptive_autorange(
        self, threshold: float = 0.1, *, min_run_time: float = 0.01, max_run_time: float = 10.0,
        callback: Callable[[int, float], Any] | None = None,
    ) -> Measurement:  # fmt: skip
        """Measure runs until their interquartile range is below ``threshold`` of the median, or time is up.

        That is looked at from the fourth run on, and between ``min_run_time`` and ``max_run_time`` seconds.
        """
        number = self._block(0.05)

        def enough(times: list[float]) -> bool:
            measured = Measurement(number, times, self._task_spec)
            return len(times) > 3 and measured.meets_confidence(threshold)

        times = self._runs(number, enough, min_run_time, max_run_time, callback)
        return Measurement(number, times, self._task_spec)

    def _runs(
        self, number: int, enough: Callable[[list[float]], bool], least: float, most: float | None, callback: Any
    ) -> list[float]:  # fmt: skip
        times: list[float] = []
        total = 0.0
        with _threads(self._task_spec.num_threads):
            while total < least or not enough(times):
                times.append(self._once(number))
                total += times[-1]
                if callback is not None:
                    callback(number, times[-1])
                if most is not None and total > most:
                    break
        return times

    def _block(self, min_run_time: float) -> int:
        """Return how many executions make a run of which the clock is less than a ten-thousandth."""
        with _threads(self._task_spec.num_threads):
            overhead = sorted(self._once(0) for _ in range(5))[2]
            number = 1
            while True:
                taken = self._once(number)
                long_enough = taken >= min_run_time / 1000 and overhead / taken <= 1e-4
                if long_enough or taken > min_run_time or number * 10 > MOST_RUNS:
                    return number
                number *= 10


def _plain(text: str) -> str:
    """Return code without the indentation and the empty first line that it has between quotes."""
    return textwrap.dedent(text).removeprefix("\n").rstrip()


@contextmanager
def _threads(count: int) -> Iterator[None]:
    told = blas.control()
    if told is None:  # a BLAS that decides for itself
        yield
        return
    before = told.get()
    told.set(count)
    try:
        yield
    finally:
        told.set(before)

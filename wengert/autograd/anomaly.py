"""Anomaly detection: a backward rule that returns NaN raises, and names the line of the forward."""

from __future__ import annotations

import threading

from wengert.core.carrier import state
from wengert.tape.provenance import warn

__all__ = [
    "detect_anomaly",
    "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "set_anomaly_enabled",
    "set_detect_anomaly",
]


class _Mode(threading.local):
    """Whether detection is on in this thread, and whether it looks for NaN: ``state.anomaly`` is both."""

    on = False
    check_nan = True

    def switch(self, on: bool, check_nan: bool) -> None:
        self.on, self.check_nan = on, check_nan
        state.anomaly = on and check_nan


_mode = _Mode()


class set_detect_anomaly:
    """Switch anomaly detection on or off in this thread; as a context manager, back again afterwards.

    Recording always knows the lines of the forward, so only backward pays for the check.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = (_mode.on, _mode.check_nan)
        _mode.switch(bool(mode), bool(check_nan))

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exc: object) -> None:
        _mode.switch(*self._before)


class detect_anomaly(set_detect_anomaly):
    """Raise RuntimeError when a backward rule returns NaN, naming the operation and the line of its forward.

    >>> import wengert as torch
    >>> x = torch.tensor(0., requires_grad=True)
    >>> with torch.autograd.detect_anomaly():
    ...     (x.sqrt() * 0).backward()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    wengert.errors.GradientError: Function 'SqrtBackward0' returned nan values in its 0th output...
    """

    def __init__(self, check_nan: bool = True) -> None:
        super().__init__(True, check_nan)
        warn(
            "Anomaly Detection has been enabled. Every backward then looks through all that its rules return: switch "
            "it on to find a fault, and off again."
        )


def is_anomaly_enabled() -> bool:
    """Say whether anomaly detection is on in this thread."""
    return _mode.on


def is_anomaly_check_nan_enabled() -> bool:
    """Say whether anomaly detection, when it is on, looks for NaN."""
    return _mode.check_nan


def set_anomaly_enabled(enabled: bool, check_nan: bool = True) -> None:
    """Switch anomaly detection on or off in this thread, and choose whether it looks for NaN."""
    _mode.switch(bool(enabled), bool(check_nan))

"""Anomaly detection: a backward rule that returns NaN raises, and names the line of the forward."""

from __future__ import annotations

from wengert.core.carrier import state


class set_detect_anomaly:
    """Switch anomaly detection on or off in this thread; as a context manager, back again afterwards.

    Recording always knows the lines of the forward, so only backward pays for the check.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = state.anomaly
        state.anomaly = bool(mode) and check_nan

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exc: object) -> None:
        state.anomaly = self._before


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

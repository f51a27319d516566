"""Settings of the whole process: threads, and PyTorch's switches that ask for what holds here anyway.

Wengert computes with deterministic algorithms and in full precision, so those switches are kept and change nothing.
"""

from __future__ import annotations

import os
import warnings
from typing import Any, Final

from wengert.core import blas
from wengert.tape import provenance

__all__ = [
    "are_deterministic_algorithms_enabled", "get_deterministic_debug_mode", "get_float32_matmul_precision",
    "get_num_interop_threads", "get_num_threads", "is_deterministic_algorithms_warn_only_enabled",
    "is_warn_always_enabled", "set_deterministic_debug_mode", "set_float32_matmul_precision", "set_flush_denormal",
    "set_num_interop_threads", "set_num_threads", "set_warn_always", "use_deterministic_algorithms",
]  # fmt: skip

PRECISIONS: Final = ("highest", "high", "medium")
DEBUG_MODES: Final = ("default", "warn", "error")


class _Settings:
    """The present values."""

    threads: int | None = None
    interop_threads = os.cpu_count() or 1
    deterministic = warn_only = warn_always = False
    matmul_precision = "highest"


_now: Final = _Settings()


def get_num_threads() -> int:
    """Return how many threads matrix products are computed with; everything else runs in one."""
    found = blas.control()
    if found is not None:
        return int(found.get())
    return _now.threads or os.cpu_count() or 1


def set_num_threads(num: int) -> None:
    """Set how many threads NumPy's BLAS computes matrix products with, in the whole process.

    Raises RuntimeError unless ``num`` is a positive int. Warns where NumPy was built with a BLAS that offers no way of
    setting it: the environment variable of that library, set before the program starts, is the way then.
    """
    _now.threads = _positive("set_num_threads", num)
    found = blas.control()
    if found is not None:
        found.set(num)
    else:
        warnings.warn(
            "set_num_threads: the BLAS that NumPy was built with exports no function for it, and goes on with as many "
            "threads as it likes. Set the environment variable of that library (VECLIB_MAXIMUM_THREADS for Apple's) "
            "before the program starts.",
            stacklevel=2,
        )


def _positive(op: str, num: Any) -> int:
    if not isinstance(num, int) or isinstance(num, bool):
        raise RuntimeError(f"{op} expects an int, but got {type(num).__name__}")
    if num <= 0:
        raise RuntimeError(f"{op} expects a positive integer, and got {num}")
    return num


def get_num_interop_threads() -> int:
    """Return the number last set, which changes nothing: operations run one after the other."""
    return _now.interop_threads


def set_num_interop_threads(num: int) -> None:
    """Accept a number of threads for running operations side by side, which are run one after the other here."""
    _now.interop_threads = _positive("set_num_interop_threads", num)


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Accept the wish for results that do not change from run to run, which holds anyway. TypeError for no bool.

    >>> import wengert as torch
    >>> torch.use_deterministic_algorithms(True)
    """
    if not isinstance(mode, bool):
        raise TypeError(
            f"use_deterministic_algorithms(): argument 'mode' (position 1) must be bool, not {type(mode).__name__}"
        )
    _now.deterministic, _now.warn_only = mode, warn_only


def are_deterministic_algorithms_enabled() -> bool:
    """Say whether deterministic algorithms were asked for."""
    return _now.deterministic


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Say whether deterministic algorithms were asked for with ``warn_only``."""
    return _now.warn_only


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """Ask for deterministic algorithms by a mode: 0 "default", 1 "warn", 2 "error". RuntimeError for another one."""
    if isinstance(debug_mode, str):
        if debug_mode not in DEBUG_MODES:
            raise RuntimeError(
                f"invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got {debug_mode}"
            )
        debug_mode = DEBUG_MODES.index(debug_mode)
    if debug_mode not in (0, 1, 2):
        raise RuntimeError(
            f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}"
        )
    use_deterministic_algorithms(debug_mode > 0, warn_only=debug_mode == 1)


def get_deterministic_debug_mode() -> int:
    """Return the mode, as a number; see `set_deterministic_debug_mode`."""
    return 0 if not _now.deterministic else 1 if _now.warn_only else 2


def set_float32_matmul_precision(precision: str) -> None:
    """Accept how exact float32 matrix products must be: they are always computed in full, "highest".

    An unknown word is warned about and ignored, as in PyTorch.
    """
    if precision not in PRECISIONS:
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; {_now.matmul_precision!r} stays.",
            stacklevel=2,
        )
        return
    _now.matmul_precision = precision


def get_float32_matmul_precision() -> str:
    """Return the precision last asked for."""
    return _now.matmul_precision


def set_flush_denormal(mode: bool) -> bool:
    """Return whether numbers below the normal range can be flushed to zero from now on: not here, so False."""
    return False


def set_warn_always(b: bool) -> None:
    """Give the warnings that PyTorch gives once in a process every time; Python's own filters still apply."""
    _now.warn_always = b
    provenance.set_warn_always(b)


def is_warn_always_enabled() -> bool:
    """Return what `set_warn_always` was last given."""
    return _now.warn_always

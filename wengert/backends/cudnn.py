"""Flags of NVIDIA's cuDNN. They can be set, as programs do before they look for a GPU, and change nothing here."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from wengert.errors import refuser

benchmark = False
deterministic = False
enabled = True
allow_tf32 = True
benchmark_limit: int | None = None


def is_available() -> bool:
    """Say whether cuDNN is there: False."""
    return False


def version() -> None:
    """Return the version of cuDNN: None, for there is none."""
    return None


def is_acceptable(tensor: Any) -> bool:
    """Say whether cuDNN would compute with a tensor: False."""
    return False


@contextlib.contextmanager
def flags(
    enabled: bool = False,
    benchmark: bool = False,
    benchmark_limit: int | None = 10,
    deterministic: bool = False,
    allow_tf32: bool = True,
    fp32_precision: str = "none",
) -> Iterator[None]:
    """Set the flags for a block, which changes nothing but themselves."""
    given = {
        "enabled": enabled,
        "benchmark": benchmark,
        "benchmark_limit": benchmark_limit,
        "deterministic": deterministic,
        "allow_tf32": allow_tf32,
    }
    before = {name: globals()[name] for name in given}
    globals().update(given)
    try:
        yield
    finally:
        globals().update(before)


__getattr__ = refuser(__name__, "torch.backends.cudnn")

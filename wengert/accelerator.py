"""PyTorch's ``torch.accelerator`` where there is none: it says so, and whatever needs one raises."""

from __future__ import annotations

from typing import Any, NoReturn

from wengert.errors import refuser

__all__ = [
    "current_accelerator", "current_device_index", "current_stream", "device_count", "empty_cache", "is_available",
    "set_device_index", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Say whether there is an accelerator: False.

    >>> import wengert as torch
    >>> torch.accelerator.current_accelerator() if torch.accelerator.is_available() else "cpu"
    'cpu'
    """
    return False


def current_accelerator(check_available: bool = False) -> None:
    """Return the accelerator: None, for there is none."""
    return None


def device_count() -> int:
    """Return the number of accelerators: 0."""
    return 0


def _none(call: str) -> NoReturn:
    raise RuntimeError(
        f"torch.accelerator.{call}: Cannot access accelerator device when none is available: Wengert computes on the "
        f"CPU. Ask `torch.accelerator.is_available()` first."
    )


def synchronize(device: Any = None) -> None:
    """Raise RuntimeError: there is nothing to wait for."""
    _none("synchronize()")


def empty_cache() -> None:
    """Raise RuntimeError: there is no accelerator whose memory could be given back."""
    _none("empty_cache()")


def current_device_index() -> int:
    """Raise RuntimeError: there is no accelerator."""
    _none("current_device_index()")


def set_device_index(device: Any) -> None:
    """Raise RuntimeError: there is no accelerator to choose."""
    _none("set_device_index()")


def current_stream(device: Any = None) -> Any:
    """Raise RuntimeError: there is no accelerator that has streams."""
    _none("current_stream()")


__getattr__ = refuser(__name__, "torch.accelerator")

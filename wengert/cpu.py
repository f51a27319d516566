"""PyTorch's ``torch.cpu``: the device that is there, for programs that ask every device the same."""

from __future__ import annotations

from typing import Any

from wengert.errors import refuser

__all__ = ["current_device", "device_count", "is_available", "is_initialized", "synchronize"]


def is_available() -> bool:
    """Say whether tensors can live on the CPU: True."""
    return True


def is_initialized() -> bool:
    """Say whether the CPU is in use: True."""
    return True


def device_count() -> int:
    """Return the number of CPUs as devices: 1."""
    return 1


def current_device() -> str:
    """Return the name of the device: "cpu"."""
    return "cpu"


def synchronize(device: Any = None) -> None:
    """Wait for nothing: every call has ended when it returns."""


__getattr__ = refuser(__name__, "torch.cpu")

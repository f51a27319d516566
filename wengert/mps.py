"""PyTorch's ``torch.mps`` where there are none of Apple's GPUs: it says so, and seeds nothing."""

from __future__ import annotations

from wengert.errors import refuser

__all__ = ["device_count", "is_available", "manual_seed"]


def is_available() -> bool:
    """Say whether tensors can live there: False."""
    return False


def device_count() -> int:
    """Return the number of devices: 0."""
    return 0


def manual_seed(seed: int) -> None:
    """Accept a seed for a device that is not there, as PyTorch does without one."""
    int(seed)


__getattr__ = refuser(__name__, "torch.mps")

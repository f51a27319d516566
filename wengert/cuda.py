"""PyTorch's ``torch.cuda`` on a build that computes on the CPU: it says that there is no GPU, and seeds nothing."""

from __future__ import annotations

from typing import Any, NoReturn

from wengert.errors import refuser

__all__ = [
    "current_device", "device_count", "empty_cache", "is_available", "is_initialized", "manual_seed", "manual_seed_all",
    "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Say whether tensors can live on a GPU: False.

    >>> import wengert as torch
    >>> torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device(type='cpu')
    """
    return False


def is_initialized() -> bool:
    """Say whether a GPU is in use: False."""
    return False


def device_count() -> int:
    """Return the number of GPUs: 0."""
    return 0


def _no_gpu(call: str) -> NoReturn:
    raise AssertionError(
        f"torch.cuda.{call}: Torch not compiled with CUDA enabled: Wengert computes on the CPU. "
        f"Ask `torch.cuda.is_available()` first."
    )


def current_device() -> int:
    """Raise AssertionError: there is no GPU."""
    _no_gpu("current_device()")


def synchronize(device: Any = None) -> None:
    """Raise AssertionError: there is no GPU to wait for."""
    _no_gpu("synchronize()")


def manual_seed(seed: int) -> None:
    """Accept a seed for a GPU that is not there, as PyTorch does without one."""
    int(seed)


def manual_seed_all(seed: int) -> None:
    """Accept a seed for GPUs that are not there, as PyTorch does without any."""
    int(seed)


def empty_cache() -> None:
    """Give back the GPU's unused memory: there is none."""


__getattr__ = refuser(__name__, "torch.cuda")

"""PyTorch's ``torch.cuda`` on a build that computes on the CPU: it says that there is no GPU, and seeds nothing."""

from __future__ import annotations

from typing import Any, NoReturn

from wengert.cuda import amp as amp
from wengert.errors import refuser

__all__ = [
    "current_device", "device_count", "empty_cache", "get_arch_list", "get_device_capability", "get_device_name",
    "get_device_properties", "get_rng_state_all", "is_available", "is_bf16_supported", "is_initialized", "manual_seed",
    "manual_seed_all", "max_memory_allocated", "max_memory_reserved", "memory_allocated", "memory_reserved", "seed",
    "seed_all", "set_device", "synchronize",
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


def set_device(device: Any) -> None:
    """Raise AssertionError: there is no GPU to choose."""
    _no_gpu("set_device()")


def get_device_name(device: Any = None) -> str:
    """Raise AssertionError: there is no GPU that has a name."""
    _no_gpu("get_device_name()")


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """Raise AssertionError: there is no GPU."""
    _no_gpu("get_device_capability()")


def get_device_properties(device: Any = None) -> Any:
    """Raise AssertionError: there is no GPU that has properties."""
    _no_gpu("get_device_properties()")


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Say whether a GPU computes in bfloat16: False."""
    return False


def get_arch_list() -> list[str]:
    """Return the kinds of GPUs that this build is for: none."""
    return []


def memory_allocated(device: Any = None) -> int:
    """Return how many bytes of a GPU tensors take: 0."""
    return 0


def max_memory_allocated(device: Any = None) -> int:
    """Return the most bytes of a GPU that tensors took: 0."""
    return 0


def memory_reserved(device: Any = None) -> int:
    """Return how many bytes of a GPU are kept: 0."""
    return 0


def max_memory_reserved(device: Any = None) -> int:
    """Return the most bytes of a GPU that were kept: 0."""
    return 0


def get_rng_state_all() -> list[Any]:
    """Return the states of the GPUs' generators: none."""
    return []


def seed() -> None:
    """Seed the generator of a GPU: there is none."""


def seed_all() -> None:
    """Seed the generators of all GPUs: there are none."""


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

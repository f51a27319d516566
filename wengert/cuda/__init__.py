"""PyTorch's ``torch.cuda`` on a build that computes on the CPU: it says that there is no GPU, and seeds nothing."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, NoReturn

from wengert.cuda import amp as amp
from wengert.cuda.absent import *
from wengert.errors import OutOfMemoryError as OutOfMemoryError
from wengert.errors import refuser

__all__ = [
    "OutOfMemoryError", "can_device_access_peer", "current_device", "current_stream", "default_stream", "device_count",
    "empty_cache", "get_arch_list", "get_device_capability", "get_device_name", "get_device_properties",
    "get_rng_state", "get_rng_state_all", "init", "initial_seed", "ipc_collect", "is_available", "is_bf16_supported",
    "is_current_stream_capturing", "is_initialized", "is_tf32_supported", "list_gpu_processes", "manual_seed",
    "manual_seed_all", "max_memory_allocated", "max_memory_cached", "max_memory_reserved", "mem_get_info",
    "memory_allocated", "memory_cached", "memory_reserved", "memory_snapshot", "memory_stats", "memory_summary",
    "reset_max_memory_allocated", "reset_max_memory_cached", "reset_peak_memory_stats", "seed", "seed_all",
    "set_device", "set_per_process_memory_fraction", "set_rng_state", "set_rng_state_all", "set_stream", "synchronize",
    "utilization",
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


default_generators: tuple[Any, ...] = ()
has_half = True


def init() -> None:
    """Raise AssertionError: there is no GPU to begin with."""
    _no_gpu("init()")


def initial_seed() -> int:
    """Raise AssertionError: there is no GPU that has a generator."""
    _no_gpu("initial_seed()")


def get_rng_state(device: Any = "cuda") -> Any:
    """Raise AssertionError: there is no GPU that has a generator."""
    _no_gpu("get_rng_state()")


def set_rng_state(new_state: Any, device: Any = "cuda") -> None:
    """Accept a state for a GPU that is not there, as PyTorch does without one."""


def set_rng_state_all(new_states: Any) -> None:
    """Accept states for GPUs that are not there, as PyTorch does without any."""


def current_stream(device: Any = None) -> Any:
    """Raise AssertionError: there is no GPU that has streams."""
    _no_gpu("current_stream()")


def default_stream(device: Any = None) -> Any:
    """Raise AssertionError: there is no GPU that has streams."""
    _no_gpu("default_stream()")


def set_stream(stream: Any) -> None:
    """Do nothing for None; there are no streams."""


def is_current_stream_capturing() -> bool:
    """Say whether a GPU's work is being recorded: False."""
    return False


def ipc_collect() -> None:
    """Raise AssertionError: there is no GPU whose memory processes share."""
    _no_gpu("ipc_collect()")


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """Raise AssertionError: there is no GPU that has memory."""
    _no_gpu("mem_get_info()")


def memory_stats(device: Any = None) -> dict[str, Any]:
    """Return figures about the memory of a GPU: none."""
    return OrderedDict()


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """Raise AssertionError: there is no GPU whose memory could be told of."""
    _no_gpu("memory_summary()")


def memory_snapshot() -> Any:
    """Raise AssertionError: there is no GPU whose memory could be told of."""
    _no_gpu("memory_snapshot()")


def reset_peak_memory_stats(device: Any = None) -> None:
    """Begin the count of `max_memory_allocated` anew: it is 0."""


reset_max_memory_allocated = reset_max_memory_cached = reset_peak_memory_stats
memory_cached, max_memory_cached = memory_reserved, max_memory_reserved


def set_per_process_memory_fraction(fraction: float, device: Any = None) -> None:
    """Raise AssertionError: there is no GPU whose memory could be limited."""
    _no_gpu("set_per_process_memory_fraction()")


def can_device_access_peer(device: Any, peer_device: Any) -> bool:
    """Raise AssertionError: there is no GPU."""
    _no_gpu("can_device_access_peer()")


def is_tf32_supported() -> bool:
    """Say whether a GPU rounds products to TF32: False."""
    return False


def utilization(device: Any = None) -> int:
    """Raise AssertionError: there is no GPU that could be busy."""
    _no_gpu("utilization()")


def list_gpu_processes(device: Any = None) -> str:
    """Return a text about the processes that use a GPU: there is none."""
    return "no GPU"


__getattr__ = refuser(__name__, "torch.cuda")

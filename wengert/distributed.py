"""PyTorch's ``torch.distributed`` on a build without it: it says so. What needs a group of processes raises.

The functions are there so that a program which imports them, and then runs in one process, runs.
"""

from __future__ import annotations

from typing import Any, NoReturn

from wengert.errors import MissingModeError, lacking, refuser

__all__ = [
    "all_gather", "all_reduce", "barrier", "broadcast", "destroy_process_group", "get_backend", "get_rank",
    "get_world_size", "init_process_group", "is_available", "is_gloo_available", "is_initialized", "is_mpi_available",
    "is_nccl_available", "is_torchelastic_launched", "reduce",
]  # fmt: skip


def is_available() -> bool:
    """Say whether several processes can compute together: False.

    >>> import wengert as torch
    >>> torch.distributed.is_available() and torch.distributed.is_initialized()
    False
    """
    return False


def is_initialized() -> bool:
    """Say whether there is a group of processes: False."""
    return False


def is_nccl_available() -> bool:
    """Say whether NCCL is there: False."""
    return False


def is_gloo_available() -> bool:
    """Say whether Gloo is there: False."""
    return False


def is_mpi_available() -> bool:
    """Say whether MPI is there: False."""
    return False


def is_torchelastic_launched() -> bool:
    """Say whether `torchrun` started the program: False."""
    return False


def init_process_group(*args: Any, **kwargs: Any) -> None:
    """Raise `MissingModeError`, a NotImplementedError: there is one process."""
    raise MissingModeError(
        f"{lacking('torch.distributed.init_process_group')} Wengert computes in one process: ask "
        f"`torch.distributed.is_available()` first.",
        name="init_process_group",
    )


def _no_group(call: str) -> NoReturn:
    raise ValueError(
        f"torch.distributed.{call}: Default process group has not been initialized: Wengert computes in one process. "
        f"Ask `torch.distributed.is_initialized()` first."
    )


def get_rank(group: Any = None) -> int:
    """Raise ValueError: there is no group of processes."""
    _no_group("get_rank()")


def get_world_size(group: Any = None) -> int:
    """Raise ValueError: there is no group of processes."""
    _no_group("get_world_size()")


def get_backend(group: Any = None) -> str:
    """Raise ValueError: there is no group of processes."""
    _no_group("get_backend()")


def barrier(*args: Any, **kwargs: Any) -> None:
    """Raise ValueError: there is no group of processes."""
    _no_group("barrier()")


def all_reduce(tensor: Any, *args: Any, **kwargs: Any) -> None:
    """Raise ValueError: there is no group of processes."""
    _no_group("all_reduce()")


def reduce(tensor: Any, *args: Any, **kwargs: Any) -> None:
    """Raise ValueError: there is no group of processes."""
    _no_group("reduce()")


def broadcast(tensor: Any, *args: Any, **kwargs: Any) -> None:
    """Raise ValueError: there is no group of processes."""
    _no_group("broadcast()")


def all_gather(tensor_list: Any, tensor: Any, *args: Any, **kwargs: Any) -> None:
    """Raise ValueError: there is no group of processes."""
    _no_group("all_gather()")


def destroy_process_group(group: Any = None) -> None:
    """Raise AssertionError: there is no group of processes."""
    raise AssertionError(
        "torch.distributed.destroy_process_group: Process group cannot be None: none was initialized."
    )


__getattr__ = refuser(__name__, "torch.distributed")

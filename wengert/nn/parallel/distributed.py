"""The module that trains one model in several processes, of which there is one: it can be named, and not made."""

from __future__ import annotations

from typing import Any

from wengert.nn.module import Module

__all__ = ["DistributedDataParallel"]


class DistributedDataParallel(Module):
    """Raises ValueError when it is made: there is no group of processes."""

    def __init__(self, module: Module, *args: Any, **kwargs: Any) -> None:
        raise ValueError(
            "DistributedDataParallel: Default process group has not been initialized: Wengert computes in one process. "
            "Use the module itself where `torch.distributed.is_initialized()` is False."
        )

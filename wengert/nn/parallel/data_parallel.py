"""A module that would copy its module onto several GPUs. There are none, so it only calls it."""

from __future__ import annotations

from typing import Any

from wengert.nn.module import Module

__all__ = ["DataParallel"]


class DataParallel(Module):
    """A module whose calls go to ``module``, under whose name the parameters then are, as in PyTorch without GPUs.

    >>> import wengert as torch
    >>> list(torch.nn.DataParallel(torch.nn.Linear(2, 1)).state_dict())
    ['module.weight', 'module.bias']
    """

    def __init__(
        self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0
    ) -> None:
        super().__init__()
        self.module = module
        self.device_ids: list[Any] = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """Return what the module makes of its arguments."""
        return self.module(*inputs, **kwargs)

"""Losses as modules."""

from __future__ import annotations

from typing import Any

from wengert.nn import functional
from wengert.nn.module import Module


class MSELoss(Module):
    """Mean squared error: ``mean((input - target) ** 2)``; see `functional.mse_loss`.

    >>> import wengert as torch
    >>> torch.nn.MSELoss()(torch.tensor([1., 2.]), torch.tensor([1., 4.]))
    tensor(2.)
    """

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        if size_average is not None or reduce is not None:
            reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
        self.reduction = reduction

    def forward(self, input: Any, target: Any) -> Any:
        """Return the loss."""
        return functional.mse_loss(input, target, reduction=self.reduction)

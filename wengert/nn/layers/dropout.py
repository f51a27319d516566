"""Dropout as layers. In evaluation mode they return the input; a trace refuses their random numbers."""

from __future__ import annotations

from typing import Any

from wengert.nn import functional
from wengert.nn.advice import INPLACE
from wengert.nn.module import Module
from wengert.tape.provenance import advise

__all__ = [
    "AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout",
]  # fmt: skip

advise(INPLACE)


class _DropoutNd(Module):
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    """Set each element to zero with probability ``p``, and multiply the others by ``1 / (1 - p)``.

    >>> import wengert as torch
    >>> torch.nn.Dropout(0.3).eval()(torch.ones(2))
    tensor([1., 1.])
    """

    def forward(self, input: Any) -> Any:
        """Return the input with elements dropped."""
        return functional.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_DropoutNd):
    """Drop whole channels of ``(n, c, l)`` or ``(c, l)``."""

    def forward(self, input: Any) -> Any:
        """Return the input with channels dropped."""
        return functional.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_DropoutNd):
    """Drop whole channels of ``(n, c, h, w)`` or ``(c, h, w)``."""

    def forward(self, input: Any) -> Any:
        """Return the input with channels dropped."""
        return functional.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_DropoutNd):
    """Drop whole channels of ``(n, c, d, h, w)`` or ``(c, d, h, w)``."""

    def forward(self, input: Any) -> Any:
        """Return the input with channels dropped."""
        return functional.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_DropoutNd):
    """Dropout that keeps mean and variance of what `SELU` makes."""

    def forward(self, input: Any) -> Any:
        """Return the input with elements dropped."""
        return functional.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_DropoutNd):
    """`AlphaDropout` of whole channels."""

    def forward(self, input: Any) -> Any:
        """Return the input with channels dropped."""
        return functional.feature_alpha_dropout(input, self.p, self.training)

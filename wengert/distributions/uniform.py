"""The uniform distribution."""

from __future__ import annotations

import math
from typing import Any

from wengert.distributions import constraints
from wengert.distributions.distribution import NOTHING, Distribution
from wengert.distributions.utils import broadcast_all
from wengert.tensor.sampling import rand

__all__ = ["Uniform"]


class Uniform(Distribution):
    """Numbers from ``[low, high)``, all as likely; ValueError unless ``low < high``.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.distributions.Uniform(0.0, 10.0).sample((2,))
    tensor([4.9626, 7.6822])
    """

    has_rsample = True
    _fields = {"low": 0, "high": 0}

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        self.low, self.high = broadcast_all(low, high)
        super().__init__(self.low.shape, validate_args=validate_args)

    @property
    def arg_constraints(self) -> dict[str, Any]:
        """``low`` below ``high``, and ``high`` above ``low``."""
        return {
            "low": constraints.less_than(self.high),
            "high": constraints.greater_than(self.low),
        }

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """From ``low`` to ``high``."""
        return constraints.interval(self.low, self.high)

    @property
    def _width(self) -> Any:
        return self.high - self.low

    @property
    def mean(self) -> Any:
        """``(low + high) / 2``."""
        return (self.high + self.low) / 2

    @property
    def mode(self) -> Any:
        """NaN, for no number is the most likely."""
        return math.nan * self.high

    @property
    def stddev(self) -> Any:
        """``(high - low) / sqrt(12)``."""
        return self._width / 12**0.5

    @property
    def variance(self) -> Any:
        """``(high - low) ** 2 / 12``."""
        return self._width.square() / 12

    def rsample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw ``low + u (high - low)``."""
        units = rand(self._extended_shape(sample_shape), dtype=self.low.dtype)
        return self.low + units * self._width

    def log_prob(self, value: Any) -> Any:
        """Return ``-log(high - low)`` inside, -inf outside."""
        if self._validate_args:
            self._validate_sample(value)
        inside = (self.low <= value) & (value < self.high)
        return inside.to(self.low.dtype).log() - self._width.log()

    def cdf(self, value: Any) -> Any:
        """Return ``(x - low) / (high - low)``, between 0 and 1."""
        if self._validate_args:
            self._validate_sample(value)
        return ((value - self.low) / self._width).clamp(min=0, max=1)

    def icdf(self, value: Any) -> Any:
        """Return ``low + p (high - low)``."""
        return value * self._width + self.low

    def entropy(self) -> Any:
        """Return ``log(high - low)``."""
        return self._width.log()

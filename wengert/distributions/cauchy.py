"""The Cauchy distribution."""

from __future__ import annotations

import math
from typing import Any

from wengert.distributions import constraints
from wengert.distributions.distribution import NOTHING, Distribution
from wengert.distributions.utils import broadcast_all
from wengert.tensor.filled import empty, full

__all__ = ["Cauchy"]


class Cauchy(Distribution):
    """Real numbers with the density ``1 / (pi scale (1 + ((x - loc) / scale) ** 2))``, ``scale > 0``."""

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True
    _fields = {"loc": 0, "scale": 0}

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """NaN: there is none."""
        return full(self._extended_shape(), math.nan, dtype=self.loc.dtype)

    @property
    def mode(self) -> Any:
        """``loc``."""
        return self.loc

    @property
    def variance(self) -> Any:
        """Infinite."""
        return full(self._extended_shape(), math.inf, dtype=self.loc.dtype)

    def rsample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw ``loc + scale z`` with standard Cauchy numbers ``z``."""
        z = empty(self._extended_shape(sample_shape), dtype=self.loc.dtype).cauchy_()
        return self.loc + z * self.scale

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        off = (value - self.loc) / self.scale
        return -math.log(math.pi) - self.scale.log() - off.square().log1p()

    def cdf(self, value: Any) -> Any:
        """Return ``atan((x - loc) / scale) / pi + 1 / 2``."""
        if self._validate_args:
            self._validate_sample(value)
        return ((value - self.loc) / self.scale).atan() / math.pi + 0.5

    def icdf(self, value: Any) -> Any:
        """Return ``loc + scale tan(pi (p - 1 / 2))``."""
        return (math.pi * (value - 0.5)).tan() * self.scale + self.loc

    def entropy(self) -> Any:
        """Return ``log(4 pi scale)``."""
        return math.log(4 * math.pi) + self.scale.log()

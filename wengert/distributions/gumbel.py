"""The Gumbel distribution."""

from __future__ import annotations

import math
from typing import Any

from wengert.core.limits import finfo
from wengert.distributions import constraints
from wengert.distributions.transformed_distribution import TransformedDistribution
from wengert.distributions.transforms_of_numbers import AffineTransform, ExpTransform
from wengert.distributions.uniform import Uniform
from wengert.distributions.utils import broadcast_all, euler_constant
from wengert.tensor.filled import full_like, ones_like

__all__ = ["Gumbel"]


class Gumbel(TransformedDistribution):
    """Real numbers with the distribution function ``exp(-exp(-(x - loc) / scale))``, ``scale > 0``.

    The largest of many numbers has it, and the logarithm of a probability with Gumbel noise makes `argmax` a sample.
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    _fields = {"loc": 0, "scale": 0}

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        limits = finfo(self.loc.dtype)
        low, high = full_like(self.loc, limits.tiny), full_like(self.loc, 1 - limits.eps)
        transforms = [
            ExpTransform().inv,
            AffineTransform(loc=0, scale=-ones_like(self.scale)),
            ExpTransform().inv,
            AffineTransform(loc=self.loc, scale=-self.scale),
        ]
        base = Uniform(low, high, validate_args=validate_args)
        super().__init__(base, transforms, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """``loc + scale euler_constant``."""
        return self.loc + self.scale * euler_constant

    @property
    def mode(self) -> Any:
        """``loc``."""
        return self.loc

    @property
    def stddev(self) -> Any:
        """``scale pi / sqrt(6)``."""
        return (math.pi / math.sqrt(6)) * self.scale

    @property
    def variance(self) -> Any:
        """``scale ** 2 pi ** 2 / 6``."""
        return self.stddev.square()

    def log_prob(self, value: Any) -> Any:
        """Return ``y - exp(y) - log(scale)`` with ``y = (loc - x) / scale``."""
        if self._validate_args:
            self._validate_sample(value)
        y = (self.loc - value) / self.scale
        return (y - y.exp()) - self.scale.log()

    def entropy(self) -> Any:
        """Return ``log(scale) + 1 + euler_constant``."""
        return self.scale.log() + (1 + euler_constant)

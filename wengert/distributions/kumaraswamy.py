"""The Kumaraswamy distribution."""

from __future__ import annotations

import math
from typing import Any

from wengert.distributions import constraints
from wengert.distributions.transformed_distribution import TransformedDistribution
from wengert.distributions.transforms_of_numbers import AffineTransform, PowerTransform
from wengert.distributions.uniform import Uniform
from wengert.distributions.utils import broadcast_all, euler_constant
from wengert.tensor.filled import ones_like, zeros_like

__all__ = ["Kumaraswamy"]


class Kumaraswamy(TransformedDistribution):
    """Numbers between 0 and 1 with the distribution function ``1 - (1 - x ** a) ** b``.

    ``a`` is ``concentration1`` and ``b`` is ``concentration0``. It is like `Beta`, with simpler samples.
    """

    arg_constraints = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    support = constraints.unit_interval
    has_rsample = True
    _fields = {"concentration1": 0, "concentration0": 0}

    def __init__(
        self, concentration1: Any, concentration0: Any, validate_args: bool | None = None
    ) -> None:
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        ends = zeros_like(self.concentration0), ones_like(self.concentration0)
        transforms = [
            PowerTransform(exponent=self.concentration0.reciprocal()),
            AffineTransform(loc=1.0, scale=-1.0),
            PowerTransform(exponent=self.concentration1.reciprocal()),
        ]
        base = Uniform(*ends, validate_args=validate_args)
        super().__init__(base, transforms, validate_args=validate_args)

    def _moment(self, n: int) -> Any:
        """Return the mean of ``x ** n``, ``b B(1 + n / a, b)``."""
        a, b = self.concentration1, self.concentration0
        power = 1 + n / a
        return (b.log() + power.lgamma() + b.lgamma() - (power + b).lgamma()).exp()

    @property
    def mean(self) -> Any:
        """``b B(1 + 1 / a, b)`` with the beta function."""
        return self._moment(1)

    @property
    def mode(self) -> Any:
        """``((a - 1) / (a b - 1)) ** (1 / a)``; NaN where ``a`` or ``b`` is below 1."""
        a, b = self.concentration1, self.concentration0
        mode = (((1 - a) / (1 - a * b)).log() / a).exp()
        return mode.masked_fill((a < 1) | (b < 1), math.nan)

    @property
    def variance(self) -> Any:
        """``b B(1 + 2 / a, b)`` less the square of the mean."""
        return self._moment(2) - self.mean.square()

    def entropy(self) -> Any:
        """Return ``(1 - 1 / b) + (1 - 1 / a) (digamma(b + 1) + euler_constant) - log(a b)``."""
        a, b = self.concentration1, self.concentration0
        harmonic = (b + 1).digamma() + euler_constant
        return (1 - 1 / b) + (1 - 1 / a) * harmonic - a.log() - b.log()

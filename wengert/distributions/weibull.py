"""The Weibull distribution."""

from __future__ import annotations

from typing import Any

from wengert.distributions import constraints
from wengert.distributions.exponential import Exponential
from wengert.distributions.transformed_distribution import TransformedDistribution
from wengert.distributions.transforms_of_numbers import AffineTransform, PowerTransform
from wengert.distributions.utils import broadcast_all, euler_constant
from wengert.tensor.filled import ones_like

__all__ = ["Weibull"]


class Weibull(TransformedDistribution):
    """Positive numbers with the distribution function ``1 - exp(-(x / scale) ** concentration)``."""

    arg_constraints = {"scale": constraints.positive, "concentration": constraints.positive}
    support = constraints.positive
    _fields = {"scale": 0, "concentration": 0, "concentration_reciprocal": 0}

    def __init__(self, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.scale, self.concentration = broadcast_all(scale, concentration)
        self.concentration_reciprocal = self.concentration.reciprocal()
        base = Exponential(ones_like(self.scale), validate_args=validate_args)
        transforms = [
            PowerTransform(exponent=self.concentration_reciprocal),
            AffineTransform(loc=0, scale=self.scale),
        ]
        super().__init__(base, transforms, validate_args=validate_args)

    def _log_moment(self, n: int) -> Any:
        """Return ``log gamma(1 + n / concentration)``."""
        return (1 + n * self.concentration_reciprocal).lgamma()

    @property
    def mean(self) -> Any:
        """``scale gamma(1 + 1 / concentration)``."""
        return self.scale * self._log_moment(1).exp()

    @property
    def mode(self) -> Any:
        """``scale ((concentration - 1) / concentration) ** (1 / concentration)``."""
        share = (self.concentration - 1) / self.concentration
        return self.scale * share**self.concentration_reciprocal

    @property
    def variance(self) -> Any:
        """``scale ** 2 (gamma(1 + 2 / concentration) - gamma(1 + 1 / concentration) ** 2)``."""
        return self.scale.square() * (self._log_moment(2).exp() - (2 * self._log_moment(1)).exp())

    def entropy(self) -> Any:
        """Return ``euler_constant (1 - 1 / concentration) + log(scale / concentration) + 1``."""
        weight = euler_constant * (1 - self.concentration_reciprocal)
        return weight + (self.scale * self.concentration_reciprocal).log() + 1

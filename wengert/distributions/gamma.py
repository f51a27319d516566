"""The gamma distribution."""

from __future__ import annotations

from typing import Any

from wengert.core.limits import finfo
from wengert.distributions import constraints
from wengert.distributions.distribution import NOTHING
from wengert.distributions.exp_family import ExponentialFamily
from wengert.distributions.utils import broadcast_all
from wengert.tensor.bounds import xlogy
from wengert.tensor.creation import as_tensor
from wengert.tensor.gammas import _standard_gamma
from wengert.tensor.special_functions import gammainc

__all__ = ["Gamma"]


class Gamma(ExponentialFamily):
    """Numbers from 0 on with the density ``rate ** a x ** (a - 1) exp(-rate x) / gamma(a)``, ``a`` the concentration.

    Gradients flow through samples to both parameters.
    """

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    _fields = {"concentration": 0, "rate": 0}

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(self.concentration.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """``concentration / rate``."""
        return self.concentration / self.rate

    @property
    def mode(self) -> Any:
        """``(concentration - 1) / rate``, at least 0."""
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self) -> Any:
        """``concentration / rate ** 2``."""
        return self.concentration / self.rate.square()

    def rsample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw gamma numbers of rate 1, divided by the rate."""
        shape = self._extended_shape(sample_shape)
        value = _standard_gamma(self.concentration.expand(shape)) / self.rate.expand(shape)
        # Densities are infinite or 0 at 0; gradients are those of the number before.
        value.detach().clamp_(min=finfo(value.dtype).tiny)
        return value

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        value = as_tensor(value, dtype=self.rate.dtype)
        if self._validate_args:
            self._validate_sample(value)
        shape, rate = self.concentration, self.rate
        return xlogy(shape, rate) + xlogy(shape - 1, value) - rate * value - shape.lgamma()

    def cdf(self, value: Any) -> Any:
        """Return the incomplete gamma function at ``rate x``; nothing flows back to the concentration."""
        if self._validate_args:
            self._validate_sample(value)
        return gammainc(self.concentration, self.rate * value)

    def entropy(self) -> Any:
        """Return ``a - log(rate) + log gamma(a) + (1 - a) digamma(a)``."""
        a = self.concentration
        return a - self.rate.log() + a.lgamma() + (1.0 - a) * a.digamma()

    @property
    def _natural_params(self) -> tuple[Any, Any]:
        return self.concentration - 1, -self.rate

    def _log_normalizer(self, x: Any, y: Any) -> Any:
        return (x + 1).lgamma() + (x + 1) * (-y.reciprocal()).log()

    @property
    def _mean_carrier_measure(self) -> Any:
        return 0

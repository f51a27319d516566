"""The generalized Pareto distribution."""

from __future__ import annotations

import math
from typing import Any

from wengert.distributions import constraints
from wengert.distributions.distribution import NOTHING, Distribution
from wengert.distributions.utils import broadcast_all
from wengert.tensor.comparison import where
from wengert.tensor.sampling import rand

__all__ = ["GeneralizedPareto"]


class GeneralizedPareto(Distribution):
    """Numbers from ``loc`` on with the distribution function ``1 - (1 + k (x - loc) / scale) ** (-1 / k)``.

    ``k`` is the concentration: 0 makes an exponential distribution, numbers below 0 make one that ends.
    """

    arg_constraints = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True
    _fields = {"loc": 0, "scale": 0, "concentration": 0}

    def __init__(
        self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None
    ) -> None:
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """From ``loc`` to ``loc - scale / k`` for ``k < 0``, else without end."""
        k = self.concentration
        end = self.loc - self.scale / k.masked_fill(k == 0, 1.0)
        return constraints.interval(self.loc, where(k < 0, end, math.inf))

    @property
    def mean(self) -> Any:
        """``loc + scale / (1 - k)``; NaN for ``k >= 1``."""
        none = self.concentration >= 1
        k = self.concentration.masked_fill(none, 0)
        return (self.loc + self.scale / (1 - k)).masked_fill(none, math.nan)

    @property
    def mode(self) -> Any:
        """``loc``."""
        return self.loc

    @property
    def variance(self) -> Any:
        """``scale ** 2 / ((1 - k) ** 2 (1 - 2 k))``; NaN for ``k >= 1 / 2``."""
        none = self.concentration >= 0.5
        k = self.concentration.masked_fill(none, 0)
        variance = self.scale.square() / ((1 - k).square() * (1 - 2 * k))
        return variance.masked_fill(none, math.nan)

    def _exponential(self) -> tuple[Any, Any]:
        """Return where the concentration counts as 0, and what to divide by."""
        near = self.concentration.abs() <= 1e-8
        return near, self.concentration.masked_fill(near, 1.0)

    def log_survival_function(self, value: Any) -> Any:
        """Return ``log(1 - cdf)``."""
        if self._validate_args:
            self._validate_sample(value)
        return self._log_survival(value)

    def log_cdf(self, value: Any) -> Any:
        """Return the logarithm of `cdf`."""
        return (-self.log_survival_function(value).exp()).log1p()

    def _log_survival(self, value: Any) -> Any:
        y = (value - self.loc) / self.scale
        near, k = self._exponential()
        series = -y + 0.5 * self.concentration * y.square()
        return where(near, series, -(k * y).log1p() / k)

    def rsample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw numbers whose ranks are uniform."""
        return self.icdf(rand(self._extended_shape(sample_shape), dtype=self.loc.dtype))

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        return self._log_survival(value) * (1 + self.concentration) - self.scale.log()

    def cdf(self, value: Any) -> Any:
        """Return the probability of values up to this one."""
        if self._validate_args:
            self._validate_sample(value)
        return -self._log_survival(value).expm1()

    def icdf(self, value: Any) -> Any:
        """Return what `cdf` undoes."""
        near, k = self._exponential()
        log_rest = (-value).log1p()
        series = -log_rest + 0.5 * self.concentration * log_rest.square()
        return self.loc + self.scale * where(near, series, (-k * log_rest).expm1() / k)

    def entropy(self) -> Any:
        """Return ``log(scale) + k + 1``."""
        return self.scale.log() + self.concentration + 1

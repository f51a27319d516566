"""The F-distribution of R. Fisher and G. Snedecor."""

from __future__ import annotations

import math
from typing import Any

from wengert.core.limits import finfo
from wengert.distributions import constraints
from wengert.distributions.distribution import NOTHING, Distribution
from wengert.distributions.gamma import Gamma
from wengert.distributions.utils import broadcast_all

__all__ = ["FisherSnedecor"]


class FisherSnedecor(Distribution):
    """Ratios of two chi-squared numbers over their degrees of freedom, ``df1`` and ``df2``."""

    arg_constraints = {"df1": constraints.positive, "df2": constraints.positive}
    support = constraints.positive
    has_rsample = True
    _fields = {"df1": 0, "df2": 0}
    _inner = ("_gamma1", "_gamma2")

    def __init__(self, df1: Any, df2: Any, validate_args: bool | None = None) -> None:
        self.df1, self.df2 = broadcast_all(df1, df2)
        self._gamma1 = Gamma(self.df1 * 0.5, self.df1, validate_args=False)
        self._gamma2 = Gamma(self.df2 * 0.5, self.df2, validate_args=False)
        super().__init__(self.df1.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """``df2 / (df2 - 2)``; NaN for ``df2 <= 2``."""
        df2 = self.df2.masked_fill(self.df2 <= 2, math.nan)
        return df2 / (df2 - 2)

    @property
    def mode(self) -> Any:
        """``(df1 - 2) / df1 * df2 / (df2 + 2)``; NaN for ``df1 <= 2``."""
        mode = (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2)
        return mode.masked_fill(self.df1 <= 2, math.nan)

    @property
    def variance(self) -> Any:
        """``2 df2 ** 2 (df1 + df2 - 2) / (df1 (df2 - 2) ** 2 (df2 - 4))``; NaN for ``df2 <= 4``."""
        df2 = self.df2.masked_fill(self.df2 <= 4, math.nan)
        over = self.df1 * (df2 - 2).square() * (df2 - 4)
        return 2 * df2.square() * (self.df1 + df2 - 2) / over

    def rsample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw ratios of gamma numbers."""
        tiny = finfo(self.df2.dtype).tiny
        above, below = self._gamma1.rsample(sample_shape), self._gamma2.rsample(sample_shape)
        below.detach().clamp_(min=tiny)
        ratio = above / below
        ratio.detach().clamp_(min=tiny)
        return ratio

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        a, b, ratio = self.df1 * 0.5, self.df2 * 0.5, self.df1 / self.df2
        log_beta = a.lgamma() + b.lgamma() - (a + b).lgamma()
        powers = a * ratio.log() + (a - 1) * value.log()
        return powers - (a + b) * (ratio * value).log1p() - log_beta

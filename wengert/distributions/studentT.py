"""Student's t-distribution."""

from __future__ import annotations

import math
from typing import Any

from wengert.distributions import constraints
from wengert.distributions.chi2 import Chi2
from wengert.distributions.distribution import NOTHING, Distribution
from wengert.distributions.utils import _standard_normal, broadcast_all

__all__ = ["StudentT"]


class StudentT(Distribution):
    """Real numbers with a density proportional to ``(1 + y ** 2 / df) ** (-(df + 1) / 2)``.

    ``y`` is ``(x - loc) / scale``."""

    arg_constraints = {
        "df": constraints.positive,
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support = constraints.real
    has_rsample = True
    _fields = {"df": 0, "loc": 0, "scale": 0}
    _inner = ("_chi2",)

    def __init__(
        self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        self._chi2 = Chi2(self.df, validate_args=False)
        super().__init__(self.df.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """``loc``; NaN for ``df <= 1``."""
        return self.loc.masked_fill(self.df <= 1, math.nan)

    @property
    def mode(self) -> Any:
        """``loc``."""
        return self.loc

    @property
    def variance(self) -> Any:
        """``scale ** 2 df / (df - 2)``; infinite for ``df <= 2``, NaN for ``df <= 1``."""
        finite = self.scale.square() * self.df / (self.df - 2).masked_fill(self.df <= 2, 1)
        finite = finite.masked_fill(self.df <= 2, math.inf)
        return finite.masked_fill(self.df <= 1, math.nan)

    def rsample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw normal numbers over roots of chi-squared ones over ``df``."""
        z = _standard_normal(self._extended_shape(sample_shape), self.df.dtype)
        squares = self._chi2.rsample(sample_shape)
        return self.loc + self.scale * (z * (squares / self.df).rsqrt())

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        y = (value - self.loc) / self.scale
        half, more = 0.5 * self.df, 0.5 * (self.df + 1.0)
        normalizer = self.scale.log() + 0.5 * self.df.log() + 0.5 * math.log(math.pi)
        normalizer = normalizer + half.lgamma() - more.lgamma()
        return -more * (y.square() / self.df).log1p() - normalizer

    def entropy(self) -> Any:
        """Return the entropy, in nats."""
        half, more = 0.5 * self.df, 0.5 * (self.df + 1)
        log_beta = half.lgamma() + math.lgamma(0.5) - more.lgamma()
        slopes = more * (more.digamma() - half.digamma())
        return self.scale.log() + slopes + 0.5 * self.df.log() + log_beta

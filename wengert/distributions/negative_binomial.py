"""The negative binomial distribution."""

from __future__ import annotations

from typing import Any

from wengert.distributions import constraints
from wengert.distributions.chances import BinaryChances
from wengert.distributions.distribution import NOTHING, Distribution
from wengert.distributions.gamma import Gamma
from wengert.distributions.utils import lazy_property
from wengert.nn.functional.activation import logsigmoid
from wengert.tape.mode import no_grad
from wengert.tensor.sampling import poisson

__all__ = ["NegativeBinomial"]


class NegativeBinomial(BinaryChances, Distribution):
    """How many trials succeed before ``total_count`` have failed; ``probs`` are the chances of successes."""

    arg_constraints = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer
    _fields = {"total_count": 0, "probs": 0, "logits": 0}
    _kept = ("_given",)

    def __init__(
        self,
        total_count: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        (count,) = self._take_chances(probs, logits, total_count)
        self.total_count = count.type_as(self._param)
        super().__init__(self._param.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """``total_count p / (1 - p)``."""
        return self.total_count * self.logits.exp()

    @property
    def mode(self) -> Any:
        """``floor((total_count - 1) p / (1 - p))``, at least 0."""
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self) -> Any:
        """``total_count p / (1 - p) ** 2``."""
        return self.mean / (-self.logits).sigmoid()

    @lazy_property
    def _gamma(self) -> Any:
        return Gamma(self.total_count, (-self.logits).exp(), validate_args=False)

    def sample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw Poisson numbers whose rates are gamma numbers."""
        with no_grad():
            return poisson(self._gamma.sample(sample_shape))

    def log_prob(self, value: Any) -> Any:
        """Return ``log(gamma(n + k) / (gamma(n) k!)) + n log(1 - p) + k log(p)``."""
        if self._validate_args:
            self._validate_sample(value)
        n, odds = self.total_count, self.logits
        weight = n * logsigmoid(-odds) + value * logsigmoid(odds)
        ways = (n + value).lgamma() - (1.0 + value).lgamma() - n.lgamma()
        return weight + ways.masked_fill(n + value == 0.0, 0.0)

"""Bernoulli numbers relaxed to lie between 0 and 1, so that gradients flow through samples."""

from __future__ import annotations

from typing import Any, ClassVar

from wengert.core.shapes import Size
from wengert.distributions import constraints
from wengert.distributions.chances import BinaryChances
from wengert.distributions.distribution import NOTHING, Distribution
from wengert.distributions.transformed_distribution import TransformedDistribution
from wengert.distributions.transforms_of_numbers import SigmoidTransform
from wengert.distributions.utils import broadcast_all, clamp_probs
from wengert.tensor.sampling import rand

__all__ = ["LogitRelaxedBernoulli", "RelaxedBernoulli"]


class LogitRelaxedBernoulli(BinaryChances, Distribution):
    """The log-odds of `RelaxedBernoulli`, real numbers."""

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.real
    _fields = {"probs": 0, "logits": 0}
    _kept = ("_given", "temperature")

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        self.temperature = temperature
        self._take_chances(probs, logits)
        super().__init__(Size(self._param.shape), validate_args=validate_args)

    def rsample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw ``(logits + log(u) - log(1 - u)) / temperature``."""
        shape = self._extended_shape(sample_shape)
        probs = clamp_probs(self.probs.expand(shape))
        u = clamp_probs(rand(shape, dtype=probs.dtype))
        noisy = u.log() - (-u).log1p() + probs.log() - (-probs).log1p()
        return noisy / self.temperature

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        off = logits - value * self.temperature
        return self.temperature.log() + off - 2 * off.exp().log1p()


class RelaxedBernoulli(TransformedDistribution):
    """Numbers between 0 and 1 that come near to `Bernoulli` as the ``temperature``, a tensor, falls to 0.

    Source: C. Maddison, A. Mnih and Y. Teh, "The concrete distribution", 2017.
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True
    _fields: ClassVar[dict[str, int]] = {}

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        base = LogitRelaxedBernoulli(temperature, probs, logits, validate_args=validate_args)
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)

    @property
    def temperature(self) -> Any:
        """How far from 0 and 1 the numbers are."""
        return self.base_dist.temperature

    @property
    def logits(self) -> Any:
        """The log-odds of a 1."""
        return self.base_dist.logits

    @property
    def probs(self) -> Any:
        """The chances of a 1."""
        return self.base_dist.probs

"""The continuous Bernoulli distribution."""

from __future__ import annotations

import math
from typing import Any

from wengert.core.shapes import Size
from wengert.distributions import constraints
from wengert.distributions.chances import BinaryChances, one_of
from wengert.distributions.distribution import NOTHING
from wengert.distributions.exp_family import ExponentialFamily
from wengert.distributions.utils import all_true, broadcast_all, clamp_probs
from wengert.nn.functional.losses import binary_cross_entropy_with_logits
from wengert.tensor.comparison import where
from wengert.tensor.sampling import rand

__all__ = ["ContinuousBernoulli"]


class ContinuousBernoulli(BinaryChances, ExponentialFamily):
    """Numbers between 0 and 1 with a density proportional to ``probs ** x (1 - probs) ** (1 - x)``.

    Near ``probs`` of one half, between the two ``lims``, formulas would lose digits, and series stand in for them.
    Source: G. Loaiza-Ganem and J. Cunningham, "The continuous Bernoulli", 2019.
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True
    _fields = {"probs": 0, "logits": 0}
    _kept = ("_given", "_lims")

    def __init__(
        self,
        probs: Any = None,
        logits: Any = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        self._given = one_of(probs, logits)
        if probs is None:
            (self.logits,) = broadcast_all(logits)
        else:
            (given,) = broadcast_all(probs)
            if validate_args and not all_true(constraints.unit_interval.check(given)):
                raise ValueError(
                    f"The parameter probs has invalid values: chances are from 0 to 1, got {given}."
                )
            self.probs = clamp_probs(given)
        self._lims = lims
        super().__init__(Size(self._param.shape), validate_args=validate_args)

    def _far(self) -> Any:
        """Return where the chance is far enough from one half for the formulas."""
        return (self.probs <= self._lims[0]) | (self.probs > self._lims[1])

    def _cut(self) -> Any:
        return where(self._far(), self.probs, self._lims[0])

    def _log_normalizing_constant(self) -> Any:
        p, off = self._cut(), (self.probs - 0.5).square()
        low, high = where(p <= 0.5, p, 0.0), where(p >= 0.5, p, 1.0)
        width = where(p <= 0.5, (-2.0 * low).log1p(), (2.0 * high - 1.0).log())
        exact = ((-p).log1p() - p.log()).abs().log() - width
        series = math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * off) * off
        return where(self._far(), exact, series)

    @property
    def mean(self) -> Any:
        """``p / (2 p - 1) + 1 / (log(1 - p) - log(p))``."""
        p, off = self._cut(), self.probs - 0.5
        exact = p / (2.0 * p - 1.0) + 1.0 / ((-p).log1p() - p.log())
        return where(self._far(), exact, 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * off.square()) * off)

    @property
    def stddev(self) -> Any:
        """The root of the variance."""
        return self.variance.sqrt()

    @property
    def variance(self) -> Any:
        """``p (p - 1) / (1 - 2 p) ** 2 + 1 / (log(1 - p) - log(p)) ** 2``."""
        p, off = self._cut(), (self.probs - 0.5).square()
        exact = p * (p - 1.0) / (1.0 - 2.0 * p).square() + 1.0 / ((-p).log1p() - p.log()).square()
        return where(self._far(), exact, 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * off) * off)

    def sample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw samples, without history."""
        return self.rsample(sample_shape).detach()

    def rsample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw numbers whose ranks are uniform."""
        return self.icdf(rand(self._extended_shape(sample_shape), dtype=self.probs.dtype))

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        entropy = binary_cross_entropy_with_logits(logits, value, reduction="none")
        return -entropy + self._log_normalizing_constant()

    def cdf(self, value: Any) -> Any:
        """Return ``(p ** x (1 - p) ** (1 - x) + p - 1) / (2 p - 1)``, between 0 and 1."""
        if self._validate_args:
            self._validate_sample(value)
        p = self._cut()
        exact = (p.pow(value) * (1.0 - p).pow(1.0 - value) + p - 1.0) / (2.0 * p - 1.0)
        rank = where(self._far(), exact, value)
        return where(value <= 0.0, 0.0, where(value >= 1.0, 1.0, rank))

    def icdf(self, value: Any) -> Any:
        """Return what `cdf` undoes."""
        p = self._cut()
        exact = (-p + value * (2.0 * p - 1.0)).log1p() - (-p).log1p()
        return where(self._far(), exact / (p.log() - (-p).log1p()), value)

    def entropy(self) -> Any:
        """Return the entropy, in nats."""
        failing, succeeding = (-self.probs).log1p(), self.probs.log()
        return self.mean * (failing - succeeding) - self._log_normalizing_constant() - failing

    @property
    def _natural_params(self) -> tuple[Any]:
        return (self.logits,)

    def _log_normalizer(self, x: Any) -> Any:
        far = (x <= self._lims[0] - 0.5) | (x > self._lims[1] - 0.5)
        cut = where(far, x, self._lims[0] - 0.5)
        exact = ((cut.exp() - 1).abs() / cut.abs()).log()
        return where(far, exact, 0.5 * x + x.square() / 24.0 - x.pow(4) / 2880.0)

    @property
    def _mean_carrier_measure(self) -> Any:
        return 0

"""The Bernoulli distribution."""

from __future__ import annotations

import math
from typing import Any

from wengert.distributions import constraints
from wengert.distributions.chances import BinaryChances
from wengert.distributions.distribution import NOTHING
from wengert.distributions.exp_family import ExponentialFamily
from wengert.distributions.utils import broadcast_all
from wengert.nn.functional.losses import binary_cross_entropy_with_logits
from wengert.tape.mode import no_grad
from wengert.tensor import sampling
from wengert.tensor.ranges import arange

__all__ = ["Bernoulli"]


class Bernoulli(BinaryChances, ExponentialFamily):
    """1 with probability ``probs``, whose log-odds are ``logits``, else 0. Either of the two is given.

    >>> import wengert as torch
    >>> d = torch.distributions.Bernoulli(torch.tensor([0.25, 0.5]))
    >>> d.log_prob(torch.tensor([1.0, 0.0])).exp(), d.variance
    (tensor([0.2500, 0.5000]), tensor([0.1875, 0.2500]))
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.boolean
    has_enumerate_support = True
    _fields = {"probs": 0, "logits": 0}
    _kept = ("_given",)

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._take_chances(probs, logits)
        super().__init__(self._param.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """``probs``."""
        return self.probs

    @property
    def mode(self) -> Any:
        """The more likely value; NaN where both are as likely."""
        likely = (self.probs >= 0.5).to(self.probs.dtype)
        return likely.masked_fill(self.probs == 0.5, math.nan)

    @property
    def variance(self) -> Any:
        """``probs (1 - probs)``."""
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw samples, without history."""
        with no_grad():
            return sampling.bernoulli(self.probs.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the probability."""
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        return -binary_cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self) -> Any:
        """Return ``-p log(p) - (1 - p) log(1 - p)``."""
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    def enumerate_support(self, expand: bool = True) -> Any:
        """Return 0 and 1 along a first dimension."""
        values = arange(2, dtype=self._param.dtype).reshape(2, *[1] * len(self._batch_shape))
        return values.expand(2, *self._batch_shape) if expand else values

    @property
    def _natural_params(self) -> tuple[Any]:
        return (self.logits,)

    def _log_normalizer(self, x: Any) -> Any:
        return x.exp().log1p()

    @property
    def _mean_carrier_measure(self) -> Any:
        return 0

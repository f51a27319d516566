"""The normal distribution."""

from __future__ import annotations

import math
from typing import Any

from wengert.distributions import constraints
from wengert.distributions.distribution import NOTHING
from wengert.distributions.exp_family import ExponentialFamily
from wengert.distributions.utils import _standard_normal, broadcast_all
from wengert.tape.mode import no_grad
from wengert.tensor.sampling import normal

__all__ = ["Normal"]


class Normal(ExponentialFamily):
    """Real numbers with the density ``exp(-((x - loc) / scale) ** 2 / 2) / (scale sqrt(2 pi))``, ``scale > 0``.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> d = torch.distributions.Normal(0.0, 1.0)
    >>> d.sample((2,)), d.log_prob(torch.tensor(0.0))
    (tensor([ 1.5410, -0.2934]), tensor(-0.9189))
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True
    _fields = {"loc": 0, "scale": 0}

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """``loc``."""
        return self.loc

    @property
    def mode(self) -> Any:
        """``loc``."""
        return self.loc

    @property
    def stddev(self) -> Any:
        """``scale``."""
        return self.scale

    @property
    def variance(self) -> Any:
        """``scale ** 2``."""
        return self.scale.square()

    def sample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw samples, without history."""
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return normal(self.loc.expand(shape), self.scale.expand(shape))

    def rsample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw ``loc + scale z`` with standard normal ``z``."""
        return (
            self.loc
            + _standard_normal(self._extended_shape(sample_shape), self.loc.dtype) * self.scale
        )

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        off = (value - self.loc) / self.scale
        return -0.5 * off.square() - self.scale.log() - 0.5 * math.log(2 * math.pi)

    def cdf(self, value: Any) -> Any:
        """Return ``(1 + erf((x - loc) / (scale sqrt(2)))) / 2``."""
        if self._validate_args:
            self._validate_sample(value)
        return 0.5 * (1 + ((value - self.loc) / self.scale / math.sqrt(2)).erf())

    def icdf(self, value: Any) -> Any:
        """Return ``loc + scale sqrt(2) erfinv(2 p - 1)``."""
        return self.loc + self.scale * (2 * value - 1).erfinv() * math.sqrt(2)

    def entropy(self) -> Any:
        """Return ``log(scale) + (1 + log(2 pi)) / 2``."""
        return 0.5 + 0.5 * math.log(2 * math.pi) + self.scale.log()

    @property
    def _natural_params(self) -> tuple[Any, Any]:
        return self.loc / self.scale.square(), -0.5 / self.scale.square()

    def _log_normalizer(self, x: Any, y: Any) -> Any:
        return -0.25 * x.square() / y + 0.5 * (-math.pi / y).log()

    @property
    def _mean_carrier_measure(self) -> Any:
        return 0

"""The Laplace distribution."""

from __future__ import annotations

from typing import Any

from wengert.core.limits import finfo
from wengert.distributions import constraints
from wengert.distributions.distribution import NOTHING, Distribution
from wengert.distributions.utils import broadcast_all
from wengert.tensor.filled import empty

__all__ = ["Laplace"]


class Laplace(Distribution):
    """Real numbers with the density ``exp(-|x - loc| / scale) / (2 scale)``, ``scale > 0``."""

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
    def variance(self) -> Any:
        """``2 scale ** 2``."""
        return 2 * self.scale.square()

    @property
    def stddev(self) -> Any:
        """``sqrt(2) scale``."""
        return 2**0.5 * self.scale

    def rsample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw ``loc - scale sign(u) log(1 - |u|)`` with ``u`` from -1 to 1."""
        u = empty(self._extended_shape(sample_shape), dtype=self.loc.dtype)
        u.uniform_(finfo(u.dtype).eps - 1, 1)
        return self.loc - self.scale * u.sign() * (-u.abs()).log1p()

    def log_prob(self, value: Any) -> Any:
        """Return ``-log(2 scale) - |x - loc| / scale``."""
        if self._validate_args:
            self._validate_sample(value)
        return -(2 * self.scale).log() - (value - self.loc).abs() / self.scale

    def cdf(self, value: Any) -> Any:
        """Return ``exp((x - loc) / scale) / 2`` below ``loc``, one less its mirror image above."""
        if self._validate_args:
            self._validate_sample(value)
        off = value - self.loc
        return 0.5 - 0.5 * off.sign() * (-off.abs() / self.scale).expm1()

    def icdf(self, value: Any) -> Any:
        """Return what `cdf` undoes."""
        off = value - 0.5
        return self.loc - self.scale * off.sign() * (-2 * off.abs()).log1p()

    def entropy(self) -> Any:
        """Return ``1 + log(2 scale)``."""
        return 1 + (2 * self.scale).log()

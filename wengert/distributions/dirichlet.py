"""The Dirichlet distribution."""

from __future__ import annotations

from typing import Any

from wengert.core.shapes import Size
from wengert.distributions import constraints
from wengert.distributions.distribution import NOTHING
from wengert.distributions.exp_family import ExponentialFamily
from wengert.nn.functional.lookup import one_hot
from wengert.tensor.bounds import xlogy
from wengert.tensor.comparison import where
from wengert.tensor.gammas import _sample_dirichlet

__all__ = ["Dirichlet"]


class Dirichlet(ExponentialFamily):
    """Vectors of probabilities with a density proportional to ``prod(x ** (concentration - 1))``.

    Gradients flow through samples. ValueError for a concentration of no dimension.
    """

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True
    _fields = {"concentration": 1}

    def __init__(self, concentration: Any, validate_args: bool | None = None) -> None:
        if concentration.ndim < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        shape = concentration.shape
        super().__init__(Size(shape[:-1]), Size(shape[-1:]), validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """``concentration / concentration.sum(-1)``."""
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def mode(self) -> Any:
        """``concentration - 1``, at least 0, over its sum; a corner where every concentration is below 1."""
        above = (self.concentration - 1).clamp(min=0)
        inner = above / above.sum(-1, True)
        corner = one_hot(inner.argmax(dim=-1), self._event_shape[0]).to(inner.dtype)
        return where((self.concentration < 1).all(dim=-1, keepdim=True), corner, inner)

    @property
    def variance(self) -> Any:
        """``m (1 - m) / (total + 1)`` with the mean ``m``."""
        total = self.concentration.sum(-1, True)
        rest = total - self.concentration
        return self.concentration * rest / (total.square() * (total + 1))

    def rsample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw vectors that sum to 1."""
        return _sample_dirichlet(self.concentration.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        a = self.concentration
        return xlogy(a - 1.0, value).sum(-1) + a.sum(-1).lgamma() - a.lgamma().sum(-1)

    def entropy(self) -> Any:
        """Return the entropy, in nats."""
        a = self.concentration
        total = a.sum(-1)
        normalizer = a.lgamma().sum(-1) - total.lgamma()
        excess = total - self._event_shape[0]
        return normalizer + excess * total.digamma() - ((a - 1.0) * a.digamma()).sum(-1)

    @property
    def _natural_params(self) -> tuple[Any]:
        return (self.concentration,)

    def _log_normalizer(self, x: Any) -> Any:
        return x.lgamma().sum(-1) - x.sum(-1).lgamma()

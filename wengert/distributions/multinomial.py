"""The multinomial distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from wengert.core.shapes import Size
from wengert.distributions import constraints
from wengert.distributions.binomial import Binomial
from wengert.distributions.categorical import Categorical
from wengert.distributions.distribution import NOTHING, Distribution
from wengert.distributions.utils import broadcast_all
from wengert.tensor.filled import ones_like

__all__ = ["Multinomial"]


class Multinomial(Distribution):
    """How often each of n categories comes among ``total_count`` draws of a `Categorical`.

    NotImplementedError for a ``total_count`` that is no int.
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    total_count: int
    _fields: ClassVar[dict[str, int]] = {}
    _inner = ("_categorical",)
    _kept = ("total_count", "_binomial")

    def __init__(
        self,
        total_count: Any = 1,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(total_count, int):
            raise NotImplementedError(
                f"inhomogeneous total_count is not supported: an int was expected, not {type(total_count).__name__}."
            )
        self.total_count = total_count
        self._categorical = Categorical(probs, logits, validate_args=validate_args)
        self._binomial = Binomial(total_count, self.probs, validate_args=validate_args)
        super().__init__(
            self._categorical.batch_shape,
            Size(self._categorical.param_shape[-1:]),
            validate_args=validate_args,
        )

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> Any:
        """Vectors of counts, ``total_count`` together."""
        return constraints.multinomial(self.total_count)

    @property
    def _param(self) -> Any:
        return self._categorical._param

    @property
    def param_shape(self) -> Any:
        """The shape of the parameter that was given."""
        return self._categorical.param_shape

    @property
    def probs(self) -> Any:
        """The probabilities of the categories."""
        return self._categorical.probs

    @property
    def logits(self) -> Any:
        """The logarithms of the probabilities."""
        return self._categorical.logits

    @property
    def mean(self) -> Any:
        """``total_count probs``."""
        return self.probs * self.total_count

    @property
    def variance(self) -> Any:
        """``total_count probs (1 - probs)``."""
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw counts, in the dtype of the probabilities."""
        drawn = self._categorical.sample(Size((self.total_count, *sample_shape))).movedim(0, -1)
        counts = self.probs.new_zeros(self._extended_shape(sample_shape))
        counts.scatter_add_(-1, drawn, ones_like(drawn).to(counts.dtype))
        return counts

    def log_prob(self, value: Any) -> Any:
        """Return ``log(n! / (k_1! k_2! ...)) + sum(k log(p))``."""
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        ways = (value.sum(-1) + 1).lgamma() - (value + 1).lgamma().sum(-1)
        possible = logits.masked_fill((value == 0) & (logits == -math.inf), 0)
        return ways + (possible * value).sum(-1)

    def entropy(self) -> Any:
        """Return ``n H - log(n!) + sum E[log(k!)]``, with the categories' entropy ``H``."""
        counts = self._binomial.enumerate_support(expand=False)[1:]
        factorials = (self._binomial.log_prob(counts).exp() * (counts + 1).lgamma()).sum((0, -1))
        of_draws = self.total_count * self._categorical.entropy()
        return of_draws - math.lgamma(self.total_count + 1) + factorials

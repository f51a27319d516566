"""Categories as vectors of zeros with a one at the category's place."""

from __future__ import annotations

from typing import Any, ClassVar

from wengert.distributions import constraints
from wengert.distributions.categorical import Categorical
from wengert.distributions.distribution import NOTHING, Distribution
from wengert.nn.functional.lookup import one_hot
from wengert.tensor.filled import eye

__all__ = ["OneHotCategorical", "OneHotCategoricalStraightThrough"]


class OneHotCategorical(Distribution):
    """`Categorical` with samples as vectors: a one at the place of the category, zeros elsewhere."""

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support = constraints.one_hot
    has_enumerate_support = True
    _fields: ClassVar[dict[str, int]] = {}
    _inner = ("_categorical",)

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._categorical = Categorical(probs, logits, validate_args=validate_args)
        super().__init__(
            self._categorical.batch_shape, self._categorical.param_shape[-1:], validate_args
        )

    @property
    def _param(self) -> Any:
        return self._categorical._param

    @property
    def param_shape(self) -> Any:
        """The shape of the parameter that was given."""
        return self._categorical.param_shape

    @property
    def probs(self) -> Any:
        """The probabilities."""
        return self._categorical.probs

    @property
    def logits(self) -> Any:
        """The logarithms of the probabilities."""
        return self._categorical.logits

    @property
    def mean(self) -> Any:
        """``probs``."""
        return self.probs

    @property
    def mode(self) -> Any:
        """The most likely category, as a vector."""
        return one_hot(self._categorical.mode, self._event_shape[0]).to(self.probs.dtype)

    @property
    def variance(self) -> Any:
        """``probs (1 - probs)``."""
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw samples, in the dtype of the probabilities."""
        drawn = self._categorical.sample(sample_shape)
        return one_hot(drawn, self._event_shape[0]).to(self.probs.dtype)

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the probability."""
        if self._validate_args:
            self._validate_sample(value)
        return self._categorical.log_prob(value.max(-1)[1])

    def entropy(self) -> Any:
        """Return ``-sum(p log(p))``."""
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Any:
        """Return all vectors along a first dimension."""
        n = self._event_shape[0]
        values = eye(n, dtype=self._param.dtype).reshape(n, *[1] * len(self._batch_shape), n)
        return values.expand(n, *self._batch_shape, n) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """`OneHotCategorical` with a biased gradient for its samples: that of ``probs``.

    Source: Y. Bengio, N. Leonard and A. Courville, "Estimating or propagating gradients through stochastic neurons",
    2013.
    """

    has_rsample = True
    _fields: ClassVar[dict[str, int]] = {}

    def rsample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw samples whose gradient is taken for that of the probabilities."""
        return self.sample(sample_shape) + (self.probs - self.probs.detach())

"""The categorical distribution."""

from __future__ import annotations

import math
from typing import Any

from wengert.core.dtypes import int64
from wengert.core.limits import finfo
from wengert.core.shapes import Size
from wengert.distributions import constraints
from wengert.distributions.chances import one_of
from wengert.distributions.distribution import NOTHING, Distribution
from wengert.distributions.utils import lazy_property, logits_to_probs, probs_to_logits
from wengert.tape.mode import no_grad
from wengert.tensor.filled import full
from wengert.tensor.grids import broadcast_tensors
from wengert.tensor.ranges import arange
from wengert.tensor.sampling import multinomial

__all__ = ["Categorical"]


class Categorical(Distribution):
    """Integers from 0 to n - 1 with probabilities along the last dimension of ``probs``, or of ``logits``.

    ``probs`` need not sum to 1, nor the exponentials of ``logits``: they are normalised. ValueError for none and for
    both, and for parameters of no dimension.

    >>> import wengert as torch
    >>> d = torch.distributions.Categorical(torch.tensor([1.0, 1.0, 2.0]))
    >>> d.probs, d.log_prob(torch.tensor(2)).exp()
    (tensor([0.2500, 0.2500, 0.5000]), tensor(0.5000))
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True
    _fields = {"probs": 1, "logits": 1}
    _kept = ("_given", "_num_events")

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._given = one_of(probs, logits)
        given = logits if probs is None else probs
        if given.ndim < 1:
            raise ValueError(
                f"`{self._given}` parameter must be at least one-dimensional. "
                f"Its last dimension is that of the events."
            )
        if probs is None:
            self.logits = logits - logits.logsumexp(dim=-1, keepdim=True)
        else:
            self.probs = probs / probs.sum(-1, keepdim=True)
        self._num_events = int(given.shape[-1])
        super().__init__(Size(given.shape[:-1]), validate_args=validate_args)

    @property
    def _param(self) -> Any:
        return vars(self)[self._given]

    @property
    def param_shape(self) -> Any:
        """The shape of the parameter that was given."""
        return self._param.shape

    @lazy_property
    def probs(self) -> Any:
        """The probabilities."""
        return logits_to_probs(self.logits)

    @lazy_property
    def logits(self) -> Any:
        """The logarithms of the probabilities."""
        return probs_to_logits(self.probs)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        """The integers from 0 to n - 1."""
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def mean(self) -> Any:
        """NaN: categories are no numbers."""
        return full(self._extended_shape(), math.nan, dtype=self.probs.dtype)

    @property
    def mode(self) -> Any:
        """The most likely category."""
        return self.probs.argmax(dim=-1)

    @property
    def variance(self) -> Any:
        """NaN: categories are no numbers."""
        return full(self._extended_shape(), math.nan, dtype=self.probs.dtype)

    def sample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw samples, int64."""
        count = math.prod(sample_shape)
        with no_grad():
            rows = self.probs.reshape(-1, self._num_events)
            drawn = multinomial(rows, count, True).T
            return drawn.reshape(self._extended_shape(sample_shape))

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the probability."""
        if self._validate_args:
            self._validate_sample(value)
        index, logs = broadcast_tensors(value.long().unsqueeze(-1), self.logits)
        return logs.gather(-1, index[..., :1]).squeeze(-1)

    def entropy(self) -> Any:
        """Return ``-sum(p log(p))``."""
        finite = self.logits.clamp(min=finfo(self.logits.dtype).min)
        return -(finite * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Any:
        """Return all categories along a first dimension."""
        n = self._num_events
        values = arange(n, dtype=int64).reshape(n, *[1] * len(self._batch_shape))
        return values.expand(n, *self._batch_shape) if expand else values

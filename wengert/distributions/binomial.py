"""The binomial distribution."""

from __future__ import annotations

from typing import Any

from wengert.distributions import constraints
from wengert.distributions.chances import BinaryChances
from wengert.distributions.distribution import NOTHING, Distribution
from wengert.nn.functional.activation import logsigmoid
from wengert.tape.mode import no_grad
from wengert.tensor import gammas
from wengert.tensor.ranges import arange

__all__ = ["Binomial"]


class Binomial(BinaryChances, Distribution):
    """How many of ``total_count`` trials succeed, each with the chance ``probs``, whose log-odds are ``logits``.

    >>> import wengert as torch
    >>> d = torch.distributions.Binomial(2, torch.tensor(0.5))
    >>> d.log_prob(torch.tensor([0.0, 1.0, 2.0])).exp()
    tensor([0.2500, 0.5000, 0.2500])
    """

    arg_constraints = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True
    _fields = {"total_count": 0, "probs": 0, "logits": 0}
    _kept = ("_given",)

    def __init__(
        self,
        total_count: Any = 1,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        (count,) = self._take_chances(probs, logits, total_count)
        self.total_count = count.type_as(self._param)
        super().__init__(self._param.shape, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        """The integers from 0 to ``total_count``."""
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Any:
        """``total_count probs``."""
        return self.total_count * self.probs

    @property
    def mode(self) -> Any:
        """``floor((total_count + 1) probs)``, at most ``total_count``."""
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    @property
    def variance(self) -> Any:
        """``total_count probs (1 - probs)``."""
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw samples, in the dtype of the chances."""
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return gammas.binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value: Any) -> Any:
        """Return ``log(n! / (k! (n - k)!)) + k log(p) + (n - k) log(1 - p)``."""
        if self._validate_args:
            self._validate_sample(value)
        n, odds = self.total_count, self.logits
        ways = (n + 1).lgamma() - (value + 1).lgamma() - (n - value + 1).lgamma()
        return value * odds + ways + n * logsigmoid(-odds)

    def entropy(self) -> Any:
        """Return the sum of ``-p log(p)`` over all counts; NotImplementedError where ``total_count`` differs."""
        self._require_one_count("entropy")
        logs = self.log_prob(self.enumerate_support(False))
        return -(logs.exp() * logs).sum(0)

    def enumerate_support(self, expand: bool = True) -> Any:
        """Return all counts along a first dimension; NotImplementedError where ``total_count`` differs."""
        n = self._require_one_count("enumerate_support") + 1
        values = arange(n, dtype=self._param.dtype).reshape(n, *[1] * len(self._batch_shape))
        return values.expand(n, *self._batch_shape) if expand else values

    def _require_one_count(self, question: str) -> int:
        count = int(self.total_count.max())
        if self.total_count.min() != count:
            raise NotImplementedError(
                f"Inhomogeneous total count not supported by `{question}`. Ask one distribution for each count."
            )
        return count

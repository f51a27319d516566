"""The geometric distribution."""

from __future__ import annotations

from typing import Any

from wengert.core.limits import finfo
from wengert.distributions import constraints
from wengert.distributions.chances import BinaryChances
from wengert.distributions.distribution import NOTHING, Distribution
from wengert.distributions.utils import all_true, broadcast_all
from wengert.nn.functional.losses import binary_cross_entropy_with_logits
from wengert.tape.mode import no_grad
from wengert.tensor.filled import empty, zeros_like

__all__ = ["Geometric"]


class Geometric(BinaryChances, Distribution):
    """How many trials fail before one succeeds: ``(1 - probs) ** k probs``, with log-odds ``logits``.

    ValueError for chances of 0.
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.nonnegative_integer
    _fields = {"probs": 0, "logits": 0}
    _kept = ("_given",)

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._take_chances(probs, logits)
        super().__init__(self._param.shape, validate_args=validate_args)
        if self._validate_args and probs is not None and not all_true(self.probs > 0):
            raise ValueError(
                f"Expected parameter probs ({type(self.probs).__name__} of shape {tuple(self.probs.shape)}) of "
                f"distribution {self!r} to be positive but found invalid values:\n{self.probs}"
            )

    @property
    def mean(self) -> Any:
        """``1 / probs - 1``."""
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Any:
        """0."""
        return zeros_like(self.probs)

    @property
    def variance(self) -> Any:
        """``(1 / probs - 1) / probs``."""
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw ``floor(log(u) / log(1 - probs))``, in the dtype of the chances."""
        with no_grad():
            u = empty(self._extended_shape(sample_shape), dtype=self.probs.dtype)
            u.uniform_(finfo(u.dtype).tiny, 1)
            return (u.log() / (-self.probs).log1p()).floor()

    def log_prob(self, value: Any) -> Any:
        """Return ``k log(1 - probs) + log(probs)``."""
        if self._validate_args:
            self._validate_sample(value)
        value, probs = broadcast_all(value, self.probs)
        failing = probs.masked_fill((probs == 1) & (value == 0), 0)
        return value * (-failing).log1p() + self.probs.log()

    def entropy(self) -> Any:
        """Return that of one trial over ``probs``."""
        of_trial = binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")
        return of_trial / self.probs

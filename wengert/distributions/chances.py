"""Parameters that are probabilities or, in their stead, logarithms: each is computed from the other when asked for."""

from __future__ import annotations

from typing import Any

from wengert.distributions.utils import (
    broadcast_all,
    lazy_property,
    logits_to_probs,
    probs_to_logits,
)

__all__ = ["BinaryChances", "one_of"]


def one_of(probs: Any, logits: Any) -> str:
    """Return the name of the one that was given; ValueError unless that is exactly one."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")
    return "logits" if probs is None else "probs"


class BinaryChances:
    """What has ``probs``, the chances of successes, and ``logits``, the logarithms of their odds."""

    _given: str

    def _take_chances(self, probs: Any, logits: Any, *others: Any) -> list[Any]:
        """Set the parameter that was given, broadcast against others; return those."""
        self._given = one_of(probs, logits)
        chances, *rest = broadcast_all(logits if probs is None else probs, *others)
        vars(self)[self._given] = chances
        return rest

    @property
    def _param(self) -> Any:
        return vars(self)[self._given]

    @property
    def param_shape(self) -> Any:
        """The shape of the parameter that was given."""
        return self._param.shape

    @lazy_property
    def probs(self) -> Any:
        """The probabilities of successes."""
        return logits_to_probs(self.logits, is_binary=True)

    @lazy_property
    def logits(self) -> Any:
        """The logarithms of the odds, ``log(p / (1 - p))``."""
        return probs_to_logits(self.probs, is_binary=True)

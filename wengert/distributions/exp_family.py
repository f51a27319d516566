"""`ExponentialFamily`: distributions with the density ``h(x) exp(<natural parameters, t(x)> - log_normalizer)``."""

from __future__ import annotations

from typing import Any

from wengert.autograd import grad
from wengert.distributions.distribution import Distribution
from wengert.distributions.utils import _sum_rightmost

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Distribution):
    """Base of distributions that give their natural parameters and the logarithm of what normalises them.

    The entropy follows from them, ``A(theta) - <theta, dA(theta)> - E[log h(x)]`` with ``A`` the log normalizer
    (F. Nielsen and R. Nock, "Entropies and cross-entropies of exponential families", 2010).
    """

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        raise self._unanswered("_natural_params")

    def _log_normalizer(self, *natural_params: Any) -> Any:
        raise self._unanswered("_log_normalizer")

    @property
    def _mean_carrier_measure(self) -> Any:
        """``E[log h(x)]``."""
        raise self._unanswered("_mean_carrier_measure")

    def entropy(self) -> Any:
        """Return the entropy, from the derivative of the log normalizer."""
        carried = self._mean_carrier_measure
        points = [p.detach().requires_grad_() for p in self._natural_params]
        normalizer = self._log_normalizer(*points)
        slopes = grad(normalizer.sum(), points, create_graph=True)
        total = normalizer - carried
        for point, slope in zip(points, slopes, strict=True):
            total = total - _sum_rightmost(point * slope, len(slope.shape) - len(self._batch_shape))
        return total

"""The normal distribution of vectors whose covariance is of low rank, but for its diagonal."""

from __future__ import annotations

import math
from typing import Any

from wengert.core.shapes import Size
from wengert.distributions import constraints
from wengert.distributions.distribution import NOTHING, Distribution
from wengert.distributions.multivariate_normal import log_of_diagonal, squared_length, times
from wengert.distributions.utils import _standard_normal, lazy_property
from wengert.linalg import cholesky, solve_triangular
from wengert.tensor.filled import eye
from wengert.tensor.grids import broadcast_shapes

__all__ = ["LowRankMultivariateNormal"]


class LowRankMultivariateNormal(Distribution):
    """Vectors of n around ``loc`` with the covariance ``W W^T + diag(d)``.

    ``W`` is ``cov_factor: (..., n, m)``, ``d`` is ``cov_diag: (..., n)``. By the identities of Woodbury and of
    determinants only matrices of m are factored. ValueError for shapes that do not fit.
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True
    _fields = {"loc": 1, "cov_factor": 2, "cov_diag": 1}
    _kept = ("_unbroadcasted_cov_factor", "_unbroadcasted_cov_diag", "_capacitance_tril")

    def __init__(
        self, loc: Any, cov_factor: Any, cov_diag: Any, validate_args: bool | None = None
    ) -> None:
        if loc.ndim < 1:
            raise ValueError("loc must be at least one-dimensional.")
        event = Size(loc.shape[-1:])
        if cov_factor.ndim < 2:
            raise ValueError(
                "cov_factor must be at least two-dimensional, with optional leading batch dimensions"
            )
        if tuple(cov_factor.shape[-2:-1]) != tuple(event):
            raise ValueError(
                f"cov_factor must be a batch of matrices with shape {event[0]} x m, got {tuple(cov_factor.shape)}."
            )
        if tuple(cov_diag.shape[-1:]) != tuple(event):
            raise ValueError(
                f"cov_diag must be a batch of vectors with shape {event}, got {tuple(cov_diag.shape)}."
            )
        try:
            batch = broadcast_shapes(loc.shape[:-1], cov_factor.shape[:-2], cov_diag.shape[:-1])
        except RuntimeError as error:
            raise ValueError(
                f"Incompatible batch shapes: loc {loc.shape}, cov_factor {cov_factor.shape}, "
                f"cov_diag {cov_diag.shape}"
            ) from error
        self.loc = loc.expand(*batch, -1)
        self.cov_factor = cov_factor.expand(*batch, -1, -1)
        self.cov_diag = cov_diag.expand(*batch, -1)
        super().__init__(Size(batch), event, validate_args=validate_args)
        self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag = cov_factor, cov_diag
        self._capacitance_tril = cholesky(
            eye(cov_factor.shape[-1], dtype=cov_factor.dtype) + self._scaled_factor() @ cov_factor
        )

    def _scaled_factor(self) -> Any:
        """Return ``W^T diag(d) ** -1``."""
        return self._unbroadcasted_cov_factor.mT / self._unbroadcasted_cov_diag.unsqueeze(-2)

    def _whole(self, matrix: Any) -> Any:
        return matrix.expand(*self._batch_shape, *self._event_shape, *self._event_shape)

    @property
    def mean(self) -> Any:
        """``loc``."""
        return self.loc

    @property
    def mode(self) -> Any:
        """``loc``."""
        return self.loc

    @lazy_property
    def variance(self) -> Any:
        """The diagonal of the covariance."""
        lengths = self._unbroadcasted_cov_factor.square().sum(-1) + self._unbroadcasted_cov_diag
        return lengths.expand(*self._batch_shape, *self._event_shape)

    @lazy_property
    def scale_tril(self) -> Any:
        """The lower triangle ``L`` with ``L L^T`` the covariance."""
        # diag(d) ** (1 / 2) (1 + V V^T) diag(d) ** (1 / 2), whose middle is never near singular.
        root = self._unbroadcasted_cov_diag.sqrt().unsqueeze(-1)
        scaled = self._unbroadcasted_cov_factor / root
        middle = scaled @ scaled.mT + eye(self._event_shape[0], dtype=scaled.dtype)
        return self._whole(root * cholesky(middle))

    @lazy_property
    def covariance_matrix(self) -> Any:
        """``W W^T + diag(d)``."""
        factor = self._unbroadcasted_cov_factor
        return self._whole(factor @ factor.mT + self._unbroadcasted_cov_diag.diag_embed())

    @lazy_property
    def precision_matrix(self) -> Any:
        """The inverse of the covariance."""
        solved = solve_triangular(self._capacitance_tril, self._scaled_factor(), upper=False)
        inverse = self._unbroadcasted_cov_diag.reciprocal().diag_embed()
        return self._whole(inverse - solved.mT @ solved)

    def rsample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw ``loc + W y + sqrt(d) z`` with standard normal ``y`` and ``z``."""
        shape = self._extended_shape(sample_shape)
        y = _standard_normal((*shape[:-1], self.cov_factor.shape[-1]), self.loc.dtype)
        z = _standard_normal(shape, self.loc.dtype)
        factor, diagonal = self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag
        return self.loc + times(factor, y) + diagonal.sqrt() * z

    def _half_log_det(self) -> Any:
        diagonal = 0.5 * self._unbroadcasted_cov_diag.log().sum(-1)
        return log_of_diagonal(self._capacitance_tril) + diagonal

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        off = value - self.loc
        straight = (off.square() / self._unbroadcasted_cov_diag).sum(-1)
        within = squared_length(self._capacitance_tril, times(self._scaled_factor(), off))
        constant = self._event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (constant + straight - within) - self._half_log_det()

    def entropy(self) -> Any:
        """Return ``n (1 + log(2 pi)) / 2`` plus half of the logarithm of the determinant."""
        constant = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi))
        entropy = constant + self._half_log_det()
        return entropy.expand(self._batch_shape) if self._batch_shape else entropy

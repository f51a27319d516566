"""The normal distribution of vectors."""

from __future__ import annotations

import math
from typing import Any

from wengert.core.shapes import Size
from wengert.distributions import constraints
from wengert.distributions.covariances import WithCovariance
from wengert.distributions.distribution import NOTHING, Distribution
from wengert.distributions.utils import _standard_normal
from wengert.linalg import solve_triangular
from wengert.tensor.grids import broadcast_shapes

__all__ = ["MultivariateNormal"]


def times(matrix: Any, vector: Any) -> Any:
    """Return matrices times vectors, both with broadcast batch dimensions."""
    return (matrix @ vector.unsqueeze(-1)).squeeze(-1)


def squared_length(scale_tril: Any, vector: Any) -> Any:
    """Return ``|L ** -1 v| ** 2`` for triangles ``L: (..., n, n)`` and vectors ``v: (..., n)``.

    Dimensions in front that only the vectors have become columns of one system.
    """
    extra = max(vector.ndim + 1 - scale_tril.ndim, 0)
    front = tuple(vector.shape[:extra])
    columns = vector.reshape((math.prod(front), *vector.shape[extra:])).movedim(0, -1)
    solved = solve_triangular(scale_tril, columns, upper=False)
    lengths = solved.square().sum(-2).movedim(-1, 0)
    return lengths.reshape((*front, *lengths.shape[1:]))


def log_of_diagonal(scale_tril: Any) -> Any:
    """Return half of the logarithm of the determinant of ``L L^T``."""
    return scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)


class MultivariateNormal(WithCovariance, Distribution):
    """Vectors around ``loc`` with one of ``covariance_matrix``, ``precision_matrix``, ``scale_tril``.

    The precision is the inverse of the covariance, ``scale_tril`` the lower triangle ``L`` with ``L L^T`` the
    covariance; given as such, nothing is factored. ValueError for none or several of the three and for wrong shapes.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> d = torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))
    >>> d.sample(), d.log_prob(torch.zeros(2))
    (tensor([ 1.5410, -0.2934]), tensor(-1.8379))
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True
    _fields = {"loc": 1, "covariance_matrix": 2, "precision_matrix": 2, "scale_tril": 2}

    def __init__(
        self,
        loc: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.ndim < 1:
            raise ValueError("loc must be at least one-dimensional.")
        name, matrix = self._given(
            ValueError,
            covariance_matrix=covariance_matrix,
            precision_matrix=precision_matrix,
            scale_tril=scale_tril,
        )
        batch = Size(broadcast_shapes(matrix.shape[:-2], loc.shape[:-1]))
        vars(self)[name] = matrix.expand(*batch, -1, -1)
        self.loc = loc.expand(*batch, -1)
        super().__init__(batch, Size(self.loc.shape[-1:]), validate_args=validate_args)
        self._keep(name, matrix)

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
        """The diagonal of the covariance."""
        lengths = self._unbroadcasted_scale_tril.square().sum(-1)
        return lengths.expand(*self._batch_shape, *self._event_shape)

    def rsample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw ``loc + L z`` with standard normal ``z``."""
        z = _standard_normal(self._extended_shape(sample_shape), self.loc.dtype)
        return self.loc + times(self._unbroadcasted_scale_tril, z)

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        lengths = squared_length(self._unbroadcasted_scale_tril, value - self.loc)
        constant = self._event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (constant + lengths) - log_of_diagonal(self._unbroadcasted_scale_tril)

    def entropy(self) -> Any:
        """Return ``n (1 + log(2 pi)) / 2`` plus the logarithms of the diagonal of ``L``."""
        constant = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi))
        entropy = constant + log_of_diagonal(self._unbroadcasted_scale_tril)
        return entropy.expand(self._batch_shape) if self._batch_shape else entropy

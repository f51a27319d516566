"""The Wishart distribution of covariance matrices."""

from __future__ import annotations

import math
from typing import Any

from wengert.core.shapes import Size
from wengert.distributions import constraints
from wengert.distributions.chi2 import Chi2
from wengert.distributions.covariances import WithCovariance
from wengert.distributions.distribution import NOTHING
from wengert.distributions.exp_family import ExponentialFamily
from wengert.distributions.multivariate_normal import log_of_diagonal
from wengert.distributions.utils import all_true
from wengert.linalg import slogdet
from wengert.tape.provenance import warn
from wengert.tensor.creation import tensor
from wengert.tensor.grids import broadcast_shapes
from wengert.tensor.ranges import arange, tril_indices
from wengert.tensor.sampling import randn
from wengert.tensor.tensor import Tensor

__all__ = ["Wishart"]


class Wishart(WithCovariance, ExponentialFamily):
    """Sums of ``df`` products ``x x^T`` of normal vectors with one of the covariance, precision, ``scale_tril``.

    The density of a matrix ``S`` of n is proportional to ``det(S) ** ((df - n - 1) / 2) exp(-tr(V ** -1 S) / 2)``, with
    ``V`` the covariance. ValueError unless ``df > n - 1``.
    """

    support = constraints.positive_definite
    has_rsample = True
    _fields = {"df": 0, "covariance_matrix": 2, "precision_matrix": 2, "scale_tril": 2}

    def __init__(
        self,
        df: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        name, matrix = self._given(
            AssertionError,
            covariance_matrix=covariance_matrix,
            precision_matrix=precision_matrix,
            scale_tril=scale_tril,
        )
        n = matrix.shape[-1]
        df = df if isinstance(df, Tensor) else tensor(df, dtype=matrix.dtype)
        batch = Size(broadcast_shapes(matrix.shape[:-2], df.shape))
        self.df = df.expand(batch)
        vars(self)[name] = matrix.expand(*batch, -1, -1)
        if not all_true(~(self.df <= n - 1)):
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {n - 1}.")
        super().__init__(batch, Size(matrix.shape[-2:]), validate_args=validate_args)
        if not all_true(~(self.df <= n)):
            warn(
                "Low df values detected. Singular samples are highly likely to occur for ndim - 1 < df < ndim."
            )
        self._keep(name, matrix)
        degrees = self.df.unsqueeze(-1) - arange(n, dtype=self.df.dtype)
        self._chi2 = Chi2(degrees, validate_args=False)

    @property
    def arg_constraints(self) -> dict[str, Any]:
        """Matrices as their names say, and ``df > n - 1``."""
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self._event_shape[-1] - 1),
        }

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with its parameters broadcast to a larger batch shape."""
        made = self._get_checked_instance(Wishart, _instance)
        made._chi2 = self._chi2.expand(Size((*batch_shape, self._event_shape[-1])))
        return self._expanded(made, Size(batch_shape))

    def _matrixlike(self, numbers: Any) -> Any:
        return numbers.reshape(*self._batch_shape, 1, 1)

    @property
    def mean(self) -> Any:
        """``df V``."""
        return self._matrixlike(self.df) * self.covariance_matrix

    @property
    def mode(self) -> Any:
        """``(df - n - 1) V``; NaN for ``df <= n + 1``."""
        factor = self.df - self.covariance_matrix.shape[-1] - 1
        factor = factor.masked_fill(factor <= 0, math.nan)
        return self._matrixlike(factor) * self.covariance_matrix

    @property
    def variance(self) -> Any:
        """``df (V_ij ** 2 + V_ii V_jj)``."""
        diagonal = self.covariance_matrix.diagonal(dim1=-2, dim2=-1)
        products = diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2)
        return self._matrixlike(self.df) * (self.covariance_matrix.square() + products)

    def _drawn(self, sample_shape: Any) -> Any:
        """Draw by M. Bartlett's decomposition: a triangle with chi-squared squares on its diagonal, normal below."""
        n = self._event_shape[-1]
        triangle = self._chi2.rsample(sample_shape).sqrt().diag_embed()
        rows, columns = tril_indices(n, n, offset=-1)
        shape = (*sample_shape, *self._batch_shape, n * (n - 1) // 2)
        triangle[..., rows, columns] = randn(shape, dtype=triangle.dtype)
        root = self._unbroadcasted_scale_tril @ triangle
        return root @ root.mT

    def rsample(self, sample_shape: Any = NOTHING, max_try_correction: int | None = None) -> Any:
        """Draw matrices, through which gradients flow."""
        # PyTorch takes positive definite matrices for singular ones, and draws them anew; so the stream wants it.
        if max_try_correction != 0:
            self._drawn(sample_shape)
        return self._drawn(sample_shape)

    def _log_scale(self, order: Any) -> Any:
        """Return ``order (n log(2) + log det V)``."""
        n = self._event_shape[-1]
        return order * (n * math.log(2.0) + 2 * log_of_diagonal(self._unbroadcasted_scale_tril))

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        n, half = self._event_shape[-1], self.df / 2
        solved = value.cholesky_solve(self._unbroadcasted_scale_tril)
        trace = solved.diagonal(dim1=-2, dim2=-1).sum(dim=-1)
        powers = (self.df - n - 1) / 2 * slogdet(value).logabsdet
        return powers - trace / 2 - self._log_scale(half) - half.mvlgamma(p=n)

    def entropy(self) -> Any:
        """Return the entropy, in nats."""
        n, half = self._event_shape[-1], self.df / 2
        halves = arange(n, dtype=half.dtype) / 2
        slope = (half.unsqueeze(-1) - halves).digamma().sum(-1)
        scale = self._log_scale((n + 1) / 2)
        return scale + half.mvlgamma(p=n) - (self.df - n - 1) / 2 * slope + self.df * n / 2

    @property
    def _natural_params(self) -> tuple[Any, Any]:
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, x: Any, y: Any) -> Any:
        n = self._event_shape[-1]
        order = y + (n + 1) / 2
        return order * (n * math.log(2.0) - slogdet(-2 * x).logabsdet) + order.mvlgamma(p=n)

    @property
    def _mean_carrier_measure(self) -> Any:
        return 0

"""A covariance as a parameter, given by itself, by its inverse or by its lower triangle."""

from __future__ import annotations

from typing import Any

from wengert.core.shapes import Size
from wengert.distributions.utils import lazy_property
from wengert.linalg import cholesky, solve_triangular
from wengert.tensor.filled import eye


def triangle_of_inverse(precision: Any) -> Any:
    """Return the lower triangle ``L`` with ``L L^T = precision ** -1``."""
    flipped = cholesky(precision.flip((-2, -1)))
    upright = flipped.flip((-2, -1)).mT
    return solve_triangular(upright, eye(precision.shape[-1], dtype=precision.dtype), upper=False)


class WithCovariance:
    """What distributions share that have one of ``covariance_matrix``, ``precision_matrix`` and ``scale_tril``.

    `_given` picks it out, then the batch shape is found, and `_keep` goes on.
    The other two are computed when asked for.
    """

    _kept: tuple[str, ...] = ("_unbroadcasted_scale_tril",)
    _batch_shape: Size
    _event_shape: Size
    _unbroadcasted_scale_tril: Any

    def _given(self, error: type[Exception], **named: Any) -> tuple[str, Any]:
        """Return the one matrix that is not None, with its name; ``error`` unless there is one."""
        given = [(name, matrix) for name, matrix in named.items() if matrix is not None]
        if len(given) != 1:
            raise error(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified."
            )
        name, matrix = given[0]
        if matrix.ndim < 2:
            raise ValueError(
                f"{name} must be at least two-dimensional, with optional leading batch dimensions"
            )
        return name, matrix

    def _keep(self, name: str, matrix: Any) -> None:
        """Keep the triangle that belongs to the matrix given."""
        made = {
            "scale_tril": lambda: matrix,
            "covariance_matrix": lambda: cholesky(matrix),
            "precision_matrix": lambda: triangle_of_inverse(matrix),
        }
        self._unbroadcasted_scale_tril = made[name]()

    def _whole(self, matrix: Any) -> Any:
        n = self._event_shape[-1]
        return matrix.expand(*self._batch_shape, n, n)

    @lazy_property
    def scale_tril(self) -> Any:
        """The lower triangle ``L`` with ``L L^T`` the covariance."""
        return self._whole(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Any:
        """``L L^T``."""
        return self._whole(self._unbroadcasted_scale_tril @ self._unbroadcasted_scale_tril.mT)

    @lazy_property
    def precision_matrix(self) -> Any:
        """The inverse of the covariance."""
        return self._whole(self._unbroadcasted_scale_tril.cholesky_inverse())

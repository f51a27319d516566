"""The largest singular values of a matrix and their vectors, found in a random subspace: for large matrices.

Source: Halko, Martinsson and Tropp, Finding structure with randomness, 2009, algorithms 4.4 and 5.1.
"""

from __future__ import annotations

from typing import Any

from wengert.core import dtypes
from wengert.core.shapes import broadcastable
from wengert.errors import DTypeError, cannot_broadcast, shape_text
from wengert.tensor import reductions, sampling
from wengert.tensor.complex_numbers import adjoint
from wengert.tensor.contraction import matmul
from wengert.tensor.linalg import factoring, spectra
from wengert.tensor.promotion import dtype_of, require_tensor

__all__ = ["pca_lowrank", "svd_lowrank"]


def svd_lowrank(
    A: Any, q: int | None = 6, niter: int | None = 2, M: Any = None
) -> tuple[Any, Any, Any]:
    """Return ``(U, S, V)`` with ``A ~ U diag(S) V^H``: ``U (..., m, q)``, ``S (..., q)``, ``V (..., n, q)``.

    It is exact up to rank ``q`` (6), which should be a little more than the rank that is wanted; ``niter`` (2) rounds
    of multiplying by A and its adjoint make it better where singular values fall slowly. ``M (..., m, n)`` is
    subtracted from A. The subspace is random: the same seed gives the same result.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> A = torch.arange(1., 7.).outer(torch.ones(5))
    >>> U, S, V = torch.svd_lowrank(A, q=2)
    >>> torch.allclose(U * S @ V.mT, A, atol=1e-5)
    True
    """
    _require_matrices("svd_lowrank", A)
    q, rounds = 6 if q is None else q, 2 if niter is None else niter
    if M is not None:
        require_tensor("svd_lowrank", M, "M")
        if not broadcastable([tuple(M.shape), tuple(A.shape)]):
            raise cannot_broadcast("svd_lowrank", [M.shape, A.shape])
        A = A - M
    wide = A.shape[-2] < A.shape[-1]
    tall = adjoint(A) if wide else A
    basis = _basis(tall, q, rounds)
    u, s, vh = spectra.svd(matmul(adjoint(basis), tall), full_matrices=False)
    u, v = matmul(basis, u), adjoint(vh)
    return (v, s, u) if wide else (u, s, v)


def _require_matrices(op: str, A: Any) -> None:
    require_tensor(op, A, "A")
    if A.ndim < 2:
        raise ValueError(f"{op}: A must be matrices (..., m, n), got shape {shape_text(A.shape)}.")
    if dtypes.kind(dtype_of(A)) not in "fc":
        raise DTypeError(f"{op}: A must be floating or complex, got {A.dtype}. Use `A.float()`.")


def _basis(A: Any, q: int, rounds: int) -> Any:
    """Return ``q`` orthonormal columns that nearly span the largest singular vectors of A."""
    start = sampling.randn(A.shape[-1], q, dtype=A.dtype)
    basis = factoring.qr(matmul(A, start))[0]
    for _ in range(rounds):
        basis = factoring.qr(matmul(adjoint(A), basis))[0]
        basis = factoring.qr(matmul(A, basis))[0]
    return basis


def pca_lowrank(
    A: Any, q: int | None = None, center: bool = True, niter: int = 2
) -> tuple[Any, Any, Any]:
    """Return `svd_lowrank` of ``A (..., m, n)`` without the mean of its rows: its principal components.

    The columns of V are the principal directions of the ``m`` samples, ``S ** 2 / (m - 1)`` their variances, and
    ``A @ V[:, :k]`` the first k components. ``q`` is ``min(6, m, n)`` unless given. ValueError for a ``q`` beyond
    ``min(m, n)`` and for a negative ``niter``.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> U, S, V = torch.pca_lowrank(torch.tensor([[1., 1.], [2., 2.], [3., 3.]]), q=1)
    >>> V.abs()
    tensor([[0.7071],
            [0.7071]])
    """
    _require_matrices("pca_lowrank", A)
    most = min(A.shape[-2:])
    if q is None:
        q = min(6, most)
    elif not 0 <= q <= most:
        raise ValueError(
            f"pca_lowrank: q(={q}) must be non-negative integer and not greater than min(m, n)={most}"
        )
    if niter < 0:
        raise ValueError(f"pca_lowrank: niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - reductions.mean(A, -2, True) if center else A, q, niter)

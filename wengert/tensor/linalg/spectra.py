"""Eigenvalues, singular values, and what is made of them, as `torch.linalg` spells them.

A gradient through vectors exists where the values are distinct and the function does not depend on the choice of each
vector's phase (sign).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import state
from wengert.errors import GradientError, ShapeError, shape_text
from wengert.rules import spectral as rows
from wengert.tape.storage import Recorded, handle
from wengert.tensor import (
    comparison,
    contraction,
    elementary,
    filled,
    reductions,
    returned,
    views,
)
from wengert.tensor.linalg.checks import alike, broadcast_stacks, matrices, square, stack_shape
from wengert.tensor.numbers import double_of, require_flags
from wengert.tensor.out import deliver
from wengert.tensor.promotion import cast_to, dtype_of, raw_number

__all__ = [
    "eig", "eigh", "eigvals", "eigvalsh", "lstsq", "matrix_rank", "pinv", "svd", "svdvals",
]  # fmt: skip


def eigh(A: Any, UPLO: str = "L", *, out: Any = None) -> Any:
    """Return eigenvalues, in ascending order, and vectors (in columns) of Hermitian matrices.

    The lower triangle is read, or with ``UPLO="U"`` the upper one. Equal eigenvalues give vectors an infinite gradient.

    >>> import wengert as torch
    >>> torch.linalg.eigh(torch.tensor([[2., 1.], [1., 2.]])).eigenvalues
    tensor([1., 3.])
    """
    made = returned.linalg_eigh(*_eigh("linalg.eigh", A, UPLO))
    return made if out is None else deliver(made, out)


def eigvalsh(A: Any, UPLO: str = "L", *, out: Any = None) -> Any:
    """Return the eigenvalues of Hermitian matrices, in ascending order. Their gradient is finite for equal ones too."""
    made = _eigh("linalg.eigvalsh", A, UPLO)[0]
    return made if out is None else deliver(made, out)


def _eigh(op: str, A: Any, UPLO: str) -> Any:
    square(op, A)
    if not isinstance(UPLO, str) or UPLO.upper() not in ("L", "U"):
        raise ShapeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return rows.eigh(A, upper=UPLO.upper() == "U")


def eig(A: Any, *, out: Any = None) -> Any:
    """Return eigenvalues and vectors (in columns, of norm 1) of square matrices, as complex numbers.

    >>> import wengert as torch
    >>> torch.linalg.eig(torch.tensor([[0., 1.], [-1., 0.]])).eigenvalues.imag.abs()
    tensor([1., 1.])
    """
    made = returned.linalg_eig(*_eig("linalg.eig", A))
    return made if out is None else deliver(made, out)


def eigvals(A: Any, *, out: Any = None) -> Any:
    """Return the eigenvalues of square matrices, as complex numbers."""
    made = _eig("linalg.eigvals", A)[0]
    return made if out is None else deliver(made, out)


def _eig(op: str, A: Any) -> Any:
    square(op, A)
    return rows.eig(A, real_input=dtypes.kind(dtype_of(A)) == "f")


def svd(A: Any, full_matrices: bool = True, *, driver: str | None = None, out: Any = None) -> Any:
    """Return U, S (descending) and Vh of ``A = U diag(S) Vh``; with ``full_matrices`` U and Vh are square.

    Equal singular values give vectors an infinite gradient. ``driver`` is for other devices.

    >>> import wengert as torch
    >>> torch.linalg.svd(torch.tensor([[0., 2.], [1., 0.]])).S
    tensor([2., 1.])
    """
    require_flags("linalg.svd", full_matrices=full_matrices)
    made = returned.linalg_svd(*_svd("linalg.svd", A, full_matrices, driver))
    return made if out is None else deliver(made, out)


def svdvals(A: Any, *, driver: str | None = None, out: Any = None) -> Any:
    """Return the singular values of matrices, in descending order. Their gradient is finite for equal ones too."""
    made = _svd("linalg.svdvals", A, False, driver)[1]
    return made if out is None else deliver(made, out)


def _svd(op: str, A: Any, full: bool, driver: str | None) -> Any:
    matrices(op, A)
    if driver is not None and not isinstance(driver, str):
        raise TypeError(f"{op}(): argument 'driver' must be str, not {type(driver).__name__}.")
    if driver is not None:
        raise ShapeError(
            "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend. "
            "Leave it out."
        )
    return rows.svd(A, full=full)


def pinv(
    A: Any, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None, out: Any = None
) -> Any:  # fmt: skip
    """Return the pseudo-inverse: ``(..., m, n) -> (..., n, m)``.

    Singular values of at most ``max(atol, rtol * largest)`` count as 0; the default ``rtol`` is ``max(m, n)`` times the
    dtype's epsilon. A ``hermitian`` matrix is decomposed with `eigh`. Where the rank changes there is no derivative.

    >>> import wengert as torch
    >>> torch.linalg.pinv(torch.tensor([[2., 0.], [0., 0.]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.0000]])
    """
    require_flags("linalg.pinv", hermitian=hermitian)
    op = "linalg.pinv"
    x = square(op, A) if hermitian else matrices(op, A)
    rtol = rcond if rtol is None else rtol
    for name, v in (("atol", atol), ("rtol", rtol)):
        if isinstance(v, Recorded) and v._edge is not None and state.grad:
            raise GradientError(
                f"{op} is not differentiable with respect to argument '{name}'. This input cannot have requires_grad "
                f"True. Use `{name}.detach()`."
            )
    cutoffs = _tolerances(op, x, atol, rtol)
    made = rows.pinv(x, *cutoffs, hermitian=hermitian)
    return made if out is None else deliver(made, out)


def _tolerances(op: str, x: Any, atol: Any, rtol: Any) -> tuple[Any, Any]:
    """Return the absolute and the relative tolerance for each matrix of a stack, as tensors."""
    atol, rtol = (
        v if v is None or isinstance(v, Recorded) else double_of(op, name, v)
        for name, v in (("atol", atol), ("rtol", rtol))
    )
    dtype = dtype_of(x).type(0).real.dtype
    if rtol is None:
        small = max(x.shape[-2:]) * float(dtypes.limits(dtype).eps)
        if isinstance(atol, Recorded):
            rtol = comparison.eq(atol, 0) * small
        else:
            rtol = 0.0 if atol else small
    return tuple(_for_each(op, v, x, dtype) for v in (0.0 if atol is None else atol, rtol))


def _for_each(op: str, value: Any, x: Any, dtype: np.dtype[Any]) -> Any:
    if not isinstance(value, Recorded):
        value = handle(raw_number(value, dtype))
    elif dtype_of(value).kind == "c":
        raise ShapeError(f"{op}: atol and rtol tensors of complex type are not supported.")
    return views.expand(cast_to(value, dtype), stack_shape(x))


def matrix_rank(
    A: Any, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None, out: Any = None
) -> Any:  # fmt: skip
    """Return how many singular values exceed ``max(atol, rtol * largest)``. See `pinv` for the defaults.

    >>> import wengert as torch
    >>> torch.linalg.matrix_rank(torch.tensor([[1., 2.], [2., 4.]]))
    tensor(1)
    """
    require_flags("linalg.matrix_rank", hermitian=hermitian)
    op = "linalg.matrix_rank"
    x = (square(op, A) if hermitian else matrices(op, A)).detach()
    if 0 in x.shape[-2:]:
        made = filled.zeros(stack_shape(x), dtype=dtypes.int64, device=x.device)
        return made if out is None else deliver(made, out)
    absolute, relative = _tolerances(op, x, tol if atol is None else atol, rtol)
    sizes = elementary.abs(eigvalsh(x)) if hermitian else svdvals(x)
    cutoff = comparison.maximum(absolute, relative * reductions.amax(sizes, -1))
    made = reductions.sum(comparison.gt(sizes, views.unsqueeze(cutoff, -1)), -1)
    return made if out is None else deliver(made, out)


DRIVERS = (None, "gels", "gelsy", "gelsd", "gelss")


def lstsq(
    A: Any, B: Any, rcond: float | None = None, *, driver: str | None = None, out: Any = None
) -> Any:
    """Return the least-squares solution X of ``A X = B``: ``(..., m, n) (..., m, k) -> (..., n, k)``.

    ``X = pinv(A) B``, the shortest of all where several are best, whatever ``driver`` is asked for. The named tuple
    also has ``residuals`` (the squared distances of the columns, where m > n; for ``"gels"``, and with full rank for
    ``"gelsd"`` and ``"gelss"``), ``rank`` (not for ``"gels"``) and ``singular_values`` (for ``"gelsd"`` and
    ``"gelss"``); what is not computed is empty. Without a driver it is ``"gelsy"``.

    >>> import wengert as torch
    >>> A = torch.tensor([[1., 0.], [1., 1.], [1., 2.]])
    >>> torch.linalg.lstsq(A, torch.tensor([[1.], [3.], [5.]])).solution
    tensor([[1.0000],
            [2.0000]])
    """
    if rcond is not None:
        rcond = double_of("linalg.lstsq", "rcond", rcond)
    op = "linalg.lstsq"
    if driver not in DRIVERS:
        raise ShapeError(
            f"torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss), not {driver}."
        )
    matrices(op, A)
    alike(op, A, B, ("input", "other"))
    vector = B.ndim == 1 or (A.ndim - 1 == B.ndim and tuple(B.shape) == tuple(A.shape[:-1]))
    right = views.unsqueeze(B, -1) if vector else B
    if right.ndim < 2 or right.shape[-2] != A.shape[-2]:
        raise ShapeError(
            f"torch.linalg.lstsq: input.size(-2) should match other.size(-2), got {shape_text(A.shape)} and "
            f"{shape_text(B.shape)}."
        )
    left, right = broadcast_stacks(op, A, right)
    solution = contraction.matmul(pinv(left, rtol=rcond), right)
    ranks = matrix_rank(A, rtol=rcond)
    spectral = driver in ("gelsd", "gelss")
    tall = A.shape[-2] > A.shape[-1]
    if tall and (driver == "gels" or (spectral and _all_full(ranks, A.shape[-1]))):
        size = elementary.abs(contraction.matmul(left, solution) - right)
        residuals = reductions.sum(size * size, -2)
    else:
        residuals = elementary.abs(views.reshape(solution, -1)[:0])
    made = returned.linalg_lstsq(
        views.squeeze(solution, -1) if vector else solution,
        residuals,
        filled.empty((0,), dtype=dtypes.int64, device=A.device) if driver == "gels" else ranks,
        svdvals(A).detach()
        if spectral
        else filled.empty((0,), dtype=residuals.dtype, device=A.device),
    )
    return made if out is None else deliver(made, out)


def _all_full(ranks: Any, n: int) -> bool:
    return bool(reductions.all(comparison.eq(ranks, n)))

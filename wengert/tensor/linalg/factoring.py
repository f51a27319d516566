"""Factorizations by elimination and orthogonalization, and triangular systems, as `torch.linalg` spells them."""

from __future__ import annotations

from typing import Any

from wengert.errors import ShapeError, shape_text
from wengert.rules import factors as rows
from wengert.rules import linalg, spectral
from wengert.tensor import contraction, filled, returned, views
from wengert.tensor.linalg.checks import alike, broadcast_stacks, inexact, matrices, square
from wengert.tensor.numbers import require_flags
from wengert.tensor.out import deliver
from wengert.tensor.promotion import dtype_of
from wengert.tensor.reductions import reduce

__all__ = [
    "cholesky", "cholesky_ex", "lu", "lu_factor", "lu_factor_ex", "lu_solve", "qr", "solve_triangular",
]  # fmt: skip


def cholesky(A: Any, *, upper: bool = False, out: Any = None) -> Any:
    """Return the lower triangular L of ``A = L L^H``, or (``upper``) ``L^H``, of Hermitian positive-definite matrices.

    Only that triangle of A is read. LinAlgError, a RuntimeError, for a matrix that is not positive-definite.

    >>> import wengert as torch
    >>> torch.linalg.cholesky(torch.tensor([[4., 2.], [2., 5.]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    require_flags("linalg.cholesky", upper=upper)
    made = reduce(rows.cholesky, square("linalg.cholesky", A), {"upper": upper, "check": True})
    return made if out is None else deliver(made, out)


def cholesky_ex(A: Any, *, upper: bool = False, check_errors: bool = False, out: Any = None) -> Any:
    """Return `cholesky`'s factors and, for each, the order of the first minor that is not positive (0: none)."""
    require_flags("linalg.cholesky_ex", upper=upper, check_errors=check_errors)
    x = square("linalg.cholesky_ex", A)
    factor = reduce(rows.cholesky, x, {"upper": upper, "check": check_errors})
    made = returned.linalg_cholesky_ex(factor, rows.cholesky_info(x, upper=upper))
    return made if out is None else deliver(made, out)


def solve_triangular(
    A: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False, out: Any = None
) -> Any:
    """Return the X of ``A X = B``, or (``left=False``) of ``X A = B``, of a triangular A: its other half is not read.

    With ``unitriangular`` the diagonal counts as ones. A zero on the diagonal gives infinities. Stacks broadcast.

    >>> import wengert as torch
    >>> A = torch.tensor([[2., 9.], [1., 1.]])
    >>> torch.linalg.solve_triangular(A, torch.tensor([[2.], [3.]]), upper=False)
    tensor([[1.],
            [2.]])
    """
    require_flags("linalg.solve_triangular", upper=upper, left=left, unitriangular=unitriangular)
    op = "linalg.solve_triangular"
    square(op, A)
    matrices(op, B, "B")
    alike(op, A, B)
    if A.shape[-1] != B.shape[-2 if left else -1]:
        raise ShapeError(
            f"{op}: Incompatible shapes of A and B for the equation {'AX = B' if left else 'XA = B'} "
            f"({shape_text(A.shape)} and {shape_text(B.shape)})."
        )
    A, B = broadcast_stacks(op, A, B)
    made = rows.solve_triangular(A, B, upper=upper, left=left, unit=unitriangular)
    return made if out is None else deliver(made, out)


def qr(A: Any, mode: str = "reduced", *, out: Any = None) -> Any:
    """Return Q with orthonormal columns and the upper triangular R of ``A = Q R``.

    ``mode`` is ``"reduced"``, ``"complete"`` (a square Q) or ``"r"`` (an empty Q). With more rows than columns, only
    ``"reduced"`` has a derivative; ``"r"`` has none.

    >>> import wengert as torch
    >>> torch.linalg.qr(torch.tensor([[3.], [4.]])).R.abs()
    tensor([[5.]])
    """
    op = "linalg.qr"
    x = matrices(op, A)
    if mode not in ("reduced", "complete", "r"):
        raise ShapeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'."
        )
    q, r = spectral.qr(x, mode=mode)
    if mode == "r":
        q = filled.empty((0,), dtype=x.dtype, device=x.device)
    made = returned.linalg_qr(q, r)
    return made if out is None else deliver(made, out)


def lu_factor(A: Any, *, pivot: bool = True, out: Any = None) -> Any:
    """Return both factors of ``A = P L U`` in one matrix, and LAPACK's pivots, which `lu_solve` takes.

    ``pivot=False`` is not supported. LinAlgError for a matrix whose U is singular.
    """
    require_flags("linalg.lu_factor", pivot=pivot)
    x = _pivoted("linalg.lu_factor", A, pivot)
    made = returned.linalg_lu_factor(*rows.lu_factor(x, check=True))
    return made if out is None else deliver(made, out)


def lu_factor_ex(A: Any, *, pivot: bool = True, check_errors: bool = False, out: Any = None) -> Any:
    """Return `lu_factor`'s results and, for each matrix, the first column without pivot (0: none)."""
    require_flags("linalg.lu_factor_ex", pivot=pivot, check_errors=check_errors)
    x = _pivoted("linalg.lu_factor_ex", A, pivot)
    made = returned.linalg_lu_factor_ex(
        *rows.lu_factor(x, check=check_errors), linalg.gauss_info(x)
    )
    return made if out is None else deliver(made, out)


def _pivoted(op: str, x: Any, pivot: bool) -> Any:
    matrices(op, x)
    if not pivot:
        raise ShapeError(
            f"{op}: LU without pivoting is not implemented on the CPU. Leave out `pivot=False`."
        )
    return x


def lu(A: Any, *, pivot: bool = True, out: Any = None) -> Any:
    """Return the permutation P, the unit lower L and the upper U of ``A = P L U``.

    >>> import wengert as torch
    >>> P, L, U = torch.linalg.lu(torch.tensor([[1., 2.], [2., 2.]]))
    >>> L, U
    (tensor([[1.0000, 0.0000],
            [0.5000, 1.0000]]), tensor([[2., 2.],
            [0., 1.]]))
    """
    require_flags("linalg.lu", pivot=pivot)
    x = _pivoted("linalg.lu", A, pivot)
    factors, pivots = rows.lu_factor(x, check=False)
    made = returned.linalg_lu(*unpacked(factors, pivots))
    return made if out is None else deliver(made, out)


def unpacked(factors: Any, pivots: Any) -> tuple[Any, Any, Any]:
    """Return P, L and U out of what `lu_factor` returns."""
    order = rows.pivot_matrix(pivots, rows=factors.shape[-2], dtype=dtype_of(factors))
    return order, rows.unit_lower(factors), rows.upper_part(factors)


def lu_solve(
    LU: Any, pivots: Any, B: Any, *, left: bool = True, adjoint: bool = False, out: Any = None
) -> Any:
    """Return the X of ``A X = B``, or ``X A = B``, from the `lu_factor` of A; of ``A^H`` with ``adjoint``."""
    require_flags("linalg.lu_solve", adjoint=adjoint, left=left)
    op = "linalg.lu_solve"
    square(op, LU, "LU")
    inexact(op, B, "B")
    alike(op, LU, B, ("LU", "B"))
    if dtype_of(pivots) != "int32":
        raise ShapeError(
            f"{op}: pivots should be a Tensor of scalar type torch.int32, not {pivots.dtype}."
        )
    if B.ndim < 2 or LU.shape[-1] != B.shape[-2 if left else -1]:
        raise ShapeError(
            f"{op}: Incompatible shapes of A and B for the equation {'AX = B' if left else 'XA = B'} "
            f"({shape_text(LU.shape)} and {shape_text(B.shape)})."
        )
    order = rows.pivot_matrix(pivots, rows=LU.shape[-1], dtype=dtype_of(LU))
    LU, order, B = broadcast_stacks(op, LU, order, B)
    made = _lu_solved(LU, order, B, left, adjoint)
    return made if out is None else deliver(made, out)


def _lu_solved(LU: Any, order: Any, B: Any, left: bool, adjoint: bool) -> Any:
    """Divide by P L U, from the left or the right; ``A^H`` from one side is A from the other, on the adjoint."""
    if adjoint:
        return linalg.mH(_lu_solved(LU, order, linalg.mH(B), not left, False))
    if left:
        y = contraction.matmul(views.transpose(order, -1, -2), B)
        y = rows.solve_triangular(LU, y, upper=False, left=True, unit=True)
        return rows.solve_triangular(LU, y, upper=True, left=True, unit=False)
    y = rows.solve_triangular(LU, B, upper=True, left=False, unit=False)
    y = rows.solve_triangular(LU, y, upper=False, left=False, unit=True)
    return contraction.matmul(y, views.transpose(order, -1, -2))

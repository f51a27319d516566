"""Linear algebra as `torch` itself spells it, where names or arguments differ from `torch.linalg`'s."""

from __future__ import annotations

from typing import Any

from wengert.errors import ShapeError
from wengert.rules import factors as rows
from wengert.rules.linalg import mH
from wengert.tensor import elementary, filled, returned, views
from wengert.tensor.apply import deprecated
from wengert.tensor.comparison import where
from wengert.tensor.linalg import factoring, reflecting, solving, spectra
from wengert.tensor.linalg.checks import alike, broadcast_stacks, matrices, square
from wengert.tensor.linalg.solving import det as det
from wengert.tensor.linalg.solving import matrix_exp as matrix_exp
from wengert.tensor.linalg.solving import matrix_power as matrix_power
from wengert.tensor.numbers import double_of, require_flags
from wengert.tensor.out import deliver
from wengert.tensor.promotion import dtype_of

__all__ = [
    "cholesky", "cholesky_inverse", "cholesky_solve", "det", "inverse", "logdet", "lu", "lu_solve", "lu_unpack",
    "matrix_exp", "matrix_power", "orgqr", "pinverse", "qr", "slogdet", "svd", "triangular_solve",
]  # fmt: skip


def inverse(input: Any, *, out: Any = None) -> Any:
    """Return `linalg.inv` of a tensor."""
    return solving.inv(input, out=out)


def slogdet(input: Any, *, out: Any = None) -> Any:
    """Return `linalg.slogdet` of a tensor."""
    made = returned.slogdet(*solving.slogdet(input))
    return made if out is None else deliver(made, out)


def logdet(input: Any) -> Any:
    """Return the logarithm of the determinant, ``(..., n, n) -> (...)``: NaN for a negative one, -inf for 0.

    >>> import wengert as torch
    >>> torch.logdet(torch.eye(2) * 2)
    tensor(1.3863)
    """
    square("logdet", input)
    sign, size = solving.slogdet(input)
    if dtype_of(input).kind == "c":
        return elementary.log(sign) + size
    return where(sign == -1, float("nan"), size)


def orgqr(input: Any, tau: Any, *, out: Any = None) -> Any:
    """Return `linalg.householder_product` of reflections."""
    return reflecting.householder_product(input, tau, out=out)


def pinverse(input: Any, rcond: float = 1e-15) -> Any:
    """Return `linalg.pinv` with the relative tolerance ``rcond``."""
    rcond = double_of("pinverse", "rcond", rcond)
    return spectra.pinv(input, rtol=rcond)


def cholesky(input: Any, upper: bool = False, *, out: Any = None) -> Any:
    """Return `linalg.cholesky` of a tensor; deprecated by PyTorch in its favour."""
    require_flags("cholesky", upper=upper)
    deprecated("cholesky", "linalg.cholesky", "It takes the same arguments.")
    return factoring.cholesky(input, upper=upper, out=out)


def cholesky_solve(B: Any, L: Any, upper: bool = False, *, out: Any = None) -> Any:
    """Return the X of ``A X = B`` from the Cholesky factor of A: ``A = L L^H``, or (``upper``) ``A = L^H L``.

    >>> import wengert as torch
    >>> torch.cholesky_solve(torch.tensor([[4.]]), torch.tensor([[2.]]))
    tensor([[1.]])
    """
    require_flags("cholesky_solve", upper=upper)
    op = "cholesky_solve"
    matrices(op, B, "B")
    square(op, L, "A")
    alike(op, B, L, ("B", "L"))
    if B.shape[-2] != L.shape[-1]:
        raise ShapeError(
            f"{op}: Incompatible matrix sizes for {op}: each A matrix is {L.shape[-1]} by {L.shape[-1]} but each b "
            f"matrix is {B.shape[-2]} by {B.shape[-1]}."
        )
    L, B = broadcast_stacks(op, L, B)
    made = _divided(L, B, upper)
    return made if out is None else deliver(made, out)


def _divided(L: Any, B: Any, upper: bool) -> Any:
    lower, above = (mH(L), L) if upper else (L, mH(L))
    y = rows.solve_triangular(lower, B, upper=False, left=True, unit=False)
    return rows.solve_triangular(above, y, upper=True, left=True, unit=False)


def cholesky_inverse(L: Any, upper: bool = False, *, out: Any = None) -> Any:
    """Return the inverse of A from its Cholesky factor: ``A = L L^H``, or (``upper``) ``A = L^H L``."""
    require_flags("cholesky_inverse", upper=upper)
    square("cholesky_inverse", L)
    eye = views.expand(filled.eye(L.shape[-1], dtype=L.dtype, device=L.device), L.shape)
    made = _divided(L, eye, upper)
    return made if out is None else deliver(made, out)


def triangular_solve(
    b: Any, A: Any, upper: bool = True, transpose: bool = False, unitriangular: bool = False, *, out: Any = None
) -> Any:  # fmt: skip
    """Return the X of ``A X = b`` of a triangular A (or of ``A^T X = b``), and a copy of A.

    Deprecated by PyTorch in favour of `linalg.solve_triangular`.
    """
    require_flags("triangular_solve", upper=upper, transpose=transpose, unitriangular=unitriangular)
    op = "triangular_solve"
    deprecated(
        op, "linalg.solve_triangular", "Use `torch.linalg.solve_triangular(A, b, upper=...)`."
    )
    matrices(op, b, "b")
    square(op, A)
    alike(op, b, A, ("b", "A"))
    if A.shape[-1] != b.shape[-2]:
        raise ShapeError(
            f"{op}: Incompatible matrix sizes for {op}: each A matrix is {A.shape[-1]} by {A.shape[-1]} but each b "
            f"matrix is {b.shape[-2]} by {b.shape[-1]}."
        )
    A, b = broadcast_stacks(op, A, b)
    matrix = views.transpose(A, -1, -2) if transpose else A
    solution = rows.solve_triangular(
        matrix, b, upper=upper is not transpose, left=True, unit=unitriangular
    )
    made = returned.triangular_solve(solution, A.clone())
    return made if out is None else deliver(made, out)


def lu_solve(b: Any, LU_data: Any, LU_pivots: Any, *, out: Any = None) -> Any:
    """Return `linalg.lu_solve`, whose operands come in another order here; deprecated by PyTorch in its favour."""
    deprecated("lu_solve", "linalg.lu_solve", "Use `torch.linalg.lu_solve(LU, pivots, B)`.")
    return factoring.lu_solve(LU_data, LU_pivots, b, out=out)


def lu(A: Any, pivot: bool = True, get_infos: bool = False, out: Any = None) -> tuple[Any, ...]:
    """Return `linalg.lu_factor`'s results, and with ``get_infos`` `lu_factor_ex`'s; deprecated by PyTorch.

    A matrix whose U is singular is factored all the same.
    """
    require_flags("lu", pivot=pivot, get_infos=get_infos)
    deprecated(
        "lu", "linalg.lu_factor", "Use `torch.linalg.lu_factor(A)`, or `lu_factor_ex` for infos."
    )
    found = factoring.lu_factor_ex(A, pivot=pivot)
    made = returned.lu_with_info(*found) if get_infos else tuple(found[:2])
    return made if out is None else deliver(made, out)


def lu_unpack(
    LU_data: Any, LU_pivots: Any, unpack_data: bool = True, unpack_pivots: bool = True, *, out: Any = None
) -> Any:  # fmt: skip
    """Return P, L and U out of what `linalg.lu_factor` returns; what is not unpacked is empty."""
    require_flags("lu_unpack", unpack_data=unpack_data, unpack_pivots=unpack_pivots)
    matrices("lu_unpack", LU_data, "LU_data")
    order, lower, upper = factoring.unpacked(LU_data, LU_pivots)
    empty = filled.empty((0,), dtype=LU_data.dtype, device=LU_data.device)
    made = returned.lu_unpack(
        order if unpack_pivots else empty,
        *((lower, upper) if unpack_data else (empty, empty.clone())),
    )
    return made if out is None else deliver(made, out)


def qr(input: Any, some: bool = True, *, out: Any = None) -> Any:
    """Return `linalg.qr`; ``some`` is its reduced mode. Deprecated by PyTorch in its favour."""
    require_flags("qr", some=some)
    deprecated("qr", "linalg.qr", "Use `mode='reduced'` for `some=True`, and 'complete' otherwise.")
    made = returned.qr(*factoring.qr(input, "reduced" if some else "complete"))
    return made if out is None else deliver(made, out)


def svd(input: Any, some: bool = True, compute_uv: bool = True, *, out: Any = None) -> Any:
    """Return U, S and V of ``input = U diag(S) V^H``: `linalg.svd` with V in the place of its adjoint.

    Without ``some`` U and V are square; without ``compute_uv`` they are zeros.
    """
    require_flags("svd", some=some, compute_uv=compute_uv)
    matrices("linalg.svd", input)
    m, n = input.shape[-2:]
    if compute_uv:
        u, s, vh = spectra.svd(input, full_matrices=not some)
        made = returned.svd(u, s, mH(vh))
    else:
        leading = tuple(input.shape[:-2])
        zeros = [
            filled.zeros((*leading, k, k), dtype=input.dtype, device=input.device) for k in (m, n)
        ]
        made = returned.svd(zeros[0], spectra.svdvals(input), zeros[1])
    return made if out is None else deliver(made, out)

"""Factors of symmetric matrices that need not be definite, as `torch.linalg` spells them."""

from __future__ import annotations

from typing import Any

from wengert.core import dtypes
from wengert.errors import DTypeError, OutOfRangeError, ShapeError, shape_text
from wengert.rules import ldl as rows
from wengert.rules import linalg
from wengert.rules.factors import solve_triangular
from wengert.tensor import contraction, returned, views
from wengert.tensor.linalg.checks import alike, broadcast_stacks, square
from wengert.tensor.numbers import require_flags
from wengert.tensor.out import deliver
from wengert.tensor.promotion import dtype_of, require_tensor

__all__ = ["ldl_factor", "ldl_factor_ex", "ldl_solve"]


def ldl_factor(A: Any, *, hermitian: bool = False, out: Any = None) -> Any:
    """Return factors of a symmetric or, with ``hermitian``, Hermitian matrix, and pivots, as `ldl_solve` takes them.

    ``A = P L D L^T P^T``, with ``L^H`` for a Hermitian one; D has blocks 1x1 and 2x2 (Bunch and Kaufman), so A need not
    be definite. LD and pivots are LAPACK's for the lower triangle, which alone is read. ``A: (*, n, n)``, of floats or
    complex numbers; ``pivots: (*, n)``, int32. The exchanges of rows count as constant; the gradient is symmetric, too.

    LinAlgError, a RuntimeError, for a matrix whose D is singular.

    >>> import wengert as torch
    >>> LD, pivots = torch.linalg.ldl_factor(torch.tensor([[4., 2.], [2., 3.]]))
    >>> LD
    tensor([[4.0000, 0.0000],
            [0.5000, 2.0000]])
    """
    require_flags("linalg.ldl_factor", hermitian=hermitian)
    x = _symmetric("linalg.ldl_factor", A)
    made = returned.linalg_ldl_factor(*rows.ldl_factor(x, hermitian=hermitian, check=True)[:2])
    return made if out is None else deliver(made, out)


def ldl_factor_ex(
    A: Any, *, hermitian: bool = False, check_errors: bool = False, out: Any = None
) -> Any:
    """Return `ldl_factor`'s results and, for each matrix, which block of D is zero (from 1; 0: none).

    LinAlgError for such a one only with ``check_errors``.
    """
    require_flags("linalg.ldl_factor_ex", hermitian=hermitian, check_errors=check_errors)
    x = _symmetric("linalg.ldl_factor_ex", A)
    found = rows.ldl_factor(x, hermitian=hermitian, check=check_errors)
    made = returned.linalg_ldl_factor_ex(*found)
    return made if out is None else deliver(made, out)


def ldl_solve(LD: Any, pivots: Any, B: Any, *, hermitian: bool = False, out: Any = None) -> Any:
    """Return the X of ``A X = B`` from the `ldl_factor` of A, made with the same ``hermitian``.

    ``LD: (*, n, n)``, ``pivots: (*, n)`` of integers, ``B: (*, n, k)``; stacks broadcast. Differentiable in LD and B.
    RuntimeError for shapes and dtypes that do not fit, and for what are no pivots.

    >>> import wengert as torch
    >>> A = torch.tensor([[0., 2.], [2., 0.]])
    >>> torch.linalg.ldl_solve(*torch.linalg.ldl_factor(A), torch.tensor([[2.], [4.]]))
    tensor([[2.],
            [1.]])
    """
    op = "linalg.ldl_solve"
    require_flags(op, hermitian=hermitian)
    _symmetric(op, LD, "LD")
    require_tensor(op, B, "B")
    require_tensor(op, pivots, "pivots")
    if B.ndim < 2:
        raise OutOfRangeError(
            f"{op}: B must have at least 2 dimensions, but has shape {shape_text(B.shape)}. Use `B.unsqueeze(-1)`."
        )
    if LD.shape[-1] != B.shape[-2]:
        raise ShapeError(
            f"{op}: Incompatible matrix sizes for linalg.ldl_solve: each A matrix is {LD.shape[-1]} by {LD.shape[-1]} "
            f"but each b matrix is {B.shape[-2]} by {B.shape[-1]}."
        )
    alike(op, LD, B, ("LD", "B"))
    if dtypes.kind(dtype_of(pivots)) not in "iu":
        raise DTypeError(
            f"{op}: Expected pivots to be integers. Got {pivots.dtype}: pass those of `ldl_factor`."
        )
    if tuple(pivots.shape) != tuple(LD.shape[:-1]):
        raise ShapeError(
            f"{op}: Expected LD.shape[:-1] and pivots.shape to be the same, but got pivots with shape "
            f"{shape_text(pivots.shape)} instead, for LD of shape {shape_text(LD.shape)}."
        )
    lower, blocks, order, *_ = rows.parts(LD, pivots, hermitian)
    lower, blocks, order, B = broadcast_stacks(op, lower, blocks, order, B)
    y = contraction.matmul(order, B)
    y = solve_triangular(lower, y, upper=False, left=True, unit=True)
    y = linalg.solve(blocks, y, vector=False, check=False)
    upper = linalg.mH(lower) if hermitian else views.transpose(lower, -1, -2)
    y = solve_triangular(upper, y, upper=True, left=True, unit=True)
    made = contraction.matmul(views.transpose(order, -1, -2), y)
    return made if out is None else deliver(made, out)


def _symmetric(op: str, x: Any, name: str = "A") -> Any:
    """Return square matrices of at least 32 bits; NotImplementedError for fewer bits, RuntimeError for the rest."""
    require_tensor(op, x, name)
    if dtypes.kind(dtype_of(x)) == "f" and dtype_of(x).itemsize < 4:
        raise NotImplementedError(f'"{op}" not implemented for {x.dtype}. Use `{name}.float()`.')
    return square(op, x, name)

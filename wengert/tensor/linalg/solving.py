"""Determinants, inverses, and the solution of linear systems, as `torch.linalg` spells them."""

from __future__ import annotations

import math
from typing import Any

from wengert.core.shapes import axis_of
from wengert.errors import ShapeError, shape_text
from wengert.rules import linalg as rows
from wengert.rules import memory, structural
from wengert.tensor import contraction, filled, returned, views
from wengert.tensor.linalg.checks import alike, broadcast_stacks, inexact, square
from wengert.tensor.numbers import require_flags, whole_of
from wengert.tensor.out import deliver
from wengert.tensor.promotion import require_tensor
from wengert.tensor.reductions import reduce

__all__ = [
    "det", "inv", "inv_ex", "matrix_exp", "matrix_power", "slogdet", "solve", "solve_ex", "tensorinv", "tensorsolve",
]  # fmt: skip


def det(A: Any, *, out: Any = None) -> Any:
    """Return the determinant of square matrices, ``(..., n, n) -> (...)``.

    Its gradient, the transposed adjugate, is exact at singular matrices of any rank, and so is the second derivative.

    >>> import wengert as torch
    >>> x = torch.tensor([[1., 2.], [2., 4.]], requires_grad=True)
    >>> torch.linalg.det(x).backward()
    >>> x.grad
    tensor([[ 4., -2.],
            [-2.,  1.]])
    """
    made = reduce(rows.det, square("linalg.det", A), {})
    return made if out is None else deliver(made, out)


def slogdet(A: Any, *, out: Any = None) -> Any:
    """Return the sign of the determinant and the logarithm of its modulus, which neither overflow nor vanish.

    >>> import wengert as torch
    >>> tuple(torch.linalg.slogdet(torch.eye(2) * -1e30))
    (tensor(1.), tensor(138.1551))
    """
    made = returned.linalg_slogdet(*rows.slogdet(square("linalg.slogdet", A)))
    return made if out is None else deliver(made, out)


def inv(A: Any, *, out: Any = None) -> Any:
    """Return the inverses of square matrices. LinAlgError, a RuntimeError, for a singular one, which it names.

    >>> import wengert as torch
    >>> torch.linalg.inv(torch.tensor([[2., 0.], [0., 4.]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    made = reduce(rows.inv, square("linalg.inv", A), {"check": True})
    return made if out is None else deliver(made, out)


def inv_ex(A: Any, *, check_errors: bool = False, out: Any = None) -> Any:
    """Return inverses and, for each, the column at which elimination found no pivot, 0 where it always did.

    A singular matrix has an inverse of NaN, or raises with ``check_errors``.
    """
    require_flags("linalg.inv_ex", check_errors=check_errors)
    x = square("linalg.inv_ex", A)
    inverse = reduce(rows.inv, x, {"check": check_errors})
    made = returned.linalg_inv_ex(inverse, rows.gauss_info(x))
    return made if out is None else deliver(made, out)


def solve(A: Any, B: Any, *, left: bool = True, out: Any = None) -> Any:
    """Return the X of ``A X = B``, or of ``X A = B`` for ``left=False``: ``(..., n, n) (..., n, k) -> (..., n, k)``.

    B may hold vectors: where it is one, or has the shape of A without its last dimension. Stacks broadcast.
    LinAlgError, a RuntimeError, for a singular A.

    >>> import wengert as torch
    >>> torch.linalg.solve(torch.tensor([[2., 0.], [0., 4.]]), torch.tensor([1., 1.]))
    tensor([0.5000, 0.2500])
    """
    require_flags("linalg.solve", left=left)
    made = _solved("linalg.solve", A, B, left, True)
    return made if out is None else deliver(made, out)


def solve_ex(
    A: Any, B: Any, *, left: bool = True, check_errors: bool = False, out: Any = None
) -> Any:
    """Return `solve`'s solution, NaN where A is singular, and where elimination found no pivot (0: nowhere)."""
    require_flags("linalg.solve_ex", left=left, check_errors=check_errors)
    result = _solved("linalg.solve_ex", A, B, left, check_errors)
    made = returned.linalg_solve_ex(result, rows.gauss_info(A))
    return made if out is None else deliver(made, out)


def _solved(op: str, A: Any, B: Any, left: bool, check: bool) -> Any:
    square(op, A)
    alike(op, A, B)
    vector = B.ndim == 1 or (A.ndim - 1 == B.ndim and tuple(B.shape) == tuple(A.shape[:-1]))
    if vector:
        if not left:
            raise ShapeError(
                f"{op}: Vector broadcasting of the left hand side is not supported for left=False. Use "
                f"`B.unsqueeze(-2)`."
            )
        if B.shape[-1] != A.shape[-1]:
            raise _incompatible(op, A, B)
        if B.ndim == 1 and A.ndim > 2:
            B = views.expand(B, A.shape[:-1])
        return rows.solve(A, B, vector=True, check=check)
    if B.ndim < 2 or A.shape[-1] != B.shape[-2 if left else -1]:
        raise _incompatible(op, A, B, left)
    A, B = broadcast_stacks(op, A, B)
    if left:
        return rows.solve(A, B, vector=False, check=check)
    turned = rows.solve(
        views.transpose(A, -1, -2), views.transpose(B, -1, -2), vector=False, check=check
    )
    return views.transpose(turned, -1, -2)


def _incompatible(op: str, A: Any, B: Any, left: bool = True) -> ShapeError:
    equation = "AX = B" if left else "XA = B"
    return ShapeError(
        f"{op}: Incompatible shapes of A and B for the equation {equation} ({shape_text(A.shape)} and "
        f"{shape_text(B.shape)})."
    )


def tensorinv(A: Any, ind: int = 2, *, out: Any = None) -> Any:
    """Return the inverse of `tensordot` with A over its last dimensions, of which the first ``ind`` are the rows.

    The sizes of the first ``ind`` dimensions have the product of the others'. RuntimeError otherwise.
    """
    op = "linalg.tensorinv"
    inexact(op, A)
    if ind <= 0:
        raise ShapeError(f"{op}: expected a strictly positive integer for 'ind', got {ind}.")
    first, rest = tuple(A.shape[:ind]), tuple(A.shape[ind:])
    n = math.prod(first)
    if n != math.prod(rest):
        raise ShapeError(
            f"{op}: Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got "
            f"{math.prod(rest)} != {n}."
        )
    made = views.reshape(inv(views.reshape(A, (n, n))), (*rest, *first))
    return made if out is None else deliver(made, out)


def tensorsolve(A: Any, B: Any, dims: Any = None, *, out: Any = None) -> Any:
    """Return the X of ``tensordot(A, X, X.ndim) = B``; ``dims`` of A move to its end first."""
    op = "linalg.tensorsolve"
    inexact(op, A)
    alike(op, A, B)
    if dims is not None:
        moved = [axis_of(op, d, A.ndim) for d in dims]
        A = views.permute(A, [*(i for i in range(A.ndim) if i not in moved), *moved])
    rest = tuple(A.shape[B.ndim :])
    n = math.prod(rest)
    if n != B.numel() or A.numel() != n * n:
        raise ShapeError(
            f"{op}: Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape"
            f"[:other.ndim]), but got {n} != {B.numel()}."
        )
    made = views.reshape(solve(views.reshape(A, (n, n)), views.reshape(B, (n,))), rest)
    return made if out is None else deliver(made, out)


def matrix_power(A: Any, n: int, *, out: Any = None) -> Any:
    """Return ``A`` times itself, ``n`` factors in all; of the inverse for negative ``n``, of none (1) for 0.

    >>> import wengert as torch
    >>> torch.linalg.matrix_power(torch.tensor([[1., 1.], [0., 1.]]), -3)
    tensor([[ 1., -3.],
            [ 0.,  1.]])
    """
    op = "linalg.matrix_power"
    require_tensor(op, A, "A")
    n = whole_of(op, "n", n)
    x = square(op, A) if n < 0 or A.ndim < 2 else _square_of_any_dtype(op, A)
    if n < 0:
        x, n = inv(x), -n
    made = _power(x, n)
    return made if out is None else deliver(made, out)


def _square_of_any_dtype(op: str, x: Any) -> Any:
    if x.shape[-1] != x.shape[-2]:
        raise ShapeError(
            f"{op}: A must be batches of square matrices, but they are {x.shape[-2]} by {x.shape[-1]} matrices."
        )
    return x


def _power(x: Any, n: int) -> Any:
    if n == 0:
        return structural.clone_by_rows(memory.zero(x)) + filled.eye(
            x.shape[-1], dtype=x.dtype, device=x.device
        )
    if n == 1:
        return x.clone()
    out = None
    while n:
        if n & 1:
            out = x if out is None else contraction.matmul(out, x)
        n >>= 1
        if n:
            x = contraction.matmul(x, x)
    return out


def matrix_exp(A: Any) -> Any:
    """Return the exponential of square matrices, ``1 + A + A^2 / 2 + ...``.

    >>> import wengert as torch
    >>> torch.linalg.matrix_exp(torch.tensor([[0., 1.], [0., 0.]]))
    tensor([[1., 1.],
            [0., 1.]])
    """
    return reduce(rows.matrix_exp, square("linalg.matrix_exp", A), {})

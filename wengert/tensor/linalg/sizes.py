"""Norms of vectors and matrices and the condition number, as `torch.linalg` spells them."""

from __future__ import annotations

import math
from typing import Any

from wengert.core import dtypes
from wengert.core.shapes import axis_of
from wengert.errors import ShapeError
from wengert.rules import linalg as rows
from wengert.tensor import comparison, elementary, reductions, views
from wengert.tensor.linalg.checks import matrices, square
from wengert.tensor.linalg.spectra import svdvals
from wengert.tensor.norms import vector_norm
from wengert.tensor.numbers import real_of
from wengert.tensor.out import deliver
from wengert.tensor.promotion import cast_to, require_tensor

__all__ = ["cond", "matrix_norm", "norm", "vector_norm"]


def norm(
    A: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *, out: Any = None, dtype: Any = None
) -> Any:  # fmt: skip
    """Return a norm of a vector or of matrices: `vector_norm` for one ``dim``, `matrix_norm` for two.

    Without ``ord`` it is the 2-norm of all elements along ``dim`` (all of them by default), else the tensor must have
    one or two dimensions where no ``dim`` says which.

    >>> import wengert as torch
    >>> torch.linalg.norm(torch.tensor([[3., 0.], [4., 0.]]), 1)
    tensor(7.)
    """
    op = "linalg.norm"
    require_tensor(op, A, "A")
    dims = (dim,) if isinstance(dim, int) else dim
    if ord is not None:
        if dims is not None and len(dims) not in (1, 2):
            raise ShapeError(
                f"{op}: If dim is specified, it must be of length 1 or 2. Got {list(dims)}."
            )
        if dims is None and A.ndim not in (1, 2):
            raise ShapeError(
                f"{op}: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.ndim}D."
            )
        if (A.ndim if dims is None else len(dims)) == 2:
            made = matrix_norm(A, ord, (0, 1) if dims is None else dims, keepdim, dtype=dtype)
            return made if out is None else deliver(made, out)
        if isinstance(ord, str):
            raise ShapeError(f"{op}: Order {ord} not supported for vectors. Use a number.")
    made = vector_norm(A, 2 if ord is None else ord, dims, keepdim, dtype=dtype)
    return made if out is None else deliver(made, out)


def matrix_norm(
    A: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None, out: Any = None
) -> Any:  # fmt: skip
    """Return a norm of the matrices in two dimensions.

    ``"fro"``: of all elements; ``"nuc"``: the sum of the singular values; 2 and -2: the largest and the smallest of
    them; inf and -inf (1 and -1): the largest and smallest sum of magnitudes along rows (columns).

    >>> import wengert as torch
    >>> torch.linalg.matrix_norm(torch.tensor([[3., 0.], [0., -4.]]), 2)
    tensor(4.)
    """
    made = _matrix_norm("linalg.matrix_norm", A, ord, dim, keepdim, dtype)
    return made if out is None else deliver(made, out)


def _matrix_norm(op: str, A: Any, ord: Any, dim: Any, keepdim: bool, dtype: Any) -> Any:
    if not isinstance(ord, str):
        ord = real_of(op, "ord", ord)
    spectral = ord in (2, -2, "nuc")
    matrices(op, A, half=not spectral)
    if isinstance(dim, int) or len(dim) != 2:
        raise ShapeError(f"{op}: dim must be a 2-tuple. Got {dim}.")
    row, column = (axis_of(op, d, A.ndim) for d in dim)
    if row == column:
        raise ShapeError(f"{op}: dims must be different. Got {tuple(dim)}.")
    if dtype is not None:
        A = cast_to(A, dtypes.to_numpy(dtype))
    if ord == "fro":
        return vector_norm(A, 2, (row, column), keepdim)
    if spectral:
        rest = [d for d in range(A.ndim) if d not in (row, column)]
        values = svdvals(views.permute(A, [*rest, row, column]))
        made = reductions.sum(values, -1) if ord == "nuc" else _extreme(values, -1, ord > 0, False)
        return _restored(made, sorted((row, column))) if keepdim else made
    if isinstance(ord, str) or abs(ord) not in (1, math.inf):
        raise ShapeError(
            f"{op}: Order {ord} not supported. Use 'fro', 'nuc', inf, -inf, 1, -1, 2 or -2."
        )
    along, over = (column, row) if math.isinf(ord) else (row, column)
    sums = reductions.sum(elementary.abs(A), along, keepdim=True)
    made = _extreme(sums, over, ord > 0, True)
    return made if keepdim else views.squeeze(made, (row, column))


def _extreme(x: Any, dim: int, largest: bool, keepdim: bool) -> Any:
    if largest and not x.shape[dim]:  # the largest of no magnitudes
        return reductions.sum(x, dim, keepdim)
    return (reductions.amax if largest else reductions.amin)(x, dim, keepdim)


def _restored(x: Any, dims: list[int]) -> Any:
    """Put dimensions of size 1 back where they were taken out."""
    for d in dims:
        x = views.unsqueeze(x, d)
    return x


def cond(A: Any, p: Any = None, *, out: Any = None) -> Any:
    """Return the condition number in a norm of `matrix_norm`: ``norm(A) * norm(inv(A))``; infinite where A is singular.

    The default is the ratio of the largest to the smallest singular value, for which A need not be square.

    >>> import wengert as torch
    >>> torch.linalg.cond(torch.tensor([[8., 0.], [0., 2.]]))
    tensor(4.)
    """
    op = "linalg.cond"
    if p is not None and not isinstance(p, str):
        p = real_of(op, "p", p)
    if p in (None, 2, -2, "nuc"):
        values = svdvals(square(op, A) if p == "nuc" else matrices(op, A))
        made = _ratio(values, p)
    else:
        x = square(op, A)
        if isinstance(p, str) and p != "fro":
            raise ShapeError(
                f"{op}: got an invalid norm type: {p}. Use 'fro', 'nuc', inf, -inf, 1, -1, 2 or -2."
            )
        singular = views.unsqueeze(views.unsqueeze(rows.gauss_info(x), -1), -1) != 0
        inverse = comparison.where(singular, math.inf, rows.inv(x, check=False))
        made = matrix_norm(x, p) * matrix_norm(inverse, p)
    return made if out is None else deliver(made, out)


def _ratio(values: Any, p: Any) -> Any:
    """Return a condition number out of singular values, 0 where there are none."""
    if not values.shape[-1]:
        return reductions.sum(values, -1)
    if p == "nuc":
        return reductions.sum(values, -1) * reductions.sum(1 / values, -1)
    first, last = values[..., 0], values[..., -1]
    return last / first if p == -2 else first / last

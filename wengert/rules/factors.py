"""Rows that factor matrices by elimination: triangular systems, the factors of Cholesky and of Gauss.

Stacks and derivatives are as in `linalg.py`.
"""

from __future__ import annotations

import builtins
import math
from contextlib import suppress
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import constant, general
from wengert.core.strides import hollow
from wengert.errors import LinAlgError
from wengert.rules.arrangement import tril, triu
from wengert.rules.contraction import _swap, matmul
from wengert.rules.linalg import (
    diagonal_matrix,
    diagonals,
    each_matrix,
    element,
    first_failure,
    infos,
    lapack,
    like_last,
    mH,
    ones_like,
    same,
)
from wengert.rules.structural import cat, numpy_dtype, slice_
from wengert.rules.windows import diag_embed


def _solve_triangular(x: Array, y: Array, *, upper: bool, left: bool, unit: bool) -> Array:
    count, n = math.prod(x.shape[:-2]), x.shape[-1]
    if not y.size:
        return y.copy()
    if count > 4 and n <= 32:
        # A loop over many small matrices takes longer than elimination that finds nothing to eliminate.
        with suppress(np.linalg.LinAlgError):
            return _solve_at_once(x, y, upper, left, unit)
    trsm = lapack("trsm", x.dtype)
    if x.ndim == 2:
        return np.ascontiguousarray(trsm(1, x, y, side=not left, lower=not upper, diag=unit))
    out = np.empty(y.shape, y.dtype)
    for a, b, into in zip(each_matrix(x), each_matrix(y), each_matrix(out), strict=True):
        into[...] = trsm(1, a, b, side=not left, lower=not upper, diag=unit)
    return out


def _solve_at_once(x: Array, y: Array, upper: bool, left: bool, unit: bool) -> Array:
    a = (np.triu if upper else np.tril)(x)
    if unit:
        a[..., range(x.shape[-1]), range(x.shape[-1])] = 1
    if left:
        return np.linalg.solve(a, y)
    return np.linalg.solve(a.swapaxes(-1, -2), y.swapaxes(-1, -2)).swapaxes(-1, -2)


def _triangle(x: Any, upper: bool, unit: bool) -> Any:
    """Cut a cotangent or tangent to the elements that a triangular system reads."""
    return triu(x, diagonal=int(unit)) if upper else tril(x, diagonal=-int(unit))


def _triangular_second(ct: Any, x: Any, upper: bool, left: bool, unit: bool) -> Any:
    return solve_triangular(mH(x), ct, upper=not upper, left=left, unit=unit)


def _triangular_first(ct: Any, x: Any, out: Any, upper: bool, left: bool, unit: bool) -> Any:
    back = _triangular_second(ct, x, upper, left, unit)
    product = matmul(back, mH(out)) if left else matmul(mH(out), back)
    return -_triangle(product, upper, unit)


def _triangular_jvp(tangents: Any, x: Any, out: Any, upper: bool, left: bool, unit: bool) -> Any:
    moved_x, moved = tangents
    if moved_x is not None:
        part = _triangle(moved_x, upper, unit)
        product = matmul(part, out) if left else matmul(out, part)
        moved = -product if moved is None else moved - product
    return solve_triangular(x, moved, upper=upper, left=left, unit=unit)


solve_triangular = general(
    "solve_triangular", _solve_triangular, [_triangular_first, _triangular_second], _triangular_jvp,
    shift=same, backward_name="LinalgSolveTriangularBackward0",
)  # fmt: skip
"""``x^-1 y``, or (not ``left``) ``y x^-1``, of which only a triangle of ``x`` is read.

``unit``: its diagonal counts as ones. A zero on the diagonal gives infinities.
"""


def _cholesky(x: Array, *, upper: bool, check: bool) -> Array:
    if upper:
        lower = _cholesky(x.conj().swapaxes(-1, -2), upper=False, check=check)
        return np.array(lower.conj().swapaxes(-1, -2), order="C")
    try:
        return np.linalg.cholesky(x)
    except np.linalg.LinAlgError:
        if check:
            raise _indefinite(x) from None
    potrf = lapack("potrf", x.dtype)
    return np.stack([potrf(a, lower=True, clean=True)[0] for a in each_matrix(x)]).reshape(x.shape)


def _indefinite(x: Array) -> LinAlgError:
    at, order = first_failure("potrf", x.conj().swapaxes(-1, -2))
    return LinAlgError(
        f"linalg.cholesky: {element(x.shape, at)}The factorization could not be completed because the input is not "
        f"positive-definite (the leading minor of order {order} is not positive-definite). Add a small multiple of the "
        f"identity, or use `torch.linalg.eigh`."
    )


def _half(x: Any) -> Any:
    """Return the lower triangle with half of the diagonal."""
    return tril(x, diagonal=-1) + diagonal_matrix(diagonals(x) * 0.5)


def _cholesky_vjp(ct: Any, out: Any, upper: bool) -> Any:
    factor, ct = (mH(out), mH(ct)) if upper else (out, ct)
    inside = matmul(mH(factor), ct)
    below = tril(inside, diagonal=-1)
    inside = (below + mH(below) + diagonal_matrix(diagonals(inside))) * 0.5
    first = solve_triangular(mH(factor), inside, upper=True, left=True, unit=False)
    return solve_triangular(factor, first, upper=False, left=False, unit=False)


def _cholesky_jvp(tangents: Any, out: Any, upper: bool) -> Any:
    factor = mH(out) if upper else out
    first = solve_triangular(factor, tangents[0], upper=False, left=True, unit=False)
    inside = solve_triangular(mH(factor), first, upper=True, left=False, unit=False)
    moved = matmul(factor, _half(inside))
    return mH(moved) if upper else moved


cholesky = general(
    "cholesky", _cholesky, _cholesky_vjp, _cholesky_jvp, shift=same, outline=like_last,
    backward_name="LinalgCholeskyExBackward0",
)  # fmt: skip
"""The factor ``L`` of ``x = L L^H``, or (``upper``) ``L^H``; only that triangle of the Hermitian ``x`` is read.

The gradient is Hermitian, as if both triangles moved together (Murray, "Differentiation of the Cholesky
decomposition", 2016).
"""


def _cholesky_info(x: Array, *, upper: bool) -> Array:
    return infos("potrf", x if upper else x.conj().swapaxes(-1, -2))


cholesky_info = constant("cholesky_info", _cholesky_info, shift=same)
"""The order of the first leading minor of each matrix that is not positive, 0 where all are."""


def _lu_factor(x: Array, *, check: bool) -> tuple[Array, Array]:
    getrf = lapack("getrf", x.dtype)
    k = builtins.min(x.shape[-2:])
    out, pivots = np.empty(x.shape, x.dtype), np.empty((*x.shape[:-2], k), np.int32)
    if x.size:
        for a, factor, pivot in zip(
            each_matrix(x), each_matrix(out), pivots.reshape(-1, k), strict=True
        ):
            factor[...], pivot[...], info = getrf(a)
            if check and info > 0:
                raise LinAlgError(
                    f"linalg.lu_factor: U[{info},{info}] is zero, and using it on lu_solve would result in a division "
                    f"by zero. Call `torch.linalg.lu` or `torch.linalg.lu_factor_ex` for the factors all the same."
                )
    pivots += 1
    return out, pivots


def _pivot_matrix(x: Array, *, rows: int, dtype: np.dtype[Any]) -> Array:
    order = np.empty((*x.shape[:-1], rows), np.int64)
    order[...] = np.arange(rows)
    for i in range(x.shape[-1]):
        at = x[..., i, None].astype(np.int64) - 1
        here, there = order[..., i].copy(), np.take_along_axis(order, at, -1)
        np.put_along_axis(order, at, here[..., None], -1)
        order[..., i] = there[..., 0]
    return (order[..., None, :] == np.arange(rows)[:, None]).astype(dtype)


pivot_matrix = constant(
    "pivot_matrix", _pivot_matrix, shift=same,
    outline=lambda x, *, rows, dtype: hollow((*x.shape[:-1], rows, rows), dtype),
)  # fmt: skip
"""The permutation matrix that undoes the exchanges of rows which LAPACK's pivots (from 1) stand for."""


def _blocks(x: Any) -> tuple[Any, Any, Any]:
    """Return the square part of a matrix and what is below and to the right of it (None where nothing is)."""
    m, n = x.shape[-2:]
    k = builtins.min(m, n)
    square = slice_(x, index=(Ellipsis, slice(0, k), slice(0, k)))
    below = slice_(x, index=(Ellipsis, slice(k, m), slice(None))) if m > k else None
    right = slice_(x, index=(Ellipsis, slice(None), slice(k, n))) if n > k else None
    return square, below, right


def _joined(square: Any, below: Any, right: Any) -> Any:
    """Undo `_blocks`."""
    if below is not None:
        return cat(square, below, dim=square.ndim - 2)
    return square if right is None else cat(square, right, dim=square.ndim - 1)


def _under(factors: Any, y: Any, left: bool = True) -> Any:
    """Divide by the unit lower factor."""
    return solve_triangular(factors, y, upper=False, left=left, unit=True)


def _over(factors: Any, y: Any, left: bool = False) -> Any:
    """Divide by the upper factor."""
    return solve_triangular(factors, y, upper=True, left=left, unit=False)


def _lu_vjp(ct: Any, factors: Any, pivots: Any) -> Any:
    square, below, right = _blocks(factors)
    g, g_below, g_right = _blocks(ct[0])
    lower, upper = tril(g, diagonal=-1), triu(g, diagonal=0)
    # Below stands L2 = A2 U^-1, to the right U2 = L^-1 A2.
    if below is not None:
        g_below = mH(_over_adjoint(square, mH(g_below)))
        upper = upper - matmul(mH(below), g_below)
    if right is not None:
        g_right = _under_adjoint(square, g_right)
        lower = lower - matmul(g_right, mH(right))
    strict, whole = tril(square, diagonal=-1), triu(square, diagonal=0)
    inside = tril(lower + matmul(mH(strict), lower), diagonal=-1) + triu(
        matmul(upper, mH(whole)), diagonal=0
    )
    inner = mH(_over_adjoint(square, mH(_under_adjoint(square, inside))))
    back = _joined(inner, g_below, g_right)
    return matmul(pivot_matrix(pivots, rows=back.shape[-2], dtype=numpy_dtype(back)), back)


def _lu_jvp(tangents: Any, factors: Any, pivots: Any) -> tuple[Any, None]:
    order = pivot_matrix(pivots, rows=factors.shape[-2], dtype=numpy_dtype(factors))
    square, below, right = _blocks(factors)
    t, t_below, t_right = _blocks(matmul(_swap(order), tangents[0]))
    inside = _over(square, _under(square, t))
    part = tril(inside, diagonal=-1)
    lower = part + matmul(tril(square, diagonal=-1), part)
    upper = matmul(triu(inside, diagonal=0), triu(square, diagonal=0))
    if below is not None:
        t_below = _over(square, t_below - matmul(below, upper))
    if right is not None:
        t_right = _under(square, t_right - matmul(lower, right))
    return _joined(lower + upper, t_below, t_right), None


def _under_adjoint(factors: Any, y: Any) -> Any:
    return solve_triangular(mH(factors), y, upper=True, left=True, unit=True)


def _over_adjoint(factors: Any, y: Any) -> Any:
    """Return ``U^-1 y``: what stands on the right of a cotangent, where it was divided by ``U`` from the right."""
    return solve_triangular(factors, y, upper=True, left=True, unit=False)


def unit_lower(factors: Any) -> Any:
    """Return L, with ones on its diagonal, out of both factors in one matrix."""
    m, n = factors.shape[-2:]
    k = builtins.min(m, n)
    part = tril(slice_(factors, index=(Ellipsis, slice(0, k))), diagonal=-1)
    ones = ones_like(diagonals(part))
    rank = len(part.shape)
    return part + diag_embed(ones, offset=0, dim1=rank - 2, dim2=rank - 1, shape=tuple(part.shape))


def upper_part(factors: Any) -> Any:
    """Return U out of both factors in one matrix."""
    m, n = factors.shape[-2:]
    return triu(
        slice_(factors, index=(Ellipsis, slice(0, builtins.min(m, n)), slice(None))), diagonal=0
    )


def _lu_outline(x: Array, *, check: bool) -> tuple[Array, Array]:
    pivots = (*x.shape[:-2], builtins.min(x.shape[-2:]))
    return hollow(x.shape, x.dtype), hollow(pivots, np.int32)


lu_factor = general(
    "lu_factor", _lu_factor, _lu_vjp, _lu_jvp, outputs=("factors", "pivots"), shift=same,
    outline=_lu_outline,
    backward_name="LinalgLuFactorExBackward0",
)  # fmt: skip
"""Gauss's factors of ``x = P L U`` in one matrix, with LAPACK's pivots. The row exchanges count as constant."""

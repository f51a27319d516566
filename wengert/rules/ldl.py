"""The factors of symmetric matrices that need not be definite: Bunch and Kaufman's ``x = P L D L^T P^T``.

They come as LAPACK has them: the lower triangle of one matrix holds D, of blocks 1x1 and 2x2, and the columns of L,
each with its rows as they stood when it was eliminated; pivots say which rows were exchanged, negative ones (a pair)
that a block is 2x2. `ldl_layout` tells from the pivots where everything is. The exchanges count as constant.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import constant, general
from wengert.core.strides import hollow
from wengert.errors import LinAlgError, ShapeError
from wengert.rules.arrangement import tril
from wengert.rules.contraction import matmul
from wengert.rules.elementwise import keep_where
from wengert.rules.factors import solve_triangular
from wengert.rules.indexing import gather, scatter
from wengert.rules.linalg import each_matrix, element, lapack, mH, same, solve
from wengert.rules.structural import conj, numpy_dtype, transpose


def _ldl_layout(x: Array, *, dtype: np.dtype[Any]) -> tuple[Array, Array, Array]:
    n = x.shape[-1]
    rows, columns = np.indices((n, n))
    below = np.broadcast_to(rows > columns, (*x.shape, n)).copy()
    places = np.broadcast_to(rows, (*x.shape, n)).copy()
    order = np.broadcast_to(np.arange(n), x.shape).copy()
    vectors = math.prod(x.shape[:-1]), n
    stack = x.reshape(vectors), each_matrix(below), each_matrix(places), order.reshape(vectors)
    for pivots, *parts in zip(*stack, strict=True):
        _follow(pivots.astype(np.int64), *parts)
    return places, below, (order[..., None] == np.arange(n)).astype(dtype)


def _follow(pivots: Array, below: Array, places: Array, order: Array) -> None:
    """Exchange rows of what has been eliminated, one block after the other."""
    n, k = len(pivots), 0
    if (pivots == 0).any() or (abs(pivots) > n).any():
        raise ShapeError(
            f"linalg.ldl_solve: Pivots given to ldl_solve must all satisfy |pivot| >= 1, and be at most {n}, the "
            f"number of rows. Did you properly pass the result of ldl_factor?"
        )
    while k < n:
        width = 1 if pivots[k] > 0 else 2
        if width == 2:
            if k + 1 == n or pivots[k + 1] != pivots[k]:
                raise ShapeError(
                    f"linalg.ldl_solve: negative pivots come in pairs of equal ones, and pivot {pivots[k]} at {k} has "
                    f"none. Did you properly pass the result of ldl_factor?"
                )
            below[k + 1, k] = False
        last, other = k + width - 1, abs(pivots[k]) - 1
        order[[last, other]] = order[[other, last]]
        places[[last, other], :k] = places[[other, last], :k]
        k += width


ldl_layout = constant(
    "ldl_layout", _ldl_layout, shift=same, outputs=("places", "below", "order"),
    outline=lambda x, *, dtype: (
        hollow((*x.shape, x.shape[-1]), np.int64), hollow((*x.shape, x.shape[-1]), np.bool_),
        hollow((*x.shape, x.shape[-1]), dtype),
    ),
)  # fmt: skip
"""From LAPACK's pivots: the row of the one matrix in which each element of L is, where L has elements below its blocks,
and the matrix of all exchanges. ShapeError for what are no pivots."""


def _turned(x: Any, hermitian: bool) -> Any:
    return mH(x) if hermitian else transpose(x, dim0=x.ndim - 2, dim1=x.ndim - 1)


def parts(x: Any, pivots: Any, hermitian: bool) -> tuple[Any, Any, Any, Any, Any]:
    """Return L (without its ones), D and the exchanges out of what `ldl_factor` returns; `places` and `below`."""
    places, below, order = ldl_layout(pivots, dtype=numpy_dtype(x))
    return _lower(x, places, below), _blocks(x, below, hermitian), order, places, below


def _lower(x: Any, places: Any, below: Any) -> Any:
    return keep_where(gather(x, places, dim=x.ndim - 2), below)


def _in_blocks(x: Any, below: Any) -> Any:
    """Keep the lower halves of D's blocks."""
    return tril(keep_where(x, ~below), diagonal=0)


def _blocks(x: Any, below: Any, hermitian: bool) -> Any:
    half = _in_blocks(x, below)
    return half + _turned(tril(half, diagonal=-1), hermitian)


def _ldl_factor(x: Array, *, hermitian: bool, check: bool) -> tuple[Array, Array, Array]:
    name = "hetrf" if hermitian and x.dtype.kind == "c" else "sytrf"
    n, count = x.shape[-1], math.prod(x.shape[:-2])
    factors = np.zeros(x.shape, x.dtype)
    pivots, info = np.zeros(x.shape[:-1], np.int32), np.zeros(x.shape[:-2], np.int32)
    if not x.size:
        return factors, pivots, info
    factor, room = lapack(name, x.dtype), lapack(f"{name}_lwork", x.dtype)
    work = max(int(room(n, lower=1)[0].real), n)
    for i, a in enumerate(each_matrix(x)):
        made, exchanged, stopped = factor(a, lower=1, lwork=work)
        factors.reshape(count, n, n)[i], pivots.reshape(count, n)[i] = np.tril(made), exchanged
        info.reshape(count)[i] = stopped
        if check and stopped > 0:
            raise LinAlgError(
                f"linalg.ldl_factor: {element(x.shape, i)}D[{stopped},{stopped}] is zero: the matrix is singular, and "
                f"ldl_solve would divide by it. Use `torch.linalg.ldl_factor_ex` for the factors all the same."
            )
    return factors, pivots, info


def _ldl_vjp(ct: Any, factors: Any, pivots: Any, hermitian: bool) -> Any:
    lower, blocks, order, places, below = parts(factors, pivots, hermitian)
    moved = mH(solve(blocks, mH(_lower(ct[0], places, below)), vector=False, check=False))
    inside = keep_where(moved + matmul(mH(lower), moved), below) + _in_blocks(ct[0], below)
    left = solve_triangular(mH(lower), inside, upper=True, left=True, unit=True)
    right = lower if hermitian else conj(lower)
    whole = solve_triangular(right, left, upper=False, left=False, unit=True)
    back = matmul(mH(order), matmul(whole, order))
    return (back + _turned(back, hermitian)) * 0.5


def _ldl_jvp(tangents: Any, factors: Any, pivots: Any, hermitian: bool) -> Any:
    lower, blocks, order, places, below = parts(factors, pivots, hermitian)
    moved = (tangents[0] + _turned(tangents[0], hermitian)) * 0.5
    moved = matmul(order, matmul(moved, mH(order)))
    left = solve_triangular(lower, moved, upper=False, left=True, unit=True)
    inside = solve_triangular(_turned(lower, hermitian), left, upper=True, left=False, unit=True)
    change = keep_where(inside, below)
    change = mH(solve(mH(blocks), mH(change), vector=False, check=False))
    columns = keep_where(change + matmul(lower, change), below)
    shape = tuple(factors.shape)
    packed = scatter(columns, places, dim=factors.ndim - 2, shape=shape)
    return packed + _in_blocks(inside, below), None, None


def _ldl_outline(x: Array, **p: Any) -> tuple[Array, Array, Array]:
    shape = x.shape
    return hollow(shape, x.dtype), hollow(shape[:-1], np.int32), hollow(shape[:-2], np.int32)


ldl_factor = general(
    "ldl_factor", _ldl_factor, _ldl_vjp, _ldl_jvp, outputs=("factors", "pivots", "info"), shift=same,
    outline=_ldl_outline, backward_name="LinalgLdlFactorExBackward0",
)  # fmt: skip
"""The factors of a symmetric or ``hermitian`` matrix, of which the lower triangle is read, LAPACK's pivots, and the
first block of D that is zero (0: none)."""

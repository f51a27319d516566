"""Rows that solve: inverses, determinants, linear systems, and the exponential of a matrix.

Every operand is a matrix or a stack of matrices over the last two axes; operands of one call have the same leading
axes. Derivatives follow Giles, "An extended collection of matrix derivative results" (2008), in PyTorch's convention
for complex numbers: a gradient is the adjoint of the derivative. `factors.py` has factorizations, `spectral.py` what is
made of eigenvalues.
"""

from __future__ import annotations

import builtins
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import constant, general
from wengert.core.shapes import Shape
from wengert.core.strides import hollow
from wengert.errors import LinAlgError
from wengert.rules.contraction import _column, _row, _swap, _without_column, matmul
from wengert.rules.memory import zero
from wengert.rules.norms import alike
from wengert.rules.structural import (
    adjoint,
    as_dtype_of,
    cast,
    cat,
    numpy_dtype,
    reshape,
    slice_,
    sum,
)
from wengert.rules.windows import diag_embed, diagonal


def mH(x: Any) -> Any:
    """Return the conjugate transpose of each matrix."""
    return adjoint(_swap(x))


def diagonals(x: Any) -> Any:
    """Return the main diagonals of matrices as vectors."""
    return diagonal(x, offset=0, dim1=x.ndim - 2, dim2=x.ndim - 1)


def diagonal_matrix(x: Any) -> Any:
    """Return matrices with the given vectors on their main diagonals."""
    rank, n = len(x.shape), x.shape[-1]
    return diag_embed(x, offset=0, dim1=rank - 1, dim2=rank, shape=(*x.shape, n))


def ones_like(x: Any) -> Any:
    """Return ones of the shape and dtype of ``x``."""
    return as_dtype_of((x == x) | (x != x), x)


def traces(x: Any) -> Any:
    """Return the traces of square matrices."""
    return sum(diagonals(x), axis=(x.ndim - 2,), keepdim=False)


def scaled(number: Any, matrix: Any) -> Any:
    """Return each matrix times a number of its own, real or of the matrix's dtype."""
    return alike(reshape(number, shape=(*number.shape, 1, 1)), matrix) * matrix


def real(x: Any) -> Any:
    """Return the real parts in the real dtype."""
    dtype = numpy_dtype(x)
    return cast(x, dtype=dtype.type(0).real.dtype, source=dtype) if dtype.kind == "c" else x


def imaginary(x: Any) -> Any:
    """Return complex numbers with their real parts taken away, ``i * imag``; of real numbers nothing is left."""
    return x - alike(real(x), x)


def same(p: dict[str, Any], size: int) -> dict[str, Any]:
    """Leave the parameters alone: the row works over the last two axes."""
    return p


@functools.cache
def lapack(name: str, dtype: np.dtype[Any]) -> Any:
    """Return a function of LAPACK or BLAS for a dtype."""
    import scipy.linalg as linalg

    find = linalg.get_blas_funcs if name == "trsm" else linalg.get_lapack_funcs
    return find(name, dtype=dtype)


def each_matrix(x: Array) -> Array:
    """Return a stack of matrices with a single leading axis."""
    return x.reshape(math.prod(x.shape[:-2]), *x.shape[-2:])


def element(shape: Shape, at: int) -> str:
    """Say where in a batch something is; nothing when there is one matrix only."""
    return f"(Batch element {at}): " if len(shape) > 2 else ""


def first_failure(name: str, x: Array) -> tuple[int, int]:
    """Return which matrix of a stack LAPACK's factorization stops at, and at which column (from 1)."""
    found = infos(name, x).reshape(-1)
    at = int(np.flatnonzero(found)[0]) if found.any() else 0
    return at, int(found[at])


def infos(name: str, x: Array) -> Array:
    """Return the column (from 1) at which the factorization of each matrix stops, 0 where it does not."""
    factor = lapack(name, x.dtype)
    each = [builtins.max(0, factor(a)[-1]) for a in each_matrix(x)] if x.shape[-1] else 0
    return np.broadcast_to(np.asarray(each, np.int32), (math.prod(x.shape[:-2]),)).reshape(
        x.shape[:-2]
    )


def singular(op: str, x: Array) -> LinAlgError:
    """Word the error for a matrix without inverse."""
    at, column = first_failure("getrf", x)
    return LinAlgError(
        f"{op}: {element(x.shape, at)}The diagonal element {column} of the triangular factor is zero: the matrix is "
        f"singular. Use `torch.linalg.pinv` or `torch.linalg.lstsq`, or add a small multiple of the identity."
    )


def _regular_ones(solver: Callable[..., Array], x: Array, *others: Array) -> Array:
    """Apply a solver to each matrix of a stack by itself; NaN where it is singular."""
    found = []
    flat = [v.reshape(math.prod(x.shape[:-2]), *v.shape[x.ndim - 2 :]) for v in (x, *others)]
    for operands in zip(*flat, strict=True):
        try:
            found.append(solver(*operands))
        except np.linalg.LinAlgError:
            found.append(np.full_like(operands[-1], np.nan))
    return np.stack(found).reshape(x.shape[:-2] + found[0].shape)


def _inv(x: Array, *, check: bool) -> Array:
    try:
        return np.linalg.inv(x)
    except np.linalg.LinAlgError:
        if check:
            raise singular("linalg.inv", x) from None
        return _regular_ones(np.linalg.inv, x)


def like_last(*operands: Array, **params: Any) -> Array:
    """Return an array like the last operand: the outline of rows that refuse singular matrices."""
    return hollow(operands[-1].shape, operands[-1].dtype)


inv = general(
    "inv", _inv, lambda ct, out: -matmul(mH(out), matmul(ct, mH(out))),
    lambda tangents, out: -matmul(out, matmul(tangents[0], out)),
    shift=same, outline=like_last, backward_name="LinalgInvExBackward0",
)  # fmt: skip
"""The inverse. A singular matrix raises, or has an inverse of NaN where ``check`` is false."""

gauss_info = constant("gauss_info", lambda x: infos("getrf", x), shift=same)
"""The column (from 1) at which elimination finds no pivot in each matrix, 0 where it does not stop."""


def _regular_inverse(x: Array) -> Array | None:
    """Return the inverses of matrices; None where one is too near to a singular one to compute with its inverse."""
    try:
        inverse = np.linalg.inv(x)
    except np.linalg.LinAlgError:
        return None
    size = np.abs(x).sum(-1).max(-1, initial=0) * np.abs(inverse).sum(-1).max(-1, initial=0)
    return inverse if (size < 1 / np.sqrt(np.finfo(x.dtype).eps)).all() else None


def _adjugate(x: Array) -> Array:
    inverse = _regular_inverse(x)
    if inverse is not None:
        return np.linalg.det(x)[..., None, None] * inverse
    u, s, vh, turned = _svd_parts(x)
    before, after = _products_around(s)
    return turned * (
        vh.conj().swapaxes(-1, -2) @ ((before * after)[..., None] * u.conj().swapaxes(-1, -2))
    )


def _svd_parts(x: Array) -> tuple[Array, Array, Array, Array]:
    """Return U, s, Vh and det(U Vh): adj(U S Vh) is det(U Vh) V adj(S) U^H, which any rank has."""
    u, s, vh = np.linalg.svd(x)
    return u, s, vh, (np.linalg.det(u) * np.linalg.det(vh))[..., None, None]


def _products_around(s: Array) -> tuple[Array, Array]:
    """Return for each of some numbers the product of those before it, and of those after it."""
    ones = np.ones((*s.shape[:-1], 1), s.dtype)
    before = np.cumprod(np.concatenate((ones, s[..., :-1]), -1), -1)
    after = np.cumprod(np.concatenate((ones, s[..., :0:-1]), -1), -1)[..., ::-1]
    return before, after


def _products_without_two(s: Array) -> Array:
    """Return the products of all numbers but two, as a symmetric matrix with zeros on its diagonal."""
    n = s.shape[-1]
    before, after = _products_around(s)
    later = np.triu(np.ones((n, n), bool), 1)
    between = np.cumprod(np.where(later, s[..., None, :], s.dtype.type(1)), -1)
    between = np.concatenate((np.ones_like(between[..., :1]), between[..., :-1]), -1)
    upper = np.where(later, before[..., :, None] * between * after[..., None, :], s.dtype.type(0))
    return upper + upper.swapaxes(-1, -2)


def _adjugate_slope(x: Array, y: Array) -> Array:
    inverse = _regular_inverse(x)
    if inverse is not None:
        moved = inverse @ y
        total = np.trace(moved, axis1=-2, axis2=-1)[..., None, None]
        return np.linalg.det(x)[..., None, None] * (total * inverse - moved @ inverse)
    u, s, vh, turned = _svd_parts(x)
    v, back = vh.conj().swapaxes(-1, -2), u.conj().swapaxes(-1, -2)
    along, two = back @ y @ v, _products_without_two(s)
    inside = -two * along
    n = s.shape[-1]
    diagonal = np.diagonal(along, axis1=-2, axis2=-1)
    inside[..., range(n), range(n)] = (two @ diagonal[..., None])[..., 0]
    return turned * (v @ inside @ back)


def _slope_vjp(ct: Any, x: Any, y: Any, out: Any) -> Any:
    share = 1.0 / det(x)
    whole, back, along = mH(adjugate(x)), mH(y), traces(matmul(adjugate(x), y))
    weight = scaled(traces(matmul(whole, ct)), back) + scaled(adjoint(along), ct)
    weight = weight - matmul(ct, matmul(whole, back)) - matmul(back, matmul(whole, ct))
    lost = scaled(traces(matmul(mH(out), ct)), whole)
    return scaled(adjoint(share), adjugate_slope(mH(x), weight) - lost)


def _slope_jvp(tangents: Any, x: Any, y: Any, out: Any) -> Any:
    t_x, t_y = tangents
    found = None if t_y is None else adjugate_slope(x, t_y)
    if t_x is None:
        return found
    whole, moved = adjugate(x), adjugate_slope(x, t_x)
    turned = scaled(traces(matmul(moved, y)), whole) + scaled(traces(matmul(whole, y)), moved)
    turned = turned - matmul(moved, matmul(y, whole)) - matmul(whole, matmul(y, moved))
    turned = scaled(1.0 / det(x), turned - scaled(traces(matmul(whole, t_x)), out))
    return turned if found is None else found + turned


adjugate_slope = general(
    "adjugate_slope", _adjugate_slope, [_slope_vjp, lambda ct, x: adjugate_slope(mH(x), ct)], _slope_jvp,
    shift=same,
    spoken="backward of det",
)  # fmt: skip
"""The derivative of the adjugate at ``x`` along ``y``, right at singular matrices; there, its own derivative is NaN."""

adjugate = general(
    "adjugate", _adjugate, lambda ct, x: adjugate_slope(mH(x), ct),
    lambda tangents, x: adjugate_slope(x, tangents[0]), shift=same,
    spoken="backward of det",
)  # fmt: skip
"""The transposed cofactors, ``det(x)`` times the inverse where there is one; right at singular matrices too."""

det = general(
    "det", lambda x: np.asarray(np.linalg.det(x)), lambda ct, x: scaled(ct, mH(adjugate(x))),
    lambda tangents, x: traces(matmul(adjugate(x), tangents[0])),
    shift=same, backward_name="LinalgDetBackward0",
)  # fmt: skip
"""The determinant. Its first and second derivatives are exact at singular matrices of any rank."""


def _slogdet(x: Array) -> tuple[Array, Array]:
    sign, size = np.linalg.slogdet(x)
    return np.asarray(sign), np.asarray(size)


def _slogdet_vjp(ct: Any, x: Any, sign: Any) -> Any:
    along = alike(ct[1], x)
    if numpy_dtype(x).kind == "c":
        along = along - imaginary(adjoint(ct[0]) * sign)
    return scaled(along, mH(inv(x, check=False)))


def _slogdet_jvp(tangents: Any, x: Any, sign: Any) -> Any:
    moved = traces(matmul(inv(x, check=False), tangents[0]))
    turned = imaginary(moved) * sign if numpy_dtype(x).kind == "c" else None
    return turned, real(moved)


slogdet = general(
    "slogdet", _slogdet, _slogdet_vjp, _slogdet_jvp, outputs=("sign", "logabsdet"),
    shift=same, backward_name="LinalgSlogdetBackward0",
)  # fmt: skip
"""The determinant's sign (a complex number of modulus 1, or 0) and the logarithm of its modulus."""


def _solve(x: Array, y: Array, *, vector: bool, check: bool) -> Array:
    if vector:
        return _solve(x, y[..., None], vector=False, check=check)[..., 0]
    try:
        return np.linalg.solve(x, y)
    except np.linalg.LinAlgError:
        if check:
            raise singular("linalg.solve", x) from None
        return _regular_ones(np.linalg.solve, x, y)


def _solve_vjp(ct: Any, x: Any, out: Any, vector: bool) -> Any:
    back = solve(mH(x), ct, vector=vector, check=False)
    if vector:
        return -(_column(back) * adjoint(_row(out)))
    return -matmul(back, mH(out))


def _solve_jvp(tangents: Any, x: Any, out: Any, vector: bool, check: bool) -> Any:
    moved_x, moved = tangents
    if moved_x is not None:
        product = _without_column(matmul(moved_x, _column(out))) if vector else matmul(moved_x, out)
        moved = -product if moved is None else moved - product
    return solve(x, moved, vector=vector, check=check)


solve = general(
    "solve", _solve,
    [_solve_vjp, lambda ct, x, vector: solve(mH(x), ct, vector=vector, check=False)], _solve_jvp,
    shift=same, outline=like_last, backward_name="LinalgSolveExBackward0",
)  # fmt: skip
"""``x^-1 y``, where ``y`` holds matrices or (``vector``) vectors."""


def _matrix_exp(x: Array) -> Array:
    import scipy.linalg as linalg

    if not x.size:
        return x.copy()
    # Scaling and squaring loses digits, and float32 has none to lose.
    return linalg.expm(x.astype(np.result_type(x.dtype, np.float64))).astype(x.dtype)


def _exp_along(x: Any, t: Any) -> Any:
    """Return the derivative of exp at ``x`` along ``t``: a block of exp of ((x, t), (0, x))."""
    n = x.shape[-1]
    side = x.ndim - 1
    block = cat(cat(x, t, dim=side), cat(zero(x), x, dim=side), dim=side - 1)
    return slice_(matrix_exp(block), index=(Ellipsis, slice(0, n), slice(n, 2 * n)))


matrix_exp = general(
    "matrix_exp", _matrix_exp, lambda ct, x: _exp_along(mH(x), ct),
    lambda tangents, x: _exp_along(x, tangents[0]), shift=same,
    backward_name="LinalgMatrixExpBackward0",
)  # fmt: skip
"""The exponential of a matrix; its derivative is a block of another one (Mathias, "A chain rule ...", 1996)."""

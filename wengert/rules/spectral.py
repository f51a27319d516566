"""Rows made of eigenvalues and singular values, and what is orthogonal: eigh, eig, svd, qr, the pseudo-inverse.

Vectors are determined up to a phase (in the real case: a sign) each. A gradient exists only where a function does not
depend on that choice, and only where values are distinct; as in PyTorch, equal ones give infinities or NaN, and a
complex function that depends on a phase raises. Sources: Giles (2008); Townsend, "Differentiating the singular value
decomposition" (2016); Wan and Zhang, "Automatic differentiation for complex valued SVD" (2019); Walter and Lehmann,
"Algorithmic differentiation of linear algebra functions" (2012); Seeger et al., "Auto-differentiating linear algebra"
(2017); Golub and Pereyra (1973) for the pseudo-inverse.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import general, linear
from wengert.errors import GradientError, LinAlgError
from wengert.rules.arrangement import tril, triu
from wengert.rules.contraction import _column, _row, matmul
from wengert.rules.factors import solve_triangular
from wengert.rules.linalg import (
    diagonal_matrix,
    diagonals,
    imaginary,
    mH,
    ones_like,
    real,
    same,
    solve,
)
from wengert.rules.norms import alike
from wengert.rules.structural import adjoint, cast, cat, numpy_dtype, slice_, sum


def _columns(matrix: Any, numbers: Any) -> Any:
    """Return each column of a matrix times a number of its own."""
    return matrix * alike(_row(numbers), matrix)


def _rows(numbers: Any, matrix: Any) -> Any:
    """Return each row of a matrix times a number of its own."""
    return alike(_column(numbers), matrix) * matrix


def _gaps(values: Any, like: Any) -> Any:
    """Return ``values_j - values_i``, with ones on the diagonal, in the dtype of ``like``."""
    gaps = _row(values) - _column(values)
    return alike(gaps + _identity(gaps), like)


def _identity(matrix: Any) -> Any:
    return diagonal_matrix(ones_like(diagonals(matrix)))


def _off_diagonal(matrix: Any) -> Any:
    return tril(matrix, diagonal=-1) + triu(matrix, diagonal=1)


def _invariant(x: Array, y: Array, *, op: str) -> Array:
    phase = np.abs(y.imag)
    if phase.size and not phase.max() <= 1e-2 * (1 + np.abs(y).max()):
        raise GradientError(
            f"{op}: the vectors in the complex case are specified up to multiplication by e^(i phi). The specified "
            f"loss function depends on this quantity, so it is ill-defined. Make it depend on their moduli, or on "
            f"products in which the phases cancel."
        )
    return x


invariant = linear("invariant", _invariant, [lambda ct: ct, None], shift=same)
"""The first operand as it is. Raises where the second, how a function moves with the phases, has an imaginary part."""


def _checked(matrix: Any, phases: Any, op: str) -> Any:
    """Return a matrix unless the function turns out to depend on phases."""
    return invariant(matrix, phases, op=op) if numpy_dtype(phases).kind == "c" else matrix


def _eigh(x: Array, *, upper: bool) -> tuple[Array, Array]:
    try:
        values, vectors = np.linalg.eigh(x, "U" if upper else "L")
    except np.linalg.LinAlgError:
        raise _no_convergence("linalg.eigh") from None
    return values, vectors


def _no_convergence(op: str) -> LinAlgError:
    return LinAlgError(
        f"{op}: The algorithm failed to converge because the input matrix is ill-conditioned, has too many repeated "
        f"values or elements that are not finite. Look for NaN with `torch.isfinite`."
    )


def _eigh_vjp(ct: Any, values: Any, vectors: Any) -> Any:
    along, inner = ct[0], None
    if ct[1] is not None:
        turned = matmul(mH(vectors), ct[1])
        skew = _checked((turned - mH(turned)) * 0.5, diagonals(turned), "linalg_eigh_backward")
        inner = _off_diagonal(skew / _gaps(values, skew))
    if along is not None:
        if inner is None:
            return matmul(_columns(vectors, along), mH(vectors))
        inner = inner + diagonal_matrix(alike(along, inner))
    return matmul(vectors, matmul(inner, mH(vectors)))


def _eigh_jvp(tangents: Any, values: Any, vectors: Any) -> tuple[Any, Any]:
    moved = matmul(mH(vectors), matmul(tangents[0], vectors))
    turned = _off_diagonal(moved / _gaps(values, moved))
    return real(diagonals(moved)), matmul(vectors, turned)


eigh = general(
    "eigh", _eigh, _eigh_vjp, _eigh_jvp, outputs=("values", "vectors"), takes_absent=True,
    shift=same, backward_name="LinalgEighBackward0",
)  # fmt: skip
"""Eigenvalues, in ascending order, and vectors of Hermitian matrices, of which one triangle is read."""


def _eig(x: Array, *, real_input: bool) -> tuple[Array, Array]:
    dtype = np.result_type(x.dtype, np.complex64)
    if not np.isfinite(x).all():
        raise _no_convergence("linalg.eig")
    values, vectors = np.linalg.eig(x)
    return values.astype(dtype, copy=False), vectors.astype(dtype, copy=False)


def _eig_vjp(ct: Any, values: Any, vectors: Any, real_input: bool) -> Any:
    back = mH(vectors)
    inner = None
    if ct[1] is not None:
        turned = matmul(back, ct[1])
        phases = diagonals(turned)
        # Vectors have norm 1: what would change it is taken away.
        shift = matmul(back, _columns(vectors, real(phases)))
        inner = _checked(turned - shift, phases, "linalg_eig_backward")
        inner = _off_diagonal(inner / adjoint(_gaps(values, inner)))
    if ct[0] is not None:
        along = diagonal_matrix(ct[0])
        inner = along if inner is None else inner + along
    found = solve(back, matmul(inner, back), vector=False, check=False)
    return real(found) if real_input else found


def _eig_jvp(tangents: Any, values: Any, vectors: Any) -> tuple[Any, Any]:
    t = tangents[0]
    t = cast(t, dtype=numpy_dtype(vectors), source=numpy_dtype(t))
    moved = solve(vectors, matmul(t, vectors), vector=False, check=False)
    turned = matmul(vectors, _off_diagonal(moved / _gaps(values, moved)))
    shift = real(sum(adjoint(vectors) * turned, axis=(turned.ndim - 2,), keepdim=False))
    return diagonals(moved), turned - _columns(vectors, shift)


eig = general(
    "eig", _eig, _eig_vjp, _eig_jvp, outputs=("values", "vectors"), takes_absent=True,
    shift=same, backward_name="LinalgEigBackward0",
)  # fmt: skip
"""Eigenvalues and vectors (of norm 1) of any square matrices, which are complex also where the matrices are not."""


def _svd(x: Array, *, full: bool) -> tuple[Array, Array, Array]:
    try:
        u, s, vh = np.linalg.svd(x, full_matrices=full)
    except np.linalg.LinAlgError:
        raise _no_convergence("linalg.svd") from None
    return u, s, vh


def _first_columns(x: Any, k: int) -> Any:
    """Return the vectors that belong to the ``k`` singular values; None for None."""
    return x if x is None or x.shape[-1] == k else slice_(x, index=(Ellipsis, slice(0, k)))


def _first_rows(x: Any, k: int) -> Any:
    return (
        x
        if x is None or x.shape[-2] == k
        else slice_(x, index=(Ellipsis, slice(0, k), slice(None)))
    )


def _svd_vjp(ct: Any, u: Any, s: Any, vh: Any) -> Any:
    g_u, g_s, g_vh = ct
    k = s.shape[-1]
    u, vh, g_u, g_vh = (
        _first_columns(u, k),
        _first_rows(vh, k),
        _first_columns(g_u, k),
        _first_rows(g_vh, k),
    )
    if g_u is None and g_vh is None:
        return matmul(_columns(u, g_s), vh)
    inner, phases = _svd_inside(g_u, g_vh, u, s, vh)
    if g_s is not None:
        inner = inner + diagonal_matrix(alike(g_s, inner))
    inner = _checked(inner, phases, "svd_backward")
    # What moves vectors out of the spaces that they span.
    m, n = u.shape[-2], vh.shape[-1]
    if m > k and g_u is not None:
        out = _columns(g_u, 1.0 / s)
        return matmul(matmul(u, inner) + out - matmul(u, matmul(mH(u), out)), vh)
    if n > k and g_vh is not None:
        out = _rows(1.0 / s, g_vh)
        return matmul(u, matmul(inner, vh) + out - matmul(matmul(out, mH(vh)), vh))
    return matmul(u, matmul(inner, vh))


def _svd_inside(g_u: Any, g_vh: Any, u: Any, s: Any, vh: Any) -> tuple[Any, Any]:
    """Return the cotangent between U and V of what vectors contribute, and how the function moves with the phases."""
    gaps = _gaps(s * s, u)
    left = right = None
    phases: Any = 0.0
    if g_u is not None:
        turned = matmul(mH(u), g_u)
        left = turned - mH(turned)
        phases = diagonals(turned) + phases
    if g_vh is not None:
        turned = matmul(vh, mH(g_vh))
        right = turned - mH(turned)
        phases = diagonals(turned) + phases
    inner: Any = 0.0
    if left is not None:
        inner = _columns(_off_diagonal(left / gaps), s) + inner
    if right is not None:
        inner = _rows(s, _off_diagonal(right / gaps)) + inner
    if left is not None and numpy_dtype(left).kind == "c":
        inner = inner + diagonal_matrix(diagonals(left) / alike(2.0 * s, left))
    return inner, phases


def _svd_jvp(tangents: Any, u: Any, s: Any, vh: Any) -> tuple[Any, Any, Any]:
    t, all_u, all_vh = tangents[0], u, vh
    k = s.shape[-1]
    u, vh = _first_columns(u, k), _first_rows(vh, k)
    v = mH(vh)
    moved = matmul(mH(u), matmul(t, v))
    slope = real(diagonals(moved))
    gaps = _gaps(s * s, moved)
    weighed = _columns(moved, s)
    left = _off_diagonal((weighed + mH(weighed)) / gaps)
    weighed = _rows(s, moved)
    right = _off_diagonal((weighed + mH(weighed)) / gaps)
    if numpy_dtype(moved).kind == "c":
        left = left + diagonal_matrix(imaginary(diagonals(moved)) / alike(s, moved))
    d_u, d_vh = matmul(u, left), -matmul(right, vh)
    m, n = u.shape[-2], vh.shape[-1]
    if m > k:
        d_u = d_u + _columns(matmul(t, v) - matmul(u, moved), 1.0 / s)
    if n > k:
        d_vh = d_vh + _rows(1.0 / s, matmul(mH(u), t) - matmul(moved, vh))
    if all_u.shape[-1] > k:
        rest = slice_(all_u, index=(Ellipsis, slice(k, m)))
        d_u = cat(d_u, -matmul(u, matmul(mH(d_u), rest)), dim=d_u.ndim - 1)
    if all_vh.shape[-2] > k:
        rest = slice_(all_vh, index=(Ellipsis, slice(k, n), slice(None)))
        d_vh = cat(d_vh, -matmul(matmul(rest, mH(d_vh)), vh), dim=d_vh.ndim - 2)
    return d_u, slope, d_vh


svd = general(
    "svd", _svd, _svd_vjp, _svd_jvp, outputs=("u", "s", "vh"), takes_absent=True,
    shift=same, backward_name="LinalgSvdBackward0",
)  # fmt: skip
"""``x = U diag(s) Vh`` with s in descending order. Vectors beyond the singular values (``full``) count as constant."""


def _qr(x: Array, *, mode: str) -> tuple[Array, Array]:
    q, r = np.linalg.qr(x, "complete" if mode == "complete" else "reduced")
    return q, r


def _require_slope(q: Any, r: Any, mode: str) -> None:
    if mode == "r":
        raise GradientError(
            "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use linalg.qr(A, "
            "mode='reduced') if you are going to differentiate through linalg.qr."
        )
    if q.shape[-1] > r.shape[-1]:
        raise GradientError(
            "The QR decomposition is not differentiable when mode='complete' and nrows > ncols. Use mode='reduced'."
        )


def _qr_cut(x: Any) -> tuple[Any, Any]:
    """Return the square part of R, or of its cotangent, and the columns to its right (None where there are none)."""
    m, n = x.shape[-2:]
    if n <= m:
        return x, None
    return (
        slice_(x, index=(Ellipsis, slice(0, m))),
        slice_(x, index=(Ellipsis, slice(m, n))),
    )


def _qr_vjp(ct: Any, q: Any, r: Any, mode: str) -> Any:
    _require_slope(q, r, mode)
    g_q, g_r = ct
    square, beside = _qr_cut(r)
    g_beside = None
    if beside is not None:
        # The columns to the right are Q R2: they move Q, and are moved by it.
        g_r, g_beside = _qr_cut(g_r)
        g_q = g_q + matmul(matmul(q, beside), mH(g_beside))
        g_beside = matmul(q, g_beside)
    inside = triu(matmul(g_r, mH(square)) - matmul(mH(q), g_q), diagonal=0)
    whole = inside + mH(inside)
    whole = _off_diagonal(whole) + diagonal_matrix(alike(real(diagonals(whole)) * 0.5, whole))
    first = g_q + matmul(q, whole)
    out = solve_triangular(mH(square), first, upper=False, left=False, unit=False)
    return out if g_beside is None else cat(out, g_beside, dim=out.ndim - 1)


def _qr_jvp(tangents: Any, q: Any, r: Any, mode: str) -> tuple[Any, Any]:
    _require_slope(q, r, mode)
    square, beside = _qr_cut(r)
    n = square.shape[-1]
    t = slice_(tangents[0], index=(Ellipsis, slice(0, n)))
    moved = solve_triangular(square, t, upper=True, left=False, unit=False)
    inside = matmul(mH(q), moved)
    whole = triu(inside + mH(inside), diagonal=0)
    upper = whole - diagonal_matrix(diagonals(whole) * 0.5)
    d_q, d_r = moved - matmul(q, upper), matmul(upper, square)
    if beside is not None:
        rest = slice_(tangents[0], index=(Ellipsis, slice(n, None)))
        turned = matmul(mH(d_q), matmul(q, beside)) + matmul(mH(q), rest)
        d_r = cat(d_r, turned, dim=d_r.ndim - 1)
    return d_q, d_r


qr = general(
    "qr", _qr, _qr_vjp, _qr_jvp, outputs=("q", "r"), shift=same, backward_name="LinalgQrBackward0"
)
"""``x = Q R``: Q with orthonormal columns, R upper triangular."""


def _pinv(x: Array, y: Array, z: Array, *, hermitian: bool) -> Array:
    if hermitian:
        values, u = np.linalg.eigh(x)
        s, vh = np.abs(values), u.conj().swapaxes(-1, -2)
    else:
        u, s, vh = np.linalg.svd(x, full_matrices=False)
        values = s
    cutoff = np.maximum(y, z * s.max(-1, initial=0))[..., None]
    inverse = np.divide(1, values, out=np.zeros_like(values), where=s > cutoff)
    return vh.conj().swapaxes(-1, -2) @ (inverse[..., None] * u.conj().swapaxes(-1, -2))


def _pinv_vjp(ct: Any, x: Any, out: Any) -> Any:
    back, g = mH(out), mH(ct)
    if x.shape[-2] <= x.shape[-1]:
        inside = matmul(g, out)
        turned = matmul(inside, back)
        found = turned - mH(matmul(out, inside)) - matmul(matmul(x, out), turned)
        return found + matmul(matmul(back, out), g - matmul(inside, x))
    inside = matmul(out, g)
    turned = matmul(back, inside)
    found = turned - mH(matmul(inside, out)) - matmul(matmul(turned, out), x)
    return found + matmul(matmul(g - matmul(x, inside), out), back)


def _pinv_jvp(tangents: Any, x: Any, out: Any) -> Any:
    t, back = tangents[0], mH(out)
    found = -matmul(out, matmul(t, out))
    turned = matmul(out, matmul(back, mH(t)))
    found = found + turned - matmul(matmul(turned, x), out)
    turned = matmul(mH(t), matmul(back, out))
    return found + turned - matmul(out, matmul(x, turned))


pinv = general(
    "pinv", _pinv, [_pinv_vjp, None, None], _pinv_jvp, shift=same,
    backward_name="LinalgPinvBackward0",
)  # fmt: skip
"""The pseudo-inverse. Singular values of at most ``max(y, z * largest)`` count as 0; the rank counts as constant."""

"""Rows that multiply and add over a shared axis. Each is linear in either operand with the other fixed."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import Primitive, composite, linear
from wengert.core.shapes import Shape
from wengert.core.strides import by_rows
from wengert.rules.blocks import in_float32, widened
from wengert.rules.elementwise import keep_where
from wengert.rules.norms import vector_norm, vector_norm_vjp
from wengert.rules.structural import (
    broadcast_to,
    conj,
    reshape,
    spread,
    squeeze,
    sum,
    t,
    transpose,
    unsqueeze,
)
from wengert.rules.windows import diag_embed, diagonal


def _dot(x: Array, y: Array) -> Array:
    # NumPy has no BLAS for float16. It is asked here, for a decorator would cost small products more.
    if x.dtype.char == "e":
        return in_float32(np.dot, x, y)  # type: ignore[no-any-return]
    return x.dot(y)  # type: ignore[no-any-return]


def _dot_batch(size: int, mapped: Any, p: Any, x: Any, y: Any) -> Any:
    return sum(x * y, axis=(1,), keepdim=False)


dot = linear(
    "dot", _dot, [lambda ct, y: ct * y, lambda ct, x: ct * x], joint=False, batch=_dot_batch
)


mv = linear(
    "mv", _dot,
    [lambda ct, y: unsqueeze(ct, dim=1) * unsqueeze(y, dim=0), lambda ct, x: vm(ct, x)],
    joint=False, batch=lambda size, mapped, p, x, y: _mv_mapped(mapped, x, y),
)  # fmt: skip


def _mv_mapped(mapped: Any, x: Any, y: Any) -> Any:
    return squeeze(matmul(x, unsqueeze(y, dim=y.ndim)), dims=(2,))


mm = linear(
    "mm", _dot, [lambda ct, y: mm(ct, t(y)), lambda ct, x: mm(t(x), ct)],
    joint=False, batch=lambda size, mapped, p, x, y: matmul(x, y),
)  # fmt: skip


def _matmul(x: Array, y: Array) -> Array:
    if x.dtype.char == "e":
        return in_float32(_matmul, x, y)  # type: ignore[no-any-return]
    if y.ndim == 2 < x.ndim and x.size and x.flags.c_contiguous:
        # One product of many rows; for a stack, `matmul` makes one for each matrix.
        return x.reshape(-1, x.shape[-1]).dot(y).reshape(*x.shape[:-1], y.shape[1])
    out: Array = np.matmul(x, y)
    return by_rows(out) if out.ndim > 2 else out


def matmul_batch(size: int, mapped: Any, p: Any, x: Any, y: Any) -> Any:
    """Give both operands the same number of axes behind the mapped one, so that batch axes line up."""
    rank = max(x.ndim - mapped[0], y.ndim - mapped[1])
    lined_up = [
        reshape(v, shape=(size, *(1,) * (rank - v.ndim + 1), *v.shape[1:])) if m else v
        for v, m in zip((x, y), mapped, strict=True)
    ]
    return matmul(*lined_up)


def _swap(x: Any) -> Any:
    return transpose(x, dim0=x.ndim - 2, dim1=x.ndim - 1)


matmul = linear(
    "matmul", _matmul, [lambda ct, y: matmul(ct, _swap(y)), lambda ct, x: matmul(_swap(x), ct)],
    joint=False, batch=matmul_batch, backward_name="UnsafeViewBackward0",
)  # fmt: skip
"""Matrix products over the last two axes, the others broadcast against each other."""

bmm = matmul.named("bmm", "BmmBackward0")


def _rows(x: Any) -> Any:
    """Return the rows of all matrices of a stack as one matrix."""
    return reshape(x, shape=(math.prod(x.shape[:-1]), x.shape[-1]))


mm_each = linear(
    "mm_each", _matmul, [lambda ct, y: mm_each(ct, t(y)), lambda ct, x: mm(t(_rows(x)), _rows(ct))],
    joint=False, batch=matmul_batch, backward_name="UnsafeViewBackward0",
    spoken="matmul",
)  # fmt: skip
"""Each matrix of a stack times one matrix."""


@widened
def _bmm_total(x: Array, y: Array) -> Array:
    return np.tensordot(x, y, ((0, 2), (0, 1)))


bmm_total = linear(
    "bmm_total", _bmm_total,
    [lambda ct, y: _stacked_left(ct, y), lambda ct, x: _stacked_right(ct, x)],
    joint=False, backward_name="BmmBackward0",
    batch=lambda size, mapped, p, x, y: sum(
        matmul_batch(size, mapped, p, x, y), axis=(1,), keepdim=False
    ),
    spoken="bmm",
)  # fmt: skip
"""The sum of the products of two stacks of matrices, (b, m, n) (b, n, k) -> (m, k)."""


def _outer_batch(size: int, mapped: Any, p: Any, x: Any, y: Any) -> Any:
    return _column(x) * (_row(y) if mapped[1] else y)


outer = linear(
    "outer", lambda x, y: np.multiply(x[:, None], y),
    [lambda ct, y: mv(ct, y), lambda ct, x: vm(x, ct)],
    joint=False, batch=_outer_batch, backward_name="MulBackward0",
)  # fmt: skip
"""Every product of an element of one vector and an element of another, (m) (n) -> (m, n)."""


def _column(x: Any) -> Any:
    return unsqueeze(x, dim=x.ndim)


def _row(x: Any) -> Any:
    return unsqueeze(x, dim=x.ndim - 1)


def _without_column(x: Any) -> Any:
    return squeeze(x, dims=(x.ndim - 1,))


def _vm_batch(size: int, mapped: Any, p: Any, x: Any, y: Any) -> Any:
    out = matmul_batch(size, mapped, p, _row(x), y)
    return squeeze(out, dims=(out.ndim - 2,))


@widened
def _vm(x: Array, y: Array) -> Array:
    # For one matrix `dot` takes half the time of `matmul`; for a stack it leaves the BLAS.
    return x.dot(y) if y.ndim == 2 else by_rows(np.matmul(x, y))  # type: ignore[no-any-return]


vm = linear(
    "vm", _vm,
    [lambda ct, y: _without_column(matmul(y, _column(ct))), lambda ct, x: _column(x) * _row(ct)],
    joint=False, batch=_vm_batch, backward_name="SqueezeBackward4",
    spoken="matmul",
)  # fmt: skip
"""A vector times a matrix or each of a stack of them, named as the last of PyTorch's steps."""

vm_each = vm.named("vm_each", "UnsafeViewBackward0", spoken="matmul")


def _mv_each_batch(size: int, mapped: Any, p: Any, x: Any, y: Any) -> Any:
    return _without_column(matmul_batch(size, mapped, p, x, _column(y)))


mv_each = linear(
    "mv_each", _matmul,
    [lambda ct, y: _column(ct) * y, lambda ct, x: _without_column(matmul(_swap(x), _column(ct)))],
    joint=False, batch=_mv_each_batch, backward_name="UnsafeViewBackward0",
    spoken="matmul",
)  # fmt: skip
"""Each matrix of a stack times one vector."""


def _scaled(x: Any, factor: complex) -> Any:
    return x if factor == 1 else x * factor


Rule = Callable[[Any, Any], Any]


def _adding(name: str, product: Primitive, left: Rule, right: Rule) -> Primitive:
    """Declare ``beta * x + alpha * product(y, z)``. With the factor 0, ``x`` does not count: not even its NaN."""

    def definition(x: Any, y: Any, z: Any, *, beta: complex, alpha: complex) -> Any:
        out = _scaled(product(y, z), alpha)
        return out if beta == 0 else _scaled(x, beta) + out

    @widened
    def kernel(x: Array, y: Array, z: Array, *, beta: complex, alpha: complex) -> Array:
        out = np.asarray(product.forward(y, z))
        if alpha != 1:
            np.multiply(out, alpha, out=out)
        return out if beta == 0 else np.add(_scaled(x, beta), out, out=out)

    return composite(
        name, definition, kernel,
        [lambda ct, beta: ct * beta,
         lambda ct, z, alpha: _scaled(left(ct, z), alpha),
         lambda ct, y, alpha: _scaled(right(ct, y), alpha)],
    )  # fmt: skip


addmm = _adding("addmm", mm, lambda ct, z: mm(ct, t(z)), lambda ct, y: mm(t(y), ct))
addmv = _adding("addmv", mv, lambda ct, z: outer(ct, z), lambda ct, y: vm(ct, y))
addr = _adding("addr", outer, lambda ct, z: mv(ct, z), lambda ct, y: vm(y, ct))


def _stacked_left(ct: Any, z: Any) -> Any:
    return matmul(ct, _swap(z))


def _stacked_right(ct: Any, y: Any) -> Any:
    return matmul(_swap(y), ct)


addbmm = _adding("addbmm", bmm_total, _stacked_left, _stacked_right)
baddbmm = _adding("baddbmm", bmm, _stacked_left, _stacked_right)


def _cross(x: Array, y: Array, *, dim: int) -> Array:
    a, b = np.moveaxis(x, dim, 0), np.moveaxis(y, dim, 0)
    out = np.empty(np.broadcast_shapes(x.shape, y.shape), x.dtype)
    into = np.moveaxis(out, dim, 0)
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        np.multiply(a[j], b[k], out=into[i, ...])
        into[i, ...] -= a[k] * b[j]
    return out


cross = linear(
    "cross", _cross, [lambda ct, y, dim: cross(y, ct, dim=dim), lambda ct, x, dim: cross(ct, x, dim=dim)],
    joint=False, shift=lambda p, size: {"dim": p["dim"] + 1}, backward_name="LinalgCrossBackward0",
)  # fmt: skip
"""Cross products of vectors of three elements along ``dim``, of two operands of one shape."""


def _cdist(x: Any, y: Any, *, ord: float) -> Any:
    return vector_norm(_differences(x, y), ord=ord, axis=(x.ndim,), keepdim=False)


def _differences(x: Any, y: Any) -> Any:
    return unsqueeze(x, dim=x.ndim - 1) - unsqueeze(y, dim=y.ndim - 2)


def _cdist_kernel(x: Array, y: Array, *, ord: float) -> Array:
    if ord == 2 and x.shape[-2] > 25 < y.shape[-2]:
        squares = _squared_distances(x, y)
        if squares is not None:
            return np.sqrt(squares, out=squares)
    rows, each = x.shape[-2], math.prod(y.shape[-2:]) * math.prod(x.shape[:-2])
    step = builtins.max(
        1, (1 << 20) // builtins.max(1, each)
    )  # blocks bound the differences' memory
    parts = [
        vector_norm.forward(
            x[..., i : i + step, None, :] - y[..., None, :, :],
            ord=ord,
            axis=(x.ndim,),
            keepdim=False,
        )
        for i in range(0, builtins.max(1, rows), step)
    ]
    return by_rows(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-2))


def _squared_distances(x: Array, y: Array) -> Array | None:
    """Return ``|x|^2 - 2 x y + |y|^2``, and differences of near points, whose digits that loses; None if many are."""
    centre = x.mean(-2, keepdims=True)
    a, b = x - centre, y - centre
    total = np.vecdot(a, a)[..., None] + np.vecdot(b, b)[..., None, :]
    squares = np.matmul(a, b.swapaxes(-1, -2))
    squares *= -2
    squares += total
    total *= 0.05
    near = ~(squares > total)
    if 4 * np.count_nonzero(near) > near.size:
        return None
    *leading, row, column = np.nonzero(near)
    d = x[(*leading, row)] - y[(*leading, column)]
    squares[near] = np.vecdot(d, d)
    return squares


def _cdist_vjp(ct: Any, x: Any, y: Any, out: Any, ord: float) -> Any:
    if ord == 2:
        weight = keep_where(ct / out, out != 0.0)
        return x * sum(weight, axis=(x.ndim - 1,), keepdim=True) - matmul(weight, y)
    slopes = vector_norm_vjp(ct, _differences(x, y), out, ord, (x.ndim,))
    return sum(slopes, axis=(x.ndim - 1,), keepdim=False)


cdist = composite(
    "cdist", _cdist, _cdist_kernel,
    [_cdist_vjp, lambda ct, x, y, out, ord: _cdist_vjp(_swap(ct), y, x, _swap(out), ord)],
)  # fmt: skip
"""Norms of the differences of all pairs of rows of two matrices: (..., p, n) (..., r, n) -> (..., p, r)."""


trace = linear(
    "trace", lambda x: np.asarray(np.trace(x, dtype=x.dtype)), lambda ct, x_shape: _on_diagonal(ct, x_shape),
    batch=lambda size, mapped, p, x: sum(
        diagonal(x, offset=0, dim1=1, dim2=2), axis=(1,), keepdim=False
    ),
)  # fmt: skip


def _on_diagonal(ct: Any, shape: Shape) -> Any:
    along = spread(ct, axis=(0,), shape=(builtins.min(shape),))
    return diag_embed(along, offset=0, dim1=0, dim2=1, shape=shape)


__all__ = [
    "addbmm", "addmm", "addmv", "addr", "baddbmm", "bmm", "broadcast_to", "cdist", "conj", "cross", "dot", "matmul",
    "mm", "mm_each", "mv", "mv_each", "outer", "trace", "vm", "vm_each",
]  # fmt: skip

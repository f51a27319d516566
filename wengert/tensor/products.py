"""Products added to something, of everything with everything, and over chosen dimensions, as users call them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.primitive import Primitive
from wengert.core.shapes import Shape, axis_of, broadcast_shape, broadcastable
from wengert.errors import DTypeError, ShapeError, cannot_broadcast, shape_text
from wengert.rules import contraction as rows
from wengert.rules import structural
from wengert.tape.storage import Recorded
from wengert.tensor import contraction, reductions, views
from wengert.tensor.apply import deprecated, undefined
from wengert.tensor.arithmetic import mul
from wengert.tensor.complex_numbers import conj
from wengert.tensor.contraction import no_bools, no_match, same_dtype
from wengert.tensor.numbers import double_of, number_of
from wengert.tensor.out import deliver
from wengert.tensor.overloads import factors_first
from wengert.tensor.promotion import cast_to, dtype_of, promoted, require_tensor

__all__ = [
    "addbmm", "addmm", "addmv", "addr", "baddbmm", "cdist", "chain_matmul", "cross", "ger", "inner", "kron", "outer",
    "tensordot", "trace", "vdot",
]  # fmt: skip


@factors_first("beta", "alpha")
def addmm(
    input: Any, mat1: Any, mat2: Any, *, beta: complex = 1, alpha: complex = 1, out: Any = None
) -> Any:
    """Return ``beta * input + alpha * (mat1 @ mat2)``: input broadcasts, ``(m, n) (n, k) -> (m, k)``.

    With ``beta=0`` the input does not count, not even its NaN. Factors of integers are truncated to
    integers. RuntimeError for unequal dtypes.

    >>> import wengert as torch
    >>> torch.addmm(torch.ones(2), torch.eye(2), torch.tensor([[1., 2.], [3., 4.]]), alpha=10)
    tensor([[11., 21.],
            [31., 41.]])
    """
    _require_ranks("addmm", mat1=(mat1, 2), mat2=(mat2, 2))
    made = _added(rows.addmm, "addmm", input, mat1, mat2, beta, alpha)
    return made if out is None else deliver(made, out, exact=True)


@factors_first("beta", "alpha")
def addmv(
    input: Any, mat: Any, vec: Any, *, beta: complex = 1, alpha: complex = 1, out: Any = None
) -> Any:
    """Return ``beta * input + alpha * (mat @ vec)``, ``(m, n) (n) -> (m)``. See `addmm`."""
    _require_ranks("addmv", mat=(mat, 2), vec=(vec, 1))
    made = _added(rows.addmv, "addmv", input, mat, vec, beta, alpha)
    return made if out is None else deliver(made, out, exact=True)


@factors_first("beta", "alpha")
def addr(
    input: Any, vec1: Any, vec2: Any, *, beta: complex = 1, alpha: complex = 1, out: Any = None
) -> Any:
    """Return ``beta * input + alpha * outer(vec1, vec2)``, ``(m) (n) -> (m, n)``. Dtypes are promoted; see `addmm`."""
    _require_ranks("addr", vec1=(vec1, 1), vec2=(vec2, 1))
    require_tensor("addr", input)
    x, y, z = promoted("addr", input, vec1, vec2)
    made = _added(rows.addr, "addr", x, y, z, beta, alpha)
    return made if out is None else deliver(made, out)


@factors_first("beta", "alpha")
def addbmm(
    input: Any, batch1: Any, batch2: Any, *, beta: complex = 1, alpha: complex = 1, out: Any = None
) -> Any:
    """Return ``beta * input + alpha * sum(batch1 @ batch2)``, ``(b, m, n) (b, n, k) -> (m, k)``. See `addmm`."""
    _require_ranks("addbmm", batch1=(batch1, 3), batch2=(batch2, 3))
    made = _added(rows.addbmm, "addbmm", input, batch1, batch2, beta, alpha)
    return made if out is None else deliver(made, out, exact=True)


@factors_first("beta", "alpha")
def baddbmm(
    input: Any, batch1: Any, batch2: Any, *, beta: complex = 1, alpha: complex = 1, out: Any = None
) -> Any:
    """Return ``beta * input + alpha * (batch1 @ batch2)``, ``(b, m, n) (b, n, k) -> (b, m, k)``. See `addmm`."""
    _require_ranks("baddbmm", batch1=(batch1, 3), batch2=(batch2, 3))
    made = _added(rows.baddbmm, "baddbmm", input, batch1, batch2, beta, alpha)
    return made if out is None else deliver(made, out, exact=True)


def _require_ranks(op: str, **operands: tuple[Any, int]) -> None:
    kind = {1: "a vector", 2: "a matrix", 3: "a stack of matrices (3D)"}
    for name, (x, rank) in operands.items():
        require_tensor(op, x, name)
        if x.ndim != rank:
            raise ShapeError(
                f"{op}: {name} must be {kind[rank]}, not {x.ndim}D. Use `@` and `+` for other numbers of dimensions."
            )


def _added(row: Primitive, op: str, x: Any, y: Any, z: Any, beta: complex, alpha: complex) -> Any:
    require_tensor(op, x)
    same_dtype(op, y, z)
    same_dtype(op, x, y)
    kind = dtypes.kind(dtype_of(x))
    if kind == "b" and row is not rows.addr:
        no_bools(op, x)
    beta, alpha = (
        _factor(op, name, f, kind, row is rows.addr)
        for name, f in (("beta", beta), ("alpha", alpha))
    )
    shape = _product_shape(op, y, z, summed=row is rows.addbmm)
    if broadcast_shape([tuple(x.shape), shape]) != shape:
        raise ShapeError(
            f"{op}: the expanded size of the input, {shape_text(x.shape)}, must match the product's, "
            f"{shape_text(shape)}."
        )
    return row(x, y, z, beta=beta, alpha=alpha)


def _factor(op: str, name: str, factor: complex, kind: str, strict: bool) -> complex:
    """Return a factor as a number of the operands' kind; where not ``strict``, integers truncate it as in PyTorch."""
    factor = number_of(op, name, factor)
    if kind == "f" and isinstance(factor, complex):
        raise DTypeError(
            f"{op}: For non-complex input tensors, argument {name} must not be complex."
        )
    if kind in "fc" or isinstance(factor, bool | int | np.integer):
        return bool(factor) if kind == "b" else factor
    if strict or isinstance(factor, complex):
        raise DTypeError(
            f"{op}: For integral input tensors, argument {name} must not be a floating point number. Use an int, or "
            f"`x.float()`."
        )
    return int(factor)


def _product_shape(op: str, y: Any, z: Any, summed: bool) -> Shape:
    if y.ndim == 1:
        return (y.shape[0], z.shape[0])
    if y.ndim == 3 and y.shape[0] != z.shape[0]:
        raise ShapeError(
            f"{op}: the numbers of matrices differ: {y.shape[0]} and {z.shape[0]}. Use `@` to broadcast."
        )
    inner = y.shape[-1], z.shape[-2 if z.ndim > 1 else 0]
    if inner[0] != inner[1]:
        raise no_match(op, y, z, inner)
    return (*y.shape[summed:-1], *z.shape[y.ndim - 1 :])


def outer(input: Any, vec2: Any, *, out: Any = None) -> Any:
    """Return every product of an element of one vector and one of another, ``(m) (n) -> (m, n)``.

    >>> import wengert as torch
    >>> torch.outer(torch.tensor([1., 2.]), torch.tensor([3., 4.]))
    tensor([[3., 4.],
            [6., 8.]])
    """
    for name, x in (("input", input), ("vec2", vec2)):
        require_tensor("outer", x, name)
        if x.ndim != 1:
            raise ShapeError(
                f"outer: Expected 1-D argument {name}, but got {x.ndim}-D. Use `kron`."
            )
    made = rows.outer(*promoted("outer", input, vec2))
    return made if out is None else deliver(made, out)


def ger(input: Any, vec2: Any, *, out: Any = None) -> Any:
    """Return `outer` of two vectors."""
    return outer(input, vec2, out=out)


def inner(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return the products summed over the last dimensions: ``(..., n) (*, n) -> (..., *)``; a number multiplies.

    >>> import wengert as torch
    >>> torch.inner(torch.eye(2), torch.tensor([3., 4.]))
    tensor([3., 4.])
    """
    require_tensor("inner", input)
    require_tensor("inner", other, "other")
    if not input.ndim or not other.ndim:
        made = mul(input, other)
    elif input.shape[-1] != other.shape[-1]:
        raise ShapeError(
            f"inner() the last dimension must match on both input tensors but got shapes {shape_text(input.shape)} "
            f"and {shape_text(other.shape)}."
        )
    else:
        made = tensordot(input, other, ([-1], [-1]))
    return made if out is None else deliver(made, out, exact=True)


def vdot(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return the inner product of two vectors, the first of them conjugated.

    >>> import wengert as torch
    >>> torch.vdot(torch.tensor([1j, 1]), torch.tensor([1j, 2]))
    tensor(3.+0.j)
    """
    require_tensor("vdot", input)
    made = contraction.dot_of("vdot", conj(input) if dtype_of(input).kind == "c" else input, other)
    return made if out is None else deliver(made, out, exact=True)


def tensordot(a: Any, b: Any, dims: Any = 2, out: Any = None) -> Any:
    """Return the products summed over dimensions of ``a`` paired with dimensions of ``b``.

    ``dims`` is a pair of lists, or a number n: the last n dimensions of ``a`` with the first n of ``b``.

    >>> import wengert as torch
    >>> torch.tensordot(torch.ones(2, 3, 4), torch.ones(4, 3), dims=([1, 2], [1, 0]))
    tensor([12., 12.])
    """
    require_tensor("tensordot", a, "a")
    require_tensor("tensordot", b, "b")
    first, second = _paired_dims(a, b, dims)
    same_dtype("tensordot", a, b)
    for i, j in zip(first, second, strict=True):
        if a.shape[i] != b.shape[j] and 1 not in (a.shape[i], b.shape[j]):
            raise ShapeError(
                f"tensordot: contracted dimensions need to match, but first has size {a.shape[i]} in dim {i} and "
                f"second has size {b.shape[j]} in dim {j}."
            )
        if a.shape[i] != b.shape[j]:  # one of them is 1, so that the other's sum is what counts
            a = reductions.sum(a, i, keepdim=True) if b.shape[j] == 1 else a
            b = reductions.sum(b, j, keepdim=True) if a.shape[i] == 1 else b
    made = _contracted(a, b, first, second)
    return made if out is None else deliver(made, out, exact=True)


def _paired_dims(a: Any, b: Any, dims: Any) -> tuple[list[int], list[int]]:
    if isinstance(dims, Recorded):
        dims = dims.tolist()  # type: ignore[attr-defined]
    if isinstance(dims, Sequence):
        pairs = [[d] if isinstance(d, int) else list(d) for d in dims]
        first, second = pairs
    else:
        if not 0 <= dims <= min(a.ndim, b.ndim):
            raise ShapeError(
                f"tensordot expects dims >= 0 and at most the operands' dimensions, but got dims={dims}."
            )
        first, second = list(range(a.ndim - dims, a.ndim)), list(range(dims))
    if len(first) != len(second):
        raise ShapeError("tensordot: both dimension lists should have same length.")
    return (
        [axis_of("tensordot", d, a.ndim) for d in first],
        [axis_of("tensordot", d, b.ndim) for d in second],
    )


def _contracted(a: Any, b: Any, first: list[int], second: list[int]) -> Any:
    """Move what is summed to the end of ``a`` and the front of ``b``, and multiply them as matrices."""
    left = [i for i in range(a.ndim) if i not in first]
    right = [j for j in range(b.ndim) if j not in second]
    count = math.prod(a.shape[i] for i in first)
    shape = [a.shape[i] for i in left] + [b.shape[j] for j in right]
    x = views.reshape(views.permute(a, (*left, *first)), (math.prod(shape[: len(left)]), count))
    y = views.reshape(views.permute(b, (*second, *right)), (count, math.prod(shape[len(left) :])))
    return structural.reshape(contraction.mm(x, y), shape=shape)


def kron(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return the Kronecker product: blocks of ``other``, each times an element of ``input``.

    >>> import wengert as torch
    >>> torch.kron(torch.tensor([1, 10]), torch.tensor([1, 2]))
    tensor([ 1,  2, 10, 20])
    """
    require_tensor("kron", input)
    require_tensor("kron", other, "other")
    rank = max(input.ndim, other.ndim)
    left, right = ((1,) * (rank - x.ndim) + tuple(x.shape) for x in (input, other))
    x = views.reshape(input, [n for size in left for n in (size, 1)])
    y = views.reshape(other, [n for size in right for n in (1, size)])
    made = structural.reshape(
        mul(x, y), shape=tuple(a * b for a, b in zip(left, right, strict=True))
    )
    return made if out is None else deliver(made, out)


def trace(input: Any) -> Any:
    """Return the sum of a matrix's diagonal. Integers add up as int64.

    >>> import wengert as torch
    >>> torch.trace(torch.tensor([[1, 2], [3, 4]]))
    tensor(5)
    """
    require_tensor("trace", input)
    if input.ndim != 2:
        raise ShapeError(
            f"trace: expected a matrix, but got tensor with dim {input.ndim}. Use `x.diagonal(0, -2, -1).sum(-1)`."
        )
    if dtype_of(input).kind == "b":
        raise undefined("trace", dtype_of(input))
    if dtype_of(input).kind in "iu":
        input = cast_to(input, np.dtype(np.int64))
    return rows.trace(input)


def cross(input: Any, other: Any, dim: int | None = None, *, out: Any = None) -> Any:
    """Return cross products of vectors of three elements along ``dim``, by default the first dimension of size 3.

    >>> import wengert as torch
    >>> torch.cross(torch.tensor([1., 0., 0.]), torch.tensor([0., 1., 0.]), dim=0)
    tensor([0., 0., 1.])
    """
    require_tensor("cross", input)
    if dim is None:
        if 3 not in input.shape:
            raise ShapeError(
                f"cross: no dimension of size 3 in input, of shape {shape_text(input.shape)}."
            )
        deprecated(
            "cross", "linalg.cross", "Using it without specifying the dim arg is deprecated."
        )
        dim = list(input.shape).index(3)
    made = cross_along("linalg.cross", input, other, dim)
    return made if out is None else deliver(made, out, exact=True)


def cross_along(op: str, x: Any, y: Any, dim: int) -> Any:
    """Return cross products along a dimension of two operands that broadcast; RuntimeError for other sizes than 3."""
    require_tensor(op, x)
    require_tensor(op, y, "other")
    if x.ndim != y.ndim:
        raise ShapeError(
            f"{op}: inputs must have the same number of dimensions, not {x.ndim} and {y.ndim}."
        )
    axis = axis_of(op, dim, x.ndim)
    if not x.ndim or x.shape[axis] != 3 or y.shape[axis] != 3:
        sizes = f"{x.shape[axis]} and {y.shape[axis]}" if x.ndim else "numbers"
        raise ShapeError(f"{op}: inputs dimension {dim} must have length 3. Got {sizes}.")
    x, y = promoted(op, x, y)
    if dtype_of(x).kind == "b":
        raise undefined(op, dtype_of(x))
    shapes = [tuple(x.shape), tuple(y.shape)]
    if not broadcastable(shapes):
        raise cannot_broadcast(op, shapes)
    shape = broadcast_shape(shapes)
    return rows.cross(views.expand(x, shape), views.expand(y, shape), dim=axis)


COMPUTE_MODES = (
    None, "use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist",
)  # fmt: skip


def cdist(x1: Any, x2: Any, p: float = 2.0, compute_mode: str | None = None) -> Any:
    """Return the ``p``-norms of the differences of all pairs of rows, ``(..., m, n) (..., k, n) -> (..., m, k)``.

    At equal rows the gradient is 0. Distances of near rows keep their digits in every ``compute_mode``.

    >>> import wengert as torch
    >>> torch.cdist(torch.tensor([[0., 0.], [3., 4.]]), torch.zeros(1, 2))
    tensor([[0.],
            [5.]])
    """
    p = double_of("cdist", "p", p)
    if compute_mode not in COMPUTE_MODES:
        raise ValueError(
            f"{compute_mode} is not a valid value for compute_mode: use {COMPUTE_MODES[1:]}."
        )
    for name, x in (("X1", x1), ("X2", x2)):
        require_tensor("cdist", x, name.lower())
        if dtypes.kind(dtype_of(x)) != "f":
            raise DTypeError(
                f"cdist only supports floating-point dtypes, {name} got: {x.dtype}. Use `x.float()`."
            )
        if x.ndim < 2:
            raise ShapeError(f"cdist only supports at least 2D tensors, {name} got: {x.ndim}D.")
    if x1.shape[-1] != x2.shape[-1]:
        raise ShapeError(
            f"cdist: X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}"
        )
    if not p >= 0:
        raise ShapeError("cdist only supports non-negative p values.")
    x1, x2 = promoted("cdist", x1, x2)
    leading = [tuple(x.shape[:-2]) for x in (x1, x2)]
    if not broadcastable(leading):
        raise cannot_broadcast("cdist", leading)
    shape = broadcast_shape(leading)
    x, y = (views.expand(v, (*shape, *v.shape[-2:])) for v in (x1, x2))
    return rows.cdist(x, y, ord=float(p))


def chain_matmul(*matrices: Any, out: Any = None) -> Any:
    """Return the product of matrices, multiplied in the order that takes the fewest operations."""
    if len(matrices) == 1 and isinstance(matrices[0], list | tuple):
        matrices = tuple(matrices[0])
    if not matrices:
        raise ShapeError("chain_matmul(): Expected one or more matrices, got none.")
    deprecated("chain_matmul", "linalg.multi_dot", "Use `torch.linalg.multi_dot([...])`.")
    for x in matrices:
        require_tensor("chain_matmul", x, "matrices")
        if x.ndim != 2:
            raise ShapeError(f"chain_matmul: Tensor dimension is {x.ndim}, expected 2 instead.")
    made = matrices[0].clone() if len(matrices) == 1 else product_of("chain_matmul", matrices)
    return made if out is None else deliver(made, out)


def product_of(op: str, matrices: Sequence[Any]) -> Any:
    """Multiply two or more matrices in the cheapest order (Cormen et al., "Introduction to Algorithms", 15.2).

    What does not fit is said in the name of ``op``.
    """
    n = len(matrices)
    sizes = [matrices[0].shape[0], *(x.shape[1] for x in matrices)]
    cost = [[0] * n for _ in range(n)]
    cut = [[0] * n for _ in range(n)]
    for span in range(1, n):
        for i in range(n - span):
            j = i + span
            cost[i][j], cut[i][j] = min(
                (cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            )

    def between(i: int, j: int) -> Any:
        if i == j:
            return matrices[i]
        return contraction.matmul_of(op, between(i, cut[i][j]), between(cut[i][j] + 1, j))

    return between(0, n - 1)

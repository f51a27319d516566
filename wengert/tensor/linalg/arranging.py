"""Products and arrangements of vectors and matrices, as `torch.linalg` spells them."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.shapes import axis_of, broadcast_shape, broadcastable
from wengert.errors import ShapeError, cannot_broadcast, shape_text
from wengert.rules import windows
from wengert.tensor import contraction, joining, products, reductions, views
from wengert.tensor.arithmetic import mul
from wengert.tensor.complex_numbers import conj
from wengert.tensor.contraction import same_dtype
from wengert.tensor.numbers import whole_of
from wengert.tensor.out import deliver
from wengert.tensor.promotion import cast_to, dtype_of, own_array, require_tensor

__all__ = ["cross", "diagonal", "matmul", "multi_dot", "vander", "vecdot"]


def matmul(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return `torch.matmul` of two tensors."""
    return contraction.matmul(input, other, out=out)


def cross(input: Any, other: Any, *, dim: int = -1, out: Any = None) -> Any:
    """Return cross products of vectors of three elements along ``dim``, by default the last. Operands broadcast.

    >>> import wengert as torch
    >>> torch.linalg.cross(torch.tensor([1., 0., 0.]), torch.tensor([0., 1., 0.]))
    tensor([0., 0., 1.])
    """
    made = products.cross_along("linalg.cross", input, other, dim)
    return made if out is None else deliver(made, out, exact=True)


def diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Return a diagonal of the matrices in two dimensions, by default the last, as a view with a new last dimension."""
    op = "linalg.diagonal"
    require_tensor(op, A, "A")
    first, second = axis_of(op, dim1, A.ndim), axis_of(op, dim2, A.ndim)
    if first == second:
        raise ShapeError(f"{op}: diagonal dimensions cannot be identical {dim1}, {dim2}")
    return views.viewed(windows.diagonal, A, {"offset": offset, "dim1": first, "dim2": second})


def vecdot(x: Any, y: Any, *, dim: int = -1, out: Any = None) -> Any:
    """Return ``sum(conj(x) * y)`` along a dimension of operands that broadcast.

    >>> import wengert as torch
    >>> torch.linalg.vecdot(torch.ones(2, 3), torch.tensor([1., 2., 3.]))
    tensor([6., 6.])
    """
    op = "linalg.vecdot"
    for name, v in (("x", x), ("y", y)):
        require_tensor(op, v, name)
    same_dtype(op, x, y)
    leading = [tuple(x.shape), tuple(y.shape)]
    if not broadcastable(leading):
        raise cannot_broadcast(op, leading)
    first = conj(x) if dtype_of(x).kind == "c" else x
    axis = axis_of(op, dim, len(broadcast_shape(leading)))
    kept = dtype_of(x)
    made = reductions.sum(mul(first, y), axis)
    made = cast_to(made, kept) if kept.kind in "iu" else made
    return made if out is None else deliver(made, out)


def multi_dot(tensors: Any, *, out: Any = None) -> Any:
    """Return the product of two or more matrices, multiplied in the order that takes the fewest operations.

    The first may be a vector, a row, and the last one, a column.

    >>> import wengert as torch
    >>> torch.linalg.multi_dot([torch.ones(2), torch.ones(2, 3), torch.ones(3)])
    tensor(6.)
    """
    op = "multi_dot"
    if not isinstance(tensors, list | tuple):
        raise TypeError(
            f"linalg.multi_dot(): argument 'tensors' must be tuple of Tensors, not {type(tensors).__name__}."
        )
    chain = list(tensors)
    if len(chain) < 2:
        raise ShapeError(f"{op}(): expected at least 2 tensors but got {len(chain)}.")
    for i, x in enumerate(chain):
        require_tensor(op, x, "tensors")
        ranks = (1, 2) if i in (0, len(chain) - 1) else (2,)
        if x.ndim not in ranks:
            raise ShapeError(
                f"{op}(): tensor {i} must be {' or '.join(f'{r}D' for r in ranks)} but got {x.ndim}D."
            )
        same_dtype(op, chain[0], x)
    shape = [
        n
        for x, n in ((chain[0], chain[0].shape[0]), (chain[-1], chain[-1].shape[-1]))
        if x.ndim == 2
    ]
    if chain[0].ndim == 1:
        chain[0] = views.unsqueeze(chain[0], 0)
    if chain[-1].ndim == 1:
        chain[-1] = views.unsqueeze(chain[-1], 1)
    for i, (a, b) in enumerate(zip(chain, chain[1:], strict=False)):
        if a.shape[1] != b.shape[0]:
            raise ShapeError(
                f"{op}(): tensors {i} and {i + 1} with shapes {shape_text(a.shape)} and {shape_text(b.shape)} cannot "
                f"be multiplied."
            )
    made = views.reshape(products.product_of(op, chain), shape)
    return made if out is None else deliver(made, out, exact=True)


def vander(x: Any, *, N: int | None = None) -> Any:
    """Return the powers ``1, x, ..., x ** (N - 1)`` along a new last dimension; N is by default the vectors' length.

    >>> import wengert as torch
    >>> torch.linalg.vander(torch.tensor([2, 3]), N=3)
    tensor([[1, 2, 4],
            [1, 3, 9]])
    """
    op = "linalg.vander"
    require_tensor(op, x, "x")
    if dtype_of(x).kind == "b":
        raise ShapeError(f"{op}: bool tensors are not supported. Use `x.int()`.")
    if not x.ndim:
        x = views.unsqueeze(x, 0)
    count = x.shape[-1] if N is None else whole_of(op, "N", N)
    if count <= 1:
        raise ShapeError(f"{op}: N must be greater than 1, got {count}.")
    if dtype_of(x).kind in "iu":
        x = cast_to(x, np.dtype(np.int64))
    powers = [own_array(np.ones(tuple(x.shape), dtype_of(x)))]
    for _ in range(count - 1):
        powers.append(powers[-1] * x)
    return joining.stack(powers, -1)

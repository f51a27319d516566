"""Products of vectors and matrices in all ranks, as users call them."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import carrier
from wengert.core.primitive import Primitive
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.rules import contraction as rows
from wengert.rules import structural
from wengert.tape.record import binary
from wengert.tensor.promotion import dtype_of, require_tensor


def _product(row: Primitive, x: Any, y: Any) -> Any:
    out = binary(row, x, y)
    return row(x, y) if out is NotImplemented else out


def _same_dtype(op: str, x: Any, y: Any) -> None:
    if dtype_of(x) != dtype_of(y):
        raise DTypeError(
            f"{op}: expected both operands to have the same dtype, but got {x.dtype} and {y.dtype}. "
            f"Use `y.to(x.dtype)`."
        )


def _no_match(op: str, x: Any, y: Any, inner: tuple[int, int]) -> ShapeError:
    return ShapeError(
        f"{op}: mat1 and mat2 shapes cannot be multiplied ({shape_text(x.shape)} and {shape_text(y.shape)}): "
        f"the inner sizes {inner[0]} and {inner[1]} differ. Use `.T` or `.mT` on one of them."
    )


def dot(input: Any, tensor: Any) -> Any:
    """Return the inner product of two vectors. RuntimeError for other ranks, sizes or dtypes.

    >>> import wengert as torch
    >>> torch.dot(torch.tensor([2., 3.]), torch.tensor([2., 1.]))
    tensor(7.)
    """
    require_tensor("dot", input)
    require_tensor("dot", tensor, "tensor")
    if not carrier.special:
        a, b = input.payload, tensor.payload
        if a.ndim == 1 and a.shape == b.shape and a.dtype is b.dtype:
            return binary(rows.dot, input, tensor)
    if input.ndim != 1 or tensor.ndim != 1:
        raise ShapeError(
            f"1D tensors expected, but got {input.ndim}D and {tensor.ndim}D tensors. Use `@` or `matmul`."
        )
    if dtype_of(input) != dtype_of(tensor):
        raise DTypeError(
            f"dot : expected both vectors to have same dtype, but found {input.dtype} and {tensor.dtype}"
        )
    if input.shape != tensor.shape:
        raise ShapeError(
            f"inconsistent tensor size, expected tensor {shape_text(input.shape)} and src "
            f"{shape_text(tensor.shape)} to have the same number of elements"
        )
    return _product(rows.dot, input, tensor)


def mv(input: Any, vec: Any) -> Any:
    """Return the product of a matrix and a vector."""
    if input.ndim != 2 or vec.ndim != 1:
        raise ShapeError(f"vector + matrix @ vector expected, got {input.ndim}D and {vec.ndim}D")
    return matmul(input, vec)


def mm(input: Any, mat2: Any) -> Any:
    """Return the product of two matrices."""
    require_tensor("mm", input)
    require_tensor("mm", mat2, "mat2")
    if input.ndim != 2 or mat2.ndim != 2:
        raise ShapeError("self must be a matrix" if input.ndim != 2 else "mat2 must be a matrix")
    return matmul(input, mat2)


def matmul(input: Any, other: Any) -> Any:
    """Return the matrix product: vectors, matrices, and stacks of matrices whose leading dimensions broadcast.

    ``(n) (n) -> ()``, ``(m, n) (n) -> (m)``, ``(n) (n, k) -> (k)``, ``(..., m, n) (..., n, k) -> (..., m, k)``.
    Raises RuntimeError for 0-d operands, unequal inner sizes, and unequal dtypes.

    >>> import wengert as torch
    >>> torch.tensor([[1., 2.], [3., 4.]]) @ torch.tensor([1., 1.])
    tensor([3., 7.])
    """
    require_tensor("matmul", input)
    require_tensor("matmul", other, "other")
    if not carrier.special:
        a, b = input.payload, other.payload
        if a.ndim == 2 == b.ndim and a.dtype is b.dtype and a.shape[1] == b.shape[0]:
            return binary(rows.mm, input, other)
    left, right = input.ndim, other.ndim
    if left == 2 and right == 2:
        if input.shape[1] != other.shape[0]:
            raise _no_match("matmul", input, other, (input.shape[1], other.shape[0]))
        _same_dtype("matmul", input, other)
        return _product(rows.mm, input, other)
    if not left or not right:
        raise ShapeError(
            "both arguments to matmul need to be at least 1D, use `*` for a 0-d operand"
        )
    _same_dtype("matmul", input, other)
    if left == 1 and right == 1:
        return dot(input, other)
    inner = input.shape[-1], other.shape[0 if right == 1 else -2]
    if inner[0] != inner[1]:
        raise _no_match("matmul", input, other, inner)
    if left == 2 and right == 1:
        return _product(rows.mv, input, other)
    if left == 1 or right == 1:
        return _with_vector(input, other)
    try:
        np.broadcast_shapes(tuple(input.shape[:-2]), tuple(other.shape[:-2]))
    except ValueError:
        raise ShapeError(
            f"matmul: the leading dimensions of {shape_text(input.shape)} and {shape_text(other.shape)} do not "
            f"broadcast."
        ) from None
    return _product(rows.matmul, input, other)


def _with_vector(x: Any, y: Any) -> Any:
    """A vector on one side of a matrix or stack of them: give it a second dimension and take it away again."""
    if x.ndim == 1:
        row = structural.unsqueeze(x, dim=0)
        out = rows.mm(row, y) if y.ndim == 2 else rows.matmul(row, y)
        return structural.squeeze(out, dims=(out.ndim - 2,))
    out = rows.matmul(x, structural.unsqueeze(y, dim=1))
    return structural.squeeze(out, dims=(out.ndim - 1,))


def bmm(input: Any, mat2: Any) -> Any:
    """Return the products of two stacks of matrices, ``(b, m, n) (b, n, k) -> (b, m, k)``."""
    if input.ndim != 3 or mat2.ndim != 3:
        raise ShapeError("batch1 and batch2 must be 3D tensors")
    if input.shape[0] != mat2.shape[0]:
        raise ShapeError(
            f"bmm: the numbers of matrices differ: {input.shape[0]} and {mat2.shape[0]}."
        )
    return matmul(input, mat2)

"""Products of vectors and matrices in all ranks, as users call them."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import carrier
from wengert.core.primitive import Primitive
from wengert.core.shapes import broadcastable
from wengert.errors import DTypeError, ShapeError, matrix_text, shape_text
from wengert.rules import contraction as rows
from wengert.tape.record import binary
from wengert.tape.storage import Recorded
from wengert.tensor.apply import undefined
from wengert.tensor.out import deliver
from wengert.tensor.promotion import dtype_of, require_tensor, result_type

__all__ = [
    "bmm", "dot", "matmul", "mm", "mv",
]  # fmt: skip

BOOL = np.dtype(np.bool_)


def _product(row: Primitive, x: Any, y: Any) -> Any:
    out = binary(row, x, y)
    return row(x, y) if out is NotImplemented else out


def same_dtype(op: str, x: Any, y: Any) -> None:
    """Raise RuntimeError unless two operands have one dtype."""
    if dtype_of(x) != dtype_of(y):
        wide = result_type(x, y)
        repair = "x.to(y.dtype)" if wide == dtype_of(y) else "y.to(x.dtype)"
        raise DTypeError(
            f"{op}: expected both operands to have the same dtype, but got {x.dtype} and {y.dtype}. Use `{repair}`."
        )


def no_match(op: str, x: Any, y: Any, inner: tuple[int, int]) -> ShapeError:
    """Word the error for matrices whose inner sizes differ."""
    return ShapeError(
        f"{op}: mat1 and mat2 shapes cannot be multiplied ({matrix_text(x.shape)} and {matrix_text(y.shape)}): "
        f"the inner sizes {inner[0]} and {inner[1]} differ. Use `.T` or `.mT` on one of them."
    )


def no_bools(op: str, x: Any) -> None:
    """Raise NotImplementedError for bools, which have no products."""
    if dtype_of(x).kind == "b":
        raise undefined(op, dtype_of(x))


def dot(input: Any, tensor: Any, *, out: Any = None) -> Any:
    """Return the inner product of two vectors. RuntimeError for other ranks, sizes or dtypes.

    >>> import wengert as torch
    >>> torch.dot(torch.tensor([2., 3.]), torch.tensor([2., 1.]))
    tensor(7.)
    """
    if out is not None:
        return deliver(dot(input, tensor), out, exact=True)
    if isinstance(input, Recorded) and isinstance(tensor, Recorded) and not carrier.special:
        a, b = input._payload, tensor._payload
        dtype = a.dtype
        if a.ndim == 1 and a.shape == b.shape and dtype is b.dtype and dtype.kind != "b":
            return binary(rows.dot, input, tensor)
    return dot_of("dot", input, tensor)


def dot_of(op: str, input: Any, tensor: Any) -> Any:
    """Return the inner product of two vectors; what is wrong with them is said in the name of ``op``."""
    require_tensor(op, input)
    require_tensor(op, tensor, "tensor")
    if input.ndim != 1 or tensor.ndim != 1:
        raise ShapeError(
            f"{op}: 1D tensors expected, but got {input.ndim}D and {tensor.ndim}D tensors. Use `@` or `matmul`."
        )
    no_bools(op, input)
    if dtype_of(input) != dtype_of(tensor):
        raise DTypeError(
            f"{op}: expected both vectors to have same dtype, but found {input.dtype} and {tensor.dtype}. "
            f"Use `y.to(x.dtype)`."
        )
    if input.shape != tensor.shape:
        raise ShapeError(
            f"{op}: inconsistent tensor size, expected tensor {shape_text(input.shape)} and src "
            f"{shape_text(tensor.shape)} to have the same number of elements. Use `(x * y).sum()` to broadcast."
        )
    return _product(rows.dot, input, tensor)


def mv(input: Any, vec: Any, *, out: Any = None) -> Any:
    """Return the product of a matrix and a vector."""
    require_tensor("mv", input)
    require_tensor("mv", vec, "vec")
    if input.ndim != 2 or vec.ndim != 1:
        raise ShapeError(
            f"vector + matrix @ vector expected, got {input.ndim}D and {vec.ndim}D. "
            f"Use `@` for other numbers of dimensions."
        )
    made = plain_product(input, vec)
    if made is NotImplemented:
        made = matmul_of("mv", input, vec)
    return made if out is None else deliver(made, out, exact=True)


def mm(input: Any, mat2: Any, *, out: Any = None) -> Any:
    """Return the product of two matrices."""
    require_tensor("mm", input)
    require_tensor("mm", mat2, "mat2")
    if input.ndim != 2 or mat2.ndim != 2:
        which, x = ("self", input) if input.ndim != 2 else ("mat2", mat2)
        raise ShapeError(f"mm: {which} must be a matrix, not {x.ndim}D. Use `@` or `matmul`.")
    made = plain_product(input, mat2)
    if made is NotImplemented:
        made = matmul_of("mm", input, mat2)
    return made if out is None else deliver(made, out, exact=True)


def matmul(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return the matrix product: vectors, matrices, and stacks of matrices whose leading dimensions broadcast.

    ``(n) (n) -> ()``, ``(m, n) (n) -> (m)``, ``(n) (n, k) -> (k)``, ``(..., m, n) (..., n, k) -> (..., m, k)``.
    Raises RuntimeError for 0-d operands, unequal inner sizes, and unequal dtypes.

    >>> import wengert as torch
    >>> torch.tensor([[1., 2.], [3., 4.]]) @ torch.tensor([1., 1.])
    tensor([3., 7.])
    """
    if out is not None:
        return deliver(matmul(input, other), out, exact=True)
    if isinstance(input, Recorded) and isinstance(other, Recorded):
        made = plain_product(input, other)
        if made is not NotImplemented:
            return made
    require_tensor("matmul", input)
    require_tensor("matmul", other, "other")
    return matmul_of("matmul", input, other)


def matmul_of(op: str, input: Any, other: Any) -> Any:
    """Return the matrix product; what is wrong with its operands is said in the name of ``op``."""
    left, right = input.ndim, other.ndim
    if not left or not right:
        raise ShapeError(
            f"both arguments to matmul need to be at least 1D, but they are {left}D and {right}D. "
            f"Use `*` for a 0-d operand."
        )
    inner = input.shape[-1], other.shape[0 if right == 1 else -2]
    if inner[0] != inner[1]:
        raise no_match(op, input, other, inner)
    same_dtype(op, input, other)
    no_bools(op, input)
    leading = tuple(input.shape[:-2]), tuple(other.shape[:-2])
    if not broadcastable(leading):
        raise ShapeError(
            f"{op}: the leading dimensions of {shape_text(input.shape)} and {shape_text(other.shape)} do not "
            f"broadcast. Use `unsqueeze` or `expand` to line the stacks up."
        )
    if left > 2 or right > 2:
        row = _STACK_ROW_OF.get((left > 2, right), rows.vm_each if left == 1 else rows.matmul)
    else:
        row = _ROW_OF[left, right]
    return _product(row, input, other)


_ROW_OF = {(1, 1): rows.dot, (1, 2): rows.vm, (2, 1): rows.mv, (2, 2): rows.mm}
_STACK_ROW_OF = {(True, 1): rows.mv_each, (True, 2): rows.mm_each}
"""The row for operands of these ranks; what has more dimensions is a stack of matrices."""


def plain_product(x: Any, y: Any) -> Any:
    """Return the product of plain vectors and matrices, or NotImplemented for what needs a closer look.

    Its caller is what the user called, so that the user's line is found at once.
    """
    a, b = x._payload, y._payload
    if carrier.special or a.dtype is BOOL:
        return NotImplemented
    row = _ROW_OF.get((a.ndim, b.ndim))
    if row is None:
        return NotImplemented
    try:
        return binary(row, x, y, 3)
    except ShapeError:
        return NotImplemented


def bmm(input: Any, mat2: Any, *, out: Any = None) -> Any:
    """Return the products of two stacks of matrices, ``(b, m, n) (b, n, k) -> (b, m, k)``."""
    require_tensor("bmm", input)
    require_tensor("bmm", mat2, "mat2")
    if input.ndim != 3 or mat2.ndim != 3:
        raise ShapeError(
            f"batch1 and batch2 must be 3D tensors, not {input.ndim}D and {mat2.ndim}D. Use `@` or `matmul`."
        )
    if input.shape[0] != mat2.shape[0]:
        raise ShapeError(
            f"bmm: the numbers of matrices differ: {input.shape[0]} and {mat2.shape[0]}. Use `@` to broadcast."
        )
    inner = input.shape[2], mat2.shape[1]
    if inner[0] != inner[1]:
        raise no_match("bmm", input, mat2, inner)
    same_dtype("bmm", input, mat2)
    no_bools("bmm", input)
    made = _product(rows.bmm, input, mat2)
    return made if out is None else deliver(made, out, exact=True)

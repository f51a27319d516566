"""What the functions of linear algebra ask of their operands, in PyTorch's order and types of errors."""

from __future__ import annotations

from typing import Any

from wengert.core import dtypes
from wengert.core.shapes import Shape, broadcast_shape, broadcastable
from wengert.errors import DTypeError, ShapeError, cannot_broadcast, shape_text
from wengert.tensor import views
from wengert.tensor.promotion import dtype_of, require_tensor


def inexact(op: str, x: Any, name: str = "A", *, half: bool = False) -> Any:
    """Return a tensor; RuntimeError unless it is complex or of floats, of at least 32 bits where not ``half``."""
    require_tensor(op, x, name)
    dtype = dtype_of(x)
    if dtypes.kind(dtype) not in "fc":
        raise DTypeError(
            f"{op}: Expected a floating point or complex tensor as input. Got {dtypes.public(dtype)}. Use `x.float()`."
        )
    if dtype.itemsize < 4 and not half:
        raise DTypeError(
            f"{op}: Low precision dtypes not supported. Got {dtypes.public(dtype)}. Use `x.float()`."
        )
    return x


def matrices(op: str, x: Any, name: str = "A", *, half: bool = False) -> Any:
    """Return a matrix or stack of them; RuntimeError for anything else."""
    inexact(op, x, name, half=half)
    if x.ndim < 2:
        raise ShapeError(
            f"{op}: The input tensor {name} must have at least 2 dimensions, but has shape {shape_text(x.shape)}."
        )
    return x


def square(op: str, x: Any, name: str = "A") -> Any:
    """Return a square matrix or stack of them; RuntimeError for anything else."""
    matrices(op, x, name)
    if x.shape[-1] != x.shape[-2]:
        raise ShapeError(
            f"{op}: {name} must be batches of square matrices, but they are {x.shape[-2]} by {x.shape[-1]} matrices."
        )
    return x


def alike(op: str, a: Any, b: Any, names: tuple[str, str] = ("A", "B")) -> None:
    """Raise TypeError unless two operands are tensors, RuntimeError unless they have one dtype."""
    for name, x in zip(names, (a, b), strict=True):
        require_tensor(op, x, name)
    if dtype_of(a) != dtype_of(b):
        raise DTypeError(
            f"{op}: Expected {names[0]} and {names[1]} to have the same dtype, but found {names[0]} of type {a.dtype} "
            f"and {names[1]} of type {b.dtype} instead. Use `{names[1]}.to({names[0]}.dtype)`."
        )


def broadcast_stacks(op: str, *operands: Any) -> list[Any]:
    """Expand the leading dimensions of stacks of matrices to a common shape."""
    leading = [stack_shape(x) for x in operands]
    if not broadcastable(leading):
        raise cannot_broadcast(op, [tuple(x.shape) for x in operands])
    shape = broadcast_shape(leading)
    return [
        x if part == shape else views.expand(x, (*shape, *x.shape[-2:]))
        for x, part in zip(operands, leading, strict=True)
    ]


def stack_shape(x: Any) -> Shape:
    """Return the leading dimensions of a stack of matrices."""
    return tuple(x.shape[:-2])

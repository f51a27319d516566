"""Methods of tensors that `torch` offers as functions, too, and norms under their older names."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.shapes import axis_of, broadcast_shape, broadcastable
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.rules import memory
from wengert.tape.storage import Recorded
from wengert.tensor import views
from wengert.tensor.apply import undefined
from wengert.tensor.complex_numbers import conj_physical, view_as_complex, view_as_real
from wengert.tensor.copies import clone
from wengert.tensor.inplace import fill_, in_place
from wengert.tensor.linalg.sizes import matrix_norm
from wengert.tensor.norms import vector_norm
from wengert.tensor.numbers import whole_of
from wengert.tensor.out import deliver
from wengert.tensor.products import addmv
from wengert.tensor.promotion import cast_to, dtype_of, filling, require_tensor
from wengert.tensor.turning import as_strided_

__all__ = [
    "addmv_", "as_strided_", "conj_physical_", "detach", "detach_", "fill", "fill_", "frobenius_norm", "get_device",
    "is_distributed", "is_inference", "is_neg", "is_signed", "norm_except_dim", "nuclear_norm", "resolve_neg",
    "view_as_complex_copy", "view_as_real_copy",
]  # fmt: skip

addmv_ = in_place(addmv)
conj_physical_ = in_place(conj_physical)


def detach(input: Any) -> Any:
    """Return a tensor with the same memory and no history: gradients stop here.

    >>> import wengert as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> torch.detach(x * 2)
    tensor([2., 2.])
    """
    require_tensor("detach", input)
    return input.detach()


def detach_(input: Any) -> Any:
    """Cut a tensor itself off its history. RuntimeError for views."""
    require_tensor("detach_", input)
    return input.detach_()


def fill(input: Any, value: Any) -> Any:
    """Return a new tensor like ``input``, filled with a number or a 0-d tensor.

    RuntimeError for a number that the dtype cannot hold, and for a tensor with dimensions.

    >>> import wengert as torch
    >>> torch.fill(torch.zeros(2), 3)
    tensor([3., 3.])
    """
    require_tensor("fill", input)
    if not isinstance(value, Recorded):
        return memory.filled(input, filling(value, dtype_of(input), "fill"))
    number: Any = value
    if number.ndim:
        raise ShapeError(
            f"fill only supports 0-dimension value tensor but got tensor with {number.ndim} dimensions."
        )
    return memory.filled_tensor(input, cast_to(number, dtype_of(input)))


def get_device(input: Any) -> int:
    """Return the number of the device: -1 for the CPU."""
    require_tensor("get_device", input)
    return int(input.get_device())


def is_signed(input: Any) -> bool:
    """Say whether the dtype has negative values."""
    require_tensor("is_signed", input)
    return bool(input.is_signed())


def is_inference(input: Any) -> bool:
    """Say whether the tensor was made in inference mode."""
    require_tensor("is_inference", input)
    return bool(input.is_inference())


def is_distributed(input: Any) -> bool:
    """Say whether the tensor is spread over processes: it is not."""
    require_tensor("is_distributed", input)
    return False


def is_neg(input: Any) -> bool:
    """Say whether the elements wait to be negated: they never do."""
    require_tensor("is_neg", input)
    return False


def resolve_neg(input: Any) -> Any:
    """Return the tensor, whose elements never wait to be negated."""
    require_tensor("resolve_neg", input)
    return input


def view_as_real_copy(input: Any, *, out: Any = None) -> Any:
    """Return a copy of `view_as_real`."""
    made = clone(view_as_real(input))
    return made if out is None else deliver(made, out)


def view_as_complex_copy(input: Any, *, out: Any = None) -> Any:
    """Return a copy of `view_as_complex`."""
    made = clone(view_as_complex(input))
    return made if out is None else deliver(made, out)


def norm_except_dim(v: Any, pow: int = 2, dim: int = 0) -> Any:
    """Return the ``pow``-norm over all dimensions but ``dim``, which keep size 1; over all of them for -1.

    >>> import wengert as torch
    >>> torch.norm_except_dim(torch.tensor([[3., 4.], [6., 8.]]), 2, 0)
    tensor([[ 5.],
            [10.]])
    """
    require_tensor("norm_except_dim", v, "v")
    if dim == -1:
        return vector_norm(v, pow)
    kept = axis_of("norm_except_dim", dim, v.ndim)
    others = tuple(d for d in range(v.ndim) if d != kept)
    return vector_norm(v, pow, others, True) if others else v.abs()


def _weight_norm(v: Any, g: Any, dim: int = 0) -> Any:
    """Return ``g * v / |v|``, the norm over all dimensions but ``dim``; over all of them for -1.

    ``g`` has an element for each slice along ``dim``. Both are floats of one dtype. RuntimeError where shapes or dtypes
    do not fit, NotImplementedError for integers and complex numbers.

    >>> import wengert as torch
    >>> torch._weight_norm(torch.tensor([[3., 4.], [6., 8.]]), torch.tensor([[10.], [1.]]))
    tensor([[6.0000, 8.0000],
            [0.6000, 0.8000]])
    """
    op = "_weight_norm"
    require_tensor(op, v, "v")
    require_tensor(op, g, "g")
    dim = whole_of(op, "dim", dim)
    if dtypes.kind(dtype_of(v)) != "f":
        raise undefined(op, dtype_of(v))
    if dtype_of(v) != dtype_of(g):
        raise DTypeError(
            f"{op}: v and g must have the same dtype, but got {v.dtype} and {g.dtype}. Use `g.to({v.dtype})`."
        )
    if dtype_of(v).itemsize < 4:  # rounded once, as PyTorch does
        wide = np.dtype(np.float32)
        return cast_to(_weight_norm(cast_to(v, wide), cast_to(g, wide), dim), dtype_of(v))
    lengths = norm_except_dim(v, 2, dim)
    shape, given = tuple(lengths.shape), tuple(g.shape)
    if shape != given and lengths.numel() == g.numel():
        g = views.reshape(g, shape)
    elif dim != -1 and not (
        broadcastable([shape, given]) and broadcast_shape([shape, given]) == shape
    ):
        raise ShapeError(
            f"{op}: g must have one element for each slice of v along dimension {dim}, {lengths.numel()} of them, as "
            f"in the shape {shape_text(shape)}, but got shape {shape_text(given)}."
        )
    return v * (g / lengths)


def frobenius_norm(input: Any, dim: Any, keepdim: bool = False, *, out: Any = None) -> Any:
    """Return the square root of the sum of squares along ``dim``: one, two or (an empty list) all dimensions."""
    require_tensor("frobenius_norm", input)
    dims = (dim,) if isinstance(dim, int) else tuple(dim)
    if len(dims) > 2:
        raise ShapeError(
            f"frobenius_norm: Expected at most 2 dimensions, but got {len(dims)} dimensions instead. Use "
            f"`torch.linalg.vector_norm(x, 2, dim)`."
        )
    return vector_norm(input, 2, dims or None, keepdim, out=out)


def nuclear_norm(input: Any, *given: Any, out: Any = None, **named: Any) -> Any:
    """Return the sums of the singular values of matrices: ``nuclear_norm(input, keepdim)`` of the last two dimensions.

    ``nuclear_norm(input, dim, keepdim)`` takes the matrices in two dimensions ``dim``.
    """
    require_tensor("nuclear_norm", input)
    dim: Any = (-2, -1)
    if given and not isinstance(given[0], bool):
        dim, given = given[0], given[1:]
    dim, keepdim = named.pop("dim", dim), named.pop("keepdim", *given[:1] or (False,))
    if named or len(given) > 1:
        surplus = ", ".join(map(repr, named)) or f"{1 + len(given)} positional"
        raise TypeError(f"nuclear_norm() takes input, dim, keepdim and out, but got {surplus}.")
    return matrix_norm(input, "nuc", dim, keepdim, out=out)

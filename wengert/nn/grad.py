"""The gradients of a convolution as functions of their own, without a convolution that was computed before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.shapes import Shape
from wengert.errors import DTypeError, ShapeError, refuser, shape_text
from wengert.nn.functional.affine import Call, padding_of
from wengert.rules import convolution as rows
from wengert.tensor.apply import undefined
from wengert.tensor.numbers import wholes_of
from wengert.tensor.promotion import dtype_of, own_array, require_tensor

__all__ = [
    "conv1d_input", "conv1d_weight", "conv2d_input", "conv2d_weight", "conv3d_input", "conv3d_weight",
]  # fmt: skip


def conv1d_input(
    input_size: Any, weight: Any, grad_output: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Any:  # fmt: skip
    """Return the gradient of `conv1d` with respect to its input, of the shape ``input_size (n, c, l)``.

    ``weight (m, c / groups, k)`` and the other arguments are those of the convolution, ``grad_output (n, m, l')`` is
    the gradient of its result. The size is given since several have the same ``l'`` where ``stride`` is above 1.

    All are floats of one dtype. Differentiable in both tensors. Raises RuntimeError where sizes or dtypes do not fit,
    NotImplementedError for integers and complex numbers.

    >>> import wengert as torch
    >>> w, ct = torch.tensor([[[1., 10.]]]), torch.tensor([[[1., 2.]]])
    >>> torch.nn.grad.conv1d_input((1, 1, 3), w, ct)
    tensor([[[ 1., 12., 20.]]])
    """
    return _input(
        "conv1d_input", 1, input_size, weight, grad_output, stride, padding, dilation, groups
    )


def conv1d_weight(
    input: Any, weight_size: Any, grad_output: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Any:  # fmt: skip
    """Return the gradient of `conv1d` with respect to its weight, of the shape ``weight_size (m, c / groups, k)``.

    ``input (n, c, l)`` and the other arguments are those of the convolution, ``grad_output (n, m, l')`` is the gradient
    of its result. Dtypes and errors as for `conv1d_input`.

    >>> import wengert as torch
    >>> x, ct = torch.tensor([[[1., 2., 4.]]]), torch.tensor([[[1., 10.]]])
    >>> torch.nn.grad.conv1d_weight(x, (1, 1, 2), ct)
    tensor([[[21., 42.]]])
    """
    return _weight(
        "conv1d_weight", 1, input, weight_size, grad_output, stride, padding, dilation, groups
    )


def conv2d_input(
    input_size: Any, weight: Any, grad_output: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Any:  # fmt: skip
    """Return the gradient of `conv2d` with respect to its input, of the shape ``input_size``; see `conv1d_input`."""
    return _input(
        "conv2d_input", 2, input_size, weight, grad_output, stride, padding, dilation, groups
    )


def conv2d_weight(
    input: Any, weight_size: Any, grad_output: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Any:  # fmt: skip
    """Return the gradient of `conv2d` with respect to its weight, of the shape ``weight_size``; see `conv1d_weight`."""
    return _weight(
        "conv2d_weight", 2, input, weight_size, grad_output, stride, padding, dilation, groups
    )


def conv3d_input(
    input_size: Any, weight: Any, grad_output: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Any:  # fmt: skip
    """Return the gradient of `conv3d` with respect to its input, of the shape ``input_size``; see `conv1d_input`."""
    return _input(
        "conv3d_input", 3, input_size, weight, grad_output, stride, padding, dilation, groups
    )


def conv3d_weight(
    input: Any, weight_size: Any, grad_output: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Any:  # fmt: skip
    """Return the gradient of `conv3d` with respect to its weight, of the shape ``weight_size``; see `conv1d_weight`."""
    return _weight(
        "conv3d_weight", 3, input, weight_size, grad_output, stride, padding, dilation, groups
    )


def _input(op: str, rank: int, size: Any, weight: Any, ct: Any, *settings: Any) -> Any:
    require_tensor(op, weight, "weight")
    _require_alike(op, weight, ct)
    params = _fitted(op, rank, _hollow(op, "input_size", size, ct), weight, ct, *settings)
    return rows.image_gradient(ct, weight, size=tuple(size)[2:], **params)


def _weight(op: str, rank: int, x: Any, size: Any, ct: Any, *settings: Any) -> Any:
    require_tensor(op, x)
    _require_alike(op, x, ct)
    params = _fitted(op, rank, x, _hollow(op, "weight_size", size, ct), ct, *settings)
    return rows.kernel_gradient(x, ct, size=tuple(size)[2:], **params)


def _require_alike(op: str, x: Any, ct: Any) -> None:
    require_tensor(op, ct, "grad_output")
    if dtype_of(ct) != dtype_of(x):
        raise DTypeError(
            f"{op}: grad_output must have the dtype of the other tensor, {x.dtype}, but got {ct.dtype}. Use "
            f"`grad_output.to({x.dtype})`."
        )
    if dtypes.kind(dtype_of(ct)) == "c":
        raise NotImplementedError(
            f'"{op}" not implemented for {ct.dtype} tensors. Use `torch.autograd.grad` of the convolution.'
        )
    if dtypes.kind(dtype_of(ct)) != "f":
        raise undefined(op, dtype_of(ct))


def _hollow(op: str, name: str, size: Any, like: Any) -> Any:
    """Return a tensor that only tells a shape and a dtype."""
    if isinstance(size, str) or not isinstance(size, Sequence):
        raise TypeError(
            f"{op}(): argument '{name}' must be tuple of ints, not {type(size).__name__}. Write `x.shape`."
        )
    shape = wholes_of(op, name, size)
    if min(shape, default=0) < 0:
        raise ShapeError(f"{op}(): {name} has negative sizes: {shape_text(shape)}.")
    return own_array(np.broadcast_to(np.zeros((), dtype_of(like)), shape))


def _fitted(
    op: str, rank: int, x: Any, weight: Any, ct: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> dict[str, Any]:  # fmt: skip
    """Return the parameters of the convolution; raise unless it exists and gives a result of the shape of ``ct``."""
    if x.ndim != rank + 2:
        raise ShapeError(
            f"{op}: Expected {rank + 2}-dimensional input for {rank + 2}-dimensional weight, but got "
            f"{x.ndim}-dimensional input of size {shape_text(x.shape)} instead. Use `unsqueeze(0)` for a batch of one."
        )
    if isinstance(padding, str):
        raise ShapeError(
            f"{op}: padding must be an int or a tuple of {rank} ints, not '{padding}'. For 'same' it is "
            f"dilation * (kernel_size - 1) // 2, where that is whole."
        )
    call = Call(op, rank, x, weight, None, stride, dilation, groups)
    sizes = padding_of(call, padding)
    out: Shape = tuple(
        (n + 2 * q - d * (k - 1) - 1) // step + 1
        for n, q, d, k, step in zip(
            x.shape[2:], sizes, call.dilation, weight.shape[2:], call.stride, strict=True
        )
    )
    expected = (x.shape[0], weight.shape[0], *out)
    if tuple(ct.shape) != expected:
        raise ShapeError(
            f"{op}: an input of shape {shape_text(x.shape)} and a weight of shape {shape_text(weight.shape)} give a "
            f"result of shape {shape_text(expected)}, and grad_output has shape {shape_text(ct.shape)}."
        )
    return {
        "stride": call.stride,
        "padding": sizes,
        "dilation": call.dilation,
        "groups": call.groups,
    }


__getattr__ = refuser(__name__, "torch.nn.grad")

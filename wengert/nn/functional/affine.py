"""Affine maps and convolutions as functions: what `nn.functional` offers of them."""

from __future__ import annotations

from typing import Any

from wengert.core import carrier, dtypes
from wengert.core.shapes import Shape, broadcastable
from wengert.errors import DTypeError, ShapeError, cannot_broadcast, matrix_text, shape_text
from wengert.nn.functional.per_dimension import per_dimension
from wengert.rules import convolution as rows
from wengert.rules import network, structural
from wengert.tape.record import NO_PARAMS, triple
from wengert.tape.storage import Recorded, ndarray
from wengert.tensor import contraction, views
from wengert.tensor.numbers import whole_of
from wengert.tensor.out import deliver
from wengert.tensor.padding import pad
from wengert.tensor.promotion import dtype_of, require_tensor

__all__ = [
    "bilinear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "linear",
]  # fmt: skip


def linear(input: Any, weight: Any, bias: Any = None, *, out: Any = None) -> Any:
    """Return ``input @ weight.T + bias``: ``input (..., n)``, ``weight (m, n)``, ``bias (m)`` -> ``(..., m)``.

    A weight ``(n)`` gives one number for each vector. Raises RuntimeError where the sizes or dtypes do not fit.

    >>> import wengert as torch
    >>> torch.nn.functional.linear(torch.tensor([1., 2.]), torch.tensor([[1., 1.], [0., 3.]]), torch.tensor([10., 0.]))
    tensor([13.,  6.])
    """
    if out is not None:
        return deliver(linear(input, weight, bias), out, exact=True)
    if not carrier.special and _fits_at_once(input, weight, bias):
        row = network.linear if input._payload.ndim == 2 else network.linear_each
        return triple(row, input, weight, bias, NO_PARAMS)
    require_tensor("linear", input)
    require_tensor("linear", weight, "weight")
    if weight.ndim > 2:
        raise ShapeError(
            f"linear: weight must be a matrix (m, n) or a vector (n), and it has shape {shape_text(weight.shape)}."
        )
    if weight.ndim == 2 and input.ndim and input.shape[-1] != weight.shape[1]:
        flat = matrix_text((input.numel() // max(1, input.shape[-1]), input.shape[-1]))
        turned = matrix_text(reversed_shape(weight))
        raise ShapeError(
            f"linear: mat1 and mat2 shapes cannot be multiplied ({flat} and {turned}): the input has {input.shape[-1]} "
            f"features and the weight (m, n) takes {weight.shape[1]}."
        )
    if bias is not None:
        require_tensor("linear", bias, "bias")
    for name, value in (("weight", weight), ("bias", input if bias is None else bias)):
        if dtype_of(value) != dtype_of(input):
            module = f", or convert the module with `.to({input.dtype})`"
            raise DTypeError(
                f"linear: input and {name} must have the same dtype, but got {input.dtype} and {value.dtype}. "
                f"Use `x.to({value.dtype})`{module if dtypes.kind(dtype_of(input)) in 'fc' else ''}."
            )
    if bias is None:
        return contraction.matmul(input, weight.t())
    if weight.ndim == 1 and (bias.ndim or input.ndim == 2):
        raise ShapeError(
            f"linear: mat2 must be a matrix, got 1-D tensor: with a bias the weight is (m, n), and its shape is "
            f"{shape_text(weight.shape)}. Use `weight.unsqueeze(0)`."
        )
    if weight.ndim == 2 and input.ndim and bias.ndim == 1:
        if bias.shape[0] not in (1, weight.shape[0]):
            raise ShapeError(
                f"linear: the bias has {bias.shape[0]} elements and the weight {weight.shape[0]} rows; one is added to "
                f"each result. The expanded size must match the existing size."
            )
        if (
            bias.shape == weight.shape[:1]
            and input.ndim > 1
            and dtypes.kind(dtype_of(input)) in "fc"
        ):
            row = network.linear if input.ndim == 2 else network.linear_each
            return row(input, weight, bias)
    product = contraction.matmul(input, weight.t())
    if not broadcastable((tuple(product.shape), tuple(bias.shape))):
        raise cannot_broadcast("linear", (product.shape, bias.shape))
    return product + bias


def _fits_at_once(x: Any, weight: Any, bias: Any) -> bool:
    """Say whether plain operands are as the row wants them: the usual case, decided with few questions."""
    if not (
        isinstance(x, Recorded) and isinstance(weight, Recorded) and isinstance(bias, Recorded)
    ):
        return False
    a, w, b = x._payload, weight._payload, bias._payload
    if not (a.__class__ is w.__class__ is b.__class__ is ndarray):
        return False
    shape, dtype = w.shape, a.dtype
    return (
        len(shape) == 2
        and b.shape == shape[:1]
        and a.ndim > 1
        and a.shape[-1] == shape[1]
        and w.dtype is dtype
        and b.dtype is dtype
        and x._payload.dtype.kind == "f"
    )


def reversed_shape(x: Any) -> Shape:
    """Return the sizes of a tensor's transpose."""
    return tuple(reversed(tuple(x.shape)))


def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    """Return ``out[..., k] = sum over i, j of input1[..., i] weight[k, i, j] input2[..., j] + bias[k]``.

    Raises RuntimeError where the sizes do not fit.
    """
    for name, x in (("input1", input1), ("input2", input2), ("weight", weight)):
        require_tensor("bilinear", x, name)
    if tuple(input1.shape[:-1]) != tuple(input2.shape[:-1]):
        raise ShapeError(
            f"bilinear(): input batch dimensions do not match: {shape_text(input1.shape)} and "
            f"{shape_text(input2.shape)}. All sizes but the last must be equal."
        )
    if weight.ndim != 3 or tuple(weight.shape[1:]) != (input1.shape[-1], input2.shape[-1]):
        raise ShapeError(
            f"bilinear(): input sizes {input1.shape[-1]} and {input2.shape[-1]} need a weight "
            f"[k, {input1.shape[-1]}, {input2.shape[-1]}], got {shape_text(weight.shape)}."
        )
    left = contraction.matmul(views.unsqueeze(views.unsqueeze(input1, -2), -2), weight)
    out = views.squeeze(
        contraction.matmul(left, views.unsqueeze(input2, -1).unsqueeze(-3)), (-2, -1)
    )
    if bias is None:
        return out
    require_tensor("bilinear", bias, "bias")
    if tuple(bias.shape) != tuple(weight.shape[:1]):
        raise ShapeError(
            f"bilinear(): bias size does not match weight size: got {shape_text(bias.shape)} but expected "
            f"[{weight.shape[0]}]."
        )
    return out + bias


class Call:
    """The checked arguments of one convolution."""

    def __init__(
        self, op: str, rank: int, x: Any, weight: Any, bias: Any, stride: Any, dilation: Any, groups: int
    ) -> None:  # fmt: skip
        require_tensor(op, x)
        require_tensor(op, weight, "weight")
        groups = whole_of(op, "groups", groups)
        self.op, self.rank, self.groups = op, rank, groups
        if weight.ndim != rank + 2:
            raise ShapeError(
                f"{op}: expected stride to be a single integer value or a list of {weight.ndim - 2} values: the weight "
                f"has shape {shape_text(weight.shape)}, and a {op} takes one of {rank + 2} dimensions."
            )
        if 0 in weight.shape[2:]:
            raise ShapeError(
                f"{op}: kernel size should be greater than zero, but the weight has shape {shape_text(weight.shape)}."
            )
        if not weight.shape[0] or (not weight.shape[1] and x.shape[1:2] != (0,)):
            raise ShapeError(
                f"{op}: Given groups={groups}, expected weight to be at least 1 at dimensions 0 and 1, a non-empty "
                f"tensor, but got weight of size {shape_text(weight.shape)}."
            )
        if x.ndim not in (rank + 1, rank + 2):
            raise ShapeError(
                f"Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input to {op}, but got input of size: "
                f"{shape_text(x.shape)}"
            )
        self.single = x.ndim == rank + 1
        self.x = views.unsqueeze(x, 0) if self.single else x
        self.weight, self.bias = weight, bias
        self.stride = per_dimension(op, "stride", stride, rank)
        self.dilation = per_dimension(op, "dilation", dilation, rank)
        for name, low in (
            ("stride", min(self.stride)),
            ("dilation", min(self.dilation)),
            ("groups", groups),
        ):
            if low <= 0:
                raise ShapeError(f"{op}: non-positive {name} is not supported, got {low}.")
        if dtype_of(x) != dtype_of(weight):
            raise DTypeError(
                f"{op}: Input type ({x.dtype}) and weight type ({weight.dtype}) should be the same. "
                f"Use `x.to(weight.dtype)`."
            )

    def require_bias(self, channels: int) -> None:
        """Raise unless the bias has one element for each channel of the result, of the same dtype."""
        if self.bias is None:
            return
        require_tensor(self.op, self.bias, "bias")
        if tuple(self.bias.shape) != (channels,):
            raise ShapeError(
                f"{self.op}: Given weight of size {shape_text(self.weight.shape)}, expected bias to be 1-dimensional "
                f"with {channels} elements, but got bias of size {shape_text(self.bias.shape)} instead."
            )
        if dtype_of(self.bias) != dtype_of(self.x):
            raise DTypeError(
                f"{self.op}: Input type ({self.x.dtype}) and bias type ({self.bias.dtype}) should be the same."
            )

    def finished(self, out: Any) -> Any:
        """Return the result with its bias, without the batch dimension that the input did not have."""
        if self.bias is not None:
            out = out + structural.reshape(self.bias, shape=(-1, *(1,) * self.rank))
        return views.squeeze(out, 0) if self.single else out


def _convolve(
    op: str, rank: int, x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:  # fmt: skip
    call = Call(op, rank, x, weight, bias, stride, dilation, groups)
    sizes = padding_of(call, padding)
    out = rows.convolution(
        call.x, weight, stride=call.stride, padding=sizes, dilation=call.dilation, groups=groups
    )
    return call.finished(out)


def padding_of(call: Call, padding: Any) -> Shape:
    """Return how many zeros stand on both sides of each dimension; raise unless the operands fit each other.

    Where "same" padding needs one more at the end of a dimension, the call's input gets it.
    """
    op, weight, groups = call.op, call.weight, call.groups
    kernel = tuple(weight.shape[2:])
    if call.x.shape[1] != weight.shape[1] * groups:
        raise ShapeError(
            f"{op}: Given groups={groups}, weight of size {shape_text(weight.shape)}, expected input"
            f"{shape_text(call.x.shape)} to have {weight.shape[1] * groups} channels, but got {call.x.shape[1]} "
            f"channels instead."
        )
    if weight.shape[0] % groups:
        raise ShapeError(
            f"{op}: expected weight to be divisible by groups={groups} at dimension 0, but got weight of size "
            f"{shape_text(weight.shape)}."
        )
    call.require_bias(weight.shape[0])
    call.x, sizes = _with_padding(call, padding, kernel)
    for n, q, k, d in zip(call.x.shape[2:], sizes, kernel, call.dilation, strict=True):
        if n + 2 * q < d * (k - 1) + 1:
            raise ShapeError(
                f"{op}: Calculated padded input size per channel: ({n + 2 * q}). Kernel size: ({d * (k - 1) + 1}). "
                f"Kernel size can't be greater than actual input size. Add padding, or use a smaller kernel."
            )
    return sizes


def _with_padding(call: Call, padding: Any, kernel: Shape) -> tuple[Any, Shape]:
    """Return the input and the padding on both sides; "same" may need one more zero at the end of a dimension."""
    if not isinstance(padding, str):
        sizes = per_dimension(call.op, "padding", padding, call.rank)
        if min(sizes) < 0:
            raise ShapeError(f"{call.op}: negative padding is not supported, got {min(sizes)}.")
        return call.x, sizes
    if padding == "valid":
        return call.x, (0,) * call.rank
    if padding != "same":
        raise ShapeError(
            f"{call.op}: Invalid padding string: '{padding}'. Use 'valid', 'same' or ints."
        )
    if set(call.stride) != {1}:
        raise ShapeError(f"{call.op}: padding='same' is not supported for strided convolutions.")
    total = [d * (k - 1) for d, k in zip(call.dilation, kernel, strict=True)]
    odd = tuple(t % 2 for t in total)
    x = call.x
    if any(odd):
        shape = (*x.shape[:2], *(n + o for n, o in zip(x.shape[2:], odd, strict=True)))
        x = structural.embed(x, index=tuple(slice(0, n) for n in x.shape), shape=tuple(shape))
    return x, tuple(t // 2 for t in total)


def conv1d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:  # fmt: skip
    """Return the cross-correlation of ``input (n, c, l)`` with ``weight (m, c / groups, k)``: ``(n, m, l')``.

    ``out[n, m, o] = bias[m] + sum over c, k of input[n, c, o stride + k dilation - padding] weight[m, c, k]``, with
    ``l' = (l + 2 padding - dilation (k - 1) - 1) // stride + 1``. ``padding`` is a number of zeros on both sides, or
    "valid" (none), or "same" (``l' = l``). An input without batch dimension gives a result without one.

    Raises RuntimeError where sizes or dtypes do not fit.

    >>> import wengert as torch
    >>> x, w = torch.tensor([[[1., 2., 4.]]]), torch.tensor([[[1., 10.]]])
    >>> torch.nn.functional.conv1d(x, w)
    tensor([[[21., 42.]]])
    """
    return _convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:  # fmt: skip
    """Return the cross-correlation of images ``(n, c, h, w)`` with ``weight (m, c / groups, kh, kw)``; see `conv1d`."""
    return _convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:  # fmt: skip
    """Return the cross-correlation of volumes ``(n, c, d, h, w)`` with ``weight (m, c / groups, *k)``; see `conv1d`."""
    return _convolve("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def _convolve_back(
    op: str, rank: int, x: Any, weight: Any, bias: Any, stride: Any, padding: Any, output_padding: Any,
    groups: int, dilation: Any,
) -> Any:  # fmt: skip
    call = Call(op, rank, x, weight, bias, stride, dilation, groups)
    if call.x.shape[1] != weight.shape[0] or weight.shape[0] % groups:
        raise ShapeError(
            f"{op}: Given transposed=1, groups={groups}, weight of size {shape_text(weight.shape)}, expected input"
            f"{shape_text(call.x.shape)} to have {weight.shape[0]} channels (a multiple of groups), but got "
            f"{call.x.shape[1]} channels instead."
        )
    sizes = per_dimension(op, "padding", padding, rank)
    extra = per_dimension(op, "output_padding", output_padding, rank)
    if min(*sizes, *extra) < 0:
        raise ShapeError(f"{op}: negative padding is not supported.")
    if any(e >= max(s, d) for e, s, d in zip(extra, call.stride, call.dilation, strict=True)):
        raise ShapeError(
            f"{op}: output padding must be smaller than either stride or dilation, but got output_padding={extra}, "
            f"stride={call.stride}, dilation={call.dilation}."
        )
    call.require_bias(weight.shape[1] * groups)
    size = tuple(
        (n - 1) * s - 2 * q + d * (k - 1) + e + 1
        for n, s, q, d, k, e in zip(
            call.x.shape[2:],
            call.stride,
            sizes,
            call.dilation,
            weight.shape[2:],
            extra,
            strict=True,
        )
    )
    if size and min(size) < 1 or 0 in call.x.shape[2:]:
        raise ShapeError(
            f"{op}: Given input size per channel: {shape_text(call.x.shape[2:])}. Calculated output size per channel: "
            f"{shape_text(size)}. Output size is too small. Use less padding, or a larger kernel."
        )
    # Output padding of a stride or more is room for further elements, of which there are none.
    further = [n for e, s in zip(extra, call.stride, strict=True) for n in (e // s, 0)][::-1]
    x = pad(call.x, further) if any(further) else call.x
    out = rows.convolution_image(
        x, weight, stride=call.stride, padding=sizes, dilation=call.dilation, groups=groups, size=size
    )  # fmt: skip
    return call.finished(out)


def conv_transpose1d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
    groups: int = 1, dilation: Any = 1,
) -> Any:  # fmt: skip
    """Return the transpose of `conv1d`, the map that carries its gradients back to its input.

    ``input (n, m, l)``, ``weight (m, c / groups, k)`` -> ``(n, c, l')`` with
    ``l' = (l - 1) stride - 2 padding + dilation (k - 1) + output_padding + 1``.

    >>> import wengert as torch
    >>> x, w = torch.tensor([[[1., 2.]]]), torch.tensor([[[1., 10.]]])
    >>> torch.nn.functional.conv_transpose1d(x, w)
    tensor([[[ 1., 12., 20.]]])
    """
    return _convolve_back(
        "conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation
    )  # fmt: skip


def conv_transpose2d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
    groups: int = 1, dilation: Any = 1,
) -> Any:  # fmt: skip
    """Return the transpose of `conv2d`; see `conv_transpose1d`."""
    return _convolve_back(
        "conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation
    )  # fmt: skip


def conv_transpose3d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
    groups: int = 1, dilation: Any = 1,
) -> Any:  # fmt: skip
    """Return the transpose of `conv3d`; see `conv_transpose1d`."""
    return _convolve_back(
        "conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation
    )  # fmt: skip

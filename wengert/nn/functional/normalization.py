"""Normalizing functions: what `nn.functional` offers of layer, batch, group and instance norms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core import carrier, dtypes
from wengert.core.shapes import Shape
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.rules import network, structural
from wengert.tape.mode import no_grad
from wengert.tape.storage import Recorded, ndarray
from wengert.tensor import reductions, views
from wengert.tensor.copies import contiguous
from wengert.tensor.numbers import double_of, require_flags, whole_of, wholes_of
from wengert.tensor.promotion import cast_to, constant, dtype_of, require_tensor

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "rms_norm"]

_FLOAT32 = np.dtype(np.float32)


def _require_floating(op: str, x: Any) -> None:
    require_tensor(op, x)
    if dtypes.kind(dtype_of(x)) != "f":
        raise NotImplementedError(
            f'"{op}" not implemented for {x.dtype} tensors. Convert with `.float()`.'
        )


def _mixed(x: Any, *parameters: Any) -> bool:
    """Say whether a tensor of 16 bits meets parameters of float32, with which it is computed in float32."""
    given = [dtype_of(p) for p in parameters if isinstance(p, Recorded)]
    narrow = dtype_of(x).itemsize == 2 and dtypes.kind(dtype_of(x)) == "f"
    return narrow and bool(given) and all(d == _FLOAT32 for d in given)


def _widened(x: Any) -> Any:
    return cast_to(x, _FLOAT32)


def _affine(op: str, x: Any, value: Any, name: str, shape: Shape, otherwise: float) -> Any:
    """Return a weight or bias in a shape that broadcasts against ``x``; a constant where there is none."""
    if value is None:
        return constant(otherwise, dtype_of(x))
    require_tensor(op, value, name)
    if dtype_of(value) != dtype_of(x):
        raise DTypeError(
            f"{op}: expected {name} to have the input's dtype {x.dtype}, got {value.dtype}. Use `{name}.to(x.dtype)`."
        )
    return value if tuple(value.shape) == shape else structural.reshape(value, shape=shape)


def _normalized_axes(op: str, x: Any, normalized_shape: Any, weight: Any, bias: Any) -> Shape:
    if not isinstance(normalized_shape, Sequence) or isinstance(normalized_shape, str):
        raise TypeError(
            f"{op}(): argument 'normalized_shape' must be tuple of ints, not {type(normalized_shape).__name__}. Use "
            f"`({normalized_shape},)` for the last dimension."
        )
    shape = wholes_of(op, "normalized_shape", normalized_shape)
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None:
            require_tensor(op, value, name)
        if value is not None and tuple(value.shape) != shape:
            raise ShapeError(
                f"{op}: Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{shape_text(value.shape)} and normalized_shape = {shape_text(shape)}."
            )
    rank = len(tuple(x.shape))
    if not shape or len(shape) > rank or tuple(x.shape)[rank - len(shape) :] != shape:
        raise ShapeError(
            f"{op}: Given normalized_shape={shape_text(shape)}, expected input with shape "
            f"[*, {', '.join(map(str, shape))}], but got input of size {shape_text(x.shape)}."
        )
    return tuple(range(rank - len(shape), rank))


def layer_norm(
    input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Return ``(x - mean) / sqrt(variance + eps) * weight + bias``, over the last dimensions ``normalized_shape``.

    The variance is the biased one. RuntimeError where the shapes do not fit.
    Source: Ba, Kiros and Hinton, Layer normalization, 2016.

    >>> import wengert as torch
    >>> torch.nn.functional.layer_norm(torch.tensor([[1., 3.]]), (2,))
    tensor([[-1.0000,  1.0000]])
    """
    eps = double_of("layer_norm", "eps", eps)
    if not carrier.special and _fits_at_once(input, normalized_shape, weight, bias):
        return network.normalize(input, weight, bias, axis=(input._payload.ndim - 1,), eps=eps)[0]
    _require_floating("layer_norm", input)
    if _mixed(input, weight, bias):
        made = layer_norm(_widened(input), normalized_shape, weight, bias, eps)
        return cast_to(made, dtype_of(input))
    axis = _normalized_axes("layer_norm", input, normalized_shape, weight, bias)
    shape = tuple(input.shape)[axis[0] :]
    y = _affine("layer_norm", input, weight, "weight", shape, 1.0)
    z = _affine("layer_norm", input, bias, "bias", shape, 0.0)
    return network.normalize(input, y, z, axis=axis, eps=eps)[0]


def _fits_at_once(x: Any, shape: Any, weight: Any, bias: Any) -> bool:
    """Say whether plain operands are normalized over their last dimension: the usual case, decided in few steps."""
    if not (
        isinstance(x, Recorded) and isinstance(weight, Recorded) and isinstance(bias, Recorded)
    ):
        return False
    a, w, b = x._payload, weight._payload, bias._payload
    if not (a.__class__ is w.__class__ is b.__class__ is ndarray and shape.__class__ is tuple):
        return False
    dtype = a.dtype
    return (
        w.shape == b.shape == shape == a.shape[-1:]
        and w.dtype is dtype
        and b.dtype is dtype
        and x._payload.dtype.kind == "f"
    )


def rms_norm(
    input: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None
) -> Any:
    """Return ``x / sqrt(mean(x ** 2) + eps) * weight``, over the last dimensions ``normalized_shape``.

    ``eps`` is the dtype's spacing at 1 unless given.
    Source: Zhang and Sennrich, Root mean square layer normalization, 2019.
    """
    if eps is not None:
        eps = double_of("rms_norm", "eps", eps)
    _require_floating("rms_norm", input)
    if isinstance(normalized_shape, Sequence) and len(normalized_shape) > input.ndim:
        raise ValueError(
            f"rms_norm: Input tensor must have at least {len(normalized_shape)} dimensions, those of "
            f"normalized_shape={list(normalized_shape)}, but got {input.ndim}."
        )
    axis = _normalized_axes("rms_norm", input, normalized_shape, weight, None)
    small = float(dtypes.limits(dtype_of(input)).eps) if eps is None else eps
    input = contiguous(input)
    out = input * (reductions.mean(input * input, axis, True) + small).sqrt().reciprocal()
    return out if weight is None else out * weight


def _channel_axes(x: Any) -> Shape:
    return tuple(a for a in range(x.ndim) if a != 1)


def _per_channel(x: Any) -> Shape:
    return (x.shape[1], *(1,) * (x.ndim - 2))


def batch_norm(
    input: Any, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None,
    training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    """Return ``(x - mean) / sqrt(variance + eps) * weight + bias`` for each channel of ``x (n, c, ...)``.

    In training the mean and (biased) variance are the batch's, and the running ones move towards them (there the
    variance is the unbiased one): ``running = (1 - momentum) running + momentum batch``. Otherwise the running ones are
    used. RuntimeError where the shapes do not fit, ValueError in training on one value per channel.
    Source: Ioffe and Szegedy, Batch normalization, 2015.
    """
    return batch_norm_of(
        input, running_mean, running_var, weight, bias, training, momentum, eps, True
    )


def batch_norm_of(
    input: Any, running_mean: Any, running_var: Any, weight: Any, bias: Any, training: bool, momentum: float,
    eps: float, several: bool,
) -> Any:  # fmt: skip
    """Return `batch_norm`; unless ``several`` are wanted, one value per channel becomes 0, its variance NaN."""
    _require_floating("batch_norm", input)
    if _mixed(input, running_mean, running_var, weight, bias):
        widened = _widened(input)
        made = batch_norm_of(
            widened, running_mean, running_var, weight, bias, training, momentum, eps, several
        )
        return cast_to(made, dtype_of(input))
    require_flags("batch_norm", training=training)
    momentum = double_of("batch_norm", "momentum", momentum)
    eps = double_of("batch_norm", "eps", eps)
    if eps < 0 or (training and not eps):
        raise ValueError(
            f"batch_norm eps must be {'positive during training' if training else 'non-negative'}, but got {eps}."
        )
    if input.ndim < 2:
        raise ShapeError(
            f"batch_norm: expected at least 2D input (n, c, ...), got {shape_text(input.shape)}."
        )
    channels = input.shape[1]
    named = {
        "running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias
    }  # fmt: skip
    for name, value in named.items():
        if value is not None:
            require_tensor("batch_norm", value, name)
        if value is not None and tuple(value.shape) != (channels,):
            raise ShapeError(
                f"batch_norm: {name} should contain {channels} elements, one for each channel, not "
                f"{value.numel()}."
            )
        if value is not None and dtype_of(value) != dtype_of(input):
            raise DTypeError(
                f"batch_norm: mixed dtype: expected {name} to have the input's dtype {input.dtype}, got {value.dtype}. "
                f"Use `{name}.to({input.dtype})`, or convert the module."
            )
    shape = _per_channel(input)
    y = _affine("batch_norm", input, weight, "weight", shape, 1.0)
    z = _affine("batch_norm", input, bias, "bias", shape, 0.0)
    if training:
        return _on_batch(input, y, z, running_mean, running_var, momentum, eps, several)
    if running_mean is None or running_var is None:
        raise RuntimeError(
            "batch_norm: Expected running_mean and running_var to be defined when training=False."
        )
    mean, var = (structural.reshape(v, shape=shape) for v in (running_mean, running_var))
    return network.batch_norm_fixed(input, y, z, mean, var, eps=eps)


def _on_batch(
    x: Any, y: Any, z: Any, running_mean: Any, running_var: Any, momentum: float, eps: float, several: bool
) -> Any:  # fmt: skip
    """Normalize by the batch's own statistics, and move the running ones towards them."""
    count = math.prod((x.shape[0], *x.shape[2:]))
    if not x.numel():
        return x * y + z
    if several and count <= 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {x.shape}. Use `.eval()`, or a "
            f"larger batch."
        )
    out, mean, var = network.batch_norm(x, y, z, axis=_channel_axes(x), eps=eps)
    with no_grad():
        for running, now in ((running_mean, mean), (running_var, var * _unbiased(count))):
            if running is not None:
                running.mul_(1 - momentum).add_(views.reshape(now.detach(), -1), alpha=momentum)
    return out


def _unbiased(count: int) -> float:
    """Return what makes a biased variance of so many numbers an unbiased one; NaN of one number."""
    return count / (count - 1) if count > 1 else math.nan


def group_norm(
    input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Return ``x (n, c, ...)`` normalized over each of ``num_groups`` groups of channels, then scaled per channel.

    RuntimeError where the channels do not divide into the groups.
    Source: Wu and He, Group normalization, 2018.
    """
    _require_floating("group_norm", input)
    if _mixed(input, weight, bias):
        made = group_norm(_widened(input), num_groups, weight, bias, eps)
        return cast_to(made, dtype_of(input))
    eps = double_of("group_norm", "eps", eps)
    num_groups = whole_of("group_norm", "num_groups", num_groups)
    if input.ndim < 2:
        raise ShapeError(
            f"group_norm: Expected at least 2D input (n, c, ...), got {shape_text(input.shape)}."
        )
    n, c, *rest = input.shape
    if num_groups <= 0 or c % num_groups:
        raise ShapeError(
            f"group_norm: Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{shape_text(input.shape)} and num_groups={num_groups}."
        )
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None:
            require_tensor("group_norm", value, name)
        if value is not None and tuple(value.shape) != (c,):
            raise ShapeError(
                f"group_norm: Expected {name} to be a vector of size equal to the number of channels in input, but got "
                f"{name} of shape {shape_text(value.shape)} and input of shape {shape_text(input.shape)}."
            )
    if n * (c // num_groups) * math.prod(rest) == 1:
        raise ValueError(
            f"group_norm: Expected more than 1 value per channel when training, got input size "
            f"{shape_text(input.shape)} in {num_groups} groups: of one value the variance is 0. Use fewer groups."
        )
    shape = (num_groups, c // num_groups, *(1,) * len(rest))
    grouped = structural.reshape(input, shape=(n, num_groups, c // num_groups, *rest))
    y = _affine("group_norm", input, weight, "weight", shape, 1.0)
    z = _affine("group_norm", input, bias, "bias", shape, 0.0)
    out = network.group_norm(grouped, y, z, axis=tuple(range(2, grouped.ndim)), eps=eps)[0]
    return structural.reshape(out, shape=tuple(input.shape))


def instance_norm(
    input: Any, running_mean: Any = None, running_var: Any = None, weight: Any = None, bias: Any = None,
    use_input_stats: bool = True, momentum: float = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    """Return ``x (n, c, ...)`` normalized over the positions of each channel of each example, scaled per channel.

    With ``use_input_stats=False`` by the running mean and variance, as `batch_norm`.
    Source: Ulyanov, Vedaldi and Lempitsky, Instance normalization, 2016.
    """
    return instance_norm_of(
        input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps, True
    )


def instance_norm_of(
    input: Any, running_mean: Any, running_var: Any, weight: Any, bias: Any, use_input_stats: bool, momentum: float,
    eps: float, several: bool,
) -> Any:  # fmt: skip
    """Return `instance_norm`; unless ``several`` are wanted, one position per channel becomes 0, its variance NaN."""
    _require_floating("instance_norm", input)
    if _mixed(input, running_mean, running_var, weight, bias):
        widened = _widened(input)
        made = instance_norm_of(
            widened,
            running_mean,
            running_var,
            weight,
            bias,
            use_input_stats,
            momentum,
            eps,
            several,
        )
        return cast_to(made, dtype_of(input))
    require_flags("instance_norm", use_input_stats=use_input_stats)
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    eps = double_of("instance_norm", "eps", eps)
    momentum = double_of("instance_norm", "momentum", momentum)
    if (running_mean is None) != (running_var is None):
        raise ValueError(
            "instance_norm: running_mean and running_var must either both be None or neither be None."
        )
    if input.ndim > 1:
        for name, value in (("running_mean", running_mean), ("weight", weight), ("bias", bias)):
            if value is not None:
                require_tensor("instance_norm", value, name)
            if value is not None and tuple(value.shape) != tuple(input.shape[1:2]):
                raise ShapeError(
                    f"instance_norm: {name} should contain {input.shape[1]} elements, one for each channel, not "
                    f"{value.numel()}: its shape is {shape_text(value.shape)}."
                )
    if several and math.prod(input.shape[2:]) == 1:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size {input.shape}."
        )
    shape = _per_channel(input)
    y = _affine("instance_norm", input, weight, "weight", shape, 1.0)
    z = _affine("instance_norm", input, bias, "bias", shape, 0.0)
    if not input.numel():
        return input * y + z
    out, mean, var = network.normalize(input, y, z, axis=tuple(range(2, input.ndim)), eps=eps)
    count = math.prod(input.shape[2:])
    with no_grad():
        for running, now in ((running_mean, mean), (running_var, var * _unbiased(count))):
            if running is not None:
                batch = reductions.mean(views.reshape(now.detach(), now.shape[0], -1), 0)
                running.mul_(1 - momentum).add_(batch, alpha=momentum)
    return out

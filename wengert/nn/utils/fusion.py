"""A layer and the batch normalization after it as one layer, for evaluation."""

from __future__ import annotations

import copy
from typing import Any

from wengert.nn.parameter import Parameter
from wengert.tensor.filled import ones_like, zeros_like
from wengert.tensor.transcendental import rsqrt

__all__ = ["fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights"]  # fmt: skip


def _fused(layer: Any, bn: Any, fuse: Any, *more: Any) -> Any:
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval! Call `.eval()` of both first.")
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("Fusion needs running statistics: track_running_stats is False.")
    made = copy.deepcopy(layer)
    made.weight, made.bias = fuse(
        made.weight, made.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, *more
    )
    return made


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """Return a copy of a convolution that does what ``bn(conv(x))`` does in evaluation.

    ``transpose`` is for a transposed convolution. AssertionError unless both are in evaluation.

    >>> import wengert as torch
    >>> conv, bn = torch.nn.Conv2d(2, 3, 1).eval(), torch.nn.BatchNorm2d(3).eval()
    >>> x = torch.ones(1, 2, 4, 4)
    >>> torch.allclose(torch.nn.utils.fuse_conv_bn_eval(conv, bn)(x), bn(conv(x)))
    True
    """
    return _fused(conv, bn, fuse_conv_bn_weights, transpose)


def fuse_conv_bn_weights(
    conv_w: Any, conv_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any, transpose: bool = False
) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Return weight and bias of a convolution with a batch normalization after it.

    ``w' = w s`` and ``b' = (b - mean) s + bias`` with ``s = weight / sqrt(var + eps)`` of each output channel.
    """
    shape = [1] * conv_w.ndim
    shape[1 if transpose else 0] = -1
    return _weights(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, shape)


def _weights(
    w: Any, b: Any, mean: Any, var: Any, eps: float, scale: Any, shift: Any, shape: list[int]
) -> tuple[Parameter, Parameter]:
    b = zeros_like(mean) if b is None else b
    scale = ones_like(mean) if scale is None else scale
    shift = zeros_like(mean) if shift is None else shift
    by = scale * rsqrt(var + eps)
    weight, bias = (w * by.reshape(shape)).to(w.dtype), ((b - mean) * by + shift).to(b.dtype)
    # As detached copies: the layer before lives on with its own parameters.
    return (
        Parameter(weight.detach(), w.requires_grad),
        Parameter(bias.detach(), getattr(b, "requires_grad", False)),
    )


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """Return a copy of a `Linear` that does what ``bn(linear(x))`` does in evaluation.

    AssertionError unless both are in evaluation, and where the features are not the layer's or one.
    """
    if bn.num_features not in (linear.out_features, 1):
        raise AssertionError(
            f"To fuse, linear.out_features == bn.num_features or bn.num_features == 1, not {linear.out_features} and "
            f"{bn.num_features}."
        )
    return _fused(linear, bn, fuse_linear_bn_weights)


def fuse_linear_bn_weights(
    linear_w: Any, linear_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any
) -> tuple[Parameter, Parameter]:
    """Return weight and bias of a `Linear` with a batch normalization after it; see `fuse_conv_bn_weights`."""
    return _weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, [-1, 1])

"""Rows of neural networks: an affine map, and normalization over axes. Each is one node and one kernel."""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import composite
from wengert.core.shapes import Shape
from wengert.core.strides import by_rows
from wengert.rules.blocks import in_float32
from wengert.rules.contraction import matmul, mm
from wengert.rules.elementwise import reciprocal, sqrt
from wengert.rules.reduction import mean
from wengert.rules.structural import broadcast_to, reshape, sum, sum_to, t
from wengert.rules.summation import sum_axes


def _flat(x: Any) -> Any:
    """Return a stack of vectors as one matrix."""
    return x if x.ndim == 2 else reshape(x, shape=(math.prod(x.shape[:-1]), x.shape[-1]))


def _linear_definition(x: Any, y: Any, z: Any) -> Any:
    return matmul(x, t(y)) + z


def _linear(x: Array, y: Array, z: Array) -> Array:
    if x.dtype.char == "e":  # for which NumPy has no BLAS
        return in_float32(_linear, x, y, z)  # type: ignore[no-any-return]
    if x.ndim == 2:
        out = x.dot(y.T)
        out += z
        return out
    out = x.reshape(-1, x.shape[-1]).dot(y.T)
    out += z
    return out.reshape(*x.shape[:-1], len(y))


linear = composite(
    "linear", _linear_definition, _linear,
    [lambda ct, y: mm(ct, y), lambda ct, x: mm(t(ct), x), lambda ct: sum(ct, axis=(0,), keepdim=False)],
    backward_name="AddmmBackward0",
)  # fmt: skip
"""``x @ y.T + z``: vectors ``x (k, n)``, weights ``y (m, n)``, bias ``z (m)``."""

linear_each = composite(
    "linear_each", _linear_definition, _linear,
    [lambda ct, y, x_shape: reshape(mm(_flat(ct), y), shape=x_shape), lambda ct, x: mm(t(_flat(ct)), _flat(x)),
     lambda ct, z_shape: sum_to(ct, z_shape)],
    backward_name="ViewBackward0",
    spoken="linear",
)  # fmt: skip
"""The same for stacks of vectors ``x (..., k, n)``, which PyTorch flattens and views again."""


def _normalize_definition(x: Any, y: Any, z: Any, *, axis: Shape, eps: float) -> Any:
    centre = mean(x, axis=axis, keepdim=True)
    apart = x - centre
    variance = mean(apart * apart, axis=axis, keepdim=True)
    return apart * reciprocal(sqrt(variance + eps)) * y + z, centre, variance


def _normalize(x: Array, y: Array, z: Array, *, axis: Shape, eps: float) -> tuple[Array, ...]:
    if x.itemsize == 2:  # float16, whose squares end at 65504
        wide = _normalize(*(v.astype(np.float32) for v in (x, y, z)), axis=axis, eps=eps)
        return tuple(v.astype(x.dtype) for v in wide)
    x = by_rows(x)
    shape = tuple([1 if i in axis else n for i, n in enumerate(x.shape)])
    count = x.dtype.type(math.prod([x.shape[a] for a in axis]))
    centre = np.reshape(sum_axes(x, axis) / count, shape)
    out = np.subtract(x, centre)
    variance = np.reshape(sum_axes(np.multiply(out, out), axis) / count, shape)
    out *= np.reciprocal(np.sqrt(variance + x.dtype.type(eps)))
    out *= y
    out += z
    return out, centre, variance


def _rate(variance: Any, eps: float) -> Any:
    return reciprocal(sqrt(variance + eps))


def _standard(x: Any, centre: Any, variance: Any, eps: float) -> tuple[Any, Any]:
    """Return x with mean 0 and deviation 1, and what it was multiplied by."""
    rate = _rate(variance, eps)
    return (x - centre) * rate, rate


def _along(v: Any, axis: Shape) -> Any:
    return mean(v, axis=axis, keepdim=True)


def _from_normalized_definition(
    x: Any, y: Any, z: Any, centre: Any, variance: Any, *, axis: Shape, eps: float
) -> Any:
    standard, rate = _standard(y, centre, variance, eps)
    g = x * z
    return (g - _along(g, axis) - standard * _along(g * standard, axis)) * rate


def _from_normalized(
    x: Array, y: Array, z: Array, centre: Array, variance: Array, *, axis: Shape, eps: float
) -> Array:
    if x.itemsize == 2:
        return _from_normalized_definition(x, y, z, centre, variance, axis=axis, eps=eps)  # type: ignore[no-any-return]
    rate = np.reciprocal(np.sqrt(variance + y.dtype.type(eps)))
    standard = np.subtract(y, centre)
    standard *= rate
    g = np.multiply(x, z)
    standard *= _along(g * standard, axis)
    g -= _along(g, axis)
    g -= standard
    g *= rate
    return g


from_normalized = composite(
    "from_normalized",
    _from_normalized_definition,
    _from_normalized,
    spoken="backward of layer_norm, group_norm or batch_norm",
)
"""What the cotangent ``x`` of normalized values is to ``y``, which was normalized and then multiplied by ``z``."""


def _normalize_x(
    ct: Any, x: Any, y: Any, centre: Any, variance: Any, x_shape: Shape, axis: Shape, eps: float
) -> Any:
    count = math.prod(x_shape[a] for a in axis)
    out_ct, centre_ct, variance_ct = ct
    terms = []
    if out_ct is not None:
        terms.append(from_normalized(out_ct, x, y, centre, variance, axis=axis, eps=eps))
    if centre_ct is not None:
        terms.append(broadcast_to(centre_ct / count, shape=x_shape))
    if variance_ct is not None:
        terms.append((x - centre) * (variance_ct * (2.0 / count)))
    return functools.reduce(operator.add, terms)


def _normalize_y(ct: Any, x: Any, centre: Any, variance: Any, eps: float) -> Any:
    return None if ct[0] is None else ct[0] * _standard(x, centre, variance, eps)[0]


normalize = composite(
    "normalize", _normalize_definition, _normalize,
    [_normalize_x, _normalize_y, lambda ct: ct[0]],
    outputs=("out", "centre", "variance"), takes_absent=True, backward_name="NativeLayerNormBackward0",
    spoken="layer_norm or instance_norm",
)  # fmt: skip
"""``(x - mean) / sqrt(variance + eps) * y + z`` with mean and (biased) variance over ``axis``, which come along.

``y`` and ``z`` broadcast against ``x``.
"""

batch_norm = normalize.named("batch_norm", "NativeBatchNormBackward0")
group_norm = normalize.named("group_norm", "NativeGroupNormBackward0")


def _fixed_definition(x: Any, y: Any, z: Any, centre: Any, variance: Any, *, eps: float) -> Any:
    return (x - centre) * (_rate(variance, eps) * y) + z


def _fixed_variance(ct: Any, x: Any, y: Any, centre: Any, variance: Any, eps: float) -> Any:
    return ct * (x - centre) * (y * -0.5 * _rate(variance, eps) / (variance + eps))


batch_norm_fixed = composite(
    "batch_norm_fixed", _fixed_definition,
    lambda x, y, z, centre, variance, *, eps:
        _fixed_definition(by_rows(x), y, z, centre, variance, eps=eps),
    [lambda ct, y, variance, eps: ct * (_rate(variance, eps) * y),
     lambda ct, x, centre, variance, eps: ct * ((x - centre) * _rate(variance, eps)),
     lambda ct: ct,
     lambda ct, y, variance, eps: ct * (_rate(variance, eps) * -y),
     _fixed_variance],
    backward_name="NativeBatchNormBackward0",
    spoken="batch_norm",
)  # fmt: skip
"""The same with a mean and a variance that are given."""

__all__ = ["batch_norm", "group_norm", "linear", "linear_each", "normalize"]

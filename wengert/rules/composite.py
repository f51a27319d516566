"""Rows defined by other rows. One node on the tape and one kernel on raw arrays; elsewhere the definition runs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import composite, elementwise
from wengert.core.shapes import Shape
from wengert.core.strides import by_rows
from wengert.rules.elementwise import exp, keep_where, log
from wengert.rules.reduction import amax, mean
from wengert.rules.structural import detach, sum
from wengert.rules.summation import sum_all


def _axis(x: Any, dim: int) -> Shape:
    """Return the axes that ``dim`` names: none of a single number, which has no axis ``dim``."""
    return (dim,) if dim < x.ndim else ()


def _shifted(x: Any, dim: int) -> Any:
    """Subtract the largest value along ``dim``; the shift has no derivative, for it cancels."""
    if 0 in x.shape:
        return x
    top = detach(amax(x, axis=_axis(x, dim), keepdim=True))
    return x - keep_where(top, top != -math.inf)


def _softmax_definition(x: Any, *, dim: int) -> Any:
    e = exp(_shifted(x, dim))
    return e / sum(e, axis=_axis(x, dim), keepdim=True)


def _softmax_kernel(x: Array, *, dim: int) -> Array:
    if dim >= x.ndim or not x.size:
        return np.ones_like(x)
    x = by_rows(x)
    out = x - np.maximum.reduce(x, axis=dim, keepdims=True)
    np.exp(out, out=out)
    n = x.shape[dim]
    if dim == x.ndim - 1 and n <= 1024 and out.flags.c_contiguous:
        # A product with ones adds up short rows three times as fast as a reduction.
        out *= np.reciprocal(out.dot(np.ones(n, x.dtype)))[..., None]
    else:
        out /= np.add.reduce(out, axis=dim, keepdims=True)
    return out


softmax = composite(
    "softmax", _softmax_definition, _softmax_kernel,
    lambda ct, out, dim: out * (ct - sum(ct * out, axis=_axis(out, dim), keepdim=True)),
    shift=lambda p, size: {"dim": p["dim"] + 1},
)  # fmt: skip


def _log_softmax_definition(x: Any, *, dim: int) -> Any:
    s = _shifted(x, dim)
    return s - log(sum(exp(s), axis=_axis(x, dim), keepdim=True))


def _log_softmax_kernel(x: Array, *, dim: int) -> Array:
    if dim >= x.ndim or not x.size:
        return np.zeros_like(x)
    x = by_rows(x)
    out = x - np.maximum.reduce(x, axis=dim, keepdims=True)
    e, n = np.exp(out), x.shape[dim]
    if dim == x.ndim - 1 and n <= 1024 and e.flags.c_contiguous:
        out -= np.log(e.dot(np.ones(n, x.dtype)))[..., None]
    else:
        out -= np.log(np.add.reduce(e, axis=dim, keepdims=True))
    return out


log_softmax = composite(
    "log_softmax", _log_softmax_definition, _log_softmax_kernel,
    lambda ct, out, dim: ct - exp(out) * sum(ct, axis=_axis(out, dim), keepdim=True),
    shift=lambda p, size: {"dim": p["dim"] + 1},
)  # fmt: skip


def _mse_definition(x: Any, y: Any) -> Any:
    d = x - y
    return mean(d * d, axis=tuple(range(d.ndim)), keepdim=False)


def _mse_kernel(x: Array, y: Array) -> Array:
    if x.itemsize == 2:  # float16, whose sums end at 65504
        return _mse_kernel(x.astype(np.float32), y.astype(np.float32)).astype(x.dtype)
    d = np.subtract(x, y)
    if d.ndim != 1:
        d = np.reshape(d, -1)
    if d.size < 4096:
        return d.dot(d) / d.size if d.size else np.full((), np.nan, d.dtype)  # type: ignore[no-any-return]
    np.multiply(d, d, out=d)
    return np.add.reduce(d) / d.size  # type: ignore[no-any-return]


mse_loss = composite(
    "mse_loss", _mse_definition, _mse_kernel,
    [lambda ct, x, y: (x - y) * (ct * (2.0 / max(1, math.prod(x.shape)))),
     lambda ct, x, y: (y - x) * (ct * (2.0 / max(1, math.prod(x.shape))))],
)  # fmt: skip
"""Mean of the squared differences of two operands of one shape."""


def _mse_sum_definition(x: Any, y: Any) -> Any:
    d = x - y
    return sum(d * d, axis=tuple(range(d.ndim)), keepdim=False)


def _mse_sum_kernel(x: Array, y: Array) -> Array:
    d = np.subtract(x, y)
    return sum_all(np.multiply(d, d))  # type: ignore[no-any-return]


mse_sum = composite(
    "mse_sum", _mse_sum_definition, _mse_sum_kernel,
    [lambda ct, x, y: (x - y) * (ct * 2.0), lambda ct, x, y: (y - x) * (ct * 2.0)],
    backward_name="MseLossBackward0",
    spoken="mse_loss",
)  # fmt: skip
"""Sum of the squared differences of two operands of one shape."""


def _mse_each(x: Array, y: Array) -> Array:
    d = np.subtract(x, y)
    return np.multiply(d, d)


mse_each = elementwise(
    "mse_each", _mse_each, lambda t, x, y: t * (2.0 * (x - y)), lambda t, x, y: t * (2.0 * (y - x)),
    backward_name="MseLossBackward0",
    spoken="mse_loss",
)  # fmt: skip
"""Squared differences."""

"""Rows that keep an element or put another one in its place, and those that weigh several operands together."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import constant, elementwise
from wengert.rules.elementwise import isfinite, isnan, keep_where, log


def _clamp(x: Array, y: Array, z: Array) -> Array:
    return np.minimum(np.maximum(x, y), z)  # type: ignore[no-any-return]


clamp = elementwise(
    "clamp", _clamp,
    lambda t, x, y, z: keep_where(t, (x >= y) & (x <= z)),
    lambda t, x, y, z: keep_where(t, (x < y) & (y < z)),
    lambda t, x, y, z: keep_where(t, (x > z) | (z < y)),
    lower="clamp", moves=True, selects=(0, 1, 2),
)  # fmt: skip
"""``x`` between the bounds ``y`` and ``z``; the upper one wins. At a bound the gradient belongs to ``x``."""

clamp_min = elementwise(
    "clamp_min", lambda x, y: np.maximum(x, y),
    lambda t, x, y: keep_where(t, x >= y), lambda t, x, y: keep_where(t, x < y),
    backward_name="ClampMinBackward1", lower="clamp_min", moves=True, selects=(0, 1),
)  # fmt: skip
clamp_max = elementwise(
    "clamp_max", lambda x, y: np.minimum(x, y),
    lambda t, x, y: keep_where(t, x <= y), lambda t, x, y: keep_where(t, x > y),
    backward_name="ClampMaxBackward1", lower="clamp_max", moves=True, selects=(0, 1),
)  # fmt: skip

# PyTorch's nodes tell bounds that are numbers from tensors, and `clamp` with one bound from `clamp_min`.
clamp_numbers = clamp.named("clamp_numbers", "ClampBackward1", spoken="clamp")
clamp_min_number = clamp_min.named("clamp_min_number", "ClampMinBackward0", spoken="clamp_min")
clamp_max_number = clamp_max.named("clamp_max_number", "ClampMaxBackward0", spoken="clamp_max")
clamp_from = clamp_min.named("clamp_from", "ClampBackward0", spoken="clamp")
clamp_to = clamp_max.named("clamp_to", "ClampBackward0", spoken="clamp")
clamp_from_number = clamp_min.named("clamp_from_number", "ClampBackward1", spoken="clamp")
clamp_to_number = clamp_max.named("clamp_to_number", "ClampBackward1", spoken="clamp")

fmax = elementwise(
    "fmax", lambda x, y: np.fmax(x, y),
    lambda t, x, y: keep_where(t, (x >= y) | isnan(y)),
    lambda t, x, y: keep_where(t, ~((x >= y) | isnan(y))),
    moves=True, selects=(0, 1),
)  # fmt: skip
fmin = elementwise(
    "fmin", lambda x, y: np.fmin(x, y),
    lambda t, x, y: keep_where(t, (x <= y) | isnan(y)),
    lambda t, x, y: keep_where(t, ~((x <= y) | isnan(y))),
    moves=True, selects=(0, 1),
)  # fmt: skip
"""The larger and the smaller of two, NaN being neither. Equal elements leave the gradient to the first."""


def _nan_to_num(x: Array, *, nan: float, posinf: float | None, neginf: float | None) -> Array:
    if x.dtype.kind == "c":
        out = np.empty_like(x)
        for part, of in ((out.real, x.real), (out.imag, x.imag)):
            part[...] = _nan_to_num(of, nan=nan, posinf=posinf, neginf=neginf)
        return out
    largest = np.finfo(x.dtype).max
    high = x.dtype.type(largest if posinf is None else posinf)
    low = x.dtype.type(-largest if neginf is None else neginf)
    out = np.where(np.isnan(x), x.dtype.type(nan), x)
    return np.where(x == np.inf, high, np.where(x == -np.inf, low, out))


nan_to_num = elementwise(
    "nan_to_num", _nan_to_num, lambda t, x: keep_where(t, isfinite(x)), moves=True, selects=(0,)
)


def _isinf(x: Array) -> Array:
    return np.isinf(x)  # type: ignore[no-any-return]


isinf = constant("isinf", _isinf, operands=1)


def _lerp(x: Array, y: Array, z: Array) -> Array:
    # From the nearer end, so that a weight of 1 gives y exactly.
    step = y - x
    near = np.abs(z) < 0.5
    return np.where(near, x + z * step, y - step * (z.dtype.type(1) - z))


lerp = elementwise(
    "lerp", _lerp, lambda t, z: t * (1.0 - z), lambda t, z: t * z, lambda t, x, y: t * (y - x),
    backward_name="LerpBackward1", lower="lerp",
)  # fmt: skip
lerp_number = lerp.named("lerp_number", "LerpBackward0", spoken="lerp")
"""``x + z * (y - x)``."""


def _addcmul(x: Array, y: Array, z: Array, *, value: complex) -> Array:
    return x + (y * z if value == 1 else y * z * x.dtype.type(value))  # type: ignore[no-any-return]


addcmul = elementwise(
    "addcmul", _addcmul, lambda t: t, lambda t, z, value: t * (z * value),
    lambda t, y, value: t * (y * value),
)  # fmt: skip
"""``x + value * y * z``."""


def _addcdiv(x: Array, y: Array, z: Array, *, value: complex) -> Array:
    return x + (y / z if value == 1 else y * x.dtype.type(value) / z)  # type: ignore[no-any-return]


addcdiv = elementwise(
    "addcdiv", _addcdiv, lambda t: t, lambda t, z, value: t * value / z,
    lambda t, y, z, value: -t * (y / z / z) * value, domain=(0.2, 3.0),
)  # fmt: skip
"""``x + value * y / z``."""


def _xlogy(x: Array, y: Array) -> Array:
    return np.where((x == 0) & ~np.isnan(y), x.dtype.type(0), x * np.log(y))


def stays_zero(x: Any, y: Any) -> Any:
    """Return where ``x * log(y)`` is 0 although the logarithm does not exist or is infinite."""
    return (x == 0.0) & (y <= 0.0)


xlogy = elementwise(
    "xlogy", _xlogy,
    lambda t, x, y: keep_where(t * log(y), ~stays_zero(x, y)), lambda t, x, y: t * (x / y),
    masks=(lambda mask, x, y: keep_where(mask, ~stays_zero(x, y)), lambda mask: mask),
    selects=(0,), lower="xlogy", domain=(0.2, 3.0),
)  # fmt: skip
number_xlogy = xlogy.named("number_xlogy", "XlogyBackward1", spoken="xlogy")
xlogy_number = xlogy.named("xlogy_number", "XlogyBackward2", spoken="xlogy")
"""``x * log(y)``, 0 where x is 0."""

"""Rows between complex numbers and pairs of real ones: parts, angles, and views as one another.

Their derivatives are linear over the real numbers only, so these rows are general and conjugate by themselves.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.dtypes import complex_of
from wengert.core.primitive import composite, constant, elementwise, general
from wengert.core.strides import room_like
from wengert.rules.elementwise import cos, keep_where, modulus, mul, sin
from wengert.rules.memory import zero
from wengert.rules.structural import any_, conj, select, spread


def _view_as_real(x: Array) -> Array:
    return np.asarray(x)[..., None].view(f"f{x.itemsize // 2}")


view_as_real = general(
    "view_as_real", _view_as_real, lambda ct: view_as_complex(ct),
    lambda tangents: view_as_real(tangents[0]), shift=lambda p, size: p, view=True,
    masks=[lambda mask: any_(mask, axis=(mask.ndim - 1,), keepdim=False)],
)  # fmt: skip
"""Complex numbers as pairs, real part first, along a new last axis: (...) -> (..., 2)."""


def _view_as_complex(x: Array) -> Array:
    if x.strides[-1] != x.itemsize:  # as cotangents may lie
        x = np.ascontiguousarray(x)
    return x.view(complex_of(x.dtype))[..., 0]


view_as_complex = general(
    "view_as_complex", _view_as_complex, lambda ct: view_as_real(ct),
    lambda tangents: view_as_complex(tangents[0]), shift=lambda p, size: p, view=True,
    masks=[lambda mask: spread(mask, axis=(mask.ndim,), shape=(*mask.shape, 2))],
)  # fmt: skip
"""Pairs along the last axis as complex numbers: (..., 2) -> (...)."""


def real_part(x: Any) -> Any:
    """Return the real parts of complex numbers."""
    return select(view_as_real(x), index=(Ellipsis, 0))


def imaginary_part(x: Any) -> Any:
    """Return the imaginary parts of complex numbers."""
    return select(view_as_real(x), index=(Ellipsis, 1))


def _complex(x: Array, y: Array) -> Array:
    shape, dtype = np.broadcast_shapes(x.shape, y.shape), complex_of(x.dtype)
    out = room_like(x, dtype) if x.shape == shape else np.empty(shape, dtype)
    out.real, out.imag = x, y
    return out


def _joined(tangents: Any, x: Any, y: Any) -> Any:
    left, right = (zero(v) if t is None else t for v, t in zip((x, y), tangents, strict=True))
    return complex_(left, right)


complex_ = general(
    "complex", _complex, [real_part, imaginary_part], _joined, aligned=True
)  # fmt: skip
"""``x + i y`` of two real operands."""


def _polar_kernel(x: Array, y: Array) -> Array:
    return _complex(x * np.cos(y), x * np.sin(y))


polar = composite(
    "polar", lambda x, y: complex_(mul(x, cos(y)), mul(x, sin(y))), _polar_kernel,
    [lambda ct, y: real_part(ct) * cos(y) - imaginary_part(ct) * sin(y),
     lambda ct, out: -imaginary_part(out * ct)],
)  # fmt: skip
"""The complex number of modulus ``x`` and angle ``y``. The engine conjugates what its rules are given."""


def _over_square(t: Any, x: Any) -> Any:
    """Return ``t / |x| ** 2``, and 0 at 0."""
    size = modulus(x)
    return keep_where(t / (size * size), size != 0.0)


def _angle_vjp(ct: Any, x: Any) -> Any:
    slope = _over_square(ct, x)
    return complex_(-slope * imaginary_part(x), slope * real_part(x))


angle = general(
    "angle", lambda x: np.arctan2(x.imag, x.real), _angle_vjp,
    lambda tangents, x: _over_square(imaginary_part(conj(x) * tangents[0]), x), aligned=True,
)  # fmt: skip
"""The angle of complex numbers, between -pi and pi. Its derivatives at 0 are 0."""


def _half_turn(x: Array) -> Array:
    return np.where(np.isnan(x), x, np.where(x < 0, x.dtype.type(math.pi), x.dtype.type(0)))


half_turn = elementwise(
    "half_turn",
    _half_turn,
    lambda t: zero(t),
    backward_name="AngleBackward0",
    domain=(0.2, 3.0),
    moves=True,
    selects=(0,),
    spoken="angle",
)
"""The angle of real numbers: pi below 0, else 0."""

conj_physical = conj.named("conj_physical", "ConjPhysicalBackward0")
is_real = constant("is_real", lambda x: np.equal(x.imag, 0), operands=1)

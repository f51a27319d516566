"""Rows of gamma and Dirichlet numbers, which were drawn elsewhere: how they move with their distributions' parameters.

A number moves so that the probability of numbers below it stays as it is (M. Figurnov, S. Mohamed and A. Mnih,
"Implicit reparameterization gradients", 2018). That is an integral over the numbers below it, or above it, whichever
has an integrand of one sign; it is a sum here over nodes whose logarithms are evenly spaced, exact to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import composite, constant, elementwise, general
from wengert.rules.elementwise import exp, expm1, log
from wengert.rules.special import digamma
from wengert.rules.structural import cast, numpy_dtype, reshape, sum

_STEPS: Final = {8: np.arange(220.0), 4: np.arange(72.0)}
_NEGLIGIBLE: Final = {8: 36.0, 4: 18.0}
"""How many nodes there are, and how many powers of e the first and the last are beyond the integrand's scales, by the
bytes that a result has."""
_FLOAT64: Final = np.dtype(np.float64)
_LEAST: Final = 2.0**-1022
"""Added to what may be 0 and has a logarithm; it changes no other number."""
_AT_ONCE: Final = 2**12


def _spread_out(least: Array, most: Array, exact: int) -> tuple[Array, Array]:
    """Return nodes between two scales, along a new last axis, and their weights."""
    first = np.log(least) - _NEGLIGIBLE[exact]
    gap = (np.log(most) - first) / (_STEPS[exact].size - 1)
    nodes = np.exp(first[..., None] + gap[..., None] * _STEPS[exact])
    return nodes, nodes * gap[..., None]


def _gamma_nodes(x: Array, y: Array, *, exact: int) -> tuple[Array, Array]:
    """Return nodes ``u = log(t / y)`` and weights ``du``, below 0 where the integral runs over numbers ``t > y``."""
    far = _NEGLIGIBLE[exact]
    lower = np.log(y) < digamma(x)
    root = np.sqrt(x)
    down, down_weight = _spread_out(1.0 / (1.0 + x + root), far / x + 15.0 / root, exact)
    root = np.sqrt(1.0 + x)
    up, up_weight = _spread_out(np.minimum(y, 1.0) / root, 2.0 * far + 15.0 * root, exact)
    lower, y = lower[..., None], y[..., None]
    nodes = np.where(lower, -down, np.log1p(up / y))
    return nodes, np.where(lower, down_weight, -up_weight / (y + up))


gamma_nodes = constant(
    "gamma_nodes", _gamma_nodes, outputs=("nodes", "weights"), shift=lambda p, size: p
)


def _in_float64(x: Any) -> Any:
    source = numpy_dtype(x)
    return x if source == _FLOAT64 else cast(x, dtype=_FLOAT64, source=source)


def _gamma_slope(x: Any, y: Any, *, exact: int = 8) -> Any:
    column, dtype = (*x.shape, 1), numpy_dtype(x)
    x, y = _in_float64(x), _in_float64(y) + _LEAST
    u, weight = gamma_nodes(x, y, exact=exact)
    a, b = reshape(x, shape=column), reshape(y, shape=column)
    terms = weight * exp(a * u - b * expm1(u)) * (digamma(a) - log(b) - u)
    return _back(y * sum(terms, axis=(x.ndim,), keepdim=False), dtype)


def _back(x: Any, dtype: np.dtype[Any]) -> Any:
    return x if dtype == _FLOAT64 else cast(x, dtype=dtype, source=_FLOAT64)


def _in_parts(definition: Callable[..., Any]) -> Callable[..., Array]:
    """Return a definition as a kernel that computes in float64, for some elements at a time."""

    def kernel(*operands: Array) -> Array:
        dtype = operands[0].dtype
        flat = [x.astype(np.float64).reshape(-1) for x in np.broadcast_arrays(*operands)]
        shape = np.broadcast_shapes(*(x.shape for x in operands))
        made = np.empty(math.prod(shape), dtype)
        for start in range(0, made.size, _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            made[part] = definition(*(x[part] for x in flat), exact=8 if dtype == _FLOAT64 else 4)
        return made.reshape(shape)

    return kernel


standard_gamma_grad = composite(
    "standard_gamma_grad", _gamma_slope, _in_parts(_gamma_slope),
    backward_name="StandardGammaGradBackward0",
)  # fmt: skip
"""How a gamma number ``y`` moves with its shape ``x``: ``-(dP(x, y) / dx) / p(x, y)``."""


def _drawn(x: Array, y: Array) -> Array:
    return np.broadcast_arrays(x, y)[1].copy()


standard_gamma = elementwise(
    "standard_gamma", _drawn, lambda t, x, out: t * standard_gamma_grad(x, out), None,
    backward_name="StandardGammaBackward0",
)  # fmt: skip
"""The gamma numbers ``y`` that were drawn for the shapes ``x``."""


def _beta_nodes(x: Array, y: Array, z: Array, *, exact: int) -> tuple[Array, Array]:
    """Return nodes ``v`` and their weights, below 0 where the integral runs over numbers above ``x``.

    The numbers integrated over are ``t = x exp(-v)``, else ``1 - t = (1 - x) exp(-v)``.
    """
    rest = z - y
    lower = np.log(x) < digamma(y) - digamma(z)
    end = np.where(lower, y, rest)
    odds = np.where(lower, x / (1.0 - x), (1.0 - x) / x)
    least = 1.0 / (1.0 + end + (z - end + 1.0) * odds)
    most = _NEGLIGIBLE[exact] / end + 15.0 / np.sqrt(end)
    nodes, weights = _spread_out(least, most, exact)
    return nodes, np.where(lower[..., None], weights, -weights)


beta_nodes = constant(
    "beta_nodes", _beta_nodes, outputs=("nodes", "weights"), shift=lambda p, size: p
)


def _beta_slope(x: Any, y: Any, z: Any, *, exact: int = 8) -> Any:
    column, dtype = (*x.shape, 1), numpy_dtype(x)
    x, y, z = _in_float64(x) + _LEAST, _in_float64(y), _in_float64(z)
    v, weight = beta_nodes(x, y, z, exact=exact)
    b, a, total = (reshape(part, shape=column) for part in (x, y, z))
    upper = (weight < 0.0) * 1.0
    lower = 1.0 - upper
    beyond = (1.0 - b) + _LEAST
    share, rest = exp(-v), -expm1(-v)
    # t / x and (1 - t) / (1 - x), of which one is exp(-v).
    left = log((lower + upper * share) + upper * rest / b) - lower * v
    right = log((upper + lower * share) + lower * rest / beyond) - upper * v
    density = exp((a - 1.0) * left + (total - a - 1.0) * right - v)
    terms = weight * density * (digamma(a) - digamma(total) - log(b) - left)
    terms = terms * (upper + lower * b / beyond)
    return _back(sum(terms, axis=(x.ndim,), keepdim=False), dtype)


dirichlet_grad = composite(
    "dirichlet_grad", _beta_slope, _in_parts(_beta_slope), backward_name="DirichletGradBackward0"
)
"""How a Dirichlet number ``x`` moves with its concentration ``y``, of ``z`` in total, divided by ``1 - x``."""


def _shared(t: Any, out: Any) -> Any:
    return sum(t * out, axis=(t.ndim - 1,), keepdim=True)


def _concentrated(x: Any, out: Any) -> Any:
    total = sum(x, axis=(x.ndim - 1,), keepdim=True)
    return dirichlet_grad(out, x, total + x * 0.0)


dirichlet = general(
    "dirichlet", _drawn,
    [lambda ct, x, out: _concentrated(x, out) * (ct - _shared(ct, out)), None],
    lambda tangents, x, out: _moved(_concentrated(x, out) * tangents[0], out),
    backward_name="_DirichletBackward", shift=lambda p, size: p,
)  # fmt: skip
"""The numbers ``y`` that were drawn for the concentrations ``x``, and sum to 1 along the last axis."""


def _moved(t: Any, out: Any) -> Any:
    return t - out * sum(t, axis=(t.ndim - 1,), keepdim=True)


__all__ = [
    "beta_nodes", "dirichlet", "dirichlet_grad", "gamma_nodes", "standard_gamma", "standard_gamma_grad",
]  # fmt: skip

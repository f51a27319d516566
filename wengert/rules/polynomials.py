"""Rows of orthogonal polynomials: of ``x``, of the degree ``y``, which has no derivative.

Each family is one row, a recurrence of three terms; ``order`` is how often it is differentiated, which is the same
recurrence differentiated. Degrees are cut to whole numbers; those below 0, and NaN, give 0.
Source: Abramowitz and Stegun, Handbook of mathematical functions, 1964, tables 22.7 and 22.3.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import Primitive, elementwise

Terms = tuple[int, int, int, int]
"""``(a, b, c, d)`` of one step: ``d p(m + 1) = (a x + b) p(m) - c p(m - 1)``."""

FROM = 8
"""The degree from which Chebyshev polynomials inside of -1 to 1 are computed with angles."""


def _polynomial(
    name: str, step: Callable[[int], Terms], by_angle: Callable[[Array, Array], Array] | None = None
) -> Primitive:
    """Return the row of a family of polynomials, which begins with 1."""

    def forward(x: Array, y: Array, *, order: int) -> Array:
        wide = x.astype(np.float32) if x.itemsize == 2 else x
        out = np.asarray(np.add(wide, y, dtype=wide.dtype))  # lies as its operands do
        out.fill(0)
        wide, degrees = np.broadcast_to(wide, out.shape), np.broadcast_to(_whole(y), out.shape)
        angular = np.zeros(out.shape, np.bool_)
        if by_angle is not None and not order:
            angular = (degrees > FROM) & (np.abs(wide) <= 1)
            if angular.any():
                # An angle times a degree keeps its digits in float64 only.
                out[angular] = by_angle(wide[angular].astype(np.float64), degrees[angular])
        _by_steps(step, wide, np.where(angular, -1, degrees), order, out)
        return out.astype(x.dtype, copy=False)

    row = elementwise(
        name, forward, lambda t, x, y, order: t * row(x, y, order=order + 1), None, domain=(-0.9, 4.0)
    )  # fmt: skip
    return row


def _whole(y: Array) -> Array:
    """Return degrees as integers."""
    return np.where(y > -1, y, -1).astype(np.int64)


def _by_steps(
    step: Callable[[int], Terms], x: Array, degrees: Array, order: int, out: Array
) -> None:
    """Write the derivatives of an order into ``out``, where degrees are 0 or more."""
    wanted = set(np.unique(degrees).tolist())
    below = [np.zeros_like(x) for _ in range(order + 1)]
    now = [np.ones_like(x), *(np.zeros_like(x) for _ in range(order))]
    for m in range(max(wanted, default=-1) + 1):
        if m in wanted:
            np.copyto(out, now[order], where=degrees == m)
        a, b, c, d = step(m)
        factor = a * x + b if b else a * x
        above = []
        for k, p in enumerate(now):
            p = factor * p
            if k:
                p += k * a * now[k - 1]
            if c:
                p -= c * below[k]
            if d != 1:
                p /= d
            above.append(p)
        below, now = now, above


def _t_by_angle(x: Array, n: Array) -> Array:
    return np.cos(n * np.arccos(x))  # type: ignore[no-any-return]


def _at_ends(x: Array, n: Array, inside: Array, upper: Array, lower: Array) -> Array:
    """Replace the ratios of sines, which are 0 / 0 at an end, by their limits at 1 and -1."""
    signs = np.where(n % 2 == 0, 1, -1)
    return np.where(x == 1, upper, np.where(x == -1, lower * signs, inside))


def _u_by_angle(x: Array, n: Array) -> Array:
    a = np.arccos(x)
    return _at_ends(x, n, np.sin((n + 1) * a) / np.sin(a), n + 1, n + 1)


def _v_by_angle(x: Array, n: Array) -> Array:
    a = np.arccos(x)
    return _at_ends(x, n, np.cos((n + 0.5) * a) / np.cos(0.5 * a), np.ones_like(x), 2 * n + 1)


def _w_by_angle(x: Array, n: Array) -> Array:
    a = np.arccos(x)
    return _at_ends(x, n, np.sin((n + 0.5) * a) / np.sin(0.5 * a), 2 * n + 1, np.ones_like(x))


chebyshev_t = _polynomial("chebyshev_t", lambda m: (2 if m else 1, 0, 1, 1), _t_by_angle)
chebyshev_u = _polynomial("chebyshev_u", lambda m: (2, 0, 1, 1), _u_by_angle)
chebyshev_v = _polynomial("chebyshev_v", lambda m: (2, 0 if m else -1, 1, 1), _v_by_angle)
chebyshev_w = _polynomial("chebyshev_w", lambda m: (2, 0 if m else 1, 1, 1), _w_by_angle)
"""Chebyshev polynomials of the first to the fourth kind."""

hermite_h = _polynomial("hermite_h", lambda m: (2, 0, 2 * m, 1))
hermite_he = _polynomial("hermite_he", lambda m: (1, 0, m, 1))
"""Hermite polynomials, as physicists and as probabilists write them."""

laguerre_l = _polynomial("laguerre_l", lambda m: (-1, 2 * m + 1, m, m + 1))
legendre_p = _polynomial("legendre_p", lambda m: (2 * m + 1, 0, m, m + 1))

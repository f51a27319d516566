"""Samples of elementwise rows with parameters, masks or a domain of their own."""

from __future__ import annotations

import numpy as np

from tests.laws.operands import Entries, X, ints, mask, numbers

ENTRIES: Entries = {
    "power": [((np.abs(X) + 0.2,), {"exponent": e}) for e in (2, 3, 1, 0, 0.5, -1.0, 2.5, 4, -2)],
    "sinc": [((X,), {"order": 0}), ((X,), {"order": 1}), ((numbers(),), {"order": 3})],
    "round_to": [((X / 30 + 0.65,), {"decimals": 0}), ((X + 5,), {"decimals": -1})],
    "div_floor": [((X + 5, numbers(3, seed=1) / 60 + 0.3), {})],
    "div_trunc": [((X + 5, numbers(3, seed=1) / 60 + 0.3), {})],
    "nan_to_num": [((X,), {"nan": 0.0, "posinf": None, "neginf": None})],
    "clamp": [((X, X - 1, X + 1), {}), ((X, numbers(3, seed=1), np.array(1.01)), {}), ((X, X + 2, X + 1), {})],
    "addcmul": [((X, numbers(3, seed=1), numbers(2, 1, seed=2)), {"value": v}) for v in (1, 2.5)],
    "addcdiv": [((X, numbers(3, seed=1), np.abs(X) + 0.5), {"value": v}) for v in (1, 2.5)],
    "lerp": [((X, numbers(3, seed=1), numbers(2, 1, seed=2)), {})],
    "gcd": [((ints(4, 6, -9), ints(6)), {})],
    "frexp": [((X * 1.1,), {}), ((numbers() * 1.1,), {})],
    "lcm": [((ints(4, 6, -9), ints(6)), {})],
    "shift_left": [((ints(4, 6, -9), ints(2)), {})],
    "shift_right": [((ints(4, 6, -9), ints(2)), {})],
    "logit": [((X / 8 + 0.5,), {"eps": None}), ((X / 8 + 0.5,), {"eps": 0.2})],
    "polygamma": [((np.abs(X) + 0.5,), {"n": n}) for n in (1, 0, 2)],
    "multigammaln": [((np.abs(X) + 1.5,), {"p": p}) for p in (1, 3)],
    **{
        name: [((np.abs(X) + 0.5,), {"order": n}) for n in (0, 1, 2)]
        for name in ("bessel_j", "bessel_y", "bessel_i", "scaled_bessel_i", "bessel_k", "scaled_bessel_k")
    },
    **{
        name: [((X / 4, np.array([0.0, 2.0, 3.0])), {"order": n}) for n in (0, 1)]
        + [((X, np.array([[4.7], [9.0]])), {"order": 0})]
        for name in ("chebyshev_t", "chebyshev_u", "chebyshev_v", "chebyshev_w", "hermite_h", "hermite_he",
                     "laguerre_l", "legendre_p")
    },
    "sgn": [((X + 1j * X[::-1],), {})],
    "angle": [((X + 1j * X[::-1],), {})],
    "is_real": [((X + 1j * X[::-1],), {})],
    "view_as_real": [((X + 1j * X[::-1],), {}), ((np.array(1.0 + 2.0j),), {})],
    "view_as_complex": [((numbers(3, 2),), {}), ((numbers(2),), {})],
    "complex": [((X, numbers(3, seed=1)), {}), ((numbers(), numbers(seed=1)), {})],
    "polar": [((X, numbers(3, seed=1)), {}), ((numbers(), numbers(seed=1)), {})],
    "keep_where": [((X, mask(2, 3)), {}), ((X, mask(3)), {}), ((numbers(3), mask(2, 3)), {})],
    "where": [
        ((mask(2, 3), X, numbers(2, 3, seed=1)), {}),
        ((mask(3), X, numbers(2, 1)), {}),
        ((mask(2, 3), numbers(3), numbers()), {}),
    ],
    "invert": [((mask(2, 3),), {}), ((ints(1, 2, -3),), {})],
    "bit_and": [((mask(2, 3), mask(3)), {})],
    "bit_or": [((mask(2, 3), mask(3)), {})],
    "bit_xor": [((mask(2, 3), mask(3)), {})],
}  # fmt: skip

"""Samples of the rows of products and of linear algebra, and what of their results is determined."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.laws.operands import F64, Entries, random_numbers
from wengert.rules.contraction import matmul
from wengert.rules.linalg import mH
from wengert.rules.structural import conj

X, CUBE = random_numbers(2, 3), random_numbers(2, 3, 4)
# Well conditioned and without equal values, also when rolled.
SQUARE, PAIR = random_numbers(3, 3, seed=1454), random_numbers(2, 2, 2, seed=384)

ENTRIES: Entries = {
    "outer": [((random_numbers(3), random_numbers(2)), {})],
    "mm_each": [
        ((CUBE, random_numbers(4, 2)), {}),
        ((random_numbers(2, 1, 2, 3), random_numbers(3, 2)), {}),
    ],
    "bmm_total": [((CUBE, random_numbers(2, 4, 2)), {})],
    "trace": [((X,), {}), ((random_numbers(3, 3),), {})],
    "cross": [
        ((random_numbers(2, 3), random_numbers(2, 3, seed=1)), {"dim": 1}),
        ((random_numbers(3, 2), random_numbers(3, 2, seed=1)), {"dim": 0}),
    ],
    "cdist": [((X, random_numbers(4, 3)), {"ord": ord}) for ord in (2.0, 1.0, 3.0, math.inf)]
    + [((CUBE, random_numbers(2, 2, 4)), {"ord": 1.5})],
    "addmm": [
        ((random_numbers(2, 2), X, random_numbers(3, 2)), {"beta": 0.5, "alpha": 2}),
        ((random_numbers(2), X, random_numbers(3, 2)), {"beta": 1, "alpha": 1}),
    ],
    "addmv": [((random_numbers(2), X, random_numbers(3)), {"beta": 0.5, "alpha": 2})],
    "addr": [((X, random_numbers(2), random_numbers(3)), {"beta": 0.5, "alpha": 2})],
    "addbmm": [((random_numbers(3, 2), CUBE, random_numbers(2, 4, 2)), {"beta": 0.5, "alpha": 2})],
    "baddbmm": [
        ((random_numbers(2, 3, 2), CUBE, random_numbers(2, 4, 2)), {"beta": 0.5, "alpha": 2})
    ],
    "mm": [((X, random_numbers(3, 2)), {})],
    "matmul": [
        ((X, random_numbers(3, 2)), {}),
        ((CUBE, random_numbers(4, 2)), {}),
        ((random_numbers(2, 1, 2, 3), random_numbers(3, 3, 2)), {}),
    ],
    # linear algebra
    "inv": [((SQUARE,), {"check": True}), ((PAIR,), {"check": False})],
    "det": [((SQUARE,), {}), ((PAIR,), {})],
    "adjugate": [((SQUARE,), {}), ((PAIR,), {})],
    "adjugate_slope": [((SQUARE, random_numbers(3, 3)), {}), ((PAIR, random_numbers(2, 2, 2)), {})],
    "slogdet": [((SQUARE,), {}), ((PAIR,), {})],
    "solve": [
        ((SQUARE, random_numbers(3, 2)), {"vector": False, "check": True}),
        ((PAIR, random_numbers(2, 2)), {"vector": True, "check": False}),
    ],
    "solve_triangular": [
        (
            (random_numbers(3, 3), random_numbers(3, 2)),
            {"upper": True, "left": True, "unit": False},
        ),
        (
            (random_numbers(3, 3), random_numbers(2, 3)),
            {"upper": False, "left": False, "unit": False},
        ),
        (
            (random_numbers(6, 2, 2), random_numbers(6, 2, 3)),
            {"upper": False, "left": True, "unit": True},
        ),
        (
            (random_numbers(6, 2, 2), random_numbers(6, 3, 2)),
            {"upper": True, "left": False, "unit": True},
        ),
    ],
    "cholesky": [
        ((SQUARE,), {"upper": False, "check": True}),
        ((PAIR,), {"upper": True, "check": False}),
    ],
    "lu_factor": [
        ((x,), {"check": True})
        for x in (random_numbers(3, 3), random_numbers(2, 4, 2), random_numbers(2, 4))
    ],
    "pivot_matrix": [((np.array([3, 3, 3], np.int32),), {"rows": 4, "dtype": F64})],
    "gauss_info": [((SQUARE,), {}), ((np.zeros((2, 2)),), {})],
    "cholesky_info": [((-SQUARE,), {"upper": False}), ((PAIR,), {"upper": True})],
    "ldl_factor": [
        ((x,), {"hermitian": True, "check": True})
        for x in (SQUARE, random_numbers(4, 4) * (1 - 0.95 * np.eye(4)), PAIR)
    ],
    "ldl_layout": [
        ((np.array(pivots, np.int32),), {"dtype": F64})
        for pivots in ([[4, 2, 3, 4], [3, 4, 4, 4]], [-4, -4, -4, -4])
    ],
    "matrix_exp": [((SQUARE * 0.2,), {}), ((PAIR * 0.3,), {})],
    "eigh": [((SQUARE,), {"upper": False}), ((PAIR,), {"upper": True})],
    "eig": [
        ((SQUARE + 1j * SQUARE.T,), {"real_input": False}),
        ((PAIR + 1j * PAIR[::-1],), {"real_input": False}),
    ],
    "svd": [
        ((SQUARE,), {"full": False}),
        ((random_numbers(2, 4, 2),), {"full": False}),
        ((random_numbers(2, 3),), {"full": False}),
    ],
    "qr": [
        ((SQUARE,), {"mode": "reduced"}),
        ((random_numbers(2, 4, 2),), {"mode": "reduced"}),
        ((random_numbers(2, 3),), {"mode": "complete"}),
    ],
    "pinv": [
        ((X, np.array(0.0), np.array(1e-10)), {"hermitian": False}),
        ((random_numbers(2, 4, 2), np.zeros(2), np.zeros(2)), {"hermitian": False}),
        ((SQUARE + SQUARE.T, np.array(0.0), np.array(1e-10)), {"hermitian": False}),
    ],
    "invariant": [((random_numbers(2, 2), random_numbers(2)), {"op": "eigh"})],
}
"""Each entry: operands, then parameters."""

PREPARED: dict[str, Callable[[Any], Any]] = {
    "cholesky": lambda x: matmul(x, mH(x)),
    "eigh": lambda x: (x + mH(x)) * 0.5,
    "ldl_factor": lambda x: (x + mH(x)) * 0.5,
}
"""What rows of Hermitian matrices are applied to, so that differences move both triangles."""

INVARIANTS: dict[str, Callable[..., tuple[Any, ...]]] = {
    "eigh": lambda values, vectors: (values, vectors * conj(vectors)),
    "eig": lambda values, vectors: (values, vectors * conj(vectors)),
    "svd": lambda u, s, vh: (u * conj(u), s, matmul(u, vh)),
}
"""What complex vectors determine: all of it but a phase each."""

LAPACK = frozenset(
    """inv det adjugate adjugate_slope slogdet solve solve_triangular cholesky lu_factor ldl_factor matrix_exp eigh eig
    svd qr pinv""".split()
)
"""Rows that float16 has none of."""

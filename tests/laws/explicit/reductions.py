"""Samples of reductions, orders and scans."""

from __future__ import annotations

import math

import numpy as np

from tests.laws.operands import CUBE, ZEROS_INSIDE, Entries, X, ints, mask, numbers

ENTRIES: Entries = {
    # reductions
    "mean": [
        ((CUBE,), {"axis": (1,), "keepdim": False}),
        ((CUBE,), {"axis": (0, 1, 2), "keepdim": True}),
        ((numbers(),), {"axis": (), "keepdim": False}),
    ],
    **{
        name: [
            ((CUBE,), {"axis": (1,), "keepdim": False}),
            ((CUBE,), {"axis": (0, 2), "keepdim": True}),
            ((CUBE,), {"axis": (0, 1, 2), "keepdim": False}),
        ]
        for name in ("amax", "amin", "logsumexp", "median_all", "nanmedian_all")
    },
    **{
        name: [
            ((CUBE,), {"dim": 1, "keepdim": False}),
            ((X,), {"dim": 0, "keepdim": True}),
            ((numbers(),), {"dim": 0, "keepdim": False}),
        ]
        for name in ("max", "min", "argmax", "argmin", "median", "nanmedian", "mode")
    },
    "any": [((mask(2, 3),), {"axis": (1,), "keepdim": False})],
    "all": [((mask(2, 3),), {"axis": (0, 1), "keepdim": True})],
    "prod_all": [((CUBE,), {}), ((ZEROS_INSIDE,), {}), ((numbers(),), {})],
    "prod": [
        ((CUBE,), {"axis": 1, "keepdim": False}),
        ((ZEROS_INSIDE,), {"axis": 1, "keepdim": True}),
        ((ZEROS_INSIDE,), {"axis": 0, "keepdim": False}),
        ((numbers(1),), {"axis": 0, "keepdim": False}),
    ],
    **{
        name: [
            ((CUBE,), {"axis": (1,), "correction": 1.0, "keepdim": False}),
            ((CUBE,), {"axis": (0, 2), "correction": 0.0, "keepdim": True}),
            ((X + 1j * X[::-1],), {"axis": (0, 1), "correction": 0.5, "keepdim": False}),
        ]
        for name in ("var", "std", "var_mean", "std_mean")
    },
    "nansum": [
        ((CUBE,), {"axis": (1,), "keepdim": False}),
        ((CUBE,), {"axis": (0, 1, 2), "keepdim": True}),
    ],
    "vector_norm": [
        *[((CUBE + 0.03,), {"ord": p, "axis": (1,), "keepdim": False}) for p in (2.0, 1.0, 0.5, 3.0, 0.0, math.inf)],
        *[((X + 0.2 + 1j * X[::-1],), {"ord": p, "axis": (0, 1), "keepdim": True}) for p in (2.0, 1.0, 1.5, -math.inf)],
    ],
    "dist": [((X, 0.5 * X[::-1] + 0.2), {"ord": p}) for p in (2.0, 1.0, 3.0)],
    # orders
    "sort": [((CUBE,), {"dim": 1, "descending": False}), ((X,), {"dim": 1, "descending": True})],
    "argsort": [((CUBE,), {"dim": 1, "descending": False}), ((X,), {"dim": 1, "descending": True})],
    "topk": [
        ((CUBE,), {"k": 2, "dim": 1, "largest": True}),
        ((numbers(2, 300),), {"k": 3, "dim": 1, "largest": False}),
    ],
    "kthvalue": [
        ((CUBE,), {"k": 2, "dim": 1, "keepdim": False}),
        ((X,), {"k": 1, "dim": 0, "keepdim": True}),
        ((numbers(),), {"k": 1, "dim": 0, "keepdim": False}),
    ],
    "searchsorted": [
        ((np.sort(numbers(5)), CUBE), {"right": False}),
        ((np.sort(numbers(2, 5)), X), {"right": True}),
    ],
    "histc": [((CUBE,), {"bins": 4, "low": -1.0, "high": 1.0}), ((X,), {"bins": 3, "low": 0.0, "high": 0.0})],
    "histogram": [((X, np.linspace(-3.0, 3.0, 4), np.abs(X)), {"density": False})],
    "isin": [((ints(1, 2, 3), ints(2, 5)), {"invert": False})],
    # scans
    "cumsum": [((CUBE,), {"dim": 1, "reverse": False}), ((X,), {"dim": 0, "reverse": True})],
    "recurrence": [
        ((CUBE, CUBE[::-1]), {"dim": 1, "reverse": False}),
        ((numbers(70), numbers(70, seed=1)), {"dim": 0, "reverse": True}),
    ],
    "cumprod": [((CUBE,), {"dim": 1}), ((ZEROS_INSIDE,), {"dim": 1}), ((ZEROS_INSIDE,), {"dim": 0})],
    **{name: [((CUBE,), {"dim": 1}), ((X,), {"dim": 0})] for name in ("cummax", "cummin", "logcumsumexp")},
}  # fmt: skip

"""Samples of rows that pick by index."""

from __future__ import annotations

import numpy as np

from tests.laws.operands import CUBE, ZEROS_INSIDE, Entries, X, ints, mask, numbers

ENTRIES: Entries = {
    "index": [
        ((CUBE, ints(2, 0, 2)), {"axis": 1, "span": 1}),
        ((CUBE, ints([0, 5], [5, 1])), {"axis": 0, "span": 2}),
        ((X, ints([0], [2])), {"axis": 1, "span": 1}),
        ((numbers(4), np.array(2)), {"axis": 0, "span": 1}),
    ],
    "unindex": [
        ((numbers(2, 3, 4), ints(2, 0, 2)), {"axis": 1, "span": 1, "shape": (2, 3, 4)}),
        ((numbers(2, 2, 4), ints([0, 5], [5, 1])), {"axis": 0, "span": 2, "shape": (2, 3, 4)}),
    ],
    "put": [
        ((CUBE, ints(2, 0), numbers(2, 2, 4)), {"axis": 1, "span": 1}),
        ((CUBE, ints([0, 5], [2, 1]), numbers(2, 2, 4)), {"axis": 0, "span": 2}),
        ((numbers(4), np.array(2), numbers()), {"axis": 0, "span": 1}),
        ((CUBE, ints(2, 0, 2), numbers(2, 3, 4, seed=1)), {"axis": 1, "span": 1}),
    ],
    "put_add": [
        ((CUBE, ints(2, 0, 2), numbers(2, 3, 4, seed=1)), {"axis": 1, "span": 1}),
        ((CUBE, ints([0, 5], [5, 1]), numbers(2, 2, 4)), {"axis": 0, "span": 2}),
        ((numbers(), ints(0, 0), numbers(2)), {"axis": 0, "span": 0}),
    ],
    "position": [((ints([0, -1], [2, -3]),), {"op": "x[...]", "size": 3, "dim": 0, "wrap": True})],
    "places": [
        ((ints([0, 2, 0, 1], [1, 1, 2, 0]),), {"dim": 0, "shape": (3, 4), "lead": 0}),
        ((ints([[3], [0]], [[1], [2]]),), {"dim": 1, "shape": (2, 4, 1), "lead": 0}),
    ],
    "last_written": [((ints([0, 5], [5, 1]),), {"size": 6})],
    "masked_fill": [
        ((X, mask(2, 3), numbers(2, 3, seed=1)), {}),
        ((X, mask(3), numbers(seed=1)), {}),
        ((numbers(3), mask(2, 1), numbers(2, 3)), {}),
    ],
    "nonzero_static": [((np.array([[0.0, 2.0], [1.0, 0.0]]),), {"size": 3, "fill_value": -1})],
    "turns": [((mask(2, 3),), {"size": 6})],
    "embedding": [
        ((numbers(3, 2), ints([0, 2], [2, 1])), {"padding_idx": None, "by_frequency": False}),
        ((numbers(3, 2), np.array(1)), {"padding_idx": 0, "by_frequency": True}),
    ],
    "counts": [
        ((ints([0, 5], [5, 1]),), {"shape": (2, 3), "own": True}),
        ((ints(0),), {"shape": (), "own": False}),
    ],
    "runs": [((ints([0, 2], [2, 1]),), {"size": 4})],
    "scatter_mean": [
        ((X, ints([0, 5], [5, 1]), numbers(2, 2, seed=1)), {"include_self": True}),
        ((X, ints(4, 4), numbers(2, seed=1)), {"include_self": False}),
        ((numbers(), ints(0, 0), numbers(2)), {"include_self": True}),
    ],
    "scatter_prod": [
        ((X, ints([0, 5], [5, 1]), numbers(2, 2, seed=1)), {}),
        ((ZEROS_INSIDE, ints(0, 0, 3, 3, 3), ZEROS_INSIDE[:, 0].repeat(2)[:5]), {}),
        ((numbers(), np.array(0), numbers(seed=1)), {}),
    ],
    **{
        name: [
            ((X, ints([0, 5], [5, 1]), numbers(2, 2, seed=1)), {}),
            ((numbers(), np.array(0), numbers(seed=1) - 2.0), {}),
        ]
        for name in ("scatter_amax", "scatter_amin")
    },
    "segments": [
        ((ints(2, 0, 1),), {"shape": (4,), "offsets": False, "whole": False}),
        ((ints([1, 1], [1, 1]),), {"shape": (2, 4), "offsets": True, "whole": True}),
    ],
    **{
        name: [
            ((CUBE, ints([0, 2, 2], [1, 1, 3])), {"axis": 1, "count": 3, "initial": initial}),
            ((numbers(4), ints(0, 0, 0, 2)), {"axis": 0, "count": 3, "initial": initial}),
        ]
        for name in ("segment_sum", "segment_mean", "segment_prod", "segment_max", "segment_min")
        for initial in (0.25,)
    },
}

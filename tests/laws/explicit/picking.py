"""Samples of rows that pick by index."""

from __future__ import annotations

import numpy as np

from tests.laws.operands import CUBE, Entries, X, ints, numbers

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
    ],
    "gather": [
        ((numbers(3, 4), ints([0, 2, 0, 1], [1, 1, 2, 0])), {"dim": 0}),
        ((numbers(3, 4), ints([3, 3], [0, 1])), {"dim": 1}),
        ((numbers(), np.array(0)), {"dim": 0}),
    ],
    "scatter": [
        ((numbers(2, 4), ints([0, 2, 0, 1], [1, 1, 2, 0])), {"dim": 0, "shape": (3, 4)}),
        ((numbers(2, 2), ints([3, 3], [0, 1])), {"dim": 1, "shape": (3, 4)}),
        ((numbers(), np.array(0)), {"dim": 0, "shape": ()}),
    ],
    "scatter_add": [
        ((numbers(3, 4), ints([0, 2, 0, 1], [1, 1, 2, 0]), numbers(2, 4)), {"dim": 0}),
        ((numbers(3, 4), ints([3, 3], [0, 1]), numbers(2, 2)), {"dim": 1}),
        ((numbers(), np.array(0), numbers(seed=1)), {"dim": 0}),
    ],
}  # fmt: skip

"""Samples of the rows that pick elements by positions or masks, and put them back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Entries = dict[str, list[tuple[tuple[Array, ...], dict[str, Any]]]]


def entries(
    numbers: Callable[..., Array], ints: Callable[..., Array], mask: Callable[..., Array]
) -> Entries:
    """Return operands and parameters by row, made of distinct numbers, of integers and of masks."""
    x, cube = numbers(2, 3), numbers(2, 3, 4)
    zeros_inside = np.array([[0.0, 2.0, -1.5], [0.0, 0.0, 3.0], [1.0, -2.0, 0.5]])
    return {
        "index": [
            ((cube, ints(2, 0, 2)), {"axis": 1, "span": 1}),
            ((cube, ints([0, 5], [5, 1])), {"axis": 0, "span": 2}),
            ((x, ints([0], [2])), {"axis": 1, "span": 1}),
            ((numbers(4), np.array(2)), {"axis": 0, "span": 1}),
        ],
        "unindex": [
            ((numbers(2, 3, 4), ints(2, 0, 2)), {"axis": 1, "span": 1, "shape": (2, 3, 4)}),
            ((numbers(2, 2, 4), ints([0, 5], [5, 1])), {"axis": 0, "span": 2, "shape": (2, 3, 4)}),
        ],
        "put": [
            ((cube, ints(2, 0), numbers(2, 2, 4)), {"axis": 1, "span": 1}),
            ((cube, ints([0, 5], [2, 1]), numbers(2, 2, 4)), {"axis": 0, "span": 2}),
            ((numbers(4), np.array(2), numbers()), {"axis": 0, "span": 1}),
            ((cube, ints(2, 0, 2), numbers(2, 3, 4, seed=1)), {"axis": 1, "span": 1}),
        ],
        "put_add": [
            ((cube, ints(2, 0, 2), numbers(2, 3, 4, seed=1)), {"axis": 1, "span": 1}),
            ((cube, ints([0, 5], [5, 1]), numbers(2, 2, 4)), {"axis": 0, "span": 2}),
            ((numbers(), ints(0, 0), numbers(2)), {"axis": 0, "span": 0}),
        ],
        "position": [
            ((ints([0, -1], [2, -3]),), {"op": "x[...]", "size": 3, "dim": 0, "wrap": True})
        ],
        "places": [
            ((ints([0, 2, 0, 1], [1, 1, 2, 0]),), {"dim": 0, "shape": (3, 4), "lead": 0}),
            ((ints([[3], [0]], [[1], [2]]),), {"dim": 1, "shape": (2, 4, 1), "lead": 0}),
        ],
        "last_written": [((ints([0, 5], [5, 1]),), {"size": 6})],
        "masked_fill": [
            ((x, mask(2, 3), numbers(2, 3, seed=1)), {}),
            ((x, mask(3), numbers(seed=1)), {}),
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
            ((x, ints([0, 5], [5, 1]), numbers(2, 2, seed=1)), {"include_self": True}),
            ((x, ints(4, 4), numbers(2, seed=1)), {"include_self": False}),
            ((numbers(), ints(0, 0), numbers(2)), {"include_self": True}),
        ],
        "scatter_prod": [
            ((x, ints([0, 5], [5, 1]), numbers(2, 2, seed=1)), {}),
            ((zeros_inside, ints(0, 0, 3, 3, 3), zeros_inside[:, 0].repeat(2)[:5]), {}),
            ((numbers(), np.array(0), numbers(seed=1)), {}),
        ],
        **{
            name: [
                ((x, ints([0, 5], [5, 1]), numbers(2, 2, seed=1)), {}),
                ((numbers(), np.array(0), numbers(seed=1) - 2.0), {}),
            ]
            for name in ("scatter_amax", "scatter_amin")
        },
    }

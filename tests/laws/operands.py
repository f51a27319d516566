"""Operands that samples of rows are made of. Every call gives the same ones."""

from __future__ import annotations

import itertools
import math
import zlib
from typing import Any

import numpy as np

from wengert.rules import BOOK

Array = np.ndarray[Any, Any]
Entries = dict[str, list[tuple[tuple[Array, ...], dict[str, Any]]]]
"""Operands, then parameters, of calls of the row of each name."""


def spaced(label: str, low: float, high: float, *shapes: tuple[int, ...]) -> list[Array]:
    """Return arrays whose elements are all distinct, and far from 0 and from each other, in shuffled order."""
    sizes = [math.prod(shape) for shape in shapes]
    count = sum(sizes) + sum(sizes) % 2
    rng = np.random.default_rng(zlib.crc32(label.encode()))
    points = rng.permutation(np.linspace(low, high, count + 2)[1:-1])
    ends = itertools.accumulate(sizes)
    return [
        points[e - n : e].reshape(s).copy() for n, e, s in zip(sizes, ends, shapes, strict=True)
    ]


def numbers(*shape: int, seed: int = 0) -> Array:
    """Return distinct numbers between -3 and 3, others for another seed."""
    return spaced(f"{shape}{seed}", -3.0, 3.0, shape)[0]


def mask(*shape: int) -> Array:
    """Return bools, about half of them true."""
    return numbers(*shape, seed=7) > 0


def ints(*values: Any) -> Array:
    """Return integers as an index is made of."""
    return np.array(values, dtype=np.int64)


F32, F64 = np.dtype(np.float32), np.dtype(np.float64)
I64, C128 = np.dtype(np.int64), np.dtype(np.complex128)
X = numbers(2, 3)
CUBE = numbers(2, 3, 4)
EVERY = slice(None)
ZEROS_INSIDE = np.array([[0.0, 2.0, -1.5], [0.0, 0.0, 3.0], [1.0, -2.0, 0.5]])
PLAIN_1D = {"stride": (1,), "padding": (0,), "dilation": (1,), "groups": 1}
PLAIN_2D = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}

ON_A_DIAGONAL = {"view": BOOK["diagonal"], "settings": (("offset", 1), ("dim1", 0), ("dim2", 1))}
IN_WINDOWS = {"view": BOOK["unfold"], "settings": (("dim", 1), ("size", 3), ("step", 3))}


def random_numbers(*shape: int, seed: int = 0) -> Array:
    """Return random numbers between -3 and 3, others for another seed."""
    return np.random.default_rng([seed, *shape]).uniform(-3.0, 3.0, shape)

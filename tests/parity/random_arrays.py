"""Arrays of every sort, made at random, to be printed."""

from __future__ import annotations

import numpy as np

FLOATS = ("float16", "float32", "float64")
DTYPES = (*FLOATS, *FLOATS, "complex64", "complex128", "int64", "int32", "int8", "uint8", "bool")
EXTREMES = [0.0, -0.0, 1e-4, 1e8, 1000.0, 1.0, -1.0, 0.5, 1e-45, 5e-324, 1.7e308]


def random_array(rng: np.random.Generator) -> np.ndarray:
    """An array of any rank up to 5, empty ones too; now and then above the default threshold."""
    rank = int(rng.integers(6))
    largest = {0: 1, 1: 60, 2: 20, 3: 9, 4: 5, 5: 4}[rank] * (4 if rng.random() < 0.1 else 1)
    shape = tuple(int(size) for size in rng.integers(1, largest + 1, rank))
    if rank and rng.random() < 0.08:
        shape = (*shape[:-1], 0)
    dtype = np.dtype(rng.choice(DTYPES))
    if dtype.kind in "fc":
        array = np.zeros(shape, dtype)
        with np.errstate(over="ignore"):
            array.real = random_floats(rng, shape)
            if dtype.kind == "c":
                array.imag = random_floats(rng, shape)
        return array
    if dtype.kind == "b" or rng.random() < 0.5:
        return np.asarray(rng.integers(0, 2 if dtype.kind == "b" else 10, shape)).astype(dtype)
    limits = np.iinfo(dtype)
    return np.asarray(rng.integers(limits.min, limits.max, shape, dtype, endpoint=True))


def random_floats(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of one of seven kinds, in a third of the arrays with NaN, infinities and zeros."""
    kinds = [
        lambda: rng.normal(size=shape),
        lambda: rng.normal(size=shape) * 10.0 ** rng.uniform(-12, 12),
        lambda: rng.normal(size=shape) * 10.0 ** rng.uniform(-12, 12, shape),
        lambda: rng.integers(-1000, 1000, shape),
        lambda: np.round(rng.normal(size=shape) * 10.0 ** rng.uniform(0, 12)),
        lambda: np.zeros(shape),
        lambda: rng.choice(EXTREMES, shape),
    ]
    values = np.asarray(kinds[rng.integers(len(kinds))](), np.float64)
    if rng.random() < 0.35:
        odd = rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0], shape)
        values = np.where(rng.random(shape) < 0.3, odd, values)
    return values

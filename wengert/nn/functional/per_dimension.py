"""Arguments of convolutions and pooling that are given once for all spatial dimensions, or for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core.shapes import Shape
from wengert.errors import ShapeError
from wengert.tape.storage import Recorded
from wengert.tensor.numbers import whole_of


def per_dimension(op: str, name: str, value: Any, rank: int) -> Shape:
    """Return an argument as one int for each spatial dimension; RuntimeError for another number of them."""
    if isinstance(value, int | np.integer | Recorded) and not isinstance(value, bool):
        return (whole_of(op, name, value),) * rank
    if isinstance(value, Sequence) and all(
        isinstance(v, int | np.integer | Recorded) for v in value
    ):
        if len(value) in (1, rank):
            return tuple(whole_of(op, name, v) for v in value) * (rank if len(value) == 1 else 1)
        raise ShapeError(
            f"{op}: expected {name} to be a single integer value or a list of {rank} values, one for each spatial "
            f"dimension, but got {name}={list(value)}."
        )
    raise TypeError(
        f"{op}(): argument '{name}' must be an int or a tuple of {rank} ints, not {value!r}."
    )

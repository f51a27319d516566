"""Samples of the rows that run a recurrent network over a sequence: (time, batch, gates)."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
_RNG = np.random.default_rng(5)


def _numbers(*shape: int) -> Array:
    return _RNG.uniform(0.3, 1.5, shape) * _RNG.choice([-1.0, 1.0], shape)


def _between(*shape: int) -> Array:
    """Return what gates are: numbers between 0 and 1."""
    return _RNG.uniform(0.1, 0.9, shape)


RECURRENT: dict[str, list[tuple[tuple[Array, ...], dict[str, Any]]]] = {
    "rnn": [
        ((_numbers(3, 2, 2), _numbers(2, 2), _numbers(2, 2)), {"rectified": rectified})
        for rectified in (False, True)
    ],
    "rnn_back": [
        ((_numbers(3, 2, 2), _numbers(2, 2), _between(3, 2, 2) - 0.45), {"rectified": rectified})
        for rectified in (False, True)
    ],
    "lstm": [((_numbers(3, 2, 8), _numbers(8, 2), _numbers(2, 2), _numbers(2, 2)), {})],
    "lstm_back": [
        (
            (
                *(_numbers(3, 2, 2), _numbers(3, 2, 2), _numbers(3, 2, 8)),
                *(_numbers(8, 2), _numbers(2, 2), _numbers(3, 2, 2), _between(3, 2, 8)),
            ),
            {"given": given},
        )
        for given in ((True, True, True), (True, False, False), (False, True, False), (False, False, True))
    ],
    "gru": [((_numbers(3, 2, 6), _numbers(6, 2), _numbers(6), _numbers(2, 2)), {})],
    "gru_back": [
        (
            (
                *(_numbers(3, 2, 2), _numbers(3, 2, 6), _numbers(3, 2, 2)),
                *(_numbers(6, 2), _numbers(2, 2), _between(3, 2, 2), _between(3, 2, 6), _numbers(3, 2, 2)),
            ),
            {"given": given},
        )
        for given in ((True, True, True), (True, False, False), (False, True, False), (False, False, True))
    ],
}  # fmt: skip

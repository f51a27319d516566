"""Samples of the rows that run a recurrent network over a sequence: (time, batch, gates)."""

from __future__ import annotations

import numpy as np

from tests.laws.operands import Array, Entries

_RNG = np.random.default_rng(5)


def _numbers(*shape: int) -> Array:
    return _RNG.uniform(0.3, 1.5, shape) * _RNG.choice([-1.0, 1.0], shape)


def _between(*shape: int) -> Array:
    """Return what gates are: numbers between 0 and 1."""
    return _RNG.uniform(0.1, 0.9, shape)


ENTRIES: Entries = {
    "rnn": [
        ((_numbers(3, 2, 2), _numbers(2, 2), _numbers(2, 2)), {"rectified": rectified, "backwards": rectified})
        for rectified in (False, True)
    ],
    "rnn_back": [
        (
            (_numbers(3, 2, 2), _numbers(2, 2), _between(3, 2, 2) - 0.45),
            {"rectified": rectified, "backwards": rectified},
        )
        for rectified in (False, True)
    ],
    "lstm": [
        ((_numbers(3, 2, 8), _numbers(8, 2), _numbers(2, 2), _numbers(2, 2)), {"backwards": back})
        for back in (False, True)
    ],
    "lstm_back": [
        (
            (
                *(_numbers(3, 2, 2), _numbers(3, 2, 2), _numbers(3, 8, 2)),
                *(_numbers(8, 2), _numbers(2, 2), _numbers(3, 2, 2), _between(3, 8, 2)),
            ),
            {"given": given, "backwards": given[0] is not given[2]},
        )
        for given in ((True, True, True), (True, False, False), (False, True, False), (False, False, True))
    ],
    "gru": [
        ((_numbers(3, 2, 6), _numbers(6, 2), _numbers(6), _numbers(2, 2)), {"backwards": back})
        for back in (False, True)
    ],
    "gru_back": [
        (
            (
                *(_numbers(3, 2, 2), _numbers(3, 2, 6), _numbers(3, 2, 2)),
                *(_numbers(6, 2), _numbers(2, 2), _between(3, 2, 2), _between(3, 2, 6), _numbers(3, 2, 2)),
            ),
            {"given": given, "backwards": given[0] is not given[2]},
        )
        for given in ((True, True, True), (True, False, False), (False, True, False), (False, False, True))
    ],
}  # fmt: skip

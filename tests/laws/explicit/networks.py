"""Samples of rows of networks, convolutions and other composites."""

from __future__ import annotations

import numpy as np

from tests.laws.operands import CUBE, PLAIN_1D, PLAIN_2D, Entries, X, ints, numbers
from wengert.rules import BOOK

STEPS, LABELS = numbers(5, 3, 4) - 1.5, ints([1, 2, 2], [2, 1, 2], [1, 1, 2])
IMAGE, PLACES = numbers(2, 2, 3, 4), numbers(2, 1, 3, 2) / 2.1
READINGS = [
    (IMAGE, PLACES, {"mode": "bilinear", "padding": "zeros", "align": False}),
    (IMAGE, PLACES, {"mode": "bicubic", "padding": "reflection", "align": True}),
    (IMAGE, PLACES, {"mode": "nearest", "padding": "border", "align": False}),
    (
        numbers(1, 2, 2, 3, 2), numbers(1, 1, 2, 1, 3) / 2.1,
        {"mode": "bilinear", "padding": "reflection", "align": False},
    ),
]  # fmt: skip

ENTRIES: Entries = {
    # convolutions
    "convolution": [
        ((numbers(2, 2, 5), numbers(3, 2, 2)), {**PLAIN_1D, "stride": (2,), "padding": (1,)}),
        ((numbers(1, 2, 4, 3), numbers(2, 1, 2, 2)), {**PLAIN_2D, "dilation": (2, 1), "groups": 2}),
        ((numbers(1, 1, 3, 3), numbers(2, 1, 2, 2)), {**PLAIN_2D, "padding": (0, 1)}),
        ((numbers(2, 2, 3), numbers(3, 2, 1)), PLAIN_1D),
    ],
    "convolution_image": [
        ((numbers(2, 3, 3), numbers(3, 2, 2)), {**PLAIN_1D, "stride": (2,), "padding": (1,), "size": (5,)}),
        ((numbers(1, 2, 2, 2), numbers(2, 1, 2, 2)), {**PLAIN_2D, "dilation": (2, 1), "groups": 2, "size": (4, 3)}),
        ((numbers(1, 2, 2, 4), numbers(2, 1, 2, 2)), {**PLAIN_2D, "padding": (0, 1), "size": (3, 3)}),
    ],
    "convolution_kernel": [
        ((numbers(2, 2, 5), numbers(2, 3, 3)), {**PLAIN_1D, "stride": (2,), "padding": (1,), "size": (2,)}),
        ((numbers(1, 2, 4, 3), numbers(1, 2, 2, 2)), {**PLAIN_2D, "dilation": (2, 1), "groups": 2, "size": (2, 2)}),
        ((numbers(1, 1, 3, 3), numbers(1, 2, 2, 4)), {**PLAIN_2D, "padding": (0, 1), "size": (2, 2)}),
    ],
    # networks
    "linear": [((X, numbers(4, 3), numbers(4)), {})],
    "linear_each": [((CUBE, numbers(2, 4), numbers(2)), {})],
    "normalize": [
        ((X, numbers(3), numbers(3, seed=1)), {"axis": (1,), "eps": 1e-5}),
        ((CUBE, numbers(3, 1), numbers(3, 1, seed=1)), {"axis": (0, 2), "eps": 0.1}),
        ((X, np.ones(()), np.zeros(())), {"axis": (0,), "eps": 0.1}),
    ],
    "from_normalized": [
        ((X, X + 0.5, numbers(3), numbers(2, 1), np.ones((2, 1))), {"axis": (1,), "eps": 1e-5}),
        ((CUBE, CUBE * 2, numbers(3, 1), numbers(1, 3, 1), np.ones((1, 3, 1))), {"axis": (0, 2), "eps": 0.1}),
    ],
    "adam": [
        (
            (X, X[::-1], numbers(2, 3, seed=1), np.abs(X), np.abs(X[::-1]), np.array(0.1), np.array(0.3)),
            {"beta1": 0.9, "beta2": 0.99, "eps": 1e-8, "decay": decay, "amsgrad": amsgrad},
        )
        for decay, amsgrad in ((0.0, False), (0.1, True))
    ],
    "batch_norm_fixed": [
        ((CUBE, numbers(3, 1), numbers(3, 1, seed=1), numbers(3, 1, seed=2), np.ones((3, 1))), {"eps": 0.1}),
    ],
    # images read between their pixels; the places lie off the jumps and bends of every mode
    "place": [
        ((np.array([-2.7, -0.6, 0.3, 1.9]),), {"size": 4, "padding": padding, "align": align})
        for padding in ("zeros", "border", "reflection") for align in (False, True)
    ],
    "place_slope": [((X,), {"size": 4, "padding": "reflection", "align": False})],
    "pixel": [((ints([-3, 0], [2, 9]).astype(np.float64),), {"size": 3, "padding": "border", "align": True})],
    "seen": [((ints([-3, 0], [2, 9]).astype(np.float64),), {"size": 3, "padding": "zeros"})],
    "of_images": [((ints(0, 5, 1, 1),), {"n": 2, "count": 6})],
    "grid_sample": [((image, places), {**p}) for image, places, p in READINGS],
    "grid_spread": [
        ((numbers(*image.shape[:2], *places.shape[1:-1], seed=3), places), {**p, "shape": image.shape})
        for image, places, p in READINGS
    ],
    "grid_slope": [
        ((numbers(*image.shape[:2], *places.shape[1:-1], seed=3), image, places), {**p})
        for image, places, p in READINGS
    ],
    "fractional_max_pool": [
        ((numbers(2, 5, 6), np.array([[0.2, 0.9], [0.6, 0.4]])), {"kernel": (2, 3), "counts": (3, 2)}),
        ((numbers(1, 4, 3, 4), np.array([[0.2, 0.9, 0.5]])), {"kernel": (2, 1, 2), "counts": (2, 1, 3)}),
    ],
    # sequences: a repeated label, a short time, a short sequence, none at all
    "ctc_states": [((LABELS, ints(3, 1, 0)), {"blank": 0, "classes": 4})],
    "ctc": [((STEPS, LABELS, ints(5, 4, 5), ints(3, 1, 0)), {"blank": 0, "finite": f}) for f in (False, True)],
    "ctc_back": [
        ((numbers(3), STEPS, LABELS, ints(5, 4, 5), ints(3, 1, 0)), {"blank": 3, "finite": f}) for f in (False, True)
    ],
    # spectra
    "dft": [
        ((CUBE + 1j * CUBE[::-1],), {"axes": axes, "inverse": inverse, "power": power})
        for axes, inverse, power in (((-1,), False, 0.0), ((-3,), True, 1.0), ((-1, -3), True, 0.5), ((), False, 0.0))
    ],
    "real_dft": [
        ((x,), {"axes": axes, "onesided": one, "power": power}) for x, axes, one, power in (
            (CUBE, (-1,), True, 0.0), (X, (-1,), True, 0.5), (numbers(1), (-1,), True, 0.0), (X, (-2,), False, 1.0),
            (CUBE, (-1, -2), True, 0.5), (CUBE, (-1,), False, 0.5),
        )
    ],
    "real_idft": [
        ((x + 1j * x[::-1],), {"axes": axes, "n": n, "power": power}) for x, axes, n, power in (
            (numbers(2, 3, 4), (-1,), 6, 0.0), (X, (-1,), 5, 1.0), (numbers(1), (-1,), 1, 0.0), (X, (-2,), 2, 0.0),
            (numbers(2, 3, 4), (-1, -2), 4, 0.5), (numbers(2, 3, 4), (-3, -2, -1), 7, 1.0),
        )
    ],
    "overlapping": [((np.abs(X) + 1,), {})],
    # composites
    "as_strided": [
        ((CUBE,), {"chain": ((BOOK["permute"], {"axes": (2, 0, 1)}), (BOOK["slice"], {"index": (1,)}))}),
    ],
    "copy_slices": [
        ((CUBE, numbers(2, seed=1)), {
            "chain": (
                (BOOK["permute"], {"axes": (2, 0, 1)}), (BOOK["slice"], {"index": (1,)}),
                (BOOK["diagonal"], {"offset": 0, "dim1": 0, "dim2": 1}),
            ),
        }),
        ((X, numbers(6, seed=1)), {"chain": ((BOOK["reshape"], {"shape": (6,)}),)}),
    ],
    "softmax": [((X,), {"dim": 1}), ((CUBE,), {"dim": 0}), ((numbers(),), {"dim": 0})],
    "log_softmax": [((X,), {"dim": 1}), ((CUBE,), {"dim": 0}), ((numbers(),), {"dim": 0})],
    "mse_loss": [((X, numbers(2, 3, seed=1)), {}), ((numbers(), numbers(seed=1)), {})],
}  # fmt: skip

"""Samples of rows of random numbers, and of how they move with the parameters of their distributions."""

from __future__ import annotations

import numpy as np

from tests.laws.operands import Entries, X

SHAPES = np.abs(X) + 0.4
UNITS = X / 8 + 0.5
SHARES = UNITS / UNITS.sum(-1, keepdims=True)

ENTRIES: Entries = {
    "gamma_nodes": [((SHAPES, SHAPES[::-1]), {"exact": exact}) for exact in (8, 4)],
    "beta_nodes": [((UNITS, SHAPES, SHAPES + 2), {"exact": exact}) for exact in (8, 4)],
    "standard_gamma_grad": [((SHAPES, SHAPES[::-1].copy()), {})],
    "standard_gamma": [((SHAPES, SHAPES[::-1].copy()), {})],
    "dirichlet_grad": [((UNITS, SHAPES, SHAPES + 2), {})],
    "dirichlet": [((SHAPES, SHARES), {}), ((SHAPES[0], SHARES[0]), {})],
}

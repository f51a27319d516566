"""Samples of rows that change the shape, join and cut."""

from __future__ import annotations

import numpy as np

from tests.laws.operands import C128, CUBE, EVERY, F32, F64, I64, Entries, X, mask, numbers

ENTRIES: Entries = {
    # shape
    "reshape": [
        ((X,), {"shape": (3, 2)}),
        ((X,), {"shape": (6,)}),
        ((numbers(1),), {"shape": ()}),
        ((numbers(),), {"shape": (1, 1)}),
    ],
    "permute": [((CUBE,), {"axes": (2, 0, 1)}), ((numbers(),), {"axes": ()})],
    "transpose": [((CUBE,), {"dim0": 0, "dim1": 2})],
    "t": [((X,), {}), ((numbers(3),), {})],
    "unsqueeze": [((X,), {"dim": 1}), ((X,), {"dim": 2}), ((numbers(),), {"dim": 0})],
    "squeeze": [
        ((numbers(1, 3, 1),), {"dims": (0, 2)}),
        ((numbers(1, 3, 1),), {"dims": (2,)}),
        ((numbers(1),), {"dims": (0,)}),
    ],
    "broadcast_to": [
        ((numbers(3, 1),), {"shape": (2, 3, 4)}),
        ((numbers(),), {"shape": (2,)}),
        ((X,), {"shape": (2, 3)}),
    ],
    "sum": [
        ((CUBE,), {"axis": (1,), "keepdim": False}),
        ((CUBE,), {"axis": (0, 2), "keepdim": True}),
        ((CUBE,), {"axis": (0, 1, 2), "keepdim": False}),
        ((numbers(),), {"axis": (), "keepdim": False}),
    ],
    "spread": [
        ((numbers(2, 4),), {"axis": (1,), "shape": (2, 3, 4)}),
        ((numbers(1, 3, 1),), {"axis": (0, 2), "shape": (2, 3, 4)}),
        ((numbers(),), {"axis": (0,), "shape": (3,)}),
    ],
    "cast": [
        ((X,), {"dtype": F32, "source": F64}),
        ((X,), {"dtype": F64, "source": F64}),
        ((X,), {"dtype": C128, "source": F64}),
        ((X + 1j * X[::-1],), {"dtype": F64, "source": C128}),
    ],
    "cast_away": [
        ((X,), {"dtype": I64, "source": F64}),
        ((mask(2, 3),), {"dtype": F64, "source": np.dtype(bool)}),
    ],
    "clone": [((X,), {}), ((numbers(),), {})],
    "revalued": [((X, numbers(2, 3, seed=1)), {})],
    "copy": [((X, numbers(2, 3, seed=1)), {}), ((X, numbers(3)), {}), ((X, numbers(seed=1)), {})],
    "zero": [((X,), {}), ((numbers(),), {})],
    "modulus": [((X + 1j * X[::-1],), {})],
    "detach": [((X,), {}), ((numbers(),), {})],
    "conj": [((X,), {}), ((numbers(),), {})],
    # joining and cutting
    "cat": [
        ((X, numbers(1, 3), numbers(2, 3, seed=2)), {"dim": 0}),
        ((X, numbers(2, 1)), {"dim": 1}),
    ],
    "stack": [((X, numbers(2, 3, seed=1)), {"dim": 1}), ((numbers(), numbers(seed=1)), {"dim": 0})],
    "split": [((CUBE,), {"sizes": (1, 2), "dim": 1}), ((X,), {"sizes": (2,), "dim": 0})],
    "unbind": [((CUBE,), {"dim": 1}), ((numbers(2),), {"dim": 0})],
    "slice": [
        ((CUBE,), {"index": (EVERY, slice(1, 3), slice(0, 4, 2))}),
        ((CUBE,), {"index": (None, 1, Ellipsis, slice(1, 2))}),
        ((CUBE,), {"index": (Ellipsis,)}),
        ((CUBE,), {"index": (EVERY, 2, 0)}),
        ((numbers(3),), {"index": (1,)}),
        ((numbers(),), {"index": (None,)}),
    ],
    "embed": [
        ((numbers(2, 2),), {"index": (EVERY, slice(1, 3)), "shape": (2, 4)}),
        ((numbers(),), {"index": (1,), "shape": (3,)}),
    ],
    "clear_slice": [
        ((X,), {"index": (EVERY, slice(1, 3))}),
        ((X,), {"index": (Ellipsis,)}),
        ((numbers(),), {"index": (Ellipsis,)}),
    ],
    "set_slice": [
        ((X, numbers(2, 2)), {"index": (EVERY, slice(1, 3))}),
        ((X, numbers(3)), {"index": (1,)}),
        ((numbers(), numbers(seed=1)), {"index": (Ellipsis,)}),
    ],
    "view_dtype": [((X,), {"dtype": np.dtype(np.int16)}), ((X,), {"dtype": np.dtype(np.uint8)})],
}  # fmt: skip

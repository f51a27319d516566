"""Samples of rows that look at parts of a tensor, and that arrange elements anew."""

from __future__ import annotations

from tests.laws.operands import CUBE, IN_WINDOWS, ON_A_DIAGONAL, Entries, X, numbers

ENTRIES: Entries = {
    # parts
    "diagonal": [
        ((CUBE,), {"offset": 1, "dim1": 0, "dim2": 2}),
        ((numbers(3, 3),), {"offset": -1, "dim1": 1, "dim2": 0}),
        ((X,), {"offset": 5, "dim1": 0, "dim2": 1}),
    ],
    "diag_embed": [
        ((X,), {"offset": 1, "dim1": 0, "dim2": 2, "shape": (4, 2, 4)}),
        ((numbers(3),), {"offset": -1, "dim1": 0, "dim2": 1, "shape": (4, 4)}),
    ],
    "unfold": [
        ((numbers(2, 7),), {"dim": 1, "size": 3, "step": 2}),
        ((numbers(5, 2),), {"dim": 0, "size": 2, "step": 3}),
    ],
    "fold": [
        ((numbers(2, 3, 3),), {"dim": 1, "size": 3, "step": 2, "n": 8}),
        ((numbers(2, 2, 2),), {"dim": 0, "size": 2, "step": 3, "n": 5}),
    ],
    "strided": [
        ((CUBE,), {"size": (3, 2), "stride": (2, 5), "offset": 4, "shape": (2, 3, 4)}),
        ((X,), {"size": (3, 3), "stride": (1, 1), "offset": 0, "shape": (2, 3)}),
        ((numbers(1),), {"size": (), "stride": (), "offset": 0, "shape": (1,)}),
    ],
    "unstrided": [
        ((numbers(3, 2),), {"size": (3, 2), "stride": (2, 5), "offset": 4, "shape": (2, 3, 4)}),
        ((numbers(3, 3),), {"size": (3, 3), "stride": (1, 1), "offset": 0, "shape": (2, 3)}),
    ],
    "set_view": [
        ((numbers(3, 3), numbers(2)), ON_A_DIAGONAL),
        ((numbers(2, 7), numbers(2, 2, 3, seed=1)), IN_WINDOWS),
    ],
    "clear_view": [((numbers(3, 3),), ON_A_DIAGONAL), ((numbers(2, 7),), IN_WINDOWS)],
    # arranging anew
    "flip": [((CUBE,), {"dims": (0, 2)}), ((numbers(),), {"dims": ()})],
    "roll": [((CUBE,), {"shifts": (1, -2), "dims": (0, 2)}), ((numbers(3),), {"shifts": (4,), "dims": (0,)})],
    "roll_all": [((X,), {"shift": 2}), ((numbers(),), {"shift": 1})],
    "rot90": [((CUBE,), {"k": k, "dims": dims}) for k, dims in ((0, (0, 1)), (1, (0, 2)), (2, (2, 0)), (3, (1, 2)))],
    "repeat": [
        ((X,), {"repeats": (2, 3)}),
        ((numbers(2, 1),), {"repeats": (2, 1, 3)}),
        ((numbers(),), {"repeats": (2,)}),
        ((numbers(),), {"repeats": ()}),
    ],
    **{name: [((CUBE,), {"diagonal": 1}), ((numbers(3, 3),), {"diagonal": -1})] for name in ("tril", "triu")},
    "block_diag": [((X, numbers(1, 1), numbers(3, 2)), {})],
    "constant_pad_nd": [
        ((X,), {"pad": ((1, 0), (2, 1)), "value": 0.5}),
        ((CUBE,), {"pad": ((0, 0), (-1, 2), (1, -3)), "value": 0.0}),
        ((numbers(),), {"pad": (), "value": 1.0}),
    ],
    "reflection_pad": [
        ((CUBE,), {"pad": ((0, 0), (2, 1), (0, 3))}),
        ((X,), {"pad": ((0, 0), (-1, 1))}),
        ((X,), {"pad": ((0, 0), (0, 0))}),
    ],
    **{
        name: [((CUBE,), {"pad": ((0, 0), (2, 3), (0, 1))}), ((X,), {"pad": ((1, 0), (-1, 2))})]
        for name in ("replication_pad", "circular_pad")
    },
    **{
        f"{name}_backward": [((numbers(2, 6, 5),), {"pad": ((0, 0), (2, 1), (0, 1)), "shape": (2, 3, 4)})]
        for name in ("reflection_pad", "replication_pad", "circular_pad")
    },
}  # fmt: skip

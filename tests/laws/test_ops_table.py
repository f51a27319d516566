"""docs/ops.md lists every row of the rulebook as it is: kind, dtypes, orders of derivative, conventions."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.laws.samples import Sample, samples_of
from wengert.core.primitive import Primitive
from wengert.rules import BOOK

DOCS = Path(__file__).parents[2] / "docs"
HEAD = """# The rulebook, row by row

Every operation is declared once, as a row, and this table is made from the rows: after a change,
`python -m tests.laws.test_ops_table` writes it anew, and a test holds it true. What a public function adds to its row
(promotion, checks, defaults) stands in the function's docstring.

- *kind*: how its derivatives are declared; see [architecture.md](architecture.md).
- *dtypes* that its forward takes: bool, int (8 to 64 bits), float (16 to 64 bits), complex (64 and 128 bits).
- *derivatives*: `every` order, or `none` where its results are constant almost everywhere.
- *conventions*: how many lines of [conventions.md](conventions.md) say what it does at ties and undefined points.
- *also as*: names under which a node of it appears on the tape, because PyTorch's do.

| row | kind | operands | dtypes | derivatives | conventions | also as |
|---|---|---|---|---|---|---|
"""
KINDS = {
    "bool": ["bool"], "int": ["int8", "int64", "uint8"], "float": ["float16", "float32", "float64"],
    "complex": ["complex64", "complex128"],
}  # fmt: skip


def table() -> str:
    """Return the whole document."""
    conventions = (DOCS / "conventions.md").read_text(encoding="utf-8")
    rows = [row for _, row in sorted(BOOK.items()) if row.variant_of is None]
    return HEAD + "\n".join(line(row, conventions) for row in rows) + "\n"


def line(row: Primitive, conventions: str) -> str:
    """Return the line of one row."""
    operands = "any number" if row.operands is None else ", ".join(row.operands)
    derivatives = "none" if row.kind == "constant" else "every"
    told = len(re.findall(rf"^\| `[^`]*\b{row.name}\(", conventions, re.MULTILINE))
    others = sorted(v.backward_name for v in BOOK.values() if v.variant_of is row)
    cells = [
        f"`{row.name}`", row.kind, operands, ", ".join(dtypes(row)), derivatives, str(told or ""),
        ", ".join(f"`{name}`" for name in others),
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def dtypes(row: Primitive) -> Iterator[str]:
    """Yield the kinds of dtypes that the forward takes in the place of its sample's numbers."""
    sample = samples_of(row)[0]
    for kind, names in KINDS.items():
        if all(takes(sample, np.dtype(name)) for name in names):
            yield kind


def takes(sample: Sample, dtype: np.dtype[object]) -> bool:
    """Say whether a row computes with a dtype: in place of its floats, or of its first operand where it has none."""
    kinds = [x.dtype.kind for x in sample.operands]
    changed = {i for i, kind in enumerate(kinds) if kind in "fc"} or {0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        operands = [
            (x if dtype.kind == "c" else x.real).astype(dtype) if i in changed else x
            for i, x in enumerate(sample.operands)
        ]
        try:
            sample.everything(*operands)
        except Exception:
            return False
    return True


def test_the_table_is_true() -> None:
    """After a deliberate change: ``python -m tests.laws.test_ops_table`` writes the new table."""
    assert table() == (DOCS / "ops.md").read_text(encoding="utf-8")


if __name__ == "__main__":
    (DOCS / "ops.md").write_text(table(), encoding="utf-8")

"""The chain of view rows behind a view: followed again, undone, and asked whether it repeats elements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from wengert.core.carrier import state
from wengert.core.primitive import Primitive
from wengert.rules import memory, windows
from wengert.rules import structural as rows
from wengert.tape.storage import View
from wengert.tensor.promotion import dtype_of


def derive(view: View) -> Any:
    """Compute a view's tensor anew from its base, history included."""
    out = view.base
    if out._edge is not None and state.trace is None:
        return memory.as_strided(out, chain=view.chain)
    for row, params in view.chain:
        out = row(out, **params)
    return out


def scatter_back(base: Any, chain: Sequence[tuple[Primitive, dict[str, Any]]], value: Any) -> Any:
    """Return ``base`` with the part that ``chain`` looks at replaced by ``value``, as a new tensor.

    A view row that loses nothing is undone by its transpose; a part is set.
    """
    bases = [base]
    for row, params in chain[:-1]:
        bases.append(row(bases[-1], **params))
    for (row, params), seen in zip(reversed(chain), reversed(bases), strict=True):
        if row in (rows.slice_, rows.select, rows.alias):
            value = rows.set_slice(seen, value, index=params["index"])
        elif row in windows.PARTIAL:
            value = windows.set_view(seen, value, view=row, settings=tuple(params.items()))
        elif row is rows.view_dtype:
            value = rows.view_dtype(value, dtype=dtype_of(seen))
        else:
            rule = row.rules[0]
            assert rule is not None
            value = rule.pull(value, (), params, (tuple(seen.shape),), 0)
    return value


def repeats(view: View) -> bool:
    """Say whether a view shows some elements of its base several times, through `expand`."""
    if not any(row is rows.broadcast_to for row, _ in view.chain):
        return False
    before = memory.shapes_along(view.chain, tuple(view.base.shape))
    return any(
        row is rows.broadcast_to and math.prod(params["shape"]) != math.prod(shape)
        for (row, params), shape in zip(view.chain, before, strict=True)
    )


def overlaps(view: View) -> bool:
    """Say whether a view was made through windows or strides that show some elements several times."""
    links = view.links
    while links is not None:
        links, row, params = links
        if row in windows.PARTIAL and windows.overlaps(row, params):
            return True
    return False

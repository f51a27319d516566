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

    Several views are one step of the tape, named for the write; a part alone has a row of that name.
    """
    if state.trace is None and (len(chain) > 1 or chain[0][0] not in memory.PARTS):
        return memory.copy_slices(base, value, chain=chain)
    return memory.scattered(base, value, chain=chain)


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

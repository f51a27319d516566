"""The chain of view rows behind a view: followed again, undone, and asked whether it repeats elements."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.carrier import state
from wengert.core.shapes import Shape
from wengert.rules import memory, windows
from wengert.rules import structural as rows
from wengert.rules.memory import Chain
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


def scatter_back(base: Any, chain: Chain, value: Any) -> Any:
    """Return ``base`` with the part that ``chain`` looks at replaced by ``value``, as a new tensor.

    Several views are one step of the tape, named for the write; a part alone has a row of that name. From the first row
    on that shows elements several times, of which later ones picked each once, the chain is one part.
    """
    first = _first_repeating(base, chain)
    if first is not None:
        seen = base
        for row, params in chain[:first]:
            seen = row(seen, **params)
        settings = _as_one(chain[first:], tuple(seen.shape), dtype_of(seen))
        assert settings is not None, "writes to what shows an element twice are refused before"
        chain = (*chain[:first], (windows.strided, dict(settings)))
    if state.trace is None and (len(chain) > 1 or chain[0][0] not in memory.PARTS):
        return memory.copy_slices(base, value, chain=chain)
    return memory.scattered(base, value, chain=chain)


def repeats(view: View) -> bool:
    """Say whether a view shows some elements of its base several times: through `expand`, windows or strides."""
    chain = view.chain
    first = _first_repeating(view.base, chain)
    if first is None:
        return False
    seen = memory.shown_along(chain[:first], np.empty(tuple(view.base.shape), dtype_of(view.base)))
    return _as_one(chain[first:], seen.shape, seen.dtype) is None


def overlaps(view: View) -> bool:
    """Say whether a view made through windows or strides shows some elements several times."""
    links = view.links
    while links is not None:
        links, row, params = links
        if row in windows.PARTIAL and windows.overlaps(row, params):
            return repeats(view)
    return False


def _first_repeating(base: Any, chain: Chain) -> int | None:
    """Return the place in a chain of the first row that shows an element several times."""
    if not any(row is rows.broadcast_to or row in windows.PARTIAL for row, _ in chain):
        return None
    before = memory.shapes_along(chain, tuple(base.shape))
    for i, ((row, params), shape) in enumerate(zip(chain, before, strict=True)):
        if row is rows.broadcast_to and math.prod(params["shape"]) != math.prod(shape):
            return i
        if row in windows.PARTIAL and windows.overlaps(row, params):
            return i
    return None


def _as_one(chain: Chain, shape: Shape, dtype: np.dtype[Any]) -> windows.Settings | None:
    """Return a chain of views as the parameters of one `strided`; None if it shows an element of its base twice."""
    places = memory.places_along(chain, shape, dtype)
    if places is None:
        return None
    size, stride, offset = places
    params = {"size": size, "stride": stride, "offset": offset, "shape": shape}
    return None if windows.overlaps(windows.strided, params) else tuple(params.items())

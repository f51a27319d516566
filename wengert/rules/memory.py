"""Rows of memory: what views and writes in place leave on the tape, under PyTorch's names for them.

A write gives zero to what it overwrote and everything to what it wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import Primitive, composite, general, linear
from wengert.core.shapes import Shape, inferred
from wengert.core.strides import hollow
from wengert.rules import windows
from wengert.rules.structural import (
    adjoint,
    alias,
    clear_slice,
    numpy_dtype,
    reshape,
    select,
    set_slice,
    slice_,
    view_dtype,
)

Chain = Sequence[tuple[Primitive, dict[str, Any]]]


def _nothing(ct: Any) -> Any:
    """Return zeros of the cotangent's shape, whatever it holds."""
    return clear_slice(ct, index=())


def _written(x: Array, y: Array) -> Array:
    return np.array(np.broadcast_to(y, np.broadcast_shapes(x.shape, y.shape)), order="C")


copy = linear(
    "copy", _written, [_nothing, lambda ct: ct], aligned=True, backward_name="CopyBackwards",
    moves=True, selects=(0,),
    spoken="copy_",
)  # fmt: skip
"""``y`` in the shape of ``x``: a write of ``y`` over ``x``."""

to_copy = copy.named("to_copy", "ToCopyBackward0", spoken="to")
fill = copy.named("fill", "FillBackward2")
fill_tensor = copy.named("fill_tensor", "FillBackward3", spoken="fill_")
filled = copy.named("filled", "FillBackward0", spoken="fill_")
filled_tensor = copy.named("filled_tensor", "FillBackward1", spoken="fill_")

zero = linear(
    "zero", lambda x: np.zeros_like(x), _nothing, shift=lambda p, size: p, moves=True, selects=(0,)
)


revalued = general(
    "revalued", lambda x, y: y.copy(), [lambda ct: ct, None], lambda tangents: tangents[0],
    shift=lambda p, size: p, moves=True,
)  # fmt: skip
"""``x`` after a write to its elements that derivatives do not see: the value of ``y``, the derivative of ``x``."""


unsafe_view = linear(
    "unsafe_view", lambda x, *, shape: np.array(x.reshape(shape), order="C"),
    lambda ct, x_shape: reshape(ct, shape=x_shape), shift=reshape.shift,
    moves=True, backward_name="UnsafeViewBackward0",
    outline=lambda x, *, shape: hollow(inferred("unsafe_view", shape, x.size), x.dtype),
)  # fmt: skip
"""A reshape that had to copy."""


def _through(x: Any, *, chain: Chain) -> Any:
    for row, params in chain:
        x = row(x, **params)
    return x


def shapes_along(chain: Chain, shape: Shape) -> list[Shape]:
    """Return the shape that each view of a chain is taken of, found with a stand-in of one element."""
    stand_in = np.broadcast_to(np.zeros(()), shape)
    shapes = []
    for row, params in chain:
        shapes.append(stand_in.shape)
        stand_in = row.forward(stand_in, **params)
    return shapes


def shown_along(chain: Chain, x: Array) -> Array:
    """Return what a chain of views shows of an array."""
    for row, params in chain:
        x = row.forward(x, **params)
    return x


def places_along(chain: Chain, shape: Shape, dtype: Any) -> tuple[Shape, Shape, int] | None:
    """Return sizes, strides and offset, in elements, of what a chain of views shows of an array that lies in order.

    None where the views read elements anew, as numbers of another type.
    """
    whole = np.empty(shape, dtype)
    seen = shown_along(chain, whole)
    if seen.dtype != dtype:
        return None
    begins = seen.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    width = dtype.itemsize
    return seen.shape, tuple(n // width for n in seen.strides), begins // width


def _unthrough(ct: Any, x_shape: Shape, chain: Chain) -> Any:
    """Undo the views of a chain, last first.

    Rules of views take no conjugates. The engine conjugates a complex cotangent for this row, and then what comes back;
    that the cotangent is complex is asked before, as a view of a real or imaginary part turns a real one complex.
    """
    shapes = shapes_along(chain, x_shape)
    turned = numpy_dtype(ct).kind == "c"
    ct = adjoint(ct)
    for (row, params), shape in zip(reversed(chain), reversed(shapes), strict=True):
        rule = row.rule(0)
        assert rule is not None
        ct = rule.pull(ct, (), params, (shape,), 0)
    return adjoint(ct) if turned else ct


def _mask_unthrough(mask: Any, x_shape: Shape, chain: Chain) -> Any:
    """Undo the views of a chain on a mask; None, selected everywhere, where a view has no rule for masks."""
    if any(row.masks is None for row, _ in chain):
        return None
    shapes = shapes_along(chain, x_shape)
    for (row, params), shape in zip(reversed(chain), reversed(shapes), strict=True):
        rule = row.mask_rule(0)
        assert rule is not None
        mask = rule.pull(mask, (), params, (shape,), 0)
    return mask


as_strided = composite(
    "as_strided", _through, None, _unthrough, view=True, backward_name="AsStridedBackward0",
    masks=[_mask_unthrough],
)  # fmt: skip
"""A view found again from its base by the views it was made through, after a write to either."""


PARTS: Final = frozenset({slice_, select, alias, *windows.PARTIAL})
"""Views of which one alone is undone by a row that is named for a write."""


def scattered(x: Any, y: Any, *, chain: Chain) -> Any:
    """Return ``x`` with what a chain of views shows of it replaced by ``y``.

    A view that loses nothing is undone by its transpose; a part is set.
    """
    bases = [x]
    for row, params in chain[:-1]:
        bases.append(row(bases[-1], **params))
    for (row, params), seen in zip(reversed(chain), reversed(bases), strict=True):
        if row in windows.PARTIAL:
            y = windows.set_view(seen, y, view=row, settings=tuple(params.items()))
        elif row in PARTS:
            y = set_slice(seen, y, index=params["index"])
        elif row is view_dtype:
            y = view_dtype(y, dtype=numpy_dtype(seen))
        else:
            rule = row.rules[0]
            assert rule is not None
            y = rule.pull(y, (), params, (tuple(seen.shape),), 0)
    return y


def _cleared(ct: Any, chain: Chain) -> Any:
    return scattered(ct, _nothing(_through(ct, chain=chain)), chain=chain)


def _shown(ct: Any, chain: Chain) -> Any:
    """Return what a chain shows of a cotangent, which the engine has conjugated, as in `_unthrough`."""
    shown = _through(adjoint(ct), chain=chain)
    return adjoint(shown) if numpy_dtype(ct).kind == "c" else shown


def _mask_of(rule: Callable[..., Any]) -> Callable[..., Any]:
    """Return a rule for masks: None, selected everywhere, unless all views only move elements."""

    def rule_for_masks(mask: Any, chain: Chain) -> Any:
        return rule(mask, chain=chain) if all(row.moves for row, _ in chain) else None

    return rule_for_masks


copy_slices = composite(
    "copy_slices", scattered, None, [_cleared, _shown], backward_name="CopySlices",
    masks=[_mask_of(_cleared), _mask_of(_through)], selects=(0,),
    spoken="copy_",
)  # fmt: skip
"""A base after a write to one of its views, with the views between them as one step."""

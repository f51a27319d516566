"""Rows of memory: what views and writes in place leave on the tape, under PyTorch's names for them.

A write gives zero to what it overwrote and everything to what it wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import Primitive, composite, general, linear
from wengert.core.shapes import Shape
from wengert.rules.structural import adjoint, clear_slice, numpy_dtype, reshape

Chain = Sequence[tuple[Primitive, dict[str, Any]]]


def _nothing(ct: Any) -> Any:
    """Return zeros of the cotangent's shape, whatever it holds."""
    return clear_slice(ct, index=())


def _written(x: Array, y: Array) -> Array:
    return np.array(np.broadcast_to(y, np.broadcast_shapes(x.shape, y.shape)), order="C")


copy = linear(
    "copy", _written, [_nothing, lambda ct: ct], aligned=True, backward_name="CopyBackwards",
    moves=True, selects=(0,),
)  # fmt: skip
"""``y`` in the shape of ``x``: a write of ``y`` over ``x``."""

fill = copy.named("fill", "FillBackward2")
fill_tensor = copy.named("fill_tensor", "FillBackward3")
filled = copy.named("filled", "FillBackward0")
filled_tensor = copy.named("filled_tensor", "FillBackward1")

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
    shapes = shapes_along(chain, x_shape)
    for (row, params), shape in zip(reversed(chain), reversed(shapes), strict=True):
        if row.masks is None:
            return None
        rule = row.mask_rule(0)
        assert rule is not None
        mask = rule.pull(mask, (), params, (shape,), 0)
    return mask


as_strided = composite(
    "as_strided", _through, None, _unthrough, view=True, backward_name="AsStridedBackward0",
    masks=[_mask_unthrough],
)  # fmt: skip
"""A view found again from its base by the views it was made through, after a write to either."""

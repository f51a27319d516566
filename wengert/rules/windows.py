"""Views that show a part of the elements, or some of them several times: diagonals, sliding windows, strides.

Next to each stands its transpose, which adds everything back where it was seen. A write through such a view is the row
`set_view`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import Primitive, linear
from wengert.core.shapes import Shape
from wengert.core.strides import hollow

Settings = tuple[tuple[str, Any], ...]


def _diagonal(x: Array, *, offset: int, dim1: int, dim2: int) -> Array:
    out = np.diagonal(x, offset, dim1, dim2)
    # NumPy's diagonal is read-only; whether a write may happen is the tensor's decision.
    out.flags.writeable = x.flags.writeable
    return out


def _shift_dims(p: dict[str, Any], size: int) -> dict[str, Any]:
    shifted = {**p, "dim1": p["dim1"] + 1, "dim2": p["dim2"] + 1}
    if "shape" in p:
        shifted["shape"] = (size, *p["shape"])
    return shifted


diagonal = linear(
    "diagonal", _diagonal,
    lambda ct, x_shape, offset, dim1, dim2:
        diag_embed(ct, offset=offset, dim1=dim1, dim2=dim2, shape=x_shape),
    shift=_shift_dims, view=True,
)  # fmt: skip


def _shaped(x: Array, *, shape: Shape, **p: Any) -> Array:
    return hollow(shape, x.dtype)


def _in_order(x: Array, *others: Array, **p: Any) -> Array:
    return hollow(x.shape, x.dtype)


def _diag_embed(x: Array, *, offset: int, dim1: int, dim2: int, shape: Shape) -> Array:
    out = np.zeros(shape, x.dtype)
    _diagonal(out, offset=offset, dim1=dim1, dim2=dim2)[...] = x
    return out


diag_embed = linear(
    "diag_embed", _diag_embed,
    lambda ct, offset, dim1, dim2: diagonal(ct, offset=offset, dim1=dim1, dim2=dim2),
    shift=_shift_dims, outline=_shaped,
)  # fmt: skip
"""Zeros of ``shape`` with ``x`` on a diagonal: the transpose of `diagonal`."""


def _unfold(x: Array, *, dim: int, size: int, step: int) -> Array:
    shape, strides = list(x.shape), list(x.strides)
    shape[dim] = (shape[dim] - size) // step + 1
    strides[dim] *= step
    return np.lib.stride_tricks.as_strided(x, (*shape, size), (*strides, x.strides[dim]))


unfold = linear(
    "unfold", _unfold,
    lambda ct, x_shape, dim, size, step: fold(ct, dim=dim, size=size, step=step, n=x_shape[dim]),
    shift=lambda p, size: {**p, "dim": p["dim"] + 1}, view=True,
)  # fmt: skip
"""Every window of ``size`` elements along ``dim``, ``step`` apart, as a last axis."""


def _fold(x: Array, *, dim: int, size: int, step: int, n: int) -> Array:
    out = np.zeros((*x.shape[:dim], n, *x.shape[dim + 1 : -1]), x.dtype)
    span = (x.shape[dim] - 1) * step + 1
    for i in range(size):
        out[(*(slice(None),) * dim, slice(i, i + span, step))] += x[..., i]
    return out


def _fold_outline(x: Array, *, dim: int, size: int, step: int, n: int) -> Array:
    return hollow((*x.shape[:dim], n, *x.shape[dim + 1 : -1]), x.dtype)


fold = linear(
    "fold", _fold, lambda ct, dim, size, step: unfold(ct, dim=dim, size=size, step=step),
    shift=lambda p, size: {**p, "dim": p["dim"] + 1}, outline=_fold_outline, backward_name="UnfoldBackwardBackward0",
)  # fmt: skip
"""Windows added up where they came from, in an axis of ``n`` elements: the transpose of `unfold`."""


def _strided(x: Array, *, size: Shape, stride: Shape, offset: int, shape: Shape) -> Array:
    flat = x.reshape(-1)
    step = flat.strides[0]
    return np.lib.stride_tricks.as_strided(flat[offset:], size, [step * n for n in stride])


def _shift_strides(p: dict[str, Any], size: int) -> dict[str, Any]:
    return {
        "size": (size, *p["size"]), "stride": (math.prod(p["shape"]), *p["stride"]),
        "offset": p["offset"], "shape": (size, *p["shape"]),
    }  # fmt: skip


strided = linear(
    "strided", _strided,
    lambda ct, size, stride, offset, shape:
        unstrided(ct, size=size, stride=stride, offset=offset, shape=shape),
    shift=_shift_strides, view=True, backward_name="AsStridedBackward0",
)  # fmt: skip
"""Elements of ``x``, which has ``shape`` and lies in memory in order, found by their places in memory."""


def _unstrided(x: Array, *, size: Shape, stride: Shape, offset: int, shape: Shape) -> Array:
    out = np.zeros(math.prod(shape), x.dtype)
    places = np.full((), offset, np.int64)
    for n, step in zip(size, stride, strict=True):
        places = places[..., None] + step * np.arange(n)
    np.add.at(out, places, x)
    return out.reshape(shape)


unstrided = linear(
    "unstrided", _unstrided,
    lambda ct, size, stride, offset, shape:
        strided(ct, size=size, stride=stride, offset=offset, shape=shape),
    shift=_shift_strides, outline=_shaped, backward_name="AsStridedBackward0",
)  # fmt: skip
"""Zeros of ``shape`` with the elements added at their places in memory: the transpose of `strided`."""

PARTIAL = frozenset({diagonal, unfold, strided})
"""The views above: a write through one of them is not undone by its transpose."""


def _set_view(x: Array, y: Array, *, view: Primitive, settings: Settings) -> Array:
    out = np.array(x, order="C")
    view.forward(out, **dict(settings))[...] = y
    return out


def _shift_view(p: dict[str, Any], size: int) -> dict[str, Any]:
    assert p["view"].shift is not None
    return {**p, "settings": tuple(p["view"].shift(dict(p["settings"]), size).items())}


set_view = linear(
    "set_view", _set_view,
    [lambda ct, view, settings: clear_view(ct, view=view, settings=settings),
     lambda ct, view, settings: view(ct, **dict(settings))],
    shift=_shift_view, outline=_in_order, backward_name="CopySlices",
)  # fmt: skip
"""``x`` with the elements that a view shows replaced by ``y``."""

diagonal_scatter = set_view.named("diagonal_scatter", "DiagonalScatterBackward0")
as_strided_scatter = set_view.named("as_strided_scatter", "AsStridedScatterBackward0")

clear_view = linear(
    "clear_view", lambda x, *, view, settings: _set_view(x, np.zeros((), x.dtype), view=view, settings=settings),
    lambda ct, view, settings: clear_view(ct, view=view, settings=settings), shift=_shift_view, outline=_in_order,
)  # fmt: skip


def overlaps(row: Primitive, params: dict[str, Any]) -> bool:
    """Say whether a view shows some element several times, in other ways than by expanding."""
    if row is unfold:
        return bool(params["size"] > params["step"])
    if row is not strided or 0 in params["size"]:
        return False
    axes = [(s, n) for s, n in zip(params["stride"], params["size"], strict=True) if n > 1]
    reach = 0
    for step, n in sorted(axes):
        if step <= reach:
            return True
        reach += step * (n - 1)
    return False

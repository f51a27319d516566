"""Rows that put elements elsewhere, or next to others: reversed, rolled, repeated, cut to a triangle, padded.

Each is a copy. Rules are written over anything array-like; the forwards above each row are the raw computation.
"""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import Primitive, general, linear
from wengert.core.shapes import Shape
from wengert.core.strides import by_rows, hollow, laid_as
from wengert.rules.structural import reshape, slice_, sum

Pad = tuple[tuple[int, int], ...]
"""For every axis, how many elements are put before and after it; negative numbers cut off."""


def _shift_dims(p: dict[str, Any], size: int) -> dict[str, Any]:
    return {**p, "dims": tuple(d + 1 for d in p["dims"])}


def _flip(x: Array, *, dims: Shape) -> Array:
    return laid_as(np.flip(x, dims), x)


flip = linear("flip", _flip, lambda ct, dims: flip(ct, dims=dims), shift=_shift_dims)


def _roll(x: Array, *, shifts: Shape, dims: Shape) -> Array:
    return by_rows(np.roll(x, shifts, dims))


def _unroll(ct: Any, shifts: Shape, dims: Shape) -> Any:
    return roll(ct, shifts=tuple(-s for s in shifts), dims=dims)


roll = linear("roll", _roll, _unroll, shift=_shift_dims)


def _roll_all_batch(size: int, mapped: Any, p: dict[str, Any], x: Any) -> Any:
    flat = reshape(x, shape=(size, math.prod(x.shape[1:])))
    return reshape(roll(flat, shifts=(p["shift"],), dims=(1,)), shape=x.shape)


roll_all = linear(
    "roll_all", lambda x, *, shift: by_rows(np.roll(x, shift)), lambda ct, shift: roll_all(ct, shift=-shift),
    batch=_roll_all_batch, backward_name="RollBackward0",
    spoken="roll",
)  # fmt: skip
"""The elements moved along all axes as if in one row."""


def _rot90(x: Array, *, k: int, dims: Shape) -> Array:
    first, second = dims
    if not k:
        return np.array(x, order="C")
    if k == 2:
        return laid_as(np.flip(x, dims), x)
    return laid_as(np.flip(x, second if k == 1 else first), x).swapaxes(first, second)


rot90 = linear(
    "rot90", _rot90, lambda ct, k, dims: rot90(ct, k=-k % 4, dims=dims), shift=_shift_dims
)
"""A quarter turn from the first of ``dims`` to the second, ``k`` (0 to 3) times."""


def _repeat(x: Array, *, repeats: Shape) -> Array:
    return by_rows(np.tile(x, repeats))


def _unrepeat(ct: Any, x_shape: Shape, repeats: Shape) -> Any:
    extra = len(repeats) - len(x_shape)
    pairs = zip(repeats[extra:], x_shape, strict=True)
    parted = reshape(ct, shape=(*repeats[:extra], *(n for pair in pairs for n in pair)))
    axes = (*range(extra), *range(extra, extra + 2 * len(x_shape), 2))
    return sum(parted, axis=axes, keepdim=False)


def _repeat_batch(size: int, mapped: Any, p: dict[str, Any], x: Any) -> Any:
    missing = len(p["repeats"]) + 1 - x.ndim
    lined_up = reshape(x, shape=(size, *(1,) * missing, *x.shape[1:]))
    return repeat(lined_up, repeats=(1, *p["repeats"]))


def _repeat_outline(x: Array, *, repeats: Shape) -> Array:
    rank = max(x.ndim, len(repeats))
    shape, times = ((1,) * (rank - len(t)) + tuple(t) for t in (x.shape, repeats))
    return hollow([n * k for n, k in zip(shape, times, strict=True)], x.dtype)


repeat = linear("repeat", _repeat, _unrepeat, batch=_repeat_batch, outline=_repeat_outline)


def _tril(x: Array, *, diagonal: int) -> Array:
    return by_rows(np.tril(x, diagonal))


tril = linear(
    "tril", _tril, lambda ct, diagonal: tril(ct, diagonal=diagonal), shift=lambda p, size: p
)


def _triu(x: Array, *, diagonal: int) -> Array:
    return by_rows(np.triu(x, diagonal))


triu = linear(
    "triu", _triu, lambda ct, diagonal: triu(ct, diagonal=diagonal), shift=lambda p, size: p
)


def _block_diag(*arrays: Array) -> Array:
    rows, columns = (builtins.sum(x.shape[d] for x in arrays) for d in (-2, -1))
    out = np.zeros((*arrays[0].shape[:-2], rows, columns), arrays[0].dtype)
    row = column = 0
    for x in arrays:
        height, width = x.shape[-2:]
        out[..., row : row + height, column : column + width] = x
        row, column = row + height, column + width
    return out


def _block(ct: Any, position: int, shapes: tuple[Shape, ...]) -> Any:
    row, column = (builtins.sum(s[d] for s in shapes[:position]) for d in (-2, -1))
    height, width = shapes[position][-2:]
    corner = slice(row, row + height), slice(column, column + width)
    return slice_(ct, index=(Ellipsis, *corner))


def _block_diag_outline(*arrays: Array) -> Array:
    ends = (builtins.sum(x.shape[d] for x in arrays) for d in (-2, -1))
    return hollow((*arrays[0].shape[:-2], *ends), arrays[0].dtype)


block_diag = linear(
    "block_diag", _block_diag, _block, shift=lambda p, size: p, outline=_block_diag_outline
)


def _shift_pad(p: dict[str, Any], size: int) -> dict[str, Any]:
    shifted = {**p, "pad": ((0, 0), *p["pad"])}
    if "shape" in p:
        shifted["shape"] = (size, *p["shape"])
    return shifted


def _constant_pad_nd(x: Array, *, pad: Pad, value: complex) -> Array:
    shape, to, source = [], [], []
    for n, (before, after) in zip(x.shape, pad, strict=True):
        shape.append(n + before + after)
        to.append(slice(max(before, 0), n + before + min(after, 0)))
        source.append(slice(max(-before, 0), n - max(-after, 0)))
    out = np.full(shape, value, x.dtype)
    out[tuple(to)] = x[tuple(source)]
    return out


def _padded(x: Array, *, pad: Pad, **p: Any) -> Array:
    ends = zip(x.shape, pad, strict=True)
    return hollow([n + before + after for n, (before, after) in ends], x.dtype)


def _unpad(ct: Any, pad: Pad) -> Any:
    return constant_pad_nd(ct, pad=tuple((-before, -after) for before, after in pad), value=0.0)


constant_pad_nd = general(
    "constant_pad_nd", _constant_pad_nd, _unpad,
    lambda tangents, pad: constant_pad_nd(tangents[0], pad=pad, value=0.0), shift=_shift_pad,
    outline=_padded,
)  # fmt: skip


def _reflected(places: Array, n: int, before: int, after: int) -> Array:
    return n - 1 - abs(n - 1 - abs(places))


def _nearest(places: Array, n: int, before: int, after: int) -> Array:
    return places.clip(0, n - 1)


def _wrapped(places: Array, n: int, before: int, after: int) -> Array:
    first = max(-before, 0)
    return first + (places - first) % (n + min(after, 0) - first)


def _padding(name: str, into: Any, backward_name: str) -> Primitive:
    """Declare padding with the tensor's own elements; ``into`` says which of ``n`` stands at places beyond them."""

    def sources(n: int, before: int, after: int) -> Array:
        found: Array = into(np.arange(-before, n + after), n, before, after)
        return found

    def pad_forward(x: Array, *, pad: Pad) -> Array:
        out = x
        for axis, (before, after) in enumerate(pad):
            if before or after:
                out = out.take(sources(x.shape[axis], before, after), axis=axis)
        return x.copy() if out is x else out

    def add_back(x: Array, *, pad: Pad, shape: Shape) -> Array:
        for axis, (before, after) in enumerate(pad):
            if before or after:
                x = _added(x, sources(shape[axis], before, after), axis, shape[axis], before, after)
        return np.array(x, order="C")

    row = linear(
        name, pad_forward, lambda ct, x_shape, pad: back(ct, pad=pad, shape=x_shape),
        shift=_shift_pad, outline=_padded, backward_name=backward_name,
    )  # fmt: skip
    back = linear(
        f"{name}_backward", add_back, lambda ct, pad: row(ct, pad=pad),
        shift=_shift_pad, outline=lambda x, *, pad, shape: hollow(shape, x.dtype),
        backward_name=backward_name.replace("Backward0", "BackwardBackward0"),
    )  # fmt: skip
    return row


def _added(x: Array, sources: Array, axis: int, n: int, before: int, after: int) -> Array:
    """Add the elements of ``x`` along an axis to the places that they came from, ``n`` in all."""
    x = np.moveaxis(x, axis, 0)
    out = np.zeros((n, *x.shape[1:]), x.dtype)
    inner = range(max(before, 0), len(sources) - max(after, 0))
    out[sources[inner.start : inner.stop]] = x[inner.start : inner.stop]
    for i, source in enumerate(sources):
        if i not in inner:
            out[source] += x[i]
    return np.moveaxis(out, 0, axis)


reflection_pad = _padding("reflection_pad", _reflected, "ReflectionPad1DBackward0")
reflection_pad2d = reflection_pad.named("reflection_pad2d", "ReflectionPad2DBackward0")
reflection_pad3d = reflection_pad.named("reflection_pad3d", "ReflectionPad3DBackward0")
replication_pad = _padding("replication_pad", _nearest, "ReplicationPad1DBackward0")
replication_pad2d = replication_pad.named("replication_pad2d", "ReplicationPad2DBackward0")
replication_pad3d = replication_pad.named("replication_pad3d", "ReplicationPad3DBackward0")
circular_pad = _padding("circular_pad", _wrapped, "CopySlices")

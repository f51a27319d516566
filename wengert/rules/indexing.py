"""Rows that pick elements by integer arrays and put them back: gather and its transpose, scatter-add.

Indices are operands, never parameters, so they may be batched or traced. They are non-negative and in range: the
public functions see to that.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import linear
from wengert.core.shapes import Shape
from wengert.rules.memory import zero
from wengert.rules.structural import broadcast_to, permute, reshape, slice_


def _merged(shape: Shape, axis: int, span: int) -> Shape:
    return (*shape[:axis], math.prod(shape[axis : axis + span]), *shape[axis + span :])


def _index(x: Array, indices: Array, *, axis: int, span: int) -> Array:
    return x.reshape(_merged(x.shape, axis, span)).take(indices, axis=axis)


def _unindex(x: Array, indices: Array, *, axis: int, span: int, shape: Shape) -> Array:
    out = np.zeros(_merged(shape, axis, span), x.dtype)
    np.add.at(out, (*(slice(None),) * axis, indices), x)
    return out.reshape(shape)


def _each(size: int, mapped: Any, values: Any) -> list[Any]:
    """Give every operand its own leading axis of the mapped size."""
    return [
        x if is_mapped else broadcast_to(x, shape=(size, *x.shape))
        for x, is_mapped in zip(values, mapped, strict=True)
    ]


def _index_batch(size: int, mapped: Any, p: dict[str, Any], x: Any, indices: Any) -> Any:
    axis, span = p["axis"], p["span"]
    if not mapped[1]:
        return index(x, indices, axis=axis + 1, span=span)
    if not mapped[0]:
        picked = index(x, indices, axis=axis, span=span)
        return permute(picked, axes=(axis, *range(axis), *range(axis + 1, picked.ndim)))
    flat = reshape(x, shape=(size, *_merged(tuple(x.shape[1:]), axis, span)))
    before, after = flat.shape[1 : axis + 1], flat.shape[axis + 2 :]
    count = math.prod(indices.shape[1:])
    lined_up = reshape(indices, shape=(size, *(1 for _ in before), count, *(1 for _ in after)))
    at = broadcast_to(lined_up, shape=(size, *before, count, *after))
    picked = gather(flat, at, dim=axis + 1)
    return reshape(picked, shape=(size, *before, *indices.shape[1:], *after))


index = linear(
    "index", _index,
    [lambda ct, indices, x_shape, axis, span:
        unindex(ct, indices, axis=axis, span=span, shape=x_shape), None],
    batch=_index_batch,
)  # fmt: skip

unindex = linear(
    "unindex", _unindex,
    [lambda ct, indices, axis, span: index(ct, indices, axis=axis, span=span), None],
    backward_name="IndexBackward0",
)  # fmt: skip
"""Zeros of ``shape`` with the elements of ``x`` added where ``indices`` point: the transpose of `index`."""


def _put(x: Array, indices: Array, y: Array, *, axis: int, span: int) -> Array:
    out = x.copy().reshape(_merged(x.shape, axis, span))
    out[(*(slice(None),) * axis, indices)] = y
    return out.reshape(x.shape)


def _put_rule(ct: Any, indices: Any, axis: int, span: int) -> Any:
    return put(ct, indices, zero(index(ct, indices, axis=axis, span=span)), axis=axis, span=span)


put = linear(
    "put", _put,
    [_put_rule, None, lambda ct, indices, axis, span: index(ct, indices, axis=axis, span=span)],
    backward_name="IndexPutBackward0",
)  # fmt: skip
"""A copy of ``x`` with the elements that ``indices`` point at replaced by ``y`` (indices without repeats)."""


def _corner(x: Any, shape: Shape, dim: int) -> Any:
    """Cut ``x`` to ``shape`` in every dimension but ``dim``: PyTorch lets an index be smaller than its source."""
    cut = tuple(slice(None) if d == dim else slice(0, n) for d, n in enumerate(shape))
    return x[cut]


def _gather(x: Array, indices: Array, *, dim: int) -> Array:
    if indices.ndim == 0:
        return x.reshape(-1)[indices.reshape(-1)].reshape(())
    return np.take_along_axis(_corner(x, indices.shape, dim), indices, axis=dim)


def _where_to(indices: Array, dim: int) -> tuple[Array, ...]:
    grid = list(np.ogrid[tuple(slice(0, n) for n in indices.shape)])
    grid[dim] = indices
    return tuple(grid)


def _scatter(x: Array, indices: Array, *, dim: int, shape: Shape) -> Array:
    out = np.zeros(shape, x.dtype)
    return _scatter_into(out, indices, x, dim)


def _scatter_into(out: Array, indices: Array, source: Array, dim: int) -> Array:
    if indices.ndim == 0:
        out.reshape(-1)[0] += source
    else:
        np.add.at(out, _where_to(indices, dim), _corner(source, indices.shape, -1))
    return out


def _scatter_add(x: Array, indices: Array, y: Array, *, dim: int) -> Array:
    return _scatter_into(np.array(x), indices, y, dim)


def _dim_batch(row: str) -> Any:
    def batch(size: int, mapped: Any, p: dict[str, Any], *values: Any) -> Any:
        rows = {"gather": gather, "scatter": scatter, "scatter_add": scatter_add}
        grown = {**p, "dim": p["dim"] + 1}
        each = _each(size, mapped, values)
        shape = tuple(each[1 if row == "gather" else 0].shape)
        if "shape" in p:
            shape = (size, *p["shape"])
            grown["shape"] = shape if p["shape"] else (size, 1)
        ranked = [v if v.ndim > 1 else reshape(v, shape=(size, 1)) for v in each]
        out = rows[row](*ranked, **grown)
        return out if len(shape) > 1 else reshape(out, shape=shape)

    return batch


gather = linear(
    "gather", _gather,
    [lambda ct, indices, x_shape, dim: scatter(ct, indices, dim=dim, shape=x_shape), None],
    batch=_dim_batch("gather"),
)  # fmt: skip

scatter = linear(
    "scatter", _scatter, [lambda ct, indices, dim: gather(ct, indices, dim=dim), None],
    backward_name="GatherBackward0", batch=_dim_batch("scatter"),
)  # fmt: skip
"""Zeros of ``shape`` with ``x`` added along ``dim`` where ``indices`` point: the transpose of `gather`."""

scatter_add = linear(
    "scatter_add", _scatter_add,
    [lambda ct: ct, None, lambda ct, indices, dim: gather(ct, indices, dim=dim)],
    batch=_dim_batch("scatter_add"),
)  # fmt: skip

__all__ = ["gather", "index", "put", "scatter", "scatter_add", "slice_", "unindex"]

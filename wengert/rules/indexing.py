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
from wengert.rules.structural import broadcast_to, reshape, slice_


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


def _offsets(size: int, stride: int, like: Any) -> Any:
    """Return ``stride * [0, 1, ..., size - 1]``, shaped to add to batched indices."""
    steps = np.arange(size, dtype=np.int64) * stride
    return steps.reshape((size, *(1,) * (like.ndim - 1)))


def _index_batch(size: int, mapped: Any, p: dict[str, Any], x: Any, indices: Any) -> Any:
    axis, span = p["axis"], p["span"]
    if not mapped[1]:
        return index(x, indices, axis=axis + 1, span=span)
    if not mapped[0]:
        picked = index(x, indices, axis=axis, span=span)
        order = (axis, *range(axis), *range(axis + 1, picked.ndim))
        return picked.transpose(order) if isinstance(picked, np.ndarray) else picked.permute(order)
    flat = reshape(x, shape=(size, *_merged(tuple(x.shape[1:]), axis, span)))
    front = flat if axis == 0 else _moved(flat, axis + 1, 1)
    count = front.shape[1]
    merged = reshape(front, shape=(size * count, *front.shape[2:]))
    picked = index(merged, indices + _offsets(size, count, indices), axis=0, span=1)
    return picked if axis == 0 else _moved_block(picked, indices.ndim - 1, axis)


def _moved(x: Any, source: int, target: int) -> Any:
    from_to = list(range(x.ndim))
    from_to.insert(target, from_to.pop(source))
    return x.transpose(from_to) if isinstance(x, np.ndarray) else x.permute(from_to)


def _moved_block(x: Any, width: int, axis: int) -> Any:
    """Move the ``width`` axes after the mapped one behind the next ``axis`` ones."""
    rest = list(range(1 + width, x.ndim))
    order = [0, *rest[:axis], *range(1, 1 + width), *rest[axis:]]
    return x.transpose(order) if isinstance(x, np.ndarray) else x.permute(order)


index = linear(
    "index", _index,
    [lambda ct, indices, x_shape, axis, span:
        unindex(ct, indices, axis=axis, span=span, shape=x_shape), None],
    batch=_index_batch, moves=True, selects=(0,),
)  # fmt: skip

unindex = linear(
    "unindex", _unindex,
    [lambda ct, indices, axis, span: index(ct, indices, axis=axis, span=span), None],
    moves=True, backward_name="IndexBackward0",
)  # fmt: skip
"""Zeros of ``shape`` with the elements of ``x`` added where ``indices`` point: the transpose of `index`."""


def _put(x: Array, indices: Array, y: Array, *, axis: int, span: int) -> Array:
    out = x.copy().reshape(_merged(x.shape, axis, span))
    out[(*(slice(None),) * axis, indices)] = y
    return out.reshape(x.shape)


def _put_rule(ct: Any, indices: Any, axis: int, span: int, y_shape: Shape) -> Any:
    return put(ct, indices, broadcast_to(_zero_like(ct), shape=y_shape), axis=axis, span=span)


def _zero_like(ct: Any) -> Any:
    return np.zeros((), ct.dtype if isinstance(ct, np.ndarray | np.generic) else ct.dtype.numpy)


put = linear(
    "put", _put,
    [_put_rule, None, lambda ct, indices, axis, span: index(ct, indices, axis=axis, span=span)],
    moves=True, selects=(0,), backward_name="IndexPutBackward0",
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
    batch=_dim_batch("gather"), moves=True, selects=(0,),
)  # fmt: skip

scatter = linear(
    "scatter", _scatter, [lambda ct, indices, dim: gather(ct, indices, dim=dim), None],
    backward_name="GatherBackward0", batch=_dim_batch("scatter"), moves=True,
)  # fmt: skip
"""Zeros of ``shape`` with ``x`` added along ``dim`` where ``indices`` point: the transpose of `gather`."""

scatter_add = linear(
    "scatter_add", _scatter_add,
    [lambda ct: ct, None, lambda ct, indices, dim: gather(ct, indices, dim=dim)],
    batch=_dim_batch("scatter_add"), moves=True,
)  # fmt: skip

__all__ = ["gather", "index", "put", "scatter", "scatter_add", "slice_", "unindex"]

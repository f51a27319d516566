"""Rows that pick elements by positions and put them back: `index`, its transpose `unindex`, and writes.

Positions are operands, never parameters, so they may be batched or traced. They count the elements of ``span``
neighbouring dimensions, from ``axis`` on, as if these were one. Positions along one dimension of every column
(`gather`, `scatter`) are brought to this form by `places`. They are non-negative and in range: the row `position`, or
whoever calls, sees to that.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import composite, constant, linear
from wengert.core.shapes import Shape
from wengert.core.strides import by_rows, hollow
from wengert.errors import OutOfRangeError
from wengert.rules.elementwise import add, keep_where
from wengert.rules.memory import revalued, zero
from wengert.rules.structural import as_dtype_of, broadcast_to, permute, reshape

IN_SELF: Final = ("embedding", "index_add", "index_select")
"""Operations of whose bad index PyTorch says that it is out of range in self."""


def in_range(x: Array, *, op: str, size: int, dim: int, wrap: bool) -> Array:
    """Return positions counted from the front; OutOfRangeError for one outside. Negative ones need ``wrap``."""
    if not x.size or x.view(np.uint64).max() < size:
        return x
    bad = (x >= size) | (x < (-size if wrap else 0))
    if bad.any():
        where = "index out of range in self: " if op in IN_SELF else ""
        raise OutOfRangeError(
            f"{op}: {where}index {x[bad].flat[0]} is out of bounds for dimension {dim} with size {size}"
        )
    return np.where(x < 0, x + size, x)


position = constant("position", in_range, 1)
"""Positions counted from the front and checked, where a carrier holds them; see `in_range`."""


def _merged(shape: Shape, axis: int, span: int) -> Shape:
    return (*shape[:axis], math.prod(shape[axis : axis + span]), *shape[axis + span :])


def _flat(indices: Array, shape: Shape, axis: int) -> Array:
    """Return positions along one axis as positions in the whole: ufuncs' ``at`` is fast for those alone."""
    at = indices.reshape(-1)
    before, n, after = math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])
    if after != 1:
        at = at[:, None] * after + np.arange(after)
    if before != 1:
        at = (np.arange(before) * (n * after))[:, None] + at.reshape(1, -1)
    return at.reshape(-1)


def collect(ufunc: np.ufunc, out: Array, indices: Array, y: Array, axis: int = 0) -> None:
    """Combine the elements of ``y`` into an array in one piece, where ``indices`` point along ``axis``."""
    if out.dtype.char == "e":  # float16, in which long sums stand still
        wide = out.astype(np.float32)
        collect(ufunc, wide, indices, y.astype(np.float32), axis)
        out[...] = wide
        return
    ufunc.at(out.reshape(-1), _flat(indices, out.shape, axis), y.reshape(-1))


def own(x: Array, out: Array | None) -> Array:
    """Return an array in one piece with the elements of ``x``, to write to: its memory ``out``, or a copy."""
    return out if out is not None and out.flags.c_contiguous else np.array(x, order="C")


def landed(made: Array, out: Array | None) -> Array:
    """Bring what was written to a copy back to the memory ``out``, where there is one."""
    if out is not None and out is not made:
        np.copyto(out, made)
    return made


def _front_to(x: Any, axis: int) -> Any:
    """Move the first axis to ``axis``."""
    return permute(x, axes=(*range(1, axis + 1), 0, *range(axis + 1, x.ndim))) if axis else x


def _to_front(x: Any, axis: int) -> Any:
    return permute(x, axes=(axis, *range(axis), *range(axis + 1, x.ndim))) if axis else x


def apart(indices: Any, size: int) -> Any:
    """Return each example's positions (first axis) in ``size`` elements as positions in those of all examples."""
    return add(indices, multiples(indices.shape[0], size, indices.ndim))


def multiples(count: int, step: int, rank: int) -> Array:
    """Return ``step * [0, 1, ..., count - 1]``, shaped to add to the first of ``rank`` axes: made of sizes alone."""
    return (np.arange(count) * step).reshape(count, *(1,) * (rank - 1))


def every(size: int, mapped: Any, values: Any) -> list[Any]:
    """Give every operand its own leading axis of the mapped size."""
    return [
        x if is_mapped else broadcast_to(x, shape=(size, *x.shape))
        for x, is_mapped in zip(values, mapped, strict=True)
    ]


def _batching(row: Any) -> Any:
    """Return the batch rule of a row: positions of each example's own count its elements among those of all."""

    def batch(size: int, mapped: Any, p: dict[str, Any], *values: Any) -> Any:
        axis, span = p["axis"], p["span"]
        x, *rest = every(size, mapped, values)
        if not mapped[1]:
            rest[0] = values[1]
            grown = {"shape": (size, *p["shape"])} if "shape" in p else {}
            return row()(x, *rest, **{**p, **grown, "axis": axis + 1})
        shape = p.get("shape", tuple(x.shape[1:]))
        indices = apart(rest[0], math.prod(shape[axis : axis + span]))
        grown = {"shape": (*shape[:axis], size, *shape[axis:])} if "shape" in p else {}
        moved = [_front_to(v, axis) for v in (x, *rest[1:])]
        out = row()(moved[0], indices, *moved[1:], **{**p, **grown, "span": span + 1})
        return _to_front(out, axis)

    return batch


def _index(x: Array, indices: Array, *, axis: int, span: int) -> Array:
    if span < 2 or x.flags.c_contiguous:
        return by_rows(x.reshape(_merged(x.shape, axis, span)).take(indices, axis=axis))
    return by_rows(x[_key(indices, x.shape, axis, span)])


def _key(indices: Array, shape: Shape, axis: int, span: int) -> tuple[Any, ...]:
    """Return positions as NumPy's index, for arrays whose dimensions cannot be merged without a copy."""
    return (*(slice(None),) * axis, *np.unravel_index(indices, shape[axis : axis + span]))


def _index_batch(size: int, mapped: Any, p: dict[str, Any], x: Any, indices: Any) -> Any:
    if not mapped[0]:
        return _to_front(index(x, indices, **p), p["axis"])
    return _batching(lambda: index)(size, mapped, p, x, indices)


def _index_outline(x: Array, indices: Array, *, axis: int, span: int) -> Array:
    return hollow((*x.shape[:axis], *indices.shape, *x.shape[axis + span :]), x.dtype)


def _like_first(x: Array, indices: Array, y: Array, **p: Any) -> Array:
    return hollow(x.shape, x.dtype)


index = linear(
    "index", _index,
    [lambda ct, indices, x_shape, axis, span:
        unindex(ct, indices, axis=axis, span=span, shape=x_shape), None],
    batch=_index_batch, moves=True, selects=(0,), outline=_index_outline,
    spoken="x[...]",
)  # fmt: skip
"""The elements of ``x`` that ``indices`` point at; the dimensions of ``indices`` take the place of the picked ones."""

gathered = index.named("gather", "GatherBackward0")
index_select = index.named("index_select", "IndexSelectBackward0")
masked_select = index.named("masked_select", "MaskedSelectBackward0")
take = index.named("take", "TakeBackward0")


def _unindex(x: Array, indices: Array, *, axis: int, span: int, shape: Shape) -> Array:
    out = np.zeros(_merged(shape, axis, span), x.dtype)
    collect(np.add, out, indices, x, axis)
    return out.reshape(shape)


unindex = linear(
    "unindex", _unindex,
    [lambda ct, indices, axis, span: index(ct, indices, axis=axis, span=span), None],
    batch=_batching(lambda: unindex), moves=True,
    outline=lambda x, indices, *, shape, **p: hollow(shape, x.dtype), backward_name="IndexBackward0",
    spoken="backward of x[...]",
)  # fmt: skip
"""Zeros of ``shape`` with the elements of ``x`` added where ``indices`` point: the transpose of `index`."""


def _last_written(indices: Array, *, size: int) -> Array:
    at, order = indices.reshape(-1), np.arange(indices.size)
    last = np.empty(size, np.int64)
    last[at] = order
    return (last[at] == order).reshape(indices.shape)  # type: ignore[no-any-return]


last_written = constant(
    "last_written", _last_written, outline=lambda indices, *, size: hollow(indices.shape, np.bool_),
    batch=lambda size, mapped, p, x: last_written(apart(x, p["size"]), size=size * p["size"]),
)  # fmt: skip
"""Where the value of a write stays: no later one of the same write goes to the same of ``size`` places."""


def _put(
    x: Array, indices: Array, y: Array, *, axis: int, span: int, out: Array | None = None
) -> Array:
    if out is not None and not out.flags.c_contiguous:
        out[_key(indices, x.shape, axis, span)] = y
        return out
    made = own(x, out)
    made.reshape(_merged(x.shape, axis, span))[(*(slice(None),) * axis, indices)] = y
    return made


def _put_x(ct: Any, indices: Any, axis: int, span: int) -> Any:
    return put(ct, indices, zero(index(ct, indices, axis=axis, span=span)), axis=axis, span=span)


def _put_y(ct: Any, indices: Any, axis: int, span: int) -> Any:
    stays = last_written(indices, size=math.prod(ct.shape[axis : axis + span]))
    after = (1,) * (ct.ndim - axis - span)
    if after:
        stays = reshape(stays, shape=(*indices.shape, *after))
    return keep_where(index(ct, indices, axis=axis, span=span), stays)


put = linear(
    "put", _put, [_put_x, None, _put_y],
    batch=_batching(lambda: put), moves=True, selects=(0, 2), outline=_like_first,
    backward_name="IndexPutBackward0",
)  # fmt: skip
"""``x`` with the elements that ``indices`` point at replaced by ``y``; of several for one place, the last."""

index_copy = put.named("index_copy", "IndexCopyBackward0")
index_fill = put.named("index_fill", "IndexFillBackward0")
index_fill_tensor = put.named("index_fill_tensor", "IndexFillBackward1", spoken="index_fill")
put_flat = put.named("put_flat", "PutBackward0", spoken="put")
scatter_put = put.named("scatter_put", "ScatterBackward0", spoken="scatter")
scatter_fill = put.named("scatter_fill", "ScatterBackward1", spoken="scatter")


def _put_add(
    x: Array, indices: Array, y: Array, *, axis: int, span: int, out: Array | None = None
) -> Array:
    made = own(x, out)
    collect(np.add, made.reshape(_merged(x.shape, axis, span)), indices, y, axis)
    return landed(made, out)


put_add = linear(
    "put_add", _put_add,
    [lambda ct: ct, None, lambda ct, indices, axis, span: index(ct, indices, axis=axis, span=span)],
    batch=_batching(lambda: put_add), moves=True, outline=_like_first, backward_name="IndexPutBackward0",
    spoken="index_put",
)  # fmt: skip
"""``x`` with the elements of ``y`` added where ``indices`` point."""

index_add = put_add.named("index_add", "IndexAddBackward0")
put_add_flat = put_add.named("put_add_flat", "PutBackward0", spoken="put")
scatter_add = put_add.named("scatter_add", "ScatterAddBackward0")
scatter_sum = put_add.named("scatter_sum", "ScatterReduceBackward0", spoken="scatter_reduce")


def _places(x: Array, *, dim: int, shape: Shape, lead: int) -> Array:
    rank, weights = len(shape), [math.prod(shape[d + 1 :]) for d in range(len(shape))]
    at = x * weights[dim]
    others: Any = 0
    for d in range(rank):
        if d != dim:
            column = np.arange(x.shape[lead + d]) * weights[d]
            others = others + column.reshape(-1, *(1,) * (rank - d - 1))
    at += others
    return at  # type: ignore[no-any-return]


places = constant("places", _places, shift=lambda p, size: {**p, "lead": p["lead"] + 1})
"""Positions along ``dim`` as positions in the whole of an array of ``shape``; ``lead`` axes are of other arrays."""


def along(indices: Any, dim: int, shape: Shape) -> Any:
    """Return positions along ``dim``, for every column its own, as positions in the whole."""
    return places(indices, dim=dim, shape=shape, lead=0) if len(shape) > 1 else indices


def gather(x: Any, indices: Any, *, dim: int) -> Any:
    """Pick along ``dim``, for every column of ``indices`` from the same one of ``x``."""
    return gathered(x, along(indices, dim, tuple(x.shape)), axis=0, span=x.ndim)


def scatter(x: Any, indices: Any, *, dim: int, shape: Shape) -> Any:
    """Return zeros of ``shape`` with ``x`` added along ``dim`` where ``indices`` point: the transpose of `gather`."""
    return unindex(x, along(indices, dim, shape), axis=0, span=len(shape), shape=shape)


def _masked_fill(x: Array, mask: Array, y: Array, *, out: Array | None = None) -> Array:
    if out is None:
        return by_rows(np.where(mask, y, x))
    if not y.ndim and mask.shape == out.shape:
        np.putmask(out, mask, y)  # in a fifth of the time that copyto takes
    else:
        np.copyto(out, y, where=mask)
    return out


masked_fill = linear(
    "masked_fill", _masked_fill,
    [lambda ct, mask: keep_where(ct, ~mask), None, lambda ct, mask: keep_where(ct, mask)],
    aligned=True, moves=True, selects=(0, 2),
)  # fmt: skip
"""``x`` with the elements where the mask is true replaced by those of ``y``."""

masked_fill_tensor = masked_fill.named(
    "masked_fill_tensor", "MaskedFillBackward1", spoken="masked_fill"
)
masked_scatter = masked_fill.named("masked_scatter", "MaskedScatterBackward0")
put_where = masked_fill.named("put_where", "IndexPutBackward0", spoken="x[...] = value")


def _turns(mask: Array, *, size: int) -> Array:
    count = np.cumsum(mask).reshape(mask.shape) - 1
    if count.size and count.flat[-1] >= size:
        raise RuntimeError(
            f"masked_scatter: Number of elements of source < number of ones in mask: {size} < {count.flat[-1] + 1}. "
            f"Give one element for each."
        )
    return np.maximum(count, 0)


turns = constant("turns", _turns, outline=lambda mask, *, size: hollow(mask.shape, np.int64))
"""How many true elements come before the true ones of a mask; RuntimeError when there are more than ``size``."""


def _nonzero_static(x: Array, *, size: int, fill_value: int) -> Array:
    out = np.full((size, x.ndim), fill_value, np.int64)
    found = np.argwhere(x)[:size]
    out[: len(found)] = found
    return out


nonzero_static = constant(
    "nonzero_static", _nonzero_static,
    outline=lambda x, *, size, fill_value: hollow((size, x.ndim), np.int64),
)  # fmt: skip
"""The first ``size`` positions at which ``x`` is not 0, filled up."""


def _frequency(indices: Any, like: Any, shape: Shape) -> Any:
    """Return how often each of the positions occurs among them, in the dtype of ``like``."""
    ones = as_dtype_of(indices == indices, like)
    count = unindex(ones, indices, axis=0, span=1, shape=shape)
    return index(count, indices, axis=0, span=1)


def _embedding_ct(
    ct: Any, indices: Any, x_shape: Shape, padding_idx: int | None, by_frequency: bool
) -> Any:
    column = (*indices.shape, 1)
    if padding_idx is not None:
        ct = keep_where(ct, reshape(indices != padding_idx, shape=column))
    if by_frequency:
        ct = ct / reshape(_frequency(indices, ct, x_shape[:1]), shape=column)
    return unindex(ct, indices, axis=0, span=1, shape=x_shape)


def _embedding_definition(
    x: Any, indices: Any, *, padding_idx: int | None, by_frequency: bool
) -> Any:
    picked = moving = index(x, indices, axis=0, span=1)
    column = (*indices.shape, 1)
    if padding_idx is not None:
        moving = keep_where(moving, reshape(indices != padding_idx, shape=column))
    if by_frequency:
        moving = moving / reshape(_frequency(indices, moving, x.shape[:1]), shape=column)
    return picked if moving is picked else revalued(moving, picked)


embedding = composite(
    "embedding", _embedding_definition,
    lambda x, indices, *, padding_idx, by_frequency: x.take(indices, axis=0), [_embedding_ct, None],
    selects=(0,), outline=lambda x, indices, **p: hollow((*indices.shape, *x.shape[1:]), x.dtype),
    masks=[lambda mask, indices, x_shape: unindex(mask, indices, axis=0, span=1, shape=x_shape), None],
)  # fmt: skip
"""Rows of ``x``. That of ``padding_idx`` gets no gradient; ``by_frequency`` divides by how often a row is picked."""

__all__ = [
    "along", "apart", "collect", "embedding", "every", "gather", "gathered", "in_range", "index", "index_add",
    "index_copy", "index_fill", "index_fill_tensor", "index_select", "landed", "last_written", "masked_fill",
    "masked_fill_tensor", "masked_scatter", "masked_select", "nonzero_static", "own", "places", "position", "put",
    "put_add", "put_add_flat", "put_flat", "put_where", "scatter", "scatter_add", "scatter_fill", "scatter_put",
    "scatter_sum",
    "take", "turns", "unindex",
]  # fmt: skip

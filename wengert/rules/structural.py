"""Rows that move, repeat, join or convert elements without computing: their transposes undo them.

Adjoint pairs live side by side: `broadcast_to` and `sum`, `cat` and `split`, `slice` and `embed`. Rules are written
over anything array-like and name no NumPy; the forwards above each row are the raw computation.
"""

from __future__ import annotations

import builtins
import itertools
import math
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import constant, general, linear
from wengert.core.shapes import Shape
from wengert.core.strides import by_rows, copied, hollow, hollow_like, laid_as
from wengert.rules.summation import full_sum, sum_axes


def numpy_dtype(x: Any) -> np.dtype[Any]:
    """Return the dtype of a raw array or a tensor in NumPy's spelling."""
    d = x.dtype
    return getattr(d, "numpy", d)  # type: ignore[no-any-return]


def _reshape(x: Array, *, shape: Shape) -> Array:
    return x.reshape(shape)


reshape = linear(
    "reshape", _reshape, lambda ct, x_shape: reshape(ct, shape=x_shape),
    shift=lambda p, size: {"shape": (size, *p["shape"])}, view=True, backward_name="ViewBackward0",
    moves=True,
)  # fmt: skip


def _permute(x: Array, *, axes: Shape) -> Array:
    return x.transpose(axes)


def _unpermute(ct: Any, axes: Shape) -> Any:
    back = sorted(range(len(axes)), key=axes.__getitem__)
    return permute(ct, axes=tuple(back))


def _permute_shift(p: dict[str, Any], size: int) -> dict[str, Any]:
    return {"axes": (0, *(a + 1 for a in p["axes"]))}


permute = linear("permute", _permute, _unpermute, shift=_permute_shift, view=True, moves=True)


def _transpose(x: Array, *, dim0: int, dim1: int) -> Array:
    return x.swapaxes(dim0, dim1)


transpose = linear(
    "transpose", _transpose, lambda ct, dim0, dim1: transpose(ct, dim0=dim0, dim1=dim1),
    shift=lambda p, size: {"dim0": p["dim0"] + 1, "dim1": p["dim1"] + 1}, view=True, moves=True,
)  # fmt: skip


def _t(x: Array) -> Array:
    return x.T


t = linear(
    "t", _t, lambda ct: t(ct), view=True, moves=True,
    batch=lambda size, mapped, p, x: transpose(x, dim0=1, dim1=x.ndim - 1) if x.ndim > 2 else x,
)  # fmt: skip


def _unsqueeze(x: Array, *, dim: int) -> Array:
    # np.expand_dims takes ten times as long to arrive at the same view.
    return x[(*(slice(None),) * dim, None)]


unsqueeze = linear(
    "unsqueeze", _unsqueeze, lambda ct, dim: squeeze(ct, dims=(dim,)),
    shift=lambda p, size: {"dim": p["dim"] + 1}, view=True, moves=True,
)  # fmt: skip


def _squeeze(x: Array, *, dims: Shape) -> Array:
    return x.squeeze(dims)


squeeze = linear(
    "squeeze", _squeeze, lambda ct, x_shape: reshape(ct, shape=x_shape),
    shift=lambda p, size: {"dims": tuple(d + 1 for d in p["dims"])}, view=True, moves=True,
)  # fmt: skip
squeeze_dim = squeeze.named("squeeze_dim", "SqueezeBackward1", spoken="squeeze")
squeeze_dims = squeeze.named("squeeze_dims", "SqueezeBackward2", spoken="squeeze")

TURNED = {
    row: row.named(f"{row.name}_", backward_name, spoken=f"{row.spoken}_")
    for row, backward_name in (
        (transpose, "TransposeBackward1"),
        (t, "TBackward1"),
        (unsqueeze, "UnsqueezeBackward1"),
        (squeeze, "SqueezeBackward3"),
        (squeeze_dim, "SqueezeBackward4"),
        (squeeze_dims, "SqueezeBackward5"),
    )
}
"""The views that a tensor itself can be turned into, and the rows of that."""


def _broadcast_to(x: Array, *, shape: Shape) -> Array:
    if x.flags.c_contiguous and x.__class__ is np.ndarray:
        # np.broadcast_to takes ten times as long to arrive at the same view.
        extra = len(shape) - x.ndim
        strides = tuple(
            0 if i < extra or x.shape[i - extra] == 1 != n else x.strides[i - extra]
            for i, n in enumerate(shape)
        )
        if extra >= 0 and all(m in (1, n) for m, n in zip(x.shape, shape[extra:], strict=True)):
            return np.ndarray(shape, x.dtype, x, 0, strides)
    # A plain broadcast view is read-only to NumPy; whether a write may happen is the tensor's decision.
    out = np.broadcast_to(x, shape)
    out.flags.writeable = x.flags.writeable
    return out


def _broadcast_batch(size: int, mapped: Any, p: dict[str, Any], x: Any) -> Any:
    missing = len(p["shape"]) + 1 - x.ndim
    lined_up = reshape(x, shape=(size, *(1,) * missing, *x.shape[1:]))
    return broadcast_to(lined_up, shape=(size, *p["shape"]))


broadcast_to = linear(
    "broadcast_to", _broadcast_to, lambda ct, x_shape: sum_to(ct, x_shape),
    batch=_broadcast_batch, view=True, backward_name="ExpandBackward0",
    masks=[lambda mask, x_shape: any_to(mask, x_shape)],
)  # fmt: skip


def _sum(x: Array, *, axis: Shape, keepdim: bool) -> Array:
    total = full_sum(x) if len(axis) == x.ndim and x.flags.c_contiguous else sum_axes(x, axis)
    if keepdim:
        total = np.reshape(total, tuple(1 if i in axis else n for i, n in enumerate(x.shape)))
    return by_rows(total) if total.ndim > 1 else total  # type: ignore[no-any-return]


def kept(ct: Any, axis: Shape, x_shape: Shape) -> Any:
    """Put the reduced axes back as size 1."""
    return reshape(ct, shape=tuple(1 if i in axis else n for i, n in enumerate(x_shape)))


def shift_axis(p: dict[str, Any], size: int) -> dict[str, Any]:
    """Move a tuple of reduced axes one place up, past the mapped axis."""
    return {**p, "axis": tuple(a + 1 for a in p["axis"])}


sum = linear(
    "sum", _sum, lambda ct, x_shape, axis: spread(ct, axis=axis, shape=x_shape), shift=shift_axis,
    moves=True,
)  # fmt: skip
# PyTorch numbers a reduction's node by the way it was called: over everything, or along dimensions.
sum_along = sum.named("sum_along", "SumBackward1", spoken="sum")


def _any(x: Array, *, axis: Shape, keepdim: bool) -> Array:
    return by_rows(np.asarray(np.logical_or.reduce(x, axis=axis, keepdims=keepdim)))


any_ = constant("any", _any, shift=shift_axis)
"""What `sum` is to numbers, for masks."""


def _spread(x: Array, *, axis: Shape, shape: Shape) -> Array:
    if not x.ndim and math.prod(shape) <= 1024:
        out = np.empty(shape, x.dtype)
        out.fill(x)
        return out
    return _broadcast_to(
        np.reshape(x, tuple(1 if i in axis else n for i, n in enumerate(shape))), shape=shape
    )


spread = linear(
    "spread", _spread,
    lambda ct, x_shape, axis, shape: sum(ct, axis=axis, keepdim=len(x_shape) == len(shape)),
    shift=lambda p, size: {**shift_axis(p, size), "shape": (size, *p["shape"])},
    masks=[lambda mask, x_shape, axis, shape:
        any_(mask, axis=axis, keepdim=len(x_shape) == len(shape))],
    backward_name="ExpandBackward0",
)  # fmt: skip
"""A reduced value repeated along the axes it was reduced over: the transpose of `sum`."""


def sum_to(x: Any, shape: Shape) -> Any:
    """Sum a broadcast value down to ``shape``: the transpose of `broadcast_to`, in rows."""
    axes = _repeated(x, shape)
    if axes:
        x = sum(x, axis=axes, keepdim=False)
    return x if x.shape == shape else reshape(x, shape=shape)


def any_to(mask: Any, shape: Shape) -> Any:
    """Return where a broadcast mask is true anywhere: what `sum_to` is to numbers."""
    axes = _repeated(mask, shape)
    if axes:
        mask = any_(mask, axis=axes, keepdim=False)
    return mask if mask.shape == shape else reshape(mask, shape=shape)


def _repeated(x: Any, shape: Shape) -> Shape:
    """Return the axes of ``x`` along which something of ``shape`` was repeated."""
    extra = x.ndim - len(shape)
    return tuple(i for i in range(x.ndim) if i < extra or (shape[i - extra] == 1 != x.shape[i]))


def _cast(x: Array, *, dtype: np.dtype[Any], source: np.dtype[Any]) -> Array:
    if source.kind == "c" and dtype.kind not in "cb":
        x = x.real
    # A number of another package's type, as bfloat16 is, would be no operand of anything.
    x = np.asarray(x)
    return laid_as(x, x, dtype) if x.ndim > 1 and 0 in x.strides else x.astype(dtype)


cast = linear(
    "cast", _cast, lambda ct, dtype, source: cast(ct, dtype=source, source=dtype),
    shift=lambda p, size: p, backward_name="ToCopyBackward0", masks=[lambda mask: mask],
    spoken="to",
)  # fmt: skip

cast_away = constant("cast_away", _cast, shift=lambda p, size: p)
"""Conversion to or from a type without gradients (integers, bool)."""


def as_dtype_of(mask: Any, like: Any) -> Any:
    """Convert a mask or count to the dtype of ``like``."""
    return cast_away(mask, dtype=numpy_dtype(like), source=numpy_dtype(mask))


clone = linear("clone", copied, lambda ct: ct, shift=lambda p, size: p, moves=True)
clone_by_rows = linear(
    "clone_by_rows", lambda x: np.array(x, order="C"), lambda ct: ct, shift=lambda p, size: p,
    moves=True, backward_name="CloneBackward0",
)  # fmt: skip


def _detach(x: Array) -> Array:
    return x


detach = constant("detach", _detach, shift=lambda p, size: p, view=True)


def _conj(x: Array) -> Array:
    return np.conjugate(x)


conj = general(
    "conj", _conj, lambda ct: conj(ct), lambda tangents: conj(tangents[0]),
    shift=lambda p, size: p, masks=[lambda mask: mask],
)  # fmt: skip


def adjoint(x: Any) -> Any:
    """Return what takes cotangents back where ``x`` takes tangents along: its conjugate, or a real ``x`` itself."""
    return conj(x) if numpy_dtype(x).kind == "c" else x


def _cat(*arrays: Array, dim: int) -> Array:
    return by_rows(np.concatenate(arrays, axis=dim))


def _cat_part(ct: Any, position: int, shapes: tuple[Shape, ...], dim: int) -> Any:
    start = builtins.sum(s[dim] for s in shapes[:position])
    return slice_(ct, index=(*(slice(None),) * dim, slice(start, start + shapes[position][dim])))


def _cat_outline(*arrays: Array, dim: int) -> Array:
    shape = list(arrays[0].shape)
    shape[dim] = builtins.sum(x.shape[dim] for x in arrays)
    return hollow(shape, np.result_type(*(x.dtype for x in arrays)))


cat = linear(
    "cat", _cat, _cat_part, shift=lambda p, size: {"dim": p["dim"] + 1}, moves=True,
    outline=_cat_outline,
)  # fmt: skip


def _stack(*arrays: Array, dim: int) -> Array:
    return by_rows(np.stack(arrays, axis=dim))


def _stack_outline(*arrays: Array, dim: int) -> Array:
    shape = arrays[0].shape
    dtype = np.result_type(*(x.dtype for x in arrays))
    return hollow((*shape[:dim], len(arrays), *shape[dim:]), dtype)


stack = linear(
    "stack", _stack,
    lambda ct, position, dim: slice_(ct, index=(*(slice(None),) * dim, position)),
    shift=lambda p, size: {"dim": p["dim"] + 1}, moves=True, outline=_stack_outline,
)  # fmt: skip


def _split(x: Array, *, sizes: Shape, dim: int) -> tuple[Array, ...]:
    ends = itertools.accumulate(sizes)
    front = (slice(None),) * dim
    return tuple(x[(*front, slice(end - n, end))] for n, end in zip(sizes, ends, strict=True))


split = linear(
    "split", _split, lambda ct, dim: cat(*ct, dim=dim), outputs=None, view=True,
    shift=lambda p, size: {**p, "dim": p["dim"] + 1}, moves=True,
)  # fmt: skip
split_with_sizes = split.named("split_with_sizes", "SplitWithSizesBackward0")
unsafe_split = split.named("unsafe_split", "UnsafeSplitBackward0")
unsafe_split_with_sizes = split.named("unsafe_split_with_sizes", "UnsafeSplitWithSizesBackward0")


def _unbind(x: Array, *, dim: int) -> tuple[Array, ...]:
    front = (slice(None),) * dim
    return tuple(x[(*front, i, ...)] for i in range(x.shape[dim]))


unbind = linear(
    "unbind", _unbind, lambda ct, dim: stack(*ct, dim=dim), outputs=None, view=True,
    shift=lambda p, size: {"dim": p["dim"] + 1}, moves=True,
)  # fmt: skip


def _slice(x: Array, *, index: tuple[Any, ...]) -> Array:
    return x[(*index, ...)] if Ellipsis not in index else x[index]


def _shift_index(p: dict[str, Any], size: int) -> dict[str, Any]:
    return {**p, "index": (slice(None), *p["index"])}


slice_ = linear(
    "slice", _slice, lambda ct, x_shape, index: embed(ct, index=index, shape=x_shape),
    shift=_shift_index, view=True, moves=True,
    spoken="x[...]",
)  # fmt: skip
select = slice_.named("select", "SelectBackward0")
alias = slice_.named("alias", "AliasBackward0")


def _embed(x: Array, *, index: tuple[Any, ...], shape: Shape) -> Array:
    out = np.zeros(shape, x.dtype)
    out[index] = x
    return out


def _embed_shift(p: dict[str, Any], size: int) -> dict[str, Any]:
    return {"index": (slice(None), *p["index"]), "shape": (size, *p["shape"])}


embed = linear(
    "embed", _embed, lambda ct, index: slice_(ct, index=index), shift=_embed_shift, moves=True,
    outline=lambda x, *, index, shape: hollow(shape, x.dtype),
)  # fmt: skip


def _like_first(x: Array, *others: Array, **p: Any) -> Array:
    return hollow_like(x)


def _clear_slice(x: Array, *, index: tuple[Any, ...]) -> Array:
    out = copied(x)
    out[index] = 0
    return out


clear_slice = linear(
    "clear_slice", _clear_slice, lambda ct, index: clear_slice(ct, index=index),
    shift=_shift_index, moves=True, selects=(0,), outline=_like_first,
)  # fmt: skip


def _set_slice(x: Array, y: Array, *, index: tuple[Any, ...]) -> Array:
    out = copied(x)
    out[index] = y
    return out


set_slice = linear(
    "set_slice", _set_slice,
    [lambda ct, index: clear_slice(ct, index=index), lambda ct, index: slice_(ct, index=index)],
    shift=_shift_index, backward_name="CopySlices", moves=True, selects=(0,), outline=_like_first,
    spoken="x[...] = value",
)  # fmt: skip
select_scatter = set_slice.named("select_scatter", "SelectScatterBackward0")
slice_scatter = set_slice.named("slice_scatter", "SliceScatterBackward0")


def _view_dtype(x: Array, *, dtype: np.dtype[Any]) -> Array:
    if x.ndim and x.strides[-1] != x.itemsize != dtype.itemsize:
        x = x.copy()
    return x.view(dtype)


view_dtype = constant("view_dtype", _view_dtype, shift=lambda p, size: p, view=True)
"""The same bits read as another dtype; the last axis is longer or shorter where the sizes differ."""

"""Index tensors as rows take them: int64, counted from the front, checked against the size they point into."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import carrier
from wengert.core.carrier import state
from wengert.core.shapes import axis_of
from wengert.errors import DTypeError, ShapeError, TraceError, shape_text
from wengert.rules import indexing as rows
from wengert.rules import structural
from wengert.tape.storage import concrete, handle, ndarray
from wengert.tensor.promotion import cast_to, dtype_of, require_tensor

INT64 = np.dtype(np.int64)
_EITHER = (INT64, np.dtype(np.int32))


def checked(op: str, index: Any, size: int, dim: int, *, wrap: bool) -> Any:
    """Return positions in a dimension of ``size``, negative ones (where ``wrap`` allows them) from the front.

    The tensor itself where nothing has to change. Raises OutOfRangeError (an IndexError and a RuntimeError); under a
    trace the replay does.
    """
    index = cast_to(index, INT64)
    raw = index._payload
    if carrier.special or raw.__class__ is not ndarray:
        return rows.position(index, op=op, size=size, dim=dim, wrap=wrap)
    right = rows.in_range(raw, op=op, size=size, dim=dim, wrap=wrap)
    return index if right is raw else handle(right)


def require_integers(
    op: str,
    index: Any,
    *,
    only_int64: bool = False,
    error: type[Exception] = DTypeError,
    name: str = "index",
) -> None:
    """Raise unless ``index`` is a tensor of int64, or of int32."""
    require_tensor(op, index, name)
    dtype = dtype_of(index)
    if dtype != INT64 if only_int64 else dtype not in _EITHER:
        either = "int64" if only_int64 else "int32 or int64"
        raise error(
            f"{op}(): Expected dtype {either} for {name}, got {index.dtype}. Use `.long()`."
        )


def vector(
    op: str,
    x: Any,
    dim: int,
    index: Any,
    *,
    wrap: bool = False,
    only_int64: bool = False,
    dtype_error: type[Exception] = DTypeError,
    rank_error: type[Exception] = IndexError,
) -> tuple[int, Any]:
    """Return the axis and the positions of slices of ``x`` along it: a vector, or one position for a 0-d ``x``."""
    require_tensor(op, x)
    require_integers(op, index, only_int64=only_int64, error=dtype_error)
    axis = axis_of(op, dim, x.ndim)
    if index.ndim > 1:
        raise rank_error(
            f"{op}(): Index is supposed to be a vector, got shape {shape_text(index.shape)}. Use `.flatten()`."
        )
    if not index.ndim:
        index = structural.reshape(index, shape=(1,))
    return axis, checked(op, index, x.shape[axis] if x.ndim else 1, axis, wrap=wrap)


def columns(op: str, x: Any, dim: int, index: Any) -> Any:
    """Return positions along ``dim``, for every column its own, as positions in the whole of ``x``."""
    require_tensor(op, x)
    require_tensor(op, index, "index")
    shape, given = tuple(x._payload.shape), tuple(index._payload.shape)
    axis = axis_of(op, dim, len(shape))
    if 0 in given:
        return cast_to(index, INT64)
    require_integers(op, index)
    if len(given) != len(shape) and max(len(given), len(shape)) > 1:
        raise ShapeError(
            f"{op}(): Index tensor must have the same number of dimensions as input tensor, got {len(given)} and "
            f"{len(shape)}."
        )
    for d, (n, m) in enumerate(zip(given, shape, strict=False)):
        if n > m and d != axis:
            raise ShapeError(
                f"{op}: Size does not match at dimension {d}: expected index {shape_text(given)} to be no larger than "
                f"self {shape_text(shape)} apart from dimension {axis}"
            )
    index = checked(op, index, shape[axis] if shape else 1, axis, wrap=False)
    return rows.along(index, axis, shape)


def known(op: str, x: Any, instead: str) -> np.ndarray[Any, Any]:
    """Return the elements of a tensor on which the shape of a result depends; TraceError where they aren't known."""
    if state.trace is None:
        try:
            return concrete(x, op)
        except TraceError:
            pass
    raise TraceError(
        f"{op}: the shape of the result depends on the values of a tensor, which a transform does not know. {instead}"
    ) from None

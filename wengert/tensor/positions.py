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
from wengert.tape.storage import handle, ndarray
from wengert.tensor.promotion import cast_to, dtype_of, require_tensor

INT64 = np.dtype(np.int64)
_ALL = {"int32": "int32 or int64", "int64": "int64"}


def checked(op: str, index: Any, size: int, dim: int, *, wrap: bool) -> Any:
    """Return positions in a dimension of ``size``, negative ones (where ``wrap`` allows them) from the front.

    The tensor itself where nothing has to change. Raises OutOfRangeError (an IndexError and a RuntimeError); under a
    trace the replay does.
    """
    index = cast_to(index, INT64)
    raw = index.payload
    if carrier.special or raw.__class__ is not ndarray:
        return rows.position(index, op=op, size=size, dim=dim, wrap=wrap)
    right = rows.in_range(raw, op=op, size=size, dim=dim, wrap=wrap)
    return index if right is raw else handle(right)


def require_integers(
    op: str,
    index: Any,
    narrowest: str = "int32",
    error: type[Exception] = DTypeError,
    name: str = "index",
) -> None:
    """Raise unless ``index`` is a tensor of int64, or of int32 where that is the ``narrowest`` allowed."""
    require_tensor(op, index, name)
    if dtype_of(index).name not in (narrowest, "int64"):
        raise error(
            f"{op}(): Expected dtype {_ALL[narrowest]} for {name}, got {index.dtype}. Use `.long()`."
        )


def vector(
    op: str,
    x: Any,
    dim: int,
    index: Any,
    *,
    wrap: bool = False,
    narrowest: str = "int32",
    dtype_error: type[Exception] = DTypeError,
    rank_error: type[Exception] = IndexError,
) -> tuple[int, Any]:
    """Return the axis and the positions of slices of ``x`` along it: a vector, or one position for a 0-d ``x``."""
    require_tensor(op, x)
    require_integers(op, index, narrowest, dtype_error)
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
    axis = axis_of(op, dim, x.ndim)
    if not index.numel():
        return cast_to(index, INT64)
    require_integers(op, index)
    if max(index.ndim, 1) != max(x.ndim, 1):
        raise ShapeError(
            f"{op}(): Index tensor must have the same number of dimensions as input tensor, got {index.ndim} and "
            f"{x.ndim}."
        )
    for d, (n, m) in enumerate(zip(index.shape, x.shape, strict=False)):
        if d != axis and n > m:
            raise ShapeError(
                f"{op}: Size does not match at dimension {d}: expected index {shape_text(index.shape)} to be no "
                f"larger than self {shape_text(x.shape)} apart from dimension {axis}"
            )
    index = checked(op, index, x.shape[axis] if x.ndim else 1, axis, wrap=False)
    return rows.along(index, axis, tuple(x.shape))


def known(op: str, x: Any, instead: str) -> np.ndarray[Any, Any]:
    """Return the elements of a tensor on which the shape of a result depends; TraceError where they aren't known."""
    if state.trace is None:
        try:
            return x.concrete(op)  # type: ignore[no-any-return]
        except TraceError:
            pass
    raise TraceError(
        f"{op}: the shape of the result depends on the values of a tensor, which a transform does not know. {instead}"
    ) from None

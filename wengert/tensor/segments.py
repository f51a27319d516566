"""Reductions of runs of neighbouring elements, as users call them."""

from __future__ import annotations

from typing import Any, Final

from wengert.core import dtypes
from wengert.core.shapes import axis_of
from wengert.errors import ShapeError, shape_text
from wengert.rules import segments as rows
from wengert.tensor.apply import undefined
from wengert.tensor.numbers import real_of, require_flags, whole_of
from wengert.tensor.promotion import dtype_of, filling, require_tensor

__all__ = ["segment_reduce"]

_ROWS: Final = {
    "sum": rows.segment_sum,
    "mean": rows.segment_mean,
    "prod": rows.segment_prod,
    "max": rows.segment_max,
    "amax": rows.segment_max,
    "min": rows.segment_min,
    "amin": rows.segment_min,
}


def segment_reduce(
    data: Any, reduce: str, *,
    lengths: Any = None, indices: Any = None, offsets: Any = None, axis: int = 0,
    unsafe: bool = False, initial: Any = None,
) -> Any:  # fmt: skip
    """Reduce runs of neighbouring elements along an axis, each to one element.

    ``lengths`` (int32 or int64) says how many elements each run has, or ``offsets`` where each begins, and the last one
    ends: ``out[i] = reduce(data[offsets[i]:offsets[i + 1]])``. ``data: (*b, n, *r)`` with ``lengths: (*b, m)`` gives
    ``(*b, m, *r)``, where ``axis`` is the number of the dimensions ``b``: each row has runs of its own.

    ``reduce`` is ``"sum"``, ``"mean"``, ``"prod"``, ``"max"`` or ``"min"``. ``initial`` takes part in each run: it is
    added before a mean is divided. A run without elements gives it, or 0, NaN, 1, ``-inf`` and ``inf``. Equal extremes
    share the gradient.

    Lengths must add up to ``n`` unless ``unsafe``; elements behind the last run, and before the first offset, are then
    left out and get a gradient of 0. Data are floats, real ones; float16 and bfloat16 compute in float32.

    Raises RuntimeError for lengths and offsets that do not fit, NotImplementedError for other dtypes.

    >>> import wengert as torch
    >>> x = torch.tensor([1., 2., 3., 4.])
    >>> torch.segment_reduce(x, "sum", lengths=torch.tensor([1, 0, 3]))
    tensor([1., 0., 9.])
    >>> torch.segment_reduce(x, "max", offsets=torch.tensor([0, 2, 4]), initial=3)
    tensor([3., 4.])
    """
    op = "segment_reduce"
    require_tensor(op, data, "data")
    if not isinstance(reduce, str):
        raise TypeError(
            f"{op}(): argument 'reduce' must be str, not {type(reduce).__name__}. Write 'sum'."
        )
    row = _ROWS.get(reduce)
    if row is None:
        raise ShapeError(
            f"{op}(): reduce argument must be either sum, prod, mean, amax or amin, got {reduce}"
        )
    if indices is not None:
        raise ShapeError(
            f"{op}(): indices based reduction is not supported yet. Pass lengths or offsets, or use "
            f"`torch.index_reduce`, `torch.index_add`."
        )
    given, name = (lengths, "lengths") if offsets is None else (offsets, "offsets")
    if given is None:
        raise ShapeError(f"{op}(): Either lengths or offsets must be defined.")
    require_tensor(op, given, name)
    require_flags(op, unsafe=unsafe)
    axis = _axis(op, data, given, name, whole_of(op, "axis", axis))
    if dtypes.kind(dtype_of(data)) != "f":
        raise undefined(op, dtype_of(data))
    if initial is not None:
        initial = float(real_of(op, "initial", initial))
        filling(initial, dtype_of(data), op)
    by_offsets = offsets is not None
    segments = rows.segments(
        given, shape=tuple(data.shape[: axis + 1]), offsets=by_offsets, whole=not unsafe
    )
    count = given.shape[-1] - by_offsets
    return row(data, segments, axis=axis, count=count, initial=initial)


def _axis(op: str, data: Any, given: Any, name: str, axis: int) -> int:
    """Return the axis along which lengths or offsets speak of data; raise unless they fit."""
    axis = axis_of(op, axis, data.ndim)
    shape, size = tuple(given.shape), tuple(data.shape)
    if not size or axis != len(shape) - 1:
        raise ShapeError(
            f"{op}(): Expected axis to be the last dimension of {name} but got {axis}, where data has shape "
            f"{shape_text(size)} and {name} {shape_text(shape)}. {name}.dim() must be axis + 1."
        )
    if shape[:-1] != size[:axis]:
        raise ShapeError(
            f"{op}(): {name} of shape {shape_text(shape)} must have the first sizes of data, {shape_text(size)}: a row "
            f"of {name} for each of its rows. Use `{name}.expand(...)`."
        )
    if dtypes.public(dtype_of(given)).name not in ("int32", "int64"):
        raise NotImplementedError(
            f'"{op}" not implemented for {name} of {given.dtype}. Use `{name}.long()`.'
        )
    if name == "offsets" and not shape[-1]:
        raise ShapeError(f"{op}(): offsets need at least one element, where the last segment ends.")
    return axis

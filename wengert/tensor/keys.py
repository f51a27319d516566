"""The keys of ``x[...]``: what each part of them means, and whether it fits a tensor.

A key comes out as a basic index of ints, slices and None, which gives a view, and as index arrays and masks in that
view's dimensions. Knows nothing of what is done with them.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import state
from wengert.errors import shape_text
from wengert.rules import structural
from wengert.tape.provenance import warn
from wengert.tape.storage import Recorded, concrete, handle, ndarray
from wengert.tensor.positions import INT64, known
from wengert.tensor.promotion import cast_to, dtype_of

BOOL: Final = np.dtype(np.bool_)
WHOLE: Final = slice(None)
"""A dimension that a key takes without naming it."""


class Entry(NamedTuple):
    """An index array, or a mask of ``span`` dimensions, at dimension ``dim``."""

    dim: int
    span: int
    array: Any

    @property
    def is_mask(self) -> bool:
        """Whether the array is a mask."""
        return dtype_of(self.array) == BOOL

    def positions(self) -> Any:
        """Return the positions that the entry points at, for a mask in its dimensions taken as one."""
        if not self.is_mask:
            return self.array
        mask = known(
            "a boolean mask as an index",
            self.array,
            "Read with `torch.where(mask, x, 0)`; `x[mask] = number` works.",
        )
        return handle(np.flatnonzero(mask))


def parse(x: Any, key: Any) -> tuple[tuple[Any, ...], list[Entry]]:
    """Split a key into a basic index and the index arrays and masks that apply to its result.

    With such arrays, the basic index is empty when it takes everything. Raises IndexError for what is no index or
    points outside.
    """
    keys = _expanded(x.ndim, [_normal(k) for k in _as_tuple(key)])
    basic: list[Any] = []
    entries: list[Entry] = []
    source = out = 0
    for k in keys:
        used, made = 1, 1
        if k is None:
            used = 0
            basic.append(None)
        elif k.__class__ is int:
            made = 0
            basic.append(_in_range(x, k, source))
        elif k.__class__ is slice:
            basic.append(WHOLE if takes_all(k, x.shape[source]) else k)
        elif dtype_of(k) != BOOL:
            entries.append(Entry(out, 1, k))
            basic.append(WHOLE)
        elif not k.ndim:
            used = 0
            entries.append(Entry(out, 1, structural.reshape(k, shape=(1,))))
            basic.append(None)
        else:
            used = made = k.ndim
            _require_mask_fits(x, k, source)
            entries.append(Entry(out, k.ndim, k))
            basic += [WHOLE] * k.ndim
        source += used
        out += made
    if entries and all(k is WHOLE for k in basic):
        basic = []
    return tuple(basic), entries


def _as_tuple(key: Any) -> Sequence[Any]:
    """Return the parts of a key. A short list that holds more than numbers counts as a tuple, as in PyTorch."""
    if isinstance(key, tuple):
        return key
    if isinstance(key, list) and len(key) < 32 and any(_is_part(k) for k in key):
        warn(
            "Using a non-tuple sequence for multidimensional indexing is deprecated; use x[tuple(seq)] instead of "
            "x[seq], or x[torch.tensor(seq)] for one index array."
        )
        return key
    return (key,)


def _is_part(k: Any) -> bool:
    if isinstance(k, str | bytes):
        return False
    return k is None or k is Ellipsis or isinstance(k, Recorded | Sequence | slice | ndarray)


def _expanded(rank: int, keys: list[Any]) -> list[Any]:
    """Put whole slices in the place of an Ellipsis, or at the end."""
    used = sum(map(_consumes, keys))
    if used > rank:
        if not rank and used == 1 and keys[0].__class__ is int:
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python to convert a 0-dim tensor to a number"
            )
        raise IndexError(f"too many indices for tensor of dimension {rank}")
    at = [i for i, k in enumerate(keys) if k is Ellipsis] or [len(keys)]
    rest = [k for k in keys[at[0] :] if k is not Ellipsis]
    return [*keys[: at[0]], *[WHOLE] * (rank - used), *rest]


def _normal(k: Any) -> Any:
    """Bring a part of a key to an int, a slice, None, Ellipsis, or a tensor of int64 or bool."""
    if k.__class__ is int or k is None or k is Ellipsis:
        return k
    if isinstance(k, slice):
        return forward_slice(k)
    if isinstance(k, Recorded):
        return _normal_tensor(k)
    if isinstance(k, bool | np.bool_):
        return handle(np.asarray(k))
    if hasattr(k, "__index__") and not isinstance(k, ndarray):
        return operator.index(k)
    if isinstance(k, ndarray) or (isinstance(k, Sequence) and not isinstance(k, str | bytes)):
        return _normal_array(_array(k))
    if isinstance(k, str | bytes):
        raise TypeError(
            f"a tensor has no element named {k!r}: an index is made of integers, slices, None, `...` and tensors."
        )
    raise IndexError(
        f"only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
        f"(got {type(k).__name__})"
    )


def _normal_tensor(k: Any) -> Any:
    dtype = dtype_of(k)
    if dtype == BOOL or dtype == INT64 and k.ndim:
        return k
    if dtype == np.uint8:
        if k.ndim:
            _warn_of_bytes()
        return cast_to(k, BOOL)
    if dtype.kind not in "iu" or (k.ndim and dtype != np.int32):
        raise IndexError(
            f"tensors used as indices must be long, int, byte or bool tensors, got {k.dtype}. Use `.long()`."
        )
    if not k.ndim and k._payload.__class__ is ndarray and state.trace is None:
        return int(k.item())
    return cast_to(k, INT64)


def _warn_of_bytes() -> None:
    warn(
        "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead."
    )


def _array(k: Any) -> np.ndarray[Any, Any]:
    """Return a sequence as an array; tensors among its parts are read."""
    if isinstance(k, ndarray):
        return k
    if any(isinstance(part, Recorded | Sequence | ndarray) for part in k):
        k = [_read(part) for part in k]
    return np.asarray(k, None if len(k) else np.int64)


def _read(part: Any) -> Any:
    """Return a part of a sequence as something that NumPy knows."""
    if isinstance(part, Recorded):
        return concrete(part, "a tensor in a list used as an index")
    return (
        _array(part)
        if isinstance(part, Sequence | ndarray) and not isinstance(part, str | bytes)
        else part
    )


def _normal_array(array: np.ndarray[Any, Any]) -> Any:
    """Return an array as an int (0-d) or a tensor, with memory of its own; floats are cut off, bytes are a mask."""
    if dtypes.kind(array.dtype) not in "biuf":
        raise TypeError(
            f"a sequence used as an index holds {array.dtype.name}: it must hold integers or bools."
        )
    if array.dtype == np.uint8 and array.ndim:
        _warn_of_bytes()
    if array.dtype == BOOL or array.dtype == np.uint8:
        return handle(array.astype(BOOL))
    return handle(array.astype(INT64)) if array.ndim else int(array)


def _consumes(k: Any) -> int:
    """Return how many dimensions of the tensor a part of a key takes."""
    if k is None or k is Ellipsis:
        return 0
    if k.__class__ is int or k.__class__ is slice or dtype_of(k) != BOOL:
        return 1
    return int(k.ndim)


def _in_range(x: Any, k: int, dim: int) -> int:
    n = x.shape[dim]
    if not -n <= k < n:
        raise IndexError(f"index {k} is out of bounds for dimension {dim} with size {n}")
    return k


def forward_slice(k: slice) -> slice:
    """Return a slice of ints; ValueError for one that runs backwards, TypeError for bounds that are no integers."""
    parts = [None if v is None else _bound(v) for v in (k.start, k.stop, k.step)]
    if parts[2] is not None and parts[2] <= 0:
        raise ValueError("step must be greater than zero. Use `flip` to reverse a dimension.")
    return slice(*parts)


def takes_all(k: slice, n: int) -> bool:
    """Say whether a slice is written so that it takes all ``n``."""
    return k.start in (None, 0) and k.step in (None, 1) and (k.stop is None or k.stop >= n)


def _bound(v: Any) -> int:
    try:
        return operator.index(v)
    except TypeError:
        raise TypeError(
            f"slice indices must be integers or None, not {type(v).__name__}. Use int(...)."
        ) from None


def _require_mask_fits(x: Any, mask: Any, source: int) -> None:
    shape = tuple(x.shape[source : source + mask.ndim])
    if tuple(mask.shape) != shape:
        at = next(i for i, (a, b) in enumerate(zip(mask.shape, shape, strict=True)) if a != b)
        raise IndexError(
            f"The shape of the mask {shape_text(mask.shape)} at index {at} does not match the shape of the "
            f"indexed tensor {shape_text(x.shape)} at index {source + at}"
        )

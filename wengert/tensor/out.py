"""The ``out=`` form of functions: what they made is written into a tensor that the caller gives.

A function computes first and delivers then, so a call that fails leaves ``out`` as it was.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import state
from wengert.errors import DTypeError, GradientError, shape_text
from wengert.tape.meta import Meta, is_meta
from wengert.tape.provenance import warn, written_here
from wengert.tape.storage import Recorded, Storage, keep_in_trace, mark_written, storage_of
from wengert.tensor.inplace import assign, require_writable
from wengert.tensor.promotion import cast_to, dtype_of


def deliver(made: Any, out: Any, *, op: str = "", exact: bool = False, silent: bool = False) -> Any:
    """Write a result, or each of a tuple of them, into ``out`` and return it.

    An ``out`` of another shape is resized, with a warning (unless ``silent``) when it held elements. Raises TypeError
    for what is no tensor, RuntimeError for a dtype that the result does not convert to (is not, where ``exact``), and
    where a gradient would be recorded.
    """
    op = op or sys._getframe(1).f_code.co_name
    if not isinstance(made, tuple):
        _require_room(op, made, out, exact)
        return _written(op, made, out, silent)
    if not isinstance(out, Sequence) or len(out) != len(made):
        raise TypeError(
            f"{op}(): argument 'out' must be tuple of {len(made)} Tensors, one for each result."
        )
    for one, place in zip(made, out, strict=True):
        _require_room(op, one, place, exact)
    for one, place in zip(made, out, strict=True):
        _written(op, one, place, silent)
    return type(made)(*out) if hasattr(made, "_fields") else tuple(out)


def _require_room(op: str, made: Any, out: Any, exact: bool) -> None:
    """Raise unless ``made`` can be written into ``out``."""
    if not isinstance(out, Recorded):
        raise TypeError(f"{op}(): argument 'out' must be Tensor, not {type(out).__name__}.")
    if state.grad and (made._edge is not None or out._edge is not None):
        raise GradientError(
            f"{op}(): functions with out=... arguments don't support automatic differentiation, but one of the "
            f"arguments requires grad. Use what the function returns, or call it under `torch.no_grad()`."
        )
    found, wanted = dtype_of(made), dtype_of(out)
    if exact and found != wanted:
        raise DTypeError(
            f"{op}(): Expected out tensor to have dtype {dtypes.public(found)}, "
            f"but got {dtypes.public(wanted)} instead."
        )
    if dtypes.category(found) > dtypes.category(wanted):
        raise DTypeError(
            f"{op}(): result type {dtypes.public(found)} can't be cast to the desired output type "
            f"{dtypes.public(wanted)}. Give an `out` of dtype {dtypes.public(found)}."
        )
    require_writable(out, made, f"{op}(out=...)")


def _written(op: str, made: Any, out: Any, silent: bool = False) -> Any:
    value = cast_to(made, dtype_of(out))
    shape = tuple(made.shape)
    if tuple(out.shape) != shape:
        _resize(op, out, shape, silent)
    return assign(out, value, f"{op}(out=...)")


def _resize(op: str, out: Any, shape: tuple[int, ...], silent: bool) -> None:
    """Give ``out`` new memory of another shape; views of the old memory keep it."""
    if out.numel() and not silent:
        warn(
            f"An output with one or more elements was resized since it had shape {shape_text(out.shape)}, which does "
            f"not match the required output shape {shape_text(shape)} of {op}(). Give an `out` of that shape, or an "
            f"empty one."
        )
    keep_in_trace(out, "_payload", "_storage", "_origin")
    version = storage_of(out).version
    dtype = dtype_of(out)
    out._payload = Meta(shape, dtype) if is_meta(out) else np.empty(shape, dtype)
    out._storage, out._origin = Storage(), None
    out._storage.version = version
    mark_written(out, written_here())

"""Applying rows to what users pass: promotion, checks of dtype and shape, and the way to the hot path.

The public functions of this layer are written with these; they know the rows, and this file knows none.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import carrier, dtypes
from wengert.core.primitive import Primitive
from wengert.core.shapes import broadcastable
from wengert.core.silence import silent
from wengert.errors import cannot_broadcast
from wengert.tape.provenance import warn
from wengert.tape.record import NO_PARAMS, attach, binary
from wengert.tape.storage import Recorded, ndarray
from wengert.tensor.promotion import constant, dtype_of, floating, promoted, require_tensor


def combine(
    row: Primitive,
    x: Any,
    y: Any,
    *,
    to_float: bool = False,
    refused: str = "",
    op: str | None = None,
) -> Any:
    """Apply a row of two operands to anything users may pass for them.

    ``refused`` are NumPy's letters of the kinds of dtypes for which the operation is not defined; ``op`` is what
    messages call it, when that is not the row's name.
    """
    if x.__class__ in (int, float):
        pass
    elif y.__class__ in (int, float) and not carrier.special and isinstance(x, Recorded):
        payload = x._payload
        if payload.__class__ is ndarray and payload.dtype.kind == "f" and "f" not in refused:
            return binary(row, x, constant(y, payload.dtype))
    op = op or row.name
    left, right = promoted(op, x, y, floating=to_float)
    if refused and dtypes.kind(dtype_of(left)) in refused:
        raise undefined(op, dtype_of(left))
    out = binary(row, left, right)
    if out is NotImplemented:
        require_broadcast(op, left, right)
        return row(left, right)
    return out


def floating_function(row: Primitive, x: Any) -> Any:
    """Apply an elementwise function whose results are floats."""
    require_tensor(row.name, x)
    payload = x._payload
    if carrier.special or payload.__class__ is not ndarray:
        return row(floating(x))
    if payload.dtype.kind in "biu":
        x = floating(x)
        payload = x._payload
    return attach(row, x, silent().run(row.forward, payload), NO_PARAMS, 3)


def of_floats(op: str, row: Primitive, x: Any, params: dict[str, Any] = NO_PARAMS) -> Any:
    """Apply an elementwise row of floats; NotImplementedError for other dtypes."""
    if not carrier.special and isinstance(x, Recorded):
        payload = x._payload
        if payload.__class__ is ndarray and payload.dtype.kind == "f":
            return attach(row, x, silent().run(row.forward, payload, **params), params, 3)
    require_tensor(op, x)
    if dtypes.kind(dtype_of(x)) != "f":
        raise undefined(op, dtype_of(x))
    return row(x, **params)


def broadcasting(row: Primitive, op: str, *operands: Any, **params: Any) -> Any:
    """Apply an element-by-element row to promoted operands; RuntimeError unless their shapes broadcast."""
    if carrier.special:
        require_broadcast(op, *operands)
        return row(*operands, **params)
    try:
        return row(*operands, **params)
    except ValueError:
        require_broadcast(op, *operands)
        raise


def real_function(row: Primitive, x: Any, op: str | None = None, **params: Any) -> Any:
    """Apply an elementwise function of real numbers whose results are floats; NotImplementedError for complex ones."""
    op = op or row.name
    require_tensor(op, x)
    if dtype_of(x).kind == "c":
        raise undefined(op, dtype_of(x))
    return row(floating(x), **params)


def two_tensors(row: Primitive, x: Any, y: Any, refused: str, *, to_float: bool = False) -> Any:
    """Apply a row of two operands that both must be tensors."""
    require_tensor(row.name, x)
    require_tensor(row.name, y, "other")
    return combine(row, x, y, refused=refused, to_float=to_float)


_INSTEAD = {
    "b": "Convert it with `.int()` or `.float()`, or use `&`, `|` and `~`.",
    "i": "Convert it with `.float()`.",
    "f": "Compare first, as in `x > 0`, or convert it with `.long()`.",
    "c": "Complex numbers have no order and no rounding: use their `.abs()`.",
}


def undefined(op: str, dtype: np.dtype[Any]) -> NotImplementedError:
    """Word the error for an operation that does not exist for a dtype."""
    kind = "i" if dtype.kind == "u" else dtypes.kind(dtype)
    return NotImplementedError(
        f'"{op}" not implemented for {dtypes.public(dtype)} tensors. {_INSTEAD[kind]}'
    )


def deprecated(op: str, instead: str, hint: str) -> None:
    """Warn, as PyTorch does, that a function goes by another name now."""
    warn(f"torch.{op} is deprecated in favor of torch.{instead}. {hint}")


def require_broadcast(op: str, *operands: Any) -> None:
    """Raise RuntimeError, naming the dimension, unless the operands' shapes broadcast."""
    shapes = [tuple(x.shape) for x in operands]
    if not broadcastable(shapes):
        raise cannot_broadcast(op, shapes)

"""Comparing and choosing, as users call it: comparisons, `where`, extremes of two, and bitwise logic.

Comparisons give bools, which have no gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.primitive import Primitive
from wengert.errors import DTypeError
from wengert.rules import elementwise as rows
from wengert.tape.provenance import warn_once
from wengert.tape.storage import Recorded
from wengert.tensor.apply import broadcasting, combine, undefined
from wengert.tensor.out import deliver
from wengert.tensor.picking import nonzero
from wengert.tensor.promotion import dtype_of, promoted, require_tensor

__all__ = [
    "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "eq", "ge", "greater", "greater_equal", "gt",
    "isfinite", "isnan", "le", "less", "less_equal", "lt", "maximum", "minimum", "ne", "not_equal", "where",
]  # fmt: skip


def maximum(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return the larger of two elements; NaN wins. Equal elements share the gradient by halves."""
    require_tensor("maximum", input)
    require_tensor("maximum", other, "other")
    made = combine(rows.maximum, input, other, refused="c")
    return made if out is None else deliver(made, out)


def minimum(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return the smaller of two elements; NaN wins. Equal elements share the gradient by halves."""
    require_tensor("minimum", input)
    require_tensor("minimum", other, "other")
    made = combine(rows.minimum, input, other, refused="c")
    return made if out is None else deliver(made, out)


def where(condition: Any, input: Any = None, other: Any = None, *, out: Any = None) -> Any:
    """Return ``input`` where ``condition`` is true, else ``other``; without these two, the indices where it is true.

    An element that was not selected has gradient exactly 0 through every elementwise operation before it, even where
    that operation's derivative is infinite.

    >>> import wengert as torch
    >>> x = torch.tensor([0., 4.], requires_grad=True)
    >>> torch.where(x > 0, x.sqrt(), 0.).sum().backward()
    >>> x.grad
    tensor([0.0000, 0.2500])
    """
    require_tensor("where", condition, "condition")
    if input is None and other is None:
        return nonzero(condition, as_tuple=True)
    if input is None or other is None:
        raise TypeError("where(condition, x): give `input` and `other`, both or neither.")
    kind = dtype_of(condition)
    if kind == np.uint8:
        warn_once("where received a uint8 condition tensor. Use a boolean one: `condition != 0`.")
        condition = condition != 0
    elif kind.kind != "b":
        raise DTypeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{condition.dtype}. Use `condition != 0`."
        )
    x, y = promoted("where", input, other)
    made = broadcasting(rows.where, "where", condition, x, y)
    return made if out is None else deliver(made, out, exact=True)


def compare(row: Primitive, x: Any, y: Any, refused: str = "c") -> Any:
    """Apply a comparison; the result is bool and has no gradient. Complex numbers have no order."""
    require_tensor(row.name, x)
    return combine(row, x, y, refused=refused)


def eq(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return where the elements are equal."""
    made = compare(rows.eq, input, other, "")
    return made if out is None else deliver(made, out)


def ne(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return where the elements differ."""
    made = compare(rows.ne, input, other, "")
    return made if out is None else deliver(made, out)


def lt(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return where ``input < other``."""
    made = compare(rows.lt, input, other)
    return made if out is None else deliver(made, out)


def le(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return where ``input <= other``."""
    made = compare(rows.le, input, other)
    return made if out is None else deliver(made, out)


def gt(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return where ``input > other``."""
    made = compare(rows.gt, input, other)
    return made if out is None else deliver(made, out)


def ge(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return where ``input >= other``."""
    made = compare(rows.ge, input, other)
    return made if out is None else deliver(made, out)


not_equal, less, less_equal, greater, greater_equal = ne, lt, le, gt, ge


def isnan(input: Any) -> Any:
    """Return where the elements are NaN."""
    require_tensor("isnan", input)
    return rows.isnan(input)


def isfinite(input: Any) -> Any:
    """Return where the elements are neither infinite nor NaN."""
    require_tensor("isfinite", input)
    return rows.isfinite(input)


def _bitwise(row: Primitive, op: str, x: Any, y: Any) -> Any:
    """Apply a bitwise row to integers or bools; NotImplementedError for floats."""
    require_one_tensor(op, x, y)
    return combine(row, x, y, refused="fc", op=op)


def require_one_tensor(op: str, x: Any, y: Any) -> None:
    """Raise TypeError when both operands are numbers."""
    if not isinstance(x, Recorded):
        require_tensor(op, y, "other")


def bitwise_and(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return the bits that both have; of bools, the logical and.

    >>> import wengert as torch
    >>> torch.bitwise_and(torch.tensor([5, 6]), 3)
    tensor([1, 2])
    """
    made = _bitwise(rows.bit_and, "bitwise_and", input, other)
    return made if out is None else deliver(made, out)


def bitwise_or(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return the bits that either has; of bools, the logical or."""
    made = _bitwise(rows.bit_or, "bitwise_or", input, other)
    return made if out is None else deliver(made, out)


def bitwise_xor(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return the bits that just one has; of bools, the exclusive or."""
    made = _bitwise(rows.bit_xor, "bitwise_xor", input, other)
    return made if out is None else deliver(made, out)


def bitwise_not(input: Any, *, out: Any = None) -> Any:
    """Return the bitwise not (the logical not of bools); NotImplementedError for floats."""
    require_tensor("bitwise_not", input)
    if dtypes.kind(dtype_of(input)) in "fc":
        raise undefined("bitwise_not", dtype_of(input))
    made = rows.invert(input)
    return made if out is None else deliver(made, out, exact=True)

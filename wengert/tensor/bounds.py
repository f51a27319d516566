"""Bounds, choices and weighted sums as users call them: `clamp`, `fmax`, `lerp`, `addcmul` and their kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.primitive import Primitive
from wengert.errors import DTypeError
from wengert.rules import choosing as rows
from wengert.rules import structural
from wengert.tape.storage import Recorded
from wengert.tensor.apply import combine, require_broadcast, two_tensors, undefined
from wengert.tensor.numbers import double_of, number_of
from wengert.tensor.out import deliver
from wengert.tensor.overloads import factors_first
from wengert.tensor.promotion import (
    cast_to,
    constant,
    dtype_of,
    filling,
    fits,
    is_number,
    promoted,
    require_tensor,
    result_type,
)

__all__ = [
    "addcdiv", "addcmul", "clamp", "clamp_max", "clamp_min", "clip", "fmax", "fmin", "lerp", "nan_to_num", "xlogy",
]  # fmt: skip


def _clamped(op: str, row: Primitive, *operands: Any) -> Any:
    """Apply a row of clamping to a tensor and its bounds; RuntimeError for a number that the dtype does not hold."""
    together = promoted(op, *operands)
    dtype = dtype_of(together[0])
    if dtype.kind == "c":
        raise undefined(op, dtype)
    for bound in operands[1:]:
        if not isinstance(bound, Recorded) and not (
            dtypes.kind(dtype) == "f" and -6e4 < bound < 6e4
        ):
            filling(bound, dtype, op)
    require_broadcast(op, *together)
    return row(*together)


def clamp(input: Any, min: Any = None, max: Any = None, *, out: Any = None) -> Any:
    """Keep the elements between ``min`` and ``max``, numbers or tensors; the upper bound wins over the lower one.

    The gradient goes to ``input`` where it lies between the bounds or at one, else to the bound. Raises RuntimeError
    when there is no bound.

    >>> import wengert as torch
    >>> torch.clamp(torch.tensor([-2., 0.5, 3.]), -1, 1)
    tensor([-1.0000,  0.5000,  1.0000])
    """
    require_tensor("clamp", input)
    if min is None and max is None:
        raise RuntimeError(
            "torch.clamp: At least one of 'min' or 'max' must not be None. Give one, as in `x.clamp(min=0)`."
        )
    numbers = not (isinstance(min, Recorded) and isinstance(max, Recorded))
    if min is None:
        row = rows.clamp_to if isinstance(max, Recorded) else rows.clamp_to_number
        made = _clamped("clamp", row, input, max)
    elif max is None:
        row = rows.clamp_from if isinstance(min, Recorded) else rows.clamp_from_number
        made = _clamped("clamp", row, input, min)
    else:
        made = _clamped("clamp", rows.clamp_numbers if numbers else rows.clamp, input, min, max)
    return made if out is None else deliver(made, out)


clip = clamp


def clamp_min(input: Any, min: Any, *, out: Any = None) -> Any:
    """Keep the elements at ``min`` or above; see `clamp`."""
    require_tensor("clamp_min", input)
    row = rows.clamp_min if isinstance(min, Recorded) else rows.clamp_min_number
    made = _clamped("clamp_min", row, input, min)
    return made if out is None else deliver(made, out)


def clamp_max(input: Any, max: Any, *, out: Any = None) -> Any:
    """Keep the elements at ``max`` or below; see `clamp`."""
    require_tensor("clamp_max", input)
    row = rows.clamp_max if isinstance(max, Recorded) else rows.clamp_max_number
    made = _clamped("clamp_max", row, input, max)
    return made if out is None else deliver(made, out)


def fmax(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return the larger of two elements; NaN only where both are. Of equal ones, ``input`` gets the gradient."""
    made = two_tensors(rows.fmax, input, other, "c")
    return made if out is None else deliver(made, out)


def fmin(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return the smaller of two elements; NaN only where both are. Of equal ones, ``input`` gets the gradient."""
    made = two_tensors(rows.fmin, input, other, "c")
    return made if out is None else deliver(made, out)


def nan_to_num(
    input: Any,
    nan: float | None = None,
    posinf: float | None = None,
    neginf: float | None = None,
    *,
    out: Any = None,
) -> Any:
    """Replace NaN (by 0 unless given), inf and -inf (by the largest and smallest number of the dtype).

    The gradient there is 0.

    >>> import wengert as torch
    >>> torch.nan_to_num(torch.tensor([1., float("nan"), float("inf")]), posinf=9.)
    tensor([1., 0., 9.])
    """
    if nan is not None:
        nan = double_of("nan_to_num", "nan", nan)
    if posinf is not None:
        posinf = double_of("nan_to_num", "posinf", posinf)
    if neginf is not None:
        neginf = double_of("nan_to_num", "neginf", neginf)
    require_tensor("nan_to_num", input)
    if dtype_of(input).kind in "biu":
        made = structural.clone(input)
    else:
        largest = float(dtypes.limits(dtype_of(input)).max)
        high = largest if posinf is None else posinf
        low = -largest if neginf is None else neginf
        made = rows.nan_to_num(input, nan=nan or 0.0, posinf=high, neginf=low)
    return made if out is None else deliver(made, out, exact=True)


def _require_one_dtype(op: str, input: Any, **others: Any) -> None:
    for name, x in others.items():
        if dtype_of(x) != dtype_of(input):
            raise DTypeError(
                f"{op}: expected dtype {input.dtype} for `{name}` but got dtype {x.dtype}. Convert it with "
                f"`{name}.to({input.dtype})`."
            )


def lerp(input: Any, end: Any, weight: Any, *, out: Any = None) -> Any:
    """Return ``input + weight * (end - input)``; the weight, a number or a tensor, may lie outside of 0 to 1.

    Raises RuntimeError for tensors of several dtypes, and for integers.

    >>> import wengert as torch
    >>> torch.lerp(torch.tensor([0., 10.]), torch.tensor([10., 20.]), 0.25)
    tensor([ 2.5000, 12.5000])
    """
    require_tensor("lerp", input)
    require_tensor("lerp", end, "end")
    _require_one_dtype("lerp", input, end=end)
    if dtype_of(input).kind in "biu":
        raise undefined("lerp", dtype_of(input))
    row = rows.lerp if isinstance(weight, Recorded) else rows.lerp_number
    if isinstance(weight, Recorded):
        _require_one_dtype("lerp", input, weight=weight)
    elif is_number(weight):
        weight = constant(weight, dtype_of(input))
    else:
        raise TypeError(
            f"lerp(): argument 'weight' must be Tensor or Number, not {type(weight).__name__}."
        )
    require_broadcast("lerp", input, end, weight)
    made = row(input, end, weight)
    return made if out is None else deliver(made, out)


def _scaled_by(op: str, value: Any, dtype: np.dtype[Any]) -> Any:
    """Return the factor of `addcmul` or `addcdiv`; RuntimeError where the dtype cannot hold it."""
    value = number_of(op, "value", value)
    if (dtype.kind in "biu" and isinstance(value, float)) or not fits(value, dtype):
        raise DTypeError(
            f"{op}: value cannot be converted to type {dtypes.public(dtype)} without overflow or loss, got {value}. "
            f"Convert the tensors first, as in `x.float()`."
        )
    return value


@factors_first("value")
def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: complex = 1, out: Any = None) -> Any:
    """Return ``input + value * tensor1 * tensor2``.

    >>> import wengert as torch
    >>> torch.addcmul(torch.tensor(1.), torch.tensor([2., 3.]), torch.tensor(10.), value=0.5)
    tensor([11., 16.])
    """
    made = _three("addcmul", rows.addcmul, input, tensor1, tensor2, value)
    return made if out is None else deliver(made, out)


@factors_first("value")
def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: complex = 1, out: Any = None) -> Any:
    """Return ``input + value * tensor1 / tensor2``; RuntimeError when both tensors hold integers."""
    for name, x in (("tensor1", tensor1), ("tensor2", tensor2)):
        require_tensor("addcdiv", x, name)
    if dtype_of(tensor1).kind in "biu" and dtype_of(tensor2).kind in "biu":
        raise DTypeError(
            "addcdiv: Integer division with addcdiv is not supported. Use `input + value * (tensor1 / tensor2)`, or "
            "convert the tensors with `.float()`."
        )
    made = _three("addcdiv", rows.addcdiv, input, tensor1, tensor2, value)
    return made if out is None else deliver(made, out)


def _three(op: str, row: Primitive, x: Any, y: Any, z: Any, value: Any) -> Any:
    for name, v in (("input", x), ("tensor1", y), ("tensor2", z)):
        require_tensor(op, v, name)
    dtype = result_type(x, y, z)
    if dtype.kind == "b":
        raise undefined(op, dtype)
    value = _scaled_by(op, value, dtype)
    operands = [cast_to(v, dtype) for v in (x, y, z)]
    require_broadcast(op, *operands)
    return row(*operands, value=value)


def xlogy(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return ``input * log(other)``, 0 where ``input`` is 0; either may be a number.

    >>> import wengert as torch
    >>> torch.xlogy(torch.tensor([0., 2.]), torch.tensor([0., 1.]))
    tensor([0., 0.])
    """
    made = either_number("xlogy", (rows.xlogy, rows.number_xlogy, rows.xlogy_number), input, other)
    return made if out is None else deliver(made, out)


def either_number(op: str, variants: tuple[Primitive, ...], x: Any, y: Any) -> Any:
    """Apply a row of real operands of which one may be a number: its variants for none, the first, the second."""
    row = variants[1 if not isinstance(x, Recorded) else 2 if not isinstance(y, Recorded) else 0]
    if row is variants[1]:
        require_tensor(op, y, "other")
    return combine(row, x, y, refused="c", to_float=True, op=op)

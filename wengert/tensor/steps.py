"""Operations that are planned before they run: rows, their operands after the tensor worked on, their parameters.

What can fail has failed when the plan is there. Its steps then make a new tensor, or are written into the old one's
memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wengert.core import dtypes
from wengert.core.primitive import Primitive
from wengert.errors import DTypeError, ShapeError
from wengert.rules import structural
from wengert.tensor import inplace
from wengert.tensor.promotion import (
    converted,
    dtype_of,
    filling,
    is_number,
    require_tensor,
)

Steps = list[tuple[Primitive, tuple[Any, ...], dict[str, Any]]]


def applied(x: Any, steps: Steps) -> Any:
    """Return what the steps make of a tensor."""
    for row, others, params in steps:
        x = row(x, *others, **params)
    return x


def writing(plan: Callable[..., Steps], op: str) -> Callable[..., Any]:
    """Return the form in place of the operation that ``plan`` plans."""

    def written(input: Any, *args: Any, **named: Any) -> Any:
        require_tensor(op, input)
        inplace.writable(input, op)
        steps = plan(op, input, *args, **named)
        for row, others, _ in steps:
            if row.aligned:
                for other in others:
                    inplace.require_fit(input, other, op)
        if len(steps) == 1:
            return inplace.write(input, *steps[0], op)
        return inplace.assign(input, applied(inplace.value_before(input, ()), steps), op)

    written.__name__ = written.__qualname__ = op
    written.__doc__ = f"`{op[:-1]}`, in place. Returns the tensor."
    return written


def number(op: str, x: Any, value: Any, name: str = "value") -> Any:
    """Return a number, or a 0-d tensor of any dtype, as a 0-d tensor of the dtype of ``x``."""
    if is_number(value):
        return filling(value, dtype_of(x), op)
    require_tensor(op, value, name)
    if value.ndim:
        raise ShapeError(
            f"{op} only supports a 0-dimensional {name} tensor, but got tensor with {value.ndim} dimension(s)."
        )
    if dtypes.kind(dtype_of(value)) == "c" != dtypes.kind(dtype_of(x)):
        raise DTypeError(
            f"{op}: the {name} {value} cannot be converted to {x.dtype} without overflow. Use its `.real`."
        )
    return converted(value, dtype_of(x))


def spread(value: Any, shape: Any) -> Any:
    """Return a value in a shape that it broadcasts to."""
    same = tuple(value.shape) == tuple(shape)
    return value if same else structural.broadcast_to(value, shape=tuple(shape))


def require_alike(op: str, x: Any, source: Any) -> None:
    """Raise RuntimeError unless two tensors have one dtype."""
    if dtype_of(x) != dtype_of(source):
        raise DTypeError(
            f"{op}(): Expected self.dtype to be equal to src.dtype, got {x.dtype} and {source.dtype}. "
            f"Use `src.to(self.dtype)`."
        )

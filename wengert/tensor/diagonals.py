"""A number written along the main diagonal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wengert.errors import ShapeError, shape_text
from wengert.rules import memory
from wengert.tape.storage import Recorded
from wengert.tensor.inplace import overwrite
from wengert.tensor.parts import diagonal, narrow
from wengert.tensor.promotion import dtype_of, filling, is_number, require_tensor


def fill_diagonal_(input: Any, fill_value: Any, wrap: bool = False) -> Any:
    """Write a number to the elements whose indices are all the same, and return the tensor.

    ``input`` is a matrix, or has three or more dimensions of one size. With ``wrap``, a matrix with more rows than
    columns gets another diagonal below each, a row of it left out between. RuntimeError for other shapes, and for a
    number that the dtype cannot hold; TypeError for what is no number.

    >>> import wengert as torch
    >>> torch.zeros(5, 2).fill_diagonal_(1., wrap=True).mT
    tensor([[1., 0., 0., 1., 0.],
            [0., 1., 0., 0., 1.]])
    """
    op = "fill_diagonal_"
    require_tensor(op, input)
    if not is_number(fill_value):
        # PyTorch takes a tensor of one number that needs no gradient, too.
        if not isinstance(fill_value, Recorded) or fill_value.ndim or fill_value.requires_grad:  # type: ignore[attr-defined]
            raise TypeError(
                f"{op}(): argument 'fill_value' must be Number, not {type(fill_value).__name__}. "
                f"Use `x.diagonal().copy_(values)` to write tensors."
            )
        fill_value = fill_value.item()  # type: ignore[attr-defined]
    if not isinstance(wrap, bool):
        raise TypeError(f"{op}(): argument 'wrap' must be bool, not {type(wrap).__name__}.")
    shape = tuple(input.shape)
    if len(shape) < 2:
        raise ShapeError(
            f"{op}: dimensions must be larger than 1, but the shape is {shape_text(shape)}. Use `fill_`."
        )
    if len(shape) > 2 and len(set(shape)) > 1:
        raise ShapeError(
            f"{op}: all dimensions of input must be of equal length, but the shape is {shape_text(shape)}."
        )
    value = filling(fill_value, dtype_of(input), op)
    for line in _lines(input, wrap):
        overwrite(line, value, memory.fill, op)
    return input


def _lines(x: Any, wrap: bool) -> Iterator[Any]:
    """Return the main diagonal as a view, and below it those that wrap around."""
    if x.ndim > 2:
        while x.ndim > 1:
            x = diagonal(x, 0, 0, -1)
        yield x
        return
    yield diagonal(x)
    rows, columns = x.shape
    if wrap and columns:
        for start in range(columns + 1, rows, columns + 1):
            yield diagonal(narrow(x, 0, start, min(columns, rows - start)))

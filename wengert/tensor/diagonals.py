"""A number written along the main diagonal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wengert.errors import ShapeError, shape_text
from wengert.rules import memory
from wengert.tensor.inplace import overwrite
from wengert.tensor.numbers import number_of, require_flags
from wengert.tensor.parts import diagonal, narrow
from wengert.tensor.promotion import dtype_of, filling, require_tensor


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
    try:
        fill_value = number_of(op, "fill_value", fill_value)
    except TypeError as error:
        raise TypeError(f"{error} Use `x.diagonal().copy_(values)` to write tensors.") from None
    require_flags(op, wrap=wrap)
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

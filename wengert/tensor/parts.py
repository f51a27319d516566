"""Views of a part of the elements (slices, diagonals, windows, strides), and copies with that part replaced."""

from __future__ import annotations

import operator
from typing import Any, Final

import numpy as np

from wengert.core.primitive import Primitive
from wengert.core.shapes import axis_of, size_argument
from wengert.errors import ShapeError, shape_text
from wengert.rules import structural as rows
from wengert.rules import windows
from wengert.rules.complex_parts import view_as_complex, view_as_real
from wengert.tape.storage import Recorded
from wengert.tensor.layout import is_contiguous, storage_offset, stride
from wengert.tensor.numbers import whole_of
from wengert.tensor.out import deliver
from wengert.tensor.promotion import cast_to, dtype_of, require_tensor
from wengert.tensor.views import permute, viewed

__all__ = [
    "as_strided", "as_strided_scatter", "diagonal", "diagonal_scatter", "narrow", "select", "select_scatter",
    "slice_scatter",
]  # fmt: skip

Params = dict[str, Any]


def select(input: Any, dim: int, index: int) -> Any:
    """Return the slice at one place along ``dim`` as a view: ``x[..., index]``."""
    require_tensor("select", input)
    return viewed(rows.select, input, _selection("select", input, dim, index))


def _selection(op: str, x: Any, dim: int, index: Any) -> Params:
    if not x.ndim:
        raise IndexError(f"{op}() cannot be applied to a 0-dim tensor.")
    axis = axis_of(op, dim, x.ndim)
    n = x.shape[axis]
    place = whole_of(op, "index", index)
    if not -n <= place < n:
        raise IndexError(
            f"{op}(): index {place} out of range for tensor of size {shape_text(x.shape)} at dimension {axis}"
        )
    return {"index": (*(slice(None),) * axis, place % n)}


def narrow(input: Any, dim: int, start: Any, length: int) -> Any:
    """Return ``length`` slices along ``dim``, from ``start`` on, as a view; ``start`` may count from the end.

    >>> import wengert as torch
    >>> torch.arange(6).narrow(0, 2, 3)
    tensor([2, 3, 4])
    """
    length = whole_of("narrow", "length", length)
    require_tensor("narrow", input)
    if not input.ndim:
        raise ShapeError("narrow() cannot be applied to a 0-dim tensor.")
    if length < 0:
        raise ShapeError("narrow(): length must be non-negative.")
    axis = axis_of("narrow", dim, input.ndim)
    n = input.shape[axis]
    if isinstance(start, Recorded):
        if start.ndim or dtype_of(start).kind not in "iu":  # type: ignore[attr-defined]
            raise ShapeError("narrow(): start must be an 0-dim integral Tensor.")
    first = operator.index(start)
    if not -n <= first <= n:
        raise IndexError(
            f"narrow(): start out of range (expected to be in range of [{-n}, {n}], but got {first})"
        )
    first += n if first < 0 else 0
    if first + length > n:
        raise ShapeError(
            f"narrow(): start ({first}) + length ({length}) exceeds dimension size ({n})."
        )
    return viewed(
        rows.slice_, input, {"index": (*(slice(None),) * axis, slice(first, first + length))}
    )


def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """Return a diagonal of the matrices in two dimensions as a view, along a new last dimension.

    ``offset`` counts above the main diagonal (below, where negative).

    >>> import wengert as torch
    >>> torch.arange(6).reshape(2, 3).diagonal(1)
    tensor([1, 5])
    """
    offset = whole_of("diagonal", "offset", offset)
    require_tensor("diagonal", input)
    return viewed(windows.diagonal, input, _diagonal("diagonal", input, offset, dim1, dim2))


def _diagonal(op: str, x: Any, offset: int, dim1: int, dim2: int) -> Params:
    first, second = axis_of(op, dim1, x.ndim), axis_of(op, dim2, x.ndim)
    if first == second:
        raise ShapeError(f"{op}: diagonal dimensions cannot be identical {dim1}, {dim2}")
    return {"offset": operator.index(offset), "dim1": first, "dim2": second}


def unfold(input: Any, dimension: int, size: int, step: int) -> Any:
    """Return every window of ``size`` elements along a dimension, ``step`` apart, as a view with a new last dimension.

    Windows that overlap show the same elements, and are not written to.

    >>> import wengert as torch
    >>> torch.arange(5).unfold(0, 3, 1)
    tensor([[0, 1, 2],
            [1, 2, 3],
            [2, 3, 4]])
    """
    require_tensor("unfold", input)
    axis = axis_of("unfold", dimension, input.ndim)
    n = input.shape[axis] if input.ndim else 1
    size, step = whole_of("unfold", "size", size), whole_of("unfold", "step", step)
    if size < 0:
        raise ShapeError(f"unfold: size is {size} but must be >= 0")
    if size > n:
        raise ShapeError(
            f"unfold: maximum size for tensor at dimension {axis} is {n} but size is {size}"
        )
    if step <= 0:
        raise ShapeError(f"unfold: step is {step} but must be > 0")
    if not input.ndim:
        return narrow(viewed(rows.unsqueeze, input, {"dim": 0}), 0, 0, size)
    return viewed(windows.unfold, input, {"dim": axis, "size": size, "step": step})


def as_strided(input: Any, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
    """Return a view of the memory behind a tensor by its own sizes, strides and offset, all counted in elements.

    The memory is that of the tensor which ``input`` is a view of. The offset is ``input``'s own where none is given.
    Raises RuntimeError where the view would reach beyond the memory, and for negative strides.

    >>> import wengert as torch
    >>> torch.arange(7).as_strided((2, 2), (3, 2), 1)
    tensor([[1, 3],
            [4, 6]])
    """
    base, params = _strides("as_strided", input, size, stride, storage_offset)
    return viewed(windows.strided, base, params)


def _strides(op: str, x: Any, size: Any, stride: Any, start: int | None) -> tuple[Any, Params]:
    """Return the tensor whose memory in order the strides count in, and the parameters of `strided`."""
    require_tensor(op, x)
    sizes, steps = size_argument(op, (size,)), size_argument(op, (stride,))
    if len(sizes) != len(steps):
        raise ShapeError(f"{op}: mismatch in length of strides and shape")
    if any(n < 0 for n in steps):
        raise ShapeError(
            f"{op}: Negative strides are not supported at the moment, got strides: {shape_text(steps)}"
        )
    if any(n < 0 for n in sizes):
        raise ShapeError(f"{op}: sizes must be non-negative, got {shape_text(sizes)}")
    base = _memory_of(x)
    count = base.numel()
    begins = storage_offset(base)
    offset = (storage_offset(x) if start is None else start) - begins
    last = offset + sum((n - 1) * step for n, step in zip(sizes, steps, strict=True))
    if 0 not in sizes and not 0 <= offset <= last < count:
        raise ShapeError(
            f"{op}: sizes {shape_text(sizes)}, strides {shape_text(steps)} and storage offset {offset + begins} are "
            f"out of bounds for storage of {begins + count} elements."
        )
    base = _in_order(op, base)
    return base, {"size": sizes, "stride": steps, "offset": offset, "shape": tuple(base.shape)}


RETYPING: Final = frozenset({rows.view_dtype, view_as_real, view_as_complex})
"""Views whose elements are of another dtype than those of what they are views of."""


def _memory_of(x: Any) -> Any:
    """Return the tensor that ``x`` is a view of, or what it is of that tensor in the dtype of ``x``."""
    if x._origin is None or not x._origin.differentiable:
        return x
    base, chain = x._origin.base, x._origin.chain
    retyped = [i for i, (row, _) in enumerate(chain) if row in RETYPING]
    for row, params in chain[: retyped[-1] + 1 if retyped else 0]:
        base = viewed(row, base, params)
    return base


def _in_order(op: str, base: Any) -> Any:
    """Return a tensor as a view whose dimensions stand in the order of memory."""
    if is_contiguous(base):
        return base
    order = sorted(range(base.ndim), key=lambda d: -stride(base)[d])
    ordered = permute(base, order)
    if not is_contiguous(ordered):
        raise ShapeError(
            f"{op}: the elements of the tensor do not lie in one piece of memory (strides {stride(base)}). "
            f"Use `.contiguous()` first."
        )
    return ordered


def select_scatter(input: Any, src: Any, dim: int, index: int) -> Any:
    """Return a copy of ``input`` with the slice at one place along ``dim`` replaced by ``src``."""
    require_tensor("select_scatter", input)
    params = _selection("select_scatter", input, dim, index)
    return _replaced("select_scatter", rows.select_scatter, input, src, rows.select, params)


def slice_scatter(
    input: Any,
    src: Any,
    dim: int = 0,
    start: Any = None,
    end: Any = None,
    step: int = 1,
    *,
    out: Any = None,
) -> Any:
    """Return a copy of ``input`` with the slices from ``start`` to ``end`` along ``dim`` replaced by ``src``.

    >>> import wengert as torch
    >>> torch.zeros(4).slice_scatter(torch.ones(2), 0, 1, 3)
    tensor([0., 1., 1., 0.])
    """
    require_tensor("slice_scatter", input)
    if step <= 0:
        raise ShapeError("slice_scatter: slice step must be positive")
    axis = axis_of("slice_scatter", dim, input.ndim)
    first, last, _ = slice(start, end).indices(input.shape[axis])
    index = (*(slice(None),) * axis, slice(first, max(first, last), step))
    made = _replaced("slice_scatter", rows.slice_scatter, input, src, rows.slice_, {"index": index})
    return made if out is None else deliver(made, out, exact=True)


def diagonal_scatter(input: Any, src: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """Return a copy of ``input`` with a diagonal replaced by ``src``."""
    require_tensor("diagonal_scatter", input)
    params = _diagonal("diagonal_scatter", input, offset, dim1, dim2)
    return _replaced(
        "diagonal_scatter", windows.diagonal_scatter, input, src, windows.diagonal, params
    )


def as_strided_scatter(
    input: Any, src: Any, size: Any, stride: Any, storage_offset: int | None = None
) -> Any:
    """Return a copy of ``input`` with the elements that `as_strided` shows replaced by ``src``.

    Raises RuntimeError for strides that show an element twice.
    """
    _, params = _strides("as_strided_scatter", input, size, stride, storage_offset)
    if tuple(input.shape) != params["shape"]:
        raise ShapeError(
            "as_strided_scatter: the tensor is a view of another one. Use `.clone()` first."
        )
    if windows.overlaps(windows.strided, params):
        raise ShapeError("as_strided_scatter: the strides show an element more than once.")
    return _replaced(
        "as_strided_scatter", windows.as_strided_scatter, input, src, windows.strided, params
    )


def _replaced(op: str, row: Primitive, x: Any, src: Any, view: Primitive, params: Params) -> Any:
    """Apply a row that replaces what ``view`` shows; RuntimeError unless ``src`` has its shape."""
    require_tensor(op, src, "src")
    shape = view.forward(np.broadcast_to(np.zeros(()), tuple(x.shape)), **params).shape
    if tuple(src.shape) != shape:
        raise ShapeError(
            f"{op}: expected src to have a size equal to the slice of self. src size = {shape_text(src.shape)}, "
            f"slice size = {shape_text(shape)}"
        )
    value = cast_to(src, dtype_of(x))
    if view in windows.PARTIAL:
        return row(x, value, view=view, settings=tuple(params.items()))
    return row(x, value, **params)

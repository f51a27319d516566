"""Functions that pick elements by positions or masks, and functions that find positions."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from wengert.core.shapes import axis_of
from wengert.errors import ShapeError, cannot_broadcast, shape_text
from wengert.rules import indexing as rows
from wengert.rules import structural
from wengert.tape.storage import handle
from wengert.tensor.numbers import require_flags, whole_of
from wengert.tensor.out import deliver
from wengert.tensor.positions import checked, columns, known, require_integers, vector
from wengert.tensor.promotion import dtype_of, require_tensor
from wengert.tensor.steps import spread

__all__ = [
    "argwhere", "gather", "index_select", "nonzero", "nonzero_static", "take", "take_along_dim",
    "unravel_index",
]  # fmt: skip


def gather(input: Any, dim: int, index: Any, *, sparse_grad: bool = False, out: Any = None) -> Any:
    """Pick along ``dim``: ``out[i][j] = input[index[i][j]][j]`` for ``dim=0``, and alike.

    ``index`` (int64 or int32) has the rank of ``input`` and is no larger in the other dimensions; the result has its
    shape. Gradients are dense, whatever ``sparse_grad`` says. RuntimeError for positions outside.

    >>> import wengert as torch
    >>> torch.gather(torch.tensor([[1., 2.], [3., 4.]]), 1, torch.tensor([[0, 0], [1, 0]]))
    tensor([[1., 1.],
            [4., 3.]])
    """
    require_flags("gather", sparse_grad=sparse_grad)
    at = columns("gather", input, dim, index)
    made = rows.gathered(input, at, axis=0, span=input.ndim)
    return made if out is None else deliver(made, out, exact=True)


def index_select(input: Any, dim: int, index: Any, *, out: Any = None) -> Any:
    """Pick whole slices along ``dim`` by a vector of positions (int64 or int32), none of them negative.

    >>> import wengert as torch
    >>> torch.index_select(torch.tensor([[1, 2], [3, 4]]), 1, torch.tensor([1]))
    tensor([[2],
            [4]])
    """
    axis, at = vector("index_select", input, dim, index)
    if not input.ndim:
        if at.numel() != 1:
            raise ShapeError(
                f"index_select(): Index to scalar can have only 1 value, got {at.numel()} value(s)"
            )
        at = structural.reshape(at, shape=())
    made = rows.index_select(input, at, axis=axis, span=min(input.ndim, 1))
    return made if out is None else deliver(made, out, exact=True)


def take(input: Any, index: Any, *, out: Any = None) -> Any:
    """Pick from the elements in order, as if ``input`` had one dimension; negative positions count from the end.

    >>> import wengert as torch
    >>> torch.take(torch.tensor([[1, 2], [3, 4]]), torch.tensor([0, -1]))
    tensor([1, 4])
    """
    require_tensor("take", input)
    require_integers("take", index, only_int64=True)
    at = checked("take", index, input.numel(), 0, wrap=True)
    made = rows.take(input, at, axis=0, span=input.ndim)
    return made if out is None else deliver(made, out, exact=True)


def take_along_dim(input: Any, indices: Any, dim: int | None = None, *, out: Any = None) -> Any:
    """Pick along ``dim`` as `gather` does, with the other dimensions broadcast; without ``dim`` from all elements.

    What `argmax`, `argsort` and their like return with the dimension kept are such indices. Negative ones count from
    the end.

    >>> import wengert as torch
    >>> x = torch.tensor([[3, 1, 2], [6, 5, 4]])
    >>> torch.take_along_dim(x, torch.tensor([[1], [2]]), 1)
    tensor([[1],
            [4]])
    """
    require_tensor("take_along_dim", input)
    require_integers("take_along_dim", indices, only_int64=True, name="indices")
    if dim is None:
        at = checked("take_along_dim", indices, input.numel(), 0, wrap=True)
        at = structural.reshape(at, shape=(at.numel(),))
        made = rows.gathered(input, at, axis=0, span=input.ndim)
        return made if out is None else deliver(made, out, exact=True)
    if indices.ndim != input.ndim:
        raise ShapeError(
            f"take_along_dim(): input and indices should have the same number of dimensions, but got {input.ndim} "
            f"dimensions for input, and {indices.ndim} dimensions for indices"
        )
    axis = axis_of("take_along_dim", dim, input.ndim)
    at = checked("take_along_dim", indices, input.shape[axis] if input.ndim else 1, axis, wrap=True)
    shape, wanted = list(input.shape), list(indices.shape)
    for d, (n, m) in enumerate(zip(input.shape, indices.shape, strict=True)):
        if d != axis and n != m:
            if 1 not in (n, m):
                raise cannot_broadcast("take_along_dim", [tuple(input.shape), tuple(indices.shape)])
            shape[d] = wanted[d] = m if n == 1 else n
    input = spread(input, shape)
    at = rows.along(spread(at, wanted), axis, tuple(shape))
    made = rows.gathered(input, at, axis=0, span=input.ndim)
    return made if out is None else deliver(made, out, exact=True)


def nonzero(input: Any, *, out: Any = None, as_tuple: bool = False) -> Any:
    """Return where the elements are not 0: one row of indices each, or with ``as_tuple`` a vector per dimension.

    The vectors are an index: ``x[torch.nonzero(x, as_tuple=True)]`` are the elements themselves.

    >>> import wengert as torch
    >>> torch.nonzero(torch.tensor([[1, 0], [0, 3]]))
    tensor([[0, 0],
            [1, 1]])
    """
    require_flags("nonzero", as_tuple=as_tuple)
    require_tensor("nonzero", input)
    raw = known("nonzero", input, "Use `torch.where(x != 0, ...)`, or `torch.nonzero_static`.")
    if as_tuple:
        if out is not None:
            raise TypeError("nonzero(): takes no 'out' with as_tuple=True.")
        return tuple(handle(np.array(part)) for part in np.nonzero(np.atleast_1d(raw)))
    made = handle(np.argwhere(raw))
    return made if out is None else deliver(made, out, exact=True)


def argwhere(input: Any) -> Any:
    """Return where the elements are not 0, one row of indices each: `nonzero`."""
    return nonzero(input)


def nonzero_static(input: Any, *, size: int, fill_value: int = -1) -> Any:
    """Return the first ``size`` rows of `nonzero`, with rows of ``fill_value`` added where there are fewer.

    Its shape does not depend on data, so it works inside of `vmap` and of traces.

    >>> import wengert as torch
    >>> torch.nonzero_static(torch.tensor([0, 5, 6]), size=3)
    tensor([[ 1],
            [ 2],
            [-1]])
    """
    require_tensor("nonzero_static", input)
    size = whole_of("nonzero_static", "size", size)
    fill_value = whole_of("nonzero_static", "fill_value", fill_value)
    if size < 0:
        raise ShapeError(f"nonzero_static: 'size' must be an non-negative integer, got {size}")
    return rows.nonzero_static(input, size=size, fill_value=fill_value)


def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    """Return positions in an array of ``shape`` as one tensor of indices for each dimension.

    Raises TypeError for indices that are no integers, ValueError for negative sizes.

    >>> import wengert as torch
    >>> torch.unravel_index(torch.tensor([1, 5]), (2, 3))
    (tensor([0, 1]), tensor([1, 2]))
    """
    require_tensor("unravel_index", indices, "indices")
    if dtype_of(indices).kind not in "iu":
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    sizes = shape if isinstance(shape, list | tuple) else (shape,)
    try:
        sizes = tuple(map(operator.index, sizes))
    except TypeError:
        raise TypeError(
            f"expected 'shape' sequence to only contain ints, but got {shape}"
        ) from None
    if any(n < 0 for n in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {shape_text(sizes)}")
    return tuple(indices // math.prod(sizes[d + 1 :]) % n for d, n in enumerate(sizes))

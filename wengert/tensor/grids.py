"""Tensors broadcast against each other, and every combination of what several hold."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from wengert.core.shapes import Size, size_argument
from wengert.errors import DTypeError, ShapeError, cannot_broadcast, shape_text
from wengert.rules import indexing
from wengert.tape.provenance import warn
from wengert.tape.storage import handle
from wengert.tensor.apply import require_broadcast
from wengert.tensor.joining import stack
from wengert.tensor.numbers import require_flags, whole_of
from wengert.tensor.promotion import cast_to, dtype_of, own_array, require_tensor
from wengert.tensor.views import expand, ravel, reshape, unsqueeze

__all__ = [
    "broadcast_shapes", "broadcast_tensors", "cartesian_prod", "combinations", "meshgrid", "vander",
]  # fmt: skip


def _listed(op: str, tensors: tuple[Any, ...]) -> list[Any]:
    """Read ``f(x, y)`` and ``f([x, y])`` alike."""
    found = (
        list(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else tensors
    )
    for x in found:
        require_tensor(op, x, "tensors")
    return list(found)


def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """Return views of tensors expanded to their common shape; RuntimeError where there is none."""
    found = _listed("broadcast_tensors", tensors)
    require_broadcast("broadcast_tensors", *found)
    shape = np.broadcast_shapes(*(tuple(x.shape) for x in found))
    return tuple(x if tuple(x.shape) == shape else expand(x, shape) for x in found)


def broadcast_shapes(*shapes: Any) -> Size:
    """Return the shape that shapes broadcast to; RuntimeError where they do not.

    >>> import wengert as torch
    >>> torch.broadcast_shapes((2, 1), 3)
    torch.Size([2, 3])
    """
    asked = [size_argument("broadcast_shapes", (shape,)) for shape in shapes]
    if any(n < 0 for shape in asked for n in shape):
        raise ShapeError("broadcast_shapes: Trying to create tensor with negative dimension")
    try:
        return Size(np.broadcast_shapes(*asked))
    except ValueError:
        raise cannot_broadcast("broadcast_shapes", asked) from None


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Any, ...]:
    """Return, for every vector, its values over the grid that all of them span, as expanded views.

    The first dimension of the grid is the first vector's (``"ij"``), or the second's (``"xy"``). Raises RuntimeError
    for tensors of more than one dimension, and of different dtypes.

    >>> import wengert as torch
    >>> torch.meshgrid(torch.tensor([1, 2]), torch.tensor([3, 4, 5]), indexing="ij")[0]
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    if indexing is None:
        warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument. "
            "Write indexing='ij'."
        )
    elif indexing not in ("ij", "xy"):
        raise ShapeError(
            f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}'
        )
    found = _listed("meshgrid", tensors)
    if not found:
        raise ShapeError("meshgrid expects a non-empty TensorList")
    for x in found:
        if x.ndim > 1:
            raise ShapeError(
                f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: shape {shape_text(x.shape)}"
            )
        if dtype_of(x) != dtype_of(found[0]):
            raise DTypeError(
                f"torch.meshgrid expects all tensors to have the same dtype, got {found[0].dtype} and {x.dtype}"
            )
    swapped = indexing == "xy" and len(found) > 1
    if swapped:
        found[:2] = found[1::-1]
    shape = tuple(x.numel() for x in found)
    grids = [
        expand(reshape(x, (*(1,) * i, -1, *(1,) * (len(found) - i - 1))), shape)
        for i, x in enumerate(found)
    ]
    if swapped:
        grids[:2] = grids[1::-1]
    return tuple(grids)


def cartesian_prod(*tensors: Any) -> Any:
    """Return every way to take one element of each vector, a row each; of one vector, itself.

    >>> import wengert as torch
    >>> torch.cartesian_prod(torch.tensor([1, 2]), torch.tensor([3, 4]))
    tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    found = _listed("cartesian_prod", tensors)
    for x in found:
        _require_vector("cartesian_prod", x)
    if len(found) == 1:
        return found[0]
    return stack([ravel(grid) for grid in meshgrid(*found, indexing="ij")], dim=1)


def combinations(input: Any, r: int = 2, with_replacement: bool = False) -> Any:
    """Return every choice of ``r`` elements of a vector in their order, a row each.

    >>> import wengert as torch
    >>> torch.combinations(torch.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    require_flags("combinations", with_replacement=with_replacement)
    r = whole_of("combinations", "r", r)
    require_tensor("combinations", input)
    _require_vector("combinations", input)
    if r < 0:
        raise ShapeError(f"combinations: Expect a non-negative number, but got {r}")
    if not r:
        return handle(np.empty(0, dtype_of(input)))
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    places = np.array(list(choose(range(input.shape[0]), r)), np.int64).reshape(-1, r)
    columns = [indexing.index(input, places[:, i].copy(), axis=0, span=1) for i in range(r)]
    return stack(columns, dim=1)


def _require_vector(op: str, x: Any) -> None:
    if x.ndim != 1:
        raise ShapeError(f"{op}: Expect a 1D vector, but got shape {shape_text(x.shape)}")


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """Return the powers of a vector's elements, a row each: ``x ** (N - 1), ..., x, 1``, or the other way round.

    ``N`` is the number of powers, by default that of the elements. Integers give int64.

    >>> import wengert as torch
    >>> torch.vander(torch.tensor([1, 2, 3]))
    tensor([[1, 1, 1],
            [4, 2, 1],
            [9, 3, 1]])
    """
    require_tensor("vander", x, "x")
    if x.ndim != 1:
        raise ShapeError(
            f"vander: x must be a one-dimensional tensor, got shape {shape_text(x.shape)}."
        )
    count = x.shape[0] if N is None else N
    if count < 0:
        raise ShapeError(f"vander: N must be non-negative, got {N}.")
    if dtype_of(x).kind in "biu":
        x = cast_to(x, np.dtype(np.int64))
    if not count:
        return expand(unsqueeze(x, 1)[:, :0], (x.shape[0], 0)).clone()
    powers = [own_array(np.ones(x.shape[0], dtype_of(x)))]
    for _ in range(count - 1):
        powers.append(powers[-1] * x)
    return stack(powers if increasing else powers[::-1], dim=1)

"""Norms and distances, as users call them. Where a norm is 0 its gradient is 0."""

from __future__ import annotations

import math
from typing import Any

from wengert.core import dtypes
from wengert.core.shapes import axes_of, axis_of
from wengert.errors import DTypeError, ShapeError
from wengert.rules import norms as rows
from wengert.rules import spectral
from wengert.tensor.apply import require_broadcast
from wengert.tensor.copies import contiguous
from wengert.tensor.numbers import real_of
from wengert.tensor.out import deliver
from wengert.tensor.promotion import cast_to, dtype_of, promoted, require_tensor
from wengert.tensor.reductions import flag, numpy_spelling, reduce, sum
from wengert.tensor.views import expand, permute, unsqueeze

__all__ = ["dist", "norm", "renorm"]


def vector_norm(
    x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Any = None
) -> Any:  # fmt: skip
    """Return ``sum(|x|^ord)^(1/ord)`` along ``dim`` (an int or a tuple), as ``torch.linalg.vector_norm`` does.

    ``inf`` and ``-inf`` give the largest and the smallest magnitude, 0 the number of elements that are not 0. The
    result is real. RuntimeError for integers, and where an empty slice has no norm.
    """
    made = _vector_norm("linalg.vector_norm", x, ord, dim, keepdim, dtype)
    return made if out is None else deliver(made, out)


def _vector_norm(op: str, x: Any, ord: Any, dim: Any, keepdim: Any, dtype: Any) -> Any:
    require_tensor(op, x)
    found = dtype_of(x)
    if dtypes.kind(found) not in "fc":
        raise DTypeError(
            f"{op}: Expected a floating point or complex tensor as input. Got {x.dtype}. Use `x.float()`."
        )
    if dtype is not None:
        x = cast_to(x, _wider(op, x, dtypes.to_numpy(dtype)))
    order = _order(op, ord)
    axis = axes_of(op, dim, x.ndim)
    if order < 0 or math.isinf(order):
        _require_identity(op, x, order, dim, axis)
    made = reduce(
        rows.vector_norm, x, {"ord": order, "axis": axis, "keepdim": flag(op, keepdim)}, 4
    )
    return made if dtype is None else cast_to(made, _real(dtypes.to_numpy(dtype)))


def _real(dtype: Any) -> Any:
    return dtype.type(0).real.dtype


def _wider(op: str, x: Any, dtype: Any) -> Any:
    """Return the dtype to compute in; RuntimeError for one that loses what the tensor has."""
    found = dtype_of(x)
    if dtypes.kind(dtype) != dtypes.kind(found):
        raise DTypeError(
            f"{op}: the desired dtype should be {'complex' if found.kind == 'c' else 'real'} for a tensor of "
            f"{x.dtype}, but got {dtypes.public(dtype)}."
        )
    if dtype.itemsize < found.itemsize:
        raise DTypeError(
            f"{op}: the dtype of the input ({x.dtype}) should be convertible without narrowing to the specified dtype "
            f"({dtypes.public(dtype)}). Convert the result instead."
        )
    return dtype


def _order(op: str, ord: Any) -> float:
    return float(real_of(op, "ord", ord))


def _require_identity(op: str, x: Any, order: float, dim: Any, axis: tuple[int, ...]) -> None:
    if 0 in [x.shape[a] for a in axis]:
        where = "" if dim is None or dim == () else f" on the dimension {axis[0]}"
        raise ShapeError(
            f"{op} cannot compute the {order:g} norm on an empty tensor{where} because the operation does not have an "
            f"identity."
        )


@numpy_spelling
def norm(
    input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, out: Any = None, dtype: Any = None
) -> Any:  # fmt: skip
    """Return the norm of all elements, or of those along ``dim`` (an int or a tuple), as a vector's.

    ``p`` is a number (``inf`` and ``-inf`` too), ``"fro"``, which is 2, or ``"nuc"``: the sum of a matrix's singular
    values. The gradient at a norm of 0 is 0.

    >>> import wengert as torch
    >>> x = torch.tensor([3., 4.], requires_grad=True)
    >>> x.norm().backward()
    >>> x.grad
    tensor([0.6000, 0.8000])
    """
    require_tensor("norm", input)
    if p is None or p == "fro":
        p = 2
    if p == "nuc":
        made = _nuclear(input, dim, flag("norm", keepdim), dtype)
        return made if out is None else deliver(made, out)
    if isinstance(p, str):
        raise ShapeError(
            f"linalg.matrix_norm: Order {p} not supported. Use a number, or 'fro' for the number 2."
        )
    made = _vector_norm("linalg.vector_norm", input, p, dim, keepdim, dtype)
    return made if out is None else deliver(made, out)


def _nuclear(x: Any, dim: Any, keepdim: bool, dtype: Any) -> Any:
    """Return the sums of the singular values of the matrices in two dimensions, by default of the only ones."""
    axes = (0, 1) if dim is None and x.ndim == 2 else dim
    if not isinstance(axes, list | tuple) or len(axes) != 2:
        raise ShapeError(
            "norm(): the nuclear norm is of matrices: name their two dimensions, as in `dim=(-2, -1)`."
        )
    if dtype is not None:
        x = cast_to(x, dtypes.to_numpy(dtype))
    first, second = (axis_of("norm", d, x.ndim) for d in axes)
    rest = [d for d in range(x.ndim) if d not in (first, second)]
    values = spectral.svd(permute(x, [*rest, first, second]), full=False)[1]
    made = sum(values, -1)
    for d in sorted((first, second)) if keepdim else ():
        made = unsqueeze(made, d)
    return made


def dist(input: Any, other: Any, p: Any = 2, *, out: Any = None) -> Any:
    """Return the ``p``-norm of ``input - other``, which broadcast. Its gradient where they are equal is 0.

    >>> import wengert as torch
    >>> torch.dist(torch.tensor([0., 3.]), torch.tensor([4., 0.]))
    tensor(5.)
    """
    require_tensor("dist", input)
    require_tensor("dist", other, "other")
    x, y = promoted("dist", input, other)
    if dtypes.kind(dtype_of(x)) not in "fc":
        raise DTypeError(
            f"norm(): input dtype should be either floating point or complex. Got {x.dtype} instead. "
            f"Use `x.float()`."
        )
    require_broadcast("dist", x, y)
    shape = tuple(max(pair) if 0 not in pair else 0 for pair in _paired(x.shape, y.shape))
    made = rows.dist(expand(x, shape), expand(y, shape), ord=_order("dist", p))
    return made if out is None else deliver(made, out)


def _paired(a: Any, b: Any) -> list[tuple[int, int]]:
    rank = max(len(a), len(b))
    padded = [(1,) * (rank - len(s)) + tuple(s) for s in (a, b)]
    return list(zip(*padded, strict=True))


def renorm(input: Any, p: Any, dim: int, maxnorm: float, *, out: Any = None) -> Any:
    """Return the tensor with the slices along ``dim`` whose ``p``-norm exceeds ``maxnorm`` scaled down to it.

    >>> import wengert as torch
    >>> torch.renorm(torch.tensor([[3., 4.], [0., 1.]]), 2, 0, 1.)
    tensor([[0.6000, 0.8000],
            [0.0000, 1.0000]])
    """
    maxnorm = real_of("renorm", "maxnorm", maxnorm)
    require_tensor("renorm", input)
    order = _order("renorm", p)
    if not order > 0:
        raise ShapeError("renorm: non-positive-norm not supported")
    if not maxnorm >= 0:
        raise ShapeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if input.ndim < 2:
        raise ShapeError(f"renorm: input needs at least 2 dimensions, got {input.ndim} dimensions")
    if dtypes.kind(dtype_of(input)) not in "fc":
        raise DTypeError(f"renorm: expected floating point or complex numbers, got {input.dtype}.")
    at = axis_of("renorm", dim, input.ndim)
    axis = tuple(a for a in range(input.ndim) if a != at)
    made = rows.renorm(contiguous(input), order, axis, float(maxnorm))
    return made if out is None else deliver(made, out)

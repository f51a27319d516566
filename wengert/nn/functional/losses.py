"""Losses: how far an output is from a target. What `nn.functional` offers of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import carrier, dtypes
from wengert.errors import cannot_broadcast
from wengert.rules import composite
from wengert.tape.provenance import warn
from wengert.tape.record import binary
from wengert.tensor import views
from wengert.tensor.promotion import dtype_of, promoted, require_tensor

__all__ = ["mse_loss"]


def mse_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """Return the squared differences: their ``"mean"``, ``"sum"``, or all of them (``"none"``).

    Warns when the shapes differ, for the broadcast is rarely meant. ValueError for another reduction,
    NotImplementedError for integers.

    >>> import wengert as torch
    >>> torch.nn.functional.mse_loss(torch.tensor([1., 2.]), torch.tensor([1., 4.]))
    tensor(2.)
    """
    if (
        reduction == "mean"
        and not carrier.special
        and input.payload.shape == target.payload.shape
        and input.payload.dtype.kind == "f"
    ):
        out = binary(composite.mse_loss, input, target)
        if out is not NotImplemented:
            return out
    return _general_mse(input, target, reduction)


def _joint_shape(shape: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that two operands broadcast to; RuntimeError where they do not."""
    try:
        return np.broadcast_shapes(shape, other)
    except ValueError:
        raise cannot_broadcast("mse_loss", (shape, other)) from None


def _general_mse(input: Any, target: Any, reduction: str) -> Any:
    require_tensor("mse_loss", input)
    require_tensor("mse_loss", target, "target")
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(
            f"{reduction} is not a valid value for reduction: use 'mean', 'sum' or 'none'."
        )
    if input.shape != target.shape:
        warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). "
            f"This will likely lead to incorrect results due to broadcasting. "
            f"Please ensure they have the same size.",
        )
    x, y = promoted("mse_loss", input, target)
    if dtypes.kind(dtype_of(x)) not in "fc":
        raise NotImplementedError(
            f"mse_loss is not implemented for {x.dtype}. Use floats: `mse_loss(x.float(), y.float())`."
        )
    if reduction == "none":
        return composite.mse_each(x, y)
    if x.shape != y.shape:
        shape = _joint_shape(tuple(x.shape), tuple(y.shape))
        x, y = views.expand(x, shape), views.expand(y, shape)
    return composite.mse_loss(x, y) if reduction == "mean" else composite.mse_sum(x, y)

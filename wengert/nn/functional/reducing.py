"""What all losses share: the words of ``reduction``, their old spelling as flags, and equal shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.errors import cannot_broadcast
from wengert.tape.provenance import warn
from wengert.tensor import reductions, views
from wengert.tensor.apply import undefined
from wengert.tensor.promotion import dtype_of, promoted, require_tensor


def chosen_reduction(reduction: str, size_average: Any = None, reduce: Any = None) -> str:
    """Return "mean", "sum" or "none"; ValueError for another word.

    The flags ``size_average`` and ``reduce`` of PyTorch's first versions go before it, with a warning.
    """
    if size_average is not None or reduce is not None:
        averaged = size_average is None or size_average
        reduction = ("mean" if averaged else "sum") if reduce is None or reduce else "none"
        warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead."
        )
    if reduction == "elementwise_mean":
        warn("reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.")
        return "mean"
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(
            f"{reduction} is not a valid value for reduction: use 'mean', 'sum' or 'none'."
        )
    return reduction


def reduced(loss: Any, reduction: str) -> Any:
    """Return the mean or the sum of losses, or all of them."""
    if reduction == "none":
        return loss
    return reductions.mean(loss) if reduction == "mean" else reductions.sum(loss)


def warn_of_broadcast(input: Any, target: Any) -> None:
    """Warn when two operands have different shapes: the broadcast is rarely meant."""
    if input.shape != target.shape:
        warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will "
            f"likely lead to incorrect results due to broadcasting. Please ensure they have the same size."
        )


def alike(op: str, *operands: Any) -> list[Any]:
    """Return floating operands in one dtype and one shape.

    RuntimeError where the shapes do not broadcast, NotImplementedError for integers.
    """
    for x, name in zip(operands, ("input", "target", "weight"), strict=False):
        require_tensor(op, x, name)
    made = promoted(op, *operands)
    if dtypes.kind(dtype_of(made[0])) != "f":
        raise undefined(op, dtype_of(made[0]))
    shapes = [tuple(x.shape) for x in made]
    if len(set(shapes)) == 1:
        return made
    try:
        joint = np.broadcast_shapes(*shapes)
    except ValueError:
        raise cannot_broadcast(op, shapes) from None
    return [x if tuple(x.shape) == joint else views.expand(x, joint) for x in made]

"""The cross entropy of what a linear map makes of its input."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.errors import ShapeError, shape_text
from wengert.nn.functional.affine import linear
from wengert.nn.functional.classification import cross_entropy
from wengert.tape.provenance import warn
from wengert.tensor.promotion import dtype_of, require_tensor

__all__ = ["linear_cross_entropy"]


@dataclasses.dataclass(slots=True, frozen=True)
class LinearCrossEntropyOptions:
    """How PyTorch divides `functional.linear_cross_entropy` into chunks that need less memory.

    Wengert computes all logits at once, and gives the same loss and gradients; these are checked, and change nothing.
    Raises ValueError for a policy, method, size or dtype that there is not.
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None

    def __post_init__(self) -> None:
        if self.acc_policy not in ("auto", "accurate", "balanced", "compact"):
            raise ValueError(
                f"invalid acc_policy: {self.acc_policy!r}. Use 'auto', 'accurate', 'balanced' or 'compact'."
            )
        method, colon, factor = (self.chunking_method or "auto").partition(":")
        whole = not colon or (factor.isdigit() and int(factor) > 0)
        if method not in ("auto", "aspect_ratio") or not whole or (method == "auto" and colon):
            raise ValueError(
                f"invalid chunking_method: {self.chunking_method!r}. Use None, 'auto', 'aspect_ratio', or "
                f"'aspect_ratio:N' with a positive N."
            )
        size = self.batch_chunk_size
        if size is not None and not (isinstance(size, int) and size > 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {size!r}")
        allowed = (None, dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64)
        if self.acc_dtype not in allowed:
            raise ValueError(
                f"acc_dtype must be None, float16, bfloat16, float32 or float64, got {self.acc_dtype!r}"
            )


def linear_cross_entropy(
    input: Any, linear_weight: Any, target: Any, *, linear_bias: Any = None, weight: Any = None,
    reduction: str = "mean", ignore_index: int | None = None, label_smoothing: float = 0.0, options: Any = None,
) -> Any:  # fmt: skip
    """Return the `cross_entropy` of the logits ``input @ linear_weight.T + linear_bias``.

    ``input`` is ``(n, features)`` or ``(features,)``, ``linear_weight`` ``(classes, ..., features)`` and the bias of
    its shape without the last dimension. ``target`` holds class numbers ``(n, ...)``, of which those equal to
    ``ignore_index`` (-100 for None) do not count, or probabilities ``(n, classes, ...)``. ``options`` change nothing
    (see `nn.LinearCrossEntropyOptions`); a warning tells where PyTorch could not heed them. RuntimeError where shapes
    do not fit.

    >>> import wengert as torch
    >>> x, w = torch.eye(2), torch.zeros(3, 2)
    >>> torch.nn.functional.linear_cross_entropy(x, w, torch.tensor([0, 2]))
    tensor(1.0986)
    """
    op = "linear_cross_entropy"
    operands = {"input": input, "linear_weight": linear_weight, "target": target}
    for name, x in operands.items():
        require_tensor(op, x, name)
    if input.ndim not in (1, 2):
        raise ShapeError(
            f"{op}: expected input with dimensionality 1 or 2, (n, features), got {input.ndim}"
        )
    if linear_weight.ndim < 2:
        raise ShapeError(
            f"{op}: expected linear_weight with dimensionality at least 2, (classes, features), got "
            f"{linear_weight.ndim}"
        )
    features, outer = input.shape[-1], tuple(linear_weight.shape[:-1])
    if features != linear_weight.shape[-1]:
        raise ShapeError(
            f"{op}: expected equal input and linear_weight last dimensions (in_features), got {features} and "
            f"{linear_weight.shape[-1]}, respectively"
        )
    if linear_bias is not None and tuple(linear_bias.shape) != outer:
        raise ShapeError(
            f"{op}: expected linear_bias shape {outer}, got {tuple(linear_bias.shape)}"
        )
    if len(outer) > 1 and input.ndim == 1:
        raise ShapeError(
            f"{op}: linear_weight of shape {shape_text(linear_weight.shape)} requires batched input (n, {features}), "
            f"got unbatched input of shape {shape_text(input.shape)}. Use `input.unsqueeze(0)`."
        )
    shape = (*input.shape[:-1], *outer)
    if ignore_index is not None and tuple(target.shape) == shape:
        raise ShapeError(
            f"{op}: ignore_index cannot be specified when target contains probabilities, as one of the logits' shape "
            f"{shape_text(shape)} does"
        )
    chunked = not label_smoothing and dtype_of(target) == np.int64 and len(outer) == 1
    if options is not None and not chunked:
        warn(
            f"{op}: options ignored: chunks are there for class numbers of int64, weights of two dimensions and no "
            f"label smoothing"
        )
    if len(outer) > 1:
        linear_weight = linear_weight.reshape(math.prod(outer), features)
        linear_bias = None if linear_bias is None else linear_bias.reshape(-1)
    logits = linear(input, linear_weight, linear_bias).reshape(shape)
    return cross_entropy(
        logits, target, weight=weight, reduction=reduction, label_smoothing=label_smoothing,
        ignore_index=-100 if ignore_index is None else ignore_index,
    )  # fmt: skip

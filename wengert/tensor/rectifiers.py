"""Activation functions that are methods of tensors, too; `nn.functional` has them from here."""

from __future__ import annotations

from typing import Any

from wengert.core import dtypes
from wengert.errors import DTypeError, ShapeError
from wengert.rules import activation as rows
from wengert.rules import structural
from wengert.tensor.apply import of_floats, undefined
from wengert.tensor.numbers import real_of
from wengert.tensor.out import deliver
from wengert.tensor.promotion import dtype_of, require_tensor


def hardshrink(input: Any, lambd: float = 0.5, *, out: Any = None) -> Any:
    """Return ``input`` where its magnitude is above ``lambd``, else 0."""
    lambd = real_of("hardshrink", "lambd", lambd)
    made = of_floats("hardshrink", rows.hardshrink, input, {"limit": lambd})
    return made if out is None else deliver(made, out, exact=True)


def prelu(input: Any, weight: Any) -> Any:
    """Return ``input`` where it is positive, else ``weight * input``; a weight for each channel, dimension 1, or one.

    RuntimeError where the number of weights is neither 1 nor that of channels, or the dtypes differ.
    """
    require_tensor("prelu", input)
    require_tensor("prelu", weight, "weight")
    if dtype_of(input) != dtype_of(weight):
        raise DTypeError(
            f"prelu: Type promoting not supported. Got {input.dtype} and {weight.dtype}. Use `weight.to(input.dtype)`."
        )
    if dtypes.kind(dtype_of(input)) != "f":
        raise undefined("prelu", dtype_of(input))
    if weight.ndim > 1:
        raise ShapeError(
            f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}."
        )
    count = weight.numel()
    if count == 1 and input.ndim == 0:
        return rows.prelu(input, structural.reshape(weight, shape=()))
    channels = input.shape[1] if input.ndim > 1 else 1
    if count != 1 and not input.ndim:
        raise ShapeError("prelu: Not allow zero-dim input tensor with several weights.")
    if count not in (1, channels):
        raise ShapeError(
            f"prelu: Mismatch of parameter numbers and input channel size. Found parameter numbers = {count} and "
            f"channel size = {channels}."
        )
    if input.ndim > 1 and weight.ndim:
        weight = structural.reshape(weight, shape=(count, *(1,) * (input.ndim - 2)))
    return rows.prelu(input, weight)

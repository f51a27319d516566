"""Functions that pick and write elements under a boolean mask, which is broadcast against the tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import DTypeError, cannot_broadcast
from wengert.rules import indexing as rows
from wengert.rules import structural
from wengert.tape.storage import Recorded, handle
from wengert.tensor.out import deliver
from wengert.tensor.positions import known
from wengert.tensor.promotion import constant, dtype_of, require_tensor
from wengert.tensor.steps import Steps, applied, number, require_alike, spread, writing

__all__ = ["masked_fill", "masked_scatter", "masked_select"]


def masked_select(input: Any, mask: Any, *, out: Any = None) -> Any:
    """Return the elements where ``mask`` is true, as a vector; the two are broadcast against each other.

    >>> import wengert as torch
    >>> x = torch.tensor([1., -2., 3.])
    >>> torch.masked_select(x, x > 0)
    tensor([1., 3.])
    """
    require_tensor("masked_select", input)
    require_tensor("masked_select", mask, "mask")
    if dtype_of(mask).kind != "b":
        raise DTypeError(
            f"masked_select: expected BoolTensor for mask, got {mask.dtype}. Use `mask != 0`."
        )
    chosen = known("masked_select", mask, "Use `torch.where(mask, x, 0)`.")
    try:
        shape = np.broadcast_shapes(tuple(input.shape), chosen.shape)
    except ValueError:
        raise cannot_broadcast("masked_select", [tuple(input.shape), chosen.shape]) from None
    at = handle(np.flatnonzero(np.broadcast_to(chosen, shape)))
    made = rows.masked_select(spread(input, shape), at, axis=0, span=len(shape))
    return made if out is None else deliver(made, out, exact=True)


def _require_mask(op: str, x: Any, mask: Any) -> None:
    require_tensor(op, x)
    require_tensor(op, mask, "mask")
    if dtype_of(mask).kind != "b":
        raise DTypeError(
            f"{op} only supports boolean masks, but got mask with dtype {mask.dtype}. Use `mask != 0`."
        )
    try:
        np.broadcast_shapes(tuple(x.shape), tuple(mask.shape))
    except ValueError:
        raise cannot_broadcast(op, [tuple(x.shape), tuple(mask.shape)]) from None


def _masked_fill_steps(op: str, input: Any, mask: Any, value: Any) -> Steps:
    _require_mask(op, input, mask)
    row = rows.masked_fill_tensor if isinstance(value, Recorded) else rows.masked_fill
    return [(row, (mask, number(op, input, value)), {})]


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """Return ``input`` with a number or a 0-d tensor where ``mask`` is true. An overwritten element gets gradient 0.

    >>> import wengert as torch
    >>> x = torch.tensor([1., -2.])
    >>> x.masked_fill(x < 0, 0)
    tensor([1., 0.])
    """
    return applied(input, _masked_fill_steps("masked_fill", input, mask, value))


masked_fill_ = writing(_masked_fill_steps, "masked_fill_")


def _masked_scatter_steps(op: str, input: Any, mask: Any, source: Any) -> Steps:
    _require_mask(op, input, mask)
    require_tensor(op, source, "source")
    require_alike(op, input, source)
    shape = np.broadcast_shapes(tuple(input.shape), tuple(mask.shape))
    mask = spread(mask, shape)
    count = source.numel()
    turns = rows.turns(mask, size=count)
    if not count:
        return [(rows.masked_scatter, (mask, spread(constant(0, dtype_of(input)), shape)), {})]
    y = rows.index(structural.reshape(source, shape=(count,)), turns, axis=0, span=1)
    return [(rows.masked_scatter, (mask, y), {})]


def masked_scatter(input: Any, mask: Any, source: Any) -> Any:
    """Return ``input`` with the elements of ``source``, one after the other, where ``mask`` is true.

    RuntimeError when there are fewer than the mask takes.

    >>> import wengert as torch
    >>> mask = torch.tensor([False, True, True])
    >>> torch.masked_scatter(torch.zeros(3), mask, torch.tensor([5., 6., 7.]))
    tensor([0., 5., 6.])
    """
    return applied(input, _masked_scatter_steps("masked_scatter", input, mask, source))


masked_scatter_ = writing(_masked_scatter_steps, "masked_scatter_")

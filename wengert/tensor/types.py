"""Questions about dtypes: what operands promote to, and what converts to what."""

from __future__ import annotations

from typing import Any

from wengert.core import dtypes
from wengert.tensor import promotion

__all__ = ["can_cast", "promote_types", "result_type"]


def _given(op: str, name: str, d: Any) -> Any:
    if not isinstance(d, dtypes.dtype):
        raise TypeError(f"{op}(): argument '{name}' must be torch.dtype, not {type(d).__name__}.")
    return d


def promote_types(type1: Any, type2: Any) -> Any:
    """Return the smallest dtype that both promote to.

    >>> import wengert as torch
    >>> torch.promote_types(torch.int32, torch.float32), torch.promote_types(torch.uint8, torch.int8)
    (torch.float32, torch.int16)
    """
    one, two = _given("promote_types", "type1", type1), _given("promote_types", "type2", type2)
    return dtypes.public(dtypes.promote(one.numpy, two.numpy))


def result_type(tensor1: Any, tensor2: Any) -> Any:
    """Return the dtype of an operation on two tensors or numbers; a number counts by its kind only.

    >>> import wengert as torch
    >>> torch.result_type(torch.tensor([1, 2]), 1.5)
    torch.float32
    """
    operands = (promotion.operand("result_type", x) for x in (tensor1, tensor2))
    return dtypes.public(promotion.result_type(*operands))


def can_cast(from_: Any, to: Any) -> bool:
    """Say whether an operation may deliver a result of dtype ``from_`` into a tensor of dtype ``to``.

    Complex numbers do not go into floats, floats not into integers, numbers not into bools.

    >>> import wengert as torch
    >>> torch.can_cast(torch.double, torch.float), torch.can_cast(torch.float, torch.int)
    (True, False)
    """
    source, target = _given("can_cast", "from_", from_), _given("can_cast", "to", to)
    return bool(source.category <= target.category)

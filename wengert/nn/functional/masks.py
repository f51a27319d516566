"""Masks of attention by several heads: what they may be, which shapes they have, and the bias that they stand for.

Layers of transformers ask here in the names that their callers know; `multi_head` asks in its own. Knows no attention.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from wengert.core import dtypes
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.tape.provenance import warn
from wengert.tensor import comparison
from wengert.tensor.promotion import constant, dtype_of, require_tensor

MASK, PADDING = "attn_mask", "key_padding_mask"
"""What attention itself calls the mask of scores and the mask of keys."""


def bias(op: str, mask: Any, name: str, query: Any, other: Any = None, other_name: str = "") -> Any:
    """Return a mask that is true where nothing is to be seen as what is added to the scores; a float is that already.

    AssertionError for a mask of integers. Warns where ``other``, the mask beside it, has another dtype.
    """
    if mask is None:
        return None
    require_tensor(op, mask, name)
    dtype = dtype_of(mask)
    if dtype.kind != "b" and dtypes.kind(dtype) != "f":
        raise AssertionError(
            f"{op}: only bool and floating types of {name} are supported, and it is {mask.dtype}, of shape "
            f"{shape_text(mask.shape)}. Use `{name}.bool()` where what is not 0 hides, `{name} == 0` where it shows."
        )
    if other is not None:
        require_tensor(op, other, other_name)
        if dtype_of(other) != dtype:
            warn(
                f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both instead: in "
                f"{op} they are {mask.dtype} and {other.dtype}."
            )
    if dtype.kind != "b":
        return mask
    wanted = dtype_of(query)
    if dtypes.kind(wanted) != "f":
        raise DTypeError(
            f"{op}: query must be a floating tensor, and it is {query.dtype}, of shape {shape_text(query.shape)}. "
            f"Use `query.float()`."
        )
    return comparison.where(mask, constant(-math.inf, wanted), constant(0.0, wanted))


@dataclass(frozen=True)
class Extent:
    """How many queries, keys, examples and heads attention has; ``batched`` unless it was given one example alone."""

    queries: int
    keys: int
    batch: int
    heads: int
    batched: bool = True

    @classmethod
    def of(cls, query: Any, key: Any, heads: int, batch_first: bool) -> Extent | None:
        """Read it off what a layer was given, None where that is no query and key of one rank, 2 or 3."""
        if not query.ndim == key.ndim or query.ndim not in (2, 3):
            return None
        if query.ndim == 2:
            return cls(query.shape[0], key.shape[0], 1, heads, False)
        time = int(batch_first)
        return cls(query.shape[time], key.shape[time], query.shape[1 - time], heads)

    def require_mask(self, op: str, mask: Any, name: str = MASK) -> None:
        """Raise AssertionError for a mask of scores of another rank, RuntimeError for one of other sizes."""
        if mask is None:
            return
        self.require_mask_rank(op, mask, name)
        flat = mask.ndim == 2
        scores = (self.queries, self.keys)
        expected = scores if flat else (self.batch * self.heads, *scores)
        if tuple(mask.shape) == expected:
            return
        axes = "(queries, keys)" if flat else "(batch heads, queries, keys)"
        remedy = f"{self.queries} queries and {self.keys} keys want such a mask."
        if tuple(mask.shape) == (*expected[:-2], *scores[::-1]):
            remedy = f"Use `{name}.mT` if it was made as (keys, queries)."
        elif not flat and tuple(mask.shape) == (self.batch, *scores):
            remedy = f"Use `{name}.repeat_interleave({self.heads}, 0)`: each head has its own."
        kind = ShapeError if self.batched or flat else AssertionError
        raise kind(
            f"{op}: The shape of the {mask.ndim}D {name} is {shape_text(mask.shape)}, but should be {expected}, "
            f"{axes}. {remedy}"
        )

    def require_mask_rank(self, op: str, mask: Any, name: str = MASK) -> None:
        """Raise AssertionError for a mask of scores that has not 2 or 3 dimensions."""
        require_tensor(op, mask, name)
        if mask.ndim not in (2, 3):
            raise AssertionError(
                f"{op}: For {self._kind()} `query`, expected `{name}` to be `None`, 2-D or 3-D but found {mask.ndim}-D "
                f"tensor instead, of shape {shape_text(mask.shape)}. It is ({self.queries}, {self.keys}), (queries, "
                f"keys), or ({self.batch * self.heads}, {self.queries}, {self.keys}), one for each example and head."
            )

    def require_padding(self, op: str, mask: Any, name: str = PADDING) -> None:
        """Raise AssertionError for a mask of keys of another rank or other sizes."""
        if mask is None:
            return
        require_tensor(op, mask, name)
        expected: tuple[int, ...] = (self.batch, self.keys) if self.batched else (self.keys,)
        axes = "(batch, keys)" if self.batched else "(keys)"
        given = tuple(mask.shape)
        if given == expected:
            return
        said = f"{shape_text(given)}. It should be {shape_text(expected)}, {axes}."
        if len(given) != len(expected):
            raise AssertionError(
                f"{op}: For {self._kind()} `query`, expected `{name}` to be `None` or {len(expected)}-D but found "
                f"{len(given)}-D tensor instead, of shape {said}"
            )
        turned = f" Use `{name}.mT` if it was made as (keys, batch)."
        raise AssertionError(
            f"{op}: {name} does not fit the keys: its shape is {said}"
            f"{turned if len(given) == 2 and given == expected[::-1] else ''}"
        )

    def _kind(self) -> str:
        return "batched (3-D)" if self.batched else "unbatched (2-D)"

"""The check of memory: how the elements of results lie, for operands that lie in several ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

import wengert
from tests.parity.opdb import forms
from tests.parity.opdb.calls import fresh, tensors_in
from tests.parity.opdb.check_values import both
from tests.parity.opdb.outcome import Differs, NotApplicable, expected, found
from tests.parity.opdb.samples import Sample


def _transposed(t: torch.Tensor) -> torch.Tensor:
    return t.mT.contiguous().mT


def _reversed(t: torch.Tensor) -> torch.Tensor:
    order = tuple(reversed(range(t.dim())))
    return t.permute(order).contiguous().permute(order)


def _gapped(t: torch.Tensor) -> torch.Tensor:
    return torch.stack((_transposed(t), _transposed(t)), -1)[..., 0]


def _expanded(t: torch.Tensor) -> torch.Tensor:
    return t[:1].contiguous().expand_as(t)


LAYOUTS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "row by row": lambda t: t.contiguous(),
    "transposed": _transposed,
    "reversed": _reversed,
    "with gaps": _gapped,
    "expanded": _expanded,
}


def layout(sample: Sample, rtol: float | None) -> None:
    """Compare the strides of results where they tell: of dimensions of more than one element."""
    theirs, ours = both(sample, requires_grad=False)
    given, mine = theirs.tensors(), ours.tensors()
    lay = LAYOUTS[sample.variant]
    laid = [lay(t) if t.dim() > 1 and t.numel() else t for t in given]
    theirs = theirs.replacing(given, laid)
    ours = ours.replacing(mine, [fresh(t, wengert) for t in laid])
    fn = forms.function(sample.op)
    want = expected(lambda: theirs.of(sample.op.op))
    got = found(lambda: ours.of(fn))
    pairs = list(zip(tensors_in(want, torch), tensors_in(got, wengert), strict=True))
    if not pairs:
        raise NotApplicable("the result is no tensor")
    for number, (a, b) in enumerate(pairs):
        first, second = telling(a), telling(b)
        if first != second:
            raise Differs(
                f"strides of result {number} of shape {tuple(a.shape)}\n"
                f"    expected {first}\n    found    {second}"
            )
    both_sides = zip(
        _sharing([a for a, _ in pairs], laid),
        _sharing([b for _, b in pairs], ours.tensors()),
        strict=True,
    )
    for (name, first), (_, second) in both_sides:
        if first != second:
            raise Differs(f"{name} share memory: expected {first}, found {second}")


def _sharing(results: list[Any], operands: list[Any]) -> Iterator[tuple[str, Any]]:
    """Say which results share memory with an operand or an earlier result, in words that name the two.

    What shares memory must share its count of writes too.
    """
    tensors = [*operands, *results]
    for j, b in enumerate(results, len(operands)):
        for i, a in enumerate(tensors[:j]):
            name = f"{_named(i, operands)} and {_named(j, operands)}"
            if isinstance(a, torch.Tensor):
                yield name, bool(a.numel() and b.numel()) and _memory(a) == _memory(b)
            else:
                known = a._storage is not None and a._storage is b._storage
                overlap = np.shares_memory(a.detach().numpy(), b.detach().numpy())
                counted = known and bool(a.numel() and b.numel())
                yield name, "unknown to the tape" if overlap and not known else counted


def _named(i: int, operands: list[Any]) -> str:
    return f"operand {i}" if i < len(operands) else f"result {i - len(operands)}"


def _memory(t: torch.Tensor) -> int:
    return t.untyped_storage().data_ptr()


def telling(t: Any) -> tuple[int, ...]:
    """Return the strides of dimensions of more than one element; nothing of a tensor without elements."""
    if not t.numel():
        return ()
    return tuple(s for n, s in zip(t.shape, t.stride(), strict=True) if n > 1)

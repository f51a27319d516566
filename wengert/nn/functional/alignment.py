"""The loss of label sequences over all their alignments in time, as `nn.functional` and `torch` have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.errors import ShapeError, shape_text
from wengert.nn.functional.reducing import chosen_reduction, reduced
from wengert.rules import ctc as rows
from wengert.rules import indexing, structural
from wengert.tape.storage import Recorded, handle
from wengert.tensor import comparison
from wengert.tensor.promotion import dtype_of, require_tensor

__all__ = ["ctc_loss"]


def ctc_loss(
    log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int = 0, reduction: str = "mean",
    zero_infinity: bool = False,
) -> Any:  # fmt: skip
    """Return minus the log-probability of label sequences, summed over all ways to stretch them over time.

    ``log_probs (time, n, classes)`` are the logarithms of probabilities, as `log_softmax` gives them, in float32 or
    float64. ``targets`` are the labels, ``(n, s)`` with what is behind ``target_lengths`` unread, or one sequence
    behind the other in one dimension. ``input_lengths`` and ``target_lengths`` are tensors of integers, or sequences.
    A single sequence may come as ``(time, classes)``. A way is a label or the ``blank`` for every time, of which
    repetitions are dropped first and blanks then; where none is possible the loss is infinite, and the gradient NaN;
    with ``zero_infinity`` both are 0.

    ``reduction`` is "none", "sum" or "mean", which divides each loss by the number of its labels (by 1 where there are
    none) first. The gradient is ``exp(log_probs)`` less what each label's share of the ways is: that of the loss of
    log-probabilities that stay normalized, as behind `log_softmax`.

    RuntimeError for lengths, shapes and a blank that do not go together, IndexError for a target that is no class,
    NotImplementedError for other dtypes. Source: Graves and others, Connectionist temporal classification, 2006.

    >>> import wengert as torch
    >>> steps = torch.full((3, 1, 2), 0.5).log()
    >>> torch.nn.functional.ctc_loss(steps, torch.tensor([[1]]), [3], [1]).exp()
    tensor(1.3333)
    """
    reduction = chosen_reduction(reduction)
    losses, sizes = _losses(log_probs, targets, input_lengths, target_lengths, blank, zero_infinity)
    if reduction == "mean":
        losses = losses / handle(
            np.maximum(sizes, 1).reshape(losses.shape).astype(dtype_of(losses))
        )
    return reduced(losses, reduction)


_REDUCTIONS = ("none", "mean", "sum")


def ctc_loss_by_number(
    log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int = 0, reduction: int = 0,
    zero_infinity: bool = False,
) -> Any:  # fmt: skip
    """Return `nn.functional.ctc_loss` with the reduction by its number: 0 none, 1 mean, 2 sum.

    0 is what `torch.ctc_loss` does by default, although its signature says mean.
    """
    name = _REDUCTIONS[reduction] if 0 <= reduction < len(_REDUCTIONS) else "none"
    return ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, name, zero_infinity)


ctc_loss_by_number.__qualname__ = "ctc_loss"  # as `torch` spells it


def _losses(
    log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int, finite: bool
) -> tuple[Any, Any]:
    op = "ctc_loss"
    require_tensor(op, log_probs, "log_probs")
    require_tensor(op, targets, "targets")
    if isinstance(input_lengths, Recorded) != isinstance(target_lengths, Recorded):
        raise TypeError(
            f"{op}: input_lengths and target_lengths must both be tensors or both tuples, not {input_lengths!r} and "
            f"{target_lengths!r}. Use `.tolist()` of the tensor."
        )
    lengths = _whole_numbers("input_lengths", input_lengths)
    sizes = _whole_numbers("target_lengths", target_lengths)
    single = log_probs.ndim == 2
    if log_probs.ndim not in (2, 3):
        raise ShapeError(
            f"{op}: expected log_probs of 3 dimensions (time, n, classes), or 2 for a single sequence, but got shape "
            f"{shape_text(log_probs.shape)}."
        )
    if not log_probs.numel():
        raise ShapeError(
            f"{op}: log_probs tensor must not be empty, but got shape {shape_text(log_probs.shape)}."
        )
    if dtype_of(log_probs) not in (np.float32, np.float64):
        raise NotImplementedError(
            f'"{op}" not implemented for {log_probs.dtype} log_probs. Use `log_probs.float()`.'
        )
    x = structural.unsqueeze(log_probs, dim=1) if single else log_probs
    time, n, classes = x.shape
    _require_lengths("input_lengths", lengths, n, time, "the times of log_probs")
    _require_lengths("target_lengths", sizes, n, None, "")
    if not 0 <= blank < classes:
        raise RuntimeError(
            f"{op}: blank must be in label range, from 0 to {classes - 1}, but is {blank}."
        )
    labels = _padded(targets, n, sizes)
    losses = rows.ctc(
        x, labels, handle(np.array(lengths, np.int64)), handle(np.array(sizes, np.int64)),
        blank=int(blank), finite=bool(finite),
    )  # fmt: skip
    if finite:
        losses = comparison.where(losses == np.inf, 0.0, losses)
    return (structural.squeeze_dim(losses, dims=(0,)) if single else losses), np.array(sizes)


def _whole_numbers(name: str, given: Any) -> list[int]:
    """Return lengths, given as a tensor or a sequence, as ints."""
    tensor: Any = given
    if isinstance(given, Recorded):
        if dtype_of(given).kind not in "iu":
            raise RuntimeError(
                f"ctc_loss: {name} must be integral, but its dtype is {tensor.dtype}. Use `{name}.long()`."
            )
        return tensor.reshape(-1).tolist()  # type: ignore[no-any-return]
    if isinstance(given, Sequence) and not isinstance(given, str):
        if all(isinstance(v, int | np.integer) for v in given):
            return [int(v) for v in given]
    raise TypeError(
        f"ctc_loss: {name} must be a tensor of integers, or a tuple or list of them, not {given!r}. For a single "
        f"sequence, use `torch.tensor(length)` or `(length,)`."
    )


def _require_lengths(name: str, values: list[int], n: int, most: int | None, of: str) -> None:
    if len(values) != n:
        raise ShapeError(
            f"ctc_loss: {name} must be of size batch_size, which is {n}, but has {len(values)} elements."
        )
    if min(values) < 0:
        raise RuntimeError(
            f"ctc_loss: Expected {name} to have value at least 0, but got value {min(values)}."
        )
    if most is not None and max(values) > most:
        raise RuntimeError(
            f"ctc_loss: Expected {name} to have value at most {most}, {of}, but got value {max(values)}."
        )


def _padded(targets: Any, n: int, sizes: list[int]) -> Any:
    """Return labels as ``(n, longest)`` integers; RuntimeError where there are fewer than the lengths say."""
    if dtype_of(targets) != np.int64:
        targets = targets.long()
    longest, shape = max(sizes), tuple(targets.shape)
    if len(shape) == 2:
        if shape[0] != n or shape[1] < longest:
            raise ShapeError(
                f"ctc_loss: expected targets of shape (n, s) with n = {n}, the batch size, and s at least {longest}, "
                f"the largest of target_lengths, but got shape {shape_text(shape)}."
            )
        return structural.slice_(targets, index=(slice(None), slice(0, longest)))
    if len(shape) != 1:
        raise ShapeError(
            f"ctc_loss: expected targets of 1 or 2 dimensions, (n, s) or all sequences in a row, but got shape "
            f"{shape_text(shape)}."
        )
    if shape[0] != sum(sizes):
        raise ShapeError(
            f"ctc_loss: expected targets in a row to have size {sum(sizes)}, the sum of target_lengths, but got "
            f"{shape[0]}. Use a matrix (n, s) for padded targets."
        )
    counts = np.array(sizes)
    first = np.cumsum(counts) - counts
    steps = np.minimum(np.arange(longest), np.maximum(counts - 1, 0)[:, None])
    at = np.minimum(first[:, None] + steps, max(shape[0] - 1, 0))
    return indexing.index(targets, handle(at), axis=0, span=1)

"""Functions of networks that look vectors up by numbers: `embedding`, and `one_hot`, its matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.silence import silently
from wengert.errors import DTypeError, OutOfRangeError, ShapeError
from wengert.nn.advice import MAX_NORM
from wengert.rules import elementwise, structural
from wengert.rules import indexing as rows
from wengert.tape.mode import no_grad
from wengert.tape.provenance import advise
from wengert.tape.storage import concrete, handle
from wengert.tensor import inplace
from wengert.tensor.copies import contiguous
from wengert.tensor.numbers import double_of, require_flags, whole_of
from wengert.tensor.positions import INT64, checked, known, require_integers
from wengert.tensor.promotion import cast_to, dtype_of, own_array, require_tensor

__all__ = ["embedding", "one_hot"]

advise(MAX_NORM)


def embedding(
    input: Any, weight: Any, padding_idx: int | None = None, max_norm: float | None = None,
    norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Any:  # fmt: skip
    """Return the rows of ``weight (n, d)`` with the numbers ``input (...)``: ``(..., d)``.

    The row ``padding_idx`` gets no gradient. With ``max_norm``, rows that are looked up and longer than that (in the
    norm of order ``norm_type``) are first shortened to it, in ``weight`` itself. ``scale_grad_by_freq`` divides a
    row's gradient by how often it is looked up. Gradients are dense, whatever ``sparse`` says.

    Raises IndexError for numbers outside, RuntimeError for inputs that are no int64 or int32 and weights that are no
    matrix, AssertionError for a padding outside.

    >>> import wengert as torch
    >>> weight = torch.tensor([[0., 0.], [1., 2.], [3., 4.]])
    >>> torch.nn.functional.embedding(torch.tensor([2, 1]), weight)
    tensor([[3., 4.],
            [1., 2.]])
    """
    if max_norm is not None:
        max_norm = double_of("embedding", "max_norm", max_norm)
    norm_type = double_of("embedding", "norm_type", norm_type)
    require_integers("embedding", input, name="indices")
    require_flags("embedding", scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)
    require_tensor("embedding", weight, "weight")
    if weight.ndim != 2:
        raise ShapeError(f"embedding(): 'weight' must be 2-D, got {weight.ndim} dimensions")
    count = weight.shape[0]
    if padding_idx is not None:
        padding_idx = whole_of("embedding", "padding_idx", padding_idx)
        if not -count <= padding_idx < count:
            raise AssertionError(
                f"embedding(): Padding_idx must be within num_embeddings, got {padding_idx} for {count}"
            )
        padding_idx %= count
    at = checked("embedding", input, count, 0, wrap=False)
    if max_norm is not None:
        _shorten(weight, at, max_norm, norm_type)
    return rows.embedding(weight, at, padding_idx=padding_idx, by_frequency=scale_grad_by_freq)


def embedding_renorm_(weight: Any, indices: Any, max_norm: float, norm_type: float) -> Any:
    """Shorten the rows of ``weight (n, d)`` with the numbers ``indices`` to at most ``max_norm``, in place.

    The norm is of the order ``norm_type``. IndexError for numbers outside, RuntimeError for no matrix.

    >>> import wengert as torch
    >>> torch.embedding_renorm_(torch.tensor([[3., 4.], [6., 8.]]), torch.tensor([0]), 1., 2.)
    tensor([[0.6000, 0.8000],
            [6.0000, 8.0000]])
    """
    require_integers("embedding_renorm_", indices, name="indices")
    require_tensor("embedding_renorm_", weight, "weight")
    if weight.ndim != 2:
        raise ShapeError(f"embedding_renorm_(): 'weight' must be 2-D, got {weight.ndim} dimensions")
    at = checked("embedding_renorm_", indices, weight.shape[0], 0, wrap=False)
    _shorten(weight, at, max_norm, norm_type)
    return weight


def _shorten(weight: Any, at: Any, max_norm: float, norm_type: float) -> None:
    """Scale the rows that are looked up to a norm of at most ``max_norm``, in place and unrecorded."""
    used = np.unique(known("embedding with max_norm", at, "Shorten the weights outside."))
    raw = concrete(weight, "embedding with max_norm")[used]
    shorter = handle(_of_norm(raw, max_norm, norm_type))
    with no_grad():
        inplace.write(
            weight, rows.put, (handle(used), shorter), {"axis": 0, "span": 1}, "embedding"
        )


@silently
def _of_norm(rows: Array, most: float, order: float) -> Array:
    norms = np.linalg.norm(rows, order, axis=1, keepdims=True)
    scale = np.where(norms > most, most / (norms + 1e-7), 1.0)
    return np.multiply(rows, scale, dtype=rows.dtype)


def one_hot(input: Any, num_classes: int = -1) -> Any:
    """Return vectors of zeros with a one at the numbers ``input (...)`` (int64): ``(..., num_classes)``, int64.

    Without ``num_classes`` there are as many as the largest number asks for. RuntimeError for numbers outside.

    >>> import wengert as torch
    >>> torch.nn.functional.one_hot(torch.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    require_tensor("one_hot", input)
    if dtype_of(input) != np.int64:
        raise DTypeError(
            f"one_hot is only applicable to index tensor of type LongTensor, got {input.dtype}. Use `.long()`."
        )
    num_classes = whole_of("one_hot", "num_classes", num_classes)
    if num_classes == -1:
        raw = known("one_hot", input, "Give `num_classes`.")
        if not raw.size:
            raise ShapeError("one_hot: Can not infer total number of classes from empty tensor.")
        num_classes = max(int(raw.max()) + 1, 1)
    elif num_classes < 1:
        raise ShapeError(f"one_hot: num_classes must be positive, got {num_classes}.")
    try:
        at = checked("one_hot", contiguous(input), num_classes, -1, wrap=False)
    except OutOfRangeError as error:
        raise OutOfRangeError(
            f"one_hot: Class values must be non-negative, and be smaller than num_classes. They are indices: {error}."
        ) from None
    classes = own_array(np.arange(num_classes))
    return cast_to(elementwise.eq(structural.unsqueeze(at, dim=at.ndim), classes), INT64)

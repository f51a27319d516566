"""Sequences of different lengths: padded to one tensor, or packed step by step without padding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from wengert.core import dtypes
from wengert.errors import ShapeError, refuser, shape_text
from wengert.rules import indexing
from wengert.tape.storage import handle
from wengert.tensor import filled, joining
from wengert.tensor.promotion import cast_to, dtype_of, require_tensor
from wengert.tensor.tensor import Tensor

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence",
    "pad_sequence", "unpack_sequence", "unpad_sequence",
]  # fmt: skip


class _Fields(NamedTuple):
    data: Any
    batch_sizes: Any
    sorted_indices: Any = None
    unsorted_indices: Any = None


class PackedSequence(_Fields):
    """The steps of several sequences, the first steps of all of them first; made by `pack_padded_sequence`.

    ``data`` holds the steps, ``batch_sizes`` how many sequences reach each step, ``sorted_indices`` in which order the
    sequences stand, the longest first, and ``unsorted_indices`` how to put them back.
    """

    __slots__ = ()

    def __new__(
        cls, data: Any, batch_sizes: Any = None, sorted_indices: Any = None, unsorted_indices: Any = None
    ) -> PackedSequence:  # fmt: skip
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            if not isinstance(data, list | tuple) or len(data) != 2:
                raise AssertionError(
                    f"PackedSequence: Expected data to be a list or tuple of length 2, (data, batch_sizes), where no "
                    f"batch_sizes are given, and it is a {type(data).__name__}."
                )
            data, batch_sizes = data
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Convert the data; itself when nothing changes."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else self._replace(data=data)

    def double(self) -> PackedSequence:
        """Convert the data to float64."""
        return self.to(dtypes.float64)

    def float(self) -> PackedSequence:
        """Convert the data to float32."""
        return self.to(dtypes.float32)

    def half(self) -> PackedSequence:
        """Convert the data to float16."""
        return self.to(dtypes.float16)

    def cpu(self) -> PackedSequence:
        """Return it as it is, on the CPU."""
        return self

    @property
    def is_cuda(self) -> bool:
        """Always false: there is one device, "cpu"."""
        return False


def invert_permutation(permutation: Any) -> Any:
    """Return the permutation that undoes one; None for None."""
    if permutation is None:
        return None
    return handle(np.argsort(permutation.detach().numpy(), kind="stable"))


def _places(lengths: Any) -> tuple[Any, Any, Any]:
    """Return the step and the column of each packed step, and how many sequences reach each step."""
    inside = np.arange(lengths.max())[:, None] < lengths
    step, column = np.nonzero(inside)
    return step, column, inside.sum(1)


def pack_padded_sequence(
    input: Any, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack padded sequences ``(time, batch, ...)``, or ``(batch, time, ...)`` with ``batch_first``.

    ``lengths`` must be in decreasing order, unless ``enforce_sorted=False``. Raises RuntimeError otherwise, and for
    lengths that do not fit.

    >>> import wengert as torch
    >>> x = torch.tensor([[1., 2.], [3., 0.]])
    >>> torch.nn.utils.rnn.pack_padded_sequence(x, [2, 1]).data
    tensor([1., 2., 3.])
    """
    require_tensor("pack_padded_sequence", input)
    if input.ndim < 2:
        axes = "(batch, time, ...)" if batch_first else "(time, batch, ...)"
        raise IndexError(
            f"pack_padded_sequence: Dimension out of range: the input is {axes}, and its shape is "
            f"{shape_text(input.shape)}."
        )
    if not input.numel():
        raise ShapeError(
            f"pack_padded_sequence: Cannot pack empty tensors, and the input's shape is {shape_text(input.shape)}."
        )
    sizes = np.asarray(
        lengths.detach().numpy() if isinstance(lengths, Tensor) else lengths, dtype=np.int64
    )
    batch_dim, time_dim = (0, 1) if batch_first else (1, 0)
    if sizes.ndim != 1:
        raise ShapeError(
            f"pack_padded_sequence: 'lengths' argument should be a 1D CPU int64 tensor, or a list of ints, one for "
            f"each sequence, but got {sizes.ndim} dimensions."
        )
    if len(sizes) != input.shape[batch_dim]:
        raise ShapeError(
            f"pack_padded_sequence: Expected `len(lengths)` to be equal to batch_size, but got {sizes.size} "
            f"(batch_size={input.shape[batch_dim]})"
        )
    if not sizes.size or sizes.min() <= 0:
        raise ShapeError(
            "pack_padded_sequence: Length of all samples has to be greater than 0, but found an element in 'lengths' "
            "that is <= 0"
        )
    if sizes.max() > input.shape[time_dim]:
        raise ShapeError(
            f"pack_padded_sequence: a length is {sizes.max()}, and the input has {input.shape[time_dim]} steps. "
            f"Expected `lengths` of at most that."
        )
    order = None
    if not enforce_sorted:
        places = np.argsort(-sizes, kind="stable")
        sizes, order = sizes[places], handle(places)
        input = input.index_select(batch_dim, order)
    elif (np.diff(sizes) > 0).any():
        raise ShapeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you "
            "do not need ONNX exportability."
        )
    step, column, batch_sizes = _places(sizes)
    width = input.shape[batch_dim]
    x = input.transpose(0, 1).contiguous() if batch_first else input
    data = indexing.index(x, handle(step * width + column), axis=0, span=2)
    return PackedSequence(data, handle(batch_sizes.astype(np.int64)), order, None)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Any, Any]:  # fmt: skip
    """Undo `pack_padded_sequence`: return padded sequences in their first order, and their lengths.

    ValueError for a ``total_length`` below the longest.
    """
    sizes = sequence.batch_sizes.detach().numpy()
    steps, batch = len(sizes), int(sizes[0])
    if total_length is not None and total_length < steps:
        raise ValueError(
            f"Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {steps}"
        )
    lengths = (sizes[:, None] > np.arange(batch)).sum(0)
    step, column, _ = _places(lengths)
    data = sequence.data
    count = steps if total_length is None else total_length
    padding = filled.full((1, *data.shape[1:]), padding_value, dtype=data.dtype)
    places = np.full((count, batch), len(data))
    places[step, column] = np.arange(len(data))
    back = sequence.unsorted_indices
    if back is not None:
        order = back.detach().numpy()
        places, lengths = places[:, order], lengths[order]
    if batch_first:
        places = places.T
    lengthened = joining.cat([data, padding])
    out = indexing.index(lengthened, handle(np.ascontiguousarray(places)), axis=0, span=1)
    return out, handle(lengths.astype(np.int64))


def pad_sequence(
    sequences: Any, batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Any:  # fmt: skip
    """Return sequences ``(length, ...)`` in one tensor ``(longest, batch, ...)``, filled up on one side.

    It has the first sequence's dtype. RuntimeError for none, and where sizes other than the lengths differ.

    >>> import wengert as torch
    >>> torch.nn.utils.rnn.pad_sequence([torch.ones(2), torch.ones(1)], batch_first=True)
    tensor([[1., 1.],
            [1., 0.]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        )
    if padding_side not in ("left", "right"):
        raise RuntimeError(
            f"pad_sequence: padding_side must be 'left' or 'right', and it is {padding_side!r}."
        )
    given = list(sequences)
    if not given:
        raise RuntimeError("received an empty list of sequences")
    for k, x in enumerate(given):
        require_tensor("pad_sequence", x, f"sequences[{k}]")
        if not x.ndim:
            raise ShapeError(
                f"pad_sequence: sequences are (length, ...), and sequences[{k}] is a single number. Use "
                f"`torch.stack` on numbers."
            )
        if tuple(x.shape[1:]) != tuple(given[0].shape[1:]):
            raise ShapeError(
                f"pad_sequence: all sizes but the lengths must match those of the first sequence: sequences[0] is "
                f"{shape_text(given[0].shape)} and sequences[{k}] is "
                f"{shape_text(x.shape)}."
            )
    given = [cast_to(x, dtype_of(given[0])) for x in given]
    longest = max(len(x) for x in given)
    whole = []
    for x in given:
        padding = filled.full((longest - len(x), *x.shape[1:]), padding_value, dtype=x.dtype)
        parts = [x, padding] if padding_side == "right" else [padding, x]
        whole.append(x if len(x) == longest else joining.cat(parts))
    return joining.stack(whole, 0 if batch_first else 1)


def unpad_sequence(padded_sequences: Any, lengths: Any, batch_first: bool = False) -> list[Any]:
    """Return the sequences of a padded tensor without their padding."""
    batch = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [x[: int(n)] for x, n in zip(batch, lengths, strict=True)]


def pack_sequence(sequences: Any, enforce_sorted: bool = True) -> PackedSequence:
    """Pack a list of sequences ``(length, ...)``; see `pack_padded_sequence`."""
    given = list(sequences)
    for k, x in enumerate(given):
        require_tensor("pack_sequence", x, f"sequences[{k}]")
    lengths = [len(x) if x.ndim else 1 for x in given]
    return pack_padded_sequence(pad_sequence(given), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Any]:
    """Return the sequences of a packed one as a list."""
    return unpad_sequence(
        *pad_packed_sequence(packed_sequences, batch_first=True), batch_first=True
    )


__getattr__ = refuser(__name__, "torch.nn.utils.rnn")

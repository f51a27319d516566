"""Methods that change the shape: views, and tensors rearranged."""

from __future__ import annotations

from typing import Any

from wengert.core.shapes import broadcasts_to, size_argument
from wengert.errors import ShapeError, shape_text
from wengert.tape.provenance import warn_once
from wengert.tape.storage import Recorded
from wengert.tensor import (
    copies,
    diagonals,
    parts,
    rearranging,
    reductions,
    splitting,
    turning,
    views,
)
from wengert.tensor.inplace import in_place


class ShapeMethods(Recorded):
    """Views and rearrangements."""

    __slots__ = ()

    reshape = views.reshape
    view = views.view
    flatten = views.flatten
    unflatten = views.unflatten
    ravel = views.ravel
    transpose, transpose_ = views.transpose, turning.transpose_
    swapaxes, swapaxes_ = views.swapaxes, turning.swapaxes_
    swapdims, swapdims_ = views.swapdims, turning.swapdims_
    t, t_ = views.t, turning.t_
    permute = views.permute
    movedim = views.movedim
    moveaxis = views.moveaxis
    expand = views.expand
    unsqueeze, unsqueeze_ = views.unsqueeze, turning.unsqueeze_
    squeeze, squeeze_ = views.squeeze, turning.squeeze_
    resize_ = turning.resize_
    resize_as_ = turning.resize_as_
    broadcast_to = views.broadcast_to
    expand_as = views.expand_as
    view_as = views.view_as
    reshape_as = views.reshape_as

    select = parts.select
    narrow = parts.narrow
    narrow_copy = copies.narrow_copy
    diagonal = parts.diagonal
    fill_diagonal_ = diagonals.fill_diagonal_
    unfold = parts.unfold
    as_strided, as_strided_ = parts.as_strided, turning.as_strided_
    select_scatter = parts.select_scatter
    slice_scatter = parts.slice_scatter
    diagonal_scatter = parts.diagonal_scatter
    as_strided_scatter = parts.as_strided_scatter

    def split(self, split_size: Any, dim: int = 0) -> tuple[Any, ...]:
        """`torch.split`: pieces of one size, or of the sizes in a list."""
        return splitting.split(self, split_size, dim)

    split_with_sizes = splitting.split_with_sizes
    chunk = splitting.chunk
    tensor_split = splitting.tensor_split
    hsplit = splitting.hsplit
    vsplit = splitting.vsplit
    dsplit = splitting.dsplit
    unbind = splitting.unbind
    unsafe_split = splitting.unsafe_split
    unsafe_split_with_sizes = splitting.unsafe_split_with_sizes
    unsafe_chunk = splitting.unsafe_chunk

    flip = rearranging.flip
    fliplr = rearranging.fliplr
    flipud = rearranging.flipud
    roll = rearranging.roll
    rot90 = rearranging.rot90
    repeat = rearranging.repeat
    tile = rearranging.tile
    repeat_interleave = rearranging.repeat_interleave
    tril, tril_ = rearranging.tril, in_place(rearranging.tril)
    triu, triu_ = rearranging.triu, in_place(rearranging.triu)
    diag = rearranging.diag
    diag_embed = rearranging.diag_embed
    diagflat = rearranging.diagflat

    def sum_to_size(self, size: Any, *more: Any) -> Any:
        """Sum over what broadcasting from ``size`` would have added; RuntimeError where it does not broadcast."""
        target = size_argument("sum_to_size", (size, *more))
        shape = tuple(self._payload.shape)
        if not broadcasts_to(target, shape):
            raise ShapeError(
                f"sum_to_size: size {shape_text(target)} is not expandable to size {shape_text(shape)}."
            )
        if not target:
            return reductions.sum(self)
        extra = len(shape) - len(target)
        axes = [i for i, n in enumerate(shape) if i < extra or target[i - extra] != n]
        return views.reshape(reductions.sum(self, axes) if axes else self, target)

    @property
    def T(self) -> Any:
        """The dimensions in reverse order, as a view; other than two of them warn, as in PyTorch."""
        rank = len(self._payload.shape)
        if rank not in (0, 2):
            warn_once(
                "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it "
                "will throw an error in a future release. Consider `x.mT` to transpose batches of matrices or "
                "`x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor."
            )
        if not rank:
            _warn_of_no_dimensions("T")
        return views.permute(self, tuple(range(rank))[::-1])

    @property
    def mT(self) -> Any:
        """The last two dimensions exchanged, as a view."""
        rank = len(self._payload.shape)
        if not rank:
            _warn_of_no_dimensions("mT")
            return self
        if rank < 2:
            raise ShapeError(
                f"tensor.mT is only supported on matrices or batches of matrices. Got {rank}-D tensor."
            )
        return views.transpose(self, -2, -1)


def _warn_of_no_dimensions(name: str) -> None:
    """Warn, once, that a tensor without dimensions has none to exchange."""
    warn_once(
        f"Tensor.{name} is deprecated on 0-D tensors. This function is the identity in these cases."
    )

"""Methods that change the shape: views, and tensors rearranged."""

from __future__ import annotations

from typing import Any

from wengert.core.shapes import size_argument
from wengert.tape.storage import Recorded
from wengert.tensor import views


class ShapeMethods(Recorded):
    """Views and rearrangements."""

    __slots__ = ()

    reshape = views.reshape
    view = views.view
    flatten = views.flatten
    transpose = views.transpose
    t = views.t
    permute = views.permute
    expand = views.expand
    unsqueeze = views.unsqueeze
    squeeze = views.squeeze
    split = views.split
    chunk = views.chunk
    unbind = views.unbind

    def broadcast_to(self, *shape: Any) -> Any:
        """Same as `torch.broadcast_to`."""
        return views.broadcast_to(self, size_argument("broadcast_to", shape))

    def expand_as(self, other: Any) -> Any:
        """Expand to another tensor's shape."""
        return views.expand(self, tuple(other.shape))

    def view_as(self, other: Any) -> Any:
        """View in another tensor's shape."""
        return views.view(self, tuple(other.shape))

    def reshape_as(self, other: Any) -> Any:
        """Reshape to another tensor's shape."""
        return views.reshape(self, tuple(other.shape))

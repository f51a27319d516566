"""Padding as layers: with a value, with reflections, with the edge, or around a circle."""

from __future__ import annotations

from typing import Any

from wengert.nn import functional
from wengert.nn.layers.sizes import repeated, require_dims
from wengert.nn.module import Module

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d",
    "ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d",
    "ReplicationPad3d", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d",
]  # fmt: skip


class _Pad(Module):
    """Padding by ``(left, right, top, bottom, front, back)``, of which as many count as there are dimensions."""

    dims: int
    mode: str

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = repeated(padding, 2 * self.dims)

    def forward(self, input: Any) -> Any:
        """Return the padded input."""
        return functional.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        """Return the padding."""
        return str(self.padding)


class _CircularPadNd(_Pad):
    mode = "circular"

    def forward(self, input: Any) -> Any:
        """Return the padded input."""
        require_dims(input, self.dims + 1, self.dims + 2)
        return functional.pad(input, self.padding, self.mode)


class CircularPad1d(_CircularPadNd):
    """Continue the last dimension of ``(n, c, l)`` or ``(c, l)`` around a circle."""

    dims = 1


class CircularPad2d(_CircularPadNd):
    """Continue the last two dimensions around circles."""

    dims = 2


class CircularPad3d(_CircularPadNd):
    """Continue the last three dimensions around circles."""

    dims = 3


class _ReflectionPadNd(_Pad):
    mode = "reflect"


class ReflectionPad1d(_ReflectionPadNd):
    """Reflect the last dimension at its ends.

    >>> import wengert as torch
    >>> torch.nn.ReflectionPad1d((2, 1))
    ReflectionPad1d((2, 1))
    """

    dims = 1


class ReflectionPad2d(_ReflectionPadNd):
    """Reflect the last two dimensions at their ends."""

    dims = 2


class ReflectionPad3d(_ReflectionPadNd):
    """Reflect the last three dimensions at their ends."""

    dims = 3


class _ReplicationPadNd(_Pad):
    mode = "replicate"


class ReplicationPad1d(_ReplicationPadNd):
    """Repeat the first and the last value of the last dimension."""

    dims = 1


class ReplicationPad2d(_ReplicationPadNd):
    """Repeat the values at the edges of the last two dimensions."""

    dims = 2


class ReplicationPad3d(_ReplicationPadNd):
    """Repeat the values at the faces of the last three dimensions."""

    dims = 3


class _ConstantPadNd(_Pad):
    mode = "constant"

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Any) -> Any:
        """Return the padded input."""
        return functional.pad(input, self.padding, self.mode, self.value)

    def extra_repr(self) -> str:
        """Return padding and value."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPadNd):
    """Put a value around the last dimension."""

    dims = 1


class ConstantPad2d(_ConstantPadNd):
    """Put a value around the last two dimensions."""

    dims = 2


class ConstantPad3d(_ConstantPadNd):
    """Put a value around the last three dimensions."""

    dims = 3


class ZeroPad1d(ConstantPad1d):
    """Put zeros around the last dimension."""

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """Return the padding."""
        return str(self.padding)


class ZeroPad2d(ConstantPad2d):
    """Put zeros around the last two dimensions."""

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """Return the padding."""
        return str(self.padding)


class ZeroPad3d(ConstantPad3d):
    """Put zeros around the last three dimensions."""

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """Return the padding."""
        return str(self.padding)

"""Pooling as layers: maxima, means and power means over windows, or over a grid of a chosen size."""

from __future__ import annotations

from typing import Any

from wengert.nn import functional
from wengert.nn.layers.sizes import repeated
from wengert.nn.module import Module

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "FractionalMaxPool2d", "FractionalMaxPool3d",
    "LPPool1d", "LPPool2d", "LPPool3d", "MaxPool1d", "MaxPool2d", "MaxPool3d", "MaxUnpool1d", "MaxUnpool2d",
    "MaxUnpool3d",
]  # fmt: skip


class _MaxPoolNd(Module):
    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def _pooled(self, function: Any, input: Any) -> Any:
        return function(
            input, self.kernel_size, self.stride, self.padding, self.dilation, ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Return the arguments."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPoolNd):
    """The largest value of each window of ``(n, c, l)``; with ``return_indices`` where it stands, too."""

    def forward(self, input: Any) -> Any:
        """Return the pooled input."""
        return self._pooled(functional.max_pool1d, input)


class MaxPool2d(_MaxPoolNd):
    """The largest value of each window of ``(n, c, h, w)``.

    >>> import wengert as torch
    >>> torch.nn.MaxPool2d(2)
    MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
    """

    def forward(self, input: Any) -> Any:
        """Return the pooled input."""
        return self._pooled(functional.max_pool2d, input)


class MaxPool3d(_MaxPoolNd):
    """The largest value of each window of ``(n, c, d, h, w)``."""

    def forward(self, input: Any) -> Any:
        """Return the pooled input."""
        return self._pooled(functional.max_pool3d, input)


class _FractionalMaxPool(Module):
    dims: int

    def __init__(
        self, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False,
        _random_samples: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size = repeated(kernel_size, self.dims)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else repeated(output_size, self.dims)
        self.output_ratio = None if output_ratio is None else repeated(output_ratio, self.dims)
        name = type(self).__name__
        if output_size is None and output_ratio is None:
            raise ValueError(
                f"{name} requires specifying either an output size, or a pooling ratio."
            )
        if output_size is not None and output_ratio is not None:
            raise ValueError(f"{name}: only one of output_size and output_ratio may be specified.")
        if self.output_ratio is not None and not all(0 < share < 1 for share in self.output_ratio):
            raise ValueError(f"{name}: output_ratio must be between 0 and 1 (got {output_ratio}).")

    def _pooled(self, function: Any, input: Any) -> Any:
        return function(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices, self._random_samples
        )  # fmt: skip


class FractionalMaxPool2d(_FractionalMaxPool):
    """The largest value of windows of ``(n, c, h, w)`` at drawn distances; see `functional.fractional_max_pool2d`."""

    dims = 2

    def forward(self, input: Any) -> Any:
        """Return the pooled input."""
        return self._pooled(functional.fractional_max_pool2d, input)


class FractionalMaxPool3d(_FractionalMaxPool):
    """The largest value of windows of ``(n, c, d, h, w)`` at drawn distances."""

    dims = 3

    def forward(self, input: Any) -> Any:
        """Return the pooled input."""
        return self._pooled(functional.fractional_max_pool3d, input)


class _MaxUnpoolNd(Module):
    dims: int

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = repeated(kernel_size, self.dims)
        self.stride = repeated(kernel_size if stride is None else stride, self.dims)
        self.padding = repeated(padding, self.dims)

    def _unpooled(self, function: Any, input: Any, indices: Any, output_size: Any) -> Any:
        return function(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpoolNd):
    """Put the maxima of `MaxPool1d` back where they stood, among zeros."""

    dims = 1

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Any:
        """Return the larger signal."""
        return self._unpooled(functional.max_unpool1d, input, indices, output_size)


class MaxUnpool2d(_MaxUnpoolNd):
    """Put the maxima of `MaxPool2d` back where they stood, among zeros."""

    dims = 2

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Any:
        """Return the larger image."""
        return self._unpooled(functional.max_unpool2d, input, indices, output_size)


class MaxUnpool3d(_MaxUnpoolNd):
    """Put the maxima of `MaxPool3d` back where they stood, among zeros."""

    dims = 3

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Any:
        """Return the larger volume."""
        return self._unpooled(functional.max_unpool3d, input, indices, output_size)


class _AvgPoolNd(Module):
    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
        count_include_pad: bool = True, divisor_override: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def _pooled(self, function: Any, input: Any) -> Any:
        return function(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad,
            self.divisor_override,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(_AvgPoolNd):
    """The mean of each window of ``(n, c, l)``; zeros of the padding count unless ``count_include_pad=False``."""

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:  # fmt: skip
        stride = kernel_size if stride is None else stride
        super().__init__(
            repeated(kernel_size, 1), repeated(stride, 1), repeated(padding, 1), ceil_mode, count_include_pad
        )  # fmt: skip

    def forward(self, input: Any) -> Any:
        """Return the pooled input."""
        return functional.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )  # fmt: skip


class AvgPool2d(_AvgPoolNd):
    """The mean of each window of ``(n, c, h, w)``; ``divisor_override`` divides by another number than its size."""

    def forward(self, input: Any) -> Any:
        """Return the pooled input."""
        return self._pooled(functional.avg_pool2d, input)


class AvgPool3d(_AvgPoolNd):
    """The mean of each window of ``(n, c, d, h, w)``."""

    def forward(self, input: Any) -> Any:
        """Return the pooled input."""
        return self._pooled(functional.avg_pool3d, input)


class _LPPoolNd(Module):
    def __init__(
        self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def _pooled(self, function: Any, input: Any) -> Any:
        return function(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPoolNd):
    """``(sum of x ** p) ** (1 / p)`` of each window of ``(n, c, l)``, ``p = norm_type``."""

    def forward(self, input: Any) -> Any:
        """Return the pooled input."""
        return self._pooled(functional.lp_pool1d, input)


class LPPool2d(_LPPoolNd):
    """``(sum of x ** p) ** (1 / p)`` of each window of ``(n, c, h, w)``."""

    def forward(self, input: Any) -> Any:
        """Return the pooled input."""
        return self._pooled(functional.lp_pool2d, input)


class LPPool3d(_LPPoolNd):
    """``(sum of x ** p) ** (1 / p)`` of each window of ``(n, c, d, h, w)``."""

    def forward(self, input: Any) -> Any:
        """Return the pooled input."""
        return self._pooled(functional.lp_pool3d, input)


class _AdaptivePool(Module):
    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        """Return the size."""
        return f"output_size={self.output_size}"


class _AdaptiveMaxPoolNd(_AdaptivePool):
    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """The largest value in each of ``output_size`` parts."""

    def forward(self, input: Any) -> Any:
        """Return the pooled input."""
        return functional.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """The largest value in each field of a grid of ``output_size``; None in it keeps a dimension."""

    def forward(self, input: Any) -> Any:
        """Return the pooled input."""
        return functional.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """The largest value in each block of a grid of ``output_size``."""

    def forward(self, input: Any) -> Any:
        """Return the pooled input."""
        return functional.adaptive_max_pool3d(input, self.output_size, self.return_indices)


class _AdaptiveAvgPoolNd(_AdaptivePool):
    """The average pools among them."""


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """The mean of each of ``output_size`` parts."""

    def forward(self, input: Any) -> Any:
        """Return the pooled input."""
        return functional.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """The mean of each field of a grid of ``output_size``; None in it keeps a dimension."""

    def forward(self, input: Any) -> Any:
        """Return the pooled input."""
        return functional.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """The mean of each block of a grid of ``output_size``."""

    def forward(self, input: Any) -> Any:
        """Return the pooled input."""
        return functional.adaptive_avg_pool3d(input, self.output_size)

"""Convolutions as layers; the mathematics stands in `functional`."""

from __future__ import annotations

import math
from typing import Any

from wengert.nn import functional, init
from wengert.nn.layers.linear import reset_bias
from wengert.nn.layers.sizes import repeated
from wengert.nn.module import Module
from wengert.nn.parameter import unset

__all__ = [
    "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d",
]  # fmt: skip

MODES = ("zeros", "reflect", "replicate", "circular")


class _ConvNd(Module):
    """What convolutions of all dimensions share: arguments, parameters, text."""

    dims: int
    transposed = False

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
        output_padding: Any, groups: int, bias: bool, padding_mode: str, device: Any, dtype: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        n = self.dims
        stride, dilation = repeated(stride, n), repeated(dilation, n)
        self._check(in_channels, out_channels, stride, padding, groups, padding_mode)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = repeated(kernel_size, n)
        self.stride = stride
        self.padding = padding if isinstance(padding, str) else repeated(padding, n)
        self.dilation = dilation
        self.output_padding = repeated(output_padding, n)
        self.groups = groups
        self.padding_mode = padding_mode
        first, second = out_channels, in_channels // groups
        if self.transposed:
            first, second = in_channels, out_channels // groups
        self.weight = unset(first, second, *self.kernel_size, device=device, dtype=dtype)
        self.register_parameter(
            "bias", unset(out_channels, device=device, dtype=dtype) if bias else None
        )
        self.reset_parameters()

    def _check(
        self, ins: int, outs: int, stride: Any, padding: Any, groups: int, padding_mode: str
    ) -> None:
        """Raise ValueError for arguments that do not fit."""
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        for name, channels in (("in_channels", ins), ("out_channels", outs)):
            if channels % groups:
                raise ValueError(f"{name} must be divisible by groups")
        if isinstance(padding, str) and padding not in ("same", "valid"):
            raise ValueError(f"Invalid padding string {padding!r}, should be 'same' or 'valid'")
        if padding == "same" and any(s != 1 for s in stride):
            raise ValueError("padding='same' is not supported for strided convolutions")
        if padding_mode not in MODES:
            raise ValueError(
                f"padding_mode must be one of {MODES}, but got padding_mode='{padding_mode}'"
            )
        if self.transposed and padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, uniform in ``+-1 / sqrt(fan_in)``."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        reset_bias(self)

    def _around(self) -> list[int]:
        """Return the padding before and after each dimension, the last one first, as `functional.pad` takes it."""
        found: list[int] = []
        for i in reversed(range(self.dims)):
            if isinstance(self.padding, str):
                total = self.dilation[i] * (self.kernel_size[i] - 1) * (self.padding == "same")
                found += [total // 2, total - total // 2]
            else:
                found += [self.padding[i]] * 2
        return found

    def _convolved(self, function: Any, input: Any) -> Any:
        """Return the convolution, after padding that is not with zeros."""
        padding = self.padding
        if self.padding_mode != "zeros":
            input = functional.pad(input, self._around(), mode=self.padding_mode)
            padding = (0,) * self.dims
        return function(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )

    def _output_padding(self, input: Any, output_size: Any) -> Any:
        """Return the output padding that gives ``output_size``; ValueError where none does."""
        n = self.dims
        if output_size is None:
            return self.output_padding
        sizes = list(output_size)
        spatial = len(sizes) - n
        if spatial in (1, 2) and len(sizes) == input.ndim:
            sizes = sizes[-n:]
        if len(sizes) != n:
            raise ValueError(
                f"{type(self).__name__}: for {input.ndim}D input, output_size must have {n} or {input.ndim} elements "
                f"(got {len(sizes)})"
            )
        low = [
            (size - 1) * s - 2 * p + d * (k - 1) + 1
            for size, s, p, d, k in zip(
                input.shape[-n:], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]  # fmt: skip
        high = [a + s - 1 for a, s in zip(low, self.stride, strict=True)]
        if any(not a <= size <= b for size, a, b in zip(sizes, low, high, strict=True)):
            raise ValueError(
                f"requested an output size of {sizes}, but valid sizes range from {low} to {high} (for an input of "
                f"{list(input.shape[-n:])})"
            )
        return tuple(size - a for size, a in zip(sizes, low, strict=True))

    def extra_repr(self) -> str:
        """Return the arguments that are not the usual ones."""
        n = self.dims
        parts = [
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        ]
        if self.padding != (0,) * len(self.padding):
            parts.append(f"padding={self.padding}")
        if self.dilation != (1,) * n:
            parts.append(f"dilation={self.dilation}")
        if self.output_padding != (0,) * n:
            parts.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class _Conv(_ConvNd):
    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
        dilation: Any = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros", device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode, device,
            dtype,
        )  # fmt: skip


class Conv1d(_Conv):
    """The cross-correlation of signals ``(n, c, l)`` or ``(c, l)`` with a trained kernel; see `functional.conv1d`.

    ``padding_mode``: with what is padded: "zeros", "reflect", "replicate", "circular".
    """

    dims = 1

    def forward(self, input: Any) -> Any:
        """Return the convolution of the input."""
        return self._convolved(functional.conv1d, input)


class Conv2d(_Conv):
    """The cross-correlation of images ``(n, c, h, w)`` or ``(c, h, w)`` with a trained kernel.

    >>> import wengert as torch
    >>> torch.nn.Conv2d(3, 8, 3, padding=1)
    Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    """

    dims = 2

    def forward(self, input: Any) -> Any:
        """Return the convolution of the input."""
        return self._convolved(functional.conv2d, input)


class Conv3d(_Conv):
    """The cross-correlation of volumes ``(n, c, d, h, w)`` or ``(c, d, h, w)`` with a trained kernel."""

    dims = 3

    def forward(self, input: Any) -> Any:
        """Return the convolution of the input."""
        return self._convolved(functional.conv3d, input)


class _ConvTransposeNd(_ConvNd):
    transposed = True

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
        output_padding: Any = 0, groups: int = 1, bias: bool = True, dilation: Any = 1, padding_mode: str = "zeros",
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, groups, bias,
            padding_mode, device, dtype,
        )  # fmt: skip

    def _spread(self, function: Any, input: Any, output_size: Any) -> Any:
        extra = self._output_padding(input, output_size)
        return function(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )  # fmt: skip


class ConvTranspose1d(_ConvTransposeNd):
    """The transpose of `Conv1d`, which makes signals longer; ``output_size`` chooses among the possible lengths."""

    dims = 1

    def forward(self, input: Any, output_size: Any = None) -> Any:
        """Return the transposed convolution of the input."""
        return self._spread(functional.conv_transpose1d, input, output_size)


class ConvTranspose2d(_ConvTransposeNd):
    """The transpose of `Conv2d`, which makes images larger."""

    dims = 2

    def forward(self, input: Any, output_size: Any = None) -> Any:
        """Return the transposed convolution of the input."""
        return self._spread(functional.conv_transpose2d, input, output_size)


class ConvTranspose3d(_ConvTransposeNd):
    """The transpose of `Conv3d`, which makes volumes larger."""

    dims = 3

    def forward(self, input: Any, output_size: Any = None) -> Any:
        """Return the transposed convolution of the input."""
        return self._spread(functional.conv_transpose3d, input, output_size)

"""Layers that learn the size of their input from the first one: then they become ordinary layers."""

from __future__ import annotations

import itertools
from typing import Any

from wengert.core import dtypes
from wengert.nn.layers import batch, convolution, linear
from wengert.nn.uninitialized import UninitializedBuffer, UninitializedParameter, is_lazy
from wengert.tape.mode import no_grad
from wengert.tensor import creation

__all__ = [
    "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d", "LazyConv1d", "LazyConv2d", "LazyConv3d",
    "LazyConvTranspose1d", "LazyConvTranspose2d", "LazyConvTranspose3d", "LazyInstanceNorm1d", "LazyInstanceNorm2d",
    "LazyInstanceNorm3d", "LazyLinear",
]  # fmt: skip


class LazyModuleMixin:
    """Makes a module lazy: inherited before its class, it calls `initialize_parameters` before the first forward.

    The class defines ``initialize_parameters(*args, **kwargs)``, which is given the forward's arguments and
    materializes all parameters; afterwards the module becomes one of ``cls_to_become``, if that is a class.
    RuntimeError where a parameter is left.
    """

    cls_to_become: Any = None

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._initialize_hook = self.register_forward_pre_hook(
            self._infer_parameters, with_kwargs=True
        )

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Materialize the parameters for these arguments of forward; subclasses define it."""
        raise NotImplementedError(
            f"initialize_parameters is not implemented for {type(self).__name__}"
        )

    def has_uninitialized_params(self: Any) -> bool:
        """Say whether a parameter or buffer of the module has no shape yet."""
        return any(map(is_lazy, itertools.chain(self._parameters.values(), self._buffers.values())))

    def _infer_parameters(self: Any, module: Any, args: Any, kwargs: Any = None) -> None:
        module.initialize_parameters(*args, **(kwargs or {}))
        if module.has_uninitialized_params():
            raise RuntimeError(
                f"module {self._get_name()} has not been fully initialized: its initialize_parameters has to "
                f"materialize every parameter and buffer."
            )
        module._initialize_hook.remove()
        del module._initialize_hook
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become


class _Lazy(LazyModuleMixin):
    """What the lazy layers here share: they draw their first weights when there are any."""

    _size: str

    def reset_parameters(self: Any) -> None:
        """Draw the weights anew, unless their shape is not known."""
        if not self.has_uninitialized_params() and getattr(self, self._size) != 0:
            super().reset_parameters()  # type: ignore[misc]

    def _put(self: Any, bias: bool, device: Any, dtype: Any) -> None:
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def _fill(self: Any, weight: tuple[int, ...], bias: int) -> None:
        self.weight.materialize(weight)
        if self.bias is not None:
            self.bias.materialize((bias,))
        self.reset_parameters()


class LazyLinear(_Lazy, linear.Linear):
    """A `Linear` that takes ``in_features`` from the last dimension of its first input, and then is one.

    >>> import wengert as torch
    >>> layer = torch.nn.LazyLinear(2)
    >>> layer
    LazyLinear(in_features=0, out_features=2, bias=True)
    >>> layer(torch.ones(4, 3)).shape
    torch.Size([4, 2])
    >>> layer
    Linear(in_features=3, out_features=2, bias=True)
    """

    cls_to_become = linear.Linear
    _size = "in_features"

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(0, 0, False)
        self.out_features = out_features
        self._put(bias, device, dtype)

    def initialize_parameters(self, input: Any) -> None:
        """Take the number of features from an input."""
        features = input.shape[-1]
        if self.has_uninitialized_params():
            with no_grad():
                self.in_features = features
                self._fill((self.out_features, features), self.out_features)
        if self.in_features == 0:
            if features != self.weight.shape[-1]:
                raise AssertionError(
                    f"The in_features inferred from input: {features} is not equal to in_features from self.weight: "
                    f"{self.weight.shape[-1]}"
                )
            self.in_features = features


class _LazyConvNd(_Lazy):
    _size = "in_channels"

    def initialize_parameters(self: Any, input: Any, *args: Any, **kwargs: Any) -> None:
        """Take the number of channels from an input, with or without a batch dimension."""
        if not self.has_uninitialized_params():
            return
        dims = self.dims
        if input.dim() not in (dims + 1, dims + 2):
            raise RuntimeError(
                f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {type(self).__name__}, but got "
                f"input of size: {input.shape}"
            )
        channels = input.shape[-dims - 1]
        if channels % self.groups:
            raise ValueError(
                f"in_channels must be divisible by groups: the input has {channels} channels for {self.groups} groups."
            )
        self.in_channels = channels
        ends = channels, self.out_channels // self.groups
        if not self.transposed:
            ends = self.out_channels, channels // self.groups
        self._fill((*ends, *self.kernel_size), self.out_channels)


class _LazyConv(_LazyConvNd):
    def __init__(
        self: Any, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
        groups: int = 1, bias: bool = True, padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode, device, dtype
        )
        self.out_channels = out_channels
        self._put(bias, device, dtype)


class LazyConv1d(_LazyConv, convolution.Conv1d):
    """A `Conv1d` that takes ``in_channels`` from its first input."""

    cls_to_become = convolution.Conv1d


class LazyConv2d(_LazyConv, convolution.Conv2d):
    """A `Conv2d` that takes ``in_channels`` from its first input."""

    cls_to_become = convolution.Conv2d


class LazyConv3d(_LazyConv, convolution.Conv3d):
    """A `Conv3d` that takes ``in_channels`` from its first input."""

    cls_to_become = convolution.Conv3d


class _LazyConvTranspose(_LazyConvNd):
    def __init__(
        self: Any, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
        groups: int = 1, bias: bool = True, dilation: Any = 1, padding_mode: str = "zeros", device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            0, 0, kernel_size, stride, padding, output_padding, groups, False, dilation, padding_mode, device, dtype
        )  # fmt: skip
        self.out_channels = out_channels
        self._put(bias, device, dtype)


class LazyConvTranspose1d(_LazyConvTranspose, convolution.ConvTranspose1d):
    """A `ConvTranspose1d` that takes ``in_channels`` from its first input."""

    cls_to_become = convolution.ConvTranspose1d


class LazyConvTranspose2d(_LazyConvTranspose, convolution.ConvTranspose2d):
    """A `ConvTranspose2d` that takes ``in_channels`` from its first input."""

    cls_to_become = convolution.ConvTranspose2d


class LazyConvTranspose3d(_LazyConvTranspose, convolution.ConvTranspose3d):
    """A `ConvTranspose3d` that takes ``in_channels`` from its first input."""

    cls_to_become = convolution.ConvTranspose3d


class _LazyNorm(_Lazy):
    _size = "num_features"

    def __init__(
        self: Any, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, device: Any = None, dtype: Any = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(0, eps, momentum, False, False, device, dtype, bias=False)
        self.affine, self.track_running_stats = affine, track_running_stats
        if affine:
            self._put(bias, device, dtype)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(device=device, dtype=dtype)
            self.running_var = UninitializedBuffer(device=device, dtype=dtype)
            self.num_batches_tracked = creation.tensor(0, dtype=dtypes.int64, device=device)

    def initialize_parameters(self: Any, input: Any) -> None:
        """Take the number of channels from an input's second dimension."""
        if not self.has_uninitialized_params():
            return
        self.num_features = features = input.shape[1]
        if self.track_running_stats:
            self.running_mean.materialize((features,))
            self.running_var.materialize((features,))
        if self.affine:
            self._fill((features,), features)
        else:
            self.reset_parameters()


class LazyBatchNorm1d(_LazyNorm, batch.BatchNorm1d):
    """A `BatchNorm1d` that takes ``num_features`` from its first input."""

    cls_to_become = batch.BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, batch.BatchNorm2d):
    """A `BatchNorm2d` that takes ``num_features`` from its first input."""

    cls_to_become = batch.BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, batch.BatchNorm3d):
    """A `BatchNorm3d` that takes ``num_features`` from its first input."""

    cls_to_become = batch.BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm, batch.InstanceNorm1d):
    """An `InstanceNorm1d` that takes ``num_features`` from its first input."""

    cls_to_become = batch.InstanceNorm1d


class LazyInstanceNorm2d(_LazyNorm, batch.InstanceNorm2d):
    """An `InstanceNorm2d` that takes ``num_features`` from its first input."""

    cls_to_become = batch.InstanceNorm2d


class LazyInstanceNorm3d(_LazyNorm, batch.InstanceNorm3d):
    """An `InstanceNorm3d` that takes ``num_features`` from its first input."""

    cls_to_become = batch.InstanceNorm3d

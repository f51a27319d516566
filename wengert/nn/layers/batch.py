"""Normalization with running statistics: per channel over the batch, or over each example alone."""

from __future__ import annotations

import warnings
from typing import Any

from wengert.core import dtypes
from wengert.nn import functional, init
from wengert.nn.layers.sizes import require_dims
from wengert.nn.module import Module
from wengert.nn.parameter import unset
from wengert.tensor import creation, filled

__all__ = [
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d",
    "SyncBatchNorm",
]  # fmt: skip


class _NormBase(Module):
    """Parameters and statistics per channel. Version 2 of its state counts batches."""

    _version = 2
    dims: tuple[int, ...]

    def __init__(
        self, num_features: int, eps: float, momentum: float | None, affine: bool, track_running_stats: bool,
        bias: bool, device: Any, dtype: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            made = unset(num_features, device=device, dtype=dtype) if wanted else None
            self.register_parameter(name, made)
        for name in ("running_mean", "running_var"):
            made = filled.empty(num_features, device=device, dtype=dtype)
            self.register_buffer(name, made if track_running_stats else None)
        count = (
            creation.tensor(0, dtype=dtypes.int64, device=device) if track_running_stats else None
        )
        self.register_buffer("num_batches_tracked", count)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Set the statistics to mean 0 and variance 1, of no batch."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Reset the statistics, the weight to ones and the bias to zeros."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check_input_dim(self, input: Any) -> None:
        """Raise ValueError for an input of another number of dimensions."""
        require_dims(input, *self.dims)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, *rest: Any
    ) -> None:
        version = local_metadata.get("version")
        key = f"{prefix}num_batches_tracked"
        if (version is None or version < 2) and self.track_running_stats and key not in state_dict:
            state_dict[key] = self.num_batches_tracked
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class _BatchNorm(_NormBase):
    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, device: Any = None, dtype: Any = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, bias, device, dtype
        )

    def forward(self, input: Any) -> Any:
        """Return the normalized input: by its own statistics in training, else by the running ones.

        ``momentum=None`` averages over all batches alike.
        """
        self._check_input_dim(input)
        share = 0.0 if self.momentum is None else self.momentum
        counted = (
            self.training and self.track_running_stats and self.num_batches_tracked is not None
        )
        if counted and self.momentum is None:
            share = 1.0 / (float(self.num_batches_tracked) + 1)
        known = not self.training or self.track_running_stats
        mean, var = (self.running_mean, self.running_var) if known else (None, None)
        own = self.training or (self.running_mean is None and self.running_var is None)
        out = functional.batch_norm(input, mean, var, self.weight, self.bias, own, share, self.eps)
        if counted:
            self.num_batches_tracked.add_(1)
        return out


class BatchNorm1d(_BatchNorm):
    """Normalize each channel of ``(n, c)`` or ``(n, c, l)`` over the batch, and keep running statistics.

    >>> import wengert as torch
    >>> torch.nn.BatchNorm1d(3)
    BatchNorm1d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
    """

    dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Normalize each channel of ``(n, c, h, w)`` over the batch, and keep running statistics."""

    dims = (4,)


class BatchNorm3d(_BatchNorm):
    """Normalize each channel of ``(n, c, d, h, w)`` over the batch, and keep running statistics."""

    dims = (5,)


class SyncBatchNorm(_BatchNorm):
    """`BatchNorm1d` and its kin for any number of dimensions from two on, over the batches of all processes.

    There is one process here, so that it normalizes as those do.
    """

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, process_group: Any = None, device: Any = None, dtype: Any = None, *,
        bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )
        self.process_group = process_group

    def _check_input_dim(self, input: Any) -> None:
        if input.dim() < 2:
            raise ValueError(f"expected at least 2D input (got {input.dim()}D input)")

    @classmethod
    def convert_sync_batchnorm(cls, module: Any, process_group: Any = None) -> Any:
        """Return a module with a `SyncBatchNorm` in the place of each `BatchNorm1d` and its kin, of the same tensors.

        >>> import wengert as torch
        >>> torch.nn.SyncBatchNorm.convert_sync_batchnorm(torch.nn.Sequential(torch.nn.BatchNorm1d(2)))[0]
        SyncBatchNorm(2, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
        """
        made = module
        if isinstance(module, _BatchNorm):
            made = cls(
                module.num_features, module.eps, module.momentum, module.affine, module.track_running_stats,
                process_group, bias=module.bias is not None,
            )  # fmt: skip
            if module.affine:
                made.weight, made.bias = module.weight, module.bias
            made.running_mean, made.running_var = module.running_mean, module.running_var
            made.num_batches_tracked = module.num_batches_tracked
            made.training = module.training
        for name, child in module.named_children():
            made.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return made


class _InstanceNorm(_NormBase):
    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = False,
        track_running_stats: bool = False, device: Any = None, dtype: Any = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, bias, device, dtype
        )

    def forward(self, input: Any) -> Any:
        """Return the input with each channel of each example normalized; without batch dimension as one example."""
        self._check_input_dim(input)
        single = input.dim() == self.dims[0]
        channels = 0 if single else 1
        if input.shape[channels] != self.num_features:
            if self.affine:
                raise ValueError(
                    f"expected input's size at dim={channels} to match num_features ({self.num_features}), but got: "
                    f"{input.shape[channels]}."
                )
            warnings.warn(
                f"input's size at dim={channels} does not match num_features. You can silence this warning by not "
                f"passing in num_features, which is not used because affine=False",
                stacklevel=3,
            )
        out = functional.instance_norm(
            input.unsqueeze(0) if single else input, self.running_mean, self.running_var, self.weight, self.bias,
            self.training or not self.track_running_stats, 0.0 if self.momentum is None else self.momentum, self.eps,
        )  # fmt: skip
        return out.squeeze(0) if single else out


class InstanceNorm1d(_InstanceNorm):
    """Normalize each channel of each example of ``(n, c, l)`` or ``(c, l)``."""

    dims = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Normalize each channel of each example of ``(n, c, h, w)`` or ``(c, h, w)``."""

    dims = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Normalize each channel of each example of ``(n, c, d, h, w)`` or ``(c, d, h, w)``."""

    dims = (4, 5)

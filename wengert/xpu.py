"""PyTorch's ``torch.xpu`` where there are none of Intel's GPUs: it answers as `wengert.mps` does."""

from __future__ import annotations

from wengert.errors import refuser
from wengert.mps import device_count, is_available, manual_seed

__all__ = ["device_count", "is_available", "manual_seed"]

__getattr__ = refuser(__name__, "torch.xpu")

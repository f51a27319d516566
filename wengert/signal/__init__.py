"""PyTorch's ``torch.signal``: windows."""

from wengert.errors import refuser
from wengert.signal import windows as windows

__all__ = ["windows"]

__getattr__ = refuser(__name__, "torch.signal")

"""PyTorch's ``torch.version``: which release this is, and that it was built for no accelerator."""

from __future__ import annotations

__version__ = "0.1.0"
cuda = hip = rocm = xpu = git_version = None
debug = False

"""PyTorch's ``torch.utils.hooks``: handles by which hooks are removed."""

from __future__ import annotations

from wengert.errors import refuser
from wengert.tape.hooks import RemovableHandle as RemovableHandle

__all__ = ["RemovableHandle"]

__getattr__ = refuser(__name__, "torch.utils.hooks")

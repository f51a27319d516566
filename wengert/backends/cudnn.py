"""Flags of NVIDIA's cuDNN. They can be set, as programs do before they look for a GPU, and change nothing here."""

from __future__ import annotations

from wengert.errors import refuser

benchmark = False
deterministic = False
enabled = True
allow_tf32 = True


def is_available() -> bool:
    """Say whether cuDNN is there: False."""
    return False


def version() -> None:
    """Return the version of cuDNN: None, for there is none."""
    return None


__getattr__ = refuser(__name__, "torch.backends.cudnn")

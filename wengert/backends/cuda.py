"""NVIDIA's CUDA, which Wengert does not compute with."""

from __future__ import annotations

from wengert.errors import refuser


def is_built() -> bool:
    """Say whether this build could use it: False."""
    return False


__getattr__ = refuser(__name__, "torch.backends.cuda")

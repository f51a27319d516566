"""opt_einsum, which finds an order for products of many tensors, which Wengert does not compute with."""

from __future__ import annotations

from wengert.errors import refuser


def is_available() -> bool:
    """Say whether it can be used: False."""
    return False


__getattr__ = refuser(__name__, "torch.backends.opt_einsum")

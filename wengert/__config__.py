"""PyTorch's ``torch.__config__``: what computes, in words."""

from __future__ import annotations

import platform

import numpy as np

from wengert.errors import refuser
from wengert.settings import get_num_threads
from wengert.version import __version__

__all__ = ["parallel_info", "show"]


def show() -> str:
    """Describe what this library was built on, one part a line."""
    return (
        f"Wengert {__version__} with:\n"
        f"  - Python {platform.python_version()}\n"
        f"  - NumPy {np.__version__}, whose BLAS multiplies matrices\n"
    )


def parallel_info() -> str:
    """Describe how many threads compute."""
    return f"Wengert parallel info:\n\tget_num_threads() : {get_num_threads()}\n"


__getattr__ = refuser(__name__, "torch.__config__")

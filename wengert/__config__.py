"""What computes here, as text: PyTorch's ``torch.__config__``."""

from __future__ import annotations

import platform

import numpy as np

from wengert.core import blas
from wengert.settings import get_num_threads
from wengert.version import __version__

__all__ = ["parallel_info", "show"]


def show() -> str:
    """Return with which versions of what Wengert computes."""
    return (
        f"Wengert {__version__} computes with:\n"
        f"  - Python {platform.python_version()} on {platform.platform()}\n"
        f"  - NumPy {np.__version__}, BLAS {_blas()}\n"
    )


def parallel_info() -> str:
    """Return how many threads compute matrix products, and which library they are of."""
    return f"threads of matrix products: {get_num_threads()}\nBLAS: {_blas()}\n"


def _blas() -> str:
    found = blas.control()
    return found.file if found is not None else "of NumPy's own choice"

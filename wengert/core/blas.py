"""How many threads the BLAS computes with that NumPy has loaded: asked and told through its own exported functions.

A library that exports none of these (Apple's Accelerate, for one) decides for itself.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

SPELLINGS: Final = (
    ("scipy_openblas_get_num_threads64_", "scipy_openblas_set_num_threads64_"),
    ("scipy_openblas_get_num_threads", "scipy_openblas_set_num_threads"),
    ("openblas_get_num_threads64_", "openblas_set_num_threads64_"),
    ("openblas_get_num_threads", "openblas_set_num_threads"),
    ("MKL_Get_Max_Threads", "MKL_Set_Num_Threads"),
    ("bli_thread_get_num_threads", "bli_thread_set_num_threads"),
)
"""What OpenBLAS (as NumPy's wheels carry it, and as systems install it), MKL and BLIS call the two functions."""


class Control(NamedTuple):
    """The two functions of a BLAS, and the file it was loaded from."""

    get: Callable[[], int]
    set: Callable[[int], object]
    file: str


@cache
def control() -> Control | None:
    """Return how NumPy's BLAS is asked and told its number of threads; None if it offers no way."""
    for file in _loaded():
        try:
            library = ctypes.CDLL(file)
        except OSError:
            continue
        for get, set in SPELLINGS:
            if hasattr(library, get) and hasattr(library, set):
                return Control(library[get], library[set], file)
    return None


def _loaded() -> Iterator[str]:
    """Paths of libraries that may be NumPy's BLAS: those that its wheel brought, then those that are loaded."""
    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        yield from (str(file) for file in sorted(folder.glob("*openblas*")))
    if sys.platform == "linux":
        maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
        paths = dict.fromkeys(line.split()[-1] for line in maps.splitlines() if ".so" in line)
        for path in paths:
            name = os.path.basename(path)
            if any(part in name for part in ("blas", "mkl_rt", "blis")):
                yield path

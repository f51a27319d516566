"""What `importlib.metadata` says of the package `torch` while that name means Wengert.

Packages choose by it: `accelerate`, `transformers` and others ask for the version before they import anything. Loaded
when something first asks.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any, Final

__all__ = ["TorchDistribution", "distributions"]

_TOLD: Final = """Metadata-Version: 2.1
Name: torch
Version: {version}
Summary: PyTorch's API on NumPy: Wengert, under the name torch in this process
"""


class TorchDistribution(Distribution):
    """The package `torch`, of the version that ``torch.__version__`` gives. It has no files of its own."""

    def read_text(self, filename: str) -> str | None:
        """Return what a file of the package's metadata would hold; None for one that there is not."""
        if filename in ("METADATA", "PKG-INFO"):
            return _TOLD.format(version=sys.modules["wengert"].__version__)
        return "torch\n" if filename == "top_level.txt" else None

    def locate_file(self, path: Any) -> Any:
        """Return where a file of the package would be: beside Wengert's folder."""
        return Path(str(sys.modules["wengert"].__file__)).parent.parent / path


def distributions(name: str | None) -> Iterable[Distribution]:
    """Return the package, if it is the one that is asked for or all are."""
    asked = "torch" if name is None else re.sub(r"[-_.]+", "-", name).lower()
    return [TorchDistribution()] if asked == "torch" else []

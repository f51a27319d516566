"""PyTorch's ``torch.torch_version``: which PyTorch Wengert speaks for, in words that can be compared."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["FOLLOWED", "TorchVersion"]

FOLLOWED = "2.13.0"
"""The release of PyTorch whose names and meaning Wengert follows."""


class TorchVersion(str):
    """A version that compares as versions do, with strings, with tuples and with packaging's `Version`.

    >>> version = TorchVersion("2.13.0+wengert.0.1.0")
    >>> version >= "2.8", version < (2, 14), version > "2.13.0rc1", version == "2.13"
    (True, True, True, False)
    """

    __slots__ = ()
    __hash__ = str.__hash__

    def __lt__(self, other: Any) -> bool:
        return _order(self) < _order(other)

    def __le__(self, other: Any) -> bool:
        return _order(self) <= _order(other)

    def __gt__(self, other: Any) -> bool:
        return _order(self) > _order(other)

    def __ge__(self, other: Any) -> bool:
        return _order(self) >= _order(other)

    def __eq__(self, other: object) -> bool:
        return _order(self) == _order(other)

    def __ne__(self, other: object) -> bool:
        return _order(self) != _order(other)


def _order(version: Any) -> tuple[Any, ...]:
    """Return what orders versions: the numbers, whether they are final, and the local label behind a plus sign."""
    text = ".".join(map(str, version)) if isinstance(version, tuple | list) else str(version)
    numbers, early, local = re.fullmatch(  # type: ignore[union-attr]
        r"v?([\d.]*)([^+]*)\+?(.*)", text.strip(), re.DOTALL
    ).groups()
    release = [int(n) for n in numbers.split(".") if n]
    while release and not release[-1]:
        release.pop()
    return tuple(release), not early, early, local

"""The device: where elements live. This build has the CPU."""

from __future__ import annotations

from typing import Any


class device:
    """A name for where tensors live, such as ``device("cpu")``; others can be named, but hold no tensors here.

    >>> import wengert as torch
    >>> torch.ones(2).device
    device(type='cpu')
    """

    __slots__ = ("index", "type")

    def __init__(self, type: Any, index: int | None = None) -> None:
        name, _, number = str(type).partition(":")
        self.type = name
        self.index = int(number) if number else index

    def __repr__(self) -> str:
        number = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{number})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and str(other) == str(self)

    def __hash__(self) -> int:
        return hash(str(self))


CPU = device("cpu")


def require_cpu(asked: Any) -> None:
    """Accept the one device there is; RuntimeError for others, TypeError for what names none."""
    if asked is None or asked is CPU:
        return
    if not isinstance(asked, str | device):
        raise TypeError(
            f"argument 'device' must be a device or its name, not {type(asked).__name__}. Use 'cpu'."
        )
    if str(asked).partition(":")[0] != "cpu":
        raise RuntimeError(f"device {asked}: this build computes on the CPU only. Use 'cpu'.")

"""Where elements live, and how they lie there: on the CPU, one after the other."""

from __future__ import annotations

from typing import Any

__all__ = [
    "channels_last", "channels_last_3d", "contiguous_format", "device", "layout", "memory_format", "preserve_format",
    "strided",
]  # fmt: skip


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


class layout:
    """How a tensor holds its elements: all of them, at strides; there is no other way here."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"


class memory_format:
    """In which order dimensions lie in memory: a wish, which changes nothing but speed and is not followed here."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"


strided = layout("strided")
contiguous_format, preserve_format = (
    memory_format("contiguous_format"),
    memory_format("preserve_format"),
)
channels_last, channels_last_3d = memory_format("channels_last"), memory_format("channels_last_3d")


def require_plain(device: Any, layout_asked: Any = None, format_asked: Any = None) -> None:
    """Accept the CPU, strides, and any order of dimensions; TypeError or RuntimeError for anything else."""
    require_cpu(device)
    if layout_asked is not None and layout_asked is not strided:
        raise TypeError(
            f"layout must be torch.strided, not {layout_asked!r}: tensors here are dense."
        )
    if format_asked is not None and not isinstance(format_asked, memory_format):
        raise TypeError(
            f"memory_format must be one such as torch.contiguous_format, not {format_asked!r}."
        )

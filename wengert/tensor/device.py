"""Where elements live, and how they lie there: on the CPU, one after the other, or on the device meta, nowhere.

Other devices can be named, as programs do before they ask whether there is one; a tensor cannot be put there.
"""

from __future__ import annotations

import re
import threading
from typing import Any, Final

__all__ = [
    "channels_last", "channels_last_3d", "contiguous_format", "device", "get_default_device", "layout",
    "memory_format", "preserve_format", "set_default_device", "sparse_bsc", "sparse_bsr", "sparse_coo", "sparse_csc",
    "sparse_csr", "strided",
]  # fmt: skip

KINDS: Final = (
    "cpu", "cuda", "ipu", "xpu", "mkldnn", "opengl", "opencl", "ideep", "hip", "ve", "fpga", "maia", "xla", "lazy",
    "vulkan", "mps", "meta", "hpu", "mtia", "privateuseone",
)  # fmt: skip
"""The types of devices that PyTorch knows by name."""


class device:
    """A name for where tensors live: ``device("cpu")``, ``device("cuda:1")``, ``device("cuda", 1)``, ``device(other)``.

    Attributes: ``type``, and ``index`` (None when none was given). In a ``with`` statement it is the
    device of the tensors made inside. Raises RuntimeError for an unknown type, a bad index, and for a bare number,
    which names an accelerator; TypeError for anything else.

    >>> import wengert as torch
    >>> torch.ones(2).device, torch.device("cuda:1").index
    (device(type='cpu'), 1)
    """

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __init__(self, type: Any = None, index: int | None = None, *, device: Any = None) -> None:
        named = device if type is None else type
        if isinstance(named, int) and not isinstance(named, bool):
            raise _no_accelerator(named)
        if not isinstance(named, str | _device):
            raise TypeError(
                f"device(): expected a device, or the name of a type and an index, got {_class_name(named)}. "
                f"Write `torch.device('cpu')`."
            )
        if index is not None and not isinstance(index, int):
            raise TypeError(f"device(): argument 'index' must be int, not {_class_name(index)}.")
        self.type, self.index = _parsed(str(named))
        if index is not None:
            if self.index is not None:
                raise RuntimeError(
                    f"type (string) must not include an index because index was passed explicitly: {named}"
                )
            if index < 0:
                raise RuntimeError("Device index must not be negative")
            self.index = index

    def __repr__(self) -> str:
        number = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{number})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and str(other) == str(self)

    def __hash__(self) -> int:
        return hash(str(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return device, (str(self),)

    def __enter__(self) -> device:
        _defaults.stack.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _defaults.stack.pop()


_device = device


def _class_name(value: Any) -> str:
    return value.__class__.__name__  # type: ignore[no-any-return]


def _parsed(text: str) -> tuple[str, int | None]:
    """Split ``"cuda:1"`` into a type and an index; RuntimeError for what PyTorch does not know."""
    if not text:
        raise RuntimeError("Device string must not be empty")
    kind, colon, number = text.partition(":")
    if kind not in KINDS:
        raise RuntimeError(
            f"Expected one of {', '.join(KINDS)} device type at start of device string: {text}"
        )
    if colon and not re.fullmatch(r"0|[1-9]\d*", number):
        raise RuntimeError(
            f"Invalid device string: {text!r}. An index is a number, as in 'cuda:0'."
        )
    return kind, int(number) if colon else None


def _no_accelerator(index: int) -> RuntimeError:
    if index < 0:
        return RuntimeError("Device index must not be negative")
    return RuntimeError(
        f"Cannot access accelerator device when none is available: device {index} would be one. Use 'cpu'."
    )


CPU: Final = device("cpu")
META: Final = device("meta")
"""The device of tensors that have a shape and a dtype, and no elements."""


class _Defaults(threading.local):
    """The default devices of a thread, the one in force last."""

    def __init__(self) -> None:
        self.stack = [CPU]


_defaults: Final = _Defaults()


def get_default_device() -> device:
    """Return the device on which tensors are made when none is asked for.

    >>> import wengert as torch
    >>> torch.get_default_device()
    device(type='cpu')
    """
    return _defaults.stack[-1]


def set_default_device(device: Any) -> None:
    """Set the device on which tensors are made when none is asked for; None for the CPU.

    One that is not there may be set; making a tensor raises then.
    """
    _defaults.stack[-1] = CPU if device is None else _device(device)


def require_cpu(asked: Any) -> None:
    """Raise, as `place_of` does, for any device but the CPU, where alone some things can be; None stands for it."""
    if asked is not None and place_of(asked) is not CPU:
        raise NotImplementedError(
            f"Could not use device {asked!s}: a tensor there has no elements. Use 'cpu'."
        )


def place_of(asked: Any) -> device:
    """Return `CPU` or `META`, the devices there are, as the one asked for, or the default one.

    AssertionError, RuntimeError, NotImplementedError or TypeError for others, as PyTorch without them.
    """
    if asked is None:
        asked = _defaults.stack[-1]
    if asked is CPU or asked is META:
        return asked
    if isinstance(asked, bool) or not isinstance(asked, str | int | device):
        raise TypeError(
            f"argument 'device' must be torch.device, not {type(asked).__name__}. Use 'cpu'."
        )
    kind = device(asked).type
    if kind in ("cuda", "xpu"):
        raise AssertionError(
            f"Torch not compiled with {kind.upper()} enabled: Wengert computes on the CPU. Use 'cpu', or ask "
            f"`torch.{kind}.is_available()` first."
        )
    if kind not in ("cpu", "meta"):
        raise NotImplementedError(
            f"Could not use device {asked!s}: Wengert is not linked with support for {kind} devices. Use 'cpu'."
        )
    return CPU if kind == "cpu" else META


class layout:
    """How a tensor holds its elements. Those here are `strided`; the sparse ones can be named and compared with."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name


class memory_format:
    """In which order dimensions lie in memory: a wish, which changes nothing but speed and is not followed here."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name


strided = layout("strided")
sparse_coo, sparse_csr, sparse_csc = layout("sparse_coo"), layout("sparse_csr"), layout("sparse_csc")  # fmt: skip
sparse_bsr, sparse_bsc = layout("sparse_bsr"), layout("sparse_bsc")
contiguous_format, preserve_format = memory_format("contiguous_format"), memory_format("preserve_format")  # fmt: skip
channels_last, channels_last_3d = memory_format("channels_last"), memory_format("channels_last_3d")


def preserves(format_asked: Any) -> bool:
    """Say whether elements are to lie in memory as another tensor's do; TypeError for what is no memory format."""
    placed(CPU, None, format_asked)
    return format_asked is None or format_asked is preserve_format


def placed(device: Any, layout_asked: Any = None, format_asked: Any = None) -> device:
    """Return the device asked for, with strides and any order of dimensions; raises for anything else."""
    place = place_of(device)
    if layout_asked is not None and layout_asked is not strided:
        raise TypeError(
            f"layout must be torch.strided, not {layout_asked!r}: tensors here are dense."
        )
    if format_asked is not None and not isinstance(format_asked, memory_format):
        raise TypeError(
            f"memory_format must be one such as torch.contiguous_format, not {format_asked!r}."
        )
    return place

"""Converting a tensor to a dtype, a device, or a type named as PyTorch's old type names do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from wengert.core import dtypes
from wengert.tape.storage import Recorded
from wengert.tensor import device as devices
from wengert.tensor.copies import clone, contiguous
from wengert.tensor.creation import moved, place_like
from wengert.tensor.legacy import named_type, tensortype
from wengert.tensor.measures import type_name
from wengert.tensor.promotion import converted, dtype_of

PYTHON_TYPES: Final = (float, int, complex, bool)


def to(x: Any, /, *args: Any, **options: Any) -> Any:
    """Convert to a dtype, a device, both, or those of another tensor; the tensor itself when nothing changes.

    ``to(dtype)``, ``to(device=None, dtype=None)``, ``to(other)``, each followed by ``non_blocking=False, copy=False``
    and ``memory_format=``; ``copy`` makes new memory even when nothing changes. Gradients flow between floating dtypes.
    Raises TypeError for other arguments, and as `torch.device` does for devices that are not there.

    >>> import wengert as torch
    >>> x = torch.tensor([1, 2])
    >>> x.to(torch.float64), x.to("cpu") is x, x.to("cpu", copy=True) is x
    (tensor([1., 2.], dtype=torch.float64), True, False)
    """
    asked = arguments(args, options)
    device = asked.get("device")
    place = place_like(x) if device is None else devices.place_of(device)
    dtype, format_asked = asked.get("dtype"), asked.get("memory_format")
    made = moved(x if dtype is None else converted(x, dtypes.to_numpy(dtype)), place)
    elsewhere = device is not None and devices.device(device).index is not None
    if made is x and (asked.get("copy") or elsewhere):
        return clone(x, memory_format=format_asked)
    return made if made is x or devices.preserves(format_asked) else contiguous(made)


def in_dtype(dtype: Any, name: str) -> Callable[..., Any]:
    """Return the method that converts to one dtype."""

    def method(self: Any, *, memory_format: Any = None) -> Any:
        made = converted(self, dtype.numpy)
        return made if made is self or devices.preserves(memory_format) else contiguous(made)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"Convert to {str(dtype).removeprefix('torch.')}."
    return method


def arguments(args: tuple[Any, ...], options: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `to` by name, in whichever form they came."""
    first = args[0] if args else None
    if isinstance(first, Recorded):
        names: tuple[str, ...] = ("other", "non_blocking", "copy")
    elif isinstance(first, dtypes.dtype) or first in PYTHON_TYPES:
        names = ("dtype", "non_blocking", "copy")
    else:
        names = ("device", "dtype", "non_blocking", "copy")
    allowed = {*names, "dtype", "device", "non_blocking", "copy", "memory_format"} - {"other"}
    asked = dict(zip(names, args, strict=False))
    if len(args) > len(names) or not options.keys() <= allowed or asked.keys() & options.keys():
        raise _combination(args, options)
    asked |= options
    if "other" in asked:
        other = asked.pop("other")
        asked["dtype"] = dtypes.public(dtype_of(other))
        asked["device"] = place_like(other)
    fits = {
        "device": str | int | devices.device | None,
        "non_blocking": bool | None,
        "copy": bool | None,
    }
    if any(not isinstance(asked.get(name), kind) for name, kind in fits.items()):
        raise _combination(args, options)
    return asked


def _combination(args: tuple[Any, ...], options: dict[str, Any]) -> TypeError:
    got = [type(a).__name__ for a in args] + [f"{k}={type(v).__name__}" for k, v in options.items()]
    return TypeError(
        f"to() received an invalid combination of arguments - got ({', '.join(got)}). Write `x.to(torch.float64)`, "
        f"`x.to('cpu', torch.float64)` or `x.to(other)`, with non_blocking, copy and memory_format behind."
    )


def type_(x: Any, dtype: Any = None, non_blocking: bool = False) -> Any:
    """Convert to a dtype or to one of PyTorch's type names; without argument, return the type name.

    >>> import wengert as torch
    >>> torch.tensor([1.]).type(), torch.tensor([1.]).type(torch.int64)
    ('torch.FloatTensor', tensor([1]))
    """
    if dtype is None:
        return type_name(x)
    if isinstance(dtype, str | tensortype):
        dtype = named_type(dtype).dtype
    return converted(x, dtypes.to_numpy(dtype))

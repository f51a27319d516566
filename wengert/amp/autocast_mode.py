"""Autocast: which device types compute some operations in lower precision. Here none does.

The switches are PyTorch's, each thread for itself, so that programs which keep autocast off, or want it for devices
that are not there, run. Switched on for the CPU it would change numbers: that is refused where it would begin.
"""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from wengert.core import dtypes
from wengert.errors import MissingModeError, lacking
from wengert.tape.provenance import warn
from wengert.tensor.device import device

__all__ = [
    "autocast", "clear_autocast_cache", "get_autocast_cpu_dtype", "get_autocast_dtype", "get_autocast_gpu_dtype",
    "is_autocast_cache_enabled", "is_autocast_cpu_enabled", "is_autocast_enabled", "set_autocast_cache_enabled",
    "set_autocast_dtype", "set_autocast_enabled",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])

LOWER: Final = (dtypes.bfloat16, dtypes.float16)
FAST: Final = {
    "cpu": dtypes.bfloat16, "cuda": dtypes.float16, "hpu": dtypes.bfloat16, "ipu": dtypes.float16,
    "maia": dtypes.bfloat16, "mps": dtypes.float16, "mtia": dtypes.float16, "privateuseone": dtypes.float16,
    "xla": dtypes.bfloat16, "xpu": dtypes.float16,
}  # fmt: skip
"""The device types that have an autocast, and the dtype that each begins with."""


class _Switches(threading.local):
    """What is set in this thread."""

    def __init__(self) -> None:
        self.enabled = dict.fromkeys(FAST, False)
        self.dtype = dict(FAST)
        self.cache = True


_switches: Final = _Switches()


def _known(op: str, device_type: Any) -> str:
    """Return the name of a device type that has an autocast; TypeError for no name, RuntimeError for another one."""
    if not isinstance(device_type, str):
        raise TypeError(
            f"{op}(): argument 'device_type' (position 1) must be str, not {type(device_type).__name__}. "
            f"Write 'cpu' or 'cuda'."
        )
    name = device(device_type).type
    if name not in FAST:
        raise RuntimeError(
            f"{op}(): unknown device type for autocast: {name!r}. It is one of {', '.join(FAST)}."
        )
    return name


def _would_lower(device_type: str, dtype: Any) -> MissingModeError:
    call = f"torch.autocast({device_type!r}, dtype={dtype})"
    return MissingModeError(
        f"{lacking(call)} Everything is computed in the dtypes of its operands: leave autocast off with "
        f"`enabled=False`, or convert the model with `model.bfloat16()` where lower precision is wanted.",
        name="autocast",
    )


class autocast:
    """A block, or a function when used as a decorator, in which a device type computes in lower precision, or not.

    With ``enabled=False`` nothing changes. For "cuda" it is switched off with a warning, for there is no GPU; for other
    devices that are not there it changes nothing. Switched on for "cpu" with bfloat16 or float16 it raises
    `MissingModeError`, a NotImplementedError, when the block begins; with another dtype PyTorch switches it off and
    warns, and so does this. ValueError for a device type that is no text, RuntimeError for an unknown one.

    >>> import wengert as torch
    >>> with torch.autocast("cpu", enabled=False):
    ...     (torch.ones(2, 2) @ torch.ones(2, 2)).dtype
    torch.float32
    """

    def __init__(
        self,
        device_type: str,
        dtype: dtypes.dtype | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        if not isinstance(device_type, str):
            raise ValueError(
                f"autocast: Expected `device_type` of type `str`, got: `{type(device_type)}`. Write "
                f"`x.device.type` for a device."
            )
        self.device = _known("autocast", device_type)
        self.fast_dtype = get_autocast_dtype(self.device) if dtype is None else dtype
        self._cache_enabled = _switches.cache if cache_enabled is None else cache_enabled
        if enabled and self.device == "cuda":
            warn("CUDA is not available. Disabling autocast.")
            enabled = False
        elif enabled and self.fast_dtype not in LOWER:
            warn(
                f"In {self.device.upper()} autocast, but the target dtype is not supported. Disabling autocast. "
                f"{self.device.upper()} Autocast only supports dtypes of torch.bfloat16, torch.float16 currently."
            )
            enabled = False
        self._enabled = bool(enabled)
        self._before: list[tuple[bool, Any, bool]] = []

    def __enter__(self) -> autocast:
        if self._enabled and self.device == "cpu":
            raise _would_lower(self.device, self.fast_dtype)
        name = self.device
        self._before.append((_switches.enabled[name], _switches.dtype[name], _switches.cache))
        _switches.enabled[name], _switches.dtype[name] = self._enabled, self.fast_dtype
        _switches.cache = self._cache_enabled
        return self

    def __exit__(self, *exc: object) -> None:
        name = self.device
        _switches.enabled[name], _switches.dtype[name], _switches.cache = self._before.pop()

    def __call__(self, func: F) -> F:
        @functools.wraps(func)
        def cast_inside(*args: Any, **kwargs: Any) -> Any:
            with self:
                return func(*args, **kwargs)

        return cast(F, cast_inside)


def is_autocast_available(device_type: str) -> bool:
    """Say whether PyTorch has an autocast for a device type; RuntimeError for an unknown type."""
    return device(device_type).type in FAST


def is_autocast_enabled(device_type: str | None = None) -> bool:
    """Say whether autocast is on for a device type, "cuda" unless another one is named.

    >>> import wengert as torch
    >>> torch.is_autocast_enabled(), torch.is_autocast_enabled("cpu")
    (False, False)
    """
    return _switches.enabled[
        "cuda" if device_type is None else _known("is_autocast_enabled", device_type)
    ]


def set_autocast_enabled(device_type: str | bool, enabled: bool | None = None) -> None:
    """Switch autocast on or off for a device type; `MissingModeError` for on the CPU, which would change numbers."""
    if enabled is None and isinstance(device_type, bool):
        return set_autocast_enabled("cuda", device_type)
    if not isinstance(enabled, bool):
        raise TypeError(
            f"set_autocast_enabled(): argument 'enabled' (position 2) must be bool, not {type(enabled).__name__}"
        )
    name = _known("set_autocast_enabled", device_type)
    if enabled and name == "cpu":
        raise _would_lower(name, _switches.dtype[name])
    _switches.enabled[name] = enabled


def get_autocast_dtype(device_type: str) -> dtypes.dtype:
    """Return the dtype that autocast would compute in on a device type."""
    return _switches.dtype[_known("get_autocast_dtype", device_type)]


def set_autocast_dtype(device_type: str, dtype: dtypes.dtype) -> None:
    """Set the dtype that autocast would compute in on a device type; TypeError for no dtype."""
    if not isinstance(dtype, dtypes.dtype):
        raise TypeError(
            f"set_autocast_dtype(): argument 'dtype' (position 2) must be torch.dtype, not {type(dtype).__name__}"
        )
    _switches.dtype[_known("set_autocast_dtype", device_type)] = dtype


def _old_name(old: str, new: str) -> None:
    warnings.warn(
        f"torch.{old} is deprecated. Please use torch.{new} instead.",
        DeprecationWarning,
        stacklevel=3,
    )


def is_autocast_cpu_enabled() -> bool:
    """Say whether autocast is on for the CPU: the old name of ``is_autocast_enabled("cpu")``."""
    _old_name("is_autocast_cpu_enabled()", "is_autocast_enabled('cpu')")
    return is_autocast_enabled("cpu")


def get_autocast_gpu_dtype() -> dtypes.dtype:
    """Return ``get_autocast_dtype("cuda")``, by its old name."""
    _old_name("get_autocast_gpu_dtype()", "get_autocast_dtype('cuda')")
    return get_autocast_dtype("cuda")


def get_autocast_cpu_dtype() -> dtypes.dtype:
    """Return ``get_autocast_dtype("cpu")``, by its old name."""
    _old_name("get_autocast_cpu_dtype()", "get_autocast_dtype('cpu')")
    return get_autocast_dtype("cpu")


def is_autocast_cache_enabled() -> bool:
    """Say whether autocast would keep converted weights."""
    return _switches.cache


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Set whether autocast would keep converted weights."""
    _switches.cache = enabled


def clear_autocast_cache() -> None:
    """Forget the weights that autocast converted: there are none."""


def custom_fwd(
    fwd: Callable[..., Any] | None = None,
    *,
    device_type: str,
    cast_inputs: dtypes.dtype | None = None,
) -> Any:
    """Decorate the ``forward`` of a `Function` so that its backward runs under the same autocast.

    ``cast_inputs`` would matter under autocast only.
    """
    name = _known("custom_fwd", device_type)
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def forward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        ctx._dtype = get_autocast_dtype(name)
        ctx._fwd_used_autocast = cast_inputs is None and is_autocast_enabled(name)
        return fwd(ctx, *args, **kwargs)

    return forward


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Any:
    """Decorate the ``backward`` of a `Function` whose forward has `custom_fwd`."""
    name = _known("custom_bwd", device_type)
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def backward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        with autocast(name, dtype=ctx._dtype, enabled=ctx._fwd_used_autocast):
            return bwd(ctx, *args, **kwargs)

    return backward

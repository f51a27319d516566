"""When a result of Wengert's counts as PyTorch's: structure, dtypes, shapes and numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import wengert
from tests.parity.opdb.calls import array_of, dtype_name
from tests.parity.opdb.outcome import Differs

RELATIVE = {
    "float16": 2e-3,
    "float32": 1e-5,
    "complex64": 1e-5,
    "float64": 1e-10,
    "complex128": 1e-10,
}
MOST_ENTRIES_SHOWN = 8


def require_same(expected: Any, found: Any, rtol: float | None = None, at: str = "result") -> None:
    """Raise Differs unless `found` is what `expected` is; `rtol` of None is the dtype's own."""
    if isinstance(expected, torch.Tensor) or isinstance(found, wengert.Tensor):
        _require_same_tensor(expected, found, rtol, at)
    elif isinstance(expected, (list, tuple)):
        _require_same_sequence(expected, found, rtol, at)
    elif type(expected) in (torch.dtype, torch.device):
        _require(str(expected) == str(found), at, expected, found)
    else:
        _require_same_plain(expected, found, at)


def _require(truth: bool, at: str, expected: Any, found: Any) -> None:
    if not truth:
        raise Differs(f"{at}\n    expected {expected}\n    found    {found}")


def _require_same_plain(expected: Any, found: Any, at: str) -> None:
    _require(type(expected) is type(found), at, repr(expected), repr(found))
    same = expected == found
    if isinstance(expected, (float, complex)):
        same = bool(np.isclose(expected, found, rtol=1e-5, equal_nan=True))
    _require(same, at, repr(expected), repr(found))


def _require_same_sequence(expected: Any, found: Any, rtol: float | None, at: str) -> None:
    kind, other = sequence_kind(expected), sequence_kind(found)
    _require(kind == other, f"{at}: structure", kind, other)
    _require(len(expected) == len(found), f"{at}: length", len(expected), len(found))
    names = field_names(expected) or range(len(expected))
    for name, a, b in zip(names, expected, found, strict=True):
        require_same(a, b, rtol, f"{at}[{name}]" if isinstance(name, int) else f"{at}.{name}")


def sequence_kind(value: Any) -> str:
    """Return `list`, `tuple`, `Size` or a named tuple's fields."""
    if not isinstance(value, (list, tuple)):
        return type(value).__name__
    names = field_names(value)
    if names:
        return f"named tuple of {', '.join(names)}"
    if type(value).__name__ == "Size":
        return "Size"
    return "list" if isinstance(value, list) else "tuple"


def field_names(value: Any) -> tuple[str, ...]:
    """Return the field names of a named tuple of either library."""
    return getattr(value, "_fields", None) or getattr(type(value), "__match_args__", ())


def _require_same_tensor(expected: Any, found: Any, rtol: float | None, at: str) -> None:
    kinds = type(expected).__name__, type(found).__name__
    _require(isinstance(found, wengert.Tensor), f"{at}: type", *kinds)
    _require(isinstance(expected, torch.Tensor), f"{at}: type", *kinds)
    a, b = tuple(expected.shape), tuple(found.shape)
    _require(a == b, f"{at}: shape", a, b)
    name = dtype_name(expected)
    _require(name == dtype_name(found), f"{at}: dtype", name, dtype_name(found))
    rtol = RELATIVE.get(name, 0.0) if rtol is None else rtol
    require_close(array_of(expected), array_of(found), rtol, at)


def require_close(expected: np.ndarray, found: np.ndarray, rtol: float, at: str) -> None:
    """Raise Differs unless two arrays agree to `rtol`, relative to each entry or to 1.

    Complex infinities and NaNs count as one: which of them an operation gives depends, in PyTorch
    too, on how it is vectorised.
    """
    with np.errstate(all="ignore"):
        same = np.isclose(found, expected, rtol=rtol, atol=rtol, equal_nan=True)
    if expected.dtype.kind == "c":
        same |= ~np.isfinite(expected) & ~np.isfinite(found)
    if same.all():
        return
    place = tuple(int(i) for i in np.argwhere(~same)[0])
    where = f" at {list(place)}" if place else ""
    count = f"{int((~same).sum())} of {same.size} entries differ, first" if same.size > 1 else ""
    lines = f"{at}: {count}{where}".rstrip(": ")
    shown = [f"{expected[place]!s}", f"{found[place]!s}"]
    if 1 < same.size <= MOST_ENTRIES_SHOWN:
        shown = [f"{shown[0]}  in {expected.tolist()}", f"{shown[1]}  in {found.tolist()}"]
    raise Differs(f"{lines}\n    expected {shown[0]}\n    found    {shown[1]}")

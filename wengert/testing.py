"""Comparing results in tests: PyTorch's ``torch.testing``."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from wengert.core import dtypes, limits
from wengert.core.bfloat16 import widened
from wengert.core.silence import silently
from wengert.errors import refuser
from wengert.tape.storage import concrete
from wengert.tensor import complex_numbers, creation, filled, sampling
from wengert.tensor.promotion import dtype_of
from wengert.tensor.tensor import Tensor

__all__ = ["assert_allclose", "assert_close", "make_tensor"]

TOLERANCES = {
    "float16": (1e-3, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7), "bfloat16": (1.6e-2, 1e-5),
    "complex64": (1.3e-6, 1e-5), "complex128": (1e-7, 1e-7),
}  # fmt: skip
"""Relative and absolute tolerance by dtype; of two dtypes the looser counts. Integers and bools must be equal."""


def assert_close(
    actual: Any, expected: Any, *, allow_subclasses: bool = True, rtol: float | None = None,
    atol: float | None = None, equal_nan: bool = False, check_device: bool = True, check_dtype: bool = True,
    check_layout: bool = True, check_stride: bool = False, msg: str | Callable[[str], str] | None = None,
) -> None:  # fmt: skip
    """Raise AssertionError unless ``|actual - expected| <= atol + rtol * |expected|`` everywhere.

    Compares tensors, numbers, and sequences and mappings of them; shapes must be equal, and dtypes with
    ``check_dtype``, strides with ``check_stride``. The tolerances follow from the dtypes unless both are given. ``msg``
    takes the place of the message, or makes one of it. ValueError for one tolerance alone, TypeError for what cannot be
    compared.

    >>> import wengert as torch
    >>> torch.testing.assert_close(torch.tensor([1., 2.]), torch.tensor([1., 2. + 1e-7]))
    """
    if (rtol is None) != (atol is None):
        lacks = "rtol" if rtol is None else "atol"
        raise ValueError(
            f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {lacks}."
        )
    comparison = _Comparison(rtol, atol, equal_nan, check_dtype, check_stride, allow_subclasses)
    fault = comparison.fault(actual, expected, ())
    if fault is not None:
        raise AssertionError(msg(fault) if callable(msg) else fault if msg is None else msg)


class _Comparison:
    """The options of one call."""

    def __init__(
        self, rtol: float | None, atol: float | None, equal_nan: bool, dtype: bool, stride: bool, subclasses: bool
    ) -> None:  # fmt: skip
        self.rtol, self.atol, self.equal_nan = rtol, atol, equal_nan
        self.dtype, self.stride, self.subclasses = dtype, stride, subclasses

    def fault(self, actual: Any, expected: Any, place: tuple[Any, ...]) -> str | None:
        """Return what is wrong between two values, or None."""
        words = isinstance(actual, str) or isinstance(expected, str)
        if isinstance(actual, Sequence) and isinstance(expected, Sequence) and not words:
            if len(actual) != len(expected):
                lengths = f"{len(actual)} != {len(expected)}"
                return _at(f"The length of the sequences mismatch: {lengths}", place)
            pairs = [(i, actual[i], expected[i]) for i in range(len(actual))]
        elif isinstance(actual, Mapping) and isinstance(expected, Mapping):
            if set(actual) != set(expected):
                return _at(
                    f"The keys of the mappings do not match:\n"
                    f"Missing keys in the actual mapping: {sorted(set(expected) - set(actual))}\n"
                    f"Additional keys in the actual mapping: {sorted(set(actual) - set(expected))}",
                    place,
                )
            pairs = [(key, actual[key], expected[key]) for key in actual]
        else:
            return self.leaf_fault(actual, expected, place)
        faults = (self.fault(a, e, (*place, key)) for key, a, e in pairs)
        return next((fault for fault in faults if fault is not None), None)

    def incomparable(self, actual: Any, expected: Any) -> TypeError:
        """Word the error for values that have no way of being compared."""
        return TypeError(
            f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}. "
            f"Compare tensors, numbers, and sequences or mappings of them."
        )

    def leaf_fault(self, actual: Any, expected: Any, place: tuple[Any, ...]) -> str | None:
        """Return what is wrong between two tensors, two arrays, two numbers, two bools or None and anything."""
        both = actual, expected
        if actual is None or expected is None:
            fault = None if actual is expected else f"None mismatch: {actual} is not {expected}"
        elif all(isinstance(value, bool | np.bool_) for value in both):
            same = bool(actual) is bool(expected)
            fault = None if same else f"Booleans mismatch: {actual} is not {expected}"
        elif all(isinstance(value, int | float | complex | np.number) for value in both):
            fault = self.number_fault(*both)
        elif all(isinstance(value, Tensor | np.ndarray) for value in both):
            fault = self.array_fault(*both)
        else:
            raise self.incomparable(*both)
        return None if fault is None else _at(fault, place)

    def number_fault(self, actual: Any, expected: Any) -> str | None:
        """Return what is wrong between two numbers; NumPy's are Python's."""
        x, y = (v.item() if isinstance(v, np.number) else v for v in (actual, expected))
        if isinstance(x, bool) or isinstance(y, bool):
            raise self.incomparable(actual, expected)
        if self.dtype and type(x) is not type(y):
            return f"The (d)types do not match: {type(x)} != {type(y)}."
        rtol, atol = self.rtol, self.atol
        if rtol is None or atol is None:
            rtol = atol = 0.0 if type(x) is type(y) is int else 1e-7
        if type(x) is type(y) is int and not (rtol or atol):  # of any size
            return None if x == y else _described_numbers(x, y, 0.0, 0.0)
        return self.difference(np.asarray(x), np.asarray(y), rtol, atol)

    def array_fault(self, actual: Any, expected: Any) -> str | None:
        """Return what is wrong between two tensors or two arrays, one of whose classes is the other's or above it."""
        related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
        if not related or not (self.subclasses or type(actual) is type(expected)):
            raise self.incomparable(actual, expected)
        a, e = (v if isinstance(v, Tensor) else creation.tensor(v) for v in (actual, expected))
        if a.shape != e.shape:
            return f"The values for attribute 'shape' do not match: {a.shape} != {e.shape}."
        if self.dtype and a.dtype is not e.dtype:
            return f"The values for attribute 'dtype' do not match: {a.dtype} != {e.dtype}."
        if self.stride and a.stride() != e.stride():
            return (
                f"The values for attribute 'stride()' do not match: {a.stride()} != {e.stride()}."
            )
        x, y = (widened(concrete(v, "assert_close")) for v in (a, e))
        return self.difference(x, y, *self.tolerances(a, e))

    def tolerances(self, a: Any, e: Any) -> tuple[float, float]:
        """Return the relative and the absolute tolerance."""
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        pairs = [TOLERANCES.get(x.dtype.name, (0.0, 0.0)) for x in (a, e)]
        return max(p[0] for p in pairs), max(p[1] for p in pairs)

    def difference(self, x: Any, y: Any, rtol: float, atol: float) -> str | None:
        """Say how far two arrays of one shape are from each other, where it is too far."""
        exact = not (rtol or atol)
        first, second = x, y
        kinds = dtypes.kind(x.dtype) + dtypes.kind(y.dtype)
        if not exact or set(kinds) - set("iub"):
            wide = np.complex128 if "c" in kinds else np.float64
            x, y = x.astype(wide), y.astype(wide)
        close = x == y if exact else _is_close(x, y, rtol, atol)
        if self.equal_nan:
            close = close | ((x != x) & (y != y))
        if np.all(close):
            return None
        if not x.ndim:
            return _described_numbers(first.item(), second.item(), rtol, atol)
        return _described(x, y, ~close, rtol, atol)


def _described_numbers(actual: Any, expected: Any, rtol: float, atol: float) -> str:
    absolute = abs(actual - expected)
    relative = absolute / abs(expected) if expected else float("inf")
    same, up_to_a, up_to_r = _allowed(rtol, atol)
    return (
        f"Scalars are not {same}!\n\nExpected {expected} but got {actual}.\n"
        f"Absolute difference: {absolute}{up_to_a}\nRelative difference: {relative}{up_to_r}"
    )


def _allowed(rtol: float, atol: float) -> tuple[str, str, str]:
    """Return the word for what was asked, and what was allowed absolutely and relatively."""
    if not (rtol or atol):
        return "equal", "", ""
    return "close", f" (up to {atol} allowed)", f" (up to {rtol} allowed)"


@silently
def _is_close(x: Any, y: Any, rtol: float, atol: float) -> Any:
    """Say where ``|x - y| <= atol + rtol |y|``, or both are the same infinity."""
    apart = np.abs(x - y)
    return (x == y) | (np.isfinite(apart) & (apart <= atol + rtol * np.abs(y)))


@silently
def _described(x: Any, y: Any, wrong: Any, rtol: float, atol: float) -> str:
    integers = x.dtype.kind in "iub"
    absolute = np.abs(x.astype(object) - y.astype(object)) if integers else np.abs(x - y)
    size = np.abs(y.astype(np.float64)) if integers else np.abs(y)
    relative = np.asarray(absolute, np.float64) / size
    same, *far = _allowed(rtol, atol)
    count, total = int(np.count_nonzero(wrong)), wrong.size
    lines = [
        f"Tensor-likes are not {same}!",
        "",
        f"Mismatched elements: {count} / {total} ({100 * count / total:.1f}%)",
    ]
    for name, value, allowed in (("absolute", absolute, far[0]), ("relative", relative, far[1])):
        shown = np.where(wrong, np.asarray(value, np.float64), -np.inf)
        at = np.unravel_index(
            int(np.nanargmax(np.where(np.isnan(shown), np.inf, shown))), shown.shape
        )
        where = tuple(int(i) for i in at)
        lines.append(f"Greatest {name} difference: {value[at]} at index {where}{allowed}")
    return "\n".join(lines)


def _at(fault: str, place: tuple[Any, ...]) -> str:
    if not place:
        return fault
    return f"{fault}\n\nThe failure occurred for item {''.join(f'[{key!r}]' for key in place)}"


_OLDER = {"float16": (1e-3, 1e-3), "float32": (1e-4, 1e-5), "float64": (1e-5, 1e-8)}


def assert_allclose(
    actual: Any, expected: Any, rtol: float | None = None, atol: float | None = None, equal_nan: bool = True,
    msg: str = "",
) -> None:  # fmt: skip
    """Do what `assert_close` does, with looser tolerances and whatever dtypes; its older name, with a FutureWarning."""
    warnings.warn(
        "`torch.testing.assert_allclose()` is deprecated since 1.12 and will be removed in a future release. Please "
        "use `torch.testing.assert_close()` instead.",
        FutureWarning,
        stacklevel=2,
    )
    first = actual if isinstance(actual, Tensor) else creation.tensor(actual)
    second = (
        expected if isinstance(expected, Tensor) else creation.tensor(expected, dtype=first.dtype)
    )
    if rtol is None and atol is None:
        known = [_OLDER.get(dtype_of(x).name, (0.0, 0.0)) for x in (first, second)]
        rtol, atol = max(r for r, _ in known), max(a for _, a in known)
    assert_close(
        first, second, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False, msg=msg or None
    )


def make_tensor(
    *shape: Any, dtype: Any, device: Any, low: float | None = None, high: float | None = None,
    requires_grad: bool = False, noncontiguous: bool = False, exclude_zero: bool = False, memory_format: Any = None,
) -> Any:  # fmt: skip
    """Return random numbers, uniform in ``[low, high)``: by default from -9 to 9, in the range of the dtype.

    ``noncontiguous`` leaves gaps in memory, ``exclude_zero`` puts the smallest positive number in the place of zeros.
    ValueError for bounds that are NaN, out of order or out of range, and for integers that are to require grad.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.testing.make_tensor((3,), dtype=torch.int64, device="cpu", low=0, high=10)
    tensor([4, 9, 3])
    """
    size = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], Sequence) else shape
    if noncontiguous and memory_format is not None:
        raise ValueError(
            f"make_tensor: The parameters `noncontiguous` and `memory_format` are mutually exclusive, but got "
            f"noncontiguous={noncontiguous} and memory_format={memory_format}"
        )
    whole = dtypes.kind(dtypes.to_numpy(dtype)) in "biu"
    if requires_grad and whole:
        raise ValueError(
            f"make_tensor: `requires_grad=True` is not supported for boolean and integral dtypes, but got {dtype}"
        )
    gaps = noncontiguous and math.prod(size) > 1
    if gaps:
        size = (*size[:-1], 2 * size[-1])
    made = _filled(size, dtype, device, low, high)
    if gaps:
        made = made[..., 1::2]
    if exclude_zero:
        made[made == 0] = 1 if whole else limits.finfo(dtype).tiny
    return made if whole else made.requires_grad_(requires_grad)


def _filled(size: Any, dtype: Any, device: Any, low: Any, high: Any) -> Any:
    """Return uniform numbers of a dtype."""
    kind = dtypes.kind(dtypes.to_numpy(dtype))
    if kind == "b":
        least, most = _bounds(dtype, low, high, (0, 2), (0, 2))
    elif kind in "iu":
        range_of = limits.iinfo(dtype)
        # One below where a bound of 64 bits would overflow.
        top = range_of.max + (dtype is not dtypes.int64)
        least, most = _bounds(dtype, low, high, (range_of.min, top), (-9, 10))
    else:
        most_of = limits.finfo(dtype).max
        least, most = _bounds(dtype, low, high, (-most_of, most_of), (-9, 9))
        made = filled.empty(size, dtype=dtype, device=device)
        parts = complex_numbers.view_as_real(made) if kind == "c" else made
        if most - least >= most_of:
            parts.uniform_(least / 2, most / 2).mul_(2)
        else:
            parts.uniform_(least, most)
        return made
    return sampling.randint(math.ceil(least), math.ceil(most), size, dtype=dtype, device=device)


def _bounds(dtype: Any, low: Any, high: Any, within: Any, usual: Any) -> tuple[Any, Any]:
    """Return the bounds that are meant, cut to what a dtype holds."""
    least, most = within

    def cut(x: Any) -> Any:
        return min(max(x, least), most)

    low = cut(usual[0]) if low is None else low
    high = cut(usual[1]) if high is None else high
    if low != low or high != high:
        raise ValueError(f"make_tensor: `low` and `high` cannot be NaN, but got {low} and {high}")
    if low == high and dtypes.kind(dtypes.to_numpy(dtype)) in "fc":
        warnings.warn(
            "Passing `low==high` to `torch.testing.make_tensor` for floating or complex types is deprecated since 2.1 "
            "and will be removed in 2.3. Use `torch.full(...)` instead.",
            FutureWarning,
            stacklevel=4,
        )
    elif low >= high:
        raise ValueError(f"make_tensor: `low` must be less than `high`, but got {low} >= {high}")
    elif high < least or low >= most:
        raise ValueError(
            f"make_tensor: The value interval specified by `low` and `high` is [{low}, {high}), but {dtype} only "
            f"supports [{least}, {most})"
        )
    return cut(low), cut(high)


__getattr__ = refuser(__name__, "torch.testing")

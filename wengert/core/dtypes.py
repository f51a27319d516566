"""Element types and PyTorch's promotion of them.

Knows NumPy's dtypes and nothing of tensors. Inside the package a dtype is NumPy's; the `dtype` objects here are what
users see (``torch.float32``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from wengert.core import bfloat16 as bfloat16_type
from wengert.errors import DTypeError

__all__ = [
    "bfloat16", "complex128", "complex64", "dtype", "float16", "float32", "float64", "get_default_dtype",
    "int16", "int32", "int64", "int8", "set_default_dtype", "uint16", "uint32", "uint64", "uint8",
]  # fmt: skip
"""The public names."""

BOOL, INTEGER, FLOATING, COMPLEX = range(4)
_CATEGORY: Final = {"b": BOOL, "u": INTEGER, "i": INTEGER, "f": FLOATING, "c": COMPLEX}


class dtype:
    """An element type, spelled and printed as PyTorch does.

    Attributes: ``name`` (``"float32"``), ``label`` (``"Float"``, the name that types and storages are called by),
    ``numpy`` (the NumPy dtype), ``itemsize`` in bytes, ``is_floating_point``,
    ``is_complex``, ``is_signed``.

    >>> import wengert as torch
    >>> torch.float32, torch.long, torch.float32.itemsize
    (torch.float32, torch.int64, 4)
    """

    __slots__ = ("category", "label", "name", "numpy")

    numpy: np.dtype[Any]

    def __init__(self, name: str, label: str) -> None:
        self.name, self.label = name, label
        self.category = FLOATING
        if name != "bfloat16":
            self.numpy = np.dtype(name)
            self.category = _CATEGORY[self.numpy.kind]

    def __getattr__(self, name: str) -> Any:
        if name != "numpy":
            raise AttributeError(f"'torch.dtype' object has no attribute {name!r}")
        self.numpy = bfloat16_type.loaded()
        _BY_NUMPY[self.numpy] = self
        _COMPLEX_OF[self.numpy] = complex64.numpy
        return self.numpy

    @property
    def itemsize(self) -> int:
        """Size of one element in bytes."""
        return 2 if self.name == "bfloat16" else self.numpy.itemsize

    @property
    def is_floating_point(self) -> bool:
        """True for bfloat16, float16, float32 and float64."""
        return self.category == FLOATING

    @property
    def is_complex(self) -> bool:
        """True for complex64 and complex128."""
        return self.category == COMPLEX

    @property
    def is_signed(self) -> bool:
        """True for every type that has negative values."""
        return self.category >= FLOATING or self.numpy.kind not in "bu"

    def to_real(self) -> dtype:
        """Return the type of the parts of a complex one; another type itself."""
        return {complex64: float32, complex128: float64}.get(self, self)

    def to_complex(self) -> dtype:
        """Return the complex type whose parts have this floating one (complex64 for float16 and bfloat16).

        RuntimeError for integers and bool.
        """
        if self.category < FLOATING:
            raise DTypeError(
                f"Unknown Complex ScalarType for {self.label}: {self} has no complex type. Use `torch.complex64`."
            )
        return complex128 if self in (float64, complex128) else complex64

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return (named, (self.name,))


bool_ = dtype("bool", "Bool")
uint8 = dtype("uint8", "Byte")
uint16 = dtype("uint16", "UInt16")
uint32 = dtype("uint32", "UInt32")
uint64 = dtype("uint64", "UInt64")
int8 = dtype("int8", "Char")
int16 = dtype("int16", "Short")
int32 = dtype("int32", "Int")
int64 = dtype("int64", "Long")
float16 = dtype("float16", "Half")
bfloat16 = dtype("bfloat16", "BFloat16")
float32 = dtype("float32", "Float")
float64 = dtype("float64", "Double")
complex64 = dtype("complex64", "ComplexFloat")
complex128 = dtype("complex128", "ComplexDouble")

ALL: Final = (
    bool_, uint8, uint16, uint32, uint64, int8, int16, int32, int64, float16, float32, float64, complex64, complex128,
    bfloat16,
)  # fmt: skip
WIDE_UNSIGNED: Final = (uint16, uint32, uint64)
"""Types that came late to PyTorch: they have no types and storages of their own, and are promoted with floats alone."""

_WIDE_UNSIGNED: Final = frozenset(d.numpy for d in WIDE_UNSIGNED)

_BY_NUMPY: Final = {d.numpy: d for d in ALL if d is not bfloat16}
_BY_NAME: Final = {d.name: d for d in ALL}
_COMPLEX_OF: Final[dict[np.dtype[Any], np.dtype[Any]]] = {
    np.dtype("float16"): np.dtype("complex64"),
    np.dtype("float32"): np.dtype("complex64"),
    np.dtype("float64"): np.dtype("complex128"),
}
_BOOL, _INT64 = bool_.numpy, int64.numpy

# The default floating dtype is a list of one, so that readers always see the current one.
_default: list[np.dtype[Any]] = [float32.numpy]


def named(name: str) -> dtype:
    """Return the dtype of this name (unpickling goes through here)."""
    return _BY_NAME[name]


def default_float() -> np.dtype[Any]:
    """Return NumPy's spelling of the default floating dtype."""
    return _default[0]


def set_default_dtype(d: dtype) -> None:
    """Set the dtype that Python floats become; raises TypeError unless ``d`` is a floating dtype."""
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError(
            f"set_default_dtype: only floating-point dtypes can be the default, got {d!r}."
        )
    _default[0] = d.numpy


def get_default_dtype() -> dtype:
    """Return the dtype that Python floats become."""
    return _BY_NUMPY[_default[0]]


def public(numpy_dtype: np.dtype[Any]) -> dtype:
    """Return the public dtype for a NumPy one; TypeError names the ones that exist."""
    found = _BY_NUMPY.get(numpy_dtype)
    if found is None:
        native = numpy_dtype.newbyteorder("=")
        found = _BY_NUMPY.get(native)
    if found is None:
        known = ", ".join(d.name for d in ALL)
        raise TypeError(
            f"can't convert an array of dtype {numpy_dtype}. The supported types are: {known}. "
            f"Convert first, as in `array.astype(np.float32)`."
        )
    return found


def has(numpy_dtype: np.dtype[Any]) -> bool:
    """Say whether a tensor can have a dtype of NumPy's."""
    return numpy_dtype in _BY_NUMPY


def to_numpy(d: Any) -> np.dtype[Any]:
    """Return NumPy's dtype for a public one, or for Python's bool, int, float, complex."""
    if isinstance(d, dtype):
        return d.numpy
    if d is float:
        return float64.numpy
    if d is int:
        return _INT64
    if d is bool:
        return _BOOL
    if d is complex:
        return complex128.numpy
    raise TypeError(f"dtype must be a dtype such as torch.float32, not {d!r} ({type(d).__name__}).")


def category(d: np.dtype[Any]) -> int:
    """Return BOOL, INTEGER, FLOATING or COMPLEX."""
    return _CATEGORY[kind(d)]


def kind(d: np.dtype[Any]) -> str:
    """Return NumPy's letter for what a dtype holds: "b" bool, "u" and "i" integers, "f" floats, "c" complex numbers.

    NumPy's own ``d.kind`` says "V" (unknown) for bfloat16, which is a float here.
    """
    found = d.kind
    return "f" if found == "V" else found


def limits(d: np.dtype[Any]) -> Any:
    """Return the limits of a floating or complex dtype under the names of `numpy.finfo`, which lacks bfloat16."""
    return bfloat16_type.limits() if d.kind == "V" else np.finfo(d)


def of_number(value: complex) -> np.dtype[Any]:
    """Return the dtype that a Python number has on its own; TypeError for decimals and fractions."""
    if isinstance(value, bool | np.bool_):
        return _BOOL
    if isinstance(value, int | np.integer):
        return _INT64
    if isinstance(value, float | np.floating):
        return _default[0]
    if isinstance(value, complex | np.complexfloating):
        return _COMPLEX_OF[_default[0]]
    raise TypeError(
        f"a {type(value).__name__} cannot be an operand: tensors compute with bool, int, float and complex. "
        f"Convert it with `float(...)`."
    )


def complex_of(d: np.dtype[Any]) -> np.dtype[Any]:
    """Return the complex dtype whose parts have a floating dtype (complex64 for float16)."""
    return _COMPLEX_OF[d]


_promoted: dict[tuple[np.dtype[Any], np.dtype[Any]], np.dtype[Any]] = {}


def promote(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    """Return the smallest dtype that both fit by PyTorch's table (an integer never widens a float)."""
    if a is b:
        return a
    found = _promoted.get((a, b))
    if found is None:
        _require_promotable(a, b)
        ca, cb = category(a), category(b)
        if ca < FLOATING <= cb:
            found = b
        elif cb < FLOATING <= ca:
            found = a
        elif {ca, cb} == {FLOATING, COMPLEX}:
            real, other = (a, b) if ca == FLOATING else (b, a)
            found = np.promote_types(_COMPLEX_OF[real], other)
        elif ca == cb == FLOATING and a != b and a.itemsize == b.itemsize:
            found = float32.numpy
        else:
            found = np.promote_types(a, b)
        _promoted[a, b] = found
    return found


def _require_promotable(a: np.dtype[Any], b: np.dtype[Any]) -> None:
    """Raise RuntimeError for a wide unsigned type and one that PyTorch does not promote it with: any but floats."""
    if (
        a != b
        and not _WIDE_UNSIGNED.isdisjoint((a, b))
        and FLOATING not in (category(a), category(b))
    ):
        raise DTypeError(
            f"Promotion for uint16, uint32, uint64 types is not supported, attempted to promote {public(a)} and "
            f"{public(b)}. Convert one of them first, as in `x.to(torch.int64)`."
        )


def _over(higher: np.dtype[Any] | None, lower: np.dtype[Any] | None) -> np.dtype[Any] | None:
    """Combine two priorities: the higher one's dtype unless the lower one's category is above it."""
    if higher is None or lower is None:
        return higher or lower
    high, low = category(higher), category(lower)
    if high == COMPLEX:
        return higher
    if high == FLOATING:
        return _COMPLEX_OF[higher] if low == COMPLEX else higher
    if low >= FLOATING:
        return lower
    return promote(higher, lower) if high == BOOL else higher


def result_type(
    shaped: Iterable[np.dtype[Any]],
    scalars: Iterable[np.dtype[Any]] = (),
    numbers: Iterable[complex] = (),
) -> np.dtype[Any]:
    """Promote operands of three priorities: tensors with dimensions, 0-d tensors, Python numbers.

    A lower priority takes part only where its category (bool < integer < floating < complex) is above the result of
    the higher ones, as in PyTorch's type promotion.
    """
    ranks: list[np.dtype[Any] | None] = []
    for group in (shaped, scalars, (of_number(n) for n in numbers)):
        joined: np.dtype[Any] | None = None
        for d in group:
            joined = d if joined is None else promote(joined, d)
        ranks.append(joined)
    found = _over(ranks[0], _over(ranks[1], ranks[2]))
    assert found is not None, "result_type needs at least one operand"
    return found

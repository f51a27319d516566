"""How a tensor is printed: PyTorch's text, character for character.

Knows NumPy arrays and Python numbers, and nothing of tensors: whoever prints a tensor says what
else there is to show (dtype, `requires_grad`, the name of its `grad_fn`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["format_array", "format_scalar", "set_printoptions", "tensor_repr"]

Array = npt.NDArray[Any]
Writer = Callable[[Any], str]


def tensor_repr(
    array: Array | None,
    *,
    shape: Sequence[int] | None = None,
    prefix: str = "tensor(",
    default_dtype: str = "float32",
    dtype_name: str,
    requires_grad: bool,
    grad_fn_name: str | None,
) -> str:
    """Return what ``repr`` gives for a tensor: the numbers, then what they do not tell.

    The shape is shown where there are no numbers to show it, the dtype where it could not be
    guessed, and one of ``grad_fn=<...>`` and ``requires_grad=True``. What would pass ``linewidth``
    columns goes to a new line. Without an ``array`` there are no numbers: the tensor is on the device meta.

    >>> x = np.zeros((0, 3))
    >>> tensor_repr(x, dtype_name="float64", requires_grad=False, grad_fn_name=None)
    'tensor([], size=(0, 3), dtype=torch.float64)'
    """
    notes = []
    empty = array is None or array.size == 0
    if array is None:
        notes += ["device='meta'", f"size={tuple(shape or ())}"]
    elif (empty and array.ndim != 1) or (not empty and _options.edgeitems == 0):
        notes.append(f"size={tuple(array.shape)}")
    default_complex = "complex128" if default_dtype == "float64" else "complex64"
    obvious = (default_dtype,) if empty else (default_dtype, default_complex, "int64", "bool")
    if dtype_name not in obvious:
        notes.append(f"dtype=torch.{dtype_name}")
    if grad_fn_name is not None:
        notes.append(f"grad_fn=<{grad_fn_name}>")
    elif requires_grad:
        notes.append("requires_grad=True")
    indent = len(prefix)
    text = "..." if array is None else format_array(array, indent)
    return _with_notes(prefix + text, notes, indent) + ")"


def _with_notes(text: str, notes: Sequence[str], indent: int) -> str:
    """Append the notes, each on the last line if it fits there."""
    # PyTorch counts the comma and the space of the first note twice.
    column = len(text) - text.rfind("\n") + 1
    for note in notes:
        if column + len(note) + 2 > _options.linewidth:
            text += ",\n" + " " * indent + note
            column = indent + len(note)
        else:
            text += ", " + note
            column += len(note) + 2
    return text


def format_scalar(array: Array, spec: str = "") -> str:
    """Return what ``f"{x:spec}"`` gives for a 0-d tensor: the format of its Python number.

    That is so whether or not ``x`` requires grad: ``f"{torch.tensor(27.0, requires_grad=True)}"``
    is ``27.0``, while ``str(x)`` and ``repr(x)`` are ``tensor(27., requires_grad=True)``. PyTorch
    does it for plain tensors alone: a Parameter, like a tensor with dimensions, prints as ``str``
    does, and takes no spec; their callers see to that.

    Raises TypeError for an array with dimensions.

    >>> format_scalar(np.array(27.0)), format_scalar(np.array(2.5), ".3f")
    ('27.0', '2.500')
    """
    if array.ndim:
        raise TypeError(
            f"unsupported format string passed to Tensor.__format__: {spec!r}, on a tensor of "
            f"shape {list(array.shape)}. Only a number takes a format: print an element or a mean, "
            f"or use set_printoptions(precision=...)."
        )
    return format(array.item(), spec)


def format_array(array: Array, indent: int) -> str:
    """Return the numbers in brackets, as they follow a prefix of ``indent`` columns.

    Above ``threshold`` elements, ``edgeitems`` are shown at each end of each dimension.

    >>> print("tensor(" + format_array(np.array([[1.5, -2], [np.nan, 10]]), 7) + ")")
    tensor([[ 1.5000, -2.0000],
            [    nan, 10.0000]])
    """
    if array.size == 0:
        return "[]"
    shortened = array.size > _options.threshold
    shown = _corners(array) if shortened else array
    if array.dtype.kind == "c":
        write, width = _complex_writer(shown)
    else:
        write, width = _real_writer(shown)
    return _block(array, indent, shortened, write, width)


def _corners(array: Array) -> Array:
    """Return the elements that a shortened print shows, which decide on its notation and width."""
    edge = _options.edgeitems
    for axis, size in enumerate(array.shape):
        if size > 2 * edge:
            array = np.take(array, [*range(edge), *range(size - edge, size)], axis)
    return array


def _complex_writer(shown: Array) -> tuple[Writer, int]:
    """Return how to write each complex number, real and imaginary parts each in their own width."""
    write_real, real_width = _real_writer(shown.real)
    write_imag, imag_width = _real_writer(shown.imag)

    def write(value: complex) -> str:
        imag = write_imag(value.imag).lstrip()
        sign = "" if imag[0] in "+-" else "+"
        return f"{write_real(value.real)}{sign}{imag}j"

    return write, real_width + imag_width + 1


def _real_writer(shown: Array) -> tuple[Writer, int]:
    """Return how to write each number so that all shown take equal width, and that width."""
    values = shown.ravel().tolist()
    if shown.dtype.kind != "f":
        width = max([1, *(len(str(value)) for value in values)])
        return (lambda value: str(value).rjust(width)), width
    # Zeros, NaN and infinities choose neither notation nor width.
    telling = [value for value in values if value != 0.0 and math.isfinite(value)]
    if not telling:
        return _whole, 1
    digits = _options.precision
    if _is_scientific(telling):
        spelled: Writer = f"{{:.{digits}e}}".format
    elif all(value.is_integer() for value in telling):
        spelled = _whole
    else:
        spelled = f"{{:.{digits}f}}".format
    width = max(len(spelled(value)) for value in telling)
    return (lambda value: spelled(value).rjust(width)), width


def _is_scientific(telling: Sequence[float]) -> bool:
    """Say whether these numbers are too large, too small or too far apart for plain digits."""
    if _options.sci_mode is not None:
        return _options.sci_mode
    sizes = [abs(value) for value in telling]
    least, greatest = min(sizes), max(sizes)
    return greatest / least > 1000.0 or greatest > 1.0e8 or least < 1.0e-4


def _whole(value: float) -> str:
    """Write a float without a fraction: ``3.``, and NaN and infinities without the point."""
    return f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}"


def _block(array: Array, indent: int, shortened: bool, write: Writer, width: int) -> str:
    """Write one dimension in brackets, the ones below it each one column further in."""
    if array.ndim == 0:
        return write(array.item())
    edge = _options.edgeitems
    skips = shortened and len(array) > 2 * edge
    ends = [array[:edge], array[len(array) - edge :]] if skips else [array]
    if array.ndim == 1:
        parts = [[write(value) for value in end.tolist()] for end in ends]
    else:
        parts = [[_block(row, indent + 1, shortened, write, width) for row in end] for end in ends]
    if skips:
        # The dots stand where a number would, after a space, unless nothing else stands in the row.
        parts.insert(1, [" ..." if array.ndim == 1 and edge else "..."])
    items = [item for part in parts for item in part]
    margin = " " * (indent + 1)
    if array.ndim > 1:
        between = "," + "\n" * (array.ndim - 1) + margin
        return "[" + between.join(items) + "]"
    fitting = max(1, (_options.linewidth - indent) // (width + 2))
    lines = [", ".join(items[i : i + fitting]) for i in range(0, len(items), fitting)]
    return "[" + f",\n{margin}".join(lines) + "]"


@dataclass(slots=True)
class _Options:
    """The present print options, in PyTorch's names and with its defaults."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_options: Final = _Options()
_PROFILES: Final = {
    "default": _Options(),
    "short": _Options(precision=2, edgeitems=2),
    "full": _Options(threshold=math.inf),
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Choose how tensors print; what is None stays, but ``sci_mode`` always takes the given value.

    ``precision``: digits behind the point. ``threshold``: the number of elements up to which all
    are shown. ``edgeitems``: how many are shown at each end of a dimension above it. ``linewidth``:
    columns. ``profile``: ``"default"``, ``"short"`` or ``"full"``, which the other options refine.
    ``sci_mode``: scientific notation always, never, or (None) where the values need it.

    Raises ValueError for another profile; PyTorch ignores it.
    """
    if profile is not None and profile not in _PROFILES:
        known = ", ".join(repr(name) for name in _PROFILES)
        raise ValueError(f"set_printoptions: there is no profile {profile!r}. Use one of {known}.")
    base = _options if profile is None else _PROFILES[profile]
    _options.precision = base.precision if precision is None else precision
    _options.threshold = base.threshold if threshold is None else threshold
    _options.edgeitems = base.edgeitems if edgeitems is None else edgeitems
    _options.linewidth = base.linewidth if linewidth is None else linewidth
    _options.sci_mode = sci_mode

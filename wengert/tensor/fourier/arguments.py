"""What the functions of `torch.fft` are passed, read and checked: operands, sizes, dimensions, normalization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.core import dtypes
from wengert.core.shapes import axis_of
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.rules import arrangement
from wengert.rules.fourier import Axes
from wengert.tensor.numbers import wholes_of
from wengert.tensor.parts import narrow
from wengert.tensor.promotion import cast_to, dtype_of, require_tensor

_POWERS = {None: 0.0, "backward": 0.0, "ortho": 0.5, "forward": 1.0}


def power_of(op: str, norm: Any, *, inverse: bool) -> float:
    """Return the power of the number of elements that a transform is divided by."""
    if norm is not None and not isinstance(norm, str):
        raise TypeError(f"{op}(): argument 'norm' must be str, not {type(norm).__name__}.")
    if norm not in _POWERS:
        raise ShapeError(
            f'{op}: Invalid normalization mode: "{norm}". Use "backward", "ortho" or "forward".'
        )
    return 1.0 - _POWERS[norm] if inverse else _POWERS[norm]


def require_real(op: str, x: Any) -> None:
    """Raise RuntimeError for complex numbers."""
    if dtype_of(x).kind == "c":
        raise DTypeError(
            f"{op} expects a real input tensor, but got {x.dtype} of shape {shape_text(x.shape)}. Use `input.real`, or "
            f"`torch.fft.{op[4:].removeprefix('r').replace('ihfft', 'ifft')}` for complex numbers."
        )


def floats(op: str, x: Any, *, to_complex: bool = False) -> Any:
    """Return a tensor as one of floats (integers as the default ones) or complex numbers.

    RuntimeError for floats of 16 bits.
    """
    require_tensor(op, x)
    dtype = dtype_of(x)
    if dtype.kind == "c":
        return x
    if dtypes.kind(dtype) != "f":
        dtype = dtypes.default_float()
    if dtype.itemsize < 4:
        raise DTypeError(
            f"{op}: Unsupported dtype {dtypes.public(dtype)}, for an input of {x.dtype} and shape "
            f"{shape_text(x.shape)}. Use `input.float()`."
        )
    return cast_to(x, dtypes.complex_of(dtype) if to_complex else dtype)


def axis(op: str, dim: Any, x: Any) -> int:
    """Return a dimension counted from the last one; IndexError where there is none."""
    found = axis_of(op, dim, x.ndim)
    if not x.ndim:
        raise IndexError(
            f"{op}: Dimension specified as {dim} but tensor has no dimensions. Use `input.reshape(1)`."
        )
    return found - int(x.ndim)


def require_points(op: str, count: int, x: Any) -> None:
    """Raise RuntimeError unless there is something to transform."""
    if count < 1:
        raise ShapeError(
            f"{op}: Invalid number of data points ({count}) specified, for an input of shape {shape_text(x.shape)}. "
            f"A transform is of 1 or more along each dimension."
        )


def ints(op: str, name: str, given: Any) -> tuple[int, ...] | None:
    """Return a tuple of ints; None stays, and an int stands for one."""
    if given is None:
        return None
    return wholes_of(op, name, given if isinstance(given, list | tuple) else (given,))


def axes_and_sizes(
    op: str, x: Any, s: Any, dim: Any, *, back: bool = False, some: bool = False, real: bool = False
) -> tuple[Axes, list[int]]:
    """Return the dimensions to transform, counted from the last one, and how many elements along each.

    With ``back`` the last size is that of the real numbers that come out of half of their transform. RuntimeError for
    sizes and dimensions that do not go together, with ``some`` where there is none, with ``real`` for complex numbers.
    """
    require_tensor(op, x)
    sizes, dims = ints(op, "s", s), ints(op, "dim", dim)
    if real:
        require_real(op, x)
    if dims is not None:
        axes = tuple(axis(op, d, x) for d in dims)
        if len(set(axes)) < len(axes):
            raise ShapeError(f"{op}: FFT dims must be unique, but got dim={dims}.")
        if sizes is not None and len(sizes) != len(axes):
            raise ShapeError(
                f"{op}: When given, dim and s arguments must have the same length, but got dim={dims} and s={sizes}."
            )
    else:
        count = x.ndim if sizes is None else len(sizes)
        if count > x.ndim:
            raise ShapeError(
                f"{op}: Got s with {count} values but input tensor only has {x.ndim} dimensions: its shape is "
                f"{shape_text(x.shape)}."
            )
        axes = tuple(range(-count, 0))
    found = [x.shape[a] for a in axes]
    if sizes is not None:
        found = [n if m == -1 else m for n, m in zip(found, sizes, strict=True)]
    if some and not axes:
        raise ShapeError(
            f"{op} must transform at least one axis, but got an input of shape {shape_text(x.shape)} and dim={dims}."
        )
    for n in found:
        require_points(op, n, x)
    if back and (sizes is None or sizes[-1] == -1):
        found[-1] = 2 * (found[-1] - 1)
        require_points(op, found[-1], x)
    return axes, found


def resized(x: Any, axes: Axes, sizes: Sequence[int]) -> Any:
    """Return a tensor cut off, or with zeros behind its elements, so that it has these sizes."""
    missing, shape = {}, x.shape
    for a, n in zip(axes, sizes, strict=True):
        if n < shape[a]:
            x = narrow(x, a, 0, n)
        elif n > shape[a]:
            missing[a] = (0, n - shape[a])
    if missing:
        pad = tuple(missing.get(a, (0, 0)) for a in range(-len(shape), 0))
        x = arrangement.constant_pad_nd(x, pad=pad, value=0.0)
    return x

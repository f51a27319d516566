"""Rows of discrete Fourier transforms along one or several axes, which are counted from the last one: -1, -2, ...

A transform along an axis multiplies by the matrix ``exp(-2 pi i j k / n)``, which is symmetric, and so is its own
transpose; an inverse one by the conjugate matrix. Results are divided by ``n ** power``, where n is the number of
elements that a sum is over and ``power`` 0, 1/2 or 1.
"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import constant, general, linear
from wengert.core.strides import by_rows, copied, hollow, hollow_like, in_axes, steps
from wengert.rules.complex_parts import real_part
from wengert.rules.structural import cat, slice_, squeeze, transpose

Axes = tuple[int, ...]

AHEAD = {0.0: "backward", 0.5: "ortho", 1.0: "forward"}
"""SciPy's words for what a transform is divided by, by the power."""
BACK = {0.0: "forward", 0.5: "ortho", 1.0: "backward"}
"""The same for an inverse one."""


def _same(p: dict[str, Any], size: int) -> dict[str, Any]:
    """Leave the parameters alone: axes are counted from the last one."""
    return p


@functools.cache
def _scipy() -> ModuleType:
    # Of float32 numbers SciPy transforms several lines at once, where NumPy takes up to ten times as long.
    import scipy.fft as fft

    return fft  # type: ignore[no-any-return]


def _order(x: Array, axes: Axes, resorted: int) -> list[int]:
    """Return the axes of a result from the slowest to the fastest in memory, as PyTorch lays it.

    Those that are transformed are the fastest, the first ``resorted`` of them and all others in the order that they
    have in ``x``.
    """
    rank = x.ndim
    if x.flags.c_contiguous and axes == tuple(range(-len(axes), 0)):
        return list(range(rank))
    step = steps(x)
    along = [axis + rank for axis in axes]
    fast = sorted(along[:resorted], key=lambda axis: -abs(step[axis])) + along[resorted:]
    slow = sorted(set(range(rank)) - set(fast), key=lambda axis: -abs(step[axis]))
    return slow + fast


def _transformed(x: Array, order: list[int], kind: str, count: int, **how: Any) -> Array:
    """Let SciPy transform ``x``, its axes in this order, along the last ``count`` of them.

    ``kind`` is SciPy's name for one axis.
    """
    if count > 1:
        kind, how["axes"] = f"{kind}n", tuple(range(-count, 0))
    return by_rows(getattr(_scipy(), kind)(x.transpose(order), **how))


def _laid(x: Array, order: list[int], axis: int, n: int, dtype: Any) -> Array:
    """Return the outline of a transform of ``x`` whose axes lie in that order, with ``n`` elements along ``axis``."""
    shape = list(x.shape)
    shape[axis] = n
    return in_axes(hollow([shape[a] for a in order], dtype), order)


def _dft_outline(x: Array, *, axes: Axes, inverse: bool, power: float) -> Array:
    if not axes:
        return hollow_like(x)
    return _laid(x, _order(x, axes, len(axes)), -1, x.shape[-1], x.dtype)


def _real_dft_outline(x: Array, *, axes: Axes, onesided: bool, power: float) -> Array:
    n, dtype = x.shape[axes[-1]], np.result_type(x.dtype, np.complex64)
    return _laid(x, _order(x, axes, len(axes) - 1), axes[-1], n // 2 + 1 if onesided else n, dtype)


def _real_idft_outline(x: Array, *, axes: Axes, n: int, power: float) -> Array:
    return _laid(x, _order(x, axes, len(axes) - 1), axes[-1], n, x.real.dtype)


def _dft(x: Array, *, axes: Axes, inverse: bool, power: float) -> Array:
    if not axes:
        return copied(x)
    order = _order(x, axes, len(axes))
    kind, norm = ("ifft", BACK[power]) if inverse else ("fft", AHEAD[power])
    return in_axes(_transformed(x, order, kind, len(axes), norm=norm), order)


dft = linear(
    "dft", _dft, lambda ct, axes, inverse, power: dft(ct, axes=axes, inverse=inverse, power=power),
    shift=_same, outline=_dft_outline, backward_name="FftC2CBackward0",
)  # fmt: skip
"""``sum(x[j] * exp(-2 pi i j k / n))`` of complex numbers; with ``inverse``, without the minus."""


def _real_dft(x: Array, *, axes: Axes, onesided: bool, power: float) -> Array:
    order = _order(x, axes, len(axes) - 1)
    made = _transformed(x, order, "rfft", len(axes), norm=AHEAD[power])
    if not onesided:
        made = _whole(made, x.shape[axes[-1]])
    return in_axes(made, order)


def _whole(half: Array, n: int) -> Array:
    """Return all elements of a transform along the last axis."""
    # SciPy's own conjugates those that are real, too, which turns the signs of their zeros.
    made = np.empty((*half.shape[:-1], n), half.dtype)
    made[..., : half.shape[-1]] = half
    np.conjugate(half[..., (n - 1) // 2 : 0 : -1], out=made[..., half.shape[-1] :])
    return made


def _real_dft_vjp(ct: Any, x_shape: Any, axes: Axes, onesided: bool, power: float) -> Any:
    if not onesided:
        return real_part(dft(ct, axes=axes, inverse=True, power=power))
    n = x_shape[axes[-1]]
    return real_idft(_mirrored(ct, axes[-1], n, 0.5), axes=axes, n=n, power=power)


def _mirrored(half: Any, axis: int, n: int, factor: float) -> Any:
    """Multiply the elements that have conjugates among those left out: all but the first, and one in the middle."""
    alone = (n - 1) // 2 + 1
    behind = (slice(None),) * (-axis - 1)
    parts = [
        slice_(half, index=(Ellipsis, slice(start, end), *behind))
        for start, end in ((0, 1), (1, alone), (alone, n // 2 + 1))
    ]
    parts[1] = parts[1] * factor
    return cat(*(p for p in parts if p.shape[axis]), dim=half.ndim + axis)


real_dft = general(
    "real_dft", _real_dft, _real_dft_vjp,
    lambda tangents, axes, onesided, power: real_dft(tangents[0], axes=axes, onesided=onesided, power=power),
    shift=_same, outline=_real_dft_outline, backward_name="FftR2CBackward0",
)  # fmt: skip
"""`dft` of real numbers. With ``onesided`` only the first ``n // 2 + 1`` elements along the last one of ``axes``: the
others are conjugates of these. Without, there is one axis."""


def _real_idft(x: Array, *, axes: Axes, n: int, power: float) -> Array:
    order = _order(x, axes, len(axes) - 1)
    count, norm = len(axes), BACK[power]
    if count == 1:
        made = _transformed(x, order, "irfft", 1, n=n, norm=norm)
    else:
        sizes = (*(x.shape[axis] for axis in order[-count:-1]), n)
        made = _transformed(x, order, "irfft", count, s=sizes, norm=norm)
    return in_axes(made, order)


def _real_idft_vjp(ct: Any, axes: Axes, n: int, power: float) -> Any:
    half = real_dft(ct, axes=axes, onesided=True, power=power)
    return _mirrored(half, axes[-1], n, 2.0)


real_idft = general(
    "real_idft", _real_idft, _real_idft_vjp,
    lambda tangents, axes, n, power: real_idft(tangents[0], axes=axes, n=n, power=power),
    shift=_same, outline=_real_idft_outline, backward_name="FftC2RBackward0",
)  # fmt: skip
"""The real numbers, n along the last one of ``axes``, of which the onesided `real_dft` is ``x``, times how many they
are. Imaginary parts that such a one lacks do not count."""


# The last steps of `stft`, which PyTorch takes in place.
turned_spectrum = transpose.named("turned_spectrum", "TransposeBackward1")
single_spectrum = squeeze.named("single_spectrum", "SqueezeBackward4")


def _overlapping(x: Array) -> Array:
    if x.size and not np.abs(x).min() > 1e-11:
        raise RuntimeError(
            f"istft: the windows do not cover the signal: the sum of their squares is {np.abs(x).min():.3g} at a "
            f"place. Use a smaller hop_length, center=True, or a window that stays away from 0."
        )
    return x


overlapping = constant("overlapping", _overlapping, operands=1)
"""Sums of squared windows as they are; RuntimeError where one is 0."""

__all__ = ["dft", "overlapping", "real_dft", "real_idft", "single_spectrum", "turned_spectrum"]

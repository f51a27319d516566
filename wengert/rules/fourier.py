"""Rows of discrete Fourier transforms along the last axis, not scaled: whoever calls divides.

A transform multiplies by the matrix ``exp(-2 pi i j k / n)``, which is symmetric, and so is its own transpose; an
inverse one by the conjugate matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.dtypes import complex_of
from wengert.core.primitive import constant, general, linear
from wengert.core.strides import by_rows, in_axes, memory_order
from wengert.rules.complex_parts import real_part
from wengert.rules.structural import cat, embed, slice_, squeeze, transpose

Transform = Callable[[Array], Array]


def _laid_out(transform: Transform, x: Array, dtype: np.dtype[Any]) -> Array:
    """Transform with the results next to each other in memory, and the other axes in their order, as in PyTorch."""
    last = x.ndim - 1
    order = [axis for axis in memory_order(x) if axis != last] + [last]
    made = transform(x.transpose(order)).astype(dtype, copy=False)
    return in_axes(by_rows(made), order)


def _dft(x: Array, *, inverse: bool) -> Array:
    transform: Transform = (lambda x: np.fft.ifft(x, norm="forward")) if inverse else np.fft.fft
    return _laid_out(transform, x, x.dtype)


dft = linear(
    "dft", _dft, lambda ct, inverse: dft(ct, inverse=inverse), shift=lambda p, size: p,
    backward_name="FftC2CBackward0",
)  # fmt: skip
"""``sum(x[j] * exp(-2 pi i j k / n))`` of complex numbers; with ``inverse``, without the minus."""


def _real_dft(x: Array) -> Array:
    return _laid_out(np.fft.rfft, x, complex_of(x.dtype))


def _real_dft_vjp(ct: Any, x_shape: Any) -> Any:
    whole = embed(ct, index=(Ellipsis, slice(0, ct.shape[-1])), shape=tuple(x_shape))
    return real_part(dft(whole, inverse=True))


real_dft = general(
    "real_dft", _real_dft, _real_dft_vjp, lambda tangents: real_dft(tangents[0]),
    shift=lambda p, size: p, backward_name="FftR2CBackward0",
)  # fmt: skip
"""The first ``n // 2 + 1`` elements of `dft` of ``n`` real numbers; the others are conjugates of these."""


def _real_idft(x: Array, *, n: int) -> Array:
    made = np.fft.irfft(x, n, norm="forward")
    return made.astype(x.real.dtype, copy=False)


def _real_idft_vjp(ct: Any, n: int) -> Any:
    """Every element but the first, and the one in the middle, stands for its conjugate as well."""
    half, alone = real_dft(ct), (n - 1) // 2 + 1
    parts = [
        slice_(half, index=(Ellipsis, slice(0, 1))),
        slice_(half, index=(Ellipsis, slice(1, alone))) * 2.0,
        slice_(half, index=(Ellipsis, slice(alone, n // 2 + 1))),
    ]
    return cat(*(p for p in parts if p.shape[-1]), dim=half.ndim - 1)


real_idft = general(
    "real_idft", _real_idft, _real_idft_vjp, lambda tangents, n: real_idft(tangents[0], n=n),
    shift=lambda p, size: p, backward_name="FftC2RBackward0",
)  # fmt: skip
"""``n`` real numbers, n times those of which `real_dft` is ``x``; the imaginary parts that those lack do not count."""


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

"""Windows: vectors that fall off towards both ends, for spectra of short pieces of a signal.

Every function takes ``dtype``, ``device`` and ``requires_grad``, and PyTorch's ``layout`` and ``pin_memory``, which
change nothing here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import Array
from wengert.errors import DTypeError
from wengert.tensor.creation import finish
from wengert.tensor.device import placed
from wengert.tensor.numbers import double_of, require_flags, whole_of

__all__ = [
    "bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window",
]  # fmt: skip


def hann_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return ``(1 - cos(2 pi n / (N - 1))) / 2`` for n from 0 to ``window_length - 1``, as a vector of floats.

    N is the length. A ``periodic`` window is the one that is longer by 1, without its last element, so that it
    continues itself. A window of length 1 is 1. RuntimeError for negative lengths and for integer dtypes,
    NotImplementedError for complex ones.

    >>> import wengert as torch
    >>> torch.hann_window(4), torch.hann_window(3, periodic=False)
    (tensor([0.0000, 0.5000, 1.0000, 0.5000]), tensor([0., 1., 0.]))
    """
    return _window(
        "hann_window", window_length, periodic, lambda n, last: _raised_cosine(n, last, 0.5, 0.5),
        dtype, layout, device, requires_grad,
    )  # fmt: skip


def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *, dtype: Any = None,
    layout: Any = None, device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return ``alpha - beta * cos(2 pi n / (N - 1))``; see `hann_window`.

    >>> import wengert as torch
    >>> torch.hamming_window(4)
    tensor([0.0800, 0.5400, 1.0000, 0.5400])
    """
    alpha, beta = (
        double_of("hamming_window", name, v) for name, v in (("alpha", alpha), ("beta", beta))
    )
    return _window(
        "hamming_window", window_length, periodic, lambda n, last: _raised_cosine(n, last, alpha, beta),
        dtype, layout, device, requires_grad,
    )  # fmt: skip


def blackman_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return ``0.42 - 0.5 * cos(2 pi n / (N - 1)) + 0.08 * cos(4 pi n / (N - 1))``; see `hann_window`.

    >>> import wengert as torch
    >>> torch.blackman_window(5, periodic=False)[1:4]
    tensor([0.3400, 1.0000, 0.3400])
    """
    return _window(
        "blackman_window", window_length, periodic, _blackman, dtype, layout, device, requires_grad
    )


def bartlett_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return ``1 - |2 n / (N - 1) - 1|``, a triangle; see `hann_window`.

    >>> import wengert as torch
    >>> torch.bartlett_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _window(
        "bartlett_window", window_length, periodic, _triangle, dtype, layout, device, requires_grad
    )


def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, *, dtype: Any = None, layout: Any = None,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return ``I0(beta * sqrt(1 - (2 n / (N - 1) - 1) ** 2)) / I0(beta)``; see `hann_window`.

    I0 is the modified Bessel function of order 0; a larger ``beta`` makes a narrower window.

    >>> import wengert as torch
    >>> torch.kaiser_window(4, True, 3.)
    tensor([0.2049, 0.7269, 1.0000, 0.7269])
    """
    beta = double_of("kaiser_window", "beta", beta)
    return _window(
        "kaiser_window", window_length, periodic, lambda n, last: _kaiser(n, last, beta),
        dtype, layout, device, requires_grad,
    )  # fmt: skip


def _window(
    op: str, length: Any, periodic: Any, shape: Callable[[Array, int], Array], dtype: Any, layout: Any, device: Any,
    requires_grad: bool,
) -> Any:  # fmt: skip
    """Return the window that ``shape(n, last)`` gives for the numbers from 0 to ``last``."""
    place = placed(device, layout)
    n = _length(op, length)
    require_flags(op, periodic=periodic)
    made = dtypes.default_float() if dtype is None else dtypes.to_numpy(dtype)
    if dtypes.kind(made) in "biu":
        raise DTypeError(
            f"{op} expects floating point dtypes, got: {dtypes.public(made)}. Use torch.float32."
        )
    if made.kind == "c":
        raise NotImplementedError(
            f'"{op}" not implemented for {dtypes.public(made)}: windows are real. Use `.to(dtype)` of one of floats.'
        )
    if n < 2:
        return finish(np.ones(n, made), requires_grad, place)
    # Numbers are taken in the window's own dtype, float32 where it is a shorter one, as PyTorch rounds them.
    work = made if made.itemsize > 2 else np.dtype(np.float32)
    last = n if periodic else n - 1
    return finish(shape(np.arange(n).astype(work), last).astype(made), requires_grad, place)


def _length(op: str, given: Any) -> int:
    n = whole_of(op, "window_length", given)
    if n < 0:
        raise RuntimeError(f"{op} requires non-negative window_length, got window_length={n}.")
    return n


def _raised_cosine(n: Array, last: int, alpha: float, beta: float) -> Array:
    return np.cos(n * (2 * math.pi / last)) * -beta + alpha


def _blackman(n: Array, last: int) -> Array:
    twice, once = np.cos(n * (4 * math.pi / last)), np.cos(n * (2 * math.pi / last))
    return (twice * 0.08 - once * 0.5) + 0.42


def _triangle(n: Array, last: int) -> Array:
    rising = n * (2 / last)
    return np.minimum(rising, 2 - rising)


def _kaiser(n: Array, last: int, beta: float) -> Array:
    half = last / 2
    inside = np.maximum(1 - ((n.astype(np.float64) - half) / half) ** 2, 0)
    return np.i0(beta * np.sqrt(inside)) / np.i0(beta)

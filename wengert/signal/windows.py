"""Windows as `torch.signal.windows` spells them: ``M`` weights, the largest in the middle.

``sym=True`` (the default) makes them symmetric, for filters; ``sym=False`` leaves the last one of ``M + 1`` out, for
spectra. They are computed in float64 and rounded once to ``dtype``, float32 or float64: the default dtype. ValueError
for a negative ``M``, for other dtypes and layouts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from wengert.core import dtypes
from wengert.errors import refuser
from wengert.tensor import creation, elementary, filled, ranges, reductions
from wengert.tensor.device import require_cpu, strided
from wengert.tensor.special_functions import i0

__all__ = [
    "bartlett", "blackman", "cosine", "exponential", "gaussian", "general_cosine", "general_hamming", "hamming", "hann",
    "kaiser", "nuttall",
]  # fmt: skip


class _Window:
    """The options that all windows have, checked."""

    def __init__(
        self, op: str, M: int, sym: bool, dtype: Any, layout: Any, device: Any, requires_grad: bool
    ) -> None:
        self.dtype = dtypes.public(dtypes.default_float()) if dtype is None else dtype
        if M < 0:
            raise ValueError(f"{op} requires non-negative window length, got M={M}")
        if layout is not None and layout is not strided:
            raise ValueError(f"{op} is implemented for strided tensors only, got: {layout}")
        if self.dtype not in (dtypes.float32, dtypes.float64):
            raise ValueError(f"{op} expects float32 or float64 dtypes, got: {self.dtype}")
        require_cpu(device)
        self.M, self.requires_grad = M, requires_grad
        self.steps = M - 1 if sym else M
        """How many steps the window is long: between the first weight and the last, or the one that is left out."""

    def places(self, first: float, step: float) -> Any:
        """Return ``first``, ``first + step``, ... for the weights."""
        return ranges.arange(self.M, dtype=dtypes.float64) * step + first

    def made(self, weights: Any) -> Any:
        """Return weights as they are asked for."""
        made = weights.to(self.dtype)
        return made.requires_grad_() if self.requires_grad else made

    def trivial(self) -> Any:
        """Return the window of no weight or of one, which is 1; None for others."""
        return self.made(filled.ones(self.M)) if self.M < 2 else None


def exponential(
    M: int, *, center: float | None = None, tau: float = 1.0, sym: bool = True, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return ``exp(-|k - center| / tau)``; ``center``, the middle unless given, is for windows that are not symmetric.

    ValueError unless ``tau`` is positive, and for a ``center`` with ``sym=True``.

    >>> import wengert as torch
    >>> torch.signal.windows.exponential(3)
    tensor([0.3679, 1.0000, 0.3679])
    """
    window = _Window("exponential", M, sym, dtype, layout, device, requires_grad)
    if tau <= 0:
        raise ValueError(f"exponential: Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("exponential: Center must be None for symmetric windows. Use `sym=False`.")
    middle = (window.steps if M > 1 else M - 1) / 2 if center is None else center
    return window.made(elementary.exp(-elementary.abs(window.places(-middle / tau, 1 / tau))))


def cosine(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:  # fmt: skip
    """Return ``sin(pi (k + 1/2) / M)``, half a wave."""
    window = _Window("cosine", M, sym, dtype, layout, device, requires_grad)
    step = math.pi / max(1, M + 1 if not sym and M > 1 else M)
    return window.made(elementary.sin(window.places(step / 2, step)))


def gaussian(
    M: int, *, std: float = 1.0, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return ``exp(-((k - middle) / std) ** 2 / 2)``. ValueError unless ``std`` is positive."""
    window = _Window("gaussian", M, sym, dtype, layout, device, requires_grad)
    if std <= 0:
        raise ValueError(f"gaussian: Standard deviation must be positive, got: {std} instead.")
    step = 1 / (std * math.sqrt(2))
    places = window.places(-(window.steps if M > 1 else M - 1) / 2 * step, step)
    return window.made(elementary.exp(-(places**2)))


def kaiser(
    M: int, *, beta: float = 12.0, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return ``i0(beta sqrt(1 - u ** 2)) / i0(beta)`` for u from -1 to 1. ValueError for a negative ``beta``."""
    window = _Window("kaiser", M, sym, dtype, layout, device, requires_grad)
    if beta < 0:
        raise ValueError(f"kaiser: beta must be non-negative, got: {beta} instead.")
    if (trivial := window.trivial()) is not None:
        return trivial
    u = window.places(-1.0, 2 / window.steps)
    # Rounding may put the last place a little beyond 1.
    inside = elementary.sqrt((1 - u * u).clamp(min=0)) * float(beta)
    return window.made(i0(inside) / i0(creation.tensor(float(beta), dtype=dtypes.float64)))


def bartlett(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:  # fmt: skip
    """Return ``1 - |u|`` for u from -1 to 1, a triangle."""
    window = _Window("bartlett", M, sym, dtype, layout, device, requires_grad)
    if (trivial := window.trivial()) is not None:
        return trivial
    return window.made(1 - elementary.abs(window.places(-1.0, 2 / window.steps)))


def general_cosine(
    M: int, *, a: Iterable[float], sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return ``sum((-1) ** i a[i] cos(2 pi i k / (M - 1)))``. ValueError for no ``a``, TypeError for no sequence."""
    return _waves("general_cosine", M, a, sym, dtype, layout, device, requires_grad)


def _waves(
    op: str, M: int, a: Iterable[float], sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    window = _Window(op, M, sym, dtype, layout, device, requires_grad)
    if (trivial := window.trivial()) is not None:
        return trivial
    if not isinstance(a, Iterable):
        raise TypeError(f"{op}: Coefficients must be a list/tuple, as in `a=[0.5, 0.5]`.")
    shares = creation.tensor([(-1) ** i * float(w) for i, w in enumerate(a)], dtype=dtypes.float64)
    if not shares.numel():
        raise ValueError(f"{op}: Coefficients cannot be empty: `a` has none.")
    angles = window.places(0.0, 2 * math.pi / window.steps)
    orders = ranges.arange(shares.numel(), dtype=dtypes.float64).unsqueeze(-1)
    return window.made(reductions.sum(shares.unsqueeze(-1) * elementary.cos(orders * angles), 0))


def general_hamming(
    M: int, *, alpha: float = 0.54, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return ``alpha - (1 - alpha) cos(2 pi k / (M - 1))``."""
    return _waves(
        "general_hamming", M, [alpha, 1.0 - alpha], sym, dtype, layout, device, requires_grad
    )


def hamming(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:  # fmt: skip
    """Return `general_hamming` with ``alpha = 0.54``."""
    return _waves("hamming", M, [0.54, 0.46], sym, dtype, layout, device, requires_grad)


def hann(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:  # fmt: skip
    """Return `general_hamming` with ``alpha = 0.5``, which begins and ends with 0.

    >>> import wengert as torch
    >>> torch.signal.windows.hann(5)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return _waves("hann", M, [0.5, 0.5], sym, dtype, layout, device, requires_grad)


def blackman(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:  # fmt: skip
    """Return `general_cosine` with the coefficients 0.42, 0.5 and 0.08."""
    return _waves("blackman", M, [0.42, 0.5, 0.08], sym, dtype, layout, device, requires_grad)


def nuttall(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:  # fmt: skip
    """Return `general_cosine` with Nuttall's four coefficients."""
    shares = [0.3635819, 0.4891775, 0.1365995, 0.0106411]
    return _waves("nuttall", M, shares, sym, dtype, layout, device, requires_grad)


__getattr__ = refuser(__name__, "torch.signal.windows")

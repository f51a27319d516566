"""Fourier transforms along one dimension."""

from __future__ import annotations

from typing import Any

from wengert.rules import fourier as rows
from wengert.rules.structural import conj
from wengert.tensor.fourier.arguments import (
    axis,
    floats,
    power_of,
    require_points,
    require_real,
    resized,
)
from wengert.tensor.numbers import whole_of
from wengert.tensor.out import deliver
from wengert.tensor.promotion import dtype_of, require_tensor

__all__ = ["fft", "hfft", "ifft", "ihfft", "irfft", "rfft"]


def fft(
    input: Any, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Any:
    """Return the discrete Fourier transform of numbers along a dimension.

    Element k is ``sum(x[j] * exp(-2 pi i j k / n))`` for j from 0 to ``n - 1``. ``n`` is by default the dimension's
    size; of a longer one the first ``n`` elements are taken, and behind a shorter one's stand zeros. ``norm`` says what
    the sum is divided by: ``"backward"`` (the default) by 1, so that `ifft` has to divide by n; ``"ortho"`` by
    ``sqrt(n)``; ``"forward"`` by n.

    ``input`` is real or complex, ``(..., m, ...) -> (..., n, ...)``; results are complex64 of float32, and complex128
    of float64. Integers and bools become the default float. TypeError for arguments of other types, IndexError for a
    dimension that is not there, RuntimeError for floats of 16 bits, less than one element and other words for ``norm``.

    >>> import wengert as torch
    >>> torch.fft.fft(torch.tensor([1., 2., 3., 4.]))
    tensor([10.+0.j, -2.+2.j, -2.+0.j, -2.-2.j])
    """
    return _delivered("fft.fft", _complex("fft.fft", input, n, dim, norm, inverse=False), out)


def ifft(
    input: Any, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Any:
    """Return the inverse of `fft`: element j is ``sum(x[k] * exp(2 pi i j k / n)) / n``.

    ``norm`` is the one that `fft` was called with; with ``"forward"`` this one divides by 1. The arguments and errors
    are those of `fft`.

    >>> import wengert as torch
    >>> torch.fft.ifft(torch.tensor([10, -2 + 2j, -2, -2 - 2j]))
    tensor([1.+0.j, 2.+0.j, 3.+0.j, 4.+0.j])
    """
    return _delivered("fft.ifft", _complex("fft.ifft", input, n, dim, norm, inverse=True), out)


def rfft(
    input: Any, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Any:
    """Return the first ``n // 2 + 1`` elements of `fft` of real numbers; the others are conjugates of these.

    ``(..., m, ...) -> (..., n // 2 + 1, ...)``. The arguments and errors are those of `fft`; RuntimeError for complex
    numbers, too.

    >>> import wengert as torch
    >>> torch.fft.rfft(torch.tensor([1., 2., 3., 4.]))
    tensor([10.+0.j, -2.+2.j, -2.+0.j])
    """
    return _delivered("fft.rfft", _half("fft.rfft", input, n, dim, norm, inverse=False), out)


def irfft(
    input: Any, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Any:
    """Return the inverse of `rfft`: the ``n`` real numbers of whose transform ``input`` is the first half.

    ``n`` is by default ``2 * (m - 1)``; pass it where it is odd: ``(..., m, ...) -> (..., n, ...)``. ``n // 2 + 1``
    elements of the input count, and of the first (and of the last, where n is even) only the real part. The arguments
    and errors are else those of `ifft`.

    >>> import wengert as torch
    >>> torch.fft.irfft(torch.tensor([10, -2 + 2j, -2]))
    tensor([1., 2., 3., 4.])
    >>> torch.fft.irfft(torch.fft.rfft(torch.tensor([1., 2., 6.])), n=3).round(decimals=3)
    tensor([1., 2., 6.])
    """
    return _delivered("fft.irfft", _whole("fft.irfft", input, n, dim, norm, inverse=True), out)


def hfft(
    input: Any, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Any:
    """Return `fft` of a signal with ``x[-j] == conj(x[j])``, given its first half; the transform is real.

    As `irfft`, ``(..., m, ...) -> (..., n, ...)`` with n by default ``2 * (m - 1)``, but it sums
    ``x[j] * exp(-2 pi i j k / n)`` over the whole signal, and ``norm`` divides as in `fft`. The other arguments and
    errors are those of `irfft`.

    >>> import wengert as torch
    >>> torch.fft.hfft(torch.tensor([1, 1j, 2]))
    tensor([ 3.,  1.,  3., -3.])
    """
    return _delivered("fft.hfft", _whole("fft.hfft", input, n, dim, norm, inverse=False), out)


def ihfft(
    input: Any, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Any:
    """Return the inverse of `hfft`: the first ``n // 2 + 1`` elements of `ifft` of real numbers.

    ``(..., m, ...) -> (..., n // 2 + 1, ...)``. The arguments and errors are those of `rfft`; ``norm`` divides as in
    `ifft`.

    >>> import wengert as torch
    >>> torch.fft.ihfft(torch.tensor([3., 1., 3., -3.]))
    tensor([1.-0.j, 0.+1.j, 2.-0.j])
    """
    return _delivered("fft.ihfft", _half("fft.ihfft", input, n, dim, norm, inverse=True), out)


def _complex(op: str, x: Any, n: Any, dim: Any, norm: Any, *, inverse: bool) -> Any:
    size, dim, power = _read(op, x, n, dim, norm, inverse)
    x = floats(op, x)
    place = axis(op, dim, x)
    x = _of_size(op, x, place, x.shape[place] if size is None else size)
    if dtype_of(x).kind == "c":
        return rows.dft(x, axes=(place,), inverse=inverse, power=power)
    made = rows.real_dft(x, axes=(place,), onesided=False, power=power)
    return conj(made) if inverse else made


def _read(
    op: str, x: Any, n: Any, dim: Any, norm: Any, inverse: bool
) -> tuple[int | None, int, float]:
    """Return the size, the dimension and the power that are passed; TypeError for arguments of other types."""
    require_tensor(op, x)
    size = None if n is None else whole_of(op, "n", n)
    return size, whole_of(op, "dim", dim), power_of(op, norm, inverse=inverse)


def _of_size(op: str, x: Any, place: int, size: int) -> Any:
    require_points(op, size, x)
    return resized(x, (place,), (size,))


def _half(op: str, x: Any, n: Any, dim: Any, norm: Any, *, inverse: bool) -> Any:
    size, dim, power = _read(op, x, n, dim, norm, inverse)
    require_real(op, x)
    x = floats(op, x)
    place = axis(op, dim, x)
    x = _of_size(op, x, place, x.shape[place] if size is None else size)
    made = rows.real_dft(x, axes=(place,), onesided=True, power=power)
    return conj(made) if inverse else made


def _whole(op: str, x: Any, n: Any, dim: Any, norm: Any, *, inverse: bool) -> Any:
    size, dim, power = _read(op, x, n, dim, norm, inverse)
    x = floats(op, x, to_complex=True)
    place = axis(op, dim, x)
    if size is None:
        size = 2 * (x.shape[place] - 1)
    require_points(op, size, x)
    x = resized(x, (place,), (size // 2 + 1,))
    return rows.real_idft(x if inverse else conj(x), axes=(place,), n=size, power=power)


def _delivered(op: str, made: Any, out: Any) -> Any:
    return made if out is None else deliver(made, out, op=op)

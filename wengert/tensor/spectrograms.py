"""Short-time Fourier transforms: spectra of the pieces of a signal, and the signal from them."""

from __future__ import annotations

from typing import Any

from wengert.core import dtypes
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.rules import fourier, structural, windows
from wengert.rules.complex_parts import view_as_real
from wengert.rules.memory import revalued
from wengert.tape.provenance import warn
from wengert.tensor import filled
from wengert.tensor.numbers import require_flags, whole_of
from wengert.tensor.padding import pad
from wengert.tensor.parts import narrow, unfold
from wengert.tensor.promotion import cast_to, dtype_of, require_tensor

__all__ = ["istft", "stft"]


def stft(
    input: Any, n_fft: int, hop_length: int | None = None, win_length: int | None = None, window: Any = None,
    center: bool = True, pad_mode: str = "reflect", normalized: bool = False, onesided: bool | None = None,
    return_complex: bool | None = None, align_to_window: bool | None = None,
) -> Any:  # fmt: skip
    """Return the spectra of windowed pieces of signals: ``(..., time) -> (..., frequencies, pieces)``.

    Element ``[f, m]`` is ``sum(window[k] * x[m * hop_length + k] * exp(-2 pi i f k / n_fft))`` over ``n_fft`` places.
    ``input`` has one dimension, or a second one before, and is floating or complex. Pieces begin ``hop_length``
    (``n_fft // 4``) apart. The ``window`` (ones, with a warning) has ``win_length`` (``n_fft``) elements and zeros
    around them. With ``center``, ``n_fft // 2`` elements are put on either side, by ``pad_mode`` of
    `nn.functional.pad`, so that piece m is around element ``m * hop_length``. ``normalized`` divides by
    ``sqrt(n_fft)``. ``onesided`` keeps the ``n_fft // 2 + 1`` frequencies that are not conjugates of others, and is the
    default where input and window are real. Without ``center``, ``align_to_window`` lets pieces be as long as the
    window. ``return_complex=False`` gives pairs of real numbers, with a warning.

    RuntimeError for lengths, shapes and dtypes that do not go together, and where a real input comes without
    ``return_complex``.

    >>> import wengert as torch
    >>> wave = torch.tensor([1., 0., -1., 0.]).repeat(4)
    >>> torch.stft(wave, 4, window=torch.ones(4), return_complex=True).abs()[:, 2]
    tensor([0., 2., 0.])
    """
    given = {"return_complex": return_complex, "onesided": onesided}
    given = {name: flag for name, flag in given.items() if flag is not None}
    require_flags("stft", normalized=normalized, **given)
    op = "stft"
    require_tensor(op, input)
    n = whole_of(op, "n_fft", n_fft)
    hop = n // 4 if hop_length is None else whole_of(op, "hop_length", hop_length)
    length = n if win_length is None else whole_of(op, "win_length", win_length)
    if window is None:
        _warn_of_window(op)
    if align_to_window is not None and center:
        raise RuntimeError(f"{op}: align_to_window should only be set when center = false.")
    if input.ndim not in (1, 2):
        raise ShapeError(
            f"{op}: expected a 1D or 2D tensor, but got shape {shape_text(input.shape)}. Use `reshape(-1, time)`."
        )
    x = structural.unsqueeze(input, dim=0) if input.ndim == 1 else input
    _require_lengths(op, n, hop, length)
    if center:
        x = pad(x, (n // 2, n // 2), mode=pad_mode)
    size = length if align_to_window else n
    if size > x.shape[1]:
        raise ShapeError(
            f"{op}: expected 0 < n_fft <= {x.shape[1]}, the length of the signal, but got n_fft={n}. Use center=True."
        )
    x, shape = _prepared(op, x, window, length)
    one = x.dtype.is_floating_point and not shape.dtype.is_complex if onesided is None else onesided
    if one and (x.dtype.is_complex or shape.dtype.is_complex):
        raise RuntimeError(
            f"{op}: Cannot have onesided output if window or input is complex. Use onesided=False."
        )
    if return_complex is None and not (x.dtype.is_complex or shape.dtype.is_complex):
        raise RuntimeError(
            f"{op} requires the return_complex parameter be given for real inputs. Use return_complex=True."
        )
    around = _around(length, n)
    if align_to_window:
        pieces = pad(unfold(x, 1, size, hop) * shape, around)
    else:
        pieces = unfold(x, 1, size, hop) * pad(shape, around)
    power = 0.5 if normalized else 0.0
    if pieces.dtype.is_complex:
        spectra = fourier.dft(pieces, axes=(-1,), inverse=False, power=power)
    else:
        spectra = fourier.real_dft(pieces, axes=(-1,), onesided=bool(one), power=power)
    spectra = fourier.turned_spectrum(spectra, dim0=1, dim1=2)
    if input.ndim == 1:
        spectra = fourier.single_spectrum(spectra, dims=(0,))
    if return_complex is None or return_complex:
        return spectra
    warn(
        "stft with return_complex=False is deprecated. Use return_complex=True, and `torch.view_as_real` of it."
    )
    return view_as_real(spectra)


def istft(
    input: Any, n_fft: int, hop_length: int | None = None, win_length: int | None = None, window: Any = None,
    center: bool = True, normalized: bool = False, onesided: bool | None = None, length: int | None = None,
    return_complex: bool = False,
) -> Any:  # fmt: skip
    """Return the signals of which spectra are those that `stft` gives: ``(..., frequencies, pieces) -> (..., time)``.

    Pieces are transformed back, multiplied by the window, and added up where they overlap; the sum is divided by that
    of the squared windows. Where spectra are not those of a signal, that is the one whose spectra are nearest. The
    arguments are those of `stft`. ``length`` cuts the signals to so many elements, or puts zeros behind (with a
    warning). ``onesided`` is by default whether ``input`` has not ``n_fft`` frequencies; two-sided spectra give complex
    signals with ``return_complex``.

    RuntimeError for real input, for lengths and shapes that do not go together, and where windows do not cover the
    signal. Source: Griffin and Lim, Signal estimation from modified short-time Fourier transform, 1984.

    >>> import wengert as torch
    >>> window = torch.hann_window(4)
    >>> spectra = torch.stft(torch.arange(1., 9.), 4, window=window, return_complex=True)
    >>> torch.istft(spectra, 4, window=window, length=8).round(decimals=3)
    tensor([1., 2., 3., 4., 5., 6., 7., 8.])
    """
    op = "istft"
    require_tensor(op, input)
    require_flags(op, center=center, normalized=normalized, return_complex=return_complex)
    if onesided is not None:
        require_flags(op, onesided=onesided)
    n = whole_of(op, "n_fft", n_fft)
    hop = n // 4 if hop_length is None else whole_of(op, "hop_length", hop_length)
    wide = n if win_length is None else whole_of(op, "win_length", win_length)
    if window is None:
        _warn_of_window(op)
    if not input.dtype.is_complex:
        raise DTypeError(
            f"{op} requires a complex-valued input tensor matching the output from stft with return_complex=True, but "
            f"got {input.dtype}. Use `torch.view_as_complex` of pairs."
        )
    if input.ndim not in (2, 3) or not input.numel():
        raise ShapeError(
            f"{op}: expected an input of 2 dimensions (frequencies, pieces), or a batch of these, that is not empty, "
            f"but got shape {shape_text(input.shape)}."
        )
    x = structural.unsqueeze(input, dim=0) if input.ndim == 2 else input
    count, pieces = x.shape[1], x.shape[2]
    one = count != n if onesided is None else bool(onesided)
    if count != (n // 2 + 1 if one else n):
        raise ShapeError(
            f"{op}: expected the frequency dimension of the input to match "
            f"{'n_fft / 2 + 1 when onesided=True' if one else 'n_fft when onesided=False'}, but got {count} of shape "
            f"{shape_text(input.shape)} and n_fft={n}."
        )
    _require_lengths(op, n, hop, wide)
    if hop > wide:
        raise ShapeError(f"{op}: expected 0 < hop_length <= win_length, but got {hop} and {wide}.")
    x, shape = _prepared(op, x, window, wide)
    if return_complex and one:
        raise RuntimeError(f"{op}: Cannot have onesided output if window or input is complex.")
    if not return_complex and shape.dtype.is_complex:
        raise RuntimeError(f"{op}: Complex windows are incompatible with return_complex=False.")
    shape = pad(shape, _around(wide, n))
    whole = n + hop * (pieces - 1)
    power = 0.5 if normalized else 1.0
    back = _signals(structural.transpose(x, dim0=1, dim1=2), n, return_complex, power) * shape
    total = windows.fold(back, dim=1, size=n, step=hop, n=whole)
    squares = structural.broadcast_to(shape * shape, shape=(1, pieces, n))
    covered = windows.fold(squares, dim=1, size=n, step=hop, n=whole)
    return _cut(op, input, total, covered, n // 2 if center else 0, length, center)


def _signals(x: Any, n: int, return_complex: bool, power: float) -> Any:
    if return_complex:
        return fourier.dft(x, axes=(-1,), inverse=True, power=power)
    half = n // 2 + 1
    x = narrow(x, 2, 0, half) if x.shape[2] > half else x
    return fourier.real_idft(x, axes=(-1,), n=n, power=power)


def _cut(
    op: str, input: Any, total: Any, covered: Any, start: int, length: int | None, center: bool
) -> Any:
    """Return the part of the sum that is asked for, divided by how far windows cover it."""
    whole = total.shape[1]
    if length is not None:
        length = whole_of(op, "length", length)
        if length <= 0:
            raise RuntimeError(f"{op}: expected length > 0, but got length={length}.")
    end = start + length if length is not None else whole - start
    count = min(end, whole) - start
    if count <= 0:
        raise RuntimeError(
            f"{op}: the pieces of shape {shape_text(input.shape)} are as long as what center=True puts around a "
            f"signal, and nothing of it is left. Use center=False."
        )
    covered = narrow(covered, 1, start, count)
    # The quotient takes what was looked at, so that a trace looks again.
    covered = revalued(covered, fourier.overlapping(covered))
    made = narrow(total, 1, start, count) / covered
    if input.ndim == 2:
        made = structural.squeeze_dim(made, dims=(0,))
    if end > whole:
        warn(
            f"{op}: The length of signal, {count}, is shorter than the length parameter {length}. The result is padded "
            f"with zeros in the tail. Check center and hop_length."
        )
        made = pad(made, (0, end - whole))
    return made


def _warn_of_window(op: str) -> None:
    warn(
        f"A window was not provided. A rectangular window will be applied by {op}, whose spectra leak. Pass one such "
        f"as `torch.hann_window(win_length)`, or torch.ones(win_length)."
    )


def _require_lengths(op: str, n: int, hop: int, length: int) -> None:
    if n <= 0:
        raise RuntimeError(f"{op}: expected n_fft > 0, but got n_fft={n}.")
    if hop <= 0:
        raise RuntimeError(f"{op}: expected hop_length > 0, but got hop_length={hop}.")
    if not 0 < length <= n:
        raise RuntimeError(
            f"{op}: expected 0 < win_length <= n_fft, but got win_length={length} and n_fft={n}."
        )


def _prepared(op: str, x: Any, window: Any, length: int) -> tuple[Any, Any]:
    """Return the input and the window in dtypes of one precision; RuntimeError for others than float32 and float64."""
    if dtypes.kind(dtype_of(x)) not in "fc" or dtype_of(x).itemsize < 4:
        raise DTypeError(
            f"{op}: expected a tensor of float32, float64 or complex values, but got {x.dtype}. Use `input.float()`."
        )
    if window is None:
        real = dtypes.public(dtype_of(x).type(0).real.dtype)
        window = filled.ones(length, dtype=real, device=x.device)
    require_tensor(op, window, "window")
    if tuple(window.shape) != (length,):
        raise ShapeError(
            f"{op}: expected a 1D window tensor of size equal to win_length={length}, but got window with size "
            f"{shape_text(window.shape)}."
        )
    real = dtypes.promote(dtype_of(x), dtype_of(window)).type(0).real.dtype
    x, window = (
        cast_to(v, dtypes.complex_of(real) if v.dtype.is_complex else real) for v in (x, window)
    )
    return x, window


def _around(length: int, n: int) -> tuple[int, int]:
    """Return how many zeros stand before and behind a window of ``length`` among ``n``."""
    left = (n - length) // 2
    return left, n - length - left

"""Fourier transforms under PyTorch's names for them, `torch.fft`. Only names stand here."""

from __future__ import annotations

from wengert.errors import refuser
from wengert.tensor.fourier.along_one import fft, hfft, ifft, ihfft, irfft, rfft
from wengert.tensor.fourier.along_several import (
    fft2,
    fftn,
    hfft2,
    hfftn,
    ifft2,
    ifftn,
    ihfft2,
    ihfftn,
    irfft2,
    irfftn,
    rfft2,
    rfftn,
)
from wengert.tensor.fourier.frequencies import fftfreq, fftshift, ifftshift, rfftfreq

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "hfft2", "hfftn", "ifft", "ifft2", "ifftn", "ifftshift",
    "ihfft", "ihfft2", "ihfftn", "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip

__getattr__ = refuser(__name__, "torch.fft")

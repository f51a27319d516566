"""Padding, which short-time Fourier transforms of the layer below use, too. This file only names it."""

from __future__ import annotations

from wengert.tensor.padding import pad

__all__ = ["pad"]

"""PyTorch's ``torch.types``: names for annotations in programs and packages."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, TypeAlias

from wengert.core.dtypes import dtype
from wengert.core.shapes import Size as Size
from wengert.errors import refuser
from wengert.tensor.device import device
from wengert.tensor.tensor import Tensor

Number: TypeAlias = int | float | bool
Device: TypeAlias = device | str | int | None
FileLike: TypeAlias = str | os.PathLike[str] | Any
Storage: TypeAlias = Any
TensorOrTensors: TypeAlias = Tensor | Sequence[Tensor]

_bool, _int, _float, _complex = bool, int, float, complex
_device, _dtype = device, dtype
_size: TypeAlias = Size | list[int] | tuple[int, ...]

__getattr__ = refuser(__name__, "torch.types")

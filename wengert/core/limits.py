"""What a dtype can hold: `finfo` for floating types, `iinfo` for integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.dtypes import FLOATING, INTEGER, default_float, dtype, limits, public

__all__ = ["finfo", "iinfo"]


def _require_dtype(op: str, type: Any) -> None:
    if not isinstance(type, dtype):
        raise TypeError(
            f"{op}(): argument 'type' (position 1) must be torch.dtype, not {type.__class__.__name__}. "
            f"Use a dtype, as in `torch.{op}(torch.{'float32' if op == 'finfo' else 'int64'})`."
        )


class finfo:
    """The limits of a floating type, or of the parts of a complex one; of the default dtype when none is given.

    Attributes: ``bits``, ``eps`` (the spacing at 1), ``max``, ``min``, ``tiny`` and ``smallest_normal``, ``resolution``
    (ten to minus the decimals that survive), ``dtype`` (a name). TypeError for integers.

    >>> import wengert as torch
    >>> torch.finfo(torch.float32).eps, torch.finfo(torch.float64).bits
    (1.1920928955078125e-07, 64)
    """

    def __init__(self, type: Any = None) -> None:
        of = public(default_float()) if type is None else type
        _require_dtype("finfo", of)
        if of.category < FLOATING:
            raise TypeError(
                f"torch.finfo() requires a floating point input type, not {of}. Use torch.iinfo for integers."
            )
        info = limits(of.numpy)
        self.bits = int(info.bits)
        self.eps = float(info.eps)
        self.max, self.min = float(info.max), float(info.min)
        self.tiny = self.smallest_normal = float(info.tiny)
        self.resolution = 10.0 ** -int(info.precision)
        self.dtype = np.dtype(info.dtype).name

    def __repr__(self) -> str:
        shown = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        return f"finfo({', '.join(f'{n}={getattr(self, n):g}' for n in shown)}, dtype={self.dtype})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, finfo) and other.dtype == self.dtype

    def __hash__(self) -> int:
        return hash(self.dtype)


class iinfo:
    """The limits of an integer type: ``bits``, ``max``, ``min``, ``dtype`` (a name). TypeError for others.

    >>> import wengert as torch
    >>> torch.iinfo(torch.int8)
    iinfo(min=-128, max=127, dtype=int8)
    """

    def __init__(self, type: Any) -> None:
        _require_dtype("iinfo", type)
        if type.category >= FLOATING:
            raise TypeError(
                f"torch.iinfo() requires an integer input type, not {type}. Use torch.finfo for floating types."
            )
        if type.category < INTEGER:
            raise TypeError(f"{type} is not supported by torch.iinfo: it has no range.")
        info = np.iinfo(type.numpy)
        self.bits, self.max, self.min = int(info.bits), int(info.max), int(info.min)
        self.dtype = type.name

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, iinfo) and other.dtype == self.dtype

    def __hash__(self) -> int:
        return hash(self.dtype)

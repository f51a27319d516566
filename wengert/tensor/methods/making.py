"""Methods that make a tensor of the same dtype as this one, on its device."""

from __future__ import annotations

from typing import Any

from wengert.core import dtypes
from wengert.tape.storage import Recorded
from wengert.tensor import creation, filled
from wengert.tensor.promotion import dtype_of


class MakingMethods(Recorded):
    """Tensors of this one's dtype and on its device; keyword arguments as those of the functions that make them."""

    __slots__ = ()

    new_full = filled.new_full

    def new_zeros(self, *shape: Any, dtype: Any = None, **options: Any) -> Any:
        """Zeros of a shape, of this tensor's dtype."""
        return filled.zeros(*shape, **_alike(self, dtype, options))

    def new_ones(self, *shape: Any, dtype: Any = None, **options: Any) -> Any:
        """Ones of a shape, of this tensor's dtype."""
        return filled.ones(*shape, **_alike(self, dtype, options))

    def new_empty(self, *shape: Any, dtype: Any = None, **options: Any) -> Any:
        """A tensor of a shape with arbitrary elements, of this tensor's dtype."""
        return filled.empty(*shape, **_alike(self, dtype, options))

    def new_empty_strided(self, size: Any, stride: Any, dtype: Any = None, **options: Any) -> Any:
        """A tensor of a shape and strides with arbitrary elements, of this tensor's dtype."""
        return filled.empty_strided(size, stride, **_alike(self, dtype, options))

    def new_tensor(self, data: Any, *, dtype: Any = None, **options: Any) -> Any:
        """A tensor of data, of this tensor's dtype."""
        return creation.made_of("tensor.new_tensor", data, **_alike(self, dtype, options))


def _alike(x: Any, dtype: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options with the dtype and the device of a tensor where none is asked for."""
    asked = {**options, "dtype": dtype or dtypes.public(dtype_of(x))}
    if asked.get("device") is None:
        asked["device"] = x.device
    return asked

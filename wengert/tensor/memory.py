"""The memory of a tensor as an object: what `Tensor.untyped_storage` and `Tensor.storage` return, to be looked at.

It says where the memory lies, how large it is and what it holds. Writing goes through tensors: they count their writes.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any, NoReturn, cast

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import Array
from wengert.errors import MissingFeatureError
from wengert.tape.provenance import warn
from wengert.tape.storage import Recorded, concrete, root_array
from wengert.tensor.device import device
from wengert.tensor.layout import address
from wengert.tensor.promotion import dtype_of

__all__ = ["TypedStorage", "UntypedStorage", "is_storage"]

BYTES = np.dtype(np.uint8)
CPU = device("cpu")


class _Memory:
    """Memory as elements of one dtype, in the order in which they lie there."""

    __slots__ = ("_dtype", "_root")

    is_cuda = False
    device = CPU
    _nothing = "\n"

    def __init__(self, root: Array, dtype: np.dtype[Any]) -> None:
        self._root, self._dtype = root, dtype

    def _elements(self) -> Array:
        return self._root.ravel(order="K").view(BYTES).view(self._dtype)

    def data_ptr(self) -> int:
        """Return the address of the first byte; 0 for memory without any."""
        return address(self._root) if self._root.size else 0

    def nbytes(self) -> int:
        """Return the size in bytes."""
        return int(self._root.nbytes)

    def size(self) -> int:
        """Return the number of elements."""
        return self.nbytes() // self._dtype.itemsize

    __len__ = size

    def element_size(self) -> int:
        """Return the size of one element in bytes."""
        return self._dtype.itemsize

    def cpu(self) -> Any:
        """Return the memory itself: it is the CPU's."""
        return self

    def tolist(self) -> list[Any]:
        """Return the elements as Python numbers."""
        return cast(list[Any], self._elements().tolist())

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def __eq__(self, other: object) -> bool:
        """Say whether both are the same memory, read in the same way."""
        if not isinstance(other, _Memory) or type(other) is not type(self):
            return NotImplemented
        return self._place() == other._place()

    def __hash__(self) -> int:
        return hash(self._place())

    def _place(self) -> tuple[int, int, str]:
        return address(self._root), self.nbytes(), self._dtype.name

    def __getitem__(self, key: Any) -> Any:
        size = self.size()
        if not hasattr(key, "__index__"):
            raise TypeError(
                f"storage: indexed with a {type(key).__name__}, where elements of memory have numbers from 0 to "
                f"{size - 1}. Other keys are for tensors: x[key]."
            )
        if not -size <= key < size:
            raise IndexError(f"storage: index {key} is out of range for storage of size {size}.")
        return self._elements()[operator.index(key)].item()

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise MissingFeatureError, which says what to write instead."""
        raise MissingFeatureError(
            "storage: writing here would pass by the tensors that look at this memory, and their gradients would not "
            "notice. Write to a tensor instead: x[...] = value, x.fill_(value), x.copy_(other)."
        )

    __setitem__ = fill_ = copy_ = resize_ = _refuse

    def __repr__(self) -> str:
        shown = "".join(f" {x}\n" for x in self) or self._nothing
        return f"{shown}[{self._described()} of size {self.size()}]"

    def _described(self) -> str:
        raise NotImplementedError


class UntypedStorage(_Memory):
    """The memory that a tensor shares with its views, in bytes."""

    __slots__ = ()

    _nothing = " \n"

    def __init__(self, root: Array) -> None:
        super().__init__(root, BYTES)

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, slice):
            return super().__getitem__(key)
        if key.step not in (None, 1):
            raise RuntimeError(
                f"storage: a slice with a step of {key.step}, where memory has none but 1."
            )
        return UntypedStorage(self._elements()[key])

    def untyped(self) -> UntypedStorage:
        """Return the storage itself."""
        return self

    def _described(self) -> str:
        return f"torch.storage.UntypedStorage(device={self.device})"


class TypedStorage(_Memory):
    """The memory that a tensor shares with its views, as elements of the tensor's dtype."""

    __slots__ = ()

    @property
    def dtype(self) -> dtypes.dtype:
        """The type of the elements."""
        return dtypes.public(self._dtype)

    def __getitem__(self, key: Any) -> Any:
        try:
            return super().__getitem__(key)
        except TypeError as error:
            raise RuntimeError(*error.args) from None

    def untyped(self) -> UntypedStorage:
        """Return the same memory in bytes."""
        return UntypedStorage(self._root)

    def _described(self) -> str:
        return f"torch.storage.TypedStorage(dtype={self.dtype}, device={self.device})"


def _root(x: Recorded, op: str) -> Array:
    shown = concrete(x, op)
    known = None if x._storage is None else x._storage.root
    return root_array(shown) if known is None else known


def untyped_storage(x: Any) -> UntypedStorage:
    """Return the memory that a tensor shares with its views. An error inside transforms.

    >>> import wengert as torch
    >>> torch.ones(4)[1:].untyped_storage().nbytes()
    16
    """
    return UntypedStorage(_root(x, "untyped_storage()"))


def storage(x: Any) -> TypedStorage:
    """Return the memory that a tensor shares with its views, as elements of its dtype. An error inside transforms.

    PyTorch has this for old programs, and warns of it as it does here.

    >>> import warnings, wengert as torch
    >>> with warnings.catch_warnings(action="ignore"):
    ...     torch.tensor([1., 2., 3.])[1:].storage().tolist()
    [1.0, 2.0, 3.0]
    """
    warn(
        "TypedStorage is deprecated. Use untyped_storage() for the memory in bytes, or the tensor itself."
    )
    return TypedStorage(_root(x, "storage()"), dtype_of(x))


def is_storage(obj: Any, /) -> bool:
    """Say whether something is the memory of a tensor.

    >>> import wengert as torch
    >>> torch.is_storage(torch.ones(2).untyped_storage()), torch.is_storage(torch.ones(2))
    (True, False)
    """
    return isinstance(obj, _Memory)

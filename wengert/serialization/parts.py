"""What both formats have in common: how one call unpickles, and memory as a file names it and gives its bytes."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from wengert.core.carrier import Array
from wengert.errors import CutOffError, FileError
from wengert.serialization.names import Memory, StorageType
from wengert.serialization.trust import CarefulUnpickler
from wengert.serialization.writing import in_order


class Job:
    """How one call unpickles: by which unpickler, with which keywords, and where memory goes."""

    def __init__(self, unpickler: Any, place: Any, options: dict[str, Any], careful: bool) -> None:
        self.unpickler, self.place, self.options, self.careful = unpickler, place, options, careful

    def reader(self, file: IO[bytes], find_memory: Callable[[Any], Memory]) -> Any:
        """Return an unpickler for one object of a file, which asks a function for the memories that it names."""
        made = self.unpickler(file, **self.options)
        made.persistent_load = find_memory
        return made


def storage_named(named: Any, count: int) -> tuple[StorageType, str, str, Any]:
    """Return what a file says of a piece of memory; UnpicklingError for anything else."""
    if not isinstance(named, tuple) or len(named) <= count or text(named[0]) != "storage":
        shown = named[0] if isinstance(named, tuple) and named else named
        raise pickle.UnpicklingError(
            f"load: the file holds an object of an unknown sort: {shown!r}."
        )
    kind, key, location, size = named[1:5]
    if not isinstance(kind, StorageType):
        raise pickle.UnpicklingError(f"load: the file holds memory of an unknown sort: {kind!r}.")
    return kind, text(key), text(location), size


def text(x: Any) -> Any:
    """Return text as such, where Python 2 wrote it as bytes."""
    return x.decode("ascii") if isinstance(x, bytes) else x


def placed(job: Job, memory: Memory, location: str) -> Memory:
    """Return memory where it shall be: the same, unless a function of the user's gave another one."""
    found = job.place(memory, location)
    return (
        memory
        if found is memory
        else Memory(found._root.reshape(-1).view(memory._dtype), memory.key)
    )


def elements(content: bytes | bytearray, dtype: np.dtype[Any], count: int, order: str) -> Array:
    """Return elements that may be written to; CutOffError where there are fewer bytes than the file says."""
    missing = count * dtype.itemsize - len(content)
    if missing > 0:
        raise CutOffError(
            f"load: the file is cut off or damaged: unexpected EOF, expected {missing} more bytes of a memory of "
            f"{count} {dtype.name}. Copy or save it anew."
        )
    found = np.empty(count, dtype)
    if count:
        found.view(np.uint8)[:] = np.frombuffer(content, np.uint8, found.nbytes)
    if order != sys.byteorder:
        found.view(np.uint8)[:] = np.frombuffer(in_order(found, order), np.uint8)
    return found


def unpickled(reader: Any) -> Any:
    """Unpickle one object; what fails because the file is damaged says so."""
    try:
        return reader.load()
    except pickle.UnpicklingError as error:
        if "truncated" not in str(error):
            raise
        cut = error
    except EOFError as error:
        cut = error  # type: ignore[assignment]
    except (IndexError, KeyError) as error:
        if not isinstance(reader, CarefulUnpickler):
            raise
        raise FileError(
            f"load: the file is damaged: its pickle makes no sense ({type(error).__name__}: {error}). Copy or save it "
            f"anew."
        ) from error
    raise CutOffError(
        "load: the file is cut off: it ends in the middle of an object. Copy or save it anew."
    ) from cut

"""Files as PyTorch wrote them before 1.6: a stream of pickles, and the bytes of all memory after them."""

from __future__ import annotations

import pickle
from typing import IO, Any

import numpy as np

from wengert.errors import CutOffError, FileError
from wengert.serialization.names import Memory
from wengert.serialization.parts import Job, elements, placed, storage_named, text, unpickled
from wengert.serialization.recognition import described
from wengert.serialization.trust import CarefulUnpickler
from wengert.serialization.writing import MAGIC_NUMBER, PROTOCOL_VERSION


def loaded_stream(job: Job, file: IO[bytes], head: bytes) -> Any:
    """Load an object from pickles and the memory after them; the file then stands behind it."""
    if not head:
        raise CutOffError(
            "load: the file is empty, or was read to its end. Use `file.seek(0)` before loading."
        )
    _require_magic(file, head)
    stream = _Stream(job)
    result = unpickled(job.reader(file, stream.memory))
    keys = unpickled(CarefulUnpickler(file))
    for key in keys:
        stream.fill(file, text(key))
    return result


def _require_magic(file: IO[bytes], head: bytes) -> None:
    """Read what files from before PyTorch 1.6 begin with; FileError for other files, which says what they are."""
    cut = None
    try:
        magic = unpickled(_Header(file))
    except CutOffError as error:
        magic, cut = None, error
    except Exception:
        magic = None
    if magic != MAGIC_NUMBER or type(magic) is not int:
        begun = pickle.dumps(MAGIC_NUMBER, 2)
        if cut is not None and begun.startswith(head):
            raise cut
        raise FileError(
            f"load: Invalid magic number: torch.save did not write the file. It is {described(head)}."
        )
    version = unpickled(_Header(file))
    if version != PROTOCOL_VERSION:
        raise FileError(
            f"load: Invalid protocol version: {version} in the file, where {PROTOCOL_VERSION} is known. Save it anew."
        )
    unpickled(_Header(file))


class _Header(CarefulUnpickler):
    """Unpickles numbers and text, and follows no name at all."""

    def find_class(self, module: str, name: str) -> Any:
        """Raise UnpicklingError."""
        raise pickle.UnpicklingError(f"load: {module}.{name} is no number.")


class _Stream:
    """The memories of a file from before PyTorch 1.6: named first, and filled when their elements come."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.memories: dict[str, Memory] = {}
        self.parts: dict[str, Memory] = {}

    def memory(self, named: Any) -> Any:
        """Return the memory that the file names, to be filled later, or the class of a module, whose source it has."""
        if isinstance(named, tuple) and named and text(named[0]) == "module":
            if self.job.careful:
                raise pickle.UnpicklingError(
                    "Weights only load failed: the file holds a module, and building it may run any code. If you trust "
                    "the file, use `torch.load(..., weights_only=False)`."
                )
            return named[1]
        kind, key, location, count = storage_named(named, 5)
        dtype = kind.dtype.numpy
        if key not in self.memories:
            self.memories[key] = placed(self.job, Memory(np.zeros(count, dtype), key), location)
        whole = self.memories[key]
        if named[5] is None:
            return whole
        part, offset, size = named[5]
        if part not in self.parts:
            shown = Memory(whole.elements[offset : offset + size], key)
            shown.cell = whole.cell
            self.parts[part] = shown
        return self.parts[part]

    def fill(self, file: IO[bytes], key: str) -> None:
        """Read the elements of a memory: their number, and their bytes."""
        memory = self.memories.get(key)
        if memory is None:
            raise FileError(
                f"load: the file is damaged: it has a memory {key!r} that no tensor uses."
            )
        dtype = memory.elements.dtype
        counted = elements(file.read(8), np.dtype(np.int64), 1, "little")
        count = int(counted[0])
        if count != memory.elements.size:
            raise FileError(
                f"load: the file is damaged: storage has wrong size: expected {memory.elements.size} got {count}."
            )
        memory.elements[:] = elements(file.read(count * dtype.itemsize), dtype, count, "little")

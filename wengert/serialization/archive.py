"""Files as PyTorch writes them since 1.6: a zip archive of the object's pickle and of pieces of memory."""

from __future__ import annotations

import io
import mmap
import struct
import sys
import zipfile
import zlib
from typing import IO, Any

import numpy as np

from wengert.core.carrier import Array
from wengert.errors import CutOffError, FileError
from wengert.serialization.names import Memory
from wengert.serialization.parts import Job, elements, placed, storage_named, unpickled
from wengert.serialization.preferences import (
    LoadEndianness,
    get_default_load_endianness,
    get_default_mmap_options,
)
from wengert.serialization.writing import ZIP_HEADER
from wengert.tape.provenance import warn


def opened(file: IO[bytes]) -> zipfile.ZipFile:
    """Open an archive; CutOffError where its end, at which the list of entries stands, is missing."""
    try:
        return zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise CutOffError(
            f"load: the file begins as torch.save writes it and is cut off or damaged ({error}). Copy or save it anew."
        ) from None


class Archive:
    """An archive, and the memories that were read from it."""

    def __init__(self, job: Job, archive: zipfile.ZipFile, file: IO[bytes], in_place: bool) -> None:
        self.job, self.archive = job, archive
        self.entries = {e.filename.partition("/")[2]: e for e in archive.infolist()}
        self.memories: dict[str, Memory] = {}
        self._require_saved()
        self.order = self._order()
        self.map = _mapped(file) if in_place else None

    def loaded(self) -> Any:
        """Return the object."""
        pickled = io.BytesIO(self.content("data.pkl"))
        return unpickled(self.job.reader(pickled, self._memory))

    def _require_saved(self) -> None:
        if "constants.pkl" in self.entries:
            raise FileError(
                "load: the file is a TorchScript archive, a program for PyTorch's own interpreter, which Wengert has "
                "not. Save the state with PyTorch: `torch.save(torch.jit.load(f).state_dict(), ...)`."
            )
        if "data.pkl" in self.entries:
            return
        inside = self.archive.namelist()
        if any(name.endswith(".npy") for name in inside):
            what = "a NumPy archive (.npz). Read it with `numpy.load`"
        else:
            what = (
                f"a zip archive that torch.save did not write: it has no data.pkl, but {inside[:3]}"
            )
        raise FileError(f"load: the file is {what}.")

    def _order(self) -> str:
        if "byteorder" not in self.entries:
            assumed = get_default_load_endianness()
            native = assumed is LoadEndianness.NATIVE
            return sys.byteorder if native else "big" if assumed is LoadEndianness.BIG else "little"
        order = self.content("byteorder").decode(errors="replace")
        if order not in ("little", "big"):
            raise ValueError(f"load: Unknown endianness type: {order!r} in the file.")
        return order

    def content(self, name: str) -> bytes:
        """Return the bytes of an entry; FileError where there are none or others than were written."""
        entry = self.entries.get(
            name
        )  # PyTorch compares no sums, may leave them out, and writes to memory in place
        if entry is None:
            raise FileError(f"load: the file is damaged: it has no entry {name!r}.")
        summed, is_memory = entry.CRC, name.startswith("data/")
        if is_memory or not summed:
            del entry.CRC  # zipfile compares no sum that is not there
        try:
            content = self.archive.read(entry)
        except (zipfile.BadZipFile, EOFError) as error:
            raise FileError(f"load: the file is damaged ({error}). Copy or save it anew.") from None
        if is_memory and summed and zlib.crc32(content) != summed:
            warn(
                f"load: the file has other bytes than torch.save wrote in {name!r}: it was written to through mmap, or "
                f"is damaged."
            )
        return content

    def _memory(self, named: Any) -> Memory:
        """Return the memory that the file names, the same one for all tensors that look at it."""
        kind, key, location, count = storage_named(named, 4)
        if key not in self.memories:
            dtype = kind.dtype.numpy
            found = self._mapped(f"data/{key}", dtype, count)
            if found is None:
                content = self.content(f"data/{key}")
                found = elements(content, dtype, count, self.order)
            self.memories[key] = placed(self.job, Memory(found, key), location)
        return self.memories[key]

    def _mapped(self, name: str, dtype: np.dtype[Any], count: int) -> Array | None:
        """Return the elements of an entry as they lie in the mapped file, or None where they cannot be used so."""
        entry = self.entries.get(name)
        if self.map is None or entry is None or not count or self.order != sys.byteorder:
            return None
        start = entry.header_offset
        lengths = struct.unpack_from("<2H", self.map, start + ZIP_HEADER - 4)
        start += ZIP_HEADER + sum(lengths)
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size < count * dtype.itemsize:
            return None
        return np.frombuffer(self.map, np.uint8, count * dtype.itemsize, start).view(dtype)


def _mapped(file: IO[bytes]) -> Any:
    """Return a file as memory; with MAP_SHARED, writes reach it."""
    if get_default_mmap_options() != mmap.MAP_SHARED:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    with open(file.name, "r+b") as writable:
        return mmap.mmap(writable.fileno(), 0, access=mmap.ACCESS_WRITE)

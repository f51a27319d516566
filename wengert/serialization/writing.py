"""`save`: objects into files, as PyTorch writes them since 1.6 or as it wrote them before."""

from __future__ import annotations

import io
import os
import pickle
import struct
import sys
import zipfile
from collections import OrderedDict
from typing import IO, Any

import numpy as np

from wengert.as_torch import home_of
from wengert.core import dtypes
from wengert.core.carrier import Array
from wengert.core.shapes import Size
from wengert.nn.module import Module
from wengert.nn.parameter import Parameter
from wengert.serialization import names
from wengert.serialization.names import NAME_OF, STORAGE_OF, UNTYPED, Memory
from wengert.serialization.places import location_tag
from wengert.tape.meta import is_meta
from wengert.tensor import copying, pickling
from wengert.tensor.device import device, layout
from wengert.tensor.memory import BYTES, TypedStorage, is_storage
from wengert.tensor.tensor import Tensor

ALIGNMENT = 64
"""Pieces of memory start at multiples of so many bytes, so that PyTorch may map them."""

ZIP_HEADER, ZIP_ZEROS = 30, b"FB"
"""The bytes of an entry's header before its name, and the sign of a field that only fills up to the alignment."""

MAGIC_NUMBER, PROTOCOL_VERSION = 0x1950A86A20F9469CFC6C, 1001
"""With these two, pickled, begins a file from before PyTorch 1.6."""


def save(
    obj: Any,
    f: Any,
    pickle_module: Any = pickle,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:
    """Save an object into a file, given by its path or as a file open for writing bytes.

    Tensors are saved with the memory that they look at, without their history. Objects of classes of one's own are
    pickled, and need their classes to be loaded. With ``_use_new_zipfile_serialization=False`` the file has the format
    from before PyTorch 1.6, of which several may follow each other in one open file. A failed call leaves a file at
    that path as it was. ``pickle_module`` may be one that can more than `pickle`, such as dill or cloudpickle. Raises
    RuntimeError where no file can be made at the path, AttributeError for what is no file, and what pickle raises for
    objects that it cannot hold.

    >>> import io, wengert as torch
    >>> file = io.BytesIO()
    >>> torch.save({"weight": torch.ones(2), "epoch": 3}, file)
    >>> _ = file.seek(0)
    >>> torch.load(file)
    {'weight': tensor([1., 1.]), 'epoch': 3}
    """
    path = isinstance(f, str | os.PathLike)
    if not path:
        _require_file(f)
    if _use_new_zipfile_serialization:
        root = os.path.splitext(os.path.basename(os.fspath(f)))[0] if path else ""
        content = _archive(
            obj, pickle_module, pickle_protocol, str(root) or "archive", not _disable_byteorder_record
        )  # fmt: skip
    else:
        content = _stream(obj, pickle_module, pickle_protocol)
    if not path:
        f.write(content)
        if hasattr(f, "flush"):
            f.flush()
        return
    try:
        opened = open(f, "wb")
    except OSError as error:
        if not _use_new_zipfile_serialization:
            raise
        raise RuntimeError(_no_file_there(os.fspath(f), error)) from error
    with opened:
        opened.write(content)


def _require_file(f: Any) -> None:
    kind = type(f).__name__
    if not hasattr(f, "write"):
        raise AttributeError(
            f"save: expected a path or a file open for writing bytes, not {kind}. Use torch.save(obj, 'name.pt')."
        )
    if not callable(f.write):
        raise TypeError(
            f"save: what this {kind} has as `write` cannot be called. Use torch.save(obj, 'name.pt')."
        )


def _no_file_there(path: Any, error: OSError) -> str:
    folder = os.path.dirname(path)
    if folder and not os.path.isdir(folder):
        return f"Parent directory {folder} does not exist. Make it with os.makedirs({folder!r}) before the save."
    why = "it is a directory" if os.path.isdir(path) else error.strerror
    return f"save: no file can be written at {path!r}: {why}. Give the path of a file."


def _archive(obj: Any, module: Any, protocol: int, root: str, says_order: bool) -> bytes:
    """Return the content of a file as PyTorch writes it since 1.6: a zip archive.

    Its ``data.pkl`` holds the object, pickled with PyTorch's names for what is PyTorch's; each piece of memory stands
    beside it as ``data/KEY``, once, however many tensors look at it.
    """
    buffer = io.BytesIO()
    writer = _pickler(_Writer, module)(buffer, protocol)
    writer.dump(obj)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        _put(file, f"{root}/data.pkl", buffer.getvalue())
        _put(file, f"{root}/.format_version", b"1")
        _put(file, f"{root}/.storage_alignment", str(ALIGNMENT).encode())
        if says_order:
            _put(file, f"{root}/byteorder", b"little")
        for memory in writer.memories:
            _put(file, f"{root}/data/{memory.key}", in_order(memory.elements, "little"))
        _put(file, f"{root}/version", b"3\n")
    return archive.getvalue()


def _put(file: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Write an entry whose content starts at a multiple of `ALIGNMENT`."""
    entry = zipfile.ZipInfo(name)
    assert file.fp is not None
    start = file.fp.tell() + ZIP_HEADER + len(name.encode()) + len(ZIP_ZEROS) + 2
    gap = -start % ALIGNMENT
    entry.extra = ZIP_ZEROS + gap.to_bytes(2, "little") + b"Z" * gap
    file.writestr(entry, content)


def _stream(obj: Any, module: Any, protocol: int) -> bytes:
    """Return the content of a file as PyTorch wrote it before 1.6: pickles, and after them memory.

    They are a magic number, the format's version, what machine wrote it, the object, and the keys of its memories,
    which follow in this order: each its number of elements in 8 bytes, and then the elements.
    """
    buffer = io.BytesIO()
    machine = {
        "protocol_version": PROTOCOL_VERSION,
        "little_endian": True,
        "type_sizes": {"short": 2, "int": 4, "long": 4},
    }
    for part in (MAGIC_NUMBER, PROTOCOL_VERSION, machine):
        pickle.dump(part, buffer, protocol)
    writer = _pickler(_StreamWriter, module)(buffer, protocol)
    writer.dump(obj)
    memories = {memory.key: memory for memory in writer.memories}
    pickle.dump(sorted(memories), buffer, protocol)
    for key in sorted(memories):
        elements = memories[key].elements
        buffer.write(struct.pack("<q", elements.size))
        buffer.write(in_order(elements, "little"))
    return buffer.getvalue()


def in_order(elements: Array, order: str) -> bytes:
    """Return the bytes of elements of this machine in an order of bytes, or the other way round."""
    if order == sys.byteorder or elements.dtype.itemsize == 1:
        return elements.tobytes()
    width = elements.dtype.itemsize // (2 if elements.dtype.kind == "c" else 1)
    return elements.view(np.dtype(f"u{width}")).byteswap().tobytes()


def _pickler(writer: Any, module: Any) -> Any:
    """Return a writer that pickles as a module does that is used in place of `pickle`: dill, cloudpickle.

    Such a module's pickler derives from Python's own in Python, and then the two go together; or from the one in C, and
    is asked how it reduces what is not a tensor.
    """
    base = getattr(module, "Pickler", pickle.Pickler)
    if base is pickle.Pickler or base is pickle._Pickler:
        return writer
    if issubclass(base, pickle._Pickler):
        return type(writer.__name__, (writer, base), {})
    return type(writer.__name__, (writer,), {"other": base})


class _Writer(pickle._Pickler):
    """Pickles with PyTorch's names for what `TORCH_NAMES` knows, and keeps the memories of tensors aside."""

    other: Any = None
    """Another class of picklers, which says how it reduces what is no tensor."""

    def __init__(self, buffer: IO[bytes], protocol: int) -> None:
        super().__init__(buffer, protocol)
        self._others = None if self.other is None else self.other(io.BytesIO(), protocol)
        if self._others is not None and hasattr(self._others, "dispatch_table"):
            self.dispatch_table = self._others.dispatch_table
        self.memories: list[Memory] = []
        self._known: dict[int, tuple[Memory, Array]] = {}

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        """Write one object; names of PyTorch's without asking for what they mean, since `torch` may not be there."""
        name = NAME_OF.get(id(obj)) or _defined(obj)
        if name is None or id(obj) in self.memo:  # type: ignore[attr-defined]
            super().save(obj, save_persistent_id)  # type: ignore[misc]
            return
        self.write(pickle.GLOBAL + f"{name[0]}\n{name[1]}\n".encode())  # type: ignore[attr-defined]
        self.memoize(obj)  # type: ignore[attr-defined]

    def persistent_id(self, obj: Any) -> Any:
        """Name a piece of memory in place of its bytes."""
        if not is_storage(obj):
            return None
        kind = STORAGE_OF[obj.dtype.name] if isinstance(obj, TypedStorage) else UNTYPED
        memory = obj if self._is_noted(obj) else self._noted(obj._root, kind.dtype.numpy)
        return "storage", kind, memory.key, location_tag(memory), memory.size()

    def _is_noted(self, obj: Any) -> bool:
        return isinstance(obj, Memory) and any(obj is memory for memory, _ in self._known.values())

    def reducer_override(self, obj: Any) -> Any:
        """Say how PyTorch builds tensors and parameters again."""
        if isinstance(obj, Tensor):
            return self._tensor(obj)
        if type(obj) is Size:
            return Size, (tuple(obj),)
        if type(obj) is device:
            return device, (obj.type,) if obj.index is None else (obj.type, obj.index)
        if type(obj) is layout:
            return names._get_layout, (repr(obj),)
        if isinstance(obj, Module) and type(obj).__reduce_ex__ == Module.__reduce_ex__:
            return object.__reduce_ex__(obj, 2)
        if hasattr(self._others, "reducer_override"):
            return self._others.reducer_override(obj)  # type: ignore[union-attr]
        return NotImplemented

    def _tensor(self, x: Any) -> Any:
        cls: Any = type(x)
        if cls.__reduce_ex__ is not Tensor.__reduce_ex__:
            return NotImplemented
        state = pickling.attributes(x)
        hooks: Any = OrderedDict()
        if issubclass(cls, Parameter):
            parts = x.detach(), x.requires_grad, hooks
            return (
                (names._rebuild_parameter_with_state, (*parts, state))
                if state
                else (names._rebuild_parameter, parts)
            )
        rebuild, parts = self._described(x) if is_meta(x) else self._lying(x, hooks)
        if cls is Tensor and not state:
            return rebuild, parts
        return names._rebuild_from_type_v2, (rebuild, cls, parts, state)

    def _described(self, x: Any) -> Any:
        return names._rebuild_meta_tensor_no_storage, (
            x.dtype, tuple(x.shape), x.stride(), x.requires_grad,
        )  # fmt: skip

    def _lying(self, x: Any, hooks: Any) -> Any:
        array, root, offset = copying.lying(x, "save")
        # PyTorch has no memories of the types that came late: it keeps their elements in one of bytes.
        late = x.dtype in dtypes.WIDE_UNSIGNED
        memory, width = self._noted(root, BYTES if late else array.dtype), array.itemsize
        strides = tuple(n // width for n in array.strides)
        parts = memory, offset // width, tuple(x.shape), strides, x.requires_grad, hooks
        return (
            (names._rebuild_tensor_v3, (*parts, x.dtype))
            if late
            else (names._rebuild_tensor_v2, parts)
        )

    def _noted(self, root: Array, dtype: np.dtype[Any]) -> Memory:
        """Return the memory of an array that owns it, the same one for all that look at it."""
        if id(root) not in self._known:
            elements = copying.whole(root).view(dtype)
            memory = Memory(elements, str(len(self.memories)))
            self._known[id(root)] = memory, root
            self.memories.append(memory)
        memory = self._known[id(root)][0]
        if memory.elements.dtype != dtype:
            raise RuntimeError(
                f"Cannot save multiple tensors that view the same data as different types: {memory.dtype} and "
                f"{dtypes.public(dtype)}. Use `x.clone()` for one of them."
            )
        return memory


def _defined(x: Any) -> tuple[str, str] | None:
    """Return where a class of Wengert's is defined that says, under `install_as_torch`, that PyTorch defines it."""
    if not isinstance(x, type) or home_of(x) == x.__module__:
        return None
    return home_of(x), x.__qualname__


class _StreamWriter(_Writer):
    """Names a piece of memory as files from before PyTorch 1.6 do: with the part of another one that it is, or None."""

    def persistent_id(self, obj: Any) -> Any:
        """Name a piece of memory in place of its bytes."""
        found = super().persistent_id(obj)
        if found is None:
            return None
        sort, kind, *rest = found
        # PyTorch cannot read memory without a type of elements from its own files of this format.
        return sort, STORAGE_OF["uint8"] if kind is UNTYPED else kind, *rest, None

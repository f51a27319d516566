"""`torch.save` and `torch.load`: PyTorch's own files, read and written.

A file is a zip archive. Its ``data.pkl`` holds the object, pickled with PyTorch's names for what is PyTorch's; each
piece of memory stands beside it as ``data/KEY``, once, however many tensors look at it. So what is saved here loads in
PyTorch and the other way round, as long as it is made of tensors, parameters, dtypes, numbers, text and containers.
"""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import Array
from wengert.core.shapes import Size
from wengert.errors import lacking, refuser
from wengert.nn.parameter import Parameter
from wengert.tape.storage import Storage
from wengert.tensor import copying, creation, foreign
from wengert.tensor.device import device
from wengert.tensor.tensor import Tensor

__all__ = [
    "add_safe_globals",
    "clear_safe_globals",
    "get_safe_globals",
    "load",
    "safe_globals",
    "save",
]

__getattr__ = refuser(__name__, "torch.serialization")

ALIGNMENT = 64
"""Pieces of memory start at multiples of so many bytes, so that PyTorch may map them."""

ZIP_HEADER, ZIP_ZEROS = 30, b"FB"
"""The bytes of an entry's header before its name, and the sign of a field that only fills up to the alignment."""


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
    pickled, and need their classes to be loaded. A failed call leaves a file at that path as it was. Raises TypeError
    for what is no file, and what pickle raises for objects that it cannot hold.

    >>> import io, wengert as torch
    >>> file = io.BytesIO()
    >>> torch.save({"weight": torch.ones(2), "epoch": 3}, file)
    >>> _ = file.seek(0)
    >>> torch.load(file)
    {'weight': tensor([1., 1.]), 'epoch': 3}
    """
    if not _use_new_zipfile_serialization:
        raise ValueError(
            "save: `_use_new_zipfile_serialization=False` asks for the format from before PyTorch 1.6. Leave it out."
        )
    buffer = io.BytesIO()
    writer = _Writer(buffer, pickle_protocol)
    writer.dump(obj)
    archive = io.BytesIO()
    named = os.path.splitext(os.path.basename(f))[0] if isinstance(f, str | os.PathLike) else ""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        root = str(named) or "archive"
        _put(file, f"{root}/data.pkl", buffer.getvalue())
        _put(file, f"{root}/.format_version", b"1")
        _put(file, f"{root}/.storage_alignment", str(ALIGNMENT).encode())
        _put(file, f"{root}/byteorder", b"little")
        for i, memory in enumerate(writer.memories):
            _put(file, f"{root}/data/{i}", memory.astype(memory.dtype.newbyteorder("<")).tobytes())
        _put(file, f"{root}/version", b"3\n")
    if isinstance(f, str | os.PathLike):
        with open(f, "wb") as opened:
            opened.write(archive.getvalue())
    elif hasattr(f, "write"):
        f.write(archive.getvalue())
    else:
        raise TypeError(
            f"save: expected a path or a file open for writing bytes, not {type(f).__name__}."
        )


def _put(file: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Write an entry whose content starts at a multiple of `ALIGNMENT`."""
    entry = zipfile.ZipInfo(name)
    assert file.fp is not None
    start = file.fp.tell() + ZIP_HEADER + len(name.encode()) + len(ZIP_ZEROS) + 2
    gap = -start % ALIGNMENT
    entry.extra = ZIP_ZEROS + gap.to_bytes(2, "little") + b"Z" * gap
    file.writestr(entry, content)


def load(
    f: Any,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Load what `save` saved, here or in PyTorch, from a path or a file open for reading bytes.

    Tensors that shared memory share it again. Unless ``weights_only`` is False, only tensors, numbers, text, plain
    containers and what `add_safe_globals` names are loaded, since unpickling anything else may run any code: then do it
    for files that you trust only. ``map_location`` says where tensors of other devices shall go: to the CPU. ``mmap``
    changes nothing. Raises UnpicklingError for other objects and for what is no such file, RuntimeError for tensors
    from other devices without a ``map_location``.
    """
    if hasattr(f, "read"):
        return _loaded(f, map_location, weights_only, pickle_load_args)
    if not isinstance(f, str | os.PathLike):
        raise AttributeError(
            f"load: expected a path or a file open for reading bytes, not {type(f).__name__}."
        )
    with open(f, "rb") as opened:
        return _loaded(opened, map_location, weights_only, pickle_load_args)


def _loaded(file: IO[bytes], map_location: Any, weights_only: bool | None, more: Any) -> Any:
    if (
        map_location is not None
        and not callable(map_location)
        and not isinstance(map_location, dict)
    ):
        _require_cpu(map_location)
    start = file.tell()
    if not zipfile.is_zipfile(file):
        raise pickle.UnpicklingError(
            "load: the file is no zip archive as torch.save writes it since PyTorch 1.6. Save it anew."
        )
    file.seek(start)
    with zipfile.ZipFile(file) as archive:
        content = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    if "data.pkl" not in content:
        raise RuntimeError("load: the archive has no data.pkl: torch.save did not write it.")
    order = ">" if content.get("byteorder") == b"big" else "<"
    reader = _Reader(content, order, map_location is not None, weights_only is not False, **more)
    return reader.load()


def _require_cpu(place: Any) -> None:
    kind = device(place).type
    if kind != "cpu":
        raise RuntimeError(
            f"load: map_location names the device {kind}, but Wengert computes on the CPU. Use 'cpu'."
        )


class StorageType:
    """PyTorch's name for memory that holds elements of one dtype, such as ``torch.FloatStorage``."""

    def __init__(self, name: str, dtype: dtypes.dtype | None) -> None:
        self.name, self.dtype = name, dtype


class Memory:
    """A piece of memory of a file, which tensors look at. Its storage counts writes, once for all of them."""

    def __init__(self, elements: Array, key: str = "") -> None:
        self.elements, self.key = elements, key
        self.storage = Storage()


def _rebuild_tensor_v2(
    memory: Memory, offset: int, size: Any, stride: Any, requires_grad: bool, hooks: Any, metadata: Any = None
) -> Any:  # fmt: skip
    return _placed(memory, memory.elements.dtype, offset, size, stride, requires_grad, metadata)


def _rebuild_tensor_v3(
    memory: Memory, offset: int, size: Any, stride: Any, requires_grad: bool, hooks: Any, dtype: dtypes.dtype,
    metadata: Any = None,
) -> Any:  # fmt: skip
    return _placed(memory, dtype.numpy, offset, size, stride, requires_grad, metadata)


def _placed(
    memory: Memory, dtype: np.dtype[Any], offset: int, size: Any, stride: Any, requires_grad: bool, metadata: Any
) -> Any:  # fmt: skip
    """Build a tensor; ``metadata`` says what PyTorch leaves to be done when its elements are read."""
    made = copying.placed(
        memory.elements, memory.storage, dtype, offset * dtype.itemsize, tuple(size),
        tuple(n * dtype.itemsize for n in stride),
    )  # fmt: skip
    todo = {key for key, value in (metadata or {}).items() if value}
    if todo - {"conj", "neg"}:
        raise pickle.UnpicklingError(f"load: a tensor of an unknown sort: {sorted(todo)}.")
    if "conj" in todo:
        made = made.conj().resolve_conj()
    if "neg" in todo:
        made = -made
    if requires_grad:
        creation.mark(made)
    return made


def _rebuild_parameter(data: Any, requires_grad: bool, hooks: Any) -> Any:
    return Parameter(data, requires_grad)


def _rebuild_parameter_with_state(data: Any, requires_grad: bool, hooks: Any, state: Any) -> Any:
    made = Parameter(data, requires_grad)
    copying.set_attributes(made, state)
    return made


def _rebuild_from_type_v2(rebuild: Any, cls: Any, args: Any, state: Any) -> Any:
    made = rebuild(*args)
    if type(made) is not cls:
        made = foreign.make_subclass(cls, made, made.requires_grad)
    copying.set_attributes(made, state)
    return made


STORAGES = {
    "float32": "FloatStorage", "float64": "DoubleStorage", "float16": "HalfStorage", "bfloat16": "BFloat16Storage",
    "complex64": "ComplexFloatStorage", "complex128": "ComplexDoubleStorage", "uint8": "ByteStorage",
    "int8": "CharStorage", "int16": "ShortStorage", "int32": "IntStorage", "int64": "LongStorage",
    "bool": "BoolStorage",
}  # fmt: skip

UNTYPED = StorageType("UntypedStorage", None)
STORAGE_OF = {d.name: StorageType(STORAGES[d.name], d) for d in dtypes.ALL if d.name in STORAGES}

TORCH_NAMES: dict[tuple[str, str], Any] = {
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor_v2,
    ("torch._utils", "_rebuild_tensor_v3"): _rebuild_tensor_v3,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _rebuild_parameter_with_state,
    ("torch._tensor", "_rebuild_from_type_v2"): _rebuild_from_type_v2,
    ("torch", "Tensor"): Tensor,
    ("torch.nn.parameter", "Parameter"): Parameter,
    ("torch", "Size"): Size,
    ("torch", "device"): device,
    **{("torch", d.name): d for d in dtypes.ALL},
    **{("torch", kind.name): kind for kind in STORAGE_OF.values()},
    ("torch", "UntypedStorage"): UNTYPED,
    ("torch.storage", "UntypedStorage"): UNTYPED,
    ("collections", "OrderedDict"): OrderedDict,
}
"""What a file may name without being asked about: PyTorch's names, and what they mean here."""

_NAME_OF = {id(meant): name for name, meant in TORCH_NAMES.items()}


class _Writer(pickle._Pickler):
    """Pickles with PyTorch's names for what `TORCH_NAMES` knows, and keeps the memories of tensors aside."""

    def __init__(self, buffer: IO[bytes], protocol: int) -> None:
        super().__init__(buffer, protocol)
        self.memories: list[Array] = []
        self._known: dict[int, tuple[Memory, Array]] = {}

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        """Write one object; names of PyTorch's without asking for what they mean, since `torch` may not be there."""
        name = _NAME_OF.get(id(obj))
        if name is None or id(obj) in self.memo:  # type: ignore[attr-defined]
            super().save(obj, save_persistent_id)  # type: ignore[misc]
            return
        self.write(pickle.GLOBAL + f"{name[0]}\n{name[1]}\n".encode())  # type: ignore[attr-defined]
        self.memoize(obj)  # type: ignore[attr-defined]

    def persistent_id(self, obj: Any) -> Any:
        """Name a piece of memory in place of its bytes."""
        if not isinstance(obj, Memory):
            return None
        kind = STORAGE_OF[dtypes.public(obj.elements.dtype).name]
        return "storage", kind, obj.key, "cpu", obj.elements.size

    def reducer_override(self, obj: Any) -> Any:
        """Say how PyTorch builds tensors and parameters again."""
        if isinstance(obj, Tensor):
            return self._tensor(obj)
        if type(obj) is Size:
            return Size, (tuple(obj),)
        if type(obj) is device:
            return device, (obj.type,) if obj.index is None else (obj.type, obj.index)
        return NotImplemented

    def _tensor(self, x: Any) -> Any:
        cls: Any = type(x)
        state = copying.attributes(x)
        hooks: Any = OrderedDict()
        if issubclass(cls, Parameter):
            parts = x.detach(), x.requires_grad, hooks
            return (
                (_rebuild_parameter_with_state, (*parts, state))
                if state
                else (_rebuild_parameter, parts)
            )
        if cls.__reduce_ex__ is not Tensor.__reduce_ex__:
            return NotImplemented
        memory, offset, strides = self._memory(x)
        rebuilt = memory, offset, tuple(x.shape), strides, x.requires_grad, hooks
        if cls is Tensor and not state:
            return _rebuild_tensor_v2, rebuilt
        return _rebuild_from_type_v2, (_rebuild_tensor_v2, cls, rebuilt, state)

    def _memory(self, tensor: Any) -> tuple[Memory, int, tuple[int, ...]]:
        """Return the memory that a tensor looks at, where in it the tensor begins, and its strides, in elements."""
        array, root, offset = copying.lying(tensor, "save")
        if id(root) not in self._known:
            elements = copying.whole(root).view(array.dtype)
            self._known[id(root)] = Memory(elements, str(len(self.memories))), root
            self.memories.append(elements)
        memory = self._known[id(root)][0]
        if memory.elements.dtype != array.dtype:
            raise RuntimeError(
                f"Cannot save multiple tensors that view the same data as different types: {memory.elements.dtype} and "
                f"{array.dtype}. Use `x.clone()` for one of them."
            )
        width = array.itemsize
        return memory, offset // width, tuple(n // width for n in array.strides)


class _Reader(pickle.Unpickler):
    """Unpickles what PyTorch's names mean here; other names only where they are trusted."""

    def __init__(
        self, content: dict[str, bytes], order: Any, anywhere: bool, weights_only: bool, **more: Any
    ) -> None:
        super().__init__(io.BytesIO(content["data.pkl"]), **more)
        self._content, self._order = content, order
        self._anywhere, self._weights_only = anywhere, weights_only
        self._memories: dict[str, Memory] = {}

    def find_class(self, module: str, name: str) -> Any:
        """Return what a name in the file means."""
        if (module, name) in TORCH_NAMES:
            return TORCH_NAMES[module, name]
        if module.partition(".")[0] == "torch":
            raise pickle.UnpicklingError(f"load: {lacking(f'{module}.{name}')}")
        if not self._weights_only:
            return super().find_class(module, name)
        for given in _safe:
            named = isinstance(given, tuple)
            trusted, known = given if named else (given, f"{given.__module__}.{given.__qualname__}")
            if known == f"{module}.{name}":
                return trusted
        if (module, name) in BUILTIN:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(
            f"Weights only load failed: the file names `{module}.{name}`, which is neither a tensor nor a plain "
            f"container, and building it may run any code. If you trust the file, use `torch.load(..., "
            f"weights_only=False)`, or name the class to `torch.serialization.add_safe_globals`."
        )

    def persistent_load(self, pid: Any) -> Memory:
        """Return the memory that the file names, the same one for all tensors that look at it."""
        kind, storage_type, key, place, _ = pid
        if kind != "storage" or not isinstance(storage_type, StorageType):
            raise pickle.UnpicklingError(
                f"load: the file holds an object of an unknown sort: {kind!r}."
            )
        if place != "cpu" and not self._anywhere:
            raise RuntimeError(
                f"load: the file holds tensors of the device {place!r}, but Wengert computes on the CPU. Use "
                f"`torch.load(..., map_location='cpu')`."
            )
        if key not in self._memories:
            dtype = np.dtype(np.uint8) if storage_type.dtype is None else storage_type.dtype.numpy
            held = self._content[f"data/{key}"]
            found = np.frombuffer(bytearray(held), dtype.newbyteorder(self._order)) if held else ()
            self._memories[key] = Memory(np.array(found, dtype, copy=None), key)
        return self._memories[key]


BUILTIN = {
    *((m, n) for m in ("builtins", "__builtin__") for n in ("set", "frozenset", "complex", "bytearray")),
    ("_codecs", "encode"), ("collections", "Counter"), ("collections", "defaultdict"),
}  # fmt: skip
"""The names of Python's own that build containers and numbers."""

_safe: list[Any] = []


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Let `load` build objects of these classes, and call these functions, with ``weights_only`` too.

    A pair of one of them and a name stands for it under that name.
    """
    _safe.extend(safe_globals)


def get_safe_globals() -> list[Any]:
    """Return what `add_safe_globals` was given."""
    return list(_safe)


def clear_safe_globals() -> None:
    """Forget what `add_safe_globals` was given."""
    _safe.clear()


@contextmanager
def safe_globals(safe_globals: list[Any]) -> Iterator[None]:
    """Let `load` build objects of these classes inside the block."""
    before = get_safe_globals()
    add_safe_globals(safe_globals)
    try:
        yield
    finally:
        _safe[:] = before

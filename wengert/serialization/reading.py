"""`load`: what `save` or PyTorch wrote, in whichever of the two formats."""

from __future__ import annotations

import io
import os
import pickle
import pickletools
from typing import IO, Any

from wengert.errors import FileError, lacking
from wengert.serialization.archive import Archive, opened
from wengert.serialization.names import TORCH_NAMES, counterpart
from wengert.serialization.parts import Job
from wengert.serialization.places import mapping
from wengert.serialization.recognition import peeked
from wengert.serialization.stream import loaded_stream
from wengert.serialization.trust import BUILTIN, CarefulUnpickler, allowed, current
from wengert.tape.provenance import warn

ZIP_SIGN = b"PK\x03\x04"
YES = ("1", "y", "yes", "true")
INSTEAD = "Give a path, or read it into `io.BytesIO` first."


def load(
    f: Any,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Load what `save` or PyTorch saved, from a path or a file open for reading bytes.

    Tensors that shared memory share it again. Unless ``weights_only`` is False, only tensors, numbers, text, plain
    containers and what `add_safe_globals` names are loaded, since unpickling anything else may run any code: then do it
    for files that you trust only. ``pickle_module`` and other keywords are for that case.

    ``map_location`` says where memory of other devices shall go, which is the CPU: a device or its name, a dict from
    saved names to others, or a function of a storage and its saved name, which returns a storage or None. With ``mmap``
    the file stays on the disk and elements are read when they are used; writes do not reach it, unless
    `set_default_mmap_options` says so.

    Raises UnpicklingError for what may not be loaded and for what is no such file, EOFError as well for one that ends
    too early, RuntimeError for tensors from other devices without a ``map_location``, ValueError where ``mmap`` is
    asked for and ``f`` is no path.
    """
    careful = _is_careful(weights_only, pickle_module)
    if careful and pickle_module is not None:
        raise RuntimeError(
            "load: Can not safely load weights when explicit pickle_module is specified. Leave out one of the two."
        )
    if careful and pickle_load_args:
        warn("load: keywords for pickle only work with `weights_only=False`.")
    unpickler = CarefulUnpickler if careful else _trusting(pickle_module or pickle)
    job = Job(unpickler, mapping(map_location), {"encoding": "utf-8", **pickle_load_args}, careful)
    if not isinstance(f, str | os.PathLike):
        _require_readable(f)
        return _loaded(job, f, None, bool(mmap))
    with open(f, "rb") as file:
        return _loaded(job, file, f, bool(mmap))


def _is_careful(weights_only: bool | None, pickle_module: Any) -> bool:
    """Say whether only weights are loaded: as asked for, unless PyTorch's environment variables say otherwise."""
    always, never = (
        os.environ.get(name, "0").lower() in YES
        for name in ("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
    )
    if always and never:
        raise RuntimeError(
            "load: only one of the environment variables TORCH_FORCE_WEIGHTS_ONLY_LOAD and "
            "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD may be set."
        )
    if always:
        return True
    if weights_only is None and never:
        warn(
            "load: TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD is set, so files may run any code when loaded."
        )
        return False
    return pickle_module is None if weights_only is None else bool(weights_only)


def _require_readable(f: Any) -> None:
    """Raise unless bytes can be read from an object and its place in them be set."""
    kind = type(f).__name__
    if not hasattr(f, "read"):
        raise AttributeError(
            f"load: expected a path or a file open for reading bytes, not {kind}. {INSTEAD}"
        )
    if not (hasattr(f, "seek") and hasattr(f, "tell")):
        raise AttributeError(
            f"load: a {kind} has no `seek` and `tell`, and a file is not read from front to back. {INSTEAD}"
        )
    try:
        f.seek(f.tell())
    except io.UnsupportedOperation as error:
        raise io.UnsupportedOperation(
            f"load: {error}: one can only load from a file that is seekable. {INSTEAD}"
        ) from None
    if not isinstance(f.read(0), bytes):
        raise AssertionError("load: the file gives text, not bytes. Open it with mode 'rb'.")


def _trusting(pickle_module: Any) -> Any:
    """Return the unpickler of a module of pickle's kind, with PyTorch's names meaning Wengert's things."""
    base: Any = pickle_module.Unpickler

    class TrustingUnpickler(base):  # type: ignore[misc]
        def find_class(self, module: str, name: str) -> Any:
            if (module, name) in TORCH_NAMES:
                return TORCH_NAMES[module, name]
            if module.partition(".")[0] != "torch":
                return super().find_class(module, name)
            found = counterpart(module, name)
            if found is None:
                raise pickle.UnpicklingError(f"load: {lacking(f'{module}.{name}')}")
            return found

    return TrustingUnpickler


def _loaded(job: Job, file: IO[bytes], path: Any, mmap: bool) -> Any:
    head = peeked(file)
    if head.startswith(ZIP_SIGN):
        if mmap and path is None:
            raise ValueError("load: f must be a file path in order to use the mmap argument.")
        with opened(file) as archive:
            return Archive(job, archive, file, mmap).loaded()
    if mmap and head:
        raise RuntimeError(
            "load: mmap can only be used with files saved with `torch.save(..., _use_new_zipfile_serialization=True)`. "
            "Save the file anew, or leave out mmap."
        )
    return loaded_stream(job, file, head)


def get_unsafe_globals_in_checkpoint(f: Any) -> list[str]:
    """Return the names in a file that `load` would not follow with ``weights_only``, unless they are allowed.

    Nothing is loaded. ValueError for what is no zip archive of `save`.
    """
    if isinstance(f, str | os.PathLike):
        with open(f, "rb") as file:
            return get_unsafe_globals_in_checkpoint(file)
    _require_readable(f)
    if not peeked(f).startswith(ZIP_SIGN):
        raise ValueError(
            "Expected input to be a checkpoint returned by torch.save since PyTorch 1.6."
        )
    nothing = Job(CarefulUnpickler, mapping(None), {}, True)
    with opened(f) as archive:
        try:
            pickled = Archive(nothing, archive, f, False).content("data.pkl")
        except FileError as error:
            raise ValueError(
                f"Expected input to be a checkpoint returned by torch.save. {error}"
            ) from None
    found = dict.fromkeys(current(*name) for name in _globals(pickled))
    known = {*TORCH_NAMES, *BUILTIN}
    return [".".join(name) for name in found if name not in known and allowed(*name) is None]


def _globals(pickled: bytes) -> list[tuple[str, str]]:
    """Return the names in a pickle, each as module and name."""
    found, texts = [], ["", ""]
    for code, argument, _ in pickletools.genops(pickled):
        if code.name in ("GLOBAL", "INST"):
            module, _, name = str(argument).partition(" ")
            found.append((module, name))
        elif code.name == "STACK_GLOBAL":
            found.append((texts[-2], texts[-1]))
        elif "UNICODE" in code.name:
            texts.append(str(argument))
    return found

"""Unpickling that calls nothing but what builds tensors, numbers, text and containers, and what the user allowed."""

from __future__ import annotations

import _compat_pickle
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, ClassVar

from wengert.as_torch import home_of
from wengert.errors import lacking
from wengert.serialization.names import TORCH_NAMES, counterpart

BUILTIN = {
    *(("builtins", n) for n in ("set", "frozenset", "complex", "bytearray")),
    ("_codecs", "encode"), ("collections", "Counter"), ("collections", "defaultdict"),
}  # fmt: skip
"""The names of Python's own that build containers and numbers."""

BARRED = ("sys", "os", "posix", "nt")
"""Modules of which nothing is called, whoever allowed it."""

_safe: list[Any] = []


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Let `load` build objects of these classes, and call these functions, with ``weights_only`` too.

    A pair of one of them and a name stands for it under that name. Raises ValueError for other tuples, TypeError for a
    name that is no text.
    """
    for given in safe_globals:
        if isinstance(given, tuple):
            if len(given) != 2:
                raise ValueError(
                    f"add_safe_globals: expected a class or function, or a pair of one and its full name, got a tuple "
                    f"of length {len(given)}."
                )
            if not isinstance(given[1], str):
                raise TypeError(
                    f"add_safe_globals: the second of a pair is the full name as text, not {type(given[1]).__name__}."
                )
    _safe.extend(given for given in safe_globals if given not in _safe)


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


def current(module: str, name: str) -> tuple[str, str]:
    """Return what Python 3 calls a global of Python 2."""
    if (module, name) in _compat_pickle.NAME_MAPPING:
        return _compat_pickle.NAME_MAPPING[module, name]
    return _compat_pickle.IMPORT_MAPPING.get(module, module), name


def allowed(module: str, name: str) -> Any:
    """Return what the user allowed under a name, or None."""
    own = counterpart(module, name) if module.partition(".")[0] == "torch" else None
    for given in _safe:
        meant, *names = given if isinstance(given, tuple) else (given, *_names(given))
        if f"{module}.{name}" in names or (own is not None and own is meant):
            return meant
    return None


def _names(x: Any) -> tuple[str, str]:
    """Return the full name of a class or function as it says it, and as it is defined."""
    return f"{x.__module__}.{x.__qualname__}", f"{home_of(x)}.{x.__qualname__}"


class CarefulUnpickler(pickle._Unpickler):
    """An unpickler that follows no name and calls no function but those that are known to be harmless."""

    dispatch: ClassVar[dict[int, Any]] = dict(pickle._Unpickler.dispatch)

    def __init__(self, file: IO[bytes], *, encoding: str = "utf-8") -> None:
        super().__init__(file, encoding=encoding)
        self._followed: dict[int, Any] = {}

    def find_class(self, module: str, name: str) -> Any:
        """Return what a name in the file means; UnpicklingError for names that nobody allowed."""
        module, name = current(module, name)
        found = self._meaning(module, name)
        self._followed[id(found)] = found
        return found

    def _meaning(self, module: str, name: str) -> Any:
        if module in BARRED:
            raise pickle.UnpicklingError(
                f"Weights only load failed: the file names `{module}.{name}`, and nothing of the module {module} is "
                f"called. A file that asks for it is not to be trusted."
            )
        if (module, name) in TORCH_NAMES:
            return TORCH_NAMES[module, name]
        found = allowed(module, name)
        if found is not None:
            return found
        if (module, name) in BUILTIN:
            return super().find_class(module, name)
        if module.partition(".")[0] == "torch" and counterpart(module, name) is None:
            raise pickle.UnpicklingError(f"load: {lacking(f'{module}.{name}')}")
        shown = name if module == "builtins" else f"{module}.{name}"
        raise pickle.UnpicklingError(
            f"Weights only load failed: the file names `{shown}`, which is neither a tensor nor a plain container, and "
            f"building it may run any code. If you trust the file, use `torch.load(..., weights_only=False)`, or allow "
            f"it with `torch.serialization.add_safe_globals([{shown}])`, for a block with "
            f"`with torch.serialization.safe_globals([{shown}]):`."
        )

    def _require_known(self, x: Any) -> None:
        if id(x) not in self._followed:
            raise pickle.UnpicklingError(
                f"Weights only load failed: the file calls {x!r}, which is no function or class that it may name. If "
                f"you trust the file, use `torch.load(..., weights_only=False)`."
            )

    def load_global(self) -> None:
        """Follow a name, if both of its lines are there to their ends."""
        lines = self.readline(), self.readline()  # type: ignore[attr-defined]
        if not all(line.endswith(b"\n") for line in lines):
            raise EOFError
        module, name = (line[:-1].decode() for line in lines)
        self.append(self.find_class(module, name))  # type: ignore[attr-defined]

    def load_reduce(self) -> None:
        """Call a function that was found by an allowed name."""
        self._require_known(self.stack[-2])  # type: ignore[attr-defined]
        super().load_reduce()  # type: ignore[misc]

    def load_newobj(self) -> None:
        """Make an instance of a class that was found by an allowed name."""
        self._require_known(self.stack[-2])  # type: ignore[attr-defined]
        super().load_newobj()  # type: ignore[misc]

    def load_newobj_ex(self) -> None:
        """Make an instance of a class that was found by an allowed name, with keywords."""
        self._require_known(self.stack[-3])  # type: ignore[attr-defined]
        super().load_newobj_ex()  # type: ignore[misc]

    def load_build(self) -> None:
        """Give an instance of an allowed class its state: never a class or function its attributes."""
        self._require_known(type(self.stack[-2]))  # type: ignore[attr-defined]
        super().load_build()  # type: ignore[misc]

    def _refuse(self) -> None:
        raise pickle.UnpicklingError(
            "Weights only load failed: the file builds objects as Python 2 did for classes of the old style, or by "
            "numbers registered with copyreg. If you trust the file, use `torch.load(..., weights_only=False)`."
        )

    for code in (pickle.INST, pickle.OBJ, pickle.EXT1, pickle.EXT2, pickle.EXT4):
        dispatch[code[0]] = _refuse
    dispatch[pickle.GLOBAL[0]] = load_global
    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.NEWOBJ[0]] = load_newobj
    dispatch[pickle.NEWOBJ_EX[0]] = load_newobj_ex
    dispatch[pickle.BUILD[0]] = load_build

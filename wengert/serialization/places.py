"""On which device memory was saved, and where it goes: on this library's one device, or an error that says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wengert.tensor.device import device
from wengert.tensor.memory import is_storage

Tagger = Callable[[Any], Any]
Restorer = Callable[[Any, str], Any]

_packages: list[tuple[int, Tagger, Restorer]] = [
    (
        10,
        lambda storage: "cpu",
        lambda storage, location: storage if _kind(location) == "cpu" else None,
    )
]


def register_package(priority: int, tagger: Tagger, deserializer: Restorer) -> None:
    """Let functions say where memory lies and where it goes; those of lower ``priority`` numbers are asked first.

    ``tagger(storage)`` returns the location to save or None, ``deserializer(storage, location)`` a storage or None. The
    CPU's have the number 10.
    """
    _packages.append((priority, tagger, deserializer))
    _packages.sort(key=lambda package: package[0])


def location_tag(storage: Any) -> str:
    """Return where memory lies, as files say it. RuntimeError where nobody knows."""
    for _, tagger, _ in _packages:
        found = tagger(storage)
        if found:
            return str(found)
    raise RuntimeError(f"don't know how to determine data location of {type(storage).__name__}")


def default_restore_location(storage: Any, location: str) -> Any:
    """Return memory from a place that a file names, where it can be here. RuntimeError for other devices."""
    return _restored(
        storage,
        location,
        f"load: the file holds tensors of the device {location!r}, but Wengert computes on the CPU. Use "
        f"`torch.load(..., map_location='cpu')`.",
    )


def _restored(storage: Any, location: str, refusal: str) -> Any:
    for _, _, restore in _packages:
        found = restore(storage, location)
        if found is not None:
            return found
    raise RuntimeError(refusal)


def _kind(location: str) -> str:
    return location.partition(":")[0]


def mapping(map_location: Any) -> Restorer:
    """Return the function that ``map_location`` of `load` stands for; TypeError for what stands for none.

    It takes memory and the location that a file gives it, and returns the memory to use.
    """
    if map_location is None:
        return default_restore_location
    if isinstance(map_location, dict):

        def looked_up(storage: Any, location: str) -> Any:
            given = map_location.get(location, location)
            return (
                _moved(storage, given)
                if location in map_location
                else default_restore_location(storage, given)
            )

        return looked_up
    if isinstance(map_location, str | device):
        return lambda storage, location: _moved(storage, map_location)
    if not callable(map_location):
        raise TypeError(
            f"load: map_location has to be a device or its name, a dict from names to names, or a function of a "
            f"storage and its location, not {type(map_location).__name__}. Use map_location='cpu'."
        )

    def asked(storage: Any, location: str) -> Any:
        found = map_location(storage, location)
        if found is None:
            return default_restore_location(storage, location)
        if not is_storage(found):
            raise TypeError(
                f"load: the function map_location has to return a storage or None, not {type(found).__name__}. Return "
                f"the storage that it was given."
            )
        return found

    return asked


def _moved(storage: Any, place: Any) -> Any:
    name = str(place)
    kind = _kind(name)
    return _restored(
        storage,
        name,
        f"load: map_location names the device {kind}, but Wengert computes on the CPU. Use 'cpu'.",
    )

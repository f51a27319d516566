"""One call of an operator, built from a sample of PyTorch's in either library.

Tensors go through NumPy with their strides and `requires_grad`; dtypes, devices and sizes become
the library's own. This file knows nothing of what is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import torch

import wengert
from tests.parity.opdb.outcome import NotApplicable

MOST_VALUES_SHOWN = 12
MOST_DIMENSIONS = 64
FORMATS = ("contiguous_format", "channels_last", "channels_last_3d", "preserve_format")


@dataclass(frozen=True)
class Call:
    """The arguments of a call, as one library's objects."""

    library: ModuleType
    input: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def of(self, fn: Callable[..., Any], **extra: Any) -> Any:
        """Call `fn` with the arguments and `extra` keywords."""
        return fn(self.input, *self.args, **self.kwargs, **extra)

    def tensors(self) -> list[Any]:
        """Return the distinct tensors among the arguments, in order."""
        found = tensors_in((self.input, self.args, self.kwargs), self.library)
        return list({id(t): t for t in found}.values())

    def leaves(self) -> list[Any]:
        """Return the tensors that gradients are wanted of."""
        return [t for t in self.tensors() if t.requires_grad]

    def replacing(self, old: list[Any], new: list[Any]) -> Call:
        """Return the call with some of its tensors replaced."""
        by_id = {id(a): b for a, b in zip(old, new, strict=True)}

        def swap(t: Any) -> Any:
            return by_id.get(id(t), t)

        parts = mapped((self.input, self.args, self.kwargs), self.library, swap)
        return Call(self.library, *parts)


def tensors_in(value: Any, library: ModuleType) -> Iterator[Any]:
    """Yield the tensors of a nest, in order."""
    if isinstance(value, library.Tensor):
        yield value
    elif isinstance(value, (list, tuple, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from tensors_in(item, library)


def mapped(value: Any, library: ModuleType, fn: Callable[[Any], Any]) -> Any:
    """Return a nest with `fn` applied to its tensors."""
    if isinstance(value, library.Tensor):
        return fn(value)
    if isinstance(value, dict):
        return {key: mapped(item, library, fn) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(mapped(item, library, fn) for item in value)
    return value


def built(sample: Any, library: ModuleType, requires_grad: bool = True) -> Call:
    """Return a sample's call with fresh tensors of `library`; raise NotApplicable if it lacks one."""
    made: dict[int, Any] = {}
    parts = (sample.input, sample.args, sample.kwargs)
    call = Call(library, *(translated(part, library, made) for part in parts))
    if not requires_grad:
        for t in call.leaves():
            t.requires_grad_(False)
    return call


def translated(value: Any, library: ModuleType, made: dict[int, Any]) -> Any:
    """Return PyTorch's `value` as `library` spells it; `made` keeps one tensor for one tensor."""
    if isinstance(value, torch.Tensor):
        if id(value) not in made:
            made[id(value)] = fresh(value, library)
        return made[id(value)]
    if isinstance(value, torch.Size):
        return library.Size(value)
    if isinstance(value, dict):
        return {key: translated(item, library, made) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [translated(item, library, made) for item in value]
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, slice):
        return slice(*translated([value.start, value.stop, value.step], library, made))
    return value if library is torch else _named(value)


def _named(value: Any) -> Any:
    """Return Wengert's object of the same name as PyTorch's dtype, device, layout or format."""
    if isinstance(value, (torch.dtype, torch.layout, torch.memory_format)):
        name = str(value).removeprefix("torch.")
        if not hasattr(wengert, name):
            raise NotApplicable(f"Wengert has no {name}")
        return getattr(wengert, name)
    if isinstance(value, torch.device):
        if value.type != "cpu":
            raise NotApplicable(f"Wengert has no device {value.type}")
        return wengert.device("cpu")
    if isinstance(value, torch.Generator):
        raise NotApplicable("random numbers are compared elsewhere")
    return value


def fresh(tensor: torch.Tensor, library: ModuleType) -> Any:
    """Return a leaf of `library` with a tensor's values, strides and `requires_grad`."""
    if tensor.layout != torch.strided or tensor.device.type != "cpu":
        raise NotApplicable(f"Wengert has no {tensor.layout} tensors on {tensor.device.type}")
    if tensor.dim() > MOST_DIMENSIONS:
        raise NotApplicable(f"NumPy has no more than {MOST_DIMENSIONS} dimensions")
    name = str(tensor.dtype).removeprefix("torch.")
    if not hasattr(wengert, name):
        raise NotApplicable(f"Wengert has no {name}")
    made = library.from_numpy(strided_copy(tensor))
    return made.requires_grad_() if tensor.requires_grad else made


def strided_copy(tensor: torch.Tensor) -> np.ndarray:
    """Return a tensor's values in memory of their own with the same strides."""
    plain = tensor.detach().resolve_conj().resolve_neg()
    if plain.is_contiguous() or not plain.numel():
        return plain.numpy().copy()
    span = 1 + sum((n - 1) * s for n, s in zip(plain.shape, plain.stride(), strict=True))
    memory = torch.as_strided(plain, (span,), (1,)).numpy().copy()
    strides = tuple(s * memory.itemsize for s in plain.stride())
    return np.ndarray(tuple(plain.shape), memory.dtype, memory, 0, strides)


def array_of(tensor: Any) -> np.ndarray:
    """Return the values of a tensor of either library."""
    if isinstance(tensor, torch.Tensor):
        return tensor.numpy(force=True)
    return tensor.detach().numpy()


def dtype_name(tensor: Any) -> str:
    """Return `float32` and so on, for a tensor of either library."""
    return str(tensor.dtype).removeprefix("torch.")


def text_of(sample: Any, name: str) -> str:
    """Return a sample as the call that it stands for."""
    first = [] if sample.input is None else [sample.input]
    shown = [shown_value(value) for value in (*first, *sample.args)]
    shown += [f"{key}={shown_value(value)}" for key, value in sample.kwargs.items()]
    return f"{name}({', '.join(shown)})"


def shown_value(value: Any) -> str:
    """Return a readable form of an argument: of a tensor its dtype, shape and, if few, values."""
    if isinstance(value, (torch.Tensor, wengert.Tensor)):
        return shown_tensor(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {shown_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        inside = ", ".join(map(shown_value, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    return repr(value)


def shown_tensor(tensor: Any) -> str:
    """Return `float64 (2, 3) strides (1, 2) [...]`."""
    text = f"{dtype_name(tensor)} {tuple(tensor.shape)}"
    on_cpu = getattr(tensor, "layout", None) in (None, torch.strided) and "cpu" in str(
        tensor.device
    )
    if not on_cpu:
        return text
    if not tensor.is_contiguous():
        text += f" strides {tuple(tensor.stride())}"
    if tensor.numel() <= MOST_VALUES_SHOWN:
        text += f" {shown_numbers(tensor.tolist())}"
    return text


def shown_numbers(value: Any) -> str:
    """Return nested numbers with six digits."""
    if isinstance(value, list):
        return f"[{', '.join(map(shown_numbers, value))}]"
    return f"{value:.6g}" if isinstance(value, (float, complex)) else str(value)

"""Classes of ``torch.cuda`` that programs name, and that cannot be made on a build that computes on the CPU."""

from __future__ import annotations

from typing import Any, Final, NoReturn

__all__ = [
    "BFloat16Tensor", "BoolTensor", "ByteTensor", "CUDAGraph", "CharTensor", "DoubleTensor", "Event", "ExternalStream",
    "FloatTensor", "HalfTensor", "IntTensor", "LongTensor", "ShortTensor", "Stream", "StreamContext", "device",
    "device_of", "stream",
]  # fmt: skip

HINT: Final = "Wengert computes on the CPU. Ask `torch.cuda.is_available()` first."


class _Absent:
    """A class without instances: RuntimeError when one is made."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(
            f"torch.cuda.{type(self).__name__} requires CUDA support: Tried to instantiate dummy base class. {HINT}"
        )


class Event(_Absent):
    """A place in a stream of a GPU. RuntimeError: there is none."""


class Stream(_Absent):
    """An order of work of a GPU. RuntimeError: there is none."""


class ExternalStream(_Absent):
    """An order of work of a GPU, made elsewhere. RuntimeError: there is none."""


class CUDAGraph(_Absent):
    """Work of a GPU that was recorded. RuntimeError: there is none; see `wengert.trace` for recording here."""


class StreamContext:
    """Choose a stream inside of a ``with``; nothing happens for None, and there are no others here."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exc: object) -> None:
        return None


def stream(stream: Any) -> StreamContext:
    """Return a `StreamContext`."""
    return StreamContext(stream)


class device:
    """Choose a GPU inside of a ``with``: RuntimeError there, for there is none; a negative number chooses none."""

    def __init__(self, device: Any) -> None:
        self.idx = device if isinstance(device, int) else getattr(device, "index", None)

    def __enter__(self) -> None:
        if isinstance(self.idx, int) and self.idx < 0:
            return
        raise RuntimeError(f"torch.cuda.device: PyTorch was compiled without CUDA support: {HINT}")

    def __exit__(self, *exc: object) -> None:
        return None


class device_of(device):
    """Choose the GPU of a tensor inside of a ``with``: none, for tensors are on the CPU."""

    def __init__(self, obj: Any) -> None:
        super().__init__(-1)


class _TensorType:
    """The type of a GPU's tensors of one dtype, of which there are none: TypeError when one is made."""

    def __init__(self, *args: Any, **kwargs: Any) -> NoReturn:
        name = type(self).__name__
        raise TypeError(
            f"type torch.cuda.{name} not available. Torch not compiled with CUDA enabled. Use `torch.{name}`."
        )


class FloatTensor(_TensorType):
    """float32 on a GPU."""


class DoubleTensor(_TensorType):
    """float64 on a GPU."""


class HalfTensor(_TensorType):
    """float16 on a GPU."""


class BFloat16Tensor(_TensorType):
    """bfloat16 on a GPU."""


class LongTensor(_TensorType):
    """int64 on a GPU."""


class IntTensor(_TensorType):
    """int32 on a GPU."""


class ShortTensor(_TensorType):
    """int16 on a GPU."""


class CharTensor(_TensorType):
    """int8 on a GPU."""


class ByteTensor(_TensorType):
    """uint8 on a GPU."""


class BoolTensor(_TensorType):
    """bool on a GPU."""

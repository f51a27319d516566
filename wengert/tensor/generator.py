"""Generators of random numbers, and how a draw meets the open transforms.

A trace refuses them: a graph would repeat the numbers of the recording. Pass masks and noise as arguments there.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from wengert.core.carrier import RAW, Array, Value, state
from wengert.core.mt19937 import Stream
from wengert.core.shapes import Shape
from wengert.core.silence import silent
from wengert.core.uniforms import in_memory_order
from wengert.errors import TraceError
from wengert.rules import structural
from wengert.tape.meta import Meta, is_meta
from wengert.tape.provenance import describe, here
from wengert.tape.record import as_tensor
from wengert.tape.storage import Recorded, concrete, handle
from wengert.tensor.device import CPU, META, device, require_cpu
from wengert.tensor.promotion import dtype_of

Draw = Callable[..., Array]
"""Draws numbers from a stream, in a shape, given the arrays that they depend on: ``draw(stream, shape, *arrays)``."""


class Generator:
    """A stream of random numbers with a state of its own, which can be copied and pickled.

    Attributes: ``device``, always the CPU; RuntimeError for another one.

    >>> import wengert as torch
    >>> g = torch.Generator().manual_seed(0)
    >>> torch.randint(0, 10, (3,), generator=g)
    tensor([4, 9, 3])
    """

    def __init__(self, device: Any = "cpu") -> None:
        try:
            require_cpu(device)
        except AssertionError as refused:
            # PyTorch without a device refuses its generators by another type.
            raise RuntimeError(str(refused)) from None
        self.lock = threading.Lock()
        self._stream: Stream | None = None

    @property
    def device(self) -> device:
        """Where the numbers are drawn."""
        return CPU

    @property
    def stream(self) -> Stream:
        """The numbers, made when first asked for."""
        if state.trace is not None:
            raise TraceError(
                f"random numbers under trace would be the same at every replay.\n"
                f"  drawn at  {describe(here())}\n"
                f"  Make them outside and pass them as arguments."
            )
        if self._stream is None:
            self._stream = Stream()
        return self._stream

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream that this seed gives; negative seeds wrap around 2**64.

        Raises RuntimeError for what is no int, ValueError beyond 64 bits.
        """
        if not isinstance(seed, int | np.integer) or isinstance(seed, bool):
            raise RuntimeError(
                f"manual_seed expected a long, but got {type(seed).__name__}. Use `int(seed)`."
            )
        with self.lock:
            self.stream.seed(int(seed))
        return self

    def initial_seed(self) -> int:
        """Return the seed that the stream started from."""
        return self.stream.initial_seed

    def seed(self) -> int:
        """Start from a seed taken from the system, and return it."""
        fresh = int.from_bytes(os.urandom(8), "little")
        self.manual_seed(fresh)
        return fresh

    def get_state(self) -> Any:
        """Return the state as a uint8 tensor, byte for byte as PyTorch lays it out."""
        with self.lock:
            return handle(self.stream.get_state())

    def set_state(self, new_state: Any) -> Generator:
        """Continue from a state that `get_state` returned, here or in PyTorch.

        Raises TypeError for what is no uint8 tensor, RuntimeError for bytes that are no such state.
        """
        if not isinstance(new_state, Recorded):
            raise TypeError(
                f"set_state: expected a torch.ByteTensor, but got {type(new_state).__name__}. "
                f"Pass what get_state returned."
            )
        read: Any = new_state
        with self.lock:
            self.stream.set_state(concrete(read.detach(), "set_state"))
        return self

    def clone_state(self) -> Generator:
        """Return another generator that continues as this one would."""
        return Generator().set_state(self.get_state())

    def get_offset(self) -> int:
        """Refuse: only generators that count their numbers have an offset."""
        raise self._no_offset()

    def set_offset(self, offset: int) -> Generator:
        """Refuse: only generators that count their numbers have an offset."""
        raise self._no_offset()

    @staticmethod
    def _no_offset() -> RuntimeError:
        return RuntimeError("CPU Generator does not use offset. Use `get_state` and `set_state`.")

    def __reduce__(self) -> tuple[Any, ...]:
        with self.lock:
            return (Generator, (), self.stream.get_state())

    def __setstate__(self, saved: Array) -> None:
        self.stream.set_state(saved)


default_generator = Generator()


def generator_of(op: str, given: Any) -> Generator:
    """Return the generator that was asked for, or the default one; TypeError for anything else."""
    if given is None:
        return default_generator
    if not isinstance(given, Generator):
        raise TypeError(
            f"{op}(): argument 'generator' must be torch.Generator, not {type(given).__name__}."
        )
    return given


def drawn(
    op: str, generator: Any, draw: Draw, shape: Shape, *operands: Any, like: Array | None = None,
    place: device = CPU, dtype: np.dtype[Any] | None = None,
) -> Any:  # fmt: skip
    """Draw numbers as the open levels want them: a `vmap` decides whether examples share theirs.

    The numbers may depend on the values of ``operands``, not on their histories. Those that fill memory laid out as
    ``like`` are drawn in its order. On the device meta, or of what is there, nothing is drawn.
    """
    source = generator_of(op, generator)
    if place is META or any(map(is_meta, operands)):
        return handle(Meta(shape, dtype_of(operands[0]) if dtype is None else dtype))

    def bottom(s: Shape, *values: Value) -> Array:
        arrays = [v if v.__class__ in RAW else concrete(v, op) for v in values]
        if like is not None and s == like.shape:
            return silent().run(in_memory_order, like, partial(draw, stream), *arrays)
        return silent().run(draw, stream, s, *arrays)

    def below(depth: int) -> Callable[..., Value]:
        if not depth:
            return bottom
        return lambda s, *values: state.levels[depth - 1].random(below(depth - 1), s, *values)

    with source.lock:
        stream = source.stream
        values = [structural.detach(x) for x in operands]
        return as_tensor(below(len(state.levels))(shape, *values))

"""Random tensors: for the same seed, the same numbers as PyTorch's CPU generator.

A trace refuses them: a graph would repeat the numbers of the recording. Pass masks and noise as arguments there.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.core import dtypes, mt19937
from wengert.core.carrier import Array, Value, state
from wengert.core.shapes import Shape, positive_size
from wengert.errors import ShapeError, TraceError
from wengert.tape.provenance import describe, here
from wengert.tape.record import as_tensor
from wengert.tape.storage import handle
from wengert.tensor import creation
from wengert.tensor.promotion import dtype_of

__all__ = [
    "Generator", "default_generator", "get_rng_state", "initial_seed", "manual_seed", "rand", "rand_like", "randint",
    "randn", "randn_like", "randperm", "seed", "set_rng_state",
]  # fmt: skip


class Generator:
    """A stream of random numbers with a state of its own.

    >>> import wengert as torch
    >>> g = torch.Generator().manual_seed(0)
    >>> torch.randint(0, 10, (3,), generator=g)
    tensor([4, 9, 3])
    """

    def __init__(self, device: Any = "cpu") -> None:
        creation.require_cpu(device)
        self.lock = threading.Lock()
        self._stream: mt19937.Stream | None = None

    @property
    def stream(self) -> mt19937.Stream:
        """The numbers, made when first asked for."""
        if state.trace is not None:
            raise TraceError(
                f"random numbers under trace would be the same at every replay.\n"
                f"  drawn at  {describe(here())}\n"
                f"  Make them outside and pass them as arguments."
            )
        if self._stream is None:
            self._stream = mt19937.Stream()
        return self._stream

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream that this seed gives; negative seeds wrap around 2**64."""
        with self.lock:
            self.stream.seed(int(seed))
        return self

    def initial_seed(self) -> int:
        """Return the seed that the stream started from."""
        return self.stream.initial_seed

    def seed(self) -> int:
        """Start from a seed taken from the system, and return it."""
        fresh = int.from_bytes(np.random.bytes(8), "little") % 2**63
        self.manual_seed(fresh)
        return fresh

    def get_state(self) -> Any:
        """Return the state as a uint8 tensor, byte for byte as PyTorch lays it out."""
        return handle(self.stream.get_state())

    def set_state(self, new_state: Any) -> Generator:
        """Continue from a state that `get_state` returned."""
        with self.lock:
            self.stream.set_state(new_state.detach().numpy())
        return self


default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Seed the default generator.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.rand(2)
    tensor([0.4963, 0.7682])
    """
    return default_generator.manual_seed(seed)


def initial_seed() -> int:
    """Return the seed of the default generator."""
    return default_generator.initial_seed()


def seed() -> int:
    """Seed the default generator from the system, and return the seed."""
    return default_generator.seed()


def get_rng_state() -> Any:
    """Return the default generator's state as a uint8 tensor."""
    return default_generator.get_state()


def set_rng_state(new_state: Any) -> None:
    """Continue the default generator from a state."""
    default_generator.set_state(new_state)


def _floating(dtype: Any) -> np.dtype[Any]:
    return dtypes.default_float() if dtype is None else dtypes.to_numpy(dtype)


def _generator(given: Any) -> Generator:
    return default_generator if given is None else given


def _drawn(
    source: Generator, draw: Callable[[Shape], Array], shape: Shape, requires_grad: bool
) -> Any:
    """Draw numbers as the open levels want them: a `vmap` decides whether examples share theirs."""

    def below(depth: int) -> Callable[[Shape], Value]:
        if not depth:
            return draw
        return lambda s: state.levels[depth - 1].random(below(depth - 1), s)

    with source.lock:
        drawn = as_tensor(below(len(state.levels))(shape))
    if requires_grad:
        creation.mark(drawn)
    return drawn


def rand(
    *size: Any,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Return uniform numbers in [0, 1)."""
    creation.require_cpu(device)
    shape, source = positive_size("rand", size), _generator(generator)
    real = _floating(dtype)
    return _drawn(source, lambda s: mt19937.uniform(source.stream, s, real), shape, requires_grad)


def randn(
    *size: Any,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Return normal numbers of mean 0 and standard deviation 1."""
    creation.require_cpu(device)
    shape, source = positive_size("randn", size), _generator(generator)
    real = _floating(dtype)
    return _drawn(source, lambda s: mt19937.normal(source.stream, s, real), shape, requires_grad)


def randint(
    low: Any = 0, high: Any = None, size: Any = None, *, generator: Any = None, dtype: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return integers from ``low`` to ``high - 1``: ``randint(high, size)`` or ``randint(low, high, size)``.

    RuntimeError when there is no such integer.
    """
    creation.require_cpu(device)
    if size is None and isinstance(high, list | tuple):
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    shape = positive_size("randint", (size,))
    if low >= high:
        raise ShapeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    source = _generator(generator)
    target = np.dtype(np.int64) if dtype is None else dtypes.to_numpy(dtype)

    def draw(s: Shape) -> Array:
        return mt19937.randint(source.stream, low, high, s).astype(target)

    return _drawn(source, draw, shape, requires_grad)


def randperm(n: int, *, generator: Any = None, dtype: Any = None, device: Any = None) -> Any:
    """Return the integers 0 to ``n - 1`` in random order."""
    creation.require_cpu(device)
    source = _generator(generator)
    target = np.dtype(np.int64) if dtype is None else dtypes.to_numpy(dtype)

    def draw(s: Shape) -> Array:
        orders = [mt19937.randperm(source.stream, n) for _ in range(math.prod(s[:-1]))]
        return np.array(orders, target).reshape(s)

    return _drawn(source, draw, (n,), False)


def rand_like(input: Any, *, dtype: Any = None, requires_grad: bool = False) -> Any:
    """Return uniform numbers of another tensor's shape and dtype."""
    target = dtype or dtypes.public(dtype_of(input))
    return rand(*input.shape, dtype=target, requires_grad=requires_grad)


def randn_like(input: Any, *, dtype: Any = None, requires_grad: bool = False) -> Any:
    """Return normal numbers of another tensor's shape and dtype."""
    target = dtype or dtypes.public(dtype_of(input))
    return randn(*input.shape, dtype=target, requires_grad=requires_grad)


def bernoulli_noise(shape: Shape, p: float, dtype: np.dtype[Any]) -> Any:
    """Return ones with probability ``p``, else zeros, in a floating dtype."""
    source = default_generator
    return _drawn(
        source, lambda s: mt19937.bernoulli(source.stream, p, s).astype(dtype), shape, False
    )


def exponential_noise(shape: Shape, dtype: np.dtype[Any]) -> Any:
    """Return exponential numbers of mean 1 in a floating dtype."""
    source = default_generator
    return _drawn(
        source, lambda s: mt19937.exponential(source.stream, s).astype(dtype), shape, False
    )

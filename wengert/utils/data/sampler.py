"""Orders in which a loader visits a dataset: for the same seed, PyTorch's.

Nothing here reads a sample; a sampler knows at most how many there are.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

from wengert.core.dtypes import float64
from wengert.random import Generator
from wengert.tensor.creation import as_tensor
from wengert.tensor.sampling import multinomial, randint, randperm
from wengert.utils.data.worker import fresh_seed

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]

Key = TypeVar("Key", covariant=True)

DRAWN_AT_ONCE = 32
"""How many numbers `RandomSampler` takes from the stream at a time, which decides what the next draw finds there."""


class Sampler(Generic[Key]):
    """An order of keys, or of lists of keys; subclasses define `__iter__` and, for `len(loader)`, `__len__`."""

    def __iter__(self) -> Iterator[Key]:
        raise NotImplementedError(
            f"{type(self).__name__} has no `__iter__`: a Sampler defines the order in which keys come."
        )


class SequentialSampler(Sampler[int]):
    """0, 1, ... up to the length of the data."""

    data_source: Sized

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """A fresh random order at each iteration, or ``num_samples`` independent draws with ``replacement``.

    Without a ``generator``, each iteration seeds one of its own from the default generator. Without replacement, more
    samples than there are data come as one order after another. Raises TypeError for a ``replacement`` that is no
    bool, ValueError for ``num_samples`` that is no positive int.

    >>> import wengert as torch
    >>> list(RandomSampler(range(5), generator=torch.Generator().manual_seed(0)))
    [4, 0, 1, 3, 2]
    """

    data_source: Sized
    replacement: bool

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Any = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(
                f"RandomSampler: replacement should be a boolean value, but got replacement={replacement!r}."
            )
        require_positive("RandomSampler", "num_samples", self.num_samples)

    @property
    def num_samples(self) -> int:
        """How many keys an iteration gives: by default as many as there are data by then."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        size, count = len(self.data_source), self.num_samples
        generator = self.generator
        if generator is None:
            generator = Generator().manual_seed(fresh_seed(None))
        if self.replacement:
            for drawn in [DRAWN_AT_ONCE] * (count // DRAWN_AT_ONCE) + [count % DRAWN_AT_ONCE]:
                yield from randint(size, (drawn,), generator=generator).tolist()
        else:
            for _ in range(count // size):
                yield from randperm(size, generator=generator).tolist()
            yield from randperm(size, generator=generator).tolist()[: count % size]

    def __len__(self) -> int:
        return self.num_samples


def require_positive(who: str, name: str, count: Any) -> None:
    """Raise ValueError for a count that is no positive int."""
    if not isinstance(count, int) or isinstance(count, bool) or count <= 0:
        raise ValueError(
            f"{who}: {name} should be a positive integer value, but got {name}={count!r}."
        )


class SubsetRandomSampler(Sampler[int]):
    """Given keys in a fresh random order at each iteration."""

    indices: Sequence[int]

    def __init__(self, indices: Sequence[int], generator: Any = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for i in randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Keys drawn with probabilities in proportion to ``weights``: key ``i`` with ``weights[i] / sum(weights)``.

    Raises ValueError for weights that are not one-dimensional, ``num_samples`` that is no positive int and a
    ``replacement`` that is no bool.
    """

    weights: Any
    num_samples: int
    replacement: bool

    def __init__(
        self, weights: Any, num_samples: int, replacement: bool = True, generator: Any = None
    ) -> None:
        require_positive("WeightedRandomSampler", "num_samples", num_samples)
        require_bool("WeightedRandomSampler", "replacement", replacement)
        self.weights = as_tensor(weights, dtype=float64)
        if self.weights.ndim != 1:
            raise ValueError(
                f"WeightedRandomSampler: weights should be a 1d sequence but given weights have shape "
                f"{tuple(self.weights.shape)}."
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        drawn = multinomial(
            self.weights, self.num_samples, self.replacement, generator=self.generator
        )
        yield from drawn.tolist()

    def __len__(self) -> int:
        return self.num_samples


def require_bool(who: str, name: str, value: Any) -> None:
    """Raise ValueError for what is no bool."""
    if not isinstance(value, bool):
        raise ValueError(f"{who}: {name} should be a boolean value, but got {name}={value!r}.")


class BatchSampler(Sampler[list[int]]):
    """The keys of another sampler in lists of ``batch_size``; ``drop_last`` leaves a last, shorter one out.

    Raises ValueError for a ``batch_size`` that is no positive int and a ``drop_last`` that is no bool.

    >>> list(BatchSampler(SequentialSampler(range(5)), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[Any], batch_size: int, drop_last: bool) -> None:
        require_positive("BatchSampler", "batch_size", batch_size)
        require_bool("BatchSampler", "drop_last", drop_last)
        self.sampler: Any = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[Any]]:
        keys = iter(self.sampler)
        least = self.batch_size if self.drop_last else 1
        while len(batch := list(itertools.islice(keys, self.batch_size))) >= least:
            yield batch

    def __len__(self) -> int:
        whole, rest = divmod(len(self.sampler), self.batch_size)
        return whole if self.drop_last else whole + bool(rest)

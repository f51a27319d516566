"""Sets of samples: those that are indexed, those that are iterated, and what is made of several.

Nothing here knows of batches or of loaders, which only call `__getitem__`, `__getitems__`, `__len__` and `__iter__`.
"""

from __future__ import annotations

import bisect
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Generic, TypeVar

from wengert.random import default_generator
from wengert.tensor.sampling import randperm

__all__ = [
    "ChainDataset",
    "ConcatDataset",
    "Dataset",
    "IterableDataset",
    "StackDataset",
    "Subset",
    "TensorDataset",
    "random_split",
]

Sample = TypeVar("Sample", covariant=True)


class Dataset(Generic[Sample]):
    """A map from keys, usually 0 to ``len - 1``, to samples; subclasses define `__getitem__`.

    They may define `__len__`, which the usual samplers ask for, and `__getitems__`, which takes a list of keys and
    returns the list of their samples. ``a + b`` is a `ConcatDataset`.
    """

    def __getitem__(self, index: Any) -> Sample:
        raise NotImplementedError(
            f"{type(self).__name__} has no `__getitem__`: a Dataset defines how a sample is found by its key."
        )

    def __add__(self, other: Dataset[Any]) -> Dataset[Any]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[Sample], Iterable[Sample]):
    """A stream of samples; subclasses define `__iter__`. ``a + b`` is a `ChainDataset`."""

    def __add__(self, other: Dataset[Any]) -> Dataset[Any]:
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Any, ...]]):
    """Samples that are the rows of tensors: sample ``i`` is ``(x[i], y[i], ...)``.

    Raises AssertionError where the tensors' first sizes differ.

    >>> import wengert as torch
    >>> samples = TensorDataset(torch.tensor([[1., 2.], [3., 4.]]), torch.tensor([0, 1]))
    >>> len(samples), samples[1]
    (2, (tensor([3., 4.]), tensor(1)))
    """

    tensors: tuple[Any, ...]

    def __init__(self, *tensors: Any) -> None:
        sizes = [tensor.size(0) for tensor in tensors]
        if any(size != sizes[0] for size in sizes):
            raise AssertionError(
                f"Size mismatch between tensors: a TensorDataset takes a row of each for a sample, but their first "
                f"sizes are {sizes}."
            )
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return int(self.tensors[0].size(0))


class StackDataset(Dataset[Any]):
    """Datasets side by side: a sample is the tuple, or given by names the dict, of their samples.

    Raises ValueError where lengths differ, and for none or both kinds of datasets.

    >>> StackDataset(x=range(3), y="abc")[1]
    {'x': 1, 'y': 'b'}
    """

    datasets: tuple[Any, ...] | dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if bool(args) == bool(kwargs):
            raise ValueError(
                "StackDataset takes at least one dataset: either by position, for samples that are tuples, or by name, "
                f"for samples that are dicts; got {len(args)} by position and {len(kwargs)} by name."
            )
        self.datasets = args or kwargs
        lengths = [len(dataset) for dataset in self._members()]
        if any(length != lengths[0] for length in lengths):
            raise ValueError(f"Size mismatch between datasets: their lengths are {lengths}.")
        self._length = lengths[0]

    def _members(self) -> list[Any]:
        return list(self.datasets.values() if isinstance(self.datasets, dict) else self.datasets)

    def _joined(self, parts: Iterable[Any]) -> Any:
        if isinstance(self.datasets, dict):
            return dict(zip(self.datasets, parts, strict=True))
        return tuple(parts)

    def __getitem__(self, index: Any) -> Any:
        return self._joined(dataset[index] for dataset in self._members())

    def __getitems__(self, indices: list[Any]) -> list[Any]:
        """Return the samples of several keys; members that have `__getitems__` are asked once."""
        columns = [samples_at(dataset, indices) for dataset in self._members()]
        for column in columns:
            if len(column) != len(indices):
                raise ValueError(
                    f"Nested dataset's output size mismatch. Expected {len(indices)}, got {len(column)}"
                )
        return [self._joined(column[i] for column in columns) for i in range(len(indices))]

    def __len__(self) -> int:
        return self._length


def samples_at(dataset: Any, indices: list[Any]) -> Any:
    """Return the samples of several keys, at once where the dataset has a way to do so."""
    at_once = getattr(dataset, "__getitems__", None)
    return at_once(indices) if at_once else [dataset[index] for index in indices]


class ConcatDataset(Dataset[Sample]):
    """Datasets one after another.

    Raises AssertionError for none, and for an IterableDataset, which has no keys.

    >>> both = ConcatDataset([range(3), range(10, 12)])
    >>> [both[i] for i in range(len(both))], both[-1]
    ([0, 1, 2, 10, 11], 11)
    """

    datasets: list[Any]
    cumulative_sizes: list[int]

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise AssertionError(
                "ConcatDataset does not support IterableDataset. Chain them: ChainDataset(datasets)."
            )
        self.cumulative_sizes = self.cumsum(self.datasets)

    @staticmethod
    def cumsum(sequence: Sequence[Any]) -> list[int]:
        """Return where each of the datasets ends in the whole."""
        return list(accumulate(len(dataset) for dataset in sequence))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, idx: int) -> Any:
        if idx < -len(self):
            raise ValueError(
                f"absolute value of index should not exceed dataset length: got {idx} for {len(self)} samples."
            )
        place = idx % len(self) if idx < 0 else idx
        which = bisect.bisect_right(self.cumulative_sizes, place)
        return self.datasets[which][place - ([0, *self.cumulative_sizes])[which]]


class ChainDataset(IterableDataset[Sample]):
    """Streams one after another. Raises AssertionError, once it gets there, at a dataset that is no stream."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def _streams(self) -> Iterator[Any]:
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError(
                    f"ChainDataset only supports IterableDataset, but got {type(dataset).__name__}."
                )
            yield dataset

    def __iter__(self) -> Iterator[Sample]:
        for dataset in self._streams():
            yield from dataset

    def __len__(self) -> int:
        return sum(len(dataset) for dataset in self._streams())


class Subset(Dataset[Sample]):
    """The samples of a dataset at given keys, in their order.

    Raises NotImplementedError for a subclass that defines `__getitem__` without `__getitems__`: loaders would go
    around it.
    """

    dataset: Any
    indices: Sequence[Any]

    def __init__(self, dataset: Any, indices: Sequence[Any]) -> None:
        kind = type(self)
        if kind.__getitem__ is not Subset.__getitem__ and kind.__getitems__ is Subset.__getitems__:
            raise NotImplementedError(
                f"{kind.__name__} overrides __getitem__ but not __getitems__, which a DataLoader calls. Define it too, "
                f"for example:\n"
                f"    def __getitems__(self, indices):\n"
                f"        return [self[i] for i in indices]"
            )
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, idx: Any) -> Any:
        if isinstance(idx, list):
            return self.dataset[[self.indices[i] for i in idx]]
        return self.dataset[self.indices[idx]]

    def __getitems__(self, indices: list[Any]) -> Any:
        """Return the samples of several places, at once where the dataset has a way to do so."""
        return samples_at(self.dataset, [self.indices[i] for i in indices])

    def __len__(self) -> int:
        return len(self.indices)


def random_split(
    dataset: Any, lengths: Sequence[int | float], generator: Any = default_generator
) -> list[Subset[Any]]:
    """Split a dataset at random into parts of given lengths, or of given shares that add up to 1.

    Shares are rounded down, and what remains goes to the parts in turn, one sample each. Raises ValueError where the
    lengths do not add up to the dataset's, and for a share outside of [0, 1].

    >>> import wengert as torch
    >>> parts = random_split(range(10), [0.5, 0.3, 0.2], torch.Generator().manual_seed(0))
    >>> [list(part) for part in parts]
    [[4, 1, 7, 5, 3], [9, 0, 8], [6, 2]]
    """
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        lengths = _lengths_of_shares(len(dataset), lengths)
    if sum(lengths) != len(dataset):
        raise ValueError(
            f"random_split: Sum of input lengths does not equal the length of the input dataset: {list(lengths)} for "
            f"{len(dataset)} samples."
        )
    counts = [int(length) for length in lengths]
    order = randperm(sum(counts), generator=generator).tolist()
    return [
        Subset(dataset, order[end - count : end])
        for end, count in zip(accumulate(counts), counts, strict=True)
    ]


def _lengths_of_shares(total: int, shares: Sequence[float]) -> list[int]:
    for i, share in enumerate(shares):
        if not 0 <= share <= 1:
            raise ValueError(
                f"random_split: Fraction at index {i} is not between 0 and 1: {share}."
            )
    counts = [math.floor(total * share) for share in shares]
    for i in range(total - sum(counts)):
        counts[i % len(counts)] += 1
    for i, count in enumerate(counts):
        if count == 0:
            warnings.warn(
                f"Length of split at index {i} is 0. This might result in an empty dataset.",
                stacklevel=3,
            )
    return counts

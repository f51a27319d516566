"""`DataLoader`: batches of a dataset's samples, in an order of its own, by worker processes if so asked."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from wengert.utils.data.collate import default_collate as default_collate
from wengert.utils.data.collate import default_convert as default_convert
from wengert.utils.data.dataset import IterableDataset
from wengert.utils.data.iteration import InProcessIterator, LoaderIterator
from wengert.utils.data.processes import WorkersIterator, context_for
from wengert.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler
from wengert.utils.data.worker import Work
from wengert.utils.data.worker import get_worker_info as get_worker_info

Sample = TypeVar("Sample", covariant=True)

FIXED = {"batch_size", "batch_sampler", "dataset", "drop_last", "persistent_workers", "sampler"}
"""What a loader's passes depend on, and so may not change once it is made."""


class DataLoader(Generic[Sample]):
    """An iterable of batches: each pass visits the dataset in the sampler's order.

    - ``dataset``: what is indexed (anything with `__getitem__` and `__len__`), or an IterableDataset.
    - ``batch_size``, ``drop_last``: how many samples make a batch, and whether a last, shorter one is left out; None
      gives single samples, as they are.
    - ``shuffle``, ``sampler``, ``batch_sampler``: the order. With ``shuffle`` it is PyTorch's for the same seed.
    - ``collate_fn``: joins a list of samples; by default `default_collate`.
    - ``num_workers``, ``prefetch_factor``, ``persistent_workers``, ``worker_init_fn``, ``timeout`` (seconds),
      ``multiprocessing_context``, ``in_order``: processes that read ahead, each up to ``prefetch_factor`` batches.
    - ``generator``: where the order and the workers' seeds are drawn.
    - ``pin_memory`` is of no use without an accelerator, and says so.

    Raises ValueError for options that contradict each other.

    >>> import wengert as torch
    >>> squares = torch.utils.data.TensorDataset(torch.arange(5), torch.arange(5) ** 2)
    >>> for x, y in torch.utils.data.DataLoader(squares, batch_size=2):
    ...     print(x, y)
    tensor([0, 1]) tensor([0, 1])
    tensor([2, 3]) tensor([4, 9])
    tensor([4]) tensor([16])
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: Any = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        self._iterable = isinstance(dataset, IterableDataset)
        if self._iterable:
            _refuse_order(shuffle, sampler, batch_sampler)
        _check_order(batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        if batch_sampler is not None:
            batch_size, drop_last = None, False
        if sampler is None:
            sampler = self._default_sampler(shuffle, generator)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.generator = generator
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        self.collate_fn = collate_fn
        self.persistent_workers = persistent_workers
        self._promised_length: int | None = None
        self._iterator: LoaderIterator | None = None
        self._made = True
        self.check_worker_number_rationality()

    def _default_sampler(self, shuffle: Any, generator: Any) -> Iterable[Any]:
        if self._iterable:
            return Endless()
        if shuffle:
            return RandomSampler(self.dataset, generator=generator)
        return SequentialSampler(self.dataset)

    @property
    def multiprocessing_context(self) -> Any:
        """How worker processes start; None for the usual way."""
        return self._context

    @multiprocessing_context.setter
    def multiprocessing_context(self, context: Any) -> None:
        self._context = None if context is None else context_for(context, self.num_workers)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in FIXED and "_made" in vars(self):
            raise ValueError(
                f"{name} attribute should not be set after {type(self).__name__} is initialized. Make another one."
            )
        super().__setattr__(name, value)

    def __iter__(self) -> Iterator[Any]:
        if self.pin_memory:
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't be "
                "used.",
                stacklevel=2,
            )
        if isinstance(self._iterator, WorkersIterator):
            self._iterator.start_over(self)
            return self._iterator
        iterator = self._new_iterator()
        if self.persistent_workers:
            self._iterator = iterator
        return iterator

    def _new_iterator(self) -> LoaderIterator:
        batched = self.batch_sampler is not None
        what = Work(self.dataset, self._iterable, batched, self.collate_fn, self.drop_last)
        if self.num_workers:
            return WorkersIterator(self, what)
        if self.timeout:
            raise AssertionError("DataLoader: a timeout needs workers. Use num_workers > 0.")
        return InProcessIterator(self, what)

    @property
    def _index_sampler(self) -> Any:
        """The order of what one step of an iterator fetches."""
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __len__(self) -> int:
        if not self._iterable:
            return len(self._index_sampler)
        length = self._promised_length = len(self.dataset)
        if self.batch_size is None:
            return length
        whole, rest = divmod(length, self.batch_size)
        return whole if self.drop_last else whole + bool(rest)

    def check_worker_number_rationality(self) -> None:
        """Warn of more workers than this process may use processors."""
        try:
            processors = len(os.sched_getaffinity(0))
        except AttributeError:
            processors = os.cpu_count() or 1
        if self.num_workers > processors:
            warnings.warn(
                f"This DataLoader will create {self.num_workers} worker processes in total. Our suggested max number "
                f"of worker in current system is {processors}, which is smaller than what this DataLoader is going to "
                f"create. More workers than processors make loading slower.",
                stacklevel=3,
            )


class Endless(Sampler[None]):
    """The keys of a stream, which needs none."""

    def __iter__(self) -> Iterator[None]:
        while True:
            yield None


def _check_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool
) -> None:
    if num_workers < 0:
        raise ValueError(
            "num_workers option should be non-negative; use num_workers=0 to disable multiprocessing."
        )
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing. Let num_workers > 0 to enable "
            "multiprocessing, otherwise set prefetch_factor to None."
        )
    if prefetch_factor is not None and prefetch_factor <= 0:
        raise ValueError("prefetch_factor option should be positive")
    if persistent_workers and num_workers == 0:
        raise ValueError("persistent_workers option needs num_workers > 0")


def _refuse_order(shuffle: Any, sampler: Any, batch_sampler: Any) -> None:
    """Raise ValueError where a stream, which has its own order, is given another."""
    given = {"shuffle": shuffle or None, "sampler": sampler, "batch_sampler": batch_sampler}
    for option, value in given.items():
        if value is not None:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified {option} option, but got {option}={value}. A "
                f"stream has its own order: shuffle or pick in its `__iter__`."
            )


def _check_order(
    batch_size: int | None, shuffle: Any, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    if sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None:
        if batch_size != 1 or shuffle or sampler is not None or drop_last:
            raise ValueError(
                "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
            )
    elif batch_size is None and drop_last:
        raise ValueError(
            "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
        )

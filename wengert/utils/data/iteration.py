"""One pass over a loader's data: what every pass does, and the one in the program's own process."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from wengert.utils.data.worker import Work, fresh_seed


class LoaderIterator:
    """Batches, one after another; subclasses say where the next one comes from."""

    def __init__(self, loader: Any, what: Work) -> None:
        self._what = what
        self._order = loader._index_sampler
        self._begin(loader)
        self._base_seed = fresh_seed(loader.generator)

    def _begin(self, loader: Any) -> None:
        self._keys = iter(self._order)
        self._yielded = 0
        self._promised: int | None = loader._promised_length

    def __iter__(self) -> Iterator[Any]:
        return self

    def __len__(self) -> int:
        return len(self._order)

    def __next__(self) -> Any:
        batch = self._next_batch()
        self._yielded += 1
        if self._promised is not None and self._yielded > self._promised:
            warnings.warn(
                f"Length of IterableDataset {self._what.dataset} was reported to be {self._promised} (when accessing "
                f"len(dataloader)), but {self._yielded} samples have been fetched. With several workers, each has a "
                f"copy of the stream: let its `__iter__` ask `get_worker_info()` for its part.",
                stacklevel=2,
            )
        return batch

    def _next_batch(self) -> Any:
        raise NotImplementedError

    def __reduce__(self) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__} cannot be pickled. Pickle the DataLoader, and iterate over it where it arrives."
        )


class InProcessIterator(LoaderIterator):
    """Reads each batch when it is asked for."""

    def __init__(self, loader: Any, what: Work) -> None:
        super().__init__(loader, what)
        self._fetch = what.fetcher()

    def _next_batch(self) -> Any:
        return self._fetch(next(self._keys))

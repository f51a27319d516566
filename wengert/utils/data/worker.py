"""What one worker of a loader does: it reads samples and joins them, in the program's own process or in another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from wengert.core.dtypes import int64
from wengert.tensor.filled import empty


@dataclass(frozen=True)
class WorkerInfo:
    """Which worker this process is: its number, how many there are, its seed, its own copy of the dataset."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """Return which worker of a DataLoader this process is; None in the program's own process.

    An IterableDataset asks it, to give each worker another part of the stream.
    """
    return _info


def become(info: WorkerInfo) -> None:
    """Let this process be a worker from now on."""
    global _info
    _info = info


def fresh_seed(generator: Any) -> int:
    """Draw a seed as PyTorch does: one 63-bit number from the stream."""
    return int(empty((), dtype=int64).random_(generator=generator).item())


@dataclass(frozen=True)
class Work:
    """What is to be done with a key, or with a list of keys where ``batched``."""

    dataset: Any
    iterable: bool
    batched: bool
    collate_fn: Callable[[Any], Any]
    drop_last: bool

    def fetcher(self) -> Callable[[Any], Any]:
        """Return a function from keys to a batch, or from a key to a sample; a stream starts anew with it.

        At a stream's end the function raises StopIteration.
        """
        return self._from_stream() if self.iterable else self._from_map

    def _from_map(self, keys: Any) -> Any:
        if not self.batched:
            return self.collate_fn(self.dataset[keys])
        at_once = getattr(self.dataset, "__getitems__", None)
        return self.collate_fn(at_once(keys) if at_once else [self.dataset[key] for key in keys])

    def _from_stream(self) -> Callable[[Any], Any]:
        stream = iter(self.dataset)

        def fetch(keys: Any) -> Any:
            if not self.batched:
                return self.collate_fn(next(stream))
            samples = list(islice(stream, len(keys)))
            if not samples or (self.drop_last and len(samples) < len(keys)):
                raise StopIteration
            return self.collate_fn(samples)

        return fetch

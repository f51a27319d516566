"""An order for one of several processes that share a dataset: for the same seed, PyTorch's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sized

from wengert.errors import refuser
from wengert.random import Generator
from wengert.tensor.sampling import randperm
from wengert.utils.data.sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler[int]):
    """Every ``num_replicas``-th place of an order of all keys, from place ``rank`` on.

    The order is random (``shuffle``), the same in all processes, and another after each `set_epoch`. So that all get
    equally many, the first keys come again at the end; or (``drop_last``) the last are left out. There is no group of
    processes here to ask for the number of processes and the rank, so that both must be given: RuntimeError
    otherwise. ValueError for a rank outside.

    >>> list(DistributedSampler(range(5), num_replicas=2, rank=1, shuffle=False))
    [1, 3, 0]
    """

    def __init__(
        self, dataset: Sized, num_replicas: int | None = None, rank: int | None = None, shuffle: bool = True,
        seed: int = 0, drop_last: bool = False,
    ) -> None:  # fmt: skip
        if num_replicas is None or rank is None:
            raise RuntimeError(
                "DistributedSampler: Requires distributed package to be available, to ask it for num_replicas and "
                "rank: there is none here. Pass both, as in `DistributedSampler(data, num_replicas=1, rank=0)`."
            )
        if not 0 <= rank < num_replicas:
            raise ValueError(
                f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]"
            )
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        self.shuffle = shuffle
        self.seed = seed
        size = len(dataset)
        self.num_samples = size // num_replicas if drop_last else math.ceil(size / num_replicas)
        self.total_size = self.num_samples * num_replicas

    def __iter__(self) -> Iterator[int]:
        size = len(self.dataset)
        order = list(range(size))
        if self.shuffle:
            generator = Generator().manual_seed(self.seed + self.epoch)
            order = randperm(size, generator=generator).tolist()
        if order and not self.drop_last:
            order = order * math.ceil(self.total_size / size)
        return iter(order[: self.total_size][self.rank :: self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Choose the random order of an epoch; all processes must choose the same."""
        self.epoch = epoch


__getattr__ = refuser(__name__, "torch.utils.data.distributed")

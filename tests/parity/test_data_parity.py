"""`torch.utils.data`: the same batches in the same order for the same seed, and the same refusals."""

import random
from collections import OrderedDict, namedtuple

import numpy as np
import pytest

Point = namedtuple("Point", "a b")


def samples(torch, count=10):
    return torch.utils.data.TensorDataset(
        torch.arange(2.0 * count).reshape(count, 2), torch.arange(count)
    )


def stream(torch, count):
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            info = torch.utils.data.get_worker_info()
            first, step = (0, 1) if info is None else (info.id, info.num_workers)
            yield from range(first, count, step)

        def __len__(self):
            return count

    return Stream()


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": 4},
        {"batch_size": 4, "drop_last": True},
        {"batch_size": None},
        {"batch_size": 3, "shuffle": True},
        {"batch_size": 3, "sampler": [5, 1, 1]},
        {"batch_sampler": [[1, 2], [3]]},
        {"batch_size": 2, "collate_fn": len},
    ],
    ids=str,
)
def test_two_passes(torch, options, workers):
    torch.manual_seed(3)
    loader = torch.utils.data.DataLoader(samples(torch), num_workers=workers, **options)
    return len(loader), list(loader), list(loader), torch.rand(2)


def test_generators_of_ones_own(torch):
    data = torch.utils.data
    torch.manual_seed(3)
    generator = torch.Generator().manual_seed(4)
    loader = data.DataLoader(samples(torch), batch_size=3, shuffle=True, generator=generator)
    drawn = data.RandomSampler(range(7), replacement=True, num_samples=70, generator=generator)
    return [
        list(loader),
        list(loader),
        list(drawn),
        list(data.SubsetRandomSampler([5, 7, 9], generator=generator)),
        list(data.WeightedRandomSampler([0.1, 0.9, 0.4], 6, generator=generator)),
        list(data.WeightedRandomSampler([0.1, 0.9, 0.4], 2, replacement=False)),
        list(data.RandomSampler(range(4), num_samples=10)),
        generator.get_state(),
        torch.rand(2),
    ]


@pytest.mark.parametrize("batch_size", [None, 1, 2, 3])
@pytest.mark.parametrize("workers", [0, 1, 2, 3])
@pytest.mark.parametrize("kept", [False, True])
def test_streams(torch, workers, batch_size, kept):
    if kept and not workers:
        kept = False
    loader = torch.utils.data.DataLoader(
        stream(torch, 13), batch_size, num_workers=workers, persistent_workers=kept
    )
    return len(loader), list(loader), list(loader)


def test_seeds_of_workers(torch):
    data = torch.utils.data

    class Noise(data.Dataset):
        def __getitem__(self, index):
            info = data.get_worker_info()
            drawn = torch.rand(1), random.random(), np.random.rand(2)
            return *drawn, info.id, info.num_workers, str(info.seed)

        def __len__(self):
            return 6

    torch.manual_seed(0)
    prepared = []
    loader = data.DataLoader(Noise(), 2, num_workers=2, worker_init_fn=prepared.append)
    return list(loader), prepared


@pytest.mark.parametrize(
    "batch",
    [
        [1, 2],
        [1.5, 2],
        [True, False],
        ["a", "b"],
        [b"a", b"b"],
        [(1, "x"), (2, "y")],
        [{"a": 1, "b": [1, 2.0]}, {"a": 2, "b": [3, 4.0]}],
        [OrderedDict(a=1), OrderedDict(a=2)],
        [Point(1, 2.0), Point(3, 4.0)],
        [np.float32(1), np.float32(2)],
        [np.int8(1), np.int8(2)],
        [np.bool_(True)],
        [np.ones(2, "f"), np.zeros(2, "f")],
        [np.array(["a"])],
        [np.str_("a")],
        [range(2), range(2)],
        [[1], [1, 2]],
        [None],
        [{1}],
        [1j],
        [(), ()],
    ],
    ids=repr,
)
def test_joining_and_converting(torch, caught, batch):
    data = torch.utils.data
    made = [
        caught(lambda: data.default_collate(batch)),
        caught(lambda: data.default_convert(batch)),
    ]
    return [
        item if isinstance(item, Exception) else (repr(item), type(item).__name__) for item in made
    ]


def test_joining_tensors(torch):
    collate = torch.utils.data.default_collate
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    made = collate([(x, 2 * x), (x, x)])
    (made[0] * made[1]).sum().backward()
    return made, x.grad


def test_splits(torch, warned):
    data = torch.utils.data
    generator = torch.Generator().manual_seed(1)
    parts = data.random_split(range(10), [0.33, 0.33, 0.34], generator)
    torch.manual_seed(2)
    whole = data.random_split(samples(torch), [3, 7])
    return [
        [list(part) for part in parts],
        [part.indices for part in whole],
        [list(part) for part in whole],
        warned(lambda: data.random_split(range(2), [0.9, 0.1, 0.0])),
    ]


def test_sets_of_sets(torch):
    data = torch.utils.data
    x, numbers = samples(torch, 3), range(3)
    stack = data.StackDataset(a=x, b=numbers)
    pairs = data.StackDataset(x, numbers)
    both = x + samples(torch, 2)
    chain = stream(torch, 2) + stream(torch, 3)
    part = data.Subset(pairs, [2, 0])
    return [
        stack[1], pairs[2], len(stack), both[4], both[-1], len(both), both.cumulative_sizes,
        list(chain), len(chain), part[0], list(data.DataLoader(part, 2)), list(data.DataLoader(stack, 2)),
    ]  # fmt: skip


def test_refusals(torch, caught):
    data = torch.utils.data
    x, s = samples(torch), stream(torch, 2)
    calls = [
        lambda: data.DataLoader(x, num_workers=-1),
        lambda: data.DataLoader(x, batch_size=0),
        lambda: data.DataLoader(x, timeout=-1),
        lambda: data.DataLoader(s, shuffle=True),
        lambda: data.DataLoader(s, sampler=[1]),
        lambda: data.DataLoader(s, batch_sampler=[[1]]),
        lambda: data.DataLoader(x, shuffle=True, sampler=[1]),
        lambda: data.DataLoader(x, batch_size=2, batch_sampler=[[1]]),
        lambda: data.DataLoader(x, batch_size=None, drop_last=True),
        lambda: data.DataLoader(x, prefetch_factor=2),
        lambda: data.DataLoader(x, num_workers=1, prefetch_factor=-1),
        lambda: data.DataLoader(x, persistent_workers=True),
        lambda: setattr(data.DataLoader(x), "batch_size", 3),
        lambda: iter(data.DataLoader(x, timeout=2)),
        lambda: data.DataLoader(x, num_workers=1, multiprocessing_context="x"),
        lambda: data.DataLoader(x, num_workers=1, multiprocessing_context=3),
        lambda: data.DataLoader(x, multiprocessing_context="fork"),
        lambda: data.DataLoader([], shuffle=True),
        lambda: data.TensorDataset(torch.ones(2), torch.ones(3)),
        lambda: data.ConcatDataset([]),
        lambda: data.ConcatDataset([s]),
        lambda: data.ConcatDataset([x])[-11],
        lambda: data.ConcatDataset([x])[10],
        lambda: list(data.ChainDataset([x])),
        lambda: data.Dataset()[0],
        lambda: iter(data.Sampler()),
        lambda: data.RandomSampler(x, replacement=1),
        lambda: data.RandomSampler(x, num_samples=0),
        lambda: data.WeightedRandomSampler([[1.0]], 1),
        lambda: data.WeightedRandomSampler([1.0], True),
        lambda: data.WeightedRandomSampler([1.0], 1, 0),
        lambda: data.BatchSampler([1], True, False),
        lambda: data.BatchSampler([1], 1, 1),
        lambda: data.random_split(x, [1, 2]),
        lambda: data.random_split(x, [1.5, -0.5]),
        lambda: data.StackDataset(),
        lambda: data.StackDataset(x, a=x),
        lambda: data.StackDataset(x, range(3)),
        lambda: type("S", (data.Subset,), {"__getitem__": lambda self, i: i})(x, [1]),
        lambda: iter(data.DataLoader(x)).__reduce_ex__(2),
    ]
    return [caught(call) for call in calls]


def test_warnings(torch, warned):
    data = torch.utils.data

    class Longer(data.IterableDataset):
        def __iter__(self):
            return iter(range(3))

        def __len__(self):
            return 2

    def counted():
        loader = data.DataLoader(Longer())
        len(loader)
        list(loader)

    return [
        warned(counted),
        warned(lambda: list(data.DataLoader(range(2), pin_memory=True))),
        warned(lambda: data.DataLoader(range(2), num_workers=4096)),
        warned(lambda: list(data.DataLoader(range(2)))),
    ]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_passes_and_the_next_batch_comes(torch, workers):
    class Bad(torch.utils.data.Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            if index == 2:
                raise KeyError("nope")
            return index

    batches, found = iter(torch.utils.data.DataLoader(Bad(), num_workers=workers)), []
    while True:
        try:
            found.append(next(batches))
        except KeyError as error:
            found.append(error)
        except StopIteration:
            return found

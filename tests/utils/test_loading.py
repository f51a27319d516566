"""Loaders with worker processes: what goes wrong there is told, and the processes end."""

from __future__ import annotations

import os
import pickle
import time

import pytest

import wengert as torch
from wengert.core import blas
from wengert.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info
from wengert.utils.data.processes import WorkersIterator, packed

# Processes are copies of this one, which may have threads; what is copied here uses none of them.
pytestmark = pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")


class Does(Dataset):
    """Samples that are what a function makes of their number."""

    def __init__(self, make, count=4):
        self.make, self.count = make, count

    def __getitem__(self, index):
        return self.make(index)

    def __len__(self):
        return self.count


def failing(make, **options):
    """The error with which a loader with one worker ends."""
    with pytest.raises(Exception) as caught:
        list(DataLoader(Does(make), num_workers=1, **options))
    return caught


def test_an_error_in_a_worker_keeps_its_type_and_tells_where_it_arose():
    def make(index):
        raise IndexError(f"no sample {index}")

    caught = failing(make)
    assert caught.type is IndexError
    words = str(caught.value)
    assert words.startswith("Caught IndexError in DataLoader worker process 0.\nOriginal Traceback")
    assert "no sample 0" in words and "test_loading.py" in words


def test_a_key_error_shows_its_lines():
    def make(index):
        return {}["x"]

    assert "\nOriginal Traceback" in str(failing(make).value)


def test_an_error_that_takes_other_arguments_becomes_a_runtime_error():
    class Odd(Exception):
        def __init__(self, code, reason):
            super().__init__(code)

    def make(index):
        raise Odd(3, "x")

    caught = failing(make)
    assert caught.type is RuntimeError
    assert "Caught Odd in DataLoader worker process 0" in str(caught.value)


def test_a_batch_that_cannot_be_pickled_is_named():
    caught = failing(lambda index: index, collate_fn=lambda batch: lambda: batch)
    assert "DataLoader worker process 0" in str(caught.value)
    assert "pickle" in str(caught.value).lower()


def test_a_tensor_with_a_history_does_not_travel():
    weight = torch.ones(2, requires_grad=True)
    caught = failing(lambda index: weight * index)
    assert caught.type is RuntimeError
    assert "cannot send a tensor with a history" in str(caught.value)
    assert "x.detach()" in str(caught.value)


def test_a_worker_that_dies_is_missed():
    caught = failing(lambda index: os._exit(3))
    assert caught.type is RuntimeError
    assert "exited unexpectedly" in str(caught.value)
    assert "num_workers=0" in str(caught.value)


def test_a_worker_that_takes_too_long_is_named():
    caught = failing(lambda index: time.sleep(30), timeout=0.2)
    assert caught.type is RuntimeError
    assert "timed out after 0.2 seconds" in str(caught.value)


def test_an_error_of_worker_init_fn_is_every_answer():
    def prepare(number):
        raise OSError("no disk")

    with pytest.raises(OSError, match="no disk"):
        list(DataLoader(Does(int), num_workers=1, worker_init_fn=prepare))


def test_workers_end_with_the_pass_and_with_the_iterator():
    loader = DataLoader(Does(int), num_workers=2)
    batches = iter(loader)
    assert isinstance(batches, WorkersIterator)
    processes = [worker.process for worker in batches._workers]
    assert all(process.is_alive() for process in processes)
    assert len(list(batches)) == 4
    assert not any(process.is_alive() for process in processes)
    batches = iter(loader)
    processes = [worker.process for worker in batches._workers]
    next(batches)
    del batches
    assert not any(process.is_alive() for process in processes)


def test_kept_workers_pass_over_what_is_left_of_an_abandoned_pass():
    loader = DataLoader(
        Does(lambda i: (i, get_worker_info().id, os.getpid()), 8),
        num_workers=2,
        persistent_workers=True,
    )
    first = [batch[2].item() for batch in loader]
    for batch in loader:
        assert batch[0].item() == 0
        break
    again = [tuple(part.item() for part in batch) for batch in loader]
    assert [number for number, _, _ in again] == list(range(8))
    assert {pid for _, _, pid in again} == set(first)


def test_out_of_order_gives_every_batch_once():
    def make(index):
        time.sleep(0.05 * (index == 0))
        return index

    loader = DataLoader(Does(make, 12), num_workers=2, in_order=False)
    assert sorted(batch.item() for batch in loader) == list(range(12))


def test_workers_compute_in_one_thread():
    if blas.control() is None:
        pytest.skip("NumPy's BLAS cannot be asked")
    (batch,) = DataLoader(Does(lambda i: torch.get_num_threads(), 1), num_workers=1)
    assert batch.item() == 1


def test_a_spawned_worker_reads_what_can_be_pickled():
    loader = DataLoader(range(3), num_workers=1, multiprocessing_context="spawn")
    assert [batch.item() for batch in loader] == [0, 1, 2]


def test_a_stream_that_is_longer_than_it_said():
    class Longer(IterableDataset):
        def __iter__(self):
            return iter(range(3))

        def __len__(self):
            return 2

    loader = DataLoader(Longer())
    assert len(loader) == 2
    with pytest.warns(UserWarning, match="was reported to be 2 .* but 3 samples have been fetched"):
        list(loader)


def test_what_a_loader_depends_on_may_not_change():
    loader = DataLoader(Does(int))
    with pytest.raises(ValueError, match="batch_size attribute should not be set after DataLoader"):
        loader.batch_size = 3


def test_samples_of_several_lengths_are_refused_in_words():
    with pytest.raises(
        RuntimeError, match=r"equal size, but got the lengths \[1, 2\].*collate_fn.*pad_sequence"
    ):
        list(DataLoader([[1], [1, 2]], batch_size=2))


def test_a_sample_that_is_no_number_is_named():
    with pytest.raises(
        TypeError, match="numbers, dicts or lists; found <class 'NoneType'>.*collate_fn"
    ):
        list(DataLoader([None]))


def test_a_worker_sends_no_more_than_a_tensor_shows():
    rows = torch.zeros(1000, 2)
    rows[3] = 7.0
    sent = packed(0, [rows[3], rows[:2].t(), torch.ones(1).expand(3), rows[:0]], 0)
    assert len(sent) < 2000
    row, turned, wide, empty = pickle.loads(sent)[1]
    assert (row.tolist(), turned.stride(), wide.stride()) == ([7, 7], (1, 2), (0,))
    assert (wide.tolist(), empty.shape) == ([1, 1, 1], (0, 2))


@pytest.mark.parametrize(
    "wrap", [lambda x: x, lambda x: {"a": x}, lambda x: (x, 1), lambda x: x.numpy()]
)
@pytest.mark.parametrize("num_workers", [0, 1])
def test_samples_of_several_sizes(wrap, num_workers):
    words = r"got \[1\] at entry 0 and \[2\] at entry 1. Bring .*`collate_fn`.*`nn.utils.rnn.pad_sequence`"
    with pytest.raises(RuntimeError, match=words) as caught:
        next(iter(DataLoader(Does(lambda i: wrap(torch.ones(i + 1))), 2, num_workers=num_workers)))
    assert "stack expects each tensor to be equal size" in str(caught.value)
    assert "`cat`" not in str(caught.value)

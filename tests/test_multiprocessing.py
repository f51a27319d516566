"""`torch.multiprocessing`: Python's module, tensors through queues, and processes that fail."""

import os
import signal
import subprocess
import sys
import time

import pytest

import wengert as torch
from wengert import multiprocessing as mp

FORK = pytest.mark.skipif("fork" not in mp.get_all_start_methods(), reason="no fork here")


def test_it_is_pythons_module():
    import multiprocessing

    assert mp.Queue == multiprocessing.Queue
    assert mp.get_context("spawn") is multiprocessing.get_context("spawn")
    assert all(hasattr(mp, name) for name in multiprocessing.__all__)
    assert "Pool" in dir(mp)


def test_the_import_loads_it_on_first_use_alone():
    program = "import sys, wengert; print('multiprocessing' in sys.modules); wengert.multiprocessing.cpu_count()"
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout == "False\n"


def test_sharing_strategies_are_kept():
    mp.set_sharing_strategy("file_system")
    assert mp.get_sharing_strategy() == "file_system"
    mp.set_sharing_strategy("file_descriptor")
    assert mp.get_all_sharing_strategies() == {"file_descriptor", "file_system"}
    with pytest.raises(AssertionError, match="'memory' is none of file_descriptor, file_system"):
        mp.set_sharing_strategy("memory")


def test_a_name_that_is_lacking():
    with pytest.raises(AttributeError, match="Did you mean `torch.multiprocessing.Pool`"):
        mp.Poool  # noqa: B018


def answer(i, queue, x):
    queue.put((i, x * i))


@FORK
def test_tensors_go_through_queues():
    context = mp.get_context("fork")
    queue = context.Queue()
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    mp.spawn(answer, (queue, x.detach()), nprocs=2, start_method="fork")
    found = dict(queue.get(timeout=20) for _ in range(2))
    assert torch.equal(found[1], x.detach()) and torch.equal(found[0], torch.zeros(2))


def fail(i):
    if i == 1:
        raise ValueError("no such thing")
    time.sleep(60)


@FORK
def test_the_first_exception_ends_all():
    begun = time.monotonic()
    with pytest.raises(
        mp.ProcessRaisedException, match="Process 1 terminated with the following"
    ) as caught:
        mp.spawn(fail, nprocs=2, start_method="fork")
    assert "ValueError: no such thing" in str(caught.value)
    assert caught.value.error_index == 1 and caught.value.error_pid > 0
    assert time.monotonic() - begun < 30


def leave(i, how):
    if how < 0:
        os.kill(os.getpid(), -how)
    os._exit(how)


@FORK
@pytest.mark.parametrize(
    ("how", "words"),
    [(3, "process 0 terminated with exit code 3"), (-signal.SIGTERM, "signal SIGTERM")],
)
def test_an_end_without_exception(how, words):
    with pytest.raises(mp.ProcessExitedException, match=words) as caught:
        mp.spawn(leave, (how,), start_method="fork")
    assert caught.value.exit_code == how
    assert caught.value.signal_name == ("SIGTERM" if how < 0 else None)


@FORK
def test_processes_are_waited_for_later():
    started = mp.spawn(time.sleep, nprocs=2, join=False, start_method="fork")
    assert len(set(started.pids())) == 2
    while not started.join(timeout=20):
        pass
    assert started.join() is True


PROGRAM = """
import wengert
wengert.install_as_torch()
import torch
import torch.multiprocessing as mp

def work(i, queue):
    queue.put(torch.ones(2) * i)

if __name__ == "__main__":
    queue = mp.get_context("spawn").SimpleQueue()
    mp.spawn(work, args=(queue,), nprocs=2)
    print(sorted(float(queue.get()[0]) for _ in range(2)))
"""


def test_fresh_interpreters(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    answer = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, check=True
    )
    assert answer.stdout == "[0.0, 1.0]\n"

"""Results that are set once: `wengert.futures`, and `jit.fork`, which gives one."""

import threading

import pytest

import wengert as torch


def test_who_waits_gets_what_another_thread_sets() -> None:
    future = torch.futures.Future()
    got: list[int] = []
    waiting = threading.Thread(target=lambda: got.append(future.wait()))
    waiting.start()
    assert not future.done()
    future.set_result(3)
    waiting.join()
    assert got == [3] and future.done() and future.value() == 3


def test_a_result_is_set_once() -> None:
    future = torch.futures.Future()
    with pytest.raises(RuntimeError, match="not set yet"):
        future.value()
    future.set_result(1)
    with pytest.raises(RuntimeError, match="set once"):
        future.set_result(2)
    assert future.wait() == 1


def test_errors_travel_along() -> None:
    future = torch.futures.Future()
    after = future.then(lambda done: done.value() + 1)
    future.set_exception(KeyError("gone"))
    for waited in (future, after):
        with pytest.raises(KeyError, match="gone"):
            waited.wait()
    with pytest.raises(AssertionError, match="not an Exception"):
        torch.futures.Future().set_exception("gone")


def test_several_are_waited_for_together() -> None:
    first, second = torch.futures.Future(), torch.futures.Future()
    both = torch.futures.collect_all([first, second])
    second.set_result("b")
    assert not both.done()
    first.set_result("a")
    assert [f.value() for f in both.wait()] == ["a", "b"]
    assert torch.futures.wait_all([first, second]) == ["a", "b"]
    assert torch.futures.collect_all([]).wait() == []


def test_fork_calls_at_once() -> None:
    future = torch.jit.fork(lambda x, y: x + y, torch.ones(2), y=1)
    assert torch.jit.wait(future).tolist() == [2.0, 2.0]


def test_a_callback_that_raises_stops_nobody() -> None:
    future, seen = torch.futures.Future(), []
    future.add_done_callback(lambda done: 1 / 0)
    future.add_done_callback(lambda done: seen.append(done.value()))
    with pytest.warns(RuntimeWarning, match="a callback raised ZeroDivisionError"):
        future.set_result(1)
    assert seen == [1]


def test_an_error_among_several() -> None:
    first, second = torch.futures.Future(), torch.futures.Future()
    both = torch.futures.collect_all([first, second])
    first.set_exception(KeyError("gone"))
    second.set_result(1)
    with pytest.raises(KeyError, match="gone"):
        both.wait()

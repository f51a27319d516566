"""What a profile records here: one range for each function that the program calls, and none outside."""

import gzip
import json
import threading

import pytest

import wengert as torch


def test_a_walk_back_is_one_range():
    x = torch.ones(3, requires_grad=True)
    with torch.profiler.profile(record_shapes=True) as prof:
        y = torch.nn.functional.softmax(x * 2, 0).sum()
        y.backward()
    assert [e.key for e in prof.events()] == [
        "aten::mul",
        "aten::softmax",
        "aten::sum",
        "aten::backward",
    ]
    assert prof.events()[0].input_shapes == [[3], []]
    by_shape = prof.key_averages(group_by_input_shape=True)
    assert "Input Shapes" in by_shape.table()


def test_nothing_is_recorded_outside():
    with torch.profiler.profile() as prof:
        pass
    torch.ones(2).sum()
    with torch.profiler.record_function("outside"):
        pass
    assert prof.events() == [] and prof.key_averages().table() == ""


def test_ranges_of_other_threads():
    def work():
        with torch.profiler.record_function("there"):
            pass

    with torch.profiler.profile() as prof:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        with torch.profiler.record_function("here"):
            pass
    there, here = sorted(prof.events(), key=lambda e: e.name, reverse=True)
    assert (there.name, here.name) == ("there", "here") and there.thread != here.thread


def test_profiles_of_two_threads_hold_their_own_functions():
    together = threading.Barrier(2)
    found = {}

    def work(name, function):
        with torch.profiler.profile() as prof:
            together.wait()
            for _ in range(3):
                function(torch.ones(3))
            with torch.profiler.record_function(name):
                pass
            together.wait()
        found[name] = {e.key: e.count for e in prof.key_averages()}

    threads = [
        threading.Thread(target=work, args=pair) for pair in (("a", torch.sin), ("b", torch.cos))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found["a"] == {"aten::ones": 3, "aten::sin": 3, "a": 1, "b": 1}
    assert found["b"] == {"aten::ones": 3, "aten::cos": 3, "a": 1, "b": 1}


def test_a_profile_inside_of_another_counts_what_is_its_own():
    with torch.profiler.profile() as outer:
        with torch.profiler.record_function("r"):
            with torch.profiler.profile() as inner:
                with torch.profiler.record_function("s"):
                    torch.ones(3)
            kept = [(e.key, e.count) for e in inner.key_averages()]
    assert kept == [("s", 1), ("aten::ones", 1)]
    assert [(e.key, e.count) for e in inner.key_averages()] == kept
    assert [(e.key, e.count) for e in outer.key_averages()] == [("r", 1), *kept]
    r, s, made = outer.events()
    assert (r.cpu_children, s.cpu_children, made.cpu_parent) == ([s], [made], s)
    (made,) = inner.events()[0].cpu_children
    assert made.name == "aten::ones" and made is not s.cpu_children[0]


def test_recordings_that_come_and_go_while_ranges_end():
    over = threading.Event()

    def profiles():
        while not over.is_set():
            with torch.profiler.profile():
                pass

    thread = threading.Thread(target=profiles)
    thread.start()
    with torch.profiler.profile() as prof:
        for _ in range(2000):
            with torch.profiler.record_function("r"):
                pass
    over.set()
    thread.join()
    assert [e.count for e in prof.key_averages()] == [2000]


def test_a_range_inside_of_its_own_name_counts_once():
    with torch.profiler.profile() as prof:
        with torch.profiler.record_function("r"):
            with torch.profiler.record_function("r"):
                pass
    (total,) = prof.key_averages()
    outer = prof.events()[0]
    assert total.count == 2 and total.cpu_time_total == outer.cpu_time_total
    assert "<FunctionEvent name=r" in repr(outer) and "count=2" in repr(total)


def test_a_compressed_trace(tmp_path):
    with torch.profiler.profile() as prof:
        torch.ones(1)
    prof.add_metadata("who", "me")
    prof.export_chrome_trace(str(tmp_path / "t.json.gz"))
    with gzip.open(tmp_path / "t.json.gz", "rt") as file:
        told = json.load(file)
    assert told["who"] == "me" and told["traceEvents"][0]["name"] == "aten::ones"


def test_a_profile_that_is_switched_off():
    with torch.autograd.profiler.profile(enabled=False) as prof:
        torch.ones(1)
    with pytest.raises(RuntimeError, match="ask after its `with` block"):
        prof.key_averages()
    assert str(prof) == "<unfinished profile>"


def test_what_is_lacking_says_so():
    with pytest.raises(AttributeError, match="Wengert has no `torch.profiler.itt` yet"):
        torch.profiler.itt  # noqa: B018

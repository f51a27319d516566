"""Backward from several threads at once, and grad mode per thread."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time

import pytest

import wengert as torch
from wengert.core import carrier


def leaf(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


class Keep(torch.autograd.Function):
    """A custom Function that saves its output."""

    @staticmethod
    def forward(ctx, x):
        out = x * 1.0
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx, grad):
        x, out = ctx.saved_tensors
        return grad + 0 * out


def in_threads(work, count=8):
    """Run ``work(i)`` in threads that start together; raise the first error."""
    errors = []
    barrier = threading.Barrier(count)

    def run(i):
        try:
            barrier.wait()
            work(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if errors:
        raise errors[0]


def test_threads_accumulate_into_shared_leaves():
    x, w = leaf(1, 2, 3), leaf(4, 5, 6)

    def work(i):
        for _ in range(100):
            (x * w * (i + 1)).sum().backward()

    in_threads(work)
    total = 100 * sum(range(1, 9))
    assert x.grad.tolist() == [4 * total, 5 * total, 6 * total]
    assert w.grad.tolist() == [1 * total, 2 * total, 3 * total]


def test_threads_walk_one_graph():
    x = leaf(1, 2, 3)
    h = x.exp() * x
    out = (h * h + Keep.apply(h)).sum()
    (expected,) = torch.autograd.grad(out, x, retain_graph=True)
    found = [None] * 8

    def work(i):
        for _ in range(30):
            (found[i],) = torch.autograd.grad(out, x, retain_graph=True)
            torch.autograd.grad(out, [h, x], create_graph=True)

    in_threads(work)
    assert all(torch.equal(g, expected) for g in found)


def test_threads_backward_through_one_graph_with_retained_gradients():
    x = leaf(1, 2, 4)
    h = x * 2
    h.retain_grad()
    out = (h * 8).sum()
    in_threads(lambda i: [out.backward(retain_graph=True) for _ in range(50)])
    assert x.grad.tolist() == [16 * 400] * 3
    assert h.grad.tolist() == [8 * 400] * 3


def test_no_grad_holds_in_its_own_thread_only():
    x = leaf(1, 2)
    inside = threading.Event()
    done = threading.Event()
    seen = {}

    def quiet():
        with torch.no_grad():
            inside.set()
            done.wait(5)
            seen["quiet"] = (x * 2).requires_grad, torch.is_grad_enabled()
        seen["after"] = (x * 2).requires_grad

    thread = threading.Thread(target=quiet)
    thread.start()
    inside.wait(5)
    seen["main"] = (x * 2).requires_grad, x.exp().requires_grad, torch.is_grad_enabled()
    done.set()
    thread.join()
    assert seen == {"main": (True, True, True), "quiet": (False, False), "after": True}


kept_open = []


def enter_level():
    """Open a level whose block only the garbage collector ends."""
    kept_open.append(carrier.opened(carrier.Level(), grad=False))
    kept_open[0].__enter__()


UNENDED = {
    "set_grad_enabled": lambda: torch.set_grad_enabled(False),
    "no_grad": lambda: torch.no_grad().__enter__(),
    "inference_mode": lambda: torch.inference_mode().__enter__(),
    "hooks": lambda: torch.autograd.graph.saved_tensors_hooks(abs, abs).__enter__(),
    "a level": enter_level,
}


@pytest.mark.parametrize("enter", UNENDED.values(), ids=UNENDED)
def test_a_thread_that_dies_inside_a_mode_takes_it_along(enter):
    counts = carrier.special, carrier.quiet
    seen = []

    def die():
        enter()
        seen.append((carrier.special, carrier.quiet))

    thread = threading.Thread(target=die)
    thread.start()
    thread.join()
    assert seen != [counts]
    late = time.monotonic() + 5
    while (carrier.special, carrier.quiet) != counts and time.monotonic() < late:
        time.sleep(0.01)  # join may return before the thread's state is gone
    assert (carrier.special, carrier.quiet) == counts
    kept_open.clear()
    gc.collect()
    assert (carrier.special, carrier.quiet) == counts
    assert torch.is_grad_enabled() and (leaf(1) * 2).requires_grad


@pytest.mark.parametrize("last", ["pass", "torch.set_grad_enabled(False)"])
def test_python_shuts_down_quietly(last):
    program = f"import wengert as torch\n{last}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")

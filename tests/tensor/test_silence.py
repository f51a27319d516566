"""Infinities and NaN are values: nothing warns of them, whatever a user asked of Python's warnings or of NumPy."""

from __future__ import annotations

import contextvars
import gc
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import wengert as torch
from wengert.trace import trace

ZERO = [0.0, -1.0, float("inf")]
HUGE = [3e38, -3e38, 1e-38]


def _leaf(values: list[float]) -> Any:
    return torch.tensor(values, requires_grad=True)


def _walked(fn: Callable[[Any], Any], values: list[float]) -> None:
    x = _leaf(values)
    out = fn(x)
    (g,) = torch.autograd.grad(out.sum(), x, create_graph=True)
    if g.requires_grad:
        g.sum().backward()
    torch.func.jvp(fn, (x.detach(),), (torch.ones(3),))
    torch.vmap(fn)(x.detach().reshape(1, 3))
    trace(fn, x.detach())(x.detach())


FUNCTIONS = {
    "log": (torch.log, ZERO),
    "sqrt": (torch.sqrt, ZERO),
    "quotient": (lambda x: x / (x - x), ZERO),
    "number": (lambda x: x * 1e30, HUGE),
    "power": (lambda x: x**-3, ZERO),
    "square": (lambda x: x**2, HUGE),
    "product": (lambda x: x * x * x, HUGE),
    "sum": (lambda x: (x + x).sum(), HUGE),
    "mean": (lambda x: (x * 2).mean(), HUGE),
    "matmul": (lambda x: x @ (x * x), HUGE),
    "softmax": (lambda x: torch.softmax(x, 0), ZERO),
    "std": (lambda x: x.std(), ZERO),
    "nowhere": (lambda x: x[:0].mean(), ZERO),
    "cast": (lambda x: x.double().mul(1e200).float(), HUGE),
    "gelu": (torch.nn.functional.gelu, ZERO),
    "fold": (lambda x: torch.cumprod(x, 0), HUGE),
    "cross entropy": (
        lambda x: torch.nn.functional.cross_entropy(x.reshape(1, 3), torch.tensor([0])),
        [float("inf"), 1.0, -3e38],
    ),
    "a number beyond": (lambda x: (x * 1e39 > 1e39).float() + x.half() * 1e9, ZERO),
    "clamped": (lambda x: (x + 1e9).half().clamp(-1e4, 1e4), ZERO),
    "mse": (lambda x: torch.nn.functional.mse_loss(x, -x), HUGE),
}

CALLS: dict[str, Callable[[], Any]] = {
    name: lambda fn=fn, values=values: _walked(fn, values)
    for name, (fn, values) in FUNCTIONS.items()
} | {
    "written": lambda: torch.tensor(HUGE).mul_(torch.tensor(HUGE)).add_(torch.tensor(HUGE)),
    "written 0-d": lambda: torch.tensor(3e38).add_(torch.tensor(3e38), alpha=3.0),
    "written through a row": lambda: torch.tensor(HUGE).addcmul_(
        torch.tensor(HUGE), torch.tensor(HUGE)
    ),
    "made": lambda: torch.tensor([1e300, float("nan")], dtype=torch.float32),
    "made of an array": lambda: torch.tensor(np.array([1e300]), dtype=torch.float32),
    "made of a tensor": lambda: torch.tensor(
        [torch.tensor([1e300], dtype=torch.float64)], dtype=torch.float32
    ),
    "spaced": lambda: torch.logspace(0, 60, 3),
    "to integers": lambda: torch.tensor([float("nan")]).long(),
    "drawn": lambda: torch.normal(torch.tensor(HUGE), torch.tensor([3e38] * 3)),
    "added up": lambda: _added(3e38),
    "added in .grad": lambda: (_twice(x := _leaf(HUGE)), x.grad.sum()),
    "a step": lambda: _step(),
    "a traced step": lambda: trace(lambda x: x / (x - x), torch.ones(3))(torch.zeros(3)),
    "inverted": lambda: torch.linalg.pinv(torch.eye(2), rtol=1e300),
    "orthogonal": lambda: torch.nn.init.orthogonal_(torch.empty(3, 3), gain=1e39),
    "checked": lambda: torch.autograd.gradcheck(
        lambda x: x * x * x,
        torch.tensor([complex("inf")], dtype=torch.complex128, requires_grad=True),
        raise_exception=False,
    ),
    "spaced integers": lambda: torch.linspace(0, 1e39, 3, dtype=torch.int64),
    "asserted": lambda: _asserted(),
    "printed": lambda: repr(torch.tensor([float("inf"), 1e-45, 3e38])),
    "compared": lambda: torch.allclose(torch.tensor(ZERO), torch.tensor(HUGE)),
}


def _asserted() -> None:
    with pytest.raises(AssertionError, match="not close"):
        torch.testing.assert_close(
            torch.ones(2), torch.zeros(2), rtol=float("inf"), atol=float("inf")
        )


def _added(huge: float) -> None:
    x = _leaf([huge])
    torch.autograd.grad([x * 1, x * 2], x, [torch.tensor([huge])] * 2)


def _twice(x: Any) -> None:
    for _ in range(2):
        (x * 3e38).sum().backward()


def _step() -> None:
    x = _leaf(ZERO)
    for kind in (torch.optim.SGD, torch.optim.Adam):
        x.grad = torch.tensor([float("inf"), 3e38, 0.0])
        kind([x], lr=1e10).step()


@pytest.fixture(params=["filter", "always", "errstate"])
def strict(request: pytest.FixtureRequest) -> Iterator[None]:
    """Ask for errors or for all warnings, after Wengert was imported."""
    if request.param == "errstate":
        with np.errstate(all="raise"):
            yield
        return
    with warnings.catch_warnings(record=request.param == "always") as found:
        warnings.simplefilter("error" if request.param == "filter" else "always")
        yield
    assert not found, [str(w.message) for w in found]


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("name", CALLS)
def test_nothing_warns(name: str) -> None:
    CALLS[name]()


def test_numpy_is_left_as_it_is() -> None:
    before = np.geterr()
    torch.log(torch.zeros(1))
    assert np.geterr() == before
    with pytest.raises(RuntimeWarning, match="divide by zero"):
        np.log(np.zeros(1))


seen: contextvars.ContextVar[str] = contextvars.ContextVar("seen", default="nothing")


def test_user_code_runs_in_its_own_context() -> None:
    found: list[str] = []

    def look(value: Any) -> Any:
        found.append(seen.get())
        with pytest.raises(RuntimeWarning):
            np.log(np.zeros(1))
        return value

    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return look(x * 2)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return look(g * 2)

    token = seen.set("the user's")
    try:
        x = torch.ones(2, requires_grad=True)
        x.register_hook(look)
        with torch.autograd.graph.saved_tensors_hooks(look, look):
            y = Twice.apply(x) * x.exp()
        y.register_hook(look)
        y.grad_fn.register_prehook(lambda g: look(g) and None)
        y.sum().backward()
        with torch.autograd.graph.saved_tensors_hooks(look, look):
            w = torch.ones(2, requires_grad=True)
            torch.func.jvp(lambda v: v * v * w, (torch.ones(2),), (torch.ones(2),))
            torch.autograd.grad((w * w * w).sum(), w, create_graph=True)[0].sum().backward()
    finally:
        seen.reset(token)
    assert len(found) > 8
    assert set(found) == {"the user's"}


def test_threads_and_collections_may_come_between() -> None:
    class Computes:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            (torch.ones(3) / 0).sum()

    def work() -> None:
        for _ in range(300):
            Computes()
            x = torch.ones(1000, requires_grad=True)
            (x / 0 * x).sum().backward()

    threshold = gc.get_threshold()
    gc.set_threshold(5)
    faults: list[Any] = []
    before, threading.excepthook = threading.excepthook, faults.append
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    finally:
        threading.excepthook = before
        gc.set_threshold(*threshold)
    assert not faults

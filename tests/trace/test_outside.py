"""All that a traced function can do to what lies outside: repeated at each replay as eager does it, or refused."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as torch
from tests.trace.agreement import Program, compare, numbers
from wengert import nn
from wengert.errors import TraceError
from wengert.trace import trace


class World:
    """Tensors, a module and an optimiser that exist before the trace, and the graph that joins them."""

    def __init__(self) -> None:
        self.plain = torch.tensor([1.0, 2.0])
        self.other = torch.tensor([5.0, 6.0])
        self.leaf = torch.tensor([3.0, 4.0], requires_grad=True)
        self.marked = torch.tensor([3.0, 4.0], requires_grad=True)
        self.marked.grad = self.given = torch.tensor([0.5, 0.25])
        self.inner = self.leaf * 3
        self.loss = self.inner.sum()
        self.hooked = torch.tensor([1.0, 2.0], requires_grad=True)
        self.handle = self.hooked.register_hook(lambda g: g * 2)
        self.base = torch.arange(4.0)
        self.row = self.base[1:3]
        self.array = np.array([1.0, 2.0], np.float32)
        self.net = nn.Linear2()
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.5, momentum=0.5)
        self.net(self.plain).sum().backward()
        self.optimizer.step()
        self.log: list[Any] = []
        self.table: dict[str, Any] = {"a": 1}
        self.count = 0

    def seen(self) -> Any:
        """Return the state of all of it."""
        tensors = [
            self.plain,
            self.other,
            self.leaf,
            self.marked,
            self.given,
            self.inner,
            self.hooked,
        ]
        tensors += [self.base, self.row]
        node = self.inner.grad_fn
        extra = node.extra
        hooks = (
            None if extra is None else (len(extra.pre), len(extra.post), len(extra.tensor_hooks))
        )
        leaf_node = [len(self.leaf._cell.hooks or ()), len(self.leaf._cell.post_hooks or ())]
        return numbers([
            tensors, self.array, self.net, self.optimizer, list(self.log), dict(self.table), self.count, hooks,
            leaf_node, self.inner.retains_grad, self.marked.grad is self.given, node.saved is None,
            self.plain.is_leaf, torch.get_default_dtype(), torch.is_grad_enabled(), np.random.random.__self__ is None,
        ])  # fmt: skip


class Linear2(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor([1.0, 2.0]))
        self.register_buffer("mean", torch.tensor([0.5, 0.5]))
        self.register_buffer("seen", torch.tensor(0))
        self.note = "first"

    def forward(self, x: Any) -> Any:
        return self.w * x + self.mean


nn.Linear2 = Linear2  # type: ignore[attr-defined]


def change(f: Callable[[World, Any], Any]) -> Callable[[World, Any], Any]:
    """Return a function that makes a change and computes something from what it changed."""

    def run(w: World, x: Any) -> Any:
        f(w, x)
        return x * 2 + w.plain.detach() + w.base.sum() + w.row.sum()

    return run


def set_(name: str, attribute: str, value: Callable[[World, Any], Any]) -> Callable[..., None]:
    return lambda w, x: setattr(getattr(w, name), attribute, value(w, x))


def frozen_for_a_while(w: World, x: Any) -> None:
    w.leaf.requires_grad_(False)
    w.plain.copy_(w.leaf * x)
    w.leaf.requires_grad_(True)


def many_writes(w: World, x: Any) -> None:
    w.plain.mul_(2).add_(x)
    w.plain[0] = 3.0
    w.plain.data.add_(1)


def step(w: World, x: Any) -> None:
    w.optimizer.zero_grad()
    (w.net(x) ** 2).sum().backward()
    w.optimizer.step()


def old_fashioned_step(w: World, x: Any) -> None:
    w.marked.grad = None
    (w.marked * x).sum().backward()
    w.marked.data = w.marked.data - 0.5 * w.marked.grad


def accumulate_twice(w: World, x: Any) -> None:
    (w.marked * x).sum().backward()
    (w.marked * x * 2).sum().backward()


def accumulate_then_drop(w: World, x: Any) -> None:
    (w.marked * x).sum().backward()
    w.marked.grad = None
    (w.marked * x).sum().backward()


def running_statistics(w: World, x: Any) -> None:
    with torch.no_grad():
        w.net.mean = w.net.mean * 0.5 + x * 0.5
        w.net.seen += 1


def temporary_hook(w: World, x: Any) -> None:
    with w.net.register_forward_hook(lambda m, i, o: o * 3):
        w.plain.copy_(w.net(x).detach())


def swap_gradients(w: World, x: Any) -> None:
    w.marked.grad, w.leaf.grad = None, w.marked.grad


REPEATED: dict[str, Callable[[World, Any], Any]] = {
    "requires_grad_ on": lambda w, x: w.plain.requires_grad_(),
    "requires_grad_ off": lambda w, x: w.leaf.requires_grad_(False),
    "requires_grad assigned": lambda w, x: setattr(w.other, "requires_grad", True),
    "requires_grad of an argument": lambda w, x: x.requires_grad_(),
    "requires_grad_ of a module": lambda w, x: w.net.requires_grad_(False),
    "frozen for a while": frozen_for_a_while,
    "writes": many_writes,
    "a write to an argument": lambda w, x: x.mul_(2).add_(1),
    "a silent write to an argument": lambda w, x: x.data.mul_(2),
    "a silent write": lambda w, x: w.plain.data.mul_(2),
    "a write to a base": lambda w, x: w.base.add_(1),
    "a write to a view": lambda w, x: w.row.mul_(x),
    "a write to a detached alias": lambda w, x: w.plain.detach().mul_(x),
    "grad assigned": set_("plain", "grad", lambda w, x: x * 2),
    "grad assigned from outside": set_("plain", "grad", lambda w, x: w.other),
    "grad assigned an argument": set_("plain", "grad", lambda w, x: x),
    "grad assigned to an argument": lambda w, x: setattr(x, "grad", w.other * 2),
    "grad dropped": set_("marked", "grad", lambda w, x: None),
    "grad dropped where none is": set_("leaf", "grad", lambda w, x: None),
    "grad zeroed": lambda w, x: w.marked.grad.zero_(),
    "grad scaled in place": lambda w, x: w.marked.grad.mul_(2),
    "grad replaced": lambda w, x: setattr(w.marked, "grad", w.marked.grad * 2),
    "gradients swapped": swap_gradients,
    "backward": lambda w, x: (w.leaf * x).sum().backward(),
    "backward adds": accumulate_twice,
    "backward adds, then drops": accumulate_then_drop,
    "backward to an argument": lambda w, x: (x.requires_grad_() * 2).sum().backward(),
    "data assigned": set_("plain", "data", lambda w, x: x * 2),
    "data assigned to an argument": lambda w, x: setattr(x, "data", x.detach() * 2),
    "an old-fashioned step": old_fashioned_step,
    "a step": step,
    "running statistics": running_statistics,
    "a buffer from an argument": lambda w, x: setattr(w.net, "mean", x),
    "load_state_dict": lambda w, x: w.net.load_state_dict({"w": x, "mean": x, "seen": torch.tensor(3)}),
    "a hook for a while": temporary_hook,
    "eval and back": lambda w, x: w.net.eval().train(),
}  # fmt: skip


def changed_twice(f: Callable[[World, Any], Any]) -> Program:
    w = World()
    run = change(f)
    steps = [(None, (torch.tensor([1.0, n]),)) for n in (2.0, 3.0, 4.0)]
    return Program(lambda x: run(w, x), [], steps, w.seen)


@pytest.mark.parametrize("name", REPEATED)
def test_a_change_outside_is_repeated(name: str) -> None:
    compare(lambda: changed_twice(REPEATED[name]))


def leave_grad_off(w: World, x: Any) -> None:
    torch.set_grad_enabled(False)


def count(w: World, x: Any) -> None:
    w.count += 1


def shared_data(w: World, x: Any) -> None:
    y = x * 2
    w.plain.data = y
    y.mul_(3)


def data_after_a_write(w: World, x: Any) -> None:
    w.plain.mul_(2)
    w.plain.data = x * 2


DO_BEFORE = "Do it before tracing"
REFUSED: dict[str, tuple[Callable[[World, Any], Any], str]] = {
    "hook": (lambda w, x: w.leaf.register_hook(lambda g: g), DO_BEFORE),
    "hook on an argument": (lambda w, x: x.requires_grad_().register_hook(lambda g: g), DO_BEFORE),
    "post-accumulate hook": (
        lambda w, x: w.leaf.register_post_accumulate_grad_hook(lambda p: None), DO_BEFORE),
    "hook of a node": (lambda w, x: w.inner.grad_fn.register_hook(lambda a, b: None), DO_BEFORE),
    "prehook of a node": (lambda w, x: w.inner.grad_fn.register_prehook(lambda a: None), DO_BEFORE),
    "hook of a leaf's node": (
        lambda w, x: w.inner.grad_fn.next_functions[0][0].register_hook(lambda a, b: None), DO_BEFORE),
    "prehook of a leaf's node": (
        lambda w, x: w.inner.grad_fn.next_functions[0][0].register_prehook(lambda a: None), DO_BEFORE),
    "hook of an intermediate": (lambda w, x: w.inner.register_hook(lambda g: g), DO_BEFORE),
    "hook removed": (lambda w, x: w.handle.remove(), "takes away a hook"),
    "retain_grad": (lambda w, x: w.inner.retain_grad(), r"retain_grad\(\) changes"),
    "detach_": (lambda w, x: w.inner.detach_(), r"detach_\(\) changes"),
    "detach_ of a leaf": (lambda w, x: w.leaf.detach_(), r"detach_\(\) changes"),
    "use of an intermediate": (lambda w, x: w.inner * x, r"use `x\.detach\(\)`"),
    "backward through an outer graph": (lambda w, x: w.loss.backward(), "a graph from outside"),
    "grad through an outer graph": (
        lambda w, x: torch.autograd.grad(w.loss, w.leaf), "a graph from outside"),
    "backward into an outer result": (
        lambda w, x: (w.leaf * x).sum().backward(inputs=[w.inner]), "operations from outside"),
    "write with history": (lambda w, x: w.plain.mul_(w.leaf), r"value\.detach\(\)"),
    "write with history to an argument": (lambda w, x: x.mul_(w.leaf), r"value\.detach\(\)"),
    "gradient with history": (
        lambda w, x: (w.leaf**3).sum().backward(create_graph=True), "create_graph=True"),
    "data of another tensor": (set_("plain", "data", lambda w, x: w.other), r"y\.clone\(\)"),
    "data of an argument": (set_("plain", "data", lambda w, x: x), r"y\.clone\(\)"),
    "data of another shape": (set_("plain", "data", lambda w, x: torch.ones(3)), "another shape"),
    "data shared": (shared_data, "made them share memory"),
    "data after a write": (data_after_a_write, r"x\.data\.copy_"),
    "data of a view": (set_("row", "data", lambda w, x: x * 2), r"x\.data\.copy_"),
    "from_numpy": (lambda w, x: torch.from_numpy(w.array), r"torch\.tensor\(array\)"),
    "deepcopy": (lambda w, x: copy.deepcopy(w.plain), "reads a value"),
    "module hook": (lambda w, x: w.net.register_forward_hook(lambda *a: None), "changed .*_hooks"),
    "module mode": (lambda w, x: w.net.eval(), "`training` of Linear2 from True to False"),
    "module attribute": (set_("net", "note", lambda w, x: "second"), "`note` of Linear2"),
    "module attribute deleted": (lambda w, x: delattr(w.net, "note"), "to nothing"),
    "parameter replaced": (set_("net", "w", lambda w, x: nn.Parameter(torch.ones(2))), "`w` of Linear2"),
    "parameter dropped": (lambda w, x: delattr(w.net, "w"), "`w` of Linear2"),
    "parameter registered": (
        lambda w, x: w.net.register_parameter("v", nn.Parameter(torch.ones(2))), "`v` of Linear2"),
    "buffer registered": (lambda w, x: w.net.register_buffer("v", torch.ones(2)), "`v` of Linear2"),
    "module registered": (lambda w, x: w.net.add_module("v", nn.MSELoss()), "`v` of Linear2"),
    "buffer with history": (set_("net", "mean", lambda w, x: w.leaf * x), r"Store `value\.detach\(\)`"),
    "module converted": (lambda w, x: w.net.double(), "converting a module"),
    "option of an optimiser": (
        lambda w, x: w.optimizer.param_groups[0].update(lr=0.1), r"param_groups\[0\]\['lr'\]"),
    "group of an optimiser": (
        lambda w, x: w.optimizer.add_param_group({"params": [w.leaf]}), "param_groups"),
    "state of an optimiser": (
        lambda w, x: w.optimizer.load_state_dict(w.optimizer.state_dict()), "optimizer.state"),
    "list": (lambda w, x: w.log.append(x), r"w\.log"),
    "dict": (lambda w, x: w.table.update(b=x), r"w\.table"),
    "attribute": (count, r"w\.count"),
    "array": (lambda w, x: w.array.fill(7), r"w\.array"),
    "attribute of a tensor": (lambda w, x: setattr(w.plain, "tag", 1), r"w\.plain"),
    "grad mode": (leave_grad_off, "leaves the grad mode changed"),
    "default dtype": (
        lambda w, x: torch.set_default_dtype(torch.float64), "leaves the default dtype changed"),
    "seed": (lambda w, x: torch.manual_seed(3), "pass them as arguments"),
    "NumPy's random numbers": (lambda w, x: np.random.random(), "NumPy's random numbers"),
    "Python's random numbers": (lambda w, x: random.random(), "Python's random numbers"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_change_outside_is_refused_and_undone(name: str) -> None:
    f, words = REFUSED[name]
    w, x = World(), torch.tensor([1.0, 2.0])
    before, given = w.seen(), numbers(x)
    randomness = random.getstate(), str(np.random.get_state())
    run = change(f)
    with pytest.raises(TraceError, match=words):
        trace(lambda x: run(w, x), x)
    assert w.seen() == before
    assert numbers(x) == given
    assert (random.getstate(), str(np.random.get_state())) == randomness
    w.loss.backward()
    assert w.leaf.grad.tolist() == [3.0, 3.0]


@pytest.mark.parametrize("name", REPEATED)
def test_a_trace_that_fails_after_a_change_undoes_it(name: str) -> None:
    w, x = World(), torch.tensor([1.0, 2.0])
    before, given = w.seen(), numbers(x)

    def failing(x: Any) -> None:
        REPEATED[name](w, x)
        raise KeyError("midway")

    with pytest.raises(KeyError, match="midway"):
        trace(failing, x)
    assert w.seen() == before
    assert numbers(x) == given
    w.loss.backward()
    (w.marked * 2).sum().backward()
    assert w.given.tolist() == [2.5, 2.25]


@pytest.mark.parametrize(
    "name", ["hook", "hook of a node", "use of an intermediate", "write with history", "seed"]
)
def test_refusals_name_the_line(name: str) -> None:
    w, x = World(), torch.tensor([1.0, 2.0])
    with pytest.raises(TraceError, match=r"test_outside\.py:\d+"):
        trace(lambda x: REFUSED[name][0](w, x), x)


def test_iterators_are_refused() -> None:
    source = iter([1.0, 2.0])
    with pytest.raises(TraceError, match="`source` is an iterator"):
        trace(lambda x: x * next(source), torch.ones(2))
    assert next(source) == 1.0


def test_a_tensor_with_a_history_is_refused_as_an_argument() -> None:
    leaf = torch.ones(2, requires_grad=True)
    with pytest.raises(TraceError, match=r"Pass `x\.detach\(\)`"):
        trace(lambda x: x * 2, leaf * 2)


def test_an_argument_with_hooks_is_refused() -> None:
    leaf = torch.ones(2, requires_grad=True)
    traced = trace(lambda x: x * 2, leaf)
    leaf.register_hook(lambda g: g)
    for call in (lambda: trace(lambda x: x * 2, leaf), lambda: traced(leaf)):
        with pytest.raises(TraceError, match="argument 0 has hooks"):
            call()


def test_a_traced_function_inside_a_trace_is_refused() -> None:
    traced = trace(lambda x: x * 2, torch.ones(2))
    with pytest.raises(TraceError, match="Call the function itself there"):
        trace(lambda x: traced(torch.ones(2)) * x, torch.ones(2))


@pytest.mark.parametrize(
    "run",
    [
        lambda f, x: torch.func.grad(lambda a: f(a).sum())(x),
        lambda f, x: torch.func.vmap(f)(torch.stack([x, x])),
        lambda f, x: torch.func.jvp(f, (x,), (x,)),
    ],
)
def test_a_traced_function_inside_a_transform_is_refused(run: Any) -> None:
    traced = trace(lambda x: x * 2, torch.ones(2))
    with pytest.raises(TraceError, match="trace the transformed function"):
        run(traced, torch.ones(2))


def test_a_captured_tensor_of_a_transform_is_refused() -> None:
    def f(a: Any) -> Any:
        return trace(lambda x: x * a, torch.ones(2))(torch.ones(2)).sum()

    with pytest.raises(TraceError, match="watched by a running transform"):
        torch.func.grad(f)(torch.ones(2))


@pytest.mark.parametrize(
    ("mode", "words"), [(torch.no_grad, "the grad mode"), (torch.inference_mode, "mode")]
)
def test_modes_are_guarded(mode: Any, words: str) -> None:
    traced = trace(lambda x: x * 2, torch.ones(2))
    with mode(), pytest.raises(TraceError, match=words):
        traced(torch.ones(2))


def test_memory_that_cannot_be_written_is_refused() -> None:
    traced = trace(lambda x: x.mul_(2), torch.ones(2))
    with pytest.raises(TraceError, match="read-only, or expanded"):
        traced(torch.ones(1).expand(2))


def test_an_order_of_registration_survives_a_trace() -> None:
    w = World()
    order = list(w.net._buffers)
    trace(lambda x: running_statistics(w, x), torch.ones(2))
    assert list(w.net._buffers) == order

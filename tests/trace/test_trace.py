"""Tracing: replays equal eager step by step, and a trace leaves nothing behind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as torch
from wengert import nn
from wengert.errors import TraceError
from wengert.trace import trace


class Net(nn.Module):
    """A layer with running statistics, in place and by rebinding, and a mask given from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor([[0.1, 0.2], [0.3, -0.4], [0.5, 0.6]]))
        self.b = nn.Parameter(torch.zeros(2))
        self.register_buffer("mean", torch.zeros(2))
        self.register_buffer("var", torch.ones(2))
        self.register_buffer("count", torch.tensor(0))

    def forward(self, x: Any, mask: Any) -> Any:
        h = x @ self.w + self.b
        if self.training:
            with torch.no_grad():
                centre = h.mean(0)
                self.mean.mul_(0.9).add_(centre, alpha=0.1)
                self.var = self.var * 0.9 + ((h - centre) ** 2).mean(0) * 0.1
                self.count += 1
        return (h - self.mean) / (self.var + 1e-5).sqrt() * mask


def build(**options: Any) -> tuple[Net, Any, Any]:
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, **options)
    loss_fn = nn.MSELoss()

    def step(x: Any, mask: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_fn(net(x, mask).tanh(), y)
        loss.backward()
        optimizer.step()
        return loss

    return net, optimizer, step


def batches(count: int) -> list[tuple[Any, Any, Any]]:
    source = np.random.default_rng(0)
    return [
        (
            torch.tensor(source.normal(size=(4, 3)).astype(np.float32)),
            torch.tensor((source.random((4, 2)) > 0.5).astype(np.float32) * 2),
            torch.tensor(source.normal(size=(4, 2)).astype(np.float32)),
        )
        for _ in range(count)
    ]


def snapshot(net: Net, optimizer: Any) -> Any:
    state = {k: v.detach().numpy().copy() for k, v in net.state_dict().items()}
    grads = [(p.grad, None if p.grad is None else p.grad.numpy().copy()) for p in net.parameters()]
    versions = [p._version for p in net.parameters()]
    buffers = [id(b) for b in net.buffers()]
    momenta = {
        id(p): {k: v.numpy().copy() for k, v in s.items()} for p, s in optimizer.state.items()
    }
    return state, grads, versions, buffers, momenta, net.training


def same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return bool(np.array_equal(a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a is b or (not isinstance(a, torch.Tensor) and a == b)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"momentum": 0.9},
        {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
        {"momentum": 0.5, "dampening": 0.3, "maximize": True},
    ],
)
def test_a_training_step_replays_as_eager_runs(options: dict[str, Any]) -> None:
    eager_net, _, eager = build(**options)
    net, optimizer, step = build(**options)
    data = batches(8)
    eager(*data[0])
    step(*data[0])
    before = snapshot(net, optimizer)
    traced = trace(step, *data[1])
    assert same(before, snapshot(net, optimizer))
    for batch in data[1:]:
        assert traced(*batch).item() == eager(*batch).item()
        ours, theirs = net.state_dict(), eager_net.state_dict()
        assert all(np.array_equal(ours[k].numpy(), theirs[k].numpy()) for k in theirs)
        for p, q in zip(net.parameters(), eager_net.parameters(), strict=True):
            assert np.array_equal(p.grad.numpy(), q.grad.numpy())
    assert net.count.item() == 8


def test_a_trace_that_raises_midway_leaves_everything_as_it_was() -> None:
    net, optimizer, step = build(momentum=0.9)
    data = batches(2)
    step(*data[0])
    before = snapshot(net, optimizer)

    def failing(x: Any, mask: Any, y: Any) -> None:
        net.eval()
        step(x, mask, y)
        net.train()
        step(x, mask, y)
        net.w.data.mul_(3)
        net.b.requires_grad_(False)
        net.extra = 7
        raise KeyError("midway")

    with pytest.raises(KeyError, match="midway"):
        trace(failing, *data[1])
    assert same(before, snapshot(net, optimizer))
    assert net.b.requires_grad
    assert not hasattr(net, "extra")
    assert (torch.ones(2) * 2).tolist() == [2.0, 2.0]
    step(*data[1])


def test_the_graph_prints_the_same_every_time() -> None:
    def f(x: Any, y: Any) -> Any:
        return (x * y).sum(0)[1:] + 2.0

    first = trace(f, torch.ones(3, 4), torch.ones(4))
    assert str(first.graph) == str(trace(f, torch.ones(3, 4), torch.ones(4)).graph)
    assert str(first.graph) == (
        "graph(%0: float32[3, 4], %1: float32[4]):\n"
        "  %5: float32[] = constant 2.0\n"
        "  %2: float32[3, 4] = mul(%0, %1)\n"
        "  %3: float32[4] = sum_along(%2, axis=(0,), keepdim=False)\n"
        "  %4: float32[3] = slice(%3, index=(1:,))\n"
        "  %6: float32[3] = add(%4, %5)\n"
        "  return %6"
    )


@pytest.mark.parametrize(
    "fn",
    [
        lambda x: x * x.sum().item(),
        lambda x: x if x.sum() > 0 else -x,
        lambda x: x[x > 0],
        lambda x: x + torch.rand(3),
        lambda x: x.tolist(),
        lambda x: x.detach().numpy(),
        lambda x: float(x[0]),
    ],
)
def test_what_a_graph_cannot_repeat_is_refused(fn: Any) -> None:
    with pytest.raises(TraceError):
        trace(fn, torch.ones(3))
    assert torch.ones(3).sum().item() == 3.0


def test_reading_a_captured_tensor_is_refused() -> None:
    rate = torch.tensor(0.5)
    with pytest.raises(TraceError, match=r"torch\.where"):
        trace(lambda x: x * rate.item(), torch.ones(3))


def test_captured_tensors_are_read_at_each_call() -> None:
    w = torch.tensor([1.0, 2.0])
    traced = trace(lambda x: x * w, torch.ones(2))
    w.mul_(10)
    assert traced(torch.ones(2)).tolist() == [10.0, 20.0]
    w.data = torch.tensor([3.0, 4.0])
    assert traced(torch.ones(2)).tolist() == [3.0, 4.0]


def test_a_captured_view_follows_its_base() -> None:
    base = torch.arange(6.0).reshape(2, 3)
    row = base[1]

    def f(x: Any) -> Any:
        base.add_(x)
        return row * 1

    traced = trace(f, torch.ones(3))
    assert base.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert traced(torch.ones(3)).tolist() == [4.0, 5.0, 6.0]
    assert row.tolist() == [4.0, 5.0, 6.0]
    assert traced(torch.ones(3)).tolist() == [5.0, 6.0, 7.0]


def test_a_write_through_a_captured_view_reaches_its_base() -> None:
    base = torch.zeros(2, 3)

    def f(x: Any) -> Any:
        base[0].mul_(2).add_(x)
        return base.sum()

    traced = trace(f, torch.ones(3))
    assert traced(torch.ones(3)).item() == 3.0
    assert traced(torch.ones(3)).item() == 9.0
    assert base.tolist() == [[3.0, 3.0, 3.0], [0.0, 0.0, 0.0]]


def test_changed_options_modes_and_shapes_are_noticed() -> None:
    net, optimizer, step = build(momentum=0.9)
    data = batches(2)
    step(*data[0])
    traced = trace(step, *data[1])
    optimizer.param_groups[0]["lr"] = 0.01
    with pytest.raises(TraceError, match="'lr'"):
        traced(*data[1])
    optimizer.param_groups[0]["lr"] = 0.1
    net.eval()
    with pytest.raises(TraceError, match="training"):
        traced(*data[1])
    net.train()
    x, mask, y = data[1]
    with pytest.raises(TraceError, match="argument 0"):
        traced(x[:2], mask, y)
    with pytest.raises(TraceError, match="argument 0"):
        traced(x.double(), mask, y)
    traced(*data[1])


def test_a_gradient_that_came_or_went_is_noticed() -> None:
    w = torch.ones(2, requires_grad=True)

    def f(x: Any) -> Any:
        (w * x).sum().backward()
        return x

    traced = trace(f, torch.ones(2))
    assert w.grad is None
    traced(torch.ones(2))
    assert w.grad.tolist() == [1.0, 1.0]
    with pytest.raises(TraceError, match="zero_grad"):
        traced(torch.ones(2))
    again = trace(f, torch.ones(2))
    again(torch.full((2,), 4.0))
    assert w.grad.tolist() == [5.0, 5.0]


def test_momentum_must_exist_before() -> None:
    _, _, step = build(momentum=0.9)
    with pytest.raises(TraceError, match="one step"):
        trace(step, *batches(1)[0])


def test_a_python_counter_is_refused() -> None:
    class Counting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.calls = 0

        def forward(self, x: Any) -> Any:
            self.calls += 1
            return x * 2

    module = Counting()
    with pytest.raises(TraceError, match="calls"):
        trace(module, torch.ones(2))
    assert module.calls == 0


def test_gradients_of_arguments_are_written_to_them() -> None:
    def f(x: Any) -> Any:
        y = (x * x).sum()
        y.backward()
        return y

    traced = trace(f, torch.ones(2, requires_grad=True))
    x = torch.tensor([3.0, 4.0], requires_grad=True)
    assert traced(x).item() == 25.0
    assert x.grad.tolist() == [6.0, 8.0]


def test_transforms_inside_a_trace() -> None:
    w = torch.tensor([1.0, 2.0, 3.0])

    def f(x: Any) -> Any:
        return torch.func.vmap(torch.func.grad(lambda row: (row * w).sin().prod()))(x)

    x = torch.tensor(np.random.default_rng(1).normal(size=(4, 3)))
    w = w.double()
    assert np.allclose(trace(f, x)(x).numpy(), f(x).numpy(), rtol=1e-12)


def test_a_trace_inside_a_transform() -> None:
    def f(x: Any) -> Any:
        traced = trace(lambda a: a * 3, torch.ones(2))
        return x * traced(torch.ones(2)).sum()

    assert torch.func.vmap(f)(torch.ones(2)).tolist() == [6.0, 6.0]


def test_results_do_not_share_memory_with_what_was_captured() -> None:
    w = torch.ones(3)
    traced = trace(lambda x: (w, x, w[1:]), torch.ones(2))
    out = traced(torch.ones(2))
    for t in out:
        t.mul_(5)
    assert w.tolist() == [1.0, 1.0, 1.0]


def test_dead_code_is_dropped_and_verified() -> None:
    def f(x: Any) -> Any:
        x.exp().sin()
        return x + 1

    graph = trace(f, torch.ones(2)).graph
    assert [i.row.name for i in graph.instructions] == ["add"]
    graph.verify()
    graph.instructions.append(graph.instructions[0])
    with pytest.raises(ValueError, match="twice"):
        graph.verify()


def test_a_write_into_an_argument_reaches_the_caller() -> None:
    traced = trace(lambda x: x.mul_(3).sum(), torch.ones(2))
    x = torch.tensor([1.0, 2.0])
    assert traced(x).item() == 9.0
    assert x.tolist() == [3.0, 6.0]


def test_an_alias_that_a_graph_would_read_stale_is_refused() -> None:
    w = torch.ones(2)
    alias = w.detach()

    def f(x: Any) -> Any:
        w.add_(x)
        return alias * 2

    with pytest.raises(TraceError, match="shares its memory"):
        trace(f, torch.ones(2))
    assert w.tolist() == [1.0, 1.0]


def test_an_alias_made_inside_follows() -> None:
    w = torch.ones(2)

    def f(x: Any) -> Any:
        alias = w.detach()
        w.data.add_(x)
        return alias * 2

    traced = trace(f, torch.ones(2))
    assert traced(torch.ones(2)).tolist() == [4.0, 4.0]
    assert w.tolist() == [2.0, 2.0]


def test_arguments_that_are_no_tensors_are_guarded() -> None:
    traced = trace(lambda x, n, flag: x * n if flag is None else x, torch.ones(2), 3, None)
    assert traced(torch.ones(2), 3, None).tolist() == [3.0, 3.0]
    with pytest.raises(TraceError, match="argument 1 was 3"):
        traced(torch.ones(2), 4, None)


def test_integers_are_divided_by_what_is_not_known_yet() -> None:
    def f(x: Any, n: Any) -> Any:
        i = torch.arange(4)
        return x[i % n] + x[i // n] * torch.div(i, n, rounding_mode="trunc") + torch.fmod(i, n)

    x, n = torch.rand(4), torch.tensor(2)
    traced = trace(f, x, n)
    torch.testing.assert_close(traced(x, torch.tensor(3)), f(x, torch.tensor(3)), rtol=0, atol=0)
    with pytest.raises(RuntimeError, match="divided by 0"):
        traced(x, torch.tensor(0))

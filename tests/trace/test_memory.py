"""What a trace refuses because memory is shared, and what it guards and keeps outside as it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as torch
from wengert import nn
from wengert.errors import TraceError
from wengert.trace import memory, trace
from wengert.trace.memory import require_unshared


def double_first(x: Any, y: Any) -> Any:
    x.mul_(2)
    return (x * y).sum()


def test_the_same_argument_twice_is_one_tensor() -> None:
    a, b = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    traced = trace(double_first, a, a)
    assert a.tolist() == [1.0, 2.0]
    assert traced(a, a).item() == 20.0
    with pytest.raises(
        TraceError, match="arguments 0 and 1 were one tensor when traced and are several"
    ):
        traced(a, b)


def test_overlapping_views_as_arguments_are_refused_when_written() -> None:
    a = torch.tensor([1.0, 2.0, 3.0, 4.0])
    with pytest.raises(TraceError, match="shares its memory"):
        trace(double_first, a[:2], a[1:3])
    traced = trace(double_first, a[:2], a[2:])
    assert traced(a[:2], a[2:]).item() == 22.0
    assert a.tolist() == [2.0, 4.0, 3.0, 4.0]


def test_sharing_that_first_appears_at_a_replay_is_refused_before_anything_is_written() -> None:
    a, b = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    traced = trace(double_first, a, b)
    with pytest.raises(
        TraceError, match="0 and 1 were several tensors when traced and are one now"
    ):
        traced(b, b)
    with pytest.raises(TraceError, match="shares its memory"):
        traced(b, b.detach())
    assert b.tolist() == [3.0, 4.0]
    assert traced(a, b).item() == 22.0


def test_an_argument_that_is_captured_too_is_refused_when_written() -> None:
    w = torch.tensor([1.0, 2.0])

    def f(x: Any) -> Any:
        x.mul_(w)
        return w.sum()

    traced = trace(f, torch.ones(2))
    assert traced(torch.ones(2)).item() == 3.0
    with pytest.raises(TraceError, match="Pass it or capture it, not both"):
        traced(w)
    with pytest.raises(TraceError, match="shares its memory"):
        traced(w.detach())
    assert w.tolist() == [1.0, 2.0]


def test_two_written_aliases_are_refused() -> None:
    array = np.ones(2, np.float32)
    w, v = torch.from_numpy(array), torch.from_numpy(array)

    def f(x: Any) -> None:
        w.copy_(x)
        v.copy_(x * 2)

    with pytest.raises(TraceError, match="shares its memory"):
        trace(f, torch.ones(2))


def test_an_argument_copied_into_another_is_written() -> None:
    traced = trace(lambda x, y: x.copy_(y), torch.zeros(2), torch.ones(2))
    x = torch.zeros(2)
    traced(x, torch.tensor([3.0, 4.0]))
    assert x.tolist() == [3.0, 4.0]


@pytest.mark.parametrize("given", [True, False])
def test_a_gradient_is_added_to_in_its_own_memory(given: bool) -> None:
    w = torch.ones(2, requires_grad=True)
    g = torch.tensor([3.0, 4.0])
    w.grad = g

    def f(x: Any) -> Any:
        held = g if given else w.grad
        (w * x).sum().backward()
        return held.sum()

    traced = trace(f, torch.ones(2))
    assert g.tolist() == [3.0, 4.0]
    assert traced(torch.ones(2)).item() == 9.0
    assert w.grad is g
    assert g.tolist() == [4.0, 5.0]


def test_an_alias_of_a_gradient_that_is_added_to_is_refused() -> None:
    w = torch.ones(2, requires_grad=True)
    array = np.ones(2, np.float32)
    w.grad = torch.from_numpy(array)
    alias = torch.from_numpy(array)

    def f(x: Any) -> Any:
        (w * x).sum().backward()
        return alias * 1

    with pytest.raises(TraceError, match="shares its memory"):
        trace(f, torch.ones(2))


def test_a_gradient_that_was_dropped_can_still_be_read() -> None:
    w = torch.ones(2, requires_grad=True)
    w.grad = torch.tensor([3.0, 4.0])

    def f(x: Any) -> Any:
        held = w.grad
        w.grad = None
        (w * x).sum().backward()
        return held.sum()

    assert trace(f, torch.ones(2))(torch.ones(2)).item() == 7.0
    assert w.grad.tolist() == [1.0, 1.0]


def test_gradients_set_to_zero_in_place_replay() -> None:
    w = torch.ones(2, requires_grad=True)
    w.grad = torch.tensor([3.0, 4.0])

    def f(x: Any) -> Any:
        w.grad.zero_()
        (w * x).sum().backward()
        return w.grad * 1

    traced = trace(f, torch.ones(2))
    for _ in range(2):
        assert traced(torch.full((2,), 5.0)).tolist() == [5.0, 5.0]
        assert w.grad.tolist() == [5.0, 5.0]


def test_an_arguments_gradient_is_added_to() -> None:
    x = torch.ones(2, requires_grad=True)
    traced = trace(lambda a: (a * 2).sum().backward(), x)
    traced(x)
    assert x.grad.tolist() == [2.0, 2.0]
    with pytest.raises(TraceError, match="zero_grad"):
        traced(x)
    trace(lambda a: (a * 2).sum().backward(), x)(x)
    assert x.grad.tolist() == [4.0, 4.0]


@pytest.mark.parametrize("step", [slice(None, None, -1), slice(None, None, 2)])
def test_elements_decide_and_not_byte_ranges(step: slice) -> None:
    base = np.zeros((4, 6))
    view = base[::2, step]
    require_unshared([(view, True), (np.zeros(3), False)])
    for other in (view[:1], view[1:, 1:], base[2], base):
        for written in ((True, False), (False, True), (True, True)):
            with pytest.raises(TraceError):
                require_unshared([(view, written[0]), (other, written[1])])
    for apart in (base[3], base[1::2], base[1, :1]):
        require_unshared([(view, True), (apart, True)])
    require_unshared([(view, False), (base, False)])


def test_interleaved_views_are_apart() -> None:
    base = np.zeros((6, 6))
    columns = [(base[:, i::3], True) for i in range(3)]
    require_unshared(columns)
    require_unshared([*columns, (np.zeros(0), True)])
    with pytest.raises(TraceError, match="clone the other"):
        require_unshared([*columns, (base[5], False)])


def test_what_takes_too_long_to_decide_counts_as_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.zeros(500, np.uint8)
    a = np.lib.stride_tricks.as_strided(whole, (5, 5), (26, 26))
    b = np.lib.stride_tricks.as_strided(whole[1:], (5, 5), (16, 5))
    assert not memory.share_elements(a, b)
    monkeypatch.setattr(memory, "WORK", 1)
    assert memory.share_elements(a, b)


@pytest.mark.parametrize(
    "change",
    [
        lambda leaf, inner: leaf.register_hook(lambda g: g * 0),
        lambda leaf, inner: leaf.register_post_accumulate_grad_hook(lambda t: None),
        lambda leaf, inner: inner.register_hook(lambda g: g * 0),
        lambda leaf, inner: inner.detach_(),
        lambda leaf, inner: inner.retain_grad(),
    ],
)
def test_changes_of_a_captured_tensors_history_are_refused(change: Any) -> None:
    leaf = torch.ones(2, requires_grad=True)
    inner = leaf * 3
    with pytest.raises(TraceError, match="Do it before tracing"):
        trace(lambda x: (change(leaf, inner), x)[1], torch.ones(1))
    assert inner.requires_grad
    assert not inner.retains_grad
    inner.sum().backward()
    assert leaf.grad.tolist() == [3.0, 3.0]


def test_hooks_on_what_was_made_inside_are_fine() -> None:
    w = torch.ones(2, requires_grad=True)

    def f(x: Any) -> Any:
        y = w * x
        y.register_hook(lambda g: g * 10)
        y.retain_grad()
        y.sum().backward()
        return y.grad.detach_()

    assert trace(f, torch.ones(2))(torch.ones(2)).tolist() == [10.0, 10.0]
    assert w.grad.tolist() == [10.0, 10.0]


def test_requires_grad_of_an_argument_is_guarded() -> None:
    def f(x: Any) -> Any:
        return x * 2 if x.requires_grad else x * 3

    plain, leaf = torch.ones(2), torch.ones(2, requires_grad=True)
    traced = trace(f, plain)
    assert traced(plain).tolist() == [3.0, 3.0]
    with pytest.raises(TraceError, match="requires grad"):
        traced(leaf)
    assert trace(f, leaf)(leaf).tolist() == [2.0, 2.0]


class Scaled(nn.Module):
    """A module with a tensor that is no buffer."""

    def __init__(self, c: Any) -> None:
        super().__init__()
        self.c = c

    def forward(self, x: Any) -> Any:
        return x if self.c is None else x * self.c


def test_a_plain_tensor_of_a_module_is_read_anew() -> None:
    module = Scaled(torch.tensor(2.0))
    traced = trace(module, torch.ones(2))
    module.c = torch.tensor(5.0)
    assert traced(torch.ones(2)).tolist() == [5.0, 5.0]
    module.c = None
    with pytest.raises(TraceError, match="gone"):
        traced(torch.ones(2))


def test_a_plain_view_of_a_module_must_stay() -> None:
    module = Scaled(torch.tensor([2.0, 3.0])[0])
    traced = trace(module, torch.ones(2))
    assert traced(torch.ones(2)).tolist() == [2.0, 2.0]
    module.c = torch.tensor(5.0)
    with pytest.raises(TraceError, match=r"Scaled\.c has changed"):
        traced(torch.ones(2))


def test_a_tensor_where_none_was_is_noticed() -> None:
    module = Scaled(None)
    traced = trace(module, torch.ones(2))
    module.c = torch.tensor([5.0, 6.0])
    with pytest.raises(TraceError, match=r"Scaled\.c has changed"):
        traced(torch.ones(2))

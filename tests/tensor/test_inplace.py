"""Writes in place: what the tape sees of them, and what is refused."""

from __future__ import annotations

import pytest

import wengert as torch


@pytest.mark.parametrize(
    ("write", "name", "gradient"),
    [
        (lambda h, s: h.zero_(), "ZeroBackward0", [0.0, 0.0]),
        (lambda h, s: h.fill_(2), "FillBackward2", [0.0, 0.0]),
        (lambda h, s: h.fill_(s), "FillBackward3", [0.0, 0.0]),
        (lambda h, s: h.copy_(s), "CopyBackwards", [0.0, 0.0]),
        (lambda h, s: h.mul_(s), "MulBackward0", [6.0, 6.0]),
        (lambda h, s: h.pow_(2), "PowBackward0", [4.0, 4.0]),
    ],
)
def test_node_and_gradient(write, name, gradient) -> None:
    x = torch.ones(2, requires_grad=True)
    s = torch.tensor(3.0, requires_grad=True)
    h = x * 1 if name == "MulBackward0" else x + 1 if name == "PowBackward0" else x * 2
    h = h * 2 if name == "MulBackward0" else h
    assert write(h, s) is h and h.requires_grad
    assert type(h.grad_fn).__name__ == name and name in repr(h)
    h.sum().backward()
    assert x.grad.tolist() == gradient


def test_what_was_overwritten_has_zero_gradient_whatever_arrives() -> None:
    y = torch.ones(2, requires_grad=True)
    h = y * 1
    h[0] = 2.0
    h.backward(torch.tensor([float("nan"), 1.0]))
    assert y.grad.tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("write", "error", "words"),
    [
        ("x.fill_(1e60)", RuntimeError, "overflow"),
        ("i.fill_(300)", RuntimeError, "overflow"),
        ("i.__setitem__(0, 1j)", RuntimeError, "overflow"),
        ("i.copy_(2**70)", ValueError, "64 bits"),
        ("x.__setitem__(0, [1.0])", TypeError, "can't assign a list"),
        ("x.__setitem__(0, 'a')", TypeError, "can't assign a str"),
        ("x.__setitem__(0, None)", TypeError, "can't assign a NoneType"),
        ("i.add_(1.5)", RuntimeError, "x = x \\+ y"),
        ("i.pow_(0.5)", RuntimeError, "x = x \\+ y"),
        ("x.add_(torch.ones(3, 2))", RuntimeError, "shape"),
        ("x.copy_([1.0, 2.0])", TypeError, "torch.tensor"),
    ],
)
def test_refused_writes_change_nothing(write, error, words) -> None:
    x, i = torch.ones(2), torch.ones(2, dtype=torch.uint8)
    with pytest.raises(error, match=words):
        eval(write, {"x": x, "i": i, "torch": torch})
    assert x.tolist() == [1.0, 1.0] and i.tolist() == [1, 1]
    assert x._version == i._version == 0


def test_copy_of_a_number_converts_as_a_cast() -> None:
    assert torch.zeros(2, dtype=torch.uint8).copy_(300).tolist() == [44, 44]
    assert torch.zeros(2, dtype=torch.int64).copy_(1.5).tolist() == [1, 1]
    assert torch.zeros(2).copy_(True).tolist() == [1.0, 1.0]


def test_operand_and_result_in_one_memory() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * 1
    h.mul_(h.clone()).mul_(x).pow_(2)
    h[0] *= x[1]
    (g,) = torch.autograd.grad(h.sum(), x, create_graph=True)
    assert g.tolist() == pytest.approx([12.0, 193.0])
    (second,) = torch.autograd.grad(g.sum(), x)
    assert second.tolist() == pytest.approx([66.0, 486.0])


def test_a_result_kept_by_the_tape_is_apart_from_the_memory_written() -> None:
    """PyTorch refuses the backward here; the value that the slope of `exp` needs is still there."""
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    h = x * 2
    h.exp_()
    h.add_(1)
    h.sum().backward()
    torch_slope = 2 * (2 * x.detach()).exp()
    assert torch.equal(x.grad, torch_slope)


def test_a_failed_write_of_a_function_changes_nothing() -> None:
    x = torch.arange(3.0)
    with pytest.raises(RuntimeError, match="pow_: output with shape"):
        x.pow_(torch.ones(2, 3))
    counts = torch.arange(3)
    with pytest.raises(RuntimeError, match="exp_: result type"):
        counts.exp_()
    assert x._version == 0 and x.tolist() == [0, 1, 2]
    assert counts._version == 0 and counts.tolist() == [0, 1, 2]

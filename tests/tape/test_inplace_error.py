"""The words of the error for a value that was overwritten: who saved it, who changed it, what to write."""

from __future__ import annotations

import re
from typing import Any

import pytest

import wengert as torch


def message(backward: Any) -> str:
    """The text of the error that `backward` raises."""
    with pytest.raises(RuntimeError) as caught:
        backward()
    return str(caught.value)


def named(text: str, label: str) -> str:
    """The program's line behind ``saved by`` or ``changed by``, without the file."""
    found = re.search(rf"{label}\s+(.*?)\s+\S*test_inplace_error\.py:(\d+)", text)
    assert found, text
    return found[1]


def operands() -> tuple[Any, Any]:
    return torch.tensor([1.0, 2.0, 3.0], requires_grad=True), torch.ones(3)


def test_add_in_place() -> None:
    w, x = operands()
    loss = (x * w).sum()
    x += 1
    text = message(loss.backward)
    assert text.startswith("mul: the saved left operand (float32, shape (3,)) was changed before")
    assert named(text, "saved by") == "loss = (x * w).sum()"
    assert named(text, "changed by") == "x += 1"
    assert "a = a + b" in text and "clone()" in text
    assert w.grad is None


def test_the_lines_have_their_numbers() -> None:
    w, x = operands()
    first = test_the_lines_have_their_numbers.__code__.co_firstlineno
    loss = (x * w).sum()
    x.mul_(2)
    lines = re.findall(r"test_inplace_error\.py:(\d+)", message(loss.backward))
    assert [int(n) - first for n in lines[:2]] == [3, 4]


def test_write_through_a_view() -> None:
    w, x = operands()
    loss = (x * w).sum()
    part = x[1:]
    part[0] = 5.0
    text = message(loss.backward)
    assert named(text, "changed by") == "part[0] = 5.0"


def test_write_through_a_detached_alias() -> None:
    w, _ = operands()
    h = w * 2
    loss = (h * h).sum()
    h.detach().zero_()
    assert named(message(loss.backward), "changed by") == "h.detach().zero_()"


def test_write_into_the_base_of_a_saved_view() -> None:
    w, x = operands()
    loss = (x[:2] * w[:2]).sum()
    x.copy_(w.detach())
    assert named(message(loss.backward), "changed by") == "x.copy_(w.detach())"


def test_saved_result() -> None:
    w, _ = operands()
    out = w.exp()
    out.add_(1)
    text = message(out.sum().backward)
    assert "exp: the saved result (" in text
    assert named(text, "saved by") == "out = w.exp()"
    assert named(text, "changed by") == "out.add_(1)"


def test_step_of_an_optimizer() -> None:
    w, _ = operands()
    optimizer = torch.optim.SGD([w], lr=0.1)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    text = message(loss.backward)
    assert named(text, "changed by") == "optimizer.step()"


def test_the_last_of_several_writes_is_named() -> None:
    w, x = operands()
    loss = (x * w).sum()
    x.add_(1)
    x.sub_(1)
    assert named(message(loss.backward), "changed by") == "x.sub_(1)"


def test_under_create_graph() -> None:
    w, x = operands()
    loss = (x * w * w).sum()
    x[0] = 7.0
    text = message(lambda: torch.autograd.grad(loss, w, create_graph=True))
    assert named(text, "changed by") == "x[0] = 7.0"


def test_a_write_in_a_function_names_its_line() -> None:
    w, x = operands()
    loss = (x * w).sum()

    def shift(values: Any) -> None:
        values.add_(1)

    shift(x)
    assert named(message(loss.backward), "changed by") == "values.add_(1)"


def test_masked_write() -> None:
    w, x = operands()
    loss = (x * w).sum()
    x[x > 0] = 0.0
    assert named(message(loss.backward), "changed by") == "x[x > 0] = 0.0"


def test_the_graph_stays_as_it_was() -> None:
    w, x = operands()
    h = w * 3
    loss = (h.sin() * x).sum()
    x += 1
    message(lambda: loss.backward(retain_graph=True))
    h.sum().backward()
    assert w.grad.tolist() == [3.0, 3.0, 3.0]
    message(loss.backward)


def test_views_that_may_not_be_written() -> None:
    w, _ = operands()
    h = w * 2
    with torch.no_grad():
        silent = h[0]
    text = message(lambda: silent.add_(1))
    assert "add_" in text and "torch.no_grad()" in text
    for part in (h.split(1)[0], h.unbind()[1], h.chunk(3)[2][0], next(iter(h))):
        text = message(lambda part=part: part.mul_(2))
        assert "mul_" in text and "one of several" in text and "x[i] = ..." in text
    assert h.tolist() == [2.0, 4.0, 6.0] and h._version == 0
    with torch.no_grad():
        silent.add_(1)
        h.split(1)[0].add_(1)
    assert h.tolist() == [4.0, 4.0, 6.0]


def test_leaf() -> None:
    w, _ = operands()
    for write in (lambda: w.add_(1), lambda: w[0].zero_(), lambda: w.__setitem__(0, 1.0)):
        text = message(write)
        assert "leaf" in text and "torch.no_grad()" in text
    assert w.tolist() == [1.0, 2.0, 3.0] and w._version == 0


F = torch.nn.functional
CALLED = {
    "linear": lambda x: F.linear(x, torch.ones(2, 4, requires_grad=True), torch.ones(2)),
    "matmul": lambda x: x @ torch.ones(4, 2, requires_grad=True),
    "layer_norm": lambda x: F.layer_norm(x, (4,)),
    "batch_norm": lambda x: F.batch_norm(x, torch.zeros(3), torch.ones(3), torch.ones(3, requires_grad=True)),
    "group_norm": lambda x: F.group_norm(x, 3),
    "mse_loss": lambda x: F.mse_loss(x, torch.zeros(2, 3, 4), reduction="none"),
    "smooth_l1_loss": lambda x: F.smooth_l1_loss(x, torch.zeros(2, 3, 4), reduction="sum"),
    "binary_cross_entropy_with_logits": lambda x: F.binary_cross_entropy_with_logits(x, torch.zeros(2, 3, 4)),
    "scaled_dot_product_attention": lambda x: F.scaled_dot_product_attention(x, x, x),
    "clamp": lambda x: x.clamp(0, 2),
    "pow": lambda x: 2**x,
    "max": lambda x: x.max(),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLED)
def test_the_function_that_was_called_is_named(name: str) -> None:
    x = torch.ones(2, 3, 4, requires_grad=True) * 1
    y = CALLED[name](x)
    with torch.no_grad():
        x.mul_(2)
    text = message(y.sum().backward)
    assert text.startswith(name)
    assert "_each" not in text and "normalize" not in text

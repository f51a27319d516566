"""Views that are made, refused and found again, and the names their nodes have."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import wengert as torch

NAMES = {
    "x[:, None]": "UnsqueezeBackward0",
    "x[None]": "UnsqueezeBackward0",
    "x[0, None]": "UnsqueezeBackward0",
    "x[None, 0]": "SelectBackward0",
    "x[0, 1:]": "SliceBackward0",
    "x[1:, 0]": "SelectBackward0",
    "x[..., 0]": "SelectBackward0",
    "x[:1]": "SliceBackward0",
    "x.squeeze()": "SqueezeBackward0",
    "x.squeeze(0)": "SqueezeBackward1",
    "x.squeeze((0, 1))": "SqueezeBackward2",
    "x.view(-1)": "ViewBackward0",
    "x.t().reshape(-1)": "UnsafeViewBackward0",
}


@pytest.mark.parametrize("expression", NAMES)
def test_name_of_a_view(expression: str) -> None:
    x = torch.ones(2, 3, requires_grad=True) * 1
    assert eval(expression, {"x": x}).grad_fn.name() == NAMES[expression]


def test_a_view_is_found_again_from_its_base() -> None:
    x = torch.ones(2, 3, requires_grad=True) * 1
    part = x[1][1:]
    x.mul_(2)
    assert part.grad_fn.name() == "AsStridedBackward0"
    (node, _) = part.grad_fn.next_functions[0]
    assert node is x.grad_fn


@pytest.mark.parametrize(
    ("expression", "error", "words"),
    [
        ("x.t().view(-1)", RuntimeError, "reshape"),
        ("torch.tensor(1.0).unbind()", IndexError, "without dimensions"),
        ("x.expand(4, 3)", RuntimeError, "expanded size"),
        ("x.permute(0, 0)", RuntimeError, "duplicate"),
        ("x.split([1, 2], 1)", None, ""),
        ("x.split([1, 1], 1)", RuntimeError, "split_sizes"),
    ],
)
def test_what_is_refused(expression: str, error: type[Exception] | None, words: str) -> None:
    x = torch.ones(2, 3)
    if error is None:
        assert len(eval(expression, {"x": x})) == 2
        return
    with pytest.raises(error, match=words):
        eval(expression, {"x": x, "torch": torch})


def test_empty_views_can_be_viewed() -> None:
    assert torch.ones(4)[0:0].view(0, 1).shape == (0, 1)
    assert torch.ones(2, 3)[:, 3:].reshape(3, 0).shape == (3, 0)


def test_a_detached_result_does_not_keep_the_graph() -> None:
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    kept, node = y.detach(), weakref.ref(y.grad_fn)
    del y
    gc.collect()
    assert node() is None and kept.tolist() == [2.0, 2.0, 2.0]


def test_detach_cuts_every_level() -> None:
    grad, jvp = torch.func.grad, torch.func.jvp
    three = torch.tensor(3.0)
    assert grad(lambda x: grad(lambda z: z * z.detach())(x))(three).item() == 0.0
    assert grad(lambda x: grad(lambda z: z * x.detach())(x))(three).item() == 0.0
    assert jvp(lambda z: z * z.detach(), (three,), (torch.tensor(1.0),))[1].item() == 3.0
    assert jvp(lambda z: z * z.data, (three,), (torch.tensor(1.0),))[1].item() == 3.0
    leaf = torch.tensor(3.0, requires_grad=True)
    assert not grad(lambda z: z * z.detach())(leaf).requires_grad

    def cut_in_place(z):
        h = z * z
        h.detach_()
        return h * z

    assert grad(lambda x: grad(cut_in_place)(x))(three).item() == 0.0


def test_a_base_with_other_memory_leaves_its_old_views_alone() -> None:
    x = torch.zeros(3)
    part = x[:2]
    x.data = torch.ones(3)
    w = torch.tensor(5.0, requires_grad=True)
    part.add_(w)
    assert part.tolist() == [5.0, 5.0] and x.tolist() == [1.0, 1.0, 1.0]
    assert not x.requires_grad


def turned_under_no_grad() -> tuple[torch.Tensor, torch.Tensor]:
    leaf = torch.arange(6.0).reshape(2, 3).requires_grad_()
    x = leaf * 2
    x.retain_grad()
    (x * x).sum().backward(retain_graph=True)
    with torch.no_grad():
        x.t_()
    return leaf, x


def test_a_turn_takes_the_history_and_the_gradient_along() -> None:
    leaf, x = turned_under_no_grad()
    weights = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    first = 4 * leaf.detach()
    assert torch.equal(x.grad, first.t())
    leaf.grad = None
    (x * weights).sum().backward()
    assert torch.equal(leaf.grad, 2 * weights.t())
    assert torch.equal(x.grad, first.t() + weights)


def test_a_write_after_a_turn_leaves_the_retained_gradient_to_the_new_value() -> None:
    leaf, x = turned_under_no_grad()
    x.grad = leaf.grad = None
    x.mul_(3)
    (x * x).sum().backward()
    assert torch.equal(x.grad, 2 * x.detach())
    assert torch.equal(leaf.grad, 6 * x.grad.t())


SHARED = [
    "x = torch.zeros(4); held = x; x = x.data", "x = torch.zeros(4); held = x; x = x.detach()",
    "held = np.zeros(4); x = torch.from_numpy(held)", "x = torch.zeros(4); held = x.numpy()",
]  # fmt: skip


@pytest.mark.parametrize("program", SHARED)
def test_shared_memory_does_not_grow(program: str) -> None:
    given = {"torch": torch, "np": np}
    exec(program, given)
    x = given["x"]
    with pytest.raises(RuntimeError, match="is shared with another tensor or an array"):
        x.resize_(2, 3)
    assert x.shape == (4,)
    assert x.resize_(3).fill_(2).tolist() == [2.0, 2.0, 2.0]


def test_memory_that_nobody_else_holds_grows() -> None:
    x = torch.zeros(4)
    x = x.data
    assert x.resize_(6).shape == (6,)
    x = torch.arange(4.0)
    x.numpy()
    assert x.resize_(3).resize_(2, 4)[0].tolist()[:3] == [0.0, 1.0, 2.0]

"""`embedding` with all its options, and what is refused."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("padding", [None, 1, -1])
@pytest.mark.parametrize("by_frequency", [False, True])
def test_gradients_of_embedding(torch, padding, by_frequency):
    weight = torch.arange(8.0).reshape(4, 2).requires_grad_()
    at = torch.tensor([[1, 1, 3], [0, 1, 3]])
    out = torch.nn.functional.embedding(at, weight, padding, scale_grad_by_freq=by_frequency)
    (out * torch.arange(12.0).reshape(2, 3, 2)).sum().backward()
    return out, out.grad_fn.name(), weight.grad


@pytest.mark.parametrize("order", [1.0, 2.0, float("inf")])
def test_long_rows_are_shortened_in_place(torch, order):
    weight = torch.arange(8.0).reshape(4, 2).requires_grad_()
    at = torch.tensor([3, 0, 3])
    out = torch.nn.functional.embedding(at, weight, max_norm=2.0, norm_type=order)
    out.sum().backward()
    return out, weight, weight.grad


@pytest.mark.parametrize(
    "call",
    [
        "F.embedding(torch.tensor([0, 9]), weight)",
        "F.embedding(torch.tensor([-1]), weight)",
        "F.embedding(torch.tensor([0.0]), weight)",
        "F.embedding(torch.tensor([0]), weight[0])",
        "F.embedding(torch.tensor([0]), weight, padding_idx=4)",
        "F.embedding([0], weight)",
        "F.one_hot(torch.tensor([0, 2]), 2)",
        "F.one_hot(torch.tensor([-1]))",
        "F.one_hot(torch.tensor([0.0]))",
        "F.one_hot(torch.tensor([], dtype=torch.int64))",
    ],
)
def test_refused(torch, refused, call):
    weight = torch.arange(8.0).reshape(4, 2).requires_grad_()
    return refused(
        lambda: eval(call, {"torch": torch, "F": torch.nn.functional, "weight": weight}), weight
    )

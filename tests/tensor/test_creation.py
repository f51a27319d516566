"""Making tensors from data that does not fit, and by keywords."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as torch


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        ("torch.tensor(300, dtype=torch.uint8)", RuntimeError, "overflow"),
        ("torch.tensor([1, 300], dtype=torch.int8)", RuntimeError, "overflow"),
        ("torch.tensor(float('nan'), dtype=torch.int64)", RuntimeError, "overflow"),
        ("torch.full((2,), 300, dtype=torch.uint8)", RuntimeError, "overflow"),
        ("torch.full_like(torch.ones(2), 1j)", RuntimeError, "overflow"),
        ("torch.tensor(2**70)", ValueError, "64 bits"),
        ("torch.tensor([2**63])", ValueError, "64 bits"),
        ("torch.tensor(1j, dtype=torch.float32)", TypeError, "complex"),
        ("torch.tensor('a')", TypeError, "str"),
        ("torch.tensor(['a', 'b'])", ValueError, "str"),
        ("torch.tensor([1.0, [2.0]])", TypeError, "rectangular"),
        ("torch.tensor([[1.0, 2.0], [3.0]])", ValueError, "rectangular"),
        ("torch.tensor(None)", RuntimeError, "NoneType"),
        ("torch.full((2,), 'a')", TypeError, "fill_value"),
        ("torch.arange()", TypeError, "end"),
        ("torch.ones(2, requires_grad='yes')", TypeError, "bool"),
        ("torch.ones(2).requires_grad_('yes')", TypeError, "bool"),
        ("setattr(torch.ones(2), 'requires_grad', 'yes')", RuntimeError, "bool"),
        ("torch.ones(2, device='cuda')", AssertionError, "cpu"),
        ("torch.ones(2, device=3)", RuntimeError, "device"),
    ],
)
def test_what_makes_no_tensor(call: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        eval(call, {"torch": torch})


def test_what_fits() -> None:
    assert torch.tensor(-1, dtype=torch.uint8).item() == 255
    assert torch.tensor(1e60).item() == float("inf")
    assert torch.tensor([True, 2], dtype=torch.bool).tolist() == [True, True]
    assert torch.full((1,), float("inf")).item() == float("inf")
    assert torch.tensor(np.array([300]), dtype=torch.uint8).item() == 44


def test_keywords() -> None:
    assert torch.zeros(size=(2,)).tolist() == [0.0, 0.0]
    assert torch.ones(size=[1, 2]).shape == (1, 2)
    assert torch.arange(end=3).tolist() == [0, 1, 2]
    assert torch.arange(start=1, end=3).tolist() == [1, 2]


def test_a_gradient_can_be_deleted_and_a_version_missing() -> None:
    x = torch.ones(2, requires_grad=True)
    (x * x).sum().backward()
    del x.grad
    assert x.grad is None
    with torch.inference_mode():
        made = torch.ones(2)
    with pytest.raises(RuntimeError, match="no_grad"):
        made.add(made._version)


def test_arrays_and_tensors_in_a_list_keep_their_dtype() -> None:
    wide = np.array([16777217.0])
    assert torch.tensor([wide]).item() == 16777217.0
    assert torch.tensor([np.arange(2, dtype=np.int32)]).dtype is torch.int32
    assert torch.tensor([torch.tensor([1.0]).double(), 2]).dtype is torch.float64
    assert torch.tensor([torch.tensor(True)]).dtype is torch.bool

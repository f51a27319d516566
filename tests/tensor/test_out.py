"""The ``out=`` form: written into, resized with a warning, refused with nothing changed."""

from __future__ import annotations

import pytest

import wengert as torch

X = torch.tensor([1.0, 4.0])


def test_the_result_is_written_and_returned() -> None:
    out = torch.zeros(2)
    view = out[:1]
    assert torch.sqrt(X, out=out) is out
    assert out.tolist() == [1, 2]
    assert view.tolist() == [1]
    assert out._version == 1


def test_an_operand_may_be_the_place() -> None:
    x = X.clone()
    assert torch.mul(x, x, out=x).tolist() == [1, 16]


def test_the_result_is_converted_to_a_wider_kind() -> None:
    out = torch.zeros(2, dtype=torch.complex64)
    assert torch.add(X, 1, out=out).tolist() == [2, 5]


def test_another_shape_is_resized_with_a_warning() -> None:
    out = torch.zeros(3)
    with pytest.warns(
        UserWarning, match=r"An output .* was resized since it had shape \[3\].* of sqrt\(\)"
    ):
        torch.sqrt(X, out=out)
    assert out.tolist() == [1, 2]


def test_an_empty_place_is_resized_silently() -> None:
    out = torch.empty(0)
    assert torch.sqrt(X, out=out).tolist() == [1, 2]
    assert out.shape == (2,)


REFUSED = {
    "no tensor": (lambda out: torch.sqrt(X, out=[out]), TypeError, "'out' must be Tensor, not list"),
    "narrow": (lambda out: torch.sqrt(X, out=out.long()), RuntimeError, "result type torch.float32"),
    "operand": (lambda out: torch.sqrt(X.clone().requires_grad_(), out=out), RuntimeError, "sqrt.*automatic"),
    "place": (lambda out: torch.sqrt(X, out=out.requires_grad_()), RuntimeError, "automatic different"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    call, kind, words = REFUSED[case]
    out = torch.zeros(2)
    with pytest.raises(kind, match=words):
        call(out)
    assert out.tolist() == [0, 0] and out._version == 0


def test_without_recording_operands_may_require_grad() -> None:
    out = torch.zeros(2)
    with torch.no_grad():
        torch.sqrt(X.clone().requires_grad_(), out=out)
    assert out.tolist() == [1, 2]


def test_no_place_is_written_when_one_of_them_is_refused() -> None:
    values = torch.zeros(2)
    indices = torch.zeros(1, dtype=torch.int64).expand(2)
    with pytest.raises(RuntimeError, match="single memory location"):
        torch.max(torch.arange(6.0).reshape(2, 3), 1, out=(values, indices))
    assert values.tolist() == [0, 0] and values._version == 0


def test_an_inference_tensor_is_not_resized_outside_inference_mode() -> None:
    with torch.inference_mode():
        out = torch.zeros(2)
    with pytest.raises(RuntimeError, match="inference tensor"):
        torch.add(torch.arange(6.0), 1, out=out)
    assert out.is_inference() and out.tolist() == [0, 0]

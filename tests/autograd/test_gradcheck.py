"""gradcheck: the words of what disagrees and of what is not checked."""

from __future__ import annotations

import pytest

import wengert as torch


def test_the_imaginary_part_is_named():
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    with pytest.raises(
        RuntimeError, match=r"Jacobian mismatch for output 0 \(its imaginary part\)"
    ):
        torch.autograd.gradcheck(lambda x: torch.complex(x * x, x.detach() * x), x)


@pytest.mark.parametrize(
    "option", ["check_batched_grad", "check_forward_ad", "check_batched_forward_grad", "masked"]
)
def test_what_is_not_checked_is_refused(option):
    x = torch.ones(1, dtype=torch.float64, requires_grad=True)
    with pytest.raises(
        NotImplementedError, match=rf"no `torch.autograd.gradcheck\(..., {option}=True"
    ):
        torch.autograd.gradcheck(lambda x: x, x, **{option: True})


def test_second_derivatives_forward_over_reverse_are_refused():
    x = torch.ones(1, dtype=torch.float64, requires_grad=True)
    with pytest.raises(NotImplementedError, match="check_fwd_over_rev=True"):
        torch.autograd.gradgradcheck(lambda x: x**3, x, check_fwd_over_rev=True)

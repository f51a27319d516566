"""What pointwise functions say when they refuse, and what they leave alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import wengert as torch

X, N, Z = torch.ones(2), torch.tensor([1, 2]), torch.ones(2, dtype=torch.complex64)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: X.byte().clamp(max=300), "clamp: the value 300 cannot be converted to torch.uint8 without overflow"),
        (lambda: torch.clamp(X), "clamp: At least one of 'min' or 'max' must not be None"),
        (lambda: torch.div(X, X, rounding_mode="up"), "one of None, 'trunc', or 'floor' but found 'up'"),
        (lambda: torch.fmod(N, 0), "fmod: ZeroDivisionError.*`torch.where`"),
        (lambda: torch.heaviside(X, N), "heaviside.*torch.float32 and torch.int64.*values.to"),
        (lambda: torch.lerp(X, X.double(), 0.5), "lerp: expected dtype torch.float32 for `end`.*end.to"),
        (lambda: torch.addcdiv(X, N, N), "addcdiv: Integer division.*`.float\\(\\)`"),
        (lambda: torch.addcmul(X, X, X, value=1j), "addcmul: value cannot be converted to type torch.float32"),
        (lambda: torch.polygamma(-1, X), "polygamma\\(n, x\\) does not support negative n, got n=-1"),
        (lambda: torch.mvlgamma(X, 0), "mvlgamma: p has to be greater than or equal to 1, got 0"),
        (lambda: torch.positive(N > 0), "positive.*bool tensor is not supported.*`.int\\(\\)`"),
        (lambda: torch.isclose(X, N), "isclose: torch.float32 did not match torch.int64"),
        (lambda: torch.isclose(X, X, atol=-1.0), "isclose: atol must be greater than or equal to zero, but got -1"),
        (lambda: X.clone().float_power_(2), "float_power_: the base given has dtype torch.float32"),
        (lambda: torch.isneginf(Z), "isneginf does not support complex inputs.*isinf"),
        (lambda: torch.imag(X), "imag is not implemented for tensors with non-complex dtypes.*complex64"),
        (lambda: torch.view_as_complex(X.half()), "view_as_complex.*torch.float16.*`x.float\\(\\)`"),
        (lambda: torch.view_as_complex(torch.ones(3)), "last dimension of size 2, got shape \\(3,\\).*torch.complex"),
        (lambda: torch.view_as_complex(torch.ones(2, 3).T), "view_as_complex.*`x.contiguous\\(\\)`"),
        (lambda: torch.adjoint(X), "Got 1-D tensor.*`.conj\\(\\)`"),
        (lambda: Z.H, "tensor.H is only supported on matrices.*`.mH`"),
        (lambda: torch.complex(X, X.double()), "complex: Expected object of scalar type torch.float32.*imag.to"),
        (lambda: torch.polar(N, N), "polar: Expected both inputs to be Float or Double tensors"),
        (lambda: torch.floor(X, out=N.clone()), "floor.*can't be cast"),
        (lambda: torch.signbit(X, out=torch.ones(2)), "signbit.*Expected out tensor to have dtype torch.bool"),
    ],
)  # fmt: skip
def test_words_of_refusals(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        call()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: torch.erf(Z), '"erf" not implemented for torch.complex64'),
        (lambda: torch.clamp(Z, 0, 1), '"clamp" not implemented for torch.complex64'),
        (lambda: torch.gcd(X, X), '"gcd" not implemented for torch.float32'),
        (lambda: torch.frac(N), '"frac" not implemented for torch.int64'),
        (lambda: X << 1, '"bitwise_left_shift" not implemented for torch.float32'),
    ],
)
def test_words_for_dtypes(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(NotImplementedError, match=words):
        call()


@pytest.mark.parametrize("name", ["zeta", "gammainc", "gammaincc"])
def test_no_gradient_in_the_first_argument(name: str) -> None:
    function = getattr(torch.special, name)
    x = torch.tensor([2.0], requires_grad=True)
    with pytest.raises(RuntimeError, match=f"{name}.*`input.detach\\(\\)`"):
        function(x, X)
    with torch.no_grad():
        assert not function(x, X).requires_grad
    y = torch.tensor([2.0], requires_grad=True)
    assert function(x.detach(), y).requires_grad


def test_a_failed_write_changes_nothing() -> None:
    x = torch.tensor([1, 4])
    with pytest.raises(RuntimeError, match="rsqrt_.*can't be cast"):
        x.rsqrt_()
    with pytest.raises(RuntimeError, match="clamp_.*broadcast"):
        x.clamp_(torch.zeros(2, 2, dtype=torch.int64))
    assert x.tolist() == [1, 4]
    assert x._version == 0


def test_empty_tensors_with_any_strides_can_be_written_to() -> None:
    x = torch.ones(1, 1, 3).expand(1, 1, 3)[:, :0]
    assert x.exp_() is x
    assert torch.from_numpy(torch.ones(1, 0, 3).numpy()).exp2_().shape == (1, 0, 3)


def test_special_names() -> None:
    special = torch.special
    assert special.psi is special.digamma is torch.digamma
    assert special.gammaln is torch.lgamma
    assert special.expit is torch.sigmoid
    assert all(callable(getattr(special, name)) for name in special.__all__)
    with pytest.raises(AttributeError, match="module .torch.special. has no attribute .nonsense.,"):
        special.nonsense  # noqa: B018


def test_the_gradient_of_heaviside_goes_to_the_values_at_0():
    x = torch.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    values = torch.tensor([3.0, 4.0, 5.0], requires_grad=True)
    out = torch.heaviside(x, values)
    assert out.tolist() == [0.0, 4.0, 1.0]
    out.sum().backward()
    assert values.grad.tolist() == [0.0, 1.0, 0.0]
    assert x.grad.tolist() == [0.0, 0.0, 0.0]

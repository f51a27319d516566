"""Factors of symmetric matrices: derivatives, which PyTorch has not, and the words of every refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as torch

L = torch.linalg
EYE, ZERO = torch.eye(2), torch.zeros(2, 2)
PIVOTS = torch.tensor([1, 2], dtype=torch.int32)

REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "singular": (lambda: L.ldl_factor(ZERO), RuntimeError, r"D\[1,1\] is zero: the matrix is singular.*ldl_factor_ex"),
    "one of a stack": (
        lambda: L.ldl_factor_ex(torch.stack([EYE, ZERO]), check_errors=True), RuntimeError,
        r"\(Batch element 1\): D\[1",
    ),
    "float16": (lambda: L.ldl_factor(EYE.half()), NotImplementedError, r"float16.*`A\.float\(\)`"),
    "not square": (lambda: L.ldl_factor(torch.ones(2, 3)), RuntimeError, "square matrices, but they are 2 by 3"),
    "a number": (lambda: L.ldl_factor(1.0), TypeError, "argument 'A' must be Tensor, not float"),
    "a flag": (lambda: L.ldl_factor(EYE, hermitian=1), TypeError, "'hermitian' must be bool, not int"),
    "a vector": (lambda: L.ldl_solve(EYE, PIVOTS, EYE[0]), IndexError, r"at least 2 dimensions.*unsqueeze\(-1\)"),
    "sizes": (lambda: L.ldl_solve(EYE, PIVOTS, torch.ones(3, 1)), RuntimeError, "each A matrix is 2 by 2 but each b"),
    "dtypes": (lambda: L.ldl_solve(EYE, PIVOTS, EYE.double()), RuntimeError, r"same dtype.*B\.to\(LD\.dtype\)"),
    "pivots of floats": (lambda: L.ldl_solve(EYE, PIVOTS.float(), EYE), RuntimeError, "pivots to be integers.*float32"),
    "too few pivots": (lambda: L.ldl_solve(EYE, PIVOTS[:1], EYE), RuntimeError, r"shape \[1\] instead.*\[2, 2\]"),
    "no pivots": (lambda: L.ldl_solve(EYE, PIVOTS * 0, EYE), RuntimeError, r"\|pivot\| >= 1, and be at most 2"),
    "pivots beyond": (lambda: L.ldl_solve(EYE, PIVOTS * 2, EYE), RuntimeError, r"properly pass the result of ldl_f"),
    "half a pair": (lambda: L.ldl_solve(EYE, -PIVOTS, EYE), RuntimeError, "pairs of equal ones, and pivot -1 at 0"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_words(case: str) -> None:
    call, kind, words = REFUSED[case]
    with pytest.raises(kind, match=words):
        call()


def symmetric(x: Any, hermitian: bool) -> Any:
    """Return a symmetric or Hermitian matrix with a small diagonal, so that some blocks are 2x2."""
    whole = x + (x.mH if hermitian else x.mT)
    return whole * (1 - 0.99 * torch.eye(x.shape[-1], dtype=torch.float64))


@pytest.mark.parametrize("n", [1, 3, 5])
@pytest.mark.parametrize("kind", ["real", "symmetric", "hermitian"])
def test_every_derivative(kind: str, n: int) -> None:
    rng, hermitian = np.random.default_rng(n), kind == "hermitian"
    x, b = rng.standard_normal((n, n)), rng.standard_normal((n, 2))
    if kind != "real":
        x, b = x + 1j * rng.standard_normal((n, n)), b + 1j * rng.standard_normal((n, 2))
    # A matrix 1x1 is its diagonal: without one, nothing is left to divide by.
    start = torch.tensor(x * (100 if n == 1 else 1), requires_grad=True)
    right = torch.tensor(b, requires_grad=True)

    def solution(x: Any, b: Any) -> Any:
        factors, pivots = L.ldl_factor(symmetric(x, hermitian), hermitian=hermitian)
        return L.ldl_solve(factors, pivots, b, hermitian=hermitian)

    def factors(x: Any) -> Any:
        return L.ldl_factor(symmetric(x, hermitian), hermitian=hermitian).LD

    assert torch.autograd.gradcheck(solution, (start, right), check_forward_ad=True)
    assert torch.autograd.gradcheck(factors, start, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(solution, (start, right))


def test_the_gradient_is_that_of_solve() -> None:
    x = torch.tensor([[0.0, 2.0, 1.0], [2.0, 0.1, 3.0], [1.0, 3.0, 0.0]], dtype=torch.float64)
    b = torch.tensor([[1.0], [2.0], [3.0]], dtype=torch.float64)
    found = []
    for solve in (lambda a: L.ldl_solve(*L.ldl_factor(a), b), lambda a: L.solve(a, b)):
        a = x.clone().requires_grad_()
        (solve(a) ** 2).sum().backward()
        found.append((a.grad + a.grad.T) / 2)
    assert torch.allclose(*found)


def test_one_matrix_and_several_right_sides() -> None:
    a, b = torch.tensor([[[0.0, 2.0], [2.0, 0.0]]]), torch.arange(6.0).reshape(3, 2, 1)
    assert L.ldl_solve(*L.ldl_factor(a), b).tolist() == (b.flip(1) / 2).tolist()


def test_mapped() -> None:
    many = torch.stack([EYE, EYE * 2])
    b = torch.ones(2, 1)
    found = torch.func.vmap(lambda a: L.ldl_solve(*L.ldl_factor(a), b))(many)
    assert found.tolist() == [[[1.0], [1.0]], [[0.5], [0.5]]]


def test_on_the_device_meta() -> None:
    a = torch.empty(4, 300, 300, device="meta", requires_grad=True)
    LD, pivots, info = L.ldl_factor_ex(a)
    x = L.ldl_solve(LD, pivots, torch.empty(300, 2, device="meta"))
    x.sum().backward()
    assert (LD.shape, pivots.shape, info.shape, x.shape) == (a.shape, (4, 300), (4,), (4, 300, 2))
    assert pivots.dtype == info.dtype == torch.int32 and a.grad.shape == a.shape

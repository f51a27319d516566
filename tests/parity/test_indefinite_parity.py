"""`linalg.ldl_factor`, `ldl_factor_ex` and `ldl_solve` beside LAPACK's through PyTorch."""

import numpy as np
import pytest


def matrix(torch, n, kind, *, small_diagonal=True, seed=0):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((2, n, n))
    a = a + 1j * rng.standard_normal((2, n, n)) if kind != "real" else a
    a = a + (a.conj() if kind == "hermitian" else a).swapaxes(-1, -2)
    if small_diagonal:
        a = a * (1 - 0.99 * np.eye(n))
    return torch.tensor(a)


KINDS = ["real", "symmetric", "hermitian"]


@pytest.mark.parametrize("small_diagonal", [False, True])
@pytest.mark.parametrize("n", [1, 2, 3, 8, 80])
@pytest.mark.parametrize("kind", KINDS)
def test_factors_and_solutions(torch, kind, n, small_diagonal):
    a = matrix(torch, n, kind, small_diagonal=small_diagonal)
    hermitian = kind == "hermitian"
    made = torch.linalg.ldl_factor(a, hermitian=hermitian)
    b = torch.arange(2.0 * n).reshape(n, 2).to(a.dtype)
    found = torch.linalg.ldl_solve(*made, b, hermitian=hermitian)
    if n == 2:
        print(
            type(made).__name__, made.pivots, torch.linalg.ldl_factor_ex(a[0], hermitian=hermitian)
        )
    return made.LD, made.pivots, found, torch.dist(a @ found, b.expand(2, n, 2)) < 1e-8


@pytest.mark.parametrize("dtype", ["float32", "complex64"])
def test_shorter_dtypes(torch, dtype):
    a = matrix(torch, 3, "hermitian").real.to(getattr(torch, dtype))
    made = torch.linalg.ldl_factor(a, hermitian=True)
    return made.LD, made.pivots, torch.linalg.ldl_solve(*made, a[:, :, :1], hermitian=True)


CALLS = {
    "only the lower triangle is read": "ldl_factor(a[0].real + torch.ones(4, 4).triu(1).double())",
    "singular": "ldl_factor_ex(torch.zeros(2, 2))",
    "one of a stack is singular": "ldl_factor_ex(torch.stack([a[0], torch.zeros(4, 4), a[1]])).info",
    "without elements": "ldl_factor(torch.zeros(2, 0, 0))",
    "without matrices": "ldl_factor_ex(torch.zeros(0, 3, 3))",
    "pivots of int64": "ldl_solve(LD, pivots.long(), b)",
    "no right sides": "ldl_solve(LD, pivots, b[:, :0])",
    "flags without need": "ldl_solve(LD, pivots, b, hermitian=True)",
    "out": "ldl_factor(a, out=(torch.zeros(1).double(), torch.zeros(1, dtype=torch.int32)))",
    "out of a solution": "ldl_solve(LD, pivots, b, out=torch.zeros(2, 4, 2).double())",
}


def given(torch):
    a = matrix(torch, 4, "real")
    LD, pivots = torch.linalg.ldl_factor(a)
    b = torch.arange(8.0, dtype=torch.float64).reshape(4, 2)
    return {"torch": torch, "a": a, "LD": LD, "pivots": pivots, "b": b}


@pytest.mark.parametrize("case", CALLS)
def test_calls(torch, case):
    return eval(f"torch.linalg.{CALLS[case]}", given(torch))


FAULTS = [
    "ldl_factor(a[0, 0])",
    "ldl_factor(a[0, :2])",
    "ldl_factor(a.long())",
    "ldl_factor(a.half())",
    "ldl_factor(1.0)",
    "ldl_factor([1.0])",
    "ldl_factor(a, True)",
    "ldl_factor(a, hermitian=1)",
    "ldl_factor(torch.zeros(2, 2))",
    "ldl_factor_ex(torch.zeros(2, 2), check_errors=True)",
    "ldl_factor_ex(a, check_errors=1)",
    "ldl_solve(LD, pivots, b[:, 0])",
    "ldl_solve(LD, pivots, b[:2])",
    "ldl_solve(LD, pivots.float(), b)",
    "ldl_solve(LD, pivots[:, :2], b)",
    "ldl_solve(LD, pivots[0], b)",
    "ldl_solve(LD, pivots * 0, b)",
    "ldl_solve(LD, pivots, b.float())",
    "ldl_solve(LD, pivots, b.long())",
    "ldl_solve(LD[:, :2], pivots, b)",
    "ldl_solve(LD, pivots, 1.0)",
    "ldl_solve(LD, pivots, b, True)",
    "ldl_solve(LD.half(), pivots, b.half())",
    "ldl_solve(LD, pivots, b.expand(3, 4, 2))",
]


@pytest.mark.parametrize("call", FAULTS)
def test_faults(torch, refused, call):
    names = given(torch)
    return refused(lambda: eval(f"torch.linalg.{call}", names), names["a"], names["LD"])

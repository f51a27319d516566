"""Matrices from reflections: `linalg.householder_product` and `orgqr`, their gradients and faults."""

import pytest


def given(torch, m=4, n=3, k=2, dtype="float64"):
    dtype = getattr(torch, dtype)
    A = (
        torch.sin(torch.arange(2 * m * n).double() * 1.3)
        .reshape(2, m, n)
        .to(dtype)
        .requires_grad_()
    )
    tau = torch.cos(torch.arange(2 * k).double()).reshape(2, k).to(dtype).requires_grad_()
    return A, tau


@pytest.mark.parametrize("sizes", [(4, 3, 2), (3, 3, 3), (4, 1, 1)])
@pytest.mark.parametrize("dtype", ["float64", "complex128", "float32"])
def test_products(torch, sizes, dtype):
    A, tau = given(torch, *sizes, dtype)
    made = torch.linalg.householder_product(A, tau)
    (made.abs() ** 2 * torch.arange(made.numel()).reshape(made.shape)).sum().backward()
    return made.detach(), A.grad, tau.grad


def test_spellings(torch):
    A, tau = given(torch)
    out = torch.empty(4, 3).double()
    torch.linalg.householder_product(A[0].detach(), tau[0].detach(), out=out)
    none = torch.linalg.householder_product(*(x.detach() for x in given(torch, 3, 2, 0)))
    return out, none, torch.orgqr(A[1], tau[1]).detach(), A.orgqr(tau).detach()


FAULTS = ["torch.ones(2, 3), torch.ones(2)", "torch.ones(3, 2), torch.ones(3)", "torch.ones(3), torch.ones(3)",
          "torch.ones(3, 2), torch.ones(2, 2)", "torch.ones(3, 2), torch.ones(2).double()", "3, torch.ones(2)",
          "torch.ones(3, 2, dtype=int), torch.ones(2, dtype=int)", "torch.ones(2, 3, 2), torch.ones(2)"]  # fmt: skip


@pytest.mark.parametrize("arguments", FAULTS)
def test_faults(torch, refused, arguments):
    return refused(lambda: eval(f"torch.linalg.householder_product({arguments})", {"torch": torch}))

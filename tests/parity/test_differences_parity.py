"""`torch.gradient` and `frexp` beyond PyTorch's op database: spacings, dtypes, special values, refusals."""

import pytest


def names(torch):
    y = torch.sin(torch.arange(12.0).double() ** 1.5).reshape(3, 4)
    return {
        "torch": torch, "y": y.requires_grad_(), "p": torch.tensor([1.0, 2.0, 4.0, 4.5]).requires_grad_(),
        "q": torch.tensor([0, 1, 3]), "nan": float("nan"), "inf": float("inf"),
    }  # fmt: skip


CALLS = [
    "y", "y, spacing=2", "y, spacing=(2, 3.0)", "y, spacing=(q, p)", "y, spacing=[q, p], edge_order=2", "y, dim=0",
    "y, dim=(-1, 0)", "y, dim=-1, spacing=(p,), edge_order=2", "y, dim=1, edge_order=2", "y, spacing=torch.tensor(2.0)",
    "y, dim=[]", "y[0, 0]", "y.detach().long()", "y.detach().long(), spacing=2.5", "y + 0j",
    "y.detach().half(), spacing=2.0",
    "y, spacing=1j", "y, spacing=0", "y, spacing=(2,), dim=(1,)", "y.float()", "y[:2], dim=0",
    "y, spacing=None, dim=None", "y[:2, :2], spacing=(q[:2], p[:2])", "y[:0], dim=1", "y.mT, spacing=(p, q)",
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_slopes(torch, call):
    given = names(torch)
    slopes = eval(f"torch.gradient({call})", given)
    total = sum((s * s.conj()).real.sum().float() for s in slopes) if slopes else given["y"].sum()
    if total.requires_grad:
        total.backward()
    return slopes, given["y"].grad, given["p"].grad, [s.dtype for s in slopes]


REFUSED = [
    "gradient(y, edge_order=3)", "gradient(y, dim=5)", "gradient(y, dim=(1, 1))", "gradient(y, dim=(1, -1))",
    "gradient(y, spacing=(1, 2, 3))", "gradient(y, spacing=(2,))", "gradient(y, spacing=[2.0, 3.0], dim=1)",
    "gradient(y[:, :1])", "gradient(y[:2], edge_order=2)", "gradient(y, spacing='a')", "gradient(y, spacing=p, dim=1)",
    "gradient(y, spacing=(p, 3.0))", "gradient(y, spacing=(p[None], p))", "gradient([1.0, 2.0])", "gradient(y > 0)",
    "gradient(y.detach().byte())", "frexp(q)", "frexp(y + 0j)", "frexp(3)", "frexp(y > 0)",
    "frexp(y.detach(), out=torch.ones(3, 4))", "frexp(y, out=(torch.ones(3, 4), torch.ones(3, 4).int()))",
    "frexp(y.detach(), out=(torch.ones(3, 4), torch.ones(3, 4).long()))",
    "frexp(y.detach(), out=(torch.ones(3, 4), torch.ones(3, 4).int()))",
]  # fmt: skip


@pytest.mark.parametrize("call", REFUSED)
def test_refusals(torch, refused, call):
    given = names(torch)
    return refused(lambda: eval(f"torch.{call}", given), given["y"], given["p"])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_mantissas_and_exponents(torch, dtype):
    inf, nan = float("inf"), float("nan")
    x = torch.tensor([0.0, -0.0, 1.0, -3.5, 1024.0, 0.3, 6e-8, inf, -inf, nan])
    x = x.to(getattr(torch, dtype)).requires_grad_()
    mantissa, exponent = torch.frexp(x)
    mantissa.sum().backward()
    return mantissa, exponent, x.grad, mantissa.grad_fn.name(), exponent.requires_grad


def test_the_named_result(torch):
    made = torch.tensor([3.0]).frexp()
    return repr(made), made.mantissa, made.exponent

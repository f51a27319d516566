"""gradcheck and gradgradcheck: what passes, what fails, and where they leave the generator."""

from __future__ import annotations

import pytest

FUNCTIONS = {
    "cube": (lambda torch, x: x**3, "float64"),
    "several": (lambda torch, x: (x * x, (x**2).sum()), "float64"),
    "times i": (lambda torch, x: x * 2j, "complex128"),
    "holomorphic": (lambda torch, x: x.exp() * x, "complex128"),
    "conjugate": (lambda torch, x: x.conj() * x * x, "complex128"),
    "length": (lambda torch, x: x.abs(), "complex128"),
    "to complex": (lambda torch, x: torch.complex(x * x, x.sin()), "float64"),
    "real part": (lambda torch, x: (x * x).real, "complex128"),
    "wrong": (lambda torch, x: x.detach() * x, "float64"),
    "wrong in the imaginary part": (
        lambda torch, x: torch.complex(x * x, x.detach() * x),
        "float64",
    ),
    "wrong and complex": (lambda torch, x: x.detach().conj() * x, "complex128"),
}


@pytest.mark.parametrize(
    "options", [{}, {"check_undefined_grad": False}, {"check_grad_dtypes": True}]
)
@pytest.mark.parametrize("checker", ["gradcheck", "gradgradcheck"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_checks(torch, caught, name, checker, options):
    function, dtype = FUNCTIONS[name]
    torch.manual_seed(3)
    x = torch.randn(3, dtype=getattr(torch, dtype), requires_grad=True)
    check = getattr(torch.autograd, checker)
    passed = caught(lambda: check(lambda x: function(torch, x), (x,), **options))
    return passed, torch.rand(2)


def test_given_cotangents_draw_nothing(torch):
    torch.manual_seed(0)
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    seed = torch.ones(2, dtype=torch.float64, requires_grad=True)
    passed = torch.autograd.gradgradcheck(lambda x: x**3, (x,), seed, fast_mode=False)
    return passed, torch.rand(1), torch.autograd.gradcheck(lambda x: x**3, (x,), fast_mode=True)


@pytest.mark.parametrize(
    "call",
    [
        "gradcheck(lambda x: x, (x,), check_backward_ad=False)",
        "gradgradcheck(lambda x: x, (x,), check_rev_over_rev=False)",
        "gradcheck(lambda x: x, (x.detach(),))",
        "gradcheck(lambda x: x, (x,), foo=1)",
    ],
)
def test_bad_options(torch, caught, call):
    x = torch.ones(2, dtype=torch.float64, requires_grad=True)
    return caught(lambda: eval(f"torch.autograd.{call}", {"torch": torch, "x": x}))

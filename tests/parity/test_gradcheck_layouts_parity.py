"""`gradcheck` and `gradgradcheck`: complex numbers on either side, inputs laid out by columns, wrong gradients."""

import pytest

FUNCTIONS = [
    "z.abs()", "z.real", "z.imag", "z * 2j", "z.conj() * z", "z.conj()", "z.exp()", "(z * z).real", "z.angle()",
    "torch.view_as_real(z)", "x ** 3", "x * 1j", "torch.complex(x, x * 2)", "x * z", "(x * z).imag", "x.mT @ x",
]  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("turned", [False, True])
def test_right_gradients_pass(torch, function, turned):
    x = torch.linspace(0.5, 2.0, 6).double().reshape(2, 3)
    z = torch.complex(x, 1.5 - x)
    x, z = (v.t().contiguous().t() if turned else v for v in (x, z))
    x, z = x.clone().requires_grad_(), z.clone().requires_grad_()

    def call(x, z):
        return eval(function, {"torch": torch, "x": x, "z": z}), x * 0.5, z * 0.5

    return torch.autograd.gradcheck(call, (x, z)), torch.autograd.gradgradcheck(call, (x, z))


WRONG = ["g", "2 * g.conj() * z", "g * z.imag", "0.5 * g * z.conj() * 2j"]


@pytest.mark.parametrize("rule", WRONG)
def test_wrong_gradients_of_complex_numbers_are_found(torch, refused, rule):
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, z):
            ctx.save_for_backward(z)
            return z * z

        @staticmethod
        def backward(ctx, g):
            (z,) = ctx.saved_tensors
            return eval(rule, {"g": g, "z": z})

    z = torch.complex(torch.ones(2).double(), torch.full((2,), 0.5).double()).requires_grad_()
    return refused(lambda: torch.autograd.gradcheck(Square.apply, (z,)), z)

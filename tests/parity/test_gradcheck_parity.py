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


def custom(torch, materialize=True, backward=None, jvp=None, forward=None):
    """A Function that doubles; what is given replaces a part of it."""

    class Custom(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(materialize)
            ctx.save_for_backward(x)
            ctx.save_for_forward(x)
            return x * 2 if forward is None else forward(x)

        @staticmethod
        def backward(ctx, g):
            return g * 2 if backward is None else backward(ctx.saved_tensors[0], g)

    if jvp is not None:
        Custom.jvp = staticmethod(lambda ctx, t: jvp(ctx.saved_tensors[0], t))
    return Custom.apply


def cube(torch, **parts):
    right = {
        "forward": lambda x: x**3,
        "backward": lambda x, g: 3 * x * x * g,
        "jvp": lambda x, t: 3 * x * x * t,
    }
    return custom(torch, **{**right, **parts})


CUSTOM = {
    "right": lambda torch: cube(torch),
    "without jvp": lambda torch: cube(torch, jvp=None),
    "wrong backward": lambda torch: cube(torch, backward=lambda x, g: 2 * x * x * g),
    "wrong jvp": lambda torch: cube(torch, jvp=lambda x, t: 2 * x * x * t),
    "wrong second derivative": lambda torch: cube(torch, backward=lambda x, g: 3 * x.detach() * x * g),
    "cut off second derivative": lambda torch: cube(torch, backward=lambda x, g: 3 * (x * x).detach() * g),
    "not a multiple": lambda torch: custom(torch, backward=lambda x, g: g * 0 + 2),
    "none is not taken": lambda torch: custom(torch, materialize=False),
    "none is answered": lambda torch: custom(
        torch, False, lambda x, g: torch.ones_like(x) if g is None else g * 2
    ),
    "none is passed on": lambda torch: custom(torch, False, lambda x, g: None if g is None else g * 2),
    "branches on a value": lambda torch: custom(
        torch, backward=lambda x, g: g * 3 if g.sum().item() > 1e9 else g * 2
    ),
    "asks for the rank": lambda torch: custom(torch, backward=lambda x, g: g * 2 if g.dim() == 1 else g),
    "several": lambda torch: lambda x: (x * x, x.sum()),
    "one is cut off": lambda torch: lambda x: (x * x, x.detach()),
    "depends on nothing": lambda torch: lambda x: torch.ones(2, dtype=torch.float64),
    "cut off": lambda torch: lambda x: x.detach() * 2,
    "empty": lambda torch: lambda x: x[:0],
    "complex": lambda torch: lambda x: torch.complex(x, x * x),
    "not smooth": lambda torch: lambda x: x.relu() + x.sort()[0],
    "nothing": lambda torch: lambda x: None,
}  # fmt: skip

FIRST = [
    {"check_forward_ad": True},
    {"check_forward_ad": True, "check_backward_ad": False},
    {"check_forward_ad": True, "check_undefined_grad": False},
    {"check_batched_grad": True},
    {"check_forward_ad": True, "check_batched_forward_grad": True},
    {"check_undefined_grad": False},
    {"masked": True},
    {"raise_exception": False},
    {"atol": 1.0},
    {"check_batched_grad": True, "check_backward_ad": False, "check_forward_ad": True},
    {"check_batched_forward_grad": True},
]

SECOND = [
    {},
    {"check_fwd_over_rev": True},
    {"check_fwd_over_rev": True, "check_rev_over_rev": False, "check_undefined_grad": False},
    {"check_fwd_over_rev": True, "check_rev_over_rev": False},
    {"check_batched_grad": True},
    {"gen_non_contig_grad_outputs": True},
    {"masked": True},
    {"raise_exception": False},
]


@pytest.mark.parametrize("options", FIRST, ids=lambda o: " ".join(f"{k}={v}" for k, v in o.items()))
@pytest.mark.parametrize("name", CUSTOM)
def test_what_each_option_finds(torch, caught, name, options):
    torch.manual_seed(0)
    x = torch.tensor([0.5, -1.2, 2.0], dtype=torch.float64, requires_grad=True)
    found = caught(lambda: torch.autograd.gradcheck(CUSTOM[name](torch), (x,), **options))
    return found, torch.rand(1)


@pytest.mark.parametrize(
    "options", SECOND, ids=lambda o: " ".join(f"{k}={v}" for k, v in o.items())
)
@pytest.mark.parametrize(
    "name", [n for n in CUSTOM if n not in ("depends on nothing", "cut off", "nothing")]
)
def test_what_each_option_finds_in_second_derivatives(torch, caught, name, options):
    torch.manual_seed(0)
    x = torch.tensor([0.5, -1.2, 2.0], dtype=torch.float64, requires_grad=True)
    found = caught(lambda: torch.autograd.gradgradcheck(CUSTOM[name](torch), (x,), **options))
    return found, torch.rand(1)

"""`torch.fft` beyond PyTorch's op database: nodes, strides, every argument, derivatives, refusals, frequencies."""

import pytest


def names(torch):
    x = torch.sin(torch.arange(48.0).double() ** 1.3).reshape(2, 4, 6).requires_grad_()
    y = torch.cos(torch.arange(48.0).double() ** 1.2).reshape(2, 4, 6)
    return {
        "torch": torch, "F": torch.fft, "x": x, "c": torch.complex(x.detach(), y).requires_grad_(),
        "i": torch.arange(12).reshape(3, 4), "b": torch.arange(5) > 2, "h": torch.ones(3, 4).half(),
        "bf": torch.ones(3, 4).bfloat16(), "s": torch.tensor(2.0), "none": torch.zeros(0, 3), "one": torch.ones(1),
    }  # fmt: skip


def weighed(torch, made):
    """A number that depends on every part of a result in its own way."""
    parts = torch.view_as_real(made.resolve_conj()) if made.is_complex() else made
    return (parts * torch.cos(torch.arange(parts.numel()).double()).reshape(parts.shape)).sum()


def chain(made):
    """The names of nodes from a result to the leaf."""
    node, found = made.grad_fn, []
    while node is not None:
        found.append(node.name())
        node = node.next_functions[0][0] if node.next_functions else None
    return found


ONE = [
    "",
    "n=4",
    "n=9",
    "n=1",
    "dim=0",
    "dim=-2, n=3",
    "norm='ortho'",
    "n=7, norm='forward'",
    "dim=1, norm='backward'",
]
SEVERAL = [
    "", "s=(3, 9)", "s=(-1, 5)", "dim=(0, 2)", "dim=(2, 0)", "s=(3,), dim=(1,)", "dim=(1, 2, 0)", "dim=1",
    "norm='ortho'", "s=(3, 8), dim=(2, 1), norm='forward'", "s=(1, 2), norm='backward'",
]  # fmt: skip
CALLS = [
    f"F.{name}({x}{', ' if how else ''}{how})"
    for functions, hows in (
        ("fft ifft rfft irfft hfft ihfft", ONE),
        ("fftn ifftn rfftn irfftn hfftn ihfftn fft2 ifft2 rfft2 irfft2 hfft2 ihfft2", SEVERAL),
    )
    for name in functions.split()
    for x in (["x"] if name.startswith(("rfft", "ihfft")) else ["x", "c"])
    for how in hows
]
MORE = [
    "F.fftn(c, s=2)", "F.fftn(c, dim=())", "F.fftn(c, s=())", "F.fftn(x, None, None)", "F.fftn(c, s=(2, 3, 4))",
    "F.fft2(c, dim=(0, 1, 2))", "F.fft(c.mT)", "F.fft(c.permute(2, 0, 1), dim=1)", "F.rfftn(x.permute(2, 0, 1))",
    "F.irfftn(c.permute(1, 2, 0), dim=(0, 2))", "F.ihfftn(x.mT)", "F.fft(x[:, ::2])", "F.irfft(c[0].expand(3, 4, 6))",
    "F.fft(input=x, n=None, dim=-1, norm=None)", "F.fftshift(x)", "F.ifftshift(c, dim=1)", "F.fftshift(c, (0, 2))",
    "F.ifftshift(x, dim=[0, 0])", "F.fft(x, torch.tensor(3))",
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS + MORE)
def test_values_nodes_strides_and_gradients(torch, call):
    given = names(torch)
    made = eval(call, given)
    weighed(torch, made).backward()
    return made, made.stride(), chain(made), given["x"].grad, given["c"].grad


@pytest.mark.parametrize(
    "call",
    [
        "F.fft(x)", "F.ifft(c, 5, norm='ortho')", "F.rfft(x, 7)", "F.rfft(x, 4, 1)", "F.irfft(c, 5)", "F.irfft(c)",
        "F.hfft(c)", "F.ihfft(x)", "F.fftn(c)", "F.rfftn(x, dim=(2, 1))", "F.irfftn(c, s=(3, 5))", "F.hfft2(c)",
        "F.ihfftn(x)", "F.fftshift(x)",
    ],
)  # fmt: skip
def test_second_derivatives_and_tangents(torch, call):
    given = names(torch)
    leaf = "c" if "c" in call.partition("(")[2] else "x"

    def f(z):
        made = eval(call, {**given, leaf: z})
        return weighed(torch, made * made.abs())

    z = given[leaf].detach().clone().requires_grad_()
    (first,) = torch.autograd.grad(f(z), z, create_graph=True)
    (second,) = torch.autograd.grad(weighed(torch, first), z)
    tangent = torch.func.jvp(
        lambda z: eval(call, {**given, leaf: z}), (z.detach(),), (z.detach() * 0.5,)
    )
    mapped = (
        torch.vmap(lambda z: torch.func.grad(f)(z.unsqueeze(0)))(z.detach())
        if "1)" not in call
        else None
    )
    return first, second, tangent, mapped


@pytest.mark.parametrize(
    "name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fftn", "irfft2", "rfft2"]
)
@pytest.mark.parametrize(
    "x", ["i", "i.int()", "i > 3", "i.float()", "i.double()", "i.to(torch.uint8)"]
)
def test_dtypes(torch, name, x):
    given = names(torch)
    made = eval(f"F.{name}({x})", given)
    torch.set_default_dtype(torch.float64)
    try:
        wide = eval(f"F.{name}({x})", given)
    finally:
        torch.set_default_dtype(torch.float32)
    return made.dtype, made, wide.dtype, wide


def test_complex64_stays_complex64(torch):
    c = torch.complex(torch.ones(3, 4), torch.zeros(3, 4)).requires_grad_()
    made = torch.fft.ifft2(torch.fft.fft(c))
    made.abs().sum().backward()
    return made.dtype, torch.fft.irfftn(c).dtype, c.grad.dtype, made.detach()


@pytest.mark.parametrize(
    "call", ["fft(x)", "rfftn(x)", "irfft(x)", "hfft2(x)", "ihfft(x, 3)", "fftn(x, dim=0)"]
)
def test_out(torch, call):
    x = torch.arange(12.0).reshape(3, 4)
    want = eval(f"torch.fft.{call}", {"torch": torch, "x": x})
    out = torch.zeros_like(want)
    made = eval(f"torch.fft.{call[:-1]}, out=out)", {"torch": torch, "x": x, "out": out})
    empty = torch.zeros(0, dtype=want.dtype)
    eval(f"torch.fft.{call[:-1]}, out=out)", {"torch": torch, "x": x, "out": empty})
    return made is out, out, empty


WRONG = [
    "n=0", "n=-1", "n=2.5", "n='a'", "n=True", "dim=3", "dim=-4", "dim=(0,)", "dim=None", "dim=True", "norm='x'",
    "norm=''", "norm=3", "out=3", "n=2, dim=5", "out=torch.zeros(2, 4, 6).long()",
]  # fmt: skip
WRONG_OF_SEVERAL = [
    "s=(0, 1)", "s=(-2, 1)", "dim=(0, 0)", "dim=(0, -3)", "dim=(0, 5)", "s=(1, 2, 3, 4)", "s=(1, 2), dim=(0,)",
    "s=(1,), dim=(0, 1)", "norm='x'", "norm=2", "s=(2.5, 1)", "s='ab'", "dim='a'", "dim=1.5", "dim=(True, 0)",
    "dim=[[0]]", "s=(2, 2), dim=(0, 0)",
]  # fmt: skip
REFUSED = [
    *(f"F.{name}({x}, {how})" for name, x in (("fft", "c"), ("ifft", "c"), ("rfft", "x"), ("irfft", "c"), ("hfft", "c"),
      ("ihfft", "x")) for how in WRONG),
    *(f"F.rfft(c, {how})" for how in WRONG if how != "out=3"),
    *(f"F.{name}({x}, {how})" for name, x in (("fftn", "c"), ("rfftn", "x"), ("irfftn", "c"), ("hfftn", "c"),
      ("ihfftn", "x"), ("fft2", "c"), ("irfft2", "c"), ("rfftn", "c")) for how in WRONG_OF_SEVERAL),
    *(f"F.{name}({x})" for name in "fft ifft rfft irfft hfft ihfft fftn rfftn irfftn hfftn ihfftn fft2 rfft2".split()
      for x in ("h", "bf", "3", "[1.0]", "")),
    *(f"F.{name}(s)" for name in "fft rfft irfft rfftn irfftn hfftn ihfftn fft2 fftshift".split()),
    *(f"F.{name}(none, dim=0)" for name in "fft rfft irfft hfft ihfft fftn rfftn irfftn hfftn ihfftn".split()),
    *(f"F.{name}(one)" for name in "irfft hfft irfftn hfftn fft2".split()),
    "F.rfft(c)", "F.ihfft(c)", "F.rfftn(c)", "F.ihfftn(c)", "F.rfft2(c)", "F.ihfft2(c)", "F.fft2(c, dim=None)",
    "F.rfftn(x, dim=())", "F.irfftn(c, s=())", "F.hfftn(c, dim=())", "F.ihfft2(x, dim=())",
    "F.fft(x, 4, 0, 'ortho', None)", "F.fftshift(x, dim=7)", "F.fftshift(x, dim='a')", "F.fftshift(x, (0, -5))",
    "F.fftshift(x, dim=())", "F.fftshift(x, dim=1.5)", "F.fftshift(x, dim=True)", "F.ifftshift(3)",
    "F.fftfreq(-1)", "F.fftfreq(4.0)", "F.fftfreq(4, dtype=torch.int64)", "F.fftfreq(4, dtype=torch.complex64)",
    "F.fftfreq(4, dtype=torch.bool)", "F.fftfreq(4, 'a')", "F.fftfreq(True)", "F.fftfreq(n=4, d=1 + 2j)",
    "F.fftfreq(4, out=torch.zeros(4).long())", "F.fftfreq(4, out=torch.zeros(4), dtype=torch.float64)",
    "F.rfftfreq(-4)", "F.rfftfreq(4, dtype=torch.int64)", "F.rfftfreq(4, dtype=torch.complex64)", "F.fftfreq()",
]  # fmt: skip


@pytest.mark.parametrize("call", REFUSED)
def test_refusals(torch, refused, call):
    given = names(torch)
    return refused(lambda: eval(call, given), given["x"], given["c"])


@pytest.mark.parametrize(
    "call",
    [
        "fftfreq(5)", "fftfreq(0)", "fftfreq(4, 0.5)", "fftfreq(4, 0)", "fftfreq(7, d=0.3, dtype=torch.float64)",
        "fftfreq(9, 0.7, dtype=torch.float16)", "fftfreq(9, 0.7, dtype=torch.bfloat16)", "fftfreq(4, d=2)",
        "fftfreq(4, True)", "fftfreq(4, torch.tensor(2.))", "fftfreq(torch.tensor(4))", "fftfreq(1000, 1e-3)",
        "fftfreq(4, out=torch.zeros(4, dtype=torch.float64))", "fftfreq(4, out=torch.zeros(0))",
        "fftfreq(3, device='cpu', layout=torch.strided, pin_memory=False)", "fftfreq(3, requires_grad=True)",
        "rfftfreq(5)", "rfftfreq(0)", "rfftfreq(8, 0.1)", "rfftfreq(4, 0)",
        "rfftfreq(9, 0.7, dtype=torch.float16)", "fftshift(torch.fft.fftfreq(6))", "fftshift(torch.arange(5) > 2)",
        "ifftshift(torch.arange(12).reshape(3, 4))", "fftshift(torch.zeros(0, 3))",
    ],
)  # fmt: skip
def test_frequencies_and_shifts(torch, call):
    made = eval(f"torch.fft.{call}", {"torch": torch})
    return made, made.requires_grad, repr(made)


def test_signs_of_zeros_are_printed_alike(torch):
    x = torch.tensor([1.0, 2.0, 3.0, 4.0])
    print(
        torch.fft.fft(x),
        torch.fft.ifft(x),
        torch.fft.rfft(x),
        torch.fft.ihfft(x),
        torch.fft.fft(x + 0j),
    )
    print(torch.fft.fft(x[:3]).real, torch.fft.fft(x[:1]), torch.fft.fft(x[:2]))


def test_a_subclass_is_asked(torch):
    asked = []

    class Noting(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            asked.append(torch.overrides.resolve_name(func))
            return super().__torch_function__(func, types, args, kwargs or {})

    x = torch.ones(4).as_subclass(Noting)
    kinds = [type(f(x)).__name__ for f in (torch.fft.fft, torch.fft.irfftn, torch.fft.fftshift)]
    return kinds, [name.replace("fft_", "") for name in asked if "fft" in name]

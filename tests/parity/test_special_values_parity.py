"""NaN, infinities, empty tensors, integers that wrap, and sums whose rounding shows."""

import pytest

HOLES = [[1.0, float("nan"), 3.0], [float("inf"), 2.0, -1.0], [-float("inf"), 0.0, -0.0]]
HOLE_EXPRESSIONS = [
    "h.max()", "h.min()", "h.max(0)", "h.min(1)", "h.amax(0)", "h.amin(1)", "h.argmax(1)",
    "torch.maximum(h, h.t())", "torch.minimum(h, h.t())", "torch.max(h, h.t())", "h.sum(0)",
    "h.mean(1)", "h.prod(1)", "h.relu()", "h.abs()", "h.sigmoid()", "h.tanh()", "h.exp()",
    "h.log()", "h.sqrt()", "h.sin()", "h**2", "h**0", "h**0.5", "h**-1", "2.0**h", "h / h", "1 / h",
    "h * 0", "h - h", "h == h", "h != h", "h < 1", "h >= h.t()", "h.isnan()", "h.isinf()",
    "h.softmax(0)", "h.softmax(1)", "h.log_softmax(1)", "h.logsumexp(1)",
    "torch.where(h > 0, h, 0.0)", "h.clamp(-1, 1)", "h @ h", "h.bool()", "h[h == h].sum()",
    "torch.full((2, 3), -float('inf')).logsumexp(1)", "torch.full((2,), -float('inf')).softmax(0)",
    "torch.full((2,), float('inf')).logsumexp(0)", "torch.floor(h)",
]  # fmt: skip
EMPTY_EXPRESSIONS = [
    "e.sum()", "e.sum(0)", "e.sum(1)", "e.mean()", "e.mean(0)", "e.prod()", "e.prod(0)",
    "e.max(1)[0]", "e.amax(1)", "e.softmax(0)", "e.softmax(1)", "e.logsumexp(0)", "e * 2",
    "e + torch.ones(3)", "e @ torch.ones(3, 2)", "e.t() @ e", "e.reshape(3, 0)", "e.view(-1)",
    "e.flatten()", "e.t()", "e.expand(2, 0, 3)", "e[:, 1]", "e[None]", "torch.cat([e, e])",
    "torch.cat([e, torch.ones(2, 3)])", "torch.stack([e, e])", "e.split(1)", "e.split(2, dim=1)",
    "e[torch.ones(0, dtype=torch.bool)]", "e[torch.zeros(0, dtype=torch.int64)]",
    "torch.where(e > 0, e, 1.0)", "e == e", "e.tolist()", "e.max(1).indices", "e.exp().log()",
    "torch.zeros(2, 0) @ torch.zeros(0, 3)", "torch.dot(torch.zeros(0), torch.zeros(0))",
    "torch.zeros(3, 0).sum(1)", "torch.zeros(3, 0).prod(1)", "torch.zeros(3, 0).logsumexp(1)",
]  # fmt: skip
INTEGER_EXPRESSIONS = [
    "i + 1", "i * i", "i - 5", "-i", "abs(i)", "i // 2", "i % 3", "i / 2", "i**2", "i**0",
    "i.sum()", "i.sum(0)", "i.prod()", "i.max()", "i.max(1)", "i.min(0)", "i.amax(1)", "i @ i.t()",
    "i.float().mean()", "i > 2", "i == i.t().t()", "i.t()", "i[0]", "i[i > 2]", "i.reshape(-1)",
    "torch.cat([i, i])", "torch.where(i > 2, i, 0)", "torch.maximum(i, -i)", "i.exp()", "i.relu()",
    "i.abs().sqrt()", "i.gather(1, torch.tensor([[2], [0]]))", "i.to(torch.uint8)",
    "(i * 100).to(torch.int8)", "i.to(torch.uint8) * 100", "i.to(torch.uint8) - 3",
    "i.to(torch.int8) * 100", "i.int() * 2**30", "i.bool()", "i.bool().sum()", "i.bool().sum(0)",
    "i.bool().float().mean()", "i.float() / i", "i.double() ** -1", "i.clone().add_(2)", "~i",
    "torch.dot(i[0], i[1])", "i.scatter_add(1, torch.tensor([[0], [1]]), i[:, :1])", "i.tolist()",
    "i.cumsum(1)", "torch.arange(5) ** 3", "2 ** torch.arange(5)",
]  # fmt: skip
LAYOUTS = {
    "transposed": "base.t()",
    "every second": "base[:, ::2]",
    "expanded": "base[:1].expand(3, 4)",
    "inner slice": "base[1:, 1:3]",
    "permuted": "base.reshape(3, 2, 2).permute(2, 0, 1)",
    "broadcast number": "torch.tensor(2.0, dtype=torch.float64).expand(2, 3)",
    "one column": "base[:, 2]",
}
LAYOUT_OPS = [
    "v.sum(0)", "v.exp()", "v * v", "v.softmax(0)", "v.max(0)", "v.reshape(-1)", "v.contiguous()",
    "v.clone()", "v.cumsum(0)", "v + 1", "v.prod(0)", "v.logsumexp(0)", "torch.cat([v, v])",
    "torch.stack([v, v])", "v[0]", "v.flatten()", "v @ v.mT if v.dim() > 1 else v @ v",
    "v.tolist()", "(v * 1).is_contiguous()",
]  # fmt: skip


@pytest.mark.parametrize("expression", HOLE_EXPRESSIONS)
def test_nan_and_infinity(torch, expression):
    return eval(expression, {"torch": torch}, {"h": torch.tensor(HOLES, dtype=torch.float64)})


@pytest.mark.parametrize("expression", EMPTY_EXPRESSIONS)
def test_empty(torch, expression):
    e = torch.zeros(0, 3, requires_grad=True)
    made = eval(expression, {"torch": torch}, {"e": e})
    grad = None
    if isinstance(made, torch.Tensor) and made.requires_grad:
        (grad,) = torch.autograd.grad(made, e, torch.ones_like(made))
    return made, grad


@pytest.mark.parametrize("expression", INTEGER_EXPRESSIONS)
def test_integers(torch, expression):
    return eval(expression, {"torch": torch}, {"i": torch.tensor([[3, -1, 2], [5, 7, -4]])})


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("expression", LAYOUT_OPS)
def test_layout_in_memory(torch, expression, layout):
    base = (torch.arange(12, dtype=torch.float64).reshape(3, 4) / 7).requires_grad_()
    view = eval(LAYOUTS[layout], {"torch": torch, "base": base})
    made = eval(expression, {"torch": torch}, {"v": view})
    first = made[0] if isinstance(made, tuple) else made
    if not isinstance(first, torch.Tensor) or not view.requires_grad:
        return [made]
    return made, torch.autograd.grad(first, base, torch.ones_like(first))


SIGNED_ZEROS = [
    "-torch.tensor(0.0)", "torch.tensor(-0.0).abs()", "torch.tensor(-0.0).sqrt()",
    "torch.tensor(-0.0).relu()", "torch.tensor(0.0) * -1", "torch.tensor(-0.0) + 0.0",
    "torch.tensor([-0.0, -0.0]).sum()", "torch.maximum(torch.tensor(-0.0), torch.tensor(0.0))",
    "torch.tensor([-0.0, 0.0]).max()",
]  # fmt: skip


@pytest.mark.parametrize("expression", SIGNED_ZEROS)
def test_sign_of_zero(torch, expression):
    made = eval(expression, {"torch": torch})
    return 1 / made, str(made)


LONG_SUMS = {
    "sum of a tenth": ("torch.full((1000003,), 0.1).sum()", 1000003),
    "mean of a tenth": ("torch.full((1000003,), 0.1).mean()", 1),
    "sum over rows": ("torch.full((300001, 2), 0.1).sum(0)", 300001),
    "sum over columns": ("torch.full((2, 300001), 0.1).sum(1)", 300001),
    "mean over rows": ("torch.full((300001, 2), 0.1).mean(0)", 1),
    "sum of a strided column": ("torch.full((300001, 2), 0.1)[:, 0].sum()", 300001),
    "sum over the outer dims": ("torch.full((400, 3, 500), 0.1).sum((0, 2))", 200000),
    "gradient of an added row": ("gradient(lambda b: (table + b).sum()) / 10", 200001),
    "gradient of a multiplied row": ("gradient(lambda b: (table * b).sum())", 200001),
    "gradient of an expanded row": ("gradient(lambda b: b.expand(200001, 2).sum()) / 10", 200001),
}


@pytest.mark.parametrize("name", LONG_SUMS)
def test_float32_rounding_of_a_long_sum(torch, name):
    # PyTorch's own last digits are not the aim: both must be within 4e-7 of the exact value.
    text, terms = LONG_SUMS[name]

    def gradient(f):
        b = torch.tensor([0.3, 0.7], requires_grad=True)
        f(b).backward()
        return b.grad

    scope = {"torch": torch, "gradient": gradient, "table": torch.full((200001, 2), 0.1)}
    exact = terms * torch.tensor(0.1).item()
    values = eval(text, scope).reshape(-1).tolist()
    return [abs(value - exact) <= 4e-7 * exact for value in values]


@pytest.mark.parametrize(
    "text",
    [
        "torch.where(x > 0, x.sqrt(), 0.0)",
        "torch.where(x > 0, x.log(), 0.0)",
        "torch.where(x > 0, 1 / x, x)",
        "torch.where(x > 0, x**0.5 * x.log(), x)",
        "torch.where(x > 0, x, torch.zeros_like(x)).sqrt()",
    ],
)
def test_selected_branch_has_its_derivative(torch, text):
    # Only the selected places are compared: at the others PyTorch's rules make 0 * inf = nan,
    # and Wengert promises exactly zero from an unselected branch.
    x = torch.tensor([-1.0, 0.0, 4.0, 2.0], dtype=torch.float64, requires_grad=True)
    value = eval(text, {"torch": torch}, {"x": x})
    (first,) = torch.autograd.grad(value.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first[2:].sum(), x)
    return value, first[2:], second[2:]


def test_complex_numbers_as_truth(torch):
    z = torch.tensor([0j, 1j, 1 + 0j, complex(0.0, float("nan")), complex(float("inf"), 0.0)])
    return (
        z.bool(),
        torch.logical_not(z),
        torch.logical_and(z, z),
        torch.logical_xor(z, 0j * z),
        z.to(torch.bool),
    )


def test_infinities_of_special_functions(torch):
    x = torch.tensor([float("inf"), float("-inf"), 0.0])
    z = torch.complex(x[:2].double(), torch.tensor([float("nan"), float("nan")]).double())
    return torch.lgamma(x), torch.special.spherical_bessel_j0(x), torch.exp2(z)


def test_similarity_of_vectors_that_broadcast_along_the_dimension(torch):
    x = torch.arange(6.0, dtype=torch.float64).reshape(1, 2, 3).requires_grad_()
    y = torch.tensor([[[1.0, 2.0, -1.0]], [[0.5, 0.0, 3.0]]], dtype=torch.float64)
    found = torch.nn.functional.cosine_similarity(x, y, dim=-2)
    return found, torch.autograd.grad(found.sum(), x)


def test_residuals_of_each_driver(torch):
    a, b = (torch.arange(12.0) ** 2 % 7).reshape(4, 3), torch.arange(8.0).reshape(4, 2).sin()
    return [
        torch.linalg.lstsq(a, b, driver=d).residuals
        for d in (None, "gels", "gelsy", "gelsd", "gelss")
    ]


def test_margins_of_whole_numbers(torch):
    x, y = torch.tensor([1, 2, 3]), torch.tensor([3, 2, 1])
    return torch.nn.functional.margin_ranking_loss(x, y, torch.tensor([1, -1, 1]), reduction="sum")

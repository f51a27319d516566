"""Factors before the tensors that they scale, an order of arguments that PyTorch still takes; and arguments by name."""

import warnings

import pytest

TAKEN = [
    "torch.add(x, 2, y)", "x.add(2, y)", "x.add_(2, y)", "torch.add(x, torch.tensor(2), y)", "torch.sub(x, 2, y)",
    "x.sub(2, y)", "x.sub_(2, y)", "torch.add(x, 2, 3)", "torch.addcmul(x, 2, y, y)", "x.addcmul(2, y, y)",
    "x.addcmul_(2, y, y)", "torch.addcdiv(x, 2, y, y)", "x.addcdiv(2, y, y)", "x.addcdiv_(2, y, y)",
    "torch.addmm(2, s, x, y.T)", "torch.addmm(2, s, 3, x, y.T)", "s.addmm(2, x, y.T)", "s.addmm(2, 3, x, y.T)",
    "s.addmm_(2, x, y.T)", "s.addmm_(2, 3, x, y.T)", "torch.addmv(2, s[0], s, s[0])", "s[0].addmv(2, 3, s, s[0])",
    "torch.addr(2, s, s[0], s[0])", "torch.addr(2, s, 3, s[0], s[0])", "s.addr(2, 3, s[0], s[0])",
    "torch.baddbmm(2, b, b, b)", "torch.baddbmm(2, b, 3, b, b)", "b.baddbmm(2, b, b)", "torch.addbmm(2, s, b, b)",
    "torch.addbmm(2, s, 3, b, b)", "s.addbmm(2, 3, b, b)",
    "torch.softmax(x, 0, torch.float64)", "x.log_softmax(0, torch.float64)",
]  # fmt: skip
REFUSED = [
    "torch.add(x, y, 2)", "torch.add(x, y, y)", "torch.add(x, 2, y, alpha=3)", "torch.add(x, 2, 3, 4)",
    "torch.add(x, g, y)", "x.add_('2', y)", "torch.addcmul(x, y, 2, y)", "torch.addcmul(x, y, y, 2)",
    "torch.addcmul(x, 2, y, y, value=3)", "torch.addmm(2, s, x, y.T, alpha=3)", "torch.addmm(s, x, y.T, 2)",
    "torch.addmm(2, 3, 4, s, x, y.T)", "torch.add(x, 2, y, y)", "torch.as_tensor([1], torch.float64)",
    "x.contiguous(torch.contiguous_format)", "x.is_contiguous(torch.contiguous_format)",
    "torch.argsort(x, 0, True, True)", "F.scaled_dot_product_attention(x, x, x, None, 0.0, False, 0.5)",
]  # fmt: skip


def given(torch):
    x = torch.tensor([[0.5, 1.5, -1.0], [2.0, 0.25, 3.0]])
    return {
        "torch": torch, "F": torch.nn.functional, "x": x, "y": torch.tensor([[0.25, 0.5, 0.75], [1.0, 2.0, 4.0]]),
        "s": torch.tensor([[2.0, 1.0], [1.0, 3.0]]), "b": torch.ones(2, 2, 2),
        "g": torch.tensor(2.0, requires_grad=True),
    }  # fmt: skip


@pytest.mark.parametrize("call", TAKEN)
def test_taken(torch, call):
    known = given(torch)
    return eval(call, known), known["x"], known["s"]


@pytest.mark.parametrize("call", REFUSED)
def test_refused(torch, refused, call):
    known = given(torch)
    return refused(lambda: eval(call, known), known["x"])


def test_the_gradient_is_that_of_the_usual_order(torch):
    x, y = (torch.tensor([[1.0, 2.0]], requires_grad=True) for _ in range(2))
    out = torch.addcmul(torch.add(x, 3, y), 2, x, y)
    return torch.autograd.grad(out.sum(), [x, y])


def test_warnings(torch):
    torch.set_warn_always(True)
    try:
        with warnings.catch_warnings(record=True) as given_warnings:
            warnings.simplefilter("always")
            known = given(torch)
            for call in (
                "x.add_(2, y)",
                "torch.addcmul(x, 2, y, y)",
                "torch.addmm(2, s, 3, x, y.T)",
            ):
                eval(call, known)
    finally:
        torch.set_warn_always(False)
    return [str(w.message).partition(":")[0] for w in given_warnings]


@pytest.mark.parametrize("replacement", [True, False])
def test_a_single_draw_of_multinomial(torch, replacement):
    weights = torch.tensor([[0.25, 0.5, 0.75], [0.1, 0.2, 0.3]])
    torch.manual_seed(3)
    drawn = [torch.multinomial(weights, 1, replacement) for _ in range(8)]
    return torch.cat(drawn), torch.rand(2)

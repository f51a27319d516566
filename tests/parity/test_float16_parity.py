"""Products of float16 beside PyTorch's: computed in float32 and rounded once, with gradients likewise."""

import numpy as np
import pytest

PRODUCTS = {
    "mm": ("torch.mm(*given)", (17, 33), (33, 9)),
    "a matrix and a vector": ("torch.mv(*given)", (17, 33), (33,)),
    "dot": ("torch.dot(*given)", (33,), (33,)),
    "a vector and a matrix": ("given[0] @ given[1]", (33,), (33, 9)),
    "a vector and a stack": ("given[0] @ given[1]", (33,), (3, 33, 9)),
    "bmm": ("torch.bmm(*given)", (3, 17, 33), (3, 33, 9)),
    "a stack and a matrix": ("given[0] @ given[1]", (3, 17, 33), (33, 9)),
    "a stack and a vector": ("given[0] @ given[1]", (3, 17, 33), (33,)),
    "addmm": ("torch.addmm(*given, beta=0.5, alpha=2)", (9,), (17, 33), (33, 9)),
    "addmv": ("torch.addmv(*given)", (17,), (17, 33), (33,)),
    "addbmm": ("torch.addbmm(*given)", (17, 9), (3, 17, 33), (3, 33, 9)),
    "baddbmm": ("torch.baddbmm(*given, alpha=2)", (9,), (3, 17, 33), (3, 33, 9)),
    "einsum": ("torch.einsum('bij,bjk->ik', *given)", (3, 17, 33), (3, 33, 9)),
    "linear": ("torch.nn.functional.linear(*given)", (17, 33), (9, 33), (9,)),
    "linear of a stack": ("torch.nn.functional.linear(*given)", (3, 17, 33), (9, 33), (9,)),
    "conv1d": ("torch.nn.functional.conv1d(*given, stride=2)", (2, 4, 20), (6, 4, 3), (6,)),
    "conv2d": ("torch.nn.functional.conv2d(*given, padding=1)", (2, 4, 9, 9), (6, 4, 3, 3), (6,)),
    "conv of groups": ("torch.nn.functional.conv2d(*given, groups=2)", (2, 4, 9, 9), (6, 2, 3, 3)),
    "transposed": ("torch.nn.functional.conv_transpose2d(*given)", (2, 6, 7, 7), (6, 4, 3, 3)),
}  # fmt: skip


@pytest.mark.parametrize("name", PRODUCTS)
def test_products(torch, name):
    text, *shapes = PRODUCTS[name]
    rng = np.random.default_rng(0)
    # Halves have few digits: what either library adds up in float32 is the same number.
    halves = [np.round(rng.standard_normal(shape) * 2) / 2 for shape in shapes]
    given = [torch.from_numpy(x.astype(np.float16)).requires_grad_() for x in halves]
    out = eval(text, {"torch": torch, "given": given})
    return out, torch.autograd.grad(out, given, torch.ones_like(out))


@pytest.mark.parametrize("call", ["F.linear(x, w, b)", "torch.addmm(b, x, w.T)", "x @ w.T * 0.5"])
def test_a_sum_beyond_the_range_of_float16_is_rounded_when_all_is_in_it(torch, call):
    x = torch.tensor([[250.0, 250.0]], dtype=torch.float16)
    w = torch.tensor([[140.0, 140.0]], dtype=torch.float16)
    b = torch.tensor([-10000.0], dtype=torch.float16)
    return eval(call, {"torch": torch, "F": torch.nn.functional, "x": x, "w": w, "b": b})


def test_integers_of_16_bits_wrap_around(torch):
    x = torch.full((2, 3), 200, dtype=torch.int16)
    return x @ x.T, torch.mv(x, x[0]), torch.addmm(x[:, :2], x, x.T), torch.dot(x[0], x[0])

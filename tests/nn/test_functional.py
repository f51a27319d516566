"""`nn.functional` where Wengert goes its own way: limits where PyTorch has NaN, errors, masks."""

import math

import pytest

import wengert as torch

F = torch.nn.functional
INF = math.inf


@pytest.mark.parametrize(
    ("name", "slopes"), [("mish", [1.0]), ("softsign", [0.0, 0.0]), ("tanhshrink", [1.0, 1.0])]
)
def test_slopes_at_infinity_are_limits(name, slopes):
    x = torch.tensor([INF, -INF][: len(slopes)], requires_grad=True)
    getattr(F, name)(x).sum().backward()
    assert x.grad.tolist() == pytest.approx(slopes)


@pytest.mark.parametrize("size", [3, 100, 5000, 40000])
def test_gelu_is_as_exact_as_float32_at_every_size(size):
    x = torch.linspace(-6.0, 6.0, size)
    exact = F.gelu(x.double())
    assert (F.gelu(x) - exact).abs().max() < 1e-6


@pytest.mark.parametrize(
    "name", ["relu6", "hardshrink", "softshrink", "hardsigmoid", "hardswish", "hardtanh"]
)
def test_what_is_passed_over_gives_exact_zeros(name):
    x = torch.tensor([0.0, -1.0], requires_grad=True)
    below = (
        torch.sqrt(x * 0.0) - 10.0
        if name in ("relu6", "hardsigmoid", "hardswish", "hardtanh")
        else torch.sqrt(x * 0.0)
    )
    getattr(F, name)(below).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0]


def test_max_pool_gives_exact_zeros_to_the_losers():
    x = torch.tensor([[0.0, 4.0]], requires_grad=True)
    F.max_pool1d(torch.sqrt(x), 2).sum().backward()
    assert x.grad.tolist() == [[0.0, 0.25]]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda x: F.cross_entropy(x, torch.tensor([3, 0])),
            IndexError,
            "Target 3 is out of bounds: there are 3 classes",
        ),
        (
            lambda x: F.dropout(x, 2.0),
            ValueError,
            "dropout probability has to be between 0 and 1, but got 2.0",
        ),
        (lambda x: F.max_pool1d(x, 9), RuntimeError, "Use a smaller kernel, or padding"),
        (
            lambda x: F.binary_cross_entropy_with_logits(x, x.long()),
            RuntimeError,
            r"target.to\(input.dtype\)",
        ),
        (
            lambda x: F.binary_cross_entropy(x + 2, x),
            RuntimeError,
            "binary_cross_entropy_with_logits",
        ),
        (
            lambda x: F.nll_loss(x, torch.tensor([0.0, 1.0])),
            RuntimeError,
            "Use `target.long\\(\\)`",
        ),
        (lambda x: F.mse_loss(x, x, reduction="all"), ValueError, "use 'mean', 'sum' or 'none'"),
        (lambda x: F.gelu(x.long()), NotImplementedError, "gelu"),
        (lambda x: F.max_unpool1d(x, x.long() + 90, 2), RuntimeError, "Give an `output_size`"),
        (lambda x: F.interpolate(x[None], 4, mode="bilinear"), NotImplementedError, "got bilinear"),
    ],
)
def test_errors_say_what_to_do(call, error, words):
    with pytest.raises(error, match=words):
        call(torch.zeros(2, 3))


@pytest.mark.parametrize(
    ("x", "bias", "words"),
    [
        (
            torch.ones(2, 3).double(),
            torch.ones(2),
            r"input and weight .*float64 and torch.float32.*module",
        ),
        (
            torch.ones(2, 3).long(),
            torch.ones(2),
            r"input and weight .*int64 and torch.float32.*float32\)`\.$",
        ),
        (
            torch.ones(3),
            torch.ones(2).double(),
            r"linear: input and bias .*float32 and torch.float64",
        ),
    ],
)
def test_linear_names_the_operand_of_another_dtype(x, bias, words):
    with pytest.raises(RuntimeError, match=words):
        torch.nn.functional.linear(x, torch.ones(2, 3), bias)

"""`torch.gradient` and `frexp`: words of errors, parabolas, transforms."""

import pytest

import wengert as torch

Y, PLACES = torch.ones(3, 4), torch.tensor([0.0, 1.0, 3.0, 4.0])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: torch.gradient(Y, edge_order=3), RuntimeError, "edge_order=1 and edge_order=2, but got 3"),
        (lambda: torch.gradient(Y, dim=(1, -1)), RuntimeError, "dim 1 appears multiple times"),
        (lambda: torch.gradient(Y, spacing=(1.0,)), RuntimeError, r"self.dim\(\) = 2.*got a spacing of length 1"),
        (lambda: torch.gradient(Y, spacing=(1, 2), dim=0), RuntimeError, r"the same length \(1\)"),
        (lambda: torch.gradient(Y, spacing=PLACES, dim=1), TypeError, r"Use `spacing=\(places,\)`"),
        (lambda: torch.gradient(Y, spacing="1"), TypeError, "spacing must be a number, .* not str"),
        (lambda: torch.gradient(Y, spacing=(PLACES, 1.0)), TypeError, "all be numbers or all be vectors"),
        (lambda: torch.gradient(Y, spacing=(PLACES, PLACES)), RuntimeError, "has 4 places, and its dimension 3"),
        (lambda: torch.gradient(Y, spacing=(PLACES[None], PLACES)), RuntimeError, "an element with 2 dimensions"),
        (lambda: torch.gradient(Y[:2], edge_order=2), RuntimeError, r"= 3, but dimension 0 of .* has size 2"),
        (lambda: torch.gradient(Y.byte()), RuntimeError, r"torch.uint8 input.*Use `input.long\(\)`"),
        (lambda: torch.frexp(Y.int()), RuntimeError, r"only supports floating-point.*Use `input.float\(\)`"),
    ],
)  # fmt: skip
def test_errors_say_what_to_do(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_the_slope_of_a_parabola_is_exact_on_any_grid():
    slope = torch.gradient(PLACES**2, spacing=(PLACES,), edge_order=2)[0]
    torch.testing.assert_close(slope, 2 * PLACES)
    even = torch.arange(5.0)
    torch.testing.assert_close(torch.gradient(even**2, edge_order=2)[0], 2 * even)


def test_places_have_a_gradient():
    y = torch.sin(PLACES.double()).requires_grad_()
    places = PLACES.double().requires_grad_()

    def slope(y, places):
        return torch.gradient(y, spacing=(places,), edge_order=2)[0]

    assert torch.autograd.gradcheck(slope, (y, places))
    assert torch.autograd.gradgradcheck(slope, (y, places))


def test_a_mantissa_and_its_exponent_make_the_number():
    x = torch.randn(5, 3)
    mantissa, exponent = torch.frexp(x)
    assert torch.equal(torch.ldexp(mantissa, exponent), x)
    assert exponent.dtype == torch.int32
    rows = torch.func.vmap(lambda row: tuple(torch.frexp(row)))(x)
    assert torch.equal(rows[0], mantissa)
    assert torch.equal(rows[1], exponent)

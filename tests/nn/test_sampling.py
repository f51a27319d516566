"""`grid_sample`: the words of its errors, float16, and images that are not numbers where nothing is read."""

import math

import pytest

import wengert as torch

F = torch.nn.functional
IMAGE, PLACES = torch.ones(1, 2, 3, 4), torch.zeros(1, 1, 2, 2)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: F.grid_sample(IMAGE, PLACES, "linear"),
            ValueError,
            "'bicubic', but got: 'linear'",
        ),
        (
            lambda: F.grid_sample(IMAGE, PLACES, padding_mode="same"),
            ValueError,
            "'reflection', but got: 'same'",
        ),
        (
            lambda: F.grid_sample(IMAGE[0], PLACES, align_corners=True),
            RuntimeError,
            r"sizes \[2, 3, 4\].*Use `unsqueeze\(0\)` for a single image",
        ),
        (
            lambda: F.grid_sample(IMAGE, PLACES[0], align_corners=True),
            RuntimeError,
            r"same number of dimensions, but got .* \[1, 2, 3, 4\] and grid with sizes \[1, 2, 2\]",
        ),
        (
            lambda: F.grid_sample(IMAGE.expand(2, 2, 3, 4), PLACES, align_corners=True),
            RuntimeError,
            r"same batch size.*Use `grid.expand`",
        ),
        (
            lambda: F.grid_sample(IMAGE, PLACES[..., :1], align_corners=True),
            RuntimeError,
            "size 2 in last dimension, a coordinate for each axis",
        ),
        (
            lambda: F.grid_sample(IMAGE[:, :, :0], PLACES, align_corners=True),
            RuntimeError,
            r"non-empty spatial dimensions, but input has sizes \[1, 2, 0, 4\]",
        ),
        (
            lambda: F.grid_sample(
                IMAGE[None], torch.zeros(1, 1, 1, 1, 3), "bicubic", "zeros", True
            ),
            RuntimeError,
            "Use mode='bilinear'",
        ),
        (
            lambda: F.grid_sample(IMAGE, PLACES.double(), align_corners=True),
            RuntimeError,
            r"torch.float32 and torch.float64. Use `grid.to\(input.dtype\)`",
        ),
        (
            lambda: torch.grid_sampler(IMAGE, PLACES, 3, 0, True),
            ValueError,
            r"interpolation_mode must be one of 0 \(bilinear\), .* but is 3",
        ),
        (
            lambda: torch.grid_sampler_3d(IMAGE, PLACES, 0, 0, True),
            RuntimeError,
            "grid_sampler_3d: expected a 5D input",
        ),
        (
            lambda: F.affine_grid(torch.ones(1, 2, 3).long(), (1, 1, 2, 2)),
            ValueError,
            r"Use `theta.float\(\)`",
        ),
        (
            lambda: torch.affine_grid_generator(torch.ones(1, 2, 3), (2, 1, 2, 2), True),
            RuntimeError,
            r"expected theta of shape \[2, 2, 3\] for size \[2, 1, 2, 2\], but got \[1, 2, 3\]",
        ),
    ],
)
def test_errors_say_what_to_do(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_corners_that_are_not_said_are_warned_of():
    with pytest.warns(
        UserWarning,
        match=r"Default grid_sample and .*: pass align_corners=False, or True",
    ):
        F.grid_sample(IMAGE, PLACES)


def test_what_lies_outside_is_not_read():
    """A place beyond the end reads zeros there, whatever the image holds at its other end."""
    image = torch.tensor([[[[math.nan, 1.0, 2.0]]]], requires_grad=True)
    places = torch.tensor([[[[1.2, 0.0]]]], requires_grad=True)
    read = F.grid_sample(image, places, align_corners=True)
    read.backward()
    torch.testing.assert_close(read, torch.tensor([[[[1.6]]]]))
    torch.testing.assert_close(image.grad, torch.tensor([[[[0.0, 0.0, 0.8]]]]))
    torch.testing.assert_close(places.grad, torch.tensor([[[[-2.0, 0.0]]]]))


def test_float16_is_computed_in_float32():
    image = torch.linspace(0.0, 1.0, 12).reshape(1, 1, 3, 4).half().requires_grad_()
    places = torch.linspace(-1.0, 1.0, 8).reshape(1, 2, 2, 2).half().requires_grad_()
    read = F.grid_sample(image, places, align_corners=False)
    wide = F.grid_sample(image.float(), places.float(), align_corners=False)
    assert torch.equal(read, wide.half())
    read.sum().backward()
    assert image.grad.dtype == places.grad.dtype == torch.float16


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_derivatives_to_second_order(mode):
    image = torch.sin(torch.arange(24.0)).reshape(1, 2, 3, 4).double().requires_grad_()
    places = (torch.cos(torch.arange(8.0)) * 0.7).reshape(1, 2, 2, 2).double().requires_grad_()

    def read(image, places):
        return F.grid_sample(image, places, mode, "reflection", False)

    assert torch.autograd.gradcheck(read, (image, places))
    assert torch.autograd.gradgradcheck(read, (image, places))

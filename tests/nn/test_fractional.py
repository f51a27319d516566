"""The words of fractional max pooling's errors, and vmap."""

import pytest

import wengert as torch

F = torch.nn.functional
IMAGE = torch.zeros(1, 2, 5, 6)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: F.fractional_max_pool2d(IMAGE, 2), ValueError, "either an output_size or an output_ratio"),
        (
            lambda: F.fractional_max_pool2d(IMAGE, 2, 5),
            RuntimeError,
            r"5 windows of size 2 do not fit in a size of 5, of input \[1, 2, 5, 6\]. There is room for 4",
        ),
        (lambda: F.fractional_max_pool2d(IMAGE, 2, output_ratio=(0.5,)), ValueError, "tuple of 2 numbers"),
        (
            lambda: F.fractional_max_pool2d(IMAGE, 2, 3, _random_samples=torch.rand(1, 2, 3)),
            RuntimeError,
            r"of shape \[1, 2, 2\], a number for each axis of each image, but got \[1, 2, 3\]",
        ),
        (
            lambda: F.fractional_max_pool2d(IMAGE, 2, 3, _random_samples=torch.rand(1, 2, 2).double()),
            RuntimeError,
            "same dtype as input, torch.float32, but got torch.float64",
        ),
        (lambda: torch.nn.FractionalMaxPool2d(2), ValueError, "an output size, or a pooling ratio"),
        (lambda: torch.nn.FractionalMaxPool2d(2, 3, 0.5), ValueError, "only one of output_size"),
        (lambda: torch.nn.FractionalMaxPool3d(2, output_ratio=2), ValueError, r"between 0 and 1 \(got 2\)"),
    ],
)  # fmt: skip
def test_errors_say_what_to_do(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_vmap_with_given_numbers():
    images, drawn = torch.randn(3, 1, 2, 5, 6), torch.rand(3, 1, 2, 2)

    def pooled(image, samples):
        return F.fractional_max_pool2d(image, 2, 3, return_indices=True, _random_samples=samples)

    values, at = torch.func.vmap(pooled)(images, drawn)
    for i in range(3):
        one, places = pooled(images[i], drawn[i])
        assert torch.equal(values[i], one)
        assert torch.equal(at[i], places)

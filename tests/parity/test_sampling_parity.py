"""`grid_sample` and `affine_grid` beyond PyTorch's op database: every mode, names, odd places, refusals."""

import itertools
import warnings

import pytest

MODES = [
    (mode, padding, align, rank)
    for mode, padding, align, rank in itertools.product(
        ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection"), (False, True), (2, 3)
    )
    if (mode, rank) != ("bicubic", 3)
]
SIZES = (4, 5, 3)


def waves(torch, *shape, step=1.0):
    count = 1
    for n in shape:
        count *= n
    return torch.sin(torch.arange(count).double() ** 1.5 * step).reshape(shape)


@pytest.mark.parametrize(("mode", "padding", "align", "rank"), MODES)
def test_values_and_both_gradients(torch, mode, padding, align, rank):
    image = waves(torch, 2, 3, *SIZES[:rank]).requires_grad_()
    places = (waves(torch, 2, 3, 4, 2, rank, step=0.7) * 2.3).requires_grad_()
    places = places if rank == 3 else (waves(torch, 2, 3, 8, 2) * 2.3).requires_grad_()
    read = torch.nn.functional.grid_sample(image, places, mode, padding, align)
    (read * read).sum().backward()
    return read, image.grad, places.grad, read.grad_fn.name(), read.stride()


@pytest.mark.parametrize(("mode", "padding"), [("nearest", "zeros"), ("nearest", "border"), ("bilinear", "border"),
    ("bilinear", "reflection"), ("bilinear", "zeros"), ("bicubic", "zeros")])  # fmt: skip
def test_places_that_are_no_numbers_or_far_away(torch, mode, padding):
    nan, inf = float("nan"), float("inf")
    x = torch.tensor([nan, inf, -inf, 1e20, -3.0, 2.0, 0.2, 5.3])
    y = torch.tensor([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, nan, -7.1])
    image = torch.arange(12.0).reshape(1, 1, 3, 4)
    places = torch.stack([x, y], 1).reshape(1, 1, 8, 2)
    return torch.nn.functional.grid_sample(image, places, mode, padding, align_corners=False)


@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize("size", [(2, 1, 3, 4), (2, 1, 1, 5), (2, 3, 2, 1, 4)])
def test_affine_grid(torch, size, align):
    rank = len(size) - 2
    theta = waves(torch, 2, rank, rank + 1).requires_grad_()
    grid = torch.nn.functional.affine_grid(theta, size, align)
    (grid * grid).sum().backward()
    return grid, theta.grad, grid.grad_fn.name(), grid.stride()


@pytest.mark.parametrize("call", ["grid_sample(im, at)", "affine_grid(theta, im.shape)"])
def test_corners_that_are_not_said_are_warned_of(torch, call):
    given = names(torch)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        out = eval(f"F.{call}", given)
    return out, [issubclass(w.category, UserWarning) for w in seen]


def names(torch):
    return {
        "torch": torch, "F": torch.nn.functional, "im": waves(torch, 1, 2, 3, 4), "at": waves(torch, 1, 2, 2, 2),
        "theta": waves(torch, 1, 2, 3),
    }  # fmt: skip


SHAPES = ["im[:0], at[:0]", "im[:, :0], at", "im, at[:, :0]", "im.float(), at.float()"]


@pytest.mark.parametrize("call", SHAPES)
def test_empty_and_other_shapes(torch, call):
    return eval(f"F.grid_sample({call}, align_corners=True)", names(torch))


NUMBERED = ["grid_sampler(im, at, 1, 2, True)", "grid_sampler_2d(im, at, 2, 1, False)",
    "grid_sampler_3d(im[None], torch.zeros(1, 1, 1, 1, 3).double(), 0, 0, False)"]  # fmt: skip


@pytest.mark.parametrize("call", NUMBERED)
def test_modes_by_their_numbers(torch, call):
    return eval(f"torch.{call}", names(torch))


REFUSED = [
    "grid_sample(im, at, mode='linear')", "grid_sample(im, at, padding_mode='circular')",
    "grid_sample(im, at.float(), align_corners=False)", "grid_sample(im[0], at, align_corners=False)",
    "grid_sample(im, at[0], align_corners=False)", "grid_sample(im, at.repeat(2, 1, 1, 1), align_corners=False)",
    "grid_sample(im, at[..., :1], align_corners=False)", "grid_sample(im[:, :, :0], at, align_corners=False)",
    "grid_sample(im.long(), at.long(), align_corners=False)", "grid_sample([1.], at, align_corners=False)",
    "grid_sample(im[None], torch.zeros(1, 1, 1, 1, 3), mode='bicubic', align_corners=False)",
    "affine_grid(theta, (1, 1, 2))", "affine_grid(theta, (1, 1, 0, 2))", "affine_grid(theta[..., :2], (1, 1, 2, 2))",
    "affine_grid(theta.long(), (1, 1, 2, 2))", "affine_grid(theta, (1, 1, 2, 2, 2))",
    "affine_grid(theta, (2, 1, 2, 2), align_corners=True)",
]  # fmt: skip


@pytest.mark.parametrize("call", REFUSED)
def test_refusals(torch, refused, call):
    given = names(torch)
    return refused(lambda: eval(f"F.{call}", given), given["im"], given["at"], given["theta"])

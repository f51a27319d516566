"""Fractional max pooling with PyTorch's numbers for the same seed, positions, gradients, refusals."""

import pytest


def names(torch):
    torch.manual_seed(3)
    return {
        "torch": torch, "F": torch.nn.functional, "nn": torch.nn, "half": torch.full((2, 3, 2), 0.5).double(),
        "x": torch.sin(torch.arange(432.0).double() ** 1.5).reshape(2, 3, 8, 9).requires_grad_(),
        "v": torch.sin(torch.arange(1260.0).double() ** 1.5).reshape(2, 3, 5, 6, 7).requires_grad_(),
    }  # fmt: skip


CALLS = [
    "F.fractional_max_pool2d(x, 2, output_size=3)", "F.fractional_max_pool2d(x, 2, (3, 4), return_indices=True)",
    "F.fractional_max_pool2d(x, (2, 3), output_ratio=(0.5, 0.6))", "F.fractional_max_pool2d(x[0], 2, 3)",
    "F.fractional_max_pool2d(x, 2, 3, _random_samples=half)", "F.fractional_max_pool2d(x, 2, 7)",
    "F.fractional_max_pool2d(x, 3, 1, return_indices=True)", "F.fractional_max_pool2d(x, 2, 0)",
    "F.fractional_max_pool2d(x.float(), 2, 5)", "F.fractional_max_pool2d(x[:1], 2, 3, _random_samples=half)",
    "F.fractional_max_pool2d(x[:0], 2, 3)", "F.fractional_max_pool2d_with_indices(x, 2, 3)",
    "F.fractional_max_pool2d(x, 2, 3, 0.5)", "F.fractional_max_pool3d(v, 2, 3)",
    "F.fractional_max_pool3d(v, (2, 3, 1), (2, 3, 4), return_indices=True)",
    "F.fractional_max_pool3d(v, (2, 3, 2), output_ratio=(0.5, 0.5, 0.6))", "F.fractional_max_pool3d(v[0], 2, 3)",
    "F.fractional_max_pool3d(v, 2, output_ratio=0.5)", "F.fractional_max_pool3d_with_indices(v.float(), 2, 3)",
    "nn.FractionalMaxPool2d(2, 3, return_indices=True)(x)", "nn.FractionalMaxPool3d(2, output_ratio=0.5)(v)",
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_values_positions_and_gradients(torch, call):
    given = names(torch)
    out = eval(call, given)
    values = out[0] if isinstance(out, tuple) else out
    (values * values).sum().backward()
    return out, given["x"].grad, given["v"].grad, values.grad_fn.name(), torch.rand(1)


def test_the_layer_keeps_its_numbers(torch):
    layer = torch.nn.FractionalMaxPool2d(2, 3, _random_samples=names(torch)["half"])
    return repr(layer), layer.state_dict(), layer.kernel_size, layer.output_size, layer.output_ratio


REFUSED = [
    "F.fractional_max_pool2d(x, 2)", "F.fractional_max_pool2d(x, 20, 3)", "F.fractional_max_pool2d(x, 2, 8)",
    "F.fractional_max_pool2d(x.long(), 2, 3)", "F.fractional_max_pool2d(x, 2, 3, _random_samples=half.float())",
    "F.fractional_max_pool2d(x, 2, 3, _random_samples=half[:1])", "F.fractional_max_pool2d(x, (1, 2, 3), 3)",
    "F.fractional_max_pool2d(x, 2, 3, _random_samples=half[..., :1])", "F.fractional_max_pool2d(x[:, :0], 2, 3)",
    "F.fractional_max_pool2d(x[:, :, :0], 2, 3)", "F.fractional_max_pool2d(x, 2, (1, 2, 3))",
    "F.fractional_max_pool2d(x, 2.5, 3)", "F.fractional_max_pool3d(v, 2)", "F.fractional_max_pool3d(v, 20, 3)",
    "F.fractional_max_pool3d(v, 2, 3, _random_samples=half)", "nn.FractionalMaxPool2d(2)",
    "nn.FractionalMaxPool2d(2, 3, 0.5)", "nn.FractionalMaxPool2d(2, output_ratio=1.5)",
    "nn.FractionalMaxPool3d(2, output_ratio=(0.5, 0, 0.1))", "nn.FractionalMaxPool3d(2)",
]  # fmt: skip


@pytest.mark.parametrize("call", REFUSED)
def test_refusals(torch, refused, call):
    given = names(torch)
    return refused(lambda: eval(call, given), given["x"], given["v"])

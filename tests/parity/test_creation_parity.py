"""Creation, conversion and reading of values: one expression is one program."""

import numpy as np
import pytest

CREATION = [
    "torch.tensor(3)",
    "torch.tensor(3.5)",
    "torch.tensor(True)",
    "torch.tensor(1 + 2j)",
    "torch.tensor([])",
    "torch.tensor([[], []])",
    "torch.tensor([1, 2, 3])",
    "torch.tensor([1, 2.5])",
    "torch.tensor([True, False])",
    "torch.tensor([True, 2])",
    "torch.tensor([1, 2j])",
    "torch.tensor((1.0, 2.0))",
    "torch.tensor([[1.0, 2.0], (3.0, 4.0)])",
    "torch.tensor([1, 2], dtype=torch.float64)",
    "torch.tensor([1.9, -1.9], dtype=torch.int64)",
    "torch.tensor([0.0, 0.5], dtype=torch.bool)",
    "torch.tensor([1.0], dtype=torch.complex128)",
    "torch.tensor(np.arange(3))",
    "torch.tensor(np.arange(3.0))",
    "torch.tensor(np.float32(2.5))",
    "torch.tensor(np.arange(6, dtype=np.int16).reshape(2, 3))",
    "torch.tensor([torch.tensor(1.0), torch.tensor(2.0)])",
    "torch.tensor([np.float64(1.0), np.float64(2.0)])",
    "torch.tensor(range(3))",
    "torch.tensor([2.0], requires_grad=True)",
    "torch.tensor([float('nan'), float('inf'), -float('inf')])",
    "torch.as_tensor([1, 2])",
    "torch.as_tensor(np.ones(2))",
    "torch.from_numpy(np.ones((2, 2)))",
    "torch.from_numpy(np.ones(2, dtype=np.float32))",
    "torch.zeros(3)",
    "torch.zeros(2, 3)",
    "torch.zeros((2, 3))",
    "torch.zeros([2, 3])",
    "torch.zeros(())",
    "torch.zeros(0, 3)",
    "torch.zeros(2, dtype=torch.int32)",
    "torch.zeros(torch.Size([2, 1]))",
    "torch.zeros(size=(2,))",
    "torch.ones(2, 3, dtype=torch.float64)",
    "torch.ones(2, requires_grad=True)",
    "torch.ones((), dtype=torch.bool)",
    "torch.full((2, 2), 7)",
    "torch.full((2,), 7.0)",
    "torch.full((2,), True)",
    "torch.full((2,), 1j)",
    "torch.full((), 2, dtype=torch.float64)",
    "torch.full((2,), 3.0, requires_grad=True)",
    "torch.full(size=(2,), fill_value=3)",
    "torch.arange(5)",
    "torch.arange(5.0)",
    "torch.arange(1, 4)",
    "torch.arange(1, 2, 0.25)",
    "torch.arange(5, 0, -2)",
    "torch.arange(0)",
    "torch.arange(3, dtype=torch.float64)",
    "torch.arange(3.0, requires_grad=True)",
    "torch.arange(start=1, end=7, step=3)",
    "torch.arange(end=3)",
    "torch.linspace(0, 1, 5)",
    "torch.linspace(-1, 1, 4, dtype=torch.float64)",
    "torch.linspace(0, 6, 100)",
    "torch.linspace(2, 2, 1)",
    "torch.linspace(0, 1, 0)",
    "torch.linspace(start=1.0, end=0.0, steps=3)",
    "torch.linspace(0, 10, 5, dtype=torch.int64)",
    "torch.eye(3)",
    "torch.eye(2, 3)",
    "torch.eye(3, 2, dtype=torch.int64)",
    "torch.eye(0)",
    "torch.zeros_like(i)",
    "torch.ones_like(x)",
    "torch.ones_like(i, dtype=torch.float32)",
    "torch.ones_like(x, requires_grad=True)",
    "torch.full_like(x, 2)",
    "torch.full_like(i, 2.9)",
    "torch.zeros_like(x.requires_grad_())",
    "torch.empty(2, 0)",
    "torch.empty_like(x).shape",
    "torch.empty(2, 3, dtype=torch.int64).dtype",
    "x.new_zeros(2)",
    "i.new_ones((2, 2))",
    "i.new_tensor([1.5])",
    "x.new_full((2,), 3)",
]

CASTS = [
    "x.double()",
    "x.float()",
    "x.long()",
    "x.int()",
    "x.bool()",
    "i.float()",
    "i.double()",
    "i.bool()",
    "(x * 1.9).long()",
    "(-x * 1.9).int()",
    "x.to(torch.float64)",
    "x.to(torch.int32)",
    "x.to(dtype=torch.int64)",
    "i.to(x)",
    "x.to('cpu')",
    "x.to('cpu', torch.float64)",
    "x.to(torch.float32) is x",
    "x.to(torch.float32, copy=True) is x",
    "x.float() is x",
    "x.type(torch.float64)",
    "i.type_as(x)",
    "x.cpu() is x",
    "torch.tensor([300, -1]).to(torch.uint8)",
    "torch.tensor([1.5, float('nan')]).bool()",
    "x.to(torch.complex64)",
    "x.clone()",
    "x.clone() is x",
    "x.contiguous() is x",
    "x.t().contiguous()",
]

READING = [
    "x[0, 0].item()",
    "i[0].item()",
    "(x > 2)[0, 0].item()",
    "torch.tensor(2 + 1j).item()",
    "torch.tensor([[3.0]]).item()",
    "torch.tensor(0.1).item()",
    "torch.tensor(0.1, dtype=torch.float64).item()",
    "x.tolist()",
    "i.tolist()",
    "(x > 2).tolist()",
    "torch.tensor(2.5).tolist()",
    "x.numpy()",
    "i.numpy()",
    "x.detach().numpy()",
    "np.asarray(x)",
    "np.array(i)",
    "x.numpy(force=True)",
    "float(torch.tensor(2.5))",
    "int(torch.tensor(2.5))",
    "int(torch.tensor(-2.5))",
    "bool(torch.tensor(0.0))",
    "bool(torch.tensor([3]))",
    "complex(torch.tensor(2.0))",
    "[10, 20, 30][torch.tensor(1)]",
    "len(x)",
    "[row.tolist() for row in x]",
    "list(torch.tensor([1.0, 2.0]))",
    "3.0 in x",
    "30.0 in x",
    "x.shape",
    "x.size()",
    "x.size(0)",
    "x.size(-1)",
    "x.size(dim=1)",
    "x.shape[0]",
    "x.shape == (2, 3)",
    "x.shape + (4,)",
    "x.shape.numel()",
    "tuple(x.shape)",
    "x.dim()",
    "x.ndim",
    "x.numel()",
    "x.nelement()",
    "x.dtype",
    "i.dtype",
    "x.dtype == torch.float32",
    "torch.float == torch.float32",
    "torch.double is torch.float64",
    "torch.long is torch.int64",
    "torch.int is torch.int32",
    "torch.float64.is_floating_point",
    "torch.complex64.is_complex",
    "torch.int64.itemsize",
    "x.is_floating_point()",
    "i.is_floating_point()",
    "torch.is_tensor(x)",
    "torch.is_tensor([1])",
    "isinstance(x, torch.Tensor)",
    "str(x.device)",
    "x.device.type",
    "x.stride()",
    "x.t().stride()",
    "x.is_contiguous()",
    "x.t().is_contiguous()",
    "x.element_size()",
    "torch.get_default_dtype()",
    "torch.numel(x)",
    "torch.equal(x, x.clone())",
    "torch.equal(x, x + 1)",
    "torch.equal(x, x[0])",
    "torch.allclose(x, x + 1e-9)",
    "torch.allclose(x, x + 1)",
    "torch.isclose(x, x + 1e-9)",
    "torch.isnan(torch.tensor([1.0, float('nan')]))",
    "torch.isinf(torch.tensor([1.0, -float('inf')]))",
    "torch.isfinite(torch.tensor([1.0, float('nan'), float('inf')]))",
    "x.argmax()",
    "x.argmax(1)",
    "x.argmin(dim=0)",
    "(x > 2).any()",
    "(x > 2).all()",
    "(x > 2).any(dim=0)",
    "torch.all(x > 0)",
    "hash(x) == hash(x)",
    "{x: 1}[x]",
    "x is x.data",
    "type(x).__name__",
    "x.__class__ is torch.Tensor",
]


def value_of(torch, expression):
    """The value of an expression over a float32 matrix `x` and an int64 vector `i`."""
    x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 0.5, 6.0]])
    i = torch.tensor([3, 0, 2])
    return eval(expression, {"torch": torch, "np": np}, {"x": x, "i": i})


@pytest.mark.parametrize("expression", CREATION)
def test_a_tensor_is_made(torch, expression):
    return value_of(torch, expression)


@pytest.mark.parametrize("expression", CASTS)
def test_a_tensor_is_converted(torch, expression):
    return value_of(torch, expression)


@pytest.mark.parametrize("expression", READING)
def test_a_property_is_read(torch, expression):
    return value_of(torch, expression)


def test_from_numpy_shares_memory(torch):
    array = np.zeros(3)
    tensor = torch.from_numpy(array)
    array[0] = 5.0
    tensor[1] = 7.0
    return tensor, array


def test_numpy_shares_memory(torch):
    tensor = torch.zeros(3)
    array = tensor.numpy()
    tensor.add_(1)
    array[2] = 9.0
    return tensor, array


def test_tensor_copies_its_data(torch):
    array = np.zeros(3)
    tensor = torch.tensor(array)
    array[0] = 5.0
    return tensor


def test_list_comprehension_inside_of_an_expression_sees_rows(torch):
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    total = sum(row.sum() * (k + 1) for k, row in enumerate(x))
    total.backward()
    return total, x.grad


def test_unpacking_gives_rows_on_the_tape(torch):
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    a, b = x
    (a * a * b).backward()
    return a, b, x.grad


def test_default_dtype_can_be_set(torch):
    torch.set_default_dtype(torch.float64)
    try:
        return torch.tensor(1.5), torch.zeros(2), torch.arange(2.0), torch.tensor(1) / 2
    finally:
        torch.set_default_dtype(torch.float32)


def test_cast_keeps_the_gradient_in_the_dtype_of_the_leaf(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x.double() * torch.tensor([3.0, 4.0], dtype=torch.float64)).sum().backward()
    return x.grad


def test_integer_cast_cuts_the_graph(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    return x.long(), x.bool(), (x > 1), x.long().requires_grad


def test_half_precision_round_trip(torch):
    x = torch.tensor([1.0, 2.5], requires_grad=True)
    y = (x.to(torch.float16) * 2).to(torch.float32)
    y.sum().backward()
    return y, x.grad


@pytest.mark.parametrize(
    "options",
    [
        "",
        "copy=True",
        "requires_grad=True",
        "requires_grad=False",
        "dtype=torch.float64, requires_grad=False",
    ],
)
@pytest.mark.parametrize("kind", ["leaf", "result", "plain"])
def test_asarray_of_a_tensor_keeps_or_drops_its_history(torch, kind, options):
    leaf = torch.tensor([1.0, 2.0], requires_grad=kind != "plain")
    given = leaf * 2 if kind == "result" else leaf
    made = torch.asarray(given, **eval(f"dict({options})", {"torch": torch}))
    if made.requires_grad and kind != "plain":
        made.sum().backward()
    return made, made.grad_fn is not None, leaf.grad

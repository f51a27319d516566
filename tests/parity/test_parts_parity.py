"""Views of a part of the elements: memory, bases, writes and gradients; tensors turned into views of themselves."""

import pytest

VIEWS = [
    "x.diagonal()", "x.diagonal(1)", "x.diagonal(-1, 1, 0)", "x.unfold(1, 2, 2)", "x.unfold(0, 1, 1)",
    "x.narrow(1, -2, 1)", "x.narrow(0, torch.tensor(1), 1)", "x.select(1, -1)", "x.movedim(0, 1)",
    "x.moveaxis((0, 1), (1, 0))", "x.swapaxes(0, -1)", "x.swapdims(0, 1)", "x.adjoint()", "x.ravel()",
    "x.unflatten(1, (3, 1))", "x.unflatten(-1, (-1, 3))", "x.as_strided((2, 2), (1, 3))",
    "x[1].as_strided((2,), (1,))", "x.t().as_strided((2,), (3,), 1)", "x.tensor_split(2, 1)[0]",
    "x.tensor_split((1,), 1)[1]", "x.hsplit(3)[2]", "x.vsplit(2)[1]", "x.hsplit((1, 2))[1]",
    "x[None].dsplit(3)[0]", "torch.atleast_2d(x)", "torch.atleast_3d(x)", "torch.atleast_1d([x])[0]",
    "torch.atleast_3d(x[0])", "torch.narrow(x, 0, 0, 1)", "torch.select(x, 0, 1)", "torch.ravel(x)",
    "torch.movedim(x, 1, 0)", "torch.unflatten(x, 1, (1, 3))", "torch.swapaxes(x, 0, 1)",
    "x.squeeze((0, 1))", "x.broadcast_to(2, 3)", "torch.broadcast_tensors(x, x[0])[0]",
    "x.view(2, 3)", "x.view(size=(3, 2))", "x.permute(dims=(1, 0))", "x.reshape(shape=(3, 2))",
]  # fmt: skip
COPIES = [
    "x.diag()", "x.t().ravel()", "x[:, 0].ravel()", "x.flip(0)", "x.flip(())", "x.roll(0, 0)", "x.rot90(4)",
    "x.repeat(1, 1)", "x.tile(())", "x.tril(9)", "x.narrow_copy(0, 0, 2)", "torch.diagonal_copy(x)",
    "x.select_scatter(x[0], 0, 1)", "torch.view_copy(x, (6,))", "x.repeat_interleave(1)",
    "torch.block_diag(x)", "torch.nn.functional.pad(x, (0, 0))", "torch.hstack([x])", "torch.clone(x)",
]  # fmt: skip
ONE_OF_SEVERAL = ["x.split_with_sizes([1, 1])[0]", "x.chunk(2)[1]", "x.unbind(1)[0]"]


def matrix(torch):
    return torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def steps(x):
    """The strides; a step along a dimension of size one means nothing."""
    return [step for step, size in zip(x.stride(), x.shape, strict=True) if size > 1]


@pytest.mark.parametrize("expression", VIEWS + COPIES)
def test_which_results_share_memory(torch, expression):
    x = matrix(torch)
    result = eval(expression, {"torch": torch}, {"x": x})
    before = x._version
    result.add_(100)
    return x, result, x._version - before, result._version


@pytest.mark.parametrize("expression", VIEWS)
def test_base_and_strides_of_a_view(torch, expression):
    x = matrix(torch).requires_grad_() * 1
    result = eval(expression, {"torch": torch}, {"x": x})
    return result._base is None, result._base is x, steps(result), result.storage_offset()


@pytest.mark.parametrize("expression", VIEWS)
def test_gradient_of_a_write_through_a_view(torch, expression):
    leaf = matrix(torch).requires_grad_()
    x = leaf * 1
    eval(expression, {"torch": torch}, {"x": x}).mul_(3)
    (x * x).sum().backward()
    return x, leaf.grad


@pytest.mark.parametrize("expression", VIEWS)
def test_node_of_a_view(torch, expression):
    x = matrix(torch).requires_grad_() * 1
    return eval(expression, {"torch": torch}, {"x": x}).grad_fn.name()


@pytest.mark.parametrize("expression", ONE_OF_SEVERAL)
def test_one_of_several_views_is_not_written(torch, expression, refused):
    x = matrix(torch).requires_grad_() * 1
    part = eval(expression, {"torch": torch}, {"x": x})
    return refused(lambda: part.mul_(2), x)


TURNS = [
    "x.t_()", "x.transpose_(0, 1)", "x.swapaxes_(0, 1)", "x.swapdims_(1, 0)", "x.unsqueeze_(1)", "x.unsqueeze_(-1)",
    "x.unsqueeze_(0).squeeze_()", "x.unsqueeze_(0).squeeze_(0)", "x.unsqueeze_(0).squeeze_((0, 1))",
    "x.as_strided_((2, 2), (1, 2))", "x.t_().unsqueeze_(0)",
]  # fmt: skip


@pytest.mark.parametrize("expression", TURNS)
def test_a_tensor_turned_into_a_view_of_itself(torch, expression):
    leaf = matrix(torch).requires_grad_()
    x = leaf * 1
    before = x._version
    same = eval(expression, {"torch": torch}, {"x": x})
    node = x.grad_fn.name().rstrip("01") if "strided" in expression else x.grad_fn.name()
    (x * x).sum().backward()
    return same is x, x, steps(x), x._version - before, node, leaf.grad, x._base is None


@pytest.mark.parametrize("expression", TURNS)
def test_writes_after_a_turn_reach_older_views(torch, expression):
    leaf = matrix(torch).requires_grad_()
    x = leaf * 1
    row = x[0]
    eval(expression, {"torch": torch}, {"x": x})
    row.mul_(5)
    x.mul_(3)
    (row.sum() + (x * x).sum()).backward()
    return x, row, leaf.grad


@pytest.mark.parametrize("expression", [turn for turn in TURNS if "strided" not in turn])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("write", ["none", "older", "younger", "whole"])
def test_what_was_turned_stays_the_base_of_older_views(torch, expression, when, write):
    leaf = matrix(torch).requires_grad_()
    x = leaf * 1
    older = x[0]
    eval(expression, {"torch": torch}, {"x": x})
    seen = []
    if when == "before":
        x.register_hook(seen.append)
        x.retain_grad()
    if write != "none":
        {"older": older, "younger": x[0], "whole": x}[write].mul_(3)
    if when == "after":
        x.register_hook(seen.append)
        x.retain_grad()
    ((older * older).sum() + (x**3).sum()).backward()
    return leaf.grad, x.grad, seen, older, x


@pytest.mark.parametrize("expression", TURNS)
def test_plain_memory_after_a_turn(torch, expression):
    x = matrix(torch)
    row = x[0]
    eval(expression, {"torch": torch}, {"x": x})
    x.mul_(3)
    row.add_(1)
    return x, row


def test_one_of_several_views_is_not_written_after_a_turn(torch, refused):
    x = matrix(torch).requires_grad_() * 1
    part = x.unbind()[0]
    x.t_()
    return refused(lambda: part.mul_(2), x)


def test_a_view_is_turned(torch):
    leaf = matrix(torch).requires_grad_()
    x = leaf * 1
    part = x[:, 1:]
    part.t_()
    part.mul_(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    x.sum().backward()
    return part._base is x, part, x, leaf.grad


def test_a_leaf_is_turned_without_grad(torch):
    x = matrix(torch).requires_grad_()
    with torch.no_grad():
        x.t_()
    (x * x[0]).sum().backward()
    return x, x.is_leaf, x.grad


def test_a_recorded_leaf_is_not_turned(torch, refused):
    x = matrix(torch).requires_grad_()
    return refused(lambda: x.unsqueeze_(0), x)


BITS = [
    "x.view(torch.int32)", "x.view(torch.uint8)", "x.double().view(torch.float32)", "x.view(dtype=torch.int16)",
    "x.repeat(1, 2).view(torch.float64)", "x.repeat(1, 2).view(torch.complex64)", "x.view(torch.float32)",
    "x[0, 0].view(torch.int32)", "x.t().view(torch.int32)",
]  # fmt: skip


@pytest.mark.parametrize("expression", BITS)
def test_bits_read_as_another_dtype(torch, expression):
    x = matrix(torch).requires_grad_()
    result = eval(expression, {"torch": torch}, {"x": x})
    return result, result.grad_fn is None


def test_bits_written(torch):
    x = matrix(torch)
    x.view(torch.int32)[0, 0] = 0
    x.view(torch.uint8)[1].zero_()
    return x, x._version


BAD = [
    "x.narrow(0, -1, 2)", "x.narrow(0, 3, 0)", "x.narrow(0, 0, -1)", "x[0, 0].narrow(0, 0, 1)",
    "x.narrow(0, torch.tensor(1.0), 1)", "x.select(0, 2)", "x[0, 0].select(0, 0)", "x.select(3, 0)",
    "x.diagonal(dim1=0, dim2=0)", "x[0].diagonal()", "torch.diag(x[None])", "x[0].tril()", "x.tril(1.5)",
    "x.unfold(0, 3, 1)", "x.unfold(0, 1, 0)", "x.unfold(0, -1, 1)", "x.repeat(2)", "x.repeat(-1, 1)",
    "x.repeat_interleave(-1)", "x.repeat_interleave(torch.tensor([1, 2, 3]), 0)",
    "x.repeat_interleave(torch.tensor([1.0, 2.0]), 0)", "x.repeat_interleave(torch.tensor([1, -2]), 0)",
    "x.repeat_interleave([1, 2], 0)", "x.repeat_interleave(2, output_size=13)", "x.flip(0, 0)", "x.flip()",
    "x[0].fliplr()", "x[0, 0].flipud()", "x.roll((1, 2), 0)", "x.roll(())", "x[0, 0].roll(1, 0)",
    "x.rot90(1, (0, 0))", "x.rot90(1, (0,))", "x[0].rot90()", "torch.hstack([])", "torch.hstack([x, x[0]])",
    "torch.block_diag(x[None])", "torch.meshgrid(x, x, indexing='ij')", "torch.meshgrid(indexing='ij')",
    "torch.meshgrid(x[0], x[0].long(), indexing='ij')", "torch.meshgrid(x[0], indexing='a')",
    "torch.cartesian_prod(x)", "torch.combinations(x)", "torch.combinations(x[0], -1)",
    "torch.broadcast_tensors(x, x[0, :2])", "torch.broadcast_shapes((2,), (3,))", "x.view(torch.float64)",
    "x.double().t().view(torch.float32)", "x[0, 0].view(torch.int16)", "x.sum_to_size(4)",
    "x.select_scatter(x, 0, 0)", "x.slice_scatter(x, 0, 1)", "x.diagonal_scatter(x)", "torch.vander(x)",
    "x.as_strided((3, 3), (3, 1))", "x.as_strided((3, 3), (3,))", "x.as_strided((2,), (-1,))", "x.movedim(0, (0, 1))",
    "x.movedim((0, 0), (0, 1))", "x.unflatten(0, (3, 1))", "x.unflatten(0, ())", "x.tensor_split(0)",
    "x.tensor_split(torch.tensor([[1]]))", "x.tensor_split(torch.tensor(1.0))", "x.hsplit(2)", "x[0].vsplit(1)",
    "x.dsplit(1)", "x.chunk(0)", "x.split(-1)", "x.split_with_sizes([1])", "x[0, 0].split(1)",
    "torch.nn.functional.pad(x, (1,))", "torch.nn.functional.pad(x, (1,) * 6)", "torch.nn.functional.pad(x, (-4, 0))",
    "torch.nn.functional.pad(x, (3, 0), 'reflect')", "torch.nn.functional.pad(x, (4, 0), 'circular')",
    "torch.nn.functional.pad(x, (1, 1), 'mirror')", "torch.nn.functional.pad(x, (1, 1), 'reflect', 1.0)",
    "torch.nn.functional.pad(x[0], (1, 1), 'replicate')", "torch.cat([x, x], out=torch.ones(1).long())",
    "x.tril_(torch.ones(1))", "x[0].triu_()",
]  # fmt: skip


@pytest.mark.parametrize("expression", BAD)
def test_bad_input(torch, expression, refused):
    x = matrix(torch)
    return refused(lambda: eval(expression, {"torch": torch}, {"x": x}), x)


@pytest.mark.parametrize(
    "expression",
    [
        "torch.view_as_real(x).as_strided((3,), (1,))",
        "torch.view_as_real(x).as_strided((2,), (2,), 1)",
        "torch.view_as_real(x)[1:].as_strided((2, 2), (1, 2))",
        "x.imag.as_strided((2,), (2,))",
        "x.real[1:].as_strided((2,), (2,))",
        "torch.view_as_complex(torch.view_as_real(x)).as_strided((2,), (1,), 1)",
    ],
)
def test_strides_of_a_view_with_another_dtype(torch, expression):
    x = torch.tensor([1 + 2j, 3 + 4j, 5 + 6j])
    part = eval(expression)
    found = part.clone()
    part.mul_(10)
    leaf = torch.tensor([1 + 2j, 3 + 4j, 5 + 6j], requires_grad=True)
    made = eval(expression, {"torch": torch, "x": leaf * 1})
    (made * made).sum().abs().backward()
    return found, x, leaf.grad

"""Views: memory, bases and gradients that follow writes through views and views of views."""

import pytest

VIEWS = [
    "x[0]", "x[0:1]", "x[:, 1]", "x[:, ::2]", "x[None]", "x[..., 0]", "x[0, 1]", "x[...]",
    "x.view(-1)", "x.view(3, 2)", "x.reshape(-1)", "x.flatten()", "x.t()", "x.T", "x.mT",
    "x.transpose(0, 1)", "x.permute(1, 0)", "x.unsqueeze(0)", "x.squeeze()", "x.unsqueeze(0)[0]",
    "x[:1].expand(4, 3)", "x.detach()", "x.data", "x.split(1)[0]", "x.chunk(3, 1)[2]",
    "x.t()[1]", "x[1][2]", "x.view(6)[2:5]", "x.view_as(x)", "x.unbind()[1]", "x.select(0, 1)",
    "x.narrow(1, 0, 2)", "x.diagonal()", "x.contiguous()", "x.to(torch.float32)",
]  # fmt: skip
NOT_WRITABLE = {
    "x.detach()", "x.data", "x[:1].expand(4, 3)", "x.split(1)[0]", "x.chunk(3, 1)[2]",
    "x.unbind()[1]",
}  # fmt: skip
COPIES = [
    "x[[0, 1]]", "x[x > 0]", "x[torch.tensor([0])]", "x.t().reshape(-1)", "x.t().flatten()",
    "x.clone()", "x.t().contiguous()", "x * 1", "x.double()", "torch.cat([x])", "x.repeat(1, 1)",
    "torch.tensor(x.tolist())",
]  # fmt: skip


def matrix(torch):
    return torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


@pytest.mark.parametrize("expression", VIEWS + COPIES)
def test_which_results_share_memory(torch, expression):
    x = matrix(torch)
    result = eval(expression, {"torch": torch}, {"x": x})
    before = x._version
    if expression == "x[:1].expand(4, 3)":
        x.add_(100)
    else:
        result.add_(100)
    return x, result, x._version - before, result._version - before


@pytest.mark.parametrize("expression", VIEWS + COPIES)
def test_base_of_a_view(torch, expression):
    x = matrix(torch).requires_grad_() * 1
    result = eval(expression, {"torch": torch}, {"x": x})
    return result._base is None, result._base is x


@pytest.mark.parametrize("expression", VIEWS)
def test_strides_of_a_view(torch, expression):
    result = eval(expression, {"torch": torch}, {"x": matrix(torch)})
    # A step along a dimension of size one means nothing.
    steps = [step for step, size in zip(result.stride(), result.shape, strict=True) if size > 1]
    return result.shape, steps, result.is_contiguous()


@pytest.mark.parametrize("expression", [text for text in VIEWS if text not in NOT_WRITABLE])
def test_gradient_of_a_write_through_a_view(torch, expression):
    leaf = matrix(torch).requires_grad_()
    x = leaf * 1
    eval(expression, {"torch": torch}, {"x": x}).mul_(3)
    (x * x).sum().backward()
    return x, leaf.grad


def test_base_of_a_view_of_a_view_is_the_root(torch):
    x = matrix(torch)
    v = x[0]
    w = v[1:]
    return v._base is x, w._base is x


def test_write_through_a_view_of_a_view(torch):
    leaf = matrix(torch).requires_grad_()
    x = leaf * 1
    w = x[1][1:]
    w.mul_(10)
    (x * x).sum().backward()
    return x, w, leaf.grad


def test_base_write_is_seen_by_an_older_view(torch):
    leaf = matrix(torch).requires_grad_()
    x = leaf * 1
    v = x[0]
    x.mul_(2)
    v.sum().backward()
    return v, leaf.grad


def test_older_view_of_a_view_sees_a_write_into_its_sibling(torch):
    leaf = matrix(torch).requires_grad_()
    x = leaf * 1
    row, column = x[0], x[:, 0]
    part = row[:2]
    column.mul_(5)
    (part * part).sum().backward()
    return row, part, leaf.grad


def test_node_of_a_view_is_rebuilt_after_a_write(torch):
    leaf = matrix(torch).requires_grad_()
    x = leaf * 1
    v = x[0]
    before = v.grad_fn.name()
    x.mul_(2)
    return before, v.grad_fn.name(), x.grad_fn.name()


def test_node_of_a_base_after_a_write_through_a_view(torch):
    leaf = matrix(torch).requires_grad_()
    x = leaf * 1
    x[0].mul_(2)
    return x.grad_fn.name()


def test_write_of_a_tracked_value_into_a_plain_buffer(torch):
    source = torch.tensor([1.0, 2.0], requires_grad=True)
    buffer = torch.zeros(2, 2)
    buffer[0] = source * 3
    buffer[1, 0] = source[1]
    (buffer * buffer).sum().backward()
    return buffer, buffer.requires_grad, buffer.is_leaf, source.grad


def test_view_taken_before_its_base_joined_the_tape(torch):
    source = torch.tensor([1.0, 2.0], requires_grad=True)
    buffer = torch.zeros(2, 2)
    row = buffer[0]
    buffer[0] = source * 3
    before = row.requires_grad
    (row * row).sum().backward()
    return before, row, source.grad


def test_base_of_a_plain_view_that_joined_the_tape(torch):
    source = torch.tensor([1.0, 2.0], requires_grad=True)
    buffer = torch.zeros(2, 2)
    row = buffer[0]
    row.copy_(source)
    row.mul_(2)
    buffer.sum().backward()
    return buffer, row, source.grad


def test_a_fill_in_a_loop(torch):
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    out = torch.zeros(3)
    for k in range(3):
        out[k] = x[k] ** (k + 1)
    out.sum().backward()
    return out, x.grad


def test_an_overwritten_part_has_no_gradient(torch):
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 2
    y[1] = 0.0
    (y * y).sum().backward()
    return y, x.grad


def test_augmented_index_assignment(torch):
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 2
    y[1:] += x[:2]
    y[0] *= 10
    (y * y).sum().backward()
    return y, x.grad


def test_second_derivative_through_a_write(torch):
    x = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64, requires_grad=True)
    y = x**3
    y[1:].mul_(x[:2])
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    return g, torch.autograd.grad((g * g).sum(), x)


def test_writes_through_a_transposed_view(torch):
    leaf = matrix(torch).requires_grad_()
    x = leaf * 1
    x.t()[0].copy_(leaf[0, :2] * 7)
    (x * x).sum().backward()
    return x, leaf.grad


def test_write_through_a_view_and_a_reshape(torch):
    leaf = matrix(torch).requires_grad_()
    x = leaf * 1
    x.view(3, 2)[1:].mul_(2)
    x.reshape(-1)[0] = 9.0
    (x * x).sum().backward()
    return x, leaf.grad


def test_two_views_written_in_turn(torch):
    leaf = matrix(torch).requires_grad_()
    x = leaf * 1
    a, b = x[0], x[:, 1]
    a.mul_(2)
    b.add_(a[0].clone())
    a.mul_(b[1].clone())
    x.sum().backward()
    return x, a, b, leaf.grad


def test_versions_are_shared_with_views(torch):
    x = matrix(torch)
    v, w = x[0], x[0][1:]
    seen = [(x._version, v._version, w._version)]
    v.add_(1)
    seen.append((x._version, v._version, w._version))
    w.zero_()
    seen.append((x._version, v._version, w._version))
    return seen


def test_versions_of_detach_are_shared_and_of_data_are_not(torch):
    x = matrix(torch)
    d, raw = x.detach(), x.data
    x.add_(1)
    seen = [(x._version, d._version, raw._version)]
    raw.add_(1)
    d.add_(1)
    return seen, x._version, d._version, raw._version


def test_write_into_a_detached_view_is_seen_by_backward(torch, refused):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * 2
    y = h * h
    h.detach().zero_()
    return refused(lambda: y.sum().backward(), x, h)


def test_write_into_data_is_not_seen_by_backward(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x**2
    x.data += 100
    y.backward(torch.ones(2))
    return x, x.grad


def test_output_of_a_multiple_view_cannot_be_written(torch, refused):
    x = matrix(torch).requires_grad_() * 1
    a, _ = x.split(1)
    return refused(lambda: a.mul_(2), x)


def test_view_made_without_grad_cannot_be_written_with_grad(torch, refused):
    x = matrix(torch).requires_grad_() * 1
    with torch.no_grad():
        v = x[0]
    return refused(lambda: v.mul_(torch.ones(3, requires_grad=True)), x)


def test_detached_view_cannot_be_resized_by_an_in_place_transpose(torch):
    x = matrix(torch)
    y = x.clone()
    y.t_()
    y.unsqueeze_(0)
    y.squeeze_(0)
    return x.shape, y


def test_swapped_halves_through_a_clone(torch):
    x = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    y = x * 1
    y[:2], y[2:] = y[2:].clone(), y[:2].clone()
    (y * torch.tensor([1.0, 10.0, 100.0, 1000.0])).sum().backward()
    return y, x.grad


def test_overlapping_copy_within_a_buffer(torch):
    x = torch.arange(5.0)
    x[1:] = x[:-1].clone()
    return x


def test_expand_reads_one_memory(torch):
    x = torch.tensor([[1.0], [2.0]])
    e = x.expand(2, 3)
    x[0, 0] = 9.0
    return e, e.stride()


@pytest.mark.parametrize("name", ["t_", "squeeze_", "swapaxes_", "unsqueeze_"])
@pytest.mark.parametrize("of", ["leaf", "view"])
def test_a_leaf_and_its_views_are_not_turned(torch, refused, name, of):
    x = torch.ones(2, 3, requires_grad=True)
    y = x if of == "leaf" else x[:, 1:]
    args = {"swapaxes_": (0, 1), "unsqueeze_": (0,)}.get(name, ())
    failure = refused(lambda: getattr(y, name)(*args), x, y)
    with torch.no_grad():
        getattr(y, name)(*args)
    return failure, y.shape, x.shape


def test_what_has_no_dimensions_is_its_own_transpose(torch):
    x = torch.ones((), requires_grad=True)
    return [x.mT is x, x.mH is x, x.H is x, x.T is x]


def test_detach_in_place_leaves_views_their_history(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    part = y[:1]
    y.detach_()
    (part * part).sum().backward()
    flags = y.requires_grad, part.requires_grad
    y.mul_(5)
    return flags, x.grad, part.detach(), y


def test_what_was_turned_in_place_is_detached_in_place(torch):
    x = torch.ones(2, 3, requires_grad=True)
    y = x * 2
    y.t_()
    y.detach_()
    y.mul_(3)
    y[0].add_(1)
    return y, y.requires_grad, y.is_leaf

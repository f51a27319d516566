"""`fill_diagonal_`, tensors' `hardshrink` and `prelu`, and the pieces of `unsafe_split` and its kin."""

import pytest

CALLS = [
    "zeros(3, 3).fill_diagonal_(2)", "zeros(7, 3).fill_diagonal_(2)", "zeros(12, 3).fill_diagonal_(2, wrap=True)",
    "zeros(4, 3).fill_diagonal_(2, True)", "zeros(5, 3).fill_diagonal_(2, True)", "zeros(3, 7).fill_diagonal_(2, True)",
    "zeros(2, 2, 2, 2).fill_diagonal_(2)", "zeros(4, 9).t().fill_diagonal_(1, True)",
    "zeros(3, 4).t().fill_diagonal_(1)",
    "zeros(2, 2).long().fill_diagonal_(2.7)", "zeros(2, 2).bool().fill_diagonal_(3)", "zeros(0, 2).fill_diagonal_(1)",
    "zeros(3, 0).fill_diagonal_(1, True)", "zeros(2, 2).fill_diagonal_(torch.tensor(2.0))",
    "zeros(2, 2).fill_diagonal_(True)", "zeros(2, 2, dtype=torch.complex64).fill_diagonal_(1j)",
    "zeros(5, 6)[1:4, ::2].fill_diagonal_(5)",
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_values(torch, call):
    return eval(f"torch.{call}", {"torch": torch})


@pytest.mark.parametrize("wrap", [False, True])
def test_the_gradient_of_what_was_overwritten_is_zero(torch, wrap):
    x = torch.arange(10.0).reshape(5, 2).requires_grad_()
    y = x * 2
    same = y.fill_diagonal_(7.0, wrap)
    (y * y).sum().backward()
    return y, x.grad, same is y, y.grad_fn.name()


REFUSED = [
    "zeros(2, 2, 3).fill_diagonal_(2)", "zeros(2).fill_diagonal_(2)", "zeros(()).fill_diagonal_(2)",
    "zeros(2, 2).fill_diagonal_(torch.ones(2))", "zeros(2, 2).fill_diagonal_('a')", "zeros(2, 2).fill_diagonal_()",
    "zeros(2, 2).long().fill_diagonal_(2j)", "zeros(2, 2).byte().fill_diagonal_(300)",
    "zeros(2, 2, requires_grad=True).fill_diagonal_(1)", "zeros(2, 2).fill_diagonal_(1, 1)",
    "zeros(2, 2).fill_diagonal_(torch.ones((), requires_grad=True))", "ones(5).unsafe_split([2, 3])",
    "ones(5).unsafe_chunk(0)", "ones(5).unsafe_split(-1)", "ones(5).unsafe_split(0)", "ones(()).unsafe_chunk(2)",
    "ones(5).unsafe_split_with_sizes([2, 2])", "ones(5).unsafe_split_with_sizes([-1, 6])", "unsafe_split([1], 1)",
    "ones(5).prelu(torch.ones(2))", "ones(5).long().hardshrink()",
]  # fmt: skip


@pytest.mark.parametrize("call", REFUSED)
def test_refusals(torch, refused, call):
    return refused(lambda: eval(f"torch.{call}", {"torch": torch}))


METHODS = [
    "x.hardshrink()", "x.hardshrink(3)", "x.hardshrink(lambd=1)", "x.prelu(torch.tensor(0.1))",
    "x.prelu(torch.tensor([0.1, 0.2, 0.3]))", "x.unsafe_chunk(2, 1)[0]", "x.unsafe_split(2, dim=1)[1]",
    "x.unsafe_split_with_sizes((1, 2), -1)[1]", "torch.unsafe_chunk(x, 2)[1]", "torch.unsafe_split(x, 1)[1]",
    "torch.unsafe_split_with_sizes(x, [1, 1])[1]", "torch.cat(x.unsafe_chunk(4, 1), 1)",
]  # fmt: skip


@pytest.mark.parametrize("call", METHODS)
def test_methods(torch, call):
    x = torch.linspace(-2.0, 2.0, 6).reshape(2, 3).requires_grad_()
    y = eval(call, {"torch": torch, "x": x})
    (y * y).sum().backward()
    return y, x.grad, y.grad_fn.name()


def test_pieces_may_be_written_to(torch):
    x = torch.linspace(-2.0, 2.0, 6).requires_grad_()
    gates = x * 2
    first, second = gates.unsafe_chunk(2)
    out = first.sigmoid_() * second.tanh_()
    out.sum().backward()
    return out, x.grad, first.data_ptr() == gates.data_ptr()

"""`fill_diagonal_`: words of errors, what a failed call leaves, transforms; pieces of `unsafe_split`."""

import pytest

import wengert as torch


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: x[0].fill_diagonal_(1), RuntimeError, r"larger than 1, but the shape is \[3\]. Use `fill_`"),
        (lambda x: x[None].fill_diagonal_(1), RuntimeError, r"of equal length, but the shape is \[1, 5, 3\]"),
        (lambda x: x.fill_diagonal_("1"), TypeError, "must be Number, not str.*copy_"),
        (lambda x: x.fill_diagonal_(torch.ones(3)), TypeError, "must be Number, not Tensor"),
        (lambda x: x.fill_diagonal_(1, wrap=1), TypeError, "'wrap' must be bool, not int"),
        (lambda x: x.long().fill_diagonal_(2j), RuntimeError, "fill_diagonal_: the value 2j cannot be converted"),
        (lambda x: x.unsafe_chunk(0), RuntimeError, "unsafe_chunk expects `chunks` to be greater than 0, got: 0"),
        (lambda x: x.unsafe_split(-1), RuntimeError, "unsafe_split expects split_size be positive"),
        (lambda x: x.unsafe_split([1, 4]), TypeError, "'split_size' must be int, not list"),
        (lambda x: x.unsafe_split_with_sizes([1, 1]), RuntimeError, r"to 5 .*split_sizes=\[1, 1\]"),
    ],
)  # fmt: skip
def test_errors_say_what_to_do_and_nothing_changes(call, error, words):
    x = torch.zeros(5, 3)
    with pytest.raises(error, match=words):
        call(x)
    assert not x.any()
    assert x._version == 0


def test_fill_diagonal_under_vmap_and_jvp():
    def filled(x):
        return (x * 2).fill_diagonal_(5.0, wrap=True)

    x = torch.randn(4, 5, 2)
    one_by_one = torch.stack([filled(m) for m in x])
    assert torch.equal(torch.func.vmap(filled)(x), one_by_one)
    value, slope = torch.func.jvp(filled, (x[0],), (torch.ones(5, 2),))
    assert torch.equal(value, one_by_one[0])
    assert torch.equal(slope, filled(torch.ones(5, 2)) % 5)


def test_a_write_to_an_unsafe_piece_reaches_the_tensor_and_its_gradient():
    x = torch.linspace(-1.0, 1.0, 6).double().requires_grad_()

    def gated(x):
        gates = x * 2
        first, second = gates.unsafe_chunk(2)
        first.sigmoid_()
        second.tanh_()
        return gates

    assert torch.autograd.gradcheck(gated, (x,))

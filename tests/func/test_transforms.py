"""What the transforms refuse, and how they treat arguments."""

from __future__ import annotations

import pytest

import wengert as torch

func = torch.func


def test_keyword_arguments_of_vmap_go_to_every_example():
    x = torch.tensor([1.0, 2.0])
    scale = torch.tensor([10.0, 20.0, 30.0])
    found = func.vmap(lambda x, *, scale, n, name: x * scale + n)(x, scale=scale, n=1, name="a")
    assert found.tolist() == [[11, 21, 31], [21, 41, 61]]
    chunked = func.vmap(lambda x, *, scale: x * scale, chunk_size=1)(x, scale=scale)
    assert chunked.tolist() == [[10, 20, 30], [20, 40, 60]]


INTEGERS = torch.tensor([1, 2])
FAULTS = {
    "grad of integers": (lambda: func.grad(lambda x: x.sum())(INTEGERS), RuntimeError, "floating point"),
    "grad of a number": (lambda: func.grad(lambda x: x)(2.0), ValueError, "must be Tensor, got"),
    "grad of a list": (lambda: func.grad(lambda x: x[0])([2.0]), ValueError, "must be Tensor, got"),
    "vjp of integers": (lambda: func.vjp(lambda x: x * 2, INTEGERS), RuntimeError, "floating point"),
    "vjp of a number": (lambda: func.vjp(lambda x: x * 2, 2.0), ValueError, "must be Tensor, got"),
    "jvp of integers": (
        lambda: func.jvp(lambda x: x, (INTEGERS,), (INTEGERS,)), ValueError, "floating point",
    ),
    "jvp of two dtypes": (
        lambda: func.jvp(lambda x: x, (torch.ones(2),), (torch.ones(2).double(),)),
        RuntimeError, "must be equal",
    ),
    "vmap over a number": (lambda: func.vmap(lambda x: x)(2.0), ValueError, "non-Tensor"),
    "vmap over nothing": (
        lambda: func.vmap(lambda x: x, in_dims=None)(INTEGERS), ValueError, "at least one",
    ),
    "vmap of two sizes": (
        lambda: func.vmap(lambda x, y: x + y)(torch.ones(2), torch.ones(3)), ValueError,
        r"got sizes \[2, 3\] for the mapped dimension: 2 for argument 0 \(shape \[2\], in_dim 0\), 3 for argument 1 ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_fault(name):
    call, error, words = FAULTS[name]
    with pytest.raises(error, match=words):
        call()


def test_a_pulled_back_function_may_be_called_again():
    x = torch.tensor(2.0, dtype=torch.float64)
    _, pull = func.vjp(lambda x: x.exp() * x, x)
    one = torch.ones_like(x)
    assert pull(one)[0].item() == pull(one)[0].item()


def test_a_transform_leaves_the_mode_and_the_levels_as_they_were():
    def fail(x):
        raise KeyError("no")

    for transform in (func.grad, func.vmap):
        with pytest.raises(KeyError):
            transform(fail)(torch.ones(2))
        with torch.no_grad(), pytest.raises(KeyError):
            transform(fail)(torch.ones(2))
        assert torch.is_grad_enabled()
    assert (torch.ones(2, requires_grad=True) * 2).requires_grad


def test_sizes_of_nested_arguments_are_listed():
    given = {"w": torch.ones(3, 5), "b": [torch.ones(4), torch.ones(2)]}
    with pytest.raises(ValueError) as caught:
        func.vmap(lambda p, x: x, in_dims=({"w": 0, "b": [-1, None]}, 1))(given, torch.ones(2, 3))
    assert str(caught.value).endswith(
        "got sizes [3, 4, 3] for the mapped dimension: 3 for argument 0['w'] (shape [3, 5], in_dim 0), 4 for argument "
        "0['b'][0] (shape [4], in_dim -1), 3 for argument 1 (shape [2, 3], in_dim 1). An argument that every example "
        "takes as a whole has the in_dim None."
    )
    with pytest.raises(ValueError, match=r"got sizes \[1, 2, .*12, \.\.\.\]"):
        func.vmap(lambda xs: xs[0])([torch.ones(n) for n in range(1, 20)])

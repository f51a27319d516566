"""Jacobians where PyTorch is no oracle: negative argnums, agreement of the ways, errors that teach."""

from __future__ import annotations

import pytest

import wengert as torch

func = torch.func


def several(x, y):
    return {"p": x[:, None] * y.sin(), "q": (x.sum() * y, x * x)}


def arguments():
    return torch.tensor([0.4, -0.9, 1.7]), torch.tensor([1.5, -2.0])


def flat(tree):
    if isinstance(tree, dict):
        return [leaf for part in tree.values() for leaf in flat(part)]
    return [leaf for part in tree for leaf in flat(part)] if isinstance(tree, tuple) else [tree]


@pytest.mark.parametrize("way", [func.jacrev, func.jacfwd, func.hessian])
@pytest.mark.parametrize("argnums, same", [(-1, 1), ((-1, 0), (1, 0)), ((-2,), (0,))])
def test_negative_argnums_count_from_the_end(way, argnums, same):
    found = flat(way(several, argnums)(*arguments()))
    expected = flat(way(several, same)(*arguments()))
    assert len(found) == len(expected) > 0
    assert all(map(torch.equal, found, expected))
    assert any(part.abs().sum() > 0 for part in found)


@pytest.mark.parametrize("argnums", [0, 1, (0, 1)])
@pytest.mark.parametrize("size", [None, 1, 2, 5])
def test_the_ways_agree(argnums, size):
    reverse = flat(func.jacrev(several, argnums, chunk_size=size)(*arguments()))
    forward = flat(func.jacfwd(several, argnums)(*arguments()))
    for a, b in zip(reverse, forward, strict=True):
        assert a.shape == b.shape and (a - b).abs().max() < 1e-6


def test_empty_arguments_and_outputs():
    x = torch.ones(0)
    for way in (func.jacrev, func.jacfwd):
        assert way(lambda x: x * 2)(x).shape == (0, 0)
        assert way(lambda x: torch.ones(2) * x.sum())(x).shape == (2, 0)


@pytest.mark.parametrize(
    "call, error, words",
    [
        (
            lambda x: func.jacrev(torch.sin, 2)(x),
            RuntimeError,
            "argnums 2 is out of range for a call with 1",
        ),
        (
            lambda x: func.jacfwd(torch.sin, [0])(x),
            RuntimeError,
            r"argnums must be int or Tuple\[int, ...\]",
        ),
        (lambda x: func.jacrev(torch.mul, (0, -2))(x, x), RuntimeError, "name each argument once"),
        (lambda x: func.jacrev(torch.sin, chunk_size=0), ValueError, "greater than 0, not 0"),
        (lambda x: func.jacfwd(lambda p: p[0] * 1, 0)([x, 2.0]), ValueError, "holds a float"),
        (lambda x: func.jacrev(torch.sin)(x + 1j), RuntimeError, "all inputs to be real"),
        (lambda x: func.jacfwd(lambda x: x * 1j)(x), RuntimeError, "all outputs to be real"),
        (lambda x: func.vjp(lambda x: x.long(), x), RuntimeError, "Return it as aux"),
    ],
)
def test_what_the_errors_say(call, error, words):
    with pytest.raises(error, match=words):
        call(torch.ones(2))

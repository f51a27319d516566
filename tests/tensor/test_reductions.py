"""Reductions: spellings, dtypes, empty and 0-d tensors, and the words of every refusal."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as torch

X = torch.tensor([[1.0, 5.0], [7.0, 3.0]])
INTS = torch.tensor([1, 2])
BOOLS = torch.tensor([True, False])
COMPLEX = torch.tensor([1 + 1j, 2])
EMPTY = torch.zeros(0, 2)

REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "no such dim": (lambda: X.sum(2), IndexError, r"sum: Dimension out of range.*\[-2, 1\].*got 2"),
    "dim twice": (lambda: X.sum((0, -2)), RuntimeError, "more than once"),
    "dim is a text": (lambda: X.sum("a"), TypeError, "'dim' must be int, not str"),
    "dim is a float": (lambda: X.mean(0.5), TypeError, "'dim' must be int, not float"),
    "dim is a bool": (lambda: X.sum(True), TypeError, "'dim' must be int, not bool"),
    "dim and axis": (lambda: X.sum(0, axis=0), TypeError, "both were given"),
    "keepdim is a text": (lambda: X.sum(0, "yes"), TypeError, "'keepdim' must be bool, not str"),
    "keepdim is a dim": (lambda: X.sum(0, 1), TypeError, r"'keepdim' must be bool.*dim=\(0, 1\)"),
    "keepdim of any": (lambda: X.any(0, "y"), TypeError, "any.*'keepdim' must be bool"),
    "keepdim without dim": (lambda: X.prod(keepdim=True), TypeError, "prod.*goes with `dim`"),
    "keepdim of a maximum": (lambda: X.max(keepdim=True), TypeError, "max.*goes with `dim`"),
    "None of a maximum": (lambda: X.max(None), TypeError, "max.*'dim' must be int, not NoneType"),
    "dim of two maxima": (
        lambda: torch.max(X, X, True),
        TypeError,
        "max.*invalid combination.*maximum",
    ),
    "several dims of prod": (lambda: X.prod((0, 1)), TypeError, "'dim' must be int, not tuple"),
    "dtype": (lambda: X.sum(dtype="a"), TypeError, "dtype must be a dtype such as torch.float32"),
    "mean of integers": (lambda: INTS.mean(), RuntimeError, r"mean.*torch.int64.*x\.float\(\)"),
    "list": (lambda: torch.sum([1, 2]), TypeError, "sum.*'input' must be Tensor, not list"),
    "max of nothing": (lambda: EMPTY.max(), RuntimeError, "max.*numel\\(\\) == 0.*'dim'"),
    "max along nothing": (lambda: EMPTY.max(0), IndexError, "reduction dim 0.*non-zero size"),
    "argmax of nothing": (lambda: EMPTY.argmax(), IndexError, "argmax.*numel"),
    "max of complex": (lambda: COMPLEX.max(), NotImplementedError, '"max".*no order'),
    "amax of complex": (lambda: COMPLEX.amax(), NotImplementedError, '"amax".*complex64'),
    "argmax of bools": (lambda: BOOLS.argmax(), RuntimeError, '"argmax" not implemented'),
    "softmax of integers": (lambda: INTS.softmax(0), NotImplementedError, '"softmax".*float'),
    "log_softmax of bools": (lambda: BOOLS.log_softmax(0), NotImplementedError, '"log_softmax"'),
    "softmax without dim": (lambda: torch.softmax(X), TypeError, "missing.*'dim'.*dim=-1"),
    "softmax by a float": (lambda: X.softmax(0.5), TypeError, "'dim' must be int, not float"),
    "logsumexp by None": (lambda: X.logsumexp(None), TypeError, "tuple of ints, not NoneType"),
    "equal to a number": (lambda: torch.equal(X, 2), TypeError, "'other' must be Tensor, not int"),
    "numel of a number": (lambda: torch.numel(2), TypeError, "numel.*must be Tensor"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    call, kind, words = REFUSED[case]
    with pytest.raises(kind, match=words):
        call()


@pytest.mark.parametrize("name", "sum mean prod amax amin argmax argmin any all logsumexp".split())
def test_numpy_spelling_of_the_arguments(name: str) -> None:
    method = getattr(X, name)
    assert torch.equal(method(axis=1, keepdims=True), method(dim=1, keepdim=True))
    assert torch.equal(getattr(torch, name)(X, axis=0), getattr(torch, name)(X, dim=0))


def test_other_functions_take_axis() -> None:
    assert torch.equal(X.max(axis=1).indices, X.max(1).indices)
    assert torch.equal(X.softmax(axis=1), X.softmax(1))
    assert torch.equal(torch.cat([X, X], axis=1), torch.cat([X, X], 1))
    assert torch.equal(torch.stack([X, X], axis=1), torch.stack([X, X], 1))


def test_node_names_tell_a_full_reduction_from_one_along_a_dimension() -> None:
    x = torch.ones(2, 2, requires_grad=True)
    named = {
        "SumBackward0": x.sum(),
        "SumBackward1": x.sum(0),
        "MeanBackward0": x.mean(),
        "MeanBackward1": x.mean(1),
        "ProdBackward0": x.prod(),
        "ProdBackward1": x.prod(0),
        "MaxBackward1": x.max(),
        "MaxBackward0": x.max(0).values,
        "MinBackward1": x.min(),
        "AmaxBackward0": x.amax(),
    }
    assert [out.grad_fn.name() for out in named.values()] == list(named)


def test_full_product_is_one_node_and_exact_at_zeros() -> None:
    x = torch.tensor([[2.0, 0.0], [3.0, 4.0]], requires_grad=True)
    out = x.prod()
    assert out.grad_fn.next_functions[0][0].variable is x
    out.backward()
    assert x.grad.tolist() == [[0.0, 24.0], [0.0, 0.0]]


def test_full_product_under_vmap() -> None:
    assert torch.vmap(torch.prod)(X).tolist() == [5.0, 21.0]
    assert torch.vmap(torch.func.grad(torch.prod))(X).tolist() == [[5.0, 1.0], [3.0, 7.0]]


def test_truth_of_bytes_is_a_byte_and_of_no_dims_an_elementwise_one() -> None:
    assert torch.tensor([1, 2], dtype=torch.uint8).any().dtype is torch.uint8
    assert BOOLS.any(dim=()).tolist() == [True, False]


def test_argmax_keeps_every_dimension() -> None:
    assert X.argmax(keepdim=True).tolist() == [[2]]


def test_max_with_a_tensor_is_the_maximum() -> None:
    assert torch.max(torch.tensor([1.0, 4.0]), torch.tensor(2.0)).tolist() == [2.0, 4.0]


def test_logsumexp_of_a_scalar_of_infinities_and_of_complex_numbers() -> None:
    assert torch.tensor(2.0).logsumexp(0).item() == 2.0
    assert torch.full((2,), -np.inf).logsumexp(0).item() == -np.inf
    z = torch.tensor([1 + 1j, 2 - 3j], dtype=torch.complex128)
    assert np.isclose(z.logsumexp(0).item(), np.log(np.exp(1 + 1j) + np.exp(2 - 3j)))


def test_equal_compares_shapes_and_elements() -> None:
    assert torch.equal(INTS, torch.tensor([1.0, 2.0]))
    assert not torch.equal(INTS, INTS[None])
    assert not torch.equal(INTS, INTS + 1)
    assert torch.numel(X) == 4


def test_named_results_say_where_they_are_found():
    found = torch.tensor([1.0, 5.0]).max(0)
    assert str(type(found)) == "<class 'wengert.return_types.max'>"
    assert (found.n_fields, found.n_sequence_fields, found.n_unnamed_fields) == (2, 2, 0)
    assert torch.return_types.max((1, 2)) == torch.return_types.max(1, 2) == (1, 2)
    again = pickle.loads(pickle.dumps(found))
    assert type(again) is type(found)
    assert again.indices.item() == 1
    with pytest.raises(AttributeError, match=r"Did you mean `torch.return_types.topk`"):
        torch.return_types.top_k  # noqa: B018

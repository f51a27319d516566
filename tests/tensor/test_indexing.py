"""Indices: single bools, what is refused, and the words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import wengert as torch


def test_a_single_bool_adds_a_dimension() -> None:
    x = torch.arange(6.0, requires_grad=True)
    m = x.reshape(2, 3)
    assert m[True].shape == (1, 2, 3) and m[False].shape == (0, 2, 3)
    assert m[torch.tensor(True)].grad_fn.name() == "IndexBackward0"
    assert m[True, 0].tolist() == [[0.0, 1.0, 2.0]] and m[0, True].shape == (1, 3)
    m[True].sum().backward()
    assert x.grad.tolist() == [1.0] * 6


def test_writes_by_a_single_bool() -> None:
    m = torch.zeros(2, 3)
    m[False] = 7.0
    assert m.sum().item() == 0.0
    m[True] = torch.ones(3)
    assert m.tolist() == [[1.0] * 3] * 2


@pytest.mark.parametrize(
    ("index", "error", "words"),
    [
        ("'a'", TypeError, "no element named"),
        ("1.0", IndexError, "float"),
        ("{}", IndexError, "dict"),
        ("slice(0.5, 2)", TypeError, "slice indices"),
        ("['a']", TypeError, "integers or bools"),
        ("([0, 1], [0, 1, 2])", IndexError, r"\[2\], \[3\]"),
        ("slice(None, None, -1)", ValueError, "flip"),
        ("(0, 0, 0)", IndexError, "too many"),
        ("5", IndexError, "out of bounds"),
        ("[5]", IndexError, "out of bounds"),
    ],
)
def test_what_is_no_index(index: str, error: type[Exception], words: str) -> None:
    m = torch.ones(2, 3)
    for use in (lambda k: m[k], lambda k: m.__setitem__(k, 0.0)):
        with pytest.raises(error, match=words):
            use(eval(index))
    assert m.tolist() == [[1.0] * 3] * 2 and m._version == 0


def test_a_string_in_a_list_is_no_key() -> None:
    with pytest.raises(TypeError, match="integers or bools"):
        torch.ones(2)[["a", "b"]]


def test_bytes_are_a_mask_and_a_nested_list_is_a_tuple_with_a_warning() -> None:
    m = torch.arange(6.0).reshape(2, 3)
    with pytest.warns(UserWarning, match="torch.uint8 is now deprecated"):
        assert m[torch.tensor([0, 1], dtype=torch.uint8)].tolist() == [[3.0, 4.0, 5.0]]
    with pytest.warns(UserWarning, match="non-tuple sequence"):
        assert m[[[0, 1], [1, 2]]].tolist() == [1.0, 5.0]


def test_index_tensors_of_narrow_integers_are_refused() -> None:
    with pytest.raises(IndexError, match="long, int, byte or bool"):
        torch.ones(3)[torch.tensor([0, 1], dtype=torch.int16)]


def test_an_index_array_of_numpy_may_change_afterwards() -> None:
    x = torch.arange(4.0, requires_grad=True)
    at = np.array([0, 1])
    y = x[at] * 2.0
    at[:] = 3
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0, 0.0, 0.0]


def test_an_index_tensor_that_changed_is_found_out() -> None:
    x = torch.arange(4.0, requires_grad=True)
    at = torch.tensor([0, 1])
    for picked in (x[at], x.gather(0, at), x.index_select(0, at)):
        at.add_(1)
        with pytest.raises(RuntimeError, match="changed before backward|modified by an inplace"):
            picked.sum().backward()
        at.sub_(1)


@pytest.mark.parametrize(
    "write",
    [
        lambda x, y: x.__setitem__([0, 0, 1], y),
        lambda x, y: x.scatter_(0, torch.tensor([0, 0, 1]), y),
        lambda x, y: x.index_copy_(0, torch.tensor([0, 0, 1]), y),
        lambda x, y: x.put_(torch.tensor([0, 0, 1]), y),
        lambda x, y: x.index_put_((torch.tensor([0, 0, 1]),), y),
    ],
)
def test_of_several_values_for_one_place_the_last_has_the_gradient(write: Any) -> None:
    x = torch.zeros(3)
    y = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    write(x, y)
    assert x.tolist() == [2.0, 3.0, 0.0]
    (x * torch.tensor([5.0, 7.0, 11.0])).sum().backward()
    assert y.grad.tolist() == [0.0, 5.0, 7.0]


def test_a_write_outside_changes_nothing() -> None:
    x, y = torch.zeros(3), torch.ones(2)
    at = torch.tensor([0, 5])
    writes = [
        lambda: x.__setitem__(at, y), lambda: x.__setitem__([0, 5], 1.0), lambda: x.scatter_(0, at, y),
        lambda: x.index_add_(0, at, y), lambda: x.put_(at, y), lambda: x.index_fill_(0, at, 1.0),
        lambda: x.scatter_reduce_(0, at, y, "amax", include_self=False), lambda: x.index_put_((at,), y),
    ]  # fmt: skip
    for write in writes:
        with pytest.raises(
            IndexError, match="index 5 is out of bounds for dimension 0 with size 3"
        ):
            write()
        assert x.tolist() == [0.0, 0.0, 0.0] and x._version == 0


def test_writes_to_memory_that_is_not_in_one_piece() -> None:
    base = torch.zeros(3, 4)
    turned = base.t()
    turned[torch.tensor([0, 3])] = 1.0
    turned.index_add_(0, torch.tensor([0, 0]), torch.ones(2, 3))
    turned.scatter_(1, torch.tensor([[2]]), 9.0)
    assert base.tolist() == [[3.0, 0.0, 0.0, 1.0], [3.0, 0.0, 0.0, 1.0], [9.0, 0.0, 0.0, 1.0]]


def test_a_write_of_a_part_over_another_part_of_the_same_memory() -> None:
    x = torch.arange(5.0)
    x[1:] = x[:-1]
    assert x.tolist() == [0.0, 0.0, 1.0, 2.0, 3.0]
    x.index_add_(0, torch.tensor([1, 0]), x[:2])
    assert x.tolist() == [0.0, 0.0, 1.0, 2.0, 3.0]
    x[torch.tensor([2, 3, 4])] = x[:3]
    assert x.tolist() == [0.0, 0.0, 0.0, 0.0, 1.0]


def test_long_sums_of_half_precision() -> None:
    made = torch.zeros(1, dtype=torch.float16).index_add(
        0, torch.zeros(5000, dtype=torch.int64), torch.ones(5000, dtype=torch.float16)
    )
    assert made.item() == 5000.0


def test_what_a_write_passes_over_has_no_slope() -> None:
    """`log` has an infinite slope at 0, which an overwritten or smaller element must not see."""
    at = torch.tensor([0])
    writes = [
        lambda x: x.masked_fill(x == -math.inf, 0.0),
        lambda x: x.index_fill(0, at, 0.0),
        lambda x: x.scatter(0, at, 0.0),
        lambda x: x.put(at, torch.zeros(1)),
        lambda x: x.index_copy(0, at, torch.zeros(1)),
        lambda x: x.scatter_reduce(0, at, torch.zeros(1), "amax"),
        lambda x: torch.zeros(1).scatter_reduce(0, torch.tensor([0, 0]), x, "amax"),
        lambda x: x.masked_scatter(x == -math.inf, torch.zeros(2)),
    ]
    for write in writes:
        x = torch.tensor([0.0, 2.0], requires_grad=True)
        write(x.log()).sum().backward()
        assert x.grad.tolist() == [0.0, 0.5]


def test_second_derivatives_of_products_with_two_zeros() -> None:
    """PyTorch refuses these."""
    y = torch.tensor([0.0, 0.0, 3.0], requires_grad=True, dtype=torch.float64)
    made = torch.ones(1, dtype=torch.float64).scatter_reduce(0, torch.tensor([0, 0, 0]), y, "prod")
    (first,) = torch.autograd.grad(made.sum(), y, create_graph=True)
    assert first.tolist() == [0.0, 0.0, 0.0]
    (second,) = torch.autograd.grad(first[0], y)
    assert second.tolist() == [0.0, 3.0, 0.0]

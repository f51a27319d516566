"""Indexing inside of `vmap`, `jvp` and traces: index tensors stay operands, masks choose without a shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import wengert as torch
from wengert.func import grad, jvp, vmap
from wengert.trace import trace


def filled(x: Any, mask: Any) -> Any:
    """A number where the mask is true."""
    y = x * 1.0
    y[mask] = 7.0
    return y


def filled_behind(x: Any, mask: Any) -> Any:
    """A row where a mask of the last dimension but one is true, through a view."""
    y = torch.stack([x, x])
    y[1, :, mask[0]] = (x * 3.0)[:, :1]
    return y


def added(x: Any, mask: Any) -> Any:
    """A number added where the mask is true."""
    return x.index_put((mask,), torch.tensor(5.0), accumulate=True)


def scattered(x: Any, mask: Any) -> Any:
    """One element after the other where the mask is true."""
    return x.masked_scatter(mask, x.flatten() * 2.0)


WRITES = [filled, filled_behind, added, scattered]
X = torch.arange(12.0).reshape(2, 2, 3)
MASKS = torch.tensor(
    [[[True, False, True], [False, False, False]], [[False, True, True], [True, True, True]]]
)


@pytest.mark.parametrize("write", WRITES)
def test_writes_by_masks_under_vmap(write: Callable[..., Any]) -> None:
    expected = [write(x, m) for x, m in zip(X, MASKS, strict=True)]
    assert vmap(write)(X, MASKS).tolist() == [e.tolist() for e in expected]
    expected = [write(x, MASKS[0]) for x in X]
    assert vmap(write, (0, None))(X, MASKS[0]).tolist() == [e.tolist() for e in expected]


@pytest.mark.parametrize("write", WRITES)
def test_gradients_of_writes_by_masks(write: Callable[..., Any]) -> None:
    def loss(x: Any, mask: Any) -> Any:
        return (write(x, mask) ** 2).sum()

    each = [grad(loss)(x, m).tolist() for x, m in zip(X, MASKS, strict=True)]
    assert vmap(grad(loss))(X, MASKS).tolist() == each
    _, slope = jvp(lambda x: loss(x, MASKS[0]), (X[0],), (torch.ones(2, 3),))
    assert slope.item() == pytest.approx(grad(loss)(X[0], MASKS[0]).sum().item())


@pytest.mark.parametrize("write", WRITES)
def test_a_replay_reads_the_mask(write: Callable[..., Any]) -> None:
    traced = trace(write, X[0], MASKS[0])
    for x, m in zip(X, MASKS, strict=True):
        assert traced(x, m).tolist() == write(x, m).tolist()


@pytest.mark.parametrize(
    "pick",
    [
        lambda x, at: x[at],
        lambda x, at: x[..., at],
        lambda x, at: x[at, :, at],
        lambda x, at: x[at[0]],
        lambda x, at: x.index_select(1, at),
        lambda x, at: x.gather(2, at.reshape(1, 1, -1)),
        lambda x, at: x.index_add(0, at, x[at]),
        lambda x, at: x.index_fill(1, at, 0.0),
    ],
)
def test_a_replay_reads_the_index(pick: Callable[..., Any]) -> None:
    first, second = torch.tensor([0, 1]), torch.tensor([1, 1])
    traced = trace(pick, X, first)
    for at in (first, second):
        assert traced(X, at).tolist() == pick(X, at).tolist()
        each = [pick(x, at).tolist() for x in torch.stack([X, X * 2.0])]
        assert vmap(pick, (0, None))(torch.stack([X, X * 2.0]), at).tolist() == each
    both = torch.stack([first, second])
    assert vmap(pick, (None, 0))(X, both).tolist() == [pick(X, at).tolist() for at in both]
    with pytest.raises(IndexError, match="out of bounds"):
        traced(X, torch.tensor([9, 9]))


def test_an_index_outside_is_found_under_vmap() -> None:
    with pytest.raises(IndexError, match="index -7 is out of bounds for dimension 0 with size 2"):
        vmap(lambda at: X[at])(torch.tensor([[0], [-7]]))


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (lambda x: x[x > 1.0], r"boolean mask as an index.*torch.where\(mask, x, 0\)"),
        (lambda x: x.masked_select(x > 1.0), r"masked_select.*torch.where"),
        (lambda x: torch.nonzero(x), "nonzero.*nonzero_static"),
        (lambda x: torch.argwhere(x), "nonzero.*nonzero_static"),
        (lambda x: torch.nn.functional.one_hot(x.long()), "one_hot.*num_classes"),
    ],
)
def test_shapes_that_depend_on_values_are_refused(read: Callable[..., Any], words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        vmap(read)(X)
    with pytest.raises(RuntimeError, match=words):
        trace(read, X)


def test_a_write_of_an_element_for_each_true_one_is_refused() -> None:
    def write(x: Any) -> Any:
        y = x * 1.0
        y[x > 1.0] = torch.ones(5)
        return y

    with pytest.raises(RuntimeError, match="boolean mask as an index"):
        trace(write, X)


def test_what_has_a_fixed_shape_works() -> None:
    traced = trace(lambda x: torch.nonzero_static(x, size=3), torch.tensor([0.0, 1.0, 2.0]))
    assert traced(torch.tensor([5.0, 0.0, 0.0])).tolist() == [[0], [-1], [-1]]
    made = vmap(lambda i: torch.nn.functional.one_hot(i, 3))(torch.tensor([[0], [2]]))
    assert made.tolist() == [[[1, 0, 0]], [[0, 0, 1]]]

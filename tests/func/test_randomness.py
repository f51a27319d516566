"""Random numbers inside `vmap`: refused, shared, or each example's own."""

from __future__ import annotations

import pytest

import wengert as torch
from wengert.func import vmap


def test_the_default_refuses() -> None:
    with pytest.raises(RuntimeError, match="randomness"):
        vmap(lambda a: a + torch.randn(()))(torch.zeros(3))


def test_same_gives_every_example_the_same_numbers() -> None:
    out = vmap(lambda a: a + torch.rand(2), randomness="same")(torch.zeros(3))
    assert out.shape == (3, 2)
    assert out[0].tolist() == out[1].tolist() == out[2].tolist()


def test_different_gives_each_example_the_numbers_of_one_draw() -> None:
    torch.manual_seed(3)
    out = vmap(lambda a: a + torch.randn(2), randomness="different")(torch.zeros(4))
    torch.manual_seed(3)
    assert out.tolist() == torch.randn(4, 2).tolist()


def test_nested_maps_draw_for_every_pair() -> None:
    inner = vmap(lambda a: a + torch.rand(()), randomness="different")
    out = vmap(inner, randomness="different")(torch.zeros(3, 4))
    assert len({v for row in out.tolist() for v in row}) == 12


def test_permutations_differ_and_are_permutations() -> None:
    out = vmap(lambda a: torch.randperm(5) + a, randomness="different")(torch.zeros(6))
    assert all(sorted(row) == [0, 1, 2, 3, 4] for row in out.tolist())


def test_an_unknown_choice_is_refused() -> None:
    with pytest.raises(RuntimeError, match="different"):
        vmap(lambda a: a, randomness="bogus")

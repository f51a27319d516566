"""Indices: single bools, what is refused, and the words."""

from __future__ import annotations

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

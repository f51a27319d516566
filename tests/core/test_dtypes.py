"""Element types: the one table that declares them, and the words for those that do not go together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as torch
from wengert.core import dtypes

X = torch.tensor([1, 2], dtype=torch.uint16)

REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "two integers": (
        lambda: X + torch.tensor([1, 2]), RuntimeError,
        r"uint16, uint32, uint64 types is not supported.*torch\.uint16 and torch\.int64.*x\.to\(torch\.int64\)",
    ),
    "two unsigned": (lambda: torch.promote_types(torch.uint32, torch.uint64), RuntimeError, "uint32 and torch.uint64"),
    "complex": (lambda: torch.promote_types(torch.complex64, torch.uint16), RuntimeError, "complex64 and torch.uint16"),
    "no complex type": (lambda: torch.int64.to_complex(), RuntimeError, "Complex ScalarType for Long.*complex64"),
    "a negative number": (lambda: torch.tensor([-1], dtype=torch.uint64), OverflowError, r"0 to 2\*\*64 - 1.*modulo"),
    "beyond uint64": (lambda: torch.tensor([2**64], dtype=torch.uint64), OverflowError, "can't convert others"),
    "floats": (lambda: torch.tensor([1.5], dtype=torch.uint64), TypeError, r"made of ints.*\.to\(torch\.uint64\)"),
    "text": (lambda: torch.tensor(["a"], dtype=torch.uint64), ValueError, "too many dimensions 'str'"),
    "beyond uint16": (lambda: torch.full((1,), 70000, dtype=torch.uint16), RuntimeError, "70000 cannot be converted"),
    "beyond 64 bits": (lambda: torch.zeros(1).fill_(2**64), OverflowError, r"fill_: the value 18.* too big.*float"),
    "beyond int64, written": (lambda: torch.zeros(1).__setitem__(0, 2**63), ValueError, "does not fit 64 bits"),
    "any number": (lambda: X.random_(), NotImplementedError, "uint16 without bounds. Give an upper bound"),
    "a NumPy type": (lambda: torch.from_numpy(np.array([1], np.longdouble)), TypeError, "uint16, uint32, uint64, int8"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_words(case: str) -> None:
    call, kind, words = REFUSED[case]
    with pytest.raises(kind, match=words):
        call()


def test_every_type_has_a_public_name_and_a_label_of_its_own() -> None:
    assert (
        len({d.label for d in dtypes.ALL}) == len({d.name for d in dtypes.ALL}) == len(dtypes.ALL)
    )
    for d in dtypes.ALL:
        assert getattr(torch, d.name) is d is dtypes.named(d.name)
        assert torch.ones(1, dtype=d).type() == f"torch.{d.label}Tensor"


def test_what_pytorch_has_not_implemented_for_wide_unsigned_types() -> None:
    """Is computed as for uint8, modulo their size."""
    for d in dtypes.WIDE_UNSIGNED:
        x = torch.tensor([3, 1, 2], dtype=d)
        assert (x + x).tolist() == [6, 2, 4] and (x - 2).tolist() == [
            1,
            2 ** (8 * d.itemsize) - 1,
            0,
        ]
        assert (
            x.max().item() == 3
            and x.argmin().item() == 1
            and (x > 1).tolist() == [True, False, True]
        )
        assert torch.arange(3, dtype=d).tolist() == [0, 1, 2] and x.flip(0).tolist() == [2, 1, 3]
        assert x.gather(0, torch.tensor([2, 0])).tolist() == [2, 3]
        assert torch.where(x > 1, x, 0).tolist() == [3, 0, 2]


def test_numbers_beyond_int64() -> None:
    x = torch.tensor([2**63, 1, 2**64 - 1], dtype=torch.uint64)
    assert x.tolist() == [2**63, 1, 2**64 - 1] and int(x[2]) == x[2].item() == 2**64 - 1
    assert x.sort().values.tolist() == [1, 2**63, 2**64 - 1]
    assert torch.tensor([x[0], x[2]]).tolist() == [2**63, 2**64 - 1]
    assert torch.tensor([np.uint64(5)]).dtype is torch.uint64


def test_on_the_device_meta() -> None:
    x = torch.empty(2, dtype=torch.uint32, device="meta")
    assert (
        x.dtype is (x * 2).dtype is torch.uint32
        and (x + torch.ones(2, device="meta")).dtype is torch.float32
    )

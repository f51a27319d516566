"""The harness sees what it is there to see."""

import numpy as np
import pytest

import wengert
from tests.parity.opdb.listing import Entry, parse

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")

from tests.parity.opdb import calls, compare, forms, judge, outcome  # noqa: E402


@pytest.mark.parametrize(
    "expected, found, message",
    [
        (torch.ones(2), wengert.ones(3), "shape"),
        (torch.ones(2), wengert.ones(2, dtype=wengert.float64), "dtype"),
        (torch.ones(2), wengert.tensor([1.0, 1.1]), "1 of 2 entries differ"),
        (torch.ones(()), 1.0, "type"),
        (torch.zeros(()), wengert.tensor(float("nan")), "expected 0.0"),
        ((torch.ones(2),), [wengert.ones(2)], "structure"),
        (torch.max(torch.ones(1), 0), (wengert.ones(1), wengert.ones(1)), "named tuple"),
        (True, 1, "expected True"),
    ],
)
def test_a_difference_is_seen(expected, found, message):
    with pytest.raises(outcome.Differs, match=message):
        compare.require_same(expected, found)


@pytest.mark.parametrize(
    "expected, found",
    [
        (torch.tensor(float("nan")), wengert.tensor(float("nan"))),
        (torch.max(torch.ones(1), 0), wengert.max(wengert.ones(1), 0)),
        ([torch.Size([2])], [wengert.Size([2])]),
    ],
)
def test_what_is_the_same_passes(expected, found):
    compare.require_same(expected, found)


def test_strides_and_requires_grad_are_carried_over():
    given = torch.arange(12.0).reshape(3, 4).t()[1:, ::2].requires_grad_()
    made = calls.fresh(given, wengert)
    assert made.stride() == given.stride() and made.requires_grad
    np.testing.assert_array_equal(calls.array_of(made), calls.array_of(given))


def wrong_exp(x):
    """Return the exponential, with a derivative that is 0.001 too large."""
    return x.exp() + (x * 1e-3 - (x * 1e-3).detach())


@pytest.mark.parametrize("check", ["first", "second", "jvp"])
def test_a_wrong_derivative_is_seen(monkeypatch, check):
    monkeypatch.setattr(forms, "function", lambda op: wrong_exp)
    assert judge.judge(Entry("exp"), check).state == "FAIL"


def test_a_line_that_is_out_of_date_fails():
    entry = parse(["exp", "    values: once upon a time"])["exp"]
    found = judge.judge(entry, "values")
    assert found.state == "FAIL"
    assert found.complaints() == ["out of date: take `values` from ops.txt"]


def test_an_unlisted_operator_is_named():
    assert "exp" in judge.missing_from({})
    assert "erfinv" not in judge.arrived({"erfinv": Entry("erfinv")})
    assert judge.arrived({"exp": Entry("exp", "lacking")}) == ["exp"]

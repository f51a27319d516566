"""How rows are written: once, and without NumPy in their rules; a variant is a row under another name."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any

import pytest

import wengert as torch
from wengert.core.primitive import Primitive
from wengert.rules import BOOK
from wengert.rules.indexing import multiples
from wengert.rules.memory import shapes_along
from wengert.rules.structural import sum, sum_along

OWN = {"name", "backward_name", "node", "variant_of"}


def test_a_variant_shares_everything_but_its_names() -> None:
    assert BOOK["sum_along"] is sum_along
    assert (sum_along.name, sum_along.backward_name) == ("sum_along", "SumBackward1")
    assert sum_along.variant_of is sum
    assert sum.variant_of is None
    for attribute in set(Primitive.__slots__) - OWN:
        assert getattr(sum_along, attribute) is getattr(sum, attribute), attribute


def test_a_variant_has_nodes_of_its_own() -> None:
    x = torch.ones(2, requires_grad=True)
    assert x.sum().grad_fn.name() == "SumBackward0"
    assert x.sum(0).grad_fn.name() == "SumBackward1"


def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="already has a row named 'mean'"):
        sum.named("mean", "MeanBackward0")


def _text(fn: Any) -> Any:
    """Return what a function is written as: equal for two lambdas of equal text over the same names."""
    code = getattr(fn, "__code__", None)
    if code is None:
        return fn
    enclosed = tuple(id(cell.cell_contents) for cell in fn.__closure__ or ())
    return code.co_code, code.co_consts, code.co_names, code.co_varnames, enclosed


def test_no_row_is_written_twice() -> None:
    """Rows of the same forward and rules are variants: a second copy would drift from the first."""
    seen: dict[Any, Primitive] = {}
    for row in BOOK.values():
        if row.variant_of is None and row.rules:
            rules = [*row.rules, row.jvp]
            texts = tuple(_text(rule and rule.fn) for rule in rules)
            twin = seen.setdefault((row.kind, _text(row.forward), texts), row)
            assert twin is row, f"{row} is {twin} again: write `{twin.name}.named(...)`"


def _reached(fn: Any, seen: set[Any]) -> Iterator[FunctionType]:
    """Return a function and those of the rulebook that it calls, rows apart."""
    if not isinstance(fn, FunctionType) or fn in seen or "wengert.rules" not in fn.__module__:
        return
    seen.add(fn)
    yield fn
    for name in fn.__code__.co_names:
        yield from _reached(fn.__globals__.get(name), seen)


@pytest.mark.parametrize("row", BOOK.values(), ids=BOOK)
def test_rules_name_no_numpy(row: Primitive) -> None:
    """What a rule computes has to be rows, or other carriers could not run it."""
    rules = [rule.fn for rule in (*row.rules, row.jvp) if rule is not None]
    # What depends on shapes alone is the same for all carriers.
    seen: set[Any] = {shapes_along, multiples}
    for fn in [*rules, row.batch, row.definition]:
        for reached in _reached(fn, seen):
            assert "np" not in reached.__code__.co_names, f"{row}: {reached.__name__}"

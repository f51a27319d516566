"""What rules declare to keep is enough, is all that the tape saves, and is needed; the table of it all is golden."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wengert as torch
from tests.laws.calculus import gradients, like, raw, tensors
from tests.laws.explicit.matrices import INVARIANTS
from tests.laws.samples import DIFFERENTIABLE, Sample, samples_of
from wengert.core.primitive import Primitive, Rule
from wengert.core.silence import silent
from wengert.rules import BOOK
from wengert.tape.record import binary, unary

GOLDEN = Path(__file__).with_name("residuals.txt")

UNSEEN = {
    ("nansum", 0, "x"): "matters where an element is NaN: tests/tensor/test_statistics.py shows it",
    ("heaviside", 1, "x"): "matters where the input is 0: tests/tensor/test_pointwise.py shows it",
    ("pow", 1, "y"): "matters where the base is 0: tests/rules/test_edges.py shows it",
    ("number_pow", 1, "y"): "as in pow",
    (
        "slogdet",
        0,
        "sign",
    ): "matters for complex numbers, of which the laws of derivatives have samples",
    (
        "eig",
        0,
        "values",
    ): "its samples are complex, and the rule refuses cotangents that depend on phases",
    ("eig", 0, "vectors"): "as values",
    **{
        (name, 0, "x"): "matters where it is 0: tests/rules/test_pointwise_edges.py shows it"
        for name in (
            "xlogy",
            "number_xlogy",
            "xlogy_number",
            "xlog1py",
            "number_xlog1py",
            "xlog1py_number",
        )
    },
    (
        "nan_to_num",
        0,
        "x",
    ): "matters where it is not finite: tests/rules/test_pointwise_edges.py shows it",
    (
        "nextafter",
        0,
        "x",
    ): "matters where both are equal: tests/rules/test_pointwise_edges.py shows it",
    ("nextafter", 0, "y"): "as x",
    (
        "twice",
        0,
        "x",
    ): "a second derivative is constant, and stays on the tape of x as PyTorch's does",
}
"""Residuals that no sample shows, by row, operand and name, with the reason."""


class Undeclared:
    """Stands where a rule must not look: any use of it raises."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(f"a rule used an undeclared residual (.{name})")


def _layout(row: Primitive, sample: Sample) -> list[str]:
    """Return the names of the row's operands and outputs; a variadic row's rules know none of them."""
    outs = sample.everything(*sample.operands)
    operands = row.operands or [f"operand{i}" for i in range(len(sample.operands))]
    return [*operands, *(row.outputs or [f"output{i}" for i in range(len(outs))])]


def _cotangent(sample: Sample) -> Any:
    """Return what the walk hands a rule: one cotangent, or a tuple with None for integer outputs."""
    given = iter(like(raw(sample, sample.points), 8))
    outs = sample.everything(*sample.operands)
    cts = tuple(next(given) if o.dtype.kind in "fc" else None for o in outs)
    return cts[0] if len(cts) == 1 and sample.row.outputs is not None else cts


def _pulled(sample: Sample, i: int, values: list[Any], shapes: Any, position: int) -> Any:
    rule = sample.row.rule(i)
    assert rule is not None
    return silent().run(rule.pull, _cotangent(sample), values, sample.params, shapes, position)


def _values(sample: Sample) -> tuple[list[Any], tuple[tuple[int, ...], ...]]:
    values = [*sample.operands, *sample.everything(*sample.operands)]
    return values, tuple(x.shape for x in sample.operands)


def _phased(sample: Sample) -> bool:
    return sample.row.name in INVARIANTS and sample.points[0].dtype.kind == "c"


@pytest.mark.parametrize("sample", DIFFERENTIABLE)
def test_declared_residuals_are_sufficient(sample: Sample) -> None:
    """Rules compute the same when everything undeclared raises on use."""
    if _phased(sample):
        pytest.skip("the rule refuses cotangents that depend on phases")
    values, shapes = _values(sample)
    for i in sample.moving:
        rule = sample.row.rule(i)
        assert rule is not None
        hidden = [v if k in rule.needs else Undeclared() for k, v in enumerate(values)]
        found = _pulled(sample, i, hidden, shapes if rule.wants_shape else (), i)
        np.testing.assert_array_equal(found, _pulled(sample, i, values, shapes, i))


@pytest.mark.parametrize("sample", DIFFERENTIABLE)
def test_what_a_rule_makes_is_its_own(sample: Sample) -> None:
    """A result is the cotangent itself, a view, or new memory: the walk takes the last of these as its own."""
    if _phased(sample):
        pytest.skip("the rule refuses cotangents that depend on phases")
    values, shapes = _values(sample)
    for i in sample.moving:
        rule, ct = sample.row.rule(i), _cotangent(sample)
        assert rule is not None
        given = [*values, *(ct if isinstance(ct, tuple) else (ct,))]
        found, again = (rule.pull(ct, values, sample.params, shapes, i) for _ in range(2))
        if found.base is None and all(found is not v for v in given[len(values) :]):
            for other in (*(v for v in given if v is not None), again):
                assert found.ndim == 0 or not np.shares_memory(found, other)


@pytest.mark.parametrize("sample", DIFFERENTIABLE)
@pytest.mark.parametrize("way", ["general", "short"])
def test_the_tape_saves_what_active_rules_declare(sample: Sample, way: str) -> None:
    """With one operand active, its node holds that rule's residuals and no others."""
    for i in sample.moving:
        leaves = tensors(sample.operands)
        leaves[i].requires_grad_()
        out = sample.everything(*leaves)[0] if way == "general" else _short_way(sample, leaves)
        node, rule = out.grad_fn, sample.row.rule(i)
        assert rule is not None
        assert {k for k, s in enumerate(node.saved) if s is not None} == rule.needs
        assert bool(node.shapes) == sample.row.wants_shape


def _short_way(sample: Sample, leaves: list[Any]) -> Any:
    """Record through the hot path where the row can take it."""
    if (
        sample.params
        or not sample.row.simple
        or any(x.dtype != leaves[0].dtype for x in leaves)
        or len(leaves) > 2
    ):
        return sample.everything(*leaves)[0]
    return (unary if len(leaves) == 1 else binary)(sample.row, *leaves)


def _changes(value: Any) -> Iterator[Any]:
    """Return other values of the same shape."""
    if value.dtype.kind == "b":
        yield ~value
    elif value.dtype.kind in "fc":
        yield from (value * 1.3 + 0.2, -value, np.flip(value).copy())
    else:
        yield from (np.flip(value).copy(), (value + 1) % (value.max() + 1), value * 0 + 1 - value)


def _differs(sample: Sample, i: int, values: Any, shapes: Any, position: int, base: Any) -> bool:
    """Say whether a rule's result is another one, or none."""
    try:
        found = _pulled(sample, i, values, shapes, position)
    except (ValueError, IndexError, TypeError):
        return True
    found, base = np.asarray(found), np.asarray(base)
    return found.shape != base.shape or not np.array_equal(found, base)


def _needed(sample: Sample, i: int, rule: Rule, name: str) -> bool:
    """Say whether some other value of one residual gives another cotangent."""
    if _phased(sample):
        return False
    values, shapes = _values(sample)
    base = _pulled(sample, i, values, shapes, i)
    layout = _layout(sample.row, sample)
    if name in layout:
        k = layout.index(name)
        return any(
            _differs(sample, i, [*values[:k], new, *values[k + 1 :]], shapes, i, base)
            for new in _changes(values[k])
        )
    if name == "position":
        others = [p for p in range(len(sample.operands)) if p != i]
        return any(_differs(sample, i, values, shapes, p, base) for p in others)
    k = layout.index(name[:-6]) if name != "shapes" else 0
    grown = tuple(n + 1 for n in shapes[k])
    return _differs(sample, i, values, (*shapes[:k], (5, *grown[1:]), *shapes[k + 1 :]), i, base)


def _residuals() -> Iterator[Any]:
    for name, row in sorted(BOOK.items()):
        for i, rule in enumerate(row.rules):
            for residual in () if rule is None else rule.names:
                kept = residual in ("position", "shapes") or residual.endswith("_shape")
                if kept or residual in ((row.operands or ()) + (row.outputs or ())):
                    yield pytest.param(row, i, residual, id=f"{name}-{i}-{residual}")


@pytest.mark.parametrize(("row", "i", "residual"), list(_residuals()))
def test_declared_residuals_are_necessary(row: Primitive, i: int, residual: str) -> None:
    """On some sample of the row, another value of the residual changes the cotangent.

    Of any operand, where the row has one rule for all.
    """
    operands: list[int] = [i] if row.operands is not None else [0, 1]
    if row.together is not None:
        operands = list(range(len(row.operands or ())))
    needed = any(
        _needed(sample, k, rule, residual)
        for sample in samples_of(row)
        for k in operands
        if (rule := row.rule(k)) is not None
    )
    assert needed != ((row.name, i, residual) in UNSEEN)


def test_backward_frees_residuals() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = torch.exp(x)
    node = y.grad_fn
    gradients([y], [x], [torch.ones_like(y)])
    assert node.saved is None


def _table() -> str:
    """Print what each rule of each row keeps, parameters included."""
    lines = []
    for name, row in sorted(BOOK.items()):
        operands = row.operands or ("*",)
        parts = [f"{name} ({row.kind})"]
        for operand, rule in zip(operands, row.rules, strict=bool(row.rules)) if row.rules else ():
            shown = "-" if rule is None else " ".join(rule.names) or "nothing"
            parts.append(f"{operand}: {shown}")
        if row.jvp is not None:
            parts.append(f"jvp: {' '.join(row.jvp.names) or 'nothing'}")
        lines.append("  |  ".join(parts))
    return "\n".join(lines) + "\n"


def test_the_table_of_residuals_is_the_golden_one() -> None:
    """After a deliberate change: ``python -m tests.laws.test_residuals`` writes the new table."""
    print(_table())
    assert _table() == GOLDEN.read_text(encoding="utf-8")


if __name__ == "__main__":
    GOLDEN.write_text(_table(), encoding="utf-8")

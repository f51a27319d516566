"""The table in docs/conventions.md is true: of Wengert to second order, and of PyTorch where that is installed."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wengert
from tests.laws.calculus import array
from wengert.func import grad, jacfwd

TABLE = Path(__file__).parents[2] / "docs" / "conventions.md"
NUMBERS = {"inf": math.inf, "nan": math.nan}
ROWS = [
    tuple(cell.strip().strip("`") for cell in line.strip("| \n").split(" | "))
    for line in TABLE.read_text(encoding="utf-8").splitlines()
    if re.match(r"\| `", line)
]
IDS = [f"{row[0]} at {row[1]}" for row in ROWS]


def _number(cell: str) -> Any:
    return eval(cell, dict(NUMBERS))


def _operands(torch: Any, at: str) -> dict[str, Any]:
    given = eval(f"dict({at})", dict(NUMBERS))
    return {
        name: torch.tensor(value, dtype=torch.float64, requires_grad=True)
        for name, value in given.items()
    }


def _flat(torch: Any, tensors: Any, operands: dict[str, Any]) -> np.ndarray[Any, Any]:
    """Return gradients one after the other, zeros for operands that have none."""
    parts = [
        # PyTorch's efficient zeros have no memory to read before they are added to something.
        np.zeros(x.numel()) if g is None else array(g.detach() + torch.zeros_like(x)).reshape(-1)
        for g, x in zip(tensors, operands.values(), strict=True)
    ]
    return np.concatenate(parts)


def _derivatives(torch: Any, expression: str, at: str) -> tuple[Any, Any, Any]:
    """Return value, gradient and second derivatives, each by a walk of its own."""
    operands = _operands(torch, at)
    inputs = list(operands.values())
    value = eval(expression, {"torch": torch}, operands)
    firsts = torch.autograd.grad(value, inputs, create_graph=True, allow_unused=True)
    rows = []
    for g, x in zip(firsts, inputs, strict=True):
        for i in range(x.numel()):
            seed = np.zeros(x.numel())
            seed[i] = 1.0
            direction = torch.tensor(seed.reshape(tuple(x.shape)).tolist(), dtype=torch.float64)
            if g is None or g.grad_fn is None:
                rows.append(np.zeros(sum(v.numel() for v in inputs)))
                continue
            seconds = torch.autograd.grad(
                g, inputs, direction, retain_graph=True, allow_unused=True, materialize_grads=True
            )
            rows.append(_flat(torch, seconds, operands))
    return value.item(), _flat(torch, firsts, operands), np.array(rows)


def _same(found: Any, cell: str) -> None:
    expected = np.broadcast_to(np.asarray(_number(cell), np.float64), np.shape(found))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_derivatives_of_wengert(row: tuple[str, ...]) -> None:
    expression, at, value, first, second, _, _ = row
    found = _derivatives(wengert, expression, at)
    for got, cell in zip(found, (value, first, second), strict=True):
        _same(got, cell)


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_forward_over_reverse_agrees(row: tuple[str, ...]) -> None:
    expression, at, _, _, second, _, _ = row
    operands = _operands(wengert, at)
    points = [x.detach() for x in operands.values()]

    def function(*values: Any) -> Any:
        given = dict(zip(operands, values, strict=True))
        return eval(expression, {"torch": wengert}, given)

    sizes = [x.numel() for x in points]
    whole = np.block(
        [
            [
                array(jacfwd(grad(function, argnums=i), argnums=j)(*points)).reshape(n, m)
                for j, m in enumerate(sizes)
            ]
            for i, n in enumerate(sizes)
        ]
    )
    _same(whole, second)


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_what_is_said_of_pytorch(row: tuple[str, ...]) -> None:
    pytorch = pytest.importorskip("torch")
    expression, at, value, first, second, its_first, its_second = row
    found = _derivatives(pytorch, expression, at)
    _same(found[0], value)
    _same(found[1], first if its_first == "same" else its_first)
    _same(found[2], second if its_second == "same" else its_second)


def test_the_table_is_read() -> None:
    assert len(ROWS) > 50
    assert {len(row) for row in ROWS} == {7}

"""The Sobol sequence where PyTorch gives no points: other dtypes, its end, and the words of every refusal."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import wengert as torch
from wengert.quasirandom import SobolEngine

REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "no dimensions": (lambda: SobolEngine(0), ValueError, r"range of dimensionality.*\[1, 21201\], got 0"),
    "half dimensions": (lambda: SobolEngine(2.5), TypeError, "'dimension' must be int, not float"),
    "fewer than no points": (lambda: SobolEngine(2).draw(-1), RuntimeError, "negative dimension -1: n is the number"),
    "half points": (lambda: SobolEngine(2).draw(1.5), TypeError, r"SobolEngine\.draw\(\): argument 'n' must be int"),
    "whole points": (lambda: SobolEngine(2).draw(1, dtype=torch.int64), NotImplementedError, "int64.*are fractions"),
    "too many": (
        lambda: SobolEngine(2).fast_forward(2**30 - 2).draw(3), ValueError,
        r"draw: the sequence has 2\*\*30 points, of which 1073741822 are generated and 3 more.*reset\(\)",
    ),
    "too far": (lambda: SobolEngine(2).fast_forward(2**30 + 1), ValueError, "fast_forward: the sequence has"),
    "back": (lambda: SobolEngine(2).fast_forward(-1), ValueError, r"pass over, got -1. Use `reset\(\)`"),
    "unbalanced": (lambda: SobolEngine(2).fast_forward(1).draw_base2(1), ValueError, r"balance.*n=1\+2\*\*1=3.*draw"),
    "a negative power": (lambda: SobolEngine(2).draw_base2(-1), ValueError, "m is -1. Use 0 or more"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_words(case: str) -> None:
    call, kind, words = REFUSED[case]
    with pytest.raises(kind, match=words):
        call()


def test_the_last_points() -> None:
    engine = SobolEngine(2).fast_forward(2**30 - 2)
    points = engine.draw(2, dtype=torch.float64)
    assert ((points >= 0) & (points < 1)).all()
    assert engine.draw(0).shape == (0, 2)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_short_floats_are_rounded_once(dtype: Any) -> None:
    def points(dtype: Any) -> Any:
        return SobolEngine(3, scramble=True, seed=1).draw(50, dtype=dtype)

    assert points(dtype).equal(points(torch.float32).to(dtype))


def test_a_fresh_engine_may_draw_nothing() -> None:
    engine = SobolEngine(2)
    assert engine.draw(0).shape == (0, 2)
    assert engine.draw(2).tolist() == [[0.0, 0.0], [0.5, 0.5]]


def test_every_interval_has_one() -> None:
    points = SobolEngine(5, scramble=True, seed=3).draw(64)
    for column in (points * 64).long().unbind(1):
        assert column.sort().values.equal(torch.arange(64))


def test_copies_go_on_by_themselves() -> None:
    engine = SobolEngine(2, scramble=True, seed=3)
    engine.draw(3)
    others = [copy.deepcopy(engine), pickle.loads(pickle.dumps(engine))]
    following = engine.draw(2)
    for other in others:
        assert other.draw(2).equal(following)


def test_whatever_the_default_device() -> None:
    with torch.device("meta"):
        assert SobolEngine(2, scramble=True, seed=1).draw(3).device == torch.device("cpu")

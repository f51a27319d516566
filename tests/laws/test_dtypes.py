"""A row keeps its operands' dtype: forward, in every cotangent and tangent, and in everything computed between."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as torch
from tests.laws.calculus import gradients, like, raw, tensors
from tests.laws.explicit.matrices import INVARIANTS, LAPACK
from tests.laws.samples import CONSTANT, HOLOMORPHIC, SMOOTH, Sample, kind
from wengert.core.primitive import BOOK
from wengert.core.silence import silent
from wengert.func import jvp, vmap
from wengert.trace import trace

REAL = [np.float16, np.float32, np.float64]
COMPLEX = [np.complex64, np.complex128]
# A cast has the dtype that it is asked for, and some rows lead from complex numbers to real ones or back.
BETWEEN = (
    "cast", "modulus", "sgn", "angle", "complex", "polar", "view_as_real", "view_as_complex", "real_dft",
)  # fmt: skip
KEEPING = [
    case
    for case in SMOOTH
    if case.values[0].row.name not in BETWEEN
    and all(kind(x) != "c" for x in case.values[0].operands)
]
KEEPING_COMPLEX = [
    case for case in HOLOMORPHIC if case.values[0].row.name not in {"cast", "slogdet", *INVARIANTS}
]


def _dtype(value: Any) -> np.dtype[Any]:
    return np.dtype(getattr(value.dtype, "numpy", value.dtype))


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("sample", KEEPING)
def test_real_dtypes_are_kept(sample: Sample, dtype: Any) -> None:
    if sample.row.name in LAPACK and dtype is np.float16:
        pytest.skip("LAPACK has no float16")
    kept(sample.astype(dtype))


@pytest.mark.parametrize("dtype", COMPLEX)
@pytest.mark.parametrize("sample", KEEPING_COMPLEX)
def test_complex_dtypes_are_kept(sample: Sample, dtype: Any) -> None:
    kept(sample.astype(dtype))


def kept(sample: Sample) -> None:
    """Check the forward, each rule on raw arrays, the walk in both ways, and forward mode."""
    dtype = sample.points[0].dtype
    outs = sample.everything(*sample.operands)
    cts = like(raw(sample, sample.points), 1)
    assert {_dtype(o) for o in outs if kind(o) in "fc"} == {dtype}

    given = iter(cts)
    ct = tuple(next(given) if kind(o) in "fc" else None for o in outs)
    shapes = tuple(x.shape for x in sample.operands)
    for i in sample.moving:
        rule = sample.row.rule(i)
        assert rule is not None
        one = ct[0] if len(ct) == 1 and sample.row.outputs is not None else ct
        pulled = silent().run(rule.pull, one, [*sample.operands, *outs], sample.params, shapes, i)
        assert pulled.dtype == dtype

    for create_graph in (False, True):
        inputs = tensors(sample.points, True)
        found = gradients(sample(*inputs), inputs, tensors(cts), create_graph)
        assert {_dtype(g) for g in found} == {dtype}
    primals, moved = jvp(sample, *map(tuple, map(tensors, (sample.points, like(sample.points, 2)))))
    assert {_dtype(t) for t in (*primals, *moved)} == {dtype}


@pytest.mark.parametrize("sample", KEEPING)
def test_nothing_wider_is_computed_on_the_way(sample: Sample) -> None:
    """Every intermediate value of forward, backward and second backward is float32, integer or bool.

    Traced twice: alone and under vmap. Traces show what rules compute, whatever carries it.
    """
    sample = sample.astype(np.float32)
    cts = like(raw(sample, sample.points), 1)

    def first(*points: Any) -> Any:
        outs, pull = torch.func.vjp(sample, *points)
        return pull(tuple(tensors(cts)))

    def twice(*points: Any) -> Any:
        return jvp(first, points, points)[1]

    columns = [np.stack([x, x]) for x in sample.points]
    graphs = [
        trace(first, *tensors(sample.points)).graph,
        trace(twice, *tensors(sample.points)).graph,
        trace(vmap(twice), *tensors(columns)).graph,
    ]
    for graph in graphs:
        for instruction in graph.instructions:
            for var in (*instruction.args, *instruction.outs):
                assert var.dtype == np.float32 or var.dtype.kind in "biu", str(instruction)


@pytest.mark.parametrize("sample", CONSTANT)
def test_constant_rows_depend_on_no_width(sample: Sample) -> None:
    """Their dtype is the operands' own or does not depend on them."""
    narrow = [
        o.dtype for o in sample.astype(np.float32).everything(*sample.astype(np.float32).operands)
    ]
    wide = [o.dtype for o in sample.everything(*sample.operands)]
    for a, b in zip(narrow, wide, strict=True):
        assert (a == np.float32 and b == np.float64) or a == b


def test_raw_backward_of_a_mixed_program_stays_narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cotangent of a walk on raw arrays is float32, whichever rule it comes from."""
    seen: list[tuple[str, Any]] = []
    for row in BOOK.values():
        for rule in row.rules:
            if rule is not None:
                _watch(monkeypatch, row.name, rule, seen)
    x = torch.tensor([[0.5, 1.5, 2.5], [1.0, 2.0, 3.0]], requires_grad=True)
    w = torch.tensor([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]], requires_grad=True)
    b = torch.tensor(0.7, requires_grad=True)
    h = torch.tanh(x @ w + b) * 2 - 1 / (1 + torch.exp(-b)) + b**2 / 3
    p = torch.softmax(h, 1)
    loss = -(p.log() * p).mean() + x.sum(0).max() * b.sqrt() + x.prod() ** 0.5 + h[0, 1] / 7
    loss.backward()
    assert len({name for name, _ in seen}) >= 15
    # A rule that only moves elements moves masks as well.
    assert {np.dtype(d) for _, d in seen} - {np.dtype(np.bool_)} == {np.dtype(np.float32)}


def _watch(monkeypatch: pytest.MonkeyPatch, name: str, rule: Any, seen: list[Any]) -> None:
    fn, pull = rule.fn, rule.pull

    def watched(*args: Any) -> Any:
        g = fn(*args)
        seen.append((name, g.dtype))
        return g

    def pulled(*args: Any) -> Any:
        g = pull(*args)
        seen.append((name, g.dtype))
        return g

    monkeypatch.setattr(rule, "fn", watched)
    monkeypatch.setattr(rule, "pull", pulled)

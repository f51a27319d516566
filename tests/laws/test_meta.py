"""On the device meta a row tells the shapes, dtypes and strides that it would compute, and so does a backward."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from tests.laws.explicit.matrices import PREPARED
from tests.laws.samples import ALL, DIFFERENTIABLE, Array, Sample
from wengert.core.primitive import Primitive
from wengert.core.silence import silent
from wengert.core.strides import steps
from wengert.tape import meta
from wengert.tape.meta import Meta, is_meta
from wengert.tape.storage import handle

SPREADS = ("spread", "grid_spread", "grid_sample", "grid_sample3d")
"""Rows whose results lie in memory in orders that their operands' shapes do not tell."""


def _described(x: Array) -> object:
    return handle(Meta.of(x))


def _outputs(out: object) -> tuple:
    return out if isinstance(out, tuple) else (out,)


def _require_told(sample: Sample, *, strides: bool) -> None:
    operands = list(sample.operands)
    if sample.row.name in PREPARED:
        operands[0] = PREPARED[sample.row.name](operands[0])
    expected = _outputs(sample.row(*operands, **sample.params))
    found = _outputs(sample.row(*map(_described, operands), **sample.params))
    assert len(found) == len(expected)
    for a, b in zip(found, map(np.asarray, expected), strict=True):
        assert is_meta(a)
        assert (tuple(a.shape), a._payload.element_type) == (b.shape, b.dtype)
        if strides and sample.row.name not in SPREADS:
            assert a.stride() == tuple(steps(b))


@pytest.mark.parametrize("sample", ALL)
def test_a_row_tells_what_it_would_make(sample: Sample) -> None:
    _require_told(sample, strides=True)


@pytest.mark.parametrize("sample", ALL)
def test_short_dimensions_tell_the_same(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every size above 1 counts as long, and is stood for where the row allows it.

    Only those up to a number among the parameters do not: so small a number may be an axis, not a size.
    """
    sizes = {n for x in sample.operands for n in x.shape}
    monkeypatch.setattr(meta, "FEW", 0)
    monkeypatch.setattr(meta, "SHORT", max([1, *(sizes & set(meta._counts(sample.params)))]))
    _require_told(sample, strides=False)


def _found_by_few(row: Primitive) -> bool:
    """Say whether the shapes that a row gives are found by running it on few elements."""
    told = row.outline is not row.forward or row.view or row.aligned
    return not told and (row.kind != "composite" or bool(row.rules))


LARGE = (83, 29, 61, 13, 47, 37)
"""Sizes on either side of `meta.SHORT` and of its double, in no order."""


@pytest.mark.parametrize("sample", [s for s in ALL if _found_by_few(s.values[0].row)])
def test_few_elements_tell_what_more_of_them_make(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The samples with larger sizes, wherever the row takes those, in the operands alone or in its parameters, too."""
    sizes = sorted({n for x in sample.operands for n in x.shape if n > 1})
    monkeypatch.setattr(meta, "FEW", 0)
    for turn in range(2):
        names = dict(zip(sizes, LARGE[turn:] + LARGE[:turn], strict=False))
        operands = [Meta(meta._renamed(x.shape, names), x.dtype) for x in sample.operands]
        if sum(x.size for x in operands) > 1 << 21:
            continue
        for params in (sample.params, meta._renamed(sample.params, names)):
            try:
                expected = silent().run(meta._computed, sample.row, operands, params)
            except Exception:  # of whatever sort a row raises for sizes that do not fit
                continue
            found = silent().run(meta._outlined, sample.row, operands, params)
            pairs = zip(_outputs(found), _outputs(expected), strict=True)
            assert all((a.shape, a.element_type) == (b.shape, b.element_type) for a, b in pairs)


@pytest.mark.parametrize("sample", DIFFERENTIABLE)
def test_a_backward_tells_the_gradients(sample: Sample) -> None:
    leaves = [_described(x) for x in sample.operands]
    for i in sample.moving:
        leaves[i].requires_grad_()
    outs = [o for o in _outputs(sample.row(*leaves, **sample.params)) if o.requires_grad]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sum((o.abs() if o.is_complex() else o).sum() for o in outs).backward()
    for i in sample.moving:
        leaf = leaves[i]
        assert leaf.grad is not None
        assert is_meta(leaf.grad)
        assert (leaf.grad.shape, leaf.grad.dtype) == (leaf.shape, leaf.dtype)

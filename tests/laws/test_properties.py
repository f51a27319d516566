"""Properties drawn by Hypothesis: any shapes that broadcast, 0-d, empty and size 1, any layout, NaN and infinities."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import wengert as torch
from tests.laws.calculus import array, arrays, gradients, inner, like, tensors
from tests.laws.samples import Array, derivable, spaced
from wengert.func import jvp, vmap
from wengert.rules import BOOK

MODEST = settings(max_examples=60, deadline=None)
MANY = settings(max_examples=200, deadline=None)

DIAGONAL = {
    count: sorted(
        name
        for name, row in BOOK.items()
        if row.kind == "elementwise"
        and derivable(row)
        and len(row.operands or ()) == count
        and None not in row.rules
    )
    for count in (1, 2)
}
"""Elementwise rows without parameters that are differentiable in all operands, by the number of these."""

SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
LAYOUTS = st.sampled_from(["dense", "transposed", "strided", "reversed copy"])


def laid_out(x: Array, layout: str) -> Array:
    """Return equal numbers in another memory layout."""
    if not x.ndim:
        return x
    if layout == "transposed":
        axes = list(range(x.ndim))[::-1]
        return np.ascontiguousarray(x.transpose(axes)).transpose(axes)
    if layout == "strided":
        return np.repeat(x, 2, axis=-1)[..., ::2]
    if layout == "reversed copy":
        return x[tuple(slice(None, None, -1) for _ in x.shape)].copy()
    return x


def holds(f: Callable[..., Any], points: Sequence[Array], expected: Array | None = None) -> None:
    """Check a function of tensors: its value, and that forward and reverse mode are transposes of each other."""
    inputs = [torch.from_numpy(x).requires_grad_() for x in points]
    out = f(*inputs)
    if expected is not None:
        assert tuple(out.shape) == expected.shape
        np.testing.assert_allclose(array(out), expected, rtol=1e-12, atol=1e-12)
    v, ct = like(points, 1), like([array(out)], 2)
    back = gradients([out], inputs, tensors(ct))
    assert [tuple(g.shape) for g in back] == [x.shape for x in points]
    assert all(g.dtype is torch.float64 for g in back)
    primal, moved = jvp(f, tuple(tensors(points)), tuple(tensors(v)))
    assert tuple(primal.shape) == tuple(moved.shape) == tuple(out.shape)
    left, right = inner(ct, [array(moved)]), inner(arrays(back), v)
    scale = max(1.0, float(np.sum(np.abs(ct[0] * array(moved)))))
    assert math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9 * scale)


def _points(name: str, shapes: Sequence[tuple[int, ...]], layout: str) -> list[Array]:
    low, high = BOOK[name].domain
    return [laid_out(x, layout) for x in spaced(name, low, high, *shapes)]


@MANY
@given(name=st.sampled_from(DIAGONAL[1]), shape=SHAPES, layout=LAYOUTS)
def test_unary_rows_on_any_shape(name: str, shape: tuple[int, ...], layout: str) -> None:
    points = _points(name, [shape], layout)
    holds(BOOK[name], points, np.asarray(BOOK[name].forward(*points)))


@MANY
@given(
    name=st.sampled_from(DIAGONAL[2]),
    shapes=hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=4, max_dims=3),
    layout=LAYOUTS,
)
def test_binary_rows_on_any_broadcast(name: str, shapes: Any, layout: str) -> None:
    points = _points(name, shapes.input_shapes, layout)
    wide = [np.broadcast_to(x, shapes.result_shape) for x in points]
    holds(BOOK[name], points, np.asarray(BOOK[name].forward(*wide)))


@MODEST
@given(
    shapes=hnp.mutually_broadcastable_shapes(num_shapes=3, min_side=0, max_side=3, max_dims=3),
    layout=LAYOUTS,
)
def test_where_on_any_broadcast(shapes: Any, layout: str) -> None:
    mask, x, y = (laid_out(a, layout) for a in spaced("where", -3, 3, *shapes.input_shapes))
    chosen = torch.tensor(mask > 0)
    holds(lambda a, b: torch.where(chosen, a, b), [x, y], np.where(mask > 0, x, y))


@MODEST
@given(
    name=st.sampled_from(DIAGONAL[2]),
    shapes=hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=3, max_dims=2),
    mapped=st.sampled_from([(0, None), (None, 0), (0, 0)]),
)
def test_vmap_of_any_broadcast(name: str, shapes: Any, mapped: tuple[Any, Any]) -> None:
    """Examples of different ranks line up as they do alone."""
    points = _points(name, shapes.input_shapes, "dense")
    columns = [
        np.stack([x, x * 0.9, x * 0.8]) if m == 0 else x
        for x, m in zip(points, mapped, strict=True)
    ]
    each = [[c[i] if m == 0 else c for c, m in zip(columns, mapped, strict=True)] for i in range(3)]
    expected = np.stack([np.asarray(BOOK[name].forward(*one)) for one in each])
    holds(vmap(BOOK[name], in_dims=mapped), columns, expected)


def _axes(rank: int) -> st.SearchStrategy[Any]:
    """Draw what PyTorch takes as ``dim``: None, one dimension from either end, or several."""
    if not rank:
        return st.sampled_from([None, 0, -1])
    one = st.integers(-rank, rank - 1)
    several = st.lists(one, min_size=1, unique_by=lambda a: a % rank).map(tuple)
    return st.none() | one | several


REDUCTIONS: dict[str, tuple[Any, Any]] = {
    "sum": (torch.sum, np.sum),
    "mean": (torch.mean, np.mean),
    "amax": (torch.amax, np.max),
    "amin": (torch.amin, np.min),
    "logsumexp": (torch.logsumexp, lambda x, axis, keepdims: np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))),
}  # fmt: skip


@MANY
@given(
    name=st.sampled_from(sorted(REDUCTIONS)), layout=LAYOUTS, keepdim=st.booleans(), data=st.data()
)
def test_reductions_over_any_dims(name: str, layout: str, keepdim: bool, data: Any) -> None:
    smallest = 0 if name == "sum" else 1
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=smallest, max_side=4))
    (x,) = (laid_out(a, layout) for a in spaced(name, -3, 3, shape))
    dim = data.draw(_axes(len(shape)))
    if dim is None:
        dim = tuple(range(len(shape)))
    ours, theirs = REDUCTIONS[name]
    axis = dim if len(shape) else ()
    expected = np.asarray(theirs(x, axis=axis, keepdims=keepdim))
    if dim == () and name in ("sum", "mean", "logsumexp"):
        keepdim = False
    holds(lambda t: ours(t, dim, keepdim), [x], expected)


@MODEST
@given(
    name=st.sampled_from(["max", "min", "argmax", "argmin"]),
    keepdim=st.booleans(),
    layout=LAYOUTS,
    data=st.data(),
)
def test_extremes_along_any_dim(name: str, keepdim: bool, layout: str, data: Any) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    (x,) = (laid_out(a, layout) for a in spaced(name, -3, 3, shape))
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    if name.startswith("arg"):
        found = array(getattr(torch, name)(torch.from_numpy(x), dim, keepdim))
        np.testing.assert_array_equal(found, getattr(np, name)(x, axis=dim, keepdims=keepdim))
        return
    pick = getattr(torch, name)
    holds(lambda t: pick(t, dim, keepdim)[0], [x], getattr(np, name)(x, axis=dim, keepdims=keepdim))


@MODEST
@given(layout=LAYOUTS, keepdim=st.booleans(), zeros=st.integers(0, 3), data=st.data())
def test_products_with_zeros(layout: str, keepdim: bool, zeros: int, data: Any) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5))
    (x,) = spaced("prod", -2, 2, shape)
    x.reshape(-1)[:: max(1, 4 - zeros)] = 0.0 if zeros else x.reshape(-1)[:: max(1, 4 - zeros)]
    x = laid_out(x, layout)
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    holds(lambda t: torch.prod(t, dim, keepdim), [x], np.prod(x, axis=dim, keepdims=keepdim))
    holds(torch.prod, [x], np.asarray(np.prod(x)))


@MODEST
@given(name=st.sampled_from(["softmax", "log_softmax"]), layout=LAYOUTS, data=st.data())
def test_softmax_along_any_dim(name: str, layout: str, data: Any) -> None:
    shape = data.draw(SHAPES)
    (x,) = (laid_out(a, layout) for a in spaced(name, -3, 3, shape))
    dim = data.draw(st.integers(-max(1, len(shape)), max(1, len(shape)) - 1))
    e = np.exp(x)
    expected = e / (e.sum(axis=dim, keepdims=True) if x.ndim else e)
    if name == "log_softmax":
        expected = np.log(expected)
    pick = getattr(torch, name)
    holds(lambda t: pick(t, dim), [x], np.asarray(expected))


@MODEST
@given(shape=SHAPES, layout=LAYOUTS, data=st.data())
def test_views_of_any_shape(shape: tuple[int, ...], layout: str, data: Any) -> None:
    (x,) = (laid_out(a, layout) for a in spaced("views", -3, 3, shape))
    order = data.draw(st.permutations(range(len(shape))))
    holds(lambda t: t.permute(*order) if order else t, [x], x.transpose(order))
    holds(
        lambda t: t.permute(*order).reshape(-1) if order else t.reshape(-1),
        [x],
        x.transpose(order).reshape(-1),
    )
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=True, max_dims=5).filter(_forwards))
    holds(lambda t: t[index], [x], np.asarray(x[index]))
    wide = (2, *(data.draw(st.integers(1, 3)) if n == 1 else n for n in shape))
    holds(lambda t: t.expand(wide), [x], np.broadcast_to(x, wide))


def _forwards(index: Any) -> bool:
    """Say whether an index has no negative step, which PyTorch does not take."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(not isinstance(p, slice) or p.step is None or p.step > 0 for p in parts)


@MODEST
@given(
    shape=hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4),
    layout=LAYOUTS,
    data=st.data(),
)
def test_joining_and_cutting(shape: tuple[int, ...], layout: str, data: Any) -> None:
    x, y = (laid_out(a, layout) for a in spaced("cat", -3, 3, shape, shape))
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    holds(lambda a, b: torch.cat([a, b, a], dim), [x, y], np.concatenate([x, y, x], dim))
    holds(lambda a, b: torch.stack([a, b], dim), [x, y], np.stack([x, y], dim if dim >= 0 else dim))
    size = data.draw(st.integers(1, shape[dim]))
    holds(
        lambda a: torch.split(a, size, dim)[-1],
        [x],
        np.split(x, range(size, shape[dim], size), dim)[-1],
    )


@MODEST
@given(
    shape=hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4),
    picked=hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3),
    layout=LAYOUTS,
    data=st.data(),
)
def test_picking_by_integers(shape: Any, picked: Any, layout: str, data: Any) -> None:
    """Repeated and negative indices; the pullback adds up what was picked twice."""
    (x,) = (laid_out(a, layout) for a in spaced("index", -3, 3, shape))
    indices = data.draw(hnp.arrays(np.int64, picked, elements=st.integers(-shape[0], shape[0] - 1)))
    at = torch.from_numpy(indices)
    holds(lambda t: t[at], [x], np.asarray(x[indices]))
    dim = data.draw(st.integers(0, len(shape) - 1))
    smaller = tuple(data.draw(st.integers(0, n)) for n in shape)
    along = data.draw(hnp.arrays(np.int64, smaller, elements=st.integers(0, shape[dim] - 1)))
    corner = tuple(slice(None) if i == dim else slice(n) for i, n in enumerate(smaller))
    where = torch.from_numpy(along)
    holds(lambda t: torch.gather(t, dim, where), [x], np.take_along_axis(x[corner], along, dim))
    (source,) = spaced("source", -3, 3, smaller)
    expected = x.copy()
    grid = list(np.indices(smaller))
    grid[dim] = along
    np.add.at(expected, tuple(grid), source)
    holds(lambda t, s: torch.scatter_add(t, dim, where, s), [x, source], expected)


@MODEST
@given(
    shapes=hnp.mutually_broadcastable_shapes(
        signature="(m?,n),(n,p?)->(m?,p?)", min_side=0, max_side=3, max_dims=2
    )
)
def test_matrix_products_of_all_ranks(shapes: Any) -> None:
    x, y = spaced("matmul", -3, 3, *shapes.input_shapes)
    holds(torch.matmul, [x, y], np.asarray(np.matmul(x, y)))


SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.5, 1e-310, 1e308, math.inf, -math.inf, math.nan]


@pytest.mark.parametrize("name", DIAGONAL[1])
def test_unary_rows_on_special_values(name: str) -> None:
    _special(name, [np.array(SPECIAL)])


@pytest.mark.parametrize("name", DIAGONAL[2])
def test_binary_rows_on_special_values(name: str) -> None:
    _special(name, [np.array(SPECIAL)[:, None], np.array(SPECIAL)])


def _special(name: str, points: list[Array]) -> None:
    """Values are NumPy's; forward, raw reverse and recorded reverse give equal derivatives, NaN included."""
    row = BOOK[name]
    wide = [np.array(x) for x in np.broadcast_arrays(*points)]
    inputs = tensors(wide, True)
    out = row(*inputs)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(array(out), row.forward(*wide))
    ones = [torch.ones_like(out)]
    back = arrays(gradients([out], inputs, ones))
    np.testing.assert_array_equal(
        back, arrays(gradients([row(*inputs)], inputs, ones, create_graph=True))
    )
    for i in range(len(wide)):
        ways = [torch.ones_like(x) if k == i else torch.zeros_like(x) for k, x in enumerate(inputs)]
        one = _only(row, wide, i)
        _, moved = jvp(one, (torch.tensor(wide[i]),), (ways[i],))
        np.testing.assert_array_equal(array(moved), back[i])


def _only(row: Any, points: list[Array], i: int) -> Callable[[Any], Any]:
    """Return the row as a function of one operand."""
    return lambda t: row(*[t if k == i else torch.tensor(x) for k, x in enumerate(points)])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", DIAGONAL[1])
def test_special_values_have_a_second_derivative(name: str, dtype: Any) -> None:
    """No exception, whatever the values; shapes and dtypes hold."""
    x = torch.tensor(SPECIAL, dtype=torch.float64).to(dtype).requires_grad_()
    (first,) = torch.autograd.grad(BOOK[name](x).sum(), x, create_graph=True)
    if first.requires_grad:
        (second,) = torch.autograd.grad(first.sum(), x, allow_unused=True, materialize_grads=True)
        assert second.dtype is dtype and second.shape == x.shape

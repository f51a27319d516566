"""`x.data = y` with another dtype or shape: the words of refusals, and what holds under transforms and traces."""

import pytest

import wengert as torch
from wengert.trace import trace


def test_refusals_in_words():
    p = torch.nn.Parameter(torch.ones(2))
    with pytest.raises(TypeError, match="Variable data has to be a tensor, but got int"):
        p.data = 3
    with pytest.raises(
        RuntimeError, match="must be floating point or complex dtype, not torch.int64"
    ):
        p.data = torch.ones(2, dtype=torch.int64)
    (p * 2).sum().backward()
    late = (p * 2).sum()
    p.data = torch.ones(3)
    with pytest.raises(RuntimeError, match=r"added to a .grad of shape \[2\].*Set `x.grad = None`"):
        (p * 2).sum().backward()
    p.grad = None
    p.data = torch.ones(3, dtype=torch.float64)
    p.data = torch.ones(3, dtype=torch.complex64)
    p.grad = None
    q = torch.nn.Parameter(torch.ones(2))
    y = (q * 2).sum()
    for n in (2, 3):
        q.data = torch.ones(n, dtype=torch.float64)
    with pytest.raises(
        RuntimeError, match=r"shape \[2\] arrived at a leaf .* the shape \[3\] since"
    ):
        y.backward()
    r = torch.nn.Parameter(torch.ones(2))
    (r * 2).sum().backward()
    r.data = torch.ones(2, dtype=torch.complex64)
    with pytest.raises(RuntimeError, match="a complex gradient is to be added to a real .grad"):
        (r * 2j).abs().sum().backward()
    assert r.grad.tolist() == [2, 2]
    with pytest.raises(RuntimeError, match="shape"):
        late.backward()


def test_inside_of_transforms_a_dtype_stays():
    def f(x):
        x.data = x.data.double()
        return x.sum()

    with pytest.raises(
        RuntimeError, match="inside of a transform .* keeps its dtype, torch.float32"
    ):
        torch.func.vmap(torch.func.grad(f))(torch.ones(2, 3))


def test_a_trace_refuses_another_dtype_for_a_tensor_from_outside():
    p = torch.nn.Parameter(torch.ones(2))

    def f(x):
        p.data = (x * 2).double()
        return x

    with pytest.raises(
        RuntimeError, match="(?s)another shape or another dtype.*of the same shape and dtype"
    ):
        trace(f, torch.ones(2))
    assert p.dtype is torch.float32

    def inner(x):
        y = x * 2
        y.data = y.data.double()
        return y

    traced = trace(inner, torch.ones(2))
    assert traced(torch.ones(2)).dtype is torch.float64


def test_a_retained_gradient_has_the_new_dtype():
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    y.retain_grad()
    y.data = y.data.double()
    (y * 3).sum().backward()
    assert (y.grad.dtype, y.grad.tolist()) == (torch.float64, [3, 3])
    assert (x.grad.dtype, x.grad.tolist()) == (torch.float32, [6, 6])


def test_a_changed_value_is_warned_of():
    x, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    y = (x * w).sum()
    x.data = torch.full((2,), 5.0, dtype=torch.float64)
    with pytest.warns(UserWarning, match="changed through `.data` before backward"):
        y.backward()
    assert (w.grad.dtype, w.grad.tolist()) == (torch.float32, [5, 5])


def test_only_what_a_graph_may_hold_is_watched():
    """A module that is converted before training computes as one that was made so."""
    p, q, r = (torch.nn.Parameter(torch.ones(2)) for _ in range(3))
    y = (q * 2).sum()
    (r * 2).sum().backward()
    torch.nn.ParameterList([p, q, r]).double()
    assert [x._storage.watched for x in (p, q, r)] == [False, True, False]
    y.backward()
    assert q.grad.dtype is torch.float32

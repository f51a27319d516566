"""A value that leaves its transform says so when it is used, and can always be looked at."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import wengert as torch
from wengert.errors import LeakError, TraceError
from wengert.trace import trace


def leak(kind):
    """Return a value stored by a function under transform, after the transform has ended."""
    stored = []
    x = torch.tensor([1.0, 2.0, 3.0])

    def keep(x):
        stored.append(x * 2)
        return x.sum()

    if kind == "vmap":
        torch.func.vmap(keep)(torch.stack([x, x]))
    elif kind == "jvp":
        torch.func.jvp(keep, (x,), (x,))
    elif kind == "trace":
        stored.append(trace(lambda x: SimpleNamespace(inside=x * 2), x)(x).inside)
    elif kind == "vmap of jvp":
        torch.func.vmap(lambda x: torch.func.jvp(keep, (x,), (x,))[1])(torch.stack([x, x]))
    elif kind == "jvp of grad":
        torch.func.jvp(torch.func.grad(keep), (x,), (x,))
    elif kind == "grad of vmap":
        torch.func.grad(lambda x: torch.func.vmap(keep)(torch.stack([x, x])).sum())(x)
    return stored[0]


USES = {
    "unary": lambda x: x.exp(),
    "binary": lambda x: x + torch.ones(3),
    "with itself": lambda x: x * x,
    "reflected": lambda x: torch.ones(3) * x,
    "with a number": lambda x: 2 * x,
    "compared": lambda x: x > 0,
    "sum": lambda x: x.sum(),
    "mean of an axis": lambda x: x.mean(0),
    "matmul": lambda x: x @ torch.ones(3),
    "index": lambda x: x[0],
    "reshape": lambda x: x.reshape(3, 1),
    "cat": lambda x: torch.cat([x, torch.ones(3)]),
    "where": lambda x: torch.where(torch.ones(3) > 0, x, x),
    "in place": lambda x: torch.ones(3).add_(x),
    "written to": lambda x: x.add_(1),
    "set": lambda x: torch.ones(3).__setitem__(slice(None), x),
    "item": lambda x: x.item(),
    "tolist": lambda x: x.tolist(),
    "numpy": lambda x: x.detach().numpy(),
    "returned by another transform": lambda x: torch.func.vmap(lambda y: x)(torch.ones(2)) + 0,
    "used in another transform": lambda x: torch.func.vmap(lambda y: x * y)(torch.ones(2)),
    "in another gradient": lambda x: torch.func.grad(lambda y: (x * y).sum())(torch.ones(3)),
    "in another jvp": lambda x: torch.func.jvp(lambda y: x * y, (torch.ones(3),), (torch.ones(3),)),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(
    "kind", ["vmap", "jvp", "trace", "vmap of jvp", "jvp of grad", "grad of vmap"]
)
def test_use_after_the_end_raises(kind, use):
    x = leak(kind)
    with pytest.raises(LeakError, match="ended"):
        USES[use](x)


@pytest.mark.parametrize(
    "kind", ["vmap", "jvp", "trace", "vmap of jvp", "jvp of grad", "grad of vmap"]
)
def test_looking_is_harmless(kind):
    x = leak(kind)
    assert "tensor(" in repr(x) and str(x)
    assert tuple(x.shape) == (3,) and x.ndim == 1 and x.numel() == 3
    assert x.dtype == torch.float32
    assert isinstance(x.requires_grad, bool)


def test_inside_they_are_still_good():
    stored = []

    def inner(x):
        stored.append(x * 2)
        return stored[0].sum()

    assert torch.func.vmap(inner)(torch.ones(2, 3)).tolist() == [6, 6]


def leaked_from_grad():
    stored = []

    def keep(x):
        stored.append(x * 2)
        return x.sum()

    torch.func.grad(keep)(torch.ones(3))
    return stored[0]


def test_a_gradient_cannot_flow_into_a_transform_that_has_ended():
    x = leaked_from_grad()
    assert x.tolist() == [2, 2, 2]
    for out in (x.sum(), (x * 3).sum(), (torch.ones(3, requires_grad=True) * x).sum()):
        with pytest.raises(LeakError, match="ended"):
            out.backward()


def test_an_outer_tensor_cannot_keep_an_inner_value():
    cell = torch.zeros(3)
    with pytest.raises(LeakError, match="made outside"):
        torch.func.vmap(lambda x: cell.copy_(x).sum())(torch.ones(2, 3))
    assert cell.tolist() == [0, 0, 0]


def test_reading_one_value_of_a_batch_is_refused():
    with pytest.raises(TraceError, match="every example has its own"):
        torch.func.vmap(lambda x: x * x.item())(torch.ones(2))


@pytest.mark.parametrize(
    "choose", [lambda x: x if x > 0 else -x, lambda x: x * bool(x), lambda x: x and -x]
)
def test_a_choice_inside_of_a_map_says_that_it_is_one(choose):
    with pytest.raises(RuntimeError, match=r"vmap: `if`, `and`, `while` or bool\(\).*torch.where"):
        torch.func.vmap(choose)(torch.ones(2))

"""What `checkpoint` keeps and says, and how it goes with transforms and traces."""

from __future__ import annotations

import gc

import pytest

import wengert as torch
from wengert.trace import trace
from wengert.utils.checkpoint import checkpoint

tools = torch.utils.checkpoint
kept = []


class Keeps(torch.autograd.graph.saved_tensors_hooks):
    """Counts the elements that the tape keeps."""

    def __init__(self):
        kept.clear()
        super().__init__(lambda t: kept.append(t.numel()) or t, lambda t: t)


def deep(x):
    for _ in range(10):
        x = x.sin()
    return x


@pytest.mark.parametrize("reentrant", [False, True])
def test_only_the_arguments_are_kept(reentrant):
    x = torch.ones(100, requires_grad=True)
    with Keeps():
        deep(x)
    assert sum(kept) == 1000
    with Keeps():
        out = checkpoint(deep, x, use_reentrant=reentrant)
    assert sum(kept) == 100
    out.sum().backward()


def test_a_nested_part_keeps_its_arguments_in_the_outer_one_only():
    x = torch.ones(100, requires_grad=True)
    nested = lambda x: checkpoint(deep, deep(x), use_reentrant=False)  # noqa: E731
    with Keeps():
        checkpoint(nested, x, use_reentrant=False).sum().backward()
    assert sum(kept) == 100


def test_values_are_let_go_when_they_were_used():
    x = torch.ones(100, requires_grad=True)
    out = checkpoint(deep, x, use_reentrant=False)
    node = out.grad_fn
    out.sum().backward(retain_graph=True)
    gc.collect()
    assert len(node.saved[0].packed.part.runs) == 0


def changing(second):
    ran = []

    def f(x):
        ran.append(1)
        y = x.exp()
        return (second(y) if len(ran) > 1 else y).sin().sum()

    return f


def written_between():
    w = torch.ones(2, requires_grad=True)
    out = checkpoint(lambda x: (x * w).sin(), X, use_reentrant=False).sum()
    with torch.no_grad():
        w.mul_(2)
    out.backward()


def written_inside(x):
    y = x.sin()
    z = y.exp() * y
    y.mul_(2)
    return z.sum()


X = torch.ones(2, requires_grad=True)
WORDS = {
    "checkpoint(torch.sin, X, use_reentrant=True, out=3)": "keyword arguments: out. With use_reentrant=False",
    "checkpoint(torch.sin, X, use_reentrant=True, debug=True)": "only supported when use_reentrant=False",
    "checkpoint(torch.sin, X, use_reentrant=False, determinism_check='x')": "one of ['default', 'none'], but got 'x'",
    "checkpoint(torch.sin, X, use_reentrant=False, debug=True, context_fn=lambda: None)": (
        "debug=True is incompatible with non-default context_fn"
    ),
    "tools.checkpoint_sequential([], 1, X, use_reentrant=False, a=1)": "Unexpected keyword arguments: a",
    "torch.autograd.grad(checkpoint(torch.sin, X, use_reentrant=True).sum(), X)": (
        "is incompatible with .grad() or passing an `inputs` parameter to .backward(). Use `use_reentrant=False`"
    ),
    "checkpoint(torch.Tensor.detach, X, use_reentrant=True).sum().backward()": "none of output has requires_grad=True",
    "tools.detach_variable([X])": "Only tuple of tensors is supported. Got Unsupported input type: list",
    "checkpoint(changing(lambda y: torch.cat([y, y])), X, use_reentrant=False).backward()": (
        "different metadata than during the forward pass.\n  tensor 1: at first   torch.float32, shape [2], by "
    ),
    "checkpoint(changing(lambda y: y.detach()), X, use_reentrant=False).backward()": (
        "A different number of tensors was saved during the original forward and recomputation: 2 and then 1.\n"
    ),
    "checkpoint(changing(lambda y: y.exp()), X, use_reentrant=False, early_stop=False).backward()": (
        "trying to save more tensors during recomputation than during the original forward pass, which saved 2"
    ),
    "written_between()": "has been modified by an inplace operation since, so that running it again gives another",
    "checkpoint(written_inside, X, use_reentrant=False, early_stop=False).backward()": "  changed by     y.mul_(2)",
    "tools.create_selective_checkpoint_contexts": "Wengert has no `torch.utils.checkpoint.create_selective_checkpoint",
}  # fmt: skip


@pytest.mark.parametrize("program", WORDS)
def test_words(program):
    with pytest.raises(Exception) as caught:
        eval(program, {**globals()})
    assert WORDS[program] in str(caught.value)
    assert X.grad is None


def test_an_exception_that_the_context_swallows():
    class Swallows:
        def __enter__(self):
            return self

        def __exit__(self, *exc):
            return True

    def fails(x):
        raise ValueError("no")

    with pytest.raises(RuntimeError, match="suppressed an exception of the function"):
        checkpoint(fails, X, use_reentrant=False, context_fn=lambda: (Swallows(), Swallows()))


def test_under_transforms():
    f = lambda x: checkpoint(lambda x: x.sin().exp(), x, use_reentrant=False)  # noqa: E731
    x = torch.tensor([0.5, 1.5])
    plain = lambda x: x.sin().exp()  # noqa: E731
    total = lambda g: lambda x: g(x).sum()  # noqa: E731
    for change in (
        lambda g: torch.func.grad(total(g))(x),
        lambda g: torch.func.vmap(g)(x),
        lambda g: torch.func.vmap(torch.func.grad(g))(x),
        lambda g: torch.func.jvp(g, (x,), (x,))[1],
        lambda g: torch.func.vjp(g, x)[1](x)[0],
        lambda g: torch.func.jacrev(g)(x),
        lambda g: torch.func.jacfwd(g)(x),
        lambda g: torch.func.hessian(total(g))(x),
    ):
        assert torch.allclose(change(f), change(plain))


def test_in_a_traced_step():
    w = torch.ones(2, requires_grad=True)

    def step(x):
        w.grad = None
        out = checkpoint(lambda x: (x * w).sin(), x, use_reentrant=False).sum()
        out.backward()
        return out

    traced = trace(step, torch.ones(2))
    traced(torch.tensor([0.5, 2.0]))
    assert torch.allclose(w.grad, torch.tensor([0.5, 2.0]).cos() * torch.tensor([0.5, 2.0]))

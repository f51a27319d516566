"""PyTorch's own collection of custom Functions, under every transform."""

import inspect
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from tests.parity.databases import database

collection = database("autograd_function_db")
oracle = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")


@dataclass
class Example:
    """Stands for `SampleInput` of PyTorch's."""

    input: Any
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)


class Entry:
    """Stands for `OpInfo` of PyTorch's."""

    def __init__(self, name, op, sample_inputs_func, **rest):
        self.name, self.op, self.examples = name, op, sample_inputs_func


@cache
def entries(torch):
    """The collection, its classes made with the running library."""
    lines = inspect.getsource(collection).splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("def "))
    given = {
        "torch": torch, "np": __import__("numpy"), "partial": __import__("functools").partial,
        "make_tensor": torch.testing.make_tensor, "OpInfo": Entry, "SampleInput": Example,
        "all_types_and": lambda *dtypes: dtypes, "__name__": "collection",
    }  # fmt: skip
    exec(compile("\n" * first + "\n".join(lines[first:]), collection.__file__, "exec"), given)
    return {entry.name: entry for entry in given["autograd_function_db"]}


def inexact(values, torch):
    values = values if isinstance(values, (tuple, list)) else (values,)
    return [v for v in values if isinstance(v, torch.Tensor) and v.is_floating_point()]


def loss(outs, torch):
    return sum((out * out).sum() for out in inexact(outs, torch))


def first_order(torch, call, points):
    return torch.autograd.grad(loss(call(*points), torch), points, allow_unused=True)


def second_order(torch, call, points):
    gradients = torch.autograd.grad(
        loss(call(*points), torch), points, create_graph=True, allow_unused=True
    )
    total = loss([g for g in gradients if g is not None], torch)
    return torch.autograd.grad(total, points, allow_unused=True)


def transformed(torch, call, points):
    every = tuple(range(len(points)))
    return torch.func.grad(lambda *x: loss(call(*x), torch), every)(*points)


def transformed_twice(torch, call, points):
    def slope(*x):
        return loss(torch.func.grad(lambda *y: loss(call(*y), torch))(*x), torch)

    return torch.func.grad(slope)(*points)


def doubled(torch, points):
    return [torch.stack([p, 2 * p]) for p in points]


WAYS = {
    "value": lambda torch, call, points: call(*points),
    "gradient": first_order,
    "second gradient": second_order,
    "func.grad": transformed,
    "func.grad twice": transformed_twice,
    "func.jvp": lambda torch, call, points: torch.func.jvp(
        call, tuple(points), tuple(torch.ones_like(p) for p in points)
    ),
    "func.vmap": lambda torch, call, points: torch.func.vmap(call)(*doubled(torch, points)),
    "func.vmap of func.grad": lambda torch, call, points: torch.func.vmap(
        torch.func.grad(lambda *x: loss(call(*x), torch))
    )(*doubled(torch, points)),
    "func.jacrev": lambda torch, call, points: torch.func.jacrev(call)(*points),
    "func.jacfwd": lambda torch, call, points: torch.func.jacfwd(call)(*points),
    "func.hessian": lambda torch, call, points: torch.func.hessian(
        lambda *x: loss(call(*x), torch)
    )(*points),
    "gradcheck": lambda torch, call, points: torch.autograd.gradcheck(call, points),
}
UNLIKE = {
    ("NumpyCubeNotComposableAutogradFunction", way)
    for way in ("second gradient", "func.grad twice")
}
"""There PyTorch forgets, without a word, that the function was marked with `once_differentiable`."""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", entries(oracle))
def test_a_function_of_the_collection(torch, name, way):
    if (name, way) in UNLIKE:
        pytest.skip("PyTorch answers zero, or None")
    entry, results = entries(torch)[name], []
    torch.manual_seed(0)
    for example in list(entry.examples(entry, "cpu", torch.float64, requires_grad=True)):
        arguments = (example.input, *example.args)
        points = inexact(arguments, torch)
        if way.startswith("func."):
            points = [p.detach() for p in points]

        def call(*points, arguments=arguments, example=example):
            given = iter(points)
            filled = [next(given) * 1 if inexact(a, torch) else a for a in arguments]
            return tuple(inexact(entry.op(*filled, **example.kwargs), torch))

        try:
            results.append(WAYS[way](torch, call, points))
        except (RuntimeError, TypeError, AttributeError) as error:
            results.append(error)
    return results

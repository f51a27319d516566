"""Whether functions ask their arguments: from the first subclass of `Tensor` on, and not before."""

from __future__ import annotations

import functools
import inspect

import pytest

import wengert as torch
from wengert.tensor import asking

sine = torch.sin


def test_nothing_asks_before_a_subclass_is_defined():
    plain, method, signature = torch.sin, torch.Tensor.sin, inspect.signature(torch.sin)

    class Parameter(torch.nn.Parameter):
        """Of a class that is not asked."""

    assert not hasattr(torch.sin, "__wrapped__")

    class Named(torch.Tensor):
        pass

    assert torch.sin.__wrapped__ and torch.Tensor.sin.__wrapped__
    assert torch.sin is plain and torch.Tensor.sin is method
    assert inspect.signature(torch.sin) == signature
    asking.end()
    assert not hasattr(torch.sin, "__wrapped__") and not hasattr(torch.Tensor.sin, "__wrapped__")
    assert torch.sin(torch.zeros(1)).item() == 0


def test_functions_that_a_table_kept_earlier_ask_and_are_told_apart():
    table = {torch.sin: "function", torch.Tensor.sin: "method", torch.stack: "stack"}

    def applied(x, function=torch.sin):
        return function(x)

    seen = []

    class Seeing(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            seen.append(table.get(func))
            return super().__torch_function__(func, types, args, kwargs)

    x = torch.ones(2).as_subclass(Seeing)
    for made in (applied(x), functools.partial(torch.sin)(x), x.sin(), [*table][2]([x])):
        assert type(made) is Seeing
    assert seen == ["function", "function", "method", "stack"]


def test_names_that_a_module_took_earlier_ask_as_well():
    class Named(torch.Tensor):
        pass

    assert type(sine(torch.ones(2).as_subclass(Named))) is Named


def test_subclasses_count_as_plain_inside_the_block():
    class Named(torch.Tensor):
        pass

    x = torch.ones(1).as_subclass(Named)
    assert torch.overrides.has_torch_function((x,))
    with torch.overrides.DisableTorchFunctionSubclass():
        assert not torch.overrides.has_torch_function((x,))
        assert type(x + 1) is torch.Tensor
    assert torch.overrides.has_torch_function((x,))


def test_training_goes_on_as_before():
    def trained():
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
        optimizer = torch.optim.Adam(model.parameters())
        for _ in range(3):
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(model(torch.randn(5, 2)), torch.zeros(5, 1))
            loss.backward()
            optimizer.step()
        return loss, torch.func.grad(lambda x: (x * x.sin()).sum())(torch.ones(3))

    before = trained()

    class Named(torch.Tensor):
        pass

    for a, b in zip(before, trained(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_a_foreign_type_is_told_how_to_be_asked():
    class Foreign:
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return func.__name__

    with pytest.raises(TypeError, match="enable_torch_function"):
        torch.sin(Foreign())
    with pytest.raises(TypeError, match="enable_torch_function"):
        torch.add(Foreign(), 1)
    torch.overrides.enable_torch_function()
    assert torch.sin(Foreign()) == "sin"
    assert torch.ones(2).add(Foreign()) == "add"

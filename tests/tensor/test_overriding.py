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


def test_what_a_program_puts_on_tensor_stays_as_it_is(monkeypatch):
    def pieces(self):
        yield from self.unbind()

    monkeypatch.setattr(torch.Tensor, "pieces", pieces, raising=False)
    monkeypatch.setattr(torch.Tensor, "twice", property(lambda self: self * 2), raising=False)
    original = torch.cos
    seen = []
    with monkeypatch.context() as patched:
        patched.setattr(torch, "cos", lambda x: original(x))
        patched.setattr(torch, "exp", None)
        patched.setattr(torch.Tensor, "log", None)

        class Seeing(torch.Tensor):
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None):
                seen.append(func.__name__)
                return super().__torch_function__(func, types, args, kwargs)

        x = torch.ones(2).as_subclass(Seeing)
        assert type(torch.cos(x)) is Seeing
    assert inspect.isgeneratorfunction(torch.Tensor.pieces)
    assert [type(part) for part in x.pieces()] == [Seeing] * 2
    assert type(x.twice) is type(torch.exp(x)) is type(x.log()) is Seeing
    assert seen == ["cos", "unbind", "mul", "exp", "log"]


def test_asking_begins_all_at_once_or_not_at_all(monkeypatch):
    def interrupted(self):
        if len(done) == 5:
            raise KeyboardInterrupt
        done.append(self)
        do(self)

    done, do = [], asking._Exchange.do
    monkeypatch.setattr(asking._Exchange, "do", interrupted)
    with pytest.raises(KeyboardInterrupt):

        class First(torch.Tensor):
            pass

    assert not any(hasattr(exchange.function, "__wrapped__") for exchange in done)
    monkeypatch.undo()

    class Second(torch.Tensor):
        pass

    x = torch.ones(1).as_subclass(Second)
    assert type(x.sin()) is type(torch.sin(x)) is Second


def test_signatures_are_kept_and_given_back():
    before = {f: inspect.signature(f) for f in (torch.cat, torch.softmax, torch.Tensor.max)}

    class Named(torch.Tensor):
        pass

    assert {f: inspect.signature(f) for f in before} == before
    with pytest.raises(TypeError, match=r"Tensor\.add\(\) missing 1 required"):
        torch.ones(1).add()
    asking.end()
    assert {f: inspect.signature(f) for f in before} == before


def test_a_trace_from_before_holds_on():
    traced = torch._trace.trace(lambda x, act=torch.sin: act(x) * 2, torch.ones(2))

    class Named(torch.Tensor):
        pass

    assert torch.equal(traced(torch.ones(2)), torch.sin(torch.ones(2)) * 2)


def test_a_trace_made_inside_a_mode_belongs_there():
    class Turned(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            return (torch.cos if func is torch.sin else func)(*args, **(kwargs or {}))

    with Turned():
        traced = torch._trace.trace(lambda x: torch.sin(x), torch.ones(2))
    with pytest.raises(torch.errors.TraceError, match="a TorchFunctionMode"):
        traced(torch.ones(2))


def test_what_a_function_of_the_users_returns_stays_of_its_class():
    kept = torch.zeros(2)

    def constant(x):
        if torch.overrides.has_torch_function((x,)):
            return torch.overrides.handle_torch_function(constant, (x,), x)
        return kept

    class Named(torch.Tensor):
        pass

    assert type(constant(torch.ones(2).as_subclass(Named))) is Named
    assert type(kept) is torch.Tensor


def test_a_mode_that_cannot_be_compared_ends():
    class Strange(torch.overrides.BaseTorchFunctionMode):
        def __eq__(self, other):
            raise AssertionError

    with Strange(), Strange():
        pass
    assert not asking._modes


def test_a_hook_of_a_leaf_with_slots_is_given_the_leaf():
    class Slotted(torch.Tensor):
        __slots__ = ("unit",)

    x = torch.ones_like(Slotted([1.0]), requires_grad=True)
    seen = []
    x.register_post_accumulate_grad_hook(seen.append)
    (x * 1).sum().backward()
    assert seen and seen[0] is x

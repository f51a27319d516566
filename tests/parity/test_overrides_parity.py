"""`torch.overrides`: functions of a package that hand over to the types of their arguments."""

from __future__ import annotations

import pytest


class Log:
    """A foreign type: what it is asked to compute, it names."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return f"{func.__name__} of {[t.__name__ for t in types]} with {sorted(kwargs or {})}"


class Refusing:
    """A type that knows of no function."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return NotImplemented


def scaled(x, other, factor=2):
    """The function of a package."""
    raise AssertionError("handed over")


@pytest.mark.parametrize(
    "expression",
    [
        "o.has_torch_function((x, 3))",
        "o.has_torch_function((x, Log()))",
        "o.has_torch_function_unary(Log()), o.has_torch_function_unary(x), o.has_torch_function_variadic(x, Log())",
        "o.has_torch_function((torch.nn.Parameter(x),))",
        "o.has_torch_function((x.as_subclass(Sub),))",
        "o.is_tensor_like(x), o.is_tensor_like(Log()), o.is_tensor_like(3)",
        "o.handle_torch_function(scaled, (x, Log()), x, Log())",
        "o.handle_torch_function(scaled, (Refusing(), Log()), x, Log(), factor=3)",
        "type(o.handle_torch_function(double, (x.as_subclass(Sub),), x.as_subclass(Sub))).__name__",
        "[type(v).__name__ for v in o.handle_torch_function(double, (s, x, t), s, t)]",
    ],
)
def test_what_is_handed_over(torch, expression):
    class Sub(torch.Tensor):
        pass

    class Deeper(Sub):
        pass

    def double(x, y=None):
        return x * 2 if y is None else (x * 2, y + 1)

    x = torch.ones(2)
    given = {"s": x.as_subclass(Sub), "t": x.as_subclass(Deeper), "double": double, "Sub": Sub}
    return eval(
        expression,
        {
            "torch": torch,
            "o": torch.overrides,
            "x": x,
            "Log": Log,
            "Refusing": Refusing,
            "scaled": scaled,
            **given,
        },
    )


def test_nobody_answers(torch, caught):
    return caught(lambda: torch.overrides.handle_torch_function(scaled, (Refusing(),), Refusing()))

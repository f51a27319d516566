"""Type promotion in full: pairs of dtypes, tensors with and without dimensions, Python numbers, all kinds of op."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest

NAMES = """
    bool uint8 int8 int16 int32 int64 bfloat16 float16 float32 float64 complex64 complex128
""".split()
NUMBERS = (True, 3, 2.5, 1.5 + 2j)

BINARY = {
    "add": "x + y",
    "sub": "x - y",
    "mul": "x * y",
    "truediv": "x / y",
    "floordiv": "x // y",
    "remainder": "x % y",
    "pow": "x ** y",
    "eq": "x == y",
    "lt": "x < y",
    "and": "x & y",
    "maximum": "torch.maximum(x, y)",
    "where": "torch.where(torch.tensor([True, False]), x, y)",
    "cat": "torch.cat([x.reshape(-1), y.reshape(-1)])",
    "stack": "torch.stack([x.reshape(-1)[:1], y.reshape(-1)[:1]])",
    "add_": "x.clone().add_(y)",
    "mul_": "x.clone().mul_(y)",
    "div_": "x.clone().div_(y)",
    "copy_": "x.clone().copy_(y)",
    "result_type": "torch.result_type(x, y)",
    "matmul": "x.reshape(-1) @ y.reshape(-1)",
    "atan2": "torch.atan2(x, y)",
    "add with alpha": "torch.add(x, y, alpha=2)",
    "isclose": "torch.isclose(x, y)",
    "dot": "torch.dot(x.reshape(-1), y.reshape(-1))",
    "fmod": "torch.fmod(x, y)",
    "setitem": "setitem(x.clone(), y)",
}
FOR_TENSORS = {"maximum", "cat", "stack", "copy_", "matmul", "atan2", "isclose", "dot"}
"""Operations of which both operands are tensors."""
UNARY = """
    x.sum() | x.sum(0) | x.prod() | x.mean() | x.cumsum(0) | x.exp() | x.sqrt() | x.sigmoid() | x.abs() | -x
    x.sign() | x.floor() | x.max() | x.argmax() | x.std() | x.norm() | x.all() | x.any() | x.logsumexp(0)
    x.softmax(0) | x.median() | x.reciprocal() | x.tanh() | x.relu() | x.round() | x.isnan() | x.isfinite()
    x.isinf() | x.bitwise_not() | x.square() | x.real | x.angle() | x.conj() | x.float() | x.to(torch.float16)
    x.var() | x.amax() | x.logical_not() | x.sort()[0] | x.sum(dtype=torch.float64) | x.mean(dtype=torch.float32)
    x.unbind()[0] | x.clamp(min=1) | x.clamp(max=2.5) | torch.zeros_like(x) | torch.full_like(x, 1)
    torch.nan_to_num(x) | torch.erf(x) | torch.ones(2).type_as(x) | x.trunc() | x.log1p() | x.rsqrt() | x.deg2rad()
    x.cumprod(0) | x.amin(0) | x.nansum() | x.count_nonzero() | x.signbit()
""".replace("\n", "|").split("|")


def setitem(x: Any, y: Any) -> Any:
    """`x` after a write of `y` to its elements."""
    x[...] = y
    return x


def outcome(torch: Any, expression: str, x: Any, y: Any = None) -> Any:
    """The dtype and the values of a result, or the built-in class of the error."""
    try:
        found = eval(expression, {"torch": torch, "x": x, "y": y, "setitem": setitem})
    except Exception as error:
        built_in = (k.__name__ for k in type(error).__mro__ if k.__module__ == "builtins")
        # PyTorch's NotImplementedError and RuntimeError for a dtype differ from release to release.
        return {"NotImplementedError": "RuntimeError"}.get(name := next(built_in), name)
    if isinstance(found, torch.Tensor):
        halves = (torch.float16, torch.bfloat16)
        return str(found.dtype), "rounded" if found.dtype in halves else found.tolist()
    return str(found)


def operands(torch: Any, name: str) -> dict[str, Any]:
    """A tensor of each rank of a dtype, whose elements every dtype holds."""
    dtype = getattr(torch, name)
    return {"vector": torch.tensor([1, 3]).to(dtype), "0-d": torch.tensor(2).to(dtype)}


@pytest.mark.parametrize("op", BINARY)
def test_pairs(torch, op):
    """A table of every pair; 576 of tensors and 192 with a number on either side."""
    table = {}
    for one, other in itertools.product(NAMES, NAMES):
        pairs = itertools.product(operands(torch, one).items(), operands(torch, other).items())
        for (form, x), (like, y) in pairs:
            table[f"{one} {form}, {other} {like}"] = outcome(torch, BINARY[op], x, y)
    if op not in FOR_TENSORS:
        for one, number in itertools.product(NAMES, NUMBERS):
            for form, x in operands(torch, one).items():
                table[f"{one} {form}, {number}"] = outcome(torch, BINARY[op], x, number)
                if not op.endswith(("_", "setitem")):
                    table[f"{number}, {one} {form}"] = outcome(torch, BINARY[op], number, x)
    return {case: found for case, found in table.items() if not in_complex32(*case.split(", "))}


def in_complex32(one: str, other: str) -> bool:
    """Say whether float16 meets a complex number of lower rank: PyTorch computes in complex32, Wengert in complex64."""
    return any(
        half.startswith("float16")
        and ("j" in number or (half.endswith("vector") and re.fullmatch(r"complex\d+ 0-d", number)))
        for half, number in ((one, other), (other, one))
    )


@pytest.mark.parametrize("expression", [e.strip() for e in UNARY if e.strip()])
def test_each(torch, expression):
    return {
        f"{name} {form}": outcome(torch, expression, x)
        for name in NAMES
        for form, x in operands(torch, name).items()
        if form == "vector" or "unbind" not in expression
    }


@pytest.mark.parametrize("default", ["float64", "float16", "bfloat16"])
def test_with_another_default(torch, default):
    torch.set_default_dtype(getattr(torch, default))
    try:
        return {
            f"{name} {form} {expression}": outcome(torch, expression, x)
            for name in NAMES
            for form, x in operands(torch, name).items()
            for expression in ("x + 1.5", "x / 2", "x.exp()", "x * 2", "torch.tensor(1.5) + x")
        }
    finally:
        torch.set_default_dtype(torch.float32)


def test_of_two_dtypes(torch):
    return {
        f"{one} {other}": (
            str(torch.promote_types(getattr(torch, one), getattr(torch, other))),
            torch.can_cast(getattr(torch, one), getattr(torch, other)),
        )
        for one, other in itertools.product(NAMES, NAMES)
    }

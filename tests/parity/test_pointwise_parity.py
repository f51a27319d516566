"""Pointwise functions beside PyTorch's: names of nodes, dtypes, numbers in place of tensors, refusals."""

from __future__ import annotations

import pytest

UNARY = """exp2 log1p log2 log10 tan asin acos atan sinh cosh asinh atanh sinc deg2rad rad2deg rsqrt square sgn
trunc floor ceil round frac nan_to_num erf erfc erfinv lgamma digamma logit i0 special.entr special.erfcx
special.i0e special.i1 special.i1e special.ndtr special.ndtri special.log_ndtr
special.expit special.gammaln special.psi""".split()
BINARY = """logaddexp logaddexp2 atan2 hypot fmod copysign clamp_min clamp_max fmin fmax xlogy nextafter ldexp
float_power special.xlog1py""".split()
NUMBERED = "fmod copysign clamp_min clamp_max clamp xlogy float_power special.xlog1py".split()


def _named(torch, name):
    for part in name.split("."):
        torch = getattr(torch, part)
    return torch


@pytest.mark.parametrize("name", UNARY)
def test_unary_nodes(torch, name):
    x = torch.tensor([0.3, 0.7], requires_grad=True)
    y = _named(torch, name)(x)
    y.sum().backward()
    return y, y.grad_fn.name(), x.grad + 0


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "float64"])
def test_unary_dtypes(torch, caught, name, dtype):
    if dtype == "float16" and name in ("special.erfcx", "special.ndtri", "special.log_ndtr"):
        pytest.skip("PyTorch lacks it for float16")
    x = torch.tensor([0, 1]).to(getattr(torch, dtype))
    return caught(lambda: _named(torch, name)(x))


@pytest.mark.parametrize("name", BINARY)
def test_binary_nodes(torch, name):
    x = torch.tensor([0.3, 0.7], requires_grad=True)
    y = torch.tensor([[0.2], [0.9]], requires_grad=True)
    z = _named(torch, name)(x, y)
    z.sum().backward()
    return z, z.grad_fn.name(), x.grad + 0, y.grad + 0


@pytest.mark.parametrize("name", NUMBERED)
def test_numbers_for_the_second_operand(torch, name):
    x = torch.tensor([0.3, 0.7], requires_grad=True)
    z = _named(torch, name)(x, 0.5)
    z.sum().backward()
    return z, z.grad_fn.name(), x.grad, _named(torch, name)(torch.tensor([1, 2]), 0.5)


@pytest.mark.parametrize("name", ["xlogy", "special.xlog1py", "special.zeta", "float_power"])
def test_numbers_for_the_first_operand(torch, name):
    x = torch.tensor([0.3, 0.7], requires_grad=True)
    z = _named(torch, name)(2.0, x)
    z.sum().backward()
    return z, z.grad_fn.name(), x.grad


def test_nodes_of_three_operands(torch):
    x, y, z = (torch.tensor([0.5, v], requires_grad=True) for v in (0.7, 0.2, 0.9))
    made = [
        torch.clamp(x, y, z), torch.clamp(x, y), torch.clamp(x, max=y), torch.clamp(x, 0.0, 0.6),
        torch.clamp(x, max=0.6), torch.lerp(x, y, z), torch.lerp(x, y, 0.3),
        torch.addcmul(x, y, z, value=2), torch.addcdiv(x, y, z, value=-1), torch.round(x, decimals=1),
        torch.polygamma(1, x), torch.mvlgamma(x + 3, 2), torch.logit(x, 0.1),
        torch.div(x, y, rounding_mode="floor"), torch.div(x, 0.3, rounding_mode="trunc"),
        torch.special.gammainc(y.detach(), x),
    ]  # fmt: skip
    sum(m.sum() for m in made).backward()
    return [(m, m.grad_fn.name()) for m in made], x.grad, y.grad, z.grad


def test_integers(torch):
    x, y = torch.tensor([7, -7, 8]), torch.tensor([2, 2, -3])
    small = torch.tensor([1, -8], dtype=torch.int8)
    return [
        torch.div(x, y, rounding_mode="floor"), torch.div(x, y, rounding_mode="trunc"), torch.fmod(x, y),
        torch.gcd(x, y), torch.lcm(x, y), torch.clamp(x, 0, 7.5), torch.clamp(torch.tensor(True), 0, 1),
        torch.bitwise_left_shift(x, 70), torch.bitwise_right_shift(x, 70), x << 2, x >> 1, 2 << torch.tensor([1]),
        torch.addcmul(x, x, y, value=2), torch.nan_to_num(small), torch.signbit(small), torch.sgn(small),
        torch.heaviside(x, y), torch.logical_xor(x, torch.tensor([0.0, 1.0, 0.0])), torch.floor(small),
        torch.ldexp(small, torch.tensor([2])), torch.atan2(x, y), torch.copysign(x, -1),
        torch.square(torch.tensor(True)),
    ]  # fmt: skip


def test_types(torch):
    kinds = [
        torch.bool,
        torch.uint8,
        torch.int8,
        torch.int64,
        torch.float16,
        torch.float64,
        torch.complex64,
    ]
    return [(torch.can_cast(a, b), torch.promote_types(a, b)) for a in kinds for b in kinds] + [
        torch.result_type(torch.ones(1, dtype=torch.int8), 2.5),
        torch.result_type(torch.ones((), dtype=torch.float64), torch.ones(1)),
    ]


def test_closeness(torch):
    x = torch.tensor([1.0, float("inf"), float("nan"), 0.0])
    y = torch.tensor([1.0 + 1e-6, float("inf"), float("nan"), 1e-9])
    return [
        torch.isclose(x, y), torch.isclose(x, y, equal_nan=True), torch.isclose(x, y, rtol=0, atol=0),
        torch.allclose(x, y), torch.allclose(x, y, equal_nan=True),
        torch.isclose(torch.tensor([100]), torch.tensor([101])),
        torch.isinf(x), torch.isposinf(x), torch.isneginf(-x),
    ]  # fmt: skip


def test_refusals(torch, refused):
    x, i, b = torch.ones(2), torch.tensor([1, 2]), torch.tensor([True])
    z = torch.ones(2, dtype=torch.complex64)
    calls = [
        lambda: torch.clamp(x), lambda: torch.div(x, x, rounding_mode="up"), lambda: torch.fmod(i, 0),
        lambda: torch.div(i, 0, rounding_mode="floor"), lambda: torch.heaviside(x, x.double()),
        lambda: torch.lerp(x, x.double(), 0.5), lambda: torch.lerp(i, i, 0.5), lambda: torch.addcdiv(x, i, i),
        lambda: torch.addcmul(x, x, x, value=1j), lambda: torch.hypot(i, i), lambda: torch.polygamma(-1, x),
        lambda: torch.mvlgamma(x, 0), lambda: torch.positive(b), lambda: torch.frac(i), lambda: torch.floor(b),
        lambda: torch.round(i, decimals=1), lambda: torch.isclose(x, x.double()),
        lambda: torch.isclose(x, x, rtol=-1.0),
        lambda: x.float_power_(2), lambda: x << 1, lambda: torch.gcd(x, x), lambda: torch.logical_and(x, 1),
        lambda: torch.isposinf(z), lambda: torch.signbit(z), lambda: torch.logaddexp(i, i), lambda: i.rsqrt_(),
        lambda: torch.bitwise_left_shift(1, 2), lambda: torch.can_cast(1, torch.int64),
    ]  # fmt: skip
    return [refused(call, x, i) for call in calls]


@pytest.mark.parametrize(
    "name", ["sqrt_", "clamp_", "exp_", "neg_", "round_", "nan_to_num_", "xlogy_"]
)
def test_functions_that_write(torch, refused, name):
    x, leaf = torch.tensor([1.0, 4.0]), torch.ones(2, requires_grad=True)
    more = {"clamp_": (0.5, 2.0), "xlogy_": (torch.tensor([2.0, 3.0]),)}.get(name, ())
    made = getattr(torch, name)(x, *more)
    return made is x, x, x._version, refused(lambda: getattr(torch, name)(leaf, *more), leaf)

"""Orthogonal polynomials of `torch.special`: values at every kind of point, numbers for tensors, dtypes, faults."""

import math

import pytest

FAMILIES = """chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v chebyshev_polynomial_w
shifted_chebyshev_polynomial_t shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v
shifted_chebyshev_polynomial_w hermite_polynomial_h hermite_polynomial_he laguerre_polynomial_l
legendre_polynomial_p""".split()


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("n", [-1, 0, 1, 2, 3, 7, 12, 40, 2.9, math.nan])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_values(torch, name, n, dtype):
    if dtype == "float32" and n > 7:
        n = 5  # beyond, PyTorch's own rounding of angles shows
    points = [-1.0, -0.5, 0.0, 0.3, 0.5, 0.99, 1.0]
    if dtype == "float64" or n in (0, 1, 2, 3):
        points += [-2.0, 1.5, 30.0, -0.999999]
    if n in (-1, 0, 1):  # beyond, PyTorch's answer to NaN is memory that it has not written
        points += [math.nan, math.inf, -math.inf]
    x = torch.tensor(points, dtype=getattr(torch, dtype))
    return getattr(torch.special, name)(x, n)


@pytest.mark.parametrize("name", FAMILIES)
def test_operands(torch, name):
    f = getattr(torch.special, name)
    x, n = torch.tensor([[0.3], [2.0]]), torch.tensor([0, 3, 5])
    out = torch.empty(2, 3)
    made = f(x, n, out=out)
    return [made is out, out, f(x.double(), n), f(x, n.double()), f(0.5, n), f(x, 2.0), f(n, n),
            f(torch.tensor([True]), 3), f(2, n), f(torch.empty(0), n[:0])]  # fmt: skip


@pytest.mark.parametrize("call", ["f(2, 3)", "f(torch.ones(2), torch.ones(3))", "f(torch.ones(2).cfloat(), 2)",
                                  "f([1.0], 2)", "f(torch.ones(2), 'a')"])  # fmt: skip
@pytest.mark.parametrize("name", FAMILIES[:1] + FAMILIES[-1:])
def test_faults(torch, refused, name, call):
    given = {"f": getattr(torch.special, name), "torch": torch}
    return refused(lambda: eval(call, given))

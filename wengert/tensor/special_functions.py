"""Special functions as users call them: error functions, gamma functions, Bessel functions and their kin.

Integers become the default float; complex numbers are refused. `torch.special` has all of them, `torch` the commonest.
"""

from __future__ import annotations

import math
from typing import Any

from wengert.core.carrier import state
from wengert.core.primitive import Primitive
from wengert.errors import DTypeError, GradientError
from wengert.rules import elementary
from wengert.rules import special as rows
from wengert.tape.storage import Recorded
from wengert.tensor import comparison, logic
from wengert.tensor.apply import real_function, two_tensors
from wengert.tensor.bounds import either_number
from wengert.tensor.numbers import double_of, whole_of
from wengert.tensor.out import deliver
from wengert.tensor.promotion import require_tensor

__all__ = [
    "digamma", "erf", "erfc", "erfinv", "i0", "igamma", "igammac", "lgamma", "logit", "mvlgamma", "polygamma",
]  # fmt: skip


def erf(input: Any, *, out: Any = None) -> Any:
    """Return ``2 / sqrt(pi)`` times the integral of ``exp(-t ** 2)`` from 0 to each element.

    >>> import wengert as torch
    >>> torch.erf(torch.tensor([0., 1.]))
    tensor([0.0000, 0.8427])
    """
    made = real_function(rows.erf, input)
    return made if out is None else deliver(made, out)


def erfc(input: Any, *, out: Any = None) -> Any:
    """Return ``1 - erf(input)``, exact for large numbers where the difference is not."""
    made = real_function(rows.erfc, input)
    return made if out is None else deliver(made, out)


def erfcx(input: Any, *, out: Any = None) -> Any:
    """Return ``exp(input ** 2) * erfc(input)``, which neither overflows nor underflows above 0."""
    made = real_function(rows.erfcx, input)
    return made if out is None else deliver(made, out)


def erfinv(input: Any, *, out: Any = None) -> Any:
    """Return the number whose `erf` is each element; infinite at -1 and 1, NaN beyond."""
    made = real_function(rows.erfinv, input)
    return made if out is None else deliver(made, out)


def ndtr(input: Any, *, out: Any = None) -> Any:
    """Return the area under the standard normal density to the left of each element.

    >>> import wengert as torch
    >>> torch.special.ndtr(torch.tensor([0., 1.96]))
    tensor([0.5000, 0.9750])
    """
    made = real_function(rows.ndtr, input)
    return made if out is None else deliver(made, out)


def ndtri(input: Any, *, out: Any = None) -> Any:
    """Return the number whose `ndtr` is each element; infinite at 0 and 1, NaN outside."""
    made = real_function(rows.ndtri, input)
    return made if out is None else deliver(made, out)


def log_ndtr(input: Any, *, out: Any = None) -> Any:
    """Return ``log(ndtr(input))``, exact far below 0."""
    made = real_function(rows.log_ndtr, input)
    return made if out is None else deliver(made, out)


def entr(input: Any, *, out: Any = None) -> Any:
    """Return ``-x log(x)``, 0 at 0 and -inf below.

    >>> import wengert as torch
    >>> torch.special.entr(torch.tensor([0., 0.5, 1.]))
    tensor([0.0000, 0.3466, -0.0000])
    """
    made = real_function(rows.entr, input)
    return made if out is None else deliver(made, out)


def lgamma(input: Any, *, out: Any = None) -> Any:
    """Return ``log |gamma(input)|``.

    >>> import wengert as torch
    >>> torch.lgamma(torch.tensor([1., 5.]))
    tensor([0.0000, 3.1781])
    """
    made = real_function(rows.lgamma, input)
    return made if out is None else deliver(made, out)


def digamma(input: Any, *, out: Any = None) -> Any:
    """Return the derivative of `lgamma`."""
    made = real_function(rows.digamma, input)
    return made if out is None else deliver(made, out)


def polygamma(n: int, input: Any, *, out: Any = None) -> Any:
    """Return the derivative of order ``n`` of `digamma`. RuntimeError for negative ``n``.

    >>> import wengert as torch
    >>> torch.polygamma(1, torch.tensor([1.]))
    tensor([1.6449])
    """
    n = whole_of("polygamma", "n", n)
    if n < 0:
        raise DTypeError(f"polygamma(n, x) does not support negative n, got n={n}.")
    made = real_function(rows.polygamma, input, n=n)
    return made if out is None else deliver(made, out)


def mvlgamma(input: Any, p: int, *, out: Any = None) -> Any:
    """Return the logarithm of the gamma function of dimension ``p``, 1 or more.

    ``p (p - 1) / 4 log(pi) + sum over i < p of lgamma(input - i / 2)``; every element must be above ``(p - 1) / 2``.
    """
    p = whole_of("mvlgamma", "p", p)
    if p < 1:
        raise DTypeError(f"mvlgamma: p has to be greater than or equal to 1, got {p}.")
    made = real_function(rows.multigammaln, input, "mvlgamma", p=p)
    return made if out is None else deliver(made, out)


def logit(input: Any, eps: float | None = None, *, out: Any = None) -> Any:
    """Return ``log(x / (1 - x))``, the inverse of `sigmoid`; NaN outside of 0 to 1.

    With ``eps``, elements are first brought between ``eps`` and ``1 - eps``; outside the gradient is 0.

    >>> import wengert as torch
    >>> torch.logit(torch.tensor([0.5, 0.9]))
    tensor([0.0000, 2.1972])
    """
    if eps is not None:
        eps = double_of("logit", "eps", eps)
    made = real_function(rows.logit, input, eps=eps)
    return made if out is None else deliver(made, out)


def xlog1py(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return ``input * log(1 + other)``, 0 where ``input`` is 0; either may be a number."""
    variants = (rows.xlog1py, rows.number_xlog1py, rows.xlog1py_number)
    made = either_number("xlog1py", variants, input, other)
    return made if out is None else deliver(made, out)


def zeta(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return Hurwitz' zeta function, the sum over k >= 0 of ``(k + other) ** -input``; either may be a number.

    It has a derivative with respect to ``other`` alone. GradientError when one is wanted of ``input``.

    >>> import wengert as torch
    >>> torch.special.zeta(torch.tensor([2.]), 1)
    tensor([1.6449])
    """
    _require_no_gradient("zeta", input)
    made = either_number("zeta", (rows.zeta, rows.number_zeta, rows.zeta_number), input, other)
    return made if out is None else deliver(made, out)


def _require_no_gradient(op: str, x: Any) -> None:
    if isinstance(x, Recorded) and x._edge is not None and state.grad:
        raise GradientError(
            f"{op}: the derivative with respect to `input` is not implemented, and input requires grad. "
            f"Use `input.detach()`."
        )


def _gamma_part(op: str, row: Primitive, x: Any, y: Any) -> Any:
    _require_no_gradient(op, x)
    return two_tensors(row, x, y, "biuc")


def gammainc(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return the regularised lower incomplete gamma function of the order ``input`` at ``other``.

    It has a derivative with respect to ``other`` alone. GradientError when one is wanted of ``input``.
    """
    made = _gamma_part("gammainc", rows.gammainc, input, other)
    return made if out is None else deliver(made, out)


def gammaincc(input: Any, other: Any, *, out: Any = None) -> Any:
    """Return ``1 - gammainc(input, other)``, the upper incomplete gamma function; see there."""
    made = _gamma_part("gammaincc", rows.gammaincc, input, other)
    return made if out is None else deliver(made, out)


igamma, igammac = gammainc, gammaincc


def i0(input: Any, *, out: Any = None) -> Any:
    """Return the modified Bessel function of the first kind and order 0."""
    made = real_function(rows.i0, input, "i0", order=0)
    return made if out is None else deliver(made, out)


def i1(input: Any, *, out: Any = None) -> Any:
    """Return the modified Bessel function of the first kind and order 1."""
    made = real_function(rows.i1, input, "i1", order=1)
    return made if out is None else deliver(made, out)


def i0e(input: Any, *, out: Any = None) -> Any:
    """Return ``exp(-|x|) i0(x)``."""
    made = real_function(rows.i0e, input, "i0e", order=0)
    return made if out is None else deliver(made, out)


def i1e(input: Any, *, out: Any = None) -> Any:
    """Return ``exp(-|x|) i1(x)``."""
    made = real_function(rows.i1e, input, "i1e", order=1)
    return made if out is None else deliver(made, out)


def bessel_j0(input: Any, *, out: Any = None) -> Any:
    """Return the Bessel function of the first kind and order 0."""
    made = real_function(rows.bessel_j, input, "bessel_j0", order=0)
    return made if out is None else deliver(made, out)


def bessel_j1(input: Any, *, out: Any = None) -> Any:
    """Return the Bessel function of the first kind and order 1."""
    made = real_function(rows.bessel_j, input, "bessel_j1", order=1)
    return made if out is None else deliver(made, out)


def bessel_y0(input: Any, *, out: Any = None) -> Any:
    """Return the Bessel function of the second kind and order 0; -inf at 0, NaN below."""
    made = real_function(rows.bessel_y, input, "bessel_y0", order=0)
    return made if out is None else deliver(made, out)


def bessel_y1(input: Any, *, out: Any = None) -> Any:
    """Return the Bessel function of the second kind and order 1; -inf at 0, NaN below."""
    made = real_function(rows.bessel_y, input, "bessel_y1", order=1)
    return made if out is None else deliver(made, out)


def modified_bessel_k0(input: Any, *, out: Any = None) -> Any:
    """Return the modified Bessel function of the second kind and order 0; inf at 0, NaN below."""
    made = real_function(rows.bessel_k, input, "modified_bessel_k0", order=0)
    return made if out is None else deliver(made, out)


def modified_bessel_k1(input: Any, *, out: Any = None) -> Any:
    """Return the modified Bessel function of the second kind and order 1; inf at 0, NaN below."""
    made = real_function(rows.bessel_k, input, "modified_bessel_k1", order=1)
    return made if out is None else deliver(made, out)


def scaled_modified_bessel_k0(input: Any, *, out: Any = None) -> Any:
    """Return ``exp(x) modified_bessel_k0(x)``."""
    made = real_function(rows.scaled_bessel_k, input, "scaled_modified_bessel_k0", order=0)
    return made if out is None else deliver(made, out)


def scaled_modified_bessel_k1(input: Any, *, out: Any = None) -> Any:
    """Return ``exp(x) modified_bessel_k1(x)``."""
    made = real_function(rows.scaled_bessel_k, input, "scaled_modified_bessel_k1", order=1)
    return made if out is None else deliver(made, out)


modified_bessel_i0, modified_bessel_i1 = i0, i1


def airy_ai(input: Any, *, out: Any = None) -> Any:
    """Return Airy's function Ai, which solves ``f'' = x f`` and vanishes at infinity."""
    made = real_function(rows.airy_ai, input)
    return made if out is None else deliver(made, out)


def spherical_bessel_j0(input: Any, *, out: Any = None) -> Any:
    """Return ``sin(x) / x``, which is 1 at 0."""
    require_tensor("spherical_bessel_j0", input)
    made = real_function(elementary.sinc, input * (1.0 / math.pi), "spherical_bessel_j0", order=0)
    made = comparison.where(logic.isinf(input), 0.0, made)
    return made if out is None else deliver(made, out)

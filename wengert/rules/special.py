"""Rows of special functions, computed by SciPy, which is imported when the first of them is called.

A family with an order or degree is one row, whose derivative is a member of the family again, exact to every order.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import elementwise
from wengert.rules.choosing import stays_zero
from wengert.rules.elementary import log1p
from wengert.rules.elementwise import exp, keep_where, log, sign, where
from wengert.rules.memory import zero

ROOT_PI = math.sqrt(math.pi)
ROOT_HALF = math.sqrt(0.5)


@functools.cache
def _scipy() -> ModuleType:
    from scipy import special

    return special  # type: ignore[no-any-return]


def _of(name: str) -> Callable[..., Array]:
    """Return SciPy's function of a name, with results of its last operand's dtype."""

    def forward(*operands: Array) -> Array:
        out = getattr(_scipy(), name)(*operands)
        return np.asarray(out, operands[-1].dtype)

    return forward


erf = elementwise(
    "erf", _of("erf"), lambda t, x: t * (exp(-(x * x)) * (2.0 / ROOT_PI)), lower="erf"
)
erfc = elementwise(
    "erfc", _of("erfc"), lambda t, x: -t * (exp(-(x * x)) * (2.0 / ROOT_PI)), lower="erfc"
)
erfcx = elementwise(
    "erfcx", _of("erfcx"), lambda t, x, out: t * (2.0 * x * out - 2.0 / ROOT_PI),
    backward_name="SpecialErfcxBackward0", domain=(-1.5, 3.0),
)  # fmt: skip
"""``exp(x ** 2) erfc(x)``."""

erfinv = elementwise(
    "erfinv", _of("erfinv"), lambda t, out: t * (exp(out * out) * (0.5 * ROOT_PI)),
    lower="erfinv", domain=(-0.9, 0.9),
)  # fmt: skip
ndtr = elementwise(
    "ndtr", _of("ndtr"), lambda t, x: t * (exp(x * x * -0.5) * (ROOT_HALF / ROOT_PI)),
    backward_name="MulBackward1", lower="ndtr",
)  # fmt: skip
"""The area under the standard normal density to the left of ``x``."""

ndtri = elementwise(
    "ndtri", _of("ndtri"), lambda t, out: t * (exp(out * out * 0.5) * (ROOT_PI / ROOT_HALF)),
    backward_name="SpecialNdtriBackward0", domain=(0.05, 0.95),
)  # fmt: skip
log_ndtr = elementwise(
    "log_ndtr", _of("log_ndtr"),
    lambda t, x: t * (2.0 * ROOT_HALF / ROOT_PI) / erfcx(x * -ROOT_HALF),
    backward_name="SpecialLogNdtrBackward0", lower="log_ndtr",
)  # fmt: skip

_gammaln = _of("gammaln")


def _lgamma(x: Array) -> Array:
    out = np.asarray(_gammaln(x))
    np.copyto(out, np.inf, where=np.isneginf(x))  # a pole, as all whole numbers below 1 are
    return out


lgamma = elementwise(
    "lgamma", _lgamma, lambda t, x: t * digamma(x), lower="lgamma", domain=(0.3, 4.0)
)
digamma = elementwise(
    "digamma", _of("psi"), lambda t, x: t * polygamma(x, n=1), lower="digamma", domain=(0.3, 4.0)
)


def _polygamma(x: Array, *, n: int) -> Array:
    if n == 0:
        return digamma.forward(x)  # type: ignore[no-any-return]
    wide = x.astype(np.float64)
    scale = (-1.0) ** (n + 1) * math.gamma(n + 1.0)
    return (scale * _scipy().zeta(n + 1.0, wide)).astype(x.dtype)  # type: ignore[no-any-return]


polygamma = elementwise(
    "polygamma", _polygamma, lambda t, x, n: t * polygamma(x, n=n + 1), domain=(0.5, 4.0)
)
"""The derivative of order ``n`` of `digamma`."""


def _over_arguments(function: Any, x: Any, p: int) -> Any:
    """Add up ``function(x - i / 2)`` for i = 0 ... p - 1."""
    total = function(x)
    for i in range(1, p):
        total = total + function(x - 0.5 * i)
    return total


def _multigammaln(x: Array, *, p: int) -> Array:
    total = _over_arguments(lgamma.forward, x, p) + 0.25 * p * (p - 1) * math.log(math.pi)
    return np.asarray(total, x.dtype, order="C")


multigammaln = elementwise(
    "multigammaln", _multigammaln, lambda t, x, p: t * _over_arguments(digamma, x, p),
    backward_name="MvlgammaBackward0",
)  # fmt: skip


entr = elementwise(
    "entr", _of("entr"), lambda t, x: t * (-1.0 - log(x)),
    backward_name="SpecialEntrBackward0", lower="entr", domain=(0.2, 3.0),
)  # fmt: skip
"""``-x log(x)``, 0 at 0, -inf below."""


def _logit(x: Array, *, eps: float | None) -> Array:
    if eps is not None:
        x = np.minimum(np.maximum(x, x.dtype.type(eps)), x.dtype.type(1.0 - eps))
    return np.log(x / (1 - x))  # type: ignore[no-any-return]


def _inside(x: Any, eps: float | None) -> Any:
    return (x >= 0.0) & (x <= 1.0) if eps is None else (x >= eps) & (x <= 1.0 - eps)


def _logit_rule(t: Any, x: Any, eps: float | None) -> Any:
    slope = t / (x * (1.0 - x))
    return where(_inside(x, eps), slope, t * math.nan if eps is None else zero(t))


logit = elementwise(
    "logit", _logit, _logit_rule,
    masks=[lambda mask, x, eps: mask if eps is None else keep_where(mask, _inside(x, eps))],
    selects=(0,), domain=(0.1, 0.9),
)  # fmt: skip
"""``log(x / (1 - x))``, of ``x`` kept between ``eps`` and ``1 - eps``."""

xlog1py = elementwise(
    "xlog1py", _of("xlog1py"),
    lambda t, x, y: keep_where(t * log1p(y), ~stays_zero(x, y + 1.0)),
    lambda t, x, y: t * (x / (y + 1.0)),
    masks=(lambda mask, x, y: keep_where(mask, ~stays_zero(x, y + 1.0)), lambda mask: mask),
    selects=(0,), backward_name="SpecialXlog1PyBackward0", domain=(0.2, 3.0),
)  # fmt: skip
number_xlog1py = xlog1py.named("number_xlog1py", "SpecialXlog1PyBackward1", spoken="xlog1py")
xlog1py_number = xlog1py.named("xlog1py_number", "SpecialXlog1PyBackward2", spoken="xlog1py")
"""``x * log(1 + y)``, 0 where x is 0."""

zeta = elementwise(
    "zeta", _of("zeta"), None, lambda t, x, y: -t * (x * zeta(x + 1.0, y)),
    backward_name="SpecialZetaBackward0", domain=(1.2, 4.0),
)  # fmt: skip
zeta_number = zeta.named("zeta_number", "SpecialZetaBackward2", spoken="zeta")
number_zeta = zeta.named("number_zeta", "SpecialZetaBackward1", spoken="zeta")
"""Hurwitz' zeta function, the sum of ``(k + y) ** -x``."""


def _gamma_density(x: Any, y: Any) -> Any:
    """Return ``y ** (x - 1) exp(-y) / gamma(x)``."""
    return exp((x - 1.0) * log(y) - y - lgamma(x))


gammainc = elementwise(
    "gammainc", _of("gammainc"), None, lambda t, x, y: t * _gamma_density(x, y),
    backward_name="IgammaBackward0", domain=(0.5, 4.0),
)  # fmt: skip
gammaincc = elementwise(
    "gammaincc", _of("gammaincc"), None, lambda t, x, y: -t * _gamma_density(x, y),
    backward_name="IgammacBackward0", domain=(0.5, 4.0),
)  # fmt: skip
"""The regularised incomplete gamma functions, lower and upper; the derivative in ``x`` has no closed form."""

_FAST = {
    ("iv", 0): "i0", ("iv", 1): "i1", ("ive", 0): "i0e", ("ive", 1): "i1e", ("jv", 0): "j0", ("jv", 1): "j1",
    ("yv", 0): "y0", ("yv", 1): "y1", ("kv", 0): "k0", ("kv", 1): "k1", ("kve", 0): "k0e", ("kve", 1): "k1e",
}  # fmt: skip


def _bessel(name: str) -> Callable[..., Array]:
    """Return SciPy's Bessel functions of one kind, by their order."""

    def forward(x: Array, *, order: int) -> Array:
        fast = _FAST.get((name, order))
        out = getattr(_scipy(), fast)(x) if fast else getattr(_scipy(), name)(float(order), x)
        return np.asarray(out, x.dtype)

    return forward


def _neighbours(row: Any, x: Any, order: int, upper: float, lower: float) -> Any:
    """Return ``(upper f(order + 1) + lower f(order - 1)) / 2``: a Bessel function's derivative."""
    if order == 0:
        return row(x, order=1) * upper
    return row(x, order=order + 1) * (0.5 * upper) + row(x, order=order - 1) * (0.5 * lower)


bessel_j = elementwise(
    "bessel_j", _bessel("jv"), lambda t, x, order: t * _neighbours(bessel_j, x, order, -1.0, 1.0)
)
bessel_y = elementwise(
    "bessel_y", _bessel("yv"), lambda t, x, order: t * _neighbours(bessel_y, x, order, -1.0, 1.0),
    domain=(0.5, 4.0),
)  # fmt: skip
bessel_i = elementwise(
    "bessel_i", _bessel("iv"), lambda t, x, order: t * _neighbours(bessel_i, x, order, 1.0, 1.0)
)
scaled_bessel_i = elementwise(
    "scaled_bessel_i", _bessel("ive"),
    lambda t, x, order, out: t * (_neighbours(scaled_bessel_i, x, order, 1.0, 1.0) - sign(x) * out),
)  # fmt: skip
bessel_k = elementwise(
    "bessel_k", _bessel("kv"), lambda t, x, order: t * _neighbours(bessel_k, x, order, -1.0, -1.0),
    domain=(0.5, 4.0),
)  # fmt: skip
scaled_bessel_k = elementwise(
    "scaled_bessel_k", _bessel("kve"),
    lambda t, x, order, out: t * (_neighbours(scaled_bessel_k, x, order, -1.0, -1.0) + out),
    domain=(0.5, 4.0),
)  # fmt: skip
"""Bessel functions of whole order: of the first and second kind, and the modified ones, plain and scaled."""

i0, i1 = bessel_i.named("i0", "I0Backward0"), bessel_i.named("i1", "SpecialI1Backward0")
i0e = scaled_bessel_i.named("i0e", "SpecialI0EBackward0")
i1e = scaled_bessel_i.named("i1e", "SpecialI1EBackward0")


def _airy_ai(x: Array) -> Array:
    return np.asarray(_scipy().airy(x)[0], x.dtype)


airy_ai = elementwise("airy_ai", _airy_ai, lambda t, x: t * airy_ai_slope(x))
airy_ai_slope = elementwise(
    "airy_ai_slope", lambda x: np.asarray(_scipy().airy(x)[1], x.dtype), lambda t, x: t * (x * airy_ai(x)),
    spoken="backward of airy_ai",
)  # fmt: skip
"""Airy's function and its derivative, which solve ``f'' = x f``."""

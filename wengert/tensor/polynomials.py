"""Orthogonal polynomials as `torch.special` spells them: of ``input``, of the degree ``n``, element by element.

Either may be a number. The degree is cut to a whole number, and one below 0 gives 0. They can be differentiated with
respect to ``input``, to every order; GradientError where the degree requires grad.
"""

from __future__ import annotations

from typing import Any

from wengert.core.carrier import state
from wengert.core.primitive import Primitive
from wengert.errors import GradientError
from wengert.rules import polynomials as rows
from wengert.tape.storage import Recorded
from wengert.tensor.apply import require_broadcast, undefined
from wengert.tensor.out import deliver
from wengert.tensor.promotion import dtype_of, promoted, require_tensor


def _polynomial(op: str, row: Primitive, input: Any, n: Any, shifted: bool = False) -> Any:
    if not isinstance(input, Recorded):
        require_tensor(op, n, "n")
    if isinstance(n, Recorded) and n._edge is not None and state.grad:
        raise GradientError(
            f"{op}: a polynomial has no derivative with respect to its degree, and n requires grad. Use `n.detach()`."
        )
    x, degree = promoted(op, input, n, floating=True)
    if dtype_of(x).kind == "c":
        raise undefined(op, dtype_of(x))
    require_broadcast(op, x, degree)
    return row(2 * x - 1 if shifted else x, degree, order=0)


def chebyshev_polynomial_t(input: Any, n: Any, *, out: Any = None) -> Any:
    """Return the Chebyshev polynomial of the first kind, ``T_n(cos a) = cos(n a)``.

    >>> import wengert as torch
    >>> torch.special.chebyshev_polynomial_t(torch.tensor([-1., 0., 0.5]), 2)
    tensor([ 1.0000, -1.0000, -0.5000])
    """
    made = _polynomial("chebyshev_polynomial_t", rows.chebyshev_t, input, n)
    return made if out is None else deliver(made, out)


def chebyshev_polynomial_u(input: Any, n: Any, *, out: Any = None) -> Any:
    """Return the Chebyshev polynomial of the second kind, ``U_n(cos a) = sin((n + 1) a) / sin(a)``."""
    made = _polynomial("chebyshev_polynomial_u", rows.chebyshev_u, input, n)
    return made if out is None else deliver(made, out)


def chebyshev_polynomial_v(input: Any, n: Any, *, out: Any = None) -> Any:
    """Return the Chebyshev polynomial of the third kind, ``V_n(cos a) = cos((n + 1/2) a) / cos(a / 2)``."""
    made = _polynomial("chebyshev_polynomial_v", rows.chebyshev_v, input, n)
    return made if out is None else deliver(made, out)


def chebyshev_polynomial_w(input: Any, n: Any, *, out: Any = None) -> Any:
    """Return the Chebyshev polynomial of the fourth kind, ``W_n(cos a) = sin((n + 1/2) a) / sin(a / 2)``."""
    made = _polynomial("chebyshev_polynomial_w", rows.chebyshev_w, input, n)
    return made if out is None else deliver(made, out)


def shifted_chebyshev_polynomial_t(input: Any, n: Any, *, out: Any = None) -> Any:
    """Return `chebyshev_polynomial_t` of ``2 input - 1``."""
    made = _polynomial("shifted_chebyshev_polynomial_t", rows.chebyshev_t, input, n, True)
    return made if out is None else deliver(made, out)


def shifted_chebyshev_polynomial_u(input: Any, n: Any, *, out: Any = None) -> Any:
    """Return `chebyshev_polynomial_u` of ``2 input - 1``."""
    made = _polynomial("shifted_chebyshev_polynomial_u", rows.chebyshev_u, input, n, True)
    return made if out is None else deliver(made, out)


def shifted_chebyshev_polynomial_v(input: Any, n: Any, *, out: Any = None) -> Any:
    """Return `chebyshev_polynomial_v` of ``2 input - 1``."""
    made = _polynomial("shifted_chebyshev_polynomial_v", rows.chebyshev_v, input, n, True)
    return made if out is None else deliver(made, out)


def shifted_chebyshev_polynomial_w(input: Any, n: Any, *, out: Any = None) -> Any:
    """Return `chebyshev_polynomial_w` of ``2 input - 1``."""
    made = _polynomial("shifted_chebyshev_polynomial_w", rows.chebyshev_w, input, n, True)
    return made if out is None else deliver(made, out)


def hermite_polynomial_h(input: Any, n: Any, *, out: Any = None) -> Any:
    """Return the physicists' Hermite polynomial, ``H_(n + 1)(x) = 2 x H_n(x) - 2 n H_(n - 1)(x)``.

    >>> import wengert as torch
    >>> torch.special.hermite_polynomial_h(torch.tensor([1., 2.]), torch.tensor([2, 3]))
    tensor([ 2., 40.])
    """
    made = _polynomial("hermite_polynomial_h", rows.hermite_h, input, n)
    return made if out is None else deliver(made, out)


def hermite_polynomial_he(input: Any, n: Any, *, out: Any = None) -> Any:
    """Return the probabilists' Hermite polynomial, ``He_(n + 1)(x) = x He_n(x) - n He_(n - 1)(x)``."""
    made = _polynomial("hermite_polynomial_he", rows.hermite_he, input, n)
    return made if out is None else deliver(made, out)


def laguerre_polynomial_l(input: Any, n: Any, *, out: Any = None) -> Any:
    """Return the Laguerre polynomial, ``(n + 1) L_(n + 1)(x) = (2 n + 1 - x) L_n(x) - n L_(n - 1)(x)``.

    >>> import wengert as torch
    >>> torch.special.laguerre_polynomial_l(torch.tensor([0., 2.]), 2)
    tensor([ 1., -1.])
    """
    made = _polynomial("laguerre_polynomial_l", rows.laguerre_l, input, n)
    return made if out is None else deliver(made, out)


def legendre_polynomial_p(input: Any, n: Any, *, out: Any = None) -> Any:
    """Return the Legendre polynomial, ``(n + 1) P_(n + 1)(x) = (2 n + 1) x P_n(x) - n P_(n - 1)(x)``.

    >>> import wengert as torch
    >>> x = torch.tensor(0.5, requires_grad=True)
    >>> torch.autograd.grad(torch.special.legendre_polynomial_p(x, 2), x)
    (tensor(1.5000),)
    """
    made = _polynomial("legendre_polynomial_p", rows.legendre_p, input, n)
    return made if out is None else deliver(made, out)
